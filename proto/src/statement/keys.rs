//! By which key a statement is signed, and who that is.
//!
//! The key stands in what is signed, or its author's DID shows it, or it is given beside the statement. It is never looked
//! up: signatures are checked before any rule is asked. Whether a key given beside is its author's is then the ledger's
//! rule. Sources: RFC 8037 (OKP), RFC 9964 (AKP), RFC 9053 §7 and RFC 8747 (COSE_Key, `cnf`), did:key.

use crypto::{PublicKey, Scheme};

use super::cbor;
use super::error::StatementError;
use super::json::Object;
use super::text::{base64url, shorten};
use crate::id::Did;

/// What a JOSE header may call the algorithms.
const JOSE: &str = "Ed25519, EdDSA, ML-DSA-65";
/// What a COSE header may call them.
const COSE: &str = "-8 (EdDSA), -19 (Ed25519), -49 (ML-DSA-65)";
/// What RFC 9421 and httpsig-pq call them.
const HTTP: &str = "ed25519, ml-dsa-65";

/// The scheme of a JOSE `alg`.
pub(super) fn jose_scheme(alg: &str) -> Result<Scheme, StatementError> {
    match alg {
        "Ed25519" | "EdDSA" => Ok(Scheme::Ed25519),
        "ML-DSA-65" => Ok(Scheme::MlDsa65),
        other => Err(StatementError::Algorithm { found: shorten(other), known: JOSE }),
    }
}

/// The scheme of a COSE `alg`.
pub(super) fn cose_scheme(alg: &cbor::Value<'_>) -> Result<Scheme, StatementError> {
    match alg.int() {
        Some(-8 | -19) => Ok(Scheme::Ed25519),
        Some(-49) => Ok(Scheme::MlDsa65),
        Some(other) => Err(StatementError::Algorithm { found: other.to_string(), known: COSE }),
        None => Err(StatementError::Algorithm { found: "no number".to_owned(), known: COSE }),
    }
}

/// The scheme of an HTTP message signature's `alg`.
pub(super) fn http_scheme(alg: &str) -> Result<Scheme, StatementError> {
    match alg {
        "ed25519" => Ok(Scheme::Ed25519),
        "ml-dsa-65" => Ok(Scheme::MlDsa65),
        other => Err(StatementError::Algorithm { found: shorten(other), known: HTTP }),
    }
}

/// The scheme whose signatures have this length, for envelopes that name no algorithm.
pub(super) fn scheme_by_length(signature: &[u8]) -> Result<Scheme, StatementError> {
    let schemes = [Scheme::Ed25519, Scheme::MlDsa65];
    schemes.into_iter().find(|scheme| scheme.signature_bytes() == signature.len()).ok_or_else(|| {
        let fault = format!("has {} bytes; those of ed25519 have 64, of ml-dsa-65 3309", signature.len());
        StatementError::form("the signature", fault)
    })
}

/// The keys given beside a statement, one of a scheme.
pub(super) struct Beside {
    left: Vec<PublicKey>,
    given: usize,
}

impl Beside {
    /// # Errors
    /// `Form` unless they stand in the order of their schemes, each once: so there is one way to give them.
    pub(super) fn new(keys: &[PublicKey]) -> Result<Self, StatementError> {
        let is_ordered = keys.windows(2).all(|pair| pair[0].scheme() < pair[1].scheme());
        match keys.len() <= 2 && is_ordered {
            true => Ok(Self { left: keys.to_vec(), given: keys.len() }),
            false => Err(StatementError::form(
                "the keys beside the statement",
                "are not at most one of ed25519 and one of ml-dsa-65, in this order",
            )),
        }
    }

    fn take(&mut self, scheme: Scheme) -> Option<PublicKey> {
        let at = self.left.iter().position(|key| key.scheme() == scheme)?;
        Some(self.left.remove(at))
    }

    /// # Errors
    /// `KeysBeside` when a key was not needed.
    pub(super) fn end(self) -> Result<(), StatementError> {
        match self.left.len() {
            0 => Ok(()),
            over => Err(StatementError::KeysBeside { given: self.given, needed: self.given - over }),
        }
    }
}

/// What an envelope says of one signature's key.
pub(super) struct Hint {
    /// Which signature, from 1.
    pub position: usize,
    /// What its header calls the algorithm.
    pub alg: String,
    /// The scheme of that.
    pub scheme: Scheme,
    /// The key, if the header shows it.
    pub inside: Option<PublicKey>,
    /// The key that the issuer's DID shows.
    pub issuer: Option<PublicKey>,
    /// Where else the key could be, for an error.
    pub hint: &'static str,
}

impl Hint {
    /// The key: the header's own, else the one beside, else the issuer's.
    ///
    /// # Errors
    /// `NoKey`; `OtherAlgorithm` when it is of another scheme than the header says; `KeysBeside` when the one beside is
    /// the one that the issuer shows.
    pub(super) fn key(self, beside: &mut Beside) -> Result<PublicKey, StatementError> {
        let Self { position, alg, scheme, inside, issuer, hint } = self;
        let key = match inside {
            Some(key) => key,
            None => match (beside.take(scheme), issuer) {
                (Some(key), Some(shown)) if key == shown => {
                    return Err(StatementError::KeysBeside { given: beside.given, needed: beside.given - 1 });
                }
                (Some(key), _) => key,
                (None, Some(shown)) if shown.scheme() == scheme => shown,
                (None, _) => return Err(StatementError::NoKey { position, hint }),
            },
        };
        match key.scheme() == scheme {
            true => Ok(key),
            false => Err(StatementError::OtherAlgorithm { found: shorten(&alg), key: key.scheme() }),
        }
    }
}

/// Whether a text is a DID of one of the two methods that are read here.
fn is_ours(text: &str) -> bool {
    text.starts_with("did:key:") || text.starts_with("did:quorate:")
}

/// The DID in a key's name: what stands before `#`, if it is of a method that is read here.
pub(super) fn did_of_kid(kid: &str) -> Option<&str> {
    let did = kid.split('#').next().unwrap_or_default();
    is_ours(did).then_some(did)
}

/// The key that a `did:key` of Ed25519 shows.
pub(super) fn shown_by(did: &str) -> Option<PublicKey> {
    Did::parse(did).ok()?.shown_key()
}

/// Who speaks: whom the statement names by a DID that is read here, else whoever the key is.
///
/// # Errors
/// `Author` when it names a DID of ours that is malformed.
pub(super) fn author(speaker: Option<&str>, key: &PublicKey) -> Result<Did, StatementError> {
    match speaker.filter(|speaker| is_ours(speaker)) {
        Some(did) => Ok(Did::parse_beside(did, key)?),
        None => Ok(Did::of(key)),
    }
}

/// A public key as JWK, of one of the two types.
pub(super) fn from_jwk(jwk: &Object) -> Result<PublicKey, StatementError> {
    let what = "the header's jwk";
    let member = |name: &str| jwk.get(name).and_then(|value| value.text());
    if jwk.contains_key("d") || jwk.contains_key("priv") {
        return Err(StatementError::form(what, "is a private key, which is now known to all who saw it"));
    }
    let (scheme, name, algs): (_, _, &[&str]) = match (member("kty"), member("crv")) {
        (Some("OKP"), Some("Ed25519")) => (Scheme::Ed25519, "x", &["Ed25519", "EdDSA"]),
        (Some("AKP"), _) if member("alg") == Some("ML-DSA-65") => (Scheme::MlDsa65, "pub", &["ML-DSA-65"]),
        (kty, crv) => {
            let fault = format!(
                "is of kty {:?}, crv {:?}; OKP with Ed25519 is taken, or AKP with alg ML-DSA-65",
                shorten(kty.unwrap_or_default()),
                shorten(crv.unwrap_or_default())
            );
            return Err(StatementError::form(what, fault));
        }
    };
    if let Some(alg) = jwk.get("alg").filter(|alg| alg.text().is_none_or(|alg| !algs.contains(&alg))) {
        let found = shorten(alg.text().unwrap_or("no text"));
        return Err(StatementError::OtherAlgorithm { found, key: scheme });
    }
    let text = member(name).ok_or_else(|| StatementError::form(what, format!("has no text {name:?}")))?;
    Ok(PublicKey::parse(scheme, &base64url(text.as_bytes(), what)?)?)
}

/// A public key as COSE_Key, of one of the two types.
pub(super) fn from_cose_key(key: &cbor::Value<'_>) -> Result<PublicKey, StatementError> {
    let what = "the key in cnf";
    let int = |label| key.at(label).and_then(cbor::Value::int);
    let (scheme, label, secret, algs): (_, _, _, &[i128]) = match (int(1), int(-1), int(3)) {
        (Some(1), Some(6), _) => (Scheme::Ed25519, -2, -4, &[-8, -19]),
        (Some(7), _, Some(-49)) => (Scheme::MlDsa65, -1, -2, &[-49]),
        (kty, _, alg) => {
            let show = |number: Option<i128>| number.map_or("none".to_owned(), |number| number.to_string());
            let fault = format!(
                "is of kty {}, alg {}; OKP (1) with Ed25519 (6) is taken, or AKP (7) with alg -49",
                show(kty),
                show(alg)
            );
            return Err(StatementError::form(what, fault));
        }
    };
    if key.at(secret).is_some() {
        return Err(StatementError::form(what, "is a private key, which is now known to all who saw it"));
    }
    if let Some(alg) = key.at(3).filter(|alg| alg.int().is_none_or(|alg| !algs.contains(&alg))) {
        let found = alg.int().map_or("no number".to_owned(), |alg| alg.to_string());
        return Err(StatementError::OtherAlgorithm { found, key: scheme });
    }
    let bytes = key.at(label).and_then(cbor::Value::bytes);
    let bytes = bytes.ok_or_else(|| StatementError::form(what, format!("has no bytes under {label}")))?;
    Ok(PublicKey::parse(scheme, bytes)?)
}
