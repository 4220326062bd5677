//! Issuers of attestations that are JWTs: what is known of each, and which keys sign for it.
//!
//! One stored value an issuer; its keys stand in it, so that whoever judges a token reads one value. A key that is
//! listed no longer leaves it; the log keeps when it was. Source: `STATE.md`, rules A3 to A5.

use crypto::{KeyId, PublicKey, Scheme};
use proto::id::Did;
use proto::operation::issuer::{Continuity, IssuerDid, IssuerKeyChange, IssuerSet, IssuerStatus};

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::key::Position;
use crate::read::ReadError;

/// An issuer that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its name for programs.
    pub did: IssuerDid,
    /// Who set it first. An issuer of the kind `node` is not theirs alone.
    pub owner: Did,
    /// Its name for people.
    pub name: String,
    /// Whether it is to be believed.
    pub status: IssuerStatus,
    /// How it was certified; may be empty.
    pub certification: String,
    /// Where this was said last.
    pub set: Position,
    /// The keys that sign for it, in the order in which they were listed.
    pub keys: Vec<IssuerKey>,
}

/// A key that signs for an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKey {
    /// The key, of ES256.
    pub key: PublicKey,
    /// How long it lives.
    pub continuity: Continuity,
    /// When it was made, in seconds since 1970.
    pub generated_at_s: u64,
    /// Who holds it: only they put on the ledger what it signed.
    pub holder: Did,
    /// Where it was listed.
    pub listed: Position,
}

impl Issuer {
    /// Most keys an issuer lists: its value is rewritten with each change, and each validator may hold one.
    pub const KEYS_MAX: usize = 128;

    pub(crate) fn new(set: &IssuerSet, owner: Did, at: Position) -> Self {
        let IssuerSet { issuer, name, status, certification } = set.clone();
        Self { did: issuer, owner, name, status, certification, set: at, keys: Vec::new() }
    }

    pub(crate) fn say(&mut self, set: &IssuerSet, at: Position) {
        let IssuerSet { issuer: _, name, status, certification } = set.clone();
        (self.name, self.status, self.certification, self.set) = (name, status, certification, at);
    }

    pub(crate) fn change_key(&mut self, change: &IssuerKeyChange, author: &Did, at: Position) {
        match change {
            IssuerKeyChange::List { key, continuity, generated_at_s, possession: _ } => {
                self.keys.push(IssuerKey {
                    key: key.clone(),
                    continuity: *continuity,
                    generated_at_s: *generated_at_s,
                    holder: author.clone(),
                    listed: at,
                });
            }
            IssuerKeyChange::Drop { key } => self.keys.retain(|listed| listed.key.id() != *key),
        }
    }

    /// A key it lists.
    pub fn key(&self, id: &KeyId) -> Option<&IssuerKey> {
        self.keys.iter().find(|listed| listed.key.id() == *id)
    }

    /// Whether this identity speaks for it: it holds one of the keys, or set the issuer and runs it alone.
    pub fn is_spoken_for_by(&self, author: &Did) -> bool {
        self.keys.iter().any(|listed| listed.holder == *author) || self.owner == *author
    }

    /// Under which key it is stored.
    pub(crate) fn stored_key(did: &IssuerDid) -> &[u8] {
        did.as_str().as_bytes()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { did: _, owner, name, status, certification, set, keys } = self;
        let mut to = Writer::new();
        to.did(owner).bytes(name.as_bytes()).u32(status.id()).bytes(certification.as_bytes());
        set.write(&mut to);
        to.count(keys.len());
        for IssuerKey { key, continuity, generated_at_s, holder, listed } in keys {
            to.bytes(key.as_bytes()).u32(continuity.id()).u64(*generated_at_s).did(holder);
            listed.write(&mut to);
        }
        to.finish()
    }

    /// Reads a stored issuer; its DID is the key it was stored under.
    pub(crate) fn decode(did: &IssuerDid, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                did: did.clone(),
                owner: from.did()?,
                name: from.text("issuer.name")?,
                status: {
                    let found = from.u32()?;
                    IssuerStatus::parse(found).ok_or(meaning("issuer.status", found))?
                },
                certification: from.text("issuer.certification")?,
                set: Position::read(from)?,
                keys: from.each(read_key)?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Issuers, Self::stored_key(did)))
    }
}

fn read_key(from: &mut Reader<'_>) -> Result<IssuerKey, CodecError> {
    Ok(IssuerKey {
        key: PublicKey::parse(Scheme::Es256, from.bytes()?)
            .map_err(|fault| CodecError::field("issuer.key", fault))?,
        continuity: {
            let found = from.u32()?;
            Continuity::parse(found).ok_or(meaning("issuer.continuity", found))?
        },
        generated_at_s: from.u64()?,
        holder: from.did()?,
        listed: Position::read(from)?,
    })
}

fn meaning(field: &'static str, found: u32) -> CodecError {
    CodecError::Meaning { field, found: found.into() }
}
