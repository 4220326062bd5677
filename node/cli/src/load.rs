//! An open-loop load: submissions are due at fixed times, whether or not the earlier ones were answered.
//!
//! A latency counts from the time a submission was due, not from when it was sent: a generator that waits with the
//! system it measures would leave out the very moments that matter. What is submitted is signed beforehand, in
//! threads of their own; workers, connections and memory are bounded by the caller's numbers.
//!
//! - `schedule` says when each is due; `content` what it says and who signs; `supply` signs ahead;
//! - `worker` sends what is due; `watcher` hears what became of it; `receipts` fetches; `tally` counts;
//! - `items` makes the receipts of a batch's items out of the anchor's, and verifies some;
//! - `usage` reads what the nodes' processes cost; `report` is what was found, `plot` draws it;
//! - `search` looks for the highest rate that is held; `read` asks for receipts and submits nothing.

pub mod content;
#[cfg(test)]
mod fake;
mod items;
pub mod plot;
pub mod read;
mod receipts;
pub mod report;
mod schedule;
pub mod search;
mod supply;
mod tally;
#[cfg(test)]
mod tests;
pub mod usage;
mod watcher;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use client::Client;
use proto::id::{NetworkId, Tenant};
use proto::policy::Policy;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::exit::Failure;
use crate::net;
use content::{Authors, Kind, Run};
use items::Items;
use receipts::Fetching;
use report::Row;
use schedule::Schedule;
use tally::Tally;
use usage::Gauge;
use watcher::Watcher;

/// How long a network that was offered too much may take to come to rest before the next rate.
const REST: Duration = Duration::from_secs(60);

/// What load to make.
#[derive(Clone, Debug)]
pub struct Load {
    /// The nodes' addresses; submissions go to them in turn.
    pub urls: Vec<String>,
    /// Submissions a second.
    pub rate: u32,
    /// For how long it is measured.
    pub duration: Duration,
    /// For how long the load runs before that.
    pub warmup: Duration,
    /// Connections in all, each with one request at a time.
    pub connections: usize,
    /// How long to wait for what is not final when the last was sent.
    pub drain: Duration,
    /// Whom the submissions belong to.
    pub tenant: Tenant,
    /// What they ask.
    pub kind: Kind,
    /// Bytes of an attestation's statement.
    pub bytes: usize,
    /// Digests of a batch.
    pub proofs: u32,
    /// The receipt of each so many-th entry is fetched; 0: of none.
    pub receipts: u64,
}

impl Load {
    /// How many submissions are due in all, with those before the measuring begins.
    fn total(&self) -> u64 {
        self.due_in(self.warmup.saturating_add(self.duration)).max(1)
    }

    /// How many of them are measured.
    pub fn measured(&self) -> u64 {
        self.total().saturating_sub(self.due_in(self.warmup))
    }

    /// How many are due before so much time has passed: the first is due at once.
    fn due_in(&self, time: Duration) -> u64 {
        let millis = u128::from(self.rate) * time.as_millis();
        u64::try_from(millis.div_ceil(1_000)).unwrap_or(u64::MAX)
    }
}

/// The network that all these nodes belong to.
///
/// # Errors
/// When one cannot be reached, or they are of two networks.
pub async fn network(urls: &[String]) -> Result<NetworkId, Failure> {
    let mut network = None;
    for url in urls {
        let status = net::client(url)?.status().await.map_err(net::refused)?;
        let found = NetworkId::new(status.network.0);
        match network {
            Some(expected) if expected != found => {
                return Err(Failure::usage(format_args!("{url} is of network {found}, not {expected}")));
            }
            Some(_) | None => network = Some(found),
        }
    }
    network.ok_or_else(|| Failure::usage("no node to submit to"))
}

/// The network's policy, as a node tells it: what is measured is not whether the node is honest.
async fn policy(url: &str) -> Result<Policy, Failure> {
    let text = net::client(url)?.policy().await.map_err(net::refused)?;
    text.parse().map_err(|fault| Failure::internal(format_args!("{url} tells no policy: {fault}")))
}

/// Makes the load and measures; `gauge` reads what it costs the nodes.
///
/// # Errors
/// When a node cannot be reached at the start; what fails later is counted.
pub async fn run(
    load: &Load,
    network: NetworkId,
    authors: &Arc<Authors>,
    gauge: &Arc<Gauge>,
) -> Result<Row, Failure> {
    let tally = Arc::new(std::sync::Mutex::new(Tally::new()?));
    let content = Arc::new(Run::new(load, network));
    let items = match (load.kind, load.urls.first()) {
        (Kind::Batch, Some(url)) => Some(Arc::new(Items::new(content.clone(), policy(url).await?))),
        _ => None,
    };
    let (mut watchers, mut fetchers) = (Vec::new(), Vec::new());
    let mut background = JoinSet::new();
    for url in &load.urls {
        let client = net::client(url)?;
        let fetching = Fetching::start(&client, load.receipts, items.as_ref(), &tally, &mut background);
        let events = client.events(None).await.map_err(net::refused)?;
        let watcher = Arc::new(Watcher::new(tally.clone(), fetching.clone()));
        background.spawn(watcher.clone().watch(client, events));
        watchers.push(watcher);
        fetchers.push(fetching);
    }
    let supply = supply::start(load, content, authors.clone());
    supply.ready().await;
    let supply = Arc::new(Mutex::new(supply));
    let schedule = Schedule { start: Instant::now(), rate: load.rate };
    let from = schedule.start + load.warmup;
    locked(&tally).count_from(from);
    let before = tokio::spawn({
        let gauge = gauge.clone();
        async move {
            sleep_until(from).await;
            gauge.read().await
        }
    });
    let connections = load.connections.max(1);
    let permits = schedule.permits(load.total(), connections);
    let mut workers = JoinSet::new();
    for number in 0..connections {
        let at = number % load.urls.len();
        // A client a worker: each keeps one connection open.
        let client: Client = net::client(&load.urls[at])?;
        let (supply, permits, watcher) = (supply.clone(), permits.clone(), watchers[at].clone());
        workers.spawn(worker::run(client, supply, schedule, permits, watcher));
    }
    while workers.join_next().await.is_some() {}
    let sent = from.elapsed();
    let after = gauge.read().await;
    let until = Instant::now() + load.drain;
    let pending = || {
        let waiting: usize = watchers.iter().map(|watcher| watcher.pending(from)).sum();
        let fetching: usize = fetchers.iter().map(Fetching::pending).sum();
        (waiting, fetching)
    };
    while pending() != (0, 0) && Instant::now() < until {
        sleep(Duration::from_millis(10)).await;
    }
    let (unresolved, _) = pending();
    background.shutdown().await;
    let before = before.await.map_err(Failure::internal)?;
    let nodes = gauge.between(&before, &after);
    Ok(locked(&tally).row(load, sent, unresolved as u64, nodes))
}

/// Waits until nothing waits in the nodes' memory any more, so that one rate does not burden the next.
pub async fn rest(urls: &[String]) -> Result<(), Failure> {
    let until = Instant::now() + REST;
    for url in urls {
        let client = net::client(url)?;
        loop {
            match client.status().await {
                Ok(status) if status.mempool_count.0 == 0 => break,
                Ok(_) | Err(_) if Instant::now() >= until => {
                    return Err(Failure::usage(format_args!(
                        "{url} has not come to rest within {} s, so the next rate would measure this one",
                        REST.as_secs()
                    )));
                }
                Ok(_) | Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
    Ok(())
}

/// What a lock guards. A worker that panicked has left numbers that are whole: each is changed by itself.
fn locked<T>(lock: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
