//! What a witness remembers of a log: the checkpoint it cosigned last, with the log's signatures and its own.
//!
//! The file is the note that monitors are given, behind a line with its checksum: a head that was changed on disk
//! would make the witness cosign a second history, so what does not fit its checksum is refused and never guessed.
//! Source: `WITNESS.md`, rules W4 and W5.

use crypto::sha256;
use proto::checkpoint::{CheckpointText, CheckpointTextError, Head};
use proto::note::{KeyName, Note, NoteError, NoteSignature};

/// The checkpoint of a log that was cosigned last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    note: Note,
    text: CheckpointText,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not UTF-8, or larger than a record.
    #[error("it is not text of at most {max} bytes")]
    Text {
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The first line is not that of a record.
    #[error("its first line is not {:?} and a checksum", Record::FORMAT)]
    Format,
    /// The rest is not what was written.
    #[error("its checksum is {computed}, written is {written}")]
    Checksum {
        /// The checksum of what is there.
        computed: String,
        /// The checksum in the first line.
        written: String,
    },
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note says no head.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointTextError),
}

impl Record {
    /// What the first line begins with.
    pub const FORMAT: &str = "quorate/witness/v1";
    /// Longest record, in bytes.
    pub const BYTES_MAX: usize = Note::BYTES_MAX + 128;

    /// A checkpoint under the log's signatures and the witness's own.
    ///
    /// # Errors
    /// `Note` when there are too many.
    pub fn new(text: CheckpointText, lines: Vec<NoteSignature>) -> Result<Self, RecordError> {
        Ok(Self { note: Note::new(text.to_string(), lines)?, text })
    }

    /// The log.
    pub const fn origin(&self) -> &KeyName {
        &self.text.origin
    }

    /// The head.
    pub const fn head(&self) -> Head {
        self.text.head
    }

    /// The checkpoint with all its signatures, as monitors are given it.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The bytes to keep.
    pub fn encode(&self) -> String {
        let note = self.note.to_string();
        format!("{} {}\n{note}", Self::FORMAT, sha256(note.as_bytes()))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// `RecordError`.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let unread = RecordError::Text { max: Self::BYTES_MAX };
        let text = match bytes.len() <= Self::BYTES_MAX {
            true => std::str::from_utf8(bytes).map_err(|_| unread)?,
            false => return Err(unread),
        };
        let (first, note) = text.split_once('\n').ok_or(RecordError::Format)?;
        let written = first.strip_prefix(Self::FORMAT).and_then(|rest| rest.strip_prefix(' '));
        let written = written.ok_or(RecordError::Format)?.to_owned();
        let computed = sha256(note.as_bytes()).to_string();
        if computed != written {
            return Err(RecordError::Checksum { computed, written });
        }
        let note = Note::parse(note)?;
        let text = CheckpointText::parse(note.text())?;
        Ok(Self { note, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Log;

    #[test]
    fn a_record_is_read_back_and_every_changed_bit_is_noticed() {
        let log = Log::new("log.example/a", 1);
        let text = log.text(13);
        let record = Record::new(text.clone(), vec![log.line(&text)]).expect("a record");
        let bytes = record.encode().into_bytes();
        assert_eq!(Record::decode(&bytes), Ok(record));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoiled = bytes.clone();
                spoiled[at] ^= 1 << bit;
                assert!(Record::decode(&spoiled).is_err(), "byte {at}, bit {bit}");
            }
            assert!(Record::decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
