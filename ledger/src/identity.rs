//! Identities: a DID and all keys it ever had.
//!
//! An identity that is registered speaks only by its active keys; one that is not speaks, where admission is open,
//! by the one key its own text names. Source: `STATE.md`, rules I1 to I4.

use crypto::{KeyId, PublicKey};
use proto::counter::TreeSize;
use proto::id::Did;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::key::{KeyStanding, ListedKey, Position};
use crate::read::ReadError;

/// A registered identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub did: Did,
    /// Where it was registered.
    pub created: Position,
    /// Its keys, in the order in which they were listed; ended ones stay.
    pub keys: Vec<ListedKey>,
}

impl Identity {
    /// Most keys an identity may list, ended ones included: its value is rewritten with each change of a key.
    pub const KEYS_MAX: usize = 32;

    pub(crate) fn new(did: Did, keys: &[PublicKey], created: Position) -> Self {
        let keys = keys.iter().map(|key| ListedKey::new(key.clone(), created)).collect();
        Self { did, created, keys }
    }

    /// A key it has or had.
    pub fn key(&self, id: &KeyId) -> Option<&ListedKey> {
        self.keys.iter().find(|listed| listed.key.id() == *id)
    }

    /// What it was when the log had this size; none when it was not registered then. It follows from the positions alone,
    /// so it never changes.
    pub fn as_of(&self, size: TreeSize) -> Option<Self> {
        let within = |at: &Position| at.index.get() < size.get();
        if !within(&self.created) {
            return None;
        }
        let keys = self.keys.iter().filter(|listed| within(&listed.from)).map(|listed| {
            let ended = listed.until().is_some_and(|until| within(&until));
            let standing = if ended { listed.standing } else { KeyStanding::Active };
            ListedKey { standing, ..listed.clone() }
        });
        Some(Self { did: self.did.clone(), created: self.created, keys: keys.collect() })
    }

    /// Its keys that are good now.
    pub fn active(&self) -> impl Iterator<Item = &ListedKey> {
        self.keys.iter().filter(|listed| listed.standing == KeyStanding::Active)
    }

    pub(crate) fn list(&mut self, key: &PublicKey, from: Position) {
        self.keys.push(ListedKey::new(key.clone(), from));
    }

    pub(crate) fn end(&mut self, id: &KeyId, standing: KeyStanding) {
        for listed in self.keys.iter_mut().filter(|listed| listed.key.id() == *id) {
            listed.standing = standing;
        }
    }

    /// Under which key it is stored.
    pub(crate) fn stored_key(did: &Did) -> &[u8] {
        did.as_str().as_bytes()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { did: _, created, keys } = self;
        let mut to = Writer::new();
        created.write(&mut to);
        to.count(keys.len());
        for key in keys {
            key.write(&mut to);
        }
        to.finish()
    }

    /// Reads a stored identity; its name is the key it was stored under.
    pub(crate) fn decode(did: Did, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| -> Result<(Position, Vec<ListedKey>), CodecError> {
            Ok((Position::read(from)?, from.each(ListedKey::read)?))
        };
        match Reader::whole(bytes, read) {
            Ok((created, keys)) => Ok(Self { did, created, keys }),
            Err(fault) => Err(fault.stored_at(Table::Identities, Self::stored_key(&did))),
        }
    }
}
