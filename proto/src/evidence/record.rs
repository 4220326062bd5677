//! A whole record, read strictly and written canonically.
//!
//! Read is what has the members of the format and no others, each once, within bounds; only an attestation may hold more
//! than is known here, for it is not what is signed. Whether the digests hold is for who judges: what is read keeps them as
//! they stand, beside the data they are about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;

use super::members::{DocumentError, Members, distinct, read_json};
use super::{DIGEST_ALGORITHM, Envelope, Header, ITEMS_MAX, Item, Level, PROTOCOL, SIGNATURE_BYTES_MAX};
use crate::canon::{Value, py_ascii};

/// A record, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it says of itself.
    pub header: Header,
    /// What is sealed of each item.
    pub items: Vec<Item>,
    /// The data of each item, in the same order.
    pub data: Vec<Value>,
    /// The root over the items, as it is stated.
    pub merkle_root: Digest,
    /// The digest of the record, as it is stated.
    pub bundle_hash: Digest,
    /// What it claims to be.
    pub claim: Level,
    /// Somebody's signature of it.
    pub attestation: Option<Envelope>,
}

impl Record {
    /// Most bytes that are read as a record.
    pub const BYTES_MAX: usize = 8 << 20;

    /// Reads a record.
    ///
    /// # Errors
    /// `DocumentError`, the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::from_value(read_json(bytes, Self::BYTES_MAX)?)
    }

    /// A record that was read as JSON already.
    ///
    /// # Errors
    /// As `parse`, but for the first three.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut of = Members::open(value, "record")?;
        of.protocol(PROTOCOL)?;
        let header = Header {
            record_id: of.text("record_id")?,
            tenant_id: of.text("tenant_id")?,
            created_at: of.text("created_at")?,
        };
        let read = of.each("items", ITEMS_MAX, |of| {
            let data = of.take("data").ok_or_else(|| of.fault("data", "a value"))?;
            let (id, label) = (of.text("id")?, of.maybe("label", Members::text)?);
            Ok((Item { id, label, content_hash: of.digest("content_hash")? }, data))
        })?;
        let (items, data): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        distinct("record.items", items.iter().map(|item| item.id.as_str()))?;
        let (merkle_root, bundle_hash) = (of.digest("merkle_root")?, of.digest("bundle_hash")?);
        let claim = of.text("claim_level")?;
        let claim = Level::from_name(&claim).ok_or_else(|| of.fault("claim_level", "a level of evidence"))?;
        let attestation = match of.take("attestation") {
            None | Some(Value::Null) => None,
            Some(value) => Some(Envelope::from_value(value)?),
        };
        of.close()?;
        Ok(Self { header, items, data, merkle_root, bundle_hash, claim, attestation })
    }

    /// The record as JSON; an item's label and the attestation are left out where there is none.
    pub fn to_value(&self) -> Value {
        let Self { header, items, data, merkle_root, bundle_hash, claim, attestation } = self;
        let Header { record_id, tenant_id, created_at } = header;
        let items = items.iter().zip(data).map(|(Item { id, label, content_hash }, data)| {
            let label = label.as_ref().map(|label| ("label".to_owned(), label.as_str().into()));
            let members = [
                ("id".to_owned(), id.as_str().into()),
                ("data".to_owned(), data.clone()),
                ("content_hash".to_owned(), content_hash.to_string().into()),
            ];
            Value::Object(members.into_iter().chain(label).collect())
        });
        let attestation = attestation.as_ref().map_or(Value::Null, Envelope::to_value);
        Value::object([
            ("protocol", PROTOCOL.into()),
            ("record_id", record_id.as_str().into()),
            ("tenant_id", tenant_id.as_str().into()),
            ("created_at", created_at.as_str().into()),
            ("items", Value::List(items.collect())),
            ("merkle_root", merkle_root.to_string().into()),
            ("bundle_hash", bundle_hash.to_string().into()),
            ("claim_level", claim.name().into()),
            ("attestation", attestation),
        ])
    }

    /// The record's canonical bytes.
    pub fn to_json(&self) -> Vec<u8> {
        py_ascii::encode(&self.to_value())
    }
}

impl Envelope {
    /// Reads an attestation: what is known of it, and passes over the rest.
    ///
    /// # Errors
    /// `Member`.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut of = Members::open(value, "attestation")?;
        let mut digest = of.object("digest")?;
        let mut key = of.object("key")?;
        let mut signature = of.object("signature")?;
        let mut validity = of.object("validity")?;
        if digest.maybe("algorithm", Members::text)?.is_some_and(|name| name != DIGEST_ALGORITHM) {
            return Err(digest.fault("algorithm", DIGEST_ALGORITHM));
        }
        Ok(Self {
            digest: digest.digest("value")?,
            key_id: key.text("key_id")?,
            fingerprint: key.digest("fingerprint")?,
            algorithm: signature.text("algorithm")?,
            signature: signature.base64("value", SIGNATURE_BYTES_MAX)?,
            signed_at: validity.time("signed_at")?,
        })
    }

    /// The attestation as JSON.
    pub fn to_value(&self) -> Value {
        let Self { digest, key_id, fingerprint, algorithm, signature, signed_at } = self;
        let digest =
            Value::object([("algorithm", DIGEST_ALGORITHM.into()), ("value", digest.to_string().into())]);
        let key = Value::object([
            ("key_id", key_id.as_str().into()),
            ("fingerprint", fingerprint.to_string().into()),
        ]);
        let signature = Value::object([
            ("algorithm", algorithm.as_str().into()),
            ("value", STANDARD.encode(signature).into()),
        ]);
        let validity = Value::object([("signed_at", signed_at.text().into())]);
        Value::object([("digest", digest), ("key", key), ("signature", signature), ("validity", validity)])
    }
}
