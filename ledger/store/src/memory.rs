//! A `Store` in memory: the same bytes as on disk, without a disk.
//!
//! What is committed is what a crash leaves: the simulator takes a `snapshot` and goes on from it. Values carry
//! their checksums, so that damage can be simulated too. Delays, lost writes and failures are not here; who wants
//! them wraps this store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};

use crate::keys;
use crate::port::{Store, StoreError};

/// Stored keys to stored values. The values are shared, so that a snapshot costs no more than its keys.
type Content = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    content: RwLock<Content>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is stored now, as a store of its own: neither sees what the other commits from here on.
    pub fn snapshot(&self) -> Self {
        Self { content: RwLock::new(self.content().clone()) }
    }

    /// Flips one bit of a stored value, checksum included, as a failing disk would. `bit` counts from the first bit
    /// of the payload and wraps round at the end. False: there is no such key.
    pub fn rot(&self, table: Table, key: &[u8], bit: usize) -> bool {
        match self.content_mut().get_mut(&keys::stored_key(table, key)) {
            Some(value) => {
                let mut spoiled = value.to_vec();
                // Never empty: every stored value ends with a checksum.
                let bit = bit % (spoiled.len() * 8);
                spoiled[bit / 8] ^= 1 << (bit % 8);
                *value = spoiled.into();
                true
            }
            None => false,
        }
    }

    // No code that holds the lock can panic half-way through a change, so a poisoned lock guards sound content.
    fn content(&self) -> RwLockReadGuard<'_, Content> {
        self.content.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn content_mut(&self) -> RwLockWriteGuard<'_, Content> {
        self.content.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let key = keys::stored_key(table, key);
        self.content().get(&key).map(|value| keys::open_value(table, &key, value)).transpose()
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.content();
        let found = content.range(keys::range_to(table, key)).next_back();
        found.map(|(key, value)| keys::open_pair(table, key, value)).transpose()
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.content();
        let found = content.range(keys::range_from(table, key)).next();
        found.map(|(key, value)| keys::open_pair(table, key, value)).transpose()
    }
}

impl Store for Memory {
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError> {
        let mut content = self.content_mut();
        for (table, key, value) in change.iter() {
            let key = keys::stored_key(table, key);
            match value {
                Some(payload) => {
                    let sealed = keys::seal(&key, payload);
                    content.insert(key, sealed.into());
                }
                None => {
                    content.remove(&key);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite;

    #[test]
    fn memory_keeps_every_rule() {
        for rule in suite::RULES {
            rule.check(&Memory::new());
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_by_every_read() {
        let store = Memory::new();
        let mut change = ChangeSet::new();
        change.put(Table::Blocks, b"k", b"value".to_vec());
        store.commit(&change).expect("memory does not fail");
        // Five bytes of payload, eight of checksum.
        for bit in 0..13 * 8 {
            let spoiled = store.snapshot();
            assert!(spoiled.rot(Table::Blocks, b"k", bit));
            suite::is_damaged(&spoiled, Table::Blocks, b"k");
        }
        assert!(!store.rot(Table::Blocks, b"other", 0));
        assert_eq!(store.get(Table::Blocks, b"k"), Ok(Some(b"value".to_vec())));
    }

    #[test]
    fn a_snapshot_and_its_origin_go_separate_ways() {
        let store = Memory::new();
        let put = |store: &Memory, value: &[u8]| {
            let mut change = ChangeSet::new();
            change.put(Table::Meta, b"k", value.to_vec());
            store.commit(&change).expect("memory does not fail");
        };
        put(&store, b"before");
        let crashed = store.snapshot();
        put(&store, b"after");
        assert_eq!(crashed.get(Table::Meta, b"k"), Ok(Some(b"before".to_vec())));
        put(&crashed, b"again");
        assert_eq!(store.get(Table::Meta, b"k"), Ok(Some(b"after".to_vec())));
    }
}
