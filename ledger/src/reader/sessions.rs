//! Sessions, the chain of their proofs, and the services that may act on them.

use crypto::KeyId;
use proto::session::SessionId;

use super::LedgerReader;
use crate::change::Table;
use crate::read::ReadError;
use crate::service::Service;
use crate::session::Session;

impl LedgerReader {
    /// A session.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, ReadError> {
        let stored = self.base().get(Table::Sessions, id.as_bytes())?;
        stored.map(|bytes| Session::decode(id.as_bytes(), &bytes)).transpose()
    }

    /// Up to `max` sessions in the order of their ids, from after `after` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn sessions(
        &self,
        after: Option<&SessionId>,
        max: usize,
    ) -> Result<Vec<(SessionId, Session)>, ReadError> {
        let mut found = Vec::new();
        let mut next = after.map_or_else(Vec::new, |id| [&id.as_bytes()[..], &[0]].concat());
        while found.len() < max {
            let Some((key, value)) = self.base().at_or_above(Table::Sessions, &next)? else { break };
            found.push((id(Table::Sessions, &key, &key)?, Session::decode(&key, &value)?));
            next = [&key[..], &[0]].concat();
        }
        Ok(found)
    }

    /// Whose proof has this number in the chain.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn session_of_proof(&self, number: u64) -> Result<Option<SessionId>, ReadError> {
        let key = number.to_be_bytes();
        let stored = self.base().get(Table::SessionProofs, &key)?;
        stored.map(|value| id(Table::SessionProofs, &key, &value)).transpose()
    }

    /// Whose service a key is of.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn service(&self, key: &KeyId) -> Result<Option<Service>, ReadError> {
        let id = key.digest();
        let stored = self.base().get(Table::Services, id.as_bytes())?;
        stored.map(|bytes| Service::decode(id.as_bytes(), &bytes)).transpose()
    }

    /// Up to `max` keys of services, in the order of their ids.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn services(&self, max: usize) -> Result<Vec<Service>, ReadError> {
        let (mut found, mut next) = (Vec::new(), Vec::new());
        while found.len() < max {
            let Some((key, value)) = self.base().at_or_above(Table::Services, &next)? else { break };
            found.push(Service::decode(&key, &value)?);
            next = [&key[..], &[0]].concat();
        }
        Ok(found)
    }
}

fn id(table: Table, key: &[u8], bytes: &[u8]) -> Result<SessionId, ReadError> {
    match <[u8; SessionId::BYTES]>::try_from(bytes) {
        Ok(bytes) => Ok(SessionId::new(bytes)),
        Err(_) => Err(ReadError::damaged(table, key, "no session's id")),
    }
}
