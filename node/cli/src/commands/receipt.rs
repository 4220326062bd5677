//! `quorate receipt`: fetches the receipt of an entry, to keep; or takes those of a batch's items out of their anchor's.
//!
//! It is handed over as it came: whether it is true is for `quorate verify` to say, under a policy the user trusts.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::receipt::{ReceiptAlgorithm, ReceiptFormat};
use model::scalar::Position;
use proto::receipt::{Bundle, Dialect, Receipt};

use crate::commands::get::Name;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::net::{self, Node};
use crate::output::Output;

mod batch;

use batch::{FetchBatch, TakeItem};

/// Flags of `receipt`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Fetch {
    #[command(subcommand)]
    part: Option<Part>,
    /// The submission's id, or an index in the log
    #[arg(required = true)]
    name: Option<Name>,
    #[command(flatten)]
    node: Node,
    #[command(flatten)]
    writing: Writing,
    /// The size of the checkpoint to prove it under, or `latest` [default: the smallest that covers it]
    #[arg(long, value_name = "N|latest", value_parser = Position::from_text)]
    size: Option<Position>,
    /// With all that belongs to it: the submission, COSE receipts, where the author's key was listed and ended
    #[arg(long, conflicts_with_all = ["format", "alg"])]
    bundle: bool,
    /// By which algorithm the node signs a COSE receipt [default: eddsa]
    #[arg(long, value_enum)]
    alg: Option<Algorithm>,
    /// Prove it under the newest checkpoint that so many outside witnesses have cosigned
    #[arg(long, value_name = "N", conflicts_with_all = ["size", "bundle", "alg"])]
    witnessed: Option<u64>,
}

/// Receipts of the items of a batch.
#[derive(Subcommand, Debug)]
pub enum Part {
    /// Take the receipt of one item out of a batch's file; asks nobody
    Item(TakeItem),
    /// Fetch the receipt of a batch's anchor and make those of its items
    Batch(FetchBatch),
}

/// How a receipt is written, and where to.
#[derive(Args, Debug)]
pub struct Writing {
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Spelling,
    /// Where to write the entry's bytes, which a tlog-proof does not hold
    #[arg(long, value_name = "FILE")]
    entry_out: Option<PathBuf>,
}

/// How a receipt is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Spelling {
    /// Self-contained JSON
    #[default]
    Json,
    /// C2SP tlog-proof, which other tools read
    TlogProof,
    /// COSE (RFC 9942), signed by the node that is asked
    Cose,
}

/// By which algorithm a COSE receipt is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// -8: Ed25519 by the number that most programs know
    Eddsa,
    /// -19: Ed25519
    Ed25519,
    /// -49: ML-DSA-65
    #[value(name = "ml-dsa-65")]
    MlDsa65,
}

/// Fetches a receipt and writes it, or does the same for the items of a batch.
pub fn run(args: &Fetch, output: &Output) -> Result<Exit, Failure> {
    match (&args.part, args.name) {
        (Some(Part::Item(args)), _) => batch::item(args, output),
        (Some(Part::Batch(args)), _) => batch::fetch(args, output),
        (None, Some(name)) => fetch(name, args, output),
        (None, None) => Err(Failure::usage("no entry was named")),
    }
}

fn fetch(name: Name, args: &Fetch, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    if let Some(witnesses) = args.witnessed {
        if matches!(args.writing.format, Spelling::Cose) {
            return Err(Failure::usage("--witnessed goes with --format json or tlog-proof"));
        }
        let receipt = net::runtime()?.block_on(client.receipt_witnessed(name.0, witnesses));
        let receipt = receipt.map_err(net::refused)?;
        return args.writing.write(&receipt, format_args!("entry {}", receipt.index), output);
    }
    let format = match (args.bundle, args.writing.format) {
        (true, _) => ReceiptFormat::Bundle,
        (false, Spelling::Cose) => ReceiptFormat::Cose,
        // Both are written here, out of the same receipt.
        (false, Spelling::Json | Spelling::TlogProof) => ReceiptFormat::Json,
    };
    let algorithm = args.alg.map(|algorithm| match algorithm {
        Algorithm::Eddsa => ReceiptAlgorithm::EdDsa,
        Algorithm::Ed25519 => ReceiptAlgorithm::Ed25519,
        Algorithm::MlDsa65 => ReceiptAlgorithm::MlDsa65,
    });
    if algorithm.is_some() && format != ReceiptFormat::Cose {
        return Err(Failure::usage("--alg goes with --format cose: other receipts are the quorum's alone"));
    }
    let question = client.receipt_in(name.0, args.size, format, algorithm);
    let bytes = net::runtime()?.block_on(question).map_err(net::refused)?;
    let bundle = Bundle::read(&bytes, None)
        .map_err(|fault| Failure::new(Exit::Internal, format_args!("the node gave no receipt: {fault}")))?;
    let of = format!("entry {}", bundle.receipt.index);
    match format {
        ReceiptFormat::Json | ReceiptFormat::TlogProof => args.writing.write(&bundle.receipt, of, output),
        ReceiptFormat::Cose | ReceiptFormat::Bundle => args.writing.keep(&bytes, &bundle.receipt, of, output),
    }
}

impl Writing {
    fn write(&self, receipt: &Receipt, of: impl std::fmt::Display, output: &Output) -> Result<Exit, Failure> {
        let text = match self.format {
            Spelling::Json => receipt.to_json(),
            Spelling::TlogProof => receipt.to_tlog_proof(),
            Spelling::Cose => {
                return Err(Failure::usage("a COSE receipt is signed by a node, and this asks none")
                    .hint("quorate receipt ID --format cose fetches the one of the anchor"));
            }
        };
        self.keep(text.as_bytes(), receipt, of, output)
    }

    /// Writes a receipt as it is spelt already.
    fn keep(
        &self,
        bytes: &[u8],
        receipt: &Receipt,
        of: impl std::fmt::Display,
        output: &Output,
    ) -> Result<Exit, Failure> {
        if let Some(path) = &self.entry_out {
            files::write(path, &receipt.entry)?;
        }
        match &self.out {
            None if Dialect::of(bytes) != Dialect::Cose => {
                output.line(String::from_utf8_lossy(bytes).trim_end());
            }
            None if io::stdout().is_terminal() => {
                return Err(
                    Failure::usage("a COSE receipt is no text to be shown").hint("--out FILE keeps it")
                );
            }
            None => output.bytes(bytes),
            Some(path) => {
                files::write(path, bytes)?;
                output.note(format_args!("receipt of {of} written to {}", path.display()));
            }
        }
        Ok(Exit::Ok)
    }
}
