//! The door to anchors: what was said outside of our checkpoints, and how those stand who were asked.
//!
//! The newest are a value to be looked at; older ones are read where the node keeps them.

use std::io;
use std::sync::Arc;

use anchor::{Anchored, Kind};
use tokio::sync::watch;

/// Somebody who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorService {
    /// Its name in the configuration.
    pub name: String,
    /// What it gives.
    pub kind: Kind,
    /// Where it is asked.
    pub url: String,
}

/// Reads the anchors of one checkpoint, by its size.
#[derive(Clone)]
pub struct Source(Arc<dyn Fn(u64) -> io::Result<Option<Anchored>> + Send + Sync>);

impl Source {
    /// A source; `read` may block.
    pub fn new(read: impl Fn(u64) -> io::Result<Option<Anchored>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn read(&self, size: u64) -> io::Result<Option<Anchored>> {
        (self.0)(size)
    }
}

/// What the window knows of anchors.
pub struct Anchoring {
    /// Who is asked.
    pub services: Vec<AnchorService>,
    /// The anchors of the newest checkpoints, the largest first.
    pub newest: watch::Receiver<Arc<[Anchored]>>,
    /// Those of any.
    pub older: Source,
}

impl Default for Anchoring {
    /// Nobody is asked.
    fn default() -> Self {
        Self {
            services: Vec::new(),
            newest: watch::channel(Arc::from(Vec::new())).1,
            older: Source::new(|_| Ok(None)),
        }
    }
}
