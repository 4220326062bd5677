//! What only a store on disk can be asked: to come back, to be refused, to be damaged, to be full.

use std::fs::Permissions;
use std::io::Write;
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::keys::FORMAT_KEY;
use crate::suite;

/// Each of these tests with each engine.
macro_rules! with_each_engine {
    ($($test:ident),* $(,)?) => {
        mod with_sled {
            $(#[test] fn $test() { super::$test(super::Engine::Sled); })*
        }
        mod with_fjall {
            $(#[test] fn $test() { super::$test(super::Engine::Fjall); })*
        }
    };
}

mod ahead;

with_each_engine! {
    disk_keeps_every_rule,
    what_was_committed_is_there_again,
    a_copy_of_the_files_after_a_commit_has_the_commit,
    a_directory_has_one_owner,
    a_lock_that_is_let_go_of_soon_is_waited_for,
    a_store_that_lost_a_commit_is_refused,
    what_is_no_directory_is_refused,
    another_format_is_refused_and_left_alone,
    a_flipped_bit_is_noticed_by_every_read,
    no_piece_outlives_its_value,
    a_full_disk_changes_nothing_and_may_be_tried_again,
    after_a_failed_commit_nothing_is_read_or_written,
}

fn change(writes: &[(Table, &[u8], &[u8])]) -> ChangeSet {
    let mut change = ChangeSet::new();
    for (table, key, value) in writes {
        change.put(*table, key, value.to_vec());
    }
    change
}

fn height(n: u64) -> ChangeSet {
    change(&[(Table::Blocks, &n.to_be_bytes(), &[n as u8; 9_000]), (Table::Meta, b"tip", &n.to_be_bytes())])
}

/// Writes past the store into its engine.
fn put(store: &Disk, key: &[u8], value: Option<Vec<u8>>) {
    store.inside.engine.write(vec![(key.to_vec(), value)]).expect("writes");
}

/// Closes a store, so that the engine has everything, and opens it again.
fn again(store: Disk, engine: Engine) -> Disk {
    let path = store.inside.path.clone();
    store.close().expect("closes");
    Disk::open(&path, engine).expect("opens")
}

/// How many pairs the engine has.
fn pairs(store: &Disk) -> usize {
    let (mut count, mut from) = (0, Bound::Unbounded);
    while let Some((key, _)) = store.inside.engine.first((from, Bound::Unbounded)).expect("reads") {
        (count, from) = (count + 1, Bound::Excluded(key));
    }
    count
}

fn tip(store: &Disk) -> Option<u64> {
    let bytes = store.get(Table::Meta, b"tip").expect("reads")?;
    Some(u64::from_be_bytes(bytes.try_into().expect("eight bytes")))
}

fn disk_keeps_every_rule(engine: Engine) {
    for rule in suite::RULES {
        let dir = tempfile::tempdir().expect("a directory");
        rule.check(&Disk::open(dir.path(), engine).expect("opens"));
    }
}

fn what_was_committed_is_there_again(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("made/on/the/way");
    for n in 1..=20 {
        let store = Disk::open(&path, engine).expect("opens");
        assert_eq!(tip(&store), (n > 1).then(|| n - 1));
        store.commit(&height(n)).expect("commits");
        assert!(store.size_on_disk().expect("measures") > 0);
        if n % 2 == 0 {
            store.close().expect("closes");
        }
    }
    let store = Disk::open(&path, engine).expect("opens");
    for n in 1..=20_u64 {
        let value = store.get(Table::Blocks, &n.to_be_bytes()).expect("reads");
        assert_eq!(value, Some(vec![n as u8; 9_000]));
    }
}

fn a_copy_of_the_files_after_a_commit_has_the_commit(engine: Engine) {
    // What `kill -9` leaves: the files as they are, and no orderly end. The engine has nothing yet.
    let dir = tempfile::tempdir().expect("a directory");
    let store = Disk::open(&dir.path().join("live"), engine).expect("opens");
    for n in 1..=5 {
        store.commit(&height(n)).expect("commits");
        let copy = dir.path().join(format!("copy{n}"));
        copy_tree(&dir.path().join("live"), &copy);
        assert_eq!(tip(&Disk::open(&copy, engine).expect("opens")), Some(n));
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("creates");
    for entry in std::fs::read_dir(from).expect("lists") {
        let entry = entry.expect("lists");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("has a type").is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copies");
        }
    }
}

fn a_directory_has_one_owner(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("store");
    let store = Disk::open(&path, engine).expect("opens");
    assert!(matches!(Disk::open(&path, engine), Err(OpenError::Locked { path: named }) if named == path));
    let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(store);

    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("sets");
    drop(Disk::open(&path, engine).expect("opens"));
    let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// What a child that is being started does to its parent's locks: its copy of the descriptor keeps them for a moment.
fn a_lock_that_is_let_go_of_soon_is_waited_for(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Disk::open(dir.path(), engine).expect("opens");
    let copy = store.inside.directory.try_clone().expect("copies");
    drop(store);
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(copy);
    });
    drop(Disk::open(dir.path(), engine).expect("opens"));
    holder.join().expect("does not panic");
}

fn a_store_that_lost_a_commit_is_refused(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    let copy = dir.path().join("copy");
    let store = Disk::open(&live, engine).expect("opens");
    for n in 1..=4 {
        store.commit(&height(n)).expect("commits");
    }
    assert_eq!(store.commit(&ChangeSet::new()), Ok(()), "nothing to lose, nothing to count");
    copy_tree(&live, &copy);
    store.commit(&height(5)).expect("commits");
    // A power cut may leave the note one behind: no loss.
    std::fs::copy(copy.join("acknowledged"), live.join("acknowledged")).expect("copies");
    store.close().expect("closes");
    let store = Disk::open(&live, engine).expect("opens");
    assert_eq!(tip(&store), Some(5));
    store.commit(&height(6)).expect("commits");
    drop(store);

    // The engine's files of before, the note of now.
    std::fs::copy(live.join("acknowledged"), copy.join("acknowledged")).expect("copies");
    let lost = Disk::open(&copy, engine);
    assert!(matches!(lost, Err(OpenError::Lost { found: 4, acknowledged: 6, .. })), "{lost:?}");
    // The same when nothing at all is left of them.
    let note = std::fs::read(live.join("acknowledged")).expect("reads");
    std::fs::remove_dir_all(&live).expect("removes");
    std::fs::create_dir(&live).expect("creates");
    std::fs::write(live.join("acknowledged"), note).expect("writes");
    let lost = Disk::open(&live, engine);
    assert!(matches!(lost, Err(OpenError::Lost { found: 0, acknowledged: 6, .. })), "{lost:?}");

    std::fs::write(copy.join("acknowledged"), b"spoiled").expect("writes");
    let spoiled = Disk::open(&copy, engine);
    assert!(matches!(spoiled, Err(OpenError::Count { .. })), "{spoiled:?}");
}

fn what_is_no_directory_is_refused(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, b"mine").expect("writes");
    assert!(matches!(Disk::open(&file, engine), Err(OpenError::Directory { .. })));
    assert!(matches!(Disk::open(&file.join("below"), engine), Err(OpenError::Directory { .. })));
    assert_eq!(std::fs::read(&file).expect("reads"), b"mine");
}

fn another_format_is_refused_and_left_alone(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let newer = keys::seal(FORMAT_KEY, &4_u32.to_be_bytes());
    let store = Disk::open(dir.path(), engine).expect("opens");
    put(&store, FORMAT_KEY, Some(newer));
    store.close().expect("closes");
    let refused = FormatError::Newer { found: 4, known: 3 };
    for _ in 0..2 {
        match Disk::open(dir.path(), engine) {
            Err(OpenError::Format { fault, .. }) => assert_eq!(fault, refused),
            other => panic!("{other:?}"),
        }
    }

    let foreign = tempfile::tempdir().expect("a directory");
    let store = Disk::open(foreign.path(), engine).expect("opens");
    put(&store, FORMAT_KEY, None);
    put(&store, b"theirs", Some(b"value".to_vec()));
    store.close().expect("closes");
    let found = Disk::open(foreign.path(), engine);
    assert!(matches!(found, Err(OpenError::Format { fault: FormatError::Foreign, .. })), "{found:?}");
}

fn a_flipped_bit_is_noticed_by_every_read(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Disk::open(dir.path(), engine).expect("opens");
    let long: Vec<u8> = (0..10_000_u32).map(|i| (i / 3) as u8).collect();
    store.commit(&change(&[(Table::Blocks, b"k", b"value"), (Table::Leaves, b"k", &long)])).expect("commits");
    let store = again(store, engine);
    for (table, pairs) in [(Table::Blocks, 1), (Table::Leaves, 4)] {
        let head = keys::stored_key(table, b"k");
        let pieces = (0..3).map(|n| pieces::piece_key(&head, n));
        let stored: Vec<_> = std::iter::once(head.clone()).chain(pieces).take(pairs).collect();
        for key in stored {
            let sound = store.inside.engine.get(&key).expect("reads").expect("is there");
            for bit in (0..sound.len() * 8).step_by(1 + sound.len() / 16) {
                let mut spoiled = sound.clone();
                spoiled[bit / 8] ^= 1 << (bit % 8);
                put(&store, &key, Some(spoiled));
                suite::is_damaged(&store, table, b"k");
            }
            put(&store, &key, Some(Vec::new()));
            suite::is_damaged(&store, table, b"k");
            if key != head {
                put(&store, &key, None);
                suite::is_damaged(&store, table, b"k");
            }
            put(&store, &key, Some(sound));
            assert!(store.get(table, b"k").expect("reads").is_some());
        }
    }
}

fn no_piece_outlives_its_value(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut store = Disk::open(dir.path(), engine).expect("opens");
    // Beside the format version, each write leaves the number of commits.
    let empty = pairs(&store) + 1;
    let cases = [(Some(50_000), 14), (Some(9_000), 4), (Some(100), 1), (Some(9_000), 4), (None, 0)];
    for (length, expected) in cases {
        let mut change = ChangeSet::new();
        match length {
            Some(length) => change.put(Table::Leaves, b"k", vec![1; length]),
            None => change.delete(Table::Leaves, b"k"),
        }
        store.commit(&change).expect("commits");
        store = again(store, engine);
        assert_eq!(pairs(&store) - empty, expected, "{length:?}");
        assert_eq!(store.get(Table::Leaves, b"k"), Ok(length.map(|length| vec![1; length])));
    }
}

#[test]
fn no_value_is_put_into_a_file_of_its_own() {
    let engine = Engine::Sled;
    // The files in `blobs` are the ones the engine never lets go of in memory.
    let dir = tempfile::tempdir().expect("a directory");
    let store = Disk::open(dir.path(), engine).expect("opens");
    for n in 0..40_u64 {
        let mut change = ChangeSet::new();
        change.put(Table::Blocks, &n.to_be_bytes(), vec![n as u8; 300_000]);
        change.put(Table::Tiles, &(n / 8).to_be_bytes(), vec![n as u8; 8_192]);
        store.commit(&change).expect("commits");
    }
    store.close().expect("closes");
    let blobs = std::fs::read_dir(dir.path().join("blobs")).expect("lists").count();
    assert_eq!(blobs, 0);
}

/// Spoils the engine's own file in many places. What must not happen is a panic, a value that is not the one committed,
/// or a store that opens with an older tip.
#[test]
fn damaged_files_are_an_error_and_never_a_wrong_answer() {
    let engine = Engine::Sled;
    let dir = tempfile::tempdir().expect("a directory");
    let sound = dir.path().join("sound");
    let store = Disk::open(&sound, engine).expect("opens");
    for n in 1..=100 {
        store.commit(&height(n)).expect("commits");
    }
    store.close().expect("closes");
    let length = std::fs::metadata(sound.join("db")).expect("is there").len();

    let mut refused = 0;
    for case in 0..24_u64 {
        let spoiled = dir.path().join(format!("spoiled{case}"));
        copy_tree(&sound, &spoiled);
        let db = std::fs::OpenOptions::new().write(true).open(spoiled.join("db")).expect("opens");
        match case % 3 {
            0 => db.set_len(length * case / 24).expect("cuts"),
            1 => overwrite(&db, length * case / 24, &[0; 5_000]),
            _ => overwrite(&db, length * case / 24, &[0xa5; 700]),
        }
        drop(db);
        match Disk::open(&spoiled, engine) {
            Ok(store) => {
                assert_eq!(tip(&store), Some(100), "case {case}");
                for n in 1..=100_u64 {
                    if let Ok(Some(value)) = store.get(Table::Blocks, &n.to_be_bytes()) {
                        assert_eq!(value, [n as u8; 9_000]);
                    }
                }
            }
            Err(_) => refused += 1,
        }
        std::fs::remove_dir_all(&spoiled).expect("removes");
    }
    println!("{refused} of 24 spoiled stores were refused");
}

fn overwrite(mut file: &File, at: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(at)).expect("seeks");
    file.write_all(bytes).expect("writes");
}

fn a_full_disk_changes_nothing_and_may_be_tried_again(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let with = |reserve_bytes| {
        let bounds = Bounds { reserve_bytes, ..Bounds::DEFAULT };
        Disk::open_with(dir.path(), engine, bounds).expect("opens")
    };
    with(0).commit(&height(1)).expect("commits");
    let store = with(u64::MAX);
    for _ in 0..2 {
        let refused = store.commit(&height(2)).expect_err("no disk is that big");
        assert!(matches!(refused, StoreError::Full { needed_bytes: u64::MAX, .. }), "{refused}");
        assert!(!refused.is_permanent());
        assert_eq!(tip(&store), Some(1));
    }
    store.close().expect("closes");
    let store = with(0);
    assert_eq!(tip(&store), Some(1));
    store.commit(&height(2)).expect("commits");
    assert_eq!(tip(&store), Some(2));
}

fn after_a_failed_commit_nothing_is_read_or_written(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Disk::open(dir.path(), engine).expect("opens");
    store.commit(&height(1)).expect("commits");
    store.inside.stop("EIO");
    let stopped = StoreError::Stopped { fault: "EIO".to_owned() };
    assert_eq!(store.commit(&height(2)), Err(stopped.clone()));
    assert_eq!(store.commit(&ChangeSet::new()), Err(stopped.clone()));
    assert!(stopped.is_permanent());
    assert!(matches!(store.get(Table::Meta, b"tip"), Err(ReadError::Engine { .. })));
    assert!(matches!(store.at_or_above(Table::Meta, b""), Err(ReadError::Engine { .. })));
    assert_eq!(store.close(), Err(stopped));
}

#[test]
fn a_directory_belongs_to_the_engine_that_made_it() {
    for (ours, theirs) in [(Engine::Sled, Engine::Fjall), (Engine::Fjall, Engine::Sled)] {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Disk::open(dir.path(), theirs).expect("opens");
        store.commit(&height(1)).expect("commits");
        drop(store);
        let opened = Disk::open(dir.path(), ours);
        assert!(
            matches!(&opened, Err(OpenError::OtherEngine { found, asked, .. }) if (*found, *asked) == (theirs, ours)),
            "{opened:?}"
        );
        let hint = opened.expect_err("refused").to_string();
        assert!(hint.contains(&format!("set storage.engine to \"{theirs}\"")), "{hint}");
        assert_eq!(tip(&Disk::open(dir.path(), theirs).expect("opens")), Some(1));
    }
}

/// fjall makes its files one by one: what a kill among them leaves is made again.
#[test]
fn a_first_start_with_fjall_may_be_cut_short() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = dir.path().join("whole");
    Disk::open(&whole, Engine::Fjall).expect("opens").close().expect("closes");
    let cut = dir.path().join("cut");
    std::fs::create_dir(&cut).expect("creates");
    copy_tree(&whole.join("fjall"), &cut.join("fjall.new"));
    std::fs::remove_file(cut.join("fjall.new/version")).expect("removes");
    Disk::open(&cut, Engine::Fjall).expect("opens").commit(&height(1)).expect("commits");
    assert_eq!(tip(&Disk::open(&cut, Engine::Fjall).expect("opens")), Some(1));
}
