//! What a load found, as it is printed, written and drawn; and whether a rate was held.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::content::Kind;
use super::usage::Usage;

/// What all rates of one run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// When it began, in UTC.
    pub date: String,
    /// The nodes.
    pub urls: Vec<String>,
    /// Connections to them, in all.
    pub connections: usize,
    /// Seconds for which each rate was measured.
    pub duration_s: f64,
    /// Seconds for which each ran before.
    pub warmup_s: f64,
    /// What was asked.
    pub kind: Kind,
    /// Number of authors.
    pub authors: usize,
    /// What they signed with.
    pub scheme: Option<&'static str>,
    /// What a rate must keep to be held.
    pub bounds: Bounds,
    /// One for each rate, in the order in which they ran.
    pub rows: Vec<Row>,
    /// The highest rate held; null when none was.
    pub held: Option<u32>,
    /// What a reader has to know of these figures.
    pub notes: Vec<String>,
}

/// What a rate must keep to be held.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bounds {
    /// Milliseconds within which ninety-nine of a hundred must be final.
    pub finalized_p99_ms: u64,
    /// Share of those offered that may fail.
    pub failed_share: f64,
}

/// What one rate found. Latencies are null where nothing was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Submissions a second that were due.
    pub rate: u32,
    /// Submissions that were due while it was measured.
    pub offered: u64,
    /// Submissions that a node accepted.
    pub accepted: u64,
    /// Submissions that were seen to be executed.
    pub committed: u64,
    /// Submissions that were seen to become final: covered by a checkpoint that a quorum signed.
    pub finalized: u64,
    /// Receipts that were fetched.
    pub receipts: u64,
    /// Submissions accepted, and neither final nor refused at the end.
    pub unresolved: u64,
    /// What went wrong how often.
    pub errors: BTreeMap<String, u64>,
    /// Mean bytes of a signed submission.
    pub envelope_bytes: u64,
    /// From the first measured due time to the last answer.
    pub seconds: f64,
    /// Accepted in a second of that time.
    pub accepted_per_second: f64,
    /// Final in a second, from the first measured due time to the last one that became final.
    pub finalized_per_second: f64,
    /// What the batches held; null where no batches were submitted.
    pub proofs: Option<Proofs>,
    /// Time from due to sent: how far the generator, or its connections, were behind.
    pub sent_late_ms: Option<Latency>,
    /// Time from due to accepted.
    pub accepted_ms: Option<Latency>,
    /// Time from due to executed, as the submitter's node told it.
    pub committed_ms: Option<Latency>,
    /// Time from due to final, as the submitter's node told it.
    pub finalized_ms: Option<Latency>,
    /// Time from due to the receipt in hand, of those that were fetched.
    pub receipt_ms: Option<Latency>,
    /// What it cost the processes that were watched.
    pub nodes: Vec<Usage>,
}

/// What batches held: each submission anchors many digests, of which each is a proof by itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Proofs {
    /// Digests in one batch.
    pub each: u32,
    /// Digests whose anchor was seen to become final.
    pub finalized: u64,
    /// Final in a second, as of submissions.
    pub finalized_per_second: f64,
    /// Receipts of single items that were made out of the anchors' that were fetched.
    pub receipts: u64,
    /// How many of those were verified offline; what failed is among the errors.
    pub verified: u64,
}

/// Why a rate was not held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unheld {
    /// More failed than may.
    Failed {
        /// Their share of those offered.
        share: f64,
    },
    /// Some had no end when the waiting was over.
    Unresolved(u64),
    /// Too many became final too late.
    Late {
        /// Milliseconds within which ninety-nine of a hundred were final.
        p99_ms: f64,
    },
    /// Nothing became final.
    Nothing,
}

impl Row {
    /// Whether the rate was held.
    ///
    /// # Errors
    /// Why not.
    pub fn held(&self, bounds: &Bounds) -> Result<(), Unheld> {
        let failed: u64 = self.errors.values().sum();
        let share = failed as f64 / self.offered.max(1) as f64;
        if share > bounds.failed_share {
            return Err(Unheld::Failed { share });
        }
        if self.unresolved > 0 {
            return Err(Unheld::Unresolved(self.unresolved));
        }
        match self.finalized_ms {
            None => Err(Unheld::Nothing),
            Some(Latency { p99, .. }) if p99 > bounds.finalized_p99_ms as f64 => {
                Err(Unheld::Late { p99_ms: p99 })
            }
            Some(_) => Ok(()),
        }
    }
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
    /// Nine hundred and ninety-nine of a thousand.
    pub p999: f64,
    /// All.
    pub max: f64,
}

impl Latency {
    /// What was counted, in microseconds; none for nothing.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        let max = histogram.max() as f64 / 1_000.0;
        (!histogram.is_empty()).then(|| Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max,
        })
    }
}

/// Seconds, for a report.
pub fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::row;

    #[test]
    fn a_rate_is_held_within_its_bounds_only() {
        let bounds = Bounds { finalized_p99_ms: 1_000, failed_share: 0.01 };
        let errors = |count| BTreeMap::from([("busy".to_owned(), count)]);
        let good = row(1_000, 1_000.0);
        for (row, expected) in [
            (good.clone(), Ok(())),
            (Row { errors: errors(100), ..good.clone() }, Ok(())),
            (Row { errors: errors(101), ..good.clone() }, Err(Unheld::Failed { share: 0.0101 })),
            (Row { unresolved: 1, ..good.clone() }, Err(Unheld::Unresolved(1))),
            (row(1_000, 1_001.0), Err(Unheld::Late { p99_ms: 1_001.0 })),
            (Row { finalized_ms: None, ..good }, Err(Unheld::Nothing)),
        ] {
            assert_eq!(row.held(&bounds), expected);
        }
    }
}
