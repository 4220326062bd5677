//! Receipts fetched as soon as an entry is final, by connections of their own.
//!
//! None is left out because the fetching is slow: what waits for a connection counts, as everywhere, from the time
//! the submission was due. What is made of a receipt afterwards (`items`) does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use client::{Client, EntryName};
use proto::counter::LeafIndex;
use proto::receipt::Receipt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::items::Items;
use super::tally::Tally;
use super::{locked, worker};

/// Connections to each node for receipts.
const CONNECTIONS: usize = 4;

/// Fetches receipts from one node.
#[derive(Clone)]
pub struct Fetching {
    wanted: mpsc::UnboundedSender<(LeafIndex, Instant)>,
    pending: Arc<AtomicUsize>,
    every: u64,
}

/// Makes the receipts of a batch's items; a failure counts as every other.
async fn make(items: Arc<Items>, anchor: Receipt, due: Instant, tally: &Mutex<Tally>) {
    let made = tokio::task::spawn_blocking(move || items.make(anchor)).await;
    match made.unwrap_or_else(|_| Err("panic".to_owned())) {
        Ok(made) => locked(tally).items(due, made),
        Err(code) => locked(tally).failed(due, format!("item:{code}")),
    }
}

impl Fetching {
    /// Gets ready to fetch the receipt of each `every`-th entry, of none for 0; and to make those of its items, if it is
    /// one of a batch.
    pub fn start(
        client: &Client,
        every: u64,
        items: Option<&Arc<Items>>,
        tally: &Arc<Mutex<Tally>>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (wanted, next) = mpsc::unbounded_channel();
        let next = Arc::new(tokio::sync::Mutex::new(next));
        let pending = Arc::new(AtomicUsize::new(0));
        for _ in 0..CONNECTIONS {
            let (client, next, pending) = (client.clone(), next.clone(), pending.clone());
            let (tally, items) = (tally.clone(), items.cloned());
            tasks.spawn(async move {
                loop {
                    let taken = next.lock().await.recv().await;
                    let Some((index, due)) = taken else { return };
                    let answer = client.receipt(EntryName::Index(index), None).await;
                    match answer {
                        Ok(receipt) => {
                            locked(&tally).receipt(due);
                            if let Some(items) = &items {
                                make(items.clone(), receipt, due, &tally).await;
                            }
                        }
                        Err(fault) => locked(&tally).failed(due, format!("receipt:{}", worker::code(&fault))),
                    }
                    pending.fetch_sub(1, Ordering::Relaxed);
                }
            });
        }
        Self { wanted, pending, every }
    }

    /// An entry is final.
    pub fn finalized(&self, index: u64, due: Instant) {
        if self.every == 0 || !index.is_multiple_of(self.every) {
            return;
        }
        // Before it is sent: it must not be back before it is counted.
        self.pending.fetch_add(1, Ordering::Relaxed);
        if self.wanted.send((LeafIndex::new(index), due)).is_err() {
            self.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many are not here yet.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }
}
