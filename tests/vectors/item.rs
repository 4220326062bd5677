//! Items that do not stand in the batch which the entry anchors.

use crypto::Digest;
use merkle::{leaf_hash, node_hash};
use proto::counter::LeafIndex;
use proto::operation::BATCH_TREE;
use proto::receipt::{BatchItem, Receipt};

use crate::log::{
    ITEMS, anchor, asked, block, content, epoch, genesis, item, item_digest, operations, proof_submit,
    receipt_of,
};
use crate::trust::{plain, plain_signers};
use crate::vector::Vector;

const ITEM: &str = "batch_item";

/// A receipt whose entry anchors so many items of a tree of this name.
fn anchored(count: u64, tree: &str) -> Receipt {
    receipt_of(&plain_signers(), asked(anchor(count, tree)))
}

pub fn vectors() -> Vec<Vector> {
    let right = anchored(ITEMS, BATCH_TREE);
    let of = |receipt: &Receipt, item: BatchItem| Receipt { item: Some(item), ..receipt.clone() };
    let one = |name: String, receipt: Receipt| Vector::json(name, &plain(), &receipt, Some(ITEM));
    let mut found = Vec::new();
    for (name, entry) in [
        ("the genesis", genesis()),
        ("an epoch", epoch()),
        ("a block", block()),
        ("a proof", asked(proof_submit())),
    ] {
        let receipt = receipt_of(&plain_signers(), entry);
        found.push(one(format!("an item of {name}"), of(&receipt, item(3))));
    }
    let attestation = operations().into_iter().find(|(name, _)| name.starts_with("attestation.issue"));
    let (_, attestation) = attestation.expect("it is there");
    let receipt = receipt_of(&plain_signers(), asked(attestation));
    found.push(one("an item of an attestation".into(), of(&receipt, item(3))));
    for tree in
        ["", "rfc6962-sha256", "RFC6962-SHA256-DIGESTS", "rfc6962-sha256-digests ", "rfc6962-sha256-digest"]
    {
        found.push(one(format!("an item of the tree {tree:?}"), of(&anchored(ITEMS, tree), item(3))));
    }
    for index in [ITEMS, ITEMS + 1, 16, 1 << 32, Receipt::INDEX_MAX] {
        let moved = BatchItem { index: LeafIndex::new(index), ..item(3) };
        found.push(one(format!("item 3 at index {index}, beyond the batch"), of(&right, moved)));
    }
    for index in [0, 2, 4, 7, 8, 10] {
        let moved = BatchItem { index: LeafIndex::new(index), ..item(3) };
        found.push(one(format!("item 3 at index {index}"), of(&right, moved)));
    }
    let whole = item(6);
    let path = |path: Vec<Digest>| BatchItem { path, ..whole.clone() };
    let swapped = [&[whole.path[1], whole.path[0]], &whole.path[2..]].concat();
    let mut turned = whole.path.clone();
    let mut bytes = *turned[2].as_bytes();
    bytes[31] ^= 1;
    turned[2] = Digest::new(bytes);
    for (name, path) in [
        ("no path", path(Vec::new())),
        ("a path without its first hash", path(whole.path[1..].to_vec())),
        ("a path without its last hash", path(whole.path[..3].to_vec())),
        ("a path with a hash of zeros more", path([whole.path.clone(), vec![Digest::ZERO]].concat())),
        ("a path of 64 hashes", path(vec![Digest::ZERO; 64])),
        ("the path of a neighbour", path(item(7).path)),
        ("a path with two hashes swapped", path(swapped)),
        ("a path with a bit turned", path(turned)),
        ("another digest", BatchItem { digest: item_digest(5), ..whole.clone() }),
        ("a digest of zeros", BatchItem { digest: Digest::ZERO, ..whole.clone() }),
        ("the digest of the whole artifact", BatchItem { digest: content(), ..whole.clone() }),
        ("a leaf's hash for the digest", {
            BatchItem { digest: leaf_hash(whole.digest.as_bytes()), ..whole.clone() }
        }),
    ] {
        found.push(one(format!("item 6 with {name}"), of(&right, path)));
    }
    for count in [1, 2, 8, 10, 12, 16, 17, 1 << 40, u64::MAX] {
        found.push(one(
            format!("the last of 11 items, {count} being anchored"),
            of(&anchored(count, BATCH_TREE), item(10)),
        ));
    }
    let [left, right_leaf] = [0, 1].map(|at| leaf_hash(item_digest(at).as_bytes()));
    let node = BatchItem {
        digest: node_hash(&left, &right_leaf),
        index: LeafIndex::new(0),
        path: item(0).path[1..].to_vec(),
    };
    found.push(one("a node for an item".into(), of(&right, node.clone())));
    found.push(one(
        "a node for an item, the count being right for it".into(),
        of(&anchored(6, BATCH_TREE), node),
    ));
    // The same in the other spelling, where an index may not be spelt either.
    let receipt = of(&right, BatchItem { index: LeafIndex::new(7), ..item(6) });
    found.push(Vector::tlog_proof(
        "item 6 at index 7, tlog-proof",
        &plain(),
        receipt.to_tlog_proof(),
        receipt.entry.clone(),
        Some(ITEM),
    ));
    found
}
