//! `quorate audit-log`: who did what, and what was refused.
//!
//! `list` asks a node, `export` takes everything away with what shows it, so that `quorate verify` judges it without any
//! node; `check` looks whether somebody changed the store of a node that does not run.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use client::Client;
use ledger::LedgerReader;
use model::audit::{AuditItem, AuditParams, AuditSource};
use model::scalar::Uint;
use node::security_log;
use proto::counter::LeafIndex;
use serde::Serialize;
use store::disk::{Disk, OpenError};
use verify::Freshness;

use crate::commands::verify::Believed;
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::progress::Progress;

mod export;
mod judge;

pub use judge::is_export;

/// Items of a page.
const PAGE: u64 = 200;

/// What to do with the audit log.
#[derive(Subcommand, Debug)]
pub enum AuditLog {
    /// Show what was done and refused, the newest first
    List(List),
    /// Write all of it to a file, with proofs, for quorate verify
    Export(Export),
    /// Look whether somebody changed the store or the security log of a node that does not run
    Check(Check),
}

/// Which part of it.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// Whose [default: one's own; an operator's: everybody's]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// By whom: a DID, or the subject of a credential
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// What was done, such as key.revoke; request.refused
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// To what, by its id
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// At this time or later: RFC 3339 in UTC, or milliseconds since 1970
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only what the ledger says, or only what the node refused
    #[arg(long, value_enum, value_name = "SOURCE")]
    source: Option<Source>,
    /// The node's bearer token
    #[arg(long, env = "QUORATE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    #[command(flatten)]
    node: Node,
}

/// Where items come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// The ledger
    Ledger,
    /// The node's security log
    Local,
}

/// Flags of `audit-log list`.
#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// Stop behind so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Go on where another list ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

/// Flags of `audit-log export`.
#[derive(Args, Debug)]
pub struct Export {
    #[command(flatten)]
    which: Which,
    /// The file to write: JSON lines, the oldest first
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Flags of `audit-log check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Where the node keeps its data
    #[arg(long, env = "QUORATE_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

impl Which {
    fn params(&self) -> AuditParams {
        AuditParams {
            tenant: self.tenant.clone(),
            actor: self.actor.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            source: self.source.map(|source| match source {
                Source::Ledger => AuditSource::Ledger,
                Source::Local => AuditSource::Local,
            }),
            ..AuditParams::default()
        }
    }

    fn client(&self) -> Result<Client, Failure> {
        let client = self.node.client()?;
        Ok(match &self.token {
            Some(token) => client.with_token(token.clone()),
            None => client,
        })
    }
}

/// Does it.
pub fn run(command: &AuditLog, output: &Output) -> Result<Exit, Failure> {
    match command {
        AuditLog::List(args) => list(args, output),
        AuditLog::Export(args) => export::run(args, output),
        AuditLog::Check(args) => check(args, output),
    }
}

/// Judges what `export` wrote.
pub fn verify(
    path: &Path,
    believed: &Believed,
    freshness: Option<Freshness>,
    output: &Output,
) -> Result<Exit, Failure> {
    judge::run(path, believed.belief(), freshness, output)
}

#[derive(Serialize)]
struct Listed {
    items: Vec<AuditItem>,
    next_cursor: Option<String>,
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let client = args.which.client()?;
    let runtime = net::runtime()?;
    let mut listed = Listed { items: Vec::new(), next_cursor: args.after.clone() };
    loop {
        let rest = args.limit - listed.items.len() as u64;
        let params = AuditParams {
            after: listed.next_cursor.take(),
            limit: Some(Uint(rest.min(PAGE))),
            ..args.which.params()
        };
        let answer = runtime.block_on(client.audit(&params)).map_err(net::refused)?;
        listed.items.extend(answer.items);
        listed.next_cursor = answer.next_cursor;
        if listed.next_cursor.is_none() || listed.items.len() as u64 >= args.limit {
            break;
        }
    }
    if output.is_json() {
        output.json(&listed);
        return Ok(Exit::Ok);
    }
    for item in &listed.items {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        output.line(format_args!(
            "{}  {}  {}  {} {}  by {}",
            item.timestamp,
            word(&item.tenant_id),
            item.action,
            item.resource_type,
            item.resource_id,
            word(&item.actor),
        ));
    }
    if let Some(cursor) = &listed.next_cursor {
        output.note(format_args!("there is more: --after {cursor}"));
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Sound {
    leaves: u64,
    certified: Option<u64>,
    index_values: u64,
    notes: u64,
    notes_hash: String,
}

fn check(args: &Check, output: &Output) -> Result<Exit, Failure> {
    let notes = security_log::check_all(&args.dir).map_err(|fault| Failure::new(Exit::NotVerified, fault))?;
    let path = args.dir.join(node::wiring::STORE_DIR);
    let engine = store::disk::Engine::of(&path).ok_or_else(|| {
        Failure::usage(format_args!("there is no store in {}", args.dir.display()))
            .hint("--dir names the data directory of a node")
    })?;
    let disk = Disk::open(&path, engine).map_err(unopened)?;
    let disk = Arc::new(disk);
    let progress = Progress::new(output, "looking", "entries");
    let checked = ledger::audit::check(&*disk, LeafIndex::ZERO, &mut |done, of| progress.at(done, of));
    drop(progress);
    let checked = checked.map_err(changed)?;
    // A store without a genesis is nobody's.
    if LedgerReader::new(disk.clone()).tip().map_err(Failure::internal)?.is_none() {
        return Err(Failure::new(Exit::NotFound, "the store is empty"));
    }
    let sound = Sound {
        leaves: checked.size.get(),
        certified: checked.certified.map(proto::counter::TreeSize::get),
        index_values: checked.terms,
        notes: notes.next,
        notes_hash: notes.last.to_string(),
    };
    if output.is_json() {
        output.json(&sound);
        return Ok(Exit::Ok);
    }
    output.row("entries", format_args!("{}, each where it was", sound.leaves));
    match sound.certified {
        Some(size) => output.row("signed", format_args!("a quorum signed the head of {size}")),
        None => output.row("signed", "no head yet"),
    }
    output.row("index", format_args!("{} values, as the entries say", sound.index_values));
    output.row("notes", format_args!("{}, the newest has the hash {}", sound.notes, sound.notes_hash));
    output.line(output.paint(Tone::Good, "NOBODY CHANGED IT"));
    Ok(Exit::Ok)
}

/// A store that cannot be opened: in use, or none of ours, or it was changed.
fn unopened(fault: OpenError) -> Failure {
    match &fault {
        OpenError::Locked { .. } => {
            Failure::usage(fault).hint("a node that runs holds its store; look at it when it is stopped")
        }
        OpenError::Directory { .. } | OpenError::OtherEngine { .. } | OpenError::Format { .. } => {
            Failure::usage(fault)
        }
        OpenError::Log { .. }
        | OpenError::Lost { .. }
        | OpenError::Count { .. }
        | OpenError::Engine { .. } => changed(fault),
    }
}

fn changed(fault: impl Display) -> Failure {
    Failure::new(Exit::NotVerified, fault).hint("somebody changed the store, or the disk did")
}
