//! The replica: one entry, one exit.
//!
//! A step hears one fact (`hear`), then does what the new state allows (`settle`): commits, votes, proposes, fetches,
//! and lets the right timer run. Certificates are absorbed before what came with them is judged, and everything is judged
//! again on every step, so no order of arrival is special. Source: `SPEC.md`.

mod essence;
mod hear;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Height, TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, SyncInfo};
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;

use crate::effect::{Effect, Fork, Recipients};
use crate::fetch::{Fetch, Missing};
use crate::input::Input;
use crate::leader::leader;
use crate::pacemaker::Pacemaker;
use crate::params::Config;
use crate::proposal::Proposals;
use crate::recover::{RecoverError, Tip, recover};
use crate::safety::Safety;
use crate::silence::Silence;
use crate::timeouts::TimeoutTally;
use crate::tree::BlockTree;
use crate::votes::VoteTally;

pub(crate) use essence::Essence;

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
    /// Height of the highest quorum certificate: how far we know the network to be.
    pub high_qc_height: Height,
    /// View of the highest timeout certificate, 0 without one.
    pub high_tc_view: View,
    /// The highest view in which we voted, proposed or timed out.
    pub last_acted_view: View,
    /// Number of uncommitted blocks kept.
    pub uncommitted: usize,
    /// Whether there is something to order or to commit; if not, the network is silent.
    pub working: bool,
    /// Whether we say nothing because our journal was lost.
    pub silent: bool,
    /// Whether finality was found broken; then the replica is mute for ever.
    pub halted: bool,
}

/// One member of the network.
#[derive(Clone, Debug)]
pub struct Replica {
    config: Config,
    set: Arc<ValidatorSet>,
    me: Option<ValidatorIndex>,
    tree: BlockTree,
    pacemaker: Pacemaker,
    safety: Safety,
    votes: VoteTally,
    timeouts: TimeoutTally,
    proposals: Proposals,
    fetch: Fetch,
    /// Who told us of the highest certificate.
    teller: Option<ValidatorIndex>,
    /// A certificate older than the highest one, and not under it, that may make a block final.
    aside: Option<Missing>,
    /// When each peer was last told of our certificates, and in which view of ours.
    answered: BTreeMap<ValidatorIndex, (View, TimeMs)>,
    /// Whether submissions wait.
    waiting: bool,
    /// The view, and view of the parent's certificate, for which a payload was asked.
    asked: Option<(View, View)>,
    /// The view whose quorum certificate we formed ourselves, as long as the others may not know it.
    formed: Option<View>,
    /// The view whose leader we expect to show the certificate we formed.
    relay: Option<View>,
    halted: Option<Fork>,
    /// Whether the block that closes the epoch is committed.
    closed: bool,
}

impl Replica {
    /// A replica that goes on from the last committed block and its own safety record. `me` is `None` for an observer,
    /// which follows and never speaks. `journaled` are uncommitted blocks whose bodies are durable, with the
    /// certificates of their parents.
    ///
    /// # Errors
    /// `RecoverError` when these do not belong together.
    pub fn new(
        config: Config,
        set: Arc<ValidatorSet>,
        me: Option<ValidatorIndex>,
        tip: Tip,
        record: Option<SafetyRecord>,
        journaled: Vec<(Block, QuorumCert)>,
    ) -> Result<Self, RecoverError> {
        let (tree, pacemaker, safety) = recover(&set, me, tip, record, journaled)?;
        Ok(Self {
            config,
            set,
            me,
            tree,
            pacemaker,
            safety,
            votes: VoteTally::default(),
            timeouts: TimeoutTally::default(),
            proposals: Proposals::default(),
            fetch: Fetch::default(),
            teller: None,
            aside: None,
            answered: BTreeMap::new(),
            waiting: false,
            asked: None,
            formed: None,
            relay: None,
            halted: None,
            closed: false,
        })
    }

    /// The same replica, whose journal was lost: it follows, and speaks no sooner than it is safe.
    // rule R6
    #[must_use]
    pub fn without_journal(mut self) -> Self {
        self.safety.forget();
        self
    }

    /// How a validator that lost its journal stands; none when it was not lost.
    pub const fn silence(&self) -> Option<&Silence> {
        self.safety.silence()
    }

    /// What to do first: ask whether the journaled blocks are whole, repeat our last words, also to ourselves, and show
    /// the others our certificates, so that who is further answers with theirs.
    // rules R3, R4, S3
    pub fn start(&mut self, now: TimeMs) -> Vec<Effect> {
        let mut out = Vec::new();
        for (block, _) in self.tree.blocks() {
            if !block.is_empty() {
                out.push(Effect::CheckBatches { block: block.clone(), from: block.proposer });
            }
        }
        out.extend(self.safety.repeat(&self.set, &self.pacemaker).map(Effect::Speak));
        self.tell(Recipients::All, &mut out);
        self.settle(now, &mut out);
        out
    }

    /// What follows from a fact.
    pub fn step(&mut self, now: TimeMs, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        // rule K4
        if self.halted.is_some() {
            return out;
        }
        if self.closed {
            self.hear_after_the_end(now, &input, &mut out);
            return out;
        }
        match input {
            Input::Proposal { from, proposal } => self.hear_proposal(now, from, proposal, &mut out),
            Input::Vote(vote) => self.hear_vote(now, vote, &mut out),
            Input::Timeout { from, timeout } => self.hear_timeout(now, from, timeout, &mut out),
            Input::SyncInfo { from, info } => self.hear_sync_info(now, from, &info, &mut out),
            Input::Shown { from, info } => {
                self.hear_sync_info(now, from, &info, &mut out);
                let tc_view = info.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view);
                self.safety.shown(&self.set, from, info.high_qc.view.max(tc_view).next());
            }
            Input::Leap { tip } => self.leap(*tip, &mut out),
            Input::Refetch => self.fetch.restart(&mut out),
            Input::Blocks { from, wanted, blocks } => self.hear_blocks(from, wanted, blocks, &mut out),
            Input::FetchFailed { block, from } => self.fetch.failed(&block, from),
            Input::TimerFired { timer } => self.hear_timer(now, timer, &mut out),
            Input::Payload { view, batches, handover } => {
                self.hear_payload(now, view, (batches, handover), &mut out);
            }
            Input::Available { block } => self.tree.set_here(&block),
            Input::Work { waiting } => {
                self.waiting = waiting;
                if waiting {
                    // rule I2: a leader that held asks again.
                    self.asked = None;
                }
            }
            Input::Connected { peer } => self.tell(Recipients::One(peer), &mut out),
        }
        self.settle(now, &mut out);
        out
    }

    /// The current view.
    pub fn view(&self) -> View {
        self.pacemaker.view()
    }

    /// Whether the block that closes the epoch is committed: then this replica has nothing more to do.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The last committed block.
    pub const fn committed(&self) -> &Block {
        self.tree.root()
    }

    /// The highest quorum certificate.
    pub const fn high_qc(&self) -> &QuorumCert {
        self.pacemaker.high_qc()
    }

    /// What to show who asks where we stand.
    pub fn sync_info(&self) -> SyncInfo {
        self.pacemaker.sync_info()
    }

    /// An uncommitted block and the certificate of its parent.
    pub fn block(&self, id: &BlockId) -> Option<&(Block, QuorumCert)> {
        self.tree.get(id)
    }

    /// What an operator may want to know.
    pub fn status(&self) -> Status {
        Status {
            view: self.view(),
            leader: leader(&self.set, self.view()),
            height: self.tree.root().height,
            committed_view: self.tree.root_view(),
            high_qc_view: self.high_qc().view,
            high_qc_height: self.high_qc().height,
            high_tc_view: self.pacemaker.high_tc_view(),
            last_acted_view: self.safety.last_acted_view(),
            uncommitted: self.tree.len(),
            working: self.working(),
            silent: self.me.is_some() && self.safety.is_silent_in(self.view()),
            halted: self.halted.is_some(),
        }
    }

    /// A digest of the whole state: replicas that heard the same have the same.
    pub fn digest(&self) -> Digest {
        let Self {
            config,
            set: _,
            me,
            tree,
            pacemaker,
            safety,
            votes,
            timeouts,
            proposals,
            fetch,
            teller,
            aside,
            answered,
            waiting,
            asked,
            formed,
            relay,
            halted,
            closed,
        } = self;
        let rules = (config, me, tree, pacemaker, safety, votes, timeouts, proposals, fetch);
        let notes = (teller, aside, answered, waiting, asked, formed, relay, halted, closed);
        crypto::sha256(format!("{rules:?}{notes:?}").as_bytes())
    }

    /// Goes on from a final block that we did not commit. Questions for what lies below it are void.
    // rule F6
    fn leap(&mut self, tip: Tip, out: &mut Vec<Effect>) {
        let Tip { block, certificate } = tip;
        if block.height <= self.tree.root().height {
            return;
        }
        self.pacemaker.absorb_qc(&certificate);
        self.tree.leap(block);
        self.fetch.restart(out);
    }

    /// Shows our certificates to others. Observers have no one to show them to.
    fn tell(&self, to: Recipients, out: &mut Vec<Effect>) {
        let audience = self.me.is_some_and(|me| to != Recipients::One(me));
        if audience {
            out.push(Effect::Send { to, message: Message::SyncInfo(self.pacemaker.sync_info()) });
        }
    }

    /// Whether we lead the current view.
    fn leads(&self) -> bool {
        self.me == Some(leader(&self.set, self.view()))
    }

    /// Whether there is something to order or to commit, as far as we know.
    // rule I1
    fn working(&self) -> bool {
        self.waiting || self.tree.has_work(self.high_qc()) || self.tree.has_work_in(self.view())
    }
}
