//! `quorate bench submit`: how many submissions a network takes, and how long they take.

use std::time::Duration;

use clap::{Args, Subcommand};
use proto::id::Tenant;

use crate::exit::{Exit, Failure};
use crate::load::tally::{Latency, Report};
use crate::load::{self, Load};
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};
use crate::time;

/// Commands of `bench`.
#[derive(Subcommand, Debug)]
pub enum Bench {
    /// Submit proofs at a fixed rate and measure until they are final
    Submit(Submit),
}

/// Flags of `bench submit`.
#[derive(Args, Debug)]
pub struct Submit {
    /// Submissions a second, whether or not earlier ones were answered
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// For how long
    #[arg(long, default_value = "10s", value_parser = time::duration)]
    duration: Duration,
    /// A node's address; given several times, the nodes take turns
    #[arg(
        long,
        env = "QUORATE_URL",
        default_value = "http://127.0.0.1:7070",
        value_name = "URL",
        value_delimiter = ','
    )]
    url: Vec<String>,
    /// Connections in all, each with one request at a time
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4_096))]
    connections: u16,
    /// How long to wait for the last ones to become final
    #[arg(long, default_value = "15s", value_parser = time::duration, value_name = "DURATION")]
    drain: Duration,
    /// The tenant
    #[arg(long, default_value = "default")]
    tenant: String,
    /// The key to sign with: a name in the configuration directory or a keystore's path
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Runs a command of `bench`.
pub fn run(command: &Bench, output: &Output) -> Result<Exit, Failure> {
    let Bench::Submit(args) = command;
    let load = Load {
        urls: args.url.clone(),
        rate: args.rate,
        duration: args.duration,
        connections: usize::from(args.connections),
        drain: args.drain,
        tenant: Tenant::parse(&args.tenant).map_err(Failure::usage)?,
    };
    let secret = submitter::signing_key(args.key.as_deref(), &args.passphrase, output)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    if output.shows_progress() {
        output.note(format_args!("{} submissions in {} s …", load.total(), args.duration.as_secs_f64()));
    }
    let report = runtime.block_on(load::run(&load, secret))?;
    match output.is_json() {
        true => output.json(&report),
        false => print(&report, output),
    }
    Ok(match (report.accepted, report.unresolved) {
        (0, _) => Exit::Refused,
        (_, 0) => Exit::Ok,
        (_, _) => Exit::Unknown,
    })
}

fn print(report: &Report, output: &Output) {
    output.row(
        "offered",
        format_args!("{} at {}/s, {} connections", report.offered, report.rate, report.connections),
    );
    output.row(
        "accepted",
        format_args!("{} in {:.1} s, {:.1}/s", report.accepted, report.seconds, report.accepted_per_second),
    );
    output.row("finalized", format_args!("{}, {:.1}/s", report.finalized, report.finalized_per_second));
    if report.unresolved > 0 {
        output.row("unresolved", report.unresolved);
    }
    for (code, count) in &report.errors {
        output.row("error", format_args!("{count} × {code}"));
    }
    let latency = |latency: &Latency| {
        let Latency { p50, p90, p99, max } = latency;
        format!("p50 {p50:.1} ms   p90 {p90:.1} ms   p99 {p99:.1} ms   max {max:.1} ms")
    };
    output.row("to accepted", latency(&report.accepted_ms));
    output.row("to final", latency(&report.finalized_ms));
}
