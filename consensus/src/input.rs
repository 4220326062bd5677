//! Inputs: every fact a replica may learn.
//!
//! What comes from others is verified before; what a replica says itself comes back to it the same way. Inputs may be
//! late, repeated or out of order: each is judged by the state it finds.

use proto::ballot::{Timeout, Vote};
use proto::batch::BatchRef;
use proto::block::{CertifiedBlock, Handover};
use proto::counter::View;
use proto::id::{BlockId, ValidatorIndex};
use proto::message::SyncInfo;
use proto::proposal::Proposal;
use proto::verified::Verified;

use crate::recover::Tip;

/// A timer, by what it is for. One of each value runs at a time; starting it again starts it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The view has lasted too long.
    View {
        /// Which.
        view: View,
    },
    /// Nobody answered our timeout: say it again.
    Resend {
        /// The view timed out of.
        view: View,
    },
    /// The next leader is silent: tell the others of the certificate we formed.
    Relay {
        /// The view the certificate leads to.
        view: View,
    },
    /// An idle leader may show that it lives.
    Heartbeat {
        /// The view it leads.
        view: View,
    },
    /// Nobody sent the block we asked for: ask another.
    Fetch {
        /// Which.
        block: BlockId,
    },
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A proposal arrived.
    Proposal {
        /// Who sent it; not necessarily its proposer.
        from: ValidatorIndex,
        /// It.
        proposal: Verified<Proposal>,
    },
    /// A vote arrived.
    Vote(Verified<Vote>),
    /// A timeout arrived.
    Timeout {
        /// Who sent it.
        from: ValidatorIndex,
        /// It.
        timeout: Verified<Timeout>,
    },
    /// A peer told of its certificates.
    SyncInfo {
        /// Who.
        from: ValidatorIndex,
        /// They.
        info: Verified<SyncInfo>,
    },
    /// A peer told of its certificates, because we asked for them in this life.
    Shown {
        /// Who.
        from: ValidatorIndex,
        /// They.
        info: Verified<SyncInfo>,
    },
    /// The ledger came to stand on this block, which is final, without our having committed it: it replayed the log.
    Leap {
        /// The block and its certificate.
        tip: Box<Tip>,
    },
    /// What was to be fetched was not asked for, and shall be now.
    Refetch,
    /// The answer to `Effect::Fetch` or `Effect::CatchUp`.
    Blocks {
        /// The peer asked.
        from: ValidatorIndex,
        /// The block asked for by id; `None` for a range of heights.
        wanted: Option<BlockId>,
        /// In any order; empty if the peer has none of them.
        blocks: Vec<Verified<CertifiedBlock>>,
    },
    /// The peer asked could not be reached, or what it sent was refused. Same for both ways of asking: `block` is the one
    /// the effect named.
    FetchFailed {
        /// The block named in the effect.
        block: BlockId,
        /// The peer asked.
        from: ValidatorIndex,
    },
    /// A timer ran out.
    TimerFired {
        /// Which.
        timer: Timer,
    },
    /// The answer to `Effect::BuildPayload`, before any other input.
    Payload {
        /// The view it is for.
        view: View,
        /// Batches to order, all of them here and durable or about to be with the record; empty if there are none.
        batches: Vec<BatchRef>,
        /// Who reigns next, if the ledger is to hand over.
        handover: Option<Handover>,
    },
    /// All batches of a block are here and hold, and so does its hand-over if it has one: the answer to
    /// `Effect::CheckBatches`, now or later.
    Available {
        /// The block.
        block: BlockId,
    },
    /// Whether submissions wait that are not yet committed, or a hand-over. To be said again whenever new ones arrive, so
    /// that a leader that held asks again.
    Work {
        /// Whether they do.
        waiting: bool,
    },
    /// A connection to a validator came up. Without it, who was cut off from a network that is now idle would learn
    /// nothing until the next submission.
    Connected {
        /// Who.
        peer: ValidatorIndex,
    },
}
