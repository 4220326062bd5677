//! `ledger_submit`: a submission in, a ticket out.
//!
//! That waiting ended is an answer with the present state. The same bytes give the same id and are executed once, so
//! a caller in doubt sends them again.

use std::time::Duration;

use ledger::{LedgerReader, Outcome, Rejection};
use model::entry::{State, SubmitParams, TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MAX, Ticket, Wait};
use model::error::ApiError;
use proto::entry::Entry;
use proto::id::SubmissionId;
use proto::operation::Operation;
use proto::submission::Submission;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::api::Api;
use crate::doors::{SubmitReply, SubmitRequest};
use crate::guard::Caller;
use crate::guard::principal::{Principal, Scopes};
use crate::waiting::{Progress, follow, known};

/// How long the node may take to say whether it takes a submission.
const VERDICT: Duration = Duration::from_secs(5);
/// When to come again while the door is full, in milliseconds.
const DOOR_FULL_RETRY_MS: u64 = 1_000;

/// A ticket, and how it came about.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// The answer.
    pub ticket: Ticket,
    /// Whether this node had met the submission before.
    pub seen: Seen,
    /// The state its sender waited for.
    pub wait: Wait,
}

/// Whether a submission is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is.
    First,
    /// It is not.
    Again,
}

impl Submitted {
    /// Whether the ticket shows less than its sender waited for, or work is still to be done.
    pub(crate) fn is_pending(&self) -> bool {
        let state = self.ticket.state;
        !self.wait.is_over(state) || (state == State::Accepted && self.seen == Seen::First)
    }
}

/// Hands a submission to the node and waits as asked.
///
/// # Errors
/// `InvalidParams`, `SigningNotOffered` or `Access` before anything is sent; `SubmissionMalformed`,
/// `SubmissionRefused`, `Observer`, `Busy`, `NoVerdict` or `Stopping` from the node.
pub(crate) async fn submit(api: &Api, caller: &Caller, params: SubmitParams) -> Result<Submitted, ApiError> {
    let wait = params.wait;
    let timeout = Duration::from_millis(timeout_ms(&params)?);
    let envelope = envelope(api, caller, params).await?;
    let (progress, seen) = enter(api, envelope, wait, timeout).await?;
    Ok(Submitted { ticket: progress.ticket(), seen, wait })
}

/// The one way in: hands an envelope to the node, and waits until it has come as far as `wait` or the time is over.
///
/// # Errors
/// `SubmissionMalformed`, `SubmissionRefused`, `Observer`, `Busy`, `NoVerdict` or `Stopping` from the node.
pub(crate) async fn enter(
    api: &Api,
    envelope: Vec<u8>,
    wait: Wait,
    timeout: Duration,
) -> Result<(Progress, Seen), ApiError> {
    let id = SubmissionId::new(crypto::sha256(&envelope));
    let begun = Instant::now();
    let mut feed = api.doors().feed.subscribe();
    let reply = hand_over(api, envelope, id).await?;
    let (progress, seen) = match reply {
        SubmitReply::Accepted { id } => (Progress::accepted(id), Seen::First),
        SubmitReply::Waiting { id } => (Progress::accepted(id), Seen::Again),
        SubmitReply::Known { id, outcome } => (known(api, id, outcome).await?, Seen::Again),
        SubmitReply::Refused { id, code, detail } => {
            return Err(ApiError::SubmissionRefused { id: id.into(), reason: code, detail });
        }
        SubmitReply::Observer { validators } => return Err(ApiError::Observer { validators }),
        SubmitReply::Full { retry_after_ms } => return Err(ApiError::Busy { retry_after_ms }),
        SubmitReply::Malformed(fault) => return Err(ApiError::SubmissionMalformed { fault }),
    };
    if progress.state() == State::Accepted {
        api.accepted().remember(id);
    }
    Ok((follow(api, &mut feed, progress, wait, begun + timeout).await?, seen))
}

fn timeout_ms(params: &SubmitParams) -> Result<u64, ApiError> {
    match params.timeout_ms {
        None => Ok(TIMEOUT_MS_DEFAULT),
        Some(timeout) if timeout.0 <= TIMEOUT_MS_MAX => Ok(timeout.0),
        Some(timeout) => {
            let fault = format!("timeout_ms is {timeout}, at most {TIMEOUT_MS_MAX} is allowed");
            Err(ApiError::InvalidParams { fault })
        }
    }
}

/// The caller's own envelope, or one that the gateway makes.
async fn envelope(api: &Api, caller: &Caller, params: SubmitParams) -> Result<Vec<u8>, ApiError> {
    if params.envelope.is_none() {
        let gateway = api.doors().gateway.as_ref().ok_or(ApiError::SigningNotOffered)?;
        let principal = caller.known("a bearer token is needed to have this node sign")?;
        api.rates().take(principal, "ledger_submit")?;
        let network = *api.doors().set().network();
        let submission = gateway.sign(network, principal, &api.doors().keeping, &params)?;
        expect_own(api, principal, &submission).await?;
        return Ok(submission.bytes().to_vec());
    }
    let SubmitParams { envelope, operation, tenant, nonce, expires_at_ms, wait: _, timeout_ms: _ } = params;
    if operation.is_some() || tenant.is_some() || nonce.is_some() || expires_at_ms.is_some() {
        let fault = "\"envelope\" is signed already: \"operation\", \"tenant\", \"nonce\" and \"expires_at_ms\" \
                     cannot stand beside it";
        return Err(ApiError::InvalidParams { fault: fault.to_owned() });
    }
    let envelope = envelope.map(|bytes| bytes.0).unwrap_or_default();
    if envelope.len() > Submission::BYTES_MAX {
        let fault = format!(
            "the envelope has {} bytes, at most {} are allowed",
            envelope.len(),
            Submission::BYTES_MAX
        );
        return Err(ApiError::SubmissionMalformed { fault });
    }
    Ok(envelope)
}

/// The gateway has one key for all its tenants, so the ledger cannot tell them apart: what ends a record has to be asked for
/// by the tenant whose it is, or by an operator. Another's is answered as the ledger answers for what is not there.
///
/// # Errors
/// `SubmissionRefused`, `Storage` or `Internal`.
async fn expect_own(api: &Api, caller: &Principal, submission: &Submission) -> Result<(), ApiError> {
    let Some((target, unknown)) = ended(&submission.body().operation) else { return Ok(()) };
    if caller.scopes == Scopes::All {
        return Ok(());
    }
    let tenant = caller.tenant.clone();
    let is_own = move |reader: &LedgerReader| {
        let Some(Outcome::Committed { index, .. }) = reader.by_id(&target)? else { return Ok(false) };
        let entry = reader.entry(index)?.map(|(_, entry)| entry);
        Ok(entry.as_ref().and_then(Entry::submission).is_some_and(|it| it.body().tenant == tenant))
    };
    match api.read(is_own).await? {
        true => Ok(()),
        false => Err(ApiError::SubmissionRefused {
            id: submission.id().into(),
            reason: unknown.code(),
            detail: unknown.to_string(),
        }),
    }
}

/// The record that an operation ends, and what the ledger says when there is none.
fn ended(operation: &Operation) -> Option<(SubmissionId, Rejection)> {
    match operation {
        Operation::RetentionTombstone { artifact, .. } => {
            Some((*artifact, Rejection::UnknownArtifact { artifact: *artifact }))
        }
        Operation::AttestationRevoke { attestation, .. } => {
            Some((*attestation, Rejection::UnknownAttestation { attestation: *attestation }))
        }
        // These begin something, or belong to a tenant by the ledger's own rules, or end what is its author's: the
        // gateway's own keys, which `Gateway::sign` keeps for operators.
        Operation::ProofSubmit { .. }
        | Operation::ProofPrimitive(_)
        | Operation::BatchAnchor { .. }
        | Operation::ArtifactCommit { .. }
        | Operation::Session { .. }
        | Operation::Statement(_)
        | Operation::AttestationIssue { .. }
        | Operation::AttestationSeal(_)
        | Operation::IssuerSet(_)
        | Operation::IssuerKey(_)
        | Operation::IdentityCreate { .. }
        | Operation::KeyAdd { .. }
        | Operation::KeyRotate { .. }
        | Operation::KeyRevoke { .. }
        | Operation::ValidatorJoin { .. }
        | Operation::ValidatorLeave { .. }
        | Operation::ServiceEndorse { .. }
        | Operation::Job { .. }
        | Operation::Evidence { .. }
        | Operation::Signer(_) => None,
    }
}

async fn hand_over(api: &Api, envelope: Vec<u8>, id: SubmissionId) -> Result<SubmitReply, ApiError> {
    let (reply, verdict) = oneshot::channel();
    api.doors().submit.try_send(SubmitRequest { envelope, reply }).map_err(|fault| match fault {
        TrySendError::Full(_) => ApiError::Busy { retry_after_ms: DOOR_FULL_RETRY_MS },
        TrySendError::Closed(_) => ApiError::Stopping,
    })?;
    match tokio::time::timeout(VERDICT, verdict).await {
        Ok(Ok(reply)) => Ok(reply),
        // The node may have taken it before it went down, or may still take it: nobody knows.
        Ok(Err(_)) | Err(_) => Err(ApiError::NoVerdict { id: id.into() }),
    }
}
