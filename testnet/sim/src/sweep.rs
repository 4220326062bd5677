//! Many seeds: what they came to together.

use std::collections::BTreeMap;

use crate::checkers::Violation;
use crate::fault::{Fault, Strikes};
use crate::outcomes::Outcomes;
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
    /// Certificates whose signers were asked.
    pub certificates: u64,
    /// Proofs that a log extends an earlier one.
    pub extensions: u64,
    /// Crashes.
    pub crashes: u64,
    /// Equivocations proved.
    pub accusations: u64,
    /// Epochs begun and followed to, beyond the first of each network.
    pub epochs: u64,
    /// Operations in the logs, by their names.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Times that a damaged disk was noticed.
    pub noticed: u64,
    /// How often each class struck.
    pub strikes: Strikes,
    /// In how many seeds each class struck.
    pub active: [u64; Fault::ALL.len()],
    /// From healing to the next commit, in microseconds, a seed each.
    pub heal_to_commit_us: Vec<u64>,
    /// From healing until all is final everywhere, in microseconds, a seed each.
    pub heal_to_final_us: Vec<u64>,
    /// From a leader's crash to the next commit, in microseconds, one for each seed that has it.
    pub crash_to_commit_us: Vec<u64>,
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
            let result = World::new(seed, plan).run();
            sweep.add(seed, result);
        }
        sweep
    }

    /// Adds a seed.
    pub fn add(&mut self, seed: u64, result: Result<Outcomes, Violation>) {
        self.seeds += 1;
        let outcomes = match result {
            Ok(outcomes) => outcomes,
            Err(violation) => return self.violations.push((seed, violation)),
        };
        self.simulated_us += outcomes.simulated_us;
        self.steps += outcomes.steps;
        self.height += outcomes.height;
        self.receipts += outcomes.receipts;
        self.certificates += outcomes.certificates;
        self.extensions += outcomes.extensions;
        self.crashes += outcomes.crashes;
        self.accusations += outcomes.accusations;
        self.epochs += outcomes.epochs;
        self.noticed += outcomes.noticed;
        self.count(outcomes.kinds);
        self.strikes.add(&outcomes.strikes);
        for (active, fault) in self.active.iter_mut().zip(Fault::ALL) {
            *active += u64::from(outcomes.strikes.of(fault) > 0);
        }
        self.heal_to_commit_us.push(outcomes.heal_to_commit_us);
        self.heal_to_final_us.push(outcomes.heal_to_final_us);
        self.crash_to_commit_us.extend(outcomes.crash_to_commit_us);
    }

    /// Adds what another thread ran.
    pub fn merge(&mut self, other: Self) {
        let Self {
            seeds,
            violations,
            simulated_us,
            steps,
            height,
            receipts,
            certificates,
            extensions,
            crashes,
            accusations,
            epochs,
            kinds,
            noticed,
            strikes,
            active,
            heal_to_commit_us,
            heal_to_final_us,
            crash_to_commit_us,
        } = other;
        self.seeds += seeds;
        self.violations.extend(violations);
        self.violations.sort_by_key(|(seed, _)| *seed);
        self.simulated_us += simulated_us;
        self.steps += steps;
        self.height += height;
        self.receipts += receipts;
        self.certificates += certificates;
        self.extensions += extensions;
        self.crashes += crashes;
        self.accusations += accusations;
        self.epochs += epochs;
        self.noticed += noticed;
        self.count(kinds);
        self.strikes.add(&strikes);
        for (ours, theirs) in self.active.iter_mut().zip(active) {
            *ours += theirs;
        }
        self.heal_to_commit_us.extend(heal_to_commit_us);
        self.heal_to_final_us.extend(heal_to_final_us);
        self.crash_to_commit_us.extend(crash_to_commit_us);
    }

    fn count(&mut self, kinds: BTreeMap<&'static str, u64>) {
        for (name, count) in kinds {
            *self.kinds.entry(name).or_default() += count;
        }
    }

    /// Classes that struck at least once.
    pub fn survived(&self) -> usize {
        self.active.iter().filter(|seeds| **seeds > 0).count()
    }
}

/// The smallest sample that is at least as large as `per_mille` of all; 0 of none.
pub fn percentile(samples: &[u64], per_mille: usize) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * per_mille).div_ceil(1_000).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(percentile(&samples, 500), 100);
        assert_eq!(percentile(&samples, 990), 198);
        assert_eq!(percentile(&samples, 1_000), 200);
        assert_eq!(percentile(&[], 990), 0);
        assert_eq!(percentile(&[7], 1), 7);
    }
}
