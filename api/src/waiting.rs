//! Following one submission until it has come as far as its sender waits for.
//!
//! Who waits listens to the feed from before the submission is sent, so nothing can pass unheard; the store is read
//! only for what was decided earlier, and once when the listener fell behind.

use std::sync::Arc;
use std::time::Duration;

use ledger::read::ReadError;
use ledger::{Event, LedgerReader, Notice, Outcome};
use model::entry::{RejectionReason, State, Ticket, Wait};
use model::error::ApiError;
use model::scalar::Uint;
use proto::counter::LeafIndex;
use proto::id::SubmissionId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::api::{Api, Fault};

/// When to ask again about what is not decided, in milliseconds.
pub(crate) const RETRY_AFTER_MS: u64 = 500;
/// How far behind another node this one may be.
const LAG: Duration = Duration::from_secs(1);
/// How often it is looked whether it has caught up.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How far a submission has come, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    id: SubmissionId,
    outcome: Option<Outcome>,
    checkpoint_size: Option<u64>,
}

impl Progress {
    /// Taken, not decided.
    pub(crate) const fn accepted(id: SubmissionId) -> Self {
        Self { id, outcome: None, checkpoint_size: None }
    }

    /// What the store knows of a submission; none when it knows nothing.
    pub(crate) fn stored(id: SubmissionId, reader: &LedgerReader) -> Result<Option<Self>, ReadError> {
        let Some(outcome) = reader.by_id(&id)? else { return Ok(None) };
        let mut progress = Self::accepted(id);
        progress.decided(outcome, reader)?;
        Ok(Some(progress))
    }

    fn decided(&mut self, outcome: Outcome, reader: &LedgerReader) -> Result<(), ReadError> {
        if let Outcome::Committed { index, .. } = outcome {
            self.checkpoint_size =
                reader.checkpoint_covering(index)?.map(|checkpoint| checkpoint.head.size.get());
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    /// Learns from a notice.
    fn hear(&mut self, notice: &Notice) {
        match &notice.event {
            Event::Committed { outcomes, .. } => {
                if let Some((_, outcome)) = outcomes.iter().find(|(id, _)| *id == self.id) {
                    self.outcome = Some(outcome.clone());
                }
            }
            Event::Finalized { size, .. } => {
                let covered = self.index().is_some_and(|index| *size >= index.size_after());
                if covered && self.checkpoint_size.is_none() {
                    self.checkpoint_size = Some(size.get());
                }
            }
        }
    }

    fn index(&self) -> Option<LeafIndex> {
        match &self.outcome {
            Some(Outcome::Committed { index, .. }) => Some(*index),
            Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => None,
        }
    }

    /// What was decided, and the size of a checkpoint that covers it.
    pub(crate) const fn decision(&self) -> (Option<&Outcome>, Option<u64>) {
        (self.outcome.as_ref(), self.checkpoint_size)
    }

    pub(crate) const fn state(&self) -> State {
        match (&self.outcome, self.checkpoint_size) {
            (None, _) => State::Accepted,
            (Some(Outcome::Committed { .. }), None) => State::Committed,
            (Some(Outcome::Committed { .. }), Some(_)) => State::Finalized,
            (Some(Outcome::Rejected { .. }), _) => State::Rejected,
            (Some(Outcome::Expired { .. }), _) => State::Expired,
        }
    }

    /// The answer about it.
    pub(crate) fn ticket(&self) -> Ticket {
        let state = self.state();
        let (time_ms, rejection) = match &self.outcome {
            Some(Outcome::Committed { time, .. }) => (Some(Uint(time.get())), None),
            Some(Outcome::Rejected { rejection, .. }) => (
                None,
                Some(RejectionReason { code: rejection.code().to_owned(), reason: rejection.to_string() }),
            ),
            Some(Outcome::Expired { .. }) | None => (None, None),
        };
        Ticket {
            id: self.id.into(),
            state,
            height: self.outcome.as_ref().map(|outcome| Uint(outcome.height().get())),
            index: self.index().map(|index| Uint(index.get())),
            checkpoint_size: self.checkpoint_size.map(Uint),
            time_ms,
            rejection,
            retry_after_ms: (!state.is_last()).then_some(Uint(RETRY_AFTER_MS)),
            link: format!("/v1/entries/{}", self.id),
        }
    }
}

/// What the node decided earlier.
///
/// # Errors
/// `Storage` or `Internal`.
pub(crate) async fn known(api: &Api, id: SubmissionId, outcome: Outcome) -> Result<Progress, ApiError> {
    let read = move |reader: &LedgerReader| {
        let mut progress = Progress::accepted(id);
        progress.decided(outcome, reader).map_err(Fault::Store)?;
        Ok(progress)
    };
    api.read(read).await
}

/// Listens until `progress` has come as far as `wait`, the deadline is reached, or the node goes down.
///
/// # Errors
/// `Storage` or `Internal` when the store cannot be read after the listener fell behind.
pub(crate) async fn follow(
    api: &Api,
    feed: &mut Receiver<Arc<Notice>>,
    mut progress: Progress,
    wait: Wait,
    deadline: Instant,
) -> Result<Progress, ApiError> {
    while !wait.is_over(progress.state()) {
        let heard = tokio::select! {
            heard = tokio::time::timeout_at(deadline, feed.recv()) => heard,
            () = api.stopped() => return Ok(progress),
        };
        match heard {
            Ok(Ok(notice)) => progress.hear(&notice),
            Ok(Err(RecvError::Lagged(_))) => {
                let id = progress.id;
                let stored = api.read(move |reader| Ok(Progress::stored(id, reader)?)).await?;
                progress = stored.unwrap_or(progress);
            }
            Err(_) | Ok(Err(RecvError::Closed)) => return Ok(progress),
        }
    }
    Ok(progress)
}

/// What one node was told is decided another has a moment later: what is not there is looked for again, for a second.
///
/// # Errors
/// As `find` fails.
pub(crate) async fn arrived<T: Send + 'static>(
    api: &Api,
    find: impl Fn(&LedgerReader) -> Result<Option<T>, Fault> + Clone + Send + 'static,
) -> Result<Option<T>, ApiError> {
    let until = Instant::now() + LAG;
    loop {
        let found = api.read(find.clone()).await?;
        if found.is_some() || Instant::now() >= until {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Digest, sha256};
    use proto::counter::{Height, TimeMs, TreeSize};

    use super::*;

    fn id(n: u8) -> SubmissionId {
        SubmissionId::new(sha256(&[n]))
    }

    fn committed(n: u8, index: u64) -> Notice {
        let outcome =
            Outcome::Committed { height: Height::new(7), index: LeafIndex::new(index), time: TimeMs::new(9) };
        let (height, first_index) = (Height::new(7), LeafIndex::new(index));
        Notice {
            sequence: 1,
            event: Event::Committed { height, first_index, outcomes: vec![(id(n), outcome)] },
        }
    }

    fn finalized(size: u64) -> Notice {
        Notice { sequence: 2, event: Event::Finalized { size: TreeSize::new(size), root: Digest::ZERO } }
    }

    #[test]
    fn a_submission_is_final_when_a_checkpoint_covers_it() {
        let mut progress = Progress::accepted(id(1));
        let story = [
            (finalized(100), State::Accepted),
            (committed(2, 4), State::Accepted),
            (committed(1, 5), State::Committed),
            (finalized(5), State::Committed),
            (finalized(6), State::Finalized),
            (finalized(9), State::Finalized),
        ];
        for (notice, state) in story {
            progress.hear(&notice);
            assert_eq!(progress.state(), state, "{notice:?}");
        }
        let ticket = progress.ticket();
        assert_eq!((ticket.index, ticket.height), (Some(Uint(5)), Some(Uint(7))));
        // The smallest checkpoint that covers it is the one its receipt will have.
        assert_eq!((ticket.checkpoint_size, ticket.retry_after_ms), (Some(Uint(6)), None));
    }

    #[test]
    fn what_expired_is_over() {
        let mut progress = Progress::accepted(id(1));
        let outcomes = vec![(id(1), Outcome::Expired { height: Height::new(3) })];
        let (height, first_index) = (Height::new(3), LeafIndex::new(0));
        progress.hear(&Notice { sequence: 1, event: Event::Committed { height, first_index, outcomes } });
        let ticket = progress.ticket();
        assert_eq!((ticket.state, ticket.height, ticket.index), (State::Expired, Some(Uint(3)), None));
    }
}
