//! Passphrases: from a file or an open descriptor, never from a flag or the environment.
//!
//! Flags and the environment of a process can be read by others; a descriptor or a file of systemd's
//! credentials cannot. The text is wiped from memory when dropped.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::files;

/// What opens a keystore.
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// The file or descriptor cannot be read.
    #[error("cannot read the passphrase from {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing in it.
    #[error("the passphrase is empty")]
    Empty,
    /// More than a passphrase.
    #[error("a passphrase has at most {max} bytes", max = Passphrase::BYTES_MAX)]
    TooLong,
}

impl Passphrase {
    /// Longest passphrase, in bytes.
    pub const BYTES_MAX: u64 = 1024;

    /// Takes a text as it is.
    ///
    /// # Errors
    /// `Empty` or `TooLong`.
    pub fn new(text: Vec<u8>) -> Result<Self, PassphraseError> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if text.len() as u64 > Self::BYTES_MAX {
            return Err(PassphraseError::TooLong);
        }
        Ok(Self(text))
    }

    /// Reads a file; one line end at its end does not count.
    ///
    /// # Errors
    /// `PassphraseError`.
    pub fn from_file(path: &Path) -> Result<Self, PassphraseError> {
        let fault = |source| PassphraseError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(fault)?;
        // Two more than the bound, for the line end.
        let Some(text) = files::read_at_most(file, Self::BYTES_MAX + 2).map_err(fault)? else {
            return Err(PassphraseError::TooLong);
        };
        let mut text = Zeroizing::new(text);
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        }
        Self::new(text.to_vec())
    }

    /// Reads an open descriptor of this process, such as the end of a pipe.
    ///
    /// # Errors
    /// `PassphraseError`.
    pub fn from_fd(descriptor: u32) -> Result<Self, PassphraseError> {
        // By name, so that no descriptor is taken over on someone's word that it is ours.
        Self::from_file(Path::new(&format!("/dev/fd/{descriptor}")))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsRawFd;

    fn of_file(bytes: &[u8]) -> Result<Vec<u8>, PassphraseError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Passphrase::from_file(file.path()).map(|passphrase| passphrase.as_bytes().to_vec())
    }

    #[test]
    fn one_line_end_is_no_part_of_it() {
        for (file, passphrase) in [
            (&b"open"[..], &b"open"[..]),
            (b"open\n", b"open"),
            (b"open\r\n", b"open"),
            (b"open\n\n", b"open\n"),
        ] {
            assert_eq!(of_file(file).unwrap(), passphrase);
        }
    }

    #[test]
    fn empty_and_endless_ones_are_refused() {
        assert!(matches!(of_file(b"\n"), Err(PassphraseError::Empty)));
        assert!(of_file(&[b'a'; 1024]).is_ok());
        assert!(matches!(of_file(&[b'a'; 1025]), Err(PassphraseError::TooLong)));
        assert!(matches!(Passphrase::from_file(Path::new("/dev/zero")), Err(PassphraseError::TooLong)));
        assert!(matches!(Passphrase::from_file(Path::new("absent")), Err(PassphraseError::Io { .. })));
    }

    #[test]
    fn a_descriptor_serves_as_well() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"open\n").unwrap();
        let descriptor = u32::try_from(file.as_raw_fd()).unwrap();
        assert_eq!(Passphrase::from_fd(descriptor).unwrap().as_bytes(), b"open");
    }
}
