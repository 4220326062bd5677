//! Measures commits to disk: `commit ENGINE DIRECTORY [COUNT [BLOCK_BYTES [A_SECOND]]]`.
//!
//! Each set is what one height writes: a block body, its height, eight small state values, a tile and the tip; one behind
//! the other, or so many a second. The directory should be empty and on the disk in question; its content is left there to
//! be looked at. Processor and writes are those of the whole process, what is done behind the commits' backs included.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use ledger::change::{ChangeSet, Table};
use store::disk::{Disk, Engine};
use store::port::Store;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: commit ENGINE DIRECTORY [COUNT [BLOCK_BYTES [A_SECOND]]]";
    let engine: Engine = arguments.next().ok_or(usage)?.parse()?;
    let directory = arguments.next().ok_or(usage)?;
    let count: u64 = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let block_bytes: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let pace: u32 = arguments.next().map_or(Ok(0), |text| text.parse())?;

    let store = Disk::open(Path::new(&directory), engine)?;
    let mut took = Vec::new();
    let mut written_bytes = 0;
    let mut making = Duration::ZERO;
    let (begin, cpu, io) = (Instant::now(), cpu_ms(), written_kib());
    for height in 0..count {
        if let Some(pause) = Duration::from_secs(height).checked_div(pace) {
            std::thread::sleep(pause.saturating_sub(begin.elapsed()));
        }
        let start = Instant::now();
        let change = height_change(height, block_bytes);
        making += start.elapsed();
        written_bytes += change.iter().filter_map(|(_, _, value)| value).map(<[u8]>::len).sum::<usize>();
        let start = Instant::now();
        store.commit(&change)?;
        took.push(start.elapsed());
        if (height + 1) % (count / 4).max(1) == 0 {
            let resident = resident_kib().unwrap_or(0) >> 10;
            let disk = store.size_on_disk()? >> 20;
            println!(
                "{} commits: {} MiB given, {disk} MiB on disk, {resident} MiB resident",
                height + 1,
                written_bytes >> 20
            );
        }
    }
    if let (Some(cpu), Some(io)) = (cpu.zip(cpu_ms()), io.zip(written_kib())) {
        println!(
            "each commit: {:.3} ms of processor, {:.1} KiB given, {:.1} KiB written",
            (cpu.1 - cpu.0 - making.as_secs_f64() * 1e3) / count as f64,
            written_bytes as f64 / 1024.0 / count as f64,
            (io.1 - io.0) / count as f64,
        );
    }
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or(Duration::ZERO);
    println!("commit p50 {:.1?}  p90 {:.1?}  p99 {:.1?}  max {:.1?}", at(50), at(90), at(99), took.last());

    let start = Instant::now();
    store.close()?;
    let closed = start.elapsed();
    let start = Instant::now();
    drop(Disk::open(Path::new(&directory), engine)?);
    println!("close {closed:.1?}, open again {:.1?}", start.elapsed());
    Ok(())
}

fn height_change(height: u64, block_bytes: usize) -> ChangeSet {
    let key = height.to_be_bytes();
    // Bytes without a pattern, so that nothing on the way can make them smaller.
    let mut state = height.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = |length: usize| -> Vec<u8> {
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let mut change = ChangeSet::new();
    change.put(Table::Blocks, &key, noise(block_bytes));
    change.put(Table::BlockHeights, &noise(32), key.to_vec());
    for _ in 0..8 {
        change.put(Table::Outcomes, &noise(32), noise(64));
    }
    change.put(Table::Tiles, &(height / 32).to_be_bytes(), noise(32 * (height as usize * 8 % 256 + 8)));
    change.put(Table::Meta, b"tip", key.to_vec());
    change
}

/// What this process has had of the processors, in milliseconds, where `/proc` tells.
fn cpu_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // Hundredths of a second, as Linux counts them for programs.
    Some(ticks as f64 * 10.0)
}

/// What this process had written to disks, in KiB, where `/proc` tells.
fn written_kib() -> Option<f64> {
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?;
    Some(line.trim().parse::<u64>().ok()? as f64 / 1024.0)
}

/// Resident memory of this process, in KiB, where `/proc` tells.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
