//! JWS: one signature in compact form, or two in general JSON form.
//!
//! The general form is taken with one signature of Ed25519 and one of ML-DSA-65, both of which must hold; its author is
//! then the pair of keys. Who strips one of them is left with another author's statement. Unprotected headers are
//! refused: nothing covers them. Sources: RFC 7515, RFC 7797 (refused), RFC 8037, RFC 9864, RFC 9964.

use crypto::{PublicKey, Signature};

use super::claims::Claims;
use super::error::StatementError;
use super::json::{self, Object, Value};
use super::keys::{Beside, Hint, did_of_kid, from_jwk, jose_scheme, shown_by};
use super::text::{base64url, shorten};
use super::{Format, Found, Reading, Signed};

/// One signature as it is written: everything in base64url.
struct Part<'a> {
    protected: &'a str,
    signature: &'a str,
}

/// Reads the compact form.
pub(super) fn compact(bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    let what = "the JWS";
    let text = std::str::from_utf8(bytes).map_err(|fault| StatementError::unreadable(what, fault))?;
    let mut parts = text.split('.');
    let (Some(protected), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(StatementError::form(what, "is not three parts with a dot between them"));
    };
    if payload.is_empty() {
        return Err(StatementError::Detached);
    }
    read(Format::Jws, payload, &[Part { protected, signature }], beside)
}

/// Reads the general JSON form.
pub(super) fn general(bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    let what = "the JWS";
    let object = json::object(bytes).map_err(|fault| StatementError::unreadable(what, fault))?;
    only(&object, &["payload", "signatures"], what)?;
    let payload = object.get("payload").ok_or(StatementError::Detached)?;
    let payload = payload.text().ok_or_else(|| StatementError::form("the payload", "is no text"))?;
    let signatures = object.get("signatures").and_then(Value::list);
    let signatures = signatures.ok_or_else(|| StatementError::form(what, "has no list of signatures"))?;
    // One signature is said in compact form: one statement has one spelling.
    let [one, two] = signatures else {
        return Err(StatementError::form(
            what,
            format!("has {} signatures, two are taken", signatures.len()),
        ));
    };
    read(Format::JwsJson, payload, &[part(one)?, part(two)?], beside)
}

fn part(value: &Value) -> Result<Part<'_>, StatementError> {
    let what = "a signature of the JWS";
    let object = value.object().ok_or_else(|| StatementError::form(what, "is no object"))?;
    only(object, &["protected", "signature"], what)?;
    let member = |name: &str| {
        let text = object.get(name).and_then(Value::text);
        text.ok_or_else(|| StatementError::form(what, format!("has no text {name:?}")))
    };
    Ok(Part { protected: member("protected")?, signature: member("signature")? })
}

/// Refuses members that no signature covers.
pub(super) fn only(object: &Object, known: &[&str], what: &'static str) -> Result<(), StatementError> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let fault = format!("has a member {:?}, which no signature covers", shorten(name));
            Err(StatementError::form(what, fault))
        }
    }
}

fn read(
    format: Format,
    payload: &str,
    parts: &[Part<'_>],
    beside: &[PublicKey],
) -> Result<Reading, StatementError> {
    let content = base64url(payload.as_bytes(), "the payload")?;
    let headers = parts.iter().map(|part| header(part.protected)).collect::<Result<Vec<_>, _>>()?;
    let claims = claims(&headers, &content)?;
    let mut beside = Beside::new(beside)?;
    let mut signed = Vec::new();
    for (at, (part, header)) in parts.iter().zip(&headers).enumerate() {
        let key = key(at + 1, header, &claims)?.key(&mut beside)?;
        let signature = base64url(part.signature.as_bytes(), "the signature")?;
        let signature = Signature::parse(key.scheme(), &signature)?;
        let message = [part.protected.as_bytes(), b".", payload.as_bytes()].concat();
        signed.push(Signed { key, message, signature });
    }
    beside.end()?;
    let kid = headers.iter().find_map(|header| header.get("kid").and_then(Value::text).and_then(did_of_kid));
    let media_type = headers.iter().find_map(|header| {
        header.get("cty").and_then(Value::text).or_else(|| header.get("typ").and_then(Value::text))
    });
    let Claims { issuer, subject, expires_at } = claims;
    let found = Found {
        signed,
        speaker: issuer.clone().or(kid.map(str::to_owned)),
        issuer: issuer.unwrap_or_default(),
        subject: subject.unwrap_or_default(),
        media_type: media_type.unwrap_or_default().to_owned(),
        expires_at,
        artifact: None,
    };
    found.finish(format, &content)
}

/// A protected header without extensions.
fn header(protected: &str) -> Result<Object, StatementError> {
    let what = "the protected header";
    let bytes = base64url(protected.as_bytes(), what)?;
    let header = json::object(&bytes).map_err(|fault| StatementError::unreadable(what, fault))?;
    if let Some(critical) = header.get("crit") {
        let first = critical.list().and_then(|names| names.first()).and_then(Value::text);
        return Err(StatementError::Critical { found: shorten(first.unwrap_or("nothing")) });
    }
    // RFC 7797 §6 demands that it is critical; who left that out is not to be understood in two ways.
    if header.get("b64").is_some_and(|encoded| *encoded != Value::Bool(true)) {
        return Err(StatementError::Critical { found: "b64".to_owned() });
    }
    Ok(header)
}

/// The claims of the payload, if a header says that it is a JWT; else what a header repeats of them.
fn claims(headers: &[Object], content: &[u8]) -> Result<Claims, StatementError> {
    let is_jwt = |header: &Object| {
        let typ = header.get("typ").and_then(Value::text).unwrap_or_default().to_ascii_lowercase();
        typ == "jwt" || typ.ends_with("+jwt")
    };
    if headers.iter().any(is_jwt) {
        let object = json::object(content).map_err(|fault| StatementError::unreadable("the JWT", fault))?;
        return Claims::json(&object);
    }
    let mut all = headers.iter().map(Claims::json).collect::<Result<Vec<_>, _>>()?;
    all.dedup();
    match <[Claims; 1]>::try_from(all) {
        Ok([claims]) => Ok(claims),
        Err(_) => Err(StatementError::form("the two protected headers", "make different claims")),
    }
}

fn key(position: usize, header: &Object, claims: &Claims) -> Result<Hint, StatementError> {
    let what = "the protected header";
    let alg = header.get("alg").and_then(Value::text);
    let alg = alg.ok_or_else(|| StatementError::form(what, "names no algorithm"))?;
    let inside = match header.get("jwk") {
        Some(Value::Object(jwk)) => Some(from_jwk(jwk)?),
        Some(_) => return Err(StatementError::form("the header's jwk", "is no object")),
        None => header.get("kid").and_then(Value::text).and_then(did_of_kid).and_then(shown_by),
    };
    Ok(Hint {
        position,
        alg: alg.to_owned(),
        scheme: jose_scheme(alg)?,
        inside,
        issuer: claims.issuer.as_deref().and_then(shown_by),
        hint: "put it into the header as jwk, use a did:key as kid, or give it beside the statement",
    })
}
