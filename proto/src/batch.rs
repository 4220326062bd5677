//! Batches: submissions packed by the validator that received them.
//!
//! A batch is named by the RFC 6962 root over the ids of its submissions, computed in `ledger`; a block refers to
//! it by that id. Its submissions' signatures are checked once, when the batch arrives.

use crate::block::CertifiedBlock;
use crate::id::{BatchId, NetworkId, ValidatorIndex};
use crate::submission::{Submission, SubmissionError};
use crate::verified::{SignatureChecker, Unverified, Verified};

/// Submissions in the order in which they will be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The validator that packed it.
    pub author: ValidatorIndex,
    /// 1 to 1,000 distinct submissions.
    pub submissions: Vec<Submission>,
}

impl Batch {
    /// Most submissions in one batch.
    pub const COUNT_MAX: usize = 1_000;
    /// Largest sum of the envelopes, in bytes.
    pub const BYTES_MAX: usize = 512 << 10;

    /// Sum of the envelopes, in bytes.
    pub fn content_bytes(&self) -> usize {
        self.submissions.iter().map(|submission| submission.bytes().len()).sum()
    }
}

/// How a block names a batch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchRef {
    /// The batch.
    pub id: BatchId,
    /// Number of its submissions.
    pub count: u32,
    /// Sum of its envelopes, in bytes.
    pub bytes: u32,
}

/// Why a batch is refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("submission {position} of the batch: {fault}")]
pub struct BatchError {
    /// Position of the first bad submission, from 0.
    pub position: usize,
    /// What is wrong with it.
    pub fault: SubmissionError,
}

impl Batch {
    /// Checks the signatures of every submission.
    ///
    /// # Errors
    /// `BatchError` naming the first submission that fails.
    pub fn verify_signatures(
        &self,
        network: &NetworkId,
        checker: &dyn SignatureChecker,
    ) -> Result<(), BatchError> {
        for (position, submission) in self.submissions.iter().enumerate() {
            submission.verify_signatures(network, checker).map_err(|fault| BatchError { position, fault })?;
        }
        Ok(())
    }
}

impl Unverified<Batch> {
    /// As [`Batch::verify_signatures`].
    ///
    /// # Errors
    /// `BatchError` naming the first submission that fails.
    pub fn verify(
        self,
        network: &NetworkId,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Batch>, BatchError> {
        self.get().verify_signatures(network, checker)?;
        Ok(self.vouch())
    }
}

impl Verified<CertifiedBlock> {
    /// The batches, each as verified as the block was.
    pub fn batches(&self) -> impl Iterator<Item = Verified<Batch>> + '_ {
        self.batches.iter().map(|batch| Unverified::new(batch.clone()).vouch())
    }
}

impl Verified<Submission> {
    /// Packs submissions whose signatures hold into a batch whose signatures hold.
    pub fn pack(author: ValidatorIndex, submissions: Vec<Self>) -> Verified<Batch> {
        let submissions = submissions.into_iter().map(Verified::into_inner).collect();
        Unverified::new(Batch { author, submissions }).vouch()
    }
}
