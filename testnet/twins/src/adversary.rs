//! The adversary: a member that runs the protocol, sees everything, and says something else at the moments of its plan.
//!
//! What it says goes through the door of the node. Each deed is counted: applied, refused at the door, or let in, which
//! must then do no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proto::ballot::VoteStatement;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::View;
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Kind, Message, Response};
use proto::validators::ValidatorSet;

use crate::deed::Deed;
use crate::letter::Letter;
use crate::notary::{genesis_qc, statement};

/// Most messages it remembers.
const SEEN_MAX: usize = 512;

/// A deed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mutation {
    /// In this view.
    pub view: View,
    /// To messages of this kind.
    pub kind: Kind,
    /// To this instance, or to all.
    pub target: Option<usize>,
    /// What.
    pub deed: Deed,
}

/// A message it wants to send, and what it did to it, if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forged {
    /// What it did.
    pub deed: Option<Deed>,
    /// The message.
    pub message: Message,
}

/// What became of the messages of one deed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it was done.
    pub applied: u64,
    /// Messages refused at the door.
    pub refused: u64,
    /// Messages let in.
    pub let_in: u64,
}

/// What it knows.
#[derive(Debug)]
pub struct Knowledge {
    set: Arc<ValidatorSet>,
    seen: Vec<Message>,
    qcs: BTreeMap<View, QuorumCert>,
    tcs: BTreeMap<View, TimeoutCert>,
    blocks: BTreeSet<(View, BlockId)>,
}

impl Knowledge {
    /// The validators.
    pub fn set(&self) -> &ValidatorSet {
        &self.set
    }

    /// The quorum certificate of the earliest view.
    pub fn oldest_qc(&self) -> Option<&QuorumCert> {
        self.qcs.values().next()
    }

    /// The timeout certificate of the earliest view.
    pub fn oldest_tc(&self) -> Option<&TimeoutCert> {
        self.tcs.values().next()
    }

    /// The timeout certificate that leads into a view.
    pub fn tc_before(&self, view: View) -> Option<TimeoutCert> {
        let before = View::new(view.get().checked_sub(1)?);
        self.tcs.get(&before).cloned()
    }

    /// Another block than the one of this statement: of the same view if there is one, else one that nobody has.
    pub fn other_block(&self, statement: &VoteStatement) -> BlockId {
        let other = self.blocks.iter().find(|(view, id)| *view == statement.view && *id != statement.block);
        other.map_or_else(|| BlockId::new(crypto::sha256(statement.block.as_bytes())), |(_, id)| *id)
    }

    fn sees(&mut self, message: &Message) {
        let (qcs, tc, block) = match message {
            Message::Proposal(it) => (vec![&it.justify], it.timeout_cert.as_ref(), Some(&it.block)),
            Message::Timeout(it) => (vec![&it.high_qc], it.last_tc.as_ref(), None),
            Message::SyncInfo(it) => (vec![&it.high_qc], it.high_tc.as_ref(), None),
            Message::Vote(_)
            | Message::Batch(_)
            | Message::Cosignature(_)
            | Message::CertifiedCheckpoint(_) => (Vec::new(), None, None),
        };
        for qc in qcs {
            self.qcs.entry(qc.view).or_insert_with(|| qc.clone());
        }
        if let Some(tc) = tc {
            self.tcs.entry(tc.view).or_insert_with(|| tc.clone());
        }
        if let Some(block) = block {
            let it = statement(block);
            self.blocks.insert((it.view, it.block));
        }
        if self.seen.len() < SEEN_MAX {
            self.seen.push(message.clone());
        }
    }
}

/// The adversary.
#[derive(Debug)]
pub struct Adversary {
    /// The instance it is.
    pub instance: usize,
    me: ValidatorIndex,
    plan: Vec<Mutation>,
    known: Knowledge,
    /// What waits for the view after.
    held: Vec<(View, usize, Message)>,
    /// What became of each deed.
    pub tally: BTreeMap<Deed, Tally>,
}

impl Adversary {
    /// An adversary with the key of `me`.
    pub fn new(instance: usize, me: ValidatorIndex, plan: Vec<Mutation>, set: Arc<ValidatorSet>) -> Self {
        let known = Knowledge {
            set,
            seen: Vec::new(),
            qcs: BTreeMap::from([(View::ZERO, genesis_qc())]),
            tcs: BTreeMap::new(),
            blocks: BTreeSet::new(),
        };
        Self { instance, me, plan, known, held: Vec::new(), tally: BTreeMap::new() }
    }

    /// It sees what anybody sends.
    pub fn sees(&mut self, message: &Message) {
        self.known.sees(message);
    }

    fn planned(&self, view: View, kind: Kind, to: usize) -> Option<Deed> {
        let at = |it: &&Mutation| {
            it.view == view && it.kind == kind && it.target.is_none_or(|target| target == to)
        };
        self.plan.iter().find(at).map(|it| it.deed)
    }

    /// What it sends to an instance in place of a message.
    pub fn alter(&mut self, message: &Message, to: usize, set: &ValidatorSet) -> Vec<Forged> {
        let unaltered = || vec![Forged { deed: None, message: message.clone() }];
        let (view, kind) = (view_of(message), message.kind());
        let Some(deed) = self.planned(view, kind, to) else { return unaltered() };
        let instead = match deed {
            Deed::Late => {
                self.held.push((view.next(), to, message.clone()));
                Some(Vec::new())
            }
            Deed::Replay => {
                let same = |it: &&Message| it.kind() == kind && *it != message;
                Some(self.known.seen.iter().filter(same).cloned().collect())
            }
            other => other.apply(message, &self.known, self.me, set),
        };
        let Some(instead) = instead else { return unaltered() };
        self.tally.entry(deed).or_default().applied += 1;
        instead.into_iter().map(|message| Forged { deed: Some(deed), message }).collect()
    }

    /// What it held back until now.
    pub fn held(&mut self, horizon: View) -> Vec<(usize, Forged)> {
        let (due, held): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(view, _, _)| *view <= horizon);
        self.held = held;
        due.into_iter().map(|(_, to, message)| (to, Forged { deed: Some(Deed::Late), message })).collect()
    }

    /// Tries the door of the node with what it wants to send.
    pub fn at_the_door(&mut self, forged: Forged, set: &ValidatorSet) -> Option<Letter> {
        let opened = Letter::open(forged.message, set);
        if let Some(deed) = forged.deed {
            self.judged(deed, opened.is_ok());
        }
        opened.ok().flatten()
    }

    /// Notes whether the door let something in.
    pub fn judged(&mut self, deed: Deed, let_in: bool) {
        let tally = self.tally.entry(deed).or_default();
        match let_in {
            true => tally.let_in += 1,
            false => tally.refused += 1,
        }
    }

    /// What it makes of its answer to a question asked in `view`, and by which deed.
    pub fn answer(
        &mut self,
        blocks: &mut Vec<CertifiedBlock>,
        view: View,
        set: &ValidatorSet,
    ) -> Option<Deed> {
        // Questions come in views that cannot be foreseen: the deed holds from its view on.
        let planned = |it: &&Mutation| it.kind == Kind::Response && it.view <= view;
        let deed = self.plan.iter().find(planned).map(|it| it.deed)?;
        let first = blocks.first().cloned();
        match deed {
            Deed::Empty => blocks.clear(),
            Deed::Truncated => blocks.truncate(1),
            Deed::Reversed => blocks.reverse(),
            Deed::Oversized => {
                let first = first?;
                blocks.resize(Response::BLOCKS_MAX + 1, first);
            }
            Deed::Unrelated | Deed::Endless => {
                let count = if deed == Deed::Endless { Response::BLOCKS_MAX } else { 1 };
                *blocks = self.made_up(view, count);
            }
            Deed::StaleQc => first_of(blocks)?.justify = self.known.oldest_qc()?.clone(),
            Deed::SignerTwice
            | Deed::OneShort
            | Deed::Foreign
            | Deed::CertificateView
            | Deed::CertificateBlock => {
                let first = first_of(blocks)?;
                first.justify = deed.spoil(&first.justify, set)?;
            }
            Deed::Silent
            | Deed::Twice
            | Deed::Late
            | Deed::Replay
            | Deed::Equivocate
            | Deed::View
            | Deed::Epoch
            | Deed::Height
            | Deed::Parent
            | Deed::TimeBack
            | Deed::TimeAhead
            | Deed::Network
            | Deed::AsOther
            | Deed::StaleTc
            | Deed::DropTc
            | Deed::AddTc => return None,
        }
        self.tally.entry(deed).or_default().applied += 1;
        Some(deed)
    }

    /// Blocks nobody proposed, all on the newest true certificate: the only one that passes the door.
    fn made_up(&self, view: View, count: usize) -> Vec<CertifiedBlock> {
        let newest = self.known.qcs.values().rfind(|qc| qc.view < view).cloned();
        let justify = newest.unwrap_or_else(genesis_qc);
        let block = |number| Block {
            epoch: justify.epoch,
            height: justify.height.next(),
            view,
            parent: justify.block,
            parent_view: justify.view,
            proposer: self.me,
            time: crate::notary::GENESIS_TIME.plus(number),
            batches: Vec::new(),
            handover: None,
        };
        let made =
            |number| CertifiedBlock { block: block(number), justify: justify.clone(), batches: Vec::new() };
        (0..count as u64).map(made).collect()
    }
}

fn first_of(blocks: &mut [CertifiedBlock]) -> Option<&mut CertifiedBlock> {
    blocks.first_mut()
}

fn view_of(message: &Message) -> View {
    match message {
        Message::Proposal(it) => it.block.view,
        Message::Vote(it) => it.statement.view,
        Message::Timeout(it) => it.view,
        Message::SyncInfo(it) => it.high_qc.view.max(it.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view)),
        Message::Batch(_) | Message::Cosignature(_) | Message::CertifiedCheckpoint(_) => View::ZERO,
    }
}
