//! A node that runs, and how it ends.
//!
//! Stopping goes with the current: callers are let go, the engine ends, the gates it left are opened or kept
//! shut by their writes, and last the files are closed.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use api::NodeStatus;
use engine::{Command, Engine};
use p2p::Multiaddr;
use store::disk::Disk;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::driver;
use crate::durable::{self, Shared};
use crate::failure::{self, Failure, FatalError};
use crate::journal::Journal;
use crate::perform::Performer;
use crate::status::Reporter;

/// How long readers may hold the store after everything else has ended.
const READERS_WAIT: Duration = Duration::from_secs(2);

/// A node that runs. Dropped without `stop`, it ends without waiting.
#[derive(Debug)]
pub struct RunningNode {
    /// Where REST and JSON-RPC are served.
    pub rpc_addrs: Vec<SocketAddr>,
    /// Where metrics and health are served.
    pub admin_addr: SocketAddr,
    /// Where other nodes connect.
    pub p2p_addrs: Vec<Multiaddr>,
    /// How the node stands.
    pub status: watch::Receiver<NodeStatus>,
    pub(super) failure: Failure,
    pub(super) current: Current,
    pub(super) store: Arc<Disk>,
    pub(super) serving: Vec<tokio::task::JoinHandle<()>>,
    pub(super) listening: tokio::task::JoinHandle<()>,
    pub(super) publishing: Option<JoinHandle<()>>,
    pub(super) threads: Threads,
}

/// The threads of a node.
#[derive(Debug)]
pub(super) struct Threads {
    /// The engine's, and those that feed it.
    engine: Vec<JoinHandle<()>>,
    journal: JoinHandle<()>,
    store: JoinHandle<()>,
}

impl Threads {
    /// Most threads that check signatures.
    const VERIFIERS_MAX: usize = 8;

    /// Starts them all; the engine's last, for it sets the others to work.
    pub(super) fn start(
        engine: Engine,
        first: Vec<Command>,
        journal: Journal,
        store: &Arc<Disk>,
        performer: &Arc<Performer>,
        reporter: &Arc<Reporter>,
    ) -> io::Result<Self> {
        let failure = &performer.failure;
        let shared = || Shared { counters: Arc::clone(&performer.counters), failure: failure.clone() };
        let journal = {
            let (performer, shared) = (Arc::clone(performer), shared());
            failure::spawn("journal", failure, move || {
                durable::run_journal(journal, &performer.journal, &shared, |command| {
                    performer.perform(command)
                });
            })?
        };
        let store = {
            let (performer, shared, store) = (Arc::clone(performer), shared(), Arc::clone(store));
            failure::spawn("store", failure, move || {
                durable::run_store(&*store, &performer.store, &shared, |command| performer.perform(command));
            })?
        };
        let mut threads = Vec::new();
        let verifiers = std::thread::available_parallelism().map_or(1, NonZero::get).min(Self::VERIFIERS_MAX);
        for _ in 0..verifiers {
            let verifier = Arc::clone(&performer.verifier);
            threads.push(failure::spawn("verifier", failure, move || verifier.work())?);
        }
        let (performer, reporter) = (Arc::clone(performer), Arc::clone(reporter));
        threads.push(failure::spawn("engine", failure, move || {
            driver::run(engine, first, &performer, &reporter)
        })?);
        Ok(Self { engine: threads, journal, store })
    }
}

/// What is closed to end a node, in this order.
pub(super) struct Current {
    pub(super) stopping: watch::Sender<bool>,
    pub(super) performer: Arc<Performer>,
    /// The door for the network: it holds the network, and the network ends when nobody does.
    pub(super) intake: Option<AbortHandle>,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        self.performer.verifier.jobs.close();
        self.performer.inbox.close();
        self.performer.journal.close();
        self.performer.store.close();
        if let Some(intake) = &self.intake {
            intake.abort();
        }
    }
}

impl RunningNode {
    /// Waits until the node cannot go on, and says why. A node that is well never ends by itself.
    pub async fn wait(&self) -> FatalError {
        self.failure.told().await
    }

    /// Stops the node: callers get their answers, what is decided is written, files are closed.
    ///
    /// # Errors
    /// `FatalError` when it had stopped before, or its last writes failed.
    pub async fn stop(self) -> Result<(), FatalError> {
        let Self { failure, current, store, serving, listening, publishing, threads, .. } = self;
        current.stopping.send_replace(true);
        for task in serving {
            // A task that panicked has nothing left to end.
            let _ = task.await;
        }
        // It reads the store, and lets go of it at the next file.
        join(publishing.into_iter().collect()).await;
        let performer = Arc::clone(&current.performer);
        performer.verifier.jobs.close();
        performer.inbox.close();
        // Who waits for room in the store's queue would wait for ever if the store's thread has died.
        if failure.is_told() {
            performer.store.close();
        }
        join(threads.engine).await;
        performer.journal.close();
        join(vec![threads.journal]).await;
        performer.store.close();
        join(vec![threads.store]).await;
        performer.network.clone().stop().await;
        let _ = listening.await;
        drop((performer, current));
        close(store).await;
        match failure.is_told() {
            true => Err(failure.told().await),
            false => Ok(()),
        }
    }
}

/// Waits for threads. One that panicked has told so.
async fn join(threads: Vec<JoinHandle<()>>) {
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            let _ = thread.join();
        }
    });
    let _ = joined.await;
}

/// Closes the store when its last reader is gone. It is durable either way; closed, it opens faster.
async fn close(mut store: Arc<Disk>) {
    let begin = tokio::time::Instant::now();
    loop {
        match Arc::try_unwrap(store) {
            Ok(store) => {
                let closed = tokio::task::spawn_blocking(move || store.close()).await;
                if let Ok(Err(fault)) = closed {
                    tracing::warn!(code = "store_close", %fault, "the store did not close well");
                }
                return;
            }
            Err(_) if begin.elapsed() > READERS_WAIT => return,
            Err(shared) => store = shared,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
