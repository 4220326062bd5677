//! `quorate witness status`: whose logs a node cosigns, and who cosigns its own.

use clap::{Args, Subcommand};
use model::witness::{CosignedLog, OutsideWitness, WitnessAnswer};

use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone, short};
use crate::time;

/// Commands of `witness`.
#[derive(Subcommand, Debug)]
pub enum WitnessCommand {
    /// Show whose logs a node cosigns, and who cosigns its own
    Status(Status),
}

/// Flags of `witness status`.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    node: Node,
    /// Show whole vkeys, to be put into a policy or a configuration
    #[arg(long)]
    keys: bool,
}

/// Runs a command of `witness`.
pub fn run(command: &WitnessCommand, output: &Output) -> Result<Exit, Failure> {
    let WitnessCommand::Status(args) = command;
    let client = args.node.client()?;
    let answer = net::runtime()?.block_on(client.witness()).map_err(net::refused)?;
    match output.is_json() {
        true => output.json(&answer),
        false => print(&answer, args.keys, output),
    }
    Ok(Exit::Ok)
}

fn print(answer: &WitnessAnswer, keys: bool, output: &Output) {
    match &answer.cosigns {
        None => output.row("cosigns", "no log of others (witness.logs in the configuration names some)"),
        Some(cosigns) => {
            output.row("cosigns as", &cosigns.name);
            for vkey in cosigns.vkeys.iter().filter(|_| keys) {
                output.row("key", vkey);
            }
            for CosignedLog { origin, name: _, size, root } in &cosigns.logs {
                match (size, root) {
                    (Some(size), Some(root)) => {
                        output.row("log", format_args!("{origin}  size {size}, root {}", short(root)));
                    }
                    (Some(_) | None, _) => output.row("log", format_args!("{origin}  nothing yet")),
                }
            }
        }
    }
    if answer.witnesses.is_empty() {
        output.row("cosigned by", "nobody outside (witness.cosigners in the configuration names some)");
    }
    for one in &answer.witnesses {
        output.row("cosigned by", format_args!("{}  {}  {}", one.name, one.url, stands(one, output)));
        for vkey in one.vkeys.iter().filter(|_| keys) {
            output.row("key", vkey);
        }
    }
    for head in answer.witnessed.iter().take(1) {
        output.row("witnessed", format_args!("size {}, by {}", head.size, head.witnesses.join(" ")));
    }
}

fn stands(one: &OutsideWitness, output: &Output) -> String {
    let last = match (one.size, one.time_s) {
        (Some(size), Some(at)) => format!("size {size}, {}", time::utc(at.0)),
        (Some(_) | None, _) => "nothing yet".to_owned(),
    };
    match &one.fault {
        None => last,
        Some(fault) => {
            let again = one.retry_in_ms.map(|ms| format!("; again in {} s", ms.0.div_ceil(1_000)));
            let failures = one.failures;
            let word = output.paint(Tone::Bad, "failing");
            format!("{last}; {word} {failures} times: {fault}{}", again.unwrap_or_default())
        }
    }
}
