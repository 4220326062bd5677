//! Measures a store as it fills: `entries ENGINE DIRECTORY ENTRIES A_BLOCK`.
//!
//! Each commit is a block of so many entries: its body, their leaves, an outcome for each, the tiles that change, a
//! notice, the tip; about 800 bytes an entry, as `tables` finds them in a node. The directory should be empty. Entries a
//! second are those of the whole run, until the engine has everything; a commit's time is what its caller waits.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use ledger::change::{ChangeSet, Table};
use store::disk::{Disk, Engine};
use store::port::Store as _;

/// Bytes of an entry in its block, which keeps of most only that they are leaves, and as a leaf.
const BODY_BYTES: usize = 1;
const LEAF_BYTES: usize = 330;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: entries ENGINE DIRECTORY ENTRIES A_BLOCK";
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or(usage);
    let engine: Engine = next()?.parse()?;
    let directory = next()?;
    let (entries, a_block): (u64, u64) = (next()?.parse()?, next()?.parse()?);

    let store = Disk::open(Path::new(&directory), engine)?;
    let begin = Instant::now();
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let (mut took, mut given_bytes) = (Vec::new(), 0);
    for height in 0..entries / a_block {
        let change = block(height, a_block, &mut noise);
        given_bytes +=
            change.iter().map(|(_, key, value)| key.len() + value.map_or(0, <[u8]>::len)).sum::<usize>();
        let start = Instant::now();
        store.commit(&change)?;
        took.push(start.elapsed());
    }
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or(Duration::ZERO);
    let resident = resident_kib().unwrap_or(0) >> 10;
    store.close()?;
    let all = begin.elapsed();
    let start = Instant::now();
    let store = Disk::open(Path::new(&directory), engine)?;
    let opened = start.elapsed();
    let disk_bytes = store.size_on_disk()?;
    println!(
        "{engine}, {entries} entries by {a_block}: commit p50 {:.2?} p99 {:.2?}, {:.0} entries/s, {resident} MiB resident, \
         {} MiB given, {} MiB on disk (x {:.2}), open {:.0?}",
        at(50),
        at(99),
        entries as f64 / all.as_secs_f64(),
        given_bytes >> 20,
        disk_bytes >> 20,
        disk_bytes as f64 / given_bytes as f64,
        opened,
    );
    Ok(())
}

/// Bytes without a pattern, so that nothing on the way can make them smaller.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_be_bytes()
        };
        std::iter::repeat_with(next).take(length.div_ceil(8)).flatten().take(length).collect()
    }
}

fn block(height: u64, a_block: u64, noise: &mut Noise) -> ChangeSet {
    let mut change = ChangeSet::new();
    let (key, first, count) = (height.to_be_bytes(), height * a_block, a_block as usize);
    change.put(Table::Blocks, &key, noise.bytes(count * BODY_BYTES + 600));
    change.put(Table::BlockHeights, &noise.bytes(32), key.to_vec());
    change.put(Table::Leaves, &first.to_be_bytes(), noise.bytes(count * LEAF_BYTES + 200));
    for _ in 0..a_block {
        change.put(Table::Outcomes, &noise.bytes(32), noise.bytes(26));
    }
    for tile in first / 256..=(first + a_block - 1) / 256 {
        let filled = (first + a_block - tile * 256).min(256) as usize;
        change.put(Table::Tiles, &[&[0][..], &tile.to_be_bytes()].concat(), noise.bytes(32 * filled));
    }
    change.put(Table::Notices, &key, noise.bytes(180 + 40 * count));
    change.put(Table::Meta, b"tip", noise.bytes(120));
    change
}

/// Resident memory of this process, in KiB, where `/proc` tells.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
