//! Why a journal cannot be opened or written.

use std::io;
use std::path::PathBuf;

use crypto::KeyId;
use proto::canonical::DecodeError;
use proto::counter::{Epoch, View};
use proto::id::{BlockId, NetworkId};

use super::Journal;

/// Why a journal is refused, or stops.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system refused.
    #[error("{deed}: {source}")]
    Io {
        /// What was being done.
        deed: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("another process uses {}", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// A journal comes with the keys, so there was one; what this validator said may be lost.
    #[error(
        "{} is missing: without its journal a validator could contradict what it signed",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Not a journal, or its first bytes are damaged.
    #[error("this is no journal: {fault}")]
    Header {
        /// What is wrong with its header.
        fault: &'static str,
    },
    /// Written by another release.
    #[error(
        "the journal has format {found}, this program reads {oldest} and {newest}",
        oldest = Journal::VERSION - 1,
        newest = Journal::VERSION
    )]
    Version {
        /// Format found.
        found: u32,
    },
    /// Of another network.
    #[error("the journal is of network {found}, this is network {expected}")]
    Network {
        /// Network found.
        found: NetworkId,
        /// Network of this node.
        expected: NetworkId,
    },
    /// Of another validator.
    #[error("the journal is of the validator with consensus key {found}, this one has {expected}")]
    Owner {
        /// Key found.
        found: KeyId,
        /// Key of this validator.
        expected: KeyId,
    },
    /// Changed or lost in a place that a crash cannot explain.
    #[error("the journal is damaged at byte {offset}: {fault}. It is not safe to sign with it")]
    Damaged {
        /// Where the damage begins.
        offset: u64,
        /// What is wrong.
        fault: String,
    },
    /// A record takes back or contradicts what was journaled before.
    #[error("refused to journal: {0}")]
    Contradiction(#[from] Contradiction),
    /// More than a group may have.
    #[error("one write of {bytes} bytes is more than a journal takes")]
    TooLarge {
        /// Its size, in bytes.
        bytes: usize,
    },
    /// The system has no randomness to give.
    #[error("the system gave no random bytes: {fault}")]
    Random {
        /// What it said.
        fault: String,
    },
    /// An earlier write failed, so what is on disk is unknown.
    #[error("this journal stopped when an earlier write failed: {fault}")]
    Stopped {
        /// The earlier failure.
        fault: String,
    },
}

impl JournalError {
    pub(super) fn undecodable(offset: u64, fault: &DecodeError) -> Self {
        Self::Damaged { offset, fault: fault.to_string() }
    }
}

/// How a record contradicts the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Of an earlier reign.
    #[error("a record of epoch {found} after one of epoch {journaled}")]
    Epoch {
        /// Epoch of the new record.
        found: Epoch,
        /// Epoch of the last one.
        journaled: Epoch,
    },
    /// The last view acted in goes back.
    #[error("a record of view {found} after one of view {journaled}")]
    View {
        /// View of the new record.
        found: View,
        /// View of the last one.
        journaled: View,
    },
    /// The highest certificate goes back: the lock would be lost.
    #[error("a lock of view {found} after one of view {journaled}")]
    Lock {
        /// View of the new record's certificate.
        found: View,
        /// View of the last one's.
        journaled: View,
    },
    /// A second vote in one view.
    #[error("a vote for {found} in view {view} after one for {journaled}")]
    SecondVote {
        /// The view.
        view: View,
        /// The block now.
        found: BlockId,
        /// The block before.
        journaled: BlockId,
    },
    /// A second proposal in one view.
    #[error("a proposal of {found} in view {view} after one of {journaled}")]
    SecondProposal {
        /// The view.
        view: View,
        /// The block now.
        found: BlockId,
        /// The block before.
        journaled: BlockId,
    },
    /// A first vote in a view this validator has left.
    #[error("a vote for {found} in view {view}, which was timed out of before")]
    VoteAfterTimeout {
        /// The view.
        view: View,
        /// The block.
        found: BlockId,
    },
}
