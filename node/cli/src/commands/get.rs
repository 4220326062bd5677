//! `quorate get`: what became of a submission, or what a leaf says.

use std::str::FromStr;

use clap::Args;
use client::EntryName;
use model::entry::{Content, EntryAnswer};
use proto::counter::LeafIndex;
use proto::id::SubmissionId;

use crate::commands::submit::state_name;
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::time;

/// Flags of `get`.
#[derive(Args, Debug)]
pub struct Get {
    /// The submission's id, or an index in the log
    name: Name,
    #[command(flatten)]
    node: Node,
}

/// An entry by id or index.
#[derive(Clone, Copy, Debug)]
pub struct Name(pub EntryName);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse::<SubmissionId>() {
            return Ok(Self(EntryName::Id(id)));
        }
        let index = text.parse::<u64>().map_err(|_| {
            "an entry is named by its submission's id (64 lower-case hex digits) or its index".to_owned()
        })?;
        Ok(Self(EntryName::Index(LeafIndex::new(index))))
    }
}

/// Asks for an entry and prints it.
pub fn run(args: &Get, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    let entry = net::runtime()?.block_on(client.get(args.name.0)).map_err(net::refused)?;
    match output.is_json() {
        true => output.json(&entry),
        false => print(&entry, output),
    }
    Ok(Exit::Ok)
}

fn print(entry: &EntryAnswer, output: &Output) {
    if let Some(id) = entry.id {
        output.row("id", id);
    }
    output.row("state", state_name(entry.state));
    if let Some(rejection) = &entry.rejection {
        output.row("reason", format_args!("{} [{}]", rejection.reason, rejection.code));
    }
    if let (Some(height), Some(index)) = (entry.height, entry.index) {
        let time = entry.time_ms.map(|time| time::utc(time.0 / 1_000)).unwrap_or_default();
        output.row("place", format_args!("height {height}, index {index}, {time}"));
    }
    if let Some(size) = entry.checkpoint_size {
        output.row("checkpoint", format_args!("size {size}"));
    }
    match &entry.content {
        None => {}
        Some(Content::Genesis { network, origin }) => {
            output.row("genesis", format_args!("network {network}, log {origin}"));
        }
        Some(Content::Epoch { epoch, validators, policy }) => {
            output.row("epoch", format_args!("{epoch}: validators {validators}, policy {policy}"));
        }
        Some(Content::Block { view, accepted, rejected, .. }) => {
            output.row("block", format_args!("view {view}: {accepted} executed, {rejected} refused"));
        }
        Some(Content::Submission { tenant, author, operation, .. }) => {
            output.row("tenant", tenant);
            output.row("author", author);
            // The shapes of operations are those of JSON; another spelling of them would only drift.
            let operation = serde_json::to_string(operation).unwrap_or_default();
            output.row("operation", operation);
        }
    }
}
