//! `quorate policy init`: a policy of a network's validators.
//!
//! A genesis from someone you trust is a root of trust; what a node says of itself is not, and is taken only when
//! its fingerprint was compared or the user says that this first use is to be trusted.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use client::trust::extended;
use node::genesis_file;
use proto::genesis::Genesis;
use proto::id::NetworkId;
use proto::note::NoteKey;
use proto::policy::{Outside, Policy, PostQuantum, Threshold};
use proto::validators::ValidatorSet;
use serde::Serialize;
use testnet::topology::Topology;
use verify::Trust;

use super::words;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::net;
use crate::output::{Output, Tone};

/// Flags of `policy init`.
#[derive(Args, Debug)]
pub struct Init {
    /// Ask this node whom its network believes: trust on first use, unless --network is compared
    #[arg(long, value_name = "URL", conflicts_with_all = ["genesis", "testnet"])]
    url: Option<String>,
    /// The network's genesis.json, from someone you trust
    #[arg(long, value_name = "FILE", conflicts_with = "testnet")]
    genesis: Option<PathBuf>,
    /// The chain of trust from the genesis on, as quorate trust fetches it
    #[arg(long, value_name = "FILE", requires = "genesis")]
    trust: Option<PathBuf>,
    /// The directory of a testnet of this machine
    #[arg(long, value_name = "DIR")]
    testnet: Option<PathBuf>,
    /// The network's id, told by someone you trust: any other network is refused
    #[arg(long, value_name = "ID")]
    network: Option<NetworkId>,
    /// Trust what the node says on first use, without being asked
    #[arg(long)]
    yes: bool,
    /// What is asked of the post-quantum half of each signer
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    post_quantum: Half,
    /// An outside witness that must have cosigned too: its vkey, perhaps followed by a space and its URL; may be given
    /// several times
    #[arg(long = "witness", value_name = "VKEY", value_parser = outside_key)]
    witnesses: Vec<(NoteKey, Option<String>)>,
    /// How many of the outside witnesses
    #[arg(long, default_value = "any", value_name = "any|all|N", value_parser = threshold)]
    witness_count: Threshold,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What is asked of the post-quantum half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Half {
    /// Both halves must have signed
    #[default]
    Require,
    /// Either half is enough
    Accept,
}

fn outside_key(text: &str) -> Result<(NoteKey, Option<String>), String> {
    let mut words = text.split_whitespace();
    let key = words.next().ok_or("a vkey is needed")?;
    let key = NoteKey::parse(key).map_err(|fault| fault.to_string())?;
    let url = words.next().map(str::to_owned);
    match words.next() {
        None => Ok((key, url)),
        Some(_) => Err("a vkey and a URL are two words".to_owned()),
    }
}

fn threshold(text: &str) -> Result<Threshold, String> {
    match text {
        "any" => Ok(Threshold::Any),
        "all" => Ok(Threshold::All),
        number => number.parse().map(Threshold::AtLeast).map_err(|_| "any, all or a number".to_owned()),
    }
}

#[derive(Serialize)]
struct Made {
    network: String,
    origin: String,
    epoch: u64,
    source: String,
    trust_on_first_use: bool,
    quorum: String,
    policy: String,
    file: Option<PathBuf>,
}

/// Makes a policy.
pub fn run(args: &Init, output: &Output) -> Result<Exit, Failure> {
    let (genesis, trust, source, told_by_the_node) = source(args)?;
    let network = genesis.network();
    if let Some(expected) = args.network.filter(|expected| *expected != network) {
        return Err(Failure::new(
            Exit::NoTrust,
            format_args!("{source} is of network {network}, expected was {expected}"),
        )
        .hint("do not use what it says; ask whoever told you the id"));
    }
    let first_use = told_by_the_node && args.network.is_none();
    if first_use {
        accept(args, &network, &source, output)?;
    }
    let set = reigning(&genesis, &trust)?;
    let post_quantum = match args.post_quantum {
        Half::Require => PostQuantum::Require,
        Half::Accept => PostQuantum::Accept,
    };
    let outside = Outside { threshold: args.witness_count, keys: args.witnesses.clone() };
    let outside = (!outside.keys.is_empty()).then_some(&outside);
    let policy = Policy::template(&set, post_quantum, outside).map_err(Failure::usage)?;
    let text = policy.to_string();
    if let Some(path) = &args.out {
        files::write(path, text.as_bytes())?;
    }
    let made = Made {
        network: network.to_string(),
        origin: genesis.origin.clone(),
        epoch: set.epoch().get(),
        source,
        trust_on_first_use: first_use,
        quorum: words::quorum(&policy),
        policy: text,
        file: args.out.clone(),
    };
    match (output.is_json(), &args.out) {
        (true, _) => output.json(&made),
        (false, None) => output.write(&made.policy),
        (false, Some(path)) => {
            output.row("network", &made.network);
            output.row("believes", words::logs(&policy));
            output.row("cosigned by", &made.quorum);
            output.row("written to", path.display());
        }
    }
    Ok(Exit::Ok)
}

/// The genesis and what followed, where from, and whether only a node says so.
fn source(args: &Init) -> Result<(Genesis, Trust, String, bool), Failure> {
    let refused = |fault: &dyn std::fmt::Display| Failure::new(Exit::NoTrust, fault);
    if let Some(url) = &args.url {
        let chain = net::runtime()?.block_on(net::client(url)?.trust()).map_err(net::refused)?;
        let genesis = chain.genesis().map_err(|fault| refused(&fault))?;
        let trust = Trust::from_genesis(&genesis).map_err(|fault| refused(&fault))?;
        let trust = extended(trust, &chain).map_err(|fault| refused(&fault))?;
        return Ok((genesis, trust, url.clone(), true));
    }
    let path = match (&args.genesis, &args.testnet) {
        (Some(path), _) => path.clone(),
        (None, Some(dir)) => {
            let topology = Topology::read(dir).map_err(Failure::usage)?;
            let node = topology.nodes.first().ok_or_else(|| Failure::usage("the testnet has no node"))?;
            node.dir().join(genesis_file::FILE_NAME)
        }
        (None, None) => {
            return Err(Failure::usage("nothing says which network")
                .hint("--genesis FILE, --testnet DIR, or --url URL for what a node says of itself"));
        }
    };
    let genesis = genesis_file::read(&path).map_err(|fault| refused(&fault))?;
    let trust = crate::trust::read(&path, args.trust.as_deref())?;
    Ok((genesis, trust, path.display().to_string(), false))
}

/// Asks whether the word of one node is to be trusted.
fn accept(args: &Init, network: &NetworkId, url: &str, output: &Output) -> Result<(), Failure> {
    output.note(format_args!(
        "{}  {url} says that it is of network\n\n    {network}\n\nand nothing but its own word shows that. Compare this \
         id with one that you have from someone you trust\n(--network ID does so for you). Whoever forged it \
         could forge every receipt that this policy accepts.",
        output.paint(Tone::Bad, "TRUST ON FIRST USE")
    ));
    if args.yes {
        return Ok(());
    }
    let refused = || {
        Failure::new(Exit::NoTrust, "no policy was made: nobody vouches for the network")
            .hint("--network ID compares the network's id, --yes trusts this first use")
    };
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(refused());
    }
    let mut stderr = std::io::stderr().lock();
    let mut answer = String::new();
    // Who cannot be asked has not agreed.
    let asked = write!(stderr, "Trust it? Type yes: ").and_then(|()| stderr.flush());
    let read = asked.and_then(|()| std::io::stdin().read_line(&mut answer));
    match (read, answer.trim()) {
        (Ok(_), "yes") => Ok(()),
        (Ok(_) | Err(_), _) => Err(refused()),
    }
}

/// The validators of the latest epoch that the chain leads to.
fn reigning(genesis: &Genesis, trust: &Trust) -> Result<ValidatorSet, Failure> {
    let epoch = trust.last_epoch();
    let first = genesis.validator_set();
    let Some(validators) = trust.validators(epoch) else {
        return Err(Failure::internal("the chain of trust has no last link"));
    };
    // Where an epoch opens is of no concern to a policy, which names keys.
    ValidatorSet::new(
        *first.network(),
        genesis.origin.clone(),
        epoch,
        first.opening(),
        validators.get().to_vec(),
    )
    .map_err(Failure::internal)
}
