//! `quorate verify-proof`: a quality-on-demand proof, checked here with the keys its service publishes.
//!
//! What is trusted is the key set at that address, as the service's own verifier trusts it; a receipt (`quorate receipt`)
//! of the entry that finalized it needs less trust. Exit codes are those of that verifier: 0 when it holds, 1 when it
//! does not, 2 for wrong usage; what cannot be asked at all ends as everywhere.

use clap::Args;
use client::Client;
use client::sessions::Answered;
use crypto::{PublicKey, Scheme};
use model::jwks::{Jwk, Jwks};
use model::qod::{Before, Record, Verdict};
use proto::canon::{self, Value, py_utf8};
use proto::session::SessionId;

use crate::exit::{Exit, Failure};
use crate::net;
use crate::output::{Output, Tone};

/// Flags of `verify-proof`.
#[derive(Args, Debug)]
pub struct VerifyProof {
    /// The service's address
    #[arg(value_name = "BASE_URL")]
    base_url: String,
    /// The session: a UUID
    #[arg(value_parser = SessionId::parse)]
    session: SessionId,
}

/// Fetches and checks it.
pub fn run(args: &VerifyProof, output: &Output) -> Result<Exit, Failure> {
    let client = net::client(&args.base_url)?;
    let (bundle, jwks) = net::runtime()?.block_on(fetch(&client, &args.session))?;
    let record = record_of(&bundle)?;
    let key = key_of(&jwks, &record.kid);
    let verdict = Verdict::of(&record, key.as_ref(), Before::Unknown);
    let session = args.session.to_string();
    let its = record.proof.get("session_id").and_then(Value::as_text) == Some(session.as_str());
    let holds = verdict.verified() && its;
    let reason = if its { verdict.reason() } else { "session_mismatch" };
    let Value::Object(mut answer) = verdict.answer(&session, &record) else {
        return Err(Failure::internal("a verdict is an object"));
    };
    answer.insert("verified".to_owned(), holds.into());
    answer.insert("reason".to_owned(), reason.into());
    // Nobody was asked what stands before it.
    answer.insert("chain_continuity_verified".to_owned(), Value::Null);
    let answer: serde_json::Value = serde_json::from_slice(&py_utf8::encode(&Value::Object(answer)))
        .map_err(|fault| Failure::internal(format_args!("a verdict is no JSON: {fault}")))?;
    // The numbers of that service's own verifier, which scripts branch on.
    let end = if holds { Exit::Ok } else { Exit::Internal };
    if output.is_json() {
        output.json(&answer);
        return Ok(end);
    }
    match verdict.signature_verified {
        true => output.line(output.paint(Tone::Good, "SIGNATURE VALID")),
        false => output.line(output.paint(Tone::Bad, "SIGNATURE INVALID")),
    }
    output.line(format_args!("kid: {}", record.kid));
    match holds {
        true => output.line("verification successful"),
        false => output.line(format_args!("verification failed: {reason}")),
    }
    Ok(end)
}

async fn fetch(client: &Client, session: &SessionId) -> Result<(Answered, Jwks), Failure> {
    let bundle = client.session_bundle(session).await.map_err(net::refused)?;
    let jwks = client.jwks().await.map_err(net::refused)?;
    Ok((bundle, jwks))
}

/// The record in an answer.
///
/// # Errors
/// `NotFound`, `Refused` or `Internal`, by the status; `Internal` when it is no record.
pub fn record_of(answered: &Answered) -> Result<Record, Failure> {
    if answered.status != 200 {
        return Err(refused(answered));
    }
    let unreadable = |fault: String| Failure::internal(format_args!("the answer is no record: {fault}"));
    let value = canon::read(&answered.body).map_err(|fault| unreadable(fault.to_string()))?;
    Record::read(&value).map_err(unreadable)
}

/// What a refusal of that service means to the user.
pub fn refused(answered: &Answered) -> Failure {
    let exit = match answered.status {
        404 | 410 => Exit::NotFound,
        504 => Exit::Unknown,
        400..=499 => Exit::Refused,
        _ => Exit::Internal,
    };
    Failure::new(exit, reason(answered))
}

/// A refusal in one line: `http_404: …`.
pub fn reason(answered: &Answered) -> String {
    let body = canon::read(&answered.body).ok();
    let detail = body.as_ref().and_then(|body| body.get("detail")).and_then(Value::as_text);
    format!("http_{}: {}", answered.status, detail.unwrap_or("no reason is given"))
}

fn key_of(jwks: &Jwks, kid: &str) -> Option<PublicKey> {
    use base64::Engine as _;
    let found = jwks.keys.iter().find_map(|jwk| match jwk {
        Jwk::Okp { kid: name, x, .. } if name == kid => Some(x),
        Jwk::Okp { .. } | Jwk::Akp { .. } | Jwk::Ec { .. } => None,
    })?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(found).ok()?;
    PublicKey::parse(Scheme::Ed25519, &bytes).ok()
}
