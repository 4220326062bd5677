//! `quorate status`: where a node stands.

use clap::Args;
use model::status::StatusAnswer;

use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::time;

/// Flags of `status`.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    node: Node,
}

/// Asks a node for its state and prints it.
pub fn run(args: &Status, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    let status = net::runtime()?.block_on(client.status()).map_err(net::refused)?;
    match output.is_json() {
        true => output.json(&status),
        false => print(&status, output),
    }
    Ok(Exit::Ok)
}

fn print(status: &StatusAnswer, output: &Output) {
    output.row("node", format_args!("{}, version {}", status.name, status.version));
    output.row("network", status.network);
    output.row("origin", &status.origin);
    let ready = match status.ready {
        true => output.paint(Tone::Good, "yes"),
        false => format!("{}  {}", output.paint(Tone::Bad, "no"), status.reasons.join("; ")),
    };
    output.row("ready", ready);
    let time = match status.block_time_ms.0 {
        0 => String::new(),
        ms => format!(", {}", time::utc(ms / 1_000)),
    };
    output.row("height", format_args!("{} committed, {} seen{time}", status.height, status.head_height_seen));
    output.row("view", format_args!("{}, led by validator {}", status.view, status.leader));
    output.row("log", format_args!("{} leaves, {} of them final", status.tree_size, status.checkpoint_size));
    let others = status.validators.saturating_sub(1);
    output.row("peers", format_args!("{} of {others} connected", status.peers_connected));
    output
        .row("waiting", format_args!("{} submissions, {} bytes", status.mempool_count, status.mempool_bytes));
}
