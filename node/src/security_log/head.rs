//! The head of the security log, beside it: the newest note that is known to be on the disk.
//!
//! A chain shows every change but a lost end; this shows that, too, as far back as the last time it was written. It is
//! written when the log's own bytes are on the disk, so it is never ahead of them, whatever is cut off and when.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crypto::Digest;

use super::chain::SecurityLogError;

/// The name of the head's file.
pub const HEAD_NAME: &str = "security.head";
/// Where it is written before it takes its place.
const NEW_NAME: &str = "security.head.new";

/// A note and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub number: u64,
    pub hash: Digest,
}

impl Head {
    /// Reads it; none where there is none.
    pub fn read(dir: &Path) -> Result<Option<Self>, SecurityLogError> {
        let path = dir.join(HEAD_NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SecurityLogError::Io { path, source }),
        };
        let head = text.strip_suffix('\n').and_then(|text| {
            let (number, hash) = text.split_once(' ')?;
            Some(Self { number: number.parse().ok()?, hash: hash.parse().ok()? })
        });
        let fault = "a head is a number and a hash";
        head.map(Some).ok_or(SecurityLogError::Broken { path, line: 1, fault })
    }

    /// Puts it into its place, once the log is on the disk.
    pub fn write(self, dir: &Path, log: &File) -> io::Result<()> {
        log.sync_data()?;
        let new = dir.join(NEW_NAME);
        let mut file = File::create(&new)?;
        writeln!(file, "{} {}", self.number, self.hash)?;
        file.sync_data()?;
        std::fs::rename(new, dir.join(HEAD_NAME))
    }
}
