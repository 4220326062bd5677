//! The real store and the real journal in a process of their own, killed at any moment; and the store's files, damaged.
//!
//! This test runs itself again as a child, which writes height after height and says so when it is durable. Whatever it
//! said must be there and whole when the next process opens the files.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger::change::{ChangeSet, Table};
use ledger::read::Read as _;
use node::journal::{IfMissing, Journal, Write};
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, Height, TimeMs, View};
use proto::id::NetworkId;
use proto::record::SafetyRecord;
use sim::prng::Prng;
use store::disk::{Bounds, Disk, Engine};
use store::port::Store as _;

use crate::journal_file::key;

/// Kills in a run of every day; more with `CRASH_KILLS`.
const KILLS: u64 = 100;
/// Damaged copies in a run of every day; more with `CRASH_DAMAGES`.
const DAMAGES: u64 = 160;
/// After so many kills a new directory is begun, so that opening does not become the whole test.
pub const KILLS_PER_DIRECTORY: u64 = 20;
/// Heights of the store that is damaged.
const DAMAGED_HEIGHTS: u64 = 40;
/// Heights below the tip that are looked at after each kill; at the end, all.
const LOOK_BACK: u64 = 30;
/// How long a child may take for what it was asked, before it hangs.
const CHILD_MAX: Duration = Duration::from_secs(60);

/// Says to a child what it is, and where.
const WRITER: &str = "CRASH_STORE_WRITER";
const READER: &str = "CRASH_STORE_READER";

const SOON: Duration = Duration::from_millis(10);
/// What is rare in a node happens all the time: segments of the log of a few heights, and writes to the engine after each.
const EAGER: Bounds =
    Bounds { settle_after: SOON, settle_over: SOON, segment_bytes: 256 << 10, ..Bounds::DEFAULT };

/// The engine that is tried: `CRASH_ENGINE`, which children inherit.
fn engine() -> Engine {
    std::env::var("CRASH_ENGINE").map_or(Engine::Sled, |name| name.parse().expect("an engine"))
}

/// A number that the environment asks for.
pub fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Bytes without a pattern, that a height and a place alone decide.
fn noise(height: u64, place: u64, bytes_max: u64) -> Vec<u8> {
    let mut prng = Prng::new(height, "content");
    for _ in 0..place {
        prng.draw();
    }
    let length = 1 + prng.below(bytes_max);
    (0..length.div_ceil(32)).flat_map(|_| prng.seed()).take(length as usize).collect()
}

/// Where a height writes to every table there is, beside what is written elsewhere.
fn everywhere(height: u64) -> Vec<u8> {
    [&height.to_be_bytes()[..], b"everywhere"].concat()
}

/// What one height writes: something to every table, a body in pieces, small state, a tile that others write too, a
/// deletion, the tip.
fn change(height: u64) -> ChangeSet {
    let mut change = ChangeSet::new();
    let key = height.to_be_bytes();
    change.put(Table::Blocks, &key, noise(height, 0, 60_000));
    change.put(Table::BlockHeights, &noise(height, 1, 1)[..1], key.to_vec());
    for n in 0..4_u64 {
        change.put(Table::Outcomes, &[key, n.to_be_bytes()].concat(), noise(height, 2 + n, 200));
    }
    change.put(Table::Tiles, &(height / 8).to_be_bytes(), noise(height, 7, 8_192));
    for table in Table::ALL {
        change.put(table, &everywhere(height), noise(height, 8 + table as u64, 100));
    }
    if height > 3 {
        change.delete(Table::Outcomes, &[(height - 3).to_be_bytes(), 3_u64.to_be_bytes()].concat());
    }
    change.put(Table::Meta, b"tip", key.to_vec());
    change
}

fn tip(store: &Disk) -> Result<u64, String> {
    let found = store.get(Table::Meta, b"tip").map_err(|fault| fault.to_string())?;
    let Some(bytes) = found else { return Ok(0) };
    bytes.try_into().map(u64::from_be_bytes).map_err(|bytes| format!("a tip of {} bytes", bytes.len()))
}

/// What a store lacks of a height that it says it has.
#[derive(Debug, Default)]
struct Look {
    /// Values that are not there.
    missing: usize,
    /// Reads that were refused.
    refused: usize,
    /// Values that are other ones.
    wrong: Vec<String>,
}

impl Look {
    fn at(&mut self, store: &Disk, height: u64, tip: u64) {
        let key = height.to_be_bytes();
        let mut expect = |table: Table, key: &[u8], expected: Option<Vec<u8>>| match store.get(table, key) {
            Ok(found) if found == expected => {}
            Ok(None) => self.missing += 1,
            Ok(Some(_)) => self.wrong.push(format!("{table:?} of height {height}")),
            Err(_) => self.refused += 1,
        };
        let there = |value: Vec<u8>| (height <= tip).then_some(value);
        expect(Table::Blocks, &key, there(noise(height, 0, 60_000)));
        for n in 0..4_u64 {
            let is_deleted = n == 3 && height + 3 <= tip;
            let expected = if is_deleted { None } else { there(noise(height, 2 + n, 200)) };
            expect(Table::Outcomes, &[key, n.to_be_bytes()].concat(), expected);
        }
        for table in Table::ALL {
            expect(table, &everywhere(height), there(noise(height, 8 + table as u64, 100)));
        }
        // The last height that wrote this tile.
        let last = tip.min(height / 8 * 8 + 7);
        let tile = (last / 8 == height / 8 && last > 0).then(|| noise(last, 7, 8_192));
        expect(Table::Tiles, &(height / 8).to_be_bytes(), tile);
    }

    fn is_whole(&self) -> bool {
        self.missing == 0 && self.refused == 0 && self.wrong.is_empty()
    }
}

fn record(view: u64) -> SafetyRecord {
    let mut block = Block::genesis(&NetworkId::default(), TimeMs::new(view));
    (block.height, block.view) = (Height::new(view), View::new(view));
    SafetyRecord {
        epoch: Epoch::ZERO,
        last_acted_view: View::new(view),
        high_qc: QuorumCert { view: View::new(view - 1), ..QuorumCert::genesis(block.parent) },
        high_tc: None,
        voted: Some(block),
        timed_out: false,
        proposed: None,
    }
}

fn open_journal(dir: &Path) -> (Journal, u64) {
    let path = dir.join(Journal::FILE_NAME);
    let opened = Journal::open(&path, &NetworkId::default(), &key(), IfMissing::Create);
    let (mut journal, found) = opened.expect("a kill leaves a journal that opens");
    // Rewritten often, so that a kill falls into that too.
    journal.compact_above(4_000);
    let view = found.record.as_ref().map_or(0, |record| record.last_acted_view.get());
    assert_eq!(found.record, (view > 0).then(|| record(view)), "the record is the one written for its view");
    (journal, view)
}

/// Nothing else is written for a while, so that an end finds this promise alone and no later sync helps it.
fn rest(height: u64, of_four: u64) {
    if height % 4 == of_four {
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// The child: writes until it is killed.
#[test]
fn writer() {
    let Some(dir) = std::env::var_os(WRITER).map(PathBuf::from) else { return };
    let (mut journal, view) = open_journal(&dir);
    let store =
        Disk::open_with(&dir.join("data"), engine(), EAGER).expect("a kill leaves a store that opens");
    let begin = tip(&store).expect("a kill leaves a tip");
    for height in begin + 1.. {
        // A record before the block it is about; after a kill the record may be there already.
        if height > view {
            let record = record(height);
            journal
                .append(&[Write { record: &record, body: None, settled: Height::new(begin) }])
                .expect("appends");
            println!("\nspoke {height}");
        }
        rest(height, 2);
        store.commit(&change(height)).expect("commits");
        println!("\nstored {height}");
        rest(height, 0);
    }
}

/// The child: opens a damaged store, reads all of it and says what it found.
#[test]
fn reader() {
    let Some(dir) = std::env::var_os(READER).map(PathBuf::from) else { return };
    let store = match Disk::open(&dir, engine()) {
        Ok(store) => store,
        Err(_) => return println!("\nrefused"),
    };
    let found = match tip(&store) {
        Ok(found) => found,
        Err(_) => return println!("\nunreadable"),
    };
    let mut look = Look::default();
    (1..=DAMAGED_HEIGHTS + 1).for_each(|height| look.at(&store, height, DAMAGED_HEIGHTS));
    println!(
        "\n{}",
        match (found, &look) {
            (DAMAGED_HEIGHTS, look) if look.is_whole() => "whole".to_owned(),
            (DAMAGED_HEIGHTS, Look { wrong, missing: 0, .. }) if wrong.is_empty() => "unreadable".to_owned(),
            (DAMAGED_HEIGHTS, Look { wrong, .. }) if wrong.is_empty() => "missing".to_owned(),
            (found, look) => format!("wrong: tip {found}, {look:?}"),
        }
    );
}

/// This test again, in the role that `variable` names; `complaints` is where its panics go.
fn child(test: &str, variable: &str, dir: &Path, complaints: Stdio) -> Child {
    Command::new(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(variable, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .expect("this test runs again")
}

/// What writers said was durable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Promised {
    /// The highest view of a record.
    spoke: u64,
    /// The highest block.
    stored: u64,
}

impl Promised {
    /// Whether more was said than this.
    pub const fn lacks(self, said: Self) -> bool {
        said.spoke > self.spoke || said.stored > self.stored
    }
}

/// A child that writes.
pub struct Writer {
    child: Child,
    listening: JoinHandle<()>,
    said: Arc<Mutex<(Promised, u64)>>,
}

impl Writer {
    /// Starts one in this directory.
    pub fn start(dir: &Path) -> Self {
        let mut child = child("store::writer", WRITER, dir, Stdio::inherit());
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let said: Arc<Mutex<(Promised, u64)>> = Arc::default();
        let hear = Arc::clone(&said);
        let listening = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut said = hear.lock().expect("nobody panics with it");
                match line.split_once(' ') {
                    Some(("spoke", height)) => said.0.spoke = height.parse().expect("a height"),
                    Some(("stored", height)) => said.0.stored = height.parse().expect("a height"),
                    Some(_) | None => continue,
                }
                said.1 += 1;
            }
        });
        Self { child, listening, said }
    }

    /// All that it has said so far, perhaps a little less.
    pub fn said(&self) -> Promised {
        self.said.lock().expect("nobody panics with it").0
    }

    /// Waits for a moment to end it: often after it has said so many things and a little more, however slow the machine
    /// is; sometimes after a time that may end before it has opened anything.
    pub fn wait(&self, moments: &mut Prng) {
        if moments.chance(250) {
            return std::thread::sleep(Duration::from_millis(5 + moments.below(100)));
        }
        let (lines, begin) = (moments.below(24), Instant::now());
        while self.said.lock().expect("nobody panics with it").1 < lines && begin.elapsed() < CHILD_MAX {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(moments.below(20_000)));
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Kills it; all that it ever said.
    pub fn kill(mut self) -> Promised {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().expect("it ends");
        self.listening.join().expect("the listener does not panic");
        self.said.lock().expect("nobody panics with it").0
    }
}

/// What became of many ends of writers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Heights that were acknowledged and are whole.
    heights: u64,
    /// Ends after a block was durable and before anybody heard of it.
    unheard: u64,
    /// Ends between a record and its block.
    between: u64,
}

impl Tally {
    /// Opens what a writer left, looks whether what was promised is there, and goes on from what is.
    pub fn look(&mut self, what: &str, dir: &Path, promised: &mut Promised, said: Promised) {
        let spoke = promised.spoke.max(said.spoke);
        let stored = promised.stored.max(said.stored);
        let (_, view) = open_journal(dir);
        let store = Disk::open(&dir.join("data"), engine()).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        let tip = tip(&store).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert!(tip >= stored, "{what}: height {stored} was acknowledged, the tip is {tip}");
        assert!(view >= spoke.max(tip), "{what}: spoke in view {spoke}, stored {tip}, found {view}");
        // Whatever is there beyond the promises was under way, and is whole too.
        assert!(view <= tip + 1, "{what}: a record of view {view} with {tip} blocks");
        let mut look = Look::default();
        (tip.saturating_sub(LOOK_BACK).max(1)..=tip + 1).for_each(|height| look.at(&store, height, tip));
        assert!(look.is_whole(), "{what}: {look:?}");
        self.unheard += u64::from(tip > stored);
        self.between += u64::from(view > tip);
        *promised = Promised { spoke: view, stored: tip };
    }

    /// Looks at every height in a directory that no more is written to.
    pub fn look_at_all(&mut self, dir: &Path, promised: Promised) {
        let store = Disk::open(&dir.join("data"), engine()).expect("opens");
        let tip = promised.stored;
        let mut look = Look::default();
        (1..=tip + 1).for_each(|height| look.at(&store, height, tip));
        assert!(look.is_whole(), "{look:?}");
        self.heights += tip;
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill() {
    let (kills, begin) = (asked("CRASH_KILLS", KILLS), Instant::now());
    let (mut moments, mut tally) = (Prng::new(kills, "moments"), Tally::default());
    let mut kill = 0;
    while kill < kills {
        let dir = tempfile::tempdir().expect("a directory");
        let mut promised = Promised::default();
        for _ in 0..KILLS_PER_DIRECTORY.min(kills - kill) {
            kill += 1;
            let mut writer = Writer::start(dir.path());
            writer.wait(&mut moments);
            assert!(!writer.has_ended(), "kill {kill}: the writer ended by itself");
            tally.look(&format!("kill {kill}"), dir.path(), &mut promised, writer.kill());
        }
        tally.look_at_all(dir.path(), promised);
    }
    println!("{kills} kills in {:.1} s: {tally:?}", begin.elapsed().as_secs_f64());
    assert!(tally.heights > kills, "the writers hardly wrote");
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("creates");
    for entry in std::fs::read_dir(from).expect("lists").map(|entry| entry.expect("lists")) {
        let target = to.join(entry.file_name());
        match entry.file_type().expect("has a type").is_dir() {
            true => copy_tree(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("copies")),
        }
    }
}

/// The files below a directory, with their lengths.
fn files_below(directory: &Path, name: &Path) -> Vec<(PathBuf, u64)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory.join(name)).expect("lists").map(|entry| entry.expect("lists")) {
        let (name, found) = (name.join(entry.file_name()), entry.metadata().expect("is there"));
        match found.is_dir() {
            true => files.extend(files_below(directory, &name)),
            false => files.push((name, found.len())),
        }
    }
    files.sort();
    files
}

/// What a reader says of a damaged copy.
fn read_damaged(dir: &Path) -> String {
    let mut reader = child("store::reader", READER, dir, Stdio::null());
    let begin = Instant::now();
    while reader.try_wait().expect("it can be asked").is_none() {
        if begin.elapsed() > CHILD_MAX {
            reader.kill().expect("it is ours");
            reader.wait().expect("it ends");
            return "wrong: it hangs".to_owned();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = reader.wait_with_output().expect("it has ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdicts = ["refused", "unreadable", "whole", "missing", "wrong"];
    let verdict = said.lines().find(|line| verdicts.iter().any(|verdict| line.starts_with(verdict)));
    match (output.status.success(), verdict) {
        (true, Some(verdict)) => verdict.to_owned(),
        (true, None) | (false, _) => format!("wrong: {} {said}", output.status),
    }
}

#[test]
fn a_damaged_file_is_noticed_or_does_no_harm() {
    let (damages, begin) = (asked("CRASH_DAMAGES", DAMAGES), Instant::now());
    let dir = tempfile::tempdir().expect("a directory");
    let closed = dir.path().join("closed");
    let store = Disk::open(&closed, engine()).expect("opens");
    (1..=DAMAGED_HEIGHTS).for_each(|height| store.commit(&change(height)).expect("commits"));
    store.close().expect("closes");
    assert_eq!(read_damaged(&closed), "whole", "what is not damaged");
    // Left as by a kill: the engine has nothing, the log everything.
    let left = dir.path().join("left");
    let never = Bounds { settle_after: CHILD_MAX, segment_bytes: 256 << 10, ..Bounds::DEFAULT };
    let store = Disk::open_with(&left, engine(), never).expect("opens");
    (1..=DAMAGED_HEIGHTS).for_each(|height| store.commit(&change(height)).expect("commits"));
    drop(store);

    let mut prng = Prng::new(damages, "damage");
    let mut verdicts = std::collections::BTreeMap::<(String, String), u64>::new();
    for number in 0..damages {
        // Most of the damage in the engine's file, or in the log when that has everything.
        let (sound, most) = if number % 3 == 0 {
            (&left, "log")
        } else {
            (&closed, if engine() == Engine::Sled { "db" } else { "fjall" })
        };
        let mut files = files_below(sound, Path::new(""));
        if number % 8 != 0 {
            files.retain(|(name, _)| name.starts_with(most));
        }
        let (name, length) = &files[prng.below(files.len() as u64) as usize];
        if *length == 0 {
            continue;
        }
        let copy = dir.path().join("copy");
        copy_tree(sound, &copy);
        let file = std::fs::OpenOptions::new().read(true).write(true).open(copy.join(name)).expect("opens");
        let (at, run) = (prng.below(*length), if number % 2 == 0 { 1 } else { 1 + prng.below(64) });
        let mut bytes = vec![0; run.min(length - at) as usize];
        file.read_exact_at(&mut bytes, at).expect("reads");
        // A flipped bit, or a run of bytes that are all others.
        bytes.iter_mut().for_each(|byte| *byte ^= if run == 1 { 1 << prng.below(8) } else { 0xff });
        file.write_all_at(&bytes, at).expect("writes");
        drop(file);
        let verdict = read_damaged(&copy);
        let name = name.to_string_lossy();
        assert!(!verdict.starts_with("wrong"), "{name}, {run} bytes at {at} of {length}: {verdict}");
        assert!(verdict != "missing" || most != "log", "{name}, {run} bytes at {at} of {length}: {verdict}");
        let name = match name.split(['/', '.']).next() {
            Some("log") if most == "log" => "log, alone",
            Some(name) => name,
            None => &name,
        };
        *verdicts.entry((name.to_owned(), verdict)).or_default() += 1;
        std::fs::remove_dir_all(&copy).expect("removes");
    }
    println!("{damages} damaged copies in {:.1} s: {verdicts:#?}", begin.elapsed().as_secs_f64());
}
