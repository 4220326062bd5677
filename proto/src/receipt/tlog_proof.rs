//! Receipts as the text of C2SP tlog-proof, which other tools read too.
//!
//! The text holds index, proof and checkpoint; the entry stands beside it. Its optional `extra` line is covered by no
//! signature, and a receipt of ours promises that every byte of it is checked: so the line holds the item of a batch,
//! whose path leads to a root in the entry, and a text with anything else there is refused.
//! Source: C2SP tlog-proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BatchItem, Receipt};
use crate::checkpoint::text::{decimal, digest};
use crate::counter::LeafIndex;
use crate::entry::ENTRY_BYTES_MAX;
use crate::note::Note;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Longest `extra` line that is read, in base64 characters: the longest path, and room.
const EXTRA_CHARACTERS_MAX: usize = 3 << 10;

/// Why a text and an entry are not a receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Longer than a proof may be; nothing was read.
    #[error("the proof has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The entry beside it is longer than an entry may be.
    #[error("the entry has {found} bytes, at most {max} are allowed")]
    EntryTooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The first line is another one.
    #[error("the proof does not begin with the line {HEADER:?}")]
    Header,
    /// There is an `extra` line that holds no item of a batch.
    #[error(
        "the proof has an `extra` line that is no item of a batch, and nothing authenticates it; remove it to check \
         the rest"
    )]
    Extra,
    /// The index line is missing or misspelt.
    #[error("the line after the first is not `index`, space, a decimal number without leading zeros")]
    Index,
    /// A line before the empty one is not a hash.
    #[error("hash {position} of the proof is not 32 bytes in base64 with padding")]
    Hash {
        /// Which one, counted from 1.
        position: usize,
    },
    /// Too many hashes.
    #[error("the proof has more than {max} hashes")]
    TooLong {
        /// Number allowed.
        max: usize,
    },
    /// No empty line, and so no checkpoint.
    #[error("no empty line parts the proof from its checkpoint")]
    NoCheckpoint,
}

impl Receipt {
    /// Longest tlog-proof, in bytes: the largest note, the longest proof and the longest path.
    pub const TLOG_PROOF_BYTES_MAX: usize = Note::BYTES_MAX + (8 << 10);

    /// The receipt as tlog-proof, without its entry.
    pub fn to_tlog_proof(&self) -> String {
        let Self { entry: _, index, proof, checkpoint, item } = self;
        let hashes: String = proof.iter().map(|hash| STANDARD.encode(hash.as_bytes()) + "\n").collect();
        let extra = item.as_ref().map(|item| format!("extra {}\n", STANDARD.encode(item.to_extra())));
        format!("{HEADER}\n{}index {index}\n{hashes}\n{checkpoint}", extra.unwrap_or_default())
    }

    /// Reads a tlog-proof and puts the entry it is about beside it. Nothing is verified.
    ///
    /// # Errors
    /// `TlogProofError`, the first fault.
    pub fn from_tlog_proof(text: &str, entry: Vec<u8>) -> Result<Self, TlogProofError> {
        if text.len() > Self::TLOG_PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLarge { found: text.len(), max: Self::TLOG_PROOF_BYTES_MAX });
        }
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(TlogProofError::EntryTooLarge { found: entry.len(), max: ENTRY_BYTES_MAX });
        }
        let (header, rest) = text.split_once('\n').ok_or(TlogProofError::Header)?;
        if header != HEADER {
            return Err(TlogProofError::Header);
        }
        let (item, rest) = match rest.strip_prefix("extra ") {
            None => (None, rest),
            Some(rest) => {
                let (line, rest) = rest.split_once('\n').ok_or(TlogProofError::Extra)?;
                (Some(item(line).ok_or(TlogProofError::Extra)?), rest)
            }
        };
        let (index, mut rest) = rest.split_once('\n').ok_or(TlogProofError::Index)?;
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(TlogProofError::Index)?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(TlogProofError::NoCheckpoint)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == Self::PROOF_MAX {
                return Err(TlogProofError::TooLong { max: Self::PROOF_MAX });
            }
            proof.push(digest(line).ok_or(TlogProofError::Hash { position: proof.len() + 1 })?);
        }
        Ok(Self { entry, index: LeafIndex::new(index), proof, checkpoint: rest.to_owned(), item })
    }
}

/// The item that the words after `extra` hold.
fn item(line: &str) -> Option<BatchItem> {
    let bytes = (line.len() <= EXTRA_CHARACTERS_MAX).then(|| STANDARD.decode(line).ok())??;
    BatchItem::from_extra(&bytes)
}
