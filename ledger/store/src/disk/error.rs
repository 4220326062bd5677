//! Why a directory cannot be opened as a store, and what its owner can do about it.

use std::io;
use std::path::PathBuf;

use crate::engine::Engine;
use crate::log::LogFault;
use crate::migrate::FormatError;
use crate::port::StoreError;

/// Why a directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or entered.
    #[error("the directory {}: {fault}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// Another process, or another `Disk` of this one, has it open.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// Another engine made what is there. It is opened with that one, or moved away and the data fetched again.
    #[error(
        "the store in {} was made by {found}, not {asked}: set storage.engine to \"{found}\", or move the store away \
         and fetch the data again",
        path.display(), found = .found.name(), asked = .asked.name()
    )]
    OtherEngine {
        /// The directory.
        path: PathBuf,
        /// Who made it.
        found: Engine,
        /// Who was to open it.
        asked: Engine,
    },
    /// Another format than ours.
    #[error("{}: {fault}", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// What was found.
        fault: FormatError,
    },
    /// The log ahead of the engine is damaged in a way that no crash explains; the remedy is that of `Lost`.
    #[error("the log of the store in {}: {fault}; move the store away and fetch the data again", path.display())]
    Log {
        /// The directory.
        path: PathBuf,
        /// What was found.
        fault: LogFault,
    },
    /// The engine and its log have fewer commits than were acknowledged: files are damaged or missing. They are to be moved
    /// away, and the data fetched from other nodes.
    #[error(
        "the store in {} has {found} commits of {acknowledged} acknowledged; move it away and fetch the data again",
        path.display()
    )]
    Lost {
        /// The directory.
        path: PathBuf,
        /// Commits found.
        found: u64,
        /// Commits acknowledged.
        acknowledged: u64,
    },
    /// One of the two numbers of commits is damaged; the remedy is that of `Lost`.
    #[error("the number of commits of the store in {} is damaged: {fault}", path.display())]
    Count {
        /// The directory.
        path: PathBuf,
        /// What was found.
        fault: String,
    },
    /// The engine cannot open its files. If it is they that are damaged, they are to be moved away, and the data
    /// fetched from other nodes.
    #[error("the store in {} cannot be opened: {fault}", path.display())]
    Engine {
        /// The directory.
        path: PathBuf,
        /// What the engine said.
        fault: StoreError,
    },
}
