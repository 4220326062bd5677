//! What became of the submissions sent to one node, as that node's events tell.
//!
//! A stream that breaks is taken up again after the last event heard, so nothing is missed and nothing counted twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, Events};
use model::event::{EventAnswer, OutcomeAnswer};
use proto::id::SubmissionId;
use tokio::time::Instant;

use super::tally::Tally;

/// How long to wait before a broken stream is taken up again.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows the submissions sent to one node.
pub struct Watcher {
    waiting: Mutex<Waiting>,
    tally: Arc<Mutex<Tally>>,
}

/// Submissions whose end is not known yet, and when they were due.
#[derive(Default)]
struct Waiting {
    sent: BTreeMap<SubmissionId, Instant>,
    /// Executed, by index; final as soon as a checkpoint covers the index.
    executed: BTreeMap<u64, Instant>,
}

impl Watcher {
    /// A watcher that expects nothing yet.
    pub fn new(tally: Arc<Mutex<Tally>>) -> Self {
        Self { waiting: Mutex::default(), tally }
    }

    /// A submission is about to be sent.
    pub fn expect(&self, id: SubmissionId, due: Instant) {
        self.waiting().sent.insert(id, due);
    }

    /// The node has accepted a submission that was due then.
    pub fn accepted(&self, due: Instant) {
        self.tally().accepted(due.elapsed());
    }

    /// The node has not accepted it. If it was executed all the same, it is forgotten here.
    pub fn failed(&self, id: SubmissionId, code: String) {
        self.waiting().sent.remove(&id);
        self.tally().failed(code);
    }

    /// How many have no end yet.
    pub fn pending(&self) -> usize {
        let waiting = self.waiting();
        waiting.sent.len() + waiting.executed.len()
    }

    /// Listens until the task is ended.
    pub async fn watch(self: Arc<Self>, client: Client, mut events: Events) {
        let mut heard = None;
        loop {
            while let Ok(Some(event)) = events.next().await {
                heard = Some(self.hear(&event));
            }
            loop {
                tokio::time::sleep(PAUSE).await;
                if let Ok(again) = client.events(heard.map(|heard: u64| heard.saturating_add(1))).await {
                    events = again;
                    break;
                }
            }
        }
    }

    /// Takes note of an event; gives its number.
    fn hear(&self, event: &EventAnswer) -> u64 {
        let now = Instant::now();
        let mut waiting = self.waiting();
        match event {
            EventAnswer::Committed { sequence, outcomes, .. } => {
                for outcome in outcomes {
                    waiting.outcome(outcome, &mut self.tally());
                }
                sequence.0
            }
            EventAnswer::Finalized { sequence, size, .. } => {
                let later = waiting.executed.split_off(&size.0);
                let finals = std::mem::replace(&mut waiting.executed, later);
                let mut tally = self.tally();
                for due in finals.into_values() {
                    tally.finalized(now.saturating_duration_since(due), now);
                }
                sequence.0
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn outcome(&mut self, outcome: &OutcomeAnswer, tally: &mut Tally) {
        match outcome {
            OutcomeAnswer::Committed { id, index, .. } => {
                if let Some(due) = self.sent.remove(&id.submission()) {
                    self.executed.insert(index.0, due);
                }
            }
            OutcomeAnswer::Rejected { id, rejection } => {
                if self.sent.remove(&id.submission()).is_some() {
                    tally.failed(format!("rejected:{}", rejection.code));
                }
            }
            OutcomeAnswer::Expired { id } => {
                if self.sent.remove(&id.submission()).is_some() {
                    tally.failed("expired".to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Digest, sha256};
    use model::scalar::{Hash, Uint};

    use super::*;

    fn id(number: u8) -> SubmissionId {
        SubmissionId::new(sha256(&[number]))
    }

    #[tokio::test]
    async fn only_what_a_checkpoint_covers_is_final() {
        let tally = Arc::new(Mutex::new(Tally::new().expect("bounds")));
        let watcher = Watcher::new(tally.clone());
        for number in 0..4 {
            watcher.expect(id(number), Instant::now());
        }
        let committed = |number, index| OutcomeAnswer::Committed {
            id: Hash::from(id(number)),
            index: Uint(index),
            time_ms: Uint(1),
        };
        let outcomes = vec![
            committed(0, 7),
            committed(1, 8),
            committed(9, 9),
            OutcomeAnswer::Expired { id: Hash::from(id(2)) },
        ];
        let event =
            EventAnswer::Committed { sequence: Uint(5), height: Uint(2), first_index: Uint(7), outcomes };
        assert_eq!(watcher.hear(&event), 5);
        assert_eq!(watcher.pending(), 3, "a stranger's submission is not waited for");
        watcher.hear(&EventAnswer::Finalized { sequence: Uint(6), size: Uint(8), root: Hash(Digest::ZERO) });
        assert_eq!((watcher.pending(), tally.lock().expect("no panic").finalized_count()), (2, 1));
        watcher.failed(id(3), "busy".into());
        watcher.hear(&EventAnswer::Finalized { sequence: Uint(7), size: Uint(9), root: Hash(Digest::ZERO) });
        assert_eq!((watcher.pending(), tally.lock().expect("no panic").finalized_count()), (0, 2));
    }
}
