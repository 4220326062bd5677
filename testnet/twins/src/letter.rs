//! Letters: what one instance may say to another, past the door.
//!
//! Everything that reaches a replica was `Unverified` and went through the same `verify` as in a node; here it is held
//! once and shared by all who get it.

use consensus::Input;
use proto::ballot::{Timeout, Vote};
use proto::block::CertifiedBlock;
use proto::canonical::Canonical;
use proto::certificate::{CertificateError, QuorumCert};
use proto::counter::View;
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, Response, SyncInfo};
use proto::proposal::Proposal;
use proto::validators::ValidatorSet;
use proto::verified::{Unverified, Verified};

use crate::notary::Ideal;

/// A verified message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// A block for a view.
    Proposal(Verified<Proposal>),
    /// A vote.
    Vote(Verified<Vote>),
    /// A wish to leave a view.
    Timeout(Verified<Timeout>),
    /// Certificates.
    SyncInfo(Verified<SyncInfo>),
    /// The answer to a question for blocks; `wanted` as in `Input::Blocks`.
    Blocks {
        /// The block asked for by id, `None` for a range.
        wanted: Option<BlockId>,
        /// What came.
        blocks: Vec<Verified<CertifiedBlock>>,
    },
    /// An answer that was refused.
    Refused {
        /// The block that names the errand.
        block: BlockId,
    },
}

impl Letter {
    /// Opens the door to a message, if it holds. `None` for what is no business of consensus.
    ///
    /// # Errors
    /// What the door of the node says.
    pub fn open(message: Message, set: &ValidatorSet) -> Result<Option<Self>, CertificateError> {
        Ok(Some(match message {
            Message::Proposal(it) => Self::Proposal(Unverified::new(it).verify(set, &Ideal)?),
            Message::Vote(it) => Self::Vote(Unverified::new(it).verify(set, &Ideal)?),
            Message::Timeout(it) => Self::Timeout(Unverified::new(it).verify(set, &Ideal)?),
            Message::SyncInfo(it) => Self::SyncInfo(Unverified::new(it).verify(set, &Ideal)?),
            Message::Batch(_) | Message::Cosignature(_) | Message::CertifiedCheckpoint(_) => return Ok(None),
        }))
    }

    /// Opens the door to an answer: its bytes within the limits of a response, and every block in it whole.
    pub fn answer(wanted: Option<BlockId>, blocks: Vec<CertifiedBlock>, set: &ValidatorSet) -> Option<Self> {
        let decoded = Response::decode(&Response::Blocks(blocks).encode()).ok()?;
        let blocks = match decoded {
            Response::Blocks(blocks) => blocks,
            Response::Batches(_) | Response::Certificates(_) | Response::Checkpoint(_) | Response::Log(_) => {
                return None;
            }
        };
        let open = |block: CertifiedBlock| Unverified::new(block).verify(set, &Ideal).ok();
        let blocks = blocks.into_iter().map(open).collect::<Option<Vec<_>>>()?;
        Some(Self::Blocks { wanted, blocks })
    }

    /// The view it belongs to: of a block, vote or timeout its own, of certificates the one they end. Answers belong to
    /// the view of whoever asked, which is the caller's to know.
    pub fn view(&self) -> View {
        match self {
            Self::Proposal(it) => it.block.view,
            Self::Vote(it) => it.statement.view,
            Self::Timeout(it) => it.view,
            Self::SyncInfo(it) => it.high_qc.view.max(it.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view)),
            Self::Blocks { .. } | Self::Refused { .. } => View::ZERO,
        }
    }

    /// The quorum certificates it shows.
    pub fn certificates(&self) -> Vec<&QuorumCert> {
        match self {
            Self::Proposal(it) => {
                [&it.justify].into_iter().chain(it.timeout_cert.as_ref().map(|tc| &tc.high_qc)).collect()
            }
            Self::Vote(_) => Vec::new(),
            Self::Timeout(it) => {
                [&it.high_qc].into_iter().chain(it.last_tc.as_ref().map(|tc| &tc.high_qc)).collect()
            }
            Self::SyncInfo(it) => {
                [&it.high_qc].into_iter().chain(it.high_tc.as_ref().map(|tc| &tc.high_qc)).collect()
            }
            Self::Blocks { blocks, .. } => blocks.iter().map(|block| &block.justify).collect(),
            Self::Refused { .. } => Vec::new(),
        }
    }

    /// The fact that it is for who hears it.
    pub fn input(&self, from: ValidatorIndex) -> Input {
        match self.clone() {
            Self::Proposal(proposal) => Input::Proposal { from, proposal },
            Self::Vote(vote) => Input::Vote(vote),
            Self::Timeout(timeout) => Input::Timeout { from, timeout },
            Self::SyncInfo(info) => Input::SyncInfo { from, info },
            Self::Blocks { wanted, blocks } => Input::Blocks { from, wanted, blocks },
            Self::Refused { block } => Input::FetchFailed { block, from },
        }
    }
}
