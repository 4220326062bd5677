//! `quorate keys register`: an identity for a key, on networks that admit registered identities only.

use std::time::{Duration, Instant};

use clap::Args;
use model::entry::Wait;
use proto::id::{Did, Tenant};
use proto::operation::Operation;

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
    #[command(flatten)]
    node: Node,
    /// How long to wait at most until it is final
    #[arg(long, default_value = "10s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Registers the identity that a key makes by itself.
pub fn run(args: &Register, output: &Output) -> Result<Exit, Failure> {
    let key = submitter::public_key(&args.key)?;
    let registrar = args.registrar.as_deref().unwrap_or(&args.key);
    let secret = submitter::signing_key(Some(registrar), &args.passphrase, output)?;
    let client = args.node.client()?;
    net::runtime()?.block_on(async {
        let begin = Instant::now();
        let network = args.node.network(&client, args.timeout).await?;
        let draft = Draft {
            tenant: Tenant::default_tenant(),
            operation: Operation::IdentityCreate { identity: Did::of(&key), keys: vec![key] },
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
