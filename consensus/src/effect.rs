//! Effects: every deed a replica may ask for.
//!
//! To be performed in their order, all of a step before the next input: an answer given in between would overtake what
//! stands behind its question. What needs a signature is inside a gate and comes out when its record is durable.

use proto::ballot::VoteStatement;
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Epoch, Height, View};
use proto::id::{BatchId, BlockId, ValidatorIndex};
use proto::message::Message;
use proto::record::SafetyRecord;

use crate::evidence::Evidence;
use crate::gate::Gated;
use crate::input::Timer;

/// To whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// All other validators.
    All,
    /// One validator.
    One(ValidatorIndex),
}

/// What to sign and send once the record is durable. Signatures are deterministic, so that the same words said twice
/// are the same bytes. The speaker hears itself: `Timeout` and `Proposal` come back as inputs always, `Vote` if `to`
/// names the speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Sign a vote and send it to those who collect it.
    Vote {
        /// What to sign.
        statement: VoteStatement,
        /// The leaders of the view and of the next one; distinct.
        to: Vec<ValidatorIndex>,
    },
    /// Sign a timeout and send it to all.
    Timeout {
        /// The reign.
        epoch: Epoch,
        /// The view to leave.
        view: View,
        /// The highest quorum certificate held.
        high_qc: QuorumCert,
        /// The certificate of the view before, when that view failed.
        last_tc: Option<TimeoutCert>,
    },
    /// Sign a proposal and send it to all.
    Proposal {
        /// The block.
        block: Block,
        /// The certificate of its parent.
        justify: QuorumCert,
        /// The certificate of the view before, when the parent is of an earlier one.
        timeout_cert: Option<TimeoutCert>,
    },
}

impl Say {
    /// The epoch it belongs to: who signs must do so as a validator of that one.
    pub const fn epoch(&self) -> Epoch {
        match self {
            Self::Vote { statement, .. } => statement.epoch,
            Self::Timeout { epoch, .. } => *epoch,
            Self::Proposal { block, .. } => block.epoch,
        }
    }
}

/// A block that is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBlock {
    /// It.
    pub block: Block,
    /// The certificate of its parent.
    pub justify: QuorumCert,
    /// Its own certificate.
    pub certificate: QuorumCert,
    /// Whether the block after it, which shows that it is final, is not empty either.
    pub is_followed: bool,
    /// What shows that it is final, if it closes the epoch; nothing of this epoch is committed after it.
    pub end: Option<EpochEnd>,
}

/// What shows to anybody with the validators of an epoch that its closing block is final: with these blocks and this
/// certificate every replica of the epoch commits it by the ordinary rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The blocks above the closing one, oldest first, each with the certificate of its parent. The last is of the view
    /// directly after its parent's.
    pub blocks: Vec<(Block, QuorumCert)>,
    /// The certificate of the last.
    pub certificate: QuorumCert,
}

/// Two certified histories that exclude each other: more than a third of the voting power lied, or lost its journal.
/// The replica that sees this never speaks again, and the node must stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// What we committed.
    pub committed: BlockId,
    /// Its height.
    pub height: Height,
    /// The certificate that commits something else.
    pub certificate: QuorumCert,
}

/// What an honest peer would not have done, though no signature proves it to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Proposed in a view that another leads.
    NotLeader {
        /// The view.
        view: View,
        /// Who leads it.
        leader: ValidatorIndex,
    },
    /// Answered with blocks that are not the ones asked for.
    UnwantedBlocks,
}

/// A deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make the record durable, with the batches of `voted` beside it; then sign and send.
    Speak(Gated<SafetyRecord, Say>),
    /// Send what needs no new signature.
    Send {
        /// To whom.
        to: Recipients,
        /// What.
        message: Message,
    },
    /// Start a timer.
    StartTimer {
        /// Which.
        timer: Timer,
        /// Its time, in ms.
        after_ms: u64,
    },
    /// Stop a timer; a shell may also let it fire, late fires are ignored.
    StopTimer {
        /// Which.
        timer: Timer,
    },
    /// We lead `view`: what shall be ordered? The answer is `Input::Payload`, before any other input.
    BuildPayload {
        /// The view.
        view: View,
        /// Batches of uncommitted ancestors, which need no second place.
        exclude: Vec<BatchId>,
    },
    /// Are the batches of this block here, and if it closes the epoch, does our own ledger hand over as it says? The
    /// answer is `Input::Available`, at once or when both are so.
    CheckBatches {
        /// The block.
        block: Block,
        /// Who sent it, and so should have them.
        from: ValidatorIndex,
    },
    /// Ask a peer for a block and its ancestors (`Request::BlocksById`).
    Fetch {
        /// The newest one wanted.
        block: BlockId,
        /// The height down to which, exclusive.
        above: Height,
        /// Whom to ask.
        from: ValidatorIndex,
    },
    /// Far behind: ask a peer for committed blocks from a height on (`Request::BlocksByHeight`).
    CatchUp {
        /// The block we want to reach; names the errand in `Input::FetchFailed`.
        block: BlockId,
        /// The first height wanted.
        from_height: Height,
        /// Whom to ask.
        from: ValidatorIndex,
    },
    /// This block is final. Oldest first, each exactly once.
    Commit(CommittedBlock),
    /// A validator contradicted itself, and here is the proof.
    Accuse(Evidence),
    /// A peer did what an honest one would not.
    Misbehaved {
        /// Who.
        peer: ValidatorIndex,
        /// What.
        reason: Misbehaviour,
    },
    /// Finality is broken. Stop the node.
    Halt(Fork),
}
