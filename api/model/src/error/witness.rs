//! What can go wrong for those who ask for cosignatures, or for what was cosigned outside.
//!
//! The statuses are those that C2SP tlog-witness gives each case.

use super::{Row, row};

/// Why nothing is cosigned, or no cosignature is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The node cosigns for nobody.
    #[error("this node is no witness of other logs")]
    Off,
    /// The request cannot be read, or asks for what cannot be.
    #[error("{fault}")]
    Malformed {
        /// What is wrong.
        fault: String,
    },
    /// The log is not one that is cosigned here.
    #[error("{fault}")]
    OriginUnknown {
        /// Which.
        fault: String,
    },
    /// The checkpoint is not known to be the log's, or ours.
    #[error("{fault}")]
    Untrusted {
        /// Why not.
        fault: String,
    },
    /// Nothing was cosigned for this log yet.
    #[error("nothing was cosigned for {name} yet")]
    NothingCosigned {
        /// The log, by the SHA-256 of its origin.
        name: String,
    },
    /// Another checkpoint was cosigned last than the request goes on from. Told in the body that C2SP gives the case.
    #[error("{fault}")]
    Conflict {
        /// Both sides.
        fault: String,
    },
    /// The proof does not hold, or the log has two roots for one size.
    #[error("{fault}")]
    Inconsistent {
        /// Both sides.
        fault: String,
    },
    /// The new state could not be made durable, so nothing was cosigned.
    #[error("the checkpoint could not be recorded, so it was not cosigned")]
    NotRecorded,
    /// More requests wait than are taken.
    #[error("too many checkpoints wait to be cosigned")]
    Busy,
    /// Too few outside witnesses have cosigned a checkpoint that is large enough.
    #[error("no checkpoint {of} is cosigned by {wanted} outside witnesses; the newest has {found}")]
    NotWitnessed {
        /// Which checkpoints were looked at.
        of: String,
        /// Number asked for.
        wanted: u64,
        /// Number found.
        found: u64,
    },
}

impl WitnessError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::Off => row(
                "witness_off",
                404,
                1601,
                "Not a witness",
                "The operator names the logs to cosign in witness.logs of the node's configuration.",
            ),
            Self::Malformed { .. } => row(
                "witness_malformed",
                400,
                1602,
                "Not a request of a log",
                "Bodies are those of C2SP tlog-witness: old size, proof, empty line, checkpoint.",
            ),
            Self::OriginUnknown { .. } => row(
                "witness_origin_unknown",
                404,
                1603,
                "Log not cosigned here",
                "/v1/witness lists the logs that are cosigned here; the operator adds others.",
            ),
            Self::Untrusted { .. } => row(
                "witness_untrusted",
                403,
                1604,
                "Not signed by the log",
                "The checkpoint must carry a signature by a key that the operator trusts for this log.",
            ),
            Self::NothingCosigned { .. } => row(
                "witness_nothing_cosigned",
                404,
                1605,
                "Nothing cosigned yet",
                "The name is the SHA-256 of the log's origin, in lower-case hex; ask again when the log has asked.",
            ),
            Self::Conflict { .. } => row(
                "witness_conflict",
                409,
                1606,
                "Another checkpoint was cosigned last",
                "Send a proof from the size in the answer's body.",
            ),
            Self::Inconsistent { .. } => row(
                "witness_inconsistent",
                422,
                1607,
                "Not an extension of what was cosigned",
                "A log that only grew has a proof from the size cosigned last; one that did not is never cosigned again.",
            ),
            Self::NotRecorded => row(
                "witness_not_recorded",
                503,
                1608,
                "Not recorded, not cosigned",
                "Ask again: nothing was cosigned. The operator finds the reason in the node's log.",
            ),
            Self::Busy => row(
                "witness_busy",
                503,
                1609,
                "No room for checkpoints now",
                "Ask again a little later, with the newest checkpoint.",
            ),
            Self::NotWitnessed { .. } => row(
                "not_witnessed",
                404,
                1610,
                "Not witnessed yet",
                "Ask again a little later, or for fewer witnesses; /v1/witness tells how each one stands.",
            ),
        }
    }

    /// How long to wait before trying again, where that can help.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::NotRecorded | Self::Busy | Self::NotWitnessed { .. } => Some(1_000),
            Self::Off
            | Self::Malformed { .. }
            | Self::OriginUnknown { .. }
            | Self::Untrusted { .. }
            | Self::NothingCosigned { .. }
            | Self::Conflict { .. }
            | Self::Inconsistent { .. } => None,
        }
    }
}
