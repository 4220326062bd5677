//! Items of an anchored batch: the true one, and every way in which it could be another one.

use crypto::{Digest, sha256};
use merkle::inclusion::InclusionError;
use merkle::{WholeTree, leaf_hash, node_hash};
use proto::counter::LeafIndex;
use proto::operation::{BATCH_TREE, Operation};
use proto::receipt::{BatchItem, Receipt};
use verify::{Code, EntryFacts, Fault, ItemFacts, Options, Outcome, verify_receipt};

use crate::fixture::{Network, SUBMITTED};

/// Items of the batch: not a power of two, so that paths have different lengths.
pub const COUNT: u64 = 11;

pub fn digest(item: u64) -> Digest {
    sha256(&item.to_be_bytes())
}

pub fn tree() -> WholeTree {
    WholeTree::new((0..COUNT).map(|item| leaf_hash(digest(item).as_bytes())))
}

fn anchor(root: Digest, count: u64, tree: &str) -> Operation {
    Operation::BatchAnchor { root, count, tree: tree.to_owned() }
}

pub fn network() -> Network {
    Network::with_operation(anchor(tree().root(), COUNT, BATCH_TREE))
}

pub fn item(index: u64) -> BatchItem {
    let path = tree().path(index).expect("in the batch");
    BatchItem { digest: digest(index), index: LeafIndex::new(index), path }
}

pub fn receipt(network: &Network, item: BatchItem) -> Receipt {
    Receipt { item: Some(item), ..network.receipt(SUBMITTED) }
}

/// The fault of the item, when all that comes before it holds.
fn fault(network: &Network, item: BatchItem) -> Option<Fault> {
    let report = verify_receipt(&network.policy, &receipt(network, item), Options::default());
    assert_eq!(report.checks.iter().map(|check| check.code).collect::<Vec<_>>(), Code::ALL);
    let failure = report.failure().map(|(code, fault)| (code, fault.clone()));
    assert_eq!(report.item.is_some(), failure.is_none(), "a finding is what passed");
    failure.map(|(code, fault)| {
        assert_eq!(code, Code::BatchItem, "{fault}");
        fault
    })
}

#[test]
fn every_item_has_a_true_receipt() {
    let network = network();
    for index in 0..COUNT {
        let receipt = receipt(&network, item(index));
        let artifact = Some(digest(index));
        let report = verify_receipt(&network.policy, &receipt, Options { artifact, ..Options::default() });
        assert!(report.is_true(), "{index}: {:?}", report.failure());
        let place = LeafIndex::new(index);
        assert_eq!(report.item, Some(ItemFacts { digest: digest(index), index: place, count: COUNT }));
        let Some(EntryFacts::Submission(facts)) = report.entry else { panic!("a submission") };
        assert_eq!((facts.operation, facts.content), ("batch.anchor", None));
        let json = Receipt::from_json(&receipt.to_json()).expect("reads");
        let text = Receipt::from_tlog_proof(&receipt.to_tlog_proof(), receipt.entry.clone()).expect("reads");
        assert_eq!((&json, &text), (&receipt, &receipt));
    }
}

#[test]
fn the_artifact_is_the_items_or_it_is_not() {
    let network = network();
    let ask = |receipt: &Receipt, artifact| {
        let options = Options { artifact: Some(artifact), ..Options::default() };
        verify_receipt(&network.policy, receipt, options).failure().map(|(code, fault)| (code, fault.clone()))
    };
    let of_item = receipt(&network, item(3));
    assert_eq!(ask(&of_item, digest(3)), None);
    let (found, expected) = (digest(3), digest(4));
    assert_eq!(ask(&of_item, expected), Some((Code::Artifact, Fault::OtherArtifact { found, expected })));
    // The receipt of the anchor itself is true, and about no content.
    let whole = network.receipt(SUBMITTED);
    let report = verify_receipt(&network.policy, &whole, Options::default());
    assert!(report.is_true());
    let check = report.checks.iter().find(|check| check.code == Code::BatchItem).expect("is listed");
    assert_eq!(check.outcome, Outcome::Skipped("the receipt is about no item of a batch"));
    let expected = digest(3);
    assert_eq!(ask(&whole, expected), Some((Code::Artifact, Fault::NoArtifact { expected })));
}

#[test]
fn an_item_needs_a_batch_of_this_tree() {
    let whole = Network::new("example.com/log");
    for (at, found) in [(SUBMITTED, "proof.submit"), (0, "the network's own"), (5, "the network's own")] {
        let receipt = Receipt { item: Some(item(3)), ..whole.receipt(at) };
        let report = verify_receipt(&whole.policy, &receipt, Options::default());
        assert_eq!(report.failure(), Some((Code::BatchItem, &Fault::NoBatch { found })));
    }
    for name in ["rfc6962-sha256", "", "RFC6962-SHA256-DIGESTS", "rfc6962-sha256-digests "] {
        let network = Network::with_operation(anchor(tree().root(), COUNT, name));
        let expected = Fault::OtherTree { found: name.to_owned(), expected: BATCH_TREE };
        assert_eq!(fault(&network, item(3)), Some(expected));
    }
}

#[test]
fn a_place_that_is_not_the_items_is_refused() {
    let network = network();
    for right in 0..COUNT {
        for wrong in (0..COUNT + 3).chain([1 << 32, Receipt::INDEX_MAX, u64::MAX]).filter(|at| *at != right) {
            let moved = BatchItem { index: LeafIndex::new(wrong), ..item(right) };
            let found = fault(&network, moved);
            match wrong < COUNT {
                true => assert!(matches!(
                    found,
                    Some(Fault::Item(
                        InclusionError::RootMismatch { .. } | InclusionError::ProofLength { .. }
                    ))
                )),
                // Beyond the count: the phantoms of trees that repeat their last leaf.
                false => assert_eq!(
                    found,
                    Some(Fault::Item(InclusionError::IndexOutOfRange { index: wrong, size: COUNT }))
                ),
            }
        }
    }
}

#[test]
fn a_count_that_is_not_the_batchs_is_refused() {
    // The root is of eleven items; the author says another number. Items whose way is another one do not lead there.
    for count in [1, 2, 8, 10, 12, 16, 17, u64::MAX] {
        let network = Network::with_operation(anchor(tree().root(), count, BATCH_TREE));
        let last = fault(&network, item(COUNT - 1));
        assert!(matches!(last, Some(Fault::Item(_))), "{count}: {last:?}");
        let longer = BatchItem { path: [item(3).path, vec![digest(3)]].concat(), ..item(3) };
        assert!(matches!(fault(&network, longer), Some(Fault::Item(_))), "{count}");
    }
}

#[test]
fn a_node_is_no_item() {
    // The parent of items 0 and 1, one level up: right in a tree that tells no leaf from a node.
    let network = network();
    let [left, right] = [0, 1].map(|at| leaf_hash(digest(at).as_bytes()));
    let path = item(0).path[1..].to_vec();
    let parent = BatchItem { digest: node_hash(&left, &right), index: LeafIndex::new(0), path };
    let length = Fault::Item(InclusionError::ProofLength { found: 3, needed: 4 });
    assert_eq!(fault(&network, parent.clone()), Some(length));
    // With a count that makes the length right, the hash of a leaf is still another one.
    let network = Network::with_operation(anchor(tree().root(), 6, BATCH_TREE));
    let found = fault(&network, parent);
    assert!(matches!(found, Some(Fault::Item(InclusionError::RootMismatch { .. }))), "{found:?}");
    // The hash of a leaf is no digest of an item either.
    let network = self::network();
    let hashed = BatchItem { digest: left, ..item(0) };
    let found = fault(&network, hashed);
    assert!(matches!(found, Some(Fault::Item(InclusionError::RootMismatch { .. }))), "{found:?}");
}

#[test]
fn a_path_that_was_altered_is_refused() {
    let network = network();
    let whole = item(6);
    let mut cases = vec![
        ("no path", Vec::new()),
        ("one hash less", whole.path[1..].to_vec()),
        ("one hash more", [whole.path.clone(), vec![Digest::ZERO]].concat()),
        ("another's", item(7).path),
        ("of 64 hashes", vec![Digest::ZERO; 64]),
    ];
    let mut swapped = whole.path.clone();
    swapped.swap(0, 1);
    cases.push(("swapped", swapped));
    for (name, path) in cases {
        assert!(
            matches!(fault(&network, BatchItem { path, ..whole.clone() }), Some(Fault::Item(_))),
            "{name}"
        );
    }
}

#[test]
fn a_batch_of_one_is_its_item() {
    let one = leaf_hash(digest(0).as_bytes());
    let network = Network::with_operation(anchor(one, 1, BATCH_TREE));
    let item = BatchItem { digest: digest(0), index: LeafIndex::new(0), path: Vec::new() };
    assert_eq!(fault(&network, item.clone()), None);
    assert!(fault(&network, BatchItem { path: vec![digest(1)], ..item }).is_some());
}
