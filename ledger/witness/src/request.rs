//! What a log sends to have a checkpoint cosigned: the size the witness has, a proof, the checkpoint.
//!
//! Read strictly and within bounds; what is read prints as the same bytes. Whether it holds is decided in `judge`.
//! Source: C2SP tlog-witness, add-checkpoint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use proto::checkpoint::{CheckpointText, CheckpointTextError, decimal, digest};
use proto::counter::TreeSize;
use proto::note::{Note, NoteError};

/// A checkpoint as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// With its signature lines.
    pub note: Note,
    /// What it says.
    pub text: CheckpointText,
}

impl Submitted {
    /// Reads a checkpoint with its signatures.
    ///
    /// # Errors
    /// `Note` or `Text`.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let note = Note::parse(text)?;
        let text = CheckpointText::parse(note.text())?;
        Ok(Self { note, text })
    }
}

/// A request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is believed to have cosigned last.
    pub old: TreeSize,
    /// That the checkpoint extends the log of that size.
    pub proof: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Submitted,
}

/// Why bytes are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than a request may be; nothing was read.
    #[error("the request has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the request is not UTF-8 text")]
    Utf8,
    /// No empty line parts what is asked from the checkpoint.
    #[error("the request has no empty line before the checkpoint")]
    NoSeparator,
    /// The first line does not say what is asked.
    #[error("the first line is not of the form {form:?}")]
    FirstLine {
        /// The form it should have.
        form: &'static str,
    },
    /// A line is no hash.
    #[error("line {line} is not a hash of 32 bytes in base64")]
    Hash {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line is no cosignature of a subtree, or stands after the proof has begun.
    #[error("line {line} is no signature line, or stands after a line of the proof")]
    Cosignature {
        /// The line, counted from 1.
        line: usize,
    },
    /// More lines of a kind than are read.
    #[error("more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Number allowed.
        max: usize,
    },
    /// The checkpoint is no signed note.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The note says no head.
    #[error("the checkpoint: {0}")]
    Text(#[from] CheckpointTextError),
}

impl AddCheckpoint {
    /// Longest request, in bytes: the log lines and Ed25519 cosignatures of 100 validators take some 45 kB.
    pub const BYTES_MAX: usize = 256 << 10;
    /// Most hashes of a proof: more than any two sizes of 64 bits ask for.
    pub const PROOF_MAX: usize = 63;

    /// Reads a request.
    ///
    /// # Errors
    /// `RequestError`, the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let (head, checkpoint) = parts(bytes, Self::BYTES_MAX)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(RequestError::FirstLine { form: "old <size>" })?;
        let mut proof = Vec::new();
        for (line, number) in lines.zip(2..) {
            push_hash(&mut proof, line, number)?;
        }
        Ok(Self { old: TreeSize::new(old), proof, checkpoint: Submitted::parse(checkpoint)? })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { old, proof, checkpoint } = self;
        writeln!(f, "old {old}")?;
        for hash in proof {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", checkpoint.note)
    }
}

/// What stands before the first empty line, and what after it.
pub(crate) fn parts(bytes: &[u8], max: usize) -> Result<(&str, &str), RequestError> {
    if bytes.len() > max {
        return Err(RequestError::TooLarge { found: bytes.len(), max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RequestError::Utf8)?;
    text.split_once("\n\n").ok_or(RequestError::NoSeparator)
}

/// Reads one line of a proof.
pub(crate) fn push_hash(proof: &mut Vec<Digest>, line: &str, number: usize) -> Result<(), RequestError> {
    if proof.len() == AddCheckpoint::PROOF_MAX {
        return Err(RequestError::TooMany { what: "hashes of a proof", max: AddCheckpoint::PROOF_MAX });
    }
    proof.push(digest(line).ok_or(RequestError::Hash { line: number })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Log;

    #[test]
    fn what_is_read_prints_as_the_same_bytes() {
        let log = Log::new("log.example/a", 1);
        let text = log.request(5, 13);
        let request = AddCheckpoint::parse(text.as_bytes()).expect("well formed");
        assert_eq!((request.old, request.checkpoint.text.head), (TreeSize::new(5), log.head(13)));
        assert_eq!(request.to_string(), text);
    }

    #[test]
    fn malformed_requests_are_refused() {
        let log = Log::new("log.example/a", 1);
        let good = log.request(5, 13);
        let first = RequestError::FirstLine { form: "old <size>" };
        let hash = STANDARD.encode([7; 32]);
        let many = format!("old 5\n{}", format!("{hash}\n").repeat(64));
        let cases = [
            ("empty", String::new(), RequestError::NoSeparator),
            ("no empty line", "old 5\n".to_owned(), RequestError::NoSeparator),
            ("another word", good.replacen("old", "new", 1), first.clone()),
            ("two spaces", good.replacen("old ", "old  ", 1), first.clone()),
            ("leading zero", good.replacen("old 5", "old 05", 1), first.clone()),
            ("a sign", good.replacen("old 5", "old +5", 1), first.clone()),
            ("beyond u64", good.replacen("old 5", "old 18446744073709551616", 1), first.clone()),
            ("carriage return", good.replacen("old 5\n", "old 5\r\n", 1), first),
            ("no hash", good.replacen("old 5\n", "old 5\nx\n", 1), RequestError::Hash { line: 2 }),
            (
                "url-safe hash",
                good.replacen("old 5\n", &format!("old 5\n{}\n", "_".repeat(44)), 1),
                RequestError::Hash { line: 2 },
            ),
            (
                "64 hashes",
                good.replacen("old 5\n", &many, 1),
                RequestError::TooMany { what: "hashes of a proof", max: 63 },
            ),
        ];
        for (name, text, expected) in cases {
            assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(expected), "{name}");
        }
        assert_eq!(AddCheckpoint::parse(b"old 5\n\n\xff"), Err(RequestError::Utf8));
        let long = vec![b'x'; AddCheckpoint::BYTES_MAX + 1];
        assert!(matches!(AddCheckpoint::parse(&long), Err(RequestError::TooLarge { .. })));
        let unsigned = good.split_inclusive('\n').take_while(|line| !line.starts_with('\u{2014}'));
        let unsigned: String = unsigned.collect();
        assert!(matches!(AddCheckpoint::parse(unsigned.as_bytes()), Err(RequestError::Note(_))));
        let extended = good.replacen("\n13\n", "\n13\n\n", 1);
        assert!(matches!(AddCheckpoint::parse(extended.as_bytes()), Err(RequestError::Text(_))));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let good = Log::new("log.example/a", 1).request(5, 13).into_bytes();
        for at in 0..good.len() {
            for byte in [0, b'\n', b' ', 0xff, good[at] ^ 1] {
                let mut bytes = good.clone();
                bytes[at] = byte;
                let _ = AddCheckpoint::parse(&bytes);
            }
            let _ = AddCheckpoint::parse(&good[..at]);
        }
    }
}
