//! The log ahead of the engine: what is read while something waits, what a crash between any two steps leaves, what is
//! refused, and who waits for whom.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::*;
use crate::engine::Write as Writing;
use crate::{acknowledged, log, migrate};

with_each_engine! {
    every_rule_holds_wherever_the_writes_are,
    a_deletion_hides_what_lies_below_it,
    a_crash_between_any_two_deeds_of_the_engine_loses_nothing,
    a_log_is_written_again_as_often_as_it_takes,
    a_new_log_over_an_old_one_is_a_start_that_was_cut_short,
    a_torn_record_is_left_out_if_nobody_was_told_of_it,
    damage_that_no_crash_explains_is_refused,
    a_log_that_ends_before_its_engine_is_refused,
    a_missing_segment_is_refused,
    a_crash_while_a_segment_is_begun_loses_nothing,
    segments_are_used_again,
    neither_commits_nor_reads_wait_for_the_engine_until_too_much_waits,
    an_engine_that_fails_stops_the_store_and_the_log_has_everything,
    what_is_acknowledged_is_written_to_the_engine_soon,
    the_engine_is_written_with_rests_that_nobody_waits_for,
    a_store_of_before_the_log_gets_one,
}

/// What was asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Wrote,
    Flushed,
}

type Hook = dyn Fn(Deed) -> Result<(), StoreError> + Send + Sync;

/// The real engine, and somebody who looks on, holds it up or makes it fail after each deed.
struct Watched(Box<dyn Map>, Arc<Hook>);

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Map for Watched {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn first(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        self.0.first(range)
    }

    fn last(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        self.0.last(range)
    }

    fn write(&self, writes: Vec<Writing>) -> Result<(), StoreError> {
        self.0.write(writes)?;
        (self.1)(Deed::Wrote)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.0.flush()?;
        (self.1)(Deed::Flushed)
    }
}

fn watched(
    path: &Path,
    engine: Engine,
    bounds: Bounds,
    hook: impl Fn(Deed) -> Result<(), StoreError> + Send + Sync + 'static,
) -> Disk {
    let hook: Arc<Hook> = Arc::new(hook);
    Disk::open_on(path, engine, bounds, |map| Box::new(Watched(map, hook))).expect("opens")
}

/// Nothing is written to the engine while a test looks.
const NEVER: Bounds =
    Bounds { settle_after: Duration::from_secs(3_600), settle_above_bytes: usize::MAX, ..Bounds::DEFAULT };
/// Everything is, at once.
const AT_ONCE: Bounds = Bounds { settle_after: Duration::ZERO, settle_above_bytes: 0, ..Bounds::DEFAULT };
/// Small segments, each of a few heights of 9 KB.
const SMALL: Bounds = Bounds { segment_bytes: 40_000, ..NEVER };

fn open(path: &Path, engine: Engine, bounds: Bounds) -> Result<Disk, OpenError> {
    Disk::open_with(path, engine, bounds)
}

/// The segments and spares of a store's log, in order.
fn files(store: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(store.join("log")).expect("lists");
    let mut files: Vec<_> = listed.map(|entry| entry.expect("lists").path()).collect();
    files.sort();
    files
}

fn segments(store: &Path) -> Vec<PathBuf> {
    let is_segment = |path: &PathBuf| path.to_string_lossy().contains("/segment-");
    files(store).into_iter().filter(is_segment).collect()
}

/// A store that was left with so many heights in its log, as by a kill.
fn left(path: &Path, engine: Engine, bounds: Bounds, heights: u64) {
    let store = open(path, engine, bounds).expect("opens");
    (1..=heights).for_each(|n| store.commit(&height(n)).expect("commits"));
}

fn has(store: &Disk, heights: u64) {
    assert_eq!(tip(store), Some(heights));
    for n in 1..=heights {
        let value = store.get(Table::Blocks, &n.to_be_bytes()).expect("reads");
        assert_eq!(value, Some(vec![n as u8; 9_000]), "{n}");
    }
    assert_eq!(store.get(Table::Blocks, &(heights + 1).to_be_bytes()), Ok(None));
}

fn every_rule_holds_wherever_the_writes_are(engine: Engine) {
    for bounds in [NEVER, AT_ONCE, SMALL, Bounds { segment_bytes: 1, ..AT_ONCE }] {
        for rule in suite::RULES {
            let dir = tempfile::tempdir().expect("a directory");
            rule.check(&open(dir.path(), engine, bounds).expect("opens"));
        }
    }
    // Slowly written: mostly all three layers have something.
    for rule in suite::RULES {
        let dir = tempfile::tempdir().expect("a directory");
        let bounds = Bounds { settle_after: Duration::from_millis(2), ..NEVER };
        rule.check(&watched(dir.path(), engine, bounds, |_| {
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        }));
    }
}

fn a_deletion_hides_what_lies_below_it(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let names: Vec<[u8; 1]> = (10..20).map(|n| [n]).collect();
    let mut change = ChangeSet::new();
    names.iter().for_each(|name| change.put(Table::Outcomes, name, name.to_vec()));
    let store = open(dir.path(), engine, NEVER).expect("opens");
    store.commit(&change).expect("commits");
    store.close().expect("closes");

    // Now the engine has all. The elder table deletes the even ones, the younger the outer ones and writes one anew.
    let (enter, entered) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    let left = Mutex::new(left);
    let bounds = Bounds { settle_after: Duration::ZERO, ..NEVER };
    let store = watched(dir.path(), engine, bounds, move |_| {
        let _ = enter.send(());
        let _ = left.lock().expect("nobody panics with it").recv();
        Ok(())
    });
    // Dropped before the store, so that a test that fails ends.
    let leave = leave;
    let mut change = ChangeSet::new();
    (10..20).step_by(2).for_each(|n| change.delete(Table::Outcomes, &[n]));
    store.commit(&change).expect("commits");
    entered.recv().expect("the engine is being written");
    let mut change = ChangeSet::new();
    [11, 19].iter().for_each(|n| change.delete(Table::Outcomes, &[*n]));
    change.put(Table::Outcomes, &[16], b"anew".to_vec());
    store.commit(&change).expect("commits");

    let look = |store: &Disk| {
        let key = |found: Result<Option<Pair>, ReadError>| found.expect("reads").map(|(key, _)| key[0]);
        let below = |n| key(store.at_or_below(Table::Outcomes, &[n]));
        let above = |n| key(store.at_or_above(Table::Outcomes, &[n]));
        assert_eq!(
            [below(255), below(19), below(16), below(15), below(13), below(12)],
            [Some(17), Some(17), Some(16), Some(15), Some(13), None]
        );
        assert_eq!(
            [above(0), above(13), above(14), above(16), above(18)],
            [Some(13), Some(13), Some(15), Some(16), None]
        );
        assert_eq!(store.get(Table::Outcomes, &[16]), Ok(Some(b"anew".to_vec())));
        assert_eq!(store.get(Table::Outcomes, &[12]), Ok(None));
    };
    look(&store);
    drop(leave);
    store.close().expect("closes");
    look(&open(dir.path(), engine, NEVER).expect("opens"));
}

fn a_crash_between_any_two_deeds_of_the_engine_loses_nothing(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    // Each copy is what a kill at that moment would leave; it has at least what was acknowledged when it was begun.
    let acknowledged = Arc::new(Mutex::new(0));
    let copies = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let (live, copies, acknowledged) = (live.clone(), Arc::clone(&copies), Arc::clone(&acknowledged));
        let to = dir.path().to_owned();
        move |deed| {
            // No commit is under way meanwhile: a copy takes time, a kill does not.
            let acknowledged = acknowledged.lock().expect("nobody panics with it");
            let least: u64 = *acknowledged;
            let mut copies = copies.lock().expect("nobody panics with it");
            let copy = to.join(format!("copy{}", copies.len()));
            let enough = copies.iter().filter(|(_, before, _)| *before == deed).count() >= 12;
            if least > 0 && !enough {
                copy_tree(&live, &copy);
                copies.push((copy, deed, least));
            }
            Ok(())
        }
    };
    // No commit waits for the engine, which waits for commits while files are copied.
    let bounds =
        Bounds { segment_bytes: 40_000, batch_bytes: 10_000, waiting_bytes_max: usize::MAX, ..AT_ONCE };
    let store = watched(&live, engine, bounds, hook);
    while copies.lock().expect("nobody panics with it").len() < 24 {
        let mut acknowledged = acknowledged.lock().expect("nobody panics with it");
        store.commit(&height(*acknowledged + 1)).expect("commits");
        *acknowledged += 1;
        drop(acknowledged);
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(store);
    let copies = std::mem::take(&mut *copies.lock().expect("nobody panics with it"));
    for (copy, deed, least) in copies {
        // Twice: what was written again from the log is written again once more.
        let found = tip(&open(&copy, engine, NEVER).expect("opens"));
        assert!(found >= Some(least), "after {deed:?}: {found:?} of {least}");
        has(&open(&copy, engine, NEVER).expect("opens"), found.expect("it has one"));
    }
}

fn a_log_is_written_again_as_often_as_it_takes(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, SMALL, 20);
    // Starts that end after each deed of the engine: written, and durable.
    let again = dir.path().join("again");
    for fails_after in [Deed::Wrote, Deed::Flushed] {
        copy_tree(&live, &again);
        let hook: Arc<Hook> = Arc::new(move |deed| match deed == fails_after {
            true => Err(StoreError::Io { deed: "testing", fault: "EIO".to_owned() }),
            false => Ok(()),
        });
        let opened = Disk::open_on(&again, engine, SMALL, |map| Box::new(Watched(map, hook)));
        assert!(matches!(opened, Err(OpenError::Engine { .. })), "{fails_after:?}");
        has(&open(&again, engine, SMALL).expect("opens"), 20);
        std::fs::remove_dir_all(&again).expect("removes");
    }
    copy_tree(&live, &again);
    open(&again, engine, SMALL).expect("opens").close().expect("closes");

    // The engine has everything, and the log still stands there as it was.
    std::fs::remove_dir_all(again.join("log")).expect("removes");
    copy_tree(&live.join("log"), &again.join("log"));
    let store = open(&again, engine, SMALL).expect("opens");
    has(&store, 20);
    store.commit(&height(21)).expect("commits");
    drop(store);
    has(&open(&again, engine, SMALL).expect("opens"), 21);
}

fn a_new_log_over_an_old_one_is_a_start_that_was_cut_short(engine: Engine) {
    // The new segment has its name and the old ones are still there, the last of them torn.
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, SMALL, 7);
    let old = dir.path().join("old");
    copy_tree(&live, &old);
    open(&live, engine, NEVER).expect("opens").close().expect("closes");
    for segment in segments(&old) {
        let torn = std::fs::read(&segment).expect("reads");
        std::fs::write(live.join("log").join(segment.file_name().expect("has one")), &torn[..9_000])
            .expect("writes");
    }
    let store = open(&live, engine, NEVER).expect("opens");
    has(&store, 7);
    assert_eq!(segments(&live).len(), 1);
}

/// Where the records of a segment begin and end, by their numbers.
fn records(bytes: &[u8]) -> Vec<(u64, std::ops::Range<usize>)> {
    let mut records = Vec::new();
    let mut at = 64;
    let number = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight"));
    while at + 64 <= bytes.len() && number(at + 8) > 0 {
        let end = (at + 24 + number(at) as usize + 16).next_multiple_of(64);
        records.push((number(at + 8), at..end));
        at = end;
    }
    records
}

fn a_torn_record_is_left_out_if_nobody_was_told_of_it(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, NEVER, 3);
    let before = acknowledged::encode(b"acknowledged", 2);
    let segment = segments(&live).pop().expect("there is one");
    let sound = std::fs::read(&segment).expect("reads");
    let last = records(&sound).pop().expect("there are three").1;
    let name = segment.file_name().expect("has one");
    let tear = |at: usize| {
        let mut torn = sound.clone();
        torn[at..last.end].fill(0);
        torn
    };
    let mut cases: Vec<(String, Vec<u8>)> = Vec::new();
    for at in [0, 7, 8, 20, 24, 64, 4_096, last.len() - 100] {
        cases.push((format!("written up to {at}"), tear(last.start + at)));
        cases.push((format!("cut at {at}"), sound[..last.start + at].to_vec()));
        let mut hole = sound.clone();
        hole[last.start + at..last.start + at + 64].fill(0);
        cases.push((format!("a hole at {at}"), hole));
    }
    for (what, torn) in cases {
        for (told, note) in [(false, &before), (true, &acknowledged::encode(b"acknowledged", 3))] {
            let copy = dir.path().join("copy");
            copy_tree(&live, &copy);
            std::fs::write(copy.join("log").join(name), &torn).expect("writes");
            std::fs::write(copy.join("acknowledged"), note).expect("writes");
            let opened = open(&copy, engine, NEVER);
            if told {
                assert!(
                    matches!(opened, Err(OpenError::Lost { found: 2, acknowledged: 3, .. })),
                    "{what}: {opened:?}"
                );
            } else {
                let store = opened.unwrap_or_else(|fault| panic!("{what}: {fault}"));
                has(&store, 2);
                store.commit(&height(3)).expect("commits");
                drop(store);
                has(&open(&copy, engine, NEVER).expect("opens"), 3);
            }
            std::fs::remove_dir_all(&copy).expect("removes");
        }
    }
}

fn damage_that_no_crash_explains_is_refused(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, NEVER, 4);
    let segment = segments(&live).pop().expect("there is one");
    let sound = std::fs::read(&segment).expect("reads");
    let records = records(&sound);
    // The note says nothing: what speaks is the log itself.
    std::fs::write(live.join("acknowledged"), b"").expect("writes");
    let verdict = |spoiled: &[u8]| {
        let copy = dir.path().join("copy");
        copy_tree(&live, &copy);
        std::fs::write(copy.join("log").join(segment.file_name().expect("has one")), spoiled)
            .expect("writes");
        let opened = open(&copy, engine, NEVER).map(|store| tip(&store));
        std::fs::remove_dir_all(&copy).expect("removes");
        opened
    };
    for (number, place) in &records[..3] {
        for at in [0, 7, 8, 15, 16, 23, 24, 500, place.len() - 120] {
            let mut spoiled = sound.clone();
            spoiled[place.start + at] ^= 4;
            let opened = verdict(&spoiled);
            let Err(OpenError::Log { fault: LogFault::Record { number: found, .. }, .. }) = &opened else {
                panic!("commit {number}, byte {at}: {opened:?}");
            };
            assert_eq!(found, number, "byte {at}");
        }
    }
    // One commit in the place of another, and the header.
    let (second, third) = (records[1].1.clone(), records[2].1.clone());
    assert_eq!(second.len(), third.len());
    let mut spoiled = sound.clone();
    spoiled.copy_within(third, second.start);
    assert!(matches!(
        verdict(&spoiled),
        Err(OpenError::Log { fault: LogFault::Record { number: 2, .. }, .. })
    ));
    for at in [0, 17, 22, 30, 45, 51] {
        let mut spoiled = sound.clone();
        spoiled[at] ^= 1;
        let opened = verdict(&spoiled);
        assert!(
            matches!(opened, Err(OpenError::Log { fault: LogFault::Header { first: 1, .. }, .. })),
            "{at}"
        );
    }
    assert_eq!(verdict(&sound).expect("opens"), Some(4));
}

fn a_log_that_ends_before_its_engine_is_refused(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), engine, NEVER).expect("opens");
    (1..=4).for_each(|n| store.commit(&height(n)).expect("commits"));
    store.close().expect("closes");
    std::fs::write(dir.path().join("acknowledged"), b"").expect("writes");
    let segment = segments(dir.path()).pop().expect("there is one");
    let mut bytes = std::fs::read(&segment).expect("reads");
    let last = records(&bytes).pop().expect("there are four").1;
    bytes[last].fill(0);
    std::fs::write(&segment, &bytes).expect("writes");
    let opened = open(dir.path(), engine, NEVER);
    assert!(matches!(opened, Err(OpenError::Lost { found: 3, acknowledged: 4, .. })), "{opened:?}");
}

fn a_missing_segment_is_refused(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, SMALL, 14);
    let all = segments(&live);
    assert!(all.len() >= 4, "{all:?}");
    // As after a power cut that took the note.
    std::fs::write(live.join("acknowledged"), b"").expect("writes");
    for missing in &all {
        let copy = dir.path().join("copy");
        copy_tree(&live, &copy);
        std::fs::remove_file(copy.join("log").join(missing.file_name().expect("has one"))).expect("removes");
        let opened = open(&copy, engine, SMALL);
        assert!(matches!(opened, Err(OpenError::Lost { .. })), "{}: {opened:?}", missing.display());
        std::fs::remove_dir_all(&copy).expect("removes");
    }
    // All of them, with and without the note.
    std::fs::remove_dir_all(live.join("log")).expect("removes");
    let opened = open(&live, engine, SMALL);
    assert!(matches!(opened, Err(OpenError::Log { fault: LogFault::Nothing, .. })), "{opened:?}");
    std::fs::write(live.join("acknowledged"), acknowledged::encode(b"acknowledged", 14)).expect("writes");
    let opened = open(&live, engine, SMALL);
    assert!(matches!(opened, Err(OpenError::Lost { found: 0, acknowledged: 14, .. })), "{opened:?}");
}

fn a_crash_while_a_segment_is_begun_loses_nothing(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let live = dir.path().join("live");
    left(&live, engine, SMALL, 4);
    let all = segments(&live);
    assert_eq!(all.len(), 1);
    // The next segment has its name, and this one not yet its mark.
    let empty = log::empty_segment(5);
    std::fs::write(live.join("log/segment-00000000000000000005"), &empty).expect("writes");
    let store = open(&live, engine, SMALL).expect("opens");
    has(&store, 4);
    store.commit(&height(5)).expect("commits");
    drop(store);
    // A spare that was being turned into a segment.
    std::fs::write(live.join("log/spare-00000000000000000009"), &empty[..30]).expect("writes");
    let store = open(&live, engine, SMALL).expect("opens");
    (6..=20).for_each(|n| store.commit(&height(n)).expect("commits"));
    drop(store);
    has(&open(&live, engine, SMALL).expect("opens"), 20);
}

fn segments_are_used_again(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), engine, Bounds { segment_bytes: 40_000, ..AT_ONCE }).expect("opens");
    for n in 1..=200 {
        store.commit(&height(n)).expect("commits");
        if n % 5 == 0 {
            // Time to settle, as it has at any rate that a disk can take.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    has(&store, 200);
    store.close().expect("closes");
    let found = files(dir.path());
    assert!(found.len() <= 6, "{found:?}");
    // One set that is larger than a segment, and what follows it.
    let store = open(dir.path(), engine, SMALL).expect("opens");
    store.commit(&change(&[(Table::Leaves, b"large", &[7; 300_000])])).expect("commits");
    (201..=220).for_each(|n| store.commit(&height(n)).expect("commits"));
    drop(store);
    let store = open(dir.path(), engine, SMALL).expect("opens");
    has(&store, 220);
    assert_eq!(store.get(Table::Leaves, b"large"), Ok(Some(vec![7; 300_000])));
}

fn neither_commits_nor_reads_wait_for_the_engine_until_too_much_waits(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let (enter, entered) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    let left = Mutex::new(left);
    let bounds = Bounds { waiting_bytes_max: 100_000, ..AT_ONCE };
    // A new store writes its format first.
    open(dir.path(), engine, bounds).expect("opens").close().expect("closes");
    let store = watched(dir.path(), engine, bounds, move |deed| {
        if deed == Deed::Flushed {
            let _ = enter.send(());
            let _ = left.lock().expect("nobody panics with it").recv();
        }
        Ok(())
    });
    let leave = leave;
    store.commit(&height(1)).expect("commits");
    entered.recv().expect("the engine is being flushed");
    // About ten sets of 9 KB wait beside the one that is being written.
    for n in 2..=10 {
        store.commit(&height(n)).expect("commits");
        has(&store, n);
    }
    let waited = std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            (11..=13).for_each(|n| store.commit(&height(n)).expect("commits"));
        });
        std::thread::sleep(Duration::from_millis(200));
        let waited = !committing.is_finished();
        // Readers go on.
        assert!(tip(&store).is_some_and(|tip| (10..=12).contains(&tip)), "{:?}", tip(&store));
        assert!(store.inside.backlog.bytes() <= bounds.waiting_bytes_max);
        drop(leave);
        waited
    });
    assert!(waited, "commits did not wait");
    has(&store, 13);
    // One set that is larger than the bound is taken all the same.
    store.commit(&change(&[(Table::Leaves, b"large", &[7; 300_000])])).expect("commits");
    store.close().expect("closes");
    has(&open(dir.path(), engine, NEVER).expect("opens"), 13);
}

fn an_engine_that_fails_stops_the_store_and_the_log_has_everything(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let failing = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&failing);
    let store = watched(dir.path(), engine, Bounds { settle_above_bytes: 20_000, ..NEVER }, move |_| {
        match told.load(Ordering::SeqCst) {
            true => Err(StoreError::Io { deed: "testing", fault: "EIO".to_owned() }),
            false => Ok(()),
        }
    });
    failing.store(true, Ordering::SeqCst);
    let mut committed = 0;
    while store.commit(&height(committed + 1)).is_ok() {
        committed += 1;
        std::thread::sleep(Duration::from_millis(1));
        assert!(committed < 5_000, "it goes on");
    }
    assert!(committed >= 2);
    assert!(matches!(store.commit(&height(committed + 1)), Err(StoreError::Stopped { .. })));
    assert!(matches!(store.get(Table::Meta, b"tip"), Err(ReadError::Engine { .. })));
    assert!(matches!(store.close(), Err(StoreError::Stopped { .. })));
    has(&open(dir.path(), engine, NEVER).expect("opens"), committed);
}

fn what_is_acknowledged_is_written_to_the_engine_soon(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let bounds = Bounds { settle_after: Duration::from_millis(50), ..Bounds::DEFAULT };
    let store = open(dir.path(), engine, bounds).expect("opens");
    store.commit(&height(1)).expect("commits");
    let key = keys::stored_key(Table::Meta, b"tip");
    let mut rounds = 0;
    while store.inside.engine.get(&key).expect("reads").is_none() || store.inside.backlog.bytes() > 0 {
        std::thread::sleep(Duration::from_millis(10));
        rounds += 1;
        assert!(rounds < 1_000, "it never came to the engine");
    }
    has(&store, 1);
}

fn the_engine_is_written_with_rests_that_nobody_waits_for(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let bounds = Bounds {
        settle_after: Duration::ZERO,
        settle_over: Duration::from_secs(3_600),
        batch_bytes: 1_000,
        waiting_bytes_max: 30_000,
        ..NEVER
    };
    let (write, wrote) = mpsc::channel();
    let store = watched(dir.path(), engine, bounds, move |_| {
        let _ = write.send(());
        Ok(())
    });
    store.commit(&height(1)).expect("commits");
    wrote.recv().expect("the engine is being written");
    std::thread::sleep(Duration::from_millis(50));
    assert!(store.inside.backlog.bytes() > 0, "it does not rest");
    // Each of these waits for room at some time, and for an hour if that did not end the rest.
    (2..=9).for_each(|n| store.commit(&height(n)).expect("commits"));
    has(&store, 9);
    store.close().expect("closes");
    has(&open(dir.path(), engine, NEVER).expect("opens"), 9);
}

fn a_store_of_before_the_log_gets_one(engine: Engine) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("store");
    let store = Disk::open(&path, engine).expect("opens");
    store.commit(&height(1)).expect("commits");
    let store = again(store, engine);
    put(&store, FORMAT_KEY, Some(keys::seal(FORMAT_KEY, &1_u32.to_be_bytes())));
    store.close().expect("closes");
    std::fs::remove_dir_all(path.join("log")).expect("removes");
    let old = dir.path().join("old");
    copy_tree(&path, &old);

    // A start that came as far as the log, and no farther.
    std::fs::create_dir(path.join("log")).expect("creates");
    std::fs::write(path.join("log/segment-00000000000000000002"), log::empty_segment(2)).expect("writes");
    for path in [&path, &old] {
        let store = Disk::open(path, engine).expect("opens");
        has(&store, 1);
        store.commit(&height(2)).expect("commits");
        drop(store);
        let store = Disk::open(path, engine).expect("opens");
        has(&store, 2);
        let stamp = store.inside.engine.get(FORMAT_KEY).expect("reads");
        assert_eq!(stamp, Some(migrate::stamp()));
    }

    // A log that is ahead of an engine without a format is nobody's.
    let alone = dir.path().join("alone");
    left(&alone, engine, NEVER, 2);
    match engine {
        Engine::Sled => std::fs::remove_file(alone.join("db")),
        Engine::Fjall => std::fs::remove_dir_all(alone.join("fjall")),
    }
    .expect("removes");
    std::fs::write(alone.join("acknowledged"), b"").expect("writes");
    let opened = Disk::open(&alone, engine);
    assert!(matches!(opened, Err(OpenError::Log { fault: LogFault::Ahead { last: 2 }, .. })), "{opened:?}");
}
