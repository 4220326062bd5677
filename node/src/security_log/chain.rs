//! The chain of the security log: how a line is written and what follows from the one before.
//!
//! A line is a hash, a space and a note. The hash is SHA-256 over the hash before and the SHA-256 of the note, so who
//! shows a part of the chain shows of the lines between their digests alone; a note holds some random bytes, so that its
//! digest says nothing of it. Lines of before that hold none: theirs is the SHA-256 of the note, in which the
//! hash before stands as well.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use api::Noted;
use crypto::{Digest, Hasher, sha256};
use serde::{Deserialize, Serialize};

use super::head::Head;
use super::{FILE_NAME, OLD_NAME};

/// Longest line, in bytes: a note is bounded where it is made.
pub(super) const LINE_BYTES_MAX: usize = 8 << 10;
/// Largest log that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Between a line's hash and its note.
pub(super) const SEPARATOR: char = ' ';

/// A note as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its number.
    pub number: u64,
    /// When it was made, in milliseconds since 1970, by this node's clock.
    pub time_ms: u64,
    /// The hash of the line before.
    pub after: String,
    /// Random bytes, in hex; lines of before that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// What was noted.
    #[serde(flatten)]
    pub noted: Noted,
}

/// The hash of a line, by the digest of its note and the hash before.
pub fn hash(after: &Digest, note: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(after.as_bytes()).update(note.as_bytes());
    hasher.finish()
}

/// Why a log is not one.
#[derive(Debug, thiserror::Error)]
pub enum SecurityLogError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line does not follow from the one before it.
    #[error("{} line {line}: {fault}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line's number in the file, from 1.
        line: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The newest lines are not those that were there.
    #[error("{}: {fault}; note {number} had the hash {hash}", path.display())]
    Cut {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: &'static str,
        /// The newest note that is known to have been on the disk.
        number: u64,
        /// Its hash.
        hash: Digest,
    },
}

/// What a log that holds has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Number of its lines.
    pub lines: u64,
    /// Number of the note that would come next.
    pub next: u64,
    /// The hash of its last line.
    pub last: Digest,
    /// How many bytes are whole lines; a crash may have left a part of one behind them.
    pub whole_bytes: u64,
}

/// Checks the chain of one file. One that is missing is empty. What was before its first line is not asked.
///
/// # Errors
/// `SecurityLogError`.
pub fn check(path: &Path) -> Result<Checked, SecurityLogError> {
    follow(path, None, &mut |_, _| {})
}

/// Checks the chain of both files in `dir`, from one to the other, and that the newest note is there that is known to have
/// been; tells of the newer.
///
/// # Errors
/// `SecurityLogError`.
pub fn check_all(dir: &Path) -> Result<Checked, SecurityLogError> {
    let head = Head::read(dir)?;
    let mut found = None;
    let mut look = |number: u64, hash: &Digest| {
        if head.is_some_and(|head| head.number == number) {
            found = Some(*hash);
        }
    };
    let old = follow(&dir.join(OLD_NAME), None, &mut look)?;
    let path = dir.join(FILE_NAME);
    let checked = follow(&path, (old.lines > 0).then_some(old), &mut look)?;
    let Some(Head { number, hash }) = head else { return Ok(checked) };
    let fault = match found {
        Some(found) if found == hash => return Ok(checked),
        Some(_) => "its end was written anew",
        None if checked.next > number => "the older lines are gone",
        None => "lines are gone at its end",
    };
    Err(SecurityLogError::Cut { path, fault, number, hash })
}

fn follow(
    path: &Path,
    before: Option<Checked>,
    look: &mut dyn FnMut(u64, &Digest),
) -> Result<Checked, SecurityLogError> {
    let io = |source| SecurityLogError::Io { path: path.to_owned(), source };
    let broken = |line: usize, fault| SecurityLogError::Broken { path: path.to_owned(), line, fault };
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(io)?,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => 0,
        Err(fault) => return Err(io(fault)),
    };
    let mut known = before.is_some();
    let mut checked = Checked { lines: 0, whole_bytes: 0, ..before.unwrap_or_default() };
    for (line, at) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let Some(whole) = line.strip_suffix(b"\n") else { break };
        let (hash, kept, _) = read(whole).map_err(|fault| broken(at, fault))?;
        // Where the older file begins, what was before it is not here.
        if (known || kept.number == 0) && kept.after != checked.last.to_string() {
            return Err(broken(at, "it does not follow from the line before it"));
        }
        if known && kept.number != checked.next {
            return Err(broken(at, "its number does not follow from the line before it"));
        }
        look(kept.number, &hash);
        known = true;
        checked.lines += 1;
        checked.next = kept.number.saturating_add(1);
        checked.last = hash;
        checked.whole_bytes += line.len() as u64;
    }
    Ok(checked)
}

/// Reads a line without its end: its hash, what it keeps, and the text of that.
pub(super) fn read(line: &[u8]) -> Result<(Digest, Kept, &str), &'static str> {
    if line.len() > LINE_BYTES_MAX {
        return Err("longer than any line");
    }
    let text = std::str::from_utf8(line).map_err(|_| "not text")?;
    let (hash, note) = text.split_once(SEPARATOR).ok_or("no hash")?;
    let hash: Digest = hash.parse().map_err(|_| "no hash")?;
    let kept: Kept = serde_json::from_str(note).map_err(|_| "the note is none")?;
    let after: Digest = kept.after.parse().map_err(|_| "the note does not say what it follows")?;
    let of_note = sha256(note.as_bytes());
    let expected = match kept.salt {
        Some(_) => self::hash(&after, &of_note),
        None => of_note,
    };
    match hash == expected {
        true => Ok((hash, kept, note)),
        false => Err("the note is not the one that its hash is of"),
    }
}
