//! A command becomes a deed.
//!
//! Decides nothing: what is behind a gate is done when the threads in `durable` have opened it, everything
//! else at once. No deed waits, so commands may be done on any thread: the queues they go to are bounded by
//! those who fill them.

use std::sync::Arc;

use api::Reigning;
use consensus::{Recipients, Say};
use crypto::{SecretKey, Signature};
use engine::event::QuestionId;
use engine::{Alarm, Command, Event, JournalWrite, Peer, Reigns};
use ledger::Notice;
use ledger::change::ChangeSet;
use p2p::{InboundTicket, Network};
use proto::ballot::{Timeout, TimeoutStatement, Vote};
use proto::canonical::Canonical as _;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request};
use proto::proposal::Proposal;
use proto::validators::ValidatorSet;
use tokio::sync::{broadcast, watch};

use crate::addresses::Addresses;
use crate::callers::Callers;
use crate::clock;
use crate::durable::Gates;
use crate::evidence::Evidences;
use crate::failure::{Failure, FatalError};
use crate::inbox::Inbox;
use crate::seats::Seats;
use crate::telemetry::Counters;
use crate::verifier::Verifier;
use crate::wire;

/// The keys that sign here; the network and the gateway have their own.
pub(crate) struct Signers {
    pub(crate) consensus: SecretKey,
    pub(crate) log: SecretKey,
    pub(crate) cosigner_ed25519: SecretKey,
    pub(crate) cosigner_ml_dsa_65: SecretKey,
}

/// All that deeds are done with.
pub(crate) struct Performer {
    pub(crate) seats: Arc<Seats>,
    pub(crate) addresses: Addresses,
    pub(crate) reigning: watch::Sender<Reigning>,
    pub(crate) keys: Signers,
    pub(crate) journal: Gates<JournalWrite>,
    pub(crate) store: Gates<ChangeSet>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) network: Network,
    pub(crate) callers: Arc<Callers>,
    pub(crate) feed: broadcast::Sender<Arc<Notice>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) evidence: Evidences,
    pub(crate) failure: Failure,
}

impl Performer {
    /// Does one command.
    pub(crate) fn perform(&self, command: Command) {
        match command {
            Command::Journal(gate) => self.journal.push(gate),
            Command::Store(gate) => self.store.push(gate),
            Command::Say(say) => self.say(say),
            Command::Cosign { head, set, signer } => self.cosign(head, &set, signer),
            Command::Reign(reigns) => self.begin(reigns),
            Command::Show { to, message } => self.show(&to, &message),
            Command::Send { to, message } => self.send(&to, &message),
            Command::Ask { to, question, request } => {
                self.ask(&to, question, &request);
            }
            Command::Respond { ticket, response } => {
                self.network.respond(InboundTicket::new(ticket.0), response.encode());
            }
            Command::StartTimer { timer, after_ms } => self.inbox.start_timer(timer, after_ms),
            Command::StopTimer { timer } => self.inbox.stop_timer(timer),
            Command::Answer { ticket, answer } => {
                self.counters.answered(&answer);
                self.callers.answer(ticket, answer);
            }
            Command::Publish(notices) => self.publish(notices),
            Command::Announce(checkpoint) => self.network.announce(checkpoint.encode()),
            Command::Happen(event) => self.inbox.happen(event),
            Command::Alarm(alarm) => self.alarm(alarm),
        }
    }

    /// Exactly one answer comes of it, be it that there is nobody to ask.
    fn ask(&self, to: &Peer, question: QuestionId, request: &Request) {
        match self.seats.now().peer(to) {
            Some(peer) => self.network.request(peer, question.0, request.encode()),
            None => self.inbox.happen(Event::NoResponse { question }),
        }
    }

    fn say(&self, say: Say) {
        let reign = self.seats.now();
        let Some(me) = reign.me else { return };
        let epoch = match &say {
            Say::Vote { statement, .. } => statement.epoch,
            Say::Timeout { epoch, .. } => *epoch,
            Say::Proposal { block, .. } => block.epoch,
        };
        // Let out by its gate when its epoch was over: nobody would count it, and our index may be another's by now.
        if epoch != reign.epoch() {
            return;
        }
        let network = reign.set().network();
        match say {
            Say::Vote { statement, to } => {
                let signature = self.sign(&statement.signed_bytes(network));
                let message = Message::Vote(Vote { statement, voter: me, signature });
                let bytes: Arc<[u8]> = wire::encode(&message).into();
                for peer in to.iter().filter(|peer| **peer != me).filter_map(|peer| reign.validator(*peer)) {
                    self.network.send(&peer, message.kind(), Arc::clone(&bytes));
                }
                if to.contains(&me) {
                    self.verifier.own(message);
                }
            }
            Say::Timeout { epoch, view, high_qc, last_tc } => {
                let statement = TimeoutStatement { epoch, view, high_qc_view: high_qc.view };
                let signature = self.sign(&statement.signed_bytes(network));
                let timeout = Timeout { epoch, view, high_qc, last_tc, voter: me, signature };
                self.tell_all(Message::Timeout(timeout));
            }
            Say::Proposal { block, justify, timeout_cert } => {
                let signature = self.sign(&Proposal::signed_bytes(network, &block));
                self.tell_all(Message::Proposal(Proposal { block, justify, timeout_cert, signature }));
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.signed(&self.keys.consensus, message)
    }

    fn signed(&self, key: &SecretKey, message: &[u8]) -> Signature {
        let signature = key.sign(message);
        self.verifier.checker.made(key.public(), message, &signature);
        signature
    }

    /// To all others, and to ourselves by the door that theirs come in by.
    fn tell_all(&self, message: Message) {
        self.send(&Recipients::All, &message);
        self.verifier.own(message);
    }

    fn send(&self, to: &Recipients, message: &Message) {
        let bytes: Arc<[u8]> = wire::encode(message).into();
        match to {
            Recipients::All => self.network.broadcast(message.kind(), bytes),
            Recipients::One(to) => {
                if let Some(peer) = self.seats.now().validator(*to) {
                    self.network.send(&peer, message.kind(), bytes);
                }
            }
        }
    }

    fn cosign(&self, head: Head, set: &ValidatorSet, signer: ValidatorIndex) {
        let time_s = clock::now().seconds();
        match cosigned_messages(set, signer, head, time_s) {
            Ok(messages) => self.verifier.own(Message::Cosignature(Cosignature {
                epoch: set.epoch(),
                signer,
                head,
                time_s,
                log: self.signed(&self.keys.log, &messages.log),
                ed25519: self.signed(&self.keys.cosigner_ed25519, &messages.ed25519),
                ml_dsa_65: self.signed(&self.keys.cosigner_ml_dsa_65, &messages.ml_dsa_65),
            })),
            // The set's names make key names, or there would be no policy; so it is the clock.
            Err(fault) => {
                tracing::error!(code = "cosigning_failed", %fault, "a checkpoint cannot be cosigned")
            }
        }
    }

    fn show(&self, to: &Peer, message: &Message) {
        if let Some(peer) = self.seats.now().peer(to) {
            self.network.send(&peer, message.kind(), wire::encode(message).into());
        }
    }

    /// Others reign from now on, or those before them are done.
    fn begin(&self, reigns: Arc<Reigns>) {
        let before = self.seats.begin(reigns);
        let now = self.seats.now();
        if let Err(fault) = self.network.set_validators(&self.addresses.peers(&now.reigns)) {
            // The sets have checked their keys, so the network has nothing to refuse.
            tracing::error!(code = "validators_refused", %fault, "the network does not take the validators");
        }
        let set = now.set();
        if before.epoch() != now.epoch() {
            match Reigning::of(Arc::clone(set)) {
                Ok(reigning) => {
                    self.reigning.send_replace(reigning);
                }
                // The ledger accepts no change after which no policy can be written.
                Err(fault) => tracing::error!(code = "no_policy", %fault, "the validators give no policy"),
            }
            let names: Vec<_> = set.iter().map(|(_, validator)| validator.name.as_str()).collect();
            tracing::info!(epoch = %now.epoch(), validators = names.join(" "), "an epoch begins");
        }
        let (left, joined) =
            (before.me.is_some() && now.me.is_none(), before.me.is_none() && now.me.is_some());
        if joined {
            tracing::info!(epoch = %now.epoch(), "this node is a validator from now on");
        }
        if left {
            tracing::warn!(
                code = "left",
                epoch = %now.epoch(),
                "this node is a validator no more; do not stop it before it says that it may be stopped"
            );
        }
        let was_leaving = left || before.is_leaving(self.seats.key());
        if was_leaving && now.me.is_none() && !now.is_leaving(self.seats.key()) {
            tracing::warn!(
                code = "may_be_stopped",
                "the last head of this node's epoch is certified: it may be stopped"
            );
        }
    }

    fn publish(&self, notices: Vec<Notice>) {
        for notice in notices {
            // An error says that nobody listens.
            let _ = self.feed.send(Arc::new(notice));
        }
    }

    fn alarm(&self, alarm: Alarm) {
        self.counters.alarm(&alarm);
        match alarm {
            Alarm::Equivocation(evidence) => {
                let (validator, view) = (evidence.accused(), evidence.view());
                let code = "equivocation";
                tracing::error!(code, %validator, %view, ?evidence, "a validator contradicted itself");
                self.evidence.equivocation(*evidence, &self.seats);
            }
            Alarm::Divergence(divergence) => {
                tracing::error!(code = "divergence", %divergence, "a validator signed another root");
                self.evidence.divergence(*divergence, &self.seats);
            }
            Alarm::Diverged { ours, theirs } => {
                tracing::error!(
                    code = "diverged",
                    ?ours,
                    ?theirs,
                    "a quorum signed another root than this node computed"
                );
            }
            Alarm::Misbehaved { peer, reason } => {
                tracing::warn!(code = "misbehaviour", %peer, ?reason, "a peer did what an honest one would not");
            }
            Alarm::UntrueLog { peer, fault } => {
                tracing::warn!(code = "untrue_log", ?peer, %fault, "a peer sent a part of the log that does not hold");
            }
            Alarm::Forked(fork) => self.failure.tell(FatalError::Forked(format!("{fork:?}"))),
            Alarm::Fatal(fault) => self.failure.tell(FatalError::Ledger(fault)),
        }
    }
}
