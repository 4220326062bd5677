//! Seeds that must be clean. More of them: `cargo run --release -p sim -- run --seeds 2000`.

use sim::{Attack, Fault, Plan, Role, Sweep, World};

/// Seeds in one run of the tests; the check of a release runs 2,000.
const SEEDS: u64 = 300;

#[test]
fn seeds_are_clean() {
    let sweep = Sweep::run(0, SEEDS);
    for (seed, violation) in &sweep.violations {
        eprintln!("seed {seed}: {violation}\n  cargo run --release -p sim -- replay --seed {seed}");
    }
    assert_eq!((sweep.seeds, sweep.violations.len()), (SEEDS, 0));
    // The trouble was real, and so was the work.
    assert!(sweep.crashes > 0 && sweep.accusations > 0 && sweep.receipts > 0 && sweep.extensions > 0);
    assert!(sweep.certificates > 0 && sweep.crash_to_commit_us.len() > 100);
    for (fault, seeds) in Fault::ALL.into_iter().zip(sweep.active) {
        assert!(seeds > 0, "{} struck in no seed", fault.name());
    }
    println!("{SEEDS} seeds, {:.2} simulated hours", sweep.simulated_us as f64 / 3.6e9);
}

/// One liar in four, in every seed: the drawn plans have it in few.
#[test]
fn a_leader_that_misstates_its_batches_stops_nobody() {
    let plan = |seed| Plan {
        members: 4,
        byzantine: vec![Role { member: 1, attack: Attack::Misstate }],
        wipes: 0,
        ..Plan::draw(seed)
    };
    let sweep = Sweep::of((0..10).map(|seed| (seed, plan(seed))));
    assert_eq!(sweep.violations, []);
}

#[test]
fn a_seed_decides_everything() {
    for seed in [3, 17] {
        let run = || World::new(seed, Plan::draw(seed)).run().expect("the seed is clean");
        assert_eq!(run(), run(), "seed {seed} has two traces");
    }
}

/// An epoch is to end for everybody: when the leader alone knows the commit that the hand-over rests on, and when the
/// certificate that ends the epoch stands beside a higher one.
#[test]
fn an_epoch_ends_for_everybody() {
    for seed in [1_098, 1_171, 85_859] {
        let plan = Plan::draw(seed);
        assert!(plan.changes > 0, "seed {seed} draws another plan now: look for another seed");
        // As it was found, when nothing but proofs was said.
        let plan = Plan { rotations: 0, sessions: 0, voices: 0, ..plan };
        assert_eq!(World::new(seed, plan).run().err(), None, "seed {seed}");
    }
}

/// A validator that lost its disk comes back in an epoch that all others have left, and waits there to speak again: it must
/// follow them out of it.
#[test]
fn who_lost_its_disk_follows_out_of_an_epoch_that_is_over() {
    for seed in [422, 838, 952] {
        let plan = Plan::draw(seed);
        assert!(
            plan.wipes > 0 && plan.changes > 0,
            "seed {seed} draws another plan now: look for another seed"
        );
        let plan = Plan { rotations: 0, sessions: 0, voices: 0, ..plan };
        assert_eq!(World::new(seed, plan).run().err(), None, "seed {seed}");
    }
}
