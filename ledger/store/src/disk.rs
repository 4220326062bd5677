//! A `Store` on disk: sled 0.34, fenced in.
//!
//! Promise: that of `port`, a power cut included. One commit is one sled batch, one flush and one sync of the file
//! system; readers wait while it lasts, because sled shows a batch before it is durable. Large values lie in
//! `pieces`; a loss is noticed by `acknowledged`. After a failed commit nothing is read or written any more. sled may
//! panic on a damaged file: every call into it is caught at this border and becomes an error.
//! Source: `DURABILITY.md`, which also says what this does not cover.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};

use crate::acknowledged::{self, Acknowledged};
use crate::keys::{self, COUNT_KEY, FORMAT_KEY};
use crate::migrate::{self, Found};
use crate::pieces;
use crate::port::{Store, StoreError};
use crate::sync;

mod error;

pub use crate::migrate::FormatError;
pub use error::OpenError;

/// sled's page cache, in bytes. What sled really takes is a multiple of it.
const CACHE_BYTES: u64 = 64 << 20;
/// What stays free on the disk, in bytes, so that the safety journal can go on when the ledger cannot.
const RESERVE_BYTES: u64 = 64 << 20;
/// How much a write may cost on disk for each of its bytes: sled rewrites the pages it touches.
const WRITE_FACTOR: u64 = 4;
/// Who may enter the directory: its owner.
const MODE: u32 = 0o700;
/// How often a lock is asked for before it counts as another's: sled's threads let go of theirs a little after its last
/// owner, and a process that is being started holds whatever its parent held until it runs its own program.
const LOCK_ATTEMPTS: u32 = 100;
/// How long is waited before it is asked for again.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A store in a directory of its own.
#[derive(Debug)]
pub struct Disk {
    // Dropped first: the directory's lock outlives the engine.
    db: sled::Db,
    directory: File,
    path: PathBuf,
    acknowledged: Acknowledged,
    /// Held shared by readers and alone by a commit, so that nobody sees what is not durable yet.
    gate: RwLock<Health>,
    reserve_bytes: u64,
}

#[derive(Debug)]
enum Health {
    Sound {
        /// How many were committed since the store was made.
        commits: u64,
    },
    /// A commit failed; what is on disk is unknown.
    Stopped { fault: String },
}

impl Disk {
    /// Opens the store in `path`, or makes an empty one there. The directory is locked until the store is dropped
    /// and belongs to its owner alone.
    ///
    /// # Errors
    /// `OpenError`. A damaged store is an error, never a panic.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let directory = enter(path)?;
        let acknowledged = Acknowledged::open(path)
            .map_err(|fault| OpenError::Directory { path: path.to_owned(), fault })?;
        let engine = |fault| OpenError::Engine { path: path.to_owned(), fault };
        let db = open_engine(path).map_err(engine)?;

        let read = |key| shielded("reading the store's own values", || db.get(key)).map_err(engine);
        let first = shielded("reading the first key", || db.first()).map_err(engine)?;
        let format = |fault| OpenError::Format { path: path.to_owned(), fault };
        let found = migrate::judge(read(FORMAT_KEY)?.as_deref(), first.is_none()).map_err(format)?;
        let count = |fault| OpenError::Count { path: path.to_owned(), fault };
        let commits = read(COUNT_KEY)?.map_or(Ok(0), |sealed| acknowledged::decode(COUNT_KEY, &sealed));
        let (commits, noted) = (commits.map_err(count)?, acknowledged.read().map_err(count)?);
        if commits < noted {
            return Err(OpenError::Lost { path: path.to_owned(), found: commits, acknowledged: noted });
        }

        let disk = Self {
            db,
            directory,
            path: path.to_owned(),
            acknowledged,
            gate: RwLock::new(Health::Sound { commits }),
            reserve_bytes: RESERVE_BYTES,
        };
        match found {
            Found::Current => {}
            Found::Nothing => {
                let mut batch = sled::Batch::default();
                batch.insert(FORMAT_KEY, migrate::stamp());
                disk.write(batch).map_err(engine)?;
            }
        }
        Ok(disk)
    }

    /// Size of the store's files, in bytes.
    ///
    /// # Errors
    /// `Io` or `Engine`.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        shielded("measuring the store", || self.db.size_on_disk())
    }

    /// Writes what is still in memory and lets go of the directory. Nothing committed is lost without it; it says
    /// whether the end went well, and makes the next start shorter.
    ///
    /// # Errors
    /// As `commit`.
    pub fn close(self) -> Result<(), StoreError> {
        match &*self.gate.read().unwrap_or_else(PoisonError::into_inner) {
            Health::Sound { .. } => self.make_durable(),
            Health::Stopped { fault } => Err(StoreError::Stopped { fault: fault.clone() }),
        }
    }

    fn write(&self, batch: sled::Batch) -> Result<(), StoreError> {
        shielded("writing", || self.db.apply_batch(batch))?;
        // Here a crash leaves the batch whole or not at all, and nobody has been told of it.
        self.make_durable()
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        shielded("flushing", || self.db.flush())?;
        let synced = sync::make_durable(&self.directory, &self.path);
        synced.map_err(|fault| StoreError::Io { deed: "syncing the file system", fault: fault.to_string() })
    }

    fn note(&self, count: u64) -> Result<(), StoreError> {
        let noted = self.acknowledged.write(count);
        noted.map_err(|fault| StoreError::Io { deed: "noting a commit", fault: fault.to_string() })
    }

    fn check_room(&self, written_bytes: u64) -> Result<(), StoreError> {
        let free_bytes = sync::free_bytes(&self.directory)
            .map_err(|fault| StoreError::Io { deed: "asking for free space", fault: fault.to_string() })?;
        let needed_bytes = self.reserve_bytes.saturating_add(written_bytes.saturating_mul(WRITE_FACTOR));
        if free_bytes < needed_bytes {
            return Err(StoreError::Full { free_bytes, needed_bytes });
        }
        Ok(())
    }

    /// Searches behind the gate for one value, and puts it together.
    fn search(
        &self,
        table: Table,
        find: impl FnOnce() -> sled::Result<Option<(sled::IVec, sled::IVec)>>,
    ) -> Result<Option<Pair>, ReadError> {
        let health = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        if let Health::Stopped { fault } = &*health {
            let stopped = StoreError::Stopped { fault: fault.clone() };
            return Err(ReadError::Engine { fault: stopped.to_string() });
        }
        let found = shielded("reading", || match find()? {
            Some((key, head)) => {
                let sealed = pieces::gather(&key, &head, |piece| self.db.get(piece))?;
                Ok(Some((key, sealed)))
            }
            None => Ok(None),
        });
        drop(health);
        match found {
            Ok(found) => found.map(|(key, sealed)| keys::open_pair(table, &key, &sealed)).transpose(),
            Err(fault) => Err(ReadError::Engine { fault: fault.to_string() }),
        }
    }

    /// Puts a value and its pieces into the batch, and takes out the pieces of the one before that it does not
    /// replace.
    fn add(&self, batch: &mut sled::Batch, key: &[u8], sealed: Option<&[u8]>) -> sled::Result<()> {
        let mut count = 0;
        match sealed {
            Some(sealed) => {
                let head = pieces::head(sealed);
                count = pieces::count(&head);
                batch.insert(key, head);
                for (piece_key, piece) in pieces::pieces(key, sealed) {
                    batch.insert(piece_key, piece);
                }
            }
            None => batch.remove(key),
        }
        let before = self.db.get(key)?.map_or(0, |head| pieces::count(&head));
        for n in count..before {
            batch.remove(pieces::piece_key(key, n));
        }
        Ok(())
    }
}

impl Read for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let key = keys::stored_key(table, key);
        let found = self.search(table, || Ok(self.db.get(&key)?.map(|head| (key.into(), head))))?;
        Ok(found.map(|(_, value)| value))
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let range = keys::range_to(table, key);
        self.search(table, || self.db.range(range).next_back().transpose())
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let range = keys::range_from(table, key);
        self.search(table, || self.db.range(range).next().transpose())
    }
}

impl Store for Disk {
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError> {
        // Hashing needs no gate: readers go on meanwhile.
        let seal = |(table, key, payload): (Table, &[u8], Option<&[u8]>)| {
            let key = keys::stored_key(table, key);
            let sealed = payload.map(|payload| keys::seal(&key, payload));
            (key, sealed)
        };
        let writes: Vec<_> = change.iter().map(seal).collect();
        let bytes =
            |(key, sealed): &(Vec<u8>, Option<Vec<u8>>)| key.len() + sealed.as_ref().map_or(0, Vec::len);
        let written_bytes: usize = writes.iter().map(bytes).sum();

        let mut health = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let count = match &*health {
            Health::Sound { commits } => commits.saturating_add(1),
            Health::Stopped { fault } => return Err(StoreError::Stopped { fault: fault.clone() }),
        };
        if change.is_empty() {
            return Ok(());
        }
        self.check_room(written_bytes as u64)?;
        let committed = shielded("preparing", || {
            let mut batch = sled::Batch::default();
            for (key, sealed) in &writes {
                self.add(&mut batch, key, sealed.as_deref())?;
            }
            batch.insert(COUNT_KEY, acknowledged::encode(COUNT_KEY, count));
            Ok(batch)
        })
        .and_then(|batch| self.write(batch))
        .and_then(|()| self.note(count));
        *health = match &committed {
            Ok(()) => Health::Sound { commits: count },
            Err(fault) => Health::Stopped { fault: fault.to_string() },
        };
        committed
    }
}

/// Makes the directory if it is absent, gives it to its owner alone, and locks it.
fn enter(path: &Path) -> Result<File, OpenError> {
    let refused = |fault| OpenError::Directory { path: path.to_owned(), fault };
    DirBuilder::new().recursive(true).mode(MODE).create(path).map_err(refused)?;
    let directory = File::open(path).map_err(refused)?;
    if directory.metadata().map_err(refused)?.permissions().mode() & 0o777 != MODE {
        directory.set_permissions(Permissions::from_mode(MODE)).map_err(refused)?;
    }
    for _ in 1..LOCK_ATTEMPTS {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(fault)) => return Err(refused(fault)),
        }
    }
    Err(OpenError::Locked { path: path.to_owned() })
}

fn open_engine(path: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    let mut attempt = 1;
    loop {
        match shielded("opening", || config.open()) {
            Err(StoreError::Io { fault, .. }) if fault.contains("lock") && attempt < LOCK_ATTEMPTS => {
                // Nobody else holds our own lock, so this is a store of this process that is being dropped.
                std::thread::sleep(LOCK_PAUSE);
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Calls into the engine; what it returns or throws becomes an error. It keeps no borrow of ours, and after a panic
/// in a commit it is not called again, so nothing half-changed is met later.
fn shielded<T>(deed: &'static str, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(fault))) => Err(StoreError::Io { deed, fault: fault.to_string() }),
        Ok(Err(fault)) => Err(StoreError::Engine { deed, fault: fault.to_string() }),
        Err(thrown) => {
            let text = thrown.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| thrown.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(StoreError::Engine { deed, fault: format!("it panicked: {text}") })
        }
    }
}

#[cfg(test)]
mod tests;
