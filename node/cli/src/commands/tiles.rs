//! `quorate tiles`: the log as files. `publish` writes them from a node, `fsck` compares each with what the checkpoint
//! says it must be.

use std::path::{Path, PathBuf};

use archive::place::IfMissing;
use archive::{ArchiveError, Checked, Fault, Place, Publisher, Source, Stated, Walk, fsck};
use clap::{Args, Subcommand};
use serde::Serialize;
use verify::{CheckpointFacts, verify_checkpoint};

use crate::commands::verify::read_policy;
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::progress::Progress;

/// Most faults that are shown to people; all are counted.
const SHOWN_MAX: usize = 20;

/// Commands of `tiles`.
#[derive(Subcommand, Debug)]
pub enum TilesCommand {
    /// Write a node's log as files, or what is new of it
    Publish(Publish),
    /// Check every file of a published log, or of a node
    Fsck(Fsck),
}

/// Flags of `tiles publish`.
#[derive(Args, Debug)]
pub struct Publish {
    #[command(flatten)]
    node: Node,
    /// Where to: a directory, or file://, s3://, gs:// or az://; credentials come from the environment, by the names
    /// that each cloud's own tools use
    #[arg(long, value_name = "PLACE")]
    to: String,
}

/// Flags of `tiles fsck`.
#[derive(Args, Debug)]
pub struct Fsck {
    /// Where the files are: a directory, file://, s3://, gs:// or az://, or http(s):// of a node or of any server of
    /// such files
    place: String,
    /// Whom to believe the checkpoint: a C2SP tlog-policy [default: nobody is asked, and this is said]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Performs a command of `tiles`.
pub fn run(command: &TilesCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        TilesCommand::Publish(args) => publish(args, output),
        TilesCommand::Fsck(args) => check(args, output),
    }
}

/// What a failure with files means to the user.
pub fn failed(fault: ArchiveError) -> Failure {
    let exit = match &fault {
        ArchiveError::Address { .. } => Exit::Usage,
        ArchiveError::Missing { .. } => Exit::NotFound,
        ArchiveError::Store { .. } => Exit::Unreachable,
        ArchiveError::Ahead { .. } => Exit::Refused,
        ArchiveError::OtherBytes { .. }
        | ArchiveError::ArtifactTooLarge { .. }
        | ArchiveError::TooLarge { .. }
        | ArchiveError::Malformed { .. }
        | ArchiveError::Note { .. }
        | ArchiveError::Head { .. }
        | ArchiveError::OtherLog { .. }
        | ArchiveError::TwoRoots { .. }
        | ArchiveError::Published { .. }
        | ArchiveError::Source { .. } => Exit::NotVerified,
        ArchiveError::Read(_) => Exit::Internal,
    };
    let hint = match &fault {
        ArchiveError::Missing { .. } => {
            Some("is a log published there? A node has a checkpoint once one is final")
        }
        ArchiveError::Ahead { .. } => Some("another node may be further: ask it, or come again later"),
        ArchiveError::TwoRoots { .. } => Some("keep both checkpoints: together they convict who signed both"),
        ArchiveError::Published { .. } => Some("quorate tiles fsck names the files that are bad"),
        ArchiveError::Store { .. } => {
            Some("is it the right place, does it answer, and may we? Asking again is safe")
        }
        ArchiveError::Address { .. }
        | ArchiveError::OtherBytes { .. }
        | ArchiveError::ArtifactTooLarge { .. }
        | ArchiveError::TooLarge { .. }
        | ArchiveError::Malformed { .. }
        | ArchiveError::Note { .. }
        | ArchiveError::Head { .. }
        | ArchiveError::OtherLog { .. }
        | ArchiveError::Source { .. }
        | ArchiveError::Read(_) => None,
    };
    let failure = Failure::new(exit, fault);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn publish(args: &Publish, output: &Output) -> Result<Exit, Failure> {
    let from = Place::open(&args.node.address(), IfMissing::Refuse).map_err(failed)?;
    let to = Place::open(&args.to, IfMissing::Create).map_err(failed)?;
    let progress = Progress::new(output, "publishing", "entries");
    let mut publisher = Publisher::new(to.clone());
    let mut said = |done, of| progress.at(done, of);
    let source = Source::Place(from);
    let done = net::runtime()?.block_on(publisher.publish(&source, &mut said)).map_err(failed)?;
    drop(progress);
    if output.is_json() {
        output.json(&serde_json::json!({
            "to": to.to_string(), "before": done.before, "size": done.size,
            "files": done.files, "bytes": done.bytes,
        }));
        return Ok(Exit::Ok);
    }
    output.row("published", format_args!("{} leaves, {} before", done.size, done.before));
    output.row("written", format_args!("{} files, {} bytes", done.files, done.bytes));
    output.row("next", format_args!("quorate tiles fsck {to}"));
    Ok(Exit::Ok)
}

/// What a policy says of a checkpoint; none when nobody is asked.
///
/// # Errors
/// `NoTrust` when the policy cannot be read; `NotVerified` when the checkpoint is not its quorum's.
pub fn believed(stated: &Stated, policy: Option<&Path>) -> Result<Option<CheckpointFacts>, Failure> {
    let Some(path) = policy else { return Ok(None) };
    let policy = read_policy(Some(path))?;
    match verify_checkpoint(&policy, &stated.note) {
        Ok(facts) => Ok(Some(facts)),
        Err(fault) => Err(Failure::new(Exit::NotVerified, format_args!("checkpoint: {fault}")).hint(
            "the policy must be of the validators who reign now: quorate trust follows them from a genesis",
        )),
    }
}

fn check(args: &Fsck, output: &Output) -> Result<Exit, Failure> {
    let place = Place::open(&address(&args.place), IfMissing::Refuse).map_err(failed)?;
    let progress = Progress::new(output, "checking", "entries");
    let mut said = |done, of| progress.at(done, of);
    let runtime = net::runtime()?;
    let walk = runtime.block_on(Walk::begin(place)).map_err(failed)?;
    let stated = walk.stated().clone();
    let facts = believed(&stated, args.policy.as_deref())?;
    let checked = runtime.block_on(fsck(walk, &mut said)).map_err(failed)?;
    drop(progress);
    let report = Report::of(&stated, facts.as_ref(), &checked);
    if output.is_json() {
        output.json(&report);
    } else {
        report.print(output);
        match report.ok {
            true => output.line(output.paint(Tone::Good, "EVERY FILE IS WHAT THE CHECKPOINT SAYS")),
            false => output.line(output.paint(Tone::Bad, "FILES ARE BAD")),
        }
    }
    Ok(if report.ok { Exit::Ok } else { Exit::NotVerified })
}

/// A directory as it is; `host:port` is a node.
pub fn address(place: &str) -> String {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let names_port = place.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
    match !place.contains("://") && names_port && !Path::new(place).exists() {
        true => format!("http://{place}"),
        false => place.to_owned(),
    }
}

/// What was found of the files, as it is printed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether every file is what it must be.
    pub ok: bool,
    origin: String,
    size: u64,
    root: String,
    /// Whether a policy believed the checkpoint.
    trusted: bool,
    cosigners: Vec<String>,
    files: u64,
    skipped_bundles: u64,
    beyond: u64,
    unknown: u64,
    fault_count: u64,
    /// So many are bad that no more were looked for.
    gave_up: bool,
    faults: Vec<FaultLine>,
}

/// A bad file.
#[derive(Debug, Serialize)]
struct FaultLine {
    path: String,
    kind: &'static str,
    detail: String,
}

impl Report {
    /// Puts it together.
    pub fn of(stated: &Stated, facts: Option<&CheckpointFacts>, checked: &Checked) -> Self {
        let line = |Fault { path, kind }: &Fault| FaultLine {
            path: path.clone(),
            kind: kind.code(),
            detail: kind.to_string(),
        };
        let names = facts.map(|facts| facts.cosigners.iter().map(|it| it.name.clone()).collect());
        Self {
            ok: checked.faults.count == 0,
            origin: stated.text.origin.to_string(),
            size: checked.head.size.get(),
            root: checked.head.root.to_string(),
            trusted: facts.is_some(),
            cosigners: names.unwrap_or_default(),
            files: checked.files,
            skipped_bundles: checked.skipped_bundles,
            beyond: checked.beyond,
            unknown: checked.unknown,
            fault_count: checked.faults.count,
            gave_up: checked.faults.are_enough(),
            faults: checked.faults.first.iter().map(line).collect(),
        }
    }

    /// Prints it as rows, the bad files last.
    pub fn print(&self, output: &Output) {
        output.row("log", &self.origin);
        output.row("checkpoint", format_args!("{} leaves, root {}", self.size, self.root));
        let trust = match self.trusted {
            true => format!("believed by the policy, {} cosignatures", self.cosigners.len()),
            false => "NOT ASKED: no --policy was given, so nobody's signature was checked".to_owned(),
        };
        output.row("trust", trust);
        output.row("files", format_args!("{} read", self.files));
        if self.skipped_bundles > 0 {
            output.row("", format_args!("{} bundles were checked before", self.skipped_bundles));
        }
        if self.beyond > 0 {
            output.row("", format_args!("{} lie beyond the checkpoint, which is no fault", self.beyond));
        }
        if self.unknown > 0 {
            output.row("", format_args!("{} have names that are not of a log", self.unknown));
        }
        for fault in self.faults.iter().take(SHOWN_MAX) {
            output.row(&output.paint(Tone::Bad, "BAD"), format_args!("{}: {}", fault.path, fault.detail));
        }
        if self.gave_up {
            output.row("", "so many are bad that no more were looked for");
        }
        let more = self.fault_count.saturating_sub(SHOWN_MAX as u64);
        if more > 0 {
            output.row("", format_args!("and {more} more; --output json shows the first 1,000"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_makes_a_node_of_a_word_that_is_no_directory() {
        assert_eq!(address("127.0.0.1:7070"), "http://127.0.0.1:7070");
        for same in ["http://x:1", "dir", "dir/tiles", "s3://bucket/log", "a:b", "a:"] {
            assert_eq!(address(same), same);
        }
    }
}
