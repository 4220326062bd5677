//! A checker that has never failed has shown nothing: each of these rules is broken on purpose, and must be missed.
//!
//! The seed that shows it is run again with the rule kept, and must be clean: else it showed something else.

use crypto::defects::{self, Defect};
use sim::{Attack, Outcomes, Plan, ShellDefect, World, checkers::Violation};

/// Seeds after which a broken rule that nobody noticed is a fault of the checkers.
const SEEDS: u64 = 300;

fn run(seed: u64, plan: Plan) -> Result<Outcomes, Violation> {
    World::new(seed, plan).run()
}

/// The first seed that notices the broken rule.
fn first_found(what: &str, broken: impl Fn(u64) -> Result<Outcomes, Violation>) -> u64 {
    let found = (0..SEEDS).find_map(|seed| broken(seed).err().map(|violation| (seed, violation.to_string())));
    let (seed, violation) = found.unwrap_or_else(|| panic!("{what}: nobody noticed"));
    println!("{what}: found by seed {seed}: {}", violation.chars().take(160).collect::<String>());
    seed
}

/// A rule of `proto` is broken while one member attacks it.
fn is_found(what: &str, defect: Defect, attack: Attack) {
    let seed = first_found(what, |seed| defects::with(defect, || run(seed, attacked(seed, attack))));
    assert_eq!(run(seed, attacked(seed, attack)).err(), None, "{what}: seed {seed} with the rule kept");
}

/// A rule of the shell is broken while members crash.
fn is_found_in_the_shell(what: &str, defect: ShellDefect, plan: impl Fn(u64) -> Plan) {
    let seed = first_found(what, |seed| run(seed, Plan { defect: Some(defect), ..plan(seed) }));
    assert_eq!(run(seed, plan(seed)).err(), None, "{what}: seed {seed} with the rule kept");
}

/// A network with one member that does `attack`, and trouble enough.
fn attacked(seed: u64, attack: Attack) -> Plan {
    Plan {
        members: 4,
        byzantine: vec![(0, attack)],
        real_signatures: false,
        // Who is silent after a loss is one more that does not help.
        wipes: 0,
        partitions: 4,
        heal_ms: 20_000,
        ..Plan::draw(seed)
    }
}

/// A network of honest members that crash often.
fn crashing(seed: u64) -> Plan {
    Plan {
        members: 4,
        byzantine: Vec::new(),
        real_signatures: false,
        crashes: 12,
        blackouts: 2,
        heal_ms: 20_000,
        ..Plan::draw(seed)
    }
}

#[test]
fn a_quorum_of_2f_is_found() {
    is_found("quorum of 2f", Defect::QuorumOfTwoThirds, Attack::Equivocate);
}

#[test]
fn a_signer_that_counts_twice_is_found() {
    is_found("signer counted twice", Defect::SignerCountsTwice, Attack::CountTwice);
}

#[test]
fn a_vote_before_it_is_durable_is_found() {
    let slow = |seed| Plan { write_us: (1_000, 20_000), ..crashing(seed) };
    is_found_in_the_shell("vote before durable", ShellDefect::SpeakBeforeDurable, slow);
}

#[test]
fn a_lock_that_is_not_restored_is_found() {
    is_found_in_the_shell("lock not restored", ShellDefect::LockNotRestored, crashing);
}

/// A network of which one member loses its disk, often in the middle of a view.
fn wiped(seed: u64) -> Plan {
    Plan { crashes: 0, blackouts: 0, wipes: 8, spares: 0, changes: 0, submissions: 120, ..crashing(seed) }
}

#[test]
fn a_loss_that_is_forgotten_is_found() {
    is_found_in_the_shell("loss forgotten", ShellDefect::LossForgotten, wiped);
}

#[test]
fn a_record_that_is_not_restored_is_found() {
    is_found_in_the_shell("record not restored", ShellDefect::Amnesia, crashing);
}
