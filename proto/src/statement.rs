//! Statements: foreign bytes with a foreign signature, taken as they are.
//!
//! A statement is signed the way its author's world signs: COSE_Sign1, JWS, DSSE, an HTTP message signature. Its bytes are
//! stored, hashed and ordered as they came; what the ledger knows of it is derived from these bytes alone, by every node
//! alike. A key's type decides what its signature is checked as; what a header calls the algorithm has only to agree.
//! Why so: `adr/001-statements-keep-their-bytes.md`. One envelope a file; `json`, `cbor` and `text` read what they are
//! written in, `keys` and `claims` what they have in common.

mod cbor;
mod claims;
pub mod cose;
mod dsse;
mod error;
mod http;
mod json;
mod jws;
mod keys;
mod text;

use crypto::{Digest, PublicKey, Scheme, Signature, SignatureError, sha256};

pub use error::StatementError;

use crate::counter::TimeMs;
use crate::id::Did;
use crate::submission::Submission;
use crate::verified::SignatureChecker;

/// How a statement is written and signed. The number stands in canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// COSE_Sign1 behind tag 18 (RFC 9052), a signed statement of RFC 9943. It is its own leaf of the log.
    Cose = 1,
    /// JWS in compact form (RFC 7515 §7.1), one signature.
    Jws = 2,
    /// JWS in general JSON form (RFC 7515 §7.2.1) with two signatures, Ed25519 and ML-DSA-65, both of which must hold.
    JwsJson = 3,
    /// DSSE v1, with one signature or two as above; in-toto statements travel so.
    Dsse = 4,
    /// An HTTP message signature (RFC 9421) in a JSON object that holds signature base, input, signature and body.
    Http = 5,
}

impl Format {
    /// Every format, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Cose, Self::Jws, Self::JwsJson, Self::Dsse, Self::Http];

    /// The number in canonical bytes.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The format with this number.
    pub fn parse(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// The name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cose => "cose",
            Self::Jws => "jws",
            Self::JwsJson => "jws-json",
            Self::Dsse => "dsse",
            Self::Http => "http-signature",
        }
    }

    /// The format with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The media type a statement of this format is sent as.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Cose => "application/cose",
            Self::Jws => "application/jose",
            Self::JwsJson => "application/jose+json",
            Self::Dsse => "application/vnd.dsse.envelope.v1+json",
            Self::Http => "application/vnd.quorate.http-signature.v1+json",
        }
    }

    /// The format that is sent as this media type, which is compared without its parameters.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        // RFC 9943 §11 has a name of its own for signed statements.
        if essence.eq_ignore_ascii_case("application/scitt-statement+cose") {
            return Some(Self::Cose);
        }
        Self::ALL.into_iter().find(|format| essence.eq_ignore_ascii_case(format.media_type()))
    }

    /// The format these bytes can only be of, by how they begin.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace())? {
            &cose::TAG => Some(Self::Cose),
            b'{' if has(b"\"payloadType\"") => Some(Self::Dsse),
            b'{' if has(b"\"base\"") => Some(Self::Http),
            b'{' => Some(Self::JwsJson),
            b'e' => Some(Self::Jws),
            _ => None,
        }
    }
}

/// What a statement says of itself, covered by its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How it is written.
    pub format: Format,
    /// Whom it names as its issuer; empty when it names none. Its author is who holds the key.
    pub issuer: String,
    /// What it is about; empty when it does not say.
    pub subject: String,
    /// What its payload is; empty when it does not say.
    pub media_type: String,
    /// SHA-256 of the payload.
    pub payload: Digest,
    /// Length of the payload, in bytes.
    pub payload_bytes: u64,
    /// SHA-256 of the one artifact it names instead of carrying it, if it names one.
    pub artifact: Option<Digest>,
}

impl Facts {
    /// The SHA-256 of what it is about: the artifact it names, else its own payload.
    pub const fn content(&self) -> &Digest {
        match &self.artifact {
            Some(artifact) => artifact,
            None => &self.payload,
        }
    }
}

/// One signature of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub key: PublicKey,
    pub message: Vec<u8>,
    pub signature: Signature,
}

/// The signatures of a statement: there are one or two, and all of them must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signatures {
    One(Box<Signed>),
    /// Ed25519, then ML-DSA-65.
    Both(Box<[Signed; 2]>),
}

impl Signatures {
    /// Takes what an envelope holds.
    ///
    /// # Errors
    /// `Signatures` unless there is one, or one of Ed25519 and one of ML-DSA-65.
    fn of(all: Vec<Signed>) -> Result<Self, StatementError> {
        let found = all.len();
        match <[Signed; 1]>::try_from(all) {
            Ok([one]) => Ok(Self::One(Box::new(one))),
            Err(all) => match <[Signed; 2]>::try_from(all) {
                Ok(pair) => Self::both(pair),
                Err(_) => Err(StatementError::Signatures { found }),
            },
        }
    }

    fn both(pair: [Signed; 2]) -> Result<Self, StatementError> {
        let [one, two] = pair;
        match (one.key.scheme(), two.key.scheme()) {
            (Scheme::Ed25519, Scheme::MlDsa65) => Ok(Self::Both(Box::new([one, two]))),
            (Scheme::MlDsa65, Scheme::Ed25519) => Ok(Self::Both(Box::new([two, one]))),
            (first, second) => Err(StatementError::Pair { first, second }),
        }
    }

    /// The key that speaks: of two, the hybrid key made of both. So who holds one of them speaks as somebody else.
    fn author_key(&self) -> Result<PublicKey, StatementError> {
        match self {
            Self::One(one) => Ok(one.key.clone()),
            Self::Both(pair) => {
                let both = [pair[0].key.as_bytes(), pair[1].key.as_bytes()].concat();
                Ok(PublicKey::parse(Scheme::HybridEd25519MlDsa65, &both)?)
            }
        }
    }

    /// Checks every one of them.
    ///
    /// # Errors
    /// The first that does not hold.
    pub(crate) fn check(&self, checker: &dyn SignatureChecker) -> Result<(), SignatureError> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(&**one),
            Self::Both(pair) if crypto::broken!(SecondSignatureIgnored) => &pair[..1],
            Self::Both(pair) => &pair[..],
        };
        all.iter().try_for_each(|it| checker.check(&it.key, &it.message, &it.signature))
    }
}

/// All that is derived from a statement's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub author: Did,
    pub key: PublicKey,
    pub expires_at: Option<TimeMs>,
    pub facts: Facts,
    pub signatures: Signatures,
}

/// What one envelope's file finds; `finish` makes a reading of it, the same way for all.
struct Found {
    signed: Vec<Signed>,
    /// Who it says speaks, in words that the signatures cover.
    speaker: Option<String>,
    issuer: String,
    subject: String,
    media_type: String,
    expires_at: Option<TimeMs>,
    artifact: Option<Digest>,
}

impl Found {
    fn finish(self, format: Format, payload: &[u8]) -> Result<Reading, StatementError> {
        let Self { signed, speaker, issuer, subject, media_type, expires_at, artifact } = self;
        let signatures = Signatures::of(signed)?;
        let key = signatures.author_key()?;
        let author = keys::author(speaker.as_deref(), &key)?;
        let issuer = text::fact(issuer, "issuer")?;
        let subject = text::fact(subject, "subject")?;
        let media_type = text::fact(media_type, "media type")?;
        let facts = Facts {
            format,
            issuer,
            subject,
            media_type,
            payload: sha256(payload),
            payload_bytes: payload.len() as u64,
            artifact,
        };
        Ok(Reading { author, key, expires_at, facts, signatures })
    }
}

/// Reads a statement's bytes with the keys that were given beside it, one for each signature that does not say its own.
pub(crate) fn read(format: Format, bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    if bytes.len() > Submission::BYTES_MAX {
        return Err(StatementError::TooLarge { found: bytes.len(), max: Submission::BYTES_MAX });
    }
    match format {
        Format::Cose => cose::read(bytes, beside),
        Format::Jws => jws::compact(bytes, beside),
        Format::JwsJson => jws::general(bytes, beside),
        Format::Dsse => dsse::read(bytes, beside),
        Format::Http => http::read(bytes, beside),
    }
}

#[cfg(test)]
mod tests;
