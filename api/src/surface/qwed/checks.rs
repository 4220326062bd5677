//! Verification by this node's own engine: arithmetic, and nothing else.
//!
//! What it cannot decide it says so of. What it decides it attests to if asked, and then nothing is verified without the
//! attestation.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::error::{AccessError, ApiError, SurfaceError};
use model::qwed::{AttestationResult, IssueParams, QwedCheckAnswer, QwedCheckParams};
use serde_json::{Map, Value};

use super::issuing::issue;
use super::proof::{ENGINE, Verdict, Worked, work_out};
use super::token::{hash_of, tagged};
use super::{CREATE, attested, idempotency};
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::principal::Principal;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// `POST /verify/math`.
pub(super) async fn math(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params: QwedCheckParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let text = params.expression.clone().or_else(|| params.query.clone());
    answer(&context, &principal, &headers, params, text, "expression").await
}

/// `POST /verify/natural_language`: words are not understood here, but a statement of arithmetic may be all there is.
pub(super) async fn words(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params: QwedCheckParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let text = params.query.clone().or_else(|| params.expression.clone());
    answer(&context, &principal, &headers, params, text, "query").await
}

/// `POST /verify/logic` and `POST /verify/code`: nothing here decides these, so of what is asked nothing is read.
pub(super) async fn undecided(headers: HeaderMap, body: Body) -> Result<Response, Failure> {
    let _: Map<String, Value> = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let message = "no engine of this node decides this";
    Ok(respond::json(StatusCode::OK, Keep::Never, &unverifiable("none", message.to_owned())))
}

fn unverifiable(engine: &str, message: String) -> QwedCheckAnswer {
    QwedCheckAnswer {
        status: "UNVERIFIABLE".to_owned(),
        is_valid: false,
        engine: engine.to_owned(),
        message,
        attestation: None,
        proof_ref: None,
        proof: None,
        admission: "BLOCKED".to_owned(),
        jti: None,
        attestation_result: None,
    }
}

async fn answer(
    context: &Context,
    principal: &Principal,
    headers: &HeaderMap,
    params: QwedCheckParams,
    text: Option<String>,
    member: &str,
) -> Result<Response, Failure> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let fault = format!("{member}: is missing");
        return Err(ApiError::from(SurfaceError::Unprocessable { fault }).into());
    };
    let Worked { verdict, message, trace } = work_out(&text);
    let (status, verified, admission) = match verdict {
        Verdict::Holds => ("VERIFIED", true, "ADMIT"),
        Verdict::Fails => ("FAILED", false, "BLOCKED"),
        Verdict::Unknown => {
            return Ok(respond::json(StatusCode::OK, Keep::Never, &unverifiable(ENGINE, message)));
        }
    };
    let mut answer = QwedCheckAnswer {
        status: status.to_owned(),
        is_valid: verified,
        message,
        admission: admission.to_owned(),
        proof_ref: Some(tagged(&hash_of(&trace))),
        proof: Some(trace.clone()),
        ..unverifiable(ENGINE, String::new())
    };
    if !params.include_attestation {
        return Ok(respond::json(StatusCode::OK, Keep::Never, &answer));
    }
    if !principal.scopes.allow(CREATE) {
        let found = principal.scopes.to_string();
        return Err(ApiError::from(AccessError::Scope { needed: CREATE, found }).into());
    }
    let asked = IssueParams {
        status: status.to_owned(),
        verified,
        engine: ENGINE.to_owned(),
        query: text,
        proof_data: Some(trace),
        admission: Some(admission.to_owned()),
        chain: idempotency(params.chain, headers)?,
        ..IssueParams::default()
    };
    let result = issue(&context.api, &principal.tenant, asked).await?.result;
    let token = result.token.clone();
    attach(&mut answer, result);
    Ok(attested(respond::json(StatusCode::OK, Keep::Never, &answer), token.as_deref()))
}

/// Fails closed: what was asked to be attested to and is not, is not verified.
fn attach(answer: &mut QwedCheckAnswer, result: AttestationResult) {
    if !result.is_issued {
        if answer.is_valid {
            answer.status = "BLOCKED".to_owned();
        }
        answer.is_valid = false;
        answer.admission = "BLOCKED".to_owned();
    }
    (answer.attestation, answer.jti) = (result.token.clone(), result.jti.clone());
    answer.attestation_result = Some(result);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::qwed::issuing::Blocked;

    #[test]
    fn nothing_is_verified_without_the_attestation_that_was_asked_for() {
        for blocked in [Blocked::SigningFailure, Blocked::CryptoUnavailable, Blocked::NotRecorded] {
            let mut answer = QwedCheckAnswer {
                status: "VERIFIED".to_owned(),
                is_valid: true,
                admission: "ADMIT".to_owned(),
                ..unverifiable(ENGINE, String::new())
            };
            attach(&mut answer, blocked.result("why").result);
            assert_eq!((answer.status.as_str(), answer.is_valid), ("BLOCKED", false));
            assert_eq!((answer.admission.as_str(), answer.attestation), ("BLOCKED", None));
        }
    }
}
