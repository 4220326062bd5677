//! Signed notes: a text, and lines that say who signed it.
//!
//! A note is read strictly: what was read prints as the same bytes, and no signature is checked here, because what
//! a line signs depends on the type of its key (`checkpoint.rs`).
//! Source: C2SP signed-note.

mod key;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use key::{KeyName, NoteKey, NoteKeyError, NoteKeyId, SignatureType};

/// What a signature line begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// The id of the key.
    pub key_id: NoteKeyId,
    /// What follows the id: a signature, of cosigners behind its time.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// Reads one signature line, its newline included; `None` when it is none.
    pub fn parse(line: &str) -> Option<Self> {
        parse_line(line)
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = STANDARD.encode([self.key_id.as_bytes(), self.signature.as_slice()].concat());
        writeln!(f, "{MARK}{} {payload}", self.name)
    }
}

/// A text with signature lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// Why bytes are not a signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than a note may be; nothing was read.
    #[error("the note has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// A control character other than newline.
    #[error("the note holds the control character 0x{found:02x}")]
    Control {
        /// The byte found.
        found: u8,
    },
    /// The text does not end in a newline.
    #[error("the note's text does not end in a newline")]
    Unfinished,
    /// No empty line parts text from signatures, or nothing stands before it.
    #[error("the note has no empty line between a text and its signatures")]
    NoSeparator,
    /// Fewer than one signature line, or too many.
    #[error("the note has {found} signature lines, 1 to {max} are allowed")]
    SignatureCount {
        /// Number found.
        found: usize,
        /// Number allowed.
        max: usize,
    },
    /// A line after the empty line is not a signature line.
    #[error("signature line {line} is not \"\u{2014} name base64\", newline")]
    SignatureLine {
        /// The line, counted from 1.
        line: usize,
    },
}

impl Note {
    /// Longest note, in bytes: three lines from each of 100 validators take some 540 kB.
    pub const BYTES_MAX: usize = 1 << 20;
    /// Most signature lines: three from each of 100 validators, and 100 witnesses.
    pub const SIGNATURES_MAX: usize = 400;

    /// Puts signature lines under a text.
    ///
    /// # Errors
    /// `Control`, `Unfinished`, `NoSeparator` for an empty text, `SignatureCount` or `TooLarge`.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_characters(&text)?;
        if text.is_empty() {
            return Err(NoteError::NoSeparator);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::Unfinished);
        }
        if signatures.is_empty() || signatures.len() > Self::SIGNATURES_MAX {
            return Err(NoteError::SignatureCount { found: signatures.len(), max: Self::SIGNATURES_MAX });
        }
        let note = Self { text, signatures };
        check_length(note.to_string().len())?;
        Ok(note)
    }

    /// Reads a note.
    ///
    /// # Errors
    /// `NoteError`, the first fault.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        check_length(note.len())?;
        check_characters(note)?;
        // The text may hold empty lines itself; the last one is the separator.
        let separator = note.rfind("\n\n").ok_or(NoteError::NoSeparator)?;
        let (text, lines) = (&note[..=separator], &note[separator + 2..]);
        // Counted before anything is kept: a line costs its sender four bytes and us many more.
        let found = lines.bytes().filter(|b| *b == b'\n').count();
        if found == 0 || found > Self::SIGNATURES_MAX {
            return Err(NoteError::SignatureCount { found, max: Self::SIGNATURES_MAX });
        }
        let mut signatures = Vec::with_capacity(found);
        for (line, number) in lines.split_inclusive('\n').zip(1..) {
            signatures.push(parse_line(line).ok_or(NoteError::SignatureLine { line: number })?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text that is signed, its last newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

fn check_length(found: usize) -> Result<(), NoteError> {
    match found > Note::BYTES_MAX {
        true => Err(NoteError::TooLarge { found, max: Note::BYTES_MAX }),
        false => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.bytes().find(|b| *b < 0x20 && *b != b'\n') {
        Some(found) => Err(NoteError::Control { found }),
        None => Ok(()),
    }
}

fn parse_line(line: &str) -> Option<NoteSignature> {
    let (name, payload) = line.strip_prefix(MARK)?.strip_suffix('\n')?.split_once(' ')?;
    // The engine refuses missing padding, and bits beyond the last byte that are not zero.
    let payload = STANDARD.decode(payload).ok()?;
    let (id, signature) = payload.split_first_chunk::<4>()?;
    if signature.is_empty() {
        return None;
    }
    Some(NoteSignature {
        name: KeyName::parse(name).ok()?,
        key_id: NoteKeyId::new(*id),
        signature: signature.to_vec(),
    })
}
