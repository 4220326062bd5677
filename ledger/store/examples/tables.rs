//! Says what a stopped node's store is made of: `tables ENGINE DIRECTORY`.
//!
//! For each table its keys and the bytes given to the store, and last what the whole takes on disk.

use std::error::Error;
use std::path::Path;

use ledger::change::Table;
use ledger::read::Read as _;
use store::disk::{Disk, Engine};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: tables ENGINE DIRECTORY";
    let engine: Engine = std::env::args().nth(1).ok_or(usage)?.parse()?;
    let directory = std::env::args().nth(2).ok_or(usage)?;
    let store = Disk::open(Path::new(&directory), engine)?;
    let mut all_bytes = 0;
    for table in Table::ALL {
        let (mut keys, mut bytes, mut next) = (0_u64, 0_usize, Vec::new());
        while let Some((mut key, value)) = store.at_or_above(table, &next)? {
            keys += 1;
            bytes += key.len() + value.len();
            // The least key that is larger.
            key.push(0);
            next = key;
        }
        all_bytes += bytes;
        if let Some(bytes_a_key) = (bytes as u64).checked_div(keys) {
            println!("{table:?}: {keys} keys, {bytes} bytes, {bytes_a_key} a key");
        }
    }
    println!("in all {all_bytes} bytes given, {} on disk", store.size_on_disk()?);
    Ok(())
}
