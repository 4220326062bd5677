//! The command line of Quorate.
//!
//! `cli` names the commands, `commands` performs them, one a file; `exit` is how they end, `output` what they say.
//! Nothing here decides about the ledger: commands start nodes, ask them, or check what they gave.

mod cli;
mod commands;
mod demo;
mod exit;
mod files;
mod load;
mod membership;
mod net;
mod output;
mod progress;
mod submitter;
mod time;
mod trust;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::{Exit, Failure};
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.output, cli.color, cli.quiet);
    let ended = run(&cli.command, &output);
    let exit = match ended {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    };
    match output.finish() {
        Ok(()) => exit.into(),
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            failure.exit.into()
        }
    }
}

fn run(command: &Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Dev(args) => commands::dev::run(args, output),
        Command::Node(command) => commands::node::run(command, output),
        Command::Testnet(command) => commands::testnet::run(command, output),
        Command::Config(command) => commands::config::run(command, output),
        Command::Bench(command) => commands::bench::run(command, output),
        Command::Submit(args) => commands::submit::run(args, output),
        Command::Get(args) => commands::get::run(args, output),
        Command::Search(args) => commands::search::run(args, output),
        Command::Receipt(args) => commands::receipt::run(args, output),
        Command::Status(args) => commands::status::run(args, output),
        Command::Evidence(command) => commands::evidence::run(command, output),
        Command::Verify(args) => commands::verify::run(args, output),
        Command::Tiles(command) => commands::tiles::run(command, output),
        Command::Audit(args) => commands::audit::run(args, output),
        Command::AuditLog(command) => commands::audit_log::run(command, output),
        Command::Policy(command) => commands::policy::run(command, output),
        Command::Anchor(command) => commands::anchor::run(command, output),
        Command::Witness(command) => commands::witness::run(command, output),
        Command::Trust(args) => commands::trust::run(args, output),
        Command::Validator(command) => commands::validator::run(command, output),
        Command::Keys(command) => commands::keys::run(command, output),
        Command::Artifact(command) => commands::artifact::run(command, output),
        Command::Retention(command) => commands::retention::run(command, output),
        Command::Identity(command) => commands::identity::run(command, output),
        Command::Export(args) => commands::export::run(args, output),
        Command::VerifyEvidence(args) => commands::verify_evidence::run(args, output),
        Command::VerifyProof(args) => commands::verify_proof::run(args, output),
        Command::Rows(args) => commands::rows::run(args, output),
        Command::Completions(args) => commands::version::completions(args, output),
        Command::Version => commands::version::run(output),
    }
}
