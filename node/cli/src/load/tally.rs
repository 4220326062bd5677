//! What was counted: latencies in a histogram each, errors by their code. What was due before the measuring began
//! is not counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::Load;
use super::content::Kind;
use super::items::Made;
use super::report::{Latency, Proofs, Row};
use super::usage::Usage;
use crate::exit::Failure;

/// Latencies are kept in microseconds up to this, ten minutes; a longer one counts as this.
const LATENCY_US_MAX: u64 = 600_000_000;

/// An empty histogram of latencies in microseconds, to three digits.
///
/// # Errors
/// `Internal` if it refuses its bounds.
pub fn histogram() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).map_err(Failure::internal)
}

/// Counts a latency.
pub fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
}

/// What has been counted so far.
pub struct Tally {
    from: Instant,
    sent: Histogram<u64>,
    envelope_bytes: u64,
    accepted: Histogram<u64>,
    committed: Histogram<u64>,
    finalized: Histogram<u64>,
    receipts: Histogram<u64>,
    items: Made,
    last_final: Option<Instant>,
    errors: BTreeMap<String, u64>,
}

impl Tally {
    /// Nothing yet.
    ///
    /// # Errors
    /// `Internal` if the histogram refuses its bounds.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            from: Instant::now(),
            sent: histogram()?,
            envelope_bytes: 0,
            accepted: histogram()?,
            committed: histogram()?,
            finalized: histogram()?,
            receipts: histogram()?,
            items: Made { made: 0, verified: 0 },
            last_final: None,
            errors: BTreeMap::new(),
        })
    }

    /// What is due from then on is counted.
    pub fn count_from(&mut self, from: Instant) {
        self.from = from;
    }

    /// A submission of so many bytes is about to be sent.
    pub fn sent(&mut self, due: Instant, bytes: usize) {
        if due >= self.from {
            record(&mut self.sent, due.elapsed());
            self.envelope_bytes += bytes as u64;
        }
    }

    /// A submission was accepted.
    pub fn accepted(&mut self, due: Instant) {
        if due >= self.from {
            record(&mut self.accepted, due.elapsed());
        }
    }

    /// It was executed, as a node told then.
    pub fn committed(&mut self, due: Instant, now: Instant) {
        if due >= self.from {
            record(&mut self.committed, now.saturating_duration_since(due));
        }
    }

    /// A checkpoint covers it, as a node told then.
    pub fn finalized(&mut self, due: Instant, now: Instant) {
        if due >= self.from {
            record(&mut self.finalized, now.saturating_duration_since(due));
            self.last_final = Some(now);
        }
    }

    /// Its receipt is here.
    pub fn receipt(&mut self, due: Instant) {
        if due >= self.from {
            record(&mut self.receipts, due.elapsed());
        }
    }

    /// The receipts of its items were made.
    pub fn items(&mut self, due: Instant, Made { made, verified }: Made) {
        if due >= self.from {
            self.items.made += made;
            self.items.verified += verified;
        }
    }

    /// It was not accepted, or not executed, or its receipt did not come.
    pub fn failed(&mut self, due: Instant, code: String) {
        if due >= self.from {
            *self.errors.entry(code).or_default() += 1;
        }
    }

    /// What was found, for a load that was measured for `sent` until its last answer.
    pub fn row(&self, load: &Load, sent: Duration, unresolved: u64, nodes: Vec<Usage>) -> Row {
        let final_after = self.last_final.map(|last| last.saturating_duration_since(self.from));
        let final_per_second = per_second(self.finalized.len(), final_after.unwrap_or_default());
        let mean = self.envelope_bytes.checked_div(self.sent.len());
        Row {
            rate: load.rate,
            offered: load.measured(),
            accepted: self.accepted.len(),
            committed: self.committed.len(),
            finalized: self.finalized.len(),
            receipts: self.receipts.len(),
            unresolved,
            errors: self.errors.clone(),
            envelope_bytes: mean.unwrap_or_default(),
            seconds: sent.as_secs_f64(),
            accepted_per_second: per_second(self.accepted.len(), sent),
            finalized_per_second: final_per_second,
            proofs: (load.kind == Kind::Batch).then(|| Proofs {
                each: load.proofs,
                finalized: self.finalized.len() * u64::from(load.proofs),
                finalized_per_second: final_per_second * f64::from(load.proofs),
                receipts: self.items.made,
                verified: self.items.verified,
            }),
            sent_late_ms: Latency::of(&self.sent),
            accepted_ms: Latency::of(&self.accepted),
            committed_ms: Latency::of(&self.committed),
            finalized_ms: Latency::of(&self.finalized),
            receipt_ms: Latency::of(&self.receipts),
            nodes,
        }
    }
}

/// So many in a second, if there were so many in that time.
pub fn per_second(count: u64, time: Duration) -> f64 {
    match time.is_zero() {
        true => 0.0,
        false => count as f64 / time.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::load;

    #[tokio::test]
    async fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = histogram().expect("bounds");
        assert_eq!(Latency::of(&histogram), None);
        for ms in 1..=1_000 {
            record(&mut histogram, Duration::from_millis(ms));
        }
        let found = Latency::of(&histogram).expect("some");
        for (found, expected) in [
            (found.p50, 500.0),
            (found.p90, 900.0),
            (found.p99, 990.0),
            (found.p999, 999.0),
            (found.max, 1_000.0),
        ] {
            assert!((found / expected - 1.0).abs() < 0.002, "{found} is not {expected}");
        }
        record(&mut histogram, Duration::from_secs(6_000));
        let longest = Latency::of(&histogram).expect("some").max;
        assert!((600_000.0..=600_500.0).contains(&longest), "a longer one counts as the longest: {longest}");
    }

    #[tokio::test]
    async fn what_was_due_before_the_measuring_is_not_counted() {
        let start = Instant::now();
        let (early, from) = (start + Duration::from_millis(9), start + Duration::from_millis(10));
        let now = start + Duration::from_millis(30);
        let mut tally = Tally::new().expect("bounds");
        tally.count_from(from);
        for due in [early, from] {
            tally.sent(due, 200);
            tally.accepted(due);
            tally.committed(due, now);
            tally.finalized(due, now);
            tally.receipt(due);
            tally.failed(due, "busy".to_owned());
        }
        let row = tally.row(&load(Vec::new(), 10), Duration::from_secs(1), 0, Vec::new());
        let counts = [row.accepted, row.committed, row.finalized, row.receipts, row.errors["busy"]];
        assert_eq!(counts, [1; 5]);
        assert_eq!(row.envelope_bytes, 200);
        let latency = row.finalized_ms.expect("one").max;
        assert!((latency - 20.0).abs() < 0.1, "{latency}");
    }
}
