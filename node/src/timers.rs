//! Timers: which run, and when each is due. One of each name; starting it again starts it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use engine::Timer;

/// Longest time a timer is set to; nothing waits longer, and no sum overflows.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The timers that run.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_name: BTreeMap<Timer, Instant>,
    by_time: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    /// Lets a timer be due `after_ms` from `now`.
    pub(crate) fn start(&mut self, now: Instant, timer: Timer, after_ms: u64) {
        self.stop(timer);
        let due = now + Duration::from_millis(after_ms).min(LONGEST);
        self.by_name.insert(timer, due);
        self.by_time.insert((due, timer));
    }

    /// Forgets a timer.
    pub(crate) fn stop(&mut self, timer: Timer) {
        if let Some(due) = self.by_name.remove(&timer) {
            self.by_time.remove(&(due, timer));
        }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Takes one that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (due, timer) = *self.by_time.first()?;
        if due > now {
            return None;
        }
        self.stop(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::counter::TreeSize;

    fn timer(number: u64) -> Timer {
        Timer::Cosign { size: TreeSize::new(number) }
    }

    #[test]
    fn timers_are_due_in_the_order_of_their_time_and_once() {
        let mut timers = Timers::default();
        let start = Instant::now();
        timers.start(start, timer(1), 30);
        timers.start(start, timer(2), 10);
        timers.start(start, timer(3), 20);
        timers.stop(timer(3));
        assert_eq!(timers.next(), Some(start + Duration::from_millis(10)));
        let late = start + Duration::from_millis(100);
        assert_eq!(timers.take_due(start), None);
        assert_eq!([(); 3].map(|()| timers.take_due(late)), [Some(timer(2)), Some(timer(1)), None]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn one_started_again_starts_anew() {
        let mut timers = Timers::default();
        let start = Instant::now();
        timers.start(start, timer(1), 10);
        timers.start(start, timer(1), 50);
        assert_eq!(timers.take_due(start + Duration::from_millis(20)), None);
        assert_eq!(timers.take_due(start + Duration::from_millis(50)), Some(timer(1)));
        assert_eq!(timers.take_due(start + Duration::from_millis(99)), None);
    }

    #[test]
    fn no_length_overflows() {
        let mut timers = Timers::default();
        timers.start(Instant::now(), timer(1), u64::MAX);
        assert!(timers.next().is_some());
    }
}
