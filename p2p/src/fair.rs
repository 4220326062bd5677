//! Received messages in turns: one of each validator before a second of any.
//!
//! In a queue of arrival a validator that floods would put hundreds of messages in front of every vote; here
//! it delays the others by one message each. What waits is bounded by the room that each message holds.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libp2p::PeerId;
use tokio::sync::Notify;

use crate::inbox::Held;

/// The queue. Many readers put, one task takes.
#[derive(Default)]
pub(crate) struct FairQueue {
    turns: Mutex<Turns>,
    filled: Notify,
}

#[derive(Default)]
struct Turns {
    /// By validator, and only those of whom something waits.
    waiting: BTreeMap<PeerId, VecDeque<Held>>,
    /// Who had the last turn.
    last: Option<PeerId>,
}

impl FairQueue {
    pub(crate) fn put(&self, from: PeerId, held: Held) {
        self.lock().waiting.entry(from).or_default().push_back(held);
        self.filled.notify_one();
    }

    /// The oldest message of whoever's turn it is, if any waits.
    pub(crate) fn try_take(&self) -> Option<Held> {
        let mut turns = self.lock();
        let after_last = turns.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = turns
            .waiting
            .range((after_last, Bound::Unbounded))
            .next()
            .or_else(|| turns.waiting.iter().next());
        let from = *next?.0;
        turns.last = Some(from);
        let queue = turns.waiting.get_mut(&from)?;
        let held = queue.pop_front();
        if queue.is_empty() {
            turns.waiting.remove(&from);
        }
        held
    }

    /// Waits for a message and takes it. Nothing is lost when the wait is given up.
    pub(crate) async fn take(&self) -> Held {
        loop {
            if let Some(held) = self.try_take() {
                return held;
            }
            self.filled.notified().await;
        }
    }

    /// A panic while holding the lock cannot leave the turns half changed: nothing in it can panic midway.
    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::Incoming;

    fn held(ticket: u64) -> Held {
        Held { message: Incoming::RequestFailed { ticket }, room: None }
    }

    fn drain(queue: &FairQueue) -> Vec<u64> {
        let mut tickets = Vec::new();
        while let Some(Held { message, room: _ }) = queue.try_take() {
            let Incoming::RequestFailed { ticket } = message else { panic!("{message:?}") };
            tickets.push(ticket);
        }
        tickets
    }

    #[test]
    fn a_flood_delays_the_others_by_one_message_each() {
        let queue = FairQueue::default();
        let mut peers = [(); 3].map(|()| PeerId::random());
        peers.sort();
        for ticket in 100..110 {
            queue.put(peers[1], held(ticket));
        }
        queue.put(peers[0], held(0));
        queue.put(peers[2], held(200));
        queue.put(peers[2], held(201));
        assert_eq!(drain(&queue), [0, 100, 200, 101, 201, 102, 103, 104, 105, 106, 107, 108, 109]);
        assert!(drain(&queue).is_empty());
    }

    #[tokio::test]
    async fn taking_waits_for_putting() {
        let queue = std::sync::Arc::new(FairQueue::default());
        let taker = std::sync::Arc::clone(&queue);
        let taken = tokio::spawn(async move { taker.take().await.message });
        tokio::task::yield_now().await;
        queue.put(PeerId::random(), held(7));
        assert_eq!(taken.await.unwrap(), Incoming::RequestFailed { ticket: 7 });
    }
}
