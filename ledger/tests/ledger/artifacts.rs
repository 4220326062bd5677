//! Artifacts: committed once and for all, kept as long as was said, erased by their owner only.

use crypto::sha256;
use ledger::Outcome;
use ledger::artifact::Keeping;
use proto::counter::{LeafIndex, TimeMs};
use proto::id::SubmissionId;
use proto::operation::{Operation, Retention};
use proto::submission::Submission;

use crate::world::{Person, START, STEP_MS, World};

fn commit(retention: Retention) -> Operation {
    Operation::ArtifactCommit {
        address: sha256(b"salt and content"),
        salted: true,
        content_bytes: 0,
        media_type: String::new(),
        subject: String::new(),
        retention,
    }
}

fn erase(artifact: &Submission) -> Operation {
    Operation::RetentionTombstone { artifact: artifact.id(), reason: "asked for".to_owned() }
}

/// A world with an artifact of Alice's.
fn world(retention: Retention) -> (World, Person, Submission) {
    let mut world = World::open();
    let alice = Person::new(1);
    let artifact = world.say(&alice, commit(retention));
    assert_eq!(world.code(&artifact), "ok");
    (world, alice, artifact)
}

fn keeping(world: &World, id: &SubmissionId, time: TimeMs) -> Keeping {
    world.reader().artifact(id).expect("readable").expect("committed").keeping_at(time)
}

#[test]
fn its_owner_erases_it_once_and_nobody_else_does() {
    let (mut world, alice, artifact) = world(Retention::UntilErased);
    let found = world.reader().artifact(&artifact.id()).expect("readable").expect("committed");
    assert_eq!((&found.owner, found.salted, found.erased), (&alice.did, true, None));
    assert_eq!(found.address, sha256(b"salt and content"));
    assert_eq!(keeping(&world, &artifact.id(), TimeMs::new(u64::MAX)), Keeping::Kept);

    let by_another = world.say(&Person::new(2), erase(&artifact));
    assert_eq!(world.code(&by_another), "not_owner");
    let unknown = world.say(&alice, erase(&by_another));
    assert_eq!(world.code(&unknown), "unknown_artifact");

    let tombstone = world.say(&alice, erase(&artifact));
    let Outcome::Committed { index, .. } = world.outcome(&tombstone) else { panic!("she owns it") };
    match keeping(&world, &artifact.id(), START) {
        Keeping::Erased { at } => assert_eq!(at.index, index),
        other => panic!("{other:?}"),
    }
    let again = world.say(&alice, erase(&artifact));
    assert_eq!(world.code(&again), "artifact_erased");
    let reader = world.reader();
    assert_eq!(reader.erased_from(LeafIndex::ZERO), Ok(Some((index, artifact.id()))));
    assert_eq!(reader.erased_from(index.next()), Ok(None));
    let Some((_, entry)) = reader.entry(LeafIndex::new(2)).expect("readable") else {
        panic!("the leaf stays")
    };
    assert!(matches!(entry, proto::entry::Entry::Submission(it) if it.submission == artifact));
}

#[test]
fn what_is_written_once_is_not_erased_before_its_time() {
    // The tombstones are judged one and three steps after the artifact's own block.
    let until = START.plus(4 * STEP_MS);
    let (mut world, alice, artifact) = world(Retention::WriteOnce(until));
    for _ in 0..2 {
        let early = world.say(&alice, erase(&artifact));
        assert_eq!(world.code(&early), "write_once");
    }
    let in_time = world.say(&alice, erase(&artifact));
    assert_eq!(world.code(&in_time), "ok");
}

#[test]
fn it_ends_by_itself_at_its_time_and_may_be_erased_before() {
    let until = START.plus(50 * STEP_MS);
    let (mut world, alice, artifact) = world(Retention::Until(until));
    let id = artifact.id();
    assert_eq!(keeping(&world, &id, TimeMs::new(until.get() - 1)), Keeping::Kept);
    assert_eq!(keeping(&world, &id, until), Keeping::Expired { since: until });
    let expiring = |from: u64, to: u64| world.reader().expiring(TimeMs::new(from), None, TimeMs::new(to), 9);
    assert_eq!(expiring(0, until.get()), Ok(vec![(until, id)]));
    assert_eq!(expiring(until.get(), u64::MAX), Ok(vec![(until, id)]));
    assert_eq!(expiring(0, until.get() - 1), Ok(Vec::new()));
    assert_eq!(expiring(until.get() + 1, u64::MAX), Ok(Vec::new()));
    assert_eq!(world.reader().expiring(TimeMs::ZERO, None, until, 0), Ok(Vec::new()));
    assert_eq!(world.reader().expiring(until, Some(&id), until, 9), Ok(Vec::new()));
    let tombstone = world.say(&alice, erase(&artifact));
    assert_eq!(world.code(&tombstone), "ok");
    assert!(matches!(keeping(&world, &id, until), Keeping::Erased { .. }), "that it was erased says more");
}

#[test]
fn two_may_commit_the_same_bytes_and_each_erases_its_own() {
    let (mut world, alice, first) = world(Retention::UntilErased);
    let bob = Person::new(2);
    let second = world.say(&bob, commit(Retention::UntilErased));
    assert_eq!(world.code(&second), "ok");
    let tombstone = world.say(&alice, erase(&first));
    assert_eq!(world.code(&tombstone), "ok");
    assert_eq!(keeping(&world, &second.id(), START), Keeping::Kept);
}
