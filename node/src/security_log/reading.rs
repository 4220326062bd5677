//! Reading the security log while it is written: the newest refusals first, a page at a time.
//!
//! Lines are read from the end, and from a number on by halving; so a page costs the same however long the log is. At most
//! [`LINES_MAX`] lines are looked at for one page, unless the chain is to be shown.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use api::audit::{KeptNote, Notes, NotesPage, NotesQuery, is_about};
use crypto::sha256;

use super::chain::{self, LINE_BYTES_MAX};
use super::{FILE_NAME, OLD_NAME};

/// Most lines that are looked at for one page.
const LINES_MAX: usize = 5_000;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;

/// Reads the log in a directory.
#[derive(Debug)]
pub struct Reading {
    pub(super) dir: PathBuf,
    /// Held while the files change their names.
    pub(super) turning: Arc<Mutex<()>>,
}

impl Notes for Reading {
    fn refusals(&self, query: &NotesQuery) -> Result<NotesPage, String> {
        self.page(query).map_err(|fault| fault.to_string())
    }
}

impl Reading {
    fn page(&self, query: &NotesQuery) -> io::Result<NotesPage> {
        let mut page = NotesPage::default();
        let (mut looked, mut between) = (0, Vec::new());
        for file in self.files()?.into_iter().flatten() {
            let mut lines = Backward::below(file, query.before)?;
            while let Some(line) = lines.next()? {
                // What cannot be read here was damaged since it was written; the node's next start says where.
                let Ok((hash, kept, note)) = chain::read(&line) else { return Err(damaged()) };
                if query.before.is_some_and(|before| kept.number >= before) {
                    continue;
                }
                // Who is to follow the chain is told of every line; there are as many as the log's bound allows.
                if page.notes.len() == query.limit || (looked == LINES_MAX && !query.prove) {
                    page.next = Some(kept.number.saturating_add(1));
                    return Ok(page);
                }
                looked += 1;
                if query.prove && kept.salt.is_none() {
                    return Ok(page);
                }
                if kept.noted.code == "ok" || !is_about(query, kept.time_ms, &kept.noted) {
                    if query.prove {
                        between.push(sha256(note.as_bytes()));
                    }
                    continue;
                }
                between.reverse();
                page.notes.push(KeptNote {
                    number: kept.number,
                    time_ms: kept.time_ms,
                    hash,
                    noted: kept.noted,
                    text: query.prove.then(|| note.to_owned()),
                    behind: std::mem::take(&mut between),
                });
            }
        }
        Ok(page)
    }

    /// The newer file and the older one.
    fn files(&self) -> io::Result<[Option<File>; 2]> {
        let _held = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |name| match File::open(self.dir.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        };
        Ok([open(FILE_NAME)?, open(OLD_NAME)?])
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a line of the security log cannot be read")
}

/// The whole lines of a file, from the end.
struct Backward {
    file: File,
    /// What lies before this was not read yet.
    unread: u64,
    /// What was read and not given.
    held: Vec<u8>,
}

impl Backward {
    /// Those with numbers below this one, and perhaps a few above.
    fn below(file: File, number: Option<u64>) -> io::Result<Self> {
        let end = file.metadata()?.len();
        let mut unread = end;
        if let Some(number) = number {
            // A line that begins at or behind `high` has this number or a higher one.
            let (mut low, mut high) = (0, end);
            while high - low > READ_BYTES as u64 {
                let middle = low + (high - low) / 2;
                match first_behind(&file, middle)? {
                    Some((begins, found)) if found < number => low = begins.max(middle + 1),
                    Some((begins, _)) => {
                        unread = begins;
                        high = middle;
                    }
                    None => break,
                }
            }
        }
        let mut lines = Self { file, unread, held: Vec::new() };
        // What is unfinished at the end is not a line.
        lines.fill()?;
        let whole = lines.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        lines.held.truncate(whole);
        Ok(lines)
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let body = self.held.len().saturating_sub(1);
            let begins = self.held[..body].iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
            match (begins, self.unread) {
                (Some(begins), _) => {
                    let line = self.held[begins..body].to_vec();
                    self.held.truncate(begins);
                    return Ok(Some(line));
                }
                (None, 0) if self.held.is_empty() => return Ok(None),
                (None, 0) => {
                    let line = self.held[..body].to_vec();
                    self.held.clear();
                    return Ok(Some(line));
                }
                (None, _) if self.held.len() > LINE_BYTES_MAX + 1 => return Err(damaged()),
                (None, _) => self.fill()?,
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let count = self.unread.min(READ_BYTES as u64);
        self.unread -= count;
        let mut bytes = vec![0; count as usize];
        self.file.read_exact_at(&mut bytes, self.unread)?;
        bytes.append(&mut self.held);
        self.held = bytes;
        Ok(())
    }
}

/// The first line that begins behind this place: where, and its number.
fn first_behind(file: &File, place: u64) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = vec![0; 2 * LINE_BYTES_MAX + 2];
    let read = file.read_at(&mut bytes, place)?;
    bytes.truncate(read);
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let rest = bytes.get(end + 1..).unwrap_or_default();
    let Some(length) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let (_, kept, _) = chain::read(rest.get(..length).unwrap_or_default()).map_err(|_| damaged())?;
    Ok(Some((place + end as u64 + 1, kept.number)))
}
