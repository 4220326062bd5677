//! What a run came to.

use std::collections::BTreeMap;

use crate::crash::Effect;
use crate::fault::Strikes;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
    /// Happenings.
    pub steps: u64,
    /// The highest block.
    pub height: u64,
    /// Submissions made.
    pub submitted: u64,
    /// Receipts checked.
    pub receipts: u64,
    /// Certificates whose signers were asked.
    pub certificates: u64,
    /// Proofs that a log extends an earlier one.
    pub extensions: u64,
    /// Crashes that happened.
    pub crashes: u64,
    /// Strikes of `World::crash` that happened.
    pub struck: u64,
    /// The effects of its member, when it has no strikes.
    pub effects: Vec<Effect>,
    /// Equivocations that honest members proved.
    pub accusations: u64,
    /// The latest epoch that somebody could follow to.
    pub epochs: u64,
    /// Keys that the rotating identity retired.
    pub rotations: u64,
    /// Proofs in the chain of sessions.
    pub proofs: u64,
    /// Operations in the log, by their names.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Times that a damaged disk was noticed.
    pub noticed: u64,
    /// Messages, questions and answers sent, one for each that should get it.
    pub messages: u64,
    /// Their bytes on the wire without frames; 0 unless they were weighed.
    pub bytes: u64,
    /// How often each class struck.
    pub strikes: Strikes,
    /// From the end of all trouble to the first new block that is durable somewhere, in microseconds.
    pub heal_to_commit_us: u64,
    /// From the end of all trouble until all was final everywhere, in microseconds.
    pub heal_to_final_us: u64,
    /// From the crash of a leader in a healed world until what was submitted then is durable with whoever took it, in
    /// microseconds; none where no leader was crashed.
    pub crash_to_commit_us: Option<u64>,
    /// Two words over every happening: two runs of a seed have the same.
    pub trace: String,
}
