//! When each of a load's requests is due: at an even pace from the start, whatever became of those before.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// When each request is due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// When the first is.
    pub start: Instant,
    /// How many are in a second.
    pub rate: u32,
}

impl Schedule {
    /// When the request of this number is due.
    pub fn due(&self, number: u64) -> Instant {
        let rate = u64::from(self.rate.max(1));
        // In whole seconds and the rest, so that no number of them overflows.
        let (seconds, rest) = (number / rate, number % rate);
        self.start + Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / rate)
    }

    /// A permit for each of `total` requests, given when it is due; and then one for each worker, which finds that there
    /// is nothing more. By a thread, for the runtime's timers tick in milliseconds, as much as a tenth of what is
    /// measured.
    pub fn permits(self, total: u64, workers: usize) -> Arc<Semaphore> {
        let permits = Arc::new(Semaphore::new(0));
        let given = Arc::downgrade(&permits);
        thread::spawn(move || {
            for number in 0..total {
                thread::sleep(self.due(number).saturating_duration_since(Instant::now()));
                // Nobody works any more.
                let Some(permits) = given.upgrade() else { return };
                permits.add_permits(1);
            }
            if let Some(permits) = given.upgrade() {
                permits.add_permits(workers);
            }
        });
        permits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_due_at_an_even_pace() {
        let schedule = Schedule { start: Instant::now(), rate: 3 };
        let at = |number| schedule.due(number) - schedule.start;
        assert_eq!(at(0), Duration::ZERO);
        assert_eq!(at(1), Duration::from_nanos(333_333_333));
        assert_eq!(at(3), Duration::from_secs(1));
        assert_eq!(at(3_000_001).as_secs(), 1_000_000);
    }

    #[tokio::test]
    async fn no_permit_comes_before_its_request_is_due() {
        let schedule = Schedule { start: Instant::now() + Duration::from_millis(20), rate: 1_000 };
        let permits = schedule.permits(50, 2);
        for number in 0..50 {
            permits.acquire().await.expect("never closed").forget();
            assert!(Instant::now() >= schedule.due(number), "{number}");
        }
        permits.acquire_many(2).await.expect("never closed").forget();
        assert!(permits.try_acquire().is_err(), "one for each");
    }
}
