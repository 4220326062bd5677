//! Evidence of what a machine did, as QCOS seals it: `qcos-evidence/1`.
//!
//! Items of data have digests, the digests a Merkle root, and a record of these a bundle hash, which somebody signs. Here
//! are its words and what is hashed; `level` is the ladder, `record` reads and writes a whole record. The root is RFC 9162's
//! over the items' digests, made with `ledger/merkle`. What a bundle hash does not cover: an item's label,
//! the claim, and when it was signed. Who keeps the record on a ledger has these from there.
//! Source: the published record format of QCOS evidence, protocol 1; `ledger/verify/EVIDENCE.md` for what is judged.

use std::fmt;

use crypto::{Digest, Outside, sha256};

use crate::canon::{Value, py_ascii};
use crate::iso::Stamp;

mod level;
mod members;
mod record;
pub mod trust;

pub use level::{EXECUTION, Level, Shown, binds_provider};
pub use members::DocumentError;
pub use record::Record;

/// The protocol of records.
pub const PROTOCOL: &str = "qcos-evidence/1";
/// What is said of the tree over the items.
pub const MERKLE: &str = "qcos-merkle-rfc9162-sha256";
/// The digest that is signed, as envelopes and bundles name it.
const DIGEST_ALGORITHM: &str = "SHA-256";
/// Most items of a record.
pub const ITEMS_MAX: usize = 1_024;
/// Longest name, label, identifier or time in a record, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;
/// Longest signature, in bytes: more than that of any algorithm.
pub const SIGNATURE_BYTES_MAX: usize = 8_192;

/// What a record says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub record_id: String,
    /// Whose it is.
    pub tenant_id: String,
    /// When it was made, in the words that are hashed.
    pub created_at: String,
}

/// What is sealed of one item: not its data, but their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, different from that of all others of the record.
    pub id: String,
    /// What it is for readers; not hashed.
    pub label: Option<String>,
    /// SHA-256 of the canonical bytes of its data.
    pub content_hash: Digest,
}

/// The digest of an item's data.
pub fn content_hash(data: &Value) -> Digest {
    sha256(&py_ascii::encode(data))
}

/// The digest of a record, which its signature is about.
pub fn bundle_hash(header: &Header, items: &[Item], merkle_root: &Digest) -> Digest {
    let Header { record_id, tenant_id, created_at } = header;
    let items = items.iter().map(|Item { id, label: _, content_hash }| {
        Value::object([("id", id.as_str().into()), ("content_hash", content_hash.to_string().into())])
    });
    content_hash(&Value::object([
        ("protocol", PROTOCOL.into()),
        ("record_id", record_id.as_str().into()),
        ("tenant_id", tenant_id.as_str().into()),
        ("created_at", created_at.as_str().into()),
        ("items", Value::List(items.collect())),
        ("merkle_root", merkle_root.to_string().into()),
    ]))
}

/// The text whose SHA-256 is signed: the bundle hash as 64 lower-case hexadecimal digits. What takes the text itself is
/// `crypto::Outside::verify`; what takes a message signs [`message`].
pub fn signed(bundle_hash: &Digest) -> String {
    bundle_hash.to_string()
}

/// What an ML-DSA or Ed25519 key signs: 32 bytes.
pub fn message(bundle_hash: &Digest) -> Digest {
    sha256(signed(bundle_hash).as_bytes())
}

/// The fingerprint by which an envelope names a key: SHA-256 of its bytes as they are published.
pub fn fingerprint(public_key: &[u8]) -> Digest {
    sha256(public_key)
}

/// Somebody's signature of a bundle hash, and by which key.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The digest it says it is about: it may be that of another record.
    pub digest: Digest,
    /// The key's name, in the list of who signs.
    pub key_id: String,
    /// The key's fingerprint ([`fingerprint`]).
    pub fingerprint: Digest,
    /// The algorithm as it is named; it may be one that is not known here.
    pub algorithm: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// When it was made, as it says itself.
    pub signed_at: Stamp,
}

impl Envelope {
    /// The algorithm, if it is one that is known here.
    pub fn known(&self) -> Option<Outside> {
        Outside::from_name(&self.algorithm)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, key_id, fingerprint: _, algorithm, signature: _, signed_at } = self;
        write!(f, "{algorithm} by {key_id} at {} over {digest}", signed_at.text())
    }
}
