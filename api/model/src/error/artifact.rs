//! What can go wrong with the bytes of an artifact, beyond that there are none.

use super::{Row, row};
use crate::scalar::Hash;

/// Why bytes are not taken or not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// What the store holds is not what was committed.
    #[error("what this node keeps as artifact {id} is not what was committed: its SHA-256 is another")]
    Corrupt {
        /// The submission that committed it.
        id: Hash,
    },
    /// No byte of it is in the range.
    #[error("the range {found:?} is not within {bytes} bytes")]
    Range {
        /// The range asked for, shortened.
        found: String,
        /// How many bytes there are.
        bytes: u64,
    },
    /// The tenant has no room for so many bytes.
    #[error(
        "tenant {tenant} keeps {held} bytes here, those that are coming in included; {wanted} more would be beyond its {max}"
    )]
    BytesFull {
        /// Whose room.
        tenant: String,
        /// Bytes it has.
        held: u64,
        /// Bytes more that are to come.
        wanted: u64,
        /// Bytes it may have.
        max: u64,
    },
    /// The tenant has no room for one more.
    #[error("tenant {tenant} keeps {max} artifacts here, which is as many as it may")]
    CountFull {
        /// Whose room.
        tenant: String,
        /// Artifacts it may have.
        max: u64,
    },
    /// Two send the same artifact.
    #[error("artifact {id} is being sent already")]
    UnderWay {
        /// The submission that committed it.
        id: Hash,
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The node does not know yet how much room there is.
    #[error("this node has just started and counts what it keeps")]
    Counting {
        /// When to come again.
        retry_after_ms: u64,
    },
}

impl ArtifactError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::Corrupt { .. } => row(
                "artifact_corrupt",
                502,
                2001,
                "Stored bytes are damaged",
                "Another node may have them whole; whoever has them can give them to this one again.",
            ),
            Self::Range { .. } => row(
                "range_not_satisfiable",
                416,
                2002,
                "No such range",
                "Ask for one range within the length, which Content-Range names.",
            ),
            Self::BytesFull { .. } => row(
                "quota_bytes",
                507,
                2003,
                "The tenant's room is full",
                "Erase artifacts, or have the operator raise artifacts.tenant_bytes_max; trying again changes nothing.",
            ),
            Self::CountFull { .. } => row(
                "quota_count",
                507,
                2004,
                "The tenant has as many artifacts as it may",
                "Erase artifacts, or have the operator raise artifacts.tenant_count_max; trying again changes nothing.",
            ),
            Self::UnderWay { .. } => row(
                "artifact_under_way",
                503,
                2005,
                "The same artifact is being sent",
                "Wait until the other is done; then it is here.",
            ),
            Self::Counting { .. } => row(
                "artifacts_counting",
                503,
                2006,
                "Not counted yet",
                "The node lists its store when it starts; try again.",
            ),
        }
    }

    /// When trying again can help.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::UnderWay { retry_after_ms, .. } | Self::Counting { retry_after_ms } => {
                Some(*retry_after_ms)
            }
            Self::Corrupt { .. } | Self::Range { .. } | Self::BytesFull { .. } | Self::CountFull { .. } => {
                None
            }
        }
    }
}
