//! From one epoch to the next: what opens it, and how those who are still in an earlier one are brought along.
//!
//! The next epoch begins when the closing block is durable, so no record of it can outlive a store that does not know it.
//! What shows how an epoch ended is kept for ever, and given to whoever is still in it.
//! Source: `consensus/SPEC.md`, rules H1, H2, H5 and H7.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{EpochEnd, Replica, Silence, Tip};
use crypto::{Digest, sha256};
use ledger::LedgerError;
use ledger::change::{ChangeSet, Table};
use proto::block::{Block, CertifiedBlock, Handover};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, Request, SyncInfo};
use proto::validators::ValidatorSet;

use crate::bodies::Bodies;
use crate::command::Command;
use crate::engine::{Engine, Past};
use crate::event::{Peer, Timer};
use crate::questions::Purpose;

/// How long a peer is not shown again where we stand, in milliseconds.
const SHOW_AFTER_MS: u64 = 250;
/// How often a node that does not vote, or is epochs behind, asks where the network stands, in milliseconds.
const FOLLOW_MS: u64 = 500;
/// How often a voting node asks because of what it heard of later epochs; if none of it helps, it was not true.
const FOLLOW_TIMES: u32 = 32;
/// Most peers remembered.
const PEERS_MAX: usize = 256;

/// The peers of a node beyond the reigning validators.
#[derive(Default)]
pub(crate) struct Contacts {
    /// Who was last shown where we stand, and when.
    shown: BTreeMap<Peer, TimeMs>,
    /// Whom we heard of a later epoch from: they have what we lack.
    ahead: BTreeMap<Peer, Epoch>,
    /// Who was connected, lately or long ago.
    met: BTreeMap<Peer, ()>,
    /// Whose turn it is.
    turn: usize,
    /// Whether the timer of those who follow runs.
    following: bool,
    /// How often we asked since we were last brought along.
    followed: u32,
    /// How often each validator was to be asked each question while somebody was ahead.
    asked: BTreeMap<(ValidatorIndex, Digest), usize>,
}

impl Contacts {
    fn may_show(&mut self, now: TimeMs, peer: Peer) -> bool {
        if let Some(last) = self.shown.get(&peer)
            && now.get().abs_diff(last.get()) < SHOW_AFTER_MS
        {
            return false;
        }
        if self.shown.len() >= PEERS_MAX && !self.shown.contains_key(&peer) {
            self.shown.clear();
        }
        self.shown.insert(peer, now);
        true
    }

    /// How often this question was for this validator before.
    fn again(&mut self, validator: ValidatorIndex, request: &Request) -> usize {
        if self.asked.len() >= PEERS_MAX {
            self.asked.clear();
        }
        let times = self.asked.entry((validator, sha256(&request.encode()))).or_default();
        *times = times.wrapping_add(1);
        *times - 1
    }

    /// The one whose turn it is.
    fn next(&mut self, among: &[Peer]) -> Option<Peer> {
        self.turn = self.turn.wrapping_add(1);
        among.get(self.turn % among.len().max(1)).copied()
    }
}

/// The validators' positions by their network keys.
pub(crate) fn positions(set: &ValidatorSet) -> BTreeMap<Peer, ValidatorIndex> {
    set.iter().map(|(index, validator)| (Peer::of(validator), index)).collect()
}

const END: &[u8] = b"end of epoch ";
const AFTER_END: &[u8] = b"after the end ";

/// Keeps what shows how an epoch ended, in the write of its closing block.
// rule H7
pub(crate) fn put_end(epoch: Epoch, end: &EpochEnd, change: &mut ChangeSet) {
    for (block, justify) in &end.blocks {
        let key = [AFTER_END, block.id().as_bytes()].concat();
        let block = CertifiedBlock { block: block.clone(), justify: justify.clone(), batches: Vec::new() };
        change.put(Table::Meta, &key, block.encode());
    }
    let info = SyncInfo { high_qc: end.certificate.clone(), high_tc: None };
    change.put(Table::Meta, &[END, &epoch.get().to_be_bytes()].concat(), info.encode());
}

impl Engine {
    /// What shows how an epoch ended, if it is over here and durable.
    fn end_of(&self, epoch: Epoch) -> Option<SyncInfo> {
        let bytes = self.store.get(Table::Meta, &[END, &epoch.get().to_be_bytes()].concat()).ok()??;
        SyncInfo::decode(&bytes).ok()
    }

    /// A block that stood above a closing one and was never committed.
    pub(crate) fn after_the_end(&self, id: &BlockId) -> Option<CertifiedBlock> {
        let bytes = self.store.get(Table::Meta, &[AFTER_END, id.as_bytes()].concat()).ok()??;
        CertifiedBlock::decode(&bytes).ok()
    }

    /// The blocks that show that the block closing this epoch is final, oldest first.
    pub(crate) fn blocks_after(&self, closing: &Block) -> Vec<CertifiedBlock> {
        let mut blocks = Vec::new();
        let mut next = self.end_of(closing.epoch).map(|info| info.high_qc.block);
        while let Some(block) = next.and_then(|id| self.after_the_end(&id)) {
            next = Some(block.block.parent);
            blocks.push(block);
        }
        blocks.reverse();
        blocks
    }

    /// What a block of ours should say of the next epoch. The head that opened the present one is certified first, so that
    /// those who follow from epoch to epoch never come to a gap.
    // rule H1
    pub(crate) fn handover(&self) -> Option<Handover> {
        match self.wants_handover() {
            true => self.ledger.handover(self.ledger.tip().height),
            false => None,
        }
    }

    /// Whether a change of the validators waits and may be handed over.
    pub(crate) fn wants_handover(&self) -> bool {
        self.ledger.awaits_handover() && matches!(self.ledger.uncertified_opening(), Ok(None))
    }

    /// Whether our own ledger says what a block says of the next epoch, or the block says nothing of it.
    // rule H2
    pub(crate) fn agrees(&self, block: &Block) -> bool {
        match block.handover {
            None => true,
            Some(found) => {
                let ours = self.ledger.handover(found.as_of);
                found.as_of < block.height
                    && self.ledger.reign().epoch == block.epoch
                    && (ours == Some(found) || crypto::broken!(HandoverNotCompared))
            }
        }
    }

    /// Begins the next epoch, if the block that closes the present one is durable.
    // rule H5
    pub(crate) fn turn_epoch(&mut self, now: TimeMs, out: &mut Vec<Command>) {
        let durable = self.settled >= self.ledger.reign().opening.height || crypto::broken!(NextEpochEarly);
        if !self.replica.is_closed() || !durable {
            return;
        }
        if let Err(fault) = self.open_epoch(now, out) {
            self.halt(fault, out);
        }
    }

    fn open_epoch(&mut self, now: TimeMs, out: &mut Vec<Command>) -> Result<(), String> {
        let (epoch, above) = (self.ledger.reign().epoch, self.ledger.reign().size);
        let set = self.ledger.validators(epoch).map_err(|fault| LedgerError::from(fault).to_string())?;
        let set = Arc::new(set.ok_or("the reigning validators are not in the ledger")?);
        self.me = self.key.as_ref().and_then(|key| set.position(key));
        let tip = Tip::opening(self.ledger.tip_block().clone(), &set);
        if self.was_never_in_the_next() {
            self.past = Past::Remembered;
        }
        let replica = Replica::new(self.config, Arc::clone(&set), self.me, tip, None, Vec::new());
        let replica = replica.map_err(|fault| fault.to_string())?;
        // rule R8: it may have been in this epoch too, before it lost its journal.
        self.replica = match self.past {
            Past::Remembered => replica,
            Past::Lost => replica.without_journal(),
        };
        self.positions = positions(&set);
        self.set = Arc::clone(&set);
        // What belonged to the old epoch's uncommitted blocks will never be asked for again; batches and pool stay.
        for block in std::mem::take(&mut self.bodies).awaited() {
            out.push(Command::StopTimer { timer: Timer::FetchBatches { block } });
        }
        self.bodies = Bodies::default();
        self.questions.forget();
        self.catch_up.restart();
        self.contacts.ahead.retain(|_, ahead| *ahead > epoch);
        self.contacts.asked.clear();
        self.cosigning.begin_term(set, self.me, above);
        (self.waiting, self.arrived) = (false, true);
        out.push(Command::Reign(Arc::new(self.cosigning.reigns())));
        self.begin(now, out);
        Ok(())
    }

    /// Whether what ended this epoch came after all we may have heard of before our journal was lost: then we said nothing
    /// in the next one that we do not know of.
    // rule R8
    fn was_never_in_the_next(&self) -> bool {
        let Some(end) = self.end_of(self.set.epoch()) else { return false };
        let last = self.replica.status().last_acted_view;
        match self.replica.silence().map(Silence::until) {
            Some(until) => until.is_some_and(|until| end.high_qc.view >= until),
            // Whoever speaks again after a loss is above all it may have said before.
            None => last > View::ZERO && end.high_qc.view >= last,
        }
    }

    /// Starts the replica, and the timer of those who only follow.
    pub(crate) fn begin(&mut self, now: TimeMs, out: &mut Vec<Command>) {
        let effects = self.replica.start(now);
        self.obey(now, effects, out);
        self.ask_standing(out);
        self.contacts.followed = 0;
        self.follow_later(out);
    }

    /// Whether nobody would tell us unasked how things go on: we do not vote, or may not speak yet, or have heard of later
    /// epochs than ours.
    fn follows(&self) -> bool {
        self.me.is_none() || self.replica.status().silent || !self.contacts.ahead.is_empty()
    }

    fn follow_later(&mut self, out: &mut Vec<Command>) {
        if self.follows() && !self.contacts.following {
            self.contacts.following = true;
            out.push(Command::StartTimer { timer: Timer::Follow, after_ms: FOLLOW_MS });
        }
    }

    /// Somebody is in another epoch: who is behind is shown how its epoch ended; who is ahead is shown where we stand, and
    /// will answer so.
    // rule H7
    pub(crate) fn hear_other_epoch(&mut self, now: TimeMs, from: Peer, epoch: Epoch, out: &mut Vec<Command>) {
        let ours = self.set.epoch();
        if epoch == ours || !self.contacts.may_show(now, from) {
            return;
        }
        let info = match epoch < ours {
            true => self.end_of(epoch),
            false => {
                if self.contacts.ahead.len() >= PEERS_MAX {
                    self.contacts.ahead.pop_first();
                }
                self.contacts.ahead.insert(from, epoch);
                Some(self.replica.sync_info())
            }
        };
        out.extend(info.map(|info| Command::Show { to: from, message: Message::SyncInfo(info) }));
        self.follow_later(out);
    }

    /// A connection came up with somebody who does not vote here: one of us may be of an earlier epoch.
    pub(crate) fn meet(&mut self, now: TimeMs, peer: Peer, out: &mut Vec<Command>) {
        if self.contacts.met.len() < PEERS_MAX {
            self.contacts.met.insert(peer, ());
        }
        if !self.positions.contains_key(&peer) && self.contacts.may_show(now, peer) {
            let message = Message::SyncInfo(self.replica.sync_info());
            out.push(Command::Show { to: peer, message });
        }
    }

    /// Who is told nothing asks, one after the other.
    pub(crate) fn follow(&mut self, out: &mut Vec<Command>) {
        self.contacts.following = false;
        self.contacts.followed = self.contacts.followed.saturating_add(1);
        if self.contacts.followed > FOLLOW_TIMES {
            self.contacts.ahead.clear();
        }
        if !self.follows() {
            return;
        }
        self.follow_later(out);
        if let Some(peer) = self.somebody() {
            self.ask(peer, Request::Certificates(self.set.epoch()), Purpose::Certificates { peer }, out);
            if !self.cosigning.is_covered(self.ledger.head().size) {
                // Size 0 is the highest there is.
                let size = self.ledger.uncertified_opening().ok().flatten().unwrap_or_default();
                self.ask(peer, Request::CheckpointAt(size), Purpose::Checkpoint, out);
            }
        }
    }

    /// Somebody to ask, each in its turn: those who are ahead, those who were met, those who reign.
    pub(crate) fn somebody(&mut self) -> Option<Peer> {
        let own = self.own_peer();
        let known = self.contacts.ahead.keys().chain(self.contacts.met.keys()).chain(self.positions.keys());
        let among: Vec<Peer> = known.copied().filter(|peer| Some(*peer) != own).collect();
        self.contacts.next(&among)
    }

    /// Whom to ask what a validator should have: it, and when it is asked the same again, in turn those who are epochs
    /// ahead, for it may be gone. Anybody can say that it is ahead, so turns are counted for each question apart: with
    /// one count for all, a liar could be where a question of every second kind goes, for ever.
    pub(crate) fn instead_of(&mut self, validator: ValidatorIndex, request: &Request) -> Option<Peer> {
        let itself = self.set.get(validator).map(Peer::of);
        if self.contacts.ahead.is_empty() {
            return itself;
        }
        let among: Vec<Peer> = itself.into_iter().chain(self.contacts.ahead.keys().copied()).collect();
        let turn = self.contacts.again(validator, request);
        among.get(turn % among.len()).copied()
    }

    pub(crate) fn own_peer(&self) -> Option<Peer> {
        self.me.and_then(|me| self.set.get(me)).map(Peer::of)
    }

    /// The answer to a question about an epoch.
    pub(crate) fn certificates_of(&self, epoch: Epoch) -> SyncInfo {
        self.end_of(epoch).unwrap_or_else(|| self.replica.sync_info())
    }
}
