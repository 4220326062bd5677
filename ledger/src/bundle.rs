//! A bundle: the leaves of one block as they are stored, and where each begins.
//!
//! It never changes once it is durable, so it may be kept; a leaf of it is a slice, not a copy of its neighbours.

use proto::counter::LeafIndex;

use crate::change::Table;
use crate::read::{Pair, Read, ReadError};

/// The leaves of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    first: LeafIndex,
    /// The leaves, each behind its length (u16, big-endian).
    framed: Vec<u8>,
    /// Where each leaf ends in `framed`.
    ends: Vec<u32>,
}

impl Bundle {
    /// The bundle that holds a leaf; none when the log ends before it.
    pub(crate) fn holding(base: &dyn Read, index: LeafIndex) -> Result<Option<Self>, ReadError> {
        let Some(stored) = base.at_or_below(Table::Leaves, &index.get().to_be_bytes())? else {
            return Ok(None);
        };
        let bundle = Self::read(stored)?;
        Ok((bundle.last() >= index).then_some(bundle))
    }

    fn read((key, framed): Pair) -> Result<Self, ReadError> {
        let damaged = |fault: &str| ReadError::damaged(Table::Leaves, &key, fault);
        let first = <[u8; 8]>::try_from(key.as_slice()).map_err(|_| damaged("the key is not 8 bytes"))?;
        let (mut ends, mut at) = (Vec::new(), 0);
        while at < framed.len() {
            let short = || damaged("a leaf ends early");
            let length = framed[at..].first_chunk::<2>().ok_or_else(short)?;
            at += 2 + usize::from(u16::from_be_bytes(*length));
            if at > framed.len() {
                return Err(short());
            }
            ends.push(u32::try_from(at).map_err(|_| damaged("the leaves of a block have 4 GiB"))?);
        }
        match ends.is_empty() {
            true => Err(damaged("a block has a leaf of its own")),
            false => Ok(Self { first: LeafIndex::new(u64::from_be_bytes(first)), framed, ends }),
        }
    }

    /// The first of its leaves.
    pub const fn first(&self) -> LeafIndex {
        self.first
    }

    /// The last of its leaves.
    pub const fn last(&self) -> LeafIndex {
        // `read` makes none without a leaf.
        LeafIndex::new(self.first.get().saturating_add(self.ends.len() as u64 - 1))
    }

    /// The bytes of a leaf; none when it is not one of these.
    pub fn leaf(&self, index: LeafIndex) -> Option<&[u8]> {
        let place = usize::try_from(index.get().checked_sub(self.first.get())?).ok()?;
        let end = *self.ends.get(place)? as usize;
        let begin = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.framed.get(begin + 2..end)
    }

    /// The leaves from one of them on.
    pub(crate) fn from(&self, index: LeafIndex) -> impl Iterator<Item = &[u8]> {
        (index.get()..=self.last().get()).map_while(|index| self.leaf(LeafIndex::new(index)))
    }

    /// What it takes in memory, in bytes.
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + self.framed.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(first: u64, framed: &[u8]) -> Result<Bundle, ReadError> {
        Bundle::read((first.to_be_bytes().to_vec(), framed.to_vec()))
    }

    #[test]
    fn each_leaf_is_found_and_nothing_beside_them() {
        let bundle = bundle(7, b"\0\x01a\0\0\0\x03bcd").expect("well formed");
        assert_eq!((bundle.first(), bundle.last()), (LeafIndex::new(7), LeafIndex::new(9)));
        let leaf = |index| bundle.leaf(LeafIndex::new(index));
        assert_eq!([leaf(7), leaf(8), leaf(9)], [Some(&b"a"[..]), Some(b""), Some(b"bcd")]);
        for outside in [0, 6, 10, u64::MAX] {
            assert_eq!(leaf(outside), None, "{outside}");
        }
        assert_eq!(bundle.from(LeafIndex::new(8)).collect::<Vec<_>>(), [&b""[..], b"bcd"]);
        assert!(bundle.bytes() >= 11);
    }

    #[test]
    fn a_damaged_bundle_is_none() {
        for framed in [&b""[..], b"\0", b"\0\x01", b"\0\x01a\0", b"\xff\xffa"] {
            assert!(matches!(bundle(0, framed), Err(ReadError::Damaged { .. })), "{framed:?}");
        }
        assert!(Bundle::read((vec![0; 7], b"\0\x01a".to_vec())).is_err());
    }
}
