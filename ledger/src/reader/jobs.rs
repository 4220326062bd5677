//! Jobs, their evidence, and the keys that sign it.

use crypto::{Digest, KeyId};
use proto::counter::LeafIndex;
use proto::id::Tenant;
use proto::job::{JobId, RecordId};
use proto::signer::SignerName;

use super::LedgerReader;
use crate::change::Table;
use crate::codec::CodecError;
use crate::evidence::Evidence;
use crate::job::{Job, JobList, bundle_key, list_key, listed_number, newest_first, revocation_key};
use crate::read::ReadError;
use crate::signer::Signer;

impl LedgerReader {
    /// A job of a tenant.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn job(&self, tenant: &Tenant, id: &JobId) -> Result<Option<Job>, ReadError> {
        let key = Job::stored_key(tenant, id);
        self.base().get(Table::Jobs, &key)?.map(|bytes| Job::decode(&key, &bytes)).transpose()
    }

    /// The evidence of a job.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn evidence(&self, tenant: &Tenant, id: &JobId) -> Result<Option<Evidence>, ReadError> {
        let key = Job::stored_key(tenant, id);
        self.base().get(Table::Evidence, &key)?.map(|bytes| Evidence::decode(&key, &bytes)).transpose()
    }

    /// Of which job of the tenant a record is the evidence.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn job_of_record(&self, tenant: &Tenant, record: &RecordId) -> Result<Option<JobId>, ReadError> {
        let key = record_key(tenant, record);
        let stored = self.base().get(Table::EvidenceRecords, &key)?;
        stored.map(|bytes| read_job(Table::EvidenceRecords, &key, &bytes)).transpose()
    }

    /// Of which job of the tenant the bundle of that hash is the evidence.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn job_of_bundle(&self, tenant: &Tenant, bundle: &Digest) -> Result<Option<JobId>, ReadError> {
        let key = bundle_key(tenant, bundle);
        let stored = self.base().get(Table::JobLists, &key)?;
        stored.map(|bytes| read_job(Table::JobLists, &key, &bytes)).transpose()
    }

    /// Up to `max` jobs of a tenant, the one that was opened last first; of those opened before the leaf `before`. Each
    /// with the leaf that opened it.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn jobs(
        &self,
        tenant: &Tenant,
        before: Option<LeafIndex>,
        max: usize,
    ) -> Result<Vec<(LeafIndex, JobId)>, ReadError> {
        let found = self.newest(JobList::Jobs, tenant, before.map(LeafIndex::get), max)?;
        Ok(found.into_iter().map(|(number, job)| (LeafIndex::new(number), job)).collect())
    }

    /// Up to `max` jobs of a tenant that have evidence, the one that was sealed last first; of those whose record's number
    /// is below `before`. Each with that number.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn records(
        &self,
        tenant: &Tenant,
        before: Option<u64>,
        max: usize,
    ) -> Result<Vec<(u64, JobId)>, ReadError> {
        self.newest(JobList::Records, tenant, before, max)
    }

    fn newest(
        &self,
        list: JobList,
        tenant: &Tenant,
        before: Option<u64>,
        max: usize,
    ) -> Result<Vec<(u64, JobId)>, ReadError> {
        let prefix = list_key(list, tenant);
        let mut next = match before {
            None => prefix.clone(),
            // What is just below has the next key.
            Some(0) => return Ok(Vec::new()),
            Some(before) => newest_first(list, tenant, before - 1),
        };
        let mut found = Vec::new();
        while found.len() < max {
            let Some((key, value)) = self.base().at_or_above(Table::JobLists, &next)? else { break };
            if !key.starts_with(&prefix) {
                break;
            }
            let number = listed_number(&key).filter(|_| key.len() == prefix.len() + 8);
            let number = number.ok_or_else(|| ReadError::damaged(Table::JobLists, &key, "no number"))?;
            found.push((number, read_job(Table::JobLists, &key, &value)?));
            next = [&key[..], &[0]].concat();
        }
        Ok(found)
    }

    /// An evidence key.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn signer(&self, key: &KeyId) -> Result<Option<Signer>, ReadError> {
        let id = key.digest();
        let stored = self.base().get(Table::Signers, id.as_bytes())?;
        stored.map(|bytes| Signer::decode(id.as_bytes(), &bytes)).transpose()
    }

    /// The evidence key of a name.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn signer_named(&self, name: &SignerName) -> Result<Option<Signer>, ReadError> {
        let stored = self.base().get(Table::SignerNames, name.as_str().as_bytes())?;
        match stored
            .map(|bytes| read_key(Table::SignerNames, name.as_str().as_bytes(), &bytes))
            .transpose()?
        {
            Some(key) => self.signer(&key),
            None => Ok(None),
        }
    }

    /// Up to `max` evidence keys in the order of their ids, from after `after` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn signers(&self, after: Option<&KeyId>, max: usize) -> Result<Vec<Signer>, ReadError> {
        let mut found = Vec::new();
        let mut next = after.map_or_else(Vec::new, |key| [&key.digest().as_bytes()[..], &[0]].concat());
        while found.len() < max {
            let Some((key, value)) = self.base().at_or_above(Table::Signers, &next)? else { break };
            found.push(Signer::decode(&key, &value)?);
            next = [&key[..], &[0]].concat();
        }
        Ok(found)
    }

    /// Up to `max` evidence keys that were revoked, in the order in which they were, from the revocation of that number on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn revoked_signers(&self, from: u64, max: usize) -> Result<Vec<Signer>, ReadError> {
        let mut found = Vec::new();
        while found.len() < max {
            let key = revocation_key(from + found.len() as u64);
            let Some(stored) = self.base().get(Table::JobLists, &key)? else { break };
            let id = read_key(Table::JobLists, &key, &stored)?;
            let signer = self.signer(&id)?;
            found.push(signer.ok_or_else(|| ReadError::damaged(Table::JobLists, &key, "of no key"))?);
        }
        Ok(found)
    }
}

/// What names a record in tables: its tenant, a zero byte, its name.
pub(crate) fn record_key(tenant: &Tenant, record: &RecordId) -> Vec<u8> {
    [tenant.as_str().as_bytes(), &[0], record.as_str().as_bytes()].concat()
}

/// Reads a stored name of a job.
pub(crate) fn read_job(table: Table, key: &[u8], bytes: &[u8]) -> Result<JobId, ReadError> {
    let name = std::str::from_utf8(bytes).map_err(|fault| ReadError::damaged(table, key, fault))?;
    JobId::parse(name).map_err(|fault| ReadError::damaged(table, key, fault))
}

/// Reads a stored id of a key.
pub(crate) fn read_key(table: Table, key: &[u8], bytes: &[u8]) -> Result<KeyId, ReadError> {
    let digest = Digest::from_slice(bytes);
    digest.map(KeyId::new).map_err(|fault| ReadError::damaged(table, key, CodecError::field("key", fault)))
}
