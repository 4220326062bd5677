//! Validators that come and go while the network works: named stories, each in several worlds.

use sim::Turnover::{self, Join, Leave};
use sim::{Outcomes, Plan, World};

/// A network of four with spare members, and these changes.
fn plan(seed: u64, spares: u16, turnover: &[(u64, Turnover)]) -> Plan {
    Plan {
        members: 4,
        spares,
        changes: 0,
        turnover: turnover.to_vec(),
        byzantine: Vec::new(),
        wipes: 0,
        real_signatures: false,
        trouble_ms: 12_000,
        submissions: 40,
        ..Plan::draw(seed)
    }
}

/// Without loss, partition or crash: everything that is asked for happens.
fn quiet(plan: Plan) -> Plan {
    let delay_us = (100, 5_000);
    Plan { loss: 0, straggle: 0, partitions: 0, crashes: 0, blackouts: 0, skew_ms: 0, delay_us, ..plan }
}

fn run(seed: u64, plan: Plan) -> Outcomes {
    match World::new(seed, plan).run() {
        Ok(outcomes) => outcomes,
        Err(violation) => panic!("seed {seed}: {violation}"),
    }
}

const GROW: [(u64, Turnover); 3] = [(2_000, Join(4)), (3_000, Join(5)), (4_000, Join(6))];
const SHRINK: [(u64, Turnover); 3] = [(6_000, Leave(4)), (7_000, Leave(5)), (8_000, Leave(6))];

#[test]
fn four_become_seven_and_four_again() {
    let changes = [GROW, SHRINK].concat();
    for seed in 0..3 {
        let outcomes = run(seed, quiet(plan(seed, 3, &changes)));
        assert_eq!(outcomes.epochs, 6, "seed {seed}");
    }
    // In trouble some changes come too late or twice; what happens is safe all the same.
    for seed in 3..8 {
        run(seed, plan(seed, 3, &changes));
    }
}

#[test]
fn seven_may_shrink_to_the_four_that_came_last() {
    let changes = [&GROW[..], &[(6_000, Leave(0)), (7_000, Leave(1)), (8_000, Leave(2))]].concat();
    for seed in 0..3 {
        assert_eq!(run(seed, quiet(plan(seed, 3, &changes))).epochs, 6, "seed {seed}");
    }
}

/// One member after the other is replaced until nobody is left who began; everybody who came along follows from genesis.
#[test]
fn nobody_of_the_first_epoch_needs_to_reign_in_the_last() {
    let mut changes = Vec::new();
    for member in 0..4_u16 {
        let at = 2_000 + 2_000 * u64::from(member);
        changes.extend([(at, Join(member + 4)), (at + 1_000, Leave(member))]);
    }
    for seed in 0..3 {
        assert_eq!(run(seed, quiet(plan(seed, 4, &changes))).epochs, 8, "seed {seed}");
    }
}

/// All at once: between one epoch and the next no member is the same.
#[test]
fn two_epochs_may_have_no_member_in_common() {
    let mut at_once = 0;
    for seed in 0..6 {
        // Of one moment, and so in one batch or in a few blocks: what is accepted together changes hands together.
        let joins = (0..4).map(|member| (5_000, Join(member + 4)));
        let all: Vec<_> = joins.chain((0..4).map(|member| (5_000, Leave(member)))).collect();
        let slow = Plan { write_us: (20_000, 30_000), ..quiet(plan(seed, 4, &all)) };
        let outcomes = run(seed, slow);
        assert!(outcomes.epochs >= 1, "seed {seed}");
        at_once += u64::from(outcomes.epochs == 1);
    }
    assert!(at_once > 0, "in no world did all change hands at once");
}

/// Crashes all around the moment of the change: before the closing block is durable and after.
#[test]
fn everybody_may_crash_around_the_hand_over() {
    for seed in 0..12 {
        let changes = [(2_000, Join(4)), (4_000, Leave(0)), (6_000, Join(5)), (8_000, Leave(1))];
        let crashing = Plan { crashes: 25, blackouts: 3, partitions: 0, ..plan(seed, 2, &changes) };
        run(seed, Plan { write_us: (1_000, 20_000), ..crashing });
    }
}
