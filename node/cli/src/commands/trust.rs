//! `quorate trust`: fetch the chain of trust from a node, check it, and keep it for `quorate verify`.

use std::path::PathBuf;

use clap::Args;
use client::trust::extended;
use node::genesis_file;
use verify::Trust as Chain;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::net::{self, Node};
use crate::output::Output;

/// Flags of `trust`.
#[derive(Args, Debug)]
pub struct Trust {
    #[command(flatten)]
    node: Node,
    /// The network's genesis, from someone you trust [default: the one the node gives, which proves nothing]
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// Where to write the chain
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Fetches the chain of trust.
pub fn run(args: &Trust, output: &Output) -> Result<Exit, Failure> {
    let refused = |fault: &dyn std::fmt::Display| Failure::new(Exit::NoTrust, fault);
    let client = args.node.client()?;
    let chain = net::runtime()?.block_on(client.trust()).map_err(net::refused)?;
    let genesis = match &args.genesis {
        Some(path) => genesis_file::read(path).map_err(|fault| refused(&fault))?,
        None => chain.genesis().map_err(|fault| refused(&fault))?,
    };
    let trust = Chain::from_genesis(&genesis).map_err(|fault| refused(&fault))?;
    let trust = extended(trust, &chain).map_err(|fault| refused(&fault))?;
    let mut text = serde_json::to_string_pretty(&chain).map_err(Failure::internal)?;
    text.push('\n');
    files::write(&args.out, text.as_bytes())?;
    if output.is_json() {
        output.json(&serde_json::json!({
            "network": trust.network().to_string(), "epoch": trust.last_epoch().get(), "file": args.out,
        }));
        return Ok(Exit::Ok);
    }
    output.row("network", trust.network());
    output.row("epochs", format_args!("0 to {}, every hand-over checked", trust.last_epoch()));
    let file = args.out.display();
    output.row("next", format_args!("quorate verify RECEIPT --genesis genesis.json --trust {file}"));
    Ok(Exit::Ok)
}
