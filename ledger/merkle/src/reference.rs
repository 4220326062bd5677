//! The tree as its papers define it, written naively: the oracle of the tests.
//!
//! Works on entries, recomputes everything, and shares no code with the fast versions but SHA-256.
//! Source: RFC 6962 §2.1 (MTH), §2.1.1 (PATH), §2.1.2 (PROOF, SUBPROOF), and
//! draft-ietf-plants-merkle-tree-certs (SUBTREE_PROOF).

use std::collections::BTreeMap;

use crypto::{Digest, sha256};

use crate::nodes::Nodes;

/// `count` different entries: entry i is the number i, written in as many bytes as it takes.
pub fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| i.to_string().into_bytes()).collect()
}

/// The hashes of single entries.
pub fn leaf_hashes(entries: &[Vec<u8>]) -> Vec<Digest> {
    entries.iter().map(|entry| tree_hash(std::slice::from_ref(entry))).collect()
}

/// `MTH(D[n])`.
pub fn tree_hash(entries: &[Vec<u8>]) -> Digest {
    match entries {
        [] => sha256(b""),
        [entry] => sha256(&[&[0][..], entry].concat()),
        more => {
            let (left, right) = more.split_at(split(more.len()));
            sha256(&[&[1][..], tree_hash(left).as_bytes(), tree_hash(right).as_bytes()].concat())
        }
    }
}

/// `PATH(m, D[n])`.
pub fn path(m: usize, entries: &[Vec<u8>]) -> Vec<Digest> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let k = split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut path, sibling) = if m < k { (path(m, left), right) } else { (path(m - k, right), left) };
    path.push(tree_hash(sibling));
    path
}

/// `PROOF(m, D[n])`, for `0 < m <= n`.
pub fn proof(m: usize, entries: &[Vec<u8>]) -> Vec<Digest> {
    subproof(m, entries, true)
}

/// `SUBPROOF(m, D[n], b)`.
fn subproof(m: usize, entries: &[Vec<u8>], known: bool) -> Vec<Digest> {
    if m == entries.len() {
        return if known { Vec::new() } else { vec![tree_hash(entries)] };
    }
    let k = split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut proof, sibling) =
        if m <= k { (subproof(m, left, known), right) } else { (subproof(m - k, right, false), left) };
    proof.push(tree_hash(sibling));
    proof
}

/// `SUBTREE_SUBPROOF(start, end, D[n], b)`, for a valid subtree with `start < end <= n`.
pub fn subtree_proof(start: usize, end: usize, entries: &[Vec<u8>], known: bool) -> Vec<Digest> {
    if (start, end) == (0, entries.len()) {
        return if known { Vec::new() } else { vec![tree_hash(entries)] };
    }
    let k = split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut proof, sibling) = if end <= k {
        (subtree_proof(start, end, left, known), right)
    } else if k <= start {
        (subtree_proof(start - k, end - k, right, known), left)
    } else {
        (subtree_proof(0, end - k, right, false), left)
    };
    proof.push(tree_hash(sibling));
    proof
}

/// Every perfect subtree of the entries, hashed once: saves the tests time, and is no part of the oracle.
pub struct Stored(BTreeMap<(u32, u64), Digest>);

impl Stored {
    pub fn new(entries: &[Vec<u8>]) -> Self {
        let levels = 0..usize::BITS - entries.len().leading_zeros();
        let on_level = |level: u32| {
            let perfect = entries.chunks_exact(1 << level);
            (0..).zip(perfect).map(move |(index, under)| ((level, index), tree_hash(under)))
        };
        Self(levels.flat_map(on_level).collect())
    }
}

impl Nodes for Stored {
    type Error = (u32, u64);

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        self.0.get(&(level, index)).copied().ok_or((level, index))
    }
}

/// The largest power of two below `n`, by trying.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// The digest with one bit, 0 to 255, turned over.
pub fn flip(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::new(bytes)
}

/// A proof spoiled in each simple way, at a place taken modulo its length.
pub fn spoil(proof: &[Digest], place: usize, bit: usize) -> Vec<Vec<Digest>> {
    let stranger = sha256(b"stranger");
    let longer = |at: usize| [&proof[..at], &[stranger], &proof[at..]].concat();
    let mut spoiled = vec![longer(0), longer(proof.len())];
    if proof.is_empty() {
        return spoiled;
    }
    let at = place % proof.len();
    let mut flipped = proof.to_vec();
    flipped[at] = flip(&proof[at], bit);
    spoiled.push(flipped);
    spoiled.push([&proof[..at], &proof[at + 1..]].concat());
    spoiled.push([&proof[..at], &proof[at..=at], &proof[at..]].concat());
    if proof.len() > 1 {
        let mut swapped = proof.to_vec();
        swapped.swap(at, (at + 1) % proof.len());
        spoiled.push(swapped);
    }
    spoiled
}
