//! `ledger_verify`: what this node makes of a receipt, under the policy of the epoch that its head is of, and by what it
//! knows by now of the key that signed: one that was revoked from before then on is not believed.
//!
//! A convenience. Who needs a verdict that binds runs the same checks offline, with a policy from elsewhere.

use ledger::LedgerReader;
use ledger::key::KeyStanding;
use model::error::ApiError;
use model::receipt::{CheckAnswer, CheckOutcome, VerifyAnswer, VerifyParams};
use proto::canonical::Canonical as _;
use proto::counter::TreeSize;
use proto::entry::Entry;
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::submission::Submission;
use verify::{Check, Ended, KeyEnd, KeyLife, Options, Outcome, verify_receipt_knowing};

use crate::api::{Api, Fault};

/// Checks a receipt.
///
/// # Errors
/// `ReceiptMalformed` when it is none; a receipt that does not hold is an answer. `Internal` when this node's own
/// validators give no policy.
pub(crate) async fn verify(api: &Api, params: VerifyParams) -> Result<VerifyAnswer, ApiError> {
    let VerifyParams { receipt, artifact } = params;
    let receipt = Receipt::from_json(&receipt.to_string())
        .map_err(|fault| ApiError::ReceiptMalformed { fault: fault.to_string() })?;
    let kept = api.kept().clone();
    // Signatures take a while to check: this belongs on a thread that may block.
    api.read(move |reader| {
        let size = verify::head_of(&receipt).map_or(TreeSize::ZERO, |head| head.size);
        let policy = Policy::of(&kept.reigned_at(reader, size)?.set).map_err(|fault| {
            tracing::error!(%fault, "the node's own validators give no policy");
            ApiError::Internal
        })?;
        let options =
            Options { submission: None, artifact: artifact.map(|artifact| artifact.0), freshness: None };
        let life = life(reader, &receipt)?;
        let report = verify_receipt_knowing(&policy, &receipt, options, &|_, _, _| life);
        Ok(VerifyAnswer { valid: report.is_true(), checks: report.checks.iter().map(answer).collect() })
    })
    .await
}

/// What became of the key that signed a receipt's entry, as this node knows it. Nothing of it is believed of the receipt:
/// what it says of itself only chooses the key to look up.
fn life(reader: &LedgerReader, receipt: &Receipt) -> Result<KeyLife, Fault> {
    let Ok(entry) = Entry::decode(&receipt.entry) else { return Ok(KeyLife::default()) };
    let Some(body) = entry.submission().map(Submission::body) else { return Ok(KeyLife::default()) };
    let identity = reader.identity(&body.author)?;
    let listed = identity.as_ref().and_then(|identity| identity.key(&body.key.id()));
    let Some(listed) = listed else { return Ok(KeyLife::default()) };
    let end = match listed.standing {
        KeyStanding::Active => None,
        KeyStanding::Retired { at } => Some(KeyEnd { at: at.index, how: Ended::Retired }),
        KeyStanding::Revoked { at, from } => Some(KeyEnd { at: at.index, how: Ended::Revoked(from) }),
    };
    Ok(KeyLife { listed: Some(listed.from.index), end })
}

fn answer(check: &Check) -> CheckAnswer {
    let (outcome, detail) = match &check.outcome {
        Outcome::Passed => (CheckOutcome::Passed, String::new()),
        Outcome::Failed(fault) => (CheckOutcome::Failed, fault.to_string()),
        Outcome::Skipped(why) => (CheckOutcome::Skipped, (*why).to_owned()),
    };
    CheckAnswer { code: check.code.as_str().to_owned(), outcome, detail }
}
