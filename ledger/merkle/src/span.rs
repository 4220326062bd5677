//! Spans: neighbouring leaves and the proof that they stand where they are said to stand, with nothing between them.
//!
//! The proof holds the hash of each largest subtree beside the span, from left to right; first leaf, count and size fix how
//! many there are. A check allocates nothing and panics on no bytes.
//! Source: RFC 6962 §2.1, whose tree is walked as it is defined.

use std::ops::Range;

use crypto::Digest;

use crate::hash::node_hash;
use crate::nodes::{Nodes, split, subtree_hash};

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanProveError<E> {
    /// There are no such leaves.
    #[error("leaves [{start}, {end}) are none of a tree of {size}")]
    OutOfTree {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A stored node could not be had.
    #[error("a stored node could not be had")]
    Nodes(#[source] E),
}

/// Why a proof does not show what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// There are no such leaves.
    #[error("{count} leaves from {start} on are none of a tree of {size}")]
    OutOfTree {
        /// First leaf.
        start: u64,
        /// Number of leaves.
        count: usize,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has another number of hashes than the span asks for.
    #[error("the proof has {found} hashes, which is too {}", if *.short { "few" } else { "many" })]
    ProofLength {
        /// Hashes in the proof.
        found: usize,
        /// Whether one is missing; else some are left over.
        short: bool,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {computed}, claimed was {claimed}")]
    RootMismatch {
        /// The root that leaves and proof lead to.
        computed: Digest,
        /// The root that was to be reached.
        claimed: Digest,
    },
}

/// Makes the proof for the leaves of `span`, at least one, in the tree of the first `size` leaves.
///
/// # Errors
/// `OutOfTree`, or `Nodes` with what the store answered.
pub fn prove<N: Nodes>(
    nodes: &N,
    span: Range<u64>,
    size: u64,
) -> Result<Vec<Digest>, SpanProveError<N::Error>> {
    let Range { start, end } = span;
    if start >= end || end > size {
        return Err(SpanProveError::OutOfTree { start, end, size });
    }
    let mut proof = Vec::new();
    beside(nodes, &(start..end), 0..size, &mut proof).map_err(SpanProveError::Nodes)?;
    Ok(proof)
}

fn beside<N: Nodes>(
    nodes: &N,
    span: &Range<u64>,
    tree: Range<u64>,
    proof: &mut Vec<Digest>,
) -> Result<(), N::Error> {
    match place(span, &tree) {
        Place::Within => Ok(()),
        Place::Beside => {
            proof.push(subtree_hash(nodes, tree.start, tree.end)?);
            Ok(())
        }
        Place::Across => {
            let middle = tree.start + split(tree.end - tree.start);
            beside(nodes, span, tree.start..middle, proof)?;
            beside(nodes, span, middle..tree.end, proof)
        }
    }
}

/// Checks that leaves with these hashes, at least one, stand from `start` on in the tree of `size` leaves with this root.
/// The size must be as trusted as the root: trees of several sizes may look alike from one span.
///
/// # Errors
/// `SpanError`, the first that fails.
pub fn verify(
    leaf_hashes: &[Digest],
    start: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), SpanError> {
    let count = leaf_hashes.len();
    let end = start.checked_add(count as u64).filter(|end| *end <= size && count > 0);
    let end = end.ok_or(SpanError::OutOfTree { start, count, size })?;
    let (mut leaves, mut rest) = (leaf_hashes.iter(), proof.iter());
    let length = |short| SpanError::ProofLength { found: proof.len(), short };
    let computed = climb(&(start..end), 0..size, &mut leaves, &mut rest).ok_or(length(true))?;
    if rest.next().is_some() {
        return Err(length(false));
    }
    match computed == *root {
        true => Ok(()),
        false => Err(SpanError::RootMismatch { computed, claimed: *root }),
    }
}

/// The hash of a subtree, from the leaves of the span and the proof in their order. It goes as deep as a tree is high, 64.
fn climb<'a>(
    span: &Range<u64>,
    tree: Range<u64>,
    leaves: &mut impl Iterator<Item = &'a Digest>,
    proof: &mut impl Iterator<Item = &'a Digest>,
) -> Option<Digest> {
    match place(span, &tree) {
        Place::Beside => proof.next().copied(),
        Place::Within if tree.end - tree.start == 1 => leaves.next().copied(),
        Place::Within | Place::Across => {
            let middle = tree.start + split(tree.end - tree.start);
            let left = climb(span, tree.start..middle, leaves, proof)?;
            Some(node_hash(&left, &climb(span, middle..tree.end, leaves, proof)?))
        }
    }
}

/// How a subtree stands to a span.
enum Place {
    Within,
    Beside,
    Across,
}

fn place(span: &Range<u64>, tree: &Range<u64>) -> Place {
    if tree.end <= span.start || span.end <= tree.start {
        Place::Beside
    } else if span.start <= tree.start && tree.end <= span.end {
        Place::Within
    } else {
        Place::Across
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::LeafHashes;
    use crate::reference;

    #[test]
    fn every_span_of_every_small_tree_is_proven_and_nothing_else() {
        let entries = reference::entries(21);
        let hashes = reference::leaf_hashes(&entries);
        for size in 1..=entries.len() {
            let root = reference::tree_hash(&entries[..size]);
            let nodes = LeafHashes::new(&hashes[..size]);
            for start in 0..size {
                for end in start + 1..=size {
                    let (first, all) = (start as u64, size as u64);
                    let proof = prove(&nodes, first..end as u64, all).expect("within the tree");
                    let check = |leaves: &[Digest], first, all, proof: &[Digest]| {
                        verify(leaves, first, all, proof, &root)
                    };
                    let leaves = &hashes[start..end];
                    assert_eq!(check(leaves, first, all, &proof), Ok(()), "[{start}, {end}) of {size}");
                    for spoiled in reference::spoil(&proof, start, end) {
                        assert!(check(leaves, first, all, &spoiled).is_err(), "[{start}, {end}) of {size}");
                    }
                    // A leaf left out at either side, or in the middle, or put elsewhere.
                    assert!(check(&leaves[1..], first, all, &proof).is_err());
                    assert!(check(&leaves[1..], first + 1, all, &proof).is_err());
                    assert!(check(&leaves[..leaves.len() - 1], first, all, &proof).is_err());
                    assert!(check(leaves, first + 1, all, &proof).is_err());
                    let other = reference::flip(&root, 3);
                    let mismatch = SpanError::RootMismatch { computed: root, claimed: other };
                    assert_eq!(verify(leaves, first, all, &proof, &other), Err(mismatch));
                }
            }
        }
    }

    #[test]
    fn no_numbers_make_it_panic() {
        let leaf = reference::leaf_hashes(&reference::entries(1));
        for (start, size) in [(0, 0), (1, 1), (u64::MAX, u64::MAX), (u64::MAX - 1, u64::MAX), (0, u64::MAX)] {
            assert!(verify(&leaf, start, size, &[], &leaf[0]).is_err());
            assert!(verify(&[], start, size, &[], &leaf[0]).is_err());
        }
        let nodes = LeafHashes::new(&leaf);
        assert_eq!(prove(&nodes, 0..2, 1), Err(SpanProveError::OutOfTree { start: 0, end: 2, size: 1 }));
        assert!(prove(&nodes, 1..1, 1).is_err());
        assert_eq!(prove(&nodes, 0..1, 1), Ok(Vec::new()));
    }
}
