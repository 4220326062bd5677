//! Certificates: that a quorum voted for a block, or wished to leave a view.
//!
//! Checked beside the type, so that validator, verifier and test use one function. Source: `SPEC.md`, rules C1, C2.

use crypto::Signature;

use crate::ballot::{TimeoutStatement, VoteStatement, consensus_key};
use crate::counter::{Epoch, Height, View};
use crate::id::{BlockId, ValidatorIndex};
use crate::validators::{Opening, ValidatorSet};
use crate::verified::{SignatureChecker, Unverified, Verified};

/// Why a certificate or ballot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Of another reign.
    #[error("of epoch {found}, this is epoch {expected}")]
    Epoch {
        /// Epoch found.
        found: Epoch,
        /// Epoch of the set asked.
        expected: Epoch,
    },
    /// No validator has this index.
    #[error("signer {signer} is not in the validator set")]
    UnknownSigner {
        /// Index found.
        signer: ValidatorIndex,
    },
    /// Signers are not strictly ascending: one would count twice, or the order is not the canonical one.
    #[error("signer {signer} is out of order or twice")]
    SignerOrder {
        /// The first one out of order.
        signer: ValidatorIndex,
    },
    /// Too little voting power signed.
    #[error("signers hold {power} of voting power, {needed} are needed")]
    BelowQuorum {
        /// Power of the signers.
        power: u64,
        /// Power needed.
        needed: u64,
    },
    /// A signature does not hold over the certificate's own fields.
    #[error("the signature of validator {signer} does not hold")]
    Signature {
        /// Whose.
        signer: ValidatorIndex,
    },
    /// Claims to be of view 0 but is not the certificate that opens the epoch.
    #[error("a certificate of view 0 that does not open epoch {epoch}")]
    NotOpening {
        /// Epoch of the set asked.
        epoch: Epoch,
    },
    /// A certificate that should be of an earlier view is not.
    #[error("a certificate of view {certificate} cannot stand before view {view}")]
    NotOlder {
        /// The certificate's view.
        certificate: View,
        /// The view it should precede.
        view: View,
    },
    /// No certificate shows that the view before has ended.
    #[error("nothing shows how view {view} was entered")]
    Unfounded {
        /// The view.
        view: View,
    },
    /// The timeout certificate does not carry the highest certificate its signers reported.
    #[error("signers report a certificate of view {reported}, the one carried is of view {carried}")]
    HighestMissing {
        /// Highest view reported.
        reported: View,
        /// View of the certificate carried.
        carried: View,
    },
    /// A block does not stand on the certificate it came with.
    #[error("the block does not extend the block its certificate certifies")]
    NotJustified,
    /// A certificate of another block than the one it came with, or of other fields of it.
    #[error("the certificate is of block {found}, it came with block {expected}")]
    OtherBlock {
        /// Block of the certificate.
        found: BlockId,
        /// The block it came with.
        expected: BlockId,
    },
    /// The signature is not the one of the block's proposer.
    #[error("the proposal is not signed by its proposer, validator {proposer}")]
    Proposer {
        /// The proposer named in the block.
        proposer: ValidatorIndex,
    },
}

/// That a quorum voted for one block in one view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumCert {
    /// The reign.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block.
    pub block: BlockId,
    /// Signers, strictly ascending, each with its Ed25519 signature over the vote.
    pub signatures: Vec<(ValidatorIndex, Signature)>,
}

impl QuorumCert {
    /// The certificate every member of an epoch has of the block that opened it; it needs no signature.
    pub const fn opening(epoch: Epoch, Opening { block, height }: Opening) -> Self {
        Self { epoch, view: View::ZERO, height, block, signatures: Vec::new() }
    }

    /// The certificate every member has of the genesis block.
    pub const fn genesis(block: BlockId) -> Self {
        Self::opening(Epoch::ZERO, Opening::genesis(block))
    }

    /// What its signers signed.
    pub const fn statement(&self) -> VoteStatement {
        VoteStatement { epoch: self.epoch, view: self.view, height: self.height, block: self.block }
    }

    /// Checks that validators holding a quorum of `set`'s voting power signed this block in this view.
    /// Source: `SPEC.md`, rule C1.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), CertificateError> {
        if crypto::broken!(OpeningOfAnyView)
            && self.signatures.is_empty()
            && self.block == set.opening_certificate().block
        {
            return Ok(());
        }
        set.expect_epoch(self.epoch)?;
        if self.view == View::ZERO {
            return match *self == set.opening_certificate() {
                true => Ok(()),
                false => Err(CertificateError::NotOpening { epoch: set.epoch() }),
            };
        }
        set.expect_quorum(self.signatures.iter().map(|(signer, _)| *signer))?;
        let message = self.statement().signed_bytes(set.network());
        for (signer, signature) in &self.signatures {
            checker
                .check(consensus_key(set, *signer)?, &message, signature)
                .map_err(|_| CertificateError::Signature { signer: *signer })?;
        }
        Ok(())
    }
}

/// One signer's part of a timeout certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeoutEntry {
    /// Who.
    pub signer: ValidatorIndex,
    /// The view of the highest quorum certificate it held.
    pub high_qc_view: View,
    /// Ed25519 over the timeout statement.
    pub signature: Signature,
}

/// That a quorum wished to leave a view, and the highest quorum certificate among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeoutCert {
    /// The reign.
    pub epoch: Epoch,
    /// The view that failed.
    pub view: View,
    /// The highest certificate its signers reported.
    pub high_qc: QuorumCert,
    /// Signers, strictly ascending.
    pub entries: Vec<TimeoutEntry>,
}

impl TimeoutCert {
    /// Checks that a quorum signed for this view, that the certificate carried is the highest any of them reported,
    /// and that it holds. Source: `SPEC.md`, rule C2.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), CertificateError> {
        set.expect_epoch(self.epoch)?;
        if self.high_qc.view >= self.view {
            return Err(CertificateError::NotOlder { certificate: self.high_qc.view, view: self.view });
        }
        if !crypto::broken!(TimeoutCertWithoutQuorum) {
            set.expect_quorum(self.entries.iter().map(|entry| entry.signer))?;
        }
        let reported = self.entries.iter().map(|entry| entry.high_qc_view).max().unwrap_or(View::ZERO);
        if reported != self.high_qc.view && !crypto::broken!(TimeoutCertHidesTheHighest) {
            return Err(CertificateError::HighestMissing { reported, carried: self.high_qc.view });
        }
        for TimeoutEntry { signer, high_qc_view, signature } in &self.entries {
            let statement =
                TimeoutStatement { epoch: self.epoch, view: self.view, high_qc_view: *high_qc_view };
            checker
                .check(consensus_key(set, *signer)?, &statement.signed_bytes(set.network()), signature)
                .map_err(|_| CertificateError::Signature { signer: *signer })?;
        }
        self.high_qc.verify(set, checker)
    }
}

impl Unverified<QuorumCert> {
    /// As [`QuorumCert::verify`].
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<QuorumCert>, CertificateError> {
        self.get().verify(set, checker)?;
        Ok(self.vouch())
    }
}
