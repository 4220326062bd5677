//! One window: the doors, and what the window itself keeps. Its routers share both.

use std::sync::Arc;

use axum::Router;
use ledger::LedgerReader;
use ledger::read::ReadError;
use model::error::ApiError;
use tokio::sync::{Semaphore, watch};

use crate::accepted::Accepted;
use crate::calls::counts::Counts;
use crate::doors::Doors;
use crate::guard::rates::Rates;
use crate::guard::{BATCHES_MAX, DOWNLOADS_MAX, Exposure, REQUESTS_MAX, STREAMS_MAX, UPLOADS_MAX};
use crate::kept::Kept;
use crate::metrics::Counters;
use crate::router;

/// Most reads of the store at once; more wait their turn. So many threads are enough for the processors to have work
/// while one of them waits for the disk, and too few to keep those that order submissions from it.
const READS_MAX: usize = 4;

/// The window onto one node.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    doors: Doors,
    accepted: Accepted,
    kept: Arc<Kept>,
    counters: Arc<Counters>,
    reads: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    rates: Rates,
    counts: Counts,
}

impl Api {
    /// A window onto the node behind `doors`.
    pub fn new(doors: Doors) -> Self {
        let rates = Rates::new(doors.rate_per_minute, doors.authenticator.rates());
        let kept = Arc::new(Kept::new(Arc::clone(&doors.genesis)));
        Self {
            inner: Arc::new(Inner {
                doors,
                kept,
                reads: Arc::new(Semaphore::new(READS_MAX)),
                accepted: Accepted::default(),
                counters: Arc::default(),
                requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
                streams: Arc::new(Semaphore::new(STREAMS_MAX)),
                batches: Arc::new(Semaphore::new(BATCHES_MAX)),
                uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
                downloads: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
                rates,
                counts: Counts::default(),
            }),
        }
    }

    /// What a public listener serves. Metrics are served on loopback only.
    pub fn public_router(&self, exposure: Exposure) -> Router {
        router::public(self, exposure)
    }

    /// What the operator's listener serves: metrics and health.
    pub fn admin_router(&self, exposure: Exposure) -> Router {
        router::admin(self, exposure)
    }

    pub(crate) fn doors(&self) -> &Doors {
        &self.inner.doors
    }

    pub(crate) fn accepted(&self) -> &Accepted {
        &self.inner.accepted
    }

    pub(crate) fn kept(&self) -> &Arc<Kept> {
        &self.inner.kept
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.inner.counters
    }

    pub(crate) fn requests(&self) -> &Arc<Semaphore> {
        &self.inner.requests
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.inner.streams
    }

    pub(crate) fn batches(&self) -> &Arc<Semaphore> {
        &self.inner.batches
    }

    pub(crate) fn uploads(&self) -> &Arc<Semaphore> {
        &self.inner.uploads
    }

    pub(crate) fn downloads(&self) -> &Arc<Semaphore> {
        &self.inner.downloads
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.inner.rates
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    /// Reads the store on a thread that may block, one of a few.
    ///
    /// # Errors
    /// `Storage` when the store fails, `Internal` when reading panicked, and whatever `read` refuses.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LedgerReader) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, ApiError> {
        // Never closed, so a permit always comes; the read itself gives it back, because a read goes on when its caller
        // has gone.
        let Ok(permit) = Arc::clone(&self.inner.reads).acquire_owned().await else {
            return Err(ApiError::Internal);
        };
        let reader = self.doors().read.clone();
        let read = move || {
            let _permit = permit;
            read(&reader)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Fault::Refused(error))) => Err(error),
            Ok(Err(Fault::Store(fault))) => {
                tracing::error!(%fault, "reading the store failed");
                Err(ApiError::Storage)
            }
            Err(_) => {
                self.counters().panicked();
                Err(ApiError::Internal)
            }
        }
    }

    /// Returns when the node is going down, or those who would say so are gone.
    pub(crate) async fn stopped(&self) {
        stopped(self.doors().stopping.clone()).await;
    }
}

/// Returns when `stopping` is true, or no one can make it so any more.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it the node.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Why a read gave nothing.
pub(crate) enum Fault {
    /// The store failed.
    Store(ReadError),
    /// The caller is told this.
    Refused(ApiError),
}

impl From<ReadError> for Fault {
    fn from(fault: ReadError) -> Self {
        Self::Store(fault)
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}
