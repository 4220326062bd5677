//! Files that are there whole or not at all.
//!
//! A new file is written beside its place, synced, and only then given its name; the directory is synced
//! last, because until then the name itself can be lost. Everything made here is for its owner's eyes only.

use std::fs::{DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::filesystem::{FileSystem, Open, System};

/// Makes a directory, and those above it, that only its owner may enter. One that exists is left as it is.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Writes a file that must not exist yet.
///
/// # Errors
/// `AlreadyExists` when it does; then it is untouched.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_on(&System, path, bytes)
}

/// `create` on another file system than the real one.
pub(crate) fn create_on(on: &dyn FileSystem, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = write_beside(on, path, bytes)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = on.link(&beside, path);
    on.remove(&beside)?;
    linked?;
    on.sync_names(path)
}

/// Writes a file in the place of the one that may be there.
pub(crate) fn replace_on(on: &dyn FileSystem, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = write_beside(on, path, bytes)?;
    on.rename(&beside, path)?;
    on.sync_names(path)
}

/// Reads at most `max` bytes of a file; `None` when it has more.
pub(crate) fn read_at_most(file: File, max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max).then_some(bytes))
}

/// Where a file is written before it gets its name. Left behind by a crash, it is overwritten the next time.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn write_beside(on: &dyn FileSystem, path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let beside = beside(path);
    match on.remove(&beside) {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    let mut file = on.open(&beside, Open::New)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn create_never_replaces_and_replace_always_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        create(&path, b"one").unwrap();
        assert_eq!(create(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        replace_on(&System, &path, b"three").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"three");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_a_crash_left_beside_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(beside(&path), b"half").unwrap();
        create(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        create(&path, b"12345").unwrap();
        let read = |max| read_at_most(File::open(&path).unwrap(), max).unwrap();
        assert_eq!(read(5), Some(b"12345".to_vec()));
        assert_eq!(read(4), None);
    }
}
