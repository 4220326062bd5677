//! Whom a node believes: a file of keys, one a line, each by its SHA-256.
//!
//! `<sha256 in hex> [tenant=NAME] [subject=NAME] [scopes=a,b] [rate=REQUESTS A MINUTE]`; a key without scopes has all, and
//! without a tenant is of the default one. Digests, so that the file of a node tells nobody a key. Empty lines and lines
//! that begin with `#` say nothing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use api::guard::principal::SUBJECT_BYTES_MAX;
use api::{Principal, Scopes};
use crypto::Digest;
use proto::id::Tenant;

use crate::files;

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Highest rate, in requests a minute.
const RATE_MAX: u32 = 1_000_000;

/// Why a file of keys is refused.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is none of ours; the line itself is not shown, it may be a key.
    #[error("{} line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong.
        fault: String,
    },
}

/// Reads a file of keys.
///
/// # Errors
/// `CredentialsError`.
pub fn read(path: &Path) -> Result<Vec<(Digest, Principal)>, CredentialsError> {
    let io = |source| CredentialsError::Io { path: path.to_owned(), source };
    let bytes = files::read_at_most(File::open(path).map_err(io)?, FILE_BYTES_MAX).map_err(io)?;
    let bytes = bytes.ok_or_else(|| io(io::Error::other("larger than 1 MiB")))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).zip(1..);
    lines
        .filter(|(text, _)| !text.is_empty() && !text.starts_with('#'))
        .map(|(text, line)| {
            key(text).map_err(|fault| CredentialsError::Line { path: path.to_owned(), line, fault })
        })
        .collect()
}

fn key(line: &str) -> Result<(Digest, Principal), String> {
    let mut words = line.split_whitespace();
    let digest = words.next().unwrap_or_default();
    let digest: Digest = digest
        .parse()
        .map_err(|_| "it must begin with the SHA-256 of a key, in 64 lower-case hex digits".to_owned())?;
    let mut principal = Principal {
        tenant: Tenant::default_tenant(),
        subject: format!("key:{}", &digest.to_string()[..8]),
        scopes: Scopes::All,
        per_minute: None,
        until_s: None,
    };
    for word in words {
        let known = "tenant=, subject=, scopes= and rate= may follow the digest";
        let (name, value) = word.split_once('=').ok_or(known)?;
        match name {
            "tenant" => principal.tenant = Tenant::parse(value).map_err(|fault| fault.to_string())?,
            "subject" if value.is_empty() || value.len() > SUBJECT_BYTES_MAX => {
                return Err(format!("a subject has 1 to {SUBJECT_BYTES_MAX} bytes"));
            }
            "subject" => principal.subject = value.to_owned(),
            "scopes" => principal.scopes = Scopes::parse(value)?,
            "rate" => {
                let rate = value.parse().ok().filter(|rate| (1..=RATE_MAX).contains(rate));
                principal.per_minute = Some(rate.ok_or(format!("a rate is between 1 and {RATE_MAX}"))?);
            }
            _ => return Err(known.to_owned()),
        }
    }
    Ok((digest, principal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::sha256;

    fn read_text(text: &str) -> Result<Vec<(Digest, Principal)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn keys_are_read_with_what_they_allow() {
        let (one, two) = (sha256(b"one"), sha256(b"two"));
        let text = format!(
            "# ours\n\n{one}\n{two} tenant=acme subject=did:key:z6Mk scopes=proof:read,proof:create rate=60\n"
        );
        let keys = read_text(&text).unwrap();
        assert_eq!((keys.len(), keys[0].0, keys[1].0), (2, one, two));
        assert_eq!((keys[0].1.tenant.as_str(), &keys[0].1.scopes), ("default", &Scopes::All));
        assert_eq!((keys[1].1.tenant.as_str(), keys[1].1.per_minute), ("acme", Some(60)));
        assert!(keys[1].1.scopes.allow("proof:read") && !keys[1].1.scopes.allow("operator"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let refused = read_text("# ours\nmy secret key\n").unwrap_err();
        assert!(refused.contains("line 2") && !refused.contains("secret"), "{refused}");
        let digest = sha256(b"one");
        for wrong in ["tenant=A", "subject=", "scopes=a\"b", "rate=0", "rate=x", "other=1", "alone"] {
            assert!(read_text(&format!("{digest} {wrong}\n")).is_err(), "{wrong}");
        }
    }
}
