//! fjall 3, in a directory of its own below the store's.
//!
//! It makes its files one by one, and a process that is killed among them leaves what it then refuses to open. So they are
//! made under another name, and get their own when they are whole and durable.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use ledger::read::Pair;

use super::{CACHE_BYTES, Map, Opening, Range, Said, Write, shielded};
use crate::port::StoreError;
use crate::sync;

/// Where its files are.
pub(super) const DIRECTORY: &str = "fjall";
/// Where they are made.
const UNFINISHED: &str = "fjall.new";
/// Its threads. Of two, one keeps itself free for flushing: it puts a compaction that it is given back into the queue, and
/// takes it out again, as long as the other one compacts, which costs a processor.
const WORKERS: usize = 1;
/// The one map.
const KEYSPACE: &str = "ledger";

struct Fjall {
    // Dropped first: the map outlives no database.
    map: fjall::Keyspace,
    db: fjall::Database,
}

impl std::fmt::Debug for Fjall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fjall")
    }
}

impl From<fjall::Error> for Said {
    fn from(fault: fjall::Error) -> Self {
        match fault {
            fjall::Error::Io(fault) => Self::Io(fault.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

pub(super) fn open(path: &Path) -> Result<Box<dyn Map>, Opening> {
    let place = path.join(DIRECTORY);
    if !place.exists() {
        make(path)?;
    }
    Ok(Box::new(open_at(&place)?))
}

/// Makes an empty one. Nothing of an unfinished one was ever acknowledged.
fn make(path: &Path) -> Result<(), Opening> {
    let unfinished = path.join(UNFINISHED);
    let failed = |fault: io::Error| {
        Opening::Failed(StoreError::Io { deed: "making the store", fault: fault.to_string() })
    };
    match fs::remove_dir_all(&unfinished) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(failed(fault)),
        Ok(()) | Err(_) => {}
    }
    drop(open_at(&unfinished)?);
    let sync = || sync::make_durable(&File::open(path)?, path);
    sync().map_err(failed)?;
    fs::rename(&unfinished, path.join(DIRECTORY)).map_err(failed)?;
    sync().map_err(failed)
}

fn open_at(place: &Path) -> Result<Fjall, Opening> {
    let opened = shielded("opening", || {
        match fjall::Database::builder(place).cache_size(CACHE_BYTES).worker_threads(WORKERS).open() {
            Ok(db) => {
                let map = db.keyspace(KEYSPACE, fjall::KeyspaceCreateOptions::default)?;
                Ok(Some(Fjall { map, db }))
            }
            Err(fjall::Error::Locked) => Ok(None),
            Err(fault) => Err(fault),
        }
    });
    opened.map_err(Opening::Failed)?.ok_or(Opening::Locked)
}

fn owned(found: Option<fjall::Guard>) -> fjall::Result<Option<Pair>> {
    let pair = found.map(fjall::Guard::into_inner).transpose()?;
    Ok(pair.map(|(key, value)| (key.to_vec(), value.to_vec())))
}

impl Map for Fjall {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        shielded("reading", || self.map.get(key)).map(|found| found.map(|value| value.to_vec()))
    }

    fn first(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        shielded("reading", || owned(self.map.range(range).next()))
    }

    fn last(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        shielded("reading", || owned(self.map.range(range).next_back()))
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        shielded("writing", || {
            let mut batch = self.db.batch();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(&self.map, key, value),
                    None => batch.remove(&self.map, key),
                }
            }
            batch.commit()
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        shielded("flushing", || self.db.persist(fjall::PersistMode::SyncAll))
    }
}
