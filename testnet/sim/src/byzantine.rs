//! What Byzantine members do instead of what they should.
//!
//! They hold their own keys and nobody else's: whatever they sign, they sign as themselves.

use consensus::Say;
use proto::ballot::VoteStatement;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::QuorumCert;
use proto::id::BlockId;
use proto::message::{Message, Request, Response, SyncInfo};

use crate::fault::Fault;
use crate::world::World;

fn statement(block: &Block) -> VoteStatement {
    VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() }
}

impl World {
    /// Two blocks for one view, each to half of the others; a vote for each to everybody.
    pub(crate) fn equivocate(&mut self, member: u16, say: Say) {
        let Say::Proposal { block, justify, timeout_cert } = say.clone() else {
            return self.speak(member, say);
        };
        self.outcomes.strikes.strike(Fault::LeaderEquivocation);
        let mut other = block.clone();
        other.time = other.time.next();
        for (block, half) in [(block, 0), (other, 1)] {
            let statement = statement(&block);
            let proposal =
                Say::Proposal { block, justify: justify.clone(), timeout_cert: timeout_cert.clone() };
            let vote = Say::Vote { statement, to: Vec::new() };
            let (Some((proposal, all)), Some((vote, _))) =
                (self.signed(member, proposal), self.signed(member, vote))
            else {
                return;
            };
            for to in all {
                if to == member || to % 2 == half {
                    self.transmit(member, to, &proposal);
                }
                self.transmit(member, to, &vote);
            }
        }
    }

    /// The vote it should cast, and to everybody one for a block that nobody has seen.
    pub(crate) fn vote_twice(&mut self, member: u16, say: Say) {
        if let Say::Vote { statement, .. } = &say {
            self.outcomes.strikes.strike(Fault::DoubleVote);
            let block = BlockId::new(crypto::sha256(statement.block.as_bytes()));
            let other = Say::Vote { statement: VoteStatement { block, ..*statement }, to: Vec::new() };
            if let Some((vote, _)) = self.signed(member, other) {
                for to in self.everyone() {
                    self.transmit(member, to, &vote);
                }
            }
        }
        self.speak(member, say);
    }

    /// The block it is asked for is proposed to everybody, and to every second one also a certificate for another block
    /// and its child, each signed by itself as often as a quorum has signers.
    pub(crate) fn forge(&mut self, member: u16, say: Say) {
        let Say::Proposal { block, justify, .. } = &say else { return self.speak(member, say) };
        let mut other = block.clone();
        other.time = other.time.next();
        let first = self.forged_certificate(member, &other);
        let child = Block {
            height: other.height.next(),
            view: other.view.next(),
            parent: other.id(),
            parent_view: other.view,
            time: other.time.next(),
            batches: Vec::new(),
            handover: None,
            ..other.clone()
        };
        let second = self.forged_certificate(member, &child);
        let batches = Vec::new();
        self.forged.push(CertifiedBlock { block: child, justify: first, batches: batches.clone() });
        self.forged.push(CertifiedBlock { block: other, justify: justify.clone(), batches });
        let message = Message::SyncInfo(SyncInfo { high_qc: second, high_tc: None });
        let letter = self.letter(member, message);
        for to in self.everyone().filter(|to| *to != member && to % 2 == 0) {
            self.transmit(member, to, &letter);
        }
        self.speak(member, say);
    }

    /// The block it is asked for, but its batches are said to be larger than they are: all who hold them could vote for
    /// it, and none could execute it.
    pub(crate) fn misstate(&mut self, member: u16, say: Say) {
        let Say::Proposal { mut block, justify, timeout_cert } = say else { return self.speak(member, say) };
        for batch in &mut block.batches {
            batch.bytes += 1;
        }
        self.speak(member, Say::Proposal { block, justify, timeout_cert });
    }

    fn forged_certificate(&self, member: u16, block: &Block) -> QuorumCert {
        let statement = statement(block);
        let signatures = match self.signed(member, Say::Vote { statement, to: Vec::new() }) {
            Some((letter, _)) => match &letter.message {
                Message::Vote(vote) => {
                    vec![(vote.voter, vote.signature.clone()); usize::from(self.plan.members)]
                }
                Message::Proposal(_)
                | Message::Timeout(_)
                | Message::SyncInfo(_)
                | Message::Batch(_)
                | Message::Cosignature(_)
                | Message::CertifiedCheckpoint(_) => Vec::new(),
            },
            None => Vec::new(),
        };
        let VoteStatement { epoch, view, height, block } = statement;
        QuorumCert { epoch, view, height, block, signatures }
    }

    /// The blocks a forger made up, when it is asked for them.
    pub(crate) fn made_up(&self, request: &Request) -> Option<Response> {
        let Request::BlocksById { newest, .. } = request else { return None };
        let from: Vec<_> = self.descent(newest);
        (!from.is_empty()).then_some(Response::Blocks(from))
    }

    fn descent(&self, newest: &BlockId) -> Vec<CertifiedBlock> {
        let mut found: Vec<CertifiedBlock> = Vec::new();
        let mut next = *newest;
        while let Some(it) = self.forged.iter().find(|it| it.block.id() == next) {
            next = it.block.parent;
            found.push(it.clone());
        }
        found
    }
}
