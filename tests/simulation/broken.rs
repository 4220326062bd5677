//! A checker that has never failed has shown nothing: each of these rules is broken on purpose, and must be missed.
//!
//! The seed that shows it is run again with the rule kept, and must be clean: else it showed something else.

use crypto::defects::{self, Defect};
use sim::{Attack, Fault, Outcomes, Plan, Role, ShellDefect, Trouble, World, checkers::Violation};

/// Seeds after which a broken rule that nobody noticed is a fault of the checkers.
const SEEDS: u64 = 300;

fn run(seed: u64, plan: Plan) -> Result<Outcomes, Violation> {
    World::new(seed, plan).run()
}

/// The first seed in which the checkers say one of `words`.
fn first_found(what: &str, words: &[&str], broken: impl Fn(u64) -> Result<Outcomes, Violation>) -> u64 {
    let mut others = Vec::new();
    for seed in 0..SEEDS {
        let Some(violation) = broken(seed).err() else { continue };
        if words.is_empty() || words.iter().any(|words| violation.0.contains(words)) {
            println!("{what}: found by seed {seed}: {}", violation.0.chars().take(160).collect::<String>());
            return seed;
        }
        others.push(violation.0.chars().take(160).collect::<String>());
    }
    others.truncate(10);
    panic!("{what}: nobody said {words:?}, but {others:#?}");
}

/// A rule of `proto` is broken while one member attacks it.
fn is_found(what: &str, words: &[&str], defect: Defect, attack: Attack) {
    let seed = first_found(what, words, |seed| defects::with(defect, || run(seed, attacked(seed, attack))));
    assert_eq!(run(seed, attacked(seed, attack)).err(), None, "{what}: seed {seed} with the rule kept");
}

/// A rule of the shell is broken while members crash.
fn is_found_in_the_shell(what: &str, words: &[&str], defect: ShellDefect, plan: impl Fn(u64) -> Plan) {
    let seed = first_found(what, words, |seed| run(seed, Plan { defect: Some(defect), ..plan(seed) }));
    assert_eq!(run(seed, plan(seed)).err(), None, "{what}: seed {seed} with the rule kept");
}

fn trouble(fault: Fault, at_ms: u64, for_ms: u64, members: &[u16]) -> Trouble {
    Trouble { fault, at_ms, for_ms, members: members.to_vec(), amount: 0 }
}

/// A network with one member that does `attack`, and partitions.
fn attacked(seed: u64, attack: Attack) -> Plan {
    let split = |at: u64| {
        let group: &[u16] = [&[0, 1][..], &[0, 2], &[0, 3], &[1]][((seed + at) % 4) as usize];
        trouble(Fault::Partition, 1_000 + at * 2_500 + seed % 7 * 300, 1_500, group)
    };
    Plan {
        heal_ms: 20_000,
        delay_us: (200, 30_000),
        byzantine: vec![Role { member: 0, attack }],
        troubles: (0..4).map(split).collect(),
        ..Plan::calm(4, 12_000, 40)
    }
}

/// A network of honest members that crash often.
fn crashing(seed: u64) -> Plan {
    let crash = |at: u64| {
        let whom: Vec<u16> = match (seed + at) % 6 {
            0 => vec![0, 1, 2, 3],
            other => vec![(other % 4) as u16],
        };
        trouble(Fault::Crash, 1_100 + at * 700 + seed % 11 * 37, 100 + (seed + at) % 5 * 150, &whom)
    };
    Plan {
        heal_ms: 20_000,
        delay_us: (200, 30_000),
        write_us: (50, 6_000),
        troubles: (0..14).map(crash).collect(),
        ..Plan::calm(4, 12_000, 40)
    }
}

/// All lose power at once, again and again.
fn blacked_out(seed: u64) -> Plan {
    let crash = |at: u64| trouble(Fault::Crash, 1_500 + at * 1_300 + seed % 13 * 29, 100, &[0, 1, 2, 3]);
    Plan { troubles: (0..8).map(crash).collect(), ..crashing(seed) }
}

#[test]
fn a_quorum_of_2f_is_found() {
    let words = ["a quorum is 3", "fork", "with 2 signers"];
    is_found("quorum of 2f", &words, Defect::QuorumOfTwoThirds, Attack::Equivocate);
}

#[test]
fn a_signer_that_counts_twice_is_found() {
    is_found(
        "signer counted twice",
        &["with 1 signers", "durable on", "fork"],
        Defect::SignerCountsTwice,
        Attack::CountTwice,
    );
}

#[test]
fn a_vote_before_it_is_durable_is_found() {
    let slow = |seed| Plan { write_us: (1_000, 20_000), ..crashing(seed) };
    is_found_in_the_shell(
        "vote before durable",
        &["twice in view", "durable on", "after its timeout"],
        ShellDefect::SpeakBeforeDurable,
        slow,
    );
}

#[test]
fn a_lock_that_is_not_restored_is_found() {
    is_found_in_the_shell("lock not restored", &[], ShellDefect::LockNotRestored, crashing);
}

/// A network of which one member loses its disk, often in the middle of a view.
fn wiped(seed: u64) -> Plan {
    Plan { wipes: 8, troubles: Vec::new(), submissions: 120, ..crashing(seed) }
}

#[test]
fn a_loss_that_is_forgotten_is_found() {
    let words = ["twice in view", "after its timeout"];
    is_found_in_the_shell("loss forgotten", &words, ShellDefect::LossForgotten, wiped);
}

#[test]
fn a_record_that_is_not_restored_is_found() {
    let words = ["twice in view", "after its timeout"];
    is_found_in_the_shell("record not restored", &words, ShellDefect::Amnesia, crashing);
}

#[test]
fn a_body_that_is_not_durable_with_its_vote_is_found() {
    is_found_in_the_shell("body not journaled", &["durable on"], ShellDefect::BodyNotJournaled, crashing);
}

#[test]
fn a_ledger_that_forgets_what_it_decided_is_found() {
    let words = ["has submission", "has state", "came to"];
    is_found_in_the_shell("outcomes forgotten by one", &words, ShellDefect::OutcomesForgotten, crashing);
}

#[test]
fn a_submission_in_two_places_is_found() {
    let words = ["it stood at"];
    is_found_in_the_shell("outcomes forgotten by all", &words, ShellDefect::OutcomesForgotten, blacked_out);
}

#[test]
fn a_store_that_goes_back_is_found() {
    is_found_in_the_shell("store rolled back", &["went back"], ShellDefect::StoreRolledBack, crashing);
}

#[test]
fn a_log_with_another_past_is_found() {
    let calm = |_| Plan::calm(4, 6_000, 40);
    is_found_in_the_shell("tiles replaced", &["does not extend"], ShellDefect::TileReplaced, calm);
}

#[test]
fn a_receipt_that_does_not_hold_is_found() {
    let words = ["submission", "leaves make the root"];
    is_found_in_the_shell("leaves replaced", &words, ShellDefect::LeavesReplaced, crashing);
}

#[test]
fn a_network_that_stands_still_is_found() {
    let words = ["after the trouble ended", "after a leader crashed"];
    is_found_in_the_shell("timers lost", &words, ShellDefect::TimersLost, blacked_out);
}
