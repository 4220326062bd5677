//! From a submission to a payload: admission, the pool, batches.

use std::sync::Arc;

use consensus::Input;
use ledger::CheckError;
use mempool::Inserted;
use proto::batch::Batch;
use proto::counter::TimeMs;
use proto::id::ValidatorIndex;
use proto::message::Message;
use proto::submission::Submission;
use proto::verified::Verified;

use crate::command::{Answer, Command};
use crate::engine::Engine;
use crate::event::{CallerTicket, Timer};

/// How long a submission waits for company while an earlier batch of ours is under way, in milliseconds.
const FLUSH_AFTER_MS: u64 = 5;

impl Engine {
    /// Admits a submission by the rule that will execute it, and lets it wait to be ordered.
    pub(crate) fn submit(
        &mut self,
        now: TimeMs,
        ticket: CallerTicket,
        submission: Verified<Submission>,
        out: &mut Vec<Command>,
    ) {
        let answer = self.admit(now, submission);
        out.push(Command::Answer { ticket, answer });
        if self.pool.count() == 0 {
            return;
        }
        // Nothing of ours under way: go at once. Else wait a little, so that one batch carries many.
        if self.batches.own_count() == 0 || self.pool.is_batch_full() {
            self.seal(out);
        } else if !self.flush_running {
            self.flush_running = true;
            out.push(Command::StartTimer { timer: Timer::Flush, after_ms: FLUSH_AFTER_MS });
        }
    }

    fn admit(&mut self, now: TimeMs, submission: Verified<Submission>) -> Answer {
        let id = submission.id();
        match self.ledger.outcome(&id) {
            Ok(Some(outcome)) => return Answer::Known { id, outcome },
            Ok(None) => {}
            Err(fault) => return Answer::Unable { fault: fault.to_string() },
        }
        if self.batches.holds(&id) {
            return Answer::Accepted { id };
        }
        match self.ledger.check(&submission, now) {
            Ok(()) => {}
            Err(CheckError::Rejected(rejection)) => return Answer::Refused { id, rejection },
            Err(CheckError::Read(fault)) => return Answer::Unable { fault: fault.to_string() },
        }
        match self.pool.insert(submission) {
            Ok(Inserted::New | Inserted::AlreadyWaiting) => Answer::Accepted { id },
            Err(_) => Answer::Full { retry_after_ms: 1_000 },
        }
    }

    /// Packs what waits into batches and pushes them to all validators.
    pub(crate) fn seal(&mut self, out: &mut Vec<Command>) {
        let Some(me) = self.me else { return };
        while let Some(batch) = self.pool.seal(me) {
            Self::broadcast(Message::Batch(Batch::clone(&batch)), out);
            self.arrived = true;
        self.batches.insert(ledger::batch_ref(&batch), Arc::new(batch));
        }
    }

    /// Takes in a batch that another validator packed.
    pub(crate) fn receive_batch(
        &mut self,
        now: TimeMs,
        from: ValidatorIndex,
        batch: Verified<Batch>,
        out: &mut Vec<Command>,
    ) {
        if batch.author != from {
            return;
        }
        self.keep_batch(now, batch, out);
    }

    /// Keeps a batch, and tells the replica of blocks that waited for it.
    pub(crate) fn keep_batch(&mut self, now: TimeMs, batch: Verified<Batch>, out: &mut Vec<Command>) {
        self.arrived = true;
        self.batches.insert(ledger::batch_ref(&batch), Arc::new(batch));
        for block in self.bodies.completed(&self.batches) {
            out.push(Command::StopTimer { timer: Timer::FetchBatches { block } });
            self.tell(now, Input::Available { block }, out);
        }
    }
}
