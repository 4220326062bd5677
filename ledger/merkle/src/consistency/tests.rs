use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::nodes::{LeafHashes, OutOfTree, root_at};
use crate::reference;

#[test]
fn every_pair_of_sizes_is_proved_as_the_definition_says() {
    let entries = reference::entries(257);
    let nodes = reference::Stored::new(&entries);
    let roots: Vec<_> = (0..=257).map(|size| reference::tree_hash(&entries[..size])).collect();
    for new in 0..=257_usize {
        for old in 1..=new {
            let (from, to) = (old as u64, new as u64);
            let proof = prove(&nodes, from, to).expect("all nodes are there");
            assert_eq!(proof_len(from, to), Some(proof.len()));
            assert_eq!(verify(from, &roots[old], to, &roots[new], &proof), Ok(()), "from {old} to {new}");
            // The oracle hashes a whole tree a proof: all of the small logs, a spread of the larger.
            if new <= 40 || old % 41 == new % 41 || old + 1 == new {
                assert_eq!(proof, reference::proof(old, &entries[..new]), "from {old} to {new}");
            }
        }
    }
}

#[test]
fn a_log_does_not_shrink() {
    let leaves = reference::leaf_hashes(&reference::entries(4));
    let nodes = LeafHashes::new(&leaves);
    let root = leaf_hash(b"any");
    for (old, new) in [(1, 0), (4, 3), (u64::MAX, 0), (u64::MAX, u64::MAX - 1)] {
        assert_eq!(prove(&nodes, old, new), Err(ProveError::SizesReversed { old, new }));
        assert_eq!(proof_len(old, new), None);
        assert_eq!(verify(old, &root, new, &root, &[]), Err(ConsistencyError::SizesReversed { old, new }));
    }
    assert_eq!(prove(&nodes, 4, 5), Err(ProveError::Nodes(OutOfTree { level: 0, index: 4, size: 4 })));
}

#[test]
fn an_empty_log_shows_nothing_and_is_not_taken_for_a_proof() {
    let (empty, other) = (empty_root(), leaf_hash(b"other"));
    let nodes = LeafHashes::new(&[]);
    assert_eq!(prove(&nodes, 0, 7), Ok(Vec::new()));
    assert_eq!(verify(0, &empty, 0, &empty, &[]), Ok(()));
    assert_eq!(
        verify(0, &empty, 7, &other, &[]),
        Err(ConsistencyError::FromEmpty { new: 7, new_root: other })
    );
    assert_eq!(
        verify(0, &other, 7, &other, &[]),
        Err(ConsistencyError::OldRoot { computed: empty, claimed: other })
    );
    assert_eq!(
        verify(0, &other, 0, &other, &[]),
        Err(ConsistencyError::OldRoot { computed: empty, claimed: other })
    );
    assert_eq!(
        verify(0, &empty, 7, &other, &[other]),
        Err(ConsistencyError::ProofLength { found: 1, needed: 0 })
    );
}

#[test]
fn two_roots_for_one_size_are_kept_as_evidence() {
    let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
    assert_eq!(verify(5, &one, 5, &one, &[]), Ok(()));
    assert_eq!(
        verify(5, &one, 5, &two, &[]),
        Err(ConsistencyError::TwoRoots { size: 5, old_root: one, new_root: two })
    );
    assert_eq!(verify(5, &one, 5, &one, &[one]), Err(ConsistencyError::ProofLength { found: 1, needed: 0 }));
}

#[test]
fn a_rewritten_history_is_told_apart_from_a_wrong_future() {
    let leaves = reference::leaf_hashes(&reference::entries(20));
    let nodes = LeafHashes::new(&leaves);
    let other = leaf_hash(b"other");
    for old in 1..20 {
        let old_root = root_at(&nodes, old).expect("all nodes are there");
        let new_root = root_at(&nodes, 20).expect("all nodes are there");
        let proof = prove(&nodes, old, 20).expect("all nodes are there");
        assert_eq!(
            verify(old, &old_root, 20, &other, &proof),
            Err(ConsistencyError::NewRoot { computed: new_root, claimed: other })
        );
        let refused = verify(old, &other, 20, &new_root, &proof);
        if old.is_power_of_two() {
            // The older root is where the walk begins, so a wrong one shows in the newer.
            assert!(matches!(refused, Err(ConsistencyError::NewRoot { claimed, .. }) if claimed == new_root));
        } else {
            assert_eq!(refused, Err(ConsistencyError::OldRoot { computed: old_root, claimed: other }));
        }
    }
}

#[test]
fn a_proof_is_bound_to_both_sizes() {
    // Sizes are bound through the shape of the proof: another shape needs another length or leads elsewhere.
    // Sizes of one shape, such as 4 → 6 and 4 → 7, are told apart by the roots alone.
    let leaves = reference::leaf_hashes(&reference::entries(24));
    let nodes = LeafHashes::new(&leaves);
    let roots: Vec<_> = (0..=24).map(|size| root_at(&nodes, size).expect("all nodes are there")).collect();
    for old in 1..24_u64 {
        let proof = prove(&nodes, old, 24).expect("all nodes are there");
        for other in (1..=24).filter(|other| *other != old) {
            let refused = verify(other, &roots[other as usize], 24, &roots[24], &proof);
            assert!(refused.is_err(), "the proof from {old} must not serve from {other}");
            assert!(verify(old, &roots[other as usize], 24, &roots[24], &proof).is_err());
        }
    }
}

proptest! {
    #[test]
    fn a_spoiled_proof_is_refused(new in 2_u64..200, at: u64, place: usize, bit in 0_usize..256) {
        let leaves = reference::leaf_hashes(&reference::entries(new as usize));
        let nodes = LeafHashes::new(&leaves);
        let old = 1 + at % new;
        let old_root = root_at(&nodes, old).expect("all nodes are there");
        let new_root = root_at(&nodes, new).expect("all nodes are there");
        let proof = prove(&nodes, old, new).expect("all nodes are there");
        prop_assert_eq!(verify(old, &old_root, new, &new_root, &proof), Ok(()));

        for spoiled in reference::spoil(&proof, place, bit) {
            prop_assert!(verify(old, &old_root, new, &new_root, &spoiled).is_err());
        }
        prop_assert!(verify(old, &reference::flip(&old_root, bit), new, &new_root, &proof).is_err());
        prop_assert!(verify(old, &old_root, new, &reference::flip(&new_root, bit), &proof).is_err());
    }

    #[test]
    fn no_input_panics(old: u64, new: u64, hashes in 0_usize..70) {
        let hash = leaf_hash(b"any");
        let other = leaf_hash(b"other");
        prop_assert!(verify(old, &hash, new, &other, &vec![hash; hashes]).is_err());
        if let Some(needed) = proof_len(old, new) {
            prop_assert!(needed <= 65);
            prop_assert!(verify(old, &hash, new, &other, &vec![hash; needed]).is_err());
        }
    }
}
