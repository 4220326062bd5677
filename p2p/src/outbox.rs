//! Frames that wait for one peer on one lane.
//!
//! Bounded in frames and bytes, more tightly while the peer is away. When full, the oldest frame goes and is
//! counted: consensus sends again what still matters, and the newest vote or proposal is the one that does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::message::Kind;
use tokio::sync::Notify;

use crate::limits::Limits;
use crate::stats::{Counters, DropReason};

/// A message on its way out; its bytes are shared by all the peers it goes to.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) kind: Kind,
    pub(crate) bytes: Arc<[u8]>,
}

#[derive(Clone, Copy)]
struct Bound {
    frames_max: usize,
    bytes_max: usize,
}

/// Whether the peer can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Here,
    Away,
}

/// The queue. Many put, one writer takes.
pub(crate) struct Outbox {
    here: Bound,
    away: Bound,
    queue: Mutex<Queue>,
    filled: Notify,
    counters: Arc<Counters>,
}

struct Queue {
    frames: VecDeque<Outgoing>,
    bytes: usize,
    presence: Presence,
}

impl Outbox {
    /// An empty queue for a peer that is away.
    pub(crate) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self {
            here: Bound { frames_max: limits.outbox_frames_max, bytes_max: limits.outbox_bytes_max },
            away: Bound {
                frames_max: limits.outbox_away_frames_max,
                bytes_max: limits.outbox_away_bytes_max,
            },
            queue: Mutex::new(Queue { frames: VecDeque::new(), bytes: 0, presence: Presence::Away }),
            filled: Notify::new(),
            counters,
        }
    }

    /// Adds a frame; drops the oldest while there are too many. Never waits.
    pub(crate) fn put(&self, frame: Outgoing) {
        let mut queue = self.lock();
        queue.bytes += frame.bytes.len();
        queue.frames.push_back(frame);
        self.trim(&mut queue);
        drop(queue);
        self.filled.notify_one();
    }

    /// Tells whether the peer is here; when it left, the queue shrinks to what is kept for the absent.
    pub(crate) fn set_presence(&self, presence: Presence) {
        let mut queue = self.lock();
        queue.presence = presence;
        self.trim(&mut queue);
    }

    /// Waits until there is something to take.
    pub(crate) async fn filled(&self) {
        while self.lock().frames.is_empty() {
            self.filled.notified().await;
        }
    }

    /// Takes frames in order: one at least, if there is one, and more while they stay within `bytes_max`.
    pub(crate) fn take(&self, bytes_max: usize) -> Vec<Outgoing> {
        let mut queue = self.lock();
        let mut taken = Vec::new();
        let mut taken_bytes = 0;
        while let Some(next) = queue.frames.front() {
            if !taken.is_empty() && taken_bytes + next.bytes.len() > bytes_max {
                break;
            }
            let Some(frame) = queue.frames.pop_front() else { break };
            queue.bytes -= frame.bytes.len();
            taken_bytes += frame.bytes.len();
            taken.push(frame);
        }
        taken
    }

    fn trim(&self, queue: &mut Queue) {
        let (bound, reason) = match queue.presence {
            Presence::Here => (self.here, DropReason::QueueFull),
            Presence::Away => (self.away, DropReason::Away),
        };
        let mut dropped = 0;
        while queue.frames.len() > bound.frames_max || queue.bytes > bound.bytes_max {
            let Some(oldest) = queue.frames.pop_front() else { break };
            queue.bytes -= oldest.bytes.len();
            dropped += 1;
        }
        if dropped > 0 {
            self.counters.dropped(reason, dropped);
        }
    }

    /// A panic while holding the lock cannot leave the queue half changed: nothing in it can panic midway.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> (Outbox, Arc<Counters>) {
        let limits = Limits {
            outbox_frames_max: 4,
            outbox_bytes_max: 100,
            outbox_away_frames_max: 2,
            outbox_away_bytes_max: 50,
            ..Limits::default()
        };
        let counters = Arc::new(Counters::default());
        (Outbox::new(&limits, Arc::clone(&counters)), counters)
    }

    fn frame(first: u8, bytes: usize) -> Outgoing {
        Outgoing { kind: Kind::Vote, bytes: vec![first; bytes].into() }
    }

    fn firsts(frames: &[Outgoing]) -> Vec<u8> {
        frames.iter().map(|frame| frame.bytes[0]).collect()
    }

    #[test]
    fn a_full_queue_drops_its_oldest_and_counts() {
        let (outbox, counters) = outbox();
        outbox.set_presence(Presence::Here);
        for first in 0..6 {
            outbox.put(frame(first, 1));
        }
        assert_eq!(firsts(&outbox.take(1000)), [2, 3, 4, 5]);
        assert_eq!(counters.read().drops(DropReason::QueueFull), 2);
    }

    #[test]
    fn bytes_are_bounded_like_frames() {
        let (outbox, counters) = outbox();
        outbox.set_presence(Presence::Here);
        outbox.put(frame(0, 60));
        outbox.put(frame(1, 60));
        assert_eq!(firsts(&outbox.take(1000)), [1]);
        outbox.put(frame(2, 101));
        assert!(outbox.take(1000).is_empty());
        assert_eq!(counters.read().drops(DropReason::QueueFull), 2);
    }

    #[test]
    fn little_is_kept_for_the_absent() {
        let (outbox, counters) = outbox();
        outbox.set_presence(Presence::Here);
        for first in 0..4 {
            outbox.put(frame(first, 1));
        }
        outbox.set_presence(Presence::Away);
        outbox.put(frame(9, 1));
        assert_eq!(firsts(&outbox.take(1000)), [3, 9]);
        assert_eq!(counters.read().drops(DropReason::Away), 3);
    }

    #[test]
    fn taking_stops_at_the_bound_but_takes_one() {
        let (outbox, _) = outbox();
        outbox.set_presence(Presence::Here);
        for first in 0..3 {
            outbox.put(frame(first, 20));
        }
        assert_eq!(firsts(&outbox.take(10)), [0]);
        assert_eq!(firsts(&outbox.take(40)), [1, 2]);
    }
}
