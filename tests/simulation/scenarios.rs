//! The scenarios that people would name, each under several seeds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sim::{Fault, Plan, Sweep, sweep::percentile};

/// Seeds for each scenario: they differ in who gets which submission when, and in every delay.
const SEEDS: u64 = 5;

fn scenarios() -> Vec<(String, Plan)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testnet/scenarios");
    let entries = std::fs::read_dir(folder).expect("the scenarios are there");
    let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
    let mut plans: Vec<(String, Plan)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a scenario can be read");
            assert!(text.starts_with("# "), "{name}: its first line says what it is about");
            (name.clone(), Plan::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}")))
        })
        .collect();
    plans.sort_by(|left, right| left.0.cmp(&right.0));
    plans
}

#[test]
fn every_scenario_ends_well() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 12, "{} scenarios", scenarios.len());
    for (name, plan) in &scenarios {
        let sweep = Sweep::of((0..SEEDS).map(|seed| (seed, plan.clone())));
        assert_eq!(sweep.violations, [], "{name}");
        // What a scenario is named after happened in it.
        for trouble in &plan.troubles {
            assert!(sweep.strikes.of(trouble.fault) > 0, "{name}: {} did not strike", trouble.fault.name());
        }
        for fault in plan.byzantine.iter().filter_map(|role| role.attack.class()) {
            assert!(sweep.strikes.of(fault) > 0, "{name}: {} did not strike", fault.name());
        }
        println!(
            "{name}: to the next commit {} ms after healing, to all final {} ms, at most",
            percentile(&sweep.heal_to_commit_us, 1_000) / 1_000,
            percentile(&sweep.heal_to_final_us, 1_000) / 1_000,
        );
    }
}

#[test]
fn together_they_have_every_class() {
    let plans: Vec<Plan> = scenarios().into_iter().map(|(_, plan)| plan).collect();
    let lacking: BTreeSet<&str> = Fault::ALL
        .into_iter()
        .filter(|fault| !plans.iter().any(|plan| plan.has(*fault)))
        .map(Fault::name)
        .collect();
    assert_eq!(lacking, BTreeSet::new());
}
