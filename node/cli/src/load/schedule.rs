//! When each of a load's requests is due: at an even pace from the start, whatever became of those before.

use std::time::Duration;

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
}
