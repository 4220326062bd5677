//! Proofs that do not lead from the entry to the root: wrong index, wrong length, wrong hashes.

use crypto::Digest;
use merkle::{leaf_hash, node_hash};
use proto::counter::LeafIndex;
use proto::receipt::Receipt;

use crate::log::{Log, block, genesis};
use crate::trust::{plain, plain_signers};
use crate::vector::Vector;

const INDEX: &str = "index";
const LENGTH: &str = "proof_length";
const ROOT: &str = "root";

pub fn vectors() -> Vec<Vector> {
    [indices(), lengths(), roots(), moved()].concat()
}

/// Seven leaves: paths of two and of three hashes.
fn log() -> Log {
    Log::of_size(&plain_signers(), 7)
}

fn one(name: impl Into<String>, receipt: &Receipt, failed: &'static str) -> Vector {
    Vector::json(name, &plain(), receipt, Some(failed))
}

fn indices() -> Vec<Vector> {
    let log = log();
    let at = |index: u64| Receipt { index: LeafIndex::new(index), ..log.receipt(2) };
    let mut found: Vec<Vector> = [7, 8, 1 << 32, Receipt::INDEX_MAX]
        .into_iter()
        .map(|index| one(format!("index {index} of 7"), &at(index), INDEX))
        .collect();
    let single = Log::of_size(&plain_signers(), 1);
    let receipt = Receipt { index: LeafIndex::new(1), ..single.receipt(0) };
    found.push(one("index 1 of 1", &receipt, INDEX));
    // A tlog-proof can spell larger ones.
    for index in [Receipt::INDEX_MAX + 1, u64::MAX] {
        let text = at(index).to_tlog_proof();
        let entry = log.entries[2].clone();
        found.push(Vector::tlog_proof(format!("index {index} of 7"), &plain(), text, entry, Some(INDEX)));
    }
    found
}

fn lengths() -> Vec<Vector> {
    let log = log();
    let good = log.receipt(2);
    let with = |proof: Vec<Digest>| Receipt { proof, ..good.clone() };
    let single = Log::of_size(&plain_signers(), 1).receipt(0);
    vec![
        one("no hash", &with(Vec::new()), LENGTH),
        one("without the first hash", &with(good.proof[1..].to_vec()), LENGTH),
        one("without the last hash", &with(good.proof[..2].to_vec()), LENGTH),
        one("a hash of zeros more", &with([good.proof.clone(), vec![Digest::ZERO]].concat()), LENGTH),
        one("the first hash twice", &with([&good.proof[..1], &good.proof].concat()), LENGTH),
        one("64 hashes", &with(vec![good.proof[0]; 64]), LENGTH),
        one("a hash in a log of one leaf", &Receipt { proof: vec![Digest::ZERO], ..single }, LENGTH),
        one("the index of a leaf with a shorter path", &Receipt { index: LeafIndex::new(6), ..good }, LENGTH),
        one(
            "the index of a leaf with a longer path",
            &Receipt { index: LeafIndex::new(5), ..log.receipt(6) },
            LENGTH,
        ),
    ]
}

fn roots() -> Vec<Vector> {
    let log = log();
    let good = log.receipt(2);
    let leaves = log.leaves();
    let with = |proof: Vec<Digest>| Receipt { proof, ..good.clone() };
    let mut found = vec![
        one("the hashes in reverse", &with(good.proof.iter().rev().copied().collect()), ROOT),
        one("two hashes swapped", &with(vec![good.proof[1], good.proof[0], good.proof[2]]), ROOT),
        one("the proof of a neighbour", &with(log.proof(3)), ROOT),
        one("hashes of zeros", &with(vec![Digest::ZERO; 3]), ROOT),
        one("the leaf itself for its neighbour", &with([&[leaves[2]], &good.proof[1..]].concat()), ROOT),
        one("the entry of a neighbour", &Receipt { entry: log.entries[3].clone(), ..good.clone() }, ROOT),
        one("no entry", &Receipt { entry: Vec::new(), ..good.clone() }, ROOT),
        one(
            "an entry with a byte more",
            &Receipt { entry: [&good.entry[..], &[0]].concat(), ..good.clone() },
            ROOT,
        ),
        one(
            "an entry with a byte less",
            &Receipt { entry: good.entry[..good.entry.len() - 1].to_vec(), ..good.clone() },
            ROOT,
        ),
        one("another entry of the network's own", &Receipt { entry: block(), ..good.clone() }, ROOT),
    ];
    for (at, hash) in good.proof.iter().enumerate() {
        for bit in [0, 255] {
            let mut bytes = *hash.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut proof = good.proof.clone();
            proof[at] = Digest::new(bytes);
            found.push(one(format!("bit {bit} of hash {at} turned"), &with(proof), ROOT));
        }
    }
    for at in [0, good.entry.len() / 2, good.entry.len() - 1] {
        let mut entry = good.entry.clone();
        entry[at] ^= 1;
        found.push(one(
            format!("a bit of byte {at} of the entry turned"),
            &Receipt { entry, ..good.clone() },
            ROOT,
        ));
    }
    // An inner node in the place of an entry: right in a tree that tells no leaf from a node.
    let pair = [leaves[2].as_bytes().as_slice(), leaves[3].as_bytes()].concat();
    assert_ne!(leaf_hash(&pair), node_hash(&leaves[2], &leaves[3]));
    let four = Log::of_size(&plain_signers(), 4);
    let leaves = four.leaves();
    let pair = [leaves[0].as_bytes().as_slice(), leaves[1].as_bytes()].concat();
    let node =
        Receipt { entry: pair, index: LeafIndex::new(0), proof: four.receipt(0).proof, ..four.receipt(0) };
    found.push(one("a node for an entry", &node, ROOT));
    // The head that is cosigned is another one than the proof's.
    let later = Log::of_size(&plain_signers(), 8);
    found.push(one("under a later head", &Receipt { checkpoint: later.checkpoint(), ..good.clone() }, ROOT));
    let earlier = Log::of_size(&plain_signers(), 5);
    found.push(one("under an earlier head", &Receipt { checkpoint: earlier.checkpoint(), ..good }, ROOT));
    found
}

/// A true proof at every other place of the log.
fn moved() -> Vec<Vector> {
    let log = log();
    let good = log.receipt(2);
    let mut found: Vec<Vector> = [0, 1, 3, 4, 5]
        .into_iter()
        .map(|index| {
            let receipt = Receipt { index: LeafIndex::new(index), ..good.clone() };
            let code = if merkle::inclusion::proof_len(index, 7) == Some(3) { ROOT } else { LENGTH };
            one(format!("leaf 2 at index {index}"), &receipt, code)
        })
        .collect();
    let empty = Log { entries: vec![genesis(), genesis()], ..log };
    let twice = Receipt { index: LeafIndex::new(1), ..empty.receipt(0) };
    // Two equal leaves have equal proofs, so this one is true.
    found.push(Vector::json("one of two equal leaves", &plain(), &twice, None));
    found
}
