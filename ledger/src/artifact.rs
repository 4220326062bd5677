//! Artifacts: bytes beside the log, of which the log holds an address.
//!
//! Who has the content finds by its address that the log speaks of it; who has not learns nothing of one that is salted.
//! When the content is erased, the address stays, and with it every proof. The bytes are kept elsewhere, by nodes that
//! were given them; here stands until when they may be. Source: `STATE.md`, rules R1 to R3.

use crypto::Digest;
use proto::counter::{LeafIndex, TimeMs};
use proto::id::{Did, SubmissionId};
use proto::operation::Retention;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::key::Position;
use crate::read::{Pair, ReadError};

/// The standing of an artifact, named by the submission that committed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Who committed it, and may erase it.
    pub owner: Did,
    /// Where.
    pub committed: Position,
    /// SHA-256 of the content, or of the salt and the content.
    pub address: Digest,
    /// Whether a salt of [`SALT_BYTES`] stands before the content.
    pub salted: bool,
    /// How long it is kept.
    pub retention: Retention,
    /// Where it was erased, if it was.
    pub erased: Option<Position>,
}

/// Length of a salt, in bytes.
pub const SALT_BYTES: usize = 32;

/// Whether the bytes of an artifact may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They may.
    Kept,
    /// Its time is over.
    Expired {
        /// Since this block time.
        since: TimeMs,
    },
    /// Its owner had it erased.
    Erased {
        /// By this leaf.
        at: Position,
    },
}

impl Artifact {
    /// Whether its bytes may be kept at a block time. Rule R3.
    pub fn keeping_at(&self, time: TimeMs) -> Keeping {
        match (self.erased, self.retention.until()) {
            (Some(at), _) => Keeping::Erased { at },
            (None, Some(until)) if time >= until => Keeping::Expired { since: until },
            (None, Some(_) | None) => Keeping::Kept,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { owner, committed, address, salted, retention, erased } = self;
        let mut to = Writer::new();
        to.did(owner);
        committed.write(&mut to);
        to.digest(address).u8(u8::from(*salted));
        match retention {
            // What is stored was resolved when it was executed; a class alone would say no time.
            Retention::UntilErased | Retention::Of(_) => to.u8(1),
            Retention::Until(until) => to.u8(2).u64(until.get()),
            Retention::WriteOnce(until) => to.u8(3).u64(until.get()),
        };
        match erased {
            None => {
                to.u8(0);
            }
            Some(at) => at.write(to.u8(1)),
        }
        to.finish()
    }

    pub(crate) fn decode(id: &SubmissionId, bytes: &[u8]) -> Result<Self, ReadError> {
        let unknown = |field, found: u8| CodecError::Meaning { field, found: u64::from(found) };
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                owner: from.did()?,
                committed: Position::read(from)?,
                address: from.digest()?,
                salted: match from.u8()? {
                    0 => false,
                    1 => true,
                    found => return Err(unknown("artifact.salted", found)),
                },
                retention: match from.u8()? {
                    1 => Retention::UntilErased,
                    2 => Retention::Until(TimeMs::new(from.u64()?)),
                    3 => Retention::WriteOnce(TimeMs::new(from.u64()?)),
                    found => return Err(unknown("artifact.retention", found)),
                },
                erased: match from.u8()? {
                    0 => None,
                    1 => Some(Position::read(from)?),
                    found => return Err(unknown("artifact.erased", found)),
                },
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Artifacts, id.as_bytes()))
    }
}

/// Where it is noted when an artifact ends.
pub(crate) fn expiry_key(until: TimeMs, id: &SubmissionId) -> Vec<u8> {
    [&until.get().to_be_bytes()[..], id.as_bytes()].concat()
}

/// The time and the artifact of what is noted there.
pub(crate) fn read_expiry(key: &[u8]) -> Result<(TimeMs, SubmissionId), ReadError> {
    let parts =
        key.split_first_chunk::<8>().and_then(|(time, id)| Some((time, <[u8; 32]>::try_from(id).ok()?)));
    let (time, id) =
        parts.ok_or_else(|| ReadError::damaged(Table::Expiries, key, "the key is not a time and an id"))?;
    Ok((TimeMs::new(u64::from_be_bytes(*time)), SubmissionId::new(Digest::new(id))))
}

/// The leaf and the artifact of a stored tombstone.
pub(crate) fn read_tombstone((key, value): &Pair) -> Result<(LeafIndex, SubmissionId), ReadError> {
    match (<[u8; 8]>::try_from(key.as_slice()), <[u8; 32]>::try_from(value.as_slice())) {
        (Ok(leaf), Ok(id)) => {
            Ok((LeafIndex::new(u64::from_be_bytes(leaf)), SubmissionId::new(Digest::new(id))))
        }
        _ => Err(ReadError::damaged(Table::Tombstones, key, "not a leaf and an id")),
    }
}
