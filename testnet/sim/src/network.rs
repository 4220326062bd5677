//! The network between members: what becomes of each message.
//!
//! Every trouble that befalls links is here while it lasts; a message is asked of all of them. What a member sends itself
//! never passes the network.

use std::collections::BTreeMap;

use crate::fault::{Fault, Strikes};
use crate::plan::{Plan, Trouble};
use crate::prng::Prng;

/// How long a message may be held back to be overtaken, in microseconds.
const HELD_BACK_US: u64 = 1_000_000;
/// Greatest delay once all is healed, in microseconds.
const HEALED_US: u64 = 5_000;

/// When a message arrives, in microseconds from now: never, once, or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// The first, if it is not lost.
    pub first: Option<u64>,
    /// The repetition, if there is one and it is not lost.
    pub second: Option<u64>,
}

/// What becomes of the messages sent.
#[derive(Debug)]
pub struct Network {
    prng: Prng,
    delay_us: (u64, u64),
    /// Troubles that last, by their number in the plan.
    active: BTreeMap<usize, Trouble>,
}

impl Network {
    /// The network of a plan.
    pub fn new(seed: u64, plan: &Plan) -> Self {
        Self { prng: Prng::new(seed, "network"), delay_us: plan.delay_us, active: BTreeMap::new() }
    }

    /// A trouble of links begins.
    pub fn begin(&mut self, number: usize, trouble: Trouble) {
        self.active.insert(number, trouble);
    }

    /// It ends.
    pub fn end(&mut self, number: usize) {
        self.active.remove(&number);
    }

    /// Ends all trouble: short delays, nothing lost.
    pub fn heal(&mut self) {
        self.active.clear();
        self.delay_us = (self.delay_us.0.min(500), HEALED_US);
    }

    /// When a message arrives that is sent now.
    pub fn send(&mut self, from: u16, to: u16, now_us: u64, strikes: &mut Strikes) -> Arrivals {
        let first = self.copy(from, to, now_us, strikes);
        let mut second = None;
        if self.is_struck(Fault::Duplicate, from, to) {
            second = self.copy(from, to, now_us, strikes);
            strikes.strike(Fault::Duplicate);
        }
        Arrivals { first, second }
    }

    fn copy(&mut self, from: u16, to: u16, now_us: u64, strikes: &mut Strikes) -> Option<u64> {
        let mut delay = self.prng.between(self.delay_us.0, self.delay_us.1);
        for trouble in self.active.values() {
            let Trouble { fault, at_ms, members, .. } = trouble;
            let named = |member: u16| members.contains(&member);
            let crosses = named(from) != named(to);
            let touches = members.is_empty() || named(from) || named(to);
            let (strikes_now, lost) = match fault {
                Fault::Loss => (touches && self.prng.chance(trouble.count()), true),
                Fault::OneWayPartition => (crosses && named(from), true),
                Fault::Partition => (crosses, true),
                Fault::FlappingLink => {
                    let period_us = trouble.count().max(1) * 1_000;
                    let down = (now_us.saturating_sub(at_ms * 1_000) / period_us).is_multiple_of(2);
                    (crosses && down, true)
                }
                Fault::Delay if touches => {
                    delay += self.prng.below(trouble.count() * 1_000 + 1);
                    (true, false)
                }
                Fault::Reorder if touches && self.prng.chance(trouble.count()) => {
                    delay += self.prng.below(HELD_BACK_US);
                    (true, false)
                }
                // Repetition is drawn once for each message; the others do not befall links.
                Fault::Delay
                | Fault::Reorder
                | Fault::Duplicate
                | Fault::SlowNode
                | Fault::Pause
                | Fault::Crash
                | Fault::CrashLoop
                | Fault::ClockJump
                | Fault::ClockDrift
                | Fault::LostWrite
                | Fault::TornWrite
                | Fault::FlippedRead
                | Fault::SyncError
                | Fault::DiskFull
                | Fault::SlowDisk
                | Fault::LeaderEquivocation
                | Fault::DoubleVote
                | Fault::Amnesia
                | Fault::ByzantineSync
                | Fault::MixedVersion => (false, false),
            };
            if strikes_now {
                strikes.strike(*fault);
                if lost {
                    return None;
                }
            }
        }
        Some(delay)
    }

    fn is_struck(&mut self, class: Fault, from: u16, to: u16) -> bool {
        let mut struck = false;
        for trouble in self.active.values().filter(|trouble| trouble.fault == class) {
            let touches =
                trouble.members.is_empty() || trouble.members.iter().any(|it| [from, to].contains(it));
            struck |= touches && self.prng.chance(trouble.count());
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(fault: Fault, members: &[u16], amount: i64) -> Network {
        let mut network = Network::new(1, &Plan::calm(4, 1_000, 1));
        network.begin(0, Trouble { fault, at_ms: 0, for_ms: 1_000, members: members.to_vec(), amount });
        network
    }

    fn passes(network: &mut Network, from: u16, to: u16, now_ms: u64) -> bool {
        network.send(from, to, now_ms * 1_000, &mut Strikes::default()).first.is_some()
    }

    #[test]
    fn partitions_cut_what_they_say_and_nothing_else() {
        for (fault, amount, in_to_out, out_to_in) in [
            (Fault::Partition, 0, false, false),
            (Fault::OneWayPartition, 0, false, true),
            (Fault::FlappingLink, 100, false, false),
            (Fault::Loss, 1_000, false, false),
            (Fault::Loss, 0, true, true),
        ] {
            let mut network = network(fault, &[0, 1], amount);
            assert_eq!(passes(&mut network, 0, 2, 0), in_to_out, "{fault:?}");
            assert_eq!(passes(&mut network, 2, 0, 0), out_to_in, "{fault:?}");
            assert!(passes(&mut network, 2, 3, 0), "{fault:?}: not touched");
            network.end(0);
            assert!(passes(&mut network, 0, 2, 0), "{fault:?}: over");
        }
        let mut flapping = network(Fault::FlappingLink, &[0], 100);
        assert!(!passes(&mut flapping, 0, 1, 50) && passes(&mut flapping, 0, 1, 150));
        assert!(!passes(&mut flapping, 1, 0, 250));
    }

    #[test]
    fn every_strike_is_counted() {
        for (fault, amount) in
            [(Fault::Loss, 1_000), (Fault::Delay, 9), (Fault::Reorder, 1_000), (Fault::Duplicate, 1_000)]
        {
            let (mut network, mut strikes) = (network(fault, &[], amount), Strikes::default());
            for _ in 0..10 {
                network.send(0, 1, 0, &mut strikes);
            }
            assert!(strikes.of(fault) >= 10, "{fault:?}: {strikes:?}");
        }
    }
}
