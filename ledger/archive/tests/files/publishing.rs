//! Publishing: what is written, in which order, and what is left of it when it is interrupted.

use std::sync::Arc;

use archive::place::IfMissing;
use archive::{ArchiveError, Place, Publisher, Source, Walk, fsck};
use object_store::memory::InMemory;
use proto::checkpoint::Head;

use crate::flaky::{self, Flaky, content, place};
use crate::world::{World, assert_same, note};

async fn publish(to: Place, from: &Source) -> Result<archive::Published, ArchiveError> {
    Publisher::new(to).publish(from, &mut |_, _| {}).await
}

async fn is_sound(store: &Arc<InMemory>) {
    let checked =
        fsck(Walk::begin(place(store)).await.expect("a checkpoint"), &mut |_, _| {}).await.expect("memory");
    assert_eq!(checked.faults.first, []);
    assert_eq!(checked.unknown, 0);
}

#[tokio::test]
async fn what_is_published_is_what_the_names_promise() {
    let world = World::lived();
    let store = world.published().await;
    let files = content(&store).await;
    let size = world.size();
    assert!(size > 512 && !size.is_multiple_of(256), "{size} leaves: full tiles and parts");
    for path in ["checkpoint", "genesis", "tile/0/000", "tile/entries/001", "tile/1/000.p/2", "beside/002"] {
        assert!(files.contains_key(path), "{path} of {:?}", files.keys());
    }
    // The head that handed trust over, and the newest.
    assert_eq!(files.keys().filter(|path| path.starts_with("checkpoints/")).count(), 2);
    is_sound(&store).await;
    // From files, the same again: who has no ledger publishes what somebody else published.
    let copy = Arc::new(InMemory::new());
    publish(place(&copy), &Source::Place(place(&store))).await.expect("memory");
    assert_same(&copy, &store).await;
}

#[tokio::test]
async fn a_directory_holds_the_same_files() {
    let world = World::lived();
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("new");
    let refused = Place::open(path.to_str().expect("text"), IfMissing::Refuse);
    assert!(matches!(refused, Err(ArchiveError::Address { .. })));
    let url = format!("file://{}", path.display());
    publish(Place::open(&url, IfMissing::Create).expect("made"), &world.source()).await.expect("written");
    let files = content(&*world.published().await).await;
    for (name, bytes) in &files {
        assert_eq!(std::fs::read(path.join(name)).expect("written"), *bytes, "{name}");
    }
    let found = Place::open(path.to_str().expect("text"), IfMissing::Refuse).expect("there");
    let checked =
        fsck(Walk::begin(found).await.expect("a checkpoint"), &mut |_, _| {}).await.expect("readable");
    assert_eq!((checked.faults.count, checked.unknown, checked.beyond), (0, 0, 0));
    for bad in ["ftp://x/y", "file://host/x", "s3://"] {
        assert!(matches!(Place::open(bad, IfMissing::Refuse), Err(ArchiveError::Address { .. })), "{bad}");
    }
}

#[tokio::test]
async fn only_what_is_new_is_written_and_parts_go_when_they_are_full() {
    let mut world = World::new();
    let store = Arc::new(InMemory::new());
    let mut publisher = Publisher::new(place(&store));
    let mut wrote = Vec::new();
    for _ in 0..12 {
        world.proofs(30);
        world.certify();
        let done = publisher.publish(&world.source(), &mut |_, _| {}).await.expect("memory");
        assert_eq!(done.size, world.size());
        wrote.push(done.files);
        is_sound(&store).await;
        // A tile and a bundle at the edge, one tile above, two heads; and full ones as they come.
        assert!(done.files <= 12, "{done:?}");
    }
    let again = publisher.publish(&world.source(), &mut |_, _| {}).await.expect("memory");
    assert_eq!((again.files, again.before), (0, world.size()));
    let files = content(&store).await;
    let parts = files
        .keys()
        .filter(|path| path.starts_with("tile/0/000.p") || path.starts_with("tile/entries/000.p"));
    assert_eq!(parts.count(), 0, "the parts of the first tile went when it was full");
    assert!(files.keys().filter(|path| path.starts_with("tile/0/001.p/")).count() > 1, "{:?}", files.keys());
    // Whoever comes new to it goes on from there.
    world.proofs(3);
    world.certify();
    let other = publish(place(&store), &world.source()).await.expect("memory");
    assert!(other.before > 0 && other.files < 12, "{other:?}");
    is_sound(&store).await;
}

#[tokio::test]
async fn interrupted_at_every_write_it_is_gone_on_with() {
    let mut world = World::lived();
    let whole = world.published().await;
    let writes = content(&whole).await.len() as u64;
    for writes in 0..=writes {
        let store = Arc::new(InMemory::new());
        match publish(Flaky::place(&store, writes), &world.source()).await {
            Ok(_) => {}
            Err(fault) => {
                assert!(matches!(fault, ArchiveError::Store { .. }), "{fault}");
                assert!(!fault.is_permanent());
                assert!(!content(&store).await.contains_key("checkpoint"), "the head comes last, {writes}");
            }
        }
        publish(place(&store), &world.source()).await.expect("memory");
        assert_same(&store, &whole).await;
    }
    // The same from a head on: until the new head is there, the old one is whole.
    world.proofs(300);
    world.certify();
    let later = Arc::new(InMemory::new());
    for (path, bytes) in content(&whole).await {
        flaky::write(&later, &path, bytes).await;
    }
    publish(place(&later), &world.source()).await.expect("memory");
    for writes in 0.. {
        let store = Arc::new(InMemory::new());
        for (path, bytes) in content(&whole).await {
            flaky::write(&store, &path, bytes).await;
        }
        let done = publish(Flaky::place(&store, writes), &world.source()).await;
        is_sound(&store).await;
        publish(place(&store), &world.source()).await.expect("memory");
        assert_same(&store, &later).await;
        if done.is_ok() {
            break;
        }
    }
}

#[tokio::test]
async fn a_source_that_lies_gets_no_head_published_and_spoils_nothing_for_good() {
    let world = World::lived();
    let good = world.published().await;
    for path in ["tile/entries/000", "tile/entries/001", "checkpoint"] {
        let lies = Arc::new(InMemory::new());
        for (path, bytes) in content(&good).await {
            flaky::write(&lies, &path, bytes).await;
        }
        let bytes = match path {
            "checkpoint" => {
                let head = Head {
                    size: proto::counter::TreeSize::new(world.size()),
                    root: crypto::sha256(b"other"),
                };
                note(&world.set(), head)
            }
            path => {
                let mut bytes = flaky::read(&lies, path).await;
                bytes[700] ^= 1;
                bytes
            }
        };
        flaky::write(&lies, path, bytes).await;
        let to = Arc::new(InMemory::new());
        let refused = publish(place(&to), &Source::Place(place(&lies))).await;
        assert!(matches!(refused, Err(ArchiveError::Source { .. })), "{path}: {refused:?}");
        assert!(!content(&to).await.contains_key("checkpoint"));
        // What it left is written over by who tells the truth.
        publish(place(&to), &world.source()).await.expect("memory");
        assert_same(&to, &good).await;
    }
}

#[tokio::test]
async fn two_histories_are_never_mixed() {
    let mut world = World::lived();
    let store = world.published().await;
    // Another root at the same size.
    let head = Head { size: proto::counter::TreeSize::new(world.size()), root: crypto::sha256(b"other") };
    let honest = flaky::read(&store, "checkpoint").await;
    flaky::write(&store, "checkpoint", note(&world.set(), head)).await;
    let refused = publish(place(&store), &world.source()).await;
    assert!(matches!(refused, Err(ArchiveError::TwoRoots { .. })), "{refused:?}");
    world.proofs(1);
    world.certify();
    let refused = publish(place(&store), &world.source()).await;
    assert!(matches!(refused, Err(ArchiveError::Published { .. })), "{refused:?}");
    // A place that is ahead.
    flaky::write(&store, "checkpoint", honest).await;
    publish(place(&store), &world.source()).await.expect("memory");
    let behind = World::lived();
    let refused = publish(place(&store), &behind.source()).await;
    assert!(matches!(refused, Err(ArchiveError::Ahead { .. })), "{refused:?}");
    // Another log.
    let text = String::from_utf8(flaky::read(&store, "checkpoint").await).expect("text");
    let other = text.replace("quorate.example/archive", "quorate.example/another").into_bytes();
    flaky::write(&store, "checkpoint", other).await;
    let refused = publish(place(&store), &world.source()).await;
    assert!(matches!(refused, Err(ArchiveError::OtherLog { .. })), "{refused:?}");
}
