//! Submissions signed ahead of time, in a thread of their own, so that signing is not what is measured.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proto::submission::Submission;
use tokio::sync::mpsc;

use super::Load;
use super::content::{Authors, Run};

/// Memory for what is kept ready, in bytes: all of a run that is not long is signed before it begins.
const AHEAD_BYTES: u64 = 256 << 20;
/// What one submission takes beside its statement, in bytes, with an ML-DSA-65 key and signature twice over.
const EACH_BYTES: u64 = 2_048;

/// Submissions in the order in which they are due.
pub struct Supply {
    ready: mpsc::Receiver<(u64, Submission)>,
    wanted: usize,
}

/// Begins to sign.
pub fn start(load: &Load, run: Arc<Run>, authors: Arc<Authors>) -> Supply {
    let total = load.total();
    let ahead = AHEAD_BYTES / (EACH_BYTES + 2 * load.bytes as u64);
    let wanted = usize::try_from(ahead.clamp(64, total.max(64)).min(total)).unwrap_or(usize::MAX);
    let (sender, ready) = mpsc::channel(wanted);
    // Ends by itself: with the last submission, or when nobody takes them any more.
    thread::spawn(move || {
        for number in 0..total {
            if sender.blocking_send((number, run.submission(number, &authors))).is_err() {
                return;
            }
        }
    });
    Supply { ready, wanted }
}

impl Supply {
    /// Returns when as much is signed as is kept ready.
    pub async fn ready(&self) {
        while self.ready.len() < self.wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The next submission and its number; none when there are no more.
    pub async fn next(&mut self) -> Option<(u64, Submission)> {
        self.ready.recv().await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crypto::Scheme;
    use proto::id::NetworkId;

    use super::*;
    use crate::load::tests::load;

    #[tokio::test]
    async fn every_submission_is_due_once_and_like_no_other() {
        let load = Load {
            warmup: Duration::from_millis(500),
            duration: Duration::from_secs(1),
            ..load(Vec::new(), 100)
        };
        assert_eq!(load.measured(), 100);
        let authors = Authors::fresh(1, Scheme::Ed25519).expect("signs");
        let run = Arc::new(Run::new(&load, NetworkId::default()));
        let mut supply = start(&load, run, Arc::new(authors));
        supply.ready().await;
        let (mut numbers, mut ids) = (Vec::new(), BTreeSet::new());
        while let Some((number, submission)) = supply.next().await {
            numbers.push(number);
            ids.insert(submission.id());
        }
        assert_eq!(numbers, (0..150).collect::<Vec<_>>());
        assert_eq!(ids.len(), 150);
    }
}
