//! What bytes hash to, as a whole and chunk by chunk; and a memory of it, so that a range is checked without the rest.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crypto::{Digest, Hasher, sha256};
use proto::id::SubmissionId;

/// Length of a chunk, in bytes: as much is read and checked before any of it is given out.
pub const CHUNK_BYTES: usize = 256 << 10;
/// How many artifacts' chunks are remembered.
const REMEMBERED_MAX: usize = 1_024;
/// How many chunks of all of them, which bounds the memory: 32 bytes each.
const CHUNKS_MAX: usize = 1 << 20;

/// The digests of bytes that were seen whole and found to be what they should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of each chunk.
    pub chunks: Vec<Digest>,
    /// How many bytes there are.
    pub bytes: u64,
}

/// Hashes bytes as they pass.
pub(super) struct Hashing {
    whole: Hasher,
    chunk: Vec<u8>,
    chunks: Vec<Digest>,
    bytes: u64,
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Hashing {
    pub(super) fn new() -> Self {
        Self { whole: Hasher::new(), chunk: Vec::new(), chunks: Vec::new(), bytes: 0 }
    }

    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            let room = CHUNK_BYTES - self.chunk.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            // A chunk that comes whole is not copied.
            if now.len() == CHUNK_BYTES {
                self.chunks.push(sha256(now));
            } else {
                self.chunk.extend_from_slice(now);
                if self.chunk.len() == CHUNK_BYTES {
                    self.chunks.push(sha256(&self.chunk));
                    self.chunk.clear();
                }
            }
            bytes = rest;
        }
    }

    /// The digest of all that passed, and those of its chunks.
    pub(super) fn finish(mut self) -> (Digest, Digests) {
        if !self.chunk.is_empty() {
            self.chunks.push(sha256(&self.chunk));
        }
        (self.whole.finish(), Digests { chunks: self.chunks, bytes: self.bytes })
    }
}

/// A bounded memory; the oldest goes first.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    known: BTreeMap<SubmissionId, Arc<Digests>>,
    order: VecDeque<SubmissionId>,
    chunks: usize,
}

impl Remembered {
    pub(super) fn put(&mut self, id: SubmissionId, digests: Arc<Digests>) {
        if digests.chunks.len() > CHUNKS_MAX {
            return;
        }
        self.forget(id);
        self.chunks += digests.chunks.len();
        self.known.insert(id, digests);
        self.order.push_back(id);
        while self.order.len() > REMEMBERED_MAX || self.chunks > CHUNKS_MAX {
            let Some(oldest) = self.order.front().copied() else { break };
            self.forget(oldest);
        }
    }

    pub(super) fn get(&self, id: SubmissionId) -> Option<Arc<Digests>> {
        self.known.get(&id).cloned()
    }

    pub(super) fn forget(&mut self, id: SubmissionId) {
        if let Some(gone) = self.known.remove(&id) {
            self.chunks -= gone.chunks.len();
            self.order.retain(|known| *known != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_the_same_however_the_bytes_come() {
        let bytes: Vec<u8> = (0..3 * CHUNK_BYTES + 5).map(|n| (n % 251) as u8).collect();
        for step in [1_000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, bytes.len()] {
            let mut hashing = Hashing::new();
            for part in bytes.chunks(step) {
                hashing.take(part);
            }
            let (whole, digests) = hashing.finish();
            let expected: Vec<Digest> = bytes.chunks(CHUNK_BYTES).map(sha256).collect();
            assert_eq!((whole, digests.bytes), (sha256(&bytes), bytes.len() as u64), "{step}");
            assert_eq!(digests.chunks, expected, "{step}");
        }
        let (whole, digests) = Hashing::new().finish();
        assert_eq!((whole, digests.chunks.len()), (sha256(b""), 0));
    }

    #[test]
    fn the_memory_is_bounded_both_ways() {
        let id = |n: usize| SubmissionId::new(sha256(&n.to_be_bytes()));
        let of = |chunks| Arc::new(Digests { chunks: vec![Digest::ZERO; chunks], bytes: 0 });
        let mut remembered = Remembered::default();
        for n in 0..REMEMBERED_MAX + 7 {
            remembered.put(id(n), of(1));
        }
        assert_eq!((remembered.known.len(), remembered.chunks), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert!(remembered.get(id(6)).is_none() && remembered.get(id(7)).is_some());
        remembered.put(id(0), of(CHUNKS_MAX - 3));
        assert_eq!((remembered.known.len(), remembered.chunks), (4, CHUNKS_MAX));
        remembered.put(id(1), of(CHUNKS_MAX + 1));
        assert!(remembered.get(id(1)).is_none());
    }
}
