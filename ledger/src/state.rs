//! The state as one block sees it: what was, under what this block has changed so far.
//!
//! The only place that reads and writes the replicated tables, so the chain of digests over these writes is the
//! digest of all that was ever decided.

use crypto::{Digest, KeyId};
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::domain::Domain;
use proto::id::{Did, NetworkId, SubmissionId, Tenant};
use proto::job::{JobId, RecordId};
use proto::operation::Retention;
use proto::operation::issuer::IssuerDid;
use proto::operation::seal::{AttestationId, ChainId};
use proto::primitive::ProofId;
use proto::session::SessionId;
use proto::signer::SignerName;

use crate::artifact::{self, Artifact};
use crate::attestation::Attestation;
use crate::change::{ChangeSet, Table};
use crate::evidence::Evidence;
use crate::identity::Identity;
use crate::issuer::Issuer;
use crate::job::{Job, JobList, bundle_key, newest_first, revocation_key};
use crate::key::Position;
use crate::outcome::Outcome;
use crate::overlay::Overlay;
use crate::primitive::{self, ChainHead, Listed, ProofBatch, ProofRecord};
use crate::read::ReadError;
use crate::reader::jobs::{read_job, read_key, record_key};
use crate::reign::{QUEUE, Queued, REIGN, Reign, decode_queue, encode_queue};
use crate::retention::{self, Class, Deed, Retained, Totals};
use crate::sealed::{self, Sealed};
use crate::service::Service;
use crate::session::{ChainEnd, Session};
use crate::signer::Signer;

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

    pub(crate) fn issuer(&self, did: &IssuerDid) -> Result<Option<Issuer>, ReadError> {
        let stored = self.get(Table::Issuers, Issuer::stored_key(did))?;
        stored.map(|bytes| Issuer::decode(did, &bytes)).transpose()
    }

    pub(crate) fn put_issuer(&mut self, issuer: &Issuer) {
        self.change.put(Table::Issuers, Issuer::stored_key(&issuer.did), issuer.encode());
    }

    pub(crate) fn sealed(&self, id: &AttestationId) -> Result<Option<Sealed>, ReadError> {
        let stored = self.get(Table::Sealed, id.as_str().as_bytes())?;
        stored.map(|bytes| Sealed::decode(id, &bytes)).transpose()
    }

    /// The attestation that a submission sealed.
    pub(crate) fn sealed_by(&self, submission: &SubmissionId) -> Result<Option<Sealed>, ReadError> {
        let stored = self.get(Table::SealedBy, submission.as_bytes())?;
        match stored.map(|bytes| sealed::read_name(submission, &bytes)).transpose()? {
            Some(id) => self.sealed(&id),
            None => Ok(None),
        }
    }

    pub(crate) fn put_sealed(&mut self, id: &AttestationId, sealed: &Sealed) {
        let name = id.as_str().as_bytes();
        self.change.put(Table::Sealed, name, sealed.encode());
        self.change.put(Table::SealedBy, sealed.submission.as_bytes(), name.to_vec());
        if let Some(link) = &sealed.link {
            let head = sealed::ChainHead { index: link.index, last: id.clone() };
            let key = sealed::ChainHead::stored_key(&sealed.issuer, &link.chain);
            self.change.put(Table::IssuerChains, &key, head.encode());
        }
    }

    pub(crate) fn issuer_chain(
        &self,
        issuer: &IssuerDid,
        chain: &ChainId,
    ) -> Result<Option<sealed::ChainHead>, ReadError> {
        let key = sealed::ChainHead::stored_key(issuer, chain);
        self.get(Table::IssuerChains, &key)?.map(|bytes| sealed::ChainHead::decode(&key, &bytes)).transpose()
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

    /// Lists an artifact with those of its tenant, and sums up. Rule R5.
    pub(crate) fn note_commit(
        &mut self,
        id: &SubmissionId,
        retained: &Retained,
        until: Option<TimeMs>,
        leaf: LeafIndex,
    ) -> Result<(), ReadError> {
        let Retained { tenant, class, content_bytes } = retained;
        if self.get(Table::RetentionLog, retention::FROM)?.is_none() {
            let from = if self.below.is_bare(Table::Artifacts)? { LeafIndex::ZERO } else { leaf };
            self.change.put(Table::RetentionLog, retention::FROM, from.get().to_be_bytes().to_vec());
        }
        self.change.put(Table::Retained, id.as_bytes(), retained.encode());
        let listed = retention::deed_key(Deed::Committed, tenant, leaf);
        self.change.put(Table::RetentionLog, &listed, id.as_bytes().to_vec());
        if let Some(until) = until {
            let end = retention::end_key(tenant, *class, until, id);
            self.change.put(Table::RetentionEnds, &end, leaf.get().to_be_bytes().to_vec());
        }
        self.sum_up(Deed::Committed, tenant, *class, *content_bytes, leaf)
    }

    /// Notes that a tenant committed to a content whose digest its address is.
    pub(crate) fn note_content(&mut self, tenant: &Tenant, content: &Digest, id: &SubmissionId) {
        let key = retention::content_key(tenant, content);
        self.change.put(Table::RetentionLog, &key, id.as_bytes().to_vec());
    }

    /// Lists a tombstone with those of its tenant, and sums up. What no list holds was committed before there were any.
    pub(crate) fn note_erasure(
        &mut self,
        id: &SubmissionId,
        until: Option<TimeMs>,
        leaf: LeafIndex,
    ) -> Result<(), ReadError> {
        let Some(stored) = self.get(Table::Retained, id.as_bytes())? else { return Ok(()) };
        let Retained { tenant, class, content_bytes } = Retained::decode(id, &stored)?;
        let listed = retention::deed_key(Deed::Erased, &tenant, leaf);
        self.change.put(Table::RetentionLog, &listed, id.as_bytes().to_vec());
        if let Some(until) = until {
            self.change.delete(Table::RetentionEnds, &retention::end_key(&tenant, class, until, id));
        }
        self.sum_up(Deed::Erased, &tenant, class, content_bytes, leaf)
    }

    fn sum_up(
        &mut self,
        deed: Deed,
        tenant: &Tenant,
        class: Class,
        content_bytes: Option<u64>,
        leaf: LeafIndex,
    ) -> Result<(), ReadError> {
        let now = retention::now_key(tenant, class);
        let before = match self.get(Table::RetentionLog, &now)? {
            Some(bytes) => Totals::decode(&now, &bytes)?,
            None => Totals::default(),
        };
        let after = before.after(deed, content_bytes).encode();
        self.change.put(Table::RetentionLog, &retention::totals_key(tenant, class, leaf), after.clone());
        self.change.put(Table::RetentionLog, &now, after);
        Ok(())
    }

    pub(crate) fn session(&self, id: &SessionId) -> Result<Option<Session>, ReadError> {
        let stored = self.get(Table::Sessions, id.as_bytes())?;
        stored.map(|bytes| Session::decode(id.as_bytes(), &bytes)).transpose()
    }

    pub(crate) fn put_session(&mut self, id: &SessionId, session: &Session) {
        self.change.put(Table::Sessions, id.as_bytes(), session.encode());
    }

    /// Notes whose proof has this number.
    pub(crate) fn note_proof(&mut self, number: u64, id: &SessionId) {
        self.change.put(Table::SessionProofs, &number.to_be_bytes(), id.as_bytes().to_vec());
    }

    /// Where a chain ends; a chain that nobody began is empty.
    pub(crate) fn chain(&self, name: &[u8]) -> Result<ChainEnd, ReadError> {
        let stored = self.get(Table::Chains, name)?;
        stored.map_or(Ok(ChainEnd::default()), |bytes| ChainEnd::decode(name, &bytes))
    }

    pub(crate) fn put_chain(&mut self, name: &[u8], end: &ChainEnd) {
        self.change.put(Table::Chains, name, end.encode());
    }

    pub(crate) fn service(&self, key: &KeyId) -> Result<Option<Service>, ReadError> {
        let id = key.digest();
        let stored = self.get(Table::Services, id.as_bytes())?;
        stored.map(|bytes| Service::decode(id.as_bytes(), &bytes)).transpose()
    }

    pub(crate) fn put_service(&mut self, service: &Service) {
        let id = service.key.id().digest();
        self.change.put(Table::Services, id.as_bytes(), service.encode());
    }

    pub(crate) fn job(&self, tenant: &Tenant, id: &JobId) -> Result<Option<Job>, ReadError> {
        let key = Job::stored_key(tenant, id);
        self.get(Table::Jobs, &key)?.map(|bytes| Job::decode(&key, &bytes)).transpose()
    }

    pub(crate) fn put_job(&mut self, tenant: &Tenant, id: &JobId, job: &Job) {
        self.change.put(Table::Jobs, &Job::stored_key(tenant, id), job.encode());
    }

    /// Notes which job a leaf opened.
    pub(crate) fn note_job(&mut self, tenant: &Tenant, id: &JobId, leaf: LeafIndex) {
        let key = newest_first(JobList::Jobs, tenant, leaf.get());
        self.change.put(Table::JobLists, &key, id.as_str().as_bytes().to_vec());
    }

    pub(crate) fn evidence(&self, tenant: &Tenant, id: &JobId) -> Result<Option<Evidence>, ReadError> {
        let key = Job::stored_key(tenant, id);
        self.get(Table::Evidence, &key)?.map(|bytes| Evidence::decode(&key, &bytes)).transpose()
    }

    pub(crate) fn put_evidence(&mut self, tenant: &Tenant, id: &JobId, evidence: &Evidence) {
        self.change.put(Table::Evidence, &Job::stored_key(tenant, id), evidence.encode());
    }

    /// Of which job a record is the evidence.
    pub(crate) fn record(&self, tenant: &Tenant, record: &RecordId) -> Result<Option<JobId>, ReadError> {
        let key = record_key(tenant, record);
        let stored = self.get(Table::EvidenceRecords, &key)?;
        stored.map(|bytes| read_job(Table::EvidenceRecords, &key, &bytes)).transpose()
    }

    /// Notes a record by its name, its number and the hash of its bundle.
    pub(crate) fn note_record(
        &mut self,
        (tenant, id): (&Tenant, &JobId),
        record: &RecordId,
        number: u64,
        bundle: &Digest,
    ) {
        let job = || id.as_str().as_bytes().to_vec();
        self.change.put(Table::EvidenceRecords, &record_key(tenant, record), job());
        self.change.put(Table::JobLists, &bundle_key(tenant, bundle), job());
        self.change.put(Table::JobLists, &newest_first(JobList::Records, tenant, number), job());
    }

    pub(crate) fn signer(&self, key: &KeyId) -> Result<Option<Signer>, ReadError> {
        let id = key.digest();
        let stored = self.get(Table::Signers, id.as_bytes())?;
        stored.map(|bytes| Signer::decode(id.as_bytes(), &bytes)).transpose()
    }

    pub(crate) fn put_signer(&mut self, signer: &Signer) {
        let id = signer.key.id().digest();
        self.change.put(Table::Signers, id.as_bytes(), signer.encode());
    }

    pub(crate) fn signer_named(&self, name: &SignerName) -> Result<Option<Signer>, ReadError> {
        let name = name.as_str().as_bytes();
        let stored = self.get(Table::SignerNames, name)?;
        match stored.map(|bytes| read_key(Table::SignerNames, name, &bytes)).transpose()? {
            Some(key) => self.signer(&key),
            None => Ok(None),
        }
    }

    pub(crate) fn put_signer_name(&mut self, name: &SignerName, key: &KeyId) {
        let id = key.digest().as_bytes().to_vec();
        self.change.put(Table::SignerNames, name.as_str().as_bytes(), id);
    }

    /// Notes which evidence key was revoked by the revocation of that number.
    pub(crate) fn note_revocation(&mut self, number: u64, key: &KeyId) {
        let id = key.digest().as_bytes().to_vec();
        self.change.put(Table::JobLists, &revocation_key(number), id);
    }

    pub(crate) fn proof(&self, id: &ProofId) -> Result<Option<ProofRecord>, ReadError> {
        let stored = self.get(Table::Proofs, id.as_bytes())?;
        stored.map(|bytes| ProofRecord::decode(id, &bytes)).transpose()
    }

    pub(crate) fn put_proof(&mut self, id: &ProofId, record: &ProofRecord) {
        self.change.put(Table::Proofs, id.as_bytes(), record.encode());
    }

    pub(crate) fn proof_batch(&self, height: Height) -> Result<Option<ProofBatch>, ReadError> {
        let stored = self.get(Table::ProofBatches, &ProofBatch::stored_key(height))?;
        stored.map(|bytes| ProofBatch::decode(height, &bytes)).transpose()
    }

    pub(crate) fn put_proof_batch(&mut self, batch: &ProofBatch) {
        self.change.put(Table::ProofBatches, &ProofBatch::stored_key(batch.height), batch.encode());
    }

    /// Where that issuer told that proof by hashes.
    pub(crate) fn told_by_hashes(&self, id: &ProofId, issuer: &Did) -> Result<Option<Position>, ReadError> {
        let key = primitive::hashes_key(id, issuer);
        let stored = self.get(Table::ProofHashes, &key)?;
        stored.map(|bytes| primitive::decode_place(&key, &bytes)).transpose()
    }

    pub(crate) fn put_told_by_hashes(&mut self, id: &ProofId, issuer: &Did, at: Position) {
        let key = primitive::hashes_key(id, issuer);
        self.change.put(Table::ProofHashes, &key, primitive::encode_place(at));
    }

    pub(crate) fn proof_chain(&self, issuer: &Did, chain: &str) -> Result<Option<ChainHead>, ReadError> {
        let key = ChainHead::stored_key(issuer, chain);
        let stored = self.get(Table::ProofChains, &key)?;
        stored.map(|bytes| ChainHead::decode(&key, &bytes)).transpose()
    }

    pub(crate) fn put_proof_chain(&mut self, issuer: &Did, chain: &str, head: &ChainHead) {
        self.change.put(Table::ProofChains, &ChainHead::stored_key(issuer, chain), head.encode());
    }

    /// Puts a name at the end of a list, and tells its number.
    pub(crate) fn list(&mut self, list: Listed, name: &[u8]) -> Result<u64, ReadError> {
        let key = list.count_key();
        let number = primitive::decode_count(&key, self.get(Table::ProofLists, &key)?.as_deref())?;
        self.change.put(Table::ProofLists, &list.key(number), name.to_vec());
        self.change.put(Table::ProofLists, &key, number.saturating_add(1).to_be_bytes().to_vec());
        Ok(number)
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
