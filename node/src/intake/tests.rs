use super::*;

use api::NodeStatus;
use tokio::sync::oneshot;

use crate::verifier::tests::Bench;

/// A node's door for submissions, behind which nobody checks signatures: what is let in waits.
struct Door {
    verifier: Arc<Verifier>,
    reporter: Arc<Reporter>,
    requests: mpsc::Sender<SubmitRequest>,
    _stop: watch::Sender<bool>,
}

impl Door {
    fn open() -> Self {
        let verifier = Arc::new(Bench::new().verifier);
        let (told, _) = watch::channel(NodeStatus::default());
        let (seats, counters) = (Arc::clone(&verifier.seats), Arc::clone(&verifier.counters));
        let reporter = Arc::new(Reporter::new(seats, counters, told));
        let (requests, taken) = mpsc::channel(8);
        let (stop, stopping) = watch::channel(false);
        let let_in = submissions(taken, Arc::clone(&verifier), Arc::clone(&reporter), Vec::new(), stopping);
        tokio::spawn(let_in);
        Self { verifier, reporter, requests, _stop: stop }
    }

    /// Submits what no verifier would let pass: the reply, or none if it was let in to be checked.
    async fn submit(&self) -> Option<SubmitReply> {
        let (reply, mut hears) = oneshot::channel();
        let waiting = self.verifier.jobs.len();
        self.requests.send(SubmitRequest { envelope: vec![0xff; 40], reply }).await.unwrap();
        while self.verifier.jobs.len() == waiting {
            match hears.try_recv() {
                Ok(reply) => return Some(reply),
                Err(_) => tokio::task::yield_now().await,
            }
        }
        None
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_before_its_signature_is_checked() {
    let door = Door::open();
    let full = |retry_after_ms| Some(SubmitReply::Full { retry_after_ms });
    door.reporter.congest(true);
    assert_eq!(door.submit().await, full(CONGESTED_RETRY_MS));
    door.verifier.counters.disk_full(true);
    assert_eq!(door.submit().await, full(FULL_RETRY_MS), "a full disk lasts longer");
    door.verifier.counters.disk_full(false);
    door.reporter.congest(false);
    assert_eq!(door.submit().await, None, "it waits for its verdict");
}
