//! `quorate audit-log export`: the audit log as a file that shows what it says.
//!
//! JSON lines. The first says whose it is and under which head everything is proven; then come the items, the oldest first,
//! each with its leaf and inclusion proof or with its note and the digests of the notes between it and the next, and each
//! with its hash in a chain of events, for those who expect one. Nothing here is the file's own word but the chain of
//! events, and that follows from the rest. That nothing was left out of it is not shown: `quorate audit` computes the
//! whole log.

use model::audit::{AuditHead, AuditItem, AuditParams, GENESIS};
use model::scalar::{Hash, Position, Uint};
use serde::{Deserialize, Serialize};

use super::{Export, PAGE};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::net;
use crate::output::Output;
use crate::progress::Progress;

/// The version of the file.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// [`VERSION`].
    pub quorate_audit: u32,
    /// The network.
    pub network: String,
    /// Whose; null: everybody's.
    pub tenant: Option<String>,
    /// Number of items.
    pub items: u64,
    /// Under which head the entries are proven.
    pub checkpoint: AuditHead,
    /// Where the node's chain of notes ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes_hash: Option<Hash>,
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// What was done, or refused.
    pub item: AuditItem,
    /// Its place in the chain of events.
    pub event: Event,
}

/// A link of the chain of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    /// The hash of the event before, of the tenant's or, in a log of everybody, of all.
    pub hash_previous: String,
    /// Its own.
    pub hash: String,
}

#[derive(Serialize)]
struct Written {
    items: u64,
    size: u64,
    event_hash: String,
    file: String,
}

/// Fetches and writes it.
pub(super) fn run(args: &Export, output: &Output) -> Result<Exit, Failure> {
    let client = args.which.client()?;
    let runtime = net::runtime()?;
    let network = runtime.block_on(client.status()).map_err(net::refused)?.network.to_string();
    let progress = Progress::new(output, "fetching", "items");
    let (mut items, mut head): (Vec<AuditItem>, Option<AuditHead>) = (Vec::new(), None);
    let mut after = None;
    loop {
        let prove = head.as_ref().map_or(Position::Latest, |head| Position::At(head.size.0));
        let params =
            AuditParams { after, limit: Some(Uint(PAGE)), prove: Some(prove), ..args.which.params() };
        let answer = runtime.block_on(client.audit(&params)).map_err(net::refused)?;
        items.extend(answer.items);
        progress.at(items.len() as u64, items.len() as u64);
        head = head.or(answer.checkpoint);
        after = answer.next_cursor;
        if after.is_none() {
            break;
        }
    }
    drop(progress);
    let checkpoint = head.ok_or_else(|| Failure::internal("the node proved nothing"))?;
    let notes_hash = items.iter().find_map(|item| item.local.as_ref()).map(|newest| {
        let behind = newest.behind.iter().flatten();
        Hash(behind.fold(newest.hash.0, |hash, digest| node::security_log::hash(&hash, &digest.0)))
    });
    items.reverse();
    let header = Header {
        quorate_audit: VERSION,
        network,
        tenant: args.which.tenant.clone(),
        items: items.len() as u64,
        checkpoint,
        notes_hash,
    };
    let mut bytes = line(&header)?;
    let mut hash_previous = GENESIS.to_owned();
    for item in items {
        let hash = item.event_hash(&hash_previous).to_string();
        let event = Event { hash_previous, hash: hash.clone() };
        bytes.extend(line(&Line { item, event })?);
        hash_previous = hash;
    }
    files::write(&args.out, &bytes)?;
    let written = Written {
        items: header.items,
        size: header.checkpoint.size.0,
        event_hash: hash_previous,
        file: args.out.display().to_string(),
    };
    if output.is_json() {
        output.json(&written);
        return Ok(Exit::Ok);
    }
    output.row("wrote", format_args!("{} items to {}", written.items, written.file));
    output.row("head", format_args!("of {} entries", written.size));
    output.row("events", format_args!("the newest has the hash {}", written.event_hash));
    output.note(format_args!("quorate verify {} --policy FILE judges it without any node", written.file));
    Ok(Exit::Ok)
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec(value).map_err(Failure::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}
