//! Looking up: what a search finds and for which part of the log, on every node alike, and what makes a log break the rule.

use std::collections::BTreeMap;

use ledger::change::{ChangeSet, Table};
use ledger::lookup::search::{Answer, Query, SearchError};
use ledger::{Ledger, ReplayError};
use merkle::{CompactRange, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::Head;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::history::LogPart;
use proto::lookup::{FOUND_MAX, LookupKey};
use proto::operation::Operation;
use proto::submission::Submission;
use proto::verified::{Unverified, Verified};

use crate::world::{Lenient, Person, World, digest, proof};

fn search(world: &World, key: &LookupKey, from: u64, limit: usize) -> Result<Answer, SearchError> {
    world.reader().search(Query { key, from: LeafIndex::new(from), limit })
}

fn indexes(answer: &Answer) -> Vec<u64> {
    answer.found.iter().map(|leaf| leaf.index.get()).collect()
}

fn about(subject: &str, content: u8) -> Operation {
    Operation::ProofSubmit {
        content: digest(content),
        content_bytes: 1,
        media_type: String::new(),
        subject: subject.to_owned(),
    }
}

/// 400 blocks of one to three submissions by two authors, about three subjects, and where each key was seen.
fn lived() -> (World, BTreeMap<LookupKey, Vec<u64>>) {
    let mut world = World::open();
    let people = [Person::new(1), Person::new(2)];
    let mut keys: BTreeMap<LookupKey, Vec<u64>> = BTreeMap::new();
    for block in 0..400_u64 {
        let next = world.ledger.head().size.get();
        let submissions: Vec<Submission> = (0..1 + block % 3)
            .map(|place| {
                let operation = about(["a", "b", "c"][(block * 7 % 3) as usize], (block % 11) as u8);
                world.say(&people[((block + place) % 2) as usize], operation)
            })
            .collect();
        world.run(&submissions);
        for (index, submission) in (next..).zip(&submissions) {
            let entry = world.reader().entry(LeafIndex::new(index)).expect("readable").expect("a leaf").1;
            for key in [
                LookupKey::Id(submission.id()),
                LookupKey::Author(submission.body().author.clone()),
                LookupKey::Subject(["a", "b", "c"][(block * 7 % 3) as usize].to_owned()),
                LookupKey::Content(digest((block % 11) as u8)),
            ] {
                assert!(key.is_of(&entry));
                keys.entry(key).or_default().push(index);
            }
        }
        if block % 50 == 0 {
            world.apply(&[]);
            world.settle();
        }
    }
    (world, keys)
}

#[test]
fn every_key_is_found_page_by_page_and_others_are_not() {
    let (mut world, keys) = lived();
    let head = world.ledger.head();
    let key = LookupKey::Subject("a".to_owned());
    assert_eq!(search(&world, &key, 0, 9), Err(SearchError::NoCheckpoint));
    world.finalize(head);
    for (key, expected) in &keys {
        for limit in [1, 7, FOUND_MAX] {
            let (mut found, mut from) = (Vec::new(), 0);
            loop {
                let answer = search(&world, key, from, limit).expect("certified");
                assert!(answer.found.len() <= limit);
                assert_eq!(answer.from.get(), from.max(2), "the first two leaves have no keys");
                found.extend(indexes(&answer));
                assert_eq!(answer.block.index.get(), head.size.get() - 1);
                if answer.to == answer.block.index {
                    break;
                }
                assert!(answer.to.get() > from, "each part goes on");
                from = answer.to.get();
            }
            assert_eq!(&found, expected, "{key:?} by {limit}");
            if expected.len() > 20 && limit == 1 {
                break;
            }
        }
    }
    for key in [
        LookupKey::Subject("d".to_owned()),
        LookupKey::Content(digest(99)),
        LookupKey::About(digest(1)),
        LookupKey::Author(Person::new(3).did),
    ] {
        let answer = search(&world, &key, 0, 9).expect("certified");
        assert_eq!((indexes(&answer), answer.to), (Vec::new(), answer.block.index), "{key:?}");
        assert_eq!(answer.spans.len(), answer.directory.runs.len(), "every run is shown");
    }
    // From the middle on only the runs that cover something of it are shown.
    let middle = head.size.get() - 9;
    let answer = search(&world, &key, middle, 9).expect("certified");
    assert!(answer.spans.len() < 5 && answer.directory.runs.len() > 15);
    let later = keys[&key].iter().copied().filter(|index| *index >= middle).collect::<Vec<_>>();
    assert_eq!(indexes(&answer), later);
    let (from, to) = (LeafIndex::new(head.size.get()), answer.block.index);
    assert_eq!(search(&world, &key, from.get(), 9), Err(SearchError::Beyond { from, to }));
}

/// What names another: a revocation is found by what it revokes, and that there is none can be shown.
#[test]
fn a_revocation_is_found_by_what_it_revokes() {
    let mut world = World::open();
    let alice = Person::new(1);
    let create = world.create(&alice, &alice.did, &[&alice]);
    let issue = world.say(
        &alice,
        Operation::AttestationIssue {
            subject: "it".to_owned(),
            predicate_type: "https://example.com/built".to_owned(),
            predicate: b"{}".to_vec(),
            content: None,
            expires_at_ms: None,
        },
    );
    world.run(&[create, issue.clone()]);
    let head = world.ledger.head();
    world.finalize(head);
    let key = LookupKey::About(*issue.id().digest());
    assert_eq!(indexes(&search(&world, &key, 0, 9).expect("certified")), [0_u64; 0]);
    let own = LookupKey::About(alice.key().id().digest());
    assert_eq!(indexes(&search(&world, &own, 0, 9).expect("certified")), [2], "listed");
    let revoke =
        world.say(&alice, Operation::AttestationRevoke { attestation: issue.id(), reason: String::new() });
    let lost = world.revoke(&alice, alice.key());
    world.run(&[revoke, lost]);
    let head = world.ledger.head();
    world.finalize(head);
    assert_eq!(indexes(&search(&world, &key, 0, 9).expect("certified")), [5]);
    assert_eq!(indexes(&search(&world, &own, 0, 9).expect("certified")), [2, 6], "and revoked");
}

/// Readers look at a head that is behind: runs linger, and are then told to be gone, not damaged.
#[test]
fn a_head_that_is_behind_is_searched_while_its_runs_linger() {
    let (mut world, keys) = lived();
    let head = world.ledger.head();
    world.finalize(head);
    let key = LookupKey::Subject("a".to_owned());
    let expected = search(&world, &key, 0, 50).expect("certified");
    let alice = Person::new(1);
    for n in 0..200 {
        let submission = world.say(&alice, proof(n));
        world.run(&[submission]);
        match search(&world, &key, 0, 50) {
            Ok(answer) => assert_eq!(answer, expected, "after {n} blocks"),
            Err(fault) => {
                assert_eq!(fault, SearchError::Gone { size: head.size });
                assert!(n > 120 && !fault.is_permanent(), "after {n} blocks");
                let newer = world.ledger.head();
                world.finalize(newer);
                let answer = search(&world, &key, 0, 50).expect("certified anew");
                assert_eq!(indexes(&answer), keys[&key][..50]);
                return;
            }
        }
    }
    panic!("nothing was ever gone");
}

/// A log that a program began which knew no index.
fn old() -> World {
    let mut world = World::open();
    let mut change = ChangeSet::new();
    change.delete(Table::Meta, b"lookup");
    world.store.commit(&change);
    world.ledger = Ledger::open(world.store.clone(), &world.genesis).expect("as it was").0;
    world
}

fn stated(world: &World, index: u64) -> bool {
    match world.reader().entry(LeafIndex::new(index)).expect("readable").expect("a leaf").1 {
        Entry::Block(block) => block.lookup.is_some(),
        other => panic!("{other:?}"),
    }
}

fn certified(world: &World, head: Head) -> Verified<proto::checkpoint::CertifiedCheckpoint> {
    let parts = (0..3).map(|signer| world.cosign(signer, head, 1_700)).collect();
    Verified::certify(&world.genesis.validator_set(), head, parts).expect("a quorum")
}

fn vouched(world: &World, part: LogPart) -> Verified<LogPart> {
    let set = world.genesis.validator_set();
    Unverified::new(crate::replay::signed(part)).verify(&set, &Lenient).expect("nothing is checked")
}

#[test]
fn an_old_log_goes_on_without_an_index_and_says_so() {
    let mut world = old();
    let alice = Person::new(1);
    for n in 0..5 {
        let submission = world.say(&alice, proof(n));
        world.run(&[submission]);
    }
    let head = world.ledger.head();
    assert!(!stated(&world, head.size.get() - 1));
    world.finalize(head);
    let block = LeafIndex::new(head.size.get() - 1);
    let key = LookupKey::Author(alice.did);
    assert_eq!(search(&world, &key, 0, 9), Err(SearchError::NotIndexed { block }));
    // A node that has applied nothing replays it, and then is the same.
    world.apply(&[]);
    world.settle();
    let mut new = World::begin(world.genesis.clone());
    let part = world.reader().log_part(TreeSize::new(2), head.size).expect("readable").expect("there");
    let replayed = new.ledger.replay(&vouched(&world, part), &certified(&world, head)).expect("it holds");
    new.store.commit(&replayed.change);
    let content = new.store.content();
    assert!(!content.keys().any(|(table, _)| matches!(table, Table::LookupPages | Table::LookupRuns)));
    new.ledger.durable(replayed.height);
    assert_eq!(new.ledger.head(), head);
    let reopened = Ledger::open(new.store.clone(), &new.genesis).expect("our store").0;
    assert_eq!(reopened.head(), head);
}

/// A part of the log in which the block leaves are what `make` makes of them, and the head of that log.
fn forged(world: &World, make: impl Fn(usize, Entry) -> Entry) -> (LogPart, Head) {
    let size = world.ledger.head().size;
    let mut part = world.reader().log_part(TreeSize::new(2), size).expect("readable").expect("there");
    let mut range = CompactRange::new();
    for leaf in world.reader().entries(LeafIndex::ZERO, 2).expect("readable") {
        range.append(leaf_hash(&leaf), &mut |_, _, _| {}).expect("not full");
    }
    for (at, block) in part.blocks.iter_mut().enumerate() {
        let mut rest = &block.leaves[..];
        let mut framed = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            let leaf = make(at, Entry::decode(leaf).expect("an entry")).encode();
            framed.extend((leaf.len() as u16).to_be_bytes());
            framed.extend(&leaf);
            range.append(leaf_hash(&leaf), &mut |_, _, _| {}).expect("not full");
            rest = after;
        }
        block.leaves = framed;
    }
    part.proof = Vec::new();
    (part, Head { size: TreeSize::new(range.size()), root: range.root() })
}

#[test]
fn a_quorum_that_states_another_index_is_not_followed() {
    let mut world = World::open();
    let alice = Person::new(1);
    for n in 0..20 {
        let submission = world.say(&alice, proof(n));
        world.run(&[submission]);
    }
    // A block is gone on from when the next one certifies it.
    world.apply(&[]);
    world.settle();
    let with = |at: usize, lookup: Option<crypto::Digest>| {
        let made = move |block: usize, entry: Entry| match entry {
            Entry::Block(mut entry) => {
                if block == at {
                    entry.lookup = lookup;
                }
                Entry::Block(entry)
            }
            other => other,
        };
        forged(&world, made)
    };
    for (name, (part, head)) in [
        ("another", with(11, Some(digest(1)))),
        ("another at first", with(0, Some(digest(1)))),
        ("none", with(9, None)),
    ] {
        let mut new = World::begin(world.genesis.clone());
        let fault = new.ledger.replay(&vouched(&world, part), &certified(&world, head)).expect_err(name);
        assert!(matches!(fault, ReplayError::Index { .. }) && fault.blames_sender(), "{name}: {fault}");
        assert_eq!(new.ledger.tip().height.get(), 0, "{name}");
    }
    let (part, head) = forged(&world, |_, entry| entry);
    let mut new = World::begin(world.genesis.clone());
    new.ledger.replay(&vouched(&world, part), &certified(&world, head)).expect("the truth is taken");
    assert_eq!(head, world.ledger.head());
}
