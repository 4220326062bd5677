//! `quorate bench`: how many submissions a network takes, how long they take, and what they cost its nodes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use client::Batch;
use crypto::Scheme;
use proto::id::Tenant;
use proto::operation::PREDICATE_BYTES_MAX;

use self::read::Read;
use crate::commands::keys::SigningScheme;
use crate::exit::{Exit, Failure};
use crate::load::content::{Authors, Kind};
use crate::load::report::{Bounds, Report, Row, seconds};
use crate::load::search::Search;
use crate::load::usage::Gauge;
use crate::load::{self, Load, plot};
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};
use crate::time;

mod read;
mod shown;

/// Where `quorate dev` serves.
const URL: &str = "http://127.0.0.1:7070";
/// Bytes of an attestation's statement if none are named.
const BYTES: usize = 512;
/// Digests of a batch if no number is named.
const PROOFS: u32 = 1_000;

/// Commands of `bench`.
#[derive(Subcommand, Debug)]
pub enum Bench {
    /// Submit at fixed rates and measure until all is final
    Submit(Box<Submit>),
    /// Ask one node for receipts
    Read(Read),
}

/// Flags of `bench submit`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("several").args(["rates", "saturate"]))]
pub struct Submit {
    /// Submissions a second, whether or not earlier ones were answered
    #[arg(long, default_value_t = 100, value_parser = rate())]
    rate: u32,
    /// Several rates, one after the other
    #[arg(long, value_name = "RATE,RATE,…", value_delimiter = ',', value_parser = rate(), conflicts_with = "rate")]
    rates: Vec<u32>,
    /// Look for the highest rate that is held: double from --rate, then halve what lies between
    #[arg(long)]
    saturate: bool,
    /// The highest rate that --saturate tries
    #[arg(long, default_value_t = 1_000_000, value_name = "RATE", requires = "saturate", value_parser = rate())]
    rate_max: u32,
    /// A rate is held if ninety-nine of a hundred are final within this …
    #[arg(long, default_value = "1s", value_parser = time::duration, value_name = "DURATION")]
    held_p99: Duration,
    /// … and no more than so many of a hundred fail
    #[arg(long, default_value_t = 1.0, value_name = "PERCENT", value_parser = percent)]
    held_failed: f64,
    /// For how long each rate is measured
    #[arg(long, default_value = "10s", value_parser = time::duration)]
    duration: Duration,
    /// For how long each rate runs before it is measured
    #[arg(long, default_value = "0s", value_parser = time::duration, value_name = "DURATION")]
    warmup: Duration,
    /// A node's address; given several times, the nodes take turns [default: those of --net, or a quorate dev]
    #[arg(long, env = "QUORATE_URL", value_name = "URL", value_delimiter = ',')]
    url: Vec<String>,
    #[command(flatten)]
    watched: Watched,
    /// Connections in all, each with one request at a time
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = connections())]
    connections: u16,
    /// How long to wait for the last ones to become final
    #[arg(long, default_value = "15s", value_parser = time::duration, value_name = "DURATION")]
    drain: Duration,
    /// What is asked [default: proof; with --bytes, attestation; with --proofs, batch]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Bytes of an attestation's statement [default: 512]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(0..=PREDICATE_BYTES_MAX as i64))]
    bytes: Option<u32>,
    /// Digests that each batch anchors [default: 1000]
    #[arg(long, value_name = "N", value_parser = proofs())]
    proofs: Option<u32>,
    /// Fetch the receipt of each N-th entry as soon as it is final; 0: of none. Of a batch, the receipts of all items are
    /// made of it, and some are verified
    #[arg(long, default_value_t = 100, value_name = "N")]
    receipts: u64,
    /// Write the report to this file, and a picture beside it
    #[arg(long, value_name = "FILE.json", value_parser = report_path)]
    report: Option<PathBuf>,
    /// The tenant
    #[arg(long, default_value = "default")]
    tenant: String,
    /// Draw so many keys and sign with them in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), conflicts_with = "key")]
    keys: Option<u32>,
    /// What the drawn keys sign with
    #[arg(long, value_enum, default_value_t, requires = "keys")]
    scheme: SigningScheme,
    /// The key to sign with: a name in the configuration directory or a keystore's path
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Whose cost is read while it runs.
#[derive(Args, Debug)]
pub struct Watched {
    /// The directory of a network of quorate testnet or dev on this machine: what its processes cost is measured
    #[arg(long, value_name = "DIR")]
    net: Option<PathBuf>,
    /// A process to measure as well; may be given several times
    #[arg(long, value_name = "PID")]
    pid: Vec<u32>,
}

impl Watched {
    fn gauge(&self) -> Result<Gauge, Failure> {
        Gauge::new(self.net.as_deref(), &self.pid)
    }
}

fn rate() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=1_000_000)
}

fn connections() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..=4_096)
}

fn proofs() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=Batch::COUNT_MAX as i64)
}

fn percent(text: &str) -> Result<f64, String> {
    let fault = || format!("{text:?} is not a number from 0 to 100");
    let number: f64 = text.parse().map_err(|_| fault())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(fault()) }
}

fn report_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(end) if end == "json" => Ok(path),
        Some(_) | None => Err("the name must end in .json; the picture gets .svg in its place".to_owned()),
    }
}

/// Runs a command of `bench`.
pub fn run(command: &Bench, output: &Output) -> Result<Exit, Failure> {
    match command {
        Bench::Submit(args) => submit(args, output),
        Bench::Read(args) => read::run(args, output),
    }
}

/// A runtime whose threads send, listen and fetch.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::internal)
}

fn submit(args: &Submit, output: &Output) -> Result<Exit, Failure> {
    let Content { kind, bytes, proofs } = content(args.kind, args.bytes, args.proofs)?;
    let tenant = Tenant::parse(&args.tenant).map_err(Failure::usage)?;
    if args.duration.is_zero() {
        return Err(Failure::usage("nothing is measured in no time").hint("--duration says for how long"));
    }
    let gauge = args.watched.gauge()?;
    let authors = match args.keys {
        Some(count) => {
            Authors::fresh(count as usize, Scheme::from(args.scheme)).map_err(Failure::internal)?
        }
        None => Authors::one(submitter::signing_key(args.key.as_deref(), &args.passphrase, output)?),
    };
    let load = Load {
        urls: urls(&args.url, &gauge),
        rate: args.rate,
        duration: args.duration,
        warmup: args.warmup,
        connections: usize::from(args.connections),
        drain: args.drain,
        tenant,
        kind,
        bytes,
        proofs,
        receipts: args.receipts,
    };
    let mut report = Report {
        date: time::utc(time::now_ms() / 1_000),
        urls: load.urls.clone(),
        connections: load.connections,
        duration_s: seconds(load.duration),
        warmup_s: seconds(load.warmup),
        kind,
        authors: authors.count(),
        scheme: authors.scheme().map(Scheme::name),
        bounds: Bounds { finalized_p99_ms: time::ms(args.held_p99), failed_share: args.held_failed / 100.0 },
        rows: Vec::new(),
        held: None,
        notes: gauge.notes().to_vec(),
    };
    measure(args, &load, authors, gauge, &mut report, output)?;
    if let Some(path) = &args.report {
        write(&report, path, output)?;
    }
    match output.is_json() {
        true => output.json(&report),
        false => shown::report(&report, output),
    }
    let sum = |pick: fn(&Row) -> u64| report.rows.iter().map(pick).sum::<u64>();
    Ok(match (sum(|row| row.accepted), sum(|row| row.unresolved)) {
        (0, _) => Exit::Refused,
        (_, 0) => Exit::Ok,
        // That a search finds the rate at which this happens is what it was asked for.
        (_, _) if args.saturate => Exit::Ok,
        (_, _) => Exit::Unknown,
    })
}

/// Runs all rates, and fills in what they found.
fn measure(
    args: &Submit,
    load: &Load,
    authors: Authors,
    gauge: Gauge,
    report: &mut Report,
    output: &Output,
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let network = runtime.block_on(load::network(&load.urls))?;
    let (authors, gauge) = (Arc::new(authors), Arc::new(gauge));
    let mut search = Search::new(args.rate, args.rate_max);
    let mut rates = args.rates.iter().copied();
    loop {
        let next = match (args.saturate, args.rates.is_empty(), report.rows.is_empty()) {
            (true, _, _) => search.next(),
            (false, false, _) => rates.next(),
            (false, true, first) => first.then_some(args.rate),
        };
        let Some(rate) = next else { return Ok(()) };
        if !report.rows.is_empty() {
            runtime.block_on(load::rest(&load.urls))?;
        }
        let load = Load { rate, ..load.clone() };
        if output.shows_progress() {
            let time = seconds(load.warmup + load.duration);
            output.note(format_args!("{} submissions at {rate}/s, {time} s …", load.measured()));
        }
        let row = runtime.block_on(load::run(&load, network, &authors, &gauge))?;
        search.tried(rate, row.held(&report.bounds).is_ok());
        report.held = search.held();
        report.rows.push(row);
    }
}

/// Where to submit: as told, else to the nodes that were found, else where `quorate dev` serves.
fn urls(given: &[String], gauge: &Gauge) -> Vec<String> {
    match (given, gauge.urls()) {
        ([], []) => vec![URL.to_owned()],
        ([], found) => found.to_vec(),
        (given, _) => given.to_vec(),
    }
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    kind: Kind,
    /// Bytes of a statement; 0 without one.
    bytes: usize,
    /// Digests of a batch; 0 without one.
    proofs: u32,
}

/// What is asked by these flags, of which each belongs to its kind.
fn content(kind: Option<Kind>, bytes: Option<u32>, proofs: Option<u32>) -> Result<Content, Failure> {
    let kind = match (kind, bytes, proofs) {
        (Some(kind), _, _) => kind,
        (None, Some(_), _) => Kind::Attestation,
        (None, None, Some(_)) => Kind::Batch,
        (None, None, None) => Kind::Proof,
    };
    let (states, batches) = match kind {
        Kind::Proof | Kind::Anchor => (false, false),
        Kind::Attestation | Kind::Mixed => (true, false),
        Kind::Batch => (false, true),
    };
    if bytes.is_some() && !states {
        return Err(Failure::usage(
            "proofs, anchors and batches hold digests: they have no bytes of their own",
        )
        .hint("--kind attestation, or mixed"));
    }
    if proofs.is_some() && !batches {
        return Err(Failure::usage("--proofs is the number of digests in a batch").hint("--kind batch"));
    }
    Ok(Content {
        kind,
        bytes: if states { bytes.map_or(BYTES, |bytes| bytes as usize) } else { 0 },
        proofs: if batches { proofs.unwrap_or(PROOFS) } else { 0 },
    })
}

fn write(report: &Report, path: &Path, output: &Output) -> Result<(), Failure> {
    let picture = path.with_extension("svg");
    let text = serde_json::to_string_pretty(report).map_err(Failure::internal)?;
    for (path, text) in [(path, text + "\n"), (&picture, plot::svg(report))] {
        std::fs::write(path, text)
            .map_err(|fault| Failure::usage(format_args!("{}: {fault}", path.display())))?;
    }
    output.note(format_args!("wrote {} and {}", path.display(), picture.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(flags: &str) -> Result<Submit, String> {
        let words = ["quorate", "bench", "submit"].into_iter().chain(flags.split_ascii_whitespace());
        match Cli::try_parse_from(words).map_err(|fault| fault.to_string())?.command {
            Command::Bench(Bench::Submit(args)) => Ok(*args),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_that_make_no_sense_are_refused() {
        for good in [
            "",
            "--rate 5 --warmup 1s",
            "--rates 100,200",
            "--saturate --rate 200 --rate-max 800",
            "--keys 3 --scheme ml-dsa-65",
            "--report a/b.json",
            "--held-failed 0.5",
            "--kind batch --proofs 1000",
        ] {
            assert!(parsed(good).is_ok(), "{good}");
        }
        for bad in [
            "--rate 0",
            "--rate 1000001",
            "--rates 100,0",
            "--rates 100,x",
            "--rate 5 --rates 100",
            "--rates 100 --saturate",
            "--rate-max 5",
            "--keys 0",
            "--keys 3 --key mine",
            "--scheme ml-dsa-65",
            "--report picture.svg",
            "--report json",
            "--bytes 32769",
            "--bytes -1",
            "--proofs 0",
            "--proofs 1000001",
            "--kind poem",
            "--connections 0",
            "--duration 1w",
            "--held-failed 101",
            "--held-failed NaN",
            "--pid x",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_are_those_of_statements_and_proofs_those_of_batches() {
        let of = |kind, bytes, proofs| content(kind, bytes, proofs).map_err(|fault| fault.exit);
        for (kind, bytes, proofs, expected) in [
            (None, None, None, (Kind::Proof, 0, 0)),
            (None, Some(64), None, (Kind::Attestation, 64, 0)),
            (Some(Kind::Mixed), None, None, (Kind::Mixed, BYTES, 0)),
            (Some(Kind::Batch), None, None, (Kind::Batch, 0, PROOFS)),
            (None, None, Some(7), (Kind::Batch, 0, 7)),
        ] {
            let (kind_found, bytes_found, proofs_found) = expected;
            let expected = Content { kind: kind_found, bytes: bytes_found, proofs: proofs_found };
            assert_eq!(of(kind, bytes, proofs), Ok(expected));
        }
        for kind in [Kind::Proof, Kind::Anchor, Kind::Batch] {
            assert_eq!(of(Some(kind), Some(1), None), Err(Exit::Usage));
        }
        for kind in [Kind::Proof, Kind::Anchor, Kind::Attestation, Kind::Mixed] {
            assert_eq!(of(Some(kind), None, Some(1)), Err(Exit::Usage));
        }
        assert_eq!(of(None, Some(1), Some(1)), Err(Exit::Usage));
    }
}
