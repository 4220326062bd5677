//! Every kind of operation in the workload, and what is said judged by the definition.

use crypto::defects::{Defect, with};
use proto::operation::Operation;
use sim::{Outcomes, Plan, Sweep, World};

/// Seeds among which each kind of operation must be accepted somewhere.
const SEEDS: u64 = 40;

/// What no voice says yet.
const UNSAID: [&str; 7] = [
    "job.open",
    "job.state",
    "evidence.seal",
    "evidence.verified",
    "evidence.delete",
    "signer.list",
    "signer.revoke",
];

/// What is said.
fn names() -> impl Iterator<Item = &'static str> {
    Operation::NAMES.into_iter().filter(|name| !UNSAID.contains(name))
}

fn run(seed: u64, plan: Plan) -> Outcomes {
    match World::new(seed, plan).run() {
        Ok(outcomes) => outcomes,
        Err(violation) => panic!("seed {seed}: {violation}"),
    }
}

#[test]
fn a_calm_world_hears_all_that_its_voices_say() {
    let calm = Plan { voices: 9, rotations: 4, sessions: 8, ..Plan::calm(4, 12_000, 20) };
    let kinds = run(0, calm).kinds;
    let absent = names().filter(|name| !kinds.contains_key(name));
    let absent: Vec<_> = absent.filter(|name| !name.starts_with("validator.")).collect();
    assert_eq!(absent, Vec::<&str>::new(), "{kinds:?}");
}

#[test]
fn every_kind_of_operation_is_in_the_drawn_worlds() {
    let sweep = Sweep::run(20_000, SEEDS);
    assert_eq!(sweep.violations, []);
    for name in names() {
        let count = sweep.kinds.get(name).copied().unwrap_or(0);
        assert!(count > 0, "{name} is in none of {SEEDS} worlds: {:?}", sweep.kinds);
    }
    assert_eq!(sweep.kinds.len(), names().count(), "{:?}", sweep.kinds);
    println!("{SEEDS} seeds: {:?}", sweep.kinds);
}

/// A world in which a rule is kept by nobody has one log everywhere: who listens notices.
#[test]
fn who_listens_notices_a_rule_that_nobody_keeps() {
    let calm = Plan { voices: 9, ..Plan::calm(4, 12_000, 20) };
    for (defect, words) in [
        (Defect::SealedAnywhere, "it does not stand behind the last of its chain"),
        (Defect::SealedTwice, "it was sealed before"),
        (Defect::SealedByAnyone, "it seals with a key that nobody lists"),
    ] {
        let found = with(defect, || World::new(0, calm.clone()).run());
        let found = found.expect_err("a rule is broken").to_string();
        assert!(found.contains(words), "{defect:?}: {found}");
    }
}
