//! Why files could not be read or written.

use crypto::Digest;
use proto::checkpoint::{CheckpointTextError, Head};
use proto::counter::TreeSize;
use proto::id::SubmissionId;
use proto::note::{KeyName, NoteError};

use crate::name::File;

/// What went wrong with the files of a log.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The place is not one that can be used.
    #[error("{url:?}: {fault}")]
    Address {
        /// Where.
        url: String,
        /// Why not.
        fault: String,
    },
    /// The store did not do what it was asked to.
    #[error("{deed} {file}: {fault}")]
    Store {
        /// What was asked.
        deed: &'static str,
        /// The file.
        file: String,
        /// What it said.
        fault: String,
    },
    /// A file that must be there is not.
    #[error("{file} is missing")]
    Missing {
        /// The file.
        file: File,
    },
    /// A file is larger than any such file can be. It was not read.
    #[error("{file} has {found} bytes, such a file has at most {max}")]
    TooLarge {
        /// The file.
        file: File,
        /// Its bytes.
        found: u64,
        /// Most bytes.
        max: usize,
    },
    /// A file is not of its form.
    #[error("{file}: {fault}")]
    Malformed {
        /// The file.
        file: File,
        /// What is wrong.
        fault: String,
    },
    /// A checkpoint is not a signed note.
    #[error("{file}: {fault}")]
    Note {
        /// The file.
        file: File,
        /// What is wrong.
        fault: NoteError,
    },
    /// A checkpoint says no head.
    #[error("{file}: {fault}")]
    Head {
        /// The file.
        file: File,
        /// What is wrong.
        fault: CheckpointTextError,
    },
    /// Two logs.
    #[error("there is the log {found}, not {expected}")]
    OtherLog {
        /// The log found.
        found: KeyName,
        /// The log expected.
        expected: KeyName,
    },
    /// What is published is ahead of what would be published.
    #[error("{published} leaves are published already, the source has {size}")]
    Ahead {
        /// Size published.
        published: TreeSize,
        /// Size of the source.
        size: TreeSize,
    },
    /// Two heads of one size: evidence that the log was forked. Nothing was written.
    #[error(
        "two roots for {} leaves: published is {}, the source has {}",
        .published.size, .published.root, .source_head.root
    )]
    TwoRoots {
        /// The head published.
        published: Head,
        /// The head of the source.
        source_head: Head,
    },
    /// What is published does not lead to its own checkpoint.
    #[error(
        "the published tiles lead to root {found} for {} leaves, their checkpoint says {}",
        .expected.size, .expected.root
    )]
    Published {
        /// The root found.
        found: Digest,
        /// The head published.
        expected: Head,
    },
    /// The entries of the source do not lead to its own checkpoint. No checkpoint was written.
    #[error(
        "the entries of the source lead to root {found} for {} leaves, its checkpoint says {}",
        .expected.size, .expected.root
    )]
    Source {
        /// The root found.
        found: Digest,
        /// The head of the source.
        expected: Head,
    },
    /// Bytes are not the ones that an artifact commits to.
    #[error("these are not the bytes that submission {artifact} committed")]
    OtherBytes {
        /// The submission.
        artifact: SubmissionId,
    },
    /// An artifact is larger than any may be. No more of it was read.
    #[error("artifact {artifact} has more than {max} bytes")]
    ArtifactTooLarge {
        /// The submission.
        artifact: SubmissionId,
        /// Most bytes.
        max: u64,
    },
    /// The ledger that is published cannot be read.
    #[error(transparent)]
    Read(#[from] ledger::read::ReadError),
}

impl ArchiveError {
    /// Whether the same will fail again, however often it is tried.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Store { .. } | Self::Missing { .. } | Self::Ahead { .. } => false,
            Self::Address { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Note { .. }
            | Self::Head { .. }
            | Self::OtherLog { .. }
            | Self::TwoRoots { .. }
            | Self::Published { .. }
            | Self::Source { .. }
            | Self::OtherBytes { .. }
            | Self::ArtifactTooLarge { .. }
            | Self::Read(_) => true,
        }
    }
}
