//! Submissions signed ahead of time, in a thread of their own, so that signing is not what is measured.

use std::thread;
use std::time::Duration;

use crypto::{SecretKey, sha256};
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use tokio::sync::mpsc;

use super::Load;
use crate::time;

/// Seconds' worth of submissions that are kept ready.
const AHEAD_S: u64 = 2;
/// Most submissions that are kept ready, whatever the rate: some 20 MB.
const AHEAD_MAX: u64 = 50_000;

/// Submissions in the order in which they are due.
pub struct Supply {
    ready: mpsc::Receiver<(u64, Submission)>,
    wanted: usize,
}

/// Begins to sign.
pub fn start(load: &Load, network: NetworkId, secret: SecretKey) -> Supply {
    let total = load.total();
    let ahead = (u64::from(load.rate) * AHEAD_S).clamp(64, AHEAD_MAX);
    let wanted = usize::try_from(ahead.min(total)).unwrap_or(usize::MAX);
    let (sender, ready) = mpsc::channel(wanted);
    let (tenant, run) = (load.tenant.clone(), rand::random::<u64>());
    // Ends by itself: with the last submission, or when nobody takes them any more.
    thread::spawn(move || {
        for number in 0..total {
            let submission = sign(number, run, network, tenant.clone(), &secret);
            if sender.blocking_send((number, submission)).is_err() {
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

/// A proof of content that no other submission of any run is about.
fn sign(number: u64, run: u64, network: NetworkId, tenant: Tenant, secret: &SecretKey) -> Submission {
    let content = [run.to_be_bytes(), number.to_be_bytes()].concat();
    let body = Body {
        network,
        tenant,
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce: run ^ number,
        expires_at: Some(TimeMs::new(time::now_ms()).plus(3_600_000)),
        operation: Operation::ProofSubmit {
            content: sha256(&content),
            content_bytes: content.len() as u64,
            media_type: String::new(),
            subject: format!("bench {number}"),
        },
    };
    body.sign(secret)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crypto::Scheme;

    use super::*;

    #[tokio::test]
    async fn every_submission_is_due_once_and_like_no_other() {
        let load = Load {
            urls: Vec::new(),
            rate: 100,
            duration: Duration::from_millis(1_500),
            connections: 1,
            drain: Duration::ZERO,
            tenant: Tenant::default_tenant(),
        };
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[3; 32]).expect("signs");
        let mut supply = start(&load, NetworkId::default(), secret);
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
