//! Bytes from outside become verified events, on threads of their own.
//!
//! The one door between the wire and the engine: here bytes are decoded and every signature is checked, so
//! that the engine's thread does no arithmetic of curves. What is urgent for consensus goes first. The order
//! among the messages of one peer is not kept; nothing above needs it. Each job from outside carries the room
//! it takes until the engine has taken its event, so a flood waits at the door.

use std::sync::Arc;

use api::SubmitReply;
use engine::Event;
use engine::event::{CallerTicket, QuestionId};
use p2p::PeerId;
use proto::canonical::Canonical as _;
use proto::checkpoint::CertifiedCheckpoint;
use proto::message::{Kind, Lane, Message, Response};
use proto::submission::Submission;
use proto::verified::{Strict, Unverified};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::callers::{self, Callers};
use crate::inbox::Inbox;
use crate::queue::Queue;
use crate::remembering::Remembering;
use crate::seats::Seats;
use crate::telemetry::{Counters, Dropped};
use crate::wire;

/// Something to check.
pub(crate) enum Job {
    /// A peer's message.
    Frame {
        /// Whose.
        from: PeerId,
        /// What kind.
        kind: Kind,
        /// Its bytes.
        bytes: Vec<u8>,
        /// The room it takes.
        room: OwnedSemaphorePermit,
    },
    /// A validator announced a certified checkpoint to all.
    Announcement {
        /// Whose.
        author: PeerId,
        /// Its bytes.
        bytes: Vec<u8>,
        /// The room it takes.
        room: OwnedSemaphorePermit,
    },
    /// A peer's answer.
    Response {
        /// To which question.
        question: QuestionId,
        /// Whose.
        from: PeerId,
        /// Its bytes.
        bytes: Vec<u8>,
        /// The room it takes.
        room: OwnedSemaphorePermit,
    },
    /// Somebody submits.
    Submission {
        /// The envelope.
        envelope: Vec<u8>,
        /// Where the answer goes.
        reply: oneshot::Sender<SubmitReply>,
        /// The room it takes.
        room: OwnedSemaphorePermit,
    },
}

/// What the checking threads share.
pub(crate) struct Verifier {
    pub(crate) jobs: Queue<Job>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) checker: Remembering<Strict>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) callers: Arc<Callers>,
    pub(crate) counters: Arc<Counters>,
}

impl Verifier {
    /// Puts a job in line.
    pub(crate) fn submit(&self, job: Job) {
        let lane = match &job {
            Job::Frame { kind, .. } => kind.lane(),
            Job::Response { .. } => Lane::Request,
            Job::Announcement { .. } => Lane::Bulk,
            Job::Submission { .. } => Lane::Bulk,
        };
        match lane {
            Lane::Consensus => self.jobs.push_urgent(job),
            // Whoever asked is behind, so what it asked for is no less urgent than what is pushed on it.
            Lane::Bulk | Lane::Request => self.jobs.push(job),
        }
    }

    /// Checks jobs until the queue is closed.
    pub(crate) fn work(&self) {
        while let Some(job) = self.jobs.take() {
            match job {
                Job::Frame { from, kind, bytes, room } => {
                    if let Some(event) = self.frame(&from, kind, &bytes) {
                        self.inbox.arrive(event, room);
                    }
                }
                Job::Announcement { author, bytes, room } => {
                    if let Some(event) = self.announcement(&author, &bytes) {
                        self.inbox.arrive(event, room);
                    }
                }
                Job::Response { question, from, bytes, room } => {
                    self.inbox.arrive(self.response(question, &from, &bytes), room);
                }
                Job::Submission { envelope, reply, room } => {
                    if let Some((reply, submission)) = self.submission(&envelope, reply) {
                        let ticket: CallerTicket = self.callers.enter(reply);
                        self.inbox.arrive(Event::Submit { ticket, submission }, room);
                    }
                }
            }
        }
    }

    fn frame(&self, from: &PeerId, kind: Kind, bytes: &[u8]) -> Option<Event> {
        let message = match wire::decode(kind, bytes)? {
            Ok(message) => message,
            Err(fault) => {
                tracing::debug!(peer = %from, ?kind, %fault, "a message is malformed");
                self.counters.dropped(Dropped::Malformed);
                return None;
            }
        };
        let reign = self.seats.now();
        match reign.reigns.hear(reign.name_of(from)?, message, &self.checker) {
            Ok(event) => Some(event),
            Err(fault) => {
                tracing::debug!(peer = %from, ?kind, %fault, "a message does not hold");
                self.counters.dropped(Dropped::Unverified);
                None
            }
        }
    }

    /// What an observer hears. Whose relay brought it does not matter: a quorum signed it.
    fn announcement(&self, author: &PeerId, bytes: &[u8]) -> Option<Event> {
        let checkpoint = match CertifiedCheckpoint::decode(bytes) {
            Ok(checkpoint) => checkpoint,
            Err(fault) => {
                tracing::debug!(%fault, "an announcement is malformed");
                self.counters.dropped(Dropped::Malformed);
                return None;
            }
        };
        let message = Message::CertifiedCheckpoint(checkpoint);
        let reign = self.seats.now();
        match reign.reigns.hear(reign.name_of(author)?, message, &self.checker) {
            Ok(event) => Some(event),
            Err(fault) => {
                tracing::debug!(%fault, "an announcement does not hold");
                self.counters.dropped(Dropped::Unverified);
                None
            }
        }
    }

    /// A message of our own comes in by the same door, and at once: what it is signed with is remembered.
    pub(crate) fn own(&self, message: Message) {
        let kind = message.kind();
        match self.seats.now().reigns.hear(self.seats.us(), message, &self.checker) {
            Ok(event) => self.inbox.happen(event),
            Err(fault) => {
                // Our keys are not the ones our name goes with: wiring refuses such a start, so nothing else explains it.
                tracing::error!(code = "own_message_refused", ?kind, %fault, "what this node signed does not hold");
                self.counters.dropped(Dropped::Unverified);
            }
        }
    }

    fn response(&self, question: QuestionId, from: &PeerId, bytes: &[u8]) -> Event {
        let response = Response::decode(bytes).map_err(|fault| fault.to_string()).and_then(|response| {
            self.seats.now().reigns.answer(response, &self.checker).map_err(|fault| fault.to_string())
        });
        match response {
            Ok(response) => Event::Response { question, response },
            Err(fault) => {
                tracing::debug!(peer = %from, %fault, "an answer does not hold");
                self.counters.dropped(Dropped::Unverified);
                Event::NoResponse { question }
            }
        }
    }

    /// A submission to be judged; none when the caller has been told already.
    fn submission(
        &self,
        envelope: &[u8],
        reply: oneshot::Sender<SubmitReply>,
    ) -> Option<(oneshot::Sender<SubmitReply>, proto::verified::Verified<Submission>)> {
        let refused = match Submission::decode(envelope) {
            Ok(submission) => {
                let id = submission.id();
                match Unverified::new(submission).verify(self.seats.now().set().network(), &self.checker) {
                    Ok(submission) => return Some((reply, submission)),
                    Err(fault) => callers::unsigned(id, &fault),
                }
            }
            Err(fault) => SubmitReply::Malformed(fault.to_string()),
        };
        self.counters.dropped(Dropped::Submission);
        // An error says that the caller has left.
        let _ = reply.send(refused);
        None
    }
}

#[cfg(test)]
pub(crate) mod tests;
