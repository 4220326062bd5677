//! `ledger_verify`: what this node makes of a receipt, under the policy of the epoch that its head is of.
//!
//! A convenience. Who needs a verdict that binds runs the same checks offline, with a policy from elsewhere.

use model::error::ApiError;
use model::receipt::{CheckAnswer, CheckOutcome, VerifyAnswer, VerifyParams};
use proto::counter::TreeSize;
use proto::policy::Policy;
use proto::receipt::Receipt;
use verify::{Check, Options, Outcome, verify_receipt};

use crate::api::Api;

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
        let report = verify_receipt(&policy, &receipt, options);
        Ok(VerifyAnswer { valid: report.is_true(), checks: report.checks.iter().map(answer).collect() })
    })
    .await
}

fn answer(check: &Check) -> CheckAnswer {
    let (outcome, detail) = match &check.outcome {
        Outcome::Passed => (CheckOutcome::Passed, String::new()),
        Outcome::Failed(fault) => (CheckOutcome::Failed, fault.to_string()),
        Outcome::Skipped(why) => (CheckOutcome::Skipped, (*why).to_owned()),
    };
    CheckAnswer { code: check.code.as_str().to_owned(), outcome, detail }
}
