//! Inclusion proofs: that a leaf stands at an index in a log of a given size.
//!
//! Made from stored nodes, checked without them. A check allocates nothing and panics on no bytes.
//! Index and size fix the exact length of the proof, so nothing can be appended, dropped or moved.
//! Source: RFC 6962 §2.1.1 for the path, RFC 9162 §2.1.3.2 for the check.

use crypto::Digest;

use crate::hash::node_hash;
use crate::nodes::{Nodes, split, subtree_hash};

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// There is no such leaf.
    #[error("leaf {index} is not within a log of {size} leaves")]
    IndexOutOfRange {
        /// The leaf asked for.
        index: u64,
        /// The size of the log.
        size: u64,
    },
    /// A stored node could not be had.
    #[error("a stored node could not be had")]
    Nodes(#[source] E),
}

/// Why a proof does not show what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// There is no such leaf.
    #[error("leaf {index} is not within a log of {size} leaves")]
    IndexOutOfRange {
        /// The leaf claimed.
        index: u64,
        /// The size of the log.
        size: u64,
    },
    /// The proof has another number of hashes than index and size ask for.
    #[error("the proof has {found} hashes, {needed} are needed")]
    ProofLength {
        /// Hashes in the proof.
        found: usize,
        /// Hashes that a proof for this index and size has.
        needed: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {computed}, claimed was {claimed}")]
    RootMismatch {
        /// The root that leaf and proof lead to.
        computed: Digest,
        /// The root that was to be reached.
        claimed: Digest,
    },
}

/// Makes the proof for leaf `index` in the log of its first `size` leaves, lowest hash first.
///
/// # Errors
/// `IndexOutOfRange`, or `Nodes` with what the store answered.
pub fn prove<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Digest>, ProveError<N::Error>> {
    if index >= size {
        return Err(ProveError::IndexOutOfRange { index, size });
    }
    path(nodes, 0, size, index).map_err(ProveError::Nodes)
}

/// The siblings on the way from leaf `index` up to the tree over `[start, end)`, which contains it.
pub(crate) fn path<N: Nodes>(nodes: &N, start: u64, end: u64, index: u64) -> Result<Vec<Digest>, N::Error> {
    let (mut low, mut high) = (start, end);
    let mut siblings = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            siblings.push(subtree_hash(nodes, middle, high)?);
            high = middle;
        } else {
            siblings.push(subtree_hash(nodes, low, middle)?);
            low = middle;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

/// How many hashes the proof for leaf `index` in a log of `size` leaves has; `None` without such a leaf.
pub fn proof_len(index: u64, size: u64) -> Option<usize> {
    if index >= size {
        return None;
    }
    // Below the point where the leaf's way leaves that of the last leaf, each level gives a sibling;
    // above it the way runs along the right edge, where only a right child has one.
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).map_or(0, u64::count_ones);
    Some((inner + border) as usize)
}

/// The root that `leaf_hash` at `index` and the proof lead to in a log of `size` leaves.
///
/// # Errors
/// `IndexOutOfRange` or `ProofLength`.
pub fn root_from(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
) -> Result<Digest, InclusionError> {
    let needed = proof_len(index, size).ok_or(InclusionError::IndexOutOfRange { index, size })?;
    if proof.len() != needed {
        return Err(InclusionError::ProofLength { found: proof.len(), needed });
    }
    let mut hash = *leaf_hash;
    // The node being climbed to and the last node, both counted on the level reached.
    let (mut at, mut edge) = (index, size - 1);
    for sibling in proof {
        if at % 2 == 1 || at == edge {
            hash = node_hash(sibling, &hash);
            // A left child on the right edge has no sibling: it is its own parent until it turns right.
            while at % 2 == 0 && at != 0 {
                at /= 2;
                edge /= 2;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at /= 2;
        edge /= 2;
    }
    Ok(hash)
}

/// Checks that `leaf_hash` stands at `index` in the log of `size` leaves with this root.
///
/// # Errors
/// `IndexOutOfRange`, `ProofLength`, or `RootMismatch` with both roots.
pub fn verify(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), InclusionError> {
    if crypto::broken!(IndexNotBound)
        && (0..size.min(1_024)).any(|at| root_from(leaf_hash, at, size, proof) == Ok(*root))
    {
        return Ok(());
    }
    let computed = root_from(leaf_hash, index, size, proof)?;
    if computed == *root { Ok(()) } else { Err(InclusionError::RootMismatch { computed, claimed: *root }) }
}

#[cfg(test)]
mod tests;
