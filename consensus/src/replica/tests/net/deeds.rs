//! The shell of the test network: performs effects, and watches that no member contradicts itself or another.

use std::collections::VecDeque;

use proto::block::{Block, CertifiedBlock};
use proto::certificate::QuorumCert;
use proto::counter::{Height, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, Response};
use proto::record::SafetyRecord;

use super::{CrashPoint, Letter, Net};
use crate::testing::{Ideal, i, proposal, timeout, vote};
use crate::{CommittedBlock, Effect, Gated, Input, Recipients, Say, Tip};

impl Net {
    pub(super) fn perform(&mut self, at: usize, effects: Vec<Effect>) {
        let me = i(at as u16);
        // Answers wait until the last effect of the step is performed.
        let mut answers = VecDeque::new();
        for effect in effects {
            if self.members[at].replica.is_none() {
                return;
            }
            match effect {
                Effect::Speak(words) => self.speak(at, words),
                Effect::Send { to, message } => match to {
                    Recipients::All => self.broadcast(at, &message),
                    Recipients::One(to) => self.post(at, usize::from(to.get()), message),
                },
                Effect::StartTimer { timer, after_ms } => {
                    self.timers.insert((at, timer), self.now.plus(after_ms));
                }
                Effect::StopTimer { timer } => {
                    self.timers.remove(&(at, timer));
                }
                Effect::BuildPayload { view, exclude } => {
                    let pool = &self.members[at].pool;
                    let batches =
                        pool.iter().filter(|batch| !exclude.contains(&batch.id)).take(3).cloned().collect();
                    answers.push_back(Input::Payload { view, batches, handover: None });
                }
                Effect::CheckBatches { block, from: _ } => match self.members[at].withhold {
                    true => self.members[at].withheld.push(block.id()),
                    false => answers.push_back(Input::Available { block: block.id() }),
                },
                Effect::Fetch { block, above, from } => {
                    let blocks = self.serve_chain(usize::from(from.get()), block, above);
                    self.answer(me, from, Some(block), blocks);
                }
                Effect::CatchUp { block: _, from_height, from } => {
                    let blocks = self.serve_range(usize::from(from.get()), from_height);
                    self.answer(me, from, None, blocks);
                }
                Effect::Commit(committed) => {
                    self.commit(at, committed);
                    if self.members[at].pool.is_empty() {
                        answers.push_back(Input::Work { waiting: false });
                    }
                }
                Effect::Accuse(evidence) => {
                    evidence.verify(&self.set, &Ideal).unwrap();
                    self.evidence.push(evidence);
                }
                Effect::Misbehaved { peer, reason } => self.misbehaved.push((peer, reason)),
                Effect::Halt(fork) => panic!("member {at} halted: {fork:?}"),
            }
        }
        for answer in answers {
            self.hear(at, answer);
        }
    }

    fn speak(&mut self, at: usize, words: Gated<SafetyRecord, Say>) {
        let me = i(at as u16);
        let crash_at = self.members[at].crash_at;
        if crash_at == Some(CrashPoint::BeforeWrite) {
            return self.crash(at);
        }
        let member = &mut self.members[at];
        let says = words.open(|record| {
            let acted = member.record.as_ref().map_or(View::ZERO, |record| record.last_acted_view);
            assert!(record.last_acted_view >= acted, "a record goes back from {acted}");
            if let Some(block) = &record.voted {
                let id = block.id();
                let justified = member.replica.as_ref().and_then(|replica| replica.block(&id));
                member.journal.extend(justified.map(|block| (id, block.clone())));
            }
            member.record = Some(record.clone());
            Ok::<(), ()>(())
        });
        if crash_at == Some(CrashPoint::AfterWrite) {
            return self.crash(at);
        }
        for say in says.unwrap() {
            match say {
                Say::Vote { statement, to } => {
                    self.never_contradicts(
                        at,
                        "vote",
                        statement.view,
                        statement.signed_bytes(self.set.network()),
                    );
                    let vote = vote(&self.set, me, statement);
                    for to in to {
                        self.post(at, usize::from(to.get()), Message::Vote(vote.clone()));
                    }
                }
                Say::Timeout { epoch: _, view, high_qc, last_tc } => {
                    let timeout = timeout(&self.set, me, view, high_qc, last_tc);
                    self.never_contradicts(at, "timeout", view, timeout.signature.as_bytes().to_vec());
                    self.post(at, at, Message::Timeout(timeout.clone()));
                    self.broadcast(at, &Message::Timeout(timeout));
                }
                Say::Proposal { block, justify, timeout_cert } => {
                    self.never_contradicts(at, "proposal", block.view, block.id().as_bytes().to_vec());
                    let proposal = proposal(&self.set, block, justify, timeout_cert);
                    self.post(at, at, Message::Proposal(proposal.clone()));
                    self.broadcast(at, &Message::Proposal(proposal));
                }
            }
        }
        if crash_at == Some(CrashPoint::AfterSending) {
            self.crash(at);
        }
    }

    /// One statement of a kind and view for ever, whatever crashed in between.
    fn never_contradicts(&mut self, at: usize, kind: &'static str, view: View, bytes: Vec<u8>) {
        let first = self.members[at].said.entry((kind, view)).or_insert_with(|| bytes.clone());
        assert_eq!(*first, bytes, "member {at} contradicts its {kind} of view {view}");
        let acted = self.members[at].record.as_ref().unwrap().last_acted_view;
        assert_eq!(acted, view, "member {at} spoke of view {view} behind a record of view {acted}");
    }

    fn commit(&mut self, at: usize, committed: CommittedBlock) {
        let CommittedBlock { block, justify, certificate, is_followed: _, end: _ } = &committed;
        let member = &mut self.members[at];
        assert_eq!(block.height, member.tip.block.height.next(), "a height is skipped or repeated");
        assert_eq!(block.parent, member.tip.block.id(), "not on its parent");
        assert_eq!(justify.block, block.parent);
        assert_eq!(certificate.block, block.id());
        certificate.verify(&self.set, &Ideal).unwrap();
        let agreed = self.chain.entry(block.height).or_insert_with(|| block.id());
        assert_eq!(*agreed, block.id(), "two histories at height {}", block.height);
        member.tip = Tip { block: block.clone(), certificate: certificate.clone() };
        member.journal.retain(|_, (journaled, _)| journaled.height > block.height);
        member.pool.retain(|batch| !block.batches.contains(batch));
        member.log.push(committed);
    }

    fn answer(
        &mut self,
        to: ValidatorIndex,
        from: ValidatorIndex,
        wanted: Option<BlockId>,
        blocks: Option<Vec<CertifiedBlock>>,
    ) {
        let (to, server) = (usize::from(to.get()), usize::from(from.get()));
        *self.sent.entry("request").or_default() += 1;
        let lost = self.cut.contains(&(to, server)) || self.dice.roll(100) < self.loss;
        if let (Some(blocks), false) = (blocks, lost) {
            let delay = 2 + self.dice.roll(self.delay_max);
            self.enqueue(to, delay, Letter::Answer { from, wanted, blocks });
        }
    }

    fn known(&self, at: usize, id: &BlockId) -> Option<(Block, QuorumCert)> {
        let member = &self.members[at];
        let uncommitted = member.replica.as_ref()?.block(id).cloned();
        let committed = || member.log.iter().find(|committed| committed.block.id() == *id);
        uncommitted.or_else(|| committed().map(|it| (it.block.clone(), it.justify.clone())))
    }

    fn serve_chain(&self, at: usize, newest: BlockId, above: Height) -> Option<Vec<CertifiedBlock>> {
        self.members[at].replica.as_ref()?;
        let mut blocks = Vec::new();
        let mut next = newest;
        while let Some((block, justify)) = self.known(at, &next) {
            if block.height <= above || blocks.len() == Response::BLOCKS_MAX {
                break;
            }
            next = block.parent;
            blocks.push(CertifiedBlock { block, justify, batches: Vec::new() });
        }
        Some(blocks)
    }

    fn serve_range(&self, at: usize, from: Height) -> Option<Vec<CertifiedBlock>> {
        self.members[at].replica.as_ref()?;
        let log = self.members[at].log.iter().filter(|committed| committed.block.height >= from);
        let certified = |it: &CommittedBlock| CertifiedBlock {
            block: it.block.clone(),
            justify: it.justify.clone(),
            batches: Vec::new(),
        };
        Some(log.map(certified).take(Response::BLOCKS_MAX).collect())
    }
}
