//! What happens to the node, in the order in which it is told of it.
//!
//! Its own events come first: a durable write opens what others wait for, and they are as many as the node's
//! own deeds. Messages from outside come next, each with the room it takes at the door; due timers last, so
//! that a node which is merely behind reads what it has before it gives a leader up, but they get their turn
//! after a run of messages.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use engine::{Event, Timer};
use tokio::sync::OwnedSemaphorePermit;

use crate::timers::Timers;

/// Messages handed out in a row while a timer is due.
const RUN_MAX: u32 = 64;

/// The events that wait, and the timers that run.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    own: VecDeque<Event>,
    others: VecDeque<(Event, OwnedSemaphorePermit)>,
    timers: Timers,
    run: u32,
    /// Whether the engine's thread waits and was not yet woken: only then it is.
    waits: bool,
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event of the node's own making.
    pub(crate) fn happen(&self, event: Event) {
        self.change(|state| state.own.push_back(event));
    }

    /// An event from outside; its room is free again when it is handed out.
    pub(crate) fn arrive(&self, event: Event, room: OwnedSemaphorePermit) {
        self.change(|state| state.others.push_back((event, room)));
    }

    /// Lets `TimerFired` happen later.
    pub(crate) fn start_timer(&self, timer: Timer, after_ms: u64) {
        self.change(|state| state.timers.start(Instant::now(), timer, after_ms));
    }

    /// Forgets a timer.
    pub(crate) fn stop_timer(&self, timer: Timer) {
        self.lock().timers.stop(timer);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let is_to_wake = std::mem::take(&mut state.waits);
        // Who is woken wants the lock at once.
        drop(state);
        if is_to_wake {
            self.changed.notify_one();
        }
    }

    /// Waits for the next event; none when the inbox is closed.
    pub(crate) fn next(&self) -> Option<Event> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = Instant::now();
            if let Some(event) = state.pick(now) {
                return Some(event);
            }
            state.waits = true;
            state = match state.timers.next() {
                Some(due) => {
                    let waited = self.changed.wait_timeout(state, due.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waits = false;
        }
    }

    /// Hands nothing more out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// How many events wait.
    pub(crate) fn len(&self) -> usize {
        let state = self.lock();
        state.own.len() + state.others.len()
    }
}

impl State {
    fn pick(&mut self, now: Instant) -> Option<Event> {
        if let Some(event) = self.own.pop_front() {
            return Some(event);
        }
        if self.run < RUN_MAX
            && let Some((event, _room)) = self.others.pop_front()
        {
            self.run += 1;
            return Some(event);
        }
        self.run = 0;
        let due = self.timers.take_due(now).map(Event::TimerFired);
        due.or_else(|| self.others.pop_front().map(|(event, _room)| event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::counter::{Height, TreeSize};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::Semaphore;

    fn timer() -> Timer {
        Timer::Cosign { size: TreeSize::new(1) }
    }

    /// What an event is, shortly.
    fn name(event: Option<Event>) -> &'static str {
        match event {
            Some(Event::Applied { .. }) => "own",
            Some(Event::Certified { .. }) => "other",
            Some(Event::TimerFired(_)) => "timer",
            Some(_) => "?",
            None => "closed",
        }
    }

    fn room(door: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        Arc::clone(door).try_acquire_owned().unwrap()
    }

    #[test]
    fn own_events_first_then_messages_then_timers_in_their_turn() {
        let inbox = Inbox::default();
        let door = Arc::new(Semaphore::new(100));
        inbox.start_timer(timer(), 0);
        for _ in 0..RUN_MAX + 1 {
            inbox.arrive(Event::Certified { size: TreeSize::ZERO }, room(&door));
        }
        inbox.happen(Event::Applied { height: Height::ZERO });
        assert_eq!(name(inbox.next()), "own");
        for _ in 0..RUN_MAX {
            assert_eq!(name(inbox.next()), "other");
        }
        assert_eq!(name(inbox.next()), "timer", "a flood does not keep it out");
        assert_eq!(name(inbox.next()), "other");
        assert_eq!(door.available_permits(), 100, "the door has its room back");
    }

    #[test]
    fn a_timer_wakes_who_waits_and_a_stopped_one_does_not() {
        let inbox = Inbox::default();
        let other = Timer::Cosign { size: TreeSize::new(2) };
        inbox.start_timer(other, 1);
        inbox.stop_timer(other);
        inbox.start_timer(timer(), 20);
        let begin = Instant::now();
        assert!(matches!(inbox.next(), Some(Event::TimerFired(found)) if found == timer()));
        assert!(begin.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn each_event_wakes_who_waits_and_so_does_closing() {
        let door = Arc::new(Semaphore::new(1));
        for woken_by in ["own", "other", "timer", "closed"] {
            let inbox = Arc::new(Inbox::default());
            let other = Arc::clone(&inbox);
            let (told, tells) = std::sync::mpsc::channel();
            std::thread::spawn(move || told.send(name(other.next())));
            while !inbox.lock().waits {
                std::thread::yield_now();
            }
            match woken_by {
                "own" => inbox.happen(Event::Applied { height: Height::ZERO }),
                "other" => inbox.arrive(Event::Certified { size: TreeSize::ZERO }, room(&door)),
                "timer" => inbox.start_timer(timer(), 0),
                _ => inbox.close(),
            }
            assert_eq!(tells.recv_timeout(Duration::from_secs(20)), Ok(woken_by));
        }
    }
}
