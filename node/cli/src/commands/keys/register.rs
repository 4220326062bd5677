//! `quorate keys register`: an identity for a key. On networks that admit registered identities only a registrar signs,
//! and the key consents: with its own signature here, or with a file that its owner made.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use model::entry::Wait;
use proto::id::{Did, Tenant};
use proto::operation::Operation;

use super::consent::{Consented, To};
use crate::commands::submit::{self, Draft};
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::submitter::{self, DEFAULT_KEY, PassphraseSource};
use crate::time;

/// Flags of `keys register`.
#[derive(Args, Debug)]
pub struct Register {
    /// The key to register: a name in the configuration directory or a keystore's path
    #[arg(default_value = DEFAULT_KEY)]
    key: String,
    /// The registrar's key, which signs: one that genesis names [default: the key itself, where admission is open]
    #[arg(long, value_name = "KEY")]
    registrar: Option<String>,
    /// The consent of a key that is not here, as quorate keys consent wrote it for its owner, and the key's DID
    #[arg(long, value_name = "FILE", requires_all = ["registrar", "identity"])]
    consent: Option<PathBuf>,
    /// The DID of the key that consented
    #[arg(long, value_name = "DID", value_parser = Did::parse, requires = "consent")]
    identity: Option<Did>,
    #[command(flatten)]
    node: Node,
    /// How long to wait at most until it is final
    #[arg(long, default_value = "10s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
    #[command(flatten)]
    passphrase: PassphraseSource,
    /// The file that holds the passphrase of the key to register, where a registrar signs
    #[arg(long, value_name = "FILE", requires = "registrar")]
    key_passphrase_file: Option<PathBuf>,
}

/// Registers the identity that a key makes by itself.
pub fn run(args: &Register, output: &Output) -> Result<Exit, Failure> {
    let signer = args.registrar.as_deref().unwrap_or(&args.key);
    let secret = submitter::signing_key(Some(signer), &args.passphrase, output)?;
    let client = args.node.client()?;
    net::runtime()?.block_on(async {
        let begin = Instant::now();
        let network = args.node.network(&client, args.timeout).await?;
        let consented = match (&args.consent, &args.identity) {
            (Some(file), Some(identity)) => Some(Consented::read(file, &network, identity, &To::Create)?),
            // Its signature under the submission is its consent.
            _ if args.registrar.is_none() => None,
            _ => {
                let passphrase = PassphraseSource::of_file(args.key_passphrase_file.clone());
                let own = submitter::signing_key(Some(&args.key), &passphrase, output)?;
                match own.public() == secret.public() {
                    true => None,
                    false => Some(Consented::here(&own, &network, &Did::of(own.public()), &To::Create)),
                }
            }
        };
        let (key, possessions) = match consented {
            Some(Consented { key, possession }) => (key, vec![possession]),
            None => (secret.public().clone(), Vec::new()),
        };
        let identity = Did::of(&key);
        let draft = Draft {
            author: None,
            tenant: Tenant::default_tenant(),
            operation: Operation::IdentityCreate { identity, keys: vec![key], possessions },
            expires_in: Duration::from_secs(3_600),
        };
        let submission = draft.sign(network, &secret)?;
        let wait = Wait::Finalized;
        let left = args.timeout.saturating_sub(begin.elapsed());
        let ticket = net::submit_and_wait(&client, &submission, wait, left).await;
        let ticket = ticket.map_err(net::refused)?;
        submit::print(&ticket, &args.node, output);
        Ok(net::exit_of(wait, ticket.state))
    })
}
