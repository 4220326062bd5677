//! Publishing the log as files, while the node works.
//!
//! A thread of its own reads what is durable and certified, and writes it where the operator said; nobody waits for it,
//! and when it cannot write it says so and tries again. What is published says itself how far it came, so nothing is
//! remembered here. What is written, and in which order, is decided in `archive`.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archive::place::IfMissing;
use archive::{ArchiveError, Place, Publisher, Source};
use ledger::LedgerReader;
use proto::genesis::Genesis;
use tokio::sync::watch;

use crate::config::Publish;
use crate::telemetry::Counters;

/// Longest pause after a failure.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long nothing may be published, though there is something, before the log says so again.
const BEHIND: Duration = Duration::from_secs(60);

/// What is published, where, and how often.
pub(crate) struct Publishing {
    reader: LedgerReader,
    from: Source,
    to: Place,
    interval: Duration,
}

impl Publishing {
    /// Looks at the place; a directory that is not there is made.
    ///
    /// # Errors
    /// `Address` when it cannot be used.
    pub(crate) fn open(
        publish: &Publish,
        reader: &LedgerReader,
        genesis: &Genesis,
    ) -> Result<Self, ArchiveError> {
        let to = Place::open(&publish.url, IfMissing::Create)?;
        let from = Source::Ledger { reader: reader.clone(), genesis: Box::new(genesis.clone()) };
        Ok(Self { reader: reader.clone(), from, to, interval: publish.interval })
    }

    /// Starts the thread; it ends when the node stops.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn start(
        self,
        counters: Arc<Counters>,
        mut stopping: watch::Receiver<bool>,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    // An error says that the node is gone.
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                    () = self.run(&counters) => {}
                }
            });
        };
        std::thread::Builder::new().name("publish".to_owned()).spawn(work)
    }

    async fn run(self, counters: &Counters) {
        let mut publisher = Publisher::new(self.to.clone());
        let (mut published, mut pause) = (None, self.interval);
        let mut last = Instant::now();
        tracing::info!(to = %self.to, "the log is published here");
        loop {
            match self.once(&mut publisher, published).await {
                Ok(size) => {
                    (pause, last) = (self.interval, Instant::now());
                    published = size.or(published);
                    if let Some(size) = published {
                        counters.published(size);
                    }
                }
                Err(fault) => {
                    counters.publish_failed();
                    pause = (2 * pause).min(PAUSE_MAX.max(self.interval));
                    let (behind_s, permanent) = (last.elapsed().as_secs(), fault.is_permanent());
                    match permanent || last.elapsed() > BEHIND {
                        true => tracing::error!(
                            code = "publish_behind",
                            %fault, permanent, behind_s, published, "what is published falls behind"
                        ),
                        false => tracing::warn!(
                            code = "publish_failed",
                            %fault, pause_ms = pause.as_millis() as u64, "not published; tried again"
                        ),
                    }
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Publishes what is new; gives the size, if there is a certified one and it was not published before.
    async fn once(
        &self,
        publisher: &mut Publisher,
        published: Option<u64>,
    ) -> Result<Option<u64>, ArchiveError> {
        let certified = self.reader.certified()?.get();
        if certified == 0 || published == Some(certified) {
            return Ok(None);
        }
        let done = publisher.publish(&self.from, &mut |_, _| {}).await?;
        tracing::debug!(size = done.size, files = done.files, bytes = done.bytes, "published");
        Ok(Some(done.size))
    }
}
