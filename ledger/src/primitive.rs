//! Proofs of ProofNest: what is kept of each beside its leaf, the batch of each block, and the heads of chains.
//!
//! A proof told whole is found by its id, which follows from what it says, so nobody can take another's. One told by hashes
//! is found by its id and its issuer, whose word the id is. Those told whole in one block are a batch: an RFC 9162 tree over
//! their ids in the order of the log, whose root is in the state, so that any of them is proven by a few hashes.
//! Source: `STATE.md`, rules N1 to N8; the rules in `primitive/rules.rs`.

use crypto::Digest;
use merkle::{CompactRange, leaf_hash};
use proto::counter::Height;
use proto::id::Did;
use proto::primitive::ProofId;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::key::Position;
use crate::read::ReadError;

mod rules;

pub(crate) use rules::{may_prove, prove};

/// What is kept of a proof told whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofRecord {
    /// Who claims it.
    pub issuer: Did,
    /// Where.
    pub at: Position,
    /// Its place in the batch of its block, from 0.
    pub batch_index: u64,
    /// Its place among all proofs told whole, from 0.
    pub number: u64,
}

/// The proofs of one block that were told whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofBatch {
    /// The block.
    pub height: Height,
    /// The place of its first proof among all.
    pub first: u64,
    tree: CompactRange,
}

/// Where the chain of an issuer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainHead {
    /// How many proofs it has, at least 1.
    pub(crate) count: u64,
    /// The last of them.
    pub(crate) last: ProofId,
}

/// What is counted and found by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Proofs told whole, by id.
    Proofs = 1,
    /// Identities of ProofNest, by DID.
    Identities = 2,
    /// Proofs told by hashes, by id and issuer.
    Hashes = 3,
}

impl Listed {
    /// Where the number of them stands.
    pub(crate) fn count_key(self) -> [u8; 2] {
        [0, self as u8]
    }

    /// Where one of them stands.
    pub(crate) fn key(self, number: u64) -> Vec<u8> {
        [&[self as u8][..], &number.to_be_bytes()].concat()
    }
}

impl ProofRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { issuer, at, batch_index, number } = self;
        let mut to = Writer::new();
        to.did(issuer);
        at.write(&mut to);
        to.u64(*batch_index).u64(*number);
        to.finish()
    }

    pub(crate) fn decode(id: &ProofId, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                issuer: from.did()?,
                at: Position::read(from)?,
                batch_index: from.u64()?,
                number: from.u64()?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Proofs, id.as_bytes()))
    }
}

impl ProofBatch {
    pub(crate) fn new(height: Height, first: u64) -> Self {
        Self { height, first, tree: CompactRange::new() }
    }

    /// How many proofs it holds.
    pub const fn count(&self) -> u64 {
        self.tree.size()
    }

    /// The root of the tree over their ids.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The hash of one of its leaves.
    pub fn leaf(id: &ProofId) -> Digest {
        leaf_hash(id.as_bytes())
    }

    pub(crate) fn append(&mut self, id: &ProofId) {
        self.tree
            .append(Self::leaf(id), &mut |_, _, _| {})
            .expect("a block holds at most 64,000 submissions, far from a full tree");
    }

    pub(crate) fn stored_key(height: Height) -> [u8; 8] {
        height.get().to_be_bytes()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { height: _, first, tree } = self;
        let mut to = Writer::new();
        to.u64(*first).u64(tree.size()).count(tree.peaks().len());
        for peak in tree.peaks() {
            to.digest(peak);
        }
        to.finish()
    }

    pub(crate) fn decode(height: Height, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let (first, count) = (from.u64()?, from.u64()?);
            let peaks = from.each(Reader::digest)?;
            let tree =
                CompactRange::from_peaks(count, peaks).map_err(|fault| CodecError::field("peaks", fault))?;
            Ok(Self { height, first, tree })
        };
        let key = Self::stored_key(height);
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::ProofBatches, &key))
    }
}

impl ChainHead {
    /// Where it stands: the issuer's DID holds no zero byte, so no other issuer's chain stands there.
    pub(crate) fn stored_key(issuer: &Did, chain: &str) -> Vec<u8> {
        [issuer.as_str().as_bytes(), &[0], chain.as_bytes()].concat()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { count, last } = self;
        let mut to = Writer::new();
        to.u64(*count).digest(last.digest());
        to.finish()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read =
            |from: &mut Reader<'_>| Ok(Self { count: from.u64()?, last: ProofId::new(from.digest()?) });
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::ProofChains, key))
    }
}

/// Where a proof told by hashes stands.
pub(crate) fn hashes_key(id: &ProofId, issuer: &Did) -> Vec<u8> {
    [id.as_bytes(), issuer.as_str().as_bytes()].concat()
}

/// The place of a leaf, as it is kept of a proof told by hashes.
pub(crate) fn encode_place(at: Position) -> Vec<u8> {
    let mut to = Writer::new();
    at.write(&mut to);
    to.finish()
}

pub(crate) fn decode_place(key: &[u8], bytes: &[u8]) -> Result<Position, ReadError> {
    Reader::whole(bytes, Position::read).map_err(|fault| fault.stored_at(Table::ProofHashes, key))
}

/// A count, or 0 where nothing was counted.
pub(crate) fn decode_count(key: &[u8], bytes: Option<&[u8]>) -> Result<u64, ReadError> {
    match bytes {
        None => Ok(0),
        Some(bytes) => <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes).map_err(|_| {
            ReadError::damaged(
                Table::ProofLists,
                key,
                format!("a count has 8 bytes, this has {}", bytes.len()),
            )
        }),
    }
}
