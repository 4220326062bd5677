//! One connection: takes the next submission, waits until it is due, sends it, counts the answer.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError};
use model::entry::Wait;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::supply::Supply;
use super::watcher::Watcher;

/// How long a node may take to accept, beyond which it counts as an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// When each submission is due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// When the first is.
    pub start: Instant,
    /// How many are in a second.
    pub rate: u32,
}

impl Schedule {
    /// When the submission of this number is due.
    pub fn due(&self, number: u64) -> Instant {
        let rate = u64::from(self.rate.max(1));
        // In whole seconds and the rest, so that no number of them overflows.
        let (seconds, rest) = (number / rate, number % rate);
        self.start + Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / rate)
    }
}

/// Works until there are no more submissions.
pub async fn run(client: Client, supply: Arc<Mutex<Supply>>, schedule: Schedule, watcher: Arc<Watcher>) {
    loop {
        let next = supply.lock().await.next().await;
        let Some((number, submission)) = next else { return };
        let due = schedule.due(number);
        sleep_until(due).await;
        // Known to the watcher before the node can speak of it.
        watcher.expect(submission.id(), due);
        match client.submit(submission.bytes(), Wait::Accepted, PATIENCE).await {
            Ok(_) => watcher.accepted(due),
            Err(fault) => watcher.failed(submission.id(), code(&fault)),
        }
    }
}

/// A short name for what went wrong, to count by.
fn code(fault: &ClientError) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn submissions_are_due_at_an_even_pace() {
        let schedule = Schedule { start: Instant::now(), rate: 3 };
        let at = |number| schedule.due(number) - schedule.start;
        assert_eq!(at(0), Duration::ZERO);
        assert_eq!(at(1), Duration::from_nanos(333_333_333));
        assert_eq!(at(3), Duration::from_secs(1));
        assert_eq!(at(3_000_001).as_secs(), 1_000_000);
    }
}
