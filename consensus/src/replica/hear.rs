//! What a replica makes of each fact, before it looks at what to do.

use proto::ballot::{Timeout, Vote};
use proto::batch::BatchRef;
use proto::block::{Block, CertifiedBlock, Handover};
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Height, TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::SyncInfo;
use proto::proposal::Proposal;
use proto::verified::Verified;

use super::Replica;
use crate::effect::{Effect, Misbehaviour, Recipients};
use crate::fetch::Missing;
use crate::input::{Input, Timer};
use crate::leader::{collectors, leader};
use crate::params::VOTES_AHEAD_MAX;
use crate::proposal::{Kept, fitting};
use crate::tree::Ancestry;
use crate::{timeouts, votes};

impl Replica {
    pub(super) fn hear_proposal(
        &mut self,
        now: TimeMs,
        from: ValidatorIndex,
        proposal: Verified<Proposal>,
        out: &mut Vec<Effect>,
    ) {
        let proposal = proposal.into_inner();
        // rule C6: the certificates are good whatever becomes of the block.
        self.absorb_qc(&proposal.justify, Some(from), out);
        if let Some(tc) = &proposal.timeout_cert {
            self.absorb_tc(tc, Some(from), out);
        }
        let view = proposal.block.view;
        // rule V3
        let expected = leader(&self.set, view);
        if proposal.block.proposer != expected && !crypto::broken!(AnyoneLeads) {
            let reason = Misbehaviour::NotLeader { view, leader: expected };
            return out.push(Effect::Misbehaved { peer: proposal.block.proposer, reason });
        }
        let id = proposal.block.id();
        // rule L2: an old block is of use only if a certificate names it.
        if view.next() < self.view() {
            self.answer(now, from, out);
            if self.fetch.wants(&id) {
                self.take(id, proposal.block, proposal.justify, from, out);
            }
            return;
        }
        let (block, justify) = (proposal.block.clone(), proposal.justify.clone());
        match self.proposals.add(id, proposal) {
            Kept::First => {
                self.take(id, block, justify, from, out);
            }
            Kept::Repeated => {}
            Kept::Contradicts(evidence) => out.push(Effect::Accuse(evidence)),
        }
        // rule S4: the next leader is not silent.
        if self.relay == Some(view) {
            self.end_relay(out);
        }
    }

    pub(super) fn hear_vote(&mut self, now: TimeMs, vote: Verified<Vote>, out: &mut Vec<Effect>) {
        let vote = vote.into_inner();
        let (view, current) = (vote.statement.view, self.view());
        if view.next() < current {
            return self.answer(now, vote.voter, out);
        }
        // rule L1: far views are not counted, and only by those who collect them. Near ones are, for who lags by a view or
        // two may collect them when it comes to them, and nobody says them again.
        let collects = self.me.is_some_and(|me| collectors(&self.set, view).contains(&me));
        if view.get() > current.get().saturating_add(VOTES_AHEAD_MAX) || !collects {
            return;
        }
        let voter = vote.voter;
        match self.votes.add(&self.set, vote) {
            votes::Tallied::Counted | votes::Tallied::Repeated => {}
            votes::Tallied::Contradicts(evidence) => out.push(Effect::Accuse(evidence)),
            votes::Tallied::Quorum(qc) => {
                let teller = Some(leader(&self.set, qc.view)).filter(|leader| self.me != Some(*leader));
                self.absorb_qc(&qc, teller.or(Some(voter)), out);
                if *self.high_qc() == qc {
                    self.begin_relay(qc.view, out);
                }
            }
        }
    }

    pub(super) fn hear_timeout(
        &mut self,
        now: TimeMs,
        from: ValidatorIndex,
        timeout: Verified<Timeout>,
        out: &mut Vec<Effect>,
    ) {
        let timeout = timeout.into_inner();
        // rule C6
        self.absorb_qc(&timeout.high_qc, Some(from), out);
        if let Some(tc) = &timeout.last_tc {
            self.absorb_tc(tc, Some(from), out);
        }
        // Its certificates lead to its view, so it is never ahead of us now.
        if timeout.view < self.view() {
            return self.answer(now, from, out);
        }
        match self.timeouts.add(&self.set, timeout) {
            timeouts::Tallied::Repeated | timeouts::Tallied::Few => {}
            timeouts::Tallied::Contradicts(evidence) => out.push(Effect::Accuse(evidence)),
            // rule T1
            timeouts::Tallied::Blocking => self.time_out(out),
            timeouts::Tallied::Quorum(tc) => {
                self.absorb_tc(&tc, Some(from), out);
                // rule T7: once, by whoever formed it; nobody passes it on.
                self.tell(Recipients::One(leader(&self.set, self.view())), out);
            }
        }
    }

    pub(super) fn hear_sync_info(
        &mut self,
        now: TimeMs,
        from: ValidatorIndex,
        info: &SyncInfo,
        out: &mut Vec<Effect>,
    ) {
        self.absorb_qc(&info.high_qc, Some(from), out);
        if let Some(tc) = &info.high_tc {
            self.absorb_tc(tc, Some(from), out);
        }
        // rule S4: the next leader holds, and told the others itself.
        if info.high_qc.view == self.high_qc().view && from == leader(&self.set, self.view()) {
            self.end_relay(out);
        }
        // rule S2
        let theirs = info.high_qc.view.max(info.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view)).next();
        if theirs < self.view() || info.high_qc.view < self.high_qc().view {
            self.answer(now, from, out);
        }
    }

    pub(super) fn hear_blocks(
        &mut self,
        from: ValidatorIndex,
        wanted: Option<BlockId>,
        blocks: Vec<Verified<CertifiedBlock>>,
        out: &mut Vec<Effect>,
    ) {
        match wanted {
            // The errand ends by itself when its block is here.
            Some(wanted) if self.fetch.wants(&wanted) => {
                if !self.take_chain(from, wanted, blocks, out) {
                    self.fetch.failed(&wanted, from);
                }
            }
            None if self.fetch.catches_up_with(from) => match self.take_range(from, blocks, out) {
                Some(highest) => self.fetch.more(from, highest),
                None => self.fetch.failed_to_catch_up(from),
            },
            // It came by another way.
            Some(_) | None => {}
        }
    }

    /// Takes the block asked for and as many of its ancestors as came; each is named by the one above it.
    // rule F1
    fn take_chain(
        &mut self,
        from: ValidatorIndex,
        wanted: BlockId,
        blocks: Vec<Verified<CertifiedBlock>>,
        out: &mut Vec<Effect>,
    ) -> bool {
        let came = blocks.len();
        let mut offered: Vec<(BlockId, CertifiedBlock)> =
            blocks.into_iter().map(|block| (block.block.id(), block.into_inner())).collect();
        let mut next = wanted;
        while let Some(position) = offered.iter().position(|(id, _)| *id == next) {
            let (id, CertifiedBlock { block, justify, batches: _ }) = offered.swap_remove(position);
            next = block.parent;
            self.absorb_qc(&justify, Some(from), out);
            self.take(id, block, justify, from, out);
        }
        let useful = offered.len() < came;
        if !useful && came > 0 {
            out.push(Effect::Misbehaved { peer: from, reason: Misbehaviour::UnwantedBlocks });
        }
        useful
    }

    /// Takes blocks from below, each certified by the one above it; the last one only if its certificate is here. Returns
    /// the greatest height taken.
    // rule F5
    fn take_range(
        &mut self,
        from: ValidatorIndex,
        blocks: Vec<Verified<CertifiedBlock>>,
        out: &mut Vec<Effect>,
    ) -> Option<Height> {
        let mut blocks: Vec<CertifiedBlock> = blocks.into_iter().map(Verified::into_inner).collect();
        blocks.sort_by_key(|block| block.block.height);
        let mut certified: Vec<BlockId> = blocks.iter().map(|block| block.justify.block).collect();
        for block in &blocks {
            self.absorb_qc(&block.justify, Some(from), out);
        }
        certified.push(self.high_qc().block);
        let mut highest = None;
        for CertifiedBlock { block, justify, batches: _ } in blocks {
            let (id, height) = (block.id(), block.height);
            let attached = (certified.contains(&id) || crypto::broken!(RangeUncertified))
                && self.tree.header(&block.parent).is_some();
            if attached && self.take(id, block, justify, from, out) {
                highest = Some(height);
            }
        }
        highest
    }

    /// The epoch is over here: who is still in it is shown how it ended, and nothing else is done.
    // rule H4
    pub(super) fn hear_after_the_end(&mut self, now: TimeMs, input: &Input, out: &mut Vec<Effect>) {
        match input {
            Input::Proposal { from, .. } | Input::Timeout { from, .. } => self.answer(now, *from, out),
            Input::SyncInfo { from, info } if info.high_qc.view < self.high_qc().view => {
                self.answer(now, *from, out);
            }
            Input::Vote(vote) => self.answer(now, vote.voter, out),
            Input::Connected { peer } => self.tell(Recipients::One(*peer), out),
            Input::SyncInfo { .. }
            | Input::Shown { .. }
            | Input::Leap { .. }
            | Input::Refetch
            | Input::Blocks { .. }
            | Input::FetchFailed { .. }
            | Input::TimerFired { .. }
            | Input::Payload { .. }
            | Input::Available { .. }
            | Input::Work { .. } => {}
        }
    }

    pub(super) fn hear_timer(&mut self, now: TimeMs, timer: Timer, out: &mut Vec<Effect>) {
        match timer {
            // rules T1, T4
            Timer::View { view } | Timer::Resend { view } => {
                if self.pacemaker.fired(timer) && view == self.view() {
                    self.time_out(out);
                }
            }
            // rule I5
            Timer::Heartbeat { view } => {
                if self.pacemaker.fired(timer) && view == self.view() && self.leads() {
                    self.propose(now, Vec::new(), None, out);
                }
            }
            // rule S4
            Timer::Relay { view } => {
                if self.relay == Some(view) {
                    self.relay = None;
                    self.tell(Recipients::All, out);
                }
            }
            // rule F4
            Timer::Fetch { block } => self.fetch.late(&block),
        }
    }

    pub(super) fn hear_payload(
        &mut self,
        now: TimeMs,
        view: View,
        (batches, handover): (Vec<BatchRef>, Option<Handover>),
        out: &mut Vec<Effect>,
    ) {
        if view != self.view() || !self.leads() {
            return;
        }
        let batches = fitting(batches, &self.ordered_above_root().unwrap_or_default());
        // rule H1: a leader that alone knows of the last commit would be understood by nobody, so it first makes it known.
        let waits = handover.is_some();
        let handover = handover.filter(|_| self.root_is_shown());
        if !batches.is_empty() || waits || self.tree.has_work(self.high_qc()) {
            return self.propose(now, batches, handover, out);
        }
        // rule I4: the one certificate that no proposal will carry is sent alone.
        if self.formed.take().is_some_and(|formed| view.follows(formed)) {
            self.end_relay(out);
            self.tell(Recipients::All, out);
        }
    }

    /// Takes a quorum certificate, unless it contradicts the block it names.
    // rules C5, C6
    fn absorb_qc(&mut self, qc: &QuorumCert, teller: Option<ValidatorIndex>, out: &mut Vec<Effect>) {
        let before = self.view();
        if self.tree.contradicts(qc) {
            return;
        }
        if self.pacemaker.absorb_qc(qc) {
            self.teller = teller;
        } else {
            self.keep_aside(qc, teller);
        }
        self.moved(before, out);
    }

    /// Keeps an older certificate of a block that is not here or makes its parent final, while nothing is missing under the
    /// highest, or all have been asked for that in vain. One at a time; it gives way likewise.
    // rule K5
    fn keep_aside(&mut self, qc: &QuorumCert, teller: Option<ValidatorIndex>) {
        if !self.tree.may_finish(qc) || self.high_qc().block == qc.block || self.tree.stands_on(&qc.block) {
            return;
        }
        let free = self.aside.as_ref().is_none_or(|it| self.fetch.has_failed(&it.certificate.block));
        let idle = match self.tree.ancestry(self.high_qc()) {
            Ancestry::Whole(_) => true,
            Ancestry::Missing(lowest) => self.fetch.has_failed(&lowest.block),
            Ancestry::Beside => false,
        };
        if free && idle && !crypto::broken!(OlderCertificatesIgnored) {
            self.aside = Some(Missing { certificate: qc.clone(), hint: teller });
        }
    }

    /// Takes a timeout certificate and the quorum certificate inside.
    // rule C6
    fn absorb_tc(&mut self, tc: &TimeoutCert, teller: Option<ValidatorIndex>, out: &mut Vec<Effect>) {
        self.absorb_qc(&tc.high_qc, teller, out);
        let before = self.view();
        self.pacemaker.absorb_tc(tc);
        self.moved(before, out);
    }

    /// Forgets what belongs to views now over.
    fn moved(&mut self, before: View, out: &mut Vec<Effect>) {
        if self.view() == before {
            return;
        }
        self.end_relay(out);
        let last = View::new(self.view().get().saturating_sub(1));
        self.votes.forget_before(last);
        self.proposals.forget_before(last);
    }

    /// Takes a block into the tree and asks for its batches. True if it was new.
    fn take(
        &mut self,
        id: BlockId,
        block: Block,
        justify: QuorumCert,
        from: ValidatorIndex,
        out: &mut Vec<Effect>,
    ) -> bool {
        let question = (!block.is_empty()).then(|| Effect::CheckBatches { block: block.clone(), from });
        let new = self.tree.insert(id, block, justify);
        if new {
            out.extend(question);
        }
        new
    }

    /// Shows a peer that lags our certificates: once a view, and again if it has not caught up after the time of one.
    // rule S2
    fn answer(&mut self, now: TimeMs, peer: ValidatorIndex, out: &mut Vec<Effect>) {
        let view = self.view();
        let again = match self.answered.get(&peer) {
            Some((last, at)) => *last != view || now.get().abs_diff(at.get()) >= self.config.view_timeout_ms,
            None => self.set.get(peer).is_some(),
        };
        if again && self.me != Some(peer) {
            self.answered.insert(peer, (view, now));
            self.tell(Recipients::One(peer), out);
        }
    }

    /// Says that we leave the view, or says so again.
    fn time_out(&mut self, out: &mut Vec<Effect>) {
        // Refused only to observers: who acted in a later view is in a later view.
        out.extend(self.safety.timeout(&self.pacemaker).ok().map(Effect::Speak));
    }

    /// We formed the certificate of `view`: if the next leader stays silent, we show it to the others in time, before
    /// they leave the view and the block is lost.
    // rule S4
    fn begin_relay(&mut self, view: View, out: &mut Vec<Effect>) {
        self.formed = Some(view);
        if !self.leads() {
            let next = view.next();
            let after_ms = self.view_ms() / 2;
            self.relay = Some(next);
            out.push(Effect::StartTimer { timer: Timer::Relay { view: next }, after_ms });
        }
    }

    pub(super) fn end_relay(&mut self, out: &mut Vec<Effect>) {
        if let Some(view) = self.relay.take() {
            out.push(Effect::StopTimer { timer: Timer::Relay { view } });
        }
    }
}
