//! A trust root: `quantumlock-trust-root/1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, sha256};

use super::super::SIGNATURE_BYTES_MAX;
use super::super::members::{DocumentError, Members, distinct, read_json};
use super::PUBLIC_KEY_BYTES_MAX;
use crate::canon::{Value, py_ascii};
use crate::iso::Stamp;

const SIGNATURES: &str = "signatures";

/// A version of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    /// What is signed.
    pub terms: RootTerms,
    /// By keys of this version, and of the one before.
    pub signatures: Vec<RootSignature>,
    /// It as it was read: what is hashed is that, and not what is written anew.
    document: Value,
}

/// What a version of the root says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootTerms {
    /// From 1 on, without gaps.
    pub version: u64,
    /// Whose it is.
    pub issuer: String,
    /// From when on it is good.
    pub issued_at: Stamp,
    /// When it is too old to be believed without a look for a newer one.
    pub expires_at: Stamp,
    /// The pin of the version before; none: it is the first.
    pub previous_root_hash: Option<Digest>,
    /// Who may sign the next version.
    pub root_keys: Vec<RootKey>,
    /// How many of them it takes.
    pub threshold: u64,
    /// Keys that work.
    pub operational_keys: Vec<OperationalKey>,
    /// How old a trust bundle may be, in seconds.
    pub revocation_freshness_policy_seconds: u64,
}

/// A key that signs roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// Its name.
    pub key_id: String,
    /// Its algorithm, as it is named.
    pub algorithm: String,
    /// Its bytes.
    pub public_key: Vec<u8>,
}

/// A key that works, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationalKey {
    /// Its name.
    pub key_id: String,
    /// Its algorithm, as it is named.
    pub algorithm: String,
    /// Its bytes.
    pub public_key: Vec<u8>,
    /// What it may do.
    pub roles: Vec<String>,
    /// From when on it is good.
    pub valid_from: Option<Stamp>,
    /// From when on it is not.
    pub valid_until: Option<Stamp>,
}

impl OperationalKey {
    /// Whether it has this role.
    pub fn may(&self, role: &str) -> bool {
        self.roles.iter().any(|it| it == role)
    }
}

/// A signature under a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSignature {
    /// The key's name.
    pub key_id: String,
    /// The signature of [`TrustRoot::signed`].
    pub value: Vec<u8>,
}

impl TrustRoot {
    /// The protocol of roots.
    pub const PROTOCOL: &str = "quantumlock-trust-root/1";
    /// Most bytes that are read as a root.
    pub const BYTES_MAX: usize = 1 << 20;
    /// Most keys of each kind, and signatures.
    pub const KEYS_MAX: usize = 256;
    /// Most roles of a key.
    const ROLES_MAX: usize = 16;

    /// Reads a root. A member that the format does not have is refused.
    ///
    /// # Errors
    /// `DocumentError`, the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::from_value(read_json(bytes, Self::BYTES_MAX)?)
    }

    /// A root that was read as JSON already.
    ///
    /// # Errors
    /// As `parse`.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let document = value.clone();
        let mut of = Members::open(value, "trust_root")?;
        of.protocol(Self::PROTOCOL)?;
        let terms = RootTerms {
            version: of.number("version")?,
            issuer: of.text("issuer")?,
            issued_at: of.time("issued_at")?,
            expires_at: of.time("expires_at")?,
            previous_root_hash: of.maybe("previous_root_hash", Members::tagged)?,
            root_keys: of.each("root_keys", Self::KEYS_MAX, RootKey::read)?,
            threshold: of.number("threshold")?,
            operational_keys: of.each("operational_keys", Self::KEYS_MAX, OperationalKey::read)?,
            revocation_freshness_policy_seconds: of.number("revocation_freshness_policy_seconds")?,
        };
        let signatures = of.each("signatures", Self::KEYS_MAX, RootSignature::read)?;
        of.close()?;
        distinct("trust_root.root_keys", terms.root_keys.iter().map(|key| key.key_id.as_str()))?;
        let operational = terms.operational_keys.iter().map(|key| key.key_id.as_str());
        distinct("trust_root.operational_keys", operational)?;
        Ok(Self { terms, signatures, document })
    }

    /// A root of these terms, which nobody signed yet.
    pub fn draft(terms: RootTerms) -> Self {
        let mut document = terms.to_value();
        if let Value::Object(members) = &mut document {
            members.insert(SIGNATURES.to_owned(), Value::List(Vec::new()));
        }
        Self { terms, signatures: Vec::new(), document }
    }

    /// The same root with one more signature of [`Self::signed`].
    pub fn with(mut self, signature: RootSignature) -> Self {
        self.signatures.push(signature);
        let signatures = self.signatures.iter().map(|RootSignature { key_id, value }| {
            Value::object([("key_id", key_id.as_str().into()), ("value", STANDARD.encode(value).into())])
        });
        let signatures = Value::List(signatures.collect());
        if let Value::Object(members) = &mut self.document {
            members.insert(SIGNATURES.to_owned(), signatures);
        }
        self
    }

    /// The bytes whose SHA-256 is signed: all of it but the signatures.
    pub fn signed(&self) -> Vec<u8> {
        let mut document = self.document.clone();
        if let Value::Object(members) = &mut document {
            members.remove(SIGNATURES);
        }
        py_ascii::encode(&document)
    }

    /// What names this root for ever, and what one pins: the digest of all but the signatures.
    pub fn pin(&self) -> Digest {
        sha256(&self.signed())
    }

    /// The root as JSON.
    pub const fn to_value(&self) -> &Value {
        &self.document
    }

    /// The root as canonical bytes.
    pub fn to_json(&self) -> Vec<u8> {
        py_ascii::encode(&self.document)
    }
}

impl RootTerms {
    fn to_value(&self) -> Value {
        let Self {
            version,
            issuer,
            issued_at,
            expires_at,
            previous_root_hash,
            root_keys,
            threshold,
            operational_keys,
            revocation_freshness_policy_seconds,
        } = self;
        object(vec![
            ("protocol", TrustRoot::PROTOCOL.into()),
            ("version", (*version).into()),
            ("issuer", issuer.as_str().into()),
            ("issued_at", issued_at.text().into()),
            ("expires_at", expires_at.text().into()),
            ("previous_root_hash", previous_root_hash.map(|hash| format!("sha256:{hash}")).into()),
            ("root_keys", Value::List(root_keys.iter().map(RootKey::to_value).collect())),
            ("threshold", (*threshold).into()),
            (
                "operational_keys",
                Value::List(operational_keys.iter().map(OperationalKey::to_value).collect()),
            ),
            ("revocation_freshness_policy_seconds", (*revocation_freshness_policy_seconds).into()),
        ])
    }
}

pub(super) fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl RootKey {
    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        Ok(Self {
            key_id: of.text("key_id")?,
            algorithm: of.text("algorithm")?,
            public_key: of.base64("public_key", PUBLIC_KEY_BYTES_MAX)?,
        })
    }

    fn to_value(&self) -> Value {
        let Self { key_id, algorithm, public_key } = self;
        Value::object([
            ("key_id", key_id.as_str().into()),
            ("algorithm", algorithm.as_str().into()),
            ("public_key", STANDARD.encode(public_key).into()),
        ])
    }
}

impl OperationalKey {
    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        let roles = of.list("roles", TrustRoot::ROLES_MAX)?;
        let role = |value: Value| value.as_text().map(str::to_owned);
        let roles: Option<Vec<_>> = roles.into_iter().map(role).collect();
        Ok(Self {
            key_id: of.text("key_id")?,
            algorithm: of.text("algorithm")?,
            public_key: of.base64("public_key", PUBLIC_KEY_BYTES_MAX)?,
            roles: roles.ok_or_else(|| of.fault("roles", "texts"))?,
            valid_from: of.maybe("valid_from", Members::time)?,
            valid_until: of.maybe("valid_until", Members::time)?,
        })
    }

    fn to_value(&self) -> Value {
        let Self { key_id, algorithm, public_key, roles, valid_from, valid_until } = self;
        let mut members = vec![
            ("key_id", key_id.as_str().into()),
            ("algorithm", algorithm.as_str().into()),
            ("public_key", STANDARD.encode(public_key).into()),
            ("roles", Value::List(roles.iter().map(|role| role.as_str().into()).collect())),
        ];
        members.extend(valid_from.as_ref().map(|time| ("valid_from", time.text().into())));
        members.extend(valid_until.as_ref().map(|time| ("valid_until", time.text().into())));
        object(members)
    }
}

impl RootSignature {
    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        Ok(Self { key_id: of.text("key_id")?, value: of.base64("value", SIGNATURE_BYTES_MAX)? })
    }
}
