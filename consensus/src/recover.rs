//! Recovery: a replica from its record, its journal and the last committed block.
//!
//! What is read back is our own and was checked when it was written; the checks here are for a journal and a store that
//! do not belong together. Source: `SPEC.md`, rules R1 to R5.

use proto::block::Block;
use proto::certificate::{CertificateError, QuorumCert};
use proto::counter::{Epoch, View};
use proto::id::{BlockId, ValidatorIndex};

/// The last block committed and applied, and its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The block.
    pub block: Block,
    /// Its certificate, as it came with `CommittedBlock`.
    pub certificate: QuorumCert,
}

impl Tip {
    /// Where every network begins.
    pub fn genesis(block: Block) -> Self {
        let certificate = QuorumCert::genesis(block.id());
        Self { block, certificate }
    }
}

/// Why a replica cannot start from what it was given. None of it passes by waiting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// We are to be a validator that the set does not have.
    #[error("validator {me} is not one of the {count} of the set")]
    NotInSet {
        /// Our index.
        me: ValidatorIndex,
        /// Number of validators.
        count: usize,
    },
    /// A record or block of another reign.
    #[error("the journal is of epoch {found}, the validator set of epoch {expected}")]
    Epoch {
        /// Epoch found.
        found: Epoch,
        /// Epoch of the set.
        expected: Epoch,
    },
    /// The tip's certificate is of another block.
    #[error("the last committed block is {expected} of view {view}, its certificate is for {found}")]
    Tip {
        /// Id of the tip.
        expected: BlockId,
        /// View of the tip.
        view: View,
        /// Block of the certificate.
        found: BlockId,
    },
    /// The record shows an act in a view that nothing shows how it was entered: its certificates are missing, and
    /// without them we could neither vote nor time out again.
    #[error("the journal shows an act in view {acted}, its certificates lead to view {entered} only")]
    Unfounded {
        /// The view acted in.
        acted: View,
        /// The view the certificates lead to.
        entered: View,
    },
    /// The record names a block of another view than the one acted in.
    #[error("the journal shows an act in view {acted} with a block of view {found}")]
    Act {
        /// The view acted in.
        acted: View,
        /// The block's view.
        found: View,
    },
    /// A journaled block does not stand on the certificate beside it.
    #[error("journaled block of view {view}: {fault}")]
    Journal {
        /// The block's view.
        view: View,
        /// What is wrong.
        fault: CertificateError,
    },
}
