//! `quorate export`: a quality-on-demand proof as the files its service would have left behind.
//!
//! `{sid}/artifact.json` and `{sid}/artifact_v1.json`, `proof_{sid}_{time}.json` and a summary of the run, which is
//! written also when the rest could not be had. The first three are the same wherever and whenever they are exported; the
//! artifact's file has the hash that the proof claims.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use client::Client;
use client::sessions::Answered;
use model::qod::Record;
use proto::canon::{Value, py_utf8};
use proto::session::SessionId;
use serde::Serialize;

use crate::commands::verify_proof::{reason, record_of, refused};
use crate::exit::Exit;
use crate::exit::Failure;
use crate::net::{self, Node};
use crate::output::Output;
use crate::{files, time};

/// Flags of `export`.
#[derive(Args, Debug)]
pub struct Export {
    /// The session: a UUID
    #[arg(value_parser = SessionId::parse)]
    session: SessionId,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Make the proof first, if it was not made yet; the node wants a token for that
    #[arg(long)]
    finalize: bool,
    /// The node's bearer token
    #[arg(long, env = "QUORATE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    #[command(flatten)]
    node: Node,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    session_id: String,
    this_hash: String,
    files: Vec<PathBuf>,
}

/// Three files' bytes, and the record they are of.
struct Parts {
    record: Record,
    artifact: String,
    wrapper: String,
}

/// Why there are none.
enum Refusal {
    Answered(Answered),
    Failed(Failure),
}

/// Fetches the files and writes them.
pub fn run(args: &Export, output: &Output) -> Result<Exit, Failure> {
    let begun = (time::now_ms(), Instant::now());
    let client = args.node.client()?;
    let client = match &args.token {
        Some(token) => client.with_token(token.clone()),
        None => client,
    };
    let fetched = net::runtime()?.block_on(fetch(&client, args));
    let written = match &fetched {
        Ok(parts) => write(args, parts),
        Err(Refusal::Answered(answered)) => Err(refused(answered)),
        Err(Refusal::Failed(failure)) => Err(Failure::new(failure.exit, &failure.message)),
    };
    let said = match (&fetched, &written) {
        (Err(Refusal::Answered(answered)), _) => reason(answered),
        (_, Err(failure)) => failure.message.to_string(),
        (_, Ok(_)) => "ok".to_owned(),
    };
    let summary = summarize(args, begun, fetched.as_ref().ok(), written.as_ref().ok(), &said)?;
    let mut files = written?;
    files.push(summary);
    let this_hash = fetched.map(|parts| parts.record.this_hash).unwrap_or_default();
    if output.is_json() {
        output.json(&Written { session_id: args.session.to_string(), this_hash, files });
        return Ok(Exit::Ok);
    }
    output.row("session", args.session);
    output.row("hash", this_hash);
    for file in files {
        output.row("wrote", file.display());
    }
    Ok(Exit::Ok)
}

async fn fetch(client: &Client, args: &Export) -> Result<Parts, Refusal> {
    let failed = |error| Refusal::Failed(net::refused(error));
    let whole = |answered: Answered| match answered.status {
        200 => Ok(answered),
        _ => Err(Refusal::Answered(answered)),
    };
    if args.finalize {
        whole(client.finalize_session(&args.session).await.map_err(failed)?)?;
    }
    let bundle = whole(client.session_bundle(&args.session).await.map_err(failed)?)?;
    let record = record_of(&bundle).map_err(Refusal::Failed)?;
    let mut texts = Vec::new();
    for file in ["artifact.json", "artifact_v1.json"] {
        texts.push(whole(client.session_file(&args.session, file).await.map_err(failed)?)?.body);
    }
    let [artifact, wrapper] = <[String; 2]>::try_from(texts)
        .map_err(|_| Refusal::Failed(Failure::internal("two files were asked for")))?;
    Ok(Parts { record, artifact, wrapper })
}

fn write(args: &Export, parts: &Parts) -> Result<Vec<PathBuf>, Failure> {
    let (to, sid) = (&args.to, args.session);
    let made = parts.record.proof.get("created_at").and_then(Value::as_text).unwrap_or_default();
    let made = stamp(made).ok_or_else(|| Failure::internal("the proof does not say when it was made"))?;
    folder(&to.join(sid.to_string()))?;
    let proof = py_utf8::encode(&parts.record.answer());
    let files = [
        (to.join(format!("{sid}/artifact.json")), parts.artifact.as_bytes()),
        (to.join(format!("{sid}/artifact_v1.json")), parts.wrapper.as_bytes()),
        (to.join(format!("proof_{sid}_{made}.json")), proof.as_slice()),
    ];
    files.into_iter().map(|(path, bytes)| files::write(&path, bytes).map(|()| path)).collect()
}

/// `20260306_000000` of a time in RFC 3339.
fn stamp(time: &str) -> Option<String> {
    let digits: String = time.get(..19)?.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 14).then(|| format!("{}_{}", &digits[..8], &digits[8..]))
}

fn folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|fault| files::unreadable(path, &fault))
}

/// Writes the summary of this run, whatever came of it.
fn summarize(
    args: &Export,
    begun: (u64, Instant),
    parts: Option<&Parts>,
    written: Option<&Vec<PathBuf>>,
    reason: &str,
) -> Result<PathBuf, Failure> {
    let (start_ms, clock) = begun;
    let start = time::utc(start_ms / 1_000);
    let made = stamp(&start).ok_or_else(|| Failure::internal("the time cannot be written"))?;
    let runs = args.to.join("run_summaries");
    folder(&runs)?;
    let path = runs.join(format!("run_{made}_{}.json", args.session));
    let record = parts.map(|parts| &parts.record);
    let text = |pick: fn(&Record) -> &str| Value::from(record.map(pick));
    let file = |at: usize| written.and_then(|files| files.get(at)).map(|path| path.display().to_string());
    let request = crypto::sha256(format!("{} {start_ms}", args.session).as_bytes()).to_string();
    let summary = Value::object([
        ("run_type", if args.finalize { "finalize_proof" } else { "export_proof" }.into()),
        ("request_id", request.get(..32).unwrap_or_default().into()),
        ("session_id", args.session.to_string().into()),
        (
            "build",
            Value::object([
                ("version", env!("CARGO_PKG_VERSION").into()),
                ("git_sha", option_env!("GIT_SHA").unwrap_or("unknown").into()),
                ("image_tag", option_env!("IMAGE_TAG").unwrap_or("unknown").into()),
            ]),
        ),
        (
            "timestamps",
            Value::object([
                ("start_utc", start.into()),
                ("end_utc", time::utc(time::now_ms() / 1_000).into()),
                ("duration_ms", time::ms(clock.elapsed()).into()),
            ]),
        ),
        ("result", Value::object([("success", written.is_some().into()), ("reason", reason.into())])),
        (
            "ids",
            Value::object([
                ("prev_hash", text(|record| &record.prev_hash)),
                ("this_hash", text(|record| &record.this_hash)),
                ("signature", text(|record| &record.signature)),
                ("kid", text(|record| &record.kid)),
                ("runtime_artifact_path", file(0).into()),
                ("wrapper_artifact_path", file(1).into()),
                ("proof_artifact_path", file(2).into()),
                ("run_summary_path", path.display().to_string().into()),
            ]),
        ),
        ("env", Value::object([("node", args.node.address().into())])),
    ]);
    files::write(&path, &py_utf8::encode(&summary))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_names_a_file() {
        for (time, expected) in [
            ("2026-03-06T00:00:00Z", Some("20260306_000000")),
            ("2026-03-06T01:02:03.004000Z", Some("20260306_010203")),
            ("2026-03-06", None),
            ("", None),
            ("../../../../../../../../..", None),
        ] {
            assert_eq!(stamp(time).as_deref(), expected);
        }
    }
}
