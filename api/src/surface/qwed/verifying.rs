//! The verdict on a token, by its signature first and then by what the ledger holds.
//!
//! Until its issuer's signature holds, who sent it is told nothing but that it is invalid. Afterwards what is said of it is
//! public anyway.

use ledger::LedgerReader;
use ledger::read::ReadError;
use model::error::ApiError;
use model::qwed::{Lifecycle, VerifyTokenAnswer, VerifyTokenParams};
use proto::operation::issuer::{IssuerDid, IssuerStatus};
use proto::operation::seal::AttestationId;
use serde_json::Value;

use super::known::Known;
use super::token::{Apart, apart, hash_of, tagged};
use crate::api::{Api, Fault};
use crate::attester::named;
use crate::guard::sight::Sight;

/// What every refusal says of a token that no issuer is known to have signed.
const INVALID: &str = "Invalid token";
/// How far a chain is followed back; what is farther was followed when it was sealed.
const CHAIN_MAX: usize = 256;
/// How far a signer's clock may be ahead of ours, in seconds.
const LEEWAY_S: u64 = 60;

/// Judges a token.
///
/// # Errors
/// What the store fails with.
pub(super) async fn verify(
    api: &Api,
    sight: &Sight,
    token: String,
    params: VerifyTokenParams,
) -> Result<VerifyTokenAnswer, ApiError> {
    let sight = sight.clone();
    let judged = api.read(move |reader| judge(reader, &sight, &token, &params).map_err(Fault::Store)).await?;
    let Judged { claims, known, verdict } = judged;
    let anchor = known.as_ref().map(|known| known.anchor(api));
    let lifecycle = known.as_ref().map(Known::lifecycle);
    Ok(match verdict {
        Ok(()) => VerifyTokenAnswer { valid: true, claims, error: None, code: None, lifecycle, anchor },
        Err((code, error)) => VerifyTokenAnswer {
            valid: false,
            claims,
            error: Some(error),
            code: Some(code.to_owned()),
            lifecycle,
            anchor,
        },
    })
}

type Verdict = Result<(), (&'static str, String)>;

struct Judged {
    claims: Option<Value>,
    known: Option<Known>,
    verdict: Verdict,
}

impl Judged {
    fn invalid(code: &'static str) -> Self {
        Self { claims: None, known: None, verdict: Err((code, INVALID.to_owned())) }
    }
}

fn judge(
    reader: &LedgerReader,
    sight: &Sight,
    token: &str,
    params: &VerifyTokenParams,
) -> Result<Judged, ReadError> {
    let Some(apart) = apart(token) else { return Ok(Judged::invalid("ATT-001")) };
    let Apart { kid, claims, message, signature } = apart;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // The key is the one that the name belongs to, of the issuer that the token says it is of.
    let named_issuer = kid.split_once('#').map(|(did, _)| did).unwrap_or_default();
    let Ok(did) = IssuerDid::parse(named_issuer) else { return Ok(Judged::invalid("ATT-002")) };
    let Some(issuer) = reader.issuer(&did)? else { return Ok(Judged::invalid("ATT-002")) };
    let Some(listed) = issuer.keys.iter().find(|listed| named(&did, &listed.key) == kid) else {
        return Ok(Judged::invalid("ATT-002"));
    };
    if listed.key.verify(message, &signature).is_err() {
        return Ok(Judged::invalid("ATT-003"));
    }
    let id = text("jti").and_then(|jti| AttestationId::parse(jti).ok());
    let known = match &id {
        Some(id) => Known::find(reader, id)?,
        None => None,
    };
    // A name that another token has tells nothing of this one.
    let known = known.filter(|known| known.token == token && known.is_seen(sight));
    let verdict = authentic(&claims, &did, issuer.status, params).and_then(|()| match &known {
        Some(known) => held(known),
        None => refuse("ATT-008", "the ledger holds no such token"),
    });
    let verdict = match (&verdict, &known) {
        (Ok(()), Some(known)) => chain_holds(reader, known)?,
        _ => verdict,
    };
    Ok(Judged { claims: Some(claims), known, verdict })
}

fn refuse(code: &'static str, why: impl Into<String>) -> Verdict {
    Err((code, why.into()))
}

/// What the token says of itself, and whom the caller believes.
fn authentic(claims: &Value, did: &IssuerDid, status: IssuerStatus, params: &VerifyTokenParams) -> Verdict {
    for name in ["iss", "sub", "iat", "exp", "jti", "qwed"] {
        if claims.get(name).is_none_or(Value::is_null) {
            return refuse("ATT-007", format!("the claim {name} is missing"));
        }
    }
    if claims["iss"] != did.as_str() {
        return refuse("ATT-002", "another issuer is named than the one that signed");
    }
    if status == IssuerStatus::Inactive {
        return refuse("ATT-002", "the issuer is inactive");
    }
    if params.trusted_issuers.as_ref().is_some_and(|trusted| !trusted.iter().any(|it| it == did.as_str())) {
        return refuse("ATT-002", "the issuer is not trusted by the caller");
    }
    let now_s = crate::clock::now_s();
    for name in ["iat", "nbf"] {
        let at = claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        if at > now_s.saturating_add(LEEWAY_S) {
            return refuse("ATT-005", format!("not valid yet: {name} is {at}, the time is {now_s}"));
        }
    }
    let hashes = &claims["qwed"];
    if params.proof_ref.as_deref().is_some_and(|wanted| hashes["proof_hash"] != wanted) {
        return refuse("ATT-008", "it is of another proof");
    }
    if params.query.as_ref().is_some_and(|wanted| hashes["query_hash"] != tagged(&hash_of(wanted))) {
        return refuse("ATT-008", "it is of another query");
    }
    Ok(())
}

/// Where it is in its life.
fn held(known: &Known) -> Verdict {
    match known.lifecycle() {
        Lifecycle::Valid => Ok(()),
        Lifecycle::Expired => refuse("ATT-004", format!("expired at {} s", known.sealed.expires_at_s)),
        Lifecycle::Revoked => {
            let at = known.revoked.map_or_else(String::new, |at| format!(" by entry {}", at.index));
            refuse("ATT-006", format!("revoked{at}"))
        }
    }
}

/// That none was withdrawn of those before it. That they follow one another is the ledger's rule (A9).
fn chain_holds(reader: &LedgerReader, known: &Known) -> Result<Verdict, ReadError> {
    let mut previous = known.sealed.link.clone().and_then(|link| link.previous);
    for _ in 0..CHAIN_MAX {
        let Some(id) = previous else { return Ok(Ok(())) };
        let Some(sealed) = reader.sealed(&id)? else {
            return Ok(refuse("ATT-008", format!("the ledger holds no {id}, which it follows")));
        };
        let standing = reader.attestation(&sealed.submission)?;
        if standing.is_none_or(|standing| standing.revoked.is_some()) {
            return Ok(refuse("ATT-008", format!("{id}, which it follows, was revoked")));
        }
        previous = sealed.link.and_then(|link| link.previous);
    }
    Ok(Ok(()))
}
