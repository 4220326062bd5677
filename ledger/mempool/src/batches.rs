//! Batches that are known and not committed, ours and others'.
//!
//! Each is held at the cost of one validator: its author when it was pushed, the proposer when a block names it. An
//! author over its limit is refused, a proposer over its limit loses what it named first (it can be fetched again):
//! so a validator that floods hurts itself. A block of ours takes batches from all who have some, in turn. What was
//! committed through other batches is dropped.

use std::collections::{BTreeMap, BTreeSet};

use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::id::{BatchId, SubmissionId, ValidatorIndex};
use proto::verified::Verified;

use crate::limits::{BatchesLimits, Limit};

/// Why a batch is here, and so at whose cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Its author sent it, or it is our own.
    Pushed {
        /// The author, who is also who sent it: the caller has compared the two.
        by: ValidatorIndex,
    },
    /// A block needs it.
    Named {
        /// Who proposed the block. What a batch says of its author counts nothing here: nobody signed it.
        by: ValidatorIndex,
    },
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New {
        /// What the same proposer named earlier and was dropped to make room.
        dropped: Vec<BatchId>,
    },
    /// It was known already; nothing changed.
    AlreadyKnown,
}

/// Why a batch is not kept. Passes as soon as blocks commit what there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "validator {by} has {count} batches and {bytes} bytes uncommitted, most are {} and {}",
    limit.count_max, limit.bytes_max
)]
pub struct TooMany {
    /// Whose.
    pub by: ValidatorIndex,
    /// How many it has here.
    pub count: usize,
    /// How much it has here, in bytes.
    pub bytes: usize,
    /// What it may have.
    pub limit: Limit,
}

/// Batches by id and by whose cost they are held at.
#[derive(Debug)]
pub struct Batches {
    limits: BatchesLimits,
    known: BTreeMap<BatchId, Known>,
    accounts: BTreeMap<Source, Account>,
    /// For each submission in a known batch that no block has committed yet, the batches it is in; never none.
    carriers: BTreeMap<SubmissionId, BTreeSet<BatchId>>,
    next_number: u64,
}

#[derive(Debug)]
struct Known {
    batch: Verified<Batch>,
    reference: BatchRef,
    source: Source,
    /// Its key in the account: the order of arrival.
    number: u64,
    /// How many of its submissions no block has committed yet.
    open_count: usize,
}

/// What is held at the cost of one source; never empty.
#[derive(Debug, Default)]
struct Account {
    batches: BTreeMap<u64, BatchId>,
    bytes: usize,
    submissions: usize,
}

impl Batches {
    /// None known.
    pub const fn new(limits: BatchesLimits) -> Self {
        Self {
            limits,
            known: BTreeMap::new(),
            accounts: BTreeMap::new(),
            carriers: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Keeps a batch. `reference` is the one `ledger` computes of it.
    ///
    /// # Errors
    /// `TooMany` when its author has pushed too much. A batch that a block names is always kept.
    pub fn insert(
        &mut self,
        reference: BatchRef,
        batch: Verified<Batch>,
        source: Source,
    ) -> Result<Kept, TooMany> {
        let id = reference.id;
        if self.known.contains_key(&id) {
            return Ok(Kept::AlreadyKnown);
        }
        let bytes = batch.content_bytes();
        let dropped = self.make_room(source, bytes)?;

        let number = self.next_number;
        self.next_number += 1;
        let account = self.accounts.entry(source).or_default();
        account.batches.insert(number, id);
        account.bytes += bytes;
        account.submissions += batch.submissions.len();
        let mut open_count = 0;
        for submission in &batch.submissions {
            // Counts distinct ones, should a batch repeat itself.
            if self.carriers.entry(submission.id()).or_default().insert(id) {
                open_count += 1;
            }
        }
        self.known.insert(id, Known { batch, reference, source, number, open_count });
        Ok(Kept::New { dropped })
    }

    /// Whether one more full batch of `author` would be kept. A node seals no batch of its own that others must
    /// refuse.
    pub fn has_room(&self, author: ValidatorIndex) -> bool {
        let (count, bytes) = self.held(Source::Pushed { by: author });
        self.limits.pushed.has_room(count, bytes, Batch::BYTES_MAX)
    }

    /// How many submissions are in batches that `author` pushed and that are not committed yet.
    pub fn submissions_of(&self, author: ValidatorIndex) -> usize {
        self.accounts.get(&Source::Pushed { by: author }).map_or(0, |account| account.submissions)
    }

    /// A batch, if it is known.
    pub fn get(&self, id: &BatchId) -> Option<&Verified<Batch>> {
        self.known.get(id).map(|known| &known.batch)
    }

    /// The batch that a block names, if it is known and has the count and size the block states: one that states
    /// others can never be executed.
    pub fn named(&self, reference: &BatchRef) -> Option<&Verified<Batch>> {
        self.known.get(&reference.id).filter(|known| known.reference == *reference).map(|known| &known.batch)
    }

    /// Number of batches known.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Whether a known batch carries this submission, and no block has committed it yet.
    pub fn carries(&self, id: &SubmissionId) -> bool {
        self.carriers.contains_key(id)
    }

    /// Those of a block's batches that are not known, in its order.
    pub fn missing(&self, references: &[BatchRef]) -> Vec<BatchId> {
        references.iter().map(|reference| reference.id).filter(|id| !self.known.contains_key(id)).collect()
    }

    /// What a block of ours is to order: a batch from each source in turn, the oldest first, without those in
    /// `exclude`, which blocks before it order.
    pub fn payload(&self, exclude: &[BatchId]) -> Vec<BatchRef> {
        let exclude: BTreeSet<&BatchId> = exclude.iter().collect();
        let mut queues: Vec<_> = self
            .accounts
            .values()
            .map(|account| account.batches.values().filter(|id| !exclude.contains(id)))
            .collect();
        let mut payload = Vec::new();
        let mut left_bytes = self.limits.block_bytes_max;
        loop {
            let mut round: Vec<&Known> =
                queues.iter_mut().filter_map(|queue| self.known.get(queue.next()?)).collect();
            if round.is_empty() {
                return payload;
            }
            // With more sources than places, those that have waited longest come first.
            round.sort_by_key(|known| known.number);
            for known in round {
                let bytes = known.batch.content_bytes();
                // The first one goes in at any size: a block that never fits it would never be free of it.
                let is_full = bytes > left_bytes && !payload.is_empty();
                if payload.len() == Block::BATCHES_MAX || is_full {
                    return payload;
                }
                left_bytes = left_bytes.saturating_sub(bytes);
                payload.push(known.reference.clone());
            }
        }
    }

    /// Takes out what a block has committed and returns it in the block's order, without those that were not known.
    /// Other batches that have nothing new left are dropped.
    pub fn committed(&mut self, references: &[BatchRef]) -> Vec<Verified<Batch>> {
        let taken: Vec<_> = references.iter().filter_map(|reference| self.remove(&reference.id)).collect();
        let submissions: Vec<_> = taken.iter().flat_map(|batch| &batch.submissions).collect();
        self.forget(submissions.into_iter().map(|submission| submission.id()));
        taken
    }

    /// Notes submissions that were committed in batches that may not have been known here, and drops batches that
    /// have nothing new left; says which.
    pub fn forget(&mut self, submissions: impl IntoIterator<Item = SubmissionId>) -> Vec<BatchId> {
        let mut dropped = Vec::new();
        for submission in submissions {
            for id in self.carriers.remove(&submission).unwrap_or_default() {
                let known = self.known.get_mut(&id).expect("carriers names known batches only");
                known.open_count -= 1;
                if known.open_count == 0 {
                    self.remove(&id);
                    dropped.push(id);
                }
            }
        }
        dropped
    }

    fn held(&self, source: Source) -> (usize, usize) {
        self.accounts.get(&source).map_or((0, 0), |account| (account.batches.len(), account.bytes))
    }

    fn make_room(&mut self, source: Source, bytes: usize) -> Result<Vec<BatchId>, TooMany> {
        let mut dropped = Vec::new();
        let (limit, by) = match source {
            Source::Pushed { by } => (self.limits.pushed, by),
            Source::Named { by } => (self.limits.named, by),
        };
        loop {
            let (count, held_bytes) = self.held(source);
            if limit.has_room(count, held_bytes, bytes) {
                return Ok(dropped);
            }
            match source {
                Source::Pushed { .. } => return Err(TooMany { by, count, bytes: held_bytes, limit }),
                Source::Named { .. } => {
                    let oldest =
                        self.accounts.get(&source).and_then(|account| account.batches.values().next());
                    let Some(&oldest) = oldest else {
                        // Larger than the whole limit, and alone: one batch is bounded by the protocol.
                        return Ok(dropped);
                    };
                    self.remove(&oldest);
                    dropped.push(oldest);
                }
            }
        }
    }

    fn remove(&mut self, id: &BatchId) -> Option<Verified<Batch>> {
        let Known { batch, source, number, .. } = self.known.remove(id)?;
        let account = self.accounts.get_mut(&source).expect("every known batch is on an account");
        account.batches.remove(&number);
        account.bytes -= batch.content_bytes();
        account.submissions -= batch.submissions.len();
        if account.batches.is_empty() {
            self.accounts.remove(&source);
        }
        for submission in &batch.submissions {
            let submission = submission.id();
            if let Some(carriers) = self.carriers.get_mut(&submission) {
                carriers.remove(id);
                if carriers.is_empty() {
                    self.carriers.remove(&submission);
                }
            }
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests;
