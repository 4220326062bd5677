//! `quorate anchor`: what others outside say of a checkpoint, and when.
//!
//! `status` and `get` ask a node; `request` asks an authority or a calendar itself, for any checkpoint; `verify` asks
//! nobody. A promise of a calendar is called one, and is no anchor.

mod request;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::anchor::{Anchor, AnchorState, AnchoredCheckpoint, AnchorsAnswer};
use proto::counter::TreeSize;
use proto::note::Note;

use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone, short};
use crate::{files, time};

/// Commands of `anchor`.
#[derive(Subcommand, Debug)]
pub enum AnchorCommand {
    /// Show who anchors a node's checkpoints, and how the newest anchors stand
    Status(Status),
    /// Ask an authority or a calendar to anchor a checkpoint, or a calendar what became of its promise
    Request(Box<request::Request>),
    /// Fetch the anchors of a checkpoint as files: checkpoint.txt, .tsr and .ots
    Get(Get),
    /// Check an anchor of a checkpoint, without asking anybody
    Verify(verify::Verify),
}

/// Flags of `anchor status`.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    node: Node,
}

/// Flags of `anchor get`.
#[derive(Args, Debug)]
pub struct Get {
    /// The checkpoint's size [default: the newest that was anchored]
    size: Option<u64>,
    /// The directory to write the files to
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    node: Node,
}

/// Runs a command of `anchor`.
pub fn run(command: &AnchorCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        AnchorCommand::Status(args) => {
            let answer = net::runtime()?.block_on(args.node.client()?.anchors()).map_err(net::refused)?;
            match output.is_json() {
                true => output.json(&answer),
                false => show(&answer, output),
            }
            Ok(Exit::Ok)
        }
        AnchorCommand::Request(args) => request::run(args, output),
        AnchorCommand::Get(args) => get(args, output),
        AnchorCommand::Verify(args) => verify::run(args, output),
    }
}

/// The text of a note, or the text alone as a node gives it in a file.
fn text_of(bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage("the checkpoint is no text"))?;
    match Note::parse(&text) {
        Ok(note) => Ok(note.text().to_owned()),
        // Without signatures: it is still what was anchored, which is all that is asked here.
        Err(_) if proto::checkpoint::CheckpointText::parse(&text).is_ok() => Ok(text),
        Err(fault) => Err(Failure::usage(format_args!("the checkpoint cannot be read: {fault}"))),
    }
}

/// Largest file of a checkpoint, in bytes.
const NOTE_BYTES_MAX: usize = 2 << 20;

fn read(path: &std::path::Path, max: usize) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path, max).map_err(|fault| files::unreadable(path, &fault))?;
    match bytes.len() <= max {
        true => Ok(bytes),
        false => Err(Failure::usage(format_args!("{} has more than {max} bytes", path.display()))),
    }
}

fn show(answer: &AnchorsAnswer, output: &Output) {
    if answer.services.is_empty() {
        output.row("anchored by", "nobody (anchors.services in the configuration names some)");
    }
    for one in &answer.services {
        output.row("anchored by", format_args!("{}  {}  {}", one.name, one.kind, one.url));
    }
    if answer.checkpoints.is_empty() {
        output.row("anchors", "none yet");
    }
    for checkpoint in &answer.checkpoints {
        row(checkpoint, output);
    }
}

fn row(checkpoint: &AnchoredCheckpoint, output: &Output) {
    for anchor in &checkpoint.anchors {
        let (size, service) = (checkpoint.size, &anchor.service);
        output.row("anchor", format_args!("size {size}  {service}  {}", stands(anchor, output)));
    }
}

fn stands(anchor: &Anchor, output: &Output) -> String {
    let time = anchor.time_ms.map_or_else(String::new, |ms| time::utc(ms.0 / 1_000));
    let told = match anchor.state {
        AnchorState::Requested => "requested".to_owned(),
        AnchorState::Pending => format!("pending: promised by {}", anchor.calendars.join(" ")),
        AnchorState::Attested => match anchor.height {
            Some(height) => format!("attested at height {height}, not checked by this node"),
            None => "attested".to_owned(),
        },
        AnchorState::Confirmed => {
            let by = match (&anchor.authority, anchor.height, &anchor.block) {
                (Some(authority), ..) => format!("by {authority}"),
                (None, Some(height), Some(block)) => format!("in block {height} {}", short(block)),
                (None, ..) => String::new(),
            };
            format!("{}: {time} {by}", output.paint(Tone::Good, "confirmed"))
        }
        AnchorState::Failed => output.paint(Tone::Bad, "failed"),
    };
    match &anchor.fault {
        Some(fault) => format!("{told} ({} failures, the last: {fault})", anchor.failures),
        None => told,
    }
}

fn get(args: &Get, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    let anchored = net::runtime()?.block_on(async {
        let size = match args.size {
            Some(size) => size,
            None => {
                let newest = client.anchors().await.map_err(net::refused)?.checkpoints;
                let none = || Failure::new(Exit::NotFound, "this node has anchored no checkpoint yet");
                newest.first().ok_or_else(none)?.size.0
            }
        };
        client.anchored(TreeSize::new(size)).await.map_err(net::refused)
    })?;
    std::fs::create_dir_all(&args.dir).map_err(|fault| {
        Failure::usage(format_args!("cannot make the directory {}: {fault}", args.dir.display()))
    })?;
    files::write(&args.dir.join("checkpoint.txt"), anchored.text.as_bytes())?;
    for anchor in &anchored.anchors {
        let (Some(name), Some(evidence)) = (&anchor.file, &anchor.evidence) else { continue };
        // A node that says another name would have it written elsewhere.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if !name.bytes().all(plain) || name.starts_with('.') {
            return Err(Failure::internal(format_args!("the node names a file {name:?}")));
        }
        files::write(&args.dir.join(name), &evidence.0)?;
    }
    match output.is_json() {
        true => output.json(&anchored),
        false => {
            output.row("checkpoint", format_args!("size {}, digest {}", anchored.size, anchored.digest));
            row(&anchored, output);
        }
    }
    Ok(Exit::Ok)
}
