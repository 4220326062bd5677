//! `quorate node notes`: what a node noted of its callers, and whether somebody changed that since.

use std::path::PathBuf;

use clap::Args;
use node::security_log::{self, Checked, FILE_NAME, SecurityLogError};
use serde::Serialize;
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Flags of `node notes`.
#[derive(Args, Debug)]
pub struct Notes {
    /// Where the node keeps its data
    #[arg(long, env = "QUORATE_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// How many of the newest are shown
    #[arg(long, default_value_t = 20, value_name = "N")]
    last: usize,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
}

#[derive(Serialize)]
struct Answer {
    /// Number of notes since the log began.
    notes: u64,
    /// The hash of the newest, which no one can keep who changes an older one.
    hash: String,
    newest: Vec<Value>,
}

/// Checks the chain, and shows its end.
pub fn run(args: &Notes, output: &Output) -> Result<Exit, Failure> {
    let Checked { next, last, .. } = security_log::check_all(&args.dir).map_err(|fault| match fault {
        SecurityLogError::Io { .. } => Failure::usage(fault),
        SecurityLogError::Broken { .. } | SecurityLogError::Cut { .. } => Failure::new(Exit::NotVerified, fault)
            .hint("somebody changed it, or the disk did; put it and security.head aside, and the node begins another"),
    })?;
    if next == 0 {
        return Err(Failure::new(Exit::NotFound, format_args!("nothing is noted in {}", args.dir.display())));
    }
    let text = std::fs::read_to_string(args.dir.join(FILE_NAME)).unwrap_or_default();
    let notes = text.lines().rev().filter_map(|line| serde_json::from_str(line.split_once(' ')?.1).ok());
    let wanted = notes.filter(|note: &Value| !args.refused || note["code"] != "ok");
    let mut newest: Vec<Value> = wanted.take(args.last).collect();
    newest.reverse();
    if output.is_json() {
        output.json(&Answer { notes: next, hash: last.to_string(), newest });
        return Ok(Exit::Ok);
    }
    for note in &newest {
        let word = |name: &str| note[name].as_str().unwrap_or("-").to_owned();
        output.line(format_args!(
            "{:>8}  {}  {}  {}  {}  {} {}",
            note["number"],
            note["status"],
            word("code"),
            word("tenant"),
            word("subject"),
            word("method"),
            word("target"),
        ));
    }
    output.line(format_args!("{next} notes, the chain holds; the newest hash is {last}"));
    Ok(Exit::Ok)
}
