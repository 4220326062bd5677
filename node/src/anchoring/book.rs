//! The anchors on disk: one file a checkpoint, named by its size, replaced whole.

use std::io;
use std::path::PathBuf;

use anchor::{Anchored, RECORD_BYTES_MAX};

use crate::files;
use crate::filesystem::System;

/// How the names end.
const SUFFIX: &str = ".json";

/// The directory of anchors.
#[derive(Clone, Debug)]
pub(super) struct Book {
    dir: PathBuf,
}

impl Book {
    /// Opens the directory; one that is not there is made.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        files::private_dir(&dir)?;
        Ok(Self { dir })
    }

    fn path(&self, size: u64) -> PathBuf {
        // As many digits as a size may have: names stand in the order of sizes.
        self.dir.join(format!("{size:020}{SUFFIX}"))
    }

    /// The anchors of the checkpoint of this size.
    pub(super) fn read(&self, size: u64) -> io::Result<Option<Anchored>> {
        let file = match std::fs::File::open(self.path(size)) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let bytes = files::read_at_most(file, RECORD_BYTES_MAX as u64)?;
        let bytes = bytes.ok_or_else(|| io::Error::other("larger than a record may be"))?;
        let read = Anchored::read(&bytes).map_err(io::Error::other)?;
        match read.size == size {
            true => Ok(Some(read)),
            false => Err(io::Error::other(format!("it is of size {}", read.size))),
        }
    }

    /// Writes them; when this returns they survive a power cut.
    pub(super) fn write(&self, anchored: &Anchored) -> io::Result<()> {
        files::replace_on(&System, &self.path(anchored.size), &anchored.to_bytes())
    }

    /// Those of the largest checkpoints, the largest first. One that cannot be read is told of and left where it is.
    pub(super) fn newest(&self, count: usize) -> io::Result<Vec<Anchored>> {
        let mut sizes: Vec<u64> = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let size: Option<u64> = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok());
            sizes.extend(size);
        }
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut found = Vec::new();
        for size in sizes.into_iter().take(count) {
            match self.read(size) {
                Ok(anchored) => found.extend(anchored),
                Err(fault) => tracing::error!(
                    code = "anchors_unreadable", size, %fault, "the anchors of a checkpoint cannot be read"
                ),
            }
        }
        Ok(found)
    }
}
