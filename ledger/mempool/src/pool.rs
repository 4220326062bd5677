//! The pool: what was admitted and waits for a batch.
//!
//! Each tenant has a lane, first come, first served; lanes take turns, and a turn is worth a fixed number of bytes
//! (deficit round robin), so a tenant gets its share however much another sends. Both are bounded: see `limits`.
//! Same submission twice: it waits once. What expires while it waits is ordered all the same: then its outcome says so on
//! every node, and whoever asks gets an answer. Source: Shreedhar and Varghese, "Efficient Fair Queuing using Deficit Round
//! Robin", SIGCOMM 1995.

use std::collections::{BTreeMap, VecDeque};

use proto::id::{SubmissionId, Tenant};
use proto::submission::Submission;
use proto::verified::Verified;

use crate::limits::PoolLimits;

/// What a turn is worth, in bytes. A small one mixes tenants finely; a large submission saves up for its turn.
const TURN_BYTES: usize = 4 << 10;

/// What became of a submission handed to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It waits now.
    New,
    /// It was waiting already; nothing changed.
    AlreadyWaiting,
}

/// Where a submission stands, as far as the pool knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for a batch.
    Waiting,
    /// Never seen, or gone: sealed or committed.
    Absent,
}

/// Why there is no room. Passes: it may be tried again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolFull {
    /// Too much waits in all.
    #[error("{count} submissions and {bytes} bytes wait, most are {count_max} and {bytes_max}")]
    Total {
        /// What waits, in submissions.
        count: usize,
        /// What waits, in bytes.
        bytes: usize,
        /// Most submissions.
        count_max: usize,
        /// Most bytes.
        bytes_max: usize,
    },
    /// Too much waits of this tenant; another's may still be taken.
    #[error("{count} submissions and {bytes} bytes of {tenant} wait, most are {count_max} and {bytes_max}")]
    Tenant {
        /// The tenant.
        tenant: Tenant,
        /// What waits of it, in submissions.
        count: usize,
        /// What waits of it, in bytes.
        bytes: usize,
        /// Most submissions.
        count_max: usize,
        /// Most bytes.
        bytes_max: usize,
    },
}

/// A bounded queue, fair by tenant.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    lanes: BTreeMap<Tenant, Lane>,
    /// Exactly the tenants that have a lane, the one whose turn it is first.
    turns: VecDeque<Tenant>,
    places: BTreeMap<SubmissionId, Place>,
    bytes: usize,
    next_number: u64,
}

/// What waits of one tenant; never empty.
#[derive(Debug)]
struct Lane {
    waiting: BTreeMap<u64, Verified<Submission>>,
    bytes: usize,
    /// What is left of its turn, in bytes.
    credit_bytes: usize,
}

#[derive(Debug)]
struct Place {
    tenant: Tenant,
    /// Its key in the lane: the order of arrival.
    number: u64,
}

impl Pool {
    /// An empty pool.
    pub const fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            lanes: BTreeMap::new(),
            turns: VecDeque::new(),
            places: BTreeMap::new(),
            bytes: 0,
            next_number: 0,
        }
    }

    /// Puts an admitted submission at the end of its tenant's lane. One that already waits needs no room.
    ///
    /// # Errors
    /// `PoolFull`; nothing has changed.
    pub fn insert(&mut self, submission: Verified<Submission>) -> Result<Inserted, PoolFull> {
        let id = submission.id();
        if self.places.contains_key(&id) {
            return Ok(Inserted::AlreadyWaiting);
        }
        let bytes = submission.bytes().len();
        let tenant = submission.body().tenant.clone();
        self.check_room(&tenant, bytes)?;

        let number = self.next_number;
        self.next_number += 1;
        self.places.insert(id, Place { tenant: tenant.clone(), number });
        self.bytes += bytes;
        let lane = self.lanes.entry(tenant.clone()).or_insert_with(|| {
            self.turns.push_back(tenant);
            Lane { waiting: BTreeMap::new(), bytes: 0, credit_bytes: TURN_BYTES }
        });
        lane.bytes += bytes;
        lane.waiting.insert(number, submission);
        Ok(Inserted::New)
    }

    /// Where a submission stands.
    pub fn status(&self, id: &SubmissionId) -> Status {
        match self.places.contains_key(id) {
            true => Status::Waiting,
            false => Status::Absent,
        }
    }

    /// Number of submissions that wait.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Sum of the envelopes that wait, in bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Removes what a block has committed, and says how many of them waited here.
    pub fn remove_committed<'a>(&mut self, ids: impl IntoIterator<Item = &'a SubmissionId>) -> usize {
        ids.into_iter().filter_map(|id| self.remove(id)).count()
    }

    /// Takes submissions in fair order as long as the next one `fits`, and leaves the turn where it stopped.
    pub(crate) fn take_while(
        &mut self,
        mut fits: impl FnMut(&Submission) -> bool,
    ) -> Vec<Verified<Submission>> {
        let mut taken = Vec::new();
        while let Some(tenant) = self.turns.front() {
            let lane = self.lanes.get_mut(tenant).expect("every tenant in turns has a lane");
            let next = lane.waiting.values().next().expect("no lane is empty");
            let bytes = next.bytes().len();
            if bytes > lane.credit_bytes {
                // What is left is kept for the next turn; each round adds to it, so every size gets through.
                lane.credit_bytes += TURN_BYTES;
                self.turns.rotate_left(1);
                continue;
            }
            if !fits(next) {
                break;
            }
            lane.credit_bytes -= bytes;
            let id = next.id();
            taken.extend(self.remove(&id));
        }
        taken
    }

    fn check_room(&self, tenant: &Tenant, bytes: usize) -> Result<(), PoolFull> {
        let limit = &self.limits.tenant;
        let (count, held_bytes) =
            self.lanes.get(tenant).map_or((0, 0), |lane| (lane.waiting.len(), lane.bytes));
        if !limit.has_room(count, held_bytes, bytes) {
            return Err(PoolFull::Tenant {
                tenant: tenant.clone(),
                count,
                bytes: held_bytes,
                count_max: limit.count_max,
                bytes_max: limit.bytes_max,
            });
        }
        let limit = &self.limits.total;
        if !limit.has_room(self.places.len(), self.bytes, bytes) {
            return Err(PoolFull::Total {
                count: self.places.len(),
                bytes: self.bytes,
                count_max: limit.count_max,
                bytes_max: limit.bytes_max,
            });
        }
        Ok(())
    }

    fn remove(&mut self, id: &SubmissionId) -> Option<Verified<Submission>> {
        let Place { tenant, number } = self.places.remove(id)?;
        let lane = self.lanes.get_mut(&tenant).expect("every place is in a lane");
        let submission = lane.waiting.remove(&number).expect("every place is in its lane");
        let bytes = submission.bytes().len();
        lane.bytes -= bytes;
        self.bytes -= bytes;
        if lane.waiting.is_empty() {
            // With the lane goes its credit: who has nothing waiting saves nothing up.
            self.lanes.remove(&tenant);
            self.turns.retain(|other| *other != tenant);
        }
        Some(submission)
    }
}

#[cfg(test)]
mod tests;
