//! What became of the submissions sent to one node, as that node's events tell.
//!
//! A stream that breaks is taken up again after the last event heard, so nothing is missed and nothing counted twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use client::{Client, Events};
use model::event::{EventAnswer, OutcomeAnswer};
use proto::id::SubmissionId;
use tokio::time::Instant;

use super::locked;
use super::receipts::Fetching;
use super::tally::Tally;

/// How long to wait before a broken stream is taken up again.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows the submissions sent to one node.
pub struct Watcher {
    waiting: Mutex<Waiting>,
    tally: Arc<Mutex<Tally>>,
    receipts: Fetching,
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
    pub fn new(tally: Arc<Mutex<Tally>>, receipts: Fetching) -> Self {
        Self { waiting: Mutex::default(), tally, receipts }
    }

    /// A submission of so many bytes is about to be sent.
    pub fn expect(&self, id: SubmissionId, due: Instant, bytes: usize) {
        self.waiting().sent.insert(id, due);
        self.tally().sent(due, bytes);
    }

    /// The node has accepted a submission that was due then.
    pub fn accepted(&self, due: Instant) {
        self.tally().accepted(due);
    }

    /// The node has not accepted it. If it was executed all the same, it is forgotten here.
    pub fn failed(&self, id: SubmissionId, due: Instant, code: String) {
        self.waiting().sent.remove(&id);
        self.tally().failed(due, code);
    }

    /// How many that were due from then on have no end yet.
    pub fn pending(&self, from: Instant) -> usize {
        let waiting = self.waiting();
        waiting.sent.values().chain(waiting.executed.values()).filter(|due| **due >= from).count()
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
                let mut tally = self.tally();
                for outcome in outcomes {
                    waiting.outcome(outcome, now, &mut tally);
                }
                sequence.0
            }
            EventAnswer::Finalized { sequence, size, .. } => {
                let later = waiting.executed.split_off(&size.0);
                let finals = std::mem::replace(&mut waiting.executed, later);
                let mut tally = self.tally();
                for (index, due) in finals {
                    tally.finalized(due, now);
                    self.receipts.finalized(index, due);
                }
                sequence.0
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.waiting)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        locked(&self.tally)
    }
}

impl Waiting {
    fn outcome(&mut self, outcome: &OutcomeAnswer, now: Instant, tally: &mut Tally) {
        match outcome {
            OutcomeAnswer::Committed { id, index, .. } => {
                if let Some(due) = self.sent.remove(&id.submission()) {
                    tally.committed(due, now);
                    self.executed.insert(index.0, due);
                }
            }
            OutcomeAnswer::Rejected { id, rejection } => {
                if let Some(due) = self.sent.remove(&id.submission()) {
                    tally.failed(due, format!("rejected:{}", rejection.code));
                }
            }
            OutcomeAnswer::Expired { id } => {
                if let Some(due) = self.sent.remove(&id.submission()) {
                    tally.failed(due, "expired".to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Digest, sha256};
    use model::scalar::{Hash, Uint};
    use tokio::task::JoinSet;

    use super::*;
    use crate::load::tests::load;

    fn id(number: u8) -> SubmissionId {
        SubmissionId::new(sha256(&[number]))
    }

    #[tokio::test]
    async fn only_what_a_checkpoint_covers_is_final() {
        let tally = Arc::new(Mutex::new(Tally::new().expect("bounds")));
        let client = Client::new("http://127.0.0.1:1").expect("an address");
        let receipts = Fetching::start(&client, 0, None, &tally, &mut JoinSet::new());
        let watcher = Watcher::new(tally.clone(), receipts);
        let due = Instant::now();
        let done = || {
            let row = locked(&tally).row(&load(Vec::new(), 1), Duration::ZERO, 0, Vec::new());
            (watcher.pending(due), row.committed, row.finalized)
        };
        for number in 0..4 {
            watcher.expect(id(number), due, 1);
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
        assert_eq!(done(), (3, 2, 0), "a stranger's submission is not waited for");
        assert_eq!(watcher.pending(due + Duration::from_millis(1)), 0, "due before the measuring");
        watcher.hear(&EventAnswer::Finalized { sequence: Uint(6), size: Uint(8), root: Hash(Digest::ZERO) });
        assert_eq!(done(), (2, 2, 1));
        watcher.failed(id(3), due, "busy".into());
        watcher.hear(&EventAnswer::Finalized { sequence: Uint(7), size: Uint(9), root: Hash(Digest::ZERO) });
        assert_eq!(done(), (0, 2, 2));
    }
}
