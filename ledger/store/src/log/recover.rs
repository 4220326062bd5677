//! Reading a log back: what a crash explains is left out, everything else is refused.
//!
//! A commit was synced before the next one was written, so only the last record can be torn, and only if nobody was
//! told of it. Whoever vouches for a record makes its damage a refusal: a later record, a later segment, the engine
//! that has it, the note beside. One doubt remains, as with every log: a last commit that rots after a power cut which
//! took its note looks like one that was never finished.

use std::io;
use std::path::{Path, PathBuf};

use super::segment::{self, ALIGNMENT, Head, Header};
use super::{DIRECTORY, Name, names, segment_path};
use crate::waiting::Writes;

/// What a log says beyond the engine.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The writes of the commits that the engine may lack; the last of each key.
    pub(crate) writes: Writes,
    /// The number of the last commit.
    pub(crate) last: u64,
}

/// Why a log is refused.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// The system refused.
    #[error("{}: {fault}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// There is no segment at all.
    #[error("there is no segment")]
    Nothing,
    /// A segment's first bytes.
    #[error("segment {first} is no segment: {fault}")]
    Header {
        /// The number in its name.
        first: u64,
        /// What is wrong.
        fault: &'static str,
    },
    /// A record that a crash cannot have left like this.
    #[error("commit {number} in segment {first}, at byte {at}, is damaged: {fault}")]
    Record {
        /// The segment's first commit.
        first: u64,
        /// The commit that should stand there.
        number: u64,
        /// Where.
        at: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// Commits that were acknowledged, and are in no segment.
    #[error("commits {from} to {to} are missing")]
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them that is known of.
        to: u64,
    },
    /// There are commits, in the log of a store whose engine never had any.
    #[error("it has commits up to {last}, and the engine no store")]
    Ahead {
        /// The last of them.
        last: u64,
    },
}

/// Reads the log in a store's directory. `count` commits are in the engine, at least `noted` were acknowledged. Nothing
/// on disk is touched.
pub(crate) fn read(store: &Path, count: u64, noted: u64) -> Result<Found, LogFault> {
    let place = store.join(DIRECTORY);
    let listed = match names(&place) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(|fault| LogFault::Io { path: place.clone(), fault })?,
    };
    let firsts: Vec<u64> = listed
        .iter()
        .filter_map(|name| match name {
            Name::Segment(first) => Some(*first),
            Name::Spare(_) => None,
        })
        .collect();
    // The engine has all that stands before this one.
    let Some(begin) = firsts.iter().rposition(|first| *first <= count + 1) else {
        return Err(match firsts.first() {
            Some(first) => LogFault::Missing { from: count + 1, to: first - 1 },
            None => LogFault::Nothing,
        });
    };
    let mut found = Found { writes: Writes::new(), last: firsts[begin] - 1 };
    for (at, first) in firsts.iter().enumerate().skip(begin) {
        let path = segment_path(&place, *first);
        let bytes = std::fs::read(&path).map_err(|fault| LogFault::Io { path, fault })?;
        let segment = Segment::new(*first, &bytes)?;
        let end = segment.read(count, &mut found)?;
        match (firsts.get(at + 1), end) {
            (Some(next), _) if *next == found.last + 1 => {}
            (Some(next), _) => {
                return Err(LogFault::Missing { from: found.last + 1, to: next.saturating_sub(1) });
            }
            // The mark says that more was to come.
            (None, End::Marked) => {
                return Err(LogFault::Missing { from: found.last + 1, to: noted.max(found.last + 1) });
            }
            (None, End::Open) if found.last < count.max(noted) => {
                return Err(LogFault::Missing { from: found.last + 1, to: count.max(noted) });
            }
            (None, End::Open) => {}
        }
    }
    Ok(found)
}

struct Segment<'a> {
    header: Header,
    bytes: &'a [u8],
}

/// How a segment ends.
enum End {
    /// With its mark.
    Marked,
    /// With what is no record.
    Open,
}

impl<'a> Segment<'a> {
    fn new(first: u64, bytes: &'a [u8]) -> Result<Self, LogFault> {
        let fault = |fault| LogFault::Header { first, fault };
        let header = Header::decode(bytes).map_err(fault)?;
        match header.first == first {
            true => Ok(Self { header, bytes }),
            false => Err(fault("its header has another number than its name")),
        }
    }

    /// Reads the records, and takes in those above `count`.
    fn read(&self, count: u64, found: &mut Found) -> Result<End, LogFault> {
        let mut at = Header::BYTES;
        loop {
            let number = found.last + 1;
            let damaged = |fault| LogFault::Record { first: self.header.first, number, at, fault };
            let rest = self.bytes.get(at..).unwrap_or_default();
            let head = Head::read(&self.header, rest);
            if head.is_some_and(|head| head.number != number) {
                return Err(damaged("another one stands there"));
            }
            let Some((payload, length)) = head.and_then(|head| head.payload(&self.header, rest)) else {
                return match self.record_follows(at, number) {
                    true => Err(damaged("it is broken, and a later one follows")),
                    false => Ok(End::Open),
                };
            };
            if payload.is_empty() {
                return Ok(End::Marked);
            }
            if number > count {
                segment::take_in(payload, &mut found.writes).map_err(damaged)?;
            }
            found.last = number;
            at += length;
        }
    }

    /// Whether behind the record at `at` the head of a later one stands: then it was durable once.
    fn record_follows(&self, at: usize, number: u64) -> bool {
        (at + ALIGNMENT..self.bytes.len())
            .step_by(ALIGNMENT)
            .any(|at| Head::follows(&self.header, &self.bytes[at..], number + 1))
    }
}
