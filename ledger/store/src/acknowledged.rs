//! What was acknowledged: a number beside the engine's files, so that a loss is noticed.
//!
//! sled opens a damaged file by dropping what it cannot read, commits that were acknowledged included, and says
//! nothing. So commits are numbered, in the log and inside the engine, and once one is durable its number is noted here.
//! An engine and a log that together have fewer commits than are noted have lost some. The note is written after the sync
//! and reaches the disk when the engine is synced: after a power cut it may be behind, and is never ahead.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::keys;

/// The file's name in the store's directory. 16 bytes: the number (u64, big-endian) and a checksum.
const NAME: &str = "acknowledged";

/// The note.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    file: File,
}

impl Acknowledged {
    /// Opens the note in `directory`, or makes an empty one.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join(NAME))?;
        Ok(Self { file })
    }

    /// How many commits were acknowledged, or what is wrong with the note. Empty: none.
    pub(crate) fn read(&self) -> Result<u64, String> {
        let mut bytes = Vec::new();
        // One byte more than there should be, to notice a longer file without reading it.
        (&self.file).take(17).read_to_end(&mut bytes).map_err(|fault| fault.to_string())?;
        if bytes.is_empty() {
            return Ok(0);
        }
        decode(NAME.as_bytes(), &bytes)
    }

    /// Notes that `count` commits are durable. Atomic: it stays within one sector of the disk.
    pub(crate) fn write(&self, count: u64) -> io::Result<()> {
        self.file.write_all_at(&encode(NAME.as_bytes(), count), 0)
    }
}

/// A number of commits as it is stored under `key`.
pub(crate) fn encode(key: &[u8], count: u64) -> Vec<u8> {
    keys::seal(key, &count.to_be_bytes())
}

/// The number of commits stored under `key`, or what is wrong with it.
pub(crate) fn decode(key: &[u8], sealed: &[u8]) -> Result<u64, String> {
    let payload = keys::open(key, sealed).map_err(|fault| fault.to_string())?;
    let bytes = payload.try_into().map_err(|_| format!("{} bytes instead of 8", payload.len()))?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_is_what_was_written_last() {
        let dir = tempfile::tempdir().expect("a directory");
        let read = || Acknowledged::open(dir.path()).expect("opens").read();
        assert_eq!(read(), Ok(0));
        for count in [1, 700, u64::MAX] {
            Acknowledged::open(dir.path()).expect("opens").write(count).expect("writes");
            assert_eq!(read(), Ok(count));
        }
    }

    #[test]
    fn a_spoiled_note_is_no_number() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(NAME);
        let sound = encode(NAME.as_bytes(), 7);
        let flipped = [&[1], &sound[1..]].concat();
        for spoiled in [&sound[..15], &[&sound[..], &[0]].concat(), &flipped, &[0; 16]] {
            std::fs::write(&path, spoiled).expect("writes");
            assert!(Acknowledged::open(dir.path()).expect("opens").read().is_err(), "{spoiled:?}");
        }
    }
}
