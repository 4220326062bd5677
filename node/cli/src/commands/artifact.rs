//! `quorate artifact`: bytes that the ledger commits to and nodes keep, until they are erased.
//!
//! With `--private` the ledger holds the digest of 32 random bytes and the content, so that nobody who guesses the content
//! finds it confirmed. These bytes, the salt, are the key to every proof about it: they are written to a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use crypto::sha256;
use ledger::artifact::SALT_BYTES;
use model::artifact::{ArtifactAnswer, Standing};
use model::entry::Wait;
use proto::counter::TimeMs;
use proto::id::SubmissionId;
use proto::operation::{Operation, Retention, RetentionClass};
use serde::Serialize;

use crate::commands::submit::sending::{Sending, Sent};
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::{files, time};

/// Most bytes of an artifact, its salt included; what nodes take unless their operator says otherwise.
const BYTES_MAX: usize = 64 << 20;

/// Commands of `artifact`.
#[derive(Subcommand, Debug)]
pub enum ArtifactCommand {
    /// Commit to a file, and give it to the node to keep
    Commit(Box<Commit>),
    /// Show what the ledger says of an artifact
    Show(Show),
    /// Fetch an artifact, checked against what the ledger commits to
    Get(Get),
    /// Give a node the bytes of an artifact that is committed already
    Give(Give),
    /// Erase an artifact: the proofs of it stay true
    Erase(Box<Erase>),
}

/// Flags of `artifact commit`.
#[derive(Args, Debug)]
pub struct Commit {
    /// The file; `-` for stdin
    file: PathBuf,
    /// Put 32 random bytes before the content: who has not seen it learns nothing of it
    #[arg(long, requires = "salt")]
    private: bool,
    /// The file to write these bytes to
    #[arg(long, value_name = "FILE", requires = "private")]
    salt: Option<PathBuf>,
    /// For how long it is kept [default: as the node's operator says for the tenant]
    #[arg(long, value_name = "DURATION", value_parser = time::duration, conflicts_with = "class")]
    keep: Option<Duration>,
    /// How long, by a class: open is until it is erased, standard 365 days, compliance seven years and not erased before
    #[arg(long, value_name = "CLASS", value_parser = ["open", "standard", "compliance"])]
    class: Option<String>,
    /// Nobody erases it before
    #[arg(long, requires = "keep")]
    write_once: bool,
    /// The file's media type
    #[arg(long, default_value = "", hide_default_value = true)]
    media_type: String,
    /// What it is about
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
    #[command(flatten)]
    sending: Sending,
}

/// Flags of `artifact show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The submission that committed it
    id: SubmissionId,
    #[command(flatten)]
    node: Node,
}

/// Flags of `artifact get`.
#[derive(Args, Debug)]
pub struct Get {
    /// The submission that committed it
    id: SubmissionId,
    /// The file to write the content to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    node: Node,
}

/// Flags of `artifact give`.
#[derive(Args, Debug)]
pub struct Give {
    /// The submission that committed it
    id: SubmissionId,
    /// The file; `-` for stdin
    file: PathBuf,
    /// The file with its salt, if it is salted
    #[arg(long, value_name = "FILE")]
    salt: Option<PathBuf>,
    #[command(flatten)]
    node: Node,
}

/// Flags of `artifact erase`.
#[derive(Args, Debug)]
pub struct Erase {
    /// The submission that committed it
    id: SubmissionId,
    /// Why, for people
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    sending: Sending,
}

/// What became of a command that changed something.
#[derive(Serialize)]
struct Done {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    kept: bool,
}

/// Runs a command of `artifact`.
pub fn run(command: &ArtifactCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        ArtifactCommand::Commit(args) => commit(args, output),
        ArtifactCommand::Show(args) => {
            let answer = net::runtime()?.block_on(args.node.client()?.artifact(&args.id));
            show(&answer.map_err(net::refused)?, output);
            Ok(Exit::Ok)
        }
        ArtifactCommand::Get(args) => net::runtime()?.block_on(get(args, output)),
        ArtifactCommand::Give(args) => {
            let salt = args.salt.as_deref().map(read_salt).transpose()?.unwrap_or_default();
            let bytes = with_salt(&salt, &args.file)?;
            let answer = net::runtime()?.block_on(args.node.client()?.give_artifact(&args.id, bytes));
            show(&answer.map_err(net::refused)?, output);
            Ok(Exit::Ok)
        }
        ArtifactCommand::Erase(args) => net::runtime()?.block_on(erase(args, output)),
    }
}

fn commit(args: &Commit, output: &Output) -> Result<Exit, Failure> {
    let salt: Vec<u8> = match args.private {
        true => rand::random::<[u8; SALT_BYTES]>().to_vec(),
        false => Vec::new(),
    };
    let bytes = with_salt(&salt, &args.file)?;
    let runtime = net::runtime()?;
    let retention = runtime.block_on(retention(args, output))?;
    let operation = Operation::ArtifactCommit {
        address: sha256(&bytes),
        salted: args.private,
        // Its length says something of it, too.
        content_bytes: if args.private { 0 } else { bytes.len() as u64 },
        media_type: args.media_type.clone(),
        subject: args.subject.clone(),
        retention,
    };
    // Before anything is sent: without it nobody could prove anything of what is then committed.
    if let Some(path) = &args.salt {
        files::write(path, hex::encode(&salt).as_bytes())?;
    }
    runtime.block_on(async {
        let Sent { client, ticket, exit, author: _ } =
            args.sending.send(operation, Wait::Finalized, output).await?;
        let (id, mut kept) = (ticket.id.submission(), false);
        if exit == Exit::Ok {
            let given = client.give_artifact(&id, bytes).await.map_err(net::refused);
            given.inspect_err(|_| {
                output.note(format_args!(
                    "{id} is committed; give the bytes again: quorate artifact give {id} …"
                ));
            })?;
            kept = true;
        }
        done(&Done { id: id.to_string(), index: ticket.index.map(|index| index.0), kept }, output);
        Ok(exit)
    })
}

/// How long it is to be kept: as it is said, else as the node's operator says for the tenant.
async fn retention(args: &Commit, output: &Output) -> Result<Retention, Failure> {
    let until = |keep| TimeMs::new(time::now_ms().saturating_add(keep));
    if let Some(keep) = args.keep {
        let until = until(time::ms(keep));
        return Ok(if args.write_once { Retention::WriteOnce(until) } else { Retention::Until(until) });
    }
    let class = |name: &str| RetentionClass::ALL.into_iter().find(|class| class.name() == name);
    if let Some(name) = &args.class {
        return Ok(class(name).map_or(Retention::UntilErased, Retention::Of));
    }
    let policy =
        args.sending.node.client()?.retention(Some(args.sending.tenant())).await.map_err(net::refused)?;
    if policy.class != "open" {
        output.note(format_args!(
            "kept as the operator says for {}: {}",
            args.sending.tenant(),
            policy.class
        ));
    }
    Ok(match (class(&policy.class), policy.days) {
        (Some(class), _) => Retention::Of(class),
        (None, Some(days)) => {
            let until = until(days.0.saturating_mul(86_400_000));
            if policy.write_once { Retention::WriteOnce(until) } else { Retention::Until(until) }
        }
        (None, None) => Retention::UntilErased,
    })
}

async fn get(args: &Get, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    let answer = client.artifact(&args.id).await.map_err(net::refused)?;
    let bytes = client.artifact_bytes(&args.id).await.map_err(net::refused)?;
    let found = sha256(&bytes);
    if found != answer.address.0 {
        let fault =
            format_args!("the node gave bytes of digest {found}, it says {} is committed", answer.address);
        return Err(Failure::new(Exit::Internal, fault));
    }
    let skip = if answer.salted { SALT_BYTES.min(bytes.len()) } else { 0 };
    files::write(&args.out, &bytes[skip..])?;
    output.note(format_args!("{} bytes written to {}", bytes.len() - skip, args.out.display()));
    Ok(Exit::Ok)
}

async fn erase(args: &Erase, output: &Output) -> Result<Exit, Failure> {
    let operation = Operation::RetentionTombstone { artifact: args.id, reason: args.reason.clone() };
    let Sent { ticket, exit, .. } = args.sending.send(operation, Wait::Finalized, output).await?;
    let index = ticket.index.map(|index| index.0);
    done(&Done { id: ticket.id.to_string(), index, kept: false }, output);
    Ok(exit)
}

/// The content of a file behind its salt.
fn with_salt(salt: &[u8], file: &Path) -> Result<Vec<u8>, Failure> {
    let content = files::read(file, BYTES_MAX)
        .map_err(|fault| Failure::usage(format_args!("cannot read {}: {fault}", file.display())))?;
    match salt.len() + content.len() <= BYTES_MAX {
        true => Ok([salt, &content].concat()),
        false => {
            let fault = format_args!("{} is too large: nodes keep {BYTES_MAX} bytes at most", file.display());
            Err(Failure::usage(fault).hint("commit to its digest instead: quorate submit FILE"))
        }
    }
}

/// A salt, as `artifact commit` wrote it.
///
/// # Errors
/// `Usage` unless it is 32 bytes in hex.
pub fn read_salt(path: &Path) -> Result<Vec<u8>, Failure> {
    let text = files::read(path, 4 * SALT_BYTES)
        .map_err(|fault| Failure::usage(format_args!("cannot read {}: {fault}", path.display())))?;
    match hex::decode(text.trim_ascii()) {
        Ok(salt) if salt.len() == SALT_BYTES => Ok(salt),
        Ok(_) | Err(_) => {
            Err(Failure::usage(format_args!("{} holds no salt: 64 hex digits", path.display())))
        }
    }
}

fn show(answer: &ArtifactAnswer, output: &Output) {
    if output.is_json() {
        output.json(answer);
        return;
    }
    let standing = match (answer.standing, answer.erased_index) {
        (Standing::Kept, _) if answer.here => "kept, and here".to_owned(),
        (Standing::Kept, _) => "kept, though not by this node".to_owned(),
        (Standing::Expired, _) => "its time is over".to_owned(),
        (Standing::Erased, Some(index)) => format!("erased by entry {index}"),
        (Standing::Erased, None) => "erased".to_owned(),
    };
    output.row("artifact", answer.id);
    output.row("standing", standing);
    output.row("tenant", &answer.tenant);
    output.row("class", &answer.class);
    output.row("owner", &answer.owner);
    output.row("index", answer.index);
    output.row("address", format_args!("{}{}", answer.address, if answer.salted { ", salted" } else { "" }));
    if let Some(until) = answer.keep_until_ms {
        let once = if answer.write_once { ", and not erased before" } else { "" };
        output.row("kept until", format_args!("{}{once}", time::utc(until.0 / 1_000)));
    }
}

fn done(done: &Done, output: &Output) {
    if output.is_json() {
        output.json(done);
        return;
    }
    output.row("id", &done.id);
    if let Some(index) = done.index {
        output.row("index", index);
    }
    if done.kept {
        output.row("kept", "by this node");
    }
}
