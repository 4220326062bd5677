//! The plan of a seed: each draws its own mix of classes, so that rare combinations come up.
//!
//! Which classes are on is drawn first, then how often and when each strikes. Worlds with everything on at once mostly stand
//! still; worlds with one or two classes go deep, and both are drawn.

use crate::fault::Fault;
use crate::plan::{Attack, Plan, Role, Trouble};
use crate::prng::Prng;
use crate::speaking::VOICES_MAX;

impl Plan {
    /// The plan of a seed. Within the fault assumption: at most a third is Byzantine, and what befalls disks stops a
    /// member or is noticed by it.
    pub fn draw(seed: u64) -> Self {
        let mut prng = Prng::new(seed, "plan");
        // Real signatures cost a hundred times more: such worlds are few, small and short.
        let real_signatures = seed % 50 == 49;
        let members: u16 = if prng.chance(150) && !real_signatures { 7 } else { 4 };
        let trouble_ms = prng.between(2_000, if real_signatures { 5_000 } else { 20_000 });
        let mut plan = Self {
            real_signatures,
            submissions: prng.between(5, if real_signatures { 10 } else { 60 }),
            delay_us: (prng.between(50, 500), prng.between(1_000, 60_000)),
            write_us: (50, prng.between(100, 8_000)),
            skew_ms: if prng.chance(500) { prng.between(1, 800) } else { 0 },
            leader_crash: true,
            ..Self::calm(members, trouble_ms, 0)
        };
        let mut succession = Prng::new(seed, "succession");
        if succession.chance(400) {
            plan.spares = succession.between(1, 3) as u16;
            plan.changes = succession.between(1, 6);
        }
        // What is said beside the proofs, from a stream of its own: the rest of the plan is the same with it and without.
        let mut words = Prng::new(seed, "words");
        for (wanted, most) in
            [(&mut plan.rotations, 8), (&mut plan.sessions, 8), (&mut plan.voices, VOICES_MAX)]
        {
            if words.chance(400) {
                *wanted = words.between(2, if real_signatures { 4 } else { most });
            }
        }
        plan.draw_roles(&mut prng);
        // Few classes or many: the density is a draw of its own.
        let density = [60, 150, 300, 500][prng.below(4) as usize];
        for fault in Fault::ALL.into_iter().filter(|fault| !fault.is_role()) {
            if prng.chance(density) {
                for _ in 0..prng.between(1, 3) {
                    let trouble = plan.draw_trouble(fault, &mut prng);
                    plan.troubles.push(trouble);
                }
            }
        }
        // What a forgetful member forgets, it forgets when it starts.
        let amnesiacs = plan.byzantine.iter().filter(|role| role.attack == Attack::Amnesia);
        for member in amnesiacs.map(|role| role.member).collect::<Vec<_>>() {
            for _ in 0..prng.between(2, 6) {
                let crash = plan.draw_trouble(Fault::Crash, &mut prng);
                plan.troubles.push(Trouble { members: vec![member], ..crash });
            }
        }
        // Who is silent after a loss is one more that does not help: with a liar they would be too many, and so alone where
        // leavers may have left less than four.
        let may_lose = plan.byzantine.is_empty() && (plan.changes == 0 || members == 7);
        if may_lose && prng.chance(300) {
            plan.wipes = prng.between(1, 3);
        }
        plan
    }

    fn draw_roles(&mut self, prng: &mut Prng) {
        if !prng.chance(450) {
            return;
        }
        for member in 0..prng.between(1, u64::from(self.faulty_max())) as u16 {
            let attack = match prng.below(8) {
                0 => Attack::Silent,
                1 => Attack::Equivocate,
                2 => Attack::CountTwice,
                3 => Attack::Misstate,
                4 => Attack::DoubleVote,
                5 => Attack::Amnesia,
                _ => Attack::LyingPeer,
            };
            self.byzantine.push(Role { member, attack });
        }
    }

    fn draw_trouble(&self, fault: Fault, prng: &mut Prng) -> Trouble {
        let at_ms = prng.between(1_000, self.trouble_ms);
        let most_ms = self.trouble_ms.saturating_sub(at_ms).max(1);
        let lasts = |prng: &mut Prng, most: u64| prng.between(1, most.min(most_ms));
        let for_ms = match fault {
            Fault::Loss | Fault::Delay | Fault::Reorder | Fault::Duplicate | Fault::MixedVersion => {
                lasts(prng, 20_000)
            }
            Fault::OneWayPartition | Fault::Partition | Fault::FlappingLink => lasts(prng, 5_000),
            Fault::SlowNode | Fault::SlowDisk | Fault::ClockJump | Fault::ClockDrift => lasts(prng, 8_000),
            Fault::Pause
            | Fault::Crash
            | Fault::CrashLoop
            | Fault::LostWrite
            | Fault::TornWrite
            | Fault::FlippedRead
            | Fault::SyncError
            | Fault::DiskFull => lasts(prng, 3_000),
            // Roles last as long as the world.
            Fault::LeaderEquivocation | Fault::DoubleVote | Fault::Amnesia | Fault::ByzantineSync => 0,
        };
        let amount = match fault {
            Fault::Loss => prng.between(1, 150),
            Fault::Duplicate => prng.between(1, 200),
            Fault::Reorder => prng.between(1, 80),
            Fault::MixedVersion => prng.between(50, 1_000),
            Fault::Delay => prng.between(20, 400),
            Fault::FlappingLink => prng.between(20, 800),
            Fault::SlowNode => prng.between(2, 40),
            Fault::SlowDisk => prng.between(10, 200),
            Fault::CrashLoop => prng.between(10, 400),
            Fault::ClockDrift => prng.between(1, 200),
            Fault::FlippedRead => prng.between(0, 100_000),
            Fault::ClockJump => prng.between(1, 900),
            Fault::OneWayPartition
            | Fault::Partition
            | Fault::Pause
            | Fault::Crash
            | Fault::LostWrite
            | Fault::TornWrite
            | Fault::SyncError
            | Fault::DiskFull
            | Fault::LeaderEquivocation
            | Fault::DoubleVote
            | Fault::Amnesia
            | Fault::ByzantineSync => 0,
        };
        let backwards = matches!(fault, Fault::ClockJump | Fault::ClockDrift) && prng.chance(500);
        let mut amount = if backwards { -(amount as i64) } else { amount as i64 };
        let members = self.draw_members(fault, prng);
        // A clock that is wrong by an hour makes its owner faulty: so it is always the last member, and nobody else.
        if fault == Fault::ClockJump && members.as_slice() == [self.members - 1] {
            amount *= 4_000;
        }
        Trouble { fault, at_ms, for_ms, members, amount }
    }

    fn draw_members(&self, fault: Fault, prng: &mut Prng) -> Vec<u16> {
        let one = |prng: &mut Prng| vec![prng.below(u64::from(self.everyone())) as u16];
        match fault {
            Fault::Loss | Fault::Delay | Fault::Reorder | Fault::Duplicate => {
                if prng.chance(600) {
                    Vec::new()
                } else {
                    one(prng)
                }
            }
            Fault::OneWayPartition | Fault::Partition => {
                (0..self.everyone()).filter(|_| prng.chance(500)).collect()
            }
            // Power goes for all at once, too.
            Fault::Crash | Fault::LostWrite | Fault::TornWrite => match prng.below(6) {
                0 => (0..self.everyone()).collect(),
                1 => Vec::new(),
                _ => one(prng),
            },
            Fault::Pause | Fault::SlowNode | Fault::SlowDisk => match prng.below(4) {
                0 => Vec::new(),
                1 => (0..self.everyone()).filter(|_| prng.chance(500)).collect(),
                _ => one(prng),
            },
            Fault::FlappingLink
            | Fault::CrashLoop
            | Fault::ClockJump
            | Fault::ClockDrift
            | Fault::FlippedRead
            | Fault::SyncError
            | Fault::DiskFull
            | Fault::MixedVersion => one(prng),
            Fault::LeaderEquivocation | Fault::DoubleVote | Fault::Amnesia | Fault::ByzantineSync => {
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_can_be_played_and_every_class_is_drawn() {
        let plans: Vec<Plan> = (0..500).map(Plan::draw).collect();
        for (seed, plan) in plans.iter().enumerate() {
            assert_eq!(plan.check(), Ok(()), "seed {seed}");
        }
        for fault in Fault::ALL {
            let seeds = plans.iter().filter(|plan| plan.has(fault)).count();
            assert!(seeds >= 10, "{} is in {seeds} of 500 plans", fault.name());
        }
        // Some worlds have nothing but weather, some have nearly all at once.
        assert!(plans.iter().any(|plan| plan.troubles.is_empty()));
        assert!(plans.iter().any(|plan| Fault::ALL.iter().filter(|fault| plan.has(**fault)).count() > 10));
    }
}
