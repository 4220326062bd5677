//! From a submission to a payload: admission, the pool, batches.

use consensus::Input;
use ledger::CheckError;
use mempool::batches::Source;
use mempool::pool::Inserted;
use proto::batch::Batch;
use proto::counter::TimeMs;
use proto::id::{BlockId, ValidatorIndex};
use proto::message::Message;
use proto::submission::Submission;
use proto::verified::Verified;

use crate::command::{Answer, Command};
use crate::engine::Engine;
use crate::event::{CallerTicket, Timer};

/// How long a submission waits for company at most while a batch of ours is under way, in milliseconds. Mostly it waits
/// until our next vote: the batch then comes to the next leader together with the votes that let it propose.
const FLUSH_AFTER_MS: u64 = 25;

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
        // Nothing of ours under way: go at once. Else wait for our next vote, so that one batch carries many.
        let is_under_way = self.waiting_count() > self.pool.count();
        if !is_under_way || self.pool.fills_a_batch() {
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
        if self.me.is_none() {
            return Answer::Unable {
                fault: "an observer packs no batches: submit to a validator".to_owned(),
            };
        }
        if self.batches.carries(&id) {
            return Answer::Accepted { id };
        }
        match self.ledger.check(&submission, now) {
            Ok(()) => {}
            Err(CheckError::Rejected(rejection)) => return Answer::Refused { id, rejection },
            Err(CheckError::Read(fault)) => return Answer::Unable { fault: fault.to_string() },
        }
        if self.congestion.refuses(self.waiting_count()) {
            return Answer::Full { retry_after_ms: 1_000 };
        }
        match self.pool.insert(submission) {
            Ok(Inserted::New | Inserted::AlreadyWaiting) => Answer::Accepted { id },
            Err(_) => Answer::Full { retry_after_ms: 1_000 },
        }
    }

    /// How many that were accepted here are not committed yet.
    pub(crate) fn waiting_count(&self) -> usize {
        self.pool.count() + self.me.map_or(0, |me| self.batches.submissions_of(me))
    }

    /// Packs what waits into batches and pushes them to all validators.
    pub(crate) fn seal(&mut self, out: &mut Vec<Command>) {
        let Some(me) = self.me else { return };
        while self.batches.has_room(me)
            && let Some(batch) = self.pool.seal(me)
        {
            Self::broadcast(Message::Batch(Batch::clone(&batch)), out);
            self.keep(batch, Source::Pushed { by: me });
        }
    }

    /// Takes in a batch that another validator pushed, unless all in it was decided before.
    pub(crate) fn receive_batch(
        &mut self,
        now: TimeMs,
        from: ValidatorIndex,
        batch: Verified<Batch>,
        out: &mut Vec<Command>,
    ) {
        let is_decided =
            |submission: &Submission| matches!(self.ledger.outcome(&submission.id()), Ok(Some(_)));
        if batch.author != from || batch.submissions.iter().all(is_decided) {
            return;
        }
        if self.keep(batch, Source::Pushed { by: from }) {
            self.complete(now, out);
        }
    }

    /// Takes in a batch that was asked for because a block names it.
    pub(crate) fn keep_named(&mut self, now: TimeMs, batch: Verified<Batch>, out: &mut Vec<Command>) {
        if let Some(by) = self.bodies.proposer_awaiting(&ledger::batch_id(&batch))
            && self.keep(batch, Source::Named { by })
        {
            self.complete(now, out);
        }
    }

    fn keep(&mut self, batch: Verified<Batch>, source: Source) -> bool {
        let reference = ledger::batch_ref(&batch);
        let kept = self.batches.insert(reference, batch, source).is_ok();
        self.arrived |= kept;
        kept
    }

    /// Tells the replica of the blocks that wait for nothing any more.
    pub(crate) fn complete(&mut self, now: TimeMs, out: &mut Vec<Command>) {
        for block in self.bodies.completed(&self.batches) {
            if self.agrees(&block) {
                self.available(now, block.id(), out);
            }
        }
    }

    /// A block that waited has all it waited for.
    pub(crate) fn available(&mut self, now: TimeMs, block: BlockId, out: &mut Vec<Command>) {
        self.bodies.done(&block);
        out.push(Command::StopTimer { timer: Timer::FetchBatches { block } });
        self.tell(now, Input::Available { block }, out);
    }
}
