//! What all submitting commands share: which node, whose signature, how long to wait.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use client::Client;
use crypto::SecretKey;
use model::entry::{Ticket, Wait};
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;

use super::Draft;
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::submitter::{self, DEFAULT_KEY, PassphraseSource};
use crate::time;

/// Flags of sending.
#[derive(Args, Debug)]
pub struct Sending {
    #[command(flatten)]
    pub node: Node,
    /// What to wait for
    #[arg(long, value_enum, default_value_t, value_name = "STATE")]
    pub wait: WaitFor,
    /// How long to wait at most
    #[arg(long, default_value = "10s", value_parser = time::duration, value_name = "DURATION")]
    timeout: Duration,
    /// The tenant
    #[arg(long, default_value = "default")]
    tenant: String,
    /// When to give up trying to have it executed
    #[arg(long, default_value = "1h", value_parser = time::duration, value_name = "DURATION")]
    expires_in: Duration,
    /// The key to sign with: a name in the configuration directory or a keystore's path
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The identity to speak for [default: the one that the key was listed for here, else the key's own]
    #[arg(long, value_name = "DID", value_parser = Did::parse)]
    identity: Option<Did>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Who speaks, and where.
pub struct Speaker {
    /// The network.
    pub network: NetworkId,
    /// The identity.
    pub author: Did,
    /// The key that signs.
    pub secret: SecretKey,
}

/// The state to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WaitFor {
    /// A node has checked it
    Accepted,
    /// It has a place in the log
    Committed,
    /// It has a receipt
    #[default]
    Finalized,
}

impl From<WaitFor> for Wait {
    fn from(wait: WaitFor) -> Self {
        match wait {
            WaitFor::Accepted => Self::Accepted,
            WaitFor::Committed => Self::Committed,
            WaitFor::Finalized => Self::Finalized,
        }
    }
}

/// What was sent, and how far it has come.
pub struct Sent {
    /// The node it was sent to.
    pub client: Client,
    /// Who spoke.
    pub author: Did,
    /// How far it has come.
    pub ticket: Ticket,
    /// How a command ends that wanted this.
    pub exit: Exit,
}

impl Sending {
    /// The tenant it is sent for.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Signs, submits, and waits until it has come as far as `wait` or time is up.
    ///
    /// # Errors
    /// As the node, the keystore and the flags say; the id is told when it is not known what became of it.
    pub async fn send(&self, operation: Operation, wait: Wait, output: &Output) -> Result<Sent, Failure> {
        self.send_made(|_| Ok(operation), wait, output).await
    }

    /// The same for an operation that depends on who speaks and where.
    ///
    /// # Errors
    /// As [`Sending::send`], and as `make`.
    pub async fn send_made(
        &self,
        make: impl FnOnce(&Speaker) -> Result<Operation, Failure>,
        wait: Wait,
        output: &Output,
    ) -> Result<Sent, Failure> {
        let tenant = Tenant::parse(&self.tenant).map_err(Failure::usage)?;
        let client = self.node.client()?;
        let secret = submitter::signing_key(self.key.as_deref(), &self.passphrase, output)?;
        let listed = submitter::identity_of(self.key.as_deref().unwrap_or(DEFAULT_KEY))?;
        let author = self.identity.clone().or(listed).unwrap_or_else(|| Did::of(secret.public()));
        let begin = Instant::now();
        let network = self.node.network(&client, self.timeout).await?;
        let speaker = Speaker { network, author, secret };
        let operation = make(&speaker)?;
        let author = Some(speaker.author.clone());
        let draft = Draft { author, tenant, operation, expires_in: self.expires_in };
        let submission = draft.sign(network, &speaker.secret)?;
        if output.shows_progress() {
            output.note(format_args!("submission {} sent, waiting …", submission.id()));
        }
        let left = self.timeout.saturating_sub(begin.elapsed());
        let ticket = net::submit_and_wait(&client, &submission, wait, left).await;
        let ticket = ticket.map_err(net::refused).inspect_err(|_| {
            output.note(format_args!("the submission's id is {}", submission.id()));
        })?;
        let exit = net::exit_of(wait, ticket.state);
        Ok(Sent { client, author: speaker.author, ticket, exit })
    }
}
