//! From an applied head to a certified checkpoint.
//!
//! Every validator signs each head it has made durable. The proposer of the block collects: it certifies the head
//! with the first quorum of cosignatures and tells everybody, so that all serve the same bytes. When it does not
//! in time, a validator shows its cosignature to everybody, and whoever holds a quorum may certify.
//! A head is computed here before it is believed: a quorum over another root stops this node's receipts.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Gated, Recipients};
use ledger::checkpoint::checkpoint_change;
use ledger::Ledger;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::message::Message;
use proto::validators::ValidatorSet;
use proto::verified::Verified;

use crate::command::{Alarm, Command};
use crate::engine::Engine;
use crate::event::{Event, Timer};

/// How long the collector has before a cosignature is shown to everybody, in milliseconds; doubles with each
/// repetition, up to 32 times.
const COLLECT_MS: u64 = 250;
/// Most heads that are kept while they are not certified.
const OPEN_MAX: usize = 64;

/// A head that is not certified yet, as far as this node knows it.
#[derive(Default)]
struct Open {
    /// What was computed here, and who collects.
    ours: Option<(Head, Option<ValidatorIndex>)>,
    /// Our own cosignature, once the shell has made it.
    own: Option<Cosignature>,
    /// The cosignatures that have come, the first of each signer.
    collected: BTreeMap<ValidatorIndex, Verified<Cosignature>>,
    /// A certificate that came before we had applied so far.
    early: Option<Verified<CertifiedCheckpoint>>,
    repeated: u32,
}

/// The heads under way to their certificates.
pub(crate) struct Cosigning {
    set: Arc<ValidatorSet>,
    me: Option<ValidatorIndex>,
    open: BTreeMap<TreeSize, Open>,
    /// The highest certified checkpoint, durable or about to be.
    latest: Option<CertifiedCheckpoint>,
    /// The size of the highest one that is durable.
    durable: TreeSize,
    diverged: bool,
}

impl Cosigning {
    pub(crate) fn new(
        set: Arc<ValidatorSet>,
        me: Option<ValidatorIndex>,
        latest: Option<CertifiedCheckpoint>,
    ) -> Self {
        let durable = latest.as_ref().map_or(TreeSize::ZERO, |it| it.head.size);
        Self { set, me, open: BTreeMap::new(), latest, durable, diverged: false }
    }

    /// Size of the highest certified checkpoint that is durable.
    pub(crate) const fn certified(&self) -> TreeSize {
        self.durable
    }

    /// Whether a quorum certified another root than ours.
    pub(crate) const fn diverged(&self) -> bool {
        self.diverged
    }

    /// A certified checkpoint is durable.
    pub(crate) fn durable(&mut self, size: TreeSize) {
        self.durable = self.durable.max(size);
    }

    /// Whether a head of this size has, or is under way to have, a certificate of its own or a later one's.
    fn is_covered(&self, size: TreeSize) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.head.size >= size)
    }

    /// The head of a block that was just applied.
    pub(crate) fn applied(
        &mut self,
        head: Head,
        collector: Option<ValidatorIndex>,
        out: &mut Vec<Command>,
    ) {
        if self.is_covered(head.size) {
            return;
        }
        let open = self.open.entry(head.size).or_default();
        open.ours = Some((head, collector));
        let early = open.early.take();
        // One head at a time is repeated: a later one covers those before.
        let previous = self.open.range(..head.size).next_back().map(|(size, _)| *size);
        if let Some(size) = previous {
            out.push(Command::StopTimer { timer: Timer::Cosign { size } });
        }
        if let Some(checkpoint) = early {
            self.certify(checkpoint, out);
        }
        self.close_oldest();
    }

    /// A cosignature that holds: ours comes from the shell, the others' from the network.
    pub(crate) fn hear(&mut self, from: ValidatorIndex, it: Verified<Cosignature>, out: &mut Vec<Command>) {
        if it.signer != from {
            return;
        }
        if self.is_covered(it.head.size) {
            // A validator that asks for what is settled missed the certificate.
            if Some(from) != self.me
                && let Some(latest) = &self.latest
            {
                let message = Message::CertifiedCheckpoint(latest.clone());
                out.push(Command::Send { to: Recipients::One(from), message });
            }
            return;
        }
        let is_own = Some(from) == self.me;
        let size = it.head.size;
        let open = self.open.entry(size).or_default();
        if is_own {
            open.own = Some(Cosignature::clone(&it));
            Self::show(open, size, self.me, out);
        }
        open.collected.entry(from).or_insert(it);
        self.try_certify(size, out);
        self.close_oldest();
    }

    /// Sends our cosignature to the collector, or to everybody when there is none or it was tried.
    fn show(open: &Open, size: TreeSize, me: Option<ValidatorIndex>, out: &mut Vec<Command>) {
        let (Some(own), Some((_, collector))) = (&open.own, &open.ours) else { return };
        let message = Message::Cosignature(own.clone());
        match collector {
            Some(collector) if open.repeated == 0 => {
                if Some(*collector) != me {
                    out.push(Command::Send { to: Recipients::One(*collector), message });
                }
            }
            Some(_) | None => out.push(Command::Send { to: Recipients::All, message }),
        }
        let after_ms = COLLECT_MS << open.repeated.min(5);
        out.push(Command::StartTimer { timer: Timer::Cosign { size }, after_ms });
    }

    /// The collector did not certify in time.
    pub(crate) fn overdue(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        if self.is_covered(size) {
            return;
        }
        if let Some(open) = self.open.get_mut(&size) {
            open.repeated += 1;
            Self::show(open, size, self.me, out);
        }
        self.try_certify(size, out);
    }

    fn try_certify(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        let Some(open) = self.open.get(&size) else { return };
        let Some((ours, collector)) = open.ours else { return };
        // While the collector has time, only it certifies: then all nodes hold the same bytes.
        if open.repeated == 0 && collector.is_some() && collector != self.me {
            return;
        }
        let agreeing = open.collected.values().filter(|it| it.head == ours);
        if let Some(checkpoint) = Verified::certify(&self.set, ours, agreeing) {
            Engine::broadcast(Message::CertifiedCheckpoint(CertifiedCheckpoint::clone(&checkpoint)), out);
            self.certify(checkpoint, out);
        }
    }

    /// A certified checkpoint from the network.
    pub(crate) fn learn(
        &mut self,
        checkpoint: Verified<CertifiedCheckpoint>,
        ledger: &Ledger,
        out: &mut Vec<Command>,
    ) {
        let size = checkpoint.head.size;
        if self.is_covered(size) {
            return;
        }
        if ledger.head().size < size {
            // Not applied so far; kept for when it is. Only the highest is worth the memory.
            self.open.values_mut().for_each(|open| open.early = None);
            self.open.entry(size).or_default().early = Some(checkpoint);
            self.close_oldest();
            return;
        }
        self.certify(checkpoint, out);
    }

    /// Accepts a certificate for a head that was computed here, or finds that this node computed another.
    fn certify(&mut self, checkpoint: Verified<CertifiedCheckpoint>, out: &mut Vec<Command>) {
        let size = checkpoint.head.size;
        let Some((ours, _)) = self.open.get(&size).and_then(|open| open.ours) else { return };
        if ours != checkpoint.head {
            self.diverged = true;
            out.push(Command::Alarm(Alarm::Diverged { ours, theirs: checkpoint.head }));
            return;
        }
        self.latest = Some(CertifiedCheckpoint::clone(&checkpoint));
        for (size, _) in self.open.range(..=size) {
            out.push(Command::StopTimer { timer: Timer::Cosign { size: *size } });
        }
        self.open = self.open.split_off(&size.next());
        let change = checkpoint_change(&checkpoint);
        let then = vec![Command::Happen(Event::Certified { size }), Command::Announce(checkpoint)];
        out.push(Command::Store(Gated::new(change, then)));
    }

    fn close_oldest(&mut self) {
        while self.open.len() > OPEN_MAX {
            self.open.pop_first();
        }
    }
}

impl Engine {
    /// After a start: the head that was applied but perhaps not certified is cosigned before everybody.
    pub(crate) fn cosign_tip(&mut self, out: &mut Vec<Command>) {
        let head = self.ledger.head();
        if self.me.is_some() && !self.cosigning.is_covered(head.size) {
            self.cosigning.applied(head, None, out);
            out.push(Command::Cosign(head));
        }
    }
}

