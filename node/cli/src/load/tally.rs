//! What was counted: latencies in a histogram each, errors by their code.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::Load;
use crate::exit::Failure;

/// Latencies are kept in microseconds up to this, ten minutes; a longer one counts as this.
const LATENCY_US_MAX: u64 = 600_000_000;

/// What has been counted so far.
pub struct Tally {
    accepted: Histogram<u64>,
    finalized: Histogram<u64>,
    last_final: Option<Instant>,
    errors: BTreeMap<String, u64>,
}

impl Tally {
    /// Nothing yet.
    ///
    /// # Errors
    /// `Internal` if the histogram refuses its bounds.
    pub fn new() -> Result<Self, Failure> {
        let histogram = || Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).map_err(Failure::internal);
        Ok(Self {
            accepted: histogram()?,
            finalized: histogram()?,
            last_final: None,
            errors: BTreeMap::new(),
        })
    }

    /// A submission was accepted so long after it was due.
    pub fn accepted(&mut self, latency: Duration) {
        self.accepted.saturating_record(micros(latency));
    }

    /// A submission became final so long after it was due.
    pub fn finalized(&mut self, latency: Duration, now: Instant) {
        self.finalized.saturating_record(micros(latency));
        self.last_final = Some(now);
    }

    /// A submission was not accepted, or not executed.
    pub fn failed(&mut self, code: String) {
        *self.errors.entry(code).or_default() += 1;
    }

    /// How many became final.
    #[cfg(test)]
    pub fn finalized_count(&self) -> u64 {
        self.finalized.len()
    }

    /// What was found, for a load that began at `start` and was sent in `sent`.
    pub fn report(&self, load: &Load, start: Instant, sent: Duration, unresolved: u64) -> Report {
        let final_after = self.last_final.map(|last| last.saturating_duration_since(start));
        Report {
            urls: load.urls.clone(),
            connections: load.connections,
            rate: load.rate,
            offered: load.total(),
            accepted: self.accepted.len(),
            finalized: self.finalized.len(),
            unresolved,
            errors: self.errors.clone(),
            seconds: sent.as_secs_f64(),
            accepted_per_second: per_second(self.accepted.len(), sent),
            finalized_per_second: per_second(self.finalized.len(), final_after.unwrap_or_default()),
            accepted_ms: Latency::of(&self.accepted),
            finalized_ms: Latency::of(&self.finalized),
        }
    }
}

/// What a load found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The nodes.
    pub urls: Vec<String>,
    /// Connections to them, in all.
    pub connections: usize,
    /// Submissions a second that were due.
    pub rate: u32,
    /// Submissions that were due in all.
    pub offered: u64,
    /// Submissions that a node accepted.
    pub accepted: u64,
    /// Submissions that were seen to become final.
    pub finalized: u64,
    /// Submissions accepted, and neither final nor refused at the end.
    pub unresolved: u64,
    /// What went wrong how often.
    pub errors: BTreeMap<String, u64>,
    /// From the first due time to the last answer.
    pub seconds: f64,
    /// Accepted in a second of that time.
    pub accepted_per_second: f64,
    /// Final in a second, from the first due time to the last one that became final.
    pub finalized_per_second: f64,
    /// Time from due to accepted.
    pub accepted_ms: Latency,
    /// Time from due to final, as the submitter's node told it.
    pub finalized_ms: Latency,
}

/// A distribution of latencies, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half were at most this.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// Ninety-nine of a hundred.
    pub p99: f64,
    /// All.
    pub max: f64,
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: histogram.max() as f64 / 1_000.0 }
    }
}

fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1)
}

fn per_second(count: u64, time: Duration) -> f64 {
    match time.is_zero() {
        true => 0.0,
        false => count as f64 / time.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut tally = Tally::new().expect("bounds");
        for ms in 1..=100 {
            tally.accepted(Duration::from_millis(ms));
        }
        let latency = Latency::of(&tally.accepted);
        for (found, expected) in
            [(latency.p50, 50.0), (latency.p90, 90.0), (latency.p99, 99.0), (latency.max, 100.0)]
        {
            assert!((found - expected).abs() < 0.2, "{found} is not {expected}");
        }
        tally.accepted(Duration::from_secs(6_000));
        assert!(Latency::of(&tally.accepted).max <= 600_500.0, "a longer one counts as the longest");
    }
}
