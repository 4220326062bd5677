//! A trust bundle: the keys that sign evidence, what became of them, and the roots that vouch for who lists them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;

use super::super::members::{DocumentError, Members, distinct, read_json};
use super::super::{DIGEST_ALGORITHM, SIGNATURE_BYTES_MAX};
use super::root::object;
use super::{PUBLIC_KEY_BYTES_MAX, RevocationCheckpoint, TrustRoot};
use crate::canon::{Value, py_ascii};
use crate::iso::Stamp;

/// A bundle, and the bytes of it that are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustBundle {
    /// When it was made.
    pub issued_at: Stamp,
    /// The keys, past and present.
    pub keys: Vec<ListedKey>,
    /// The version of the root it is made under.
    pub root_version: u64,
    /// The pin of that root.
    pub root_hash: Digest,
    /// Roots up to that one, each the next of the one before it.
    pub chain: Vec<TrustRoot>,
    /// What was revoked; none: it does not say.
    pub checkpoint: Option<RevocationCheckpoint>,
    /// By a key that the root lets sign bundles.
    pub signature: BundleSignature,
    /// What is signed: everything in it but the signature and what was given to it later. Members that are not known here
    /// are part of it.
    pub signed: Vec<u8>,
}

/// A key that signs evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// Its name.
    pub key_id: String,
    /// What else it is called.
    pub key_ref: Option<String>,
    /// Its algorithm, as it is named.
    pub algorithm: String,
    /// Its bytes.
    pub public_key: Vec<u8>,
    /// From when on it is good.
    pub valid_from: Option<Stamp>,
    /// From when on it is not.
    pub valid_until: Option<Stamp>,
    /// From when on its signatures are worth nothing.
    pub revoked_at: Option<Stamp>,
    /// Why.
    pub revocation_reason: Option<String>,
}

/// The signature of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleSignature {
    /// The key's name in the root.
    pub key_id: String,
    /// Its algorithm, as it is named.
    pub algorithm: String,
    /// The signature of [`TrustBundle::signed`].
    pub value: Vec<u8>,
}

/// Members that are not signed: the signature, and what others noted of it.
const NOT_SIGNED: [&str; 3] = ["signature", "signature_id", "audit_id"];

impl TrustBundle {
    /// Most bytes that are read as a bundle.
    pub const BYTES_MAX: usize = 32 << 20;
    /// Most keys.
    pub const KEYS_MAX: usize = 16_384;
    /// Most roots.
    pub const ROOTS_MAX: usize = 64;

    /// Reads a bundle. Members that are not known here are passed over: they are signed, and say nothing here.
    ///
    /// # Errors
    /// `DocumentError`, the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::from_value(read_json(bytes, Self::BYTES_MAX)?)
    }

    /// A bundle that was read as JSON already.
    ///
    /// # Errors
    /// As `parse`.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let signed = signed(&value);
        let mut of = Members::open(value, "trust_bundle")?;
        let issued_at = of.time("issued_at")?;
        let keys = of.each("keys", Self::KEYS_MAX, ListedKey::read)?;
        distinct("trust_bundle.keys", keys.iter().map(|key| key.key_id.as_str()))?;
        let mut root = of.object("trust_root")?;
        let (root_version, root_hash) = (root.number("version")?, root.tagged("root_hash")?);
        let chain = match of.is("trust_root_chain") {
            true => of.list("trust_root_chain", Self::ROOTS_MAX)?,
            false => Vec::new(),
        };
        let chain = chain.into_iter().map(TrustRoot::from_value).collect::<Result<_, _>>()?;
        let checkpoint = match of.is("revocation_checkpoint") {
            true => Some(RevocationCheckpoint::read(of.object("revocation_checkpoint")?)?),
            false => None,
        };
        let mut by = of.object("signature")?;
        if by.text("digest_algorithm")? != DIGEST_ALGORITHM {
            return Err(by.fault("digest_algorithm", DIGEST_ALGORITHM));
        }
        let signature = BundleSignature {
            key_id: by.text("key_id")?,
            algorithm: by.text("algorithm")?,
            value: by.base64("value", SIGNATURE_BYTES_MAX)?,
        };
        Ok(Self { issued_at, keys, root_version, root_hash, chain, checkpoint, signature, signed })
    }

    /// The bytes to sign for a bundle of these parts: what [`Self::seal`] puts a signature under.
    pub fn draft(
        issued_at: &Stamp,
        keys: &[ListedKey],
        chain: &[TrustRoot],
        checkpoint: &RevocationCheckpoint,
    ) -> Value {
        let root = chain.last().map(|root| {
            Value::object([
                ("version", root.terms.version.into()),
                ("root_hash", format!("sha256:{}", root.pin()).into()),
            ])
        });
        object(vec![
            ("issued_at", issued_at.text().into()),
            ("keys", Value::List(keys.iter().map(ListedKey::to_value).collect())),
            ("trust_root", root.into()),
            ("trust_root_chain", Value::List(chain.iter().map(|root| root.to_value().clone()).collect())),
            ("revocation_checkpoint", checkpoint.to_value()),
        ])
    }

    /// The bytes of a draft whose SHA-256 is signed.
    pub fn to_sign(draft: &Value) -> Vec<u8> {
        signed(draft)
    }

    /// A draft with its signature: the bundle as JSON.
    pub fn seal(draft: Value, signature: &BundleSignature) -> Value {
        let BundleSignature { key_id, algorithm, value } = signature;
        let signature = Value::object([
            ("key_id", key_id.as_str().into()),
            ("algorithm", algorithm.as_str().into()),
            ("digest_algorithm", DIGEST_ALGORITHM.into()),
            ("value", STANDARD.encode(value).into()),
        ]);
        match draft {
            Value::Object(mut members) => {
                members.insert("signature".to_owned(), signature);
                Value::Object(members)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => draft,
        }
    }
}

/// Canonical bytes without what is not signed and without members that are null, at every depth.
fn signed(bundle: &Value) -> Vec<u8> {
    let Value::Object(members) = without_nulls(bundle) else { return Vec::new() };
    let members = members.into_iter().filter(|(name, _)| !NOT_SIGNED.contains(&name.as_str()));
    py_ascii::encode(&Value::Object(members.collect()))
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| **value != Value::Null);
            Value::Object(members.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::List(items) => Value::List(items.iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => value.clone(),
    }
}

impl ListedKey {
    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        let key = Self {
            key_id: of.text("key_id")?,
            key_ref: of.maybe("key_ref", Members::text)?,
            algorithm: of.text("algorithm")?,
            public_key: of.base64("public_key", PUBLIC_KEY_BYTES_MAX)?,
            valid_from: of.maybe("valid_from", Members::time)?,
            valid_until: of.maybe("valid_until", Members::time)?,
            revoked_at: of.maybe("revoked_at", Members::time)?,
            revocation_reason: of.maybe("revocation_reason", Members::text)?,
        };
        of.leave();
        Ok(key)
    }

    fn to_value(&self) -> Value {
        let Self {
            key_id,
            key_ref,
            algorithm,
            public_key,
            valid_from,
            valid_until,
            revoked_at,
            revocation_reason,
        } = self;
        let mut members = vec![
            ("key_id", key_id.as_str().into()),
            ("algorithm", algorithm.as_str().into()),
            ("public_key", STANDARD.encode(public_key).into()),
        ];
        let texts = [
            ("key_ref", key_ref.as_deref()),
            ("valid_from", valid_from.as_ref().map(Stamp::text)),
            ("valid_until", valid_until.as_ref().map(Stamp::text)),
            ("revoked_at", revoked_at.as_ref().map(Stamp::text)),
            ("revocation_reason", revocation_reason.as_deref()),
        ];
        members.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?.into()))));
        object(members)
    }
}
