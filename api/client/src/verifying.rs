//! A client that verifies what it gets, under a policy that did not come from the node.
//!
//! It remembers the newest checkpoint it believed, and refuses a history that does not extend it: so a node cannot
//! show one log today and another tomorrow without leaving the evidence in the caller's hands.

use std::time::Duration;

use model::entry::{State, Ticket, Wait};
use model::scalar::Position;
use proto::counter::TreeSize;
use proto::id::SubmissionId;
use proto::policy::Policy;
use proto::receipt::Receipt;
use verify::{
    CheckpointFacts, CheckpointFault, HistoryFault, Options, Report, verify_checkpoint, verify_history,
    verify_receipt,
};

use crate::error::ClientError;
use crate::http::{Client, EntryName};

/// A receipt that holds, and the checks that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The receipt.
    pub receipt: Receipt,
    /// The checks.
    pub report: Report,
}

/// Why an answer is not believed, or not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyingError {
    /// There is no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The submission has not come as far as a receipt.
    #[error("submission {id} is {state:?}, so there is no receipt", id = .0.id, state = .0.state)]
    NotFinal(Box<Ticket>),
    /// The receipt does not hold.
    #[error("the receipt does not hold: {}", said(.0))]
    Receipt(Box<Report>),
    /// The checkpoint is not the quorum's.
    #[error("the checkpoint does not hold: {0}")]
    Checkpoint(Box<CheckpointFault>),
    /// The newer checkpoint does not extend the one believed before.
    #[error("the log does not extend the one seen before: {fault}")]
    History {
        /// What is wrong.
        fault: Box<HistoryFault>,
        /// The note believed before.
        before: String,
        /// The note refused; with the other it is the evidence.
        now: String,
    },
    /// The node shows a smaller log than it did before.
    #[error("the newest checkpoint is of size {found}, one of size {before} was seen before")]
    WentBack {
        /// Size believed before.
        before: TreeSize,
        /// Size shown now.
        found: TreeSize,
    },
}

impl VerifyingError {
    /// The exit code of a program that fails because of it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::NotFinal(_) => 3,
            Self::Receipt(_) | Self::Checkpoint(_) | Self::History { .. } | Self::WentBack { .. } => 4,
        }
    }
}

fn said(report: &Report) -> String {
    match report.failure() {
        Some((code, fault)) => format!("{}: {fault}", code.as_str()),
        None => "every check passed".to_owned(),
    }
}

/// A checkpoint that was believed.
#[derive(Clone, Debug)]
struct Believed {
    size: TreeSize,
    note: String,
}

/// A client with a policy.
#[derive(Clone, Debug)]
pub struct VerifyingClient {
    client: Client,
    policy: Policy,
    newest: Option<Believed>,
}

impl VerifyingClient {
    /// A client that believes what `policy` lets it.
    pub const fn new(client: Client, policy: Policy) -> Self {
        Self { client, policy, newest: None }
    }

    /// The client that asks.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Submits an envelope, waits until it is final, and gets its receipt.
    ///
    /// # Errors
    /// `NotFinal` when it has not come so far in time, else as [`VerifyingClient::receipt`].
    pub async fn submit(&self, envelope: &[u8], timeout: Duration) -> Result<Proven, VerifyingError> {
        let ticket = self.client.submit(envelope, Wait::Finalized, timeout).await?;
        match ticket.state {
            State::Finalized => self.receipt(EntryName::Id(ticket.id.submission())).await,
            State::Accepted | State::Committed | State::Rejected | State::Expired => {
                Err(VerifyingError::NotFinal(Box::new(ticket)))
            }
        }
    }

    /// A receipt that holds: of this very submission, when it is named by its id.
    ///
    /// # Errors
    /// `Receipt` with the whole report when it does not hold, `Client` when there is none.
    pub async fn receipt(&self, name: EntryName) -> Result<Proven, VerifyingError> {
        let receipt = self.client.receipt(name, None).await?;
        let submission: Option<SubmissionId> = match name {
            EntryName::Id(id) => Some(id),
            EntryName::Index(_) => None,
        };
        let options = Options { submission, artifact: None, freshness: None };
        let report = verify_receipt(&self.policy, &receipt, options);
        let named = match name {
            EntryName::Index(index) => receipt.index == index,
            EntryName::Id(_) => true,
        };
        match report.is_true() {
            true if named => Ok(Proven { receipt, report }),
            true => {
                let fault = format!("a receipt of index {}", receipt.index);
                Err(ClientError::Unreadable { fault }.into())
            }
            false => Err(VerifyingError::Receipt(Box::new(report))),
        }
    }

    /// The newest checkpoint, if it is the quorum's and extends the one believed before.
    ///
    /// # Errors
    /// `Checkpoint`, `WentBack`, `History`, or `Client` when there is none.
    pub async fn checkpoint(&mut self) -> Result<CheckpointFacts, VerifyingError> {
        let note = self.client.checkpoint(Position::Latest).await?.note;
        let facts = verify_checkpoint(&self.policy, &note)
            .map_err(|fault| VerifyingError::Checkpoint(Box::new(fault)))?;
        let found = facts.head.size;
        if let Some(Believed { size: before, note: older }) = &self.newest {
            if found < *before {
                return Err(VerifyingError::WentBack { before: *before, found });
            }
            let proof = self.client.consistency(*before, found).await?.proof;
            let proof: Vec<_> = proof.into_iter().map(|hash| hash.0).collect();
            verify_history(&self.policy, older, &note, &proof).map_err(|fault| VerifyingError::History {
                fault: Box::new(fault),
                before: older.clone(),
                now: note.clone(),
            })?;
        }
        self.newest = Some(Believed { size: found, note });
        Ok(facts)
    }
}
