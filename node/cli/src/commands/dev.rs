//! `quorate dev`: a network of validators in one process, to try things out.
//!
//! The validators have real keys, connections and disks; only their keys are marked so that no real node takes them.
//! Data is kept from one run to the next unless the user says otherwise.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use node::config::{Log, LogFormat};
use node::{Cause, RunningNode};
use serde::Serialize;
use testnet::in_process::{Doors, LocalError, LocalNetwork};
use testnet::topology::{Keys, Plan, Topology, TopologyError};

use crate::commands::node::Ends;
use crate::commands::testnet::{curl, undrawn, validators};
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone};

/// How long the validators may take to find one another.
const READY: Duration = Duration::from_secs(30);

/// Flags of `dev`.
#[derive(Args, Debug)]
pub struct Dev {
    /// Number of validators, 1 to 100
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = validators())]
    validators: usize,
    /// Attest this program, verify the receipt offline, and end
    #[arg(long)]
    demo: bool,
    /// Begin a new ledger; the old one is removed
    #[arg(long)]
    reset: bool,
    /// Keep nothing
    #[arg(long, conflicts_with_all = ["reset", "data_dir"])]
    ephemeral: bool,
    /// Where everything is kept
    #[arg(long, default_value = ".quorate/dev", value_name = "DIR")]
    data_dir: PathBuf,
    /// The port of REST and JSON-RPC; the next one serves metrics. 0: any two
    #[arg(long, default_value_t = 7070)]
    port: u16,
    /// One more port of the first node, for clients that know one by heart: 26657, 8200, 8000; may be given again
    #[arg(long, value_name = "PORT")]
    also: Vec<u16>,
}

/// What a program needs to know of a network that runs; it is told once, when the network is ready.
#[derive(Serialize)]
struct Running<'a> {
    network: &'a str,
    url: String,
    admin: String,
    /// Null when nothing is kept.
    policy: Option<PathBuf>,
    /// The address of each node's REST and JSON-RPC, by its name.
    nodes: BTreeMap<String, String>,
}

/// Runs a network until it is asked to end, or the demonstration is over.
pub fn run(args: &Dev, output: &Output) -> Result<Exit, Failure> {
    let filter = std::env::var("QUORATE_LOG_FILTER").unwrap_or_else(|_| "error".to_owned());
    node::telemetry::log::begin(&Log { format: LogFormat::Auto, filter }).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| Failure::internal(format_args!("no runtime: {fault}")))?;
    if !args.ephemeral {
        return runtime.block_on(network(args, &args.data_dir, output));
    }
    let dir = std::env::temp_dir().join(format!("quorate-dev-{:016x}", rand::random::<u64>()));
    let ended = runtime.block_on(network(args, &dir, output));
    match std::fs::remove_dir_all(&dir) {
        Ok(()) => ended,
        Err(fault) => {
            ended.and(Err(Failure::internal(format_args!("cannot remove {}: {fault}", dir.display()))))
        }
    }
}

async fn network(args: &Dev, dir: &Path, output: &Output) -> Result<Exit, Failure> {
    let mut ends = Ends::new()?;
    let topology = topology(args, dir)?;
    let admin = if args.port == 0 { 0 } else { args.port.saturating_add(1) };
    let network = LocalNetwork::start(&topology, Doors { rpc: args.port, also: args.also.clone(), admin })
        .await
        .map_err(unrun)?;
    let done = tokio::select! {
        done = work(args, &topology, &network, output) => done,
        fault = network.ended() => Err(unrun(fault)),
        () = ends.asked() => Ok(Exit::Ok),
    };
    let stopped = network.stop().await.map_err(unrun);
    done.and_then(|exit| stopped.map(|()| exit))
}

async fn work(
    args: &Dev,
    topology: &Topology,
    network: &LocalNetwork,
    output: &Output,
) -> Result<Exit, Failure> {
    network.ready(READY).await.map_err(unrun)?;
    let kept = match args.ephemeral {
        true => "nothing is kept".to_owned(),
        false => format!("data in {}   (use --reset to start over)", args.data_dir.display()),
    };
    output.row("network", format_args!("{} validators, 1 process, {kept}", topology.nodes.len()));
    output.row("rpc", format_args!("{}   metrics http://{}/metrics", network.url(), network.admin()));
    if args.demo {
        // As the user named it, so that what is printed can be typed again.
        let kept = (!args.ephemeral).then_some(args.data_dir.as_path());
        return demo::run(topology, network, kept, output).await;
    }
    if output.is_json() {
        let url = |(name, node): (&str, &RunningNode)| Some((name.to_owned(), url(*node.rpc_addrs.first()?)));
        output.json(&Running {
            network: &topology.network,
            url: network.url(),
            admin: format!("http://{}", network.admin()),
            policy: (!args.ephemeral).then(|| args.data_dir.join(Topology::POLICY)),
            nodes: network.nodes().filter_map(url).collect(),
        });
        return std::future::pending().await;
    }
    output.row("network id", &topology.network);
    if !args.ephemeral {
        output.row("policy", args.data_dir.join(Topology::POLICY).display());
    }
    for (name, node) in network.nodes() {
        let rpc: Vec<String> = node.rpc_addrs.iter().copied().map(url).collect();
        output.row(name, rpc.join(" "));
    }
    output.row("submit", format_args!("quorate submit FILE --url {}", network.url()));
    output.row("or", curl(&network.url(), None));
    output.row("ready", format_args!("{}   Ctrl-C ends it", output.paint(Tone::Good, "yes")));
    std::future::pending().await
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The network in `dir`: the one that is there, or a new one.
fn topology(args: &Dev, dir: &Path) -> Result<Topology, Failure> {
    if args.reset {
        remove(dir)?;
    }
    match Topology::read(dir) {
        Ok(topology) if topology.nodes.len() == args.validators => {
            // Asked before any port is taken; the nodes take the locks themselves.
            locks(dir)?;
            Ok(topology)
        }
        Ok(topology) => Err(Failure::usage(format_args!(
            "the network in {} has {} validators, not {}",
            dir.display(),
            topology.nodes.len(),
            args.validators
        ))
        .hint("--reset begins a new one, --data-dir names another place")),
        Err(TopologyError::Missing { .. }) => {
            let plan = Plan {
                validators: args.validators,
                dir: dir.to_owned(),
                port: Topology::PORT,
                origin: None,
                keys: Keys::Dev,
                registrars: Vec::new(),
            };
            Topology::create(&plan).map_err(|fault| match fault {
                TopologyError::Exists { .. } => Failure::usage(fault)
                    .hint("--data-dir names another place; --reset removes what quorate dev itself has left"),
                other => undrawn(other),
            })
        }
        Err(fault) => Err(undrawn(fault)),
    }
}

/// Removes a network of development keys, and nothing else: whatever lies in `dir` must look like one.
fn remove(dir: &Path) -> Result<(), Failure> {
    let ours = [Topology::FILE_NAME, "v1/keystore.json"].iter().any(|file| dir.join(file).exists());
    let real = dir.join(Topology::TOKEN).exists() || dir.join("v1/passphrase").exists();
    let empty = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(Failure::usage(format_args!("{}: {fault}", dir.display()))),
    };
    if empty {
        return Ok(());
    }
    if !ours || real {
        return Err(Failure::usage(format_args!(
            "{} is not the data of quorate dev, so it is not removed",
            dir.display()
        ))
        .hint("--data-dir names another place"));
    }
    let fault = |fault: io::Error| Failure::usage(format_args!("cannot remove {}: {fault}", dir.display()));
    // Held until all is gone, so that no network begins in it meanwhile.
    let _locks = locks(dir)?;
    std::fs::remove_dir_all(dir).map_err(fault)
}

/// The locks of all journals in `dir`. While a node holds one its files must stay: it would go on in files without
/// names, and lose what it promised in the meantime.
fn locks(dir: &Path) -> Result<Vec<File>, Failure> {
    let fault = |fault: io::Error| Failure::usage(format_args!("{}: {fault}", dir.display()));
    let mut locks = Vec::new();
    for node in std::fs::read_dir(dir).map_err(fault)? {
        let lock = match File::open(node.map_err(fault)?.path().join("journal.lock")) {
            Ok(lock) => lock,
            Err(none) if matches!(none.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                continue;
            }
            Err(other) => return Err(fault(other)),
        };
        match lock.try_lock() {
            Ok(()) => locks.push(lock),
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format_args!("{} is in use by another process", dir.display()))
                    .hint(
                        "is quorate dev running already? end it first, or --data-dir names another place",
                    ));
            }
            Err(TryLockError::Error(other)) => return Err(fault(other)),
        }
    }
    Ok(locks)
}

fn unrun(fault: LocalError) -> Failure {
    let damaged =
        |fault| Failure::usage(fault).hint("--reset begins a new ledger, --data-dir names another place");
    match &fault {
        LocalError::Start { source, .. } => match source.cause() {
            Cause::Taken(address) => {
                Failure::usage(format_args!("port {} is taken by another process", address.port()))
                    .hint("is quorate dev running already? --port 0 takes any free ports")
            }
            Cause::Surroundings => Failure::usage(fault),
            Cause::System => Failure::internal(fault),
            Cause::NoName
            | Cause::NoValidator
            | Cause::OtherKeys
            | Cause::JournalLost
            | Cause::Book
            | Cause::Keeping => damaged(fault),
        },
        LocalError::Config { .. } | LocalError::Genesis { .. } | LocalError::Keystore { .. } => {
            damaged(fault)
        }
        LocalError::Ports(_) => Failure::usage(fault),
        LocalError::NotReady { .. } | LocalError::Ended { .. } => Failure::internal(fault),
    }
}
