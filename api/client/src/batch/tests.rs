use crypto::{Scheme, SecretKey, sha256};
use proto::counter::{Height, TimeMs};
use proto::entry::{BlockEntry, SubmissionEntry};
use proto::id::{Did, NetworkId, Tenant, ValidatorIndex};
use proto::submission::Body;

use super::*;

fn digests(count: u64) -> Vec<Digest> {
    (0..count).map(|item| sha256(&item.to_be_bytes())).collect()
}

fn batch(count: u64) -> Batch {
    Batch::new(digests(count)).expect("neither none nor too many")
}

/// A receipt of this operation, as far as anybody here looks.
fn anchor(operation: Operation) -> Receipt {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("Ed25519 signs");
    let body = Body {
        network: NetworkId::default(),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce: 1,
        expires_at: None,
        operation,
    };
    let (height, time) = (Height::new(1), TimeMs::new(1));
    let submission = body.sign(&secret);
    let entry = Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode();
    let (index, checkpoint) = (LeafIndex::new(5), "not looked at\n".to_owned());
    Receipt { entry, index, proof: Vec::new(), checkpoint, item: None }
}

fn anchored(count: u64) -> Anchored {
    let batch = batch(count);
    let anchor = anchor(batch.operation());
    Anchored::new(batch, anchor).expect("its own anchor")
}

#[test]
fn every_item_has_a_path_to_the_anchored_root() {
    for count in [1, 2, 5, 1_000] {
        let anchored = anchored(count);
        let Operation::BatchAnchor { root, count: said, tree } = anchored.batch().operation() else {
            panic!("it is an anchor");
        };
        assert_eq!((said, tree.as_str()), (count, BATCH_TREE));
        let receipts: Vec<Receipt> = anchored.receipts().collect();
        assert_eq!(receipts.len() as u64, count);
        for (at, receipt) in (0..).zip(&receipts) {
            assert_eq!(anchored.receipt(LeafIndex::new(at)).as_ref(), Some(receipt));
            let item = receipt.item.as_ref().expect("it is of an item");
            assert_eq!((item.digest, item.index), (sha256(&at.to_be_bytes()), LeafIndex::new(at)));
            assert_eq!(anchored.place(&item.digest), Some(item.index));
            let leaf = leaf_hash(item.digest.as_bytes());
            assert_eq!(merkle::inclusion::verify(&leaf, at, count, &item.path, &root), Ok(()));
            assert_eq!(Receipt { item: None, ..receipt.clone() }, *anchored.anchor());
        }
        assert_eq!(anchored.receipt(LeafIndex::new(count)), None);
        assert_eq!(anchored.place(&sha256(b"a stranger")), None);
    }
}

#[test]
fn a_digest_named_twice_is_two_items() {
    let batch = Batch::new([digests(3), digests(1)].concat()).expect("four");
    let [first, again] = [0, 3].map(|at| batch.item(LeafIndex::new(at)).expect("is there"));
    assert_eq!(first.digest, again.digest);
    assert_ne!(first.path, again.path);
}

#[test]
fn there_is_no_batch_of_none_or_too_many() {
    assert_eq!(Batch::new(Vec::new()), Err(BatchError::Empty));
    let max = Batch::COUNT_MAX;
    assert_eq!(
        Batch::new(vec![Digest::ZERO; max + 1]),
        Err(BatchError::TooMany { found: max + 1, max: Batch::COUNT_MAX })
    );
}

#[test]
fn a_list_has_one_digest_a_line_and_nothing_else() {
    let [a, b] = [0, 1].map(|at| digests(2)[at].to_string());
    assert_eq!(Batch::read_list(&format!("{a}\n{b}\n")), Ok(digests(2)));
    assert_eq!(Batch::read_list(&format!("{a}\n{b}")), Ok(digests(2)));
    assert_eq!(Batch::read_list(""), Ok(Vec::new()));
    for (text, line) in [
        (format!("{a}\n\n{b}\n"), 2),
        (format!("{a}\n{b}\n\n"), 3),
        (format!("{a}\r\n{b}\r\n"), 1),
        (format!("{a}  file\n"), 1),
        (format!(" {a}\n"), 1),
        (format!("{a}\n{}\n", b.to_uppercase()), 2),
        (format!("{a}\n{}", &b[1..]), 2),
    ] {
        assert_eq!(Batch::read_list(&text), Err(BatchError::Line { line }), "{text:?}");
    }
}

#[test]
fn only_its_own_anchor_belongs_to_a_batch() {
    let refused = |operation| Anchored::new(batch(4), anchor(operation)).expect_err("another's");
    let Operation::BatchAnchor { root, count, tree } = batch(4).operation() else {
        panic!("it is an anchor")
    };
    let other = |root, count| Operation::BatchAnchor { root, count, tree: tree.clone() };
    let theirs = batch(5).root();
    let expected = AnchorError::OtherBatch { anchored: theirs, anchored_count: 5, root, count };
    assert_eq!(refused(other(theirs, 5)), expected);
    let expected = AnchorError::OtherBatch { anchored: root, anchored_count: 5, root, count };
    assert_eq!(refused(other(root, 5)), expected);
    let found = "rfc6962-sha256".to_owned();
    let named = Operation::BatchAnchor { root, count, tree: found.clone() };
    assert_eq!(refused(named), AnchorError::OtherTree { found });
    let proof =
        Operation::ProofSubmit { content: root, content_bytes: 1, media_type: "".into(), subject: "".into() };
    assert_eq!(refused(proof), AnchorError::NoAnchor);
    let of_item = anchored(4).receipt(LeafIndex::new(0)).expect("is there");
    assert_eq!(Anchored::new(batch(4), of_item), Err(AnchorError::OfItem));
    let block = Entry::Block(BlockEntry {
        height: Height::new(1),
        view: proto::counter::View::new(1),
        proposer: ValidatorIndex::new(0),
        time: TimeMs::new(1),
        batches: Vec::new(),
        accepted: 0,
        rejected: 0,
        rejections: Digest::ZERO,
        state: Digest::ZERO,
        lookup: None,
    });
    let with = |entry: Vec<u8>| Anchored::new(batch(4), Receipt { entry, ..anchor(batch(4).operation()) });
    assert_eq!(with(block.encode()), Err(AnchorError::NoAnchor));
    assert!(matches!(with(b"noise".to_vec()), Err(AnchorError::Entry(_))));
}

#[test]
fn the_text_of_an_anchored_batch_reads_as_the_same() {
    let anchored = anchored(5);
    let text = anchored.to_text();
    assert_eq!(text.lines().next().map(str::to_owned), Some(anchored.anchor().to_json()));
    assert_eq!(text.lines().count(), 6);
    assert_eq!(Anchored::from_text(&text), Ok(anchored.clone()));
    let lines: Vec<&str> = text.lines().collect();
    assert!(matches!(Anchored::from_text(&lines[..5].join("\n")), Err(AnchoredError::Anchor(_))));
    assert!(matches!(Anchored::from_text(lines[0]), Err(AnchoredError::Batch(BatchError::Empty))));
    assert!(matches!(Anchored::from_text(&lines[1..].join("\n")), Err(AnchoredError::Receipt(_))));
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4], lines[5]].join("\n");
    assert!(matches!(
        Anchored::from_text(&swapped),
        Err(AnchoredError::Anchor(AnchorError::OtherBatch { .. }))
    ));
    let long = "x".repeat(Anchored::BYTES_MAX + 1);
    assert!(matches!(Anchored::from_text(&long), Err(AnchoredError::TooLarge { .. })));
}
