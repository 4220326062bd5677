//! The compact range: all that a log must remember in order to append and to know its root.
//!
//! Holds the hashes of the perfect subtrees the log divides into, largest first (the peaks): one for
//! each bit set in the size, so never more than 64. Each node is told once, when its last leaf arrives.
//! Source: RFC 6962 §2.1; the peaks are the left children along the right edge.

use crypto::Digest;

use crate::hash::{empty_root, node_hash};

/// The peaks of a log of `size` leaves.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Digest>,
}

/// Why a range could not be restored or could not grow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Another number of peaks than the size has bits set.
    #[error("a log of {size} leaves has {needed} peaks, found {found}")]
    Peaks {
        /// The size claimed.
        size: u64,
        /// Peaks given.
        found: usize,
        /// Peaks such a log has.
        needed: usize,
    },
    /// The log holds as many leaves as can be counted.
    #[error("the log is full at {size} leaves")]
    Full {
        /// Its size.
        size: u64,
    },
}

impl CompactRange {
    /// The range of an empty log.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Restores the range of a log of `size` leaves from its peaks, largest subtree first.
    ///
    /// Only their number can be checked here; compare [`root`](Self::root) with one that is trusted.
    ///
    /// # Errors
    /// `Peaks` when their number does not fit the size.
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Result<Self, RangeError> {
        let needed = size.count_ones() as usize;
        if peaks.len() != needed {
            return Err(RangeError::Peaks { size, found: peaks.len(), needed });
        }
        Ok(Self { size, peaks })
    }

    /// Appends one leaf, and tells `on_node` of each node it completes as `(level, index, hash)`,
    /// lowest first, beginning with the leaf itself at level 0.
    ///
    /// # Errors
    /// `Full` at `u64::MAX` leaves; then nothing has changed and nothing was told.
    pub fn append(
        &mut self,
        leaf_hash: Digest,
        on_node: &mut impl FnMut(u32, u64, Digest),
    ) -> Result<(), RangeError> {
        let grown = self.size.checked_add(1).ok_or(RangeError::Full { size: self.size })?;
        let mut hash = leaf_hash;
        let (mut level, mut index) = (0, self.size);
        on_node(level, index, hash);
        // An odd index has its left neighbour waiting as the last peak: join them, one level up.
        while index % 2 == 1 {
            let left =
                self.peaks.pop().expect("one peak for each bit set in size, kept by from_peaks and append");
            hash = node_hash(&left, &hash);
            level += 1;
            index /= 2;
            on_node(level, index, hash);
        }
        self.peaks.push(hash);
        self.size = grown;
        Ok(())
    }

    /// How many leaves the log has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, largest subtree first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// The root of the log.
    pub fn root(&self) -> Digest {
        let from_the_right = self.peaks.iter().rev().copied();
        if crypto::broken!(OddNodeDoubled) {
            let doubled = |right, left| node_hash(&left, &node_hash(&right, &right));
            return from_the_right.reduce(doubled).unwrap_or_else(empty_root);
        }
        from_the_right.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::hash::leaf_hash;
    use crate::nodes::{LeafHashes, Nodes};
    use crate::reference;

    #[test]
    fn roots_and_nodes_follow_the_definition_at_every_size() {
        let entries = reference::entries(257);
        let leaves = reference::leaf_hashes(&entries);
        let mut range = CompactRange::new();
        let mut told = BTreeMap::new();
        assert_eq!(range.root(), reference::tree_hash(&[]));
        for (at, leaf) in leaves.iter().enumerate() {
            let mut on_node = |level, index, hash| {
                assert_eq!(told.insert((level, index), hash), None, "a node is told once");
            };
            range.append(*leaf, &mut on_node).expect("far from full");
            assert_eq!(range.size(), at as u64 + 1);
            assert_eq!(range.root(), reference::tree_hash(&entries[..=at]));
            assert_eq!(CompactRange::from_peaks(range.size(), range.peaks().to_vec()), Ok(range.clone()));
        }
        let nodes = LeafHashes::new(&leaves);
        for ((level, index), hash) in &told {
            assert_eq!(nodes.node(*level, *index), Ok(*hash), "level {level}, index {index}");
        }
        let complete: usize = (0..9).map(|level| 257 >> level).sum();
        assert_eq!(told.len(), complete);
    }

    #[test]
    fn a_restored_range_needs_one_peak_for_each_bit_of_the_size() {
        let peak = leaf_hash(b"peak");
        for (size, found, needed) in [(0, 1, 0), (1, 0, 1), (6, 1, 2), (6, 3, 2), (u64::MAX, 63, 64)] {
            let refused = CompactRange::from_peaks(size, vec![peak; found]);
            assert_eq!(refused, Err(RangeError::Peaks { size, found, needed }));
        }
    }

    #[test]
    fn a_full_log_refuses_and_stays_as_it_was() {
        let mut range =
            CompactRange::from_peaks(u64::MAX - 1, vec![leaf_hash(b"peak"); 63]).expect("63 bits");
        range.append(leaf_hash(b"last"), &mut |_, _, _| {}).expect("one is left");
        let full = range.clone();
        let mut told = 0;
        let refused = range.append(leaf_hash(b"too many"), &mut |_, _, _| told += 1);
        assert_eq!(refused, Err(RangeError::Full { size: u64::MAX }));
        assert_eq!((range, told), (full, 0));
    }
}
