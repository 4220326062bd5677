//! In which dialect a receipt is written: told by its bytes, never by the name of a file.
//!
//! COSE begins with its tag, tlog-proof with its header; what is left is JSON, whose member `format` says which. A batch
//! of receipts is read in all of them at once, so all are read to one shape: a bundle, with nothing beside the receipt
//! where the dialect has no room for it.

use serde::Deserialize;

use super::rfc9942::CoseError;
use super::{Bundle, Receipt, ReceiptError, TlogProofError};

/// The first byte of a tagged COSE_Sign1: tag 18.
const COSE: u8 = 0xd2;
/// What a tlog-proof of any version begins with.
const TLOG_PROOF: &[u8] = b"c2sp.org/tlog-proof";

/// How a receipt is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// JSON.
    Json,
    /// The text of C2SP tlog-proof; the entry travels beside it.
    TlogProof,
    /// COSE (RFC 9942).
    Cose,
    /// JSON with all that belongs to it.
    Bundle,
}

/// Why bytes are no receipt in any dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadReceipt {
    /// Longer than a receipt of any dialect may be; nothing was read.
    #[error("the receipt has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Neither text nor COSE.
    #[error("the receipt is neither UTF-8 text nor a tagged COSE_Sign1")]
    NotText,
    /// Not a receipt or bundle in JSON.
    #[error(transparent)]
    Json(#[from] ReceiptError),
    /// Not a tlog-proof.
    #[error(transparent)]
    TlogProof(#[from] TlogProofError),
    /// Not a receipt in COSE.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// A tlog-proof without the entry it is about.
    #[error("a tlog-proof does not hold the entry it is about")]
    NoEntry,
    /// An entry beside a receipt that holds its own.
    #[error("the receipt holds its entry; one beside it goes with a tlog-proof only")]
    EntryTwice,
}

impl Dialect {
    /// The dialect that bytes seem to be in. Whether they are is for the reader to say.
    pub fn of(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Peek {
            format: Option<String>,
        }

        if bytes.first() == Some(&COSE) {
            return Self::Cose;
        }
        if bytes.starts_with(TLOG_PROOF) {
            return Self::TlogProof;
        }
        // Most are receipts alone, and what does not name the format is not read twice.
        if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains(Bundle::FORMAT)) {
            return Self::Json;
        }
        match serde_json::from_slice::<Peek>(bytes) {
            Ok(Peek { format: Some(format) }) if format == Bundle::FORMAT => Self::Bundle,
            Ok(_) | Err(_) => Self::Json,
        }
    }
}

impl Bundle {
    /// Reads a receipt in whatever dialect it is; `entry` are the bytes beside a tlog-proof. Nothing is verified.
    ///
    /// # Errors
    /// `UnreadReceipt`.
    pub fn read(bytes: &[u8], entry: Option<Vec<u8>>) -> Result<Self, UnreadReceipt> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(UnreadReceipt::TooLarge { found: bytes.len(), max: Self::BYTES_MAX });
        }
        let text = || std::str::from_utf8(bytes).map_err(|_| UnreadReceipt::NotText);
        match (Dialect::of(bytes), entry) {
            (Dialect::TlogProof, Some(entry)) => Ok(Self::of(Receipt::from_tlog_proof(text()?, entry)?)),
            (Dialect::TlogProof, None) => Err(UnreadReceipt::NoEntry),
            (Dialect::Json | Dialect::Cose | Dialect::Bundle, Some(_)) => Err(UnreadReceipt::EntryTwice),
            (Dialect::Json, None) => Ok(Self::of(Receipt::from_json(text()?)?)),
            (Dialect::Bundle, None) => Ok(Self::from_json(text()?)?),
            (Dialect::Cose, None) => {
                let (receipt, issued) = Receipt::from_cose(bytes)?;
                Ok(Self { cose: vec![issued], ..Self::of(receipt) })
            }
        }
    }
}
