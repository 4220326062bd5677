//! The doors between the window and the node: submissions go in, a snapshot is read, notices come out.
//!
//! They are channels and values, so that the node behind them can be a test. Whoever holds them can reach neither
//! consensus nor the network.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{LedgerReader, Notice, Outcome};
use proto::genesis::Genesis;
use proto::id::SubmissionId;
use proto::policy::{Policy, PolicyError};
use proto::validators::ValidatorSet;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::anchoring::Anchoring;
use crate::attester::Attester;
use crate::audit::{Noted, Notes};
use crate::custody::Custody;
use crate::gateway::Gateway;
use crate::guard::authenticator::Authenticator;
use crate::issuer::Issuer;
use crate::keeping::Keeping;
use crate::metrics::MetricsSource;
use crate::notary::Notary;
use crate::service::Service;
use crate::surface::Surface;
use crate::witnessing::Witnessing;

/// All that the window knows of the node behind it.
pub struct Doors {
    /// Submissions in. When it is full the caller is told to come again.
    pub submit: mpsc::Sender<SubmitRequest>,
    /// What is durable.
    pub read: LedgerReader,
    /// Notices out, each after it became durable. Who falls behind reads them from the store.
    pub feed: broadcast::Sender<Arc<Notice>>,
    /// What the node says of itself.
    pub status: watch::Receiver<NodeStatus>,
    /// Who reigns, and by which policy they are judged; newer when an epoch begins.
    pub reign: watch::Receiver<Reigning>,
    /// The network's genesis.
    pub genesis: Arc<Genesis>,
    /// Signs for callers who send plain JSON; none: they are refused.
    pub gateway: Option<Gateway>,
    /// Who is believed, and why.
    pub authenticator: Authenticator,
    /// How often a tenant may ask one endpoint, in requests a minute, unless its credential says otherwise; 0: as often as
    /// it likes.
    pub rate_per_minute: u32,
    /// Where requests are noted that show a credential, or that are refused for want of one; none: nowhere.
    pub audit: Option<mpsc::Sender<Noted>>,
    /// Gives out what was noted of refusals; none: nobody does.
    pub notes: Option<Arc<dyn Notes>>,
    /// Signs what foreign surfaces submit.
    pub service: Service,
    /// Keys held for callers of foreign surfaces, for development; none: callers keep their own.
    pub custody: Option<Arc<dyn Custody>>,
    /// This node's part in an issuer of attestations; none: it issues none.
    pub attester: Option<Attester>,
    /// This node's part in evidence of jobs; none: it signs none.
    pub notary: Option<Notary>,
    /// The foreign surfaces that are served.
    pub surfaces: BTreeSet<Surface>,
    /// Signs COSE receipts; none: it gives none.
    pub issuer: Option<Arc<Issuer>>,
    /// Witnesses: those outside, and this node for others.
    pub witnessing: Witnessing,
    /// What was said outside of our checkpoints.
    pub anchoring: Anchoring,
    /// Where this node keeps artifacts; none: nowhere.
    pub artifacts: Option<archive::Artifacts>,
    /// How much of them, and how long.
    pub keeping: Keeping,
    /// What the node counts.
    pub metrics: MetricsSource,
    /// Turns true when the node goes down: streams and waiting callers are let go.
    pub stopping: watch::Receiver<bool>,
}

/// The validators of the present epoch.
#[derive(Clone, Debug)]
pub struct Reigning {
    /// They.
    pub set: Arc<ValidatorSet>,
    /// The C2SP tlog-policy text that receipts of this epoch are judged by.
    pub policy: Arc<str>,
}

impl Reigning {
    /// These validators, and the policy that follows from them.
    ///
    /// # Errors
    /// `PolicyError` when none does.
    pub fn of(set: Arc<ValidatorSet>) -> Result<Self, PolicyError> {
        let policy = Policy::of(&set)?.to_string().into();
        Ok(Self { set, policy })
    }
}

impl Doors {
    /// The validators of the present epoch.
    pub(crate) fn set(&self) -> Arc<ValidatorSet> {
        self.reign.borrow().set.clone()
    }
}

/// An envelope, and where to answer.
#[derive(Debug)]
pub struct SubmitRequest {
    /// The canonical signed submission, as it came; at most `Submission::BYTES_MAX`.
    pub envelope: Vec<u8>,
    /// The node's verdict.
    pub reply: oneshot::Sender<SubmitReply>,
}

/// What the node says to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitReply {
    /// Checked, and taken into the pool.
    Accepted {
        /// Its id.
        id: SubmissionId,
    },
    /// The node is no validator, so it orders nothing.
    Observer {
        /// Where validators can be asked: URLs if the operator gave some, else names.
        validators: Vec<String>,
    },
    /// Already in the pool.
    Waiting {
        /// Its id.
        id: SubmissionId,
    },
    /// Already decided.
    Known {
        /// Its id.
        id: SubmissionId,
        /// What became of it.
        outcome: Outcome,
    },
    /// A rule refuses it.
    Refused {
        /// Its id.
        id: SubmissionId,
        /// The rule's code.
        code: &'static str,
        /// Both sides, in words.
        detail: String,
    },
    /// The pool is full.
    Full {
        /// When to come again, in milliseconds.
        retry_after_ms: u64,
    },
    /// Not a canonical submission.
    Malformed(String),
}

/// A node's present state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Height of the newest committed block.
    pub height: u64,
    /// Highest height any validator was seen to speak of.
    pub head_height_seen: u64,
    /// The present view.
    pub view: u64,
    /// Position of the view's leader among the validators.
    pub leader: u16,
    /// Number of leaves.
    pub tree_size: u64,
    /// Size of the newest checkpoint a quorum signed.
    pub checkpoint_size: u64,
    /// Time of the newest committed block, in milliseconds since 1970.
    pub block_time_ms: u64,
    /// The present epoch.
    pub epoch: u64,
    /// Whether this node is one of its validators.
    pub role: Role,
    /// Number of validators this node is connected to, without itself.
    pub peers_connected: u16,
    /// Number of submissions waiting.
    pub mempool_count: u64,
    /// Bytes of submissions waiting.
    pub mempool_bytes: u64,
    /// Whether the node can serve.
    pub ready: bool,
    /// If not, why not.
    pub reasons: Vec<String>,
}

/// What a node is in the present epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It follows, and orders nothing.
    #[default]
    Observer,
    /// One of those who order.
    Validator,
}
