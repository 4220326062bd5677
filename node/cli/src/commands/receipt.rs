//! `quorate receipt`: fetches the receipt of an entry, to keep; or takes those of a batch's items out of their anchor's.
//!
//! It is handed over as it came: whether it is true is for `quorate verify` to say, under a policy the user trusts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use proto::counter::TreeSize;
use proto::receipt::Receipt;

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
    /// The size of the checkpoint to prove it under [default: the smallest that covers it]
    #[arg(long)]
    size: Option<u64>,
    /// Prove it under the newest checkpoint that so many outside witnesses have cosigned
    #[arg(long, value_name = "N", conflicts_with = "size")]
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
    let question = async {
        match args.witnessed {
            Some(witnesses) => client.receipt_witnessed(name.0, witnesses).await,
            None => client.receipt(name.0, args.size.map(TreeSize::new)).await,
        }
    };
    let receipt: Receipt = net::runtime()?.block_on(question).map_err(net::refused)?;
    args.writing.write(&receipt, format_args!("entry {}", receipt.index), output)
}

impl Writing {
    fn write(&self, receipt: &Receipt, of: impl std::fmt::Display, output: &Output) -> Result<Exit, Failure> {
        let text = match self.format {
            Spelling::Json => receipt.to_json(),
            Spelling::TlogProof => receipt.to_tlog_proof(),
        };
        if let Some(path) = &self.entry_out {
            files::write(path, &receipt.entry)?;
        }
        match &self.out {
            None => output.line(text.trim_end()),
            Some(path) => {
                files::write(path, text.as_bytes())?;
                output.note(format_args!("receipt of {of} written to {}", path.display()));
            }
        }
        Ok(Exit::Ok)
    }
}
