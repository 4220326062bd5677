//! COSE_Sign1: signed statements of SCITT, each of which is its own leaf of the log.
//!
//! A leaf is the statement with an empty unprotected header, so a verifier that knows RFC 9943 computes the same leaf
//! from the statement it has: `strip` before it is ordered. What is not signed is not kept.
//! Sources: RFC 9052 §4, RFC 9597 (claims in label 15), RFC 9943 §5, RFC 8747 §3.1 (`cnf`); labels 258 and 259 of the
//! COSE hash envelope.

use crypto::{PublicKey, Scheme, Signature};

use super::cbor::{self, Value};
use super::claims::Claims;
use super::error::StatementError;
use super::keys::{Beside, Hint, cose_scheme, did_of_kid, from_cose_key, shown_by};
use super::{Format, Found, Reading, Signed};
use crate::cbor::Writer;
use crate::submission::Submission;

/// The first byte of every statement: tag 18. No canonical protobuf message of ours begins with it.
pub const TAG: u8 = 0xd2;

/// Largest statement that is stripped, in bytes: receipts may hang on it.
pub const RECEIVED_BYTES_MAX: usize = 256 << 10;

const ALG: i128 = 1;
const CRIT: i128 = 2;
const CONTENT_TYPE: i128 = 3;
const KID: i128 = 4;
const CLAIMS: i128 = 15;
const PAYLOAD_HASH_ALG: i128 = 258;
/// The unprotected header that holds receipts (RFC 9942 §4.4).
const RECEIPTS: i64 = 394;
const PREIMAGE_TYPE: i128 = 259;
const SHA_256: i128 = -16;
const CNF: i128 = 8;

/// What may be critical: what is read.
const UNDERSTOOD: [i128; 7] = [ALG, CRIT, CONTENT_TYPE, KID, CLAIMS, PAYLOAD_HASH_ALG, PREIMAGE_TYPE];

const WHAT: &str = "the COSE statement";

/// The signed parts of a COSE_Sign1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sign1<'a> {
    protected: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
}

/// The statement as it is ordered: with an empty unprotected header (RFC 9943 §5.1.1.1).
///
/// # Errors
/// `StatementError` when it is larger than [`RECEIVED_BYTES_MAX`] or no COSE_Sign1 behind tag 18.
pub fn strip(received: &[u8]) -> Result<Vec<u8>, StatementError> {
    if received.len() > RECEIVED_BYTES_MAX {
        return Err(StatementError::TooLarge { found: received.len(), max: RECEIVED_BYTES_MAX });
    }
    Ok(Sign1::read(received)?.write())
}

/// The statement with a receipt in its unprotected header: a transparent statement (RFC 9943 §7), of which [`strip`] gives
/// back what was ordered.
///
/// # Errors
/// As [`strip`].
pub fn transparent(statement: &[u8], receipt: &[u8]) -> Result<Vec<u8>, StatementError> {
    if statement.len() > RECEIVED_BYTES_MAX {
        return Err(StatementError::TooLarge { found: statement.len(), max: RECEIVED_BYTES_MAX });
    }
    let Sign1 { protected, payload, signature } = Sign1::read(statement)?;
    let mut out = Writer::new();
    out.tag(18).array(4).bytes(protected).map(1).int(RECEIPTS).array(1).bytes(receipt);
    out.bytes(payload).bytes(signature);
    Ok(out.finish())
}

/// Reads a stripped statement.
pub(super) fn read(bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    let sign1 = Sign1::read(bytes)?;
    if sign1.write() != bytes {
        return Err(StatementError::form(
            WHAT,
            "has an unprotected header, which is stripped before it is ordered",
        ));
    }
    let header = cbor::whole(sign1.protected)
        .map_err(|fault| StatementError::unreadable("the protected header", fault))?;
    expect_understood(&header)?;
    let alg =
        header.at(ALG).ok_or_else(|| StatementError::form("the protected header", "names no algorithm"))?;
    let scheme = cose_scheme(alg)?;
    let stated = header.at(CLAIMS).unwrap_or(&Value::Null);
    let Claims { issuer, subject, expires_at } = Claims::cbor(stated)?;
    let (Some(issuer), Some(subject)) = (issuer, subject) else {
        let fault = "lacks the claims iss and sub in label 15, which RFC 9943 demands";
        return Err(StatementError::form("the protected header", fault));
    };
    let inside = match stated.at(CNF).and_then(|cnf| cnf.at(1)) {
        Some(key) => Some(from_cose_key(key)?),
        None => kid(&header).and_then(did_of_kid).and_then(shown_by),
    };
    let mut beside = Beside::new(beside)?;
    let hint = Hint {
        position: 1,
        alg: format!("algorithm {}", alg.int().unwrap_or_default()),
        scheme,
        inside,
        issuer: shown_by(&issuer),
        hint: "put it into the claim cnf (8) of the protected header, or use a did:key as iss or kid",
    };
    let key = hint.key(&mut beside)?;
    beside.end()?;
    let signed = vec![sign1.signed(key)?];
    let artifact = artifact(&header, sign1.payload)?;
    let media_type = header.at(PREIMAGE_TYPE).or(header.at(CONTENT_TYPE));
    let media_type = media_type.and_then(Value::text).unwrap_or_default().to_owned();
    let speaker = Some(issuer.clone());
    let found = Found { signed, speaker, issuer, subject, media_type, expires_at, artifact };
    found.finish(Format::Cose, sign1.payload)
}

/// The text of the key's name, if it is one.
fn kid<'a>(header: &Value<'a>) -> Option<&'a str> {
    std::str::from_utf8(header.at(KID)?.bytes()?).ok()
}

/// RFC 9052 §3.1: a list of labels that is not empty, each in the protected header, each understood.
fn expect_understood(header: &Value<'_>) -> Result<(), StatementError> {
    if !matches!(header, Value::Map(_)) {
        return Err(StatementError::form("the protected header", "is no map"));
    }
    let Some(critical) = header.at(CRIT) else { return Ok(()) };
    let labels = critical.list().filter(|labels| !labels.is_empty());
    let Some(labels) = labels else {
        return Err(StatementError::form("crit", "is no list of labels"));
    };
    let unknown = labels.iter().find(|label| {
        label.int().is_none_or(|label| !UNDERSTOOD.contains(&label) || header.at(label).is_none())
    });
    match unknown {
        None => Ok(()),
        Some(label) => {
            let named = label.int().map(|label| format!("label {label}"));
            let found = named.or(label.text().map(super::text::shorten)).unwrap_or("no label".to_owned());
            Err(StatementError::Critical { found })
        }
    }
}

/// The digest that a hash envelope has as payload.
fn artifact(header: &Value<'_>, payload: &[u8]) -> Result<Option<crypto::Digest>, StatementError> {
    match header.at(PAYLOAD_HASH_ALG).map(Value::int) {
        Some(Some(SHA_256)) => {
            let digest = crypto::Digest::from_slice(payload);
            digest.map(Some).map_err(|fault| StatementError::form("the hash envelope:", fault))
        }
        // A hash of another kind is a payload like any other.
        Some(_) | None => Ok(None),
    }
}

impl<'a> Sign1<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, StatementError> {
        let value = cbor::whole(bytes).map_err(|fault| StatementError::unreadable(WHAT, fault))?;
        let Value::Tag(18, inner) = &value else {
            return Err(StatementError::form(WHAT, "does not begin with tag 18"));
        };
        let Some([protected, unprotected, payload, signature]) = inner.list() else {
            return Err(StatementError::form(WHAT, "is not a list of four"));
        };
        let Value::Map(_) = unprotected else {
            return Err(StatementError::form("the unprotected header", "is no map"));
        };
        let part = |value: &Value<'a>, what| {
            value.bytes().ok_or_else(|| StatementError::form(what, "is no byte string"))
        };
        if *payload == Value::Null {
            return Err(StatementError::Detached);
        }
        Ok(Self {
            protected: part(protected, "the protected header")?,
            payload: part(payload, "the payload")?,
            signature: part(signature, "the signature")?,
        })
    }

    /// The statement with an empty unprotected header.
    fn write(self) -> Vec<u8> {
        let mut out = Writer::new();
        out.tag(18).array(4).bytes(self.protected).map(0).bytes(self.payload).bytes(self.signature);
        out.finish()
    }

    fn signed(self, key: PublicKey) -> Result<Signed, StatementError> {
        let signature = Signature::parse(key.scheme(), self.signature)?;
        Ok(Signed { key, message: to_be_signed(self.protected, self.payload), signature })
    }
}

/// The Sig_structure, RFC 9052 §4.4, without external data.
fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(4).text("Signature1").bytes(protected).bytes(b"").bytes(payload);
    out.finish()
}

/// What the signature of a statement is over.
#[cfg(test)]
pub(super) fn message_of(bytes: &[u8]) -> Result<Vec<u8>, StatementError> {
    let Sign1 { protected, payload, signature: _ } = Sign1::read(bytes)?;
    Ok(to_be_signed(protected, payload))
}

/// A statement to be signed: claims and payload in the form that is taken here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    protected: Vec<u8>,
    payload: Vec<u8>,
    scheme: Scheme,
}

impl Draft {
    /// A statement about `subject` by the holder of `key`, which is put into the protected header where the issuer's DID
    /// does not show it.
    ///
    /// # Errors
    /// `Algorithm` for a key whose signatures COSE has no number for.
    pub fn new(
        key: &PublicKey,
        issuer: &str,
        subject: &str,
        media_type: &str,
        payload: Vec<u8>,
    ) -> Result<Self, StatementError> {
        let scheme = key.scheme();
        let alg = match scheme {
            Scheme::Ed25519 => -8,
            Scheme::MlDsa65 => -49,
            Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256 => {
                let known = "ed25519, ml-dsa-65";
                return Err(StatementError::Algorithm { found: scheme.to_string(), known });
            }
        };
        let shows = shown_by(issuer).as_ref() == Some(key);
        let mut out = Writer::new();
        out.map(3).int(1).int(alg).int(3).text(media_type).int(15);
        out.map(if shows { 2 } else { 3 }).int(1).text(issuer).int(2).text(subject);
        if !shows {
            out.int(8).map(1).int(1);
            cose_key(key, &mut out);
        }
        Ok(Self { protected: out.finish(), payload, scheme })
    }

    /// What is to be signed.
    pub fn message(&self) -> Vec<u8> {
        to_be_signed(&self.protected, &self.payload)
    }

    /// The statement with its signature, which is not checked here.
    ///
    /// # Errors
    /// `Signature` when it is of another scheme than the key.
    pub fn seal(&self, signature: &Signature) -> Result<Vec<u8>, StatementError> {
        let signature = Signature::parse(self.scheme, signature.as_bytes())?;
        let Self { protected, payload, scheme: _ } = self;
        Ok(Sign1 { protected, payload, signature: signature.as_bytes() }.write())
    }
}

/// Writes a key of one of the two types, its labels in the order of RFC 8949 §4.2.1.
fn cose_key(key: &PublicKey, out: &mut Writer) {
    out.map(3).int(1);
    match key.scheme() {
        Scheme::Ed25519 => out.int(1).int(-1).int(6).int(-2),
        Scheme::MlDsa65
        | Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519
        | Scheme::Es256 => out.int(7).int(3).int(-49).int(-1),
    };
    out.bytes(key.as_bytes());
}

/// Whether these bytes can only be a statement of this format, or none at all.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.first() == Some(&TAG)
}

/// Reads a statement as it came: stripped first.
///
/// # Errors
/// As [`strip`], and whatever is wrong with the statement itself.
pub fn submission(received: &[u8]) -> Result<Submission, StatementError> {
    Submission::statement(Format::Cose, &strip(received)?, Vec::new())
}
