//! When trouble comes: submissions, partitions, crashes and blackouts are put into the queue before the run begins.

use crate::plan::Plan;
use crate::world::{Happening, World};

impl World {
    pub(crate) fn schedule(&mut self) {
        let Plan { trouble_ms, submissions, partitions, crashes, blackouts, wipes, members, .. } = self.plan;
        let trouble_us = trouble_ms * 1_000;
        for index in 0..submissions as usize {
            // Some are sent to several members at once: they must still stand at one index.
            let copies = if self.faults.chance(200) { members } else { 1 };
            let at = 1_000_000 + self.faults.below(trouble_us);
            let first = self.faults.below(u64::from(members)) as u16;
            for copy in 0..copies {
                self.at(at, Happening::Submit { to: (first + copy) % members, submission: index });
            }
        }
        for (at_ms, turnover) in self.plan.turnover.clone() {
            self.at(at_ms * 1_000, Happening::Turnover(turnover));
        }
        for _ in 0..self.plan.changes {
            let at = 1_000_000 + self.faults.below(trouble_us);
            self.at(at.min(trouble_us), Happening::Change);
        }
        for _ in 0..partitions {
            let at = self.faults.below(trouble_us);
            let lasts = self.faults.below(5_000_000);
            self.at(at, Happening::Partition);
            self.at((at + lasts).min(trouble_us), Happening::Join);
        }
        for _ in 0..crashes {
            let member = self.faults.below(u64::from(members)) as u16;
            self.crash_at(member, trouble_us);
        }
        // Nothing is drawn in worlds without: what else a seed does is the same.
        let wiped = if wipes > 0 { self.faults.below(u64::from(members)) as u16 } else { 0 };
        for _ in 0..wipes {
            let at = self.faults.between(1_000_000, trouble_us);
            let down = self.faults.below(3_000_000);
            self.at(at, Happening::Wipe { member: wiped });
            self.at(at + down, Happening::Restart { member: wiped });
        }
        for _ in 0..blackouts {
            let at = self.faults.below(trouble_us);
            for member in 0..members {
                let at = (at + self.faults.below(20_000)).min(trouble_us);
                let down = self.faults.below(2_000_000);
                self.at(at, Happening::Crash { member });
                self.at((at + down).min(trouble_us), Happening::Restart { member });
            }
        }
        self.at(trouble_us, Happening::Heal);
    }

    fn crash_at(&mut self, member: u16, before_us: u64) {
        let at = self.faults.between(1_000_000, before_us);
        let down = self.faults.below(3_000_000);
        self.at(at, Happening::Crash { member });
        self.at(at + down, Happening::Restart { member });
    }
}
