//! How durations are spread over ranges.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::metrics::Spread;

/// Upper bounds in microseconds: from a write that meets only caches to a disk in trouble.
const BOUNDS_US: [u64; 10] = [200, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000];

/// Durations, counted by range.
#[derive(Debug, Default)]
pub(super) struct Times {
    at_or_below: [AtomicU64; BOUNDS_US.len()],
    sum_us: AtomicU64,
    count: AtomicU64,
}

impl Times {
    pub(super) fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bound, counter) in BOUNDS_US.iter().zip(&self.at_or_below) {
            if us <= *bound {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Spread {
        let seconds = |us: u64| us as f64 / 1e6;
        let buckets = BOUNDS_US.iter().zip(&self.at_or_below);
        Spread {
            buckets: buckets.map(|(bound, count)| (seconds(*bound), count.load(Ordering::Relaxed))).collect(),
            sum: seconds(self.sum_us.load(Ordering::Relaxed)),
            count: self.count.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_counts_what_is_at_or_below_its_bound() {
        let times = Times::default();
        for us in [100, 500, 501, 9_000_000] {
            times.observe(Duration::from_micros(us));
        }
        let spread = times.read();
        assert_eq!(spread.buckets[..3], [(0.0002, 1), (0.0005, 2), (0.001, 3)]);
        assert_eq!(spread.buckets[9], (2.0, 3));
        assert_eq!((spread.count, spread.sum), (4, 9.001101));
    }
}
