//! Whom the gateway signs for: SHA-256 digests of bearer tokens, in hex, one a line.
//!
//! Digests, so that the file of a node tells nobody a token. Empty lines and lines that begin with `#` say
//! nothing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crypto::Digest;

use crate::files;

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a file of tokens is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no digest; the line itself is not shown, it may be a token.
    #[error("{} line {line}: the SHA-256 of a token is needed, in 64 lower-case hex digits", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
}

/// Reads a file of tokens.
///
/// # Errors
/// `TokensError`.
pub fn read(path: &Path) -> Result<Vec<Digest>, TokensError> {
    let io = |source| TokensError::Io { path: path.to_owned(), source };
    let bytes = files::read_at_most(File::open(path).map_err(io)?, FILE_BYTES_MAX).map_err(io)?;
    let bytes = bytes.ok_or_else(|| io(io::Error::other("larger than 1 MiB")))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).zip(1..);
    lines
        .filter(|(text, _)| !text.is_empty() && !text.starts_with('#'))
        .map(|(text, line)| text.parse().map_err(|_| TokensError::Line { path: path.to_owned(), line }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::sha256;

    #[test]
    fn digests_are_read_and_tokens_are_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("# ours\n\n{}\n", sha256(b"token"))).unwrap();
        assert_eq!(read(file.path()).unwrap(), [sha256(b"token")]);
        std::fs::write(file.path(), "# ours\nmy secret token\n").unwrap();
        let refused = read(file.path()).unwrap_err().to_string();
        assert!(refused.contains("line 2") && !refused.contains("secret"), "{refused}");
    }
}
