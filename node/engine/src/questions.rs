//! Questions between nodes: what this one asks to catch up, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::Input;
use proto::batch::Batch;
use proto::block::{Block, CertifiedBlock};
use proto::canonical::Canonical as _;
use proto::counter::{Height, TimeMs, TreeSize};
use proto::id::{BatchId, BlockId, ValidatorIndex};
use proto::message::{Request, Response};
use proto::verified::Verified;

use crate::catchup::Errand;
use crate::command::Command;
use crate::engine::Engine;
use crate::event::{Peer, QuestionId, VerifiedResponse};

/// Largest answer, in bytes, but for a single block, which fits a frame of 4 MiB whatever is in it.
const ANSWER_BYTES_MAX: usize = 3 << 20;
/// Most questions under way.
const OPEN_MAX: usize = 256;

#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// The replica lacks blocks.
    Blocks { block: BlockId, peer: ValidatorIndex, wanted: Option<BlockId> },
    /// A known block lacks batches: the block is asked for whole, for a peer that applied it keeps it so.
    Body,
    /// A known block lacks batches that may not be in a block yet.
    Batches,
    /// A head that opened an epoch is not certified here.
    Checkpoint,
    /// We do not vote, and want to know where the network stands.
    Certificates { peer: Peer },
    /// We are far behind, or do not know how far.
    CatchUp { errand: Errand, peer: Peer },
}

/// The questions that wait for an answer.
#[derive(Default)]
pub(crate) struct Questions {
    next: u64,
    open: BTreeMap<QuestionId, Purpose>,
}

impl Questions {
    /// Answers to what was asked before are of no use any more.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
    }
}

impl Engine {
    /// Asks a validator of our epoch, or who may stand in for it.
    fn ask_validator(
        &mut self,
        validator: ValidatorIndex,
        request: Request,
        purpose: Purpose,
        out: &mut Vec<Command>,
    ) {
        if let Some(to) = self.instead_of(validator, &request) {
            self.ask(to, request, purpose, out);
        }
    }

    /// Asks, unless too many questions are open; says whether it did.
    pub(crate) fn ask(
        &mut self,
        to: Peer,
        request: Request,
        purpose: Purpose,
        out: &mut Vec<Command>,
    ) -> bool {
        if self.questions.open.len() >= OPEN_MAX {
            return false;
        }
        let question = QuestionId(self.questions.next);
        self.questions.next += 1;
        self.questions.open.insert(question, purpose);
        out.push(Command::Ask { to, question, request });
        true
    }

    pub(crate) fn fetch_blocks(
        &mut self,
        wanted: BlockId,
        above: Height,
        peer: ValidatorIndex,
        out: &mut Vec<Command>,
    ) {
        let request = Request::BlocksById { newest: wanted, above };
        self.ask_validator(peer, request, Purpose::Blocks { block: wanted, peer, wanted: Some(wanted) }, out);
    }

    pub(crate) fn fetch_range(
        &mut self,
        block: BlockId,
        from: Height,
        peer: ValidatorIndex,
        out: &mut Vec<Command>,
    ) {
        let purpose = Purpose::Blocks { block, peer, wanted: None };
        self.ask_validator(peer, Request::BlocksByHeight { from }, purpose, out);
    }

    pub(crate) fn ask_batches(&mut self, peer: ValidatorIndex, ids: Vec<BatchId>, out: &mut Vec<Command>) {
        self.ask_validator(peer, Request::Batches(ids), Purpose::Batches, out);
    }

    pub(crate) fn ask_body(&mut self, peer: ValidatorIndex, block: &Block, out: &mut Vec<Command>) {
        let above = Height::new(block.height.get().saturating_sub(1));
        self.ask_validator(peer, Request::BlocksById { newest: block.id(), above }, Purpose::Body, out);
    }

    /// A question will not be answered, or the answer did not hold.
    pub(crate) fn unanswered(&mut self, now: TimeMs, question: QuestionId, out: &mut Vec<Command>) {
        match self.questions.open.remove(&question) {
            Some(Purpose::Blocks { block, peer, wanted: _ }) => {
                self.tell(now, Input::FetchFailed { block, from: peer }, out);
            }
            Some(Purpose::CatchUp { errand, peer }) => self.errand_failed(now, errand, peer, out),
            // Asked again by a timer.
            Some(Purpose::Body | Purpose::Batches | Purpose::Checkpoint | Purpose::Certificates { .. })
            | None => {}
        }
    }

    /// A peer answered.
    pub(crate) fn learn(
        &mut self,
        now: TimeMs,
        question: QuestionId,
        response: VerifiedResponse,
        out: &mut Vec<Command>,
    ) {
        let Some(purpose) = self.questions.open.get(&question).cloned() else { return };
        match (purpose, response) {
            (Purpose::Blocks { block: _, peer, wanted }, VerifiedResponse::Blocks(blocks)) => {
                self.questions.open.remove(&question);
                let blocks = self.take_in(now, blocks, out);
                self.tell(now, Input::Blocks { from: peer, wanted, blocks }, out);
            }
            (Purpose::Body, VerifiedResponse::Blocks(blocks)) => {
                self.questions.open.remove(&question);
                self.take_in(now, blocks, out);
            }
            (Purpose::Batches, VerifiedResponse::Batches(batches)) => {
                self.questions.open.remove(&question);
                for batch in batches {
                    self.keep_named(now, batch, out);
                }
            }
            (Purpose::Checkpoint, VerifiedResponse::Checkpoint(checkpoint)) => {
                self.questions.open.remove(&question);
                if let Some(checkpoint) = checkpoint {
                    self.learn_checkpoint(checkpoint, out);
                }
            }
            (Purpose::Certificates { peer }, VerifiedResponse::Certificates(info)) => {
                self.questions.open.remove(&question);
                self.hear_sync_info(now, peer, info, out);
            }
            (
                Purpose::CatchUp { errand: Errand::Checkpoint, peer },
                VerifiedResponse::Checkpoint(checkpoint),
            ) => {
                self.questions.open.remove(&question);
                self.take_goal(now, peer, checkpoint, out);
            }
            (Purpose::CatchUp { errand: Errand::Log { from }, peer }, VerifiedResponse::Log(part)) => {
                self.questions.open.remove(&question);
                self.take_part(now, peer, from, part, out);
            }
            (Purpose::CatchUp { errand: Errand::Standing, peer }, VerifiedResponse::Certificates(info)) => {
                self.questions.open.remove(&question);
                self.take_standing(now, peer, info, out);
            }
            (
                Purpose::Blocks { .. }
                | Purpose::Body
                | Purpose::Batches
                | Purpose::Checkpoint
                | Purpose::Certificates { .. }
                | Purpose::CatchUp { .. },
                VerifiedResponse::Blocks(_)
                | VerifiedResponse::Batches(_)
                | VerifiedResponse::Checkpoint(_)
                | VerifiedResponse::Log(_)
                | VerifiedResponse::Certificates(_),
            ) => self.unanswered(now, question, out),
        }
    }

    /// Keeps the bodies of blocks whose batches are the ones they name, and drops the other blocks.
    fn take_in(
        &mut self,
        now: TimeMs,
        mut blocks: Vec<Verified<CertifiedBlock>>,
        out: &mut Vec<Command>,
    ) -> Vec<Verified<CertifiedBlock>> {
        blocks.retain(|it| ledger::check_batches(&it.block, &it.batches).is_ok());
        for it in &blocks {
            self.bodies.keep(&it.block, it.batches().map(Arc::new).collect());
        }
        self.complete(now, out);
        blocks
    }

    /// Answers a peer from what is here, within the limits of one response.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        match request {
            Request::BlocksById { newest, above } => Response::Blocks(self.ancestors(newest, *above)),
            Request::BlocksByHeight { from } => Response::Blocks(self.range(*from)),
            Request::Batches(ids) => Response::Batches(self.batches_of(ids)),
            Request::Certificates(epoch) => Response::Certificates(Box::new(self.certificates_of(*epoch))),
            Request::CheckpointAt(size) => {
                let found = match *size == TreeSize::ZERO {
                    true => self.reader.checkpoint_latest(),
                    false => self.reader.checkpoint_at(*size),
                };
                Response::Checkpoint(found.ok().flatten())
            }
            Request::LogRange { from, to } => {
                Response::Log(self.reader.log_part(*from, *to).ok().flatten().map(Box::new))
            }
            Request::Standing(epoch) => self.show_standing(*epoch),
        }
    }

    fn ancestors(&self, newest: &BlockId, above: Height) -> Vec<CertifiedBlock> {
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut next = *newest;
        let mut epoch = None;
        while found.len() < Response::BLOCKS_MAX {
            let Some(it) = self.certified_block(&next) else { break };
            bytes += it.encode().len();
            let is_full = bytes > ANSWER_BYTES_MAX && !found.is_empty();
            // Whoever asks judges all of an answer by one set.
            let is_earlier = *epoch.get_or_insert(it.block.epoch) != it.block.epoch;
            if it.block.height <= above || it.block.height == Height::ZERO || is_full || is_earlier {
                break;
            }
            next = it.block.parent;
            found.push(it);
        }
        found
    }

    fn certified_block(&self, id: &BlockId) -> Option<CertifiedBlock> {
        if let Some((block, justify)) = self.replica.block(id) {
            let batches = self.bodies.of(id)?.iter().map(|batch| (***batch).clone()).collect();
            return Some(CertifiedBlock { block: block.clone(), justify: justify.clone(), batches });
        }
        match self.reader.height_of(id).ok()? {
            Some(height) => self.reader.block(height).ok()?,
            None => self.after_the_end(id),
        }
    }

    fn range(&self, from: Height) -> Vec<CertifiedBlock> {
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut height = from;
        while found.len() < Response::BLOCKS_MAX {
            let Ok(Some(it)) = self.reader.block(height) else { break };
            bytes += it.encode().len();
            if bytes > ANSWER_BYTES_MAX && !found.is_empty() {
                break;
            }
            let closing = it.block.closes_epoch().then(|| it.block.clone());
            found.push(it);
            height = height.next();
            // Who is still in that epoch needs these to commit it, and can judge nothing later.
            if let Some(closing) = closing {
                found.extend(self.blocks_after(&closing));
                found.truncate(Response::BLOCKS_MAX);
                break;
            }
        }
        found
    }

    fn batches_of(&self, ids: &[BatchId]) -> Vec<Batch> {
        let mut bytes = 0;
        let found = ids.iter().filter_map(|id| self.batches.get(id).or_else(|| self.bodies.batch(id)));
        found
            .take_while(|batch| {
                bytes += batch.content_bytes();
                bytes <= ANSWER_BYTES_MAX
            })
            .map(|batch| Batch::clone(batch))
            .collect()
    }
}
