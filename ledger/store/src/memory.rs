//! A `Store` in memory: the same bytes as on disk, without a disk.
//!
//! What is committed is what a crash leaves: the simulator takes a `snapshot` and goes on from it. A value gets its
//! checksum when somebody damages it, and from then on is read as from a disk; until then the checksum would hold by
//! construction, and worlds would spend a third of their time on it. Delays, lost writes and failures are not here; who
//! wants them wraps this store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};

use crate::keys;
use crate::port::{Store, StoreError};

/// A value as it is kept; shared, so that a snapshot costs no more than its keys.
#[derive(Clone, Debug)]
enum Value {
    /// The payload, as it was committed.
    Sound(Arc<[u8]>),
    /// Payload and checksum, in which bits were flipped, or which another key had.
    Damaged(Arc<[u8]>),
}

impl Value {
    /// Payload and checksum, as a disk would hold them under `key`.
    fn sealed(&self, key: &[u8]) -> Vec<u8> {
        match self {
            Self::Sound(payload) => keys::seal(key, payload),
            Self::Damaged(sealed) => sealed.to_vec(),
        }
    }

    /// The payload, if what is kept passes for a value of `key`.
    fn open(&self, table: Table, key: &[u8]) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Sound(payload) => Ok(payload.to_vec()),
            Self::Damaged(sealed) => keys::open_value(table, key, sealed),
        }
    }

    /// As `open`, with the key without its tag.
    fn open_pair(&self, table: Table, key: &[u8]) -> Result<Pair, ReadError> {
        Ok((key.get(1..).unwrap_or_default().to_vec(), self.open(table, key)?))
    }
}

/// Stored keys to stored values.
type Content = BTreeMap<Vec<u8>, Value>;

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
        let key = keys::stored_key(table, key);
        match self.content_mut().get_mut(&key) {
            Some(value) => {
                let mut spoiled = value.sealed(&key);
                // Never empty: every stored value ends with a checksum.
                let bit = bit % (spoiled.len() * 8);
                spoiled[bit / 8] ^= 1 << (bit % 8);
                *value = Value::Damaged(spoiled.into());
                true
            }
            None => false,
        }
    }

    /// Lets a key have what another one has, checksum included, as a disk that reads the wrong place. Again the same call
    /// does not undo it. False: one of the keys is not there.
    pub fn misdirect(&self, table: Table, key: &[u8], to: (Table, &[u8])) -> bool {
        let (key, to) = (keys::stored_key(table, key), keys::stored_key(to.0, to.1));
        let mut content = self.content_mut();
        let Some(found) = content.get(&to).map(|value| value.sealed(&to)) else { return false };
        match content.get_mut(&key) {
            Some(value) => {
                *value = Value::Damaged(found.into());
                true
            }
            None => false,
        }
    }

    /// The keys stored, in order: what a fault may strike.
    pub fn stored_keys(&self) -> Vec<(Table, Vec<u8>)> {
        let table = |tag: u8| Table::ALL.into_iter().find(|table| *table as u8 == tag);
        let content = self.content();
        content.keys().filter_map(|key| Some((table(*key.first()?)?, key[1..].to_vec()))).collect()
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
        self.content().get(&key).map(|value| value.open(table, &key)).transpose()
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.content();
        let found = content.range(keys::range_to(table, key)).next_back();
        found.map(|(key, value)| value.open_pair(table, key)).transpose()
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.content();
        let found = content.range(keys::range_from(table, key)).next();
        found.map(|(key, value)| value.open_pair(table, key)).transpose()
    }
}

impl Store for Memory {
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError> {
        let mut content = self.content_mut();
        for (table, key, value) in change.iter() {
            let key = keys::stored_key(table, key);
            match value {
                Some(payload) => {
                    content.insert(key, Value::Sound(payload.into()));
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
    fn a_value_of_another_key_is_noticed() {
        let store = Memory::new();
        let mut change = ChangeSet::new();
        change.put(Table::Blocks, b"k", b"value".to_vec());
        change.put(Table::Meta, b"k", b"value".to_vec());
        store.commit(&change).expect("memory does not fail");
        assert_eq!(store.stored_keys(), [(Table::Meta, b"k".to_vec()), (Table::Blocks, b"k".to_vec())]);
        assert!(!store.misdirect(Table::Blocks, b"k", (Table::Meta, b"other")));
        assert!(store.misdirect(Table::Blocks, b"k", (Table::Meta, b"k")));
        suite::is_damaged(&store, Table::Blocks, b"k");
        assert_eq!(store.get(Table::Meta, b"k"), Ok(Some(b"value".to_vec())));
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
