//! Notices: what subscribers are told, numbered without gaps from 1.
//!
//! A notice is stored with the change it tells of, so that whoever resumes from a number misses nothing. Numbers
//! are this node's own: another one certified other heads, and numbers differently.

use crypto::Digest;
use proto::counter::{Height, LeafIndex, TreeSize};
use proto::id::SubmissionId;

use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::outcome::Outcome;
use crate::read::{Read, ReadError};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub sequence: u64,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A block that ordered something was applied.
    Committed {
        /// Its height.
        height: Height,
        /// The first leaf it appended.
        first_index: LeafIndex,
        /// What became of its submissions, in order; those decided earlier are left out.
        outcomes: Vec<(SubmissionId, Outcome)>,
    },
    /// A quorum signed this head: every leaf before its size is final.
    Finalized {
        /// Its size.
        size: TreeSize,
        /// Its root.
        root: Digest,
    },
}

/// Gives the numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequence {
    next: u64,
}

impl Sequence {
    /// Goes on after the last notice stored.
    pub(crate) fn load(base: &dyn Read) -> Result<Self, ReadError> {
        let last = base.at_or_below(Table::Notices, &u64::MAX.to_be_bytes())?;
        let next = match last {
            None => 1,
            Some((key, _)) => number(&key)?.saturating_add(1),
        };
        Ok(Self { next })
    }

    /// Numbers an event and adds it to the change it tells of.
    pub(crate) fn tell(&mut self, event: Event, change: &mut ChangeSet) -> Notice {
        let notice = Notice { sequence: self.next, event };
        self.next = self.next.saturating_add(1);
        change.put(Table::Notices, &notice.sequence.to_be_bytes(), notice.event.encode());
        notice
    }
}

fn number(key: &[u8]) -> Result<u64, ReadError> {
    let bytes = <[u8; 8]>::try_from(key)
        .map_err(|_| ReadError::damaged(Table::Notices, key, "the key is not a number of 8 bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}

impl Notice {
    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<Self, ReadError> {
        let sequence = number(key)?;
        let event =
            Reader::whole(value, Event::read).map_err(|fault| fault.stored_at(Table::Notices, key))?;
        Ok(Self { sequence, event })
    }
}

impl Event {
    fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new();
        match self {
            Self::Committed { height, first_index, outcomes } => {
                to.u8(1).u64(height.get()).u64(first_index.get()).count(outcomes.len());
                for (id, outcome) in outcomes {
                    outcome.write(to.digest(id.digest()));
                }
            }
            Self::Finalized { size, root } => {
                to.u8(2).u64(size.get()).digest(root);
            }
        }
        to.finish()
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(match from.u8()? {
            1 => Self::Committed {
                height: Height::new(from.u64()?),
                first_index: LeafIndex::new(from.u64()?),
                outcomes: from.each(|from| Ok((SubmissionId::new(from.digest()?), Outcome::read(from)?)))?,
            },
            2 => Self::Finalized { size: TreeSize::new(from.u64()?), root: from.digest()? },
            found => return Err(CodecError::Meaning { field: "event", found: u64::from(found) }),
        })
    }
}
