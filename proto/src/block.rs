//! Blocks: what one leader proposes in one view.
//!
//! A block names its parent and batches, and is named by the digest of its canonical bytes. The certificates that
//! justify it travel beside it, so its id does not depend on whose signatures a certificate happens to hold.

use crypto::Digest;

use crate::batch::{Batch, BatchError, BatchRef};
use crate::canonical::Canonical;
use crate::certificate::{CertificateError, QuorumCert};
use crate::counter::{Epoch, Height, TimeMs, View};
use crate::domain::Domain;
use crate::id::{BlockId, NetworkId, ValidatorIndex};
use crate::proposal::Proposal;
use crate::validators::ValidatorSet;
use crate::verified::{SignatureChecker, Unverified, Verified};

/// A proposal's content: where it stands and which batches it orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The reign it belongs to.
    pub epoch: Epoch,
    /// Its parent's height plus one.
    pub height: Height,
    /// The view it is proposed in.
    pub view: View,
    /// The block it extends.
    pub parent: BlockId,
    /// The view of the block it extends.
    pub parent_view: View,
    /// The leader of `view`.
    pub proposer: ValidatorIndex,
    /// The proposer's clock, later than the parent's.
    pub time: TimeMs,
    /// 0 to 64 distinct batches, in execution order.
    pub batches: Vec<BatchRef>,
    /// Who reigns next, when this block closes its epoch.
    pub handover: Option<Handover>,
}

/// Says of its block that it is the last of its epoch, and who reigns in the next one. Consensus never learns what
/// execution made of a block, so the header says it, and a validator votes for it only if its own ledger agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The height after which the ledger named the next validators; below the block's own.
    pub as_of: Height,
    /// They, by [`ValidatorSet::digest_of`] of the next epoch and its list.
    pub validators: Digest,
}

impl Block {
    /// Most batches in one block.
    pub const BATCHES_MAX: usize = 64;
    /// Largest sum of its batches' envelopes, in bytes: with all around it a block fits one response, so that whoever
    /// missed it can fetch it.
    pub const BODY_BYTES_MAX: usize = 3 << 20;

    /// The block at height 0 of a network; nobody proposed it, all of its members know it.
    pub fn genesis(network: &NetworkId, time: TimeMs) -> Self {
        Self {
            epoch: Epoch::ZERO,
            height: Height::ZERO,
            view: View::ZERO,
            parent: BlockId::new(*network.digest()),
            parent_view: View::ZERO,
            proposer: ValidatorIndex::new(0),
            time,
            batches: Vec::new(),
            handover: None,
        }
    }

    /// The digest of tag and canonical bytes.
    pub fn id(&self) -> BlockId {
        BlockId::new(Domain::BlockId.digest(&[&self.encode()]))
    }

    /// Sum of its batches' envelopes, in bytes, as it states them.
    pub fn body_bytes(&self) -> usize {
        self.batches.iter().map(|batch| batch.bytes as usize).sum()
    }

    /// Whether it neither orders anything nor closes its epoch; such a block only helps its parent to be committed.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.handover.is_none()
    }

    /// Whether it is to be the last block of its epoch.
    pub const fn closes_epoch(&self) -> bool {
        self.handover.is_some()
    }
}

/// A block, the certificate of its parent, and the bodies of its batches: what one node sends another that
/// missed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedBlock {
    /// The block.
    pub block: Block,
    /// The certificate of its parent.
    pub justify: QuorumCert,
    /// The batches it refers to, in its order.
    pub batches: Vec<Batch>,
}

/// Why a block that was asked for is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertifiedBlockError {
    /// The certificate does not hold, or the block does not stand on it.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A batch holds a submission whose signature does not hold.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl Unverified<CertifiedBlock> {
    /// Checks the parent's certificate, that the block stands on it, and every submission's signatures. That the
    /// batches are the ones the block names is checked by `ledger`, which knows their ids; that the block itself is
    /// certified follows from the certificate it was asked for by.
    ///
    /// # Errors
    /// `CertifiedBlockError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<CertifiedBlock>, CertifiedBlockError> {
        let CertifiedBlock { block, justify, batches } = self.get();
        Proposal::check_justified(block, justify)?;
        justify.verify(set, checker)?;
        for batch in batches {
            batch.verify_signatures(set.network(), checker)?;
        }
        Ok(self.vouch())
    }
}
