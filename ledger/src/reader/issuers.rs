//! What is known of issuers, and of what they sealed.

use proto::id::SubmissionId;
use proto::operation::issuer::IssuerDid;
use proto::operation::seal::{AttestationId, ChainId};

use super::LedgerReader;
use crate::change::Table;
use crate::issuer::Issuer;
use crate::read::ReadError;
use crate::sealed::{self, ChainHead, Sealed};

impl LedgerReader {
    /// An issuer that was set.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn issuer(&self, did: &IssuerDid) -> Result<Option<Issuer>, ReadError> {
        let stored = self.base().get(Table::Issuers, Issuer::stored_key(did))?;
        stored.map(|bytes| Issuer::decode(did, &bytes)).transpose()
    }

    /// Up to `max` issuers in the order of their DIDs, from after `after` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn issuers(&self, after: Option<&IssuerDid>, max: usize) -> Result<Vec<Issuer>, ReadError> {
        let following = |did: &IssuerDid| [Issuer::stored_key(did), &[0]].concat();
        let mut issuers = Vec::new();
        let mut next = after.map_or_else(Vec::new, following);
        while issuers.len() < max {
            let Some((key, value)) = self.base().at_or_above(Table::Issuers, &next)? else { break };
            let did = IssuerDid::parse(&String::from_utf8_lossy(&key))
                .map_err(|fault| ReadError::damaged(Table::Issuers, &key, fault))?;
            next = following(&did);
            issuers.push(Issuer::decode(&did, &value)?);
        }
        Ok(issuers)
    }

    /// An attestation that was sealed.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn sealed(&self, id: &AttestationId) -> Result<Option<Sealed>, ReadError> {
        let stored = self.base().get(Table::Sealed, id.as_str().as_bytes())?;
        stored.map(|bytes| Sealed::decode(id, &bytes)).transpose()
    }

    /// The name of the attestation that a submission sealed.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn sealed_by(&self, submission: &SubmissionId) -> Result<Option<AttestationId>, ReadError> {
        let stored = self.base().get(Table::SealedBy, submission.as_bytes())?;
        stored.map(|bytes| sealed::read_name(submission, &bytes)).transpose()
    }

    /// The last attestation of a chain.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn chain(&self, issuer: &IssuerDid, chain: &ChainId) -> Result<Option<ChainHead>, ReadError> {
        let key = ChainHead::stored_key(issuer, chain);
        self.base().get(Table::IssuerChains, &key)?.map(|bytes| ChainHead::decode(&key, &bytes)).transpose()
    }
}
