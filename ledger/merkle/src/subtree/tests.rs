use proptest::prelude::*;

use super::*;
use crate::consistency;
use crate::hash::leaf_hash;
use crate::nodes::{LeafHashes, OutOfTree, root_at};
use crate::reference;

fn subtree(start: u64, end: u64) -> Subtree {
    Subtree::new(start, end).expect("a valid subtree")
}

#[test]
fn a_subtree_starts_at_a_multiple_of_its_length_rounded_up() {
    for (start, end) in [(0, 0), (7, 7), (5, 6), (4, 6), (4, 8), (8, 13), (0, u64::MAX), (1 << 63, u64::MAX)]
    {
        assert_eq!(Subtree::new(start, end).map(|subtree| subtree.size()), Ok(end - start));
    }
    for (start, end) in [(1, 3), (2, 5), (2, 6), (1, 15), (3, 5), (4, 9), (1, u64::MAX), (1 << 62, u64::MAX)]
    {
        assert_eq!(Subtree::new(start, end), Err(SubtreeError::Unaligned { start, end }));
    }
    assert_eq!(Subtree::new(2, 1), Err(SubtreeError::Reversed { start: 2, end: 1 }));
}

#[test]
fn every_range_is_covered_closely_by_valid_subtrees() {
    for end in 0..150_u64 {
        for start in 0..=end {
            let Cover { left, right } = cover(start, end).expect("not reversed");
            assert_eq!(Subtree::new(left.start, left.end), Ok(left));
            assert!(left.start <= start, "[{start}, {end})");
            assert!(2 * (start - left.start) < left.size().max(1), "less than half is in excess");
            let last = right.unwrap_or(left);
            assert_eq!(Subtree::new(last.start, last.end), Ok(last));
            assert_eq!(last.end, end);
            assert_eq!(right.map_or(left.end, |right| right.start), left.end, "no gap between them");
            assert_eq!(right.is_some(), end - start > 1);
        }
    }
    assert_eq!(cover(2, 1), Err(SubtreeError::Reversed { start: 2, end: 1 }));
    let widest = cover(0, u64::MAX).expect("not reversed");
    assert_eq!((widest.left, widest.right), (subtree(0, 1 << 63), Some(subtree(1 << 63, u64::MAX))));
    assert!(cover(u64::MAX - 1, u64::MAX).is_ok());
    assert!(cover(1, u64::MAX).is_ok());
}

#[test]
fn consistency_follows_the_definition_and_passes_for_every_subtree() {
    let entries = reference::entries(48);
    let nodes = reference::Stored::new(&entries);
    for size in 1..=48_usize {
        let root = reference::tree_hash(&entries[..size]);
        for end in 1..=size {
            for start in 0..end {
                let Ok(part) = Subtree::new(start as u64, end as u64) else { continue };
                let hash = part.hash(&nodes).expect("all nodes are there");
                let proof = prove_consistency(&nodes, part, size as u64).expect("all nodes are there");
                assert_eq!(
                    proof,
                    reference::subtree_proof(start, end, &entries[..size], true),
                    "{part} of {size}"
                );
                assert_eq!(consistency_proof_len(part, size as u64), Some(proof.len()));
                assert_eq!(
                    verify_consistency(part, &hash, size as u64, &root, &proof),
                    Ok(()),
                    "{part} of {size}"
                );
            }
            let (old, new) = (end as u64, size as u64);
            assert_eq!(
                prove_consistency(&nodes, subtree(0, old), new).ok(),
                consistency::prove(&nodes, old, new).ok(),
                "the subtree from 0 is the older log"
            );
        }
    }
}

#[test]
fn inclusion_in_a_subtree_is_inclusion_in_a_tree_of_its_leaves() {
    let entries = reference::entries(48);
    let leaves = reference::leaf_hashes(&entries);
    let nodes = LeafHashes::new(&leaves);
    for end in 0..=48_usize {
        for start in 0..=end {
            let Ok(part) = Subtree::new(start as u64, end as u64) else { continue };
            let hash = reference::tree_hash(&entries[start..end]);
            for (index, leaf) in leaves.iter().enumerate().take(end).skip(start) {
                let at = index as u64;
                let proof = prove_inclusion(&nodes, at, part).expect("all nodes are there");
                assert_eq!(proof, reference::path(index - start, &entries[start..end]));
                assert_eq!(verify_inclusion(leaf, at, part, &proof, &hash), Ok(()));
            }
            for index in [part.end, u64::MAX, part.start.wrapping_sub(1)] {
                let outside = prove_inclusion(&nodes, index, part);
                assert_eq!(outside, Err(ProveError::IndexOutside { index, subtree: part }));
                let outside = verify_inclusion(&hash, index, part, &[], &hash);
                assert_eq!(outside, Err(InclusionError::IndexOutside { index, subtree: part }));
            }
        }
    }
}

#[test]
fn a_subtree_past_the_end_is_refused() {
    let leaves = reference::leaf_hashes(&reference::entries(4));
    let nodes = LeafHashes::new(&leaves);
    let (part, hash) = (subtree(4, 6), leaf_hash(b"any"));
    assert_eq!(prove_consistency(&nodes, part, 5), Err(ProveError::PastEnd { subtree: part, size: 5 }));
    assert_eq!(consistency_proof_len(part, 5), None);
    assert_eq!(
        verify_consistency(part, &hash, 5, &hash, &[]),
        Err(ConsistencyError::PastEnd { subtree: part, size: 5 })
    );
    assert_eq!(
        prove_consistency(&nodes, subtree(0, 4), 6),
        Err(ProveError::Nodes(OutOfTree { level: 1, index: 2, size: 4 }))
    );
}

#[test]
fn an_empty_subtree_has_the_empty_root_and_no_proof() {
    let (empty, other) = (empty_root(), leaf_hash(b"other"));
    let nodes = LeafHashes::new(&[]);
    let part = subtree(3, 3);
    assert_eq!(prove_consistency(&nodes, part, 9), Ok(Vec::new()));
    assert_eq!(verify_consistency(part, &empty, 9, &other, &[]), Ok(()));
    assert_eq!(
        verify_consistency(part, &other, 9, &other, &[]),
        Err(ConsistencyError::SubtreeHash { computed: empty, claimed: other })
    );
    assert_eq!(
        verify_consistency(part, &empty, 9, &other, &[empty]),
        Err(ConsistencyError::ProofLength { found: 1, needed: 0 })
    );
}

#[test]
fn a_wrong_subtree_hash_is_told_apart_from_a_wrong_root() {
    let leaves = reference::leaf_hashes(&reference::entries(16));
    let nodes = LeafHashes::new(&leaves);
    let (part, other) = (subtree(8, 13), leaf_hash(b"other"));
    let hash = part.hash(&nodes).expect("all nodes are there");
    let root = root_at(&nodes, 16).expect("all nodes are there");
    let proof = prove_consistency(&nodes, part, 16).expect("all nodes are there");
    assert_eq!(
        verify_consistency(part, &other, 16, &root, &proof),
        Err(ConsistencyError::SubtreeHash { computed: hash, claimed: other })
    );
    assert_eq!(
        verify_consistency(part, &hash, 16, &other, &proof),
        Err(ConsistencyError::Root { computed: root, claimed: other })
    );
}

proptest! {
    #[test]
    fn a_spoiled_proof_is_refused(size in 2_u64..150, from: u64, to: u64, place: usize, bit in 0_usize..256) {
        let leaves = reference::leaf_hashes(&reference::entries(size as usize));
        let nodes = LeafHashes::new(&leaves);
        let start = from % size;
        let part = cover(start, start + 1 + to % (size - start)).expect("not reversed").left;
        let hash = part.hash(&nodes).expect("all nodes are there");
        let root = root_at(&nodes, size).expect("all nodes are there");
        let proof = prove_consistency(&nodes, part, size).expect("all nodes are there");
        prop_assert_eq!(verify_consistency(part, &hash, size, &root, &proof), Ok(()));
        for spoiled in reference::spoil(&proof, place, bit) {
            prop_assert!(verify_consistency(part, &hash, size, &root, &spoiled).is_err());
        }
        prop_assert!(verify_consistency(part, &reference::flip(&hash, bit), size, &root, &proof).is_err());
        prop_assert!(verify_consistency(part, &hash, size, &reference::flip(&root, bit), &proof).is_err());
    }

    #[test]
    fn no_input_panics(start: u64, end: u64, size: u64, index: u64, hashes in 0_usize..70) {
        let (hash, other) = (leaf_hash(b"any"), leaf_hash(b"other"));
        if let Ok(Cover { left, right }) = cover(start, end) {
            for part in [Some(left), right].into_iter().flatten() {
                prop_assert_eq!(Subtree::new(part.start(), part.end()), Ok(part));
                prop_assert!(verify_consistency(part, &hash, size, &other, &vec![hash; hashes]).is_err());
                prop_assert!(verify_inclusion(&hash, index, part, &vec![hash; hashes + 1], &hash).is_err());
                if let Some(needed) = consistency_proof_len(part, size) {
                    prop_assert!(verify_consistency(part, &hash, size, &other, &vec![hash; needed]).is_err());
                }
            }
        }
    }
}
