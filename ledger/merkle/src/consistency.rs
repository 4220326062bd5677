//! Consistency proofs: that a newer log begins with all of an older one, in the same order.
//!
//! Made from stored nodes, checked without them. A check allocates nothing and panics on no bytes.
//! The two sizes fix the exact length of the proof.
//! Source: RFC 6962 §2.1.2 for the proof, RFC 9162 §2.1.4.2 for the check, whose walk is `climb.rs`.

use crypto::Digest;

use crate::climb::{climb, ranges};
use crate::hash::empty_root;
use crate::nodes::{Nodes, subtree_hash};

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The older log is the larger one.
    #[error("a log of {new} leaves cannot extend one of {old}")]
    SizesReversed {
        /// Size of the log called older.
        old: u64,
        /// Size of the log called newer.
        new: u64,
    },
    /// A stored node could not be had.
    #[error("a stored node could not be had")]
    Nodes(#[source] E),
}

/// Why a proof does not show what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    /// The older log is the larger one.
    #[error("a log of {new} leaves cannot extend one of {old}")]
    SizesReversed {
        /// Size of the log called older.
        old: u64,
        /// Size of the log called newer.
        new: u64,
    },
    /// Every log extends the empty one, so no proof ties the newer root to anything.
    #[error("the older log is empty, which says nothing about the root {new_root} of {new} leaves")]
    FromEmpty {
        /// Size of the newer log.
        new: u64,
        /// Its root, of which nothing was shown.
        new_root: Digest,
    },
    /// The proof has another number of hashes than the sizes ask for.
    #[error("the proof has {found} hashes, {needed} are needed")]
    ProofLength {
        /// Hashes in the proof.
        found: usize,
        /// Hashes that a proof for these sizes has.
        needed: usize,
    },
    /// Two roots for one size: whoever signed both has shown two histories.
    #[error("two roots for a log of {size} leaves: {old_root} and {new_root}")]
    TwoRoots {
        /// The size both are for.
        size: u64,
        /// The root said to be older.
        old_root: Digest,
        /// The root said to be newer.
        new_root: Digest,
    },
    /// The proof does not contain the older log.
    #[error("the proof leads to the older root {computed}, claimed was {claimed}")]
    OldRoot {
        /// The older root the proof leads to.
        computed: Digest,
        /// The older root that was to be reached.
        claimed: Digest,
    },
    /// The proof leads from the older log to another newer one.
    #[error("the proof leads to the newer root {computed}, claimed was {claimed}")]
    NewRoot {
        /// The newer root the proof leads to.
        computed: Digest,
        /// The newer root that was to be reached.
        claimed: Digest,
    },
}

/// Makes the proof that the log of `new` leaves extends its own state at `old` leaves, lowest hash first.
///
/// Empty when the sizes are equal, and when `old` is 0, where there is nothing to be shown.
///
/// # Errors
/// `SizesReversed`, or `Nodes` with what the store answered.
pub fn prove<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Digest>, ProveError<N::Error>> {
    if old > new {
        return Err(ProveError::SizesReversed { old, new });
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    for (start, end) in ranges(0, old, new) {
        proof.push(subtree_hash(nodes, start, end).map_err(ProveError::Nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// How many hashes the proof from `old` to `new` leaves has; `None` when `old` is the larger.
pub fn proof_len(old: u64, new: u64) -> Option<usize> {
    match old {
        _ if old > new => None,
        0 => Some(0),
        _ => Some(ranges(0, old, new).count()),
    }
}

/// Checks that the log of `new_size` leaves with root `new_root` extends the one of `old_size` with `old_root`.
///
/// # Errors
/// `SizesReversed`, `ProofLength`, `TwoRoots` for equal sizes, `FromEmpty` when only the older log is
/// empty, `OldRoot` or `NewRoot` with both roots.
pub fn verify(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ConsistencyError> {
    let needed = proof_len(old_size, new_size)
        .ok_or(ConsistencyError::SizesReversed { old: old_size, new: new_size })?;
    let wrong_length = ConsistencyError::ProofLength { found: proof.len(), needed };
    if proof.len() != needed {
        return Err(wrong_length);
    }
    if old_size == 0 && *old_root != empty_root() {
        return Err(ConsistencyError::OldRoot { computed: empty_root(), claimed: *old_root });
    }
    if old_size == new_size {
        let (old_root, new_root) = (*old_root, *new_root);
        let two = ConsistencyError::TwoRoots { size: new_size, old_root, new_root };
        return if old_root == new_root { Ok(()) } else { Err(two) };
    }
    if old_size == 0 {
        return Err(ConsistencyError::FromEmpty { new: new_size, new_root: *new_root });
    }
    let climbed = climb(0, old_size, new_size, old_root, proof).ok_or(wrong_length)?;
    if climbed.subtree != *old_root && !crypto::broken!(OlderRootIgnored) {
        return Err(ConsistencyError::OldRoot { computed: climbed.subtree, claimed: *old_root });
    }
    if climbed.root != *new_root {
        return Err(ConsistencyError::NewRoot { computed: climbed.root, claimed: *new_root });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
