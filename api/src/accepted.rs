//! What this node took and has not seen decided: so that asking for an id gives `accepted`, not "unknown".
//!
//! It is a memory, bounded and lost with the process; the ledger itself is asked first.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::id::SubmissionId;

/// Most ids remembered; the oldest is forgotten first.
const IDS_MAX: usize = 20_000;

/// A bounded set of ids, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Accepted(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    known: BTreeSet<SubmissionId>,
    order: VecDeque<SubmissionId>,
}

impl Accepted {
    /// Remembers an id.
    pub(crate) fn remember(&self, id: SubmissionId) {
        let mut ids = self.lock();
        if !ids.known.insert(id) {
            return;
        }
        ids.order.push_back(id);
        if ids.order.len() > IDS_MAX
            && let Some(oldest) = ids.order.pop_front()
        {
            ids.known.remove(&oldest);
        }
    }

    /// Whether an id is remembered.
    pub(crate) fn contains(&self, id: &SubmissionId) -> bool {
        self.lock().known.contains(id)
    }

    /// No code panics while it holds this lock, and a set of ids is sound at every step anyway.
    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let accepted = Accepted::default();
        let id = |n: usize| SubmissionId::new(crypto::sha256(&n.to_be_bytes()));
        for n in 0..=IDS_MAX {
            accepted.remember(id(n));
            accepted.remember(id(n));
        }
        assert!(!accepted.contains(&id(0)));
        assert!(accepted.contains(&id(1)) && accepted.contains(&id(IDS_MAX)));
        assert_eq!(accepted.lock().order.len(), IDS_MAX);
    }
}
