//! What arrives, on its way to the node: bounded in bytes, urgent first.
//!
//! A reader buys room for a frame before it reads the payload and the room is given back when the node's
//! channel takes the frame, so a slow node stops us reading and the network's own flow control stops the
//! sender. Votes overtake batches here; a batch is never starved, for after a run of urgent messages the
//! others get a turn.

use std::sync::Arc;

use libp2p::PeerId;
use proto::message::{Kind, Lane};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::fair::FairQueue;
use crate::links::{LinkCounts, is_up};
use crate::stats::{Counters, DropReason};

/// Urgent messages delivered in a row while others wait.
const URGENT_RUN_MAX: u32 = 8;

/// Who sent a request, by the key the handshake proved; whether it was a validator is as of its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRef {
    /// A validator.
    Validator(PeerId),
    /// Anyone else.
    Observer(PeerId),
}

/// Names a request of someone else that waits for our answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboundTicket(u64);

impl InboundTicket {
    /// The ticket with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What the network tells the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message on a lane.
    Frame {
        /// The validator that sent it. A key, for a frame may be read in one epoch and taken in the next, where
        /// its sender's index is another.
        from: PeerId,
        /// Its kind.
        kind: Kind,
        /// Its payload, not decoded.
        bytes: Vec<u8>,
    },
    /// Someone asks; answer with `Network::respond`.
    Request {
        /// Who asks.
        from: PeerRef,
        /// Names the question in the answer.
        ticket: InboundTicket,
        /// The question, not decoded.
        bytes: Vec<u8>,
    },
    /// The answer to a request of ours.
    Response {
        /// The number given to `Network::request`.
        ticket: u64,
        /// Who answered.
        from: PeerId,
        /// The answer, not decoded.
        bytes: Vec<u8>,
    },
    /// A request of ours has failed or timed out; no answer will come.
    RequestFailed {
        /// The number given to `Network::request`.
        ticket: u64,
    },
    /// Something a validator announced to all.
    Announcement {
        /// Who, by its signature; the relay does not matter.
        author: PeerId,
        /// The announcement, not decoded.
        bytes: Vec<u8>,
    },
    /// A validator is connected.
    PeerUp {
        /// Which.
        peer: PeerId,
    },
    /// A validator is no longer connected, or no longer a validator.
    PeerDown {
        /// Which.
        peer: PeerId,
    },
}

/// A message and the room it takes up; the room is free again when this is dropped.
pub(crate) struct Held {
    pub(crate) message: Incoming,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl Held {
    async fn hand_over(
        self,
        incoming: &mpsc::Sender<Incoming>,
    ) -> Result<(), mpsc::error::SendError<Incoming>> {
        let Self { message, room } = self;
        let handed = incoming.send(message).await;
        drop(room);
        handed
    }
}

/// The putting end, one clone a reader.
///
/// The queues without a bound of their own are bounded by what goes in: frames and answers hold room from a
/// semaphore.
#[derive(Clone)]
pub(crate) struct Inbox {
    urgent: Arc<FairQueue>,
    bulk: Arc<FairQueue>,
    answers: mpsc::UnboundedSender<Held>,
    asks: mpsc::Sender<Held>,
    counters: Arc<Counters>,
}

/// The taking end, for [`deliver`].
pub(crate) struct Sources {
    urgent: Arc<FairQueue>,
    bulk: Arc<FairQueue>,
    answers: mpsc::UnboundedReceiver<Held>,
    asks: mpsc::Receiver<Held>,
}

impl Inbox {
    pub(crate) fn new(asks_max: usize, counters: Arc<Counters>) -> (Self, Sources) {
        let (urgent, bulk) = (Arc::<FairQueue>::default(), Arc::<FairQueue>::default());
        let (answers_in, answers) = mpsc::unbounded_channel();
        let (asks_in, asks) = mpsc::channel(asks_max);
        let (urgent_in, bulk_in) = (Arc::clone(&urgent), Arc::clone(&bulk));
        let inbox = Self { urgent: urgent_in, bulk: bulk_in, answers: answers_in, asks: asks_in, counters };
        (inbox, Sources { urgent, bulk, answers, asks })
    }

    /// Puts a frame that has bought its room.
    pub(crate) fn frame(&self, from: PeerId, kind: Kind, bytes: Vec<u8>, room: OwnedSemaphorePermit) {
        self.counters.received(kind, bytes.len());
        let held = Held { message: Incoming::Frame { from, kind, bytes }, room: Some(room) };
        match kind.lane() {
            Lane::Consensus => self.urgent.put(from, held),
            Lane::Bulk | Lane::Request => self.bulk.put(from, held),
        }
    }

    /// Puts a request or an announcement, or drops and counts it when too many wait.
    pub(crate) fn ask(&self, message: Incoming) -> Accepted {
        if self.asks.try_send(Held { message, room: None }).is_ok() {
            return Accepted::Yes;
        }
        self.counters.dropped(DropReason::InboxFull, 1);
        Accepted::No
    }

    fn answer(&self, message: Incoming, room: Option<OwnedSemaphorePermit>) {
        // A closed channel means that the network has stopped.
        let _ = self.answers.send(Held { message, room });
    }
}

/// Whether something found room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    No,
}

/// A request of ours: exactly one answer comes of it, for dropping it unanswered tells its failure.
pub(crate) struct Pending {
    ticket: u64,
    to: PeerId,
    inbox: Inbox,
    room: Option<OwnedSemaphorePermit>,
    state: PendingState,
}

enum PendingState {
    Open,
    Answered,
}

impl Pending {
    /// A request that takes up one place of `places`; when none is free it has failed at once (`None`).
    pub(crate) fn new(ticket: u64, to: PeerId, inbox: &Inbox, places: &Arc<Semaphore>) -> Option<Self> {
        let room = Arc::clone(places).try_acquire_owned().ok();
        let full = room.is_none();
        let pending = Self { ticket, to, inbox: inbox.clone(), room, state: PendingState::Open };
        if full { None } else { Some(pending) }
    }

    pub(crate) fn answered(mut self, bytes: Vec<u8>) {
        self.state = PendingState::Answered;
        let message = Incoming::Response { ticket: self.ticket, from: self.to, bytes };
        self.inbox.answer(message, self.room.take());
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        match self.state {
            PendingState::Answered => {}
            PendingState::Open => {
                self.inbox.answer(Incoming::RequestFailed { ticket: self.ticket }, self.room.take());
            }
        }
    }
}

/// Moves messages into the node's channel until the node drops its end.
pub(crate) async fn deliver(
    mut sources: Sources,
    mut links: watch::Receiver<LinkCounts>,
    incoming: mpsc::Sender<Incoming>,
) {
    let mut told = LinkCounts::new();
    let mut urgent_run = 0;
    links.mark_changed();
    loop {
        if urgent_run >= URGENT_RUN_MAX {
            urgent_run = 0;
            for held in sources.one_of_each_patient() {
                if held.hand_over(&incoming).await.is_err() {
                    return;
                }
            }
        }
        let held = tokio::select! {
            biased;
            changed = links.changed() => {
                let counts = links.borrow_and_update().clone();
                if changed.is_err() || tell_links(&mut told, &counts, &incoming).await.is_err() {
                    return;
                }
                continue;
            }
            held = sources.urgent.take() => {
                urgent_run += 1;
                Some(held)
            }
            held = next_patient(&mut sources.answers, &mut sources.asks, &sources.bulk) => {
                urgent_run = 0;
                held
            }
            () = incoming.closed() => return,
        };
        let Some(held) = held else { return };
        if held.hand_over(&incoming).await.is_err() {
            return;
        }
    }
}

async fn next_patient(
    answers: &mut mpsc::UnboundedReceiver<Held>,
    asks: &mut mpsc::Receiver<Held>,
    bulk: &FairQueue,
) -> Option<Held> {
    tokio::select! {
        held = answers.recv() => held,
        held = asks.recv() => held,
        held = bulk.take() => Some(held),
    }
}

impl Sources {
    fn one_of_each_patient(&mut self) -> impl Iterator<Item = Held> {
        let held = [self.answers.try_recv().ok(), self.asks.try_recv().ok(), self.bulk.try_take()];
        held.into_iter().flatten()
    }
}

/// Tells what has changed since it was told last: at most a fall and a rise a validator.
async fn tell_links(
    told: &mut LinkCounts,
    counts: &LinkCounts,
    incoming: &mpsc::Sender<Incoming>,
) -> Result<(), mpsc::error::SendError<Incoming>> {
    let gone: Vec<_> = told.keys().filter(|peer| !counts.contains_key(peer)).copied().collect();
    for peer in gone {
        if told.remove(&peer).is_some_and(is_up) {
            incoming.send(Incoming::PeerDown { peer }).await?;
        }
    }
    for (&peer, &count) in counts {
        let before = told.insert(peer, count).unwrap_or(0);
        if before == count {
            continue;
        }
        if is_up(before) {
            incoming.send(Incoming::PeerDown { peer }).await?;
        }
        if is_up(count) {
            incoming.send(Incoming::PeerUp { peer }).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
