//! The log ahead of the engine: what makes a commit durable, until the engine has it.
//!
//! Each commit is a record, synced before `append` returns; the engine is written later and for many commits at once.
//! Records lie in segments of a bounded size, each under the number of its first commit. A segment that the engine no
//! longer needs becomes a spare, and a spare the next segment: its blocks are written already, so that a sync moves
//! data and no metadata; the first spares are filled with zeros beforehand. A segment has its name only when its header
//! is durable, and the one before it then ends with a mark, so that none can be missing unnoticed.
//! Source: `DURABILITY.md`; the layout is in `log/segment.rs`.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};

mod recover;
mod segment;

pub use recover::LogFault;
pub(crate) use recover::{Found, read};
pub(crate) use segment::Record;
use segment::{Header, mark};

/// The directory of the segments, in the store's.
const DIRECTORY: &str = "log";
/// What a segment's name begins with; 20 digits follow.
const SEGMENT: &str = "segment-";
/// What a spare's name begins with; the number of the segment that it was, or was made for.
const SPARE: &str = "spare-";
/// How many spares are kept: one while the engine is written, and one more.
const SPARES_MAX: usize = 2;

/// The log, open for appending.
#[derive(Debug)]
pub(crate) struct Log {
    place: PathBuf,
    directory: File,
    segment_bytes: u64,
    /// The first commits of the segments before the one that is written.
    earlier: VecDeque<u64>,
    active: Active,
    /// The number of the next commit.
    next: u64,
    spares: Vec<PathBuf>,
}

/// The segment that is written.
#[derive(Debug)]
struct Active {
    file: File,
    header: Header,
    /// Where the next record goes.
    at: u64,
    /// Whether all its blocks were written before.
    is_used: bool,
}

impl Log {
    /// Begins a log in a store's directory, whose first commit has the number `first`. What stands there is needed no
    /// more: the engine has all of it.
    pub(crate) fn begin(store: &Path, first: u64, segment_bytes: u64) -> io::Result<Self> {
        let place = store.join(DIRECTORY);
        DirBuilder::new().recursive(true).mode(0o700).create(&place)?;
        let directory = File::open(&place)?;
        let mut spares = Vec::new();
        for name in names(&place)? {
            match name {
                Name::Spare(path) if spares.len() < SPARES_MAX => spares.push(path),
                Name::Spare(path) => fs::remove_file(path)?,
                Name::Segment(_) => {}
            }
        }
        let active = Active::begin(&place, &directory, first, segment_bytes, spares.pop())?;
        let mut log =
            Self { place, directory, segment_bytes, earlier: VecDeque::new(), active, next: first, spares };
        // A crash before this line leaves segments that end below the new one, and are not read.
        let old = names(&log.place)?.into_iter().filter_map(|name| match name {
            Name::Segment(number) => (number != first).then_some(number),
            Name::Spare(_) => None,
        });
        let recycled = log.recycler().recycle(old.collect())?;
        log.keep(recycled)?;
        Ok(log)
    }

    /// The number of the last commit.
    pub(crate) const fn last(&self) -> u64 {
        self.next - 1
    }

    /// Makes the next commit durable, and says its number.
    ///
    /// # Errors
    /// Those of the system. What is on disk is unknown then, and nothing may be appended any more.
    pub(crate) fn append(&mut self, record: Record) -> io::Result<u64> {
        let room_bytes = record.bytes() + mark(&self.active.header, self.next).len() as u64;
        let is_full = self.active.at + room_bytes > self.segment_bytes;
        let has_better = !self.active.is_used && !self.spares.is_empty();
        if (is_full || has_better) && self.active.at > Header::BYTES as u64 {
            self.rotate()?;
        }
        let bytes = record.seal(&self.active.header, self.next);
        self.active.file.write_all_at(&bytes, self.active.at)?;
        // A crash here may leave any part of the record: nobody has been told of it.
        self.active.file.sync_data()?;
        self.active.at += bytes.len() as u64;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Begins the next segment, and then marks the end of this one: from there on the next one must be there.
    fn rotate(&mut self) -> io::Result<()> {
        let spare = self.spares.pop();
        let next = Active::begin(&self.place, &self.directory, self.next, self.segment_bytes, spare)?;
        self.active.file.write_all_at(&mark(&self.active.header, self.next), self.active.at)?;
        self.active.file.sync_data()?;
        self.earlier.push_back(self.active.header.first);
        self.active = next;
        Ok(())
    }

    /// Takes out the segments that hold no commit above `count`. They are the caller's to recycle.
    pub(crate) fn release(&mut self, count: u64) -> Vec<u64> {
        let mut released = Vec::new();
        while let Some(first) = self.earlier.front().copied() {
            let behind = self.earlier.get(1).copied().unwrap_or(self.active.header.first);
            if behind > count + 1 {
                break;
            }
            self.earlier.pop_front();
            released.push(first);
        }
        released
    }

    /// What recycles segments without holding up the log.
    pub(crate) fn recycler(&self) -> Recycler {
        Recycler {
            place: self.place.clone(),
            segment_bytes: self.segment_bytes,
            wanted: SPARES_MAX.saturating_sub(self.spares.len()),
        }
    }

    /// Takes spares that are durable under their new names.
    pub(crate) fn keep(&mut self, spares: Vec<PathBuf>) -> io::Result<()> {
        self.spares.extend(spares);
        while self.spares.len() > SPARES_MAX {
            self.spares.pop().map_or(Ok(()), fs::remove_file)?;
        }
        Ok(())
    }
}

/// Turns segments into spares.
pub(crate) struct Recycler {
    place: PathBuf,
    segment_bytes: u64,
    wanted: usize,
}

impl Recycler {
    /// Gives segments the names of spares, and removes those that are too many. A spare may be written only when its
    /// name is durable: a crash would otherwise find what was written under the name of the segment that it was.
    pub(crate) fn recycle(&mut self, firsts: Vec<u64>) -> io::Result<Vec<PathBuf>> {
        let mut spares = Vec::new();
        for first in firsts {
            let path = segment_path(&self.place, first);
            match self.wanted.checked_sub(1) {
                Some(wanted) => {
                    let spare = self.place.join(format!("{SPARE}{first:020}"));
                    fs::rename(path, &spare)?;
                    spares.push(spare);
                    self.wanted = wanted;
                }
                None => fs::remove_file(path)?,
            }
        }
        if !spares.is_empty() {
            File::open(&self.place)?.sync_all()?;
        }
        Ok(spares)
    }

    /// Makes the spares that are wanted still, with all their blocks written.
    pub(crate) fn make(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut spares = Vec::new();
        for _ in 0..std::mem::take(&mut self.wanted) {
            let names = (0..).map(|n| self.place.join(format!("{SPARE}made-{n}")));
            let Some(path) = names.into_iter().find(|path| !path.exists()) else { break };
            let mut file = File::create_new(&path)?;
            io::copy(&mut io::repeat(0).take(self.segment_bytes), &mut file)?;
            file.sync_all()?;
            spares.push(path);
        }
        Ok(spares)
    }
}

impl Active {
    /// A segment without records, from a spare or a new file, durable under its name.
    fn begin(
        place: &Path,
        directory: &File,
        first: u64,
        segment_bytes: u64,
        spare: Option<PathBuf>,
    ) -> io::Result<Self> {
        let is_used = spare.is_some();
        let path = spare.unwrap_or_else(|| place.join(format!("{SPARE}{first:020}")));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let length = file.metadata()?.len();
        if length < segment_bytes {
            reserve(&file, segment_bytes)?;
        } else if length > segment_bytes {
            // A single commit was larger than a segment.
            file.set_len(segment_bytes)?;
        }
        let header = Header::new(first)?;
        file.write_all_at(&header.encode(), 0)?;
        file.sync_all()?;
        fs::rename(&path, segment_path(place, first))?;
        directory.sync_all()?;
        Ok(Self { file, header, at: Header::BYTES as u64, is_used })
    }
}

/// Gives a file its blocks, so that writing into them needs none. Where that is not possible it grows as it is written.
#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    file.set_len(bytes)
}

fn segment_path(place: &Path, first: u64) -> PathBuf {
    place.join(format!("{SEGMENT}{first:020}"))
}

/// A file of the log.
enum Name {
    Segment(u64),
    Spare(PathBuf),
}

/// The log's files, segments in their order. What has another name is not the log's.
fn names(place: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let number = name.strip_prefix(SEGMENT).and_then(|digits| digits.parse().ok());
        // Commits are numbered from one.
        if let Some(number) = number.filter(|number| *number > 0) {
            names.push(Name::Segment(number));
        } else if name.starts_with(SPARE) {
            names.push(Name::Spare(path));
        }
    }
    names.sort_by_key(|name| match name {
        Name::Segment(number) => *number,
        Name::Spare(_) => 0,
    });
    Ok(names)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::empty_segment;
