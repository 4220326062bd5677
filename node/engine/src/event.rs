//! Everything that can happen to a node.
//!
//! Messages from outside enter verified: `Reigns::hear` is the door, called by a pool of threads in the shell and
//! directly in the simulator.

use consensus::Timer as ViewTimer;
use crypto::KeyId;
use proto::ballot::{Timeout, Vote};
use proto::batch::{Batch, BatchError};
use proto::block::{CertifiedBlock, CertifiedBlockError};
use proto::certificate::CertificateError;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, CosignatureError};
use proto::counter::{Epoch, Height, TreeSize};
use proto::history::LogPart;
use proto::id::BlockId;
use proto::message::{Message, Request, SyncInfo};
use proto::proposal::Proposal;
use proto::submission::Submission;
use proto::validators::{Validator, ValidatorSet};
use proto::verified::{SignatureChecker, Unverified, Verified};

/// Another node, by the id of its network key: the same name in every epoch, whether it reigns or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(pub KeyId);

impl Peer {
    /// The name of a validator.
    pub fn of(validator: &Validator) -> Self {
        Self(validator.network.id())
    }
}

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
    /// A peer, or we ourselves, said something. Made by [`Reigns::hear`](crate::Reigns::hear).
    Message {
        /// Who.
        from: Peer,
        /// What.
        message: VerifiedMessage,
    },
    /// A peer said something of another epoch than ours.
    OtherEpoch {
        /// Who.
        from: Peer,
        /// Which epoch.
        epoch: Epoch,
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
    /// A connection to a validator, of whatever epoch, or to a node that may become one came to be.
    PeerUp {
        /// Which.
        peer: Peer,
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
    /// A node that does not vote asks where the network stands.
    Follow,
    /// A validator that lost its journal asks again where the others stand.
    Standing,
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
    /// A head is signed by validators that do not sign heads of its size.
    #[error("the validators of epoch {epoch} do not sign heads of {size} leaves")]
    OutOfTerm {
        /// Size of the head.
        size: TreeSize,
        /// Who signed it.
        epoch: Epoch,
    },
    /// An answer is by validators that are not known here.
    #[error("nothing is known here of the validators of epoch {epoch}")]
    UnknownEpoch {
        /// Their epoch.
        epoch: Epoch,
    },
}

impl VerifiedMessage {
    /// Checks every signature and certificate in a message by the set it is to be judged by.
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
    /// The highest certificates of our epoch.
    Certificates(Verified<SyncInfo>),
    /// A part of the log, if it is there.
    Log(Option<Box<Verified<LogPart>>>),
}
