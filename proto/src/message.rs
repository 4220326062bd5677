//! What one node may say to another: the kinds of message, their sizes and their lanes.

use crate::ballot::{Timeout, Vote};
use crate::batch::Batch;
use crate::block::CertifiedBlock;
use crate::certificate::{CertificateError, QuorumCert, TimeoutCert};
use crate::checkpoint::{CertifiedCheckpoint, Cosignature};
use crate::counter::{Epoch, Height, TreeSize};
use crate::history::LogPart;
use crate::id::{BatchId, BlockId};
use crate::proposal::Proposal;
use crate::validators::ValidatorSet;
use crate::verified::{SignatureChecker, Unverified, Verified};

/// The kind of a message on the wire; the byte in front of each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A block with its certificates, signed by the leader.
    Proposal = 1,
    /// A validator's vote for a block.
    Vote = 2,
    /// A validator's wish to leave a view.
    Timeout = 3,
    /// The highest certificates a validator knows.
    SyncInfo = 4,
    /// Submissions, packed by the node that received them.
    Batch = 5,
    /// One validator's signatures under a log head.
    Cosignature = 6,
    /// A log head with a quorum of cosignatures.
    CertifiedCheckpoint = 7,
    /// Asks for blocks or a batch.
    Request = 8,
    /// Answers a request.
    Response = 9,
}

/// The stream a message travels on, so that bulk never delays a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Votes, timeouts, proposals, certificates: small and urgent.
    Consensus,
    /// Batches and cosignatures: large or patient.
    Bulk,
    /// Question and answer, one stream each.
    Request,
}

impl Kind {
    /// Every kind, in the order of its byte.
    pub const ALL: [Self; 9] = [
        Self::Proposal,
        Self::Vote,
        Self::Timeout,
        Self::SyncInfo,
        Self::Batch,
        Self::Cosignature,
        Self::CertifiedCheckpoint,
        Self::Request,
        Self::Response,
    ];

    /// The kind a byte stands for, if any.
    pub fn parse(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// The largest message of this kind, in bytes, for networks of up to 100 validators.
    /// Checked before a frame's memory is spent.
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Vote => 1 << 10,
            // A timeout carries a quorum certificate and perhaps a timeout certificate: 100 × (64 + 16) B each.
            Self::Timeout | Self::SyncInfo => 64 << 10,
            Self::Proposal => 256 << 10,
            Self::Batch => 1 << 20,
            Self::Cosignature => 8 << 10,
            // 100 × (Ed25519 + ML-DSA-65 lines of base64).
            Self::CertifiedCheckpoint => 640 << 10,
            Self::Request => 4 << 10,
            Self::Response => 4 << 20,
        }
    }

    /// The lane this kind travels on.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Proposal | Self::Vote | Self::Timeout | Self::SyncInfo => Lane::Consensus,
            Self::Batch | Self::Cosignature | Self::CertifiedCheckpoint => Lane::Bulk,
            Self::Request | Self::Response => Lane::Request,
        }
    }
}

/// The highest certificates a validator knows; brings a peer that lags up to its view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncInfo {
    /// The highest quorum certificate.
    pub high_qc: QuorumCert,
    /// The highest timeout certificate, when it is of a later view.
    pub high_tc: Option<TimeoutCert>,
}

impl SyncInfo {
    /// The epoch it speaks of.
    pub const fn epoch(&self) -> Epoch {
        self.high_qc.epoch
    }
}

/// What one node tells another without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// See [`Proposal`].
    Proposal(Proposal),
    /// See [`Vote`].
    Vote(Vote),
    /// See [`Timeout`].
    Timeout(Timeout),
    /// See [`SyncInfo`].
    SyncInfo(SyncInfo),
    /// See [`Batch`].
    Batch(Batch),
    /// See [`Cosignature`].
    Cosignature(Cosignature),
    /// See [`CertifiedCheckpoint`].
    CertifiedCheckpoint(CertifiedCheckpoint),
}

impl Message {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Proposal(_) => Kind::Proposal,
            Self::Vote(_) => Kind::Vote,
            Self::Timeout(_) => Kind::Timeout,
            Self::SyncInfo(_) => Kind::SyncInfo,
            Self::Batch(_) => Kind::Batch,
            Self::Cosignature(_) => Kind::Cosignature,
            Self::CertifiedCheckpoint(_) => Kind::CertifiedCheckpoint,
        }
    }
}

/// What one node asks another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A block and its ancestors above a height, newest first, at most 32 and 4 MiB.
    BlocksById {
        /// The newest block wanted.
        newest: BlockId,
        /// Ancestors at this height and below are not wanted.
        above: Height,
    },
    /// Committed blocks from a height on, oldest first, at most 32 and 4 MiB.
    BlocksByHeight {
        /// The first height wanted.
        from: Height,
    },
    /// Batches by id, at most 64.
    Batches(Vec<BatchId>),
    /// The certified checkpoint of exactly this size; of the highest when zero.
    CheckpointAt(TreeSize),
    /// The highest certificates of an epoch; those that show how it ended, when it is over.
    Certificates(Epoch),
    /// The log of whole blocks from a size on, towards the certified checkpoint of another size.
    LogRange {
        /// Leaves the asker has: where a block's first leaf stands.
        from: TreeSize,
        /// Size of the checkpoint that what comes is proven by.
        to: TreeSize,
    },
    /// The highest certificates of who is in this epoch now and knows all it ever said in it; nobody else answers.
    Standing(Epoch),
}

/// The answer to a request. Empty lists and `None` say "I do not have it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To both requests for blocks.
    Blocks(Vec<CertifiedBlock>),
    /// To `Batches`.
    Batches(Vec<Batch>),
    /// To `CheckpointAt`.
    Checkpoint(Option<CertifiedCheckpoint>),
    /// To `Certificates`, and then of the answerer's own epoch when it does not know the one asked about; and to `Standing`.
    Certificates(Box<SyncInfo>),
    /// To `LogRange`.
    Log(Option<Box<LogPart>>),
}

impl Response {
    /// Most blocks in one response.
    pub const BLOCKS_MAX: usize = 32;
}

impl Unverified<SyncInfo> {
    /// Checks both certificates.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<SyncInfo>, CertificateError> {
        self.get().high_qc.verify(set, checker)?;
        if let Some(tc) = &self.get().high_tc {
            tc.verify(set, checker)?;
        }
        Ok(self.vouch())
    }
}
