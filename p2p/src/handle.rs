//! What the node holds of the network: configuration in, typed channels out.
//!
//! `Network` is cheap to clone, its calls never wait, and what they cannot do is counted in its `Stats`. The
//! network stops when `stop` is called, when all clones are gone, or when the node drops the receiver.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crypto::Digest;
use libp2p::{Multiaddr, PeerId};
use proto::message::{Kind, Lane};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::gossip::GossipError;
use crate::identity::{IdentityError, Roster};
use crate::inbox::{InboundTicket, Inbox, Incoming, Pending};
use crate::limits::Limits;
use crate::membership::Membership;
use crate::outbox::{Outbox, Outgoing, Presence};
use crate::start;
use crate::stats::{Counters, DropReason, Stats};

/// Everything a network needs to know at its start.
#[derive(Clone)]
pub struct Config {
    /// The Ed25519 seed of our network key; zeroised by `Network::start`.
    pub seed: [u8; 32],
    /// The network id: nodes of two networks find no protocol in common.
    pub network: Digest,
    /// Addresses to listen on: `/ip4/…/tcp/…` and `/ip4/…/udp/…/quic-v1`.
    pub listen: Vec<Multiaddr>,
    /// Every validator, ourselves included if we are one: nobody else may use the lanes. Who is not in the list is
    /// an observer: it asks, and hears announcements.
    pub validators: Vec<Peer>,
    /// How much of anything.
    pub limits: Limits,
}

impl fmt::Debug for Config {
    /// Leaves the seed out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed: _, network, listen, validators, limits } = self;
        f.debug_struct("Config")
            .field("network", network)
            .field("listen", listen)
            .field("validators", validators)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

/// A validator, as genesis and configuration know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its Ed25519 network key.
    pub public_key: [u8; 32],
    /// Where it can be dialled; TCP addresses are tried before QUIC ones.
    pub addresses: Vec<Multiaddr>,
}

/// Why a network did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not called inside a tokio runtime.
    #[error("the network starts inside a tokio runtime only")]
    NoRuntime,
    /// The keys make no network.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The transports could not be set up.
    #[error("transport: {reason}")]
    Transport {
        /// What the transport said.
        reason: String,
    },
    /// Gossipsub could not be set up.
    #[error(transparent)]
    Gossip(#[from] GossipError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// What the system or the transport said.
        source: io::Error,
    },
}

/// A node's network. Clones are handles of the same one.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
}

/// What handles and loop have in common.
pub(crate) struct Shared {
    /// Of every other validator, as long as we are one.
    pub(crate) lanes: RwLock<BTreeMap<PeerId, PeerLanes>>,
    /// The newest list of validators.
    pub(crate) membership: watch::Sender<Arc<Membership>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) inbox: Inbox,
    pub(crate) listening: watch::Sender<Vec<Multiaddr>>,
    /// Places for requests of ours.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) limits: Arc<Limits>,
}

/// The outboxes of one validator.
#[derive(Clone)]
pub(crate) struct PeerLanes {
    pub(crate) consensus: Arc<Outbox>,
    pub(crate) bulk: Arc<Outbox>,
}

/// What a handle asks of the loop.
pub(crate) enum Command {
    Request { to: PeerId, pending: Box<Pending>, bytes: Vec<u8> },
    Respond { ticket: InboundTicket, bytes: Vec<u8> },
    Announce { bytes: Vec<u8> },
    Stop { done: oneshot::Sender<()> },
}

impl PeerLanes {
    /// Whether these are the very same outboxes.
    pub(crate) fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.consensus, &other.consensus) && Arc::ptr_eq(&self.bulk, &other.bulk)
    }

    pub(crate) fn set_presence(&self, presence: Presence) {
        self.consensus.set_presence(presence);
        self.bulk.set_presence(presence);
    }
}

impl Shared {
    /// The outboxes. A panic while they are held cannot leave them half changed: nothing under the lock panics.
    pub(crate) fn lanes(&self) -> RwLockReadGuard<'_, BTreeMap<PeerId, PeerLanes>> {
        self.lanes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an outbox to every validator that has none, and takes those of the others; who is no validator has none.
    pub(crate) fn fit_lanes(&self, roster: &Roster) {
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        if !roster.has_us() {
            lanes.clear();
            return;
        }
        lanes.retain(|peer, _| roster.contains(peer));
        let outbox = || Arc::new(Outbox::new(&self.limits, Arc::clone(&self.counters)));
        for peer in roster.others() {
            lanes.entry(peer).or_insert_with(|| PeerLanes { consensus: outbox(), bulk: outbox() });
        }
    }
}

impl Network {
    /// Starts listening and dialling. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// Any `StartError`; then nothing was started.
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<Incoming>), StartError> {
        let (shared, commands, incoming) = start::start(config)?;
        Ok((Self { shared, commands }, incoming))
    }

    /// Tells who the validators are from now on, ourselves included if we are one. Who stays keeps connections,
    /// queues and record; who joins gets lanes as soon as it is connected anew; who leaves loses them. With the
    /// return of this call, `send` and `broadcast` know the new list.
    ///
    /// # Errors
    /// Any `IdentityError`; then everything is as it was.
    pub fn set_validators(&self, validators: &[Peer]) -> Result<(), IdentityError> {
        let us = self.shared.membership.borrow().roster.us();
        let membership = Membership::new(validators, us)?;
        self.shared.fit_lanes(&membership.roster);
        self.shared.membership.send_replace(Arc::new(membership));
        Ok(())
    }

    /// Sends a message to one validator: never waits, and drops the peer's oldest waiting frame of that lane
    /// when too many wait.
    pub fn send(&self, to: &PeerId, kind: Kind, bytes: Arc<[u8]>) {
        if !self.is_lawful(kind, bytes.len()) {
            return;
        }
        match self.shared.lanes().get(to) {
            Some(lanes) => put(lanes, kind, bytes),
            None => self.shared.counters.dropped(DropReason::NoSuchPeer, 1),
        }
    }

    /// Sends a message to all other validators. Its bytes are not copied for each.
    pub fn broadcast(&self, kind: Kind, bytes: Arc<[u8]>) {
        if !self.is_lawful(kind, bytes.len()) {
            return;
        }
        for lanes in self.shared.lanes().values() {
            put(lanes, kind, Arc::clone(&bytes));
        }
    }

    /// Asks one validator. Exactly one of `Incoming::Response` and `Incoming::RequestFailed` comes of it,
    /// with this ticket, within the time limit of requests.
    pub fn request(&self, to: PeerId, ticket: u64, bytes: Vec<u8>) {
        let Some(pending) = Pending::new(ticket, to, &self.shared.inbox, &self.shared.places) else { return };
        if bytes.len() > Kind::Request.bytes_max() {
            self.shared.counters.dropped(DropReason::Unlawful, 1);
            return;
        }
        self.command(Command::Request { to, pending: Box::new(pending), bytes });
    }

    /// Answers a request. A ticket that has timed out is ignored; an answer above the bound is refused, and
    /// the asker hears that its request failed.
    pub fn respond(&self, ticket: InboundTicket, bytes: Vec<u8>) {
        self.command(Command::Respond { ticket, bytes });
    }

    /// Announces a certified checkpoint to everyone who listens.
    pub fn announce(&self, bytes: Vec<u8>) {
        if bytes.len() > Kind::CertifiedCheckpoint.bytes_max() {
            self.shared.counters.dropped(DropReason::Unlawful, 1);
            return;
        }
        self.command(Command::Announce { bytes });
    }

    /// The counters as they are now.
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    /// The addresses listened on so far; a wildcard or port zero is resolved shortly after the start.
    pub fn listen_addresses(&self) -> Vec<Multiaddr> {
        self.shared.listening.borrow().clone()
    }

    /// Stops the network and returns when its sockets are given back. What waits to be sent is lost.
    pub async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop { done }).await.is_ok() {
            // An error means that it has stopped otherwise.
            let _ = stopped.await;
        }
    }

    /// Whether a kind travels on a lane and its message is within bounds; if not, it is counted.
    fn is_lawful(&self, kind: Kind, bytes: usize) -> bool {
        let on_a_lane = match kind.lane() {
            Lane::Consensus | Lane::Bulk => true,
            Lane::Request => false,
        };
        let lawful = on_a_lane && bytes <= kind.bytes_max();
        if !lawful {
            self.shared.counters.dropped(DropReason::Unlawful, 1);
        }
        lawful
    }

    fn command(&self, command: Command) {
        if self.commands.try_send(command).is_err() {
            self.shared.counters.dropped(DropReason::Busy, 1);
        }
    }
}

fn put(lanes: &PeerLanes, kind: Kind, bytes: Arc<[u8]>) {
    let outbox = match kind.lane() {
        Lane::Consensus => &lanes.consensus,
        // `is_lawful` lets nothing of the request lane come here.
        Lane::Bulk | Lane::Request => &lanes.bulk,
    };
    outbox.put(Outgoing { kind, bytes });
}
