//! Tokens: what this network says of a caller, signed, so that any node believes it without asking another.
//!
//! A token is a JWT (RFC 7519) in compact form. Who may sign one is nobody but a validator of the present epoch, with the
//! key of its log, which every node and the network's JWKS have; so a validator that left issues nothing any more. The
//! algorithm is the key's and never the token's choice (RFC 8725 §3.1). A token says whose it is, for whom, until when, and
//! what it allows; it lives a day at most.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{PublicKey, Scheme, SecretKey, Signature};
use model::error::AccessError;
use model::strict;
use proto::id::{NetworkId, Tenant};
use proto::validators::ValidatorSet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::principal::{Principal, SUBJECT_BYTES_MAX, Scopes};

/// Longest life of a token, in seconds.
pub const LIFE_S_MAX: u64 = 86_400;
/// How far the clocks of two nodes may be apart, in seconds.
const SKEW_S: u64 = 60;
/// Longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 4 << 10;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The network's origin.
    pub iss: String,
    /// The network's id, in hex.
    pub aud: String,
    /// Who it is: a DID, or a name.
    pub sub: String,
    /// Whose data it may touch.
    pub tenant: String,
    /// What it may do, separated by spaces.
    pub scope: String,
    /// When it was issued, in seconds since 1970.
    pub iat: u64,
    /// Until when it is good, in seconds since 1970.
    pub exp: u64,
    /// Its own name, for logs.
    pub jti: String,
}

/// Whether a credential is a token, by how it begins: a JSON object in base64url.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|b| *b == b'.').count() == 2
}

impl Claims {
    /// The token that says this, signed by a validator with the key of its log.
    pub fn sign(&self, key: &SecretKey) -> String {
        let header = json!({ "alg": "EdDSA", "kid": key.public().id().to_string(), "typ": "JWT" });
        // Texts and numbers are always JSON.
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = serde_json::to_value(self).unwrap_or_default();
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
    }
}

/// Who a token stands for, at a network with these validators, now.
///
/// # Errors
/// `Malformed` for what is no token, `Unknown` for one that is not this network's, `Expired` for one that was.
pub(crate) fn principal(set: &ValidatorSet, text: &str, now_s: u64) -> Result<Principal, AccessError> {
    let unknown = |fault| AccessError::Unknown { fault };
    let Claims { iss, aud, sub, tenant, scope, iat, exp, jti: _ } = believed(set, text)?;
    if iss != set.origin() || aud != network(set.network()) {
        return Err(unknown("the token is of another network"));
    }
    if iat > now_s.saturating_add(SKEW_S) {
        return Err(unknown("the token is of the future"));
    }
    if exp.saturating_sub(iat) > LIFE_S_MAX {
        return Err(unknown("the token is good for more than a day"));
    }
    // Its last second is not to be argued about: it is over.
    if now_s >= exp {
        return Err(AccessError::Expired { until_s: exp });
    }
    if sub.is_empty() || sub.len() > SUBJECT_BYTES_MAX {
        return Err(unknown("the token names nobody"));
    }
    let tenant = Tenant::parse(&tenant).map_err(|_| unknown("the token names no tenant"))?;
    let scopes = Scopes::parse(&scope).map_err(unknown)?;
    Ok(Principal { tenant, subject: sub, scopes, per_minute: None, until_s: Some(exp) })
}

/// How a token names a network.
pub fn network(id: &NetworkId) -> String {
    id.to_string()
}

/// The claims of a token that a validator signed.
fn believed(set: &ValidatorSet, text: &str) -> Result<Claims, AccessError> {
    let malformed = |fault| AccessError::Malformed { fault };
    let unknown = |fault| AccessError::Unknown { fault };
    if text.len() > TOKEN_BYTES_MAX {
        return Err(malformed("the token is longer than 4 KiB"));
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(malformed("a token has three parts"))?;
    let (header, claims) = signed.split_once('.').ok_or(malformed("a token has three parts"))?;
    let bytes = |part: &str| {
        URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("a part of the token is not base64url"))
    };
    let object = |part: &str| {
        strict::parse(&bytes(part)?, TOKEN_BYTES_MAX)
            .map_err(|_| malformed("a part of the token is not strict JSON"))
    };
    let header = object(header)?;
    // Whatever must be understood is not (RFC 7515 §4.1.11).
    if header.get("crit").is_some() {
        return Err(unknown("the token has a header that must be understood"));
    }
    let text_of = |name: &str| header.get(name).and_then(Value::as_str);
    if !matches!(text_of("typ"), None | Some("JWT" | "at+jwt")) {
        return Err(unknown("the token is of another type"));
    }
    let kid = text_of("kid").ok_or(unknown("the token does not name its key"))?;
    let key = issuer(set, kid).ok_or(unknown("the token's key is no validator's of the present epoch"))?;
    if !algorithms(key.scheme()).contains(&text_of("alg").unwrap_or_default()) {
        return Err(unknown("the token's algorithm is not its key's"));
    }
    let signature = Signature::parse(key.scheme(), &bytes(signature)?)
        .map_err(|_| unknown("the token's signature does not hold"))?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| unknown("the token's signature does not hold"))?;
    serde_json::from_value(object(claims)?).map_err(|_| unknown("the token lacks a claim"))
}

fn issuer<'a>(set: &'a ValidatorSet, kid: &str) -> Option<&'a PublicKey> {
    set.iter().map(|(_, validator)| &validator.log).find(|key| key.id().to_string() == kid)
}

/// What JOSE calls the algorithm of a scheme (RFC 8037, RFC 9864).
const fn algorithms(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::Ed25519 => &["EdDSA", "Ed25519"],
        Scheme::MlDsa65 => &["ML-DSA-65"],
        // The keys of validators are of other schemes.
        Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519
        | Scheme::Es256 => &[],
    }
}

#[cfg(test)]
mod tests;
