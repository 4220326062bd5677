//! `quorate receipt`: fetches the receipt of an entry, to keep.
//!
//! It is handed over as it came: whether it is true is for `quorate verify` to say, under a policy the user trusts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proto::counter::TreeSize;
use proto::receipt::Receipt;

use crate::commands::get::Name;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::net::{self, Node};
use crate::output::Output;

/// Flags of `receipt`.
#[derive(Args, Debug)]
pub struct Fetch {
    /// The submission's id, or an index in the log
    name: Name,
    #[command(flatten)]
    node: Node,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Spelling,
    /// Where to write the entry's bytes, which a tlog-proof does not hold
    #[arg(long, value_name = "FILE")]
    entry_out: Option<PathBuf>,
    /// The size of the checkpoint to prove it under [default: the smallest that covers it]
    #[arg(long)]
    size: Option<u64>,
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

/// Fetches a receipt and writes it.
pub fn run(args: &Fetch, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    let question = client.receipt(args.name.0, args.size.map(TreeSize::new));
    let receipt: Receipt = net::runtime()?.block_on(question).map_err(net::refused)?;
    let text = match args.format {
        Spelling::Json => receipt.to_json(),
        Spelling::TlogProof => receipt.to_tlog_proof(),
    };
    if let Some(path) = &args.entry_out {
        files::write(path, &receipt.entry)?;
    }
    match &args.out {
        None => output.line(text.trim_end()),
        Some(path) => {
            files::write(path, text.as_bytes())?;
            output.note(format_args!("receipt of entry {} written to {}", receipt.index, path.display()));
        }
    }
    Ok(Exit::Ok)
}
