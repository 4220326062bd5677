//! Tokens: written in one way, and read as sparingly as they are written.
//!
//! A token is a JWS in compact form whose header has exactly three members. What is too long is refused before it is
//! decoded, and what it says of itself before any signature is looked at is only which key to ask.
//! Sources: RFC 7515, RFC 7519, RFC 8725 (algorithms are pinned, types are explicit).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{Digest, Scheme, Signature, sha256};
use model::qwed::EngineConsensus;
use model::strict;
use proto::operation::seal::TOKEN_BYTES_MAX;
use serde::Serialize;
use serde_json::Value;

use crate::attester::SigningKey;

/// Longest payload, in characters of its base64url.
pub(super) const PAYLOAD_CHARS_MAX: usize = 4_096;
/// Longest header, in characters of its base64url: a DID, a thumbprint, and room.
const HEADER_CHARS_MAX: usize = 1_024;
/// The type of these tokens.
pub(super) const TYP: &str = "qwed-attestation+jwt";

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// What a token says.
#[derive(Serialize)]
pub(super) struct Payload<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    pub(super) iat: u64,
    pub(super) exp: u64,
    pub(super) jti: &'a str,
    pub(super) qwed: Claims<'a>,
}

/// What it says of the verification.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) version: &'a str,
    pub(super) result: Outcome<'a>,
    pub(super) query_hash: &'a str,
    pub(super) proof_hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) admission: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consensus: Option<&'a EngineConsensus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chain_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chain_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_attestation: Option<&'a str>,
    /// SHA-256 of the token before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_hash: Option<String>,
}

/// How the verification went.
#[derive(Serialize)]
pub(super) struct Outcome<'a> {
    pub(super) status: &'a str,
    pub(super) verified: bool,
    pub(super) engine: &'a str,
    pub(super) confidence: f64,
}

/// Writes and signs a token; the same says the same.
///
/// # Errors
/// Why not, in words: it would be too long to be read.
pub(super) fn sign(key: &SigningKey, kid: &str, payload: &Payload<'_>) -> Result<String, String> {
    let part = |json: serde_json::Result<Vec<u8>>| {
        json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|fault| fault.to_string())
    };
    let header = part(serde_json::to_vec(&Header { alg: "ES256", typ: TYP, kid }))?;
    let payload = part(serde_json::to_vec(payload))?;
    if payload.len() > PAYLOAD_CHARS_MAX {
        return Err(format!(
            "the payload would have {} characters, at most {PAYLOAD_CHARS_MAX} are read",
            payload.len()
        ));
    }
    let message = format!("{header}.{payload}");
    let signature = key.sign(message.as_bytes());
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes())))
}

/// A token that was taken apart; nothing is believed yet.
pub(super) struct Apart<'a> {
    /// The key it names.
    pub(super) kid: String,
    /// What it says.
    pub(super) claims: Value,
    /// What is signed.
    pub(super) message: &'a [u8],
    /// The signature.
    pub(super) signature: Signature,
}

/// Takes a token apart. None when it is not of the one form that is written here: who sent it is not told more.
pub(super) fn apart(token: &str) -> Option<Apart<'_>> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    if header.len() > HEADER_CHARS_MAX || payload.len() > PAYLOAD_CHARS_MAX || payload.contains('.') {
        return None;
    }
    let json = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        strict::parse(&bytes, TOKEN_BYTES_MAX).ok()
    };
    let header = json(header)?;
    let member = |name: &str| header.get(name).and_then(Value::as_str);
    // Neither `crit` nor anything else that wants to be understood.
    let plain = header.as_object().is_some_and(|members| members.len() == 3);
    if !plain || member("alg") != Some("ES256") || member("typ") != Some(TYP) {
        return None;
    }
    let kid = member("kid")?.to_owned();
    let signature = Signature::parse(Scheme::Es256, &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims = json(payload).filter(Value::is_object)?;
    Some(Apart { kid, claims, message: message.as_bytes(), signature })
}

/// What a token says, of one that was verified when it was sealed.
pub(super) fn claims_of(token: &str) -> Value {
    apart(token).map(|apart| apart.claims).unwrap_or_default()
}

/// A digest as these tokens spell it.
pub(super) fn tagged(digest: &Digest) -> String {
    format!("sha256:{digest}")
}

/// The hash of a text as these tokens spell it.
pub(super) fn hash_of(text: &str) -> Digest {
    sha256(text.as_bytes())
}

/// Reads `sha256:` and 64 lower-case hex digits.
pub(super) fn untagged(text: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:")?;
    let lower = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !lower {
        return None;
    }
    hex.parse().ok()
}

#[cfg(test)]
mod tests {
    use crypto::SecretKey;
    use proto::operation::issuer::Continuity;
    use serde_json::json;

    use super::*;

    fn key() -> SigningKey {
        let secret = SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("signs");
        SigningKey::new(secret, Continuity::Persistent).expect("ES256")
    }

    fn payload(engine: &str) -> Payload<'_> {
        Payload {
            iss: "did:qwed:node:local",
            sub: "sha256:ab",
            iat: 1,
            exp: 2,
            jti: "att_1",
            qwed: Claims {
                version: "1.0",
                result: Outcome { status: "VERIFIED", verified: true, engine, confidence: 1.0 },
                query_hash: "sha256:ab",
                proof_hash: "sha256:cd",
                admission: None,
                consensus: None,
                chain_id: None,
                chain_index: None,
                previous_attestation: None,
                previous_hash: None,
            },
        }
    }

    #[test]
    fn what_is_written_is_read_and_signed_the_same_way_twice() {
        let token = sign(&key(), "did:qwed:node:local#k", &payload("math")).expect("short");
        assert_eq!(sign(&key(), "did:qwed:node:local#k", &payload("math")).as_ref(), Ok(&token));
        let read = apart(&token).expect("ours");
        assert_eq!(read.kid, "did:qwed:node:local#k");
        assert!(key().public().verify(read.message, &read.signature).is_ok());
        let members: Vec<_> = read.claims.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(members.len(), 6);
        assert_eq!(read.claims["qwed"]["result"]["confidence"], json!(1.0));
        assert!(sign(&key(), "k", &payload(&"x".repeat(4_000))).is_err());
    }

    #[test]
    fn other_forms_are_not_read() {
        let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = r#"{"alg":"ES256","typ":"qwed-attestation+jwt","kid":"k"}"#;
        let signature = URL_SAFE_NO_PAD.encode([1; 64]);
        let token = |header: &str, payload: &str| format!("{}.{}.{signature}", b64(header), b64(payload));
        assert!(apart(&token(header, "{}")).is_some());
        let critical = r#"{"alg":"ES256","typ":"qwed-attestation+jwt","kid":"k","crit":["x"]}"#;
        let none = r#"{"alg":"none","typ":"qwed-attestation+jwt","kid":"k"}"#;
        let other_type = r#"{"alg":"ES256","typ":"JWT","kid":"k"}"#;
        let twice = r#"{"alg":"none","alg":"ES256","typ":"qwed-attestation+jwt","kid":"k"}"#;
        let big = format!("{{\"x\":\"{}\"}}", "y".repeat(3_100));
        let long = token(header, &format!("{{\"x\":\"{}\"}}", "y".repeat(7_000)));
        let spoilt = [
            token(critical, "{}"),
            token(none, "{}"),
            token(other_type, "{}"),
            token(twice, "{}"),
            token(header, "[]"),
            token(header, r#"{"a":1,"a":2}"#),
            token(header, &big),
            long,
            format!("{}.{}", b64(header), b64("{}")),
            format!("{}.{}.{}=", b64(header), b64("{}"), signature),
            format!("{}.{}.x.{}", b64(header), b64("{}"), signature),
            String::new(),
        ];
        for token in spoilt {
            assert!(apart(&token).is_none(), "{token}");
        }
    }

    #[test]
    fn hashes_have_one_spelling() {
        let digest = hash_of("2+2=4");
        assert_eq!(
            tagged(&digest),
            "sha256:ccb87154d21d3d96a3835bcdba1aa5f3481a06d34a84f437a7ba312bef8c8b43"
        );
        assert_eq!(untagged(&tagged(&digest)), Some(digest));
        let upper = format!("sha256:{}", digest.to_string().to_uppercase());
        for text in ["", "sha256:", "sha256:ab", &digest.to_string(), &upper] {
            assert_eq!(untagged(text), None, "{text}");
        }
    }
}
