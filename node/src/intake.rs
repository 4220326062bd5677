//! What comes in: frames and questions of peers, submissions of callers, each with the room it takes.
//!
//! When there is no room the next one is not taken, so the network stops reading and callers wait: nobody's
//! flood becomes our memory.

use std::sync::Arc;

use api::{SubmitReply, SubmitRequest};
use engine::Event;
use engine::event::{PeerTicket, QuestionId};
use p2p::{Incoming, Network};
use proto::canonical::Canonical as _;
use proto::message::{Kind, Lane, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::failure::{Failure, FatalError};
use crate::inbox::Inbox;
use crate::seats::Seats;
use crate::status::Reporter;
use crate::telemetry::{Counters, Dropped};
use crate::verifier::{Job, Verifier};

/// Room for messages of each lane, and for submissions, between the door and the engine, in KiB.
const CONSENSUS_KIB: usize = 16 << 10;
const BULK_KIB: usize = 64 << 10;
const SUBMISSIONS_KIB: usize = 32 << 10;
/// What a message takes beside its bytes, in KiB: it is decoded, checked and queued.
const EACH_KIB: u32 = 4;
/// When a caller may come again whose submission found the disk full, in milliseconds.
const FULL_RETRY_MS: u64 = 5_000;
/// When a caller may come again who submitted more than the network takes, in milliseconds.
const CONGESTED_RETRY_MS: u64 = 1_000;

/// The door for the network.
pub(crate) struct Intake {
    pub(crate) network: Network,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) failure: Failure,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Intake {
    /// Takes what the network brings until it stops.
    pub(crate) async fn run(self, mut incoming: mpsc::Receiver<Incoming>) {
        let consensus = Arc::new(Semaphore::new(CONSENSUS_KIB));
        let bulk = Arc::new(Semaphore::new(BULK_KIB));
        while let Some(message) = incoming.recv().await {
            match message {
                Incoming::Frame { from, kind, bytes } => {
                    let room = match kind.lane() {
                        Lane::Consensus => take_room(&consensus, bytes.len()).await,
                        Lane::Bulk | Lane::Request => take_room(&bulk, bytes.len()).await,
                    };
                    self.verifier.submit(Job::Frame { from, kind, bytes, room });
                }
                Incoming::Request { from: _, ticket, bytes } => match Request::decode(&bytes) {
                    Ok(request) => {
                        let room = take_room(&bulk, bytes.len()).await;
                        self.inbox.arrive(Event::Request { ticket: PeerTicket(ticket.get()), request }, room);
                    }
                    Err(fault) => {
                        tracing::debug!(%fault, "a question is malformed");
                        self.counters.dropped(Dropped::Malformed);
                        self.network.respond(ticket, Response::Blocks(Vec::new()).encode());
                    }
                },
                Incoming::Response { ticket, from, bytes } => {
                    let room = take_room(&bulk, bytes.len()).await;
                    let question = QuestionId(ticket);
                    self.verifier.submit(Job::Response { question, from, bytes, room });
                }
                Incoming::RequestFailed { ticket } => {
                    self.inbox.happen(Event::NoResponse { question: QuestionId(ticket) });
                }
                Incoming::Announcement { author, bytes } => {
                    // Meant for observers; a validator hears the same on its lanes.
                    if self.seats.now().me.is_none() {
                        let room = take_room(&bulk, bytes.len()).await;
                        self.verifier.submit(Job::Announcement { author, bytes, room });
                    }
                }
                Incoming::PeerUp { peer } => {
                    self.counters.peer_up(peer);
                    if let Some(peer) = self.seats.now().name_of(&peer) {
                        self.inbox.happen(Event::PeerUp { peer });
                    }
                    self.reporter.refresh();
                }
                Incoming::PeerDown { peer } => {
                    self.counters.peer_down(&peer);
                    self.reporter.refresh();
                }
            }
        }
        if !*self.stopping.borrow() {
            self.failure.tell(FatalError::Died { thread: "network" });
        }
    }
}

/// Takes submissions until the node goes down. An observer refuses them and says who takes them: it packs no batches, and
/// to pass them on it would have to vouch for an answer that another gave.
pub(crate) async fn submissions(
    mut requests: mpsc::Receiver<SubmitRequest>,
    verifier: Arc<Verifier>,
    reporter: Arc<Reporter>,
    submit_to: Vec<String>,
    mut stopping: watch::Receiver<bool>,
) {
    let door = Arc::new(Semaphore::new(SUBMISSIONS_KIB));
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            // An error says that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let Some(SubmitRequest { envelope, reply }) = request else { return };
        let reign = verifier.seats.now();
        if reign.me.is_none() {
            let names = || reign.set().iter().map(|(_, validator)| validator.name.clone()).collect();
            let validators = if submit_to.is_empty() { names() } else { submit_to.clone() };
            // An error says that the caller has left.
            let _ = reply.send(SubmitReply::Observer { validators });
            continue;
        }
        if verifier.counters.is_disk_full() {
            // What is agreed on already must still be written; nothing is added to it. An error says that the caller
            // has left.
            let _ = reply.send(SubmitReply::Full { retry_after_ms: FULL_RETRY_MS });
            continue;
        }
        if reporter.is_congested() {
            // Before its signature is checked, for that would cost what those accepted need. An error says that the
            // caller has left.
            let _ = reply.send(SubmitReply::Full { retry_after_ms: CONGESTED_RETRY_MS });
            continue;
        }
        let room = take_room(&door, envelope.len()).await;
        verifier.submit(Job::Submission { envelope, reply, room });
    }
}

async fn take_room(door: &Arc<Semaphore>, bytes: usize) -> OwnedSemaphorePermit {
    let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX).saturating_add(EACH_KIB);
    Arc::clone(door)
        .acquire_many_owned(kib)
        .await
        .expect("doors are never closed, and have room for any message")
}

const _: () =
    assert!(Kind::Response.bytes_max() >> 10 < BULK_KIB && Kind::Proposal.bytes_max() >> 10 < CONSENSUS_KIB);

#[cfg(test)]
mod tests;
