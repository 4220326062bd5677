//! What can go wrong at the foreign surfaces, beside what can go wrong anywhere.
//!
//! The statuses here are the usual ones; each surface has its own table of them where its clients expect others.

use super::{Row, row};
use crate::scalar::Hash;

/// Why a foreign request is not answered as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// The surface's own noun has no instance of this name.
    #[error("{what} not found")]
    Unknown {
        /// The noun.
        what: &'static str,
    },
    /// Readable, and against a rule of its shape.
    #[error("{fault}")]
    Unprocessable {
        /// Which member, and what is expected.
        fault: String,
    },
    /// The request cannot be granted as it is.
    #[error("{fault}")]
    BadRequest {
        /// Why not.
        fault: String,
    },
    /// It contradicts what was decided before.
    #[error("{fault}")]
    Conflict {
        /// Both sides.
        fault: String,
    },
    /// The caller is known, and may not.
    #[error("{fault}")]
    Forbidden {
        /// Why not.
        fault: String,
    },
    /// It was here once.
    #[error("{fault}")]
    Gone {
        /// When and why it went.
        fault: String,
    },
    /// The operator has left out what this needs.
    #[error("{fault}")]
    NotConfigured {
        /// What.
        fault: String,
    },
    /// The ledger has not decided in the time that was given. Nothing is lost: the same request finds the same record.
    #[error("submission {id} is not decided yet; the same request finds the same record")]
    Undecided {
        /// The submission.
        id: Hash,
    },
}

impl SurfaceError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::Unknown { .. } => {
                row("record_unknown", 404, 1801, "No such record", "It is known here once it is committed.")
            }
            Self::Unprocessable { .. } => {
                row("unprocessable", 422, 1802, "Not a request of this kind", "`detail` names the member.")
            }
            Self::BadRequest { .. } => {
                row("bad_request", 400, 1803, "Cannot be granted", "`detail` says what is missing.")
            }
            Self::Conflict { .. } => {
                row("conflict", 409, 1804, "Decided before", "What was decided first stays.")
            }
            Self::Forbidden { .. } => {
                row("forbidden", 403, 1805, "Not allowed", "Ask with the credential of whose it is.")
            }
            Self::Gone { .. } => row("gone", 410, 1806, "No longer kept", "What the log says of it stays."),
            Self::NotConfigured { .. } => row(
                "not_configured",
                500,
                1807,
                "Not configured",
                "The operator finds the key in the node's configuration.",
            ),
            Self::Undecided { .. } => row(
                "undecided",
                504,
                1808,
                "Not decided yet",
                "Send the same request again after retry_after_ms, or ask for /v1/entries/<id>.",
            ),
        }
    }

    /// How long to wait before trying again, where that can help.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Undecided { .. } => Some(1_000),
            Self::Unknown { .. }
            | Self::Unprocessable { .. }
            | Self::BadRequest { .. }
            | Self::Conflict { .. }
            | Self::Forbidden { .. }
            | Self::Gone { .. }
            | Self::NotConfigured { .. } => None,
        }
    }
}
