//! From an applied head to a certified checkpoint.
//!
//! Every validator signs the heads that are due when it has made them durable: one of each block while there is little to
//! do, and a bounded number in a second while there is much, for each covers those before it. The proposer of the block
//! collects: it certifies the head with the first quorum of cosignatures and tells everybody, so that all serve the same
//! bytes. When it does not in time, or no head became due that should have, a validator shows its cosignature to
//! everybody, and whoever holds a quorum may certify.
//! The head that opens an epoch is signed by the validators before it, and nothing larger is certified before it is: so
//! who follows the log from epoch to epoch never comes to a gap.
//! What a quorum is, and that it agrees with what was computed here, is the ledger's rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Gated, Recipients};
use crypto::PublicKey;
use ledger::change::ChangeSet;
use ledger::checkpoint::CertifyError;
use ledger::collector::{Collector, Divergence};
use ledger::read::ReadError;
use ledger::{Ledger, LedgerError};
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::{Epoch, LeafIndex, TimeMs, TreeSize};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request};
use proto::validators::ValidatorSet;
use proto::verified::Verified;

use crate::command::{Alarm, Command};
use crate::engine::Engine;
use crate::event::{Event, Peer, Timer};
use crate::questions::Purpose;
use crate::reigns::{Reigns, Term};

/// How long the collector has before a cosignature is shown to everybody, in milliseconds; doubles with each
/// repetition, up to 32 times.
const COLLECT_MS: u64 = 250;
/// While blocks follow one another, the first head in each span of this time is due, in milliseconds of block time.
const CADENCE_MS: u64 = 20;
/// Most heads of ours that are kept while they are not certified; a later one covers those before.
const SHOWN_MAX: usize = 64;

/// Whether the head of a block is to be cosigned although another block follows at once. By the times of the two blocks
/// alone, so that all validators choose the same heads, whenever they began.
pub(crate) const fn is_due(before: TimeMs, time: TimeMs) -> bool {
    before.get() / CADENCE_MS != time.get() / CADENCE_MS
}

/// A head of ours under way to its certificate.
pub(crate) struct Shown {
    /// Who collects; none after a start, when everybody may.
    collector: Option<ValidatorIndex>,
    /// Whether our cosignature was asked for.
    is_asked: bool,
    /// Our cosignature, once the shell has made it.
    own: Option<Cosignature>,
    repeated: u32,
}

impl Shown {
    pub(crate) const fn new(collector: Option<ValidatorIndex>, is_asked: bool) -> Self {
        Self { collector, is_asked, own: None, repeated: 0 }
    }
}

/// One set's share of the heads.
struct Signing {
    term: Term,
    /// Our position in the set.
    me: Option<ValidatorIndex>,
    collector: Collector,
}

impl Signing {
    fn new(term: Term, me: Option<ValidatorIndex>, certified: TreeSize) -> Self {
        let collector = Collector::new(Arc::clone(&term.set), certified);
        Self { term, me, collector }
    }
}

/// The heads under way to their certificates.
pub(crate) struct Cosigning {
    /// The set that signs what comes next.
    current: Signing,
    /// Those before it, the oldest first: all that signed an opening head which is not certified, and the last one.
    before: Vec<Signing>,
    shown: BTreeMap<TreeSize, Shown>,
    /// A certificate that came before it could be taken: the highest one.
    early: Option<Verified<CertifiedCheckpoint>>,
    /// The highest certified checkpoint, durable or about to be.
    latest: Option<CertifiedCheckpoint>,
    /// The size of the highest one that is durable.
    durable: TreeSize,
    diverged: bool,
}

impl Cosigning {
    /// What a node has to do after a start, with the key it votes with.
    pub(crate) fn new(
        ledger: &Ledger,
        key: Option<&PublicKey>,
        latest: Option<CertifiedCheckpoint>,
    ) -> Result<Self, ReadError> {
        let durable = latest.as_ref().map_or(TreeSize::ZERO, |it| it.head.size);
        let signing = |epoch: Epoch, last: Option<TreeSize>| -> Result<Option<Signing>, ReadError> {
            let Some(set) = ledger.validators(epoch)? else { return Ok(None) };
            let above = match epoch == Epoch::ZERO {
                true => TreeSize::ZERO,
                false => ledger.reign_of(epoch)?.map_or(TreeSize::ZERO, |reign| reign.size),
            };
            let me = key.and_then(|key| set.position(key));
            Ok(Some(Signing::new(Term { set: Arc::new(set), above, last }, me, durable)))
        };
        let (mut epoch, mut last) = (ledger.reign().epoch, None);
        let missing = |epoch: Epoch| {
            ReadError::damaged(ledger::change::Table::Epochs, &epoch.get().to_be_bytes(), "missing")
        };
        let current = signing(epoch, last)?.ok_or_else(|| missing(epoch))?;
        let mut before = Vec::new();
        let mut oldest = current.term.above;
        while epoch > Epoch::ZERO && (before.is_empty() || oldest > durable) {
            last = Some(oldest);
            epoch = Epoch::new(epoch.get() - 1);
            let it = signing(epoch, last)?.ok_or_else(|| missing(epoch))?;
            oldest = it.term.above;
            before.push(it);
        }
        before.reverse();
        let shown = BTreeMap::new();
        Ok(Self { current, before, shown, early: None, latest, durable, diverged: false })
    }

    /// A certified checkpoint that is ahead of us: the highest one heard of.
    pub(crate) const fn ahead(&self) -> Option<&Verified<CertifiedCheckpoint>> {
        self.early.as_ref()
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

    /// The sets that what comes in is judged by.
    pub(crate) fn reigns(&self) -> Reigns {
        let before = self.before.iter().map(|it| it.term.clone()).collect();
        Reigns::new(self.current.term.clone(), before)
    }

    /// The head of this size closes an epoch: its set signs no larger one.
    pub(crate) fn end_term(&mut self, last: TreeSize) {
        self.current.term.last = Some(last);
    }

    /// Another set signs the heads above a size.
    pub(crate) fn begin_term(&mut self, set: Arc<ValidatorSet>, me: Option<ValidatorIndex>, above: TreeSize) {
        let term = Term { set, above, last: None };
        let certified = self.latest.as_ref().map_or(TreeSize::ZERO, |latest| latest.head.size);
        let ended = std::mem::replace(&mut self.current, Signing::new(term, me, certified));
        self.before.retain(|it| it.term.last.is_none_or(|last| last > certified));
        self.before.push(ended);
    }

    /// What asks the shell for our cosignature of a head, if we are among those who sign it.
    pub(crate) fn command(&self, head: Head) -> Option<Command> {
        let Signing { term, me, .. } = self.signing(head.size)?;
        Some(Command::Cosign { head, set: Arc::clone(&term.set), signer: (*me)? })
    }

    fn signing(&self, size: TreeSize) -> Option<&Signing> {
        let signs = |it: &&Signing| size > it.term.above && it.term.last.is_none_or(|last| size <= last);
        [&self.current].into_iter().chain(&self.before).find(signs)
    }

    fn signing_mut(&mut self, size: TreeSize) -> Option<&mut Signing> {
        let signs = |it: &&mut Signing| size > it.term.above && it.term.last.is_none_or(|last| size <= last);
        [&mut self.current].into_iter().chain(&mut self.before).find(signs)
    }

    /// Whether a head is the last that its set signs.
    fn is_last(&self, size: TreeSize) -> bool {
        self.signing(size).is_some_and(|it| it.term.last == Some(size))
    }

    /// Whether a head of this size is certified, or covered by a larger one that is.
    pub(crate) fn is_covered(&self, size: TreeSize) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.head.size >= size)
    }

    /// Sends our cosignature to the collector, or to everybody when there is none or it had its time. Positions are those
    /// of the set that signs, which may reign no more, so each is addressed by name.
    fn show(&self, size: TreeSize, out: &mut Vec<Command>) {
        let (Some(shown), Some(signing)) = (self.shown.get(&size), self.signing(size)) else { return };
        let after_ms = COLLECT_MS << shown.repeated.min(5);
        if let Some(own) = &shown.own {
            let only = shown.collector.filter(|_| shown.repeated == 0);
            for (index, validator) in signing.term.set.iter() {
                if index != own.signer && only.is_none_or(|only| only == index) {
                    let message = Message::Cosignature(own.clone());
                    out.push(Command::Show { to: Peer::of(validator), message });
                }
            }
        } else if !self.is_last(size) {
            return;
        }
        out.push(Command::StartTimer { timer: Timer::Cosign { size }, after_ms });
    }
}

impl Engine {
    /// After a start: the heads that were applied but perhaps not certified, and that somebody waits for: those that ended
    /// a term, and the last one. They are cosigned before everybody, by what this returns, as soon as they are durable.
    pub(crate) fn cosign_open(&mut self, out: &mut Vec<Command>) -> Vec<Command> {
        let tip = self.ledger.head();
        let ends = self.cosigning.before.iter().filter_map(|it| it.term.last);
        let sizes: Vec<_> = ends.chain([tip.size]).filter(|size| !self.cosigning.is_covered(*size)).collect();
        let mut then = Vec::new();
        for size in sizes {
            if let Ok(Some(head)) = self.ledger.head_at(size) {
                self.head_applied(head, Shown::new(None, true), out);
                then.extend(self.cosigning.command(head));
            }
        }
        then
    }

    /// The log came to a new head.
    pub(crate) fn head_applied(&mut self, head: Head, shown: Shown, out: &mut Vec<Command>) {
        let cosigning = &mut self.cosigning;
        // One head at a time is repeated: a later one covers those before, but for the last of a term.
        if let Some((&size, _)) = cosigning.shown.last_key_value()
            && !cosigning.is_last(size)
        {
            out.push(Command::StopTimer { timer: Timer::Cosign { size } });
        }
        if !shown.is_asked {
            // The head of a later block covers this one, unless that block was given up.
            out.push(Command::StartTimer { timer: Timer::Cosign { size: head.size }, after_ms: COLLECT_MS });
        }
        cosigning.shown.insert(head.size, shown);
        if cosigning.shown.len() > SHOWN_MAX {
            let oldest = cosigning.shown.keys().copied().find(|size| !cosigning.is_last(*size));
            oldest.map(|size| cosigning.shown.remove(&size));
        }
        if cosigning.is_last(head.size) {
            cosigning.show(head.size, out);
        }
        let divergences = cosigning.signing_mut(head.size).map(|it| it.collector.head(head));
        for divergence in divergences.unwrap_or_default() {
            Self::diverges(divergence, out);
        }
        self.try_certify(head.size, out);
        self.retry_early(out);
    }

    /// A cosignature that holds: ours comes from the shell, the others' from the network.
    pub(crate) fn hear_cosignature(
        &mut self,
        from: Peer,
        cosignature: Verified<Cosignature>,
        out: &mut Vec<Command>,
    ) {
        let size = cosignature.head.size;
        let Some(signing) = self.cosigning.signing_mut(size) else { return };
        if signing.term.set.epoch() != cosignature.epoch {
            return;
        }
        let is_own = signing.me == Some(cosignature.signer);
        if self.cosigning.is_covered(size) {
            // A validator that still asks for what is settled missed the certificate.
            if !is_own && let Some(settled) = self.settled_at(size) {
                out.push(Command::Show { to: from, message: Message::CertifiedCheckpoint(settled) });
            }
            return;
        }
        if is_own && let Some(shown) = self.cosigning.shown.get_mut(&size) {
            shown.own = Some(Cosignature::clone(&cosignature));
            self.cosigning.show(size, out);
        }
        let added = self.cosigning.signing_mut(size).map(|it| it.collector.add(cosignature));
        if let Some(Err(divergence)) = added {
            Self::diverges(divergence, out);
        }
        self.try_certify(size, out);
    }

    /// The certificate that settles a head: the highest, or the last of its term, which its reader needs first.
    fn settled_at(&self, size: TreeSize) -> Option<CertifiedCheckpoint> {
        let is_current = size > self.cosigning.current.term.above;
        let latest = self.cosigning.latest.clone();
        match is_current {
            true => latest,
            false => {
                let leaf = LeafIndex::new(size.get().saturating_sub(1));
                self.reader.checkpoint_covering(leaf).ok().flatten().or(latest)
            }
        }
    }

    /// The collector did not certify in time.
    pub(crate) fn cosign_overdue(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        if self.cosigning.is_covered(size) {
            return;
        }
        let Some(shown) = self.cosigning.shown.get_mut(&size) else { return };
        shown.repeated += 1;
        if !std::mem::replace(&mut shown.is_asked, true)
            && let Ok(Some(head)) = self.ledger.head_at(size)
        {
            // Behind the writes of its block: a set that writes nothing is durable when those before it are.
            let then = self.cosigning.command(head).into_iter().collect();
            out.push(Command::Store(Gated::new(ChangeSet::new(), then)));
        }
        self.cosigning.show(size, out);
        // Those who signed it may be gone, or never knew us: but nothing goes on without it, so we ask.
        if self.cosigning.is_last(size)
            && let Some(peer) = self.somebody()
        {
            self.ask(peer, Request::CheckpointAt(size), Purpose::Checkpoint, out);
        }
    }

    /// A certified checkpoint from the network.
    pub(crate) fn learn_checkpoint(
        &mut self,
        checkpoint: Verified<CertifiedCheckpoint>,
        out: &mut Vec<Command>,
    ) {
        match checkpoint.head.size > self.ledger.head().size {
            true => self.keep_early(checkpoint),
            false => self.certify(checkpoint, None, out),
        }
    }

    fn keep_early(&mut self, checkpoint: Verified<CertifiedCheckpoint>) {
        let early = self.cosigning.early.as_ref().map_or(TreeSize::ZERO, |early| early.head.size);
        if checkpoint.head.size > early {
            self.cosigning.early = Some(checkpoint);
        }
    }

    pub(crate) fn retry_early(&mut self, out: &mut Vec<Command>) {
        if let Some(early) = self.cosigning.early.take() {
            self.learn_checkpoint(early, out);
        }
    }

    fn diverges(divergence: Divergence, out: &mut Vec<Command>) {
        out.push(Command::Alarm(Alarm::Divergence(Box::new(divergence))));
    }

    fn try_certify(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        // Rule C6 of the ledger, before anybody is told.
        let waits = match self.ledger.uncertified_opening() {
            Ok(opening) => opening.is_some_and(|opening| size > opening),
            Err(fault) => return self.halt(LedgerError::Read(fault).to_string(), out),
        };
        let Some(signing) = self.cosigning.signing(size).filter(|_| !waits) else { return };
        if let Some(checkpoint) = signing.collector.quorum(size) {
            let message = Message::CertifiedCheckpoint(CertifiedCheckpoint::clone(&checkpoint));
            // Those who signed it, when they reign no more, must hear of it as well as those who do.
            if signing.term.set.epoch() != self.set.epoch() {
                for (_, validator) in signing.term.set.iter() {
                    let to = Peer::of(validator);
                    if !self.positions.contains_key(&to) {
                        out.push(Command::Show { to, message: message.clone() });
                    }
                }
            }
            out.push(Command::Send { to: Recipients::All, message });
            let announcement = CertifiedCheckpoint::clone(&checkpoint);
            self.certify(checkpoint, Some(Command::Announce(announcement)), out);
        }
    }

    /// Takes a certificate for a head that was computed here, or finds that this node computed another. Who made it
    /// announces it, once it is durable.
    fn certify(
        &mut self,
        checkpoint: Verified<CertifiedCheckpoint>,
        announcement: Option<Command>,
        out: &mut Vec<Command>,
    ) {
        let size = checkpoint.head.size;
        match self.ledger.certify(&checkpoint) {
            Ok(Some(finality)) => {
                self.cosigning.latest = Some(CertifiedCheckpoint::clone(&checkpoint));
                let Cosigning { current, before, .. } = &mut self.cosigning;
                for it in [current].into_iter().chain(before) {
                    it.collector.certified(size);
                }
                let open = self.cosigning.shown.split_off(&size.next());
                for size in std::mem::replace(&mut self.cosigning.shown, open).into_keys() {
                    out.push(Command::StopTimer { timer: Timer::Cosign { size } });
                }
                let mut then =
                    vec![Command::Happen(Event::Certified { size }), Command::Publish(vec![finality.notice])];
                then.extend(announcement);
                out.push(Command::Store(Gated::new(finality.change, then)));
                self.certify_waiting(out);
            }
            Err(CertifyError::OpeningFirst { .. }) => self.keep_early(checkpoint),
            Ok(None) | Err(CertifyError::Ahead { .. } | CertifyError::OtherEpoch { .. }) => {}
            Err(CertifyError::Diverged { ours, theirs }) => {
                self.cosigning.diverged = true;
                out.push(Command::Alarm(Alarm::Diverged { ours, theirs: theirs.head }));
            }
            Err(CertifyError::Read(fault)) => self.halt(LedgerError::Read(fault).to_string(), out),
        }
    }

    /// What had to wait for the head that opened an epoch may be taken now.
    fn certify_waiting(&mut self, out: &mut Vec<Command>) {
        let open: Vec<TreeSize> = self.cosigning.shown.keys().rev().copied().collect();
        for size in open {
            self.try_certify(size, out);
        }
        self.retry_early(out);
    }
}
