//! What `flush` leaves out: making a directory tree survive a power cut.
//!
//! sled 0.34 ends a flush with `sync_file_range`, which writes neither metadata nor the drive's cache, and puts
//! large values into files of their own that nobody syncs. So after each flush the whole file system that holds the
//! directory is synced. Source: `DURABILITY.md`.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Makes all that was written to the file system of `directory` durable. The handle has to be as old as the writes:
/// the kernel reports a failed write-back to handles opened before it (Linux 5.8 and later).
#[cfg(target_os = "linux")]
pub(crate) fn make_durable(directory: &File, _path: &Path) -> io::Result<()> {
    rustix::fs::syncfs(directory)?;
    Ok(())
}

/// Makes all files under `path` durable, one by one: the slow way of systems without `syncfs`.
#[cfg(not(target_os = "linux"))]
pub(crate) fn make_durable(_directory: &File, path: &Path) -> io::Result<()> {
    sync_tree(path)
}

/// Syncs every file under `directory`, then `directory` itself, so that no name is durable before its content.
#[cfg(any(test, not(target_os = "linux")))]
fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            match File::open(entry.path()) {
                Ok(file) => file.sync_all()?,
                // The engine removes files it has replaced while this walks past them.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
    }
    File::open(directory)?.sync_all()
}

/// Bytes that may still be written to the file system of `directory`.
pub(crate) fn free_bytes(directory: &File) -> io::Result<u64> {
    let system = rustix::fs::fstatvfs(directory)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// What the files below `directory` take on the disk, in bytes.
pub(crate) fn used_bytes(directory: &Path) -> io::Result<u64> {
    let mut used = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let found = match entry.file_type()?.is_dir() {
            true => used_bytes(&entry.path()),
            // Blocks are of 512 bytes, whatever those of the file system are.
            false => entry.metadata().map(|file| file.blocks() * 512),
        };
        match found {
            Ok(bytes) => used += bytes,
            // The engine removes files it has replaced while this walks past them.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_with_files_below_is_synced_either_way() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("blobs")).expect("creates");
        std::fs::write(dir.path().join("blobs/1"), b"x").expect("writes");
        sync_tree(dir.path()).expect("syncs");
        let handle = File::open(dir.path()).expect("opens");
        make_durable(&handle, dir.path()).expect("syncs");
        assert!(free_bytes(&handle).expect("answers") > 0);
        assert!(sync_tree(&dir.path().join("absent")).is_err());
    }
}
