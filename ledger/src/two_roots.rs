//! Two roots for one size of the log, signed by one validator: what convicts it before anybody who has the set.
//!
//! A log has one root for each size, and an honest validator cosigns a head only when its block is durable, so no
//! restart makes it sign another one. The same head signed twice, at whatever times, says nothing.
//! Source: `STATE.md`, rule C4.

use proto::checkpoint::{Cosignature, CosignatureError};
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use proto::verified::SignatureChecker;

/// Two cosignatures that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoRoots(pub Box<[Cosignature; 2]>);

/// Why two cosignatures are no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TwoRootsError {
    /// By different validators.
    #[error("cosignatures of two validators, {first} and {second}")]
    TwoAuthors {
        /// Signer of the first.
        first: ValidatorIndex,
        /// Signer of the second.
        second: ValidatorIndex,
    },
    /// Of different sizes, which have different roots in any log.
    #[error("cosignatures of two sizes, {first} and {second}")]
    TwoSizes {
        /// Size of the first.
        first: TreeSize,
        /// Size of the second.
        second: TreeSize,
    },
    /// Of the same root.
    #[error("one root signed twice")]
    Same,
    /// A signature does not hold.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

impl TwoRoots {
    /// Whom they convict, if they hold.
    pub fn accused(&self) -> ValidatorIndex {
        self.0[0].signer
    }

    /// The size they are about.
    pub fn size(&self) -> TreeSize {
        self.0[0].head.size
    }

    /// Checks that one validator signed both, about one size, and that the roots differ.
    ///
    /// # Errors
    /// `TwoRootsError`, the first that fails.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), TwoRootsError> {
        let [first, second] = &*self.0;
        if first.signer != second.signer {
            return Err(TwoRootsError::TwoAuthors { first: first.signer, second: second.signer });
        }
        if first.head.size != second.head.size {
            return Err(TwoRootsError::TwoSizes { first: first.head.size, second: second.head.size });
        }
        if first.head == second.head {
            return Err(TwoRootsError::Same);
        }
        first.verify(set, checker)?;
        second.verify(set, checker)?;
        Ok(())
    }
}
