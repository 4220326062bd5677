//! What was cosigned last of each log, on disk: one file a log, named by the SHA-256 of its origin.
//!
//! A file is replaced whole and synced with its directory before anything is said of it; what cannot be read back stops
//! the start. Source: `ledger/witness/WITNESS.md`, rules W4 and W5.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::Digest;
use proto::note::KeyName;
use witness::{Record, RecordError, Watched, origin_digest};

use crate::files;
use crate::filesystem::FileSystem;

/// The records of the logs that are cosigned.
#[derive(Debug)]
pub struct Book {
    on: Arc<dyn FileSystem>,
    dir: PathBuf,
    records: BTreeMap<Digest, Record>,
}

/// Why a record is not believed.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// What is there was not written so.
    #[error("{} is damaged, and without it a second history could be cosigned: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: RecordError,
    },
    /// The file of one log holds the record of another.
    #[error("{} is of the log {found}, not of {expected}", path.display())]
    OtherLog {
        /// The file.
        path: PathBuf,
        /// The log in the record.
        found: KeyName,
        /// The log of the file's name.
        expected: String,
    },
}

impl Book {
    /// The directory in a node's data directory.
    pub const DIR: &str = "witness";

    /// Reads the records of these logs; a log without one was never cosigned.
    ///
    /// # Errors
    /// `BookError`.
    // Rule W5
    pub fn open(on: Arc<dyn FileSystem>, dir: &Path, watched: &Watched) -> Result<Self, BookError> {
        let mut book = Self { on, dir: dir.to_owned(), records: BTreeMap::new() };
        for origin in watched.origins() {
            let digest = crypto::sha256(origin.as_bytes());
            let path = book.path(&digest);
            let bytes = match book.on.read(&path) {
                Ok(bytes) => bytes,
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(BookError::Io { path, source }),
            };
            let record = match Record::decode(&bytes) {
                Ok(record) => record,
                Err(fault) => return Err(BookError::Damaged { path, fault }),
            };
            if record.origin().as_str() != origin {
                let (found, expected) = (record.origin().clone(), origin.to_owned());
                return Err(BookError::OtherLog { path, found, expected });
            }
            book.records.insert(digest, record);
        }
        Ok(book)
    }

    /// What was cosigned last of a log.
    pub fn last(&self, origin: &KeyName) -> Option<&Record> {
        self.of(&origin_digest(origin))
    }

    /// As `last`, by the SHA-256 of the log's origin.
    pub fn of(&self, digest: &Digest) -> Option<&Record> {
        self.records.get(digest)
    }

    /// Makes a record durable. When it returns an error the record before stays in force.
    ///
    /// # Errors
    /// What the system said.
    // Rule W4
    pub fn keep(&mut self, record: &Record) -> io::Result<()> {
        let digest = origin_digest(record.origin());
        files::replace_on(&*self.on, &self.path(&digest), record.encode().as_bytes())?;
        self.records.insert(digest, record.clone());
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.to_string())
    }
}
