//! Votes and timeouts: the two statements a validator signs about a view.

use crypto::{PublicKey, Signature};

use crate::certificate::{CertificateError, QuorumCert, TimeoutCert};
use crate::counter::{Epoch, Height, View};
use crate::domain::Domain;
use crate::id::{BlockId, NetworkId, ValidatorIndex};
use crate::validators::ValidatorSet;
use crate::verified::{SignatureChecker, Unverified, Verified};

/// What a vote says: this block, at this height, in this view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoteStatement {
    /// The reign.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block.
    pub block: BlockId,
}

impl VoteStatement {
    /// The bytes to sign: tag, network, then epoch, view, height (u64, big-endian each) and block id.
    pub fn signed_bytes(&self, network: &NetworkId) -> Vec<u8> {
        let height = if crypto::broken!(HeightNotSigned) { Height::ZERO } else { self.height };
        let message = [
            &self.epoch.get().to_be_bytes()[..],
            &self.view.get().to_be_bytes(),
            &height.get().to_be_bytes(),
            self.block.as_bytes(),
        ]
        .concat();
        Domain::Vote.signed_bytes(network, &message)
    }
}

/// What a timeout says: I leave this view, and the highest certificate I hold is of that view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeoutStatement {
    /// The reign.
    pub epoch: Epoch,
    /// The view to leave.
    pub view: View,
    /// The view of the signer's highest quorum certificate.
    pub high_qc_view: View,
}

impl TimeoutStatement {
    /// The bytes to sign: tag, network, then epoch, view, certificate's view (u64, big-endian each).
    pub fn signed_bytes(&self, network: &NetworkId) -> Vec<u8> {
        let message = [
            self.epoch.get().to_be_bytes(),
            self.view.get().to_be_bytes(),
            self.high_qc_view.get().to_be_bytes(),
        ]
        .concat();
        Domain::Timeout.signed_bytes(network, &message)
    }
}

/// A validator's vote for a block: in the papers, simply a vote; never a vote on a proof, which is an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it says.
    pub statement: VoteStatement,
    /// Who says it.
    pub voter: ValidatorIndex,
    /// Ed25519 over the statement.
    pub signature: Signature,
}

/// A validator's wish to leave a view, with the certificates that bring others up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// The reign.
    pub epoch: Epoch,
    /// The view to leave.
    pub view: View,
    /// The highest quorum certificate the signer holds.
    pub high_qc: QuorumCert,
    /// The certificate of the view before, when that view failed.
    pub last_tc: Option<TimeoutCert>,
    /// Who says it.
    pub voter: ValidatorIndex,
    /// Ed25519 over the statement.
    pub signature: Signature,
}

impl Timeout {
    /// What was signed.
    pub const fn statement(&self) -> TimeoutStatement {
        TimeoutStatement { epoch: self.epoch, view: self.view, high_qc_view: self.high_qc.view }
    }
}

/// The consensus key of a validator, if there is one at this index.
pub(crate) fn consensus_key(
    set: &ValidatorSet,
    signer: ValidatorIndex,
) -> Result<&PublicKey, CertificateError> {
    match set.get(signer) {
        Some(validator) => Ok(&validator.consensus),
        None => Err(CertificateError::UnknownSigner { signer }),
    }
}

impl Unverified<Vote> {
    /// Checks that a validator of `set` signed this vote in the set's epoch.
    ///
    /// # Errors
    /// `CertificateError`: `Epoch`, `UnknownSigner` or `Signature`.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Vote>, CertificateError> {
        let Vote { statement, voter, signature } = self.get();
        set.expect_epoch(statement.epoch)?;
        let key = consensus_key(set, *voter)?;
        checker
            .check(key, &statement.signed_bytes(set.network()), signature)
            .map_err(|_| CertificateError::Signature { signer: *voter })?;
        Ok(self.vouch())
    }
}

impl Unverified<Timeout> {
    /// Checks the signature, both certificates, and that they are older than the view to leave.
    /// Source: `SPEC.md`, rule C3.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Timeout>, CertificateError> {
        let timeout = self.get();
        set.expect_epoch(timeout.epoch)?;
        if timeout.high_qc.view >= timeout.view {
            return Err(CertificateError::NotOlder { certificate: timeout.high_qc.view, view: timeout.view });
        }
        if let Some(tc) = &timeout.last_tc
            && !timeout.view.follows(tc.view)
        {
            return Err(CertificateError::NotOlder { certificate: tc.view, view: timeout.view });
        }
        // A view is entered by a certificate of the view before: without one the timeout is unfounded.
        if timeout.last_tc.is_none() && !timeout.view.follows(timeout.high_qc.view) {
            return Err(CertificateError::Unfounded { view: timeout.view });
        }
        let key = consensus_key(set, timeout.voter)?;
        checker
            .check(key, &timeout.statement().signed_bytes(set.network()), &timeout.signature)
            .map_err(|_| CertificateError::Signature { signer: timeout.voter })?;
        timeout.high_qc.verify(set, checker)?;
        if let Some(tc) = &timeout.last_tc {
            tc.verify(set, checker)?;
        }
        Ok(self.vouch())
    }
}
