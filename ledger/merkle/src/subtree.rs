//! Subtrees: aligned ranges of a log that have a hash of their own, such as the leaves of one block.
//!
//! `[start, end)` is a subtree when `start` is a multiple of the least power of two that is at least
//! `end - start`; then its hash is assembled from the log's own nodes, and any range of leaves is covered by
//! two of them. Proofs are made from stored nodes and checked without them; a check allocates nothing
//! and panics on no bytes.
//! Source: draft-ietf-plants-merkle-tree-certs, sections on subtrees and their two kinds of proof.

use std::fmt;

use crypto::Digest;

use crate::climb::{climb, ranges};
use crate::hash::empty_root;
use crate::inclusion;
use crate::nodes::{Nodes, subtree_hash};

/// A valid subtree `[start, end)`; it may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    start: u64,
    end: u64,
}

/// Why a range of leaves is not a subtree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubtreeError {
    /// The range ends before it starts.
    #[error("range [{start}, {end}) ends before it starts")]
    Reversed {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
    },
    /// The range does not begin where a subtree of its length may.
    #[error(
        "range [{start}, {end}) is no subtree: its start is not a multiple of its length rounded up to a power of two"
    )]
    Unaligned {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
    },
}

/// One or two neighbouring subtrees that together hold a range of leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Holds the start of the range; may begin before it, by less than half of its own length.
    pub left: Subtree,
    /// Begins where `left` ends, and ends with the range; `None` when `left` is all of it.
    pub right: Option<Subtree>,
}

/// Why a proof about a subtree could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The leaf is not in the subtree.
    #[error("leaf {index} is not within {subtree}")]
    IndexOutside {
        /// The leaf asked for.
        index: u64,
        /// The subtree it should be in.
        subtree: Subtree,
    },
    /// The log ends before the subtree does.
    #[error("subtree {subtree} is not within a log of {size} leaves")]
    PastEnd {
        /// The subtree asked for.
        subtree: Subtree,
        /// The size of the log.
        size: u64,
    },
    /// A stored node could not be had.
    #[error("a stored node could not be had")]
    Nodes(#[source] E),
}

/// Why a proof does not show that a leaf is in a subtree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// The leaf is not in the subtree.
    #[error("leaf {index} is not within {subtree}")]
    IndexOutside {
        /// The leaf claimed.
        index: u64,
        /// The subtree it should be in.
        subtree: Subtree,
    },
    /// The path within the subtree is wrong; indices count from the subtree's start.
    #[error(transparent)]
    Path(#[from] inclusion::InclusionError),
}

/// Why a proof does not show that a subtree is part of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    /// The log ends before the subtree does.
    #[error("subtree {subtree} is not within a log of {size} leaves")]
    PastEnd {
        /// The subtree claimed.
        subtree: Subtree,
        /// The size of the log.
        size: u64,
    },
    /// The proof has another number of hashes than subtree and size ask for.
    #[error("the proof has {found} hashes, {needed} are needed")]
    ProofLength {
        /// Hashes in the proof.
        found: usize,
        /// Hashes that a proof for this subtree and size has.
        needed: usize,
    },
    /// The subtree has another hash.
    #[error("the proof leads to subtree hash {computed}, claimed was {claimed}")]
    SubtreeHash {
        /// The hash the proof leads to.
        computed: Digest,
        /// The hash that was to be reached.
        claimed: Digest,
    },
    /// The proof leads from the subtree to another log.
    #[error("the proof leads to root {computed}, claimed was {claimed}")]
    Root {
        /// The root the proof leads to.
        computed: Digest,
        /// The root that was to be reached.
        claimed: Digest,
    },
}

impl Subtree {
    /// The subtree `[start, end)`.
    ///
    /// # Errors
    /// `Reversed` or `Unaligned`.
    pub fn new(start: u64, end: u64) -> Result<Self, SubtreeError> {
        let count = end.checked_sub(start).ok_or(SubtreeError::Reversed { start, end })?;
        // Above 2^63 leaves the power of two is 2^64, and its only multiple here is 0.
        let aligned = match count.checked_next_power_of_two() {
            Some(step) => start.is_multiple_of(step),
            None => start == 0,
        };
        if aligned { Ok(Self { start, end }) } else { Err(SubtreeError::Unaligned { start, end }) }
    }

    /// The first leaf.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// One past the last leaf.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many leaves the subtree has.
    pub const fn size(&self) -> u64 {
        self.end - self.start
    }

    /// Whether the subtree has no leaves.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether leaf `index` of the log is in the subtree.
    pub const fn contains(&self, index: u64) -> bool {
        self.start <= index && index < self.end
    }

    /// The hash of the subtree; of an empty one, the empty root.
    ///
    /// # Errors
    /// What `nodes` answers.
    pub fn hash<N: Nodes>(&self, nodes: &N) -> Result<Digest, N::Error> {
        subtree_hash(nodes, self.start, self.end)
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// The one or two subtrees that hold the leaves `[start, end)`, however they lie.
///
/// # Errors
/// `Reversed` when the range ends before it starts.
pub fn cover(start: u64, end: u64) -> Result<Cover, SubtreeError> {
    if start > end {
        return Err(SubtreeError::Reversed { start, end });
    }
    if end - start < 2 {
        return Ok(Cover { left: Subtree { start, end }, right: None });
    }
    // Divide where first and last leaf part ways in the tree: both sides then hang on that point,
    // the right one from its beginning, the left one to its end.
    let last = end - 1;
    let below = (1 << (start ^ last).ilog2()) - 1;
    let middle = last & !below;
    // Grow the left side to the least aligned block that still holds `start`.
    let block = u64::BITS - (!start & below).leading_zeros();
    let left_start = start & !((1_u64 << block) - 1);
    Ok(Cover {
        left: Subtree { start: left_start, end: middle },
        right: Some(Subtree { start: middle, end }),
    })
}

/// Makes the proof that leaf `index` of the log is in the subtree, lowest hash first.
///
/// # Errors
/// `IndexOutside`, or `Nodes` with what the store answered.
pub fn prove_inclusion<N: Nodes>(
    nodes: &N,
    index: u64,
    subtree: Subtree,
) -> Result<Vec<Digest>, ProveError<N::Error>> {
    if !subtree.contains(index) {
        return Err(ProveError::IndexOutside { index, subtree });
    }
    inclusion::path(nodes, subtree.start, subtree.end, index).map_err(ProveError::Nodes)
}

/// Checks that `leaf_hash` is leaf `index` of the log, within the subtree with this hash.
///
/// # Errors
/// `IndexOutside`, or `Path` with the fault of the path.
pub fn verify_inclusion(
    leaf_hash: &Digest,
    index: u64,
    subtree: Subtree,
    proof: &[Digest],
    subtree_hash: &Digest,
) -> Result<(), InclusionError> {
    if !subtree.contains(index) {
        return Err(InclusionError::IndexOutside { index, subtree });
    }
    Ok(inclusion::verify(leaf_hash, index - subtree.start, subtree.size(), proof, subtree_hash)?)
}

/// Makes the proof that the subtree is part of the log of `size` leaves, lowest hash first.
///
/// Empty for an empty subtree, of which nothing can be shown.
///
/// # Errors
/// `PastEnd`, or `Nodes` with what the store answered.
pub fn prove_consistency<N: Nodes>(
    nodes: &N,
    subtree: Subtree,
    size: u64,
) -> Result<Vec<Digest>, ProveError<N::Error>> {
    if subtree.end > size {
        return Err(ProveError::PastEnd { subtree, size });
    }
    if subtree.is_empty() {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    for (start, end) in ranges(subtree.start, subtree.end, size) {
        proof.push(subtree_hash(nodes, start, end).map_err(ProveError::Nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// How many hashes the consistency proof of the subtree has; `None` when the log ends before it.
pub fn consistency_proof_len(subtree: Subtree, size: u64) -> Option<usize> {
    if subtree.end > size {
        None
    } else if subtree.is_empty() {
        Some(0)
    } else {
        Some(ranges(subtree.start, subtree.end, size).count())
    }
}

/// Checks that the subtree with this hash is part of the log of `size` leaves with this root.
///
/// An empty subtree with the empty root's hash is part of every log long enough, so for it `root` is
/// not examined: success says nothing about that root.
///
/// # Errors
/// `PastEnd`, `ProofLength`, `SubtreeHash` or `Root`.
pub fn verify_consistency(
    subtree: Subtree,
    subtree_hash: &Digest,
    size: u64,
    root: &Digest,
    proof: &[Digest],
) -> Result<(), ConsistencyError> {
    let needed = consistency_proof_len(subtree, size).ok_or(ConsistencyError::PastEnd { subtree, size })?;
    let wrong_length = ConsistencyError::ProofLength { found: proof.len(), needed };
    if proof.len() != needed {
        return Err(wrong_length);
    }
    if subtree.is_empty() {
        let (computed, claimed) = (empty_root(), *subtree_hash);
        let other = ConsistencyError::SubtreeHash { computed, claimed };
        return if computed == claimed { Ok(()) } else { Err(other) };
    }
    let climbed = climb(subtree.start, subtree.end, size, subtree_hash, proof).ok_or(wrong_length)?;
    if climbed.subtree != *subtree_hash {
        return Err(ConsistencyError::SubtreeHash { computed: climbed.subtree, claimed: *subtree_hash });
    }
    if climbed.root != *root {
        return Err(ConsistencyError::Root { computed: climbed.root, claimed: *root });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
