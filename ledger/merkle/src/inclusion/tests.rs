use proptest::prelude::*;

use super::*;
use crate::hash::{leaf_hash, node_hash};
use crate::nodes::{LeafHashes, OutOfTree, root_at};
use crate::reference;

#[test]
fn every_leaf_of_every_size_is_proved_as_the_definition_says() {
    let entries = reference::entries(257);
    let leaves = reference::leaf_hashes(&entries);
    let nodes = reference::Stored::new(&entries);
    for size in 0..=entries.len() {
        let root = reference::tree_hash(&entries[..size]);
        for (index, leaf) in leaves[..size].iter().enumerate() {
            let (at, of) = (index as u64, size as u64);
            let proof = prove(&nodes, at, of).expect("all nodes are there");
            assert_eq!(proof_len(at, of), Some(proof.len()));
            assert_eq!(verify(leaf, at, of, &proof, &root), Ok(()), "leaf {index} of {size}");
            // The oracle hashes a whole tree a proof: all of the small logs, a spread of the larger.
            if size <= 40 || index % 37 == size % 37 || index + 1 == size {
                assert_eq!(proof, reference::path(index, &entries[..size]), "leaf {index} of {size}");
            }
        }
    }
}

#[test]
fn there_is_no_leaf_at_or_past_the_size() {
    let leaves = reference::leaf_hashes(&reference::entries(4));
    let nodes = LeafHashes::new(&leaves);
    for (index, size) in [(0, 0), (1, 1), (4, 4), (u64::MAX, 4), (u64::MAX, u64::MAX)] {
        assert_eq!(prove(&nodes, index, size), Err(ProveError::IndexOutOfRange { index, size }));
        assert_eq!(proof_len(index, size), None);
        let refused = verify(&leaves[0], index, size, &[], &leaves[0]);
        assert_eq!(refused, Err(InclusionError::IndexOutOfRange { index, size }));
    }
    assert_eq!(
        prove(&nodes, 0, 5),
        Err(ProveError::Nodes(OutOfTree { level: 0, index: 4, size: 4 })),
        "the store's own answer is kept"
    );
}

#[test]
fn the_largest_logs_can_be_counted() {
    let hash = leaf_hash(b"any");
    for (index, size, needed) in [
        (0, u64::MAX, 64),
        (u64::MAX - 1, u64::MAX, 63),
        (0, 1 << 63, 63),
        (1 << 63, (1 << 63) + 1, 1),
        (0, (1 << 63) + 1, 64),
    ] {
        assert_eq!(proof_len(index, size), Some(needed), "leaf {index} of {size}");
        assert!(root_from(&hash, index, size, &vec![hash; needed]).is_ok());
        let found = needed + 1;
        let refused = root_from(&hash, index, size, &vec![hash; found]);
        assert_eq!(refused, Err(InclusionError::ProofLength { found, needed }));
    }
}

#[test]
fn an_inner_node_does_not_pass_for_a_leaf() {
    let entries = reference::entries(4);
    let leaves = reference::leaf_hashes(&entries);
    let root = reference::tree_hash(&entries);
    let (left, right) = (node_hash(&leaves[0], &leaves[1]), node_hash(&leaves[2], &leaves[3]));
    // As a hash, the node would pass for the log of two leaves whose root is the same...
    assert_eq!(verify(&left, 0, 2, &[right], &root), Ok(()));
    // ...but nobody has an entry with that leaf hash, and for the true size its proof is too short.
    let entry = [leaves[0].as_bytes().as_slice(), leaves[1].as_bytes().as_slice()].concat();
    assert_ne!(leaf_hash(&entry), left);
    assert!(matches!(
        verify(&leaf_hash(&entry), 0, 2, &[right], &root),
        Err(InclusionError::RootMismatch { claimed, .. }) if claimed == root
    ));
    assert_eq!(
        verify(&left, 0, 4, &[right], &root),
        Err(InclusionError::ProofLength { found: 1, needed: 2 })
    );
}

#[test]
fn a_proof_is_bound_to_its_index() {
    let entries = reference::entries(33);
    let leaves = reference::leaf_hashes(&entries);
    let nodes = LeafHashes::new(&leaves);
    let root = reference::tree_hash(&entries);
    for index in 0..33 {
        let proof = prove(&nodes, index, 33).expect("all nodes are there");
        for other in (0..40).filter(|other| *other != index) {
            assert!(verify(&leaves[index as usize], other, 33, &proof, &root).is_err(), "{index} as {other}");
        }
    }
}

#[test]
fn a_root_is_bound_to_its_leaves_at_each_size() {
    let leaves = reference::leaf_hashes(&reference::entries(40));
    let nodes = LeafHashes::new(&leaves);
    let proof = prove(&nodes, 20, 40).expect("all nodes are there");
    for size in 21..40 {
        let other = root_at(&nodes, size).expect("all nodes are there");
        assert!(verify(&leaves[20], 20, 40, &proof, &other).is_err(), "root of {size}");
        let own = prove(&nodes, 20, size).expect("all nodes are there");
        assert_eq!(verify(&leaves[20], 20, size, &own, &other), Ok(()));
    }
}

proptest! {
    #[test]
    fn a_spoiled_proof_is_refused(size in 2_u64..200, at: u64, place: usize, bit in 0_usize..256) {
        let leaves = reference::leaf_hashes(&reference::entries(size as usize));
        let nodes = LeafHashes::new(&leaves);
        let index = at % size;
        let leaf = leaves[index as usize];
        let root = root_at(&nodes, size).expect("all nodes are there");
        let proof = prove(&nodes, index, size).expect("all nodes are there");
        prop_assert_eq!(verify(&leaf, index, size, &proof, &root), Ok(()));

        for spoiled in reference::spoil(&proof, place, bit) {
            prop_assert!(verify(&leaf, index, size, &spoiled, &root).is_err());
        }
        let flipped = reference::flip(&leaf, bit);
        let refused = verify(&flipped, index, size, &proof, &root);
        let is_mismatch = matches!(refused, Err(InclusionError::RootMismatch { .. }));
        prop_assert!(is_mismatch);
    }

    #[test]
    fn no_input_panics(index: u64, size: u64, hashes in 0_usize..70) {
        let hash = leaf_hash(b"any");
        prop_assert!(verify(&hash, index, size, &vec![hash; hashes], &hash).is_err());
    }
}
