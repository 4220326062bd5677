//! Receipts: that an entry stands in the log, checkable for ever with nothing but a policy.
//!
//! A receipt carries the entry, its place, the path to a root, and the checkpoint of that root with its cosignatures.
//! It carries no root of trust and no member that verification does not cover; `ledger/verify` does the checking.
//! The receipt of an anchored batch may name one item of the batch, too (`item.rs`).
//! Three spellings: JSON here, the text of C2SP tlog-proof in `tlog_proof.rs`, COSE in `cose.rs` (what RFC 9942 knows of it
//! in `rfc9942.rs`). `bundle.rs` puts beside a receipt what belongs to it, and `dialect.rs` reads them all by content.

mod bundle;
mod cose;
mod dialect;
mod item;
pub mod rfc9942;
mod tlog_proof;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use bundle::{Bundle, KeyProof, ProvenLeaf};
pub use cose::{CoseAlgorithm, Issued, Unissued, signed_bytes, subject};
pub use dialect::{Dialect, UnreadReceipt};
pub use item::BatchItem;
use item::Item;
pub use rfc9942::CoseError;
pub use tlog_proof::TlogProofError;

use crate::counter::LeafIndex;
use crate::entry::ENTRY_BYTES_MAX;
use crate::note::Note;

/// An entry, and why the log is believed to hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The canonical bytes of the entry, which are the leaf.
    pub entry: Vec<u8>,
    /// Its place in the log.
    pub index: LeafIndex,
    /// The hashes beside its way to the root, lowest first.
    pub proof: Vec<Digest>,
    /// The signed note of the checkpoint whose root the proof leads to.
    pub checkpoint: String,
    /// The item of the batch that the entry anchors, if the receipt is about one item.
    pub item: Option<BatchItem>,
}

/// Why a text is not a receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Longer than a receipt may be; nothing was read.
    #[error("the receipt has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not JSON, or with members missing, unknown, twice or of the wrong form.
    #[error("the receipt is not readable: {fault}")]
    Json {
        /// What the reader said, with line and column.
        fault: String,
    },
}

impl Receipt {
    /// What the member `format` says.
    pub const FORMAT: &str = "quorate/receipt/v1";
    /// Longest receipt in JSON, in bytes: the largest note, the largest entry in base64, the longest proof and path.
    pub const BYTES_MAX: usize = 3 << 19;
    /// Most hashes in a proof: a log has fewer than 2^64 leaves.
    pub const PROOF_MAX: usize = 64;
    /// Largest index that every JSON reader reads exactly; a larger one is refused.
    pub const INDEX_MAX: u64 = (1 << 53) - 1;

    /// The receipt as one line of JSON, without white space.
    pub fn to_json(&self) -> String {
        // Each hash with its quotes and comma, the entry in base64, each newline of the note as two characters; so the
        // text never moves while it grows.
        let room = 67 * self.proof.len() + self.entry.len().div_ceil(3) * 4 + self.checkpoint.len() + 1_024;
        let mut json = Vec::with_capacity(room);
        serde_json::to_writer(&mut json, &self.written()).expect(WRITABLE);
        String::from_utf8(json).expect("JSON is text")
    }

    /// The same as a value, for an answer that holds it.
    pub fn to_json_value(&self) -> serde_json::Value {
        serde_json::to_value(self.written()).expect(WRITABLE)
    }

    fn written(&self) -> Written<'_> {
        let Self { entry, index, proof, checkpoint, item } = self;
        Written {
            format: Self::FORMAT,
            entry: STANDARD.encode(entry),
            index: index.get(),
            proof: Hashes(proof.clone()),
            checkpoint,
            item: item.clone().map(Item),
        }
    }

    /// Reads a receipt. Members may stand in any order and with white space between; unknown or repeated ones are
    /// refused. Nothing is verified.
    ///
    /// # Errors
    /// `ReceiptError`.
    pub fn from_json(json: &str) -> Result<Self, ReceiptError> {
        if json.len() > Self::BYTES_MAX {
            return Err(ReceiptError::TooLarge { found: json.len(), max: Self::BYTES_MAX });
        }
        // A derived reader takes a list of the values in order, too: a second spelling.
        if !json.trim_start().starts_with('{') {
            return Err(ReceiptError::Json { fault: "it is not an object".to_owned() });
        }
        let read: Json =
            serde_json::from_str(json).map_err(|fault| ReceiptError::Json { fault: fault.to_string() })?;
        Ok(read.into())
    }
}

impl From<Json> for Receipt {
    fn from(Json { format: Format, entry, index, proof, checkpoint, item }: Json) -> Self {
        Self {
            entry: entry.0,
            index: LeafIndex::new(index.0),
            proof: proof.0,
            checkpoint: checkpoint.0,
            item: item.map(|item| item.0),
        }
    }
}

/// Why a receipt can always be written.
const WRITABLE: &str = "strings and numbers only: there is nothing JSON cannot hold";

/// The members, in the order in which they are written.
#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    entry: String,
    index: u64,
    proof: Hashes,
    checkpoint: &'a str,
    // Written only when it is there: a receipt without it has the bytes it always had.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

/// The members as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    format: Format,
    entry: Base64,
    index: Index,
    proof: Hashes,
    checkpoint: NoteText,
    #[serde(default, deserialize_with = "Item::present")]
    item: Option<Item>,
}

struct Format;

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        match found == Receipt::FORMAT {
            true => Ok(Self),
            false => {
                let found: String = found.chars().take(80).collect();
                Err(D::Error::custom(format!("format {found:?}, this reads {:?}", Receipt::FORMAT)))
            }
        }
    }
}

struct Base64(Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Four characters carry three bytes.
        let most = ENTRY_BYTES_MAX.div_ceil(3) * 4;
        if text.len() > most {
            let fault = format!("an entry of {} base64 characters, at most {most} are allowed", text.len());
            return Err(D::Error::custom(fault));
        }
        STANDARD.decode(&text).map(Self).map_err(|_| D::Error::custom("an entry that is not padded base64"))
    }
}

struct Index(u64);

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u64::deserialize(deserializer)?;
        match index > Receipt::INDEX_MAX {
            true => Err(D::Error::custom(format!("index {index} is beyond 2^53 - 1"))),
            false => Ok(Self(index)),
        }
    }
}

struct Hashes(Vec<Digest>);

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Digest::to_string))
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Vec<Digest>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {} hashes", Receipt::PROOF_MAX)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut hashes = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    if hashes.len() == Receipt::PROOF_MAX {
                        let fault = format!("a proof of more than {} hashes", Receipt::PROOF_MAX);
                        return Err(A::Error::custom(fault));
                    }
                    hashes.push(text.parse().map_err(A::Error::custom)?);
                }
                Ok(hashes)
            }
        }

        deserializer.deserialize_seq(List).map(Self)
    }
}

struct NoteText(String);

impl<'de> Deserialize<'de> for NoteText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.len() > Note::BYTES_MAX {
            true => Err(D::Error::custom(format!(
                "a checkpoint of {} bytes, at most {} are allowed",
                text.len(),
                Note::BYTES_MAX
            ))),
            false => Ok(Self(text)),
        }
    }
}
