//! From an applied head to a certified checkpoint.
//!
//! Every validator signs each head it has made durable. The proposer of the block collects: it certifies the head with
//! the first quorum of cosignatures and tells everybody, so that all serve the same bytes. When it does not in time, a
//! validator shows its cosignature to everybody, and whoever holds a quorum may certify.
//! What a quorum is, and that it agrees with what was computed here, is the ledger's rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Gated, Recipients};
use ledger::LedgerError;
use ledger::checkpoint::CertifyError;
use ledger::collector::{Collector, Divergence};
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
/// Most heads of ours that are kept while they are not certified; a later one covers those before.
const SHOWN_MAX: usize = 64;

/// A head of ours under way to its certificate.
struct Shown {
    /// Who collects; none after a start, when everybody may.
    collector: Option<ValidatorIndex>,
    /// Our cosignature, once the shell has made it.
    own: Option<Cosignature>,
    repeated: u32,
}

/// The heads under way to their certificates.
pub(crate) struct Cosigning {
    collector: Collector,
    me: Option<ValidatorIndex>,
    shown: BTreeMap<TreeSize, Shown>,
    /// A certificate that came before we had applied so far: the highest one.
    early: Option<Verified<CertifiedCheckpoint>>,
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
        Self {
            collector: Collector::new(set, durable),
            me,
            shown: BTreeMap::new(),
            early: None,
            latest,
            durable,
            diverged: false,
        }
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

    /// Whether a head of this size is certified, or covered by a larger one that is.
    fn is_covered(&self, size: TreeSize) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.head.size >= size)
    }

    /// Sends our cosignature to the collector, or to everybody when there is none or it had its time.
    fn show(&self, size: TreeSize, out: &mut Vec<Command>) {
        let Some(Shown { collector, own: Some(own), repeated }) = self.shown.get(&size) else { return };
        let to = match collector {
            Some(collector) if *repeated == 0 => Recipients::One(*collector),
            Some(_) | None => Recipients::All,
        };
        if Recipients::One(own.signer) != to {
            out.push(Command::Send { to, message: Message::Cosignature(own.clone()) });
        }
        let after_ms = COLLECT_MS << repeated.min(&5);
        out.push(Command::StartTimer { timer: Timer::Cosign { size }, after_ms });
    }
}

impl Engine {
    /// After a start: the head that was applied but perhaps not certified is cosigned before everybody, by what this
    /// returns, as soon as the head is durable.
    pub(crate) fn cosign_tip(&mut self, out: &mut Vec<Command>) -> Option<Command> {
        let head = self.ledger.head();
        if self.me.is_none() || self.cosigning.is_covered(head.size) {
            return None;
        }
        self.head_applied(head, None, out);
        Some(Command::Cosign(head))
    }

    /// The log came to a new head.
    pub(crate) fn head_applied(
        &mut self,
        head: Head,
        collector: Option<ValidatorIndex>,
        out: &mut Vec<Command>,
    ) {
        let cosigning = &mut self.cosigning;
        // One head at a time is repeated: a later one covers those before.
        if let Some((&size, _)) = cosigning.shown.last_key_value() {
            out.push(Command::StopTimer { timer: Timer::Cosign { size } });
        }
        cosigning.shown.insert(head.size, Shown { collector, own: None, repeated: 0 });
        if cosigning.shown.len() > SHOWN_MAX {
            cosigning.shown.pop_first();
        }
        for divergence in cosigning.collector.head(head) {
            Self::diverges(divergence, out);
        }
        self.try_certify(head.size, out);
        self.certify_early(out);
    }

    /// A certificate that came before we had applied so far may be taken now.
    pub(crate) fn certify_early(&mut self, out: &mut Vec<Command>) {
        if let Some(early) = self.cosigning.early.take() {
            self.learn_checkpoint(early, out);
        }
    }

    /// A cosignature that holds: ours comes from the shell, the others' from the network.
    pub(crate) fn hear_cosignature(
        &mut self,
        from: ValidatorIndex,
        cosignature: Verified<Cosignature>,
        out: &mut Vec<Command>,
    ) {
        let size = cosignature.head.size;
        let cosigning = &mut self.cosigning;
        if cosignature.signer != from {
            return;
        }
        if cosigning.is_covered(size) {
            // A validator that still asks for what is settled missed the certificate.
            if let Some(latest) = cosigning.latest.as_ref().filter(|_| Some(from) != cosigning.me) {
                let message = Message::CertifiedCheckpoint(latest.clone());
                out.push(Command::Send { to: Recipients::One(from), message });
            }
            return;
        }
        if Some(from) == cosigning.me
            && let Some(shown) = cosigning.shown.get_mut(&size)
        {
            shown.own = Some(Cosignature::clone(&cosignature));
            cosigning.show(size, out);
        }
        if let Err(divergence) = self.cosigning.collector.add(cosignature) {
            Self::diverges(divergence, out);
        }
        self.try_certify(size, out);
    }

    /// The collector did not certify in time.
    pub(crate) fn cosign_overdue(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        if let Some(shown) = self.cosigning.shown.get_mut(&size) {
            shown.repeated += 1;
            self.cosigning.show(size, out);
        }
    }

    /// A certified checkpoint from the network.
    pub(crate) fn learn_checkpoint(
        &mut self,
        checkpoint: Verified<CertifiedCheckpoint>,
        out: &mut Vec<Command>,
    ) {
        if checkpoint.head.size > self.ledger.head().size {
            let early = self.cosigning.early.as_ref().map_or(TreeSize::ZERO, |early| early.head.size);
            if checkpoint.head.size > early {
                self.cosigning.early = Some(checkpoint);
            }
            return;
        }
        self.certify(checkpoint, out);
    }

    fn diverges(divergence: Divergence, out: &mut Vec<Command>) {
        out.push(Command::Alarm(Alarm::Divergence(Box::new(divergence))));
    }

    fn try_certify(&mut self, size: TreeSize, out: &mut Vec<Command>) {
        if let Some(checkpoint) = self.cosigning.collector.quorum(size) {
            Self::broadcast(Message::CertifiedCheckpoint(CertifiedCheckpoint::clone(&checkpoint)), out);
            self.certify(checkpoint, out);
        }
    }

    /// Takes a certificate for a head that was computed here, or finds that this node computed another.
    fn certify(&mut self, checkpoint: Verified<CertifiedCheckpoint>, out: &mut Vec<Command>) {
        let size = checkpoint.head.size;
        match self.ledger.certify(&checkpoint) {
            Ok(Some(finality)) => {
                self.cosigning.latest = Some(CertifiedCheckpoint::clone(&checkpoint));
                self.cosigning.collector.certified(size);
                let open = self.cosigning.shown.split_off(&size.next());
                for size in std::mem::replace(&mut self.cosigning.shown, open).into_keys() {
                    out.push(Command::StopTimer { timer: Timer::Cosign { size } });
                }
                let then = vec![
                    Command::Happen(Event::Certified { size }),
                    Command::Publish(vec![finality.notice]),
                    Command::Announce(checkpoint.into_inner()),
                ];
                out.push(Command::Store(Gated::new(finality.change, then)));
            }
            Ok(None) | Err(CertifyError::Ahead { .. }) => {}
            Err(CertifyError::Diverged { ours, theirs }) => {
                self.cosigning.diverged = true;
                out.push(Command::Alarm(Alarm::Diverged { ours, theirs: theirs.head }));
            }
            Err(CertifyError::Read(fault)) => self.halt(LedgerError::Read(fault).to_string(), out),
        }
    }
}
