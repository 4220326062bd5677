//! Does the newer log extend the older?
//!
//! Both heads must be the quorum's; then a consistency proof shows that nothing the older one held was changed. When
//! it does not, the two notes together convict whoever signed both.
//! Source: RFC 9162 §2.1.4.2.

use crypto::Digest;
use merkle::consistency::{self, ConsistencyError};
use proto::note::KeyName;
use proto::policy::Policy;

use crate::checkpoint::{CheckpointFacts, CheckpointFault, verify_checkpoint};

/// Why one checkpoint is not shown to extend another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// The older checkpoint is not believed.
    #[error("the older checkpoint: {0}")]
    Older(CheckpointFault),
    /// The newer checkpoint is not believed.
    #[error("the newer checkpoint: {0}")]
    Newer(CheckpointFault),
    /// They are of two logs.
    #[error("the older checkpoint is of {older}, the newer of {newer}")]
    OtherLog {
        /// Origin of the older.
        older: KeyName,
        /// Origin of the newer.
        newer: KeyName,
    },
    /// The proof does not lead from one to the other.
    #[error(transparent)]
    Consistency(#[from] ConsistencyError),
}

/// Checks that the checkpoint `newer` extends the checkpoint `older`, both signed notes, and gives the newer.
///
/// # Errors
/// `HistoryFault`, the first that fails; `Consistency(TwoRoots)` shows a quorum that signed two histories.
pub fn verify_history(
    policy: &Policy,
    older: &str,
    newer: &str,
    proof: &[Digest],
) -> Result<CheckpointFacts, HistoryFault> {
    let older = verify_checkpoint(policy, older).map_err(HistoryFault::Older)?;
    let newer = verify_checkpoint(policy, newer).map_err(HistoryFault::Newer)?;
    if older.origin != newer.origin {
        return Err(HistoryFault::OtherLog { older: older.origin, newer: newer.origin });
    }
    let (from, to) = (&older.head, &newer.head);
    consistency::verify(from.size.get(), &from.root, to.size.get(), &to.root, proof)?;
    Ok(newer)
}
