//! What can go wrong for those who ask for anchors.

use super::{Row, row};

/// Why there is no anchor to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The checkpoint was not anchored, or is none.
    #[error("no checkpoint of {size} leaves was anchored by this node")]
    Unknown {
        /// The size asked for.
        size: u64,
    },
    /// The checkpoint was anchored, but has no such file.
    #[error("the checkpoint of {size} leaves has no file {file:?} yet")]
    NoFile {
        /// The size asked for.
        size: u64,
        /// The file asked for.
        file: String,
    },
}

impl AnchorError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::Unknown { .. } => row(
                "anchor_unknown",
                404,
                1901,
                "Not anchored",
                "/v1/anchors lists the newest checkpoints that were; the operator names who is asked in anchors.services.",
            ),
            Self::NoFile { .. } => row(
                "anchor_file_unknown",
                404,
                1902,
                "No such evidence",
                "/v1/anchors/{size} names the files; one that is only requested has none yet.",
            ),
        }
    }
}
