//! Issuing: a request in, an [`AttestationResult`] out, always.
//!
//! It fails closed: nothing is called issued that is not signed and in the ledger. The name of an attestation follows from
//! the request, so a request that is made again, here or at another node, finds what was issued, and the ledger gives no
//! name twice (rule A7). Only when what was issued no longer holds is there a next one, whose name follows in turn.

use std::time::Duration;

use crypto::{Digest, Hasher};
use model::entry::Wait;
use model::error::{ApiError, SurfaceError};
use model::qwed::{AttestationResult, AttestationStatus, ChainParams, IssueParams, Lifecycle};
use proto::id::Tenant;
use proto::operation::Operation;
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};

use super::known::Known;
use super::token::{self, Claims, Outcome, Payload, tagged};
use super::{listing, proof};
use crate::api::{Api, Fault};
use crate::attester::{Attester, SigningKey, named};
use crate::service::{Order, Settled};

/// How long an attestation holds when nobody says so, in seconds: 365 days.
const VALIDITY_S: u64 = 365 * 86_400;
/// Longest text of a request but the query and the proof, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// How often a request is issued anew after what it had issued ceased to hold.
const GENERATIONS_MAX: u64 = 4_096;
/// How long another's seal of the same name may take to be seen here.
const SEEN: Duration = Duration::from_secs(5);

/// Why there is no token, in the words that clients of these know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// The key cannot be used: not listed, or what it would sign cannot be a token.
    SigningFailure,
    /// This node signs nothing.
    CryptoUnavailable,
    /// Something is called verified, and nothing proves it.
    VerifiedWithoutProof,
    /// What is given as a hash is none, or is not what was worked out.
    InvalidProofHash,
    /// Something is admitted that is not verified.
    InvalidAdmission,
    /// It is not the next of its chain.
    ChainFailed,
    /// The ledger has not decided in time.
    NotRecorded,
}

impl Blocked {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::SigningFailure => "SIGNING_FAILURE",
            Self::CryptoUnavailable => "CRYPTO_UNAVAILABLE",
            Self::VerifiedWithoutProof => "VERIFIED_WITHOUT_PROOF",
            Self::InvalidProofHash => "INVALID_PROOF_HASH",
            Self::InvalidAdmission => "INVALID_ADMISSION",
            Self::ChainFailed => "CHAIN_FAILED",
            Self::NotRecorded => "NOT_RECORDED",
        }
    }

    /// The status of an answer that carries it.
    pub(super) const fn http(self) -> u16 {
        match self {
            Self::VerifiedWithoutProof | Self::InvalidProofHash | Self::InvalidAdmission => 422,
            Self::ChainFailed => 409,
            Self::SigningFailure => 500,
            Self::CryptoUnavailable => 503,
            Self::NotRecorded => 504,
        }
    }

    pub(super) fn result(self, error: impl Into<String>) -> Made {
        let status = match self {
            Self::CryptoUnavailable => AttestationStatus::Unverifiable,
            Self::SigningFailure
            | Self::VerifiedWithoutProof
            | Self::InvalidProofHash
            | Self::InvalidAdmission
            | Self::ChainFailed
            | Self::NotRecorded => AttestationStatus::Blocked,
        };
        let result = AttestationResult {
            status,
            token: None,
            error_code: Some(self.code().to_owned()),
            error: Some(error.into()),
            is_issued: false,
            jti: None,
            kid: None,
            expires_at: None,
            proof_ref: None,
            anchor: None,
            existing: false,
        };
        Made { result, http: self.http() }
    }
}

/// A result, and the status of an answer that is nothing else.
pub(super) struct Made {
    pub(super) result: AttestationResult,
    pub(super) http: u16,
}

/// A request that was read: what is to be signed, but for the times and the name.
struct Asked {
    tenant: Tenant,
    params: IssueParams,
    query: Digest,
    proof: Digest,
    confidence: f64,
    validity_s: u64,
    link: Option<ChainLink>,
}

/// Issues an attestation, or says why not.
///
/// # Errors
/// `Unprocessable` for a request that is none, and what the node or its store fails with.
pub(super) async fn issue(api: &Api, tenant: &Tenant, params: IssueParams) -> Result<Made, ApiError> {
    let link = link(&params.chain)?;
    let (confidence, validity_s) = expect_shape(&params)?;
    let query = token::hash_of(&params.query);
    let proof = match proof::of(api, &params).await? {
        Ok(proof) => proof,
        Err((blocked, fault)) => return Ok(blocked.result(fault)),
    };
    if let Err(fault) = proof::may_admit(&params) {
        return Ok(Blocked::InvalidAdmission.result(fault));
    }
    let Some(attester) = &api.doors().attester else {
        return Ok(Blocked::CryptoUnavailable.result("this node has no part in an issuer"));
    };
    let Some(key) = attester.key() else {
        return Ok(Blocked::CryptoUnavailable.result("this node is configured to sign no attestations"));
    };
    let asked = Asked { tenant: tenant.clone(), params, query, proof, confidence, validity_s, link };
    if let Err(fault) = listing::listed(api, attester, key).await? {
        return Ok(Blocked::SigningFailure.result(format!("the key is not listed by its issuer: {fault}")));
    }
    sealed(api, attester, key, &asked).await
}

async fn sealed(api: &Api, attester: &Attester, key: &SigningKey, asked: &Asked) -> Result<Made, ApiError> {
    let request = request_digest(asked)?;
    for generation in 0..GENERATIONS_MAX {
        let id = name(&request, generation);
        if let Some(known) = find(api, &id).await? {
            match known.lifecycle() {
                Lifecycle::Valid if known.is_trusted() => return Ok(existing(api, &known)),
                // Nothing is issued beside what still holds: its issuer is not to be believed at present.
                Lifecycle::Valid => {
                    let fault =
                        format!("{id} was issued by an issuer that is not active, or under a key it dropped");
                    return Ok(Blocked::SigningFailure.result(fault));
                }
                Lifecycle::Expired | Lifecycle::Revoked => continue,
            }
        }
        return match put(api, attester, key, asked, &id).await? {
            Some(made) => Ok(made),
            // Somebody was faster: the same request at another node, or a retry of it here.
            None => match seen(api, &id).await? {
                Some(known) => Ok(existing(api, &known)),
                None => Ok(Blocked::NotRecorded.result(format!("{id} is being issued elsewhere"))),
            },
        };
    }
    Ok(Blocked::SigningFailure.result("it was issued too often; give an idempotency key"))
}

/// Signs and seals it. None when its name was given before.
async fn put(
    api: &Api,
    attester: &Attester,
    key: &SigningKey,
    asked: &Asked,
    id: &AttestationId,
) -> Result<Option<Made>, ApiError> {
    let iat = crate::clock::now_s();
    let exp = iat.saturating_add(asked.validity_s);
    let kid = named(attester.issuer(), key.public());
    let previous = asked.link.as_ref().and_then(|link| link.previous.as_ref());
    let previous_hash = match previous {
        // What is private of another tenant is not there to stand on.
        Some(previous) => {
            let private = api.doors().authenticator.private();
            let found = find(api, previous).await?;
            let seen = found.filter(|it| it.tenant == asked.tenant || !private.contains(&it.tenant));
            seen.map(|known| tagged(&known.sealed.token))
        }
        None => None,
    };
    let token = match sign(attester, key, &kid, asked, id, (iat, exp), previous_hash) {
        Ok(token) => token,
        Err(fault) => return Ok(Some(Blocked::SigningFailure.result(fault))),
    };
    let seal = Seal {
        id: id.clone(),
        issuer: attester.issuer().clone(),
        key: key.public().id(),
        query: asked.query,
        proof: asked.proof,
        issued_at_s: iat,
        expires_at_s: exp,
        link: asked.link.clone(),
        token: token.clone(),
    };
    let operation = Operation::AttestationSeal(Box::new(seal));
    let order = Order { wait: Wait::Committed, ..Order::once(asked.tenant.clone(), operation) };
    Ok(match api.doors().service.submit(api, order).await? {
        Settled::Logged(place) => {
            let Some(known) = seen(api, id).await? else {
                return Ok(Some(Blocked::NotRecorded.result(format!("{} is not readable yet", place.id))));
            };
            let mut made = existing(api, &known);
            made.result.existing = false;
            made.http = 201;
            Some(made)
        }
        Settled::Refused { code: "attestation_used", .. } => None,
        Settled::Refused { code: "attestation_chain", detail, .. } => {
            Some(Blocked::ChainFailed.result(detail))
        }
        Settled::Refused { detail, .. } => Some(Blocked::SigningFailure.result(detail)),
        Settled::Pending { id } => {
            let fault =
                format!("submission {id} is not decided yet; the same request finds what became of it");
            Some(Blocked::NotRecorded.result(fault))
        }
    })
}

fn sign(
    attester: &Attester,
    key: &SigningKey,
    kid: &str,
    asked: &Asked,
    id: &AttestationId,
    (iat, exp): (u64, u64),
    previous_hash: Option<String>,
) -> Result<String, String> {
    let IssueParams { status, verified, engine, admission, consensus, .. } = &asked.params;
    let (query, proof) = (tagged(&asked.query), tagged(&asked.proof));
    let link = asked.link.as_ref();
    let payload = Payload {
        iss: attester.issuer().as_str(),
        sub: &query,
        iat,
        exp,
        jti: id.as_str(),
        qwed: Claims {
            version: "1.0",
            result: Outcome { status, verified: *verified, engine, confidence: asked.confidence },
            query_hash: &query,
            proof_hash: &proof,
            admission: admission.as_deref(),
            consensus: consensus.as_ref(),
            chain_id: link.map(|link| link.chain.as_str()),
            chain_index: link.map(|link| link.index),
            previous_attestation: link.and_then(|link| link.previous.as_ref()).map(AttestationId::as_str),
            previous_hash,
        },
    };
    token::sign(key, kid, &payload)
}

/// What was issued, as it is in the ledger.
fn existing(api: &Api, known: &Known) -> Made {
    let result = AttestationResult {
        status: AttestationStatus::Issued,
        token: Some(known.token.clone()),
        error_code: None,
        error: None,
        is_issued: true,
        jti: Some(known.id.to_string()),
        kid: token::apart(&known.token).map(|apart| apart.kid),
        expires_at: Some(known.sealed.expires_at_s),
        proof_ref: Some(tagged(&known.sealed.proof)),
        anchor: Some(known.anchor(api)),
        existing: true,
    };
    Made { result, http: 200 }
}

pub(super) async fn find(api: &Api, id: &AttestationId) -> Result<Option<Known>, ApiError> {
    let id = id.clone();
    api.read(move |reader| Known::find(reader, &id).map_err(Fault::Store)).await
}

/// As [`find`], waiting for what is decided and not durable here yet.
async fn seen(api: &Api, id: &AttestationId) -> Result<Option<Known>, ApiError> {
    let until = tokio::time::Instant::now() + SEEN;
    loop {
        let found = find(api, id).await?;
        if found.is_some() || tokio::time::Instant::now() > until {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The digest of a request: its tenant, and what it says, in one order.
fn request_digest(asked: &Asked) -> Result<Digest, ApiError> {
    let said = serde_json::to_vec(&asked.params).map_err(|_| ApiError::Internal)?;
    let mut hasher = Hasher::new();
    hasher.update(b"quorate/attestation-request\0").update(asked.tenant.as_str().as_bytes()).update(&[0]);
    hasher.update(asked.proof.as_bytes()).update(&said);
    Ok(hasher.finish())
}

fn name(request: &Digest, generation: u64) -> AttestationId {
    let mut hasher = Hasher::new();
    hasher.update(request.as_bytes()).update(&generation.to_be_bytes());
    let hex: String = hasher.finish().to_string().chars().take(40).collect();
    AttestationId::parse(&format!("att_{hex}")).expect("forty hex digits are a name")
}

fn unprocessable(fault: impl Into<String>) -> ApiError {
    SurfaceError::Unprocessable { fault: fault.into() }.into()
}

/// The confidence and the validity, of a request whose members are as they should be.
fn expect_shape(params: &IssueParams) -> Result<(f64, u64), ApiError> {
    let IssueParams { status, verified, engine, query, confidence, validity_s, consensus, .. } = params;
    let known = ["VERIFIED", "FAILED", "CORRECTED", "BLOCKED"];
    if !known.contains(&status.as_str()) {
        return Err(unprocessable(format!("status: is one of {}", known.join(", "))));
    }
    if *verified != (status == "VERIFIED" || status == "CORRECTED") {
        return Err(unprocessable("verified: is true of VERIFIED and CORRECTED, and of nothing else"));
    }
    if engine.is_empty() || engine.len() > TEXT_BYTES_MAX || engine.chars().any(char::is_control) {
        return Err(unprocessable(format!("engine: 1 to {TEXT_BYTES_MAX} bytes")));
    }
    if query.is_empty() {
        return Err(unprocessable("query: is missing"));
    }
    let share = |number: f64, what: &str| match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err(unprocessable(format!("{what}: is from 0 to 1"))),
    };
    if let Some(consensus) = consensus {
        share(consensus.agreement, "consensus.agreement")?;
    }
    let confidence = share(confidence.unwrap_or(f64::from(u8::from(*verified))), "confidence")?;
    let validity_s = validity_s.unwrap_or(VALIDITY_S);
    match (1..=ledger::issuing::VALIDITY_S_MAX).contains(&validity_s) {
        true => Ok((confidence, validity_s)),
        false => Err(unprocessable(format!("validity_s: is from 1 to {}", ledger::issuing::VALIDITY_S_MAX))),
    }
}

fn link(params: &ChainParams) -> Result<Option<ChainLink>, ApiError> {
    let ChainParams { chain_id, chain_index, previous_attestation, idempotency_key } = params;
    if idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > TEXT_BYTES_MAX) {
        return Err(unprocessable(format!("idempotency_key: 1 to {TEXT_BYTES_MAX} bytes")));
    }
    let previous = previous_attestation.as_deref().map(AttestationId::parse).transpose();
    let previous = previous.map_err(|fault| unprocessable(format!("previous_attestation: {fault}")))?;
    let Some(chain_id) = chain_id else {
        return match chain_index.is_none() && previous.is_none() {
            true => Ok(None),
            false => Err(unprocessable("chain_id: is missing beside a place in a chain")),
        };
    };
    let chain = ChainId::parse(chain_id).map_err(|fault| unprocessable(format!("chain_id: {fault}")))?;
    let index = chain_index.unwrap_or_default();
    if (index == 0) != previous.is_none() {
        return Err(unprocessable("previous_attestation: stands at every chain_index but 0"));
    }
    Ok(Some(ChainLink { chain, index, previous }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> IssueParams {
        IssueParams {
            status: "VERIFIED".to_owned(),
            verified: true,
            engine: "math".to_owned(),
            query: "2+2=4".to_owned(),
            ..IssueParams::default()
        }
    }

    #[test]
    fn a_name_follows_from_the_request_and_whose_it_is() {
        let asked = |tenant: &str, params: IssueParams| Asked {
            tenant: Tenant::parse(tenant).expect("a tenant"),
            query: token::hash_of(&params.query),
            proof: token::hash_of("proof"),
            params,
            confidence: 1.0,
            validity_s: 1,
            link: None,
        };
        let digest = |tenant: &str, params| request_digest(&asked(tenant, params)).expect("writes");
        let one = digest("acme", params());
        assert_eq!(one, digest("acme", params()));
        assert_ne!(one, digest("globex", params()));
        let mut keyed = params();
        keyed.chain.idempotency_key = Some("again".to_owned());
        assert_ne!(one, digest("acme", keyed));
        assert_ne!(name(&one, 0), name(&one, 1));
        assert_eq!(name(&one, 0).as_str().len(), 44);
    }

    #[test]
    fn what_contradicts_itself_is_no_request() {
        assert!(expect_shape(&params()).is_ok_and(|(confidence, _)| confidence == 1.0));
        let spoilt = [
            IssueParams { status: "verified".to_owned(), ..params() },
            IssueParams { verified: false, ..params() },
            IssueParams { status: "FAILED".to_owned(), ..params() },
            IssueParams { engine: String::new(), ..params() },
            IssueParams { query: String::new(), ..params() },
            IssueParams { confidence: Some(1.5), ..params() },
            IssueParams { validity_s: Some(0), ..params() },
            IssueParams { validity_s: Some(u64::MAX), ..params() },
        ];
        for params in spoilt {
            assert!(expect_shape(&params).is_err(), "{params:?}");
        }
        let chain = |id: Option<&str>, index, previous: Option<&str>| {
            link(&ChainParams {
                chain_id: id.map(str::to_owned),
                chain_index: index,
                previous_attestation: previous.map(str::to_owned),
                idempotency_key: None,
            })
        };
        assert!(chain(Some("abc"), None, None).is_ok_and(|link| link.is_some_and(|link| link.index == 0)));
        assert!(chain(Some("abc"), Some(1), Some("att_1")).is_ok());
        for (id, index, previous) in [
            (None, Some(1), None),
            (Some("a b"), None, None),
            (Some("abc"), Some(1), None),
            (Some("abc"), Some(0), Some("att_1")),
            (Some("abc"), Some(1), Some("xyz")),
        ] {
            assert!(chain(id, index, previous).is_err(), "{id:?} {index:?} {previous:?}");
        }
    }
}
