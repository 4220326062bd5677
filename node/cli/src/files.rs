//! Files of the user: read up to a bound, hashed in passing, written whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crypto::{Digest, Hasher};

use crate::exit::Failure;

/// Reads a file, or stdin for `-`; one byte more than `max` at most, so that the caller sees that it is too long.
///
/// # Errors
/// What the system said.
pub fn read(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// SHA-256 and length of a file, or of stdin for `-`, with these bytes before it. Files of any size are read in pieces.
///
/// # Errors
/// `Usage` when it cannot be read.
pub fn hash(before: &[u8], path: &Path) -> Result<(Digest, u64), Failure> {
    hash_of(before, path).map_err(|fault| unreadable(path, &fault))
}

fn hash_of(before: &[u8], path: &Path) -> io::Result<(Digest, u64)> {
    let mut reader = open(path)?;
    let (mut hasher, mut length) = (Hasher::new(), before.len() as u64);
    hasher.update(before);
    let mut piece = vec![0; 64 << 10];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok((hasher.finish(), length)),
            Ok(read) => {
                hasher.update(&piece[..read]);
                length += read as u64;
            }
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    match path == Path::new("-") {
        true => Ok(Box::new(io::stdin().lock())),
        false => Ok(Box::new(File::open(path)?)),
    }
}

/// Writes a file beside its place, then gives it its name: a reader sees the old one or the new one.
///
/// # Errors
/// `Usage` when it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |fault: io::Error| Failure::usage(format_args!("cannot write {}: {fault}", path.display()));
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let beside = PathBuf::from(name);
    let mut file = File::create(&beside).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)?;
    std::fs::rename(&beside, path).map_err(fault)
}

/// Says that a file the user named cannot be read.
pub fn unreadable(path: &Path, fault: &io::Error) -> Failure {
    Failure::usage(format_args!("cannot read {}: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_pieces_has_the_hash_of_the_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("large");
        let bytes: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        write(&path, &bytes).expect("writes");
        assert_eq!(hash(&[], &path).expect("reads"), (crypto::sha256(&bytes), 200_000));
        assert_eq!(read(&path, 10).expect("reads").len(), 11);
        assert_eq!(std::fs::read_dir(dir.path()).expect("lists").count(), 1, "nothing is left beside it");
    }
}
