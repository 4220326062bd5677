//! The end of a node that cannot go on: told once, the first reason wins.

use std::sync::Arc;

use store::port::StoreError;
use tokio::sync::watch;

use crate::journal::JournalError;

/// Why a node stopped by itself. Going on would risk to contradict what was signed, or to acknowledge what is
/// not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FatalError {
    /// The safety journal could not be written.
    #[error("the safety journal failed: {0}")]
    Journal(Arc<JournalError>),
    /// The store could not be written.
    #[error("the store failed: {0}")]
    Store(StoreError),
    /// A rule failed on committed data.
    #[error("the ledger failed: {0}")]
    Ledger(String),
    /// Two conflicting blocks are final.
    #[error("finality is broken: {0}")]
    Forked(String),
    /// A thread panicked.
    #[error("the {thread} thread died")]
    Died {
        /// Which.
        thread: &'static str,
    },
}

/// Where the reason is told, and read.
#[derive(Clone, Debug)]
pub(crate) struct Failure(watch::Sender<Option<FatalError>>);

impl Failure {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Tells why the node must stop.
    pub(crate) fn tell(&self, reason: FatalError) {
        self.0.send_if_modified(|told| {
            let first = told.is_none();
            if first {
                tracing::error!(code = "node_fatal", %reason, "this node stops");
                *told = Some(reason);
            }
            first
        });
    }

    /// Whether the node must stop.
    pub(crate) fn is_told(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until there is a reason.
    pub(crate) async fn told(&self) -> FatalError {
        let mut reader = self.0.subscribe();
        loop {
            if let Some(reason) = &*reader.borrow_and_update() {
                return reason.clone();
            }
            // `self` holds the sender, so this ends with a change.
            if reader.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Runs `body` on a thread of its own; should it panic, the node stops instead of limping on.
pub(crate) fn spawn(
    thread: &'static str,
    failure: &Failure,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    struct Watch {
        thread: &'static str,
        failure: Failure,
    }
    impl Drop for Watch {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.failure.tell(FatalError::Died { thread: self.thread });
            }
        }
    }
    let watch = Watch { thread, failure: failure.clone() };
    std::thread::Builder::new().name(thread.to_owned()).spawn(move || {
        let _watch = watch;
        body();
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_is_the_one_told() {
        let failure = Failure::new();
        assert!(!failure.is_told());
        failure.tell(FatalError::Ledger("first".to_owned()));
        failure.tell(FatalError::Ledger("second".to_owned()));
        assert_eq!(failure.told().await.to_string(), "the ledger failed: first");
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_a_reason_and_one_that_ends_is_none() {
        let failure = Failure::new();
        spawn("calm", &failure, || ()).unwrap().join().unwrap();
        assert!(!failure.is_told());
        assert!(spawn("rash", &failure, || panic!("expected by this test")).unwrap().join().is_err());
        assert!(matches!(failure.told().await, FatalError::Died { thread: "rash" }));
    }
}
