//! What readers are told: receipts, proofs, tiles, and the truth about a damaged store.

use std::sync::Arc;

use ledger::change::Table;
use ledger::lookup::search::{Query, SearchError};
use ledger::read::ReadError;
use ledger::{Ledger, LedgerError, LedgerReader};
use merkle::{TileId, consistency, inclusion, leaf_hash};
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, LeafIndex, TreeSize};
use proto::lookup::LookupKey;

use crate::world::{Memory, Person, World, digest, proof};

/// A log past its first full tile, with its head after each block.
fn world_of_many() -> (World, Vec<Head>) {
    let mut world = World::open();
    let alice = Person::new(1);
    let mut heads = vec![world.ledger.head()];
    for n in 1..25_u64 {
        let submissions: Vec<_> = (0..n).map(|k| world.say(&alice, proof(n * 100 + k))).collect();
        let applied = world.apply(&[&submissions]);
        heads.extend(applied.head);
        world.settle();
    }
    assert!(world.ledger.head().size.get() > 256 + 32);
    (world, heads)
}

#[test]
fn every_leaf_is_proved_at_every_head_that_covers_it() {
    let (world, heads) = world_of_many();
    let reader = world.reader();
    for head in &heads {
        let size = head.size.get();
        for index in (0..size).step_by(5).chain([size - 1]) {
            let (bytes, _) = reader.entry(LeafIndex::new(index)).expect("readable").expect("there");
            let proof =
                reader.inclusion(LeafIndex::new(index), head.size).expect("readable").expect("covered");
            let verdict = inclusion::verify(&leaf_hash(&bytes), index, size, &proof, &head.root);
            assert_eq!(verdict, Ok(()), "leaf {index} of {size}");
        }
        assert_eq!(reader.inclusion(LeafIndex::new(size), head.size), Ok(None));
        assert_eq!(world.ledger.head_at(head.size), Ok(Some(*head)));
    }
    let beyond = world.ledger.head().size.next();
    assert_eq!(reader.inclusion(LeafIndex::ZERO, beyond), Ok(None));
    assert_eq!(world.ledger.head_at(beyond), Ok(None));
}

#[test]
fn every_head_extends_those_before() {
    let (world, heads) = world_of_many();
    let reader = world.reader();
    for (at, old) in heads.iter().enumerate() {
        for new in &heads[at..] {
            let proof = reader.consistency(old.size, new.size).expect("readable").expect("in order");
            let verdict = consistency::verify(old.size.get(), &old.root, new.size.get(), &new.root, &proof);
            assert_eq!(verdict, Ok(()), "{} to {}", old.size, new.size);
        }
    }
    assert_eq!(reader.consistency(heads[2].size, heads[1].size), Ok(None));
    assert_eq!(reader.consistency(heads[0].size, TreeSize::new(u64::MAX)), Ok(None));
}

#[test]
fn a_receipt_is_the_same_for_ever_and_can_be_had_anew() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submission = world.say(&alice, proof(1));
    let first = world.run(std::slice::from_ref(&submission)).head.expect("a head");
    let reader = world.reader();
    assert_eq!(reader.receipt(&submission.id(), None), Ok(None), "committed, not final");
    let other = world.say(&alice, proof(2));
    let second = world.run(&[other]).head.expect("a head");
    world.finalize(second);

    let receipt = reader.receipt(&submission.id(), None).expect("readable").expect("final");
    let check = |receipt: &ledger::ReceiptParts| {
        let (leaf, index, size) = (leaf_hash(&receipt.entry), receipt.index.get(), receipt.size.get());
        inclusion::verify(&leaf, index, size, &receipt.proof, &receipt.checkpoint.head.root)
    };
    assert_eq!(check(&receipt), Ok(()));
    assert_eq!((receipt.index.get(), receipt.size, receipt.checkpoint.head), (2, second.size, second));

    let more = world.say(&alice, proof(3));
    let third = world.run(&[more]).head.expect("a head");
    world.finalize(third);
    assert_eq!(reader.receipt(&submission.id(), None), Ok(Some(receipt.clone())));
    let refreshed = reader.receipt(&submission.id(), Some(third.size)).expect("readable").expect("certified");
    assert_eq!((check(&refreshed), refreshed.size), (Ok(()), third.size));
    assert_eq!(reader.receipt_of_leaf(receipt.index, Some(third.size)), Ok(Some(refreshed)));

    // No certified head of that size; a head before the leaf; a submission nobody knows.
    assert_eq!(reader.receipt(&submission.id(), Some(first.size)), Ok(None));
    assert_eq!(reader.receipt_of_leaf(LeafIndex::new(second.size.get()), Some(second.size)), Ok(None));
    assert_eq!(reader.receipt(&proto::id::SubmissionId::new(digest(1)), None), Ok(None));
    let refused = world.say(&alice.speaking_as(&Person::new(2).did), proof(1));
    assert_eq!(world.code(&refused), "key_not_of_author");
    assert_eq!(reader.receipt(&refused.id(), None), Ok(None), "what is no leaf has no receipt");
}

#[test]
fn leaves_are_read_across_blocks() {
    let (world, _) = world_of_many();
    let reader = world.reader();
    let one_by_one: Vec<_> = (0..40)
        .map(|index| reader.entry(LeafIndex::new(index)).expect("readable").expect("there").0)
        .collect();
    assert_eq!(reader.entries(LeafIndex::ZERO, 40), Ok(one_by_one.clone()));
    assert_eq!(reader.entries(LeafIndex::new(7), 20), Ok(one_by_one[7..27].to_vec()));
    assert_eq!(reader.entries(LeafIndex::new(7), 0), Ok(Vec::new()));
    let size = world.ledger.head().size.get();
    assert_eq!(reader.entries(LeafIndex::new(size - 2), 50).map(|leaves| leaves.len()), Ok(2));
    for beyond in [size, u64::MAX] {
        assert_eq!(reader.entries(LeafIndex::new(beyond), 50), Ok(Vec::new()));
        assert_eq!(reader.entry(LeafIndex::new(beyond)), Ok(None));
    }
}

#[test]
fn tiles_are_served_at_every_width_they_had() {
    let (world, _) = world_of_many();
    let reader = world.reader();
    let tile = |level, index, width| reader.tile(TileId::new(level, index, width).expect("a tile"));
    let leaves = reader.entries(LeafIndex::ZERO, 300).expect("readable");
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(tile(0, 0, 256), Ok(Some(hashes[..256].to_vec())));
    assert_eq!(tile(0, 0, 3), Ok(Some(hashes[..3].to_vec())));
    assert_eq!(tile(0, 1, 40), Ok(Some(hashes[256..296].to_vec())));
    assert_eq!(tile(1, 0, 1).map(|found| found.map(|hashes| hashes.len())), Ok(Some(1)));
    for (level, index, width) in [(0, 1, 256), (1, 0, 2), (0, 2, 1), (2, 0, 1)] {
        assert_eq!(tile(level, index, width), Ok(None));
    }
}

#[test]
fn identities_are_listed_in_the_order_of_their_names() {
    let mut world = World::open();
    let mut people: Vec<Person> = (1..6).map(Person::new).collect();
    let creates: Vec<_> = people.iter().map(|it| (it.clone(), it.did.clone())).collect();
    let creates: Vec<_> = creates.iter().map(|(it, did)| world.create(it, did, &[it])).collect();
    world.run(&creates);
    people.sort_by(|a, b| a.did.cmp(&b.did));
    let names: Vec<_> = people.iter().map(|it| it.did.clone()).collect();
    let list = |after, max| -> Vec<_> {
        let found = world.reader().identities(after, max).expect("readable");
        found.into_iter().map(|identity| identity.did).collect()
    };
    assert_eq!(list(None, 99), names);
    assert_eq!(list(None, 2), names[..2]);
    assert_eq!(list(Some(&names[1]), 2), names[2..4]);
    assert_eq!(list(Some(&names[4]), 2), []);
}

#[test]
fn a_damaged_value_is_named_and_never_a_panic() {
    let mut world = World::open();
    let alice = Person::new(1);
    let create = world.create(&alice, &alice.did, &[&alice]);
    let wrong = world.say(&alice.speaking_as(&Person::new(2).did), proof(1));
    let issue = world.say(
        &alice,
        proto::operation::Operation::AttestationIssue {
            subject: "s".to_owned(),
            predicate_type: "t".to_owned(),
            predicate: Vec::new(),
            content: None,
            expires_at_ms: None,
        },
    );
    let (issued, decided) = (issue.id(), [create.id(), wrong.id(), issue.id()]);
    let head = world.run(&[create, wrong, issue]).head.expect("a head");
    world.finalize(head);
    let read_all = |store: Arc<Memory>| -> Result<(), LedgerError> {
        Ledger::open(store.clone(), &world.genesis)?;
        let reader = LedgerReader::new(store.clone());
        for index in 0..5 {
            reader.entry(LeafIndex::new(index))?;
            reader.receipt_of_leaf(LeafIndex::new(index), None)?;
        }
        for height in 0..2 {
            let block = reader.block(Height::new(height))?.expect("two blocks").block;
            reader.height_of(&block.id())?;
        }
        for id in &decided {
            reader.by_id(id)?;
        }
        reader.attestation(&issued)?;
        reader.identities(None, 9)?;
        reader.listings(&alice.key().id(), 9)?;
        reader.notices(0, 9)?;
        reader.log_part(TreeSize::new(2), TreeSize::new(5))?;
        reader.reign(Epoch::ZERO)?;
        let key = LookupKey::Id(issued);
        match reader.search(Query { key: &key, from: LeafIndex::ZERO, limit: 9 }) {
            Ok(answer) => assert_eq!(answer.found.len(), 1),
            Err(SearchError::Read(fault)) => return Err(fault.into()),
            Err(other) => panic!("{other}"),
        }
        ledger::audit::rebuild(&*store)?;
        ledger::audit::check(&*store, LeafIndex::ZERO, &mut |_, _| {})?;
        Ok(())
    };
    let whole = world.store.content();
    assert_eq!(read_all(Memory::of(whole.clone())), Ok(()));
    for ((table, key), value) in &whole {
        let short = value[..value.len() - 1].to_vec();
        let long = [value.as_slice(), &[0]].concat();
        for value in [short, long, Vec::new()] {
            let mut content = whole.clone();
            let length = value.len();
            content.insert((*table, key.clone()), value);
            match read_all(Memory::of(content)) {
                Err(LedgerError::Read(ReadError::Damaged { table: named, .. })) => {
                    assert_eq!(named, *table, "{length} bytes");
                }
                // A leaf's place is found by walking over those before, so what follows the last is never looked at.
                Ok(()) => assert_eq!(*table, Table::Leaves, "{length} bytes"),
                Err(other) => panic!("{table:?} of {length} bytes: {other}"),
            }
        }
    }
}
