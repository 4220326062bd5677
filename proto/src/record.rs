//! The safety record: all a validator must remember to never contradict itself.
//!
//! Durable before any vote, timeout or proposal of its view leaves. Certificates are kept whole, not as view
//! numbers, because a validator that cannot show its highest certificate cannot time out.

use crate::block::Block;
use crate::certificate::{QuorumCert, TimeoutCert};
use crate::counter::{Epoch, View};

/// What must survive a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyRecord {
    /// The reign.
    pub epoch: Epoch,
    /// The highest view in which this validator voted, proposed or timed out.
    pub last_acted_view: View,
    /// The highest quorum certificate seen; the lock.
    pub high_qc: QuorumCert,
    /// The highest timeout certificate seen.
    pub high_tc: Option<TimeoutCert>,
    /// The block voted for in `last_acted_view`, if any. Its batches stand beside it in the journal.
    pub voted: Option<Block>,
    /// Whether this validator timed out of `last_acted_view`.
    pub timed_out: bool,
    /// The block proposed in `last_acted_view`, if any.
    pub proposed: Option<Block>,
}
