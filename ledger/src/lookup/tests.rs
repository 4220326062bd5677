//! The index against one that is made naively, after every block: its runs are sorted lists, merged as the schedule's first
//! sentence says, and its trees are hashed anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use crypto::sha256;
use merkle::{WholeTree, leaf_hash};
use proto::counter::Height;
use proto::lookup::{BUCKET_RECORDS, Prefix};

use super::*;
use crate::lookup::schedule::{LINGER, RUNS};
use crate::read::Pair;

type Content = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

#[derive(Default)]
struct Memory(Mutex<Content>);

impl Memory {
    fn commit(&self, change: &ChangeSet) {
        let mut content = self.0.lock().expect("no test panics while it holds this");
        for (table, key, value) in change.iter() {
            match value {
                Some(value) => content.insert((table, key.to_vec()), value.to_vec()),
                None => content.remove(&(table, key.to_vec())),
            };
        }
    }

    fn content(&self) -> Content {
        self.0.lock().expect("no test panics while it holds this").clone()
    }
}

impl Read for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.lock().expect("as above").get(&(table, key.to_vec())).cloned())
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.0.lock().expect("as above");
        let found = content.range((table, Vec::new())..=(table, key.to_vec())).next_back();
        Ok(found.map(|((_, key), value)| (key.clone(), value.clone())))
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.0.lock().expect("as above");
        let found = content.range((table, key.to_vec())..).next().filter(|((found, _), _)| *found == table);
        Ok(found.map(|((_, key), value)| (key.clone(), value.clone())))
    }
}

/// Noise that is the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A record of one of so many keys.
    fn record(&mut self, keys: u64, index: LeafIndex) -> Record {
        let digest = sha256(&self.below(keys).to_be_bytes());
        let mut bytes = [0; Record::BYTES];
        bytes[..16].copy_from_slice(&digest.as_bytes()[..16]);
        let Record { prefix, .. } = Record::from_bytes(&bytes);
        Record { prefix, index }
    }
}

/// The index as its definition has it.
#[derive(Default)]
struct Naive {
    from: u64,
    /// By level, the live runs, oldest first: where each ends, its records, its root.
    levels: Vec<Vec<(u64, Vec<Record>, Digest)>>,
}

impl Naive {
    fn root(records: &[Record]) -> Digest {
        let bucket = |records: &[Record]| {
            leaf_hash(&records.iter().flat_map(|record| record.to_bytes()).collect::<Vec<_>>())
        };
        WholeTree::new(records.chunks(BUCKET_RECORDS as usize).map(bucket)).root()
    }

    fn add(&mut self, end: u64, records: &[Record]) {
        let sorted: BTreeSet<_> = records.iter().copied().collect();
        let (mut end, mut arrived) = (end, Some(sorted.into_iter().collect::<Vec<_>>()));
        let mut level = 0;
        while let Some(records) = arrived.take() {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let runs = &mut self.levels[level];
            let root = Self::root(&records);
            runs.push((end, records, root));
            if runs.len() as u64 == 2 * RUNS {
                let merged: Vec<_> = runs.drain(..RUNS as usize).collect();
                end = merged.last().expect("eight").0;
                let all: BTreeSet<_> = merged.into_iter().flat_map(|(_, records, _)| records).collect();
                arrived = Some(all.into_iter().collect());
            }
            level += 1;
        }
    }

    fn digest(&self) -> Digest {
        let runs = self.levels.iter().rev().flatten();
        let run = |(end, records, root): &(u64, Vec<Record>, Digest)| Run {
            end: LeafIndex::new(*end),
            records: records.len() as u64,
            root: *root,
        };
        Directory { from: LeafIndex::new(self.from), runs: runs.map(run).collect() }.digest()
    }
}

/// One node: an index, its store, and what is not durable yet.
struct Node {
    store: Arc<Memory>,
    overlay: Overlay,
    index: Index,
    waiting: Vec<(Height, ChangeSet)>,
}

impl Node {
    fn new() -> Self {
        let store = Arc::new(Memory::default());
        let overlay = Overlay::new(store.clone());
        Self { store, overlay, index: Index::default(), waiting: Vec::new() }
    }

    fn add(&mut self, height: u64, addition: &Addition<'_>) -> (Digest, ChangeSet) {
        let mut change = ChangeSet::new();
        let stated = self.index.add(addition, &self.overlay, &mut change).expect("memory can be read");
        let height = Height::new(height);
        self.overlay.push(height, change.clone());
        self.waiting.push((height, change.clone()));
        (stated, change)
    }

    fn settle(&mut self) {
        for (height, change) in self.waiting.drain(..) {
            self.store.commit(&change);
            self.overlay.durable(height);
        }
    }

    /// As after a crash: what is durable is all there is.
    fn restart(&mut self) {
        self.overlay = Overlay::new(self.store.clone());
        self.index = Index::load(&*self.store).expect("what was written is read");
    }
}

#[test]
fn every_block_states_what_the_naive_index_has_across_restarts_and_before_it_is_durable() {
    let (mut steady, mut restarted, mut lagging) = (Node::new(), Node::new(), Node::new());
    let mut naive = Naive { from: 2, ..Naive::default() };
    let mut noise = Noise(1);
    let mut leaf = 2;
    // Long enough for a run of level 3, which comes with the 1,096th block that has records.
    for height in 1..=1_250 {
        let count = match noise.below(40) {
            0..=3 => 0,
            4 => 400 + noise.below(700),
            _ => 1 + noise.below(9),
        };
        let own = leaf + count;
        let mut records = Vec::new();
        for index in leaf..own {
            for keys in [1 << 40, 50, 3] {
                records.push(noise.record(keys, LeafIndex::new(index)));
            }
        }
        if count > 0 {
            naive.add(own, &records);
        }
        let (first, place) = (LeafIndex::new(leaf), LeafIndex::new(own));
        let addition = Addition { first, own: place, records: &records };
        let (stated, change) = steady.add(height, &addition);
        assert_eq!(stated, naive.digest(), "height {height}");
        steady.settle();
        restarted.restart();
        assert_eq!(restarted.add(height, &addition), (stated, change.clone()), "height {height}");
        restarted.settle();
        assert_eq!(lagging.add(height, &addition), (stated, change), "height {height}");
        if noise.below(9) == 0 {
            lagging.settle();
        }
        leaf = own + 1;
    }
    lagging.settle();
    assert_eq!(steady.store.content(), restarted.store.content());
    assert_eq!(steady.store.content(), lagging.store.content());
    assert!(naive.levels.len() > 3, "{} levels", naive.levels.len());
}

#[test]
fn a_crash_between_blocks_that_were_not_durable_repeats_them_to_the_same_bytes() {
    let (mut steady, mut crashing) = (Node::new(), Node::new());
    let mut noise = Noise(2);
    let additions: Vec<(u64, Vec<Record>)> = (0..220_u64)
        .map(|block| {
            let records = (0..30).map(|_| noise.record(9, LeafIndex::new(block * 2))).collect();
            (block * 2, records)
        })
        .collect();
    let addition = |(leaf, records): &'_ (u64, Vec<Record>)| {
        (LeafIndex::new(*leaf), LeafIndex::new(leaf + 1), records.clone())
    };
    let run = |node: &mut Node, height: usize| {
        let (first, own, records) = addition(&additions[height]);
        node.add(height as u64 + 1, &Addition { first, own, records: &records })
    };
    let expected: Vec<_> = (0..additions.len())
        .map(|height| {
            let stated = run(&mut steady, height);
            steady.settle();
            stated
        })
        .collect();
    // Three blocks ahead of what is durable, of which the first alone becomes so before the crash.
    for height in 0..additions.len() - 2 {
        for ahead in 0..3 {
            assert_eq!(run(&mut crashing, height + ahead), expected[height + ahead], "height {height}");
        }
        crashing.waiting.truncate(1);
        crashing.settle();
        crashing.restart();
    }
    for height in additions.len() - 2..additions.len() {
        run(&mut crashing, height);
    }
    crashing.settle();
    assert_eq!(crashing.store.content(), steady.store.content());
}

/// Records touched: a block writes its own, and on each level as many as a block has in the mean, in whole pages.
#[test]
fn no_block_waits_for_a_big_merge() {
    let mut node = Node::new();
    let mut noise = Noise(3);
    let each = 300;
    let (mut most, mut levels) = (0, 0);
    for block in 0..1_200 {
        let leaf = block * 2;
        let records: Vec<_> = (0..each).map(|_| noise.record(1 << 40, LeafIndex::new(leaf))).collect();
        let (first, own) = (LeafIndex::new(leaf), LeafIndex::new(leaf + 1));
        let (_, change) = node.add(block + 1, &Addition { first, own, records: &records });
        node.settle();
        let is_page = |key: &[u8]| key[9] == 0;
        let pages = change.iter().filter(|(table, key, _)| *table == Table::LookupPages && is_page(key));
        let (written, removed): (Vec<_>, Vec<_>) = pages.partition(|(_, _, value)| value.is_some());
        let live = |level: &u8| !schedule::live(*level, block + 1).is_empty();
        levels = (0..9).take_while(live).count() as u64;
        let per_level = u64::div_ceil(each, PAGE_RECORDS) + 1;
        assert!(written.len() as u64 <= per_level * (levels + 1), "block {block}: {} pages", written.len());
        assert!(removed.len() as u64 <= per_level * (levels + 1), "block {block}: {} removed", removed.len());
        most = most.max(written.len());
    }
    assert!(levels >= 4 && most >= 5, "{levels} levels, at most {most} pages");
    // What was merged long ago is gone: what is left is little more than what is live and what lingers.
    let content = node.store.content();
    let records: usize = content
        .iter()
        .filter(|((table, key), _)| *table == Table::LookupPages && key[9] == 0)
        .map(|(_, page)| page.len() / Record::BYTES)
        .sum();
    let once = 1_200 * each;
    let bound = 3 * once + LINGER * each * (levels + 1);
    assert!((records as u64) < bound, "{records} records stored, {once} were added");
}

#[test]
fn blocks_state_an_index_from_the_beginning_or_from_an_epoch_on_and_never_stop() {
    let store = Arc::new(Memory::default());
    let mut old = Index::load(&*store).expect("nothing is stored");
    let mut change = ChangeSet::new();
    assert!(!old.is_stated() && old.not_stated(&mut change));
    assert!(change.is_empty(), "an old log is left as it is");
    old.due(&mut change);
    assert!(old.is_stated());
    store.commit(&change);
    let mut due = Index::load(&*store).expect("written by due");
    assert!(due.is_stated());
    // The log goes on with blocks of a program that knows none.
    assert!(due.not_stated(&mut change) && !due.is_stated());
    let below = Overlay::new(store.clone());
    let (first, own) = (LeafIndex::new(7), LeafIndex::new(9));
    let addition = Addition { first, own, records: &[] };
    let stated = old.add(&addition, &below, &mut change).expect("readable");
    assert_eq!(stated, Directory { from: first, runs: Vec::new() }.digest());
    assert!(!old.not_stated(&mut change), "a later block that states none breaks the rule");
    store.commit(&change);
    let mut loaded = Index::load(&*store).expect("written by add");
    assert!(loaded.is_stated() && !loaded.not_stated(&mut change));
}

#[test]
fn a_damaged_index_is_not_read() {
    let mut node = Node::new();
    let records = [Record { prefix: Noise(1).record(9, LeafIndex::ZERO).prefix, index: LeafIndex::ZERO }];
    let (first, own) = (LeafIndex::ZERO, LeafIndex::new(1));
    node.add(1, &Addition { first, own, records: &records });
    node.settle();
    let whole = node.store.content();
    for (place, value) in &whole {
        if place.0 == Table::LookupPages || place.0 == Table::LookupMarks {
            continue;
        }
        for spoiled in [value[..value.len() - 1].to_vec(), [&value[..], &[0]].concat(), vec![1, 9]] {
            let mut content = whole.clone();
            content.insert(place.clone(), spoiled);
            let fault = Index::load(&Memory(Mutex::new(content)));
            assert!(matches!(fault, Err(ReadError::Damaged { .. })), "{place:?}");
        }
        if place.0 == Table::LookupRuns {
            let mut content = whole.clone();
            content.remove(place);
            assert!(Index::load(&Memory(Mutex::new(content))).is_err(), "a live run is missing");
        }
    }
    // A page that is missing is noticed when it is merged.
    for block in 1..40 {
        node.store.0.lock().expect("as above").retain(|(table, _), _| *table != Table::LookupPages);
        let mut change = ChangeSet::new();
        let own = LeafIndex::new(block + 1);
        let addition = Addition { first: LeafIndex::new(block), own, records: &records };
        let added = node.index.add(&addition, &node.overlay, &mut change);
        node.store.commit(&change);
        if added.is_err() {
            assert!(block >= RUNS - 1);
            return;
        }
    }
    panic!("a merge of runs without pages went well");
}

#[test]
fn a_prefix_is_as_long_as_a_record_says() {
    assert_eq!(size_of::<Prefix>() + 8, Record::BYTES);
}
