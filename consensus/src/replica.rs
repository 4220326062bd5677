//! The replica: one entry, one exit.

use std::sync::Arc;

use crypto::Digest;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Height, TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;

use crate::effect::Effect;
use crate::input::Input;
use crate::params::Config;
use crate::recover::{RecoverError, Tip};

/// What an operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The current view.
    pub view: View,
    /// Who leads it.
    pub leader: ValidatorIndex,
    /// Height of the last committed block.
    pub height: Height,
    /// View of the last committed block.
    pub committed_view: View,
    /// View of the highest quorum certificate.
    pub high_qc_view: View,
    /// Height of the highest quorum certificate; how far behind we know to be.
    pub high_qc_height: Height,
    /// View of the highest timeout certificate, 0 without one.
    pub high_tc_view: View,
    /// The highest view in which we voted, proposed or timed out.
    pub last_acted_view: View,
    /// Number of uncommitted blocks kept.
    pub uncommitted: usize,
    /// Whether there is something to order or to commit; if not, the network is silent.
    pub working: bool,
    /// Whether finality was found broken.
    pub halted: bool,
}

/// One member of the network.
#[derive(Debug)]
pub struct Replica {
    tip: Tip,
}

impl Replica {
    /// A replica that goes on from the last committed block and its own safety record. `me` is `None` for an observer,
    /// which follows and never speaks. `journaled` are uncommitted blocks whose bodies are durable, with the
    /// certificates of their parents.
    ///
    /// # Errors
    /// `RecoverError` when these do not belong together.
    pub fn new(
        _config: Config,
        _set: Arc<ValidatorSet>,
        _me: Option<ValidatorIndex>,
        tip: Tip,
        _record: Option<SafetyRecord>,
        _journaled: Vec<(Block, QuorumCert)>,
    ) -> Result<Self, RecoverError> {
        Ok(Self { tip })
    }

    /// What to do first.
    pub fn start(&mut self, _now: TimeMs) -> Vec<Effect> {
        Vec::new()
    }

    /// What follows from a fact.
    pub fn step(&mut self, _now: TimeMs, _input: Input) -> Vec<Effect> {
        Vec::new()
    }

    /// The current view.
    pub fn view(&self) -> View {
        self.tip.certificate.view.next()
    }

    /// The last committed block.
    pub const fn committed(&self) -> &Block {
        &self.tip.block
    }

    /// The highest quorum certificate.
    pub const fn high_qc(&self) -> &QuorumCert {
        &self.tip.certificate
    }

    /// An uncommitted block and the certificate of its parent.
    pub fn block(&self, _id: &BlockId) -> Option<&(Block, QuorumCert)> {
        None
    }

    /// What an operator may want to know.
    pub fn status(&self) -> Status {
        Status {
            view: self.view(),
            leader: ValidatorIndex::new(0),
            height: self.tip.block.height,
            committed_view: self.tip.block.view,
            high_qc_view: self.tip.certificate.view,
            high_qc_height: self.tip.certificate.height,
            high_tc_view: View::ZERO,
            last_acted_view: View::ZERO,
            uncommitted: 0,
            working: false,
            halted: false,
        }
    }

    /// A digest of the whole state: two replicas with the same history have the same.
    pub fn digest(&self) -> Digest {
        crypto::sha256(format!("{self:?}").as_bytes())
    }
}
