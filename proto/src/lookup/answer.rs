//! What an answer to a search holds for somebody who believes only a policy.

use crypto::Digest;

use crate::counter::LeafIndex;
use crate::lookup::{BUCKET_RECORDS, Directory, LookupKey, RUNS_MAX, Record};
use crate::receipt::Receipt;

/// Most leaves that one answer holds.
pub const FOUND_MAX: usize = 100;
/// So many bytes of leaves end an answer; the last of them may go beyond.
pub const FOUND_BYTES_MAX: usize = 1 << 20;
/// Most buckets of one span: those of as many records as an answer may hold, and a neighbour at each side.
pub const SPAN_BUCKETS_MAX: usize = FOUND_MAX / BUCKET_RECORDS as usize + 4;
/// Most hashes of a span's proof: two for each height of a tree of 2^64 leaves.
pub const SPAN_PROOF_MAX: usize = 2 * 64;
/// Most spans of an answer: one a run.
pub const SPANS_MAX: usize = RUNS_MAX;

/// What was found in a part of the log, and that there is no more of it there. Nothing in it is believed before it was
/// checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchProof {
    /// What was looked for.
    pub key: LookupKey,
    /// The first leaf of the part.
    pub from: LeafIndex,
    /// Where the part ends: the first leaf after it, at most the one of `block`.
    pub to: LeafIndex,
    /// The receipt of a block's own leaf, which states the directory's digest.
    pub block: Receipt,
    /// What the index is made of there.
    pub directory: Directory,
    /// For each run that covers leaves of the part, oldest first: where the key stands in it, or would.
    pub spans: Vec<Span>,
    /// The leaves that the spans name, in order.
    pub found: Vec<FoundLeaf>,
}

/// A leaf, and its way to the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLeaf {
    /// Its index.
    pub index: LeafIndex,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// The inclusion proof.
    pub proof: Vec<Digest>,
}

/// Neighbouring buckets of a run: all records that could have been found, and one beyond at each side that has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first bucket.
    pub bucket: u64,
    /// All records of the buckets.
    pub records: Vec<Record>,
    /// That they stand there.
    pub proof: Vec<Digest>,
}
