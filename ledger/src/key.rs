//! Keys: each listed for ever, good for a stretch of the log.
//!
//! A key is good for the leaves from the one that listed it to the one that ended it, both included: an identity's
//! first key signs its own registration, a retiring key its own rotation. What a key signed while it was good stays
//! good, unless a revocation says from when on it was in other hands. Source: `STATE.md`, rules K1 to K8.

use crypto::{KeyId, PublicKey};
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::operation::RevokedFrom;

use crate::codec::{CodecError, Reader, Writer};
use crate::rejection::Rejection;

/// A place in history: a leaf and the height that appended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The leaf.
    pub index: LeafIndex,
    /// Height of its block.
    pub height: Height,
}

impl Position {
    pub(crate) fn write(self, to: &mut Writer) {
        to.u64(self.index.get()).u64(self.height.get());
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { index: LeafIndex::new(from.u64()?), height: Height::new(from.u64()?) })
    }
}

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// Good.
    Active,
    /// Another key took its place.
    Retired {
        /// By this leaf.
        at: Position,
    },
    /// Withdrawn.
    Revoked {
        /// By this leaf.
        at: Position,
        /// From where on it is not believed, which may lie before that leaf.
        from: RevokedFrom,
    },
}

/// A key of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: PublicKey,
    /// The leaf that listed it.
    pub from: Position,
    /// What it is good for now.
    pub standing: KeyStanding,
}

impl ListedKey {
    pub(crate) const fn new(key: PublicKey, from: Position) -> Self {
        Self { key, from, standing: KeyStanding::Active }
    }

    /// The last leaf it is good for, if it was ended.
    pub const fn until(&self) -> Option<Position> {
        match self.standing {
            KeyStanding::Active => None,
            KeyStanding::Retired { at } | KeyStanding::Revoked { at, .. } => Some(at),
        }
    }

    /// Whether a leaf of a block of this time, signed by it, is signed by a good key. Rules K1 and K8.
    pub fn is_good_at(&self, leaf: LeafIndex, time: TimeMs) -> bool {
        let believed = match self.standing {
            KeyStanding::Active => true,
            KeyStanding::Retired { at } => leaf <= at.index,
            KeyStanding::Revoked { at, from } => !from.reaches(at.index, leaf, time),
        };
        self.from.index <= leaf && believed
    }

    /// Refuses a key that was ended.
    pub(crate) fn expect_active(&self, id: KeyId) -> Result<(), Rejection> {
        match self.standing {
            KeyStanding::Active => Ok(()),
            KeyStanding::Retired { .. } | KeyStanding::Revoked { .. } if crypto::broken!(EndedKeysSpeak) => {
                Ok(())
            }
            KeyStanding::Retired { at } => Err(Rejection::KeyRetired { key: id, at: at.index }),
            KeyStanding::Revoked { at, .. } => Err(Rejection::KeyRevoked { key: id, at: at.index }),
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        let Self { key, from, standing } = self;
        to.public_key(key);
        from.write(to);
        match standing {
            KeyStanding::Active => {
                to.u8(1);
            }
            KeyStanding::Retired { at } => at.write(to.u8(2)),
            KeyStanding::Revoked { at, from } => match from {
                RevokedFrom::Here => at.write(to.u8(3)),
                RevokedFrom::Size(size) => {
                    at.write(to.u8(4));
                    to.u64(size.get());
                }
                RevokedFrom::Time(time) => {
                    at.write(to.u8(5));
                    to.u64(time.get());
                }
            },
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let key = reader.public_key()?;
        let from = Position::read(reader)?;
        let standing = match reader.u8()? {
            1 => KeyStanding::Active,
            2 => KeyStanding::Retired { at: Position::read(reader)? },
            3 => KeyStanding::Revoked { at: Position::read(reader)?, from: RevokedFrom::Here },
            4 => KeyStanding::Revoked {
                at: Position::read(reader)?,
                from: RevokedFrom::Size(TreeSize::new(reader.u64()?)),
            },
            5 => KeyStanding::Revoked {
                at: Position::read(reader)?,
                from: RevokedFrom::Time(TimeMs::new(reader.u64()?)),
            },
            found => return Err(CodecError::Meaning { field: "key.standing", found: u64::from(found) }),
        };
        Ok(Self { key, from, standing })
    }
}
