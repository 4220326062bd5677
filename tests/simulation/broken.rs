//! A checker that has never failed has shown nothing: each of these rules is broken on purpose, and must be missed.

use proto::defects::{self, Defect};
use sim::{Attack, Plan, ShellDefect, Sweep};

/// Seeds after which a broken rule that nobody noticed is a fault of the checkers.
const SEEDS: u64 = 300;

/// Runs seeds until one is not clean.
fn first_violation(plan: impl Fn(u64) -> Plan) -> Option<(u64, String)> {
    (0..SEEDS).find_map(|seed| {
        let sweep = Sweep::of(std::iter::once((seed, plan(seed))));
        sweep.violations.first().map(|(seed, violation)| (*seed, violation.to_string()))
    })
}

fn is_found(what: &str, plan: impl Fn(u64) -> Plan) {
    let (seed, violation) = first_violation(plan).unwrap_or_else(|| panic!("{what}: nobody noticed"));
    println!("{what}: found by seed {seed}: {}", violation.chars().take(160).collect::<String>());
}

/// A network with one member that does `attack`, and trouble enough.
fn attacked(seed: u64, attack: Attack) -> Plan {
    Plan {
        members: 4,
        byzantine: vec![(0, attack)],
        real_signatures: false,
        partitions: 4,
        heal_ms: 20_000,
        ..Plan::draw(seed)
    }
}

#[test]
fn a_quorum_of_2f_is_found() {
    defects::with(Defect::QuorumOfTwoThirds, || {
        is_found("quorum of 2f", |seed| attacked(seed, Attack::Equivocate));
    });
}

#[test]
fn a_signer_that_counts_twice_is_found() {
    defects::with(Defect::SignerCountsTwice, || {
        is_found("signer counted twice", |seed| attacked(seed, Attack::CountTwice));
    });
}

#[test]
fn a_vote_before_it_is_durable_is_found() {
    is_found("vote before durable", |seed| Plan {
        write_us: (1_000, 20_000),
        ..crashing(seed, ShellDefect::SpeakBeforeDurable)
    });
}

fn crashing(seed: u64, defect: ShellDefect) -> Plan {
    Plan {
        members: 4,
        byzantine: Vec::new(),
        real_signatures: false,
        crashes: 12,
        blackouts: 2,
        heal_ms: 20_000,
        defect: Some(defect),
        ..Plan::draw(seed)
    }
}

#[test]
fn a_lock_that_is_not_restored_is_found() {
    is_found("lock not restored", |seed| crashing(seed, ShellDefect::LockNotRestored));
}

#[test]
fn a_record_that_is_not_restored_is_found() {
    is_found("record not restored", |seed| crashing(seed, ShellDefect::Amnesia));
}
