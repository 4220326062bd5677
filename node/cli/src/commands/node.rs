//! `quorate node`: one node of a network, as an operator runs it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use node::config::{Config, Key, Sources};
use node::genesis_file::{self, GenesisError};
use node::journal::{IfMissing, Journal};
use node::keystore::{Keystore, Owner, Protection};
use node::{Cause, RunningNode, Setup, StartError};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::policy::Policy;
use tokio::signal::unix::{SignalKind, signal};

mod notes;

use notes::Notes;

use crate::commands::config::{key_value, load};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};
use crate::{files, time};

/// Commands of `node`.
#[derive(Subcommand, Debug)]
pub enum Node {
    /// Write a node's files: of a new network of this node alone, or of an observer of one that there is
    Init(Init),
    /// Run a node until it is asked to end
    Start(Start),
    /// Show what a node noted of its callers, and check that nobody changed it
    Notes(Notes),
}

/// Flags of `node init`.
#[derive(Args, Debug)]
pub struct Init {
    /// The node's directory
    #[arg(long, env = "QUORATE_DIR", value_name = "DIR")]
    dir: PathBuf,
    /// The node's name among the validators
    #[arg(long, default_value = "v1")]
    name: String,
    /// The log's origin: a URL without scheme, of this log alone
    #[arg(long, required_unless_present = "observer")]
    origin: Option<String>,
    /// Be an observer of the network of --genesis: follow it, serve what can be read, and perhaps join later
    #[arg(long, requires = "genesis", conflicts_with_all = ["origin", "registrar"])]
    observer: bool,
    /// The genesis.json of the network to observe
    #[arg(long, value_name = "FILE", requires = "observer")]
    genesis: Option<PathBuf>,
    /// Where a validator can be dialled, as NAME=MULTIADDRESS; may be given several times
    #[arg(long, value_name = "PEER", requires = "observer", value_parser = key_value)]
    peer: Vec<(String, String)>,
    /// The URL of a validator, told to those who submit here; may be given several times
    #[arg(long, value_name = "URL", requires = "observer")]
    submit_to: Vec<String>,
    /// Admit only identities that this key registered, a name in the configuration directory or a keystore's path;
    /// may be given several times [default: admit every well-formed key]
    #[arg(long, value_name = "KEY")]
    registrar: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Flags of `node start`.
#[derive(Args, Debug)]
pub struct Start {
    /// The node's directory
    #[arg(long, env = "QUORATE_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseSource,
    /// Set a key of the configuration, over file and environment
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// This validator's journal is lost: follow in silence until the others have outgrown all it may have said. Without
    /// effect where there is a journal
    #[arg(long)]
    wiped: bool,
    /// Leave the session of whoever started this
    #[arg(long, hide = true)]
    detached: bool,
}

/// Runs a command of `node`.
pub fn run(command: &Node, output: &Output) -> Result<Exit, Failure> {
    match command {
        Node::Init(args) => init(args, output),
        Node::Start(args) => start(args, output),
        Node::Notes(args) => notes::run(args, output),
    }
}

fn init(args: &Init, output: &Output) -> Result<Exit, Failure> {
    let passphrase = args.passphrase.read()?.ok_or_else(|| {
        Failure::usage("a node's keys need a passphrase").hint("give --passphrase-file or --passphrase-fd")
    })?;
    let config = args.dir.join(Sources::FILE_NAME);
    if config.exists() {
        return Err(Failure::usage(format_args!("{} exists, and is not overwritten", config.display())));
    }
    let path = args.dir.join(Keystore::FILE_NAME);
    let keystore = Keystore::create(&path, Owner::Validator, Protection::Passphrase(&passphrase))
        .map_err(|fault| submitter::refused(&fault))?;
    let made = match &args.genesis {
        Some(path) => genesis_file::read(path).map_err(Failure::usage),
        None => genesis(args, &keystore),
    };
    let genesis = made.inspect_err(|_| {
        // Made a moment ago, it has signed nothing; left behind, it would stand in the way of the next attempt.
        let _ = std::fs::remove_file(&path);
    })?;
    genesis_file::create(&args.dir.join(genesis_file::FILE_NAME), &genesis).map_err(Failure::usage)?;
    // With the keys, so that one that is missing later is known to have been lost.
    let journal = args.dir.join(Journal::FILE_NAME);
    let consensus = keystore.validator("", 1).map_err(Failure::usage)?.consensus;
    Journal::open(&journal, &genesis.network(), &consensus, IfMissing::Create).map_err(Failure::usage)?;
    let policy = Policy::of(&genesis.validator_set()).map_err(Failure::usage)?;
    files::write(&args.dir.join("policy.txt"), policy.to_string().as_bytes())?;
    files::write(&config, written(args).as_bytes())?;
    output.row("network", genesis.network());
    output.row("files", args.dir.display());
    output
        .row("start", format_args!("quorate node start --dir {} --passphrase-file FILE", args.dir.display()));
    if output.is_json() {
        output.json(&serde_json::json!({ "network": genesis.network().to_string(), "dir": args.dir }));
    }
    Ok(Exit::Ok)
}

/// The genesis of a network of this node alone.
fn genesis(args: &Init, keystore: &Keystore) -> Result<Genesis, Failure> {
    let genesis = Genesis {
        origin: args.origin.clone().unwrap_or_default(),
        time: TimeMs::new(time::now_ms()),
        validators: vec![keystore.validator(&args.name, 1).map_err(Failure::usage)?],
        admission: match args.registrar.is_empty() {
            true => Admission::Open,
            false => Admission::Registered,
        },
        registrars: args.registrar.iter().map(|key| submitter::public_key(key)).collect::<Result<_, _>>()?,
    };
    genesis.check().map_err(Failure::usage)?;
    Ok(genesis)
}

/// A configuration with every key: those that are known set, the rest as comments with their defaults.
fn written(args: &Init) -> String {
    let quoted =
        |texts: &[String]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
    let mut set = vec![("name", format!("{:?}", args.name))];
    if args.observer {
        set.push(("observe", "true".to_owned()));
    }
    if !args.submit_to.is_empty() {
        set.push(("rpc.submit_to", format!("[{}]", quoted(&args.submit_to))));
    }
    let lines: String = set.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    let keys = Key::ALL.iter().filter(|key| set.iter().all(|(name, _)| *name != key.name)).map(|key| {
        let default = if key.default.is_empty() { "unset" } else { key.default };
        format!("# {}: {} ({default})\n", key.name, key.about)
    });
    let keys: String = keys.collect();
    let peers = args.peer.iter().map(|(name, address)| format!("{name} = [{address:?}]\n"));
    let peers: String = peers.collect();
    let peers = if peers.is_empty() { peers } else { format!("\n[peers]\n{peers}") };
    format!("{lines}\n# Keys that are not set, and what holds instead:\n{keys}{peers}")
}

fn start(args: &Start, output: &Output) -> Result<Exit, Failure> {
    if args.detached {
        testnet::process::leave_session();
    }
    let dir = &args.dir;
    let config = load(dir, args.set.clone())?;
    node::telemetry::log::begin(&config.log).map_err(Failure::usage)?;
    let if_missing = match args.wiped {
        true => IfMissing::BeginAgain,
        false => IfMissing::Refuse,
    };
    let setup = setup(dir, config, &args.passphrase, if_missing)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| Failure::internal(format_args!("no runtime: {fault}")))?;
    runtime.block_on(async {
        let ends = Ends::new()?;
        let running = node::start(setup).await.map_err(|fault| unstarted(&fault))?;
        say(&running, output);
        let mut ends = ends;
        tokio::select! {
            fault = running.wait() => {
                let failure = Failure::internal(&fault).hint("the log tells more; after that is mended, start it again");
                // It has failed already, which is what is told.
                let _ = running.stop().await;
                Err(failure)
            }
            () = ends.asked() => {
                running.stop().await.map_err(Failure::internal)?;
                Ok(Exit::Ok)
            }
        }
    })
}

fn setup(
    dir: &Path,
    config: Config,
    passphrase: &PassphraseSource,
    if_missing: IfMissing,
) -> Result<Setup, Failure> {
    let genesis = genesis_file::read(&dir.join(genesis_file::FILE_NAME)).map_err(|fault| {
        let failure = Failure::usage(&fault);
        match fault {
            GenesisError::Io { .. } => failure.hint("--dir names the node's directory"),
            GenesisError::Malformed { .. } | GenesisError::Network { .. } => {
                failure.hint("every node of the network has the same genesis.json; copy one that is whole")
            }
        }
    })?;
    let keystore =
        Keystore::read(&dir.join(Keystore::FILE_NAME)).map_err(|fault| submitter::refused(&fault))?;
    if keystore.is_dev() {
        return Err(Failure::usage(
            "these keys are marked dev-only: anybody can read them, so a real node refuses them",
        )
        .hint("quorate dev runs such nodes; quorate node init and quorate testnet init make real keys"));
    }
    let passphrase = passphrase.read()?.ok_or_else(|| {
        Failure::usage("the keystore needs a passphrase").hint("give --passphrase-file or --passphrase-fd")
    })?;
    let keys = keystore
        .unlock_validator(Protection::Passphrase(&passphrase))
        .map_err(|fault| submitter::refused(&fault))?;
    Ok(Setup { config, genesis, keys, if_missing })
}

fn say(running: &RunningNode, output: &Output) {
    for address in &running.rpc_addrs {
        output.row("rpc", format_args!("http://{address}"));
    }
    output.row("admin", format_args!("http://{}", running.admin_addr));
    for address in &running.p2p_addrs {
        output.row("p2p", address);
    }
}

/// Says why a node does not start, and what helps.
fn unstarted(fault: &StartError) -> Failure {
    let failure = Failure::usage(fault);
    match fault.cause() {
        Cause::NoName => failure.hint("name = \"…\" in config.toml, or --set name=…"),
        Cause::NoValidator => failure
            .hint("is the name right? A node that is no validator, or not yet, runs with observe = true in config.toml"),
        Cause::OtherKeys => failure.hint("is this another node's keystore, or another network's genesis?"),
        Cause::Taken(_) => failure.hint("another process listens there; end it, or choose another port"),
        Cause::JournalLost => failure.hint(
            "bring the newest journal back; if it is lost, `quorate node start --wiped` follows in silence until \
             nothing can be contradicted",
        ),
        Cause::Book => failure.hint(
            "never bring back an older copy: take the log out of witness.logs, for what was cosigned of it is not known",
        ),
        Cause::Surroundings | Cause::Keeping => failure,
        Cause::System => Failure::internal(fault),
    }
}

/// The signals that ask a process to end.
pub struct Ends {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ends {
    /// Begins to listen. Before this, a signal ends the process at once.
    ///
    /// # Errors
    /// `Internal` when the system refuses.
    pub fn new() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|fault| Failure::internal(format_args!("no signals: {fault}")));
        Ok(Self { term: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Returns when the process is asked to end.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> Init {
        Init {
            dir: PathBuf::new(),
            name: "v7".to_owned(),
            origin: None,
            observer: false,
            genesis: None,
            peer: Vec::new(),
            submit_to: Vec::new(),
            registrar: Vec::new(),
            passphrase: PassphraseSource::default(),
        }
    }

    fn read(args: &Init) -> Config {
        let dir = tempfile::tempdir().expect("a directory");
        let sources =
            Sources { file: Some((dir.path().join("config.toml"), written(args))), ..Sources::default() };
        Config::load(dir.path(), &sources).expect("a configuration")
    }

    #[test]
    fn the_written_configuration_is_read() {
        let config = read(&args());
        assert_eq!((config.name.as_deref(), config.observe), (Some("v7"), false));
    }

    #[test]
    fn an_observers_configuration_names_the_validators() {
        let config = read(&Init {
            observer: true,
            peer: vec![("v1".to_owned(), "/ip4/127.0.0.1/tcp/7072".to_owned())],
            submit_to: vec!["http://127.0.0.1:7070".to_owned()],
            ..args()
        });
        assert!(config.observe);
        assert_eq!(config.rpc.submit_to, ["http://127.0.0.1:7070"]);
        assert_eq!(config.peers["v1"][0].to_string(), "/ip4/127.0.0.1/tcp/7072");
    }
}
