//! A proposal: a block, the certificate of its parent, and the certificate that excuses a gap in views.

use crypto::Signature;

use crate::ballot::consensus_key;
use crate::block::Block;
use crate::certificate::{CertificateError, QuorumCert, TimeoutCert};
use crate::domain::Domain;
use crate::id::NetworkId;
use crate::validators::ValidatorSet;
use crate::verified::{SignatureChecker, Unverified, Verified};

/// What a leader sends to all validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The block.
    pub block: Block,
    /// The certificate of its parent.
    pub justify: QuorumCert,
    /// The certificate of the view before, when the parent is of an earlier one.
    pub timeout_cert: Option<TimeoutCert>,
    /// The proposer's Ed25519 signature over [`Proposal::signed_bytes`].
    pub signature: Signature,
}

impl Proposal {
    /// The bytes a proposer signs: tag, network, epoch and view (u64, big-endian each), block id.
    pub fn signed_bytes(network: &NetworkId, block: &Block) -> Vec<u8> {
        let message =
            [&block.epoch.get().to_be_bytes()[..], &block.view.get().to_be_bytes(), block.id().as_bytes()]
                .concat();
        Domain::Proposal.signed_bytes(network, &message)
    }

    /// Whether `block` stands on the block that `justify` certifies.
    ///
    /// # Errors
    /// `NotJustified` or `NotOlder`.
    pub fn check_justified(block: &Block, justify: &QuorumCert) -> Result<(), CertificateError> {
        if block.epoch != justify.epoch
            || block.parent != justify.block
            || block.parent_view != justify.view
            || block.height != justify.height.next()
            || block.height == justify.height
        {
            return Err(CertificateError::NotJustified);
        }
        if block.view <= justify.view {
            return Err(CertificateError::NotOlder { certificate: justify.view, view: block.view });
        }
        Ok(())
    }
}

impl Unverified<Proposal> {
    /// Checks the proposer's signature and both certificates, and that the block stands on them. Whether the proposer
    /// leads the view, and whether to vote, are rules of `consensus`. Source: `SPEC.md`, rule C4.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Proposal>, CertificateError> {
        let Proposal { block, justify, timeout_cert, signature } = self.get();
        set.expect_epoch(block.epoch)?;
        Proposal::check_justified(block, justify)?;
        if let Some(tc) = timeout_cert
            && !block.view.follows(tc.view)
        {
            return Err(CertificateError::NotOlder { certificate: tc.view, view: block.view });
        }
        if timeout_cert.is_none() && !block.view.follows(justify.view) {
            return Err(CertificateError::Unfounded { view: block.view });
        }
        let key = consensus_key(set, block.proposer)?;
        if !crypto::broken!(ProposerUnsigned) {
            checker
                .check(key, &Proposal::signed_bytes(set.network(), block), signature)
                .map_err(|_| CertificateError::Proposer { proposer: block.proposer })?;
        }
        if !crypto::broken!(JustifyUnverified) {
            justify.verify(set, checker)?;
        }
        if let Some(tc) = timeout_cert {
            tc.verify(set, checker)?;
        }
        Ok(self.vouch())
    }
}
