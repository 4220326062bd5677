//! A queue between threads: urgent things first, and closed once.
//!
//! Nothing here waits for room: who must not run ahead asks `wait_below`, and what comes from outside holds a
//! permit of its own, so that the bound stands at the door and no two threads can wait for each other.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of things to do.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    emptied: Condvar,
}

/// Who waits is counted, so that nobody is woken for nothing: waking costs more than most things to do.
struct State<T> {
    urgent: VecDeque<T>,
    patient: VecDeque<T>,
    closed: bool,
    takers: usize,
    bounded: usize,
}

impl<T> State<T> {
    fn len(&self) -> usize {
        self.urgent.len() + self.patient.len()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let (urgent, patient) = (VecDeque::new(), VecDeque::new());
        let state = State { urgent, patient, closed: false, takers: 0, bounded: 0 };
        Self { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// A thread that panicked left the queue whole: no code of others runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the end. After `close` the item is dropped.
    pub(crate) fn push(&self, item: T) {
        self.add(item, |state| &mut state.patient);
    }

    /// As `push`, but before all that is not urgent.
    pub(crate) fn push_urgent(&self, item: T) {
        self.add(item, |state| &mut state.urgent);
    }

    fn add(&self, item: T, line: impl FnOnce(&mut State<T>) -> &mut VecDeque<T>) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        line(&mut state).push_back(item);
        let is_awaited = state.takers > 0;
        // Who is woken wants the lock at once.
        drop(state);
        if is_awaited {
            self.filled.notify_one();
        }
    }

    /// Waits for something to do; none when the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.wait_filled();
        let item = state.urgent.pop_front().or_else(|| state.patient.pop_front());
        self.make_room(&state);
        item
    }

    /// Waits for something to do and takes all there is, in order; none when the queue is closed and empty.
    pub(crate) fn take_all(&self) -> Option<Vec<T>> {
        let mut guard = self.wait_filled();
        let state = &mut *guard;
        let items: Vec<_> = state.urgent.drain(..).chain(state.patient.drain(..)).collect();
        self.make_room(&guard);
        (!items.is_empty()).then_some(items)
    }

    /// Waits until fewer than `max` things wait, or the queue is closed.
    pub(crate) fn wait_below(&self, max: usize) {
        let mut state = self.lock();
        while !state.closed && state.len() >= max {
            state.bounded += 1;
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.bounded -= 1;
        }
    }

    fn wait_filled(&self) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        while !state.closed && state.len() == 0 {
            state.takers += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.takers -= 1;
        }
        state
    }

    fn make_room(&self, state: &State<T>) {
        if state.bounded > 0 {
            self.emptied.notify_all();
        }
    }

    /// Takes nothing more in; what is there can still be taken out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// Whether it is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many things wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn urgent_things_come_first_and_order_is_kept() {
        let queue = Queue::default();
        queue.push(1);
        queue.push_urgent(2);
        queue.push(3);
        queue.push_urgent(4);
        assert_eq!(queue.take(), Some(2));
        assert_eq!(queue.take_all(), Some(vec![4, 1, 3]));
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_nothing() {
        let queue = Queue::default();
        queue.push(1);
        queue.close();
        queue.push(2);
        queue.push_urgent(3);
        assert_eq!((queue.take(), queue.take(), queue.take_all()), (Some(1), None, None));
    }

    /// Waits until the other thread waits.
    fn await_waiting(queue: &Queue<u8>, waits: impl Fn(&State<u8>) -> bool) {
        while !waits(&queue.lock()) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn those_who_wait_are_woken() {
        let queue: Arc<Queue<u8>> = Arc::default();
        let (told, tells) = mpsc::channel();
        let taker = Arc::clone(&queue);
        std::thread::spawn(move || {
            for _ in 0..3 {
                told.send(taker.take()).unwrap();
            }
        });
        for (item, push) in [(7, Queue::push as fn(&_, _)), (8, Queue::push_urgent)] {
            await_waiting(&queue, |state| state.takers == 1);
            push(&queue, item);
            assert_eq!(tells.recv_timeout(PATIENCE), Ok(Some(item)));
        }
        await_waiting(&queue, |state| state.takers == 1);
        queue.close();
        assert_eq!(tells.recv_timeout(PATIENCE), Ok(None));
    }

    #[test]
    fn who_waits_for_room_is_woken() {
        let wakers: [fn(&Queue<u8>); 3] =
            [|queue| _ = queue.take(), |queue| _ = queue.take_all(), |queue| queue.close()];
        for make_room in wakers {
            let queue: Arc<Queue<u8>> = Arc::default();
            queue.push(1);
            let (told, tells) = mpsc::channel();
            let bounded = Arc::clone(&queue);
            std::thread::spawn(move || {
                bounded.wait_below(1);
                told.send(())
            });
            await_waiting(&queue, |state| state.bounded == 1);
            make_room(&queue);
            assert_eq!(tells.recv_timeout(PATIENCE), Ok(()));
        }
    }
}
