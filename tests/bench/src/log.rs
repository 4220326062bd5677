//! The Merkle log: appending, and what a verifier computes.

use std::hint::black_box;
use std::rc::Rc;

use crypto::{Digest, sha256};
use merkle::{CompactRange, TileTree, inclusion, leaf_hash};

use crate::body::{Body, Kind};

const APPENDED: u64 = 1_000;
const CHECKED: u64 = 100;
/// A log of a million leaves, whose paths have 20 hashes.
const SIZE: u64 = (1 << 20) - 3;
const INDEX: u64 = 777_777;

/// Appending, checking a path, and building the tree of a tile.
pub fn bodies() -> Vec<Body> {
    let entries: Rc<Vec<Vec<u8>>> = Rc::new((0..APPENDED).map(|n| n.to_be_bytes().repeat(40)).collect());
    let append = move || {
        let entries = Rc::clone(&entries);
        move || {
            let mut range = CompactRange::new();
            for entry in entries.iter() {
                let mut keep = |level: u32, index: u64, hash: Digest| {
                    black_box((level, index, hash));
                };
                range.append(leaf_hash(entry), &mut keep).expect("far from full");
            }
            range.root()
        }
    };
    let length = inclusion::proof_len(INDEX, SIZE).expect("within the log");
    let proof: Rc<Vec<Digest>> = Rc::new((0..length).map(|n| sha256(&n.to_be_bytes())).collect());
    let leaf = leaf_hash(b"entry");
    let root = inclusion::root_from(&leaf, INDEX, SIZE, &proof).expect("as long as it must be");
    let check = move || {
        let proof = Rc::clone(&proof);
        move || {
            for _ in 0..CHECKED {
                inclusion::verify(black_box(&leaf), INDEX, SIZE, &proof, &root)
                    .expect("it leads to this root");
            }
        }
    };
    let hashes: Rc<Vec<Digest>> = Rc::new((0..256_u16).map(|n| sha256(&n.to_be_bytes())).collect());
    let tile = move || {
        let hashes = hashes.to_vec();
        move || TileTree::new(hashes)
    };
    vec![
        Body::new("merkle: append", Kind::Plain, APPENDED, append),
        Body::new("merkle: check an inclusion", Kind::Plain, CHECKED, check),
        Body::new("merkle: the tree of a tile", Kind::Plain, 1, tile),
    ]
}
