//! `quorate policy`: the file that says whom to believe: made, put in words, checked.
//!
//! Trust comes from this file alone, so making one is the moment to look where it comes from: `init` says aloud when all
//! it has is the word of the node that was asked.

mod check;
mod init;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use proto::note::NoteKey;
use proto::policy::Policy;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;

use check::Check;
use init::Init;

/// Commands of `policy`.
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Make a policy of a network's validators, and of witnesses outside
    Init(Init),
    /// Say in plain words whom a policy believes
    Show(Show),
    /// Check a policy, and which signatures of a receipt count under it
    Check(Check),
}

/// Flags of `policy show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The policy (C2SP tlog-policy); `-` for stdin
    policy: PathBuf,
}

/// Runs a command of `policy`.
pub fn run(command: &PolicyCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Init(args) => init::run(args, output),
        PolicyCommand::Show(args) => show(args, output),
        PolicyCommand::Check(args) => check::run(args, output),
    }
}

/// Reads a policy.
///
/// # Errors
/// `NoTrust`, naming the line.
pub fn read(path: &Path) -> Result<Policy, Failure> {
    let refused = |fault: String| Failure::new(Exit::NoTrust, format_args!("{}: {fault}", path.display()));
    let bytes = files::read(path, Policy::BYTES_MAX)
        .map_err(|fault| refused(format!("cannot read the policy: {fault}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("the policy is not UTF-8 text".to_owned()))?;
    text.parse::<Policy>().map_err(|fault| refused(fault.to_string()))
}

#[derive(Serialize)]
struct Shown {
    quorum: String,
    logs: Vec<Key>,
    witnesses: Vec<Key>,
}

/// A key, by what tells it from others.
#[derive(Serialize)]
struct Key {
    /// Its name in the policy; a log's is its origin.
    name: String,
    /// The name it signs under.
    signs_as: String,
    key_id: String,
    kind: &'static str,
    url: Option<String>,
}

impl Key {
    fn of(name: &str, key: &NoteKey, url: &Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            signs_as: key.name().to_string(),
            key_id: key.id().to_string(),
            kind: words::kind(key),
            url: url.clone(),
        }
    }
}

fn show(args: &Show, output: &Output) -> Result<Exit, Failure> {
    let policy = read(&args.policy)?;
    let shown = Shown {
        quorum: words::quorum(&policy),
        logs: policy.logs().iter().map(|log| Key::of(log.key.name().as_str(), &log.key, &log.url)).collect(),
        witnesses: policy.witnesses().iter().map(|one| Key::of(&one.name, &one.key, &one.url)).collect(),
    };
    if output.is_json() {
        output.json(&shown);
        return Ok(Exit::Ok);
    }
    output.row("believes", words::logs(&policy));
    output.row("cosigned by", &shown.quorum);
    for key in shown.logs.iter().chain(&shown.witnesses) {
        let url = key.url.as_ref().map(|url| format!("  {url}")).unwrap_or_default();
        output.row("key", format_args!("{}  {}  {}{url}", key.key_id, key.name, key.kind));
    }
    Ok(Exit::Ok)
}
