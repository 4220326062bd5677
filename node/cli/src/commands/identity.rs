//! `quorate identity`: who speaks by which keys, as a node tells it.

use clap::{Args, Subcommand, ValueEnum};
use model::did::DidDocument;
use proto::counter::TreeSize;
use proto::id::Did;

use crate::commands::keys::{self, history};
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::submitter::DEFAULT_KEY;

/// Commands of `identity`.
#[derive(Subcommand, Debug)]
pub enum Identity {
    /// Show an identity and all its keys
    Show(Show),
}

/// Flags of `identity show`.
#[derive(Args, Debug)]
pub struct Show {
    /// A DID, or the name of a key that is here
    #[arg(default_value = DEFAULT_KEY)]
    identity: String,
    /// As of this size of the log
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
    /// What to show
    #[arg(long = "as", value_enum, default_value_t, value_name = "FORM")]
    form: Form,
    #[command(flatten)]
    node: Node,
}

/// What to show of an identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// All its keys, from which leaf to which
    #[default]
    Keys,
    /// The keys that are good, as JSON Web Key set
    Jwks,
    /// Its DID document
    Did,
}

/// Runs a command of `identity`.
pub fn run(command: &Identity, output: &Output) -> Result<Exit, Failure> {
    let Identity::Show(args) = command;
    net::runtime()?.block_on(show(args, output))
}

async fn show(args: &Show, output: &Output) -> Result<Exit, Failure> {
    let did = match args.identity.starts_with("did:") {
        true => Did::parse(&args.identity).map_err(Failure::usage)?,
        false => keys::change::identity_of(&args.identity)?,
    };
    let (client, size) = (args.node.client()?, args.size.map(TreeSize::new));
    match args.form {
        Form::Jwks => output.json(&client.identity_jwks(&did, size).await.map_err(net::refused)?),
        Form::Did => {
            let document: DidDocument = client.did_document(&did, size).await.map_err(net::refused)?;
            output.json(&document);
        }
        Form::Keys => {
            let answer = client.identity(&did, size).await.map_err(net::refused)?;
            if output.is_json() {
                output.json(&answer);
                return Ok(Exit::Ok);
            }
            output.row("identity", &answer.identity);
            match (answer.created_index, answer.created_height) {
                (Some(index), Some(height)) => {
                    output.row("registered", format_args!("height {height}, index {index}"));
                }
                _ => output.row("registered", "no: it speaks by the key that its DID names"),
            }
            output.row("as of", format_args!("size {}", answer.size));
            history::print(&answer.keys, output);
        }
    }
    Ok(Exit::Ok)
}
