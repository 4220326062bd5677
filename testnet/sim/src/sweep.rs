//! Many seeds, one after the other.

use crate::checkers::Violation;
use crate::plan::Plan;
use crate::world::World;

/// What a sweep came to.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// Seeds run.
    pub seeds: u64,
    /// Seeds that broke a rule, and which.
    pub violations: Vec<(u64, Violation)>,
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
    /// Happenings.
    pub steps: u64,
    /// Blocks that became durable, empty ones included.
    pub height: u64,
    /// Receipts checked.
    pub receipts: u64,
    /// Crashes.
    pub crashes: u64,
    /// Equivocations proved.
    pub accusations: u64,
    /// Epochs begun and followed to, beyond the first of each network.
    pub epochs: u64,
}

impl Sweep {
    /// Runs `seeds` seeds from `from` on, each with the plan it draws.
    pub fn run(from: u64, seeds: u64) -> Self {
        Self::of((from..from.saturating_add(seeds)).map(|seed| (seed, Plan::draw(seed))))
    }

    /// Runs these seeds with these plans.
    pub fn of(plans: impl Iterator<Item = (u64, Plan)>) -> Self {
        let mut sweep = Self::default();
        for (seed, plan) in plans {
            sweep.seeds += 1;
            match World::new(seed, plan).run() {
                Ok(outcomes) => {
                    sweep.simulated_us += outcomes.simulated_us;
                    sweep.steps += outcomes.steps;
                    sweep.height += outcomes.height;
                    sweep.receipts += outcomes.receipts;
                    sweep.crashes += outcomes.crashes;
                    sweep.accusations += outcomes.accusations;
                    sweep.epochs += outcomes.epochs;
                }
                Err(violation) => sweep.violations.push((seed, violation)),
            }
        }
        sweep
    }
}
