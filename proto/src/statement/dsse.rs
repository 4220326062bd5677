//! DSSE v1 envelopes, in which in-toto statements travel.
//!
//! An envelope has no place for a key, and its `keyid` is a hint that nothing covers; so keys are given beside it, one of
//! ed25519, one of ml-dsa-65, or both, and each signature finds its own by its length. Sources: DSSE v1.0.2 (protocol
//! and envelope), in-toto Attestation Framework v1 (subjects).

use crypto::{Digest, PublicKey, Signature};

use super::error::StatementError;
use super::json::{self, Object, Value};
use super::jws::only;
use super::keys::{Beside, Hint, scheme_by_length};
use super::text::base64_either;
use super::{Format, Found, Reading, Signed};

const WHAT: &str = "the DSSE envelope";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";

/// Reads an envelope.
pub(super) fn read(bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    let object = json::object(bytes).map_err(|fault| StatementError::unreadable(WHAT, fault))?;
    only(&object, &["payload", "payloadType", "signatures"], WHAT)?;
    let payload = base64_either(member(&object, "payload", WHAT)?, "the payload")?;
    let media_type = member(&object, "payloadType", WHAT)?.to_owned();
    let signatures = object.get("signatures").and_then(Value::list);
    let signatures = signatures.ok_or_else(|| StatementError::form(WHAT, "has no list of signatures"))?;
    if signatures.is_empty() || signatures.len() > 2 {
        return Err(StatementError::Signatures { found: signatures.len() });
    }
    let message = pae(&media_type, &payload);
    let mut beside = Beside::new(beside)?;
    let mut signed = Vec::new();
    for (at, signature) in signatures.iter().enumerate() {
        let signature = bytes_of(signature)?;
        let scheme = scheme_by_length(&signature)?;
        let hint = "an envelope cannot hold it; give it beside the statement";
        let hint = Hint { position: at + 1, alg: String::new(), scheme, inside: None, issuer: None, hint };
        let key = hint.key(&mut beside)?;
        let signature = Signature::parse(scheme, &signature)?;
        signed.push(Signed { key, message: message.clone(), signature });
    }
    beside.end()?;
    let (subject, artifact) = match media_type == IN_TOTO {
        true => subject(&payload)?,
        false => (String::new(), None),
    };
    let (speaker, issuer) = (None, String::new());
    let found = Found { signed, speaker, issuer, subject, media_type, expires_at: None, artifact };
    found.finish(Format::Dsse, &payload)
}

/// What is signed: the pre-authentication encoding.
pub(super) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn member<'a>(object: &'a Object, name: &str, what: &'static str) -> Result<&'a str, StatementError> {
    let text = object.get(name).and_then(Value::text);
    text.ok_or_else(|| StatementError::form(what, format!("has no text {name:?}")))
}

fn bytes_of(signature: &Value) -> Result<Vec<u8>, StatementError> {
    let what = "a signature of the envelope";
    let object = signature.object().ok_or_else(|| StatementError::form(what, "is no object"))?;
    only(object, &["keyid", "sig"], what)?;
    base64_either(member(object, "sig", what)?, "the signature")
}

/// The name of an in-toto statement's first subject, and the digest of the artifact if it is about one only.
fn subject(payload: &[u8]) -> Result<(String, Option<Digest>), StatementError> {
    let what = "the in-toto statement";
    let statement = json::object(payload).map_err(|fault| StatementError::unreadable(what, fault))?;
    if member(&statement, "_type", what)? != STATEMENT_V1 {
        return Ok((String::new(), None));
    }
    let subjects = statement.get("subject").and_then(Value::list);
    let subjects = subjects.ok_or_else(|| StatementError::form(what, "has no list of subjects"))?;
    let first = subjects.first().and_then(Value::object);
    let first = first.ok_or_else(|| StatementError::form(what, "has no subject"))?;
    let name = first.get("name").and_then(Value::text).unwrap_or_default().to_owned();
    let digest = first.get("digest").and_then(Value::object).and_then(|digests| digests.get("sha256"));
    let artifact = match (digest.and_then(Value::text), subjects.len()) {
        (Some(text), 1) => {
            let digest =
                text.parse().map_err(|fault| StatementError::form("the subject's digest:", fault))?;
            Some(digest)
        }
        (Some(_) | None, _) => None,
    };
    Ok((name, artifact))
}
