//! One item of an anchored batch: its digest, its place in the batch, the path to the batch's root.
//!
//! Stands in the receipt of the `batch.anchor` that holds root and count, and is checked with it (`ledger/verify`).
//! Two spellings, as of the receipt: a member of its JSON, and the `extra` line of its tlog-proof.

use std::fmt;

use crypto::Digest;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Hashes, Index, Receipt};
use crate::counter::LeafIndex;

/// What an `extra` line begins with when it holds an item.
const TAG: &[u8] = b"quorate/batch-item/v1\0";

/// An item of a batch, and why the batch is believed to hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    /// SHA-256 of the item's content: the 32 bytes whose leaf hash stands in the tree.
    pub digest: Digest,
    /// Its place in the batch.
    pub index: LeafIndex,
    /// The hashes beside its way to the batch's root, lowest first.
    pub path: Vec<Digest>,
}

impl BatchItem {
    /// The bytes of an `extra` line: tag, digest, index (u64, big-endian), path.
    pub(super) fn to_extra(&self) -> Vec<u8> {
        let Self { digest, index, path } = self;
        let path: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        [TAG, digest.as_bytes(), &index.get().to_be_bytes(), &path].concat()
    }

    /// Reads the bytes of an `extra` line; none if they are something else.
    pub(super) fn from_extra(bytes: &[u8]) -> Option<Self> {
        let (digest, rest) = bytes.strip_prefix(TAG)?.split_first_chunk::<32>()?;
        let (index, path) = rest.split_first_chunk::<8>()?;
        let index = u64::from_be_bytes(*index);
        let (path, over) = path.as_chunks::<32>();
        if index > Receipt::INDEX_MAX || path.len() > Receipt::PROOF_MAX || !over.is_empty() {
            return None;
        }
        let path = path.iter().map(|hash| Digest::new(*hash)).collect();
        Some(Self { digest: Digest::new(*digest), index: LeafIndex::new(index), path })
    }
}

/// The members, in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    digest: OneHash,
    index: Index,
    path: Hashes,
}

/// The member `item` of a receipt.
pub(super) struct Item(pub(super) BatchItem);

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let BatchItem { digest, index, path } = &self.0;
        let members =
            Members { digest: OneHash(*digest), index: Index(index.get()), path: Hashes(path.clone()) };
        members.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the item of a batch")
            }

            // An object only: what is derived takes a list of the values in order, too, which is a second spelling.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Members { digest, index, path } = Members::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Item(BatchItem { digest: digest.0, index: LeafIndex::new(index.0), path: path.0 }))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Item {
    /// Reads the member when it is there. It is an object then: `null` would be a second spelling of its absence.
    pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

struct OneHash(Digest);

impl Serialize for OneHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OneHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
