//! Work under way, on disk: one small file a piece, in a folder of the node's data.
//!
//! A piece is written beside its place, synced, and moved there, so a crash leaves the old one or the new one and never half
//! of either. Names are hexadecimal, which leads out of no folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use api::Shelf;

use crate::files;
use crate::filesystem::System;

/// The folder in a node's data directory.
pub const DIR: &str = "packing";
/// Largest piece, in bytes: a record of the most artifacts, in hexadecimal and JSON.
const PIECE_BYTES_MAX: u64 = 1 << 20;

/// A folder of pieces.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// The folder below `data_dir`, which is made if there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let dir = data_dir.join(DIR);
        files::private_dir(&dir)?;
        Ok(Self { dir })
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        match is_name(name) {
            true => Ok(self.dir.join(name)),
            false => Err(io::Error::new(io::ErrorKind::InvalidInput, "a piece is named in hexadecimal")),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Shelf for Folder {
    fn put(&self, name: &str, piece: &[u8]) -> io::Result<()> {
        files::replace_on(&System, &self.path(name)?, piece)
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match File::open(self.path(name)?) {
            // One that is too large is none of ours.
            Ok(file) => files::read_at_most(file, PIECE_BYTES_MAX),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            // What was begun beside its place has another name.
            names.extend(entry?.file_name().into_string().ok().filter(|name| is_name(name)));
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)?) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_kept_and_named_in_hexadecimal() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("made");
        folder.put("00ff", b"first").expect("written");
        folder.put("00ff", b"second").expect("written");
        folder.put("aa", b"third").expect("written");
        assert_eq!(
            Folder::open(dir.path()).expect("there").get("00ff").expect("read"),
            Some(b"second".to_vec())
        );
        fs::write(dir.path().join(DIR).join("00ff.new"), b"half").expect("written");
        assert_eq!(folder.names().expect("read"), ["00ff", "aa"]);
        folder.remove("00ff").expect("removed");
        folder.remove("00ff").expect("gone already");
        assert_eq!(
            (folder.get("00ff").expect("read"), folder.names().expect("read")),
            (None, vec!["aa".into()])
        );
        for name in ["", "../aa", "x", "a/b", &"a".repeat(65)] {
            assert!(folder.put(name, b"").is_err() && folder.get(name).is_err(), "{name:?}");
        }
        let large = vec![0; PIECE_BYTES_MAX as usize + 1];
        folder.put("bb", &large).expect("written");
        assert_eq!(folder.get("bb").expect("read"), None);
    }
}
