//! The bodies of blocks: which batches a block still waits for, and those that are here.
//!
//! A vote says that the voter holds what it votes for, and a commit needs it; so a block's batches are gathered
//! once and kept until the block is applied. Batches that do not come by themselves are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Gated, Say};
use mempool::batches::Batches;
use proto::batch::{Batch, BatchRef};
use proto::block::{Block, CertifiedBlock};
use proto::counter::Height;
use proto::id::{BatchId, BlockId, ValidatorIndex};
use proto::record::SafetyRecord;
use proto::verified::Verified;

use crate::command::{Command, JournalWrite};
use crate::engine::Engine;
use crate::event::Timer;

/// How long batches may be under way by themselves before they are asked for, in milliseconds.
const FETCH_AFTER_MS: u64 = 20;
/// How long an answer may take before the next peer is asked, in milliseconds.
pub(crate) const RETRY_AFTER_MS: u64 = 500;
/// Most blocks whose batches are awaited at one time.
const AWAITED_MAX: usize = 256;

struct Awaited {
    block: Block,
    from: ValidatorIndex,
    tries: u16,
}

/// A block with all its batches.
struct Whole {
    block: Block,
    batches: Vec<Arc<Verified<Batch>>>,
}

/// The batches of blocks that are not yet applied.
#[derive(Default)]
pub(crate) struct Bodies {
    whole: BTreeMap<BlockId, Whole>,
    awaited: BTreeMap<BlockId, Awaited>,
    journaled: BTreeMap<BlockId, Height>,
    /// Batches offered for the block that we are about to propose.
    offered: Vec<(BatchRef, Arc<Verified<Batch>>)>,
}

impl Bodies {
    /// The bodies that the journal kept.
    pub(crate) fn recovered(blocks: &[Verified<CertifiedBlock>]) -> Self {
        let mut bodies = Self::default();
        for it in blocks {
            bodies.journaled.insert(it.block.id(), it.block.height);
            let batches = it.batches().map(Arc::new).collect();
            bodies.whole.insert(it.block.id(), Whole { block: it.block.clone(), batches });
        }
        bodies
    }

    /// Keeps the batches of a block, which are known to be the ones it names.
    pub(crate) fn keep(&mut self, block: &Block, batches: Vec<Arc<Verified<Batch>>>) {
        self.whole.insert(block.id(), Whole { block: block.clone(), batches });
    }

    /// The batches of a block, when all are here.
    pub(crate) fn of(&self, block: &BlockId) -> Option<&[Arc<Verified<Batch>>]> {
        self.whole.get(block).map(|whole| whole.batches.as_slice())
    }

    /// One batch, when a block kept here names it.
    pub(crate) fn batch(&self, id: &BatchId) -> Option<&Verified<Batch>> {
        self.whole.values().find_map(|Whole { block, batches }| {
            let position = block.batches.iter().position(|batch| batch.id == *id)?;
            batches.get(position).map(Arc::as_ref)
        })
    }

    /// Who proposed a waiting block that names this batch.
    pub(crate) fn proposer_awaiting(&self, id: &BatchId) -> Option<ValidatorIndex> {
        let names = |it: &&Awaited| it.block.batches.iter().any(|batch| batch.id == *id);
        self.awaited.values().find(names).map(|it| it.block.proposer)
    }

    /// Remembers a block that waits for its batches, or for our ledger to come as far as it hands over from.
    pub(crate) fn wait_for(&mut self, block: Block, from: ValidatorIndex) {
        if self.awaited.len() < AWAITED_MAX {
            self.awaited.insert(block.id(), Awaited { block, from, tries: 0 });
        }
    }

    /// The blocks that wait and have all their batches by now.
    pub(crate) fn completed(&mut self, batches: &Batches) -> Vec<Block> {
        let blocks: Vec<_> = self.awaited.values().map(|it| it.block.clone()).collect();
        blocks.into_iter().filter(|block| self.gather(block, batches)).collect()
    }

    /// A block waits no longer.
    pub(crate) fn done(&mut self, block: &BlockId) {
        self.awaited.remove(block);
    }

    /// The blocks that wait.
    pub(crate) fn awaited(&self) -> Vec<BlockId> {
        self.awaited.keys().copied().collect()
    }

    /// Whether all batches of `block` are here; from now on they are kept with it.
    pub(crate) fn gather(&mut self, block: &Block, batches: &Batches) -> bool {
        if self.whole.contains_key(&block.id()) {
            return true;
        }
        let here = |named: &BatchRef| match self.offered.iter().find(|(offered, _)| offered == named) {
            Some((_, batch)) => Some(Arc::clone(batch)),
            None => batches.named(named).map(|batch| Arc::new(batch.clone())),
        };
        match block.batches.iter().map(here).collect() {
            Some(found) => {
                self.keep(block, found);
                true
            }
            None => false,
        }
    }

    /// Holds on to the batches that a block of ours may order: what is committed before we are asked for its body may
    /// have decided all that is in one of them, and then nobody else keeps it.
    pub(crate) fn offer(&mut self, payload: &[BatchRef], batches: &Batches) {
        let here = |named: &BatchRef| Some((named.clone(), Arc::new(batches.named(named)?.clone())));
        self.offered = payload.iter().filter_map(here).collect();
    }

    /// Forgets the bodies at a height and below.
    pub(crate) fn forget(&mut self, height: Height) {
        self.whole.retain(|_, whole| whole.block.height > height);
        self.awaited.retain(|_, it| it.block.height > height);
        self.journaled.retain(|_, at| *at > height);
    }
}

/// Gives the batches of a block time to come by themselves.
pub(crate) fn fetch_later(block: BlockId) -> Command {
    Command::StartTimer { timer: Timer::FetchBatches { block }, after_ms: FETCH_AFTER_MS }
}

impl Engine {
    /// Puts the body of a block that is voted for into the same write as the vote's record: what a quorum
    /// voted for can then always be had from one of them.
    pub(crate) fn journal(&mut self, gate: Gated<SafetyRecord, Say>) -> Command {
        let body = gate.write().voted.as_ref().and_then(|block| self.unjournaled(block));
        if gate.write().proposed.is_some() {
            self.bodies.offered.clear();
        }
        let settled = self.settled;
        Command::Journal(gate.map(|record| JournalWrite { record, body, settled }, Command::Say))
    }

    fn unjournaled(&mut self, block: &Block) -> Option<Box<CertifiedBlock>> {
        let id = block.id();
        self.bodies.gather(block, &self.batches);
        if self.bodies.journaled.insert(id, block.height).is_some() {
            return None;
        }
        let (_, justify) = self.replica.block(&id)?;
        let batches = self.bodies.of(&id)?.iter().map(|batch| Batch::clone(batch)).collect();
        Some(Box::new(CertifiedBlock { block: block.clone(), justify: justify.clone(), batches }))
    }

    /// Asks for what a block still waits for, its batches or all of it, in turn: first who sent it, then the others.
    pub(crate) fn fetch_batches(&mut self, block: BlockId, out: &mut Vec<Command>) {
        let count = self.set.count() as u16;
        // Then it waits for our ledger alone.
        if self.bodies.whole.contains_key(&block) {
            return;
        }
        let Some(awaited) = self.bodies.awaited.get_mut(&block) else { return };
        let peer = ValidatorIndex::new((awaited.from.get() + awaited.tries / 2) % count);
        let asks_body = awaited.tries % 2 == 1;
        awaited.tries = awaited.tries.wrapping_add(1);
        let awaited = awaited.block.clone();
        out.push(Command::StartTimer { timer: Timer::FetchBatches { block }, after_ms: RETRY_AFTER_MS });
        if Some(peer) == self.me {
            return;
        }
        match asks_body {
            true => self.ask_body(peer, &awaited, out),
            false => {
                let missing = self.batches.missing(&awaited.batches);
                // None is when all are here but not as the block states them: then only its proposer could explain.
                if !missing.is_empty() {
                    self.ask_batches(peer, missing, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Scheme, SecretKey};
    use mempool::batches::Source;
    use mempool::limits::BatchesLimits;
    use proto::counter::TimeMs;
    use proto::id::{Did, NetworkId, Tenant};
    use proto::operation::Operation;
    use proto::submission::{Body, Submission};
    use proto::verified::{Strict, Unverified};

    use super::*;

    fn batch(author: ValidatorIndex) -> Verified<Batch> {
        let key = SecretKey::from_seed(Scheme::Ed25519, &[1; 32]).expect("a scheme that signs");
        let network = NetworkId::default();
        let operation =
            Operation::BatchAnchor { root: crypto::sha256(b"root"), count: 1, tree: "any".to_owned() };
        let body = Body {
            network,
            tenant: Tenant::default_tenant(),
            author: Did::of(key.public()),
            key: key.public().clone(),
            nonce: 1,
            expires_at: None,
            operation,
        };
        let submission = Unverified::new(body.sign(&key)).verify(&network, &Strict).expect("signed here");
        Verified::pack(author, vec![submission])
    }

    /// What is in a batch may be decided by another block after the leader has chosen the batch and before it proposes.
    #[test]
    fn what_was_offered_is_here_until_it_is_proposed() {
        let by = ValidatorIndex::new(0);
        let batch = batch(by);
        let named = ledger::batch_ref(&batch);
        let decided: Vec<_> = batch.submissions.iter().map(Submission::id).collect();
        let mut batches = Batches::new(BatchesLimits::default());
        batches.insert(named.clone(), batch, Source::Pushed { by }).expect("there is room");
        let mut block = Block::genesis(&NetworkId::default(), TimeMs::ZERO);
        block.batches = vec![named.clone()];

        let mut bodies = Bodies::default();
        bodies.offer(&[named], &batches);
        batches.forget(decided);
        assert_eq!(batches.count(), 0, "nobody else keeps it");
        assert!(!Bodies::default().gather(&block, &batches));
        assert!(bodies.gather(&block, &batches));
        assert_eq!(bodies.of(&block.id()).map(<[_]>::len), Some(1));
    }
}
