//! An open-loop load: submissions are due at fixed times, whether or not the earlier ones were answered.
//!
//! A latency counts from the time a submission was due, not from when it was sent: a generator that waits with the
//! system it measures would leave out the very moments that matter. What is submitted is signed beforehand, in
//! threads of their own; workers, connections and memory are bounded by the caller's numbers.
//!
//! - `supply` signs ahead; `worker` sends what is due; `watcher` hears what became final; `tally` counts.

pub mod supply;
pub mod tally;
mod watcher;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use client::Client;
use crypto::SecretKey;
use proto::id::{NetworkId, Tenant};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::exit::Failure;
use crate::net;
use tally::{Report, Tally};
use watcher::Watcher;

/// What load to make.
#[derive(Debug)]
pub struct Load {
    /// The nodes' addresses; submissions go to them in turn.
    pub urls: Vec<String>,
    /// Submissions a second.
    pub rate: u32,
    /// For how long.
    pub duration: Duration,
    /// Connections in all, each with one request at a time.
    pub connections: usize,
    /// How long to wait for what is not final when the last was sent.
    pub drain: Duration,
    /// Whom the submissions belong to.
    pub tenant: Tenant,
}

impl Load {
    /// How many submissions that is.
    pub fn total(&self) -> u64 {
        let millis = u128::from(self.rate) * self.duration.as_millis();
        u64::try_from(millis / 1_000).unwrap_or(u64::MAX).max(1)
    }
}

/// Makes the load and measures.
///
/// # Errors
/// When a node cannot be reached at the start; what fails later is counted.
pub async fn run(load: &Load, secret: SecretKey) -> Result<Report, Failure> {
    let mut network = None;
    for url in &load.urls {
        let status = net::client(url)?.status().await.map_err(net::refused)?;
        let found = NetworkId::new(status.network.0);
        match network {
            Some(expected) if expected != found => {
                return Err(Failure::usage(format_args!("{url} is of network {found}, not {expected}")));
            }
            Some(_) | None => network = Some(found),
        }
    }
    let network = network.ok_or_else(|| Failure::usage("no node to submit to"))?;
    let mut watchers = Vec::with_capacity(load.urls.len());
    let tally = Arc::new(std::sync::Mutex::new(Tally::new()?));
    let mut background = JoinSet::new();
    for url in &load.urls {
        let client = net::client(url)?;
        let events = client.events(None).await.map_err(net::refused)?;
        let watcher = Arc::new(Watcher::new(tally.clone()));
        background.spawn(watcher.clone().watch(client, events));
        watchers.push(watcher);
    }
    let supply = supply::start(load, network, secret);
    supply.ready().await;
    let supply = Arc::new(Mutex::new(supply));
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for number in 0..load.connections.max(1) {
        let at = number % load.urls.len();
        // A client a worker: each keeps one connection open.
        let client: Client = net::client(&load.urls[at])?;
        let schedule = worker::Schedule { start, rate: load.rate };
        workers.spawn(worker::run(client, supply.clone(), schedule, watchers[at].clone()));
    }
    while workers.join_next().await.is_some() {}
    let sent = start.elapsed();
    let until = Instant::now() + load.drain;
    while watchers.iter().any(|watcher| watcher.pending() > 0) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    background.shutdown().await;
    let unresolved: usize = watchers.iter().map(|watcher| watcher.pending()).sum();
    let tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(tally.report(load, start, sent, unresolved as u64))
}
