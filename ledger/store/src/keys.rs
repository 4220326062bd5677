//! Keys and values as they are stored, and the checksum that notices damage.
//!
//! A stored key is the table's tag (one byte, below 128) and the key; the other tags are the store's own. A stored
//! value is the payload and a checksum: the first 8 bytes of SHA-256 over the length of the stored key (u32,
//! big-endian), the stored key and the payload. It covers the key, so that a value found under another's key is
//! noticed as well as a flipped bit. It is no defence against someone who can write to the disk: what such a one
//! changes is noticed where the log's root is recomputed.

use std::ops::Bound;

use crypto::Hasher;
use ledger::change::Table;
#[cfg(feature = "disk")]
use ledger::read::Pair;
use ledger::read::ReadError;

/// Bytes of a checksum.
const CHECKSUM_BYTES: usize = 8;

/// Where the on-disk format version stands. No table has tag 0, so this is below every table.
#[cfg(feature = "disk")]
pub(crate) const FORMAT_KEY: &[u8] = &[0];

/// Where the number of commits stands.
#[cfg(feature = "disk")]
pub(crate) const COUNT_KEY: &[u8] = &[0, 1];

/// A table's key as it is stored.
pub(crate) fn stored_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + key.len());
    stored.push(table as u8);
    stored.extend_from_slice(key);
    stored
}

/// The stored keys of `table` that are at most `key`.
pub(crate) fn range_to(table: Table, key: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    (Bound::Included(vec![table as u8]), Bound::Included(stored_key(table, key)))
}

/// The stored keys of `table` that are at least `key`.
pub(crate) fn range_from(table: Table, key: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    (Bound::Included(stored_key(table, key)), Bound::Excluded(vec![table as u8 + 1]))
}

/// A payload with its checksum, as stored under `stored_key`.
pub(crate) fn seal(stored_key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(payload.len() + CHECKSUM_BYTES);
    sealed.extend_from_slice(payload);
    sealed.extend_from_slice(&checksum(stored_key, payload));
    sealed
}

/// What is wrong with stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// No room for a checksum.
    #[error("{found} bytes, fewer than a checksum")]
    Short { found: usize },
    /// The checksum is another.
    #[error("checksum {found}, computed {computed}")]
    Checksum { found: String, computed: String },
}

/// The payload of what is stored under `stored_key`, if its checksum holds.
pub(crate) fn open<'a>(stored_key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], SealError> {
    let Some((payload, found)) = sealed.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(SealError::Short { found: sealed.len() });
    };
    let computed = checksum(stored_key, payload);
    if *found != computed {
        return Err(SealError::Checksum { found: hex::encode(found), computed: hex::encode(computed) });
    }
    Ok(payload)
}

/// As [`open`], for a key of `table`.
pub(crate) fn open_value(table: Table, stored_key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, ReadError> {
    match open(stored_key, sealed) {
        Ok(payload) => Ok(payload.to_vec()),
        Err(fault) => {
            let key = stored_key.get(1..).unwrap_or_default();
            Err(ReadError::Damaged { table, key: hex::encode(key), fault: fault.to_string() })
        }
    }
}

/// A stored pair of `table` as its readers know it: the key without its tag, the value without its checksum.
#[cfg(feature = "disk")]
pub(crate) fn open_pair(table: Table, stored_key: &[u8], sealed: &[u8]) -> Result<Pair, ReadError> {
    let value = open_value(table, stored_key, sealed)?;
    Ok((stored_key.get(1..).unwrap_or_default().to_vec(), value))
}

fn checksum(stored_key: &[u8], payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = Hasher::new();
    let key_bytes = u32::try_from(stored_key.len()).unwrap_or(u32::MAX);
    hasher.update(&key_bytes.to_be_bytes()).update(stored_key).update(payload);
    let digest = hasher.finish();
    let mut first = [0; CHECKSUM_BYTES];
    first.copy_from_slice(&digest.as_bytes()[..CHECKSUM_BYTES]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_stored_value_is_checked() {
        let sealed = seal(b"\x01key", b"payload");
        assert_eq!(open(b"\x01key", &sealed), Ok(b"payload".as_slice()));
        for bit in 0..sealed.len() * 8 {
            let mut spoiled = sealed.clone();
            spoiled[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open(b"\x01key", &spoiled), Err(SealError::Checksum { .. })), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(b"\x01key", &sealed[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn a_value_counts_only_under_its_own_key() {
        let sealed = seal(b"\x01ab", b"c");
        assert!(open(b"\x01a", &sealed).is_err());
        assert!(open(b"\x02ab", &sealed).is_err());
        // The same bytes in a row, divided elsewhere.
        assert_ne!(checksum(b"\x01ab", b"c"), checksum(b"\x01a", b"bc"));
    }

    #[test]
    fn no_table_has_a_tag_of_the_stores_own() {
        for table in Table::ALL {
            assert!((1..0x80).contains(&(table as u8)), "{table:?}");
        }
    }

    #[test]
    fn the_stored_form_is_fixed() {
        // SHA-256 of 00000004 01 6b6579 7061796c6f6164 begins with the last eight bytes.
        let sealed = seal(&stored_key(Table::Meta, b"key"), b"payload");
        assert_eq!(hex::encode(&sealed[..7]), "7061796c6f6164");
        assert_eq!(hex::encode(&sealed[7..]), "64c06921a481431c");
    }
}
