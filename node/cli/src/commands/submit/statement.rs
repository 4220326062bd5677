//! `quorate submit statement`: what others signed, as they signed it.
//!
//! Nothing is signed here. The file is read, what is ordered is made of it here and not by the node, so the id is known
//! before anything is sent; a key that is not in the file is given beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use crypto::{PublicKey, Scheme};
use model::entry::Wait;
use proto::statement::{Format, cose};
use proto::submission::Submission;
use serde_json::Value;

use super::sending::WaitFor;
use super::{keep_receipt, print};
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::{files, time};

/// Largest file with a key or a key set, in bytes.
const KEY_BYTES_MAX: usize = 64 << 10;

/// Flags of `submit statement`.
#[derive(Args, Debug)]
pub struct SubmitStatement {
    /// The file; `-` for stdin
    file: PathBuf,
    /// How it is signed: cose, jws, jws-json, dsse or http-signature [default: what it begins like]
    #[arg(long, value_parser = format, value_name = "FORMAT")]
    format: Option<Format>,
    /// A key that is not in the statement: a file with a JWK, or with a set of one or two
    #[arg(long, value_name = "FILE")]
    jwk: Vec<PathBuf>,
    /// Also write the receipt to this file, once it is final
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    node: Node,
    /// What to wait for
    #[arg(long, value_enum, default_value_t, value_name = "STATE")]
    wait: WaitFor,
    /// How long to wait at most
    #[arg(long, default_value = "10s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
}

fn format(name: &str) -> Result<Format, String> {
    let known = || format!("one of {}", Format::ALL.map(Format::name).join(", "));
    Format::from_name(name).ok_or_else(known)
}

/// Submits a statement and waits.
pub fn run(args: &SubmitStatement, output: &Output) -> Result<Exit, Failure> {
    let submission = read(args)?;
    let wait = if args.receipt.is_some() { Wait::Finalized } else { args.wait.into() };
    net::runtime()?.block_on(async {
        let client = args.node.client()?;
        if output.shows_progress() {
            output.note(format_args!("statement {} sent, waiting …", submission.id()));
        }
        let ticket = net::submit_and_wait(&client, &submission, wait, args.timeout).await;
        let ticket = ticket.map_err(net::refused).inspect_err(|_| {
            output.note(format_args!("the statement's id is {}", submission.id()));
        })?;
        let exit = net::exit_of(wait, ticket.state);
        print(&ticket, &args.node, output);
        if let (Some(path), Exit::Ok) = (&args.receipt, exit) {
            keep_receipt(&client, ticket.id, path, output).await?;
        }
        if exit == Exit::Unknown {
            let (id, flag) = (ticket.id, args.node.flag());
            output.note(format_args!("not there yet; ask again: quorate get {id}{flag}"));
        }
        Ok(exit)
    })
}

fn read(args: &SubmitStatement) -> Result<Submission, Failure> {
    let bytes = files::read(&args.file, cose::RECEIVED_BYTES_MAX)
        .map_err(|fault| files::unreadable(&args.file, &fault))?;
    let format = args.format.or_else(|| Format::detect(&bytes)).ok_or_else(|| {
        Failure::usage(format_args!("{} begins like no statement", args.file.display()))
            .hint("--format says how it is signed")
    })?;
    let mut keys = Vec::new();
    for path in &args.jwk {
        keys.extend(keys_of(path)?);
    }
    keys.sort();
    let made = match format {
        Format::Cose if keys.is_empty() => cose::submission(&bytes),
        // The line that an editor ends is no part of it, and no character of a JWS.
        Format::Jws => Submission::statement(format, bytes.trim_ascii_end(), keys),
        Format::Cose | Format::JwsJson | Format::Dsse | Format::Http => {
            Submission::statement(format, &bytes, keys)
        }
    };
    made.map_err(|fault| Failure::usage(format_args!("{}: {fault}", args.file.display())))
}

/// The keys of a file: a JWK, or a set.
fn keys_of(path: &Path) -> Result<Vec<PublicKey>, Failure> {
    let wrong = |fault: String| Failure::usage(format_args!("{}: {fault}", path.display()));
    let bytes = files::read(path, KEY_BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?;
    let value = model::strict::parse(&bytes, KEY_BYTES_MAX).map_err(|fault| wrong(fault.to_string()))?;
    let keys = match value.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.iter().map(key).collect(),
        None => key(&value).map(|key| vec![key]),
    };
    keys.map_err(wrong)
}

fn key(jwk: &Value) -> Result<PublicKey, String> {
    let (scheme, member) = match (jwk["kty"].as_str(), jwk["crv"].as_str(), jwk["alg"].as_str()) {
        (Some("OKP"), Some("Ed25519"), _) => (Scheme::Ed25519, "x"),
        (Some("AKP"), _, Some("ML-DSA-65")) => (Scheme::MlDsa65, "pub"),
        _ => return Err("a key that is neither OKP with Ed25519 nor AKP with ML-DSA-65".to_owned()),
    };
    let text = jwk[member].as_str().ok_or_else(|| format!("a key without {member:?}"))?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("{member:?} is not base64url"))?;
    PublicKey::parse(scheme, &bytes).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_rfc_8037_and_rfc_9964() {
        let ed25519 = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let value = serde_json::from_str(ed25519).expect("JSON");
        assert_eq!(
            key(&value).expect("a key").id().to_string(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        for bad in ["{}", "7", r#"{"kty":"EC"}"#, r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#] {
            assert!(key(&serde_json::from_str(bad).expect("JSON")).is_err(), "{bad}");
        }
    }
}
