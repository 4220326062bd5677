//! Retention: classes count from the block, lists and sums hold for any size of the log, a service buries what is over.

use crypto::sha256;
use ledger::retention::{Class, Endings, Totals};
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::id::Tenant;
use proto::operation::{Operation, Retention, RetentionClass};
use proto::submission::Submission;

use crate::sessions::endorse;
use crate::world::{Person, START, STEP_MS, World};

const DAY_MS: u64 = 86_400_000;

fn commit(content_bytes: u64, retention: Retention) -> Operation {
    Operation::ArtifactCommit {
        address: sha256(b"content"),
        salted: false,
        content_bytes,
        media_type: String::new(),
        subject: String::new(),
        retention,
    }
}

fn erase(artifact: &Submission) -> Operation {
    Operation::RetentionTombstone { artifact: artifact.id(), reason: "deleted".to_owned() }
}

fn until(world: &World, artifact: &Submission) -> Option<TimeMs> {
    world.reader().artifact(&artifact.id()).expect("readable").expect("committed").retention.until()
}

fn size(world: &World) -> TreeSize {
    world.reader().tip().expect("readable").expect("a tip").head.size
}

fn totals(world: &World, class: Class, size: TreeSize) -> Totals {
    world.reader().retained_totals(&Tenant::default_tenant(), class, size).expect("readable")
}

#[test]
fn a_class_counts_from_the_block_and_compliance_is_written_once() {
    let mut world = World::open();
    let alice = Person::new(1);
    for (class, days) in [(RetentionClass::Standard, 365), (RetentionClass::Compliance, 2_557)] {
        let artifact = world.say(&alice, commit(3, Retention::Of(class)));
        assert_eq!(world.code(&artifact), "ok");
        let time = world.ledger.tip().time;
        assert_eq!(until(&world, &artifact), Some(time.plus(days * DAY_MS)), "{class:?}");
        let tombstone = world.say(&alice, erase(&artifact));
        let expected = if class == RetentionClass::Standard { "ok" } else { "write_once" };
        assert_eq!(world.code(&tombstone), expected, "{class:?}");
    }
}

#[test]
fn who_is_no_service_buries_nothing_of_others_and_a_service_only_what_is_over() {
    let mut world = World::open();
    let (alice, service, bob) = (Person::new(1), Person::new(2), Person::new(3));
    let endorsed = endorse(&mut world, &service, 0, "v0");
    assert_eq!(world.code(&endorsed), "ok");
    for retention in [Retention::UntilErased, Retention::Until(START.plus(900 * STEP_MS))] {
        let artifact = world.say(&alice, commit(3, retention));
        assert_eq!(world.code(&artifact), "ok");
        let early = world.say(&service, erase(&artifact));
        assert_eq!(world.code(&early), "not_owner", "{retention:?}");
    }
    let soon = world.ledger.tip().time.plus(2 * STEP_MS);
    let artifact = world.say(&alice, commit(3, Retention::WriteOnce(soon)));
    assert_eq!(world.code(&artifact), "ok");
    let stranger = world.say(&bob, erase(&artifact));
    assert_eq!(world.code(&stranger), "not_owner");
    let stranger = world.say(&bob, erase(&artifact));
    assert_eq!(world.code(&stranger), "not_owner", "its time is over, and he is no service");
    let buried = world.say(&service, erase(&artifact));
    assert_eq!(world.code(&buried), "ok");
}

#[test]
fn sums_and_lists_hold_for_every_size_of_the_log() {
    let mut world = World::open();
    let alice = Person::new(1);
    let tenant = Tenant::default_tenant();
    let mut history = vec![(size(&world), Totals::default())];
    let mut standing = Totals::default();
    let mut artifacts = Vec::new();
    for n in 0..6 {
        // The third states no length.
        let bytes = if n == 2 { 0 } else { 10 + n };
        let artifact = world.say(&alice, commit(bytes, Retention::Of(RetentionClass::Standard)));
        assert_eq!(world.code(&artifact), "ok");
        artifacts.push((artifact, bytes));
        standing.committed += 1;
        standing.committed_bytes += bytes;
        standing.unstated += u64::from(bytes == 0);
        history.push((size(&world), standing));
    }
    let other = world.say(&alice, commit(7, Retention::UntilErased));
    assert_eq!(world.code(&other), "ok");
    for (artifact, bytes) in artifacts.iter().take(3) {
        let tombstone = world.say(&alice, erase(artifact));
        assert_eq!(world.code(&tombstone), "ok");
        standing.erased += 1;
        standing.erased_bytes += bytes;
        history.push((size(&world), standing));
    }
    for (size, expected) in &history {
        assert_eq!(totals(&world, Class::Standard, *size), *expected, "{size}");
        assert_eq!(totals(&world, Class::Compliance, *size), Totals::default());
    }
    assert_eq!(totals(&world, Class::Open, size(&world)).committed, 1);
    assert_eq!(totals(&world, Class::Open, history[1].0), Totals::default(), "not yet");

    let reader = world.reader();
    let now = size(&world);
    let all = reader.artifacts_of(&tenant, now, 100).expect("readable");
    assert_eq!(all.len(), 7);
    assert!(all.windows(2).all(|two| two[0].0 > two[1].0), "the newest first");
    let page = reader.artifacts_of(&tenant, TreeSize::new(all[2].0.get()), 2).expect("readable");
    assert_eq!(page, all[3..5]);
    assert_eq!(reader.tombstones_of(&tenant, now, 100).expect("readable").len(), 3);
    assert_eq!(reader.tombstones_of(&tenant, history[6].0, 100), Ok(Vec::new()), "there was none yet");
    for other in ["acme", "defaul", "default-2"] {
        let other = Tenant::parse(other).expect("a name");
        assert_eq!(reader.artifacts_of(&other, now, 9), Ok(Vec::new()));
        assert_eq!(reader.tombstones_of(&other, now, 9), Ok(Vec::new()));
    }
    assert_eq!(reader.retained_from(), Ok(LeafIndex::ZERO));
}

#[test]
fn ends_are_told_as_of_a_size_though_a_tombstone_came_later() {
    let mut world = World::open();
    let alice = Person::new(1);
    let tenant = Tenant::default_tenant();
    let base = world.ledger.tip().time;
    let mut artifacts = Vec::new();
    for (n, steps) in [5u64, 40, 60].into_iter().enumerate() {
        let artifact = world.say(&alice, commit(1 + n as u64, Retention::Until(base.plus(steps * STEP_MS))));
        assert_eq!(world.code(&artifact), "ok");
        artifacts.push(artifact);
    }
    let before = size(&world);
    let endings = |world: &World, size, steps: u64| {
        let time = base.plus(steps * STEP_MS);
        world.reader().retained_endings(&tenant, Class::Enterprise, size, time).expect("readable")
    };
    let at = |steps: u64| Some(base.plus(steps * STEP_MS));
    let told = Endings { ended: 1, next: at(40) };
    assert_eq!(endings(&world, before, 10), told);
    for artifact in &artifacts[..2] {
        let tombstone = world.say(&alice, erase(artifact));
        assert_eq!(world.code(&tombstone), "ok");
    }
    assert_eq!(endings(&world, before, 10), told, "that size has not changed");
    assert_eq!(endings(&world, size(&world), 10), Endings { ended: 0, next: at(60) });
    assert_eq!(endings(&world, size(&world), 100), Endings { ended: 1, next: None });
    assert_eq!(endings(&world, TreeSize::ZERO, 100), Endings::default());
}

#[test]
fn an_artifact_is_found_by_its_content_in_its_own_tenant() {
    let mut world = World::open();
    let alice = Person::new(1);
    let (ours, theirs) = (Tenant::default_tenant(), Tenant::parse("theirs").expect("a name"));
    let found = |world: &World, tenant: &Tenant| world.reader().artifact_with(tenant, &sha256(b"content"));
    assert_eq!(found(&world, &ours), Ok(None));
    for _ in 0..2 {
        let artifact = world.say(&alice, commit(7, Retention::UntilErased));
        assert_eq!(world.code(&artifact), "ok");
        assert_eq!(found(&world, &ours), Ok(Some(artifact.id())), "the last one");
    }
    assert_eq!(found(&world, &theirs), Ok(None));
    // What is salted has another digest than its address, and nobody else is to know that it is there.
    let before = found(&world, &ours);
    let mut salted = commit(0, Retention::UntilErased);
    if let Operation::ArtifactCommit { salted, .. } = &mut salted {
        *salted = true;
    }
    let artifact = world.say(&alice, salted);
    assert_eq!(world.code(&artifact), "ok");
    assert_eq!(found(&world, &ours), before);
}
