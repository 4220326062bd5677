//! The safety journal: what this validator must never contradict, on disk before it speaks.
//!
//! An append-only file of groups, one group an append, each synced before `append` returns. A torn group at
//! the end, the trace of a crash while nothing had been said yet, is cut off; any other damage refuses to
//! start, because a validator that forgot a vote may cast a second one. Not in the store, whose engine syncs
//! when it likes. Source: `consensus/SPEC.md`, rules V7, T2; the layout is in `group.rs`.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::{Digest, PublicKey, sha256};
use proto::block::CertifiedBlock;
use proto::canonical::Canonical;
use proto::counter::Height;
use proto::id::{BlockId, NetworkId};
use proto::record::SafetyRecord;

use crate::files;
use crate::filesystem::{FileSystem, Lock, Open, OpenFile, System};

mod error;
mod group;
mod guard;
mod recover;

pub use error::{Contradiction, JournalError};
use group::{Begins, Group, Header, Item};

/// What to do when there is no journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Begin one: this validator has never spoken.
    Create,
    /// Refuse: it may have, and what it said would be lost.
    Refuse,
    /// Begin one that says for ever that an earlier one was lost: what this validator said in epochs of which there is no
    /// record in it is not known.
    BeginAgain,
}

/// One write: a record, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// What must never be contradicted.
    pub record: &'a SafetyRecord,
    /// The block voted for, when it is not here yet.
    pub body: Option<&'a CertifiedBlock>,
    /// Blocks at this height and below may be forgotten.
    pub settled: Height,
}

/// What a journal says at the start.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last record; none before the first word.
    pub record: Option<SafetyRecord>,
    /// The blocks that are not settled, by height.
    pub blocks: Vec<CertifiedBlock>,
    /// Bytes of a torn group that were cut off.
    pub cut_bytes: u64,
    /// Whether an earlier journal was lost: of epochs without a record in this one it says nothing.
    pub lost: bool,
}

/// An open journal. One process at a time has it.
#[derive(Debug)]
pub struct Journal {
    on: Arc<dyn FileSystem>,
    path: PathBuf,
    file: Box<dyn OpenFile>,
    header: Header,
    length: u64,
    sequence: u64,
    record: Option<SafetyRecord>,
    /// Whether an earlier journal was lost.
    lost: bool,
    settled: Height,
    bodies: BTreeMap<(Height, BlockId), Place>,
    compact_above: u64,
    compact_above_least: u64,
    stopped: Option<String>,
    /// Held, not read: the lock goes with it.
    _lock: Lock,
}

/// Where a body stands in the file, and what it must read as.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    bytes: usize,
    digest: Digest,
}

impl Recovered {
    /// What the bytes of a journal say, as `Journal::open` would read them; nothing on disk is touched.
    ///
    /// # Errors
    /// `JournalError`, but none of the disk's.
    pub fn read(bytes: &[u8], network: &NetworkId, us: &PublicKey) -> Result<Self, JournalError> {
        recover::read(bytes, network, us.id())?.recovered(bytes)
    }
}

impl Journal {
    /// The file's name in a node's directory.
    pub const FILE_NAME: &'static str = "journal";
    /// The newest format; the one before is of files that were not rewritten. Version 1, of releases before epochs, named
    /// the validator by its index and is refused.
    pub const VERSION: u32 = 3;
    /// Above this size the journal is rewritten without what is settled, in bytes.
    pub const COMPACT_ABOVE_BYTES: u64 = 8 << 20;

    /// Opens the journal of one validator, named by its consensus key, of one network, and reads it whole.
    ///
    /// # Errors
    /// `JournalError`; a file that is refused is left as it is.
    pub fn open(
        path: &Path,
        network: &NetworkId,
        us: &PublicKey,
        if_missing: IfMissing,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::open_on(Arc::new(System), path, network, us, if_missing)
    }

    /// `open` on another file system than the real one.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_on(
        on: Arc<dyn FileSystem>,
        path: &Path,
        network: &NetworkId,
        us: &PublicKey,
        if_missing: IfMissing,
    ) -> Result<(Self, Recovered), JournalError> {
        let io = |deed| move |source| JournalError::Io { deed, source };
        let lock = lock(&*on, path)?;
        let bytes = match on.read(path) {
            Ok(bytes) => bytes,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => match if_missing {
                IfMissing::Refuse => return Err(JournalError::Missing { path: path.to_owned() }),
                IfMissing::Create => {
                    let header = Header::new(*network, us.id(), Begins::Empty)?;
                    files::create_on(&*on, path, &header.encode()).map_err(io("creating the journal"))?;
                    header.encode()
                }
                IfMissing::BeginAgain => {
                    // The mark must not be taken for a torn write and cut off.
                    let header = Header::new(*network, us.id(), Begins::Whole)?;
                    let mut group = Group::new();
                    group.push(Item::Lost);
                    let mut bytes = header.encode();
                    bytes.extend(group.seal(&header, 0)?);
                    files::create_on(&*on, path, &bytes).map_err(io("creating the journal"))?;
                    bytes
                }
            },
            Err(source) => return Err(io("reading the journal")(source)),
        };
        let found = recover::read(&bytes, network, us.id())?;
        let recovered = found.recovered(&bytes)?;
        let mut file = on.open(path, Open::Append).map_err(io("opening the journal"))?;
        if recovered.cut_bytes > 0 {
            file.set_len(found.length).map_err(io("cutting a torn group off"))?;
            file.sync_all().map_err(io("cutting a torn group off"))?;
        }
        let journal = Self {
            on,
            path: path.to_owned(),
            file,
            header: found.header,
            length: found.length,
            sequence: found.sequence,
            record: found.record,
            lost: found.lost,
            settled: found.settled,
            bodies: found.bodies,
            compact_above: Self::COMPACT_ABOVE_BYTES,
            compact_above_least: Self::COMPACT_ABOVE_BYTES,
            stopped: None,
            _lock: lock,
        };
        Ok((journal, recovered))
    }

    /// Rewrites the file above this size instead of `COMPACT_ABOVE_BYTES`, for those who want to see it rewritten often.
    pub const fn compact_above(&mut self, bytes: u64) {
        self.compact_above = bytes;
        self.compact_above_least = bytes;
    }

    /// The last record.
    pub const fn record(&self) -> Option<&SafetyRecord> {
        self.record.as_ref()
    }

    /// Makes writes durable, in their order and with one sync.
    ///
    /// # Errors
    /// `Contradiction` when a record takes back or contradicts an earlier one; nothing was written. After
    /// every other error what is on disk is unknown: this journal writes no more, and the node must stop.
    pub fn append(&mut self, writes: &[Write<'_>]) -> Result<(), JournalError> {
        if let Some(fault) = &self.stopped {
            return Err(JournalError::Stopped { fault: fault.clone() });
        }
        let mut last = self.record.as_ref();
        for write in writes {
            if let Some(last) = last {
                guard::check(last, write.record)?;
            }
            last = Some(write.record);
        }
        let Some(last) = last.cloned() else { return Ok(()) };
        let done = self.write(writes);
        if let Err(fault) = &done {
            self.stopped = Some(fault.to_string());
            return done;
        }
        self.record = Some(last);
        Ok(())
    }

    fn write(&mut self, writes: &[Write<'_>]) -> Result<(), JournalError> {
        let mut group = Group::new();
        let mut bodies = Vec::new();
        let mut settled = self.settled;
        for Write { record, body, settled: now } in writes {
            if let Some(body) = body {
                let bytes = body.encode();
                let place = group.push(Item::Body(&bytes));
                bodies.push((body.block.height, body.block.id(), place, bytes.len(), sha256(&bytes)));
            }
            settled = settled.max(*now);
            group.push(Item::Record(&record.encode()));
        }
        if settled > self.settled {
            group.push(Item::Settled(settled));
        }
        let bytes = group.seal(&self.header, self.sequence)?;
        let io = |source| JournalError::Io { deed: "writing the journal", source };
        self.file.write_all(&bytes).map_err(io)?;
        self.file.sync().map_err(io)?;
        for (height, id, place, bytes, digest) in bodies {
            self.bodies.insert((height, id), Place { offset: self.length + place, bytes, digest });
        }
        self.length += bytes.len() as u64;
        self.sequence += 1;
        self.settled = settled;
        self.bodies.retain(|(height, _), _| *height > settled);
        if self.length > self.compact_above
            && let Some(last) = writes.last()
        {
            self.compact(last.record)?;
        }
        Ok(())
    }

    /// Writes what still matters to a new file, and puts that in the place of this one. The new file and its
    /// name are durable before anything is appended to it, so a crash finds the old journal or the new one,
    /// both true.
    fn compact(&mut self, record: &SafetyRecord) -> Result<(), JournalError> {
        let io = |source| JournalError::Io { deed: "rewriting the journal", source };
        let header = Header::new(self.header.network, self.header.owner, Begins::Whole)?;
        let mut group = Group::new();
        let mut bodies = BTreeMap::new();
        for (key, place) in &self.bodies {
            let mut bytes = vec![0; place.bytes];
            self.file.read_exact_at(&mut bytes, place.offset).map_err(io)?;
            if sha256(&bytes) != place.digest {
                let fault = "a block reads otherwise than it was written".to_owned();
                return Err(JournalError::Damaged { offset: place.offset, fault });
            }
            let offset = Header::BYTES as u64 + group.push(Item::Body(&bytes));
            bodies.insert(*key, Place { offset, ..*place });
        }
        group.push(Item::Record(&record.encode()));
        group.push(Item::Settled(self.settled));
        if self.lost {
            group.push(Item::Lost);
        }
        let mut bytes = header.encode();
        bytes.extend(group.seal(&header, 0)?);
        files::replace_on(&*self.on, &self.path, &bytes).map_err(io)?;
        self.file = self.on.open(&self.path, Open::Append).map_err(io)?;
        self.header = header;
        self.length = bytes.len() as u64;
        self.sequence = 1;
        self.bodies = bodies;
        // Were much of it unsettled, it would otherwise be rewritten with every append.
        self.compact_above = self.compact_above_least.max(self.length * 2);
        Ok(())
    }
}

/// A file of its own is locked: the journal's own inode changes when it is rewritten.
fn lock(on: &dyn FileSystem, path: &Path) -> Result<Lock, JournalError> {
    on.lock(&path.with_extension("lock")).map_err(|fault| match fault {
        TryLockError::WouldBlock => JournalError::InUse { path: path.to_owned() },
        TryLockError::Error(source) => JournalError::Io { deed: "locking the journal", source },
    })
}

#[cfg(test)]
mod tests;
