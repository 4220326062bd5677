//! Outcomes: what became of a submission that a block ordered. Written once, never changed.
//!
//! This is exact idempotency: whoever sends the same bytes again is answered from here, on every node.

use proto::counter::{Height, LeafIndex, TimeMs};
use proto::id::SubmissionId;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::read::ReadError;
use crate::rejection::Rejection;

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed: it is a leaf of the log.
    Committed {
        /// Height of its block.
        height: Height,
        /// Its leaf.
        index: LeafIndex,
        /// Time of its block.
        time: TimeMs,
    },
    /// Refused for ever.
    Rejected {
        /// Height of its block.
        height: Height,
        /// Why; knows its code and says its reason.
        rejection: Rejection,
    },
    /// Ordered too late to be executed.
    Expired {
        /// Height of its block.
        height: Height,
    },
}

impl Outcome {
    /// The height that decided it.
    pub const fn height(&self) -> Height {
        match self {
            Self::Committed { height, .. } | Self::Rejected { height, .. } | Self::Expired { height } => {
                *height
            }
        }
    }

    /// What a refused submission becomes.
    pub(crate) fn refused(height: Height, rejection: Rejection) -> Self {
        match rejection {
            Rejection::Expired { .. } => Self::Expired { height },
            rejection => Self::Rejected { height, rejection },
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        match self {
            Self::Committed { height, index, time } => {
                to.u8(1).u64(height.get()).u64(index.get()).u64(time.get());
            }
            Self::Rejected { height, rejection } => rejection.write(to.u8(2).u64(height.get())),
            Self::Expired { height } => {
                to.u8(3).u64(height.get());
            }
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        let kind = from.u8()?;
        let height = Height::new(from.u64()?);
        Ok(match kind {
            1 => {
                Self::Committed { height, index: LeafIndex::new(from.u64()?), time: TimeMs::new(from.u64()?) }
            }
            2 => Self::Rejected { height, rejection: Rejection::read(from)? },
            3 => Self::Expired { height },
            found => return Err(CodecError::Meaning { field: "outcome", found: u64::from(found) }),
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new();
        self.write(&mut to);
        to.finish()
    }

    pub(crate) fn decode(id: &SubmissionId, bytes: &[u8]) -> Result<Self, ReadError> {
        Reader::whole(bytes, Self::read).map_err(|fault| fault.stored_at(Table::Outcomes, id.as_bytes()))
    }
}
