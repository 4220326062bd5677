//! A `Store` on disk: a log ahead of a storage engine.
//!
//! Promise: that of `port`, a power cut included. A commit is one synced record of `log` and then in memory (`waiting`),
//! where readers meet it; a thread (`settle`) writes what waits to the engine, makes it durable there and gives the log's
//! segments free. Readers never wait for a sync. Large values lie in `pieces`; a loss is noticed by `acknowledged`. After
//! a failed commit, or a failed write to the engine, nothing is read or written any more.
//! Source: `DURABILITY.md`, which also says what this does not cover.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};

use crate::acknowledged::Acknowledged;
use crate::engine::{Map, Range};
use crate::keys;
use crate::log::{Log, Record};
use crate::pieces;
use crate::port::{Store, StoreError};
use crate::settle::{Backlog, Ending, Settling};
use crate::sync;
use crate::waiting::{self, Side, Waiting};

mod error;
mod start;

pub use crate::engine::Engine;
pub use crate::log::LogFault;
pub use crate::migrate::FormatError;
pub use error::OpenError;
use start::Start;

/// Sizes and times. `DEFAULT` is for everybody but those who want to see the rarer things happen often.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What stays free on the disk, so that the safety journal can go on when the ledger cannot.
    pub reserve_bytes: u64,
    /// What waits is written to the engine when it is so large.
    pub settle_above_bytes: usize,
    /// Or when its oldest write has waited so long: the longer, the more writes of one key become one.
    pub settle_after: Duration,
    /// And over so long a time, while nobody waits for room.
    pub settle_over: Duration,
    /// Commits wait while so much waits already.
    pub waiting_bytes_max: usize,
    /// The engine's batches are as large as this and one value: readers may wait for one.
    pub batch_bytes: usize,
    /// Size of a segment of the log.
    pub segment_bytes: u64,
}

impl Bounds {
    /// Those of a node.
    pub const DEFAULT: Self = Self {
        reserve_bytes: 64 << 20,
        settle_above_bytes: 8 << 20,
        settle_after: Duration::from_secs(1),
        settle_over: Duration::from_millis(800),
        waiting_bytes_max: 32 << 20,
        batch_bytes: 64 << 10,
        segment_bytes: 8 << 20,
    };
}

/// How much a write may cost on disk for each of its bytes: in the log, and engines write more than they are given.
const WRITE_FACTOR: u64 = 4;

/// A store in a directory of its own.
#[derive(Debug)]
pub struct Disk {
    inside: Arc<Inside>,
    /// The thread that writes to the engine; none once it was told to end.
    settling: Option<JoinHandle<()>>,
}

/// What the store's callers and its thread share.
#[derive(Debug)]
pub(crate) struct Inside {
    // Dropped first: the directory's lock outlives the engine.
    pub(crate) engine: Box<dyn Map>,
    pub(crate) directory: File,
    pub(crate) path: PathBuf,
    pub(crate) bounds: Bounds,
    /// Held by a commit from its number to its place in memory: they are made one after the other.
    pub(crate) log: Mutex<Log>,
    acknowledged: Acknowledged,
    /// Held shared by readers, and alone for moments in which nothing is written to a disk.
    pub(crate) state: RwLock<State>,
    pub(crate) backlog: Backlog,
}

/// What readers see beside the engine.
#[derive(Debug)]
pub(crate) enum State {
    Sound(Waiting),
    /// A write failed; what is on disk is unknown.
    Stopped {
        fault: String,
    },
}

impl Disk {
    /// Opens the store of this engine in `path`, or makes an empty one there. The directory is locked until the store is
    /// dropped and belongs to its owner alone.
    ///
    /// # Errors
    /// `OpenError`. A damaged store is an error, never a panic.
    pub fn open(path: &Path, engine: Engine) -> Result<Self, OpenError> {
        Self::open_with(path, engine, Bounds::DEFAULT)
    }

    /// `open` with other bounds.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_with(path: &Path, engine: Engine, bounds: Bounds) -> Result<Self, OpenError> {
        Self::open_on(path, engine, bounds, |map| map)
    }

    /// `open_with`, and something between the store and its engine.
    pub(crate) fn open_on(
        path: &Path,
        engine: Engine,
        bounds: Bounds,
        between: impl FnOnce(Box<dyn Map>) -> Box<dyn Map>,
    ) -> Result<Self, OpenError> {
        let directory = start::enter(path)?;
        let refused = |fault| OpenError::Directory { path: path.to_owned(), fault };
        let acknowledged = Acknowledged::open(path).map_err(refused)?;
        if let Some(found) = Engine::of(path).filter(|found| *found != engine) {
            return Err(OpenError::OtherEngine { path: path.to_owned(), found, asked: engine });
        }
        let engine = engine.open(path).map_err(|fault| OpenError::Engine { path: path.to_owned(), fault })?;
        let engine = between(engine);
        let found = Start { path, directory: &directory, engine: &*engine, bounds: &bounds };
        let log = found.start(&acknowledged)?;
        let inside = Arc::new(Inside {
            engine,
            directory,
            path: path.to_owned(),
            bounds,
            log: Mutex::new(log),
            acknowledged,
            state: RwLock::new(State::Sound(Waiting::default())),
            backlog: Backlog::default(),
        });
        let settling = Settling::new(Arc::clone(&inside));
        let settling = std::thread::Builder::new().name("store".to_owned()).spawn(move || settling.run());
        Ok(Self { settling: Some(settling.map_err(refused)?), inside })
    }

    /// What the store's files take on the disk, in bytes.
    ///
    /// # Errors
    /// `Io`.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        let measured = sync::used_bytes(&self.inside.path);
        measured.map_err(|fault| StoreError::Io { deed: "measuring the store", fault: fault.to_string() })
    }

    /// Writes what is still in memory to the engine and lets go of the directory. Nothing committed is lost without it;
    /// it says whether the end went well, and makes the next start shorter.
    ///
    /// # Errors
    /// As `commit`.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.end(Ending::WhenSettled);
        match &*self.inside.state() {
            State::Sound(_) => Ok(()),
            State::Stopped { fault } => Err(StoreError::Stopped { fault: fault.clone() }),
        }
    }

    fn end(&mut self, how: Ending) {
        let Some(settling) = self.settling.take() else { return };
        self.inside.backlog.end(how);
        if settling.join().is_err() {
            self.inside.stop("the thread that writes to the engine panicked");
        }
    }
}

impl Drop for Disk {
    /// What waits stays in the log, as after a crash.
    fn drop(&mut self) {
        self.end(Ending::Now);
    }
}

/// Hands everything in the engine to the system, and the system's to the disk.
pub(crate) fn make_durable(engine: &dyn Map, directory: &File, path: &Path) -> Result<(), StoreError> {
    engine.flush()?;
    sync::make_durable(directory, path)
        .map_err(|fault| StoreError::Io { deed: "syncing the file system", fault: fault.to_string() })
}

impl Inside {
    // Nothing that holds these locks panics half-way through a change, so a poisoned one guards sound content.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on nothing is read or written.
    pub(crate) fn stop(&self, fault: impl ToString) {
        *self.state_mut() = State::Stopped { fault: fault.to_string() };
        self.backlog.stop();
    }

    fn is_sound(&self) -> Result<(), StoreError> {
        match &*self.state() {
            State::Sound(_) => Ok(()),
            State::Stopped { fault } => Err(StoreError::Stopped { fault: fault.clone() }),
        }
    }

    fn check_room(&self, written_bytes: usize) -> Result<(), StoreError> {
        let free_bytes = sync::free_bytes(&self.directory)
            .map_err(|fault| StoreError::Io { deed: "asking for free space", fault: fault.to_string() })?;
        // What waits has its place in the log, and will want one in the engine.
        let coming_bytes = (written_bytes + self.backlog.bytes()) as u64;
        let needed_bytes =
            self.bounds.reserve_bytes.saturating_add(coming_bytes.saturating_mul(WRITE_FACTOR));
        if free_bytes < needed_bytes {
            return Err(StoreError::Full { free_bytes, needed_bytes });
        }
        Ok(())
    }

    /// Spares are a convenience: they leave more free than any commit asks for.
    pub(crate) fn has_room_for_spares(&self) -> bool {
        let wanted_bytes =
            self.bounds.segment_bytes.saturating_add(self.bounds.reserve_bytes).saturating_mul(2);
        sync::free_bytes(&self.directory).is_ok_and(|free_bytes| free_bytes > wanted_bytes)
    }

    /// Makes a set durable in the log.
    fn append(&self, log: &mut Log, record: Record) -> Result<(), StoreError> {
        let io = |deed| move |fault: std::io::Error| StoreError::Io { deed, fault: fault.to_string() };
        let number = log.append(record).map_err(io("writing the log"))?;
        self.acknowledged.write(number).map_err(io("noting a commit"))
    }

    /// The value of a stored key.
    fn find(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let state = self.state();
        if let Some(found) = waiting_of(&state)?.get(key) {
            return Ok(found.map(<[u8]>::to_vec));
        }
        let found =
            self.engine.get(key).and_then(|head| head.map(|head| self.gather(key, &head)).transpose());
        drop(state);
        found.map_err(failed)?.map(|sealed| keys::open_value(table, key, &sealed)).transpose()
    }

    /// The outermost pair in a range.
    fn outermost(&self, table: Table, mut range: Range, side: Side) -> Result<Option<Pair>, ReadError> {
        let state = self.state();
        let waiting = waiting_of(&state)?;
        let stored = |range: &Range| match side {
            Side::Least => self.engine.first(range.clone()),
            Side::Greatest => self.engine.last(range.clone()),
        };
        let mut in_engine = stored(&range).map_err(failed)?;
        while let Some((key, value)) = waiting.outermost(&range, side) {
            let same = match &in_engine {
                Some((stored, _)) if side.prefers(stored, key) => break,
                Some((stored, _)) => stored == key,
                None => false,
            };
            if let Some(value) = value {
                return Ok(Some((key.get(1..).unwrap_or_default().to_vec(), value.to_vec())));
            }
            // Deleted: whatever the engine has under this key does not count.
            let Some(rest) = side.behind(range, key) else { return Ok(None) };
            range = rest;
            if same {
                in_engine = stored(&range).map_err(failed)?;
            }
        }
        let Some((key, head)) = in_engine else { return Ok(None) };
        let sealed = self.gather(&key, &head);
        drop(state);
        keys::open_pair(table, &key, &sealed.map_err(failed)?).map(Some)
    }

    /// A sealed value from the engine, put together.
    fn gather(&self, key: &[u8], head: &[u8]) -> Result<Vec<u8>, StoreError> {
        pieces::gather(key, head, |piece| self.engine.get(piece))
    }
}

fn waiting_of(state: &State) -> Result<&Waiting, ReadError> {
    match state {
        State::Sound(waiting) => Ok(waiting),
        State::Stopped { fault } => Err(failed(StoreError::Stopped { fault: fault.clone() })),
    }
}

fn failed(fault: StoreError) -> ReadError {
    ReadError::Engine { fault: fault.to_string() }
}

impl Read for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.inside.find(table, &keys::stored_key(table, key))
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        self.inside.outermost(table, keys::range_to(table, key), Side::Greatest)
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        self.inside.outermost(table, keys::range_from(table, key), Side::Least)
    }
}

impl Store for Disk {
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError> {
        let inside = &*self.inside;
        if change.is_empty() {
            return inside.is_sound();
        }
        let writes: Vec<_> = change
            .iter()
            .map(|(table, key, value)| (keys::stored_key(table, key), value.map(<[u8]>::to_vec)))
            .collect();
        let record = Record::of(writes.iter().map(|(key, value)| (key.as_slice(), value.as_deref())));
        let bytes = waiting::bytes(&writes);
        inside.backlog.wait_for_room(bytes, inside.bounds.waiting_bytes_max);

        let mut log = inside.log();
        inside.is_sound()?;
        inside.check_room(bytes)?;
        if let Err(fault) = inside.append(&mut log, record) {
            inside.stop(&fault);
            return Err(fault);
        }
        // Durable, and so it may be seen.
        match &mut *inside.state_mut() {
            State::Sound(waiting) => waiting.add(writes),
            State::Stopped { .. } => return Ok(()),
        }
        inside.backlog.add(bytes, inside.bounds.settle_above_bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
