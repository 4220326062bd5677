//! The network between members: delay, loss, repetition, stragglers, partitions.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::prng::Prng;

/// What becomes of the messages sent.
#[derive(Debug)]
pub struct Network {
    prng: Prng,
    delay_us: (u64, u64),
    loss: u64,
    repeat: u64,
    straggle: u64,
    /// Links that are cut, as (from, to).
    cut: BTreeSet<(u16, u16)>,
}

impl Network {
    /// The network of a plan.
    pub fn new(seed: u64, plan: &Plan) -> Self {
        let Plan { delay_us, loss, repeat, straggle, .. } = *plan;
        Self { prng: Prng::new(seed, "network"), delay_us, loss, repeat, straggle, cut: BTreeSet::new() }
    }

    /// The delays after which a message arrives, in microseconds: none when it is lost, two when it is repeated.
    /// What a member sends itself never passes the network.
    pub fn send(&mut self, from: u16, to: u16) -> Vec<u64> {
        let mut arrivals = Vec::new();
        let copies = if self.prng.chance(self.repeat) { 2 } else { 1 };
        for _ in 0..copies {
            let mut delay = self.prng.between(self.delay_us.0, self.delay_us.1);
            if self.prng.chance(self.straggle) {
                delay += self.prng.below(1_000_000);
            }
            if !self.prng.chance(self.loss) && !self.cut.contains(&(from, to)) {
                arrivals.push(delay);
            }
        }
        arrivals
    }

    /// Cuts the links between two groups, in one direction or both.
    pub fn partition(&mut self, members: u16) {
        let group: BTreeSet<u16> = (0..members).filter(|_| self.prng.chance(500)).collect();
        let one_way = self.prng.chance(250);
        for from in 0..members {
            for to in 0..members {
                let leaves = group.contains(&from) && !group.contains(&to);
                let enters = !group.contains(&from) && group.contains(&to);
                if leaves || (enters && !one_way) {
                    self.cut.insert((from, to));
                }
            }
        }
    }

    /// Joins all links.
    pub fn join(&mut self) {
        self.cut.clear();
    }

    /// Ends all trouble: short delays, nothing lost.
    pub fn heal(&mut self) {
        self.join();
        (self.loss, self.repeat, self.straggle) = (0, 0, 0);
        self.delay_us = (self.delay_us.0.min(500), 5_000);
    }
}
