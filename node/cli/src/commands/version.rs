//! `quorate version` and `quorate completions`: what this program is, and how a shell may finish its commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde::Serialize;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    receipt_format: &'static str,
}

/// Prints the version.
pub fn run(output: &Output) -> Result<Exit, Failure> {
    let version = Version {
        name: "quorate",
        version: env!("CARGO_PKG_VERSION"),
        receipt_format: proto::receipt::Receipt::FORMAT,
    };
    match output.is_json() {
        true => output.json(&version),
        false => output.line(format_args!("{} {}", version.name, version.version)),
    }
    Ok(Exit::Ok)
}

/// Flags of `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a completion script.
pub fn completions(args: &Completions, output: &Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "quorate", &mut script);
    output.write(String::from_utf8_lossy(&script));
    Ok(Exit::Ok)
}
