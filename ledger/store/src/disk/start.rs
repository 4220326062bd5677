//! Starting: a directory of our own, an engine of our format, and all of the log in the engine.
//!
//! The order is what makes every crash on the way a start that is made again: first the engine has the log's commits and
//! they are durable, then a new log begins behind them, then the old segments go. A directory gets the version of its
//! format last, and until then has no commits in its log.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::ops::Bound;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::{Bounds, OpenError, make_durable};
use crate::acknowledged::{self, Acknowledged};
use crate::engine::{LOCK_ATTEMPTS, LOCK_PAUSE, Map};
use crate::keys::{COUNT_KEY, FORMAT_KEY};
use crate::log::{self, Log, LogFault};
use crate::migrate::{self, Found};
use crate::port::StoreError;
use crate::settle::settle;
use crate::waiting::Writes;

/// Who may enter the directory: its owner.
const MODE: u32 = 0o700;

/// Makes the directory if it is absent, gives it to its owner alone, and locks it.
pub(super) fn enter(path: &Path) -> Result<File, OpenError> {
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

/// What a start has to do with.
pub(super) struct Start<'a> {
    pub(super) path: &'a Path,
    pub(super) directory: &'a File,
    pub(super) engine: &'a dyn Map,
    pub(super) bounds: &'a Bounds,
}

impl Start<'_> {
    /// Checks what is there, brings the engine up to the log, and begins the log again.
    pub(super) fn start(&self, note: &Acknowledged) -> Result<Log, OpenError> {
        let read = |key| self.engine.get(key).map_err(|fault| self.failed(fault));
        let first = self.engine.first((Bound::Unbounded, Bound::Unbounded));
        let is_empty = first.map_err(|fault| self.failed(fault))?.is_none();
        let found = migrate::judge(read(FORMAT_KEY)?.as_deref(), is_empty);
        let found = found.map_err(|fault| OpenError::Format { path: self.path.to_owned(), fault })?;

        let count = |fault| OpenError::Count { path: self.path.to_owned(), fault };
        let settled = read(COUNT_KEY)?.map_or(Ok(0), |sealed| acknowledged::decode(COUNT_KEY, &sealed));
        let (settled, noted) = (settled.map_err(count)?, note.read().map_err(count)?);
        let has_log = match found {
            Found::Current | Found::Before => true,
            Found::Nothing | Found::WithoutLog => false,
        };
        let log = match log::read(self.path, settled, noted) {
            Err(LogFault::Nothing) if !has_log => log::Found { writes: Writes::new(), last: settled },
            // With nothing left of it, the log cannot say what is missing; the note can.
            Err(LogFault::Nothing) if settled < noted => return Err(self.lost(settled, noted)),
            Err(LogFault::Missing { from, to }) => return Err(self.lost(from - 1, to)),
            Err(fault) => return Err(self.refused(fault)),
            Ok(log) => log,
        };
        if log.last < noted {
            return Err(self.lost(log.last, noted));
        }
        if log.last > settled {
            if !has_log {
                // A first start that did not come far leaves an empty log at most.
                return Err(self.refused(LogFault::Ahead { last: log.last }));
            }
            settle(self.engine, &log.writes, log.last, self.bounds.batch_bytes, |_| ())
                .and_then(|()| self.make_durable())
                .map_err(|fault| self.failed(fault))?;
        }
        let begun = Log::begin(self.path, log.last + 1, self.bounds.segment_bytes);
        let begun = begun.map_err(|fault| OpenError::Directory { path: self.path.to_owned(), fault })?;
        if found != Found::Current {
            let stamped = self.engine.write(vec![(FORMAT_KEY.to_vec(), Some(migrate::stamp()))]);
            stamped.and_then(|()| self.make_durable()).map_err(|fault| self.failed(fault))?;
        }
        Ok(begun)
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        make_durable(self.engine, self.directory, self.path)
    }

    fn failed(&self, fault: StoreError) -> OpenError {
        OpenError::Engine { path: self.path.to_owned(), fault }
    }

    fn refused(&self, fault: LogFault) -> OpenError {
        OpenError::Log { path: self.path.to_owned(), fault }
    }

    fn lost(&self, found: u64, acknowledged: u64) -> OpenError {
        OpenError::Lost { path: self.path.to_owned(), found, acknowledged }
    }
}
