//! Asking a node: its address, a runtime to ask in, and what its refusals mean for the exit code.

use std::time::{Duration, Instant};

use clap::Args;
use client::{Client, ClientError};
use model::entry::{State, TIMEOUT_MS_MAX, Ticket, Wait};
use model::scalar::Uint;
use proto::id::NetworkId;
use proto::submission::Submission;
use tokio::runtime::Runtime;

use crate::exit::{Exit, Failure};

/// The variable that names a node's address.
const URL_VARIABLE: &str = "QUORATE_URL";
/// Where `quorate dev` serves.
const URL: &str = "http://127.0.0.1:7070";
/// How long an answer may take beyond what the user wants to wait: a node that is well needs far less.
pub const GRACE: Duration = Duration::from_secs(2);

/// Which node to ask.
#[derive(Args, Clone, Debug)]
pub struct Node {
    /// The node's address
    #[arg(long, env = URL_VARIABLE, default_value = URL, value_name = "URL")]
    url: String,
}

impl Node {
    /// A client of the node.
    ///
    /// # Errors
    /// `Usage` unless the address is one.
    pub fn client(&self) -> Result<Client, Failure> {
        client(&self.url)
    }

    /// The node's address, with its scheme.
    pub fn address(&self) -> String {
        if self.url.contains("://") { self.url.clone() } else { format!("http://{}", self.url) }
    }

    /// What a command line needs in order to ask this node too: nothing if it would without being told.
    pub fn flag(&self) -> String {
        let unnamed = std::env::var(URL_VARIABLE).unwrap_or_else(|_| URL.to_owned());
        if self.url == unnamed { String::new() } else { format!(" --url {}", self.url) }
    }

    /// The network of a node that is about to be given something.
    ///
    /// # Errors
    /// `Unreachable` when it says nothing for as long as the user wants to wait; nothing is unknown yet.
    pub async fn network(&self, client: &Client, timeout: Duration) -> Result<NetworkId, Failure> {
        let patience = timeout.saturating_add(GRACE);
        match tokio::time::timeout(patience, client.status()).await {
            Ok(status) => status.map(|status| NetworkId::new(status.network.0)).map_err(refused),
            Err(_) => {
                let waited_s = patience.as_secs_f64();
                let message =
                    format!("{} has said nothing for {waited_s:.1} s; nothing was submitted", self.url);
                Err(Failure::new(Exit::Unreachable, message)
                    .hint("is the node overloaded or held? --url names another"))
            }
        }
    }
}

/// A client of the node at `url`; `host:port` is enough.
///
/// # Errors
/// `Usage` unless the address is one.
pub fn client(url: &str) -> Result<Client, Failure> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    Client::new(&url).map_err(refused)
}

/// A runtime for one command that asks a node.
///
/// # Errors
/// `Internal` when the system gives none.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| Failure::internal(format_args!("no runtime: {fault}")))
}

/// What a failed question means to the user.
pub fn refused(error: ClientError) -> Failure {
    let exit = match &error {
        ClientError::Address { .. } => Exit::Usage,
        ClientError::CannotConnect { .. } => Exit::Unreachable,
        ClientError::OutcomeUnknown { .. } | ClientError::Interrupted { .. } => Exit::Unknown,
        ClientError::NotFound(_) => Exit::NotFound,
        ClientError::Refused(_) => Exit::Refused,
        ClientError::Failed(_) | ClientError::Unreadable { .. } => Exit::Internal,
    };
    match error {
        ClientError::NotFound(problem) | ClientError::Refused(problem) | ClientError::Failed(problem) => {
            let reason = problem.reason;
            let rule = reason.as_ref().map(|reason| format!(" [{reason}]")).unwrap_or_default();
            let hint = match problem.code.as_str() {
                "route_unknown" => {
                    "is --url the address of a node's REST, and not of its metrics?".to_owned()
                }
                _ => reason.and_then(|reason| rule_hint(&reason)).map_or(problem.hint, str::to_owned),
            };
            Failure::new(exit, format_args!("{} ({}{rule})", problem.detail, problem.code)).hint(hint)
        }
        ClientError::CannotConnect { .. } => Failure::new(exit, error)
            .hint("is the node running? quorate dev starts a network here, --url names another node"),
        ClientError::OutcomeUnknown { .. } => Failure::new(exit, error)
            .hint("submit the same envelope again, or ask for the id: nothing is done twice"),
        ClientError::Unreadable { .. } => {
            Failure::new(exit, error).hint("is it a Quorate node that answers there?")
        }
        ClientError::Address { .. } => Failure::new(exit, error).hint("an address is http://host:port"),
        ClientError::Interrupted { .. } => Failure::new(exit, error),
    }
}

/// What helps where a rule on keys refused.
fn rule_hint(reason: &str) -> Option<&'static str> {
    match reason {
        "unknown_identity" => Some("quorate keys register registers the identity of a key"),
        "key_retired" | "key_revoked" => {
            Some("sign with another key of the identity: --key NAME; quorate keys history shows them")
        }
        "key_not_of_author" => Some("is the key listed already, and --identity the identity that lists it?"),
        "not_retiring_key" => {
            Some("sign with the key that retires, or add the new one and revoke the old one")
        }
        "revoked_ahead" => Some("leave out --from-size and --from-time to revoke the key from now on"),
        _ => None,
    }
}

/// Submits and waits until the submission has come as far as `wait`, or time is up: then the ticket says how far it
/// has come. The same bytes are sent again as often as that needs; they are executed once. A node that says nothing
/// at all is waited for as long, and `GRACE`.
///
/// # Errors
/// As the client, when the first sending gave no ticket; a later one that fails ends the waiting.
pub async fn submit_and_wait(
    client: &Client,
    submission: &Submission,
    wait: Wait,
    timeout: Duration,
) -> Result<Ticket, ClientError> {
    let until = Instant::now() + timeout;
    let mut known: Option<Ticket> = None;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let turn = left.min(Duration::from_millis(TIMEOUT_MS_MAX));
        let answer = tokio::time::timeout(turn + GRACE, client.submit(submission.bytes(), wait, turn)).await;
        let answer = answer.unwrap_or_else(|_| {
            let fault = format!("no answer within {:.1} s", (turn + GRACE).as_secs_f64());
            Err(ClientError::OutcomeUnknown { id: submission.id(), fault })
        });
        let ticket = match answer {
            Ok(ticket) => ticket,
            // The node is full: it says so before it takes anything, and asks to come again.
            Err(ClientError::Refused(problem)) if problem.retry_after_ms.is_some() && !left.is_zero() => {
                let Uint(pause_ms) = problem.retry_after_ms.unwrap_or_default();
                tokio::time::sleep(left.min(Duration::from_millis(pause_ms.max(10)))).await;
                continue;
            }
            Err(fault) => return known.ok_or(fault),
        };
        if wait.is_over(ticket.state) || left <= turn {
            return Ok(ticket);
        }
        known = Some(ticket);
    }
}

/// How a command ends that waited for `wait` and was left in `state`.
pub const fn exit_of(wait: Wait, state: State) -> Exit {
    match state {
        State::Rejected | State::Expired => Exit::Refused,
        State::Accepted | State::Committed | State::Finalized if wait.is_over(state) => Exit::Ok,
        State::Accepted | State::Committed | State::Finalized => Exit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_code_of_what_is_known() {
        for (wait, state, exit) in [
            (Wait::Accepted, State::Accepted, Exit::Ok),
            (Wait::Finalized, State::Finalized, Exit::Ok),
            (Wait::Finalized, State::Committed, Exit::Unknown),
            (Wait::Committed, State::Accepted, Exit::Unknown),
            (Wait::Accepted, State::Rejected, Exit::Refused),
            (Wait::Finalized, State::Expired, Exit::Refused),
        ] {
            assert_eq!(exit_of(wait, state), exit, "{wait:?} {state:?}");
        }
    }

    #[test]
    fn every_failure_has_the_exit_code_that_the_client_documents() {
        let errors = [
            ClientError::Address { url: "x".into(), fault: "y".into() },
            ClientError::CannotConnect { url: "x".into(), fault: "y".into() },
            ClientError::Interrupted { fault: "y".into() },
            ClientError::Unreadable { fault: "y".into() },
        ];
        for error in errors {
            let code = error.exit_code();
            assert_eq!(refused(error).exit.code(), code);
        }
        assert_eq!(client("127.0.0.1:70000").expect_err("no port").exit, Exit::Usage);
    }
}
