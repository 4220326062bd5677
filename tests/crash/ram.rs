//! A file system that forgets: what was not synced, and names whose directory was not.
//!
//! Each deed has a number; one of them can be told to go wrong. After a power cut every deed fails until `restart`.
//! Stricter than a real disk where it matters: un-synced content is lost whole unless a fault says which part stays.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use node::filesystem::{FileSystem, Lock, Open, OpenFile};

/// What goes wrong with a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It fails, having done nothing; the process ends, the machine goes on.
    Eio,
    /// It fails, and what was not synced is gone.
    EioLost,
    /// The disk is full: half of what was to be written is.
    Full,
    /// The power is cut while it writes: this much of it is on the disk, in eighths.
    Torn(u8),
    /// As `Torn`, with one byte of it.
    TornFirst,
    /// As `Torn`, with all but one byte.
    TornLast,
    /// The power is cut: the file is as long as it was to be, and zeros are where it was to be written.
    Zeroed,
    /// The power is cut before it: what was not synced is gone.
    CutBefore,
    /// The power is cut after it: what was not synced is gone.
    CutAfter,
    /// The power is cut after it: names are as they were last, content that was not synced is gone.
    CutAfterNamesKept,
    /// The process is killed after it: all is as it was last.
    Killed,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 14] = [
        Self::Eio,
        Self::EioLost,
        Self::Full,
        Self::Torn(0),
        Self::TornFirst,
        Self::Torn(2),
        Self::Torn(4),
        Self::TornLast,
        Self::Torn(8),
        Self::Zeroed,
        Self::CutBefore,
        Self::CutAfter,
        Self::CutAfterNamesKept,
        Self::Killed,
    ];
    /// Every fault that may befall any deed.
    const ALWAYS: [Self; 5] =
        [Self::Eio, Self::CutBefore, Self::CutAfter, Self::CutAfterNamesKept, Self::Killed];
    /// Every fault that may befall a write besides.
    const OF_WRITES: [Self; 8] = [
        Self::Full,
        Self::Torn(0),
        Self::TornFirst,
        Self::Torn(2),
        Self::Torn(4),
        Self::TornLast,
        Self::Torn(8),
        Self::Zeroed,
    ];

    /// The faults that may befall a deed.
    pub fn of(deed: Deed) -> Vec<Self> {
        match deed {
            Deed::Write => [&Self::OF_WRITES[..], &Self::ALWAYS].concat(),
            Deed::Sync | Deed::SyncNames => [&[Self::EioLost][..], &Self::ALWAYS].concat(),
            Deed::Read | Deed::Open | Deed::Link | Deed::Rename | Deed::Remove | Deed::Cut => {
                Self::ALWAYS.to_vec()
            }
        }
    }

    /// How much of a write of `length` bytes stays.
    fn prefix(self, length: usize) -> usize {
        match self {
            Self::Torn(eighths) => length * usize::from(eighths) / 8,
            Self::TornFirst => length.min(1),
            Self::TornLast => length.saturating_sub(1),
            Self::Full => length / 2,
            Self::Zeroed
            | Self::Eio
            | Self::EioLost
            | Self::CutBefore
            | Self::CutAfter
            | Self::CutAfterNamesKept
            | Self::Killed => 0,
        }
    }
}

/// A kind of deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A file, or a part of it, is read.
    Read,
    /// A file is opened or made.
    Open,
    /// Bytes are written at its end.
    Write,
    /// Its content is made durable.
    Sync,
    /// It is cut off.
    Cut,
    /// It gets a second name.
    Link,
    /// Its name changes.
    Rename,
    /// A name is taken away.
    Remove,
    /// Names are made durable.
    SyncNames,
}

/// What it promises and does not keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    #[default]
    None,
    /// Syncs of what was written to a file that had its name already return, and nothing is durable.
    Sync,
    /// Syncs of names return, and nothing is durable, but for the first.
    SyncNames,
    /// Files are not cut off.
    Cut,
}

#[derive(Debug, Default)]
struct Inode {
    content: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    inodes: Vec<Inode>,
    /// The deeds since `arm`.
    deeds: Vec<Deed>,
    armed: Option<(usize, Fault)>,
    /// What has gone wrong since the last restart; nothing works any more.
    struck: Option<Fault>,
    lie: Lie,
}

/// The file system; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Ram(Arc<Mutex<State>>);

impl Ram {
    /// One that does not keep a promise.
    pub fn lying(lie: Lie) -> Self {
        let ram = Self::default();
        ram.state().lie = lie;
        ram
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test thread panics while it holds this")
    }

    /// Counts deeds from here on; the given one goes wrong.
    pub fn arm(&self, fault: Option<(usize, Fault)>) {
        let mut state = self.state();
        state.deeds.clear();
        state.armed = fault;
    }

    /// The deeds since `arm`.
    pub fn deeds(&self) -> Vec<Deed> {
        self.state().deeds.clone()
    }

    /// What has gone wrong.
    pub fn struck(&self) -> Option<Fault> {
        self.state().struck
    }

    /// A file's bytes, as the next process reads them.
    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        let inode = state.names.get(path).map(|inode| &state.inodes[*inode]);
        inode.map(|inode| inode.content.clone()).unwrap_or_default()
    }

    /// Puts bytes into a file, durably.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        state.inodes.push(Inode { content: bytes.to_vec(), durable: bytes.to_vec() });
        let inode = state.inodes.len() - 1;
        state.names.insert(path.to_owned(), inode);
        state.durable_names.insert(path.to_owned(), inode);
    }

    /// The process has ended, in an orderly way or not; the power is lost unless the fault was of another kind.
    pub fn restart(&self) {
        let mut state = self.state();
        let (names_kept, content_kept) = match state.struck {
            Some(Fault::Eio | Fault::Full | Fault::Killed) => (true, true),
            Some(Fault::CutAfterNamesKept) => (true, false),
            Some(
                Fault::EioLost
                | Fault::Torn(_)
                | Fault::TornFirst
                | Fault::TornLast
                | Fault::Zeroed
                | Fault::CutBefore
                | Fault::CutAfter,
            )
            | None => (false, false),
        };
        let state = &mut *state;
        match names_kept {
            true => state.durable_names.clone_from(&state.names),
            false => state.names.clone_from(&state.durable_names),
        }
        for inode in &mut state.inodes {
            match content_kept {
                // The kernel has it and will write it, unless the power goes before.
                true => {}
                false => inode.content.clone_from(&inode.durable),
            }
        }
        (state.struck, state.armed) = (None, None);
    }
}

impl State {
    /// Does a deed, or what its fault makes of it. `torn` is what a write leaves behind when it goes wrong.
    fn act<T>(
        &mut self,
        deed: Deed,
        act: impl FnOnce(&mut Self) -> io::Result<T>,
        torn: impl FnOnce(&mut Self, Fault),
    ) -> io::Result<T> {
        if self.struck.is_some() {
            return Err(io::Error::other("there is no power"));
        }
        let number = self.deeds.len();
        self.deeds.push(deed);
        let Some((_, fault)) = self.armed.filter(|(at, _)| *at == number) else { return act(self) };
        match fault {
            Fault::Eio | Fault::EioLost | Fault::CutBefore => {}
            Fault::CutAfter | Fault::CutAfterNamesKept | Fault::Killed => drop(act(self)),
            Fault::Full | Fault::Torn(_) | Fault::TornFirst | Fault::TornLast | Fault::Zeroed => {
                torn(self, fault);
            }
        }
        self.struck = Some(fault);
        Err(match fault {
            Fault::Full => io::Error::from(io::ErrorKind::StorageFull),
            _ => io::Error::other(format!("{fault:?}")),
        })
    }

    fn inode(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A fault of a deed that leaves nothing half done.
fn nothing(_: &mut State, _: Fault) {}

impl FileSystem for Ram {
    fn lock(&self, _: &Path) -> Result<Lock, TryLockError> {
        Ok(Lock::of_nobody())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = |state: &mut State| Ok(state.inodes[state.inode(path)?].content.clone());
        self.state().act(Deed::Read, read, nothing)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn OpenFile>> {
        let open = |state: &mut State| match (how, state.inode(path)) {
            (Open::Append, found) => found,
            (Open::New, Ok(_)) => Err(io::ErrorKind::AlreadyExists.into()),
            (Open::New, Err(_)) => {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.names.insert(path.to_owned(), inode);
                Ok(inode)
            }
        };
        let inode = self.state().act(Deed::Open, open, nothing)?;
        Ok(Box::new(RamFile { ram: self.clone(), inode }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let link = |state: &mut State| {
            let inode = state.inode(from)?;
            match state.names.contains_key(to) {
                true => return Err(io::ErrorKind::AlreadyExists.into()),
                false => state.names.insert(to.to_owned(), inode),
            };
            Ok(())
        };
        self.state().act(Deed::Link, link, nothing)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |state: &mut State| {
            let inode = state.inode(from)?;
            state.names.remove(from);
            state.names.insert(to.to_owned(), inode);
            Ok(())
        };
        self.state().act(Deed::Rename, rename, nothing)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let remove = |state: &mut State| {
            state.inode(path)?;
            state.names.remove(path);
            Ok(())
        };
        self.state().act(Deed::Remove, remove, nothing)
    }

    fn sync_names(&self, _: &Path) -> io::Result<()> {
        let sync = |state: &mut State| {
            if state.lie != Lie::SyncNames || state.durable_names.is_empty() {
                state.durable_names.clone_from(&state.names);
            }
            Ok(())
        };
        self.state().act(Deed::SyncNames, sync, nothing)
    }
}

#[derive(Debug)]
struct RamFile {
    ram: Ram,
    inode: usize,
}

impl RamFile {
    fn sync_unless(&self, lie: Lie) -> io::Result<()> {
        let sync = |state: &mut State| {
            if lie == Lie::None || state.lie != lie {
                let it = &mut state.inodes[self.inode];
                it.durable.clone_from(&it.content);
            }
            Ok(())
        };
        self.ram.state().act(Deed::Sync, sync, nothing)
    }
}

impl OpenFile for RamFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let inode = self.inode;
        let write = |state: &mut State| {
            state.inodes[inode].content.extend_from_slice(bytes);
            Ok(())
        };
        let torn = |state: &mut State, fault: Fault| {
            let it = &mut state.inodes[inode];
            match fault {
                Fault::Zeroed => it.content.extend(vec![0; bytes.len()]),
                _ => it.content.extend_from_slice(&bytes[..fault.prefix(bytes.len())]),
            }
            if fault != Fault::Full {
                it.durable.clone_from(&it.content);
            }
        };
        self.ram.state().act(Deed::Write, write, torn)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_unless(Lie::Sync)
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync_unless(Lie::None)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        let inode = self.inode;
        let cut = |state: &mut State| {
            if state.lie != Lie::Cut {
                state.inodes[inode].content.truncate(usize::try_from(bytes).map_err(io::Error::other)?);
            }
            Ok(())
        };
        self.ram.state().act(Deed::Cut, cut, nothing)
    }

    fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        let inode = self.inode;
        let read = |state: &mut State| {
            let from = usize::try_from(offset).map_err(io::Error::other)?;
            let found = state.inodes[inode].content.get(from..from + into.len());
            into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        };
        self.ram.state().act(Deed::Read, read, nothing)
    }
}
