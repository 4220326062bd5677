//! Everything that can happen to a node.
//!
//! Messages from outside enter verified: `VerifiedMessage::verify` is the door, called by a pool of threads in
//! the shell and directly in the simulator.

use consensus::Timer as ViewTimer;
use proto::ballot::{Timeout, Vote};
use proto::batch::{Batch, BatchError};
use proto::block::{CertifiedBlock, CertifiedBlockError};
use proto::certificate::CertificateError;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, CosignatureError};
use proto::counter::{Height, TreeSize};
use proto::history::LogPart;
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, Request, Response, SyncInfo};
use proto::proposal::Proposal;
use proto::submission::Submission;
use proto::validators::ValidatorSet;
use proto::verified::{SignatureChecker, Unverified, Verified};

/// A question of ours that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionId(pub u64);

/// A question of a peer's, to be answered by this ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerTicket(pub u64);

/// A caller who waits to hear whether its submission was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallerTicket(pub u64);

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one lives at a time")]
pub enum Event {
    /// A peer, or we ourselves, said something.
    Message {
        /// Who.
        from: ValidatorIndex,
        /// What.
        message: VerifiedMessage,
    },
    /// A peer or observer asks for blocks, batches or a checkpoint.
    Request {
        /// Where the answer goes.
        ticket: PeerTicket,
        /// What is asked.
        request: Request,
    },
    /// A peer answered a question of ours.
    Response {
        /// Which.
        question: QuestionId,
        /// What.
        response: VerifiedResponse,
    },
    /// A question of ours got no answer, or one that does not hold.
    NoResponse {
        /// Which.
        question: QuestionId,
    },
    /// Somebody submits.
    Submit {
        /// Where the answer goes.
        ticket: CallerTicket,
        /// The submission.
        submission: Verified<Submission>,
    },
    /// A timer ran out.
    TimerFired(Timer),
    /// The writes of a block are durable.
    Applied {
        /// The block's height.
        height: Height,
    },
    /// A certified checkpoint is durable.
    Certified {
        /// Its size.
        size: TreeSize,
    },
    /// A certified checkpoint was announced to all who listen; nobody in particular said so.
    Announced(Verified<CertifiedCheckpoint>),
    /// A connection to a validator came to be.
    PeerUp {
        /// Which.
        peer: ValidatorIndex,
    },
}

/// The timers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// One of the replica's.
    View(ViewTimer),
    /// A batch that waits for company is sealed as it is.
    Flush,
    /// The batches a block needs and that have not come are asked for.
    FetchBatches {
        /// The block.
        block: BlockId,
    },
    /// A head that its collector has not certified in time is cosigned before everybody.
    Cosign {
        /// Its size.
        size: TreeSize,
    },
    /// What is missing to catch up is asked for again.
    CatchUp,
}

/// A message whose signatures and certificates hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedMessage {
    /// See [`Proposal`].
    Proposal(Verified<Proposal>),
    /// See [`Vote`].
    Vote(Verified<Vote>),
    /// See [`Timeout`].
    Timeout(Verified<Timeout>),
    /// See [`SyncInfo`].
    SyncInfo(Verified<SyncInfo>),
    /// See [`Batch`].
    Batch(Verified<Batch>),
    /// See [`Cosignature`].
    Cosignature(Verified<Cosignature>),
    /// See [`CertifiedCheckpoint`].
    CertifiedCheckpoint(Verified<CertifiedCheckpoint>),
}

/// Why what a peer said is dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A ballot, certificate or proposal does not hold.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A submission in a batch is not signed as it says.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A block that was asked for does not hold.
    #[error(transparent)]
    Block(#[from] CertifiedBlockError),
    /// A cosignature does not hold.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

impl VerifiedMessage {
    /// Checks every signature and certificate in a message.
    ///
    /// # Errors
    /// `MessageError`, the first that fails.
    pub fn verify(
        message: Message,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Self, MessageError> {
        Ok(match message {
            Message::Proposal(it) => Self::Proposal(Unverified::new(it).verify(set, checker)?),
            Message::Vote(it) => Self::Vote(Unverified::new(it).verify(set, checker)?),
            Message::Timeout(it) => Self::Timeout(Unverified::new(it).verify(set, checker)?),
            Message::SyncInfo(it) => Self::SyncInfo(Unverified::new(it).verify(set, checker)?),
            Message::Batch(it) => Self::Batch(Unverified::new(it).verify(set.network(), checker)?),
            Message::Cosignature(it) => Self::Cosignature(Unverified::new(it).verify(set, checker)?),
            Message::CertifiedCheckpoint(it) => {
                Self::CertifiedCheckpoint(Unverified::new(it).verify(set, checker)?)
            }
        })
    }
}

/// A response whose signatures and certificates hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedResponse {
    /// Blocks; an empty list says "I do not have them".
    Blocks(Vec<Verified<CertifiedBlock>>),
    /// Batches.
    Batches(Vec<Verified<Batch>>),
    /// A certified checkpoint, if there is one.
    Checkpoint(Option<Verified<CertifiedCheckpoint>>),
    /// A part of the log, if it is there.
    Log(Option<Box<Verified<LogPart>>>),
    /// The highest certificates of who was asked.
    Certificates(Verified<SyncInfo>),
}

impl VerifiedResponse {
    /// Checks every signature and certificate in a response.
    ///
    /// # Errors
    /// `MessageError`, the first that fails.
    pub fn verify(
        response: Response,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Self, MessageError> {
        Ok(match response {
            Response::Blocks(blocks) => Self::Blocks(
                blocks
                    .into_iter()
                    .map(|block| Unverified::new(block).verify(set, checker))
                    .collect::<Result<_, _>>()?,
            ),
            Response::Batches(batches) => Self::Batches(
                batches
                    .into_iter()
                    .map(|batch| Unverified::new(batch).verify(set.network(), checker))
                    .collect::<Result<_, _>>()?,
            ),
            Response::Checkpoint(checkpoint) => Self::Checkpoint(
                checkpoint.map(|checkpoint| Unverified::new(checkpoint).verify(set, checker)).transpose()?,
            ),
            Response::Log(part) => {
                let part = part.map(|part| Unverified::new(*part).verify(set, checker)).transpose()?;
                Self::Log(part.map(Box::new))
            }
            Response::Certificates(info) => Self::Certificates(Unverified::new(info).verify(set, checker)?),
        })
    }
}
