//! The overlay: changes of applied heights that are not durable yet, above the store they will go to.
//!
//! Heights are applied as soon as they are committed, while older ones are still being written; so the state
//! machine must see what the store does not show yet. Bounded by how far the caller lets durability fall behind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use proto::counter::Height;

use crate::change::{ChangeSet, Table};
use crate::read::{Read, ReadError};

/// What is durable, and above it what soon will be.
#[derive(Clone)]
pub(crate) struct Overlay {
    base: Arc<dyn Read>,
    waiting: BTreeMap<Height, ChangeSet>,
}

impl Overlay {
    pub(crate) fn new(base: Arc<dyn Read>) -> Self {
        Self { base, waiting: BTreeMap::new() }
    }

    /// The value of a key after all applied heights.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        for change in self.waiting.values().rev() {
            if let Some(written) = change.get(table, key) {
                return Ok(written.map(<[u8]>::to_vec));
            }
        }
        self.base.get(table, key)
    }

    /// Whether nothing durable stands in a table.
    pub(crate) fn is_bare(&self, table: Table) -> Result<bool, ReadError> {
        Ok(self.base.at_or_above(table, &[])?.is_none())
    }

    pub(crate) fn push(&mut self, height: Height, change: ChangeSet) {
        self.waiting.insert(height, change);
    }

    /// The store shows this height and all before it.
    pub(crate) fn durable(&mut self, height: Height) {
        self.waiting.retain(|waiting, _| *waiting > height);
    }

    /// How many heights are not durable yet.
    pub(crate) fn depth(&self) -> usize {
        self.waiting.len()
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("waiting", &self.waiting.keys()).finish_non_exhaustive()
    }
}
