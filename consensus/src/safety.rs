//! Safety: the only maker of statements to sign.
//!
//! Every vote, timeout and proposal leaves here inside a gate, behind the record that remembers it; the record carries
//! the certificates that justified it, whole. So a validator that crashes anywhere finds in its record all it may have
//! said, and can only repeat it. Source: `SPEC.md`, rules P, V, T, and its safety argument.

use proto::ballot::VoteStatement;
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Epoch, View};
use proto::id::ValidatorIndex;
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;

use crate::effect::Say;
use crate::gate::Gated;
use crate::leader::collectors;
use crate::pacemaker::Pacemaker;
use crate::replica::Essence;
use crate::silence::Silence;

/// What we may say once it is durable.
pub type Words = Gated<SafetyRecord, Say>;

/// Why we may not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Observers do not speak.
    #[error("we are no validator")]
    Observer,
    /// The block is not of the view we are in: certificates show that its view is over, or do not show it began.
    #[error("a block of view {found}, this is view {current}")]
    NotCurrent {
        /// View of the block.
        found: View,
        /// The current one.
        current: View,
    },
    /// Our journal was lost, and we may have acted in this view.
    #[error("our journal was lost: silent until after view {until:?}, this is view {view}")]
    Silent {
        /// The view to act in.
        view: View,
        /// The last view to be silent in; none while too few have shown theirs.
        until: Option<View>,
    },
    /// We voted, proposed or timed out in this view or a later one.
    #[error("we acted in view {last}, not again in view {view}")]
    Acted {
        /// The view to act in.
        view: View,
        /// The last one acted in.
        last: View,
    },
    /// The parent is neither of the view before nor at least as high as what the failed view's quorum reports.
    #[error(
        "a block of view {view} on a certificate of view {justify}, where one of view {needed} is needed"
    )]
    Unjustified {
        /// View of the block.
        view: View,
        /// View of its parent's certificate.
        justify: View,
        /// The least that would do.
        needed: View,
    },
    /// The record would not hold the certificate that the vote builds on.
    #[error("a vote on a certificate of view {justify}, the record would hold one of view {held}")]
    NotHeld {
        /// View of the parent's certificate.
        justify: View,
        /// View of the one held.
        held: View,
    },
}

/// What we said last, and the rules for what we may say next.
#[derive(Clone, Debug)]
pub struct Safety {
    me: Option<ValidatorIndex>,
    record: SafetyRecord,
    /// Set when our journal was lost.
    silence: Option<Silence>,
}

impl Safety {
    /// Goes on from a record.
    pub const fn new(me: Option<ValidatorIndex>, record: SafetyRecord) -> Self {
        Self { me, record, silence: None }
    }

    /// Our journal was lost: what it would forbid is not known.
    pub fn forget(&mut self) {
        self.silence = Some(Silence::default());
    }

    /// How a validator that lost its journal stands; none when it was not lost.
    pub const fn silence(&self) -> Option<&Silence> {
        self.silence.as_ref()
    }

    /// A validator showed, at our question, that it is in this view.
    pub fn shown(&mut self, set: &ValidatorSet, from: ValidatorIndex, view: View) {
        if let (Some(me), Some(silence)) = (self.me, &mut self.silence) {
            silence.hear(set, me, from, view);
        }
    }

    /// Whether we say nothing in this view because our journal was lost.
    pub fn is_silent_in(&self, view: View) -> bool {
        self.expect_voice(view).is_err()
    }

    // rule R6
    fn expect_voice(&self, view: View) -> Result<(), Refusal> {
        match self.silence.as_ref().map(Silence::until) {
            None => Ok(()),
            Some(Some(until)) if view > until => Ok(()),
            Some(until) => Err(Refusal::Silent { view, until }),
        }
    }

    /// The record of one who never spoke.
    pub const fn blank(epoch: Epoch, high_qc: QuorumCert) -> SafetyRecord {
        SafetyRecord {
            epoch,
            last_acted_view: View::ZERO,
            high_qc,
            high_tc: None,
            voted: None,
            timed_out: false,
            proposed: None,
        }
    }

    /// The highest view in which we voted, proposed or timed out.
    pub const fn last_acted_view(&self) -> View {
        self.record.last_acted_view
    }

    /// Whether we timed out of this view.
    pub fn timed_out(&self, view: View) -> bool {
        self.record.timed_out && self.record.last_acted_view == view
    }

    /// Whether a first act in this view is allowed.
    ///
    /// # Errors
    /// `Observer`, `Silent` or `Acted`.
    // rules P1, V2, T3
    pub fn may_act(&self, view: View) -> Result<(), Refusal> {
        if self.me.is_none() {
            return Err(Refusal::Observer);
        }
        self.expect_voice(view)?;
        let after_timeout = crypto::broken!(VoteAfterTimeout) && self.timed_out(view);
        match view > self.record.last_acted_view || after_timeout {
            true => Ok(()),
            false => Err(Refusal::Acted { view, last: self.record.last_acted_view }),
        }
    }

    /// A vote for a block whose parent and batches the caller has judged.
    ///
    /// # Errors
    /// `Refusal`, the first rule that forbids it.
    // rules V1, V2, V6, V7
    pub fn vote(
        &mut self,
        set: &ValidatorSet,
        pacemaker: &Pacemaker,
        (block, justify): (&Block, &QuorumCert),
        timeout_cert: Option<&TimeoutCert>,
    ) -> Result<Words, Refusal> {
        let current = pacemaker.view();
        if block.view != current {
            return Err(Refusal::NotCurrent { found: block.view, current });
        }
        self.may_act(block.view)?;
        justified(block.view, justify.view, timeout_cert)?;
        if crypto::broken!(LockInsistedOn) && justify.view < pacemaker.high_qc().view {
            let (view, needed) = (block.view, pacemaker.high_qc().view);
            return Err(Refusal::Unjustified { view, justify: justify.view, needed });
        }
        // Absorbed before its block was judged (rule C6); the safety argument rests on its being in the record.
        if pacemaker.high_qc().view < justify.view {
            let held = pacemaker.high_qc().view;
            return Err(Refusal::NotHeld { justify: justify.view, held });
        }
        self.record = SafetyRecord { voted: Some(block.clone()), ..acted(set.epoch(), pacemaker) };
        Ok(Gated::new(self.record.clone(), vec![ballot(set, block)]))
    }

    /// A proposal and our own vote for it, behind one record: no crash can come between them.
    ///
    /// # Errors
    /// `Refusal`, the first rule that forbids it.
    // rules P1, P2, P5
    pub fn propose(
        &mut self,
        set: &ValidatorSet,
        pacemaker: &Pacemaker,
        block: Block,
    ) -> Result<Words, Refusal> {
        let current = pacemaker.view();
        if block.view != current {
            return Err(Refusal::NotCurrent { found: block.view, current });
        }
        if !crypto::broken!(ActsAgain) {
            self.may_act(block.view)?;
        }
        let (justify, timeout_cert) = (pacemaker.high_qc(), pacemaker.entered_by());
        justified(block.view, justify.view, timeout_cert)?;
        self.record = SafetyRecord {
            voted: Some(block.clone()),
            proposed: Some(block.clone()),
            ..acted(set.epoch(), pacemaker)
        };
        let vote = ballot(set, &block);
        let proposal = Say::Proposal { block, justify: justify.clone(), timeout_cert: timeout_cert.cloned() };
        Ok(Gated::new(self.record.clone(), vec![proposal, vote]))
    }

    /// A timeout of the current view; said again, exactly what was said before.
    ///
    /// # Errors
    /// `Observer`, `Silent`, or `Acted` if we acted in a later view.
    // rules T2, T3, T4
    pub fn timeout(&mut self, pacemaker: &Pacemaker) -> Result<Words, Refusal> {
        let (view, last) = (pacemaker.view(), self.record.last_acted_view);
        if self.me.is_none() {
            return Err(Refusal::Observer);
        }
        self.expect_voice(view)?;
        if last > view {
            return Err(Refusal::Acted { view, last });
        }
        if !self.timed_out(view) {
            // What we did in this view before stays in the record: it may have to be repeated.
            let (voted, proposed) = match last == view {
                true => (self.record.voted.take(), self.record.proposed.take()),
                false => (None, None),
            };
            let fresh = acted(self.record.epoch, pacemaker);
            self.record = SafetyRecord { timed_out: true, voted, proposed, ..fresh };
        }
        Ok(Gated::new(self.record.clone(), vec![farewell(&self.record)]))
    }

    /// All that we said in the current view, word for word; `None` if we said nothing.
    // rules R3, V9, T4
    pub fn repeat(&self, set: &ValidatorSet, pacemaker: &Pacemaker) -> Option<Words> {
        let record = &self.record;
        if self.me.is_none()
            || record.last_acted_view != pacemaker.view()
            || crypto::broken!(OwnWordsForgotten)
        {
            return None;
        }
        let mut words = Vec::new();
        // Not after a timeout: the record's certificates are then those of the timeout, and nobody waits for the block.
        if let Some(block) = record.proposed.as_ref().filter(|_| !record.timed_out) {
            let timeout_cert = match block.view.follows(record.high_qc.view) {
                true => None,
                false => record.high_tc.clone(),
            };
            words.push(Say::Proposal { block: block.clone(), justify: record.high_qc.clone(), timeout_cert });
        }
        // In the order of their decision: the record may have outlived a crash before any of it was said, and who hears a
        // vote after a timeout of the same view hears what V2 forbids.
        words.extend(record.voted.as_ref().map(|block| ballot(set, block)));
        if record.timed_out {
            words.push(farewell(record));
        }
        Some(Gated::new(record.clone(), words))
    }

    /// What decides our further words: the record.
    pub fn essence(&self, out: &mut Essence) {
        let SafetyRecord { epoch, last_acted_view, high_qc, high_tc, voted, timed_out, proposed } =
            &self.record;
        out.number(epoch.get()).view(*last_acted_view).qc(high_qc).tc(high_tc.as_ref());
        out.maybe(voted.as_ref()).number(u64::from(*timed_out)).maybe(proposed.as_ref());
    }
}

/// The record of an act in the current view, with nothing said yet.
fn acted(epoch: Epoch, pacemaker: &Pacemaker) -> SafetyRecord {
    SafetyRecord {
        epoch,
        last_acted_view: pacemaker.view(),
        high_qc: pacemaker.high_qc().clone(),
        high_tc: pacemaker.high_tc().cloned(),
        voted: None,
        timed_out: false,
        proposed: None,
    }
}

/// Whether a block may stand on a certificate: directly, or because the quorum that left the view before reports
/// nothing higher. Our own certificate is not asked in the second case: one that nobody of that quorum holds cannot
/// have committed anything, and insisting on it would stop us for ever.
// rule V6
fn justified(view: View, justify: View, timeout_cert: Option<&TimeoutCert>) -> Result<(), Refusal> {
    let (holds, needed) = match timeout_cert {
        None => (view.follows(justify), View::new(view.get().saturating_sub(1))),
        Some(tc) if crypto::broken!(ReportIgnored) => (view.follows(tc.view), tc.high_qc.view),
        Some(tc) => (view.follows(tc.view) && justify >= tc.high_qc.view, tc.high_qc.view),
    };
    match holds {
        true => Ok(()),
        false => Err(Refusal::Unjustified { view, justify, needed }),
    }
}

// rule V8
fn ballot(set: &ValidatorSet, block: &Block) -> Say {
    let statement =
        VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() };
    Say::Vote { statement, to: collectors(set, block.view) }
}

/// The timeout that a record stands for. Made from the record alone, so that it is the same after a restart.
fn farewell(record: &SafetyRecord) -> Say {
    let view = record.last_acted_view;
    let last_tc = match view.follows(record.high_qc.view) {
        true => None,
        false => record.high_tc.clone(),
    };
    Say::Timeout { epoch: record.epoch, view, high_qc: record.high_qc.clone(), last_tc }
}

#[cfg(test)]
mod tests;
