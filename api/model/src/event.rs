//! Events: what happened, numbered without gaps by the node that tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entry::RejectionReason;
use crate::scalar::{Hash, Uint};

/// One event; `sequence` counts this node's events and is where a reader resumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum EventAnswer {
    /// A block was executed.
    Committed {
        /// The event's number.
        sequence: Uint,
        /// The block's height.
        height: Uint,
        /// Index of its first leaf.
        first_index: Uint,
        /// What became of each submission.
        outcomes: Vec<OutcomeAnswer>,
    },
    /// A quorum signed a checkpoint.
    Finalized {
        /// The event's number.
        sequence: Uint,
        /// The checkpoint's size.
        size: Uint,
        /// Its root.
        root: Hash,
    },
}

/// What became of one submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "lowercase", deny_unknown_fields)]
pub enum OutcomeAnswer {
    /// Executed.
    Committed {
        /// The submission.
        id: Hash,
        /// Its place in the log.
        index: Uint,
        /// Time of its block, in milliseconds since 1970.
        time_ms: Uint,
    },
    /// Refused.
    Rejected {
        /// The submission.
        id: Hash,
        /// Why.
        rejection: RejectionReason,
    },
    /// Too late.
    Expired {
        /// The submission.
        id: Hash,
    },
}
