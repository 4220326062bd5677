//! `quorate testnet`: a network of real processes on this machine, one directory a node.
//!
//! Processes are known by the files in their directories and by what `/proc` says of them; no other is touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use testnet::process::{self, ProcessError};
use testnet::topology::{Keys, Member, Plan, Topology, TopologyError};
use testnet::watch::{self, NodeStatus, WatchError};

use self::change::{Join, Leave};
use crate::exit::{Exit, Failure};
use crate::net;
use crate::output::{Output, Tone};
use crate::submitter;
use crate::time;

mod change;

/// Commands of `testnet`.
#[derive(Subcommand, Debug)]
pub enum Testnet {
    /// Draw a network: keys, genesis, ports, one directory a node
    Init(Init),
    /// Start its nodes and wait until they are ready
    Start(Start),
    /// Stop its nodes
    Stop(Stop),
    /// Show how its nodes are
    Status(Dir),
    /// Let new nodes join the validators: draw, start, approve and submit
    Join(Join),
    /// Let validators leave; their processes go on as observers
    Leave(Leave),
}

/// The network's directory.
#[derive(Args, Clone, Debug)]
pub struct Dir {
    /// The network's directory
    #[arg(long, default_value = ".quorate/testnet", value_name = "DIR")]
    dir: PathBuf,
}

/// Flags of `testnet init`.
#[derive(Args, Debug)]
pub struct Init {
    #[command(flatten)]
    dir: Dir,
    /// Number of validators, 1 to 100
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = validators())]
    validators: usize,
    /// The first port to try; every node takes three
    #[arg(long, default_value_t = Topology::PORT)]
    port: u16,
    /// The log's origin: a URL without scheme [default: one of its own]
    #[arg(long)]
    origin: Option<String>,
    /// Admit only identities that this key registered, a name in the configuration directory or a keystore's path;
    /// may be given several times [default: admit every well-formed key]
    #[arg(long, value_name = "KEY")]
    registrar: Vec<String>,
}

/// Flags of `testnet start`.
#[derive(Args, Debug)]
pub struct Start {
    #[command(flatten)]
    dir: Dir,
    /// Start these nodes only
    #[arg(long, value_name = "NAME")]
    node: Vec<String>,
    /// How long to wait until they are ready
    #[arg(long, default_value = "60s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
    /// Do not wait
    #[arg(long)]
    no_wait: bool,
}

/// Flags of `testnet stop`.
#[derive(Args, Debug)]
pub struct Stop {
    #[command(flatten)]
    dir: Dir,
    /// Stop these nodes only
    #[arg(long, value_name = "NAME")]
    node: Vec<String>,
    /// Kill them, as a crash would
    #[arg(long)]
    kill: bool,
    /// How long to wait until they have ended
    #[arg(long, default_value = "30s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
}

/// A number of validators.
pub fn validators() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=100)
}

/// Runs a command of `testnet`.
pub fn run(command: &Testnet, output: &Output) -> Result<Exit, Failure> {
    match command {
        Testnet::Init(args) => init(args, output),
        Testnet::Start(args) => start(args, output),
        Testnet::Stop(args) => stop(args, output),
        Testnet::Status(args) => status(args, output),
        Testnet::Join(args) => change::join(args, output),
        Testnet::Leave(args) => change::leave(args, output),
    }
}

#[derive(Serialize)]
struct Drawn<'a> {
    dir: &'a Path,
    network: &'a str,
    origin: &'a str,
    policy: PathBuf,
    token_file: PathBuf,
    nodes: Vec<DrawnNode<'a>>,
}

#[derive(Serialize)]
struct DrawnNode<'a> {
    name: &'a str,
    rpc: String,
    admin: String,
    p2p: &'a str,
}

impl<'a> DrawnNode<'a> {
    fn of(node: &'a Member) -> Self {
        let Member { name, admin, p2p, .. } = node;
        Self { name, rpc: node.url(), admin: format!("http://{admin}"), p2p }
    }
}

fn init(args: &Init, output: &Output) -> Result<Exit, Failure> {
    // Paths are printed as the user named the directory, so that they can be typed again.
    let dir = &args.dir.dir;
    let plan = Plan {
        validators: args.validators,
        dir: dir.clone(),
        port: args.port,
        origin: args.origin.clone(),
        keys: Keys::Encrypted,
        registrars: args.registrar.iter().map(|key| submitter::public_key(key)).collect::<Result<_, _>>()?,
    };
    let topology = Topology::create(&plan).map_err(undrawn)?;
    let drawn = Drawn {
        dir,
        network: &topology.network,
        origin: &topology.origin,
        policy: dir.join(Topology::POLICY),
        token_file: dir.join(Topology::TOKEN),
        nodes: topology.nodes.iter().map(DrawnNode::of).collect(),
    };
    if output.is_json() {
        output.json(&drawn);
        return Ok(Exit::Ok);
    }
    output.row("network", format_args!("{}  {}", drawn.network, drawn.origin));
    for node in &drawn.nodes {
        output.row(node.name, format_args!("rpc {}   p2p {}", node.rpc, node.p2p));
    }
    output.row("policy", drawn.policy.display());
    output.row("start", format_args!("quorate testnet start --dir {}", dir.display()));
    if let Some(first) = drawn.nodes.first() {
        output.row("submit", curl(&first.rpc, Some(&drawn.token_file)));
    }
    Ok(Exit::Ok)
}

/// A command line that submits plain JSON to a node, with a token from a file if one is needed.
pub fn curl(url: &str, token: Option<&Path>) -> String {
    let token = token
        .map_or_else(String::new, |file| format!(" -H \"authorization: Bearer $(cat {})\"", file.display()));
    // The SHA-256 of nothing, which everybody has.
    let content = crypto::sha256(b"");
    format!(
        "curl -s {url}/rpc -H 'content-type: application/json'{token} -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\
         \"method\":\"ledger_submit\",\"params\":{{\"wait\":\"finalized\",\"operation\":{{\"type\":\"proof.submit\",\
         \"content\":\"{content}\",\"content_bytes\":0,\"subject\":\"nothing\"}}}}}}'"
    )
}

fn start(args: &Start, output: &Output) -> Result<Exit, Failure> {
    let topology = Topology::read(&args.dir.dir).map_err(undrawn)?;
    let nodes = chosen(&topology, &args.node)?;
    let program = std::env::current_exe()
        .map_err(|fault| Failure::internal(format_args!("this program cannot find itself: {fault}")))?;
    for node in &nodes {
        match process::start(node, &program) {
            Ok(pid) => output.row(&node.name, format_args!("started as process {pid}, {}", node.url())),
            // What runs already need not be started: the command may be repeated.
            Err(ProcessError::Running { pid, .. }) => {
                output.row(&node.name, format_args!("runs already as process {pid}, {}", node.url()));
            }
            Err(fault) => return Err(unruly(fault)),
        }
    }
    if !args.no_wait {
        let ready = net::runtime()?.block_on(watch::await_ready(&nodes, args.timeout));
        ready.map_err(|fault| unready(&fault, &topology))?;
    }
    match output.is_json() {
        true => output.json(&net::runtime()?.block_on(watch::status(&topology))),
        false if args.no_wait => {}
        false => output.row("ready", output.paint(Tone::Good, "yes")),
    }
    Ok(Exit::Ok)
}

fn stop(args: &Stop, output: &Output) -> Result<Exit, Failure> {
    let topology = Topology::read(&args.dir.dir).map_err(undrawn)?;
    let nodes = chosen(&topology, &args.node)?;
    let ran: Vec<(&Member, Option<u32>)> = nodes.iter().map(|node| (*node, process::running(node))).collect();
    if !args.kill {
        // All are asked before any is waited for, so the waiting is done once.
        for node in &nodes {
            process::ask_to_stop(node).map_err(unruly)?;
        }
    }
    for (node, pid) in ran {
        match args.kill {
            true => process::kill(node, args.timeout).map_err(unruly)?,
            false => process::stop(node, args.timeout).map_err(unruly)?,
        }
        match pid {
            Some(pid) => output.row(&node.name, format_args!("stopped (process {pid})")),
            None => output.row(&node.name, "was not running"),
        }
    }
    if output.is_json() {
        output.json(&net::runtime()?.block_on(watch::status(&topology)));
    }
    Ok(Exit::Ok)
}

fn status(args: &Dir, output: &Output) -> Result<Exit, Failure> {
    let topology = Topology::read(&args.dir).map_err(undrawn)?;
    let status = net::runtime()?.block_on(watch::status(&topology));
    if output.is_json() {
        output.json(&status);
        return Ok(Exit::Ok);
    }
    let columns = ["name", "rpc", "pid", "height", "view", "checkpoint", "ready"];
    output.line(output.paint(Tone::Faint, &line(&columns.map(str::to_owned))));
    for node in &status.nodes {
        let no = |why| format!("{}  {why}", output.paint(Tone::Bad, "no"));
        let ready = match (node.ready, node.pid, node.height) {
            (true, _, _) => output.paint(Tone::Good, "yes"),
            (false, None, _) => no("does not run"),
            (false, Some(_), None) => no("does not answer"),
            (false, Some(_), Some(_)) => no(&format!("quorate status --url {} says why", node.rpc)),
        };
        output.line(line(&cells(node, ready)));
    }
    Ok(Exit::Ok)
}

fn cells(node: &NodeStatus, ready: String) -> [String; 7] {
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    [
        node.name.clone(),
        node.rpc.clone(),
        number(node.pid.map(u64::from)),
        number(node.height),
        number(node.view),
        number(node.checkpoint_size),
        ready,
    ]
}

fn line([name, rpc, pid, height, view, checkpoint, ready]: &[String; 7]) -> String {
    format!("  {name:6} {rpc:24} {pid:>8} {height:>8} {view:>8} {checkpoint:>10}   {ready}")
}

/// The nodes of these names; all when none is given.
fn chosen<'a>(topology: &'a Topology, names: &[String]) -> Result<Vec<&'a Member>, Failure> {
    if names.is_empty() {
        return Ok(topology.nodes.iter().collect());
    }
    let node = |name: &String| {
        topology.node(name).ok_or_else(|| {
            let known: Vec<&str> = topology.nodes.iter().map(|node| node.name.as_str()).collect();
            Failure::usage(format_args!("there is no node {name:?}"))
                .hint(format_args!("the nodes are {}", known.join(", ")))
        })
    };
    names.iter().map(node).collect()
}

/// Says why there is no network, and what helps.
pub fn undrawn(fault: TopologyError) -> Failure {
    let failure = Failure::usage(&fault);
    match fault {
        TopologyError::Missing { dir } => {
            failure.hint(format_args!("quorate testnet init --dir {} makes one", dir.display()))
        }
        TopologyError::Exists { .. } => failure.hint("name another directory, or remove this one"),
        TopologyError::Ports(_) => failure.hint("--port names where to begin looking"),
        TopologyError::Io { .. }
        | TopologyError::Malformed { .. }
        | TopologyError::Count { .. }
        | TopologyError::Houses { .. }
        | TopologyError::Keystore(_)
        | TopologyError::Journal(_)
        | TopologyError::Passphrase(_)
        | TopologyError::Genesis(_)
        | TopologyError::Policy(_) => failure,
    }
}

fn unready(fault: &WatchError, topology: &Topology) -> Failure {
    let exit = match fault {
        WatchError::Ended { .. } => Exit::Internal,
        WatchError::NotReady { .. } => Exit::Unreachable,
    };
    let dir = topology.dir().display();
    Failure::new(exit, fault).hint(format_args!(
        "each node's log is beside its keys; quorate testnet stop --dir {dir} ends what runs"
    ))
}

fn unruly(fault: ProcessError) -> Failure {
    match fault {
        ProcessError::StillThere { .. } => {
            Failure::internal(fault).hint("--kill ends it without a word; it recovers when it starts again")
        }
        ProcessError::Io { .. } | ProcessError::Running { .. } | ProcessError::Signal { .. } => {
            Failure::internal(fault)
        }
    }
}
