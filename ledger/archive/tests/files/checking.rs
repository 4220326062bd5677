//! Checking: whatever is spoiled is named, and nothing else is.

use std::sync::Arc;

use archive::growing::{Growing, to_bytes};
use archive::{Checked, FaultKind, File, Publisher, Walk, fsck};
use merkle::{TileId, leaf_hash};
use object_store::memory::InMemory;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note, NoteKeyId, NoteSignature};

use crate::flaky::{self, content, place};
use crate::world::{World, framed};

async fn check(store: &Arc<InMemory>) -> Checked {
    fsck(Walk::begin(place(store)).await.expect("a checkpoint"), &mut |_, _| {}).await.expect("memory")
}

/// A root that is another.
fn another(root: &str) -> String {
    let first = if root.starts_with('A') { "B" } else { "A" };
    format!("{first}{}", &root[1..])
}

async fn paths(store: &Arc<InMemory>) -> Vec<String> {
    check(store).await.faults.first.into_iter().map(|fault| fault.path).collect()
}

/// A log of anybody's, with tiles on three levels. Nobody has signed it.
async fn large(size: u64) -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let (mut log, mut bundle) = (Growing::default(), Vec::new());
    for index in 0..size {
        let entry = index.to_string().into_bytes();
        let mut full = Vec::new();
        log.append(leaf_hash(&entry), &mut full);
        bundle.push(entry);
        for (tile, hashes) in full {
            if tile.level() == 0 {
                flaky::write(&store, &File::Entries(tile).to_string(), framed(&bundle)).await;
                bundle.clear();
            }
            flaky::write(&store, &File::Tile(tile).to_string(), to_bytes(&hashes)).await;
        }
    }
    for (tile, hashes) in log.edge() {
        flaky::write(&store, &File::Tile(tile).to_string(), to_bytes(&hashes)).await;
        if tile.level() == 0 {
            flaky::write(&store, &File::Entries(tile).to_string(), framed(&bundle)).await;
        }
    }
    let head = Head { size: TreeSize::new(size), root: log.root() };
    let text = CheckpointText { origin: KeyName::parse("log.example").expect("a name"), head }.to_string();
    let line = NoteSignature {
        name: KeyName::parse("somebody").expect("a name"),
        key_id: NoteKeyId::new([1; 4]),
        signature: vec![1; 64],
    };
    let note = Note::new(text, vec![line]).expect("a note").to_string();
    flaky::write(&store, "checkpoint", note.into_bytes()).await;
    store
}

async fn flip(store: &InMemory, path: &str, at: usize) {
    let mut bytes = flaky::read(store, path).await;
    let at = at % bytes.len();
    bytes[at] ^= 0x20;
    flaky::write(store, path, bytes).await;
}

#[tokio::test]
async fn one_byte_in_any_file_names_that_file() {
    // 65,536 are a full tile of level 1; then 2 full bundles and a part.
    let store = large(65_536 + 512 + 100).await;
    let whole = check(&store).await;
    assert_eq!((whole.faults.count, whole.unknown, whole.beyond), (0, 0, 0));
    let kinds = [
        "tile/0/000",
        "tile/0/100",
        "tile/0/255",
        "tile/0/256",
        "tile/0/258.p/100",
        "tile/1/000",
        "tile/1/001.p/2",
        "tile/2/000.p/1",
        "tile/entries/000",
        "tile/entries/123",
        "tile/entries/257",
        "tile/entries/258.p/100",
    ];
    for path in kinds {
        let good = flaky::read(&store, path).await;
        for at in [0, 1, 31, 32, good.len() / 2, good.len() - 1] {
            flip(&store, path, at).await;
            assert_eq!(paths(&store).await, [path], "byte {at}");
            flaky::write(&store, path, good.clone()).await;
        }
        for bytes in [Vec::new(), good[..good.len() - 1].to_vec(), [&good[..], &[0]].concat()] {
            flaky::write(&store, path, bytes).await;
            assert_eq!(paths(&store).await, [path], "another length");
        }
        flaky::remove(&store, path).await;
        let found = check(&store).await.faults;
        assert_eq!((found.first[0].path.as_str(), &found.first[0].kind), (path, &FaultKind::Missing));
        assert_eq!(found.count, 1, "{:?}", found.first);
        flaky::write(&store, path, good).await;
    }
    assert_eq!(check(&store).await.faults.count, 0);
}

#[tokio::test]
async fn many_bad_files_are_told_apart_from_the_good_ones_around_them() {
    let store = large(65_536 + 300).await;
    // A tile and the bundle below it, a tile above both, and others elsewhere.
    let bad = ["tile/1/000", "tile/0/007", "tile/entries/007", "tile/entries/009", "tile/0/200"];
    for path in bad {
        flip(&store, path, 5).await;
    }
    let mut found = paths(&store).await;
    found.sort();
    let mut expected = bad.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    // Nothing tells what tile 7 and its bundle should be when all that is above them says something else.
    flip(&store, "tile/1/000", 32 * 7).await;
    let found = paths(&store).await;
    // So of a tile and a bundle that contradict each other, the bundle is named, and the tile with it.
    assert_eq!(found, ["tile/1/000", "tile/entries/007", "tile/entries/009", "tile/entries/200"]);
    let last = check(&store).await.faults.first.pop().expect("four");
    assert_eq!(last.kind, FaultKind::Unjudged { beside: "tile/0/200".to_owned() });
}

#[tokio::test]
async fn a_fault_says_what_was_expected_and_what_was_found() {
    let store = World::lived().published().await;
    let tile = flaky::read(&store, "tile/0/001").await;
    flip(&store, "tile/0/001", 32 * 7).await;
    let found = check(&store).await.faults;
    let [fault] = &found.first[..] else { panic!("{found:?}") };
    let FaultKind::Hash { place, expected, found } = &fault.kind else { panic!("{fault:?}") };
    assert_eq!((*place, expected.as_bytes().as_slice()), (7, &tile[32 * 7..32 * 8]));
    assert_ne!(found, expected);
    flaky::write(&store, "tile/0/001", tile.clone()).await;

    let bundle = flaky::read(&store, "tile/entries/001").await;
    let first = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
    // A byte of the second entry.
    flip(&store, "tile/entries/001", 2 + first + 2).await;
    let found = check(&store).await.faults;
    let [fault] = &found.first[..] else { panic!("{found:?}") };
    let FaultKind::Entry { index, expected, .. } = &fault.kind else { panic!("{fault:?}") };
    assert_eq!((*index, expected.as_bytes().as_slice()), (257, &tile[32..64]));
}

#[tokio::test]
async fn a_checkpoint_that_says_another_root_or_size_is_the_one_that_is_named() {
    let world = World::lived();
    let store = world.published().await;
    let good = flaky::read(&store, "checkpoint").await;
    let text = String::from_utf8(good.clone()).expect("text");
    let root = text.lines().nth(2).expect("a root").to_owned();
    let other = another(&root);
    flaky::write(&store, "checkpoint", text.replace(&root, &other).into_bytes()).await;
    let found = check(&store).await.faults.first;
    assert_eq!(found[0].path, "checkpoint");
    assert!(matches!(found[0].kind, FaultKind::Root { .. }), "{found:?}");
    for at in [0, good.len() / 2, good.len() - 1] {
        // Whatever is no note, or no head, is refused at once.
        let mut spoiled = good.clone();
        spoiled[at] = 0;
        flaky::write(&store, "checkpoint", spoiled).await;
        assert!(Walk::begin(place(&store)).await.is_err(), "byte {at}");
    }
    flaky::remove(&store, "checkpoint").await;
    assert!(Walk::begin(place(&store)).await.is_err());
    // An older head, of which a copy is kept.
    flaky::write(&store, "checkpoint", good).await;
    let older = content(&store).await.into_keys().find(|path| path.starts_with("checkpoints/")).expect("one");
    let text = String::from_utf8(flaky::read(&store, &older).await).expect("text");
    let root = text.lines().nth(2).expect("a root").to_owned();
    let other = another(&root);
    flaky::write(&store, &older, text.replace(&root, &other).into_bytes()).await;
    let found = check(&store).await.faults.first;
    assert_eq!(found.iter().map(|fault| &fault.path).collect::<Vec<_>>(), [&older], "{found:?}");
}

#[tokio::test]
async fn parts_that_contradict_the_full_tile_are_named_and_strangers_are_not_faults() {
    let store = World::lived().published().await;
    let (tile, bundle) =
        (flaky::read(&store, "tile/0/000").await, flaky::read(&store, "tile/entries/000").await);
    let first = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
    flaky::write(&store, "tile/0/000.p/9", tile[..9 * 32].to_vec()).await;
    flaky::write(&store, "tile/entries/000.p/1", bundle[..2 + first].to_vec()).await;
    flaky::write(&store, "tile/0/077", vec![0; 8_192]).await;
    flaky::write(&store, "tile/readme.txt", b"hello".to_vec()).await;
    let checked = check(&store).await;
    assert_eq!((checked.faults.count, checked.beyond, checked.unknown), (0, 1, 1));
    flip(&store, "tile/0/000.p/9", 40).await;
    flip(&store, "tile/entries/000.p/1", 9).await;
    let mut found = check(&store).await.faults.first;
    found.sort();
    let part = |place, full: &str| FaultKind::Part { place, full: full.to_owned() };
    let found: Vec<_> = found.iter().map(|fault| (fault.path.as_str(), fault.kind.clone())).collect();
    let expected =
        [("tile/0/000.p/9", part(40, "tile/0/000")), ("tile/entries/000.p/1", part(9, "tile/entries/000"))];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn every_small_size_is_sound() {
    for size in [1, 2, 255, 256, 257, 511, 512, 513] {
        let store = large(size).await;
        assert_eq!(check(&store).await.faults.first, [], "{size}");
        let tile = TileId::at(0, (size - 1) / 256, size).expect("it has one");
        let path = File::Entries(tile).to_string();
        flip(&store, &path, 2).await;
        assert_eq!(paths(&store).await, [path], "{size}");
    }
}

#[tokio::test]
async fn a_head_whose_parts_have_gone_is_read_from_the_full_files() {
    let mut world = World::lived();
    let store = world.published().await;
    let older = flaky::read(&store, "checkpoint").await;
    let mut publisher = Publisher::new(place(&store));
    world.proofs(300);
    world.certify();
    publisher.publish(&world.source(), &mut |_, _| {}).await.expect("memory");
    // Whoever read the older head just before has it still.
    flaky::write(&store, "checkpoint", older).await;
    let checked = check(&store).await;
    assert_eq!((checked.faults.first, checked.unknown), (vec![], 0));
    assert!(checked.beyond > 0, "files of the newer head");
}

#[tokio::test]
async fn a_head_of_any_size_costs_no_more_than_what_is_below_it() {
    let store = large(300).await;
    let note = String::from_utf8(flaky::read(&store, "checkpoint").await).expect("text");
    for size in ["301", "65536", "18446744073709551615", "9223372036854775808"] {
        flaky::write(&store, "checkpoint", note.replace("\n300\n", &format!("\n{size}\n")).into_bytes())
            .await;
        let faults = check(&store).await.faults;
        assert!(
            faults.count > 0 && faults.count <= 10_001 && faults.first.len() <= 1_000,
            "{size}: {}",
            faults.count
        );
    }
}
