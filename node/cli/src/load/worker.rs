//! One connection: waits until a submission is due, takes it, sends it, counts the answer.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError};
use model::entry::Wait;
use tokio::sync::{Mutex, Semaphore};

use super::schedule::Schedule;
use super::supply::Supply;
use super::watcher::Watcher;

/// How long a node may take to accept, beyond which it counts as an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// Works until there are no more submissions.
pub async fn run(
    client: Client,
    supply: Arc<Mutex<Supply>>,
    schedule: Schedule,
    permits: Arc<Semaphore>,
    watcher: Arc<Watcher>,
) {
    loop {
        let Ok(permit) = permits.acquire().await else { return };
        permit.forget();
        let next = supply.lock().await.next().await;
        let Some((number, submission)) = next else { return };
        let due = schedule.due(number);
        // Known to the watcher before the node can speak of it.
        watcher.expect(submission.id(), due, submission.bytes().len());
        match client.submit(submission.bytes(), Wait::Accepted, PATIENCE).await {
            Ok(_) => watcher.accepted(due),
            Err(fault) => watcher.failed(submission.id(), due, code(&fault)),
        }
    }
}

/// A short name for what went wrong, to count by.
pub fn code(fault: &ClientError) -> String {
    match fault {
        ClientError::Address { .. } => "address".to_owned(),
        ClientError::CannotConnect { .. } => "cannot_connect".to_owned(),
        ClientError::OutcomeUnknown { .. } => "outcome_unknown".to_owned(),
        ClientError::Interrupted { .. } => "interrupted".to_owned(),
        ClientError::Unreadable { .. } => "unreadable".to_owned(),
        ClientError::NotFound(problem) | ClientError::Refused(problem) | ClientError::Failed(problem) => {
            match &problem.reason {
                Some(reason) => format!("{}:{reason}", problem.code),
                None => problem.code.clone(),
            }
        }
    }
}
