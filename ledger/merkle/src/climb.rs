//! The walk that ties the hash of a subtree to the root of the log it hangs in.
//!
//! Serves consistency of logs (the subtree that begins at 0) and of subtrees alike, so that there is one
//! walk to trust. Callers give `start < end <= size` with `[start, end)` a valid subtree. A check
//! allocates nothing and panics on no bytes.
//! Source: RFC 6962 §2.1.2 and RFC 9162 §2.1.4.2, generalised as in draft-ietf-plants-merkle-tree-certs,
//! "Subtree Consistency Proofs".

use crypto::Digest;

use crate::hash::node_hash;
use crate::nodes::split;

/// The ranges whose hashes make up a proof, from the root down: the reverse of the proof's order.
pub(crate) struct Ranges {
    /// What is still to be reached.
    start: u64,
    end: u64,
    /// The part of the log walked into.
    low: u64,
    high: u64,
    /// Whether `[start, end)` is still the whole subtree, whose hash the checker has already.
    whole: bool,
    arrived: bool,
}

/// The ranges whose hashes tie `[start, end)` to the log of `size` leaves.
pub(crate) fn ranges(start: u64, end: u64, size: u64) -> Ranges {
    Ranges { start, end, low: 0, high: size, whole: true, arrived: false }
}

impl Iterator for Ranges {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<(u64, u64)> {
        if self.arrived {
            return None;
        }
        if (self.low, self.high) == (self.start, self.end) {
            self.arrived = true;
            return (!self.whole).then_some((self.low, self.high));
        }
        let middle = self.low + split(self.high - self.low);
        if self.end <= middle {
            let right = (middle, self.high);
            self.high = middle;
            return Some(right);
        }
        if self.start < middle {
            // The subtree reaches over the middle, so it holds all of the left half: go on with the rest.
            self.start = middle;
            self.whole = false;
        }
        let left = (self.low, middle);
        self.low = middle;
        Some(left)
    }
}

/// The two hashes a proof leads to; they are to be compared with those that are claimed.
pub(crate) struct Climbed {
    pub subtree: Digest,
    pub root: Digest,
}

/// Climbs from the subtree `[start, end)` to the root of the log of `size` leaves.
///
/// `None` when the proof has another length than `ranges` yields.
pub(crate) fn climb(start: u64, end: u64, size: u64, hash: &Digest, proof: &[Digest]) -> Option<Climbed> {
    // The subtree's first and last node and the log's last node, counted on the level reached.
    let (mut first, mut last, mut edge) = (start, end - 1, size - 1);
    // Begin at the largest node of the log that ends where the subtree ends and is within it.
    while first != last && (last % 2 == 1 || last == edge) {
        first /= 2;
        last /= 2;
        edge /= 2;
    }
    let mut rest = proof.iter();
    // When that node is the subtree itself, its hash is known and is not part of the proof.
    let begin = if first == last { hash } else { rest.next()? };
    let (mut subtree, mut root) = (*begin, *begin);
    for sibling in rest {
        if edge == 0 {
            return None;
        }
        if last % 2 == 1 || last == edge {
            if first < last {
                subtree = node_hash(sibling, &subtree);
            }
            root = node_hash(sibling, &root);
            // A left child on the right edge is its own parent until it turns right. `last` is not 0
            // here: it is odd, or equal to `edge`, which is not 0.
            while last % 2 == 0 {
                first /= 2;
                last /= 2;
                edge /= 2;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        first /= 2;
        last /= 2;
        edge /= 2;
    }
    (edge == 0).then_some(Climbed { subtree, root })
}
