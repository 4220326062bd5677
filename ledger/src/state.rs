//! The state as one block sees it: what was, under what this block has changed so far.
//!
//! The only place that reads and writes the replicated tables, so the chain of digests over these writes is the
//! digest of all that was ever decided.

use crypto::{Digest, KeyId};
use proto::counter::LeafIndex;
use proto::domain::Domain;
use proto::id::{Did, NetworkId, SubmissionId};
use proto::operation::Retention;

use crate::artifact::{self, Artifact};
use crate::attestation::Attestation;
use crate::change::{ChangeSet, Table};
use crate::identity::Identity;
use crate::key::Position;
use crate::outcome::Outcome;
use crate::overlay::Overlay;
use crate::read::ReadError;
use crate::reign::{QUEUE, Queued, REIGN, Reign, decode_queue, encode_queue};

/// A view of the tables with room for one block's writes.
pub(crate) struct State<'a> {
    below: &'a Overlay,
    /// Writes of heights before that are not in `below` yet.
    earlier: Option<&'a ChangeSet>,
    change: ChangeSet,
}

impl<'a> State<'a> {
    pub(crate) fn new(below: &'a Overlay) -> Self {
        Self { below, earlier: None, change: ChangeSet::new() }
    }

    /// The state above writes that may still be taken back.
    pub(crate) fn after(below: &'a Overlay, earlier: &'a ChangeSet) -> Self {
        Self { below, earlier: Some(earlier), change: ChangeSet::new() }
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let earlier = || self.earlier.and_then(|earlier| earlier.get(table, key));
        match self.change.get(table, key).or_else(earlier) {
            Some(written) => Ok(written.map(<[u8]>::to_vec)),
            None => self.below.get(table, key),
        }
    }

    pub(crate) fn identity(&self, did: &Did) -> Result<Option<Identity>, ReadError> {
        let stored = self.get(Table::Identities, Identity::stored_key(did))?;
        stored.map(|bytes| Identity::decode(did.clone(), &bytes)).transpose()
    }

    pub(crate) fn put_identity(&mut self, identity: &Identity) {
        self.change.put(Table::Identities, Identity::stored_key(&identity.did), identity.encode());
    }

    /// Notes which identity lists a key, for those who know the key alone.
    pub(crate) fn put_key(&mut self, key: &KeyId, did: &Did, listed: Position) {
        self.change.put(Table::Keys, &listing(key, did), listed.index.get().to_be_bytes().to_vec());
    }

    pub(crate) fn attestation(&self, id: &SubmissionId) -> Result<Option<Attestation>, ReadError> {
        let stored = self.get(Table::Attestations, id.as_bytes())?;
        stored.map(|bytes| Attestation::decode(id, &bytes)).transpose()
    }

    pub(crate) fn put_attestation(&mut self, id: &SubmissionId, attestation: &Attestation) {
        self.change.put(Table::Attestations, id.as_bytes(), attestation.encode());
    }

    pub(crate) fn artifact(&self, id: &SubmissionId) -> Result<Option<Artifact>, ReadError> {
        let stored = self.get(Table::Artifacts, id.as_bytes())?;
        stored.map(|bytes| Artifact::decode(id, &bytes)).transpose()
    }

    pub(crate) fn put_artifact(&mut self, id: &SubmissionId, artifact: &Artifact) {
        self.change.put(Table::Artifacts, id.as_bytes(), artifact.encode());
    }

    /// Notes when an artifact ends by itself, if it does.
    pub(crate) fn note_expiry(&mut self, id: &SubmissionId, retention: Retention) {
        if let Some(until) = retention.until() {
            self.change.put(Table::Expiries, &artifact::expiry_key(until, id), Vec::new());
        }
    }

    /// Notes which artifact a leaf erased.
    pub(crate) fn note_tombstone(&mut self, leaf: LeafIndex, id: &SubmissionId) {
        self.change.put(Table::Tombstones, &leaf.get().to_be_bytes(), id.as_bytes().to_vec());
    }

    pub(crate) fn outcome(&self, id: &SubmissionId) -> Result<Option<Outcome>, ReadError> {
        let stored = self.get(Table::Outcomes, id.as_bytes())?;
        stored.map(|bytes| Outcome::decode(id, &bytes)).transpose()
    }

    pub(crate) fn put_outcome(&mut self, id: &SubmissionId, outcome: &Outcome) {
        self.change.put(Table::Outcomes, id.as_bytes(), outcome.encode());
    }

    pub(crate) fn reign(&self) -> Result<Reign, ReadError> {
        let stored = self.get(Table::Validators, REIGN)?;
        let bytes = stored.ok_or_else(|| ReadError::damaged(Table::Validators, REIGN, "missing"))?;
        Reign::decode(Table::Validators, REIGN, &bytes)
    }

    pub(crate) fn put_reign(&mut self, reign: &Reign) {
        self.change.put(Table::Validators, REIGN, reign.encode());
    }

    pub(crate) fn queue(&self) -> Result<Vec<Queued>, ReadError> {
        let stored = self.get(Table::Validators, QUEUE)?;
        decode_queue(&stored.ok_or_else(|| ReadError::damaged(Table::Validators, QUEUE, "missing"))?)
    }

    pub(crate) fn put_queue(&mut self, queue: &[Queued]) {
        self.change.put(Table::Validators, QUEUE, encode_queue(queue));
    }

    /// Whether this block has changed who reigns or what waits.
    pub(crate) fn changed_validators(&self) -> bool {
        [REIGN, QUEUE].iter().any(|key| self.change.get(Table::Validators, key).is_some())
    }

    /// The writes.
    pub(crate) fn into_change(self) -> ChangeSet {
        self.change
    }
}

/// Where it is noted that an identity lists a key: those of one key stand together.
pub(crate) fn listing(key: &KeyId, did: &Did) -> Vec<u8> {
    [key.digest().as_bytes(), did.as_str().as_bytes()].concat()
}

/// Where the chain of state digests begins.
pub(crate) fn first_digest(network: &NetworkId) -> Digest {
    Domain::State.digest(&[network.as_bytes()])
}

/// The chain's next link, over the writes to replicated tables in the order of table and key. Each is its table's
/// tag, the key behind its length (u32, big-endian), and 0, or 1 and the value behind its length. Rule D1.
pub(crate) fn next_digest(previous: &Digest, change: &ChangeSet) -> Digest {
    let mut writes = Vec::new();
    for (table, key, value) in change.iter().filter(|(table, _, _)| table.is_state()) {
        writes.push(table as u8);
        put(key, &mut writes);
        match value {
            None => writes.push(0),
            Some(value) => {
                writes.push(1);
                put(value, &mut writes);
            }
        }
    }
    Domain::State.digest(&[previous.as_bytes(), &writes])
}

fn put(bytes: &[u8], to: &mut Vec<u8>) {
    let length =
        u32::try_from(bytes.len()).expect("keys and values of the state are bounded far below 4 GiB");
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replicated_tables_are_digested_and_a_deletion_is_not_an_empty_value() {
        let digest = |writes: &[(Table, Option<&[u8]>)]| {
            let mut change = ChangeSet::new();
            for (table, value) in writes {
                match value {
                    Some(value) => change.put(*table, b"key", value.to_vec()),
                    None => change.delete(*table, b"key"),
                }
            }
            next_digest(&Digest::ZERO, &change)
        };
        let nothing = digest(&[]);
        for table in Table::ALL {
            assert_eq!(digest(&[(table, Some(b"value"))]) != nothing, table.is_state(), "{table:?}");
        }
        let table = Table::Identities;
        let digests =
            [digest(&[(table, None)]), digest(&[(table, Some(b""))]), digest(&[(table, Some(b"\0"))])];
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    }
}
