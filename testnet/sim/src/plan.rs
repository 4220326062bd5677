//! A scenario as data: what the network and the disks do, who misbehaves, what is submitted.
//!
//! `Plan::draw` makes one from a seed; a plan can also be written down by hand, for a regression with a name.

use crate::prng::Prng;

/// What a Byzantine member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Says nothing.
    Silent,
    /// Proposes two blocks in a view, each to half of the others, and votes for both.
    Equivocate,
    /// Certifies blocks of its own making with its own signature, as often as a quorum has signers.
    CountTwice,
    /// Proposes blocks that state another size for a batch than it has.
    Misstate,
}

/// A rule broken on purpose in the simulated shell, to see that the checkers notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellDefect {
    /// What follows a journal write leaves before the write is durable.
    SpeakBeforeDurable,
    /// After a restart the highest quorum certificate is forgotten, and nothing else.
    LockNotRestored,
    /// After a restart the whole safety record is forgotten.
    Amnesia,
    /// What follows a store write leaves before the write is durable.
    TellBeforeStored,
    /// What follows a journal write leaves although the write failed.
    FailedWriteIgnored,
    /// Who lost its disk starts as if it had never spoken.
    LossForgotten,
}

/// A change of the validators with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turnover {
    /// This member joins.
    Join(u16),
    /// This member leaves.
    Leave(u16),
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of validators.
    pub members: u16,
    /// Who misbehaves, and how.
    pub byzantine: Vec<(u16, Attack)>,
    /// Real cryptography instead of the notary's.
    pub real_signatures: bool,
    /// Time until the faults end, in milliseconds.
    pub trouble_ms: u64,
    /// Time after the faults within which all must be final, in milliseconds.
    pub heal_ms: u64,
    /// Submissions during the trouble.
    pub submissions: u64,
    /// Least and greatest delay of a message, in microseconds.
    pub delay_us: (u64, u64),
    /// Messages lost, per mille.
    pub loss: u64,
    /// Messages delivered twice, per mille.
    pub repeat: u64,
    /// Messages held back by up to a second, per mille.
    pub straggle: u64,
    /// Partitions begun during the trouble.
    pub partitions: u64,
    /// Crashes during the trouble, each followed by a restart.
    pub crashes: u64,
    /// Crashes of all members at once.
    pub blackouts: u64,
    /// Times a member loses its disk during the trouble, always the same one, and starts again without it.
    pub wipes: u64,
    /// Largest difference of a member's clock from the world's, in milliseconds.
    pub skew_ms: u64,
    /// Least and greatest time a durable write takes, in microseconds.
    pub write_us: (u64, u64),
    /// Members that are no validators at first.
    pub spares: u16,
    /// Changes of the validators during the trouble, by spares that join and members that leave.
    pub changes: u64,
    /// Changes of the validators by name, each at its time in milliseconds. Several of one time are handed over together
    /// or one after the other, as it comes.
    pub turnover: Vec<(u64, Turnover)>,
    /// A rule broken on purpose.
    pub defect: Option<ShellDefect>,
}

impl Plan {
    /// The plan of a seed. Each seed draws its own mix, so that rare combinations come up.
    pub fn draw(seed: u64) -> Self {
        let mut prng = Prng::new(seed, "plan");
        let members = if prng.chance(150) { 7 } else { 4 };
        let faulty = (members - 1) / 3;
        let mut byzantine = Vec::new();
        if prng.chance(400) {
            for index in 0..prng.between(1, u64::from(faulty)) {
                let attack = match prng.below(4) {
                    0 => Attack::Silent,
                    1 => Attack::Equivocate,
                    2 => Attack::CountTwice,
                    _ => Attack::Misstate,
                };
                byzantine.push((index as u16, attack));
            }
        }
        let mut some =
            |per_mille: u64, most: u64| if prng.chance(per_mille) { prng.between(1, most) } else { 0 };
        let (loss, repeat, straggle) = (some(500, 150), some(500, 200), some(400, 80));
        let (partitions, crashes, blackouts) = (some(500, 4), some(600, 6), some(250, 2));
        let skew_ms = some(500, 800);
        let real_signatures = seed % 50 == 49;
        // A stream of its own: what the seed draws otherwise is the same with and without.
        let mut prng_of_changes = Prng::new(seed, "succession");
        let (spares, changes) = match prng_of_changes.chance(400) {
            true => (prng_of_changes.between(1, 3) as u16, prng_of_changes.between(1, 6)),
            false => (0, 0),
        };
        // Who is silent is one more that does not help: with a liar they would be too many, and so alone where leavers
        // may have left less than four.
        let mut prng_of_losses = Prng::new(seed, "losses");
        let may_lose = byzantine.is_empty() && (changes == 0 || members == 7);
        let wipes = match may_lose && prng_of_losses.chance(300) {
            true => prng_of_losses.between(1, 3),
            false => 0,
        };
        Self {
            members,
            byzantine,
            real_signatures,
            trouble_ms: prng.between(2_000, 20_000),
            heal_ms: 60_000,
            submissions: prng.between(5, if real_signatures { 20 } else { 60 }),
            delay_us: (prng.between(50, 500), prng.between(1_000, 60_000)),
            loss,
            repeat,
            straggle,
            partitions,
            crashes,
            blackouts,
            wipes,
            skew_ms,
            write_us: (50, prng.between(100, 8_000)),
            spares,
            changes,
            turnover: Vec::new(),
            defect: None,
        }
    }
}
