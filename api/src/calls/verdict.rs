//! `ledger_verify`, `ledger_verifyBatch`: what this node makes of receipts, under the policy of the epoch that a receipt's
//! head is of, and by what it knows by now of the key that signed: one that was revoked from before then on is not believed.
//!
//! A convenience. Who needs a verdict that binds runs the same checks offline, with a policy from elsewhere.

use std::collections::BTreeMap;

use ledger::LedgerReader;
use ledger::key::KeyStanding;
use model::error::ApiError;
use model::receipt::{
    CheckAnswer, CheckOutcome, VerifyAnswer, VerifyBatchAnswer, VerifyBatchParams, VerifyParams,
};
use model::scalar::{Bytes, Uint};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, TreeSize};
use proto::entry::Entry;
use proto::policy::Policy;
use proto::receipt::{Bundle, Receipt};
use proto::submission::Submission;
use serde_json::Value;
use verify::{Belief, Check, Ended, KeyEnd, KeyLife, Memory, Options, Outcome, Report};

use crate::api::{Api, Fault};
use crate::kept::Kept;

/// Most receipts of one batch.
pub(crate) const RECEIPTS_MAX: usize = 1_000;
/// The check that what is no receipt fails; it stands before all others.
const FORMAT: &str = "receipt_format";

/// Checks a receipt.
///
/// # Errors
/// `ReceiptMalformed` when it is none; a receipt that does not hold is an answer. `Internal` when this node's own
/// validators give no policy.
pub(crate) async fn verify(api: &Api, params: VerifyParams) -> Result<VerifyAnswer, ApiError> {
    let VerifyParams { receipt, artifact } = params;
    let bundle = read(&receipt).map_err(|fault| ApiError::ReceiptMalformed { fault })?;
    let options = Options { artifact: artifact.map(|artifact| artifact.0), ..Options::default() };
    let kept = api.kept().clone();
    // Signatures take a while to check: this belongs on a thread that may block.
    api.read(move |reader| Ok(answer(&Judges::default().judge(&kept, reader, &bundle, options)?))).await
}

/// Checks many receipts. Equal checkpoints are judged once.
///
/// # Errors
/// `InvalidParams` when they are too many, `Internal` as for one.
pub(crate) async fn verify_batch(
    api: &Api,
    params: VerifyBatchParams,
) -> Result<VerifyBatchAnswer, ApiError> {
    let VerifyBatchParams { items } = params;
    if items.len() > RECEIPTS_MAX {
        let fault = format!("{} receipts, at most {RECEIPTS_MAX} are verified at once", items.len());
        return Err(ApiError::InvalidParams { fault });
    }
    let kept = api.kept().clone();
    api.read(move |reader| {
        let mut judges = Judges::default();
        let mut results = Vec::with_capacity(items.len());
        for VerifyParams { receipt, artifact } in items {
            let options = Options { artifact: artifact.map(|artifact| artifact.0), ..Options::default() };
            results.push(match read(&receipt) {
                Ok(bundle) => answer(&judges.judge(&kept, reader, &bundle, options)?),
                Err(fault) => unread(fault),
            });
        }
        let invalid = results.iter().filter(|result| !result.valid).count();
        Ok(VerifyBatchAnswer { valid: invalid == 0, invalid: Uint(invalid as u64), results })
    })
    .await
}

/// The policies of the epochs met, and what was learned under each.
#[derive(Default)]
struct Judges(BTreeMap<Epoch, (Policy, Memory)>);

impl Judges {
    fn judge(
        &mut self,
        kept: &Kept,
        reader: &LedgerReader,
        bundle: &Bundle,
        options: Options,
    ) -> Result<Report, Fault> {
        let size = verify::head_of(&bundle.receipt).map_or(TreeSize::ZERO, |head| head.size);
        let reigned = kept.reigned_at(reader, size)?;
        let (policy, memory) = match self.0.entry(reigned.set.epoch()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let policy = Policy::of(&reigned.set).map_err(|fault| {
                    tracing::error!(%fault, "the node's own validators give no policy");
                    ApiError::Internal
                })?;
                new.insert((policy, Memory::new()))
            }
        };
        let life = life(reader, &bundle.receipt)?;
        Ok(Belief::Policy(policy).verify_knowing(bundle, options, &|_, _, _| life, Some(memory)))
    }
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

/// Reads a receipt as it stands in a question: an object, or the base64 of one in COSE.
fn read(receipt: &Value) -> Result<Bundle, String> {
    let bytes = match receipt {
        Value::String(text) if text.len() > Receipt::COSE_BYTES_MAX.div_ceil(3) * 4 => {
            return Err(format!("a COSE receipt of {} base64 characters is too long", text.len()));
        }
        Value::String(_) => {
            let Bytes(bytes) = serde_json::from_value(receipt.clone()).map_err(|fault| fault.to_string())?;
            bytes
        }
        other => other.to_string().into_bytes(),
    };
    Bundle::read(&bytes, None).map_err(|fault| fault.to_string())
}

fn answer(report: &Report) -> VerifyAnswer {
    VerifyAnswer { valid: report.is_true(), checks: report.checks.iter().map(check).collect() }
}

fn check(check: &Check) -> CheckAnswer {
    let (outcome, detail) = match &check.outcome {
        Outcome::Passed => (CheckOutcome::Passed, String::new()),
        Outcome::Failed(fault) => (CheckOutcome::Failed, fault.to_string()),
        Outcome::Skipped(why) => (CheckOutcome::Skipped, (*why).to_owned()),
    };
    CheckAnswer { code: check.code.as_str().to_owned(), outcome, detail }
}

fn unread(fault: String) -> VerifyAnswer {
    let check = CheckAnswer { code: FORMAT.to_owned(), outcome: CheckOutcome::Failed, detail: fault };
    VerifyAnswer { valid: false, checks: vec![check] }
}
