//! sled 0.34. What it does and what is done about it: `DURABILITY.md`.

use std::path::Path;

use ledger::read::Pair;

use super::{CACHE_BYTES, Map, Opening, Range, Said, Write, shielded};
use crate::port::StoreError;

struct Sled(sled::Db);

impl std::fmt::Debug for Sled {
    /// Its own would print all that it has.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sled")
    }
}

impl From<sled::Error> for Said {
    fn from(fault: sled::Error) -> Self {
        match fault {
            sled::Error::Io(fault) => Self::Io(fault.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

pub(super) fn open(path: &Path) -> Result<Box<dyn Map>, Opening> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    match shielded("opening", || config.open()) {
        Ok(db) => Ok(Box::new(Sled(db))),
        Err(StoreError::Io { fault, .. }) if fault.contains("lock") => Err(Opening::Locked),
        Err(fault) => Err(Opening::Failed(fault)),
    }
}

fn owned((key, value): (sled::IVec, sled::IVec)) -> Pair {
    (key.to_vec(), value.to_vec())
}

impl Map for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        shielded("reading", || self.0.get(key)).map(|found| found.map(|value| value.to_vec()))
    }

    fn first(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        shielded("reading", || self.0.range(range).next().transpose()).map(|found| found.map(owned))
    }

    fn last(&self, range: Range) -> Result<Option<Pair>, StoreError> {
        shielded("reading", || self.0.range(range).next_back().transpose()).map(|found| found.map(owned))
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        shielded("writing", || {
            let mut batch = sled::Batch::default();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            self.0.apply_batch(batch)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        shielded("flushing", || self.0.flush()).map(|_| ())
    }
}
