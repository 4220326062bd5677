//! Blocks, words and letters by number.
//!
//! Certificates of one block are one certificate here, signed by the members of lowest index: replicas ask who signed only
//! to choose whom to ask for a block. Every letter is made once and passes the door of the node when it is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Input, Timer};
use proto::ballot::TimeoutStatement;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use proto::counter::{TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, SyncInfo};
use proto::validators::ValidatorSet;

use crate::letter::Letter;
use crate::notary::{genesis, genesis_qc, proposal, sign, statement, vote};

/// The number of a block; 0 is genesis.
pub type BlockNo = u16;
/// The number of a letter.
pub type LetterNo = u16;

/// A timeout certificate, whoever signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tc {
    /// The view that failed.
    pub view: u64,
    /// The block of the highest certificate reported.
    pub high: BlockNo,
}

/// What an honest member may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A vote.
    Vote(BlockNo),
    /// A timeout of a view, which reports the certificate of a block.
    Leave {
        /// The view.
        view: u64,
        /// The block.
        high: BlockNo,
    },
    /// A proposal.
    Propose {
        /// The block.
        block: BlockNo,
        /// What excuses the gap before it.
        tc: Option<Tc>,
    },
}

/// What may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrival {
    /// A proposal.
    Proposal {
        /// The block.
        block: BlockNo,
        /// What excuses the gap before it.
        tc: Option<Tc>,
    },
    /// The certificate of a block.
    Qc(BlockNo),
    /// A timeout certificate.
    Tc(Tc),
    /// A block that was asked for.
    Body(BlockNo),
    /// The end of a view's time.
    Time(u64),
}

/// All blocks and letters of a world.
#[derive(Debug)]
pub struct Words {
    /// The validators.
    pub set: Arc<ValidatorSet>,
    blocks: Vec<(Block, QuorumCert)>,
    numbers: BTreeMap<BlockId, BlockNo>,
    letters: Vec<(Arrival, Option<Input>)>,
    letter_numbers: BTreeMap<Arrival, LetterNo>,
    liar: ValidatorIndex,
}

impl Words {
    /// Only genesis.
    pub fn new(set: Arc<ValidatorSet>, liar: ValidatorIndex) -> Self {
        let first = genesis();
        let numbers = BTreeMap::from([(first.id(), 0)]);
        let blocks = vec![(first, genesis_qc())];
        Self { set, blocks, numbers, letters: Vec::new(), letter_numbers: BTreeMap::new(), liar }
    }

    /// Number of blocks, genesis included.
    pub const fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Number of letters.
    pub const fn letters(&self) -> usize {
        self.letters.len()
    }

    /// The view of a block.
    pub fn view(&self, block: BlockNo) -> u64 {
        self.block(block).view.get()
    }

    /// A block.
    pub fn block(&self, number: BlockNo) -> &Block {
        &self.blocks[usize::from(number)].0
    }

    /// The number of a block, given now if it is new.
    pub fn number(&mut self, block: &Block) -> BlockNo {
        let id = block.id();
        if let Some(number) = self.numbers.get(&id) {
            return *number;
        }
        let number = BlockNo::try_from(self.blocks.len()).expect("a bounded world has few blocks");
        let certificate = self.certify(block, id);
        self.blocks.push((block.clone(), certificate));
        self.numbers.insert(id, number);
        number
    }

    /// Whether a block is another or stands on it.
    pub fn descends(&self, block: BlockNo, from: BlockNo) -> bool {
        let mut at = block;
        while self.block(at).height > self.block(from).height {
            let parent = self.numbers.get(&self.block(at).parent);
            at = *parent.expect("a block gets its number after its parent");
        }
        at == from
    }

    /// The number of the block a certificate is of.
    pub fn certified(&self, qc: &QuorumCert) -> BlockNo {
        *self.numbers.get(&qc.block).expect("every certificate of this world was made here, of a known block")
    }

    /// The number of a timeout certificate's parts.
    pub fn tc(&self, tc: &TimeoutCert) -> Tc {
        Tc { view: tc.view.get(), high: self.certified(&tc.high_qc) }
    }

    /// A block that the liar, leader of `view`, may propose on a certified block; its variants differ in time.
    pub fn lie(&mut self, view: u64, parent: BlockNo, variant: u64) -> BlockNo {
        let justify = &self.blocks[usize::from(parent)].1;
        let block = Block {
            epoch: justify.epoch,
            height: justify.height.next(),
            view: View::new(view),
            parent: justify.block,
            parent_view: justify.view,
            proposer: self.liar,
            time: TimeMs::new(self.block(parent).time.get() + 1 + variant),
            batches: Vec::new(),
            handover: None,
        };
        self.number(&block)
    }

    /// The number of a letter, made now if it is new.
    pub fn letter(&mut self, arrival: Arrival) -> LetterNo {
        if let Some(number) = self.letter_numbers.get(&arrival) {
            return *number;
        }
        let number = LetterNo::try_from(self.letters.len()).expect("a bounded world has few letters");
        let input = self.make(arrival);
        self.letters.push((arrival, input));
        self.letter_numbers.insert(arrival, number);
        number
    }

    /// What arrives by a letter.
    pub fn arrival(&self, letter: LetterNo) -> Arrival {
        self.letters[usize::from(letter)].0
    }

    /// The fact a letter is for who hears it; `None` if the door refuses it.
    pub fn input(&self, letter: LetterNo) -> Option<&Input> {
        self.letters[usize::from(letter)].1.as_ref()
    }

    fn make(&self, arrival: Arrival) -> Option<Input> {
        let qc = |block: BlockNo| self.blocks[usize::from(block)].1.clone();
        let parent = |block: BlockNo| {
            let parent = self.numbers.get(&self.block(block).parent);
            qc(*parent.expect("a block gets its number after its parent"))
        };
        let letter = match arrival {
            Arrival::Time(view) => {
                return Some(Input::TimerFired { timer: Timer::View { view: View::new(view) } });
            }
            Arrival::Proposal { block, tc } => {
                let tc = tc.map(|tc| self.leave(tc));
                let body = self.block(block).clone();
                Letter::open(Message::Proposal(proposal(&self.set, body, parent(block), tc)), &self.set)
                    .ok()
                    .flatten()
            }
            Arrival::Qc(block) => {
                let info = SyncInfo { high_qc: qc(block), high_tc: None };
                Letter::open(Message::SyncInfo(info), &self.set).ok().flatten()
            }
            Arrival::Tc(tc) => {
                let info = SyncInfo { high_qc: qc(tc.high), high_tc: Some(self.leave(tc)) };
                Letter::open(Message::SyncInfo(info), &self.set).ok().flatten()
            }
            Arrival::Body(block) => {
                let body = self.block(block).clone();
                let wanted = Some(body.id());
                let body = CertifiedBlock { block: body, justify: parent(block), batches: Vec::new() };
                Letter::answer(wanted, vec![body], &self.set)
            }
        };
        letter.map(|letter| letter.input(self.liar))
    }

    /// The lowest indices that hold a quorum.
    fn signers(&self) -> impl Iterator<Item = ValidatorIndex> {
        let quorum = usize::try_from(self.set.quorum_power()).unwrap_or(usize::MAX);
        self.set.iter().map(|(index, _)| index).take(quorum)
    }

    fn certify(&self, block: &Block, id: BlockId) -> QuorumCert {
        let signatures = self.signers().map(|by| (by, vote(&self.set, by, statement(block)).signature));
        QuorumCert {
            epoch: block.epoch,
            view: block.view,
            height: block.height,
            block: id,
            signatures: signatures.collect(),
        }
    }

    fn leave(&self, tc: Tc) -> TimeoutCert {
        let high_qc = self.blocks[usize::from(tc.high)].1.clone();
        let (epoch, view) = (self.set.epoch(), View::new(tc.view));
        let said = TimeoutStatement { epoch, view, high_qc_view: high_qc.view };
        let entry = |signer| TimeoutEntry {
            signer,
            high_qc_view: high_qc.view,
            signature: sign(&self.set, signer, &said.signed_bytes(self.set.network())),
        };
        let entries = self.signers().map(entry).collect();
        TimeoutCert { epoch, view, high_qc, entries }
    }
}
