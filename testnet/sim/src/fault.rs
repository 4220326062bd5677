//! The twenty-four ways in which a world goes wrong, by name, and how often each struck.
//!
//! A class is what a plan names and what a report counts. Everything that a plan can do to a network, a clock, a process, a
//! disk or a member's honesty is one of these; the list is closed, so that "24 of 24" means something.

use serde::{Deserialize, Serialize};

/// A class of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Messages are lost; `amount` per mille.
    Loss,
    /// Messages take longer; up to `amount` ms.
    Delay,
    /// Messages are held back by up to a second, so that later ones overtake them; `amount` per mille.
    Reorder,
    /// Messages come twice; `amount` per mille.
    Duplicate,
    /// The members are not heard by the others, and hear them.
    OneWayPartition,
    /// The members and the others do not hear one another.
    Partition,
    /// The links between the members and the others go down and up every `amount` ms.
    FlappingLink,
    /// The members take up to `amount` ms for each thing that comes in.
    SlowNode,
    /// The members stand still, and then find all that came meanwhile.
    Pause,
    /// The members lose power and come back; of what was on its way to the disk a part may have arrived.
    Crash,
    /// The members start and crash, every `amount` ms.
    CrashLoop,
    /// The members' clocks jump by `amount` ms, and back at the end.
    ClockJump,
    /// The members' clocks run fast by `amount` per mille, and are set right at the end.
    ClockDrift,
    /// The members lose power, and nothing that was on its way to the disk is there.
    LostWrite,
    /// The members lose power in the middle of a write.
    TornWrite,
    /// A stored value of the members has a flipped bit, or is another key's; repaired at the end.
    FlippedRead,
    /// The next write of the members is said to have failed; what it wrote may be there or not.
    SyncError,
    /// The members' disks take nothing more.
    DiskFull,
    /// Writes of the members take up to `amount` ms.
    SlowDisk,
    /// A leader proposes two blocks in one view. A role.
    LeaderEquivocation,
    /// A member votes twice in one view. A role.
    DoubleVote,
    /// A member forgets its safety record whenever it starts. A role.
    Amnesia,
    /// A member answers questions with what was not asked. A role.
    ByzantineSync,
    /// The members speak another release: `amount` per mille of their words are of kinds or shapes nobody knows.
    MixedVersion,
}

impl Fault {
    /// Every class, in the order of the report.
    pub const ALL: [Self; 24] = [
        Self::Loss,
        Self::Delay,
        Self::Reorder,
        Self::Duplicate,
        Self::OneWayPartition,
        Self::Partition,
        Self::FlappingLink,
        Self::SlowNode,
        Self::Pause,
        Self::Crash,
        Self::CrashLoop,
        Self::ClockJump,
        Self::ClockDrift,
        Self::LostWrite,
        Self::TornWrite,
        Self::FlippedRead,
        Self::SyncError,
        Self::DiskFull,
        Self::SlowDisk,
        Self::LeaderEquivocation,
        Self::DoubleVote,
        Self::Amnesia,
        Self::ByzantineSync,
        Self::MixedVersion,
    ];

    /// Its name, as plans and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::Duplicate => "duplicate",
            Self::OneWayPartition => "one-way-partition",
            Self::Partition => "partition",
            Self::FlappingLink => "flapping-link",
            Self::SlowNode => "slow-node",
            Self::Pause => "pause",
            Self::Crash => "crash",
            Self::CrashLoop => "crash-loop",
            Self::ClockJump => "clock-jump",
            Self::ClockDrift => "clock-drift",
            Self::LostWrite => "lost-write",
            Self::TornWrite => "torn-write",
            Self::FlippedRead => "flipped-read",
            Self::SyncError => "sync-error",
            Self::DiskFull => "disk-full",
            Self::SlowDisk => "slow-disk",
            Self::LeaderEquivocation => "leader-equivocation",
            Self::DoubleVote => "double-vote",
            Self::Amnesia => "amnesia",
            Self::ByzantineSync => "byzantine-sync",
            Self::MixedVersion => "mixed-version",
        }
    }

    /// Whether it is a member's character and not something that happens to it: then a plan has it as a role.
    pub const fn is_role(self) -> bool {
        match self {
            Self::LeaderEquivocation | Self::DoubleVote | Self::Amnesia | Self::ByzantineSync => true,
            Self::Loss
            | Self::Delay
            | Self::Reorder
            | Self::Duplicate
            | Self::OneWayPartition
            | Self::Partition
            | Self::FlappingLink
            | Self::SlowNode
            | Self::Pause
            | Self::Crash
            | Self::CrashLoop
            | Self::ClockJump
            | Self::ClockDrift
            | Self::LostWrite
            | Self::TornWrite
            | Self::FlippedRead
            | Self::SyncError
            | Self::DiskFull
            | Self::SlowDisk
            | Self::MixedVersion => false,
        }
    }
}

/// How often each class had an effect: messages lost, writes refused, words forged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes([u64; Fault::ALL.len()]);

impl Strikes {
    /// One more.
    pub fn strike(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    /// How often it struck.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// Adds those of another world.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_own_place_and_name() {
        for (place, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, place);
            let quoted = format!("\"{}\"", fault.name());
            assert_eq!(serde_json::from_str::<Fault>(&quoted).ok(), Some(fault), "{quoted}");
        }
    }
}
