//! What a file that must survive a crash asks of the file system, deed by deed.
//!
//! `System` does each deed with one call. The port is there so that tests can let any single deed fail, stop half-way
//! or be undone by a power cut: between two of them a process may end. Callers: `files`, `journal`.

use std::fmt::Debug;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use crate::files;

/// How often a lock is asked for before it counts as another's: a process that is being started holds whatever its
/// parent held until it runs its own program, and a moment is no second node.
const LOCK_ATTEMPTS: u32 = 100;
/// How long is waited before it is asked for again.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must not exist yet; for writing, for its owner only.
    New,
    /// It exists; for reading, and for writing at its end.
    Append,
}

/// The deeds that concern names.
pub trait FileSystem: Debug + Send + Sync {
    /// Keeps others out for as long as what it returns lives. Makes the directory if it is absent. The system waits up
    /// to two seconds for another to let go.
    ///
    /// # Errors
    /// `WouldBlock` when another holds it.
    fn lock(&self, path: &Path) -> Result<Lock, TryLockError>;

    /// The content of a file.
    ///
    /// # Errors
    /// What the system says; `NotFound` when there is no such file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Opens a file.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn OpenFile>>;

    /// Gives a file a second name that must be free.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` when it is not free.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name, in the place of what has it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    ///
    /// # Errors
    /// What the system says; `NotFound` when there is no such file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in the directory of `path` durable.
    ///
    /// # Errors
    /// What the system says; then it is unknown which names survive.
    fn sync_names(&self, path: &Path) -> io::Result<()>;
}

/// The deeds that concern content.
pub trait OpenFile: Debug + Send {
    /// Writes all of it at the end.
    ///
    /// # Errors
    /// What the system says; then any part of it may have been written.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content durable, and of what describes the file as much as it takes to read it back.
    ///
    /// # Errors
    /// What the system says; then it is unknown what survives.
    fn sync(&mut self) -> io::Result<()>;

    /// Makes the content durable, and all that describes the file.
    ///
    /// # Errors
    /// As `sync`.
    fn sync_all(&mut self) -> io::Result<()>;

    /// Cuts the file off.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&mut self, bytes: u64) -> io::Result<()>;

    /// Reads from `offset` until `into` is full.
    ///
    /// # Errors
    /// What the system says; `UnexpectedEof` when the file is too short.
    fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()>;
}

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// A lock that keeps nobody out, for a file system that one test has to itself.
    pub const fn of_nobody() -> Self {
        Self { _file: None }
    }
}

/// The real one.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl FileSystem for System {
    fn lock(&self, path: &Path) -> Result<Lock, TryLockError> {
        if let Some(dir) = path.parent() {
            files::private_dir(dir).map_err(TryLockError::Error)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(TryLockError::Error)?;
        for _ in 1..LOCK_ATTEMPTS {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                locked => return locked.map(|()| Lock { _file: Some(file) }),
            }
        }
        Err(TryLockError::WouldBlock)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn OpenFile>> {
        let mut options = OpenOptions::new();
        match how {
            Open::New => options.write(true).create_new(true).mode(0o600),
            Open::Append => options.read(true).append(true),
        };
        Ok(Box::new(options.open(path)?))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_names(&self, path: &Path) -> io::Result<()> {
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            Some(_) | None => Path::new("."),
        };
        File::open(dir)?.sync_all()
    }
}

impl OpenFile for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        File::sync_all(self)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        File::set_len(self, bytes)
    }

    fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, into, offset)
    }
}
