//! What a replica does with the state it finds: commit, vote, propose, fetch, wait.

use proto::batch::BatchRef;
use proto::block::Handover;
use proto::counter::{TimeMs, View};
use proto::id::BatchId;

use super::Replica;
use crate::commit::{Decision, commit};
use crate::effect::{Effect, Fork, Recipients};
use crate::fetch::Missing;
use crate::input::Timer;
use crate::proposal::{Verdict, build, judge};
use crate::tree::{Ancestry, Closing};

impl Replica {
    /// Everything the present state allows. Commits come first: what is final is no longer a reason to go on.
    pub(super) fn settle(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.commit(out);
        if self.halted.is_some() || self.closed {
            return;
        }
        self.vote(now, out);
        self.ask_payload(now, out);
        self.ask_blocks(out);
        self.wait(out);
    }

    fn commit(&mut self, out: &mut Vec<Effect>) {
        let aside = self.aside.as_ref().map(|it| &it.certificate);
        let shown: Vec<_> = [self.pacemaker.high_qc()].into_iter().chain(aside).collect();
        match commit(&mut self.tree, &shown) {
            Decision::Wait => {}
            Decision::Commit(blocks) => {
                let closed = blocks.last().is_some_and(|last| last.end.is_some());
                out.extend(blocks.into_iter().map(Effect::Commit));
                if closed {
                    return self.close(out);
                }
            }
            // rule K4
            Decision::Fork(certificate) => {
                let root = self.tree.root();
                let fork = Fork { committed: root.id(), height: root.height, certificate };
                self.halted = Some(fork.clone());
                self.pacemaker.run(None, out);
                out.push(Effect::Halt(fork));
            }
        }
        self.aside = self.aside.take().filter(|it| self.tree.may_finish(&it.certificate));
        let justify = self.proposals.of(self.pacemaker.view()).map(|(_, proposal)| &proposal.justify);
        let aside = self.aside.as_ref().map(|it| &it.certificate);
        let kept: Vec<_> = [self.pacemaker.high_qc()].into_iter().chain(justify).chain(aside).collect();
        self.tree.shrink(&kept);
    }

    /// Votes for the proposal of the view as soon as every rule allows it. All are asked anew each time, because what
    /// was missing may have come after the view changed.
    // rules V1 to V6
    fn vote(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        let Some((id, proposal)) = self.proposals.of(self.pacemaker.view()) else {
            return;
        };
        match judge(&self.tree, id, &proposal.block, now, self.config.clock_bound_ms) {
            Verdict::Fit => {}
            Verdict::ParentMissing
            | Verdict::BatchesMissing
            | Verdict::Ahead
            | Verdict::NotLater
            | Verdict::AfterClosing => return,
        }
        let block = (&proposal.block, &proposal.justify);
        let words = self.safety.vote(&self.set, &self.pacemaker, block, proposal.timeout_cert.as_ref());
        // A refusal is the ordinary case: most steps come after we have voted.
        out.extend(words.ok().map(Effect::Speak));
    }

    /// As leader, asks what to order: once for each parent, and again when work arrives.
    // rules P1, I2
    fn ask_payload(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        let view = self.view();
        let question = Some((view, self.high_qc().view));
        let acted = self.safety.may_act(view).is_err() && !crypto::broken!(ActsAgain);
        if !self.leads() || self.asked == question || acted {
            return;
        }
        if let Some(exclude) = self.ordered_above_root() {
            self.asked = question;
            // rule H3: nothing is left to ask for.
            if self.closing() {
                return self.propose(now, Vec::new(), None, out);
            }
            out.push(Effect::BuildPayload { view, exclude });
        }
    }

    /// Proposes for the current view, which we lead.
    // rules P1 to P5
    pub(super) fn propose(
        &mut self,
        now: TimeMs,
        batches: Vec<BatchRef>,
        handover: Option<Handover>,
        out: &mut Vec<Effect>,
    ) {
        let (Some(me), Some(parent)) = (self.me, self.tree.header(&self.pacemaker.high_qc().block)) else {
            return;
        };
        let block = build(me, &self.pacemaker, parent, now, batches, handover);
        let justify = self.pacemaker.high_qc().clone();
        let Ok(words) = self.safety.propose(&self.set, &self.pacemaker, block.clone()) else {
            return;
        };
        let id = block.id();
        self.tree.insert(id, block, justify);
        // The engine gave us these batches: they are here.
        self.tree.set_here(&id);
        self.formed = None;
        out.push(Effect::Speak(words));
    }

    /// Whether an uncommitted block that we would build on closes the epoch.
    pub(super) fn closing(&self) -> bool {
        self.tree.closing(&self.high_qc().block) == Closing::Yes
    }

    /// Whether everybody who can judge a block of ours has committed what we have: because the blocks between make it final,
    /// or because the epoch began with it.
    // rule H1
    pub(super) fn root_is_shown(&self) -> bool {
        let root = self.tree.root_view();
        match self.tree.ancestry(self.high_qc()) {
            Ancestry::Whole(path) => match path.first().and_then(|first| self.tree.get(first)) {
                Some((first, _)) => root == View::ZERO || first.view.follows(root),
                None => root == View::ZERO,
            },
            Ancestry::Missing(_) | Ancestry::Beside => false,
        }
    }

    /// The epoch is over: nothing runs any more, and nothing more is said.
    // rule H4
    fn close(&mut self, out: &mut Vec<Effect>) {
        self.closed = true;
        // rule I4: no proposal will carry this certificate.
        if self.formed.take().is_some() {
            self.tell(Recipients::All, out);
        }
        self.pacemaker.run(None, out);
        self.end_relay(out);
        self.fetch.want(&self.config, self.me, &self.tree, &[], out);
    }

    /// Batches of the uncommitted blocks we would build on; `None` while one of them is missing.
    pub(super) fn ordered_above_root(&self) -> Option<Vec<BatchId>> {
        match self.tree.ancestry(self.high_qc()) {
            Ancestry::Whole(path) => {
                let blocks = path.iter().filter_map(|id| self.tree.get(id));
                Some(blocks.flat_map(|(block, _)| block.batches.iter().map(|batch| batch.id)).collect())
            }
            Ancestry::Missing(_) | Ancestry::Beside => None,
        }
    }

    /// Asks for what is missing under our highest certificate and under the proposal of the view, and for the block of the
    /// certificate kept aside.
    // rule F2
    fn ask_blocks(&mut self, out: &mut Vec<Effect>) {
        let mut missing = Vec::new();
        if let Ancestry::Missing(certificate) = self.tree.ancestry(self.high_qc()) {
            missing.push(Missing { certificate, hint: self.teller });
        }
        if let Some((_, proposal)) = self.proposals.of(self.view())
            && let Ancestry::Missing(certificate) = self.tree.ancestry(&proposal.justify)
        {
            missing.push(Missing { certificate, hint: Some(proposal.block.proposer) });
        }
        if let Some(aside) = &self.aside
            && self.tree.get(&aside.certificate.block).is_none()
        {
            missing.push(aside.clone());
        }
        self.fetch.want(&self.config, self.me, &self.tree, &missing, out);
    }

    /// Lets the timer run that the state asks for. The idle network has none, unless it is to show that it lives.
    // rules T1, T4, I3, I5
    fn wait(&mut self, out: &mut Vec<Effect>) {
        let view = self.view();
        let left = self.safety.timed_out(view);
        let timer = match (self.me, self.working(), self.config.heartbeat_ms) {
            (None, _, _) | (Some(_), false, None) => None,
            (Some(_), true, _) if left && crypto::broken!(TimeoutSaidOnce) => None,
            (Some(_), true, _) if left => Some((Timer::Resend { view }, self.config.resend_ms)),
            (Some(_), true, _) => Some((Timer::View { view }, self.view_ms())),
            (Some(_), false, Some(_)) if left => Some((Timer::Resend { view }, self.config.resend_ms)),
            (Some(_), false, Some(heartbeat_ms)) => match self.leads() && self.safety.may_act(view).is_ok() {
                true => Some((Timer::Heartbeat { view }, heartbeat_ms)),
                false => Some((Timer::View { view }, heartbeat_ms.saturating_add(self.view_ms()))),
            },
        };
        self.pacemaker.run(timer, out);
    }

    /// How long the current view may last, in ms. Only a commit brings the time down again.
    // rule T5
    pub(super) fn view_ms(&self) -> u64 {
        // A healthy view is at most three above the last committed one.
        let healthy = self.tree.root_view().get().saturating_add(3);
        self.config.view_ms(self.view().get().saturating_sub(healthy))
    }
}
