//! `quorate testnet join` and `leave`: what operators do by hand to change the validators, done for all nodes of a
//! network on this machine, whose keys are all here.

use std::time::{Duration, Instant};

use clap::Args;
use client::ClientError;
use model::chain::ValidatorsAnswer;
use model::entry::{State, Wait};
use node::keys::NodeKeys;
use node::keystore::{Keystore, Protection};
use node::passphrase::Passphrase;
use proto::counter::Epoch;
use proto::id::{NetworkId, Tenant};
use serde::Serialize;
use testnet::process;
use testnet::topology::{Member, Topology};
use testnet::watch;

use super::{Dir, chosen, undrawn, unready, unruly};
use crate::commands::submit::Draft;
use crate::exit::{Exit, Failure};
use crate::membership::Change;
use crate::net;
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};
use crate::time;

/// How often a node is asked whether the next epoch has begun.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a change may wait to be executed.
const EXPIRES_IN: Duration = Duration::from_secs(600);

/// Flags of `testnet join`.
#[derive(Args, Debug)]
pub struct Join {
    #[command(flatten)]
    dir: Dir,
    /// How many join, one after another
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = super::validators())]
    count: usize,
    #[command(flatten)]
    with: With,
}

/// Flags of `testnet leave`.
#[derive(Args, Debug)]
pub struct Leave {
    #[command(flatten)]
    dir: Dir,
    /// Who leave, one after another
    #[arg(required = true, value_name = "NAME")]
    node: Vec<String>,
    #[command(flatten)]
    with: With,
}

/// By whom it is submitted, and for how long it is waited.
#[derive(Args, Debug)]
struct With {
    /// The key to submit with: a name in the configuration directory or a keystore's path
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// How long each may take until it reigns, or reigns no more
    #[arg(long, default_value = "60s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
}

/// What became of one change.
#[derive(Serialize)]
struct Changed {
    name: String,
    epoch: u64,
    took_ms: u64,
}

/// What a member is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Join,
    Leave,
}

/// Lets new nodes join.
pub fn join(args: &Join, output: &Output) -> Result<Exit, Failure> {
    let mut topology = Topology::read(&args.dir.dir).map_err(undrawn)?;
    let fresh = topology.grow(args.count).map_err(undrawn)?;
    let program = std::env::current_exe()
        .map_err(|fault| Failure::internal(format_args!("this program cannot find itself: {fault}")))?;
    for node in &fresh {
        let pid = process::start(node, &program).map_err(unruly)?;
        output.row(&node.name, format_args!("started as process {pid}, {}", node.url()));
    }
    let nodes: Vec<&Member> = fresh.iter().collect();
    let ready = net::runtime()?.block_on(watch::await_ready(&nodes, args.with.timeout));
    ready.map_err(|fault| unready(&fault, &topology))?;
    change_all(&topology, &nodes, Wish::Join, &args.with, output)
}

/// Lets validators leave.
pub fn leave(args: &Leave, output: &Output) -> Result<Exit, Failure> {
    let topology = Topology::read(&args.dir.dir).map_err(undrawn)?;
    let nodes = chosen(&topology, &args.node)?;
    change_all(&topology, &nodes, Wish::Leave, &args.with, output)
}

fn change_all(
    topology: &Topology,
    nodes: &[&Member],
    wish: Wish,
    with: &With,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut changed = Vec::new();
    for node in nodes {
        let one = change(topology, node, wish, with, output)?;
        let word = match wish {
            Wish::Join => "reigns",
            Wish::Leave => "reigns no more",
        };
        let Changed { name, epoch, took_ms } = &one;
        output.row(name, format_args!("{word} since epoch {epoch}, after {took_ms} ms"));
        changed.push(one);
    }
    if output.is_json() {
        output.json(&changed);
    }
    Ok(Exit::Ok)
}

fn change(
    topology: &Topology,
    node: &Member,
    wish: Wish,
    with: &With,
    output: &Output,
) -> Result<Changed, Failure> {
    let begun = Instant::now();
    let submitter = submitter::signing_key(with.key.as_deref(), &PassphraseSource::default(), output)?;
    loop {
        // Somebody who is there now and afterwards.
        let asked = topology
            .nodes
            .iter()
            .find(|it| {
                it.name != node.name
                    && process::running(it).is_some()
                    && reigning(it).is_ok_and(|set| has(&set, it))
            })
            .ok_or_else(|| {
                Failure::usage("no validator of this network runs").hint("quorate testnet start")
            })?;
        let client = net::client(&asked.url())?;
        let set = reigning(asked)?;
        if has(&set, node) == (wish == Wish::Join) {
            let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            return Ok(Changed { name: node.name.clone(), epoch: set.epoch.0, took_ms });
        }
        let left = with.timeout.saturating_sub(begun.elapsed());
        if left.is_zero() {
            let waited_s = with.timeout.as_secs();
            return Err(Failure::new(
                Exit::Unknown,
                format_args!("{}: epoch {} still reigns after {waited_s} s", node.name, set.epoch),
            ));
        }
        let change = approved(topology, node, wish, &set)?;
        let draft = Draft {
            author: None,
            tenant: Tenant::default_tenant(),
            operation: change.operation()?,
            expires_in: EXPIRES_IN,
        };
        let submission = draft.sign(change.network(), &submitter)?;
        let runtime = net::runtime()?;
        let answer = runtime.block_on(net::submit_and_wait(&client, &submission, Wait::Committed, left));
        match answer {
            Ok(ticket) if matches!(ticket.state, State::Committed | State::Finalized) => {
                runtime.block_on(await_epoch_after(set.epoch.0, asked, begun + with.timeout))?;
            }
            // The epoch ended while the change was approved: it is approved anew.
            Ok(ticket) if ticket.rejection.as_ref().is_some_and(|it| it.code == "wrong_epoch") => {}
            Ok(ticket) => {
                let why = ticket.rejection.map_or_else(|| "not committed in time".to_owned(), |it| it.reason);
                return Err(Failure::new(Exit::Refused, format_args!("{}: {why}", node.name)));
            }
            Err(ClientError::Refused(problem)) if problem.reason.as_deref() == Some("wrong_epoch") => {}
            // It had left a moment before, and did not know of it yet when it was chosen.
            Err(ClientError::Refused(problem) | ClientError::Failed(problem))
                if problem.code == "observer" => {}
            Err(fault) => return Err(net::refused(fault)),
        }
    }
}

/// The change, with the approval of every reigning node of this network.
fn approved(
    topology: &Topology,
    node: &Member,
    wish: Wish,
    set: &ValidatorsAnswer,
) -> Result<Change, Failure> {
    let (network, epoch) = (NetworkId::new(set.network.0), Epoch::new(set.epoch.0));
    let mut change = match wish {
        Wish::Join => Change::join(network, epoch, &keys(node)?, &node.name, 1),
        Wish::Leave => Change::leave(network, epoch, &node.name),
    };
    for member in topology.nodes.iter().filter(|member| has(set, member)) {
        change.approve(&keys(member)?, set)?;
        let (power, needed) = change.approved(set)?;
        if power >= needed {
            break;
        }
    }
    Ok(change)
}

async fn await_epoch_after(epoch: u64, asked: &Member, until: Instant) -> Result<(), Failure> {
    let client = net::client(&asked.url())?;
    while Instant::now() < until {
        let set = client.validators(None).await.map_err(net::refused)?;
        if set.epoch.0 > epoch {
            return Ok(());
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

fn reigning(node: &Member) -> Result<ValidatorsAnswer, Failure> {
    let client = net::client(&node.url())?;
    net::runtime()?.block_on(client.validators(None)).map_err(net::refused)
}

fn has(set: &ValidatorsAnswer, node: &Member) -> bool {
    set.validators.iter().any(|validator| validator.name == node.name)
}

fn keys(node: &Member) -> Result<NodeKeys, Failure> {
    let keystore = Keystore::read(&node.keystore()).map_err(|fault| submitter::refused(&fault))?;
    let passphrase = Passphrase::from_file(&node.passphrase()).map_err(Failure::usage)?;
    keystore.unlock_validator(Protection::Passphrase(&passphrase)).map_err(|fault| submitter::refused(&fault))
}
