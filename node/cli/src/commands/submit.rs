//! `quorate submit`: says that a file exists, signs that, and waits until the ledger has it.
//!
//! The file stays here; its SHA-256 and its length are what is submitted. The id is known before anything is sent,
//! and it is printed on every path, so that nobody has to submit twice in order to know.
//! `batch` says it of many files at once; `sending` is what both have in common. `statement` submits what others signed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use client::Client;
use crypto::SecretKey;
use model::entry::{State, Ticket, Wait};
use model::scalar::Hash;
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::{Operation, PREDICATE_BYTES_MAX, TEXT_BYTES_MAX};
use proto::submission::{Body, Submission};

use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::{files, time};

pub mod batch;
pub mod sending;
pub mod statement;

use batch::SubmitBatch;
use sending::{Sending, Sent};
use statement::SubmitStatement;

/// Flags of `submit`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Submit {
    #[command(subcommand)]
    many: Option<Many>,
    /// The file; `-` for stdin
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// What is said about the file
    #[arg(long = "type", value_enum, default_value_t, value_name = "TYPE")]
    kind: Kind,
    /// What it is about [default: the file's name]
    #[arg(long)]
    subject: Option<String>,
    /// The file's media type
    #[arg(long, default_value = "", hide_default_value = true)]
    media_type: String,
    /// The kind of statement, a URI; of attestations
    #[arg(long, value_name = "URI", required_if_eq("kind", "attestation"))]
    predicate_type: Option<String>,
    /// The file with the statement itself; of attestations
    #[arg(long, value_name = "FILE")]
    predicate: Option<PathBuf>,
    /// Also write the receipt to this file, once it is final
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    sending: Sending,
}

/// What else can be submitted.
#[derive(Subcommand, Debug)]
pub enum Many {
    /// Anchor many files or digests under one signature; each gets a receipt of its own
    Batch(Box<SubmitBatch>),
    /// Register what others signed, as they signed it: COSE, JWS, DSSE, HTTP message signatures
    Statement(Box<SubmitStatement>),
}

/// What is said about a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// That it exists
    #[default]
    Proof,
    /// A statement about it
    Attestation,
}

/// Submits a file, or many.
pub fn run(args: &Submit, output: &Output) -> Result<Exit, Failure> {
    match (&args.many, &args.file) {
        (Some(Many::Batch(args)), _) => batch::run(args, output),
        (Some(Many::Statement(args)), _) => statement::run(args, output),
        (None, Some(file)) => one(file, args, output),
        (None, None) => Err(Failure::usage("no file was named")),
    }
}

fn one(file: &Path, args: &Submit, output: &Output) -> Result<Exit, Failure> {
    let operation = operation(file, args)?;
    let wait = if args.receipt.is_some() { Wait::Finalized } else { args.sending.wait.into() };
    let node = &args.sending.node;
    net::runtime()?.block_on(async {
        let Sent { client, ticket, exit, author: _ } = args.sending.send(operation, wait, output).await?;
        print(&ticket, node, output);
        if let (Some(path), Exit::Ok) = (&args.receipt, exit) {
            keep_receipt(&client, ticket.id, path, output).await?;
        }
        if exit == Exit::Unknown {
            let (id, flag) = (ticket.id, node.flag());
            output.note(format_args!("not there yet; ask again: quorate get {id}{flag}"));
        }
        Ok(exit)
    })
}

async fn keep_receipt(client: &Client, id: Hash, path: &Path, output: &Output) -> Result<(), Failure> {
    let name = client::EntryName::Id(id.submission());
    let receipt = client.receipt(name, None).await.map_err(net::refused)?;
    files::write(path, receipt.to_json().as_bytes())?;
    output.note(format_args!("receipt written to {}", path.display()));
    Ok(())
}

fn operation(file: &Path, args: &Submit) -> Result<Operation, Failure> {
    let (content, content_bytes) = files::hash(&[], file)?;
    let named = || file.file_name().map(|name| name.to_string_lossy().into_owned());
    let subject = match &args.subject {
        Some(subject) => subject.clone(),
        None if file == Path::new("-") => String::new(),
        None => shortened(named().unwrap_or_default()),
    };
    match args.kind {
        Kind::Proof => {
            if args.predicate.is_some() || args.predicate_type.is_some() {
                return Err(
                    Failure::usage("a predicate is part of an attestation").hint("add --type attestation")
                );
            }
            Ok(Operation::ProofSubmit {
                content,
                content_bytes,
                media_type: args.media_type.clone(),
                subject,
            })
        }
        Kind::Attestation => {
            let predicate = match &args.predicate {
                Some(path) => {
                    files::read(path, PREDICATE_BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?
                }
                None => Vec::new(),
            };
            let predicate_type = args.predicate_type.clone().unwrap_or_default();
            Ok(Operation::AttestationIssue {
                subject,
                predicate_type,
                predicate,
                content: Some(content),
                expires_at_ms: None,
            })
        }
    }
}

/// A file's name as far as a subject may be long.
fn shortened(name: String) -> String {
    let end = (0..=name.len().min(TEXT_BYTES_MAX)).rev().find(|at| name.is_char_boundary(*at));
    name[..end.unwrap_or_default()].to_owned()
}

/// What is to be signed.
pub struct Draft {
    /// Who speaks; none: the identity that the key makes by itself.
    pub author: Option<Did>,
    /// The tenant it belongs to.
    pub tenant: Tenant,
    /// What is asked.
    pub operation: Operation,
    /// How long it may wait to be executed.
    pub expires_in: Duration,
}

impl Draft {
    /// Signs for a network.
    ///
    /// # Errors
    /// `Usage` when a text is too long or empty where it must not be.
    pub fn sign(self, network: NetworkId, secret: &SecretKey) -> Result<Submission, Failure> {
        let body = Body {
            network,
            tenant: self.tenant,
            author: self.author.unwrap_or_else(|| Did::of(secret.public())),
            key: secret.public().clone(),
            nonce: rand::random(),
            expires_at: Some(TimeMs::new(time::now_ms()).plus(time::ms(self.expires_in))),
            operation: self.operation,
        };
        let submission = body.sign(secret);
        // The node would refuse what cannot be read back, so this says it before anything is sent.
        Submission::decode(submission.bytes()).map_err(Failure::usage)
    }
}

/// Prints how far a submission has come.
pub fn print(ticket: &Ticket, node: &Node, output: &Output) {
    if output.is_json() {
        return output.json(ticket);
    }
    output.row("id", ticket.id);
    let tone = match ticket.state {
        State::Accepted => Tone::Faint,
        State::Committed | State::Finalized => Tone::Good,
        State::Rejected | State::Expired => Tone::Bad,
    };
    output.row("state", output.paint(tone, state_name(ticket.state)));
    if let Some(rejection) = &ticket.rejection {
        output.row("reason", format_args!("{} [{}]", rejection.reason, rejection.code));
    }
    if let (Some(height), Some(index)) = (ticket.height, ticket.index) {
        output.row("place", format_args!("height {height}, index {index}"));
    }
    if let Some(size) = ticket.checkpoint_size {
        output.row("checkpoint", format_args!("size {size}"));
        let (id, flag) = (ticket.id, node.flag());
        output.row("next", format_args!("quorate receipt {id} --out receipt.json{flag}"));
    }
}

/// A state's name, as everywhere.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Accepted => "accepted",
        State::Committed => "committed",
        State::Finalized => "finalized",
        State::Rejected => "rejected",
        State::Expired => "expired",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let name = "ä".repeat(TEXT_BYTES_MAX);
        assert_eq!(shortened(name).len(), TEXT_BYTES_MAX);
        assert_eq!(shortened(format!("x{}", "ä".repeat(TEXT_BYTES_MAX))).len(), TEXT_BYTES_MAX - 1);
        assert_eq!(shortened("report.pdf".into()), "report.pdf");
    }

    #[test]
    fn a_draft_that_no_node_would_take_is_not_sent() {
        let secret = SecretKey::from_seed(crypto::Scheme::Ed25519, &[7; 32]).expect("signs");
        let sign = |subject: String| {
            let operation = Operation::ProofSubmit {
                content: crypto::sha256(b"x"),
                content_bytes: 1,
                media_type: String::new(),
                subject,
            };
            let expires_in = Duration::from_secs(3_600);
            Draft { author: None, tenant: Tenant::default_tenant(), operation, expires_in }
                .sign(NetworkId::default(), &secret)
        };
        let (one, two) = (sign("a".into()).expect("signs"), sign("a".into()).expect("signs"));
        assert_ne!(one.id(), two.id(), "a nonce tells them apart");
        assert_eq!(sign("a".repeat(TEXT_BYTES_MAX + 1)).expect_err("too long").exit, Exit::Usage);
    }
}
