//! What proves an answer: given, in the ledger, or worked out here. Nothing is verified without.

use arithmetic::{Decided, Undecided, decide};
use crypto::Digest;
use ledger::Outcome;
use model::error::ApiError;
use model::qwed::IssueParams;
use serde_json::json;

use super::issuing::Blocked;
use super::token::{hash_of, untagged};
use crate::api::{Api, Fault};

/// The engine that this node has.
pub(super) const ENGINE: &str = "math";

/// The hash of what proves what a request says, or why there is none.
///
/// Of what is not verified the hash is that of the refusal itself, so that every token has one.
///
/// # Errors
/// What the store fails with.
pub(super) async fn of(
    api: &Api,
    params: &IssueParams,
) -> Result<Result<Digest, (Blocked, String)>, ApiError> {
    let IssueParams { verified, proof_data, proof_hash, record, strict, .. } = params;
    let given = proof_hash.as_deref().map(untagged);
    if given == Some(None) {
        let fault = "proof_hash: is sha256: and 64 lower-case hex digits".to_owned();
        return Ok(Err((Blocked::InvalidProofHash, fault)));
    }
    let given = given.flatten();
    let data = proof_data.as_deref().filter(|data| !data.is_empty()).map(hash_of);
    let mut found = match (given, data) {
        (Some(given), Some(data)) if given != data => {
            let fault = format!("proof_data has another hash than proof_hash: sha256:{data}");
            return Ok(Err((Blocked::InvalidProofHash, fault)));
        }
        (given, data) => given.or(data),
    };
    if let Some(record) = record {
        let id = record.submission();
        let outcome = api.read(move |reader| reader.by_id(&id).map_err(Fault::Store)).await?;
        match outcome {
            Some(Outcome::Committed { .. }) if found.is_none_or(|found| found == *id.digest()) => {
                found = Some(*id.digest());
            }
            Some(Outcome::Committed { .. }) => {
                let fault = "record: is another proof than proof_hash or proof_data".to_owned();
                return Ok(Err((Blocked::InvalidProofHash, fault)));
            }
            Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => {
                let fault = format!("record: the ledger holds no {id}");
                return Ok(Err((Blocked::VerifiedWithoutProof, fault)));
            }
        }
    }
    if let Some(found) = found {
        return Ok(Ok(found));
    }
    let worked_out = match !strict && params.engine == ENGINE {
        true => Some(work_out(&params.query)),
        false => None,
    };
    Ok(match (worked_out, verified) {
        (Some(Worked { verdict: Verdict::Holds, trace, .. }), true) => Ok(hash_of(&trace)),
        (Some(Worked { message, .. }), true) => Err((
            Blocked::VerifiedWithoutProof,
            format!("it is called verified, and here it is not: {message}"),
        )),
        (None, true) => {
            Err((Blocked::VerifiedWithoutProof, "it is called verified, and nothing proves it".to_owned()))
        }
        (Some(Worked { trace, .. }), false) => Ok(hash_of(&trace)),
        (None, false) => Ok(hash_of(&json!({ "status": params.status, "query": params.query }).to_string())),
    })
}

/// Whether what is to be signed as an admission may be. The proof is there, or nothing came so far.
pub(super) fn may_admit(params: &IssueParams) -> Result<(), String> {
    match params.admission.as_deref() {
        None | Some("BLOCKED") => Ok(()),
        Some("ADMIT") if params.status == "VERIFIED" && params.verified => Ok(()),
        Some("ADMIT") => Err("admission: ADMIT is for what is VERIFIED".to_owned()),
        Some(_) => Err("admission: is ADMIT or BLOCKED".to_owned()),
    }
}

/// What this node made of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Worked {
    pub(super) verdict: Verdict,
    /// In words.
    pub(super) message: String,
    /// All of it, so that who has it needs nobody to work it out again.
    pub(super) trace: String,
}

/// Whether it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    Unknown,
}

/// Works a statement of arithmetic out.
pub(super) fn work_out(text: &str) -> Worked {
    let trace = |said: serde_json::Value| {
        json!({ "engine": "quorate-arithmetic", "version": 1, "expression": text, "result": said })
            .to_string()
    };
    match decide(text) {
        Ok(Decided::Claim { left, relation, right, holds }) => Worked {
            verdict: if holds { Verdict::Holds } else { Verdict::Fails },
            message: match holds {
                true => format!("{left} {relation} {right}"),
                false => format!("not so: {left} {relation} {right}"),
            },
            trace: trace(
                json!({ "left": left, "relation": relation.to_string(), "right": right, "holds": holds }),
            ),
        },
        Ok(Decided::Value(value)) => Worked {
            verdict: Verdict::Unknown,
            message: format!("nothing is claimed of {value}"),
            trace: trace(json!({ "value": value })),
        },
        Err(fault) => unknown(&fault, &trace),
    }
}

fn unknown(fault: &Undecided, trace: &dyn Fn(serde_json::Value) -> String) -> Worked {
    let message = fault.to_string();
    Worked { verdict: Verdict::Unknown, trace: trace(json!({ "undecided": message })), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decided_is_not_called_false() {
        for (text, verdict) in [
            ("2+2=4", Verdict::Holds),
            ("2+2=5", Verdict::Fails),
            ("2+2", Verdict::Unknown),
            ("the sky is blue", Verdict::Unknown),
            ("1/0=1", Verdict::Unknown),
        ] {
            assert_eq!(work_out(text).verdict, verdict, "{text}");
        }
        assert_eq!(work_out("2+2=4"), work_out("2+2=4"));
    }

    #[test]
    fn only_what_is_verified_is_admitted() {
        let asked = |status: &str, verified, admission: Option<&str>| {
            may_admit(&IssueParams {
                status: status.to_owned(),
                verified,
                admission: admission.map(str::to_owned),
                ..IssueParams::default()
            })
        };
        assert!(asked("VERIFIED", true, Some("ADMIT")).is_ok());
        assert!(asked("FAILED", false, Some("BLOCKED")).is_ok());
        assert!(asked("FAILED", false, None).is_ok());
        for (status, verified, admission) in
            [("FAILED", false, "ADMIT"), ("CORRECTED", true, "ADMIT"), ("VERIFIED", true, "MAYBE")]
        {
            assert!(asked(status, verified, Some(admission)).is_err(), "{status} {admission}");
        }
    }
}
