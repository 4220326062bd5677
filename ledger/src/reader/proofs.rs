//! What is asked of ProofNest's proofs: one by its id, the latest, a batch and the path of a proof in it.

use crypto::Digest;
use merkle::WholeTree;
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::Did;
use proto::operation::Operation;
use proto::primitive::{Primitive, ProofId};
use proto::submission::Submission;

use super::LedgerReader;
use crate::change::Table;
use crate::key::Position;
use crate::primitive::{self, Listed, ProofBatch, ProofRecord};
use crate::read::ReadError;

/// Most issuers that one look-up of a proof told by hashes goes through.
const ISSUERS_MAX: usize = 64;

/// A proof's leaf, taken apart.
#[derive(Clone, Debug)]
pub struct ProofLeaf {
    /// Which leaf.
    pub index: LeafIndex,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// The whole envelope.
    pub submission: Submission,
}

impl ProofLeaf {
    /// The proof.
    pub fn primitive(&self) -> Option<&Primitive> {
        match &self.submission.body().operation {
            Operation::ProofPrimitive(primitive) => Some(primitive),
            _ => None,
        }
    }
}

impl LedgerReader {
    /// A proof told whole.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn proof(&self, id: &ProofId) -> Result<Option<ProofRecord>, ReadError> {
        let stored = self.base.get(Table::Proofs, id.as_bytes())?;
        stored.map(|bytes| ProofRecord::decode(id, &bytes)).transpose()
    }

    /// Who told a proof by hashes first, and where. Whoever it is, only the name is theirs: an id that is not told whole
    /// may be said by anybody. Of more than 64 issuers, the first in the order of their DIDs are looked at.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn told_by_hashes(&self, id: &ProofId) -> Result<Option<(Did, Position)>, ReadError> {
        let prefix = id.as_bytes().as_slice();
        let (mut first, mut next): (Option<(Did, Position)>, _) = (None, prefix.to_vec());
        for _ in 0..ISSUERS_MAX {
            let Some((key, value)) = self.base.at_or_above(Table::ProofHashes, &next)? else { break };
            let Some(name) = key.strip_prefix(prefix) else { break };
            let issuer = read_did(Table::ProofHashes, &key, name)?;
            let at = primitive::decode_place(&key, &value)?;
            if first.as_ref().is_none_or(|(_, earliest)| at < *earliest) {
                first = Some((issuer, at));
            }
            // The least key after this one is this one with one zero byte more.
            next = [key.as_slice(), &[0]].concat();
        }
        Ok(first)
    }

    /// The leaf of a proof; none when the leaf is none of a proof's.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn proof_leaf(&self, index: LeafIndex) -> Result<Option<ProofLeaf>, ReadError> {
        let leaf = match self.entry(index)? {
            Some((_, Entry::Submission(entry))) => {
                let (height, time, submission) = (entry.height, entry.time, entry.submission);
                ProofLeaf { index, height, time, submission }
            }
            Some((_, Entry::Statement(_) | Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_))) | None => {
                return Ok(None);
            }
        };
        Ok(leaf.primitive().is_some().then_some(leaf))
    }

    /// How many there are of a list.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn listed_count(&self, list: Listed) -> Result<u64, ReadError> {
        let key = list.count_key();
        primitive::decode_count(&key, self.base.get(Table::ProofLists, &key)?.as_deref())
    }

    /// Up to `max` ids of proofs told whole, the latest first, of those before number `before`.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn proofs_before(&self, before: u64, max: usize) -> Result<Vec<ProofId>, ReadError> {
        let end = before.min(self.listed_count(Listed::Proofs)?);
        let start = end.saturating_sub(max as u64);
        (start..end).rev().map(|number| self.proof_number(number)).collect()
    }

    /// Up to `max` identities of ProofNest in the order of their registration, from number `from` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn proofnest_identities(&self, from: u64, max: usize) -> Result<Vec<Did>, ReadError> {
        let end = self.listed_count(Listed::Identities)?.min(from.saturating_add(max as u64));
        (from..end)
            .map(|number| {
                let key = Listed::Identities.key(number);
                let name = self.listed(&key)?;
                read_did(Table::ProofLists, &key, &name)
            })
            .collect()
    }

    fn proof_number(&self, number: u64) -> Result<ProofId, ReadError> {
        let key = Listed::Proofs.key(number);
        let id = Digest::from_slice(&self.listed(&key)?);
        id.map(ProofId::new).map_err(|fault| ReadError::damaged(Table::ProofLists, &key, fault))
    }

    fn listed(&self, key: &[u8]) -> Result<Vec<u8>, ReadError> {
        let stored = self.base.get(Table::ProofLists, key)?;
        stored.ok_or_else(|| ReadError::damaged(Table::ProofLists, key, "missing"))
    }

    /// The batch of a block; none when the block told no proof whole.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn proof_batch(&self, height: Height) -> Result<Option<ProofBatch>, ReadError> {
        let stored = self.base.get(Table::ProofBatches, &ProofBatch::stored_key(height))?;
        stored.map(|bytes| ProofBatch::decode(height, &bytes)).transpose()
    }

    /// The tree of a batch, with the ids it is over, in order.
    ///
    /// # Errors
    /// `ReadError`; `Damaged` too when the tree has not the root of the batch.
    pub fn proof_tree(&self, batch: &ProofBatch) -> Result<(WholeTree, Vec<ProofId>), ReadError> {
        let numbers = batch.first..batch.first.saturating_add(batch.count());
        let ids: Vec<_> = numbers.map(|number| self.proof_number(number)).collect::<Result<_, _>>()?;
        let tree = WholeTree::new(ids.iter().map(ProofBatch::leaf));
        match tree.root() == batch.root() {
            true => Ok((tree, ids)),
            false => {
                let fault = "its proofs do not make its root";
                Err(ReadError::damaged(Table::ProofBatches, &ProofBatch::stored_key(batch.height), fault))
            }
        }
    }

    /// The leaf by which the block of a batch ends: its own, whose state digest covers the root. With it the leaf's hash.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn batch_leaf(&self, first: LeafIndex) -> Result<Option<(LeafIndex, Digest)>, ReadError> {
        let Some(bundle) = self.bundle(first)? else { return Ok(None) };
        let mut index = first;
        for leaf in bundle.from(first) {
            match Entry::decode(leaf) {
                Ok(Entry::Block(_)) => return Ok(Some((index, merkle::leaf_hash(leaf)))),
                Ok(Entry::Submission(_) | Entry::Statement(_) | Entry::Genesis(_) | Entry::Epoch(_)) => {}
                Err(fault) => {
                    return Err(ReadError::damaged(Table::Leaves, &index.get().to_be_bytes(), fault));
                }
            }
            index = index.next();
        }
        Ok(None)
    }
}

fn read_did(table: Table, key: &[u8], name: &[u8]) -> Result<Did, ReadError> {
    let name = std::str::from_utf8(name).map_err(|fault| ReadError::damaged(table, key, fault))?;
    Did::parse(name).map_err(|fault| ReadError::damaged(table, key, fault))
}
