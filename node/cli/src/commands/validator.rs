//! `quorate validator`: who orders submissions, and how that changes.
//!
//! One makes a change, a quorum of the reigning validators approves, anybody submits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use client::Client;
use model::chain::ValidatorsAnswer;
use model::entry::Wait;
use model::scalar::Uint;
use node::config::{Config, Sources};
use node::keys::NodeKeys;
use node::keystore::{Keystore, Protection};
use proto::counter::Epoch;
use proto::id::{NetworkId, Tenant};

use crate::commands::submit::{self, Draft};
use crate::exit::{Exit, Failure};
use crate::membership::Change;
use crate::net::{self, Node};
use crate::output::{Output, short};
use crate::submitter::{self, PassphraseSource};
use crate::time;

/// How long a change may wait to be executed.
const EXPIRES_IN: Duration = Duration::from_secs(600);

/// Commands of `validator`.
#[derive(Subcommand, Debug)]
pub enum Validator {
    /// Show the validators of an epoch
    List(List),
    /// Make a change that adds the node of a directory
    Join(Join),
    /// Make a change that removes a validator
    Leave(Leave),
    /// Add the approval of the validator whose directory this is
    Approve(Approve),
    /// Submit a change that a quorum has approved
    Submit(Submit),
}

/// Flags of `validator list`.
#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    node: Node,
    /// The epoch [default: the present one]
    #[arg(long, value_name = "N")]
    epoch: Option<u64>,
}

/// Flags of `validator join`.
#[derive(Args, Debug)]
pub struct Join {
    #[command(flatten)]
    node: Node,
    #[command(flatten)]
    home: Home,
    /// Its name among the validators [default: the name in its configuration]
    #[arg(long)]
    name: Option<String>,
    /// Its voting power
    #[arg(long, default_value_t = 1, value_name = "N")]
    power: u64,
    /// Where to write the change
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Flags of `validator leave`.
#[derive(Args, Debug)]
pub struct Leave {
    #[command(flatten)]
    node: Node,
    /// The validator's name
    name: String,
    /// Where to write the change
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Flags of `validator approve`.
#[derive(Args, Debug)]
pub struct Approve {
    #[command(flatten)]
    node: Node,
    #[command(flatten)]
    home: Home,
    /// The change; the approval is added to it
    change: PathBuf,
}

/// Flags of `validator submit`.
#[derive(Args, Debug)]
pub struct Submit {
    #[command(flatten)]
    node: Node,
    /// The change
    change: PathBuf,
    /// The key to submit with: a name in the configuration directory or a keystore's path
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseSource,
    /// How long to wait until it is final
    #[arg(long, default_value = "30s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
}

/// A node's directory, whose keys are needed.
#[derive(Args, Debug)]
pub struct Home {
    /// The node's directory
    #[arg(long, env = "QUORATE_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl Home {
    fn keys(&self) -> Result<NodeKeys, Failure> {
        let keystore = Keystore::read(&self.dir.join(Keystore::FILE_NAME))
            .map_err(|fault| submitter::refused(&fault))?;
        let passphrase = self.passphrase.read()?;
        let protection = match &passphrase {
            Some(passphrase) => Protection::Passphrase(passphrase),
            None => Protection::Dev,
        };
        keystore.unlock_validator(protection).map_err(|fault| submitter::refused(&fault))
    }
}

/// Runs a command of `validator`.
pub fn run(command: &Validator, output: &Output) -> Result<Exit, Failure> {
    match command {
        Validator::List(args) => list(args, output),
        Validator::Join(args) => join(args, output),
        Validator::Leave(args) => leave(args, output),
        Validator::Approve(args) => approve(args, output),
        Validator::Submit(args) => submit(args, output),
    }
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let validators = reigning(&args.node.client()?, args.epoch)?;
    if output.is_json() {
        output.json(&validators);
        return Ok(Exit::Ok);
    }
    output.row("epoch", validators.epoch);
    output.row("quorum", format_args!("power {} of {}", validators.quorum_power, validators.total_power));
    for validator in &validators.validators {
        let key = validator.consensus.parse().map_err(Failure::internal)?.id();
        output.row(&validator.name, format_args!("power {}, consensus key {}", validator.power, short(&key)));
    }
    Ok(Exit::Ok)
}

fn join(args: &Join, output: &Output) -> Result<Exit, Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&args.home.dir)?,
    };
    let validators = reigning(&args.node.client()?, None)?;
    let (network, epoch) = (NetworkId::new(validators.network.0), Epoch::new(validators.epoch.0));
    let change = Change::join(network, epoch, &args.home.keys()?, &name, args.power);
    keep(&change, &args.out, &validators, output)
}

fn leave(args: &Leave, output: &Output) -> Result<Exit, Failure> {
    let validators = reigning(&args.node.client()?, None)?;
    if !validators.validators.iter().any(|it| it.name == args.name) {
        let epoch = validators.epoch;
        return Err(Failure::usage(format_args!("epoch {epoch} has no validator {:?}", args.name))
            .hint("quorate validator list shows who reigns"));
    }
    let (network, epoch) = (NetworkId::new(validators.network.0), Epoch::new(validators.epoch.0));
    keep(&Change::leave(network, epoch, &args.name), &args.out, &validators, output)
}

fn approve(args: &Approve, output: &Output) -> Result<Exit, Failure> {
    let mut change = Change::read(&args.change)?;
    let validators = reigning(&args.node.client()?, None)?;
    let by = change.approve(&args.home.keys()?, &validators)?;
    output.row("approved by", by);
    keep(&change, &args.change, &validators, output)
}

fn keep(
    change: &Change,
    path: &Path,
    validators: &ValidatorsAnswer,
    output: &Output,
) -> Result<Exit, Failure> {
    change.write(path)?;
    let (power, needed) = change.approved(validators)?;
    if output.is_json() {
        output.json(&serde_json::json!({ "change": change, "power": power, "needed": needed, "file": path }));
        return Ok(Exit::Ok);
    }
    let file = path.display();
    output.row("change", change.summary()?);
    output.row("approved", format_args!("power {power} of the {needed} that a quorum has"));
    match power < needed {
        true => {
            output.row("next", format_args!("each of the others: quorate validator approve {file} --dir DIR"))
        }
        false => output.row("next", format_args!("quorate validator submit {file}")),
    }
    Ok(Exit::Ok)
}

fn submit(args: &Submit, output: &Output) -> Result<Exit, Failure> {
    let change = Change::read(&args.change)?;
    let client = args.node.client()?;
    let validators = reigning(&client, None)?;
    let (power, needed) = change.approved(&validators)?;
    if power < needed {
        let file = args.change.display();
        return Err(Failure::usage(format_args!("approvals of power {power}, {needed} are needed"))
            .hint(format_args!("quorate validator approve {file} --dir DIR, at one validator more")));
    }
    let secret = submitter::signing_key(args.key.as_deref(), &args.passphrase, output)?;
    let draft = Draft {
        author: None,
        tenant: Tenant::default_tenant(),
        operation: change.operation()?,
        expires_in: EXPIRES_IN,
    };
    let submission = draft.sign(change.network(), &secret)?;
    let ticket = net::runtime()?
        .block_on(net::submit_and_wait(&client, &submission, Wait::Finalized, args.timeout))
        .map_err(net::refused)?;
    submit::print(&ticket, &args.node, output);
    Ok(net::exit_of(Wait::Finalized, ticket.state))
}

fn reigning(client: &Client, epoch: Option<u64>) -> Result<ValidatorsAnswer, Failure> {
    net::runtime()?.block_on(client.validators(epoch.map(Uint))).map_err(net::refused)
}

fn name_of(dir: &Path) -> Result<String, Failure> {
    let sources = Sources::of_node(dir, Vec::new()).map_err(Failure::usage)?;
    let config = Config::load(dir, &sources).map_err(Failure::usage)?;
    config.name.ok_or_else(|| {
        Failure::usage(format_args!("the configuration in {} gives the node no name", dir.display()))
            .hint("--name gives it one")
    })
}
