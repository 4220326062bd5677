//! A command becomes a deed.
//!
//! Decides nothing: what is behind a gate is done when the threads in `durable` have opened it, everything
//! else at once. No deed waits, so commands may be done on any thread: the queues they go to are bounded by
//! those who fill them.

use std::sync::Arc;

use consensus::{Recipients, Say};
use crypto::{SecretKey, Signature};
use engine::event::QuestionId;
use engine::{Alarm, Command, Event, JournalWrite};
use ledger::Notice;
use ledger::change::ChangeSet;
use p2p::{InboundTicket, Network};
use proto::ballot::{Timeout, TimeoutStatement, Vote};
use proto::canonical::Canonical as _;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request};
use proto::proposal::Proposal;
use tokio::sync::broadcast;

use crate::callers::Callers;
use crate::clock;
use crate::durable::Gates;
use crate::failure::{Failure, FatalError};
use crate::inbox::Inbox;
use crate::seats::Seats;
use crate::telemetry::Counters;
use crate::verifier::{Job, Verifier};
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
    pub(crate) keys: Signers,
    pub(crate) journal: Gates<JournalWrite>,
    pub(crate) store: Gates<ChangeSet>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) network: Network,
    pub(crate) callers: Arc<Callers>,
    pub(crate) feed: broadcast::Sender<Arc<Notice>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) failure: Failure,
}

impl Performer {
    /// Does one command.
    pub(crate) fn perform(&self, command: Command) {
        match command {
            Command::Journal(gate) => self.journal.push(gate),
            Command::Store(gate) => self.store.push(gate),
            Command::Say(say) => self.say(say),
            Command::Cosign(head) => self.cosign(head),
            Command::Send { to, message } => self.send(&to, &message),
            Command::Ask { to, question, request } => {
                self.ask(to, question, &request);
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
    fn ask(&self, to: ValidatorIndex, question: QuestionId, request: &Request) {
        match self.seats.now().peer(to) {
            Some(peer) => self.network.request(peer, question.0, request.encode()),
            None => self.inbox.happen(Event::NoResponse { question }),
        }
    }

    fn say(&self, say: Say) {
        let reign = self.seats.now();
        let Some(me) = reign.me else { return };
        let network = reign.set.network();
        match say {
            Say::Vote { statement, to } => {
                let signature = self.sign(&statement.signed_bytes(network));
                let message = Message::Vote(Vote { statement, voter: me, signature });
                let bytes: Arc<[u8]> = wire::encode(&message).into();
                for peer in to.iter().filter(|peer| **peer != me).filter_map(|peer| reign.peer(*peer)) {
                    self.network.send(&peer, message.kind(), Arc::clone(&bytes));
                }
                if to.contains(&me) {
                    self.verifier.submit(Job::Own(Box::new(message)));
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
        self.keys.consensus.sign(message)
    }

    /// To all others, and to ourselves by the door that theirs come in by.
    fn tell_all(&self, message: Message) {
        self.send(&Recipients::All, &message);
        self.verifier.submit(Job::Own(Box::new(message)));
    }

    fn send(&self, to: &Recipients, message: &Message) {
        let bytes: Arc<[u8]> = wire::encode(message).into();
        match to {
            Recipients::All => self.network.broadcast(message.kind(), bytes),
            Recipients::One(to) => {
                if let Some(peer) = self.seats.now().peer(*to) {
                    self.network.send(&peer, message.kind(), bytes);
                }
            }
        }
    }

    fn cosign(&self, head: Head) {
        let time_s = clock::now().seconds();
        let reign = self.seats.now();
        let Some(me) = reign.me else { return };
        match cosigned_messages(&reign.set, me, head, time_s) {
            Ok(messages) => self.verifier.submit(Job::Own(Box::new(Message::Cosignature(Cosignature {
                epoch: reign.set.epoch(),
                signer: me,
                head,
                time_s,
                log: self.keys.log.sign(&messages.log),
                ed25519: self.keys.cosigner_ed25519.sign(&messages.ed25519),
                ml_dsa_65: self.keys.cosigner_ml_dsa_65.sign(&messages.ml_dsa_65),
            })))),
            // The set's names make key names, or there would be no policy; so it is the clock.
            Err(fault) => {
                tracing::error!(code = "cosigning_failed", %fault, "a checkpoint cannot be cosigned")
            }
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
            }
            Alarm::Divergence(divergence) => {
                tracing::error!(code = "divergence", %divergence, "a validator signed another root");
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
            Alarm::Forked(fork) => self.failure.tell(FatalError::Forked(format!("{fork:?}"))),
            Alarm::Fatal(fault) => self.failure.tell(FatalError::Ledger(fault)),
        }
    }
}
