//! A load of questions: receipts of entries drawn by chance, from one node.
//!
//! With a rate it is open, as the load of submissions: each is due at its time and counts from it. Without one it is
//! closed: every connection asks again as soon as it is answered, so the latency is the service's own and the rate is
//! what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use client::{Client, EntryName};
use hdrhistogram::Histogram;
use proto::counter::LeafIndex;
use proto::id::SubmissionId;
use rand::RngExt as _;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::report::Latency;
use super::schedule::Schedule;
use super::tally::{histogram, per_second, record};
use super::usage::{Gauge, Usage};
use super::{locked, worker};
use crate::exit::Failure;
use crate::net;

/// Number of ids that are learnt before the measuring, if receipts are asked for by id.
const IDS: usize = 1_000;

/// By which of its names an entry is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Its place in the log
    #[default]
    Index,
    /// Its submission's id
    Id,
}

/// What to ask.
#[derive(Clone, Debug)]
pub struct Questions {
    /// The node's address.
    pub url: String,
    /// By which name.
    pub by: By,
    /// How many a second; none: as many as are answered.
    pub rate: Option<u32>,
    /// Connections, each with one question at a time.
    pub connections: usize,
    /// For how long it is measured.
    pub duration: Duration,
    /// For how long it runs before that.
    pub warmup: Duration,
}

/// What a load of questions found.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    /// The node.
    pub url: String,
    /// By which name.
    pub by: By,
    /// Questions a second that were due; null for a closed load.
    pub rate: Option<u32>,
    /// Connections.
    pub connections: usize,
    /// Entries that were drawn from.
    pub entries: u64,
    /// Questions answered with a receipt.
    pub answered: u64,
    /// What went wrong how often.
    pub errors: BTreeMap<String, u64>,
    /// For how long it was measured.
    pub seconds: f64,
    /// Answered in a second of that.
    pub answered_per_second: f64,
    /// Time to the receipt: from due, or in a closed load from asking.
    pub receipt_ms: Option<Latency>,
    /// What it cost the processes that were watched.
    pub nodes: Vec<Usage>,
}

struct Count {
    receipts: Histogram<u64>,
    errors: BTreeMap<String, u64>,
}

/// What entries are drawn from.
enum Drawn {
    Indexes(u64),
    Ids(Vec<SubmissionId>),
}

impl Drawn {
    fn one(&self) -> EntryName {
        match self {
            Self::Indexes(count) => EntryName::Index(LeafIndex::new(rand::rng().random_range(0..*count))),
            Self::Ids(ids) => EntryName::Id(ids[rand::rng().random_range(0..ids.len())]),
        }
    }
}

/// Asks and measures.
///
/// # Errors
/// When the node cannot be reached at the start, or has nothing to ask for; what fails later is counted.
pub async fn run(questions: &Questions, gauge: &Arc<Gauge>) -> Result<Answers, Failure> {
    let client = net::client(&questions.url)?;
    let (drawn, entries) = drawn(questions.by, &client).await?;
    let drawn = Arc::new(drawn);
    let count = Count { receipts: histogram()?, errors: BTreeMap::new() };
    let count = Arc::new(std::sync::Mutex::new(count));
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let (from, until) = (start + questions.warmup, start + questions.warmup + questions.duration);
    let schedule = questions.rate.map(|rate| Schedule { start, rate });
    let mut workers = JoinSet::new();
    for _ in 0..questions.connections.max(1) {
        // A client a worker: each keeps one connection open.
        let client = net::client(&questions.url)?;
        let (drawn, count, next) = (drawn.clone(), count.clone(), next.clone());
        workers.spawn(async move {
            loop {
                let due = match &schedule {
                    Some(schedule) => schedule.due(next.fetch_add(1, Ordering::Relaxed)),
                    None => Instant::now(),
                };
                if due >= until {
                    return;
                }
                // Not in a closed load: the timer would make even this moment wait for its next tick, 1 ms.
                if schedule.is_some() {
                    sleep_until(due).await;
                }
                let answer = client.receipt(drawn.one(), None).await;
                if due < from {
                    continue;
                }
                let mut count = locked(&count);
                match answer {
                    Ok(_) => record(&mut count.receipts, due.elapsed()),
                    Err(fault) => *count.errors.entry(worker::code(&fault)).or_default() += 1,
                }
            }
        });
    }
    sleep_until(from).await;
    let before = gauge.read().await;
    while workers.join_next().await.is_some() {}
    let nodes = gauge.between(&before, &gauge.read().await);
    let time = from.elapsed();
    let count = locked(&count);
    Ok(Answers {
        url: questions.url.clone(),
        by: questions.by,
        rate: questions.rate,
        connections: questions.connections,
        entries,
        answered: count.receipts.len(),
        errors: count.errors.clone(),
        seconds: time.as_secs_f64(),
        answered_per_second: per_second(count.receipts.len(), time),
        receipt_ms: Latency::of(&count.receipts),
        nodes,
    })
}

/// What to draw from, and how many that are.
async fn drawn(by: By, client: &Client) -> Result<(Drawn, u64), Failure> {
    let size = client.status().await.map_err(net::refused)?.checkpoint_size.0;
    let empty = || Failure::usage("the node has no entry to ask for").hint("quorate bench submit makes some");
    if size == 0 {
        return Err(empty());
    }
    if by == By::Index {
        return Ok((Drawn::Indexes(size), size));
    }
    let mut ids = Vec::with_capacity(IDS);
    for _ in 0..IDS {
        let index = LeafIndex::new(rand::rng().random_range(0..size));
        let entry = client.get(EntryName::Index(index)).await.map_err(net::refused)?;
        // The ledger's own entries have no id.
        ids.extend(entry.id.map(|id| id.submission()));
    }
    let count = ids.len() as u64;
    if ids.is_empty() { Err(empty()) } else { Ok((Drawn::Ids(ids), count)) }
}
