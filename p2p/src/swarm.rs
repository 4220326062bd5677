//! The network loop: waits, and does what `peers` decides.
//!
//! The loop never waits for the node: what the node has to hear goes through the inbox. Writers, readers and
//! the delivery to the node are tasks of their own and end with the loop.

use std::num::NonZeroU8;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libp2p::gossipsub::{IdentTopic, MessageAcceptance};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, gossipsub, identify};
use proto::message::{Kind, Lane};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::gossip;
use crate::handle::{Command, Peer, Shared};
use crate::identity::Roster;
use crate::inbox::{Incoming, Sources, deliver};
use crate::lanes::{LaneEvent, Lanes, Standing};
use crate::limits::Limits;
use crate::links::{LinkChange, Links};
use crate::outbox::Presence;
use crate::peers::{Arrival, Deed, Peers, Reach, Remaining, Verdict};
use crate::questions::Questions;
use crate::reader::ReadEnd;
use crate::stats::DropReason;

/// The wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(3600);
/// Addresses taken from what an observer says of itself.
const OBSERVER_ADDRESSES_MAX: usize = 4;

/// What the loop is made of.
pub(crate) struct Parts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) roster: Roster,
    pub(crate) validators: Vec<Peer>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) network: crypto::Digest,
    pub(crate) shared: Arc<Shared>,
}

/// The loop's state.
pub(crate) struct Loop {
    swarm: Swarm<Behaviour>,
    roster: Roster,
    addresses: Vec<Vec<Multiaddr>>,
    shared: Arc<Shared>,
    links: Links,
    peers: Peers,
    topic: IdentTopic,
    lanes: Lanes,
    questions: Questions,
    delivery: JoinSet<()>,
}

impl Loop {
    pub(crate) fn new(parts: Parts, sources: Sources, incoming: mpsc::Sender<Incoming>) -> Self {
        let Parts { mut swarm, roster, validators, limits, network, shared } = parts;
        let ours = roster.our_index();
        let addresses: Vec<_> = validators.into_iter().map(|peer| tcp_first(peer.addresses)).collect();
        let reach: Vec<_> = (0u16..)
            .zip(&addresses)
            .map(
                |(index, known)| {
                    if Some(index) == ours || known.is_empty() { Reach::Unknown } else { Reach::Known }
                },
            )
            .collect();
        if ours.is_none() {
            // On a validator Kademlia would dial them at its own times, and it dials none but them.
            for (index, peer) in roster.others() {
                for address in &addresses[usize::from(index)] {
                    swarm.behaviour_mut().kad.add_address(&peer, address.clone());
                }
            }
        }
        let links = Links::new(roster.len());
        let mut delivery = JoinSet::new();
        delivery.spawn(deliver(sources, links.watch(), incoming));
        let lanes = Lanes::none(Arc::clone(&shared), Arc::clone(&limits));
        let lanes = match ours {
            Some(_) => lanes.open(swarm.behaviour().gate.control(), &network, &roster, &links),
            None => lanes,
        };
        Self {
            peers: Peers::new(&reach, ours, &limits, Instant::now()),
            swarm,
            roster,
            addresses,
            lanes,
            questions: Questions::new(limits.inbound_requests_max, Arc::clone(&shared)),
            shared,
            links,
            topic: gossip::topic(&network),
            delivery,
        }
    }

    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Command>) {
        let done = loop {
            let due = self.peers.next_due().unwrap_or_else(|| Instant::now() + NOTHING_DUE);
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                event = self.lanes.next() => self.on_lane(event),
                () = tokio::time::sleep_until(due.into()) => self.do_due(),
                _ = self.delivery.join_next() => break None,
                order = orders.recv() => match order {
                    Some(Command::Stop { done }) => break Some(done),
                    Some(order) => self.on_order(order),
                    None => break None,
                },
            }
        };
        // Readers, writers and sockets end with the loop, before anyone is told that it has stopped.
        drop(self);
        if let Some(done) = done {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    fn do_due(&mut self) {
        for deed in self.peers.due(Instant::now()) {
            match deed {
                Deed::Dial(index) => self.dial(index),
                Deed::HangUp(index) => self.disconnect(index),
                Deed::LetIn(index) => {
                    if let Some(peer) = self.roster.peer(index) {
                        self.swarm.behaviour_mut().shut_out.unblock_peer(peer);
                    }
                }
            }
        }
    }

    /// Dials a validator's addresses one after another, TCP before QUIC.
    fn dial(&mut self, index: u16) {
        let Some(peer) = self.roster.peer(index) else { return };
        let options = DialOpts::peer_id(peer)
            .addresses(self.addresses[usize::from(index)].clone())
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .override_dial_concurrency_factor(NonZeroU8::MIN)
            .build();
        if self.swarm.dial(options).is_err() {
            self.peers.dial_failed(index, Instant::now());
        }
    }

    fn on_order(&mut self, order: Command) {
        match order {
            Command::Request { to, pending, bytes } => {
                // An unknown or absent validator: dropping the request tells its failure.
                let Some(peer) = self.roster.peer(to) else { return };
                if !self.swarm.is_connected(&peer) {
                    return;
                }
                self.questions.ask(&mut self.swarm.behaviour_mut().fetch, peer, pending, bytes);
            }
            Command::Respond { ticket, bytes } => {
                self.questions.answer(&mut self.swarm.behaviour_mut().fetch, ticket, bytes);
            }
            Command::Announce { bytes } => {
                let (topic, size) = (self.topic.hash(), bytes.len());
                // The errors are that nobody listens or that it was said before.
                if self.swarm.behaviour_mut().gossip.publish(topic, bytes).is_ok() {
                    self.shared.counters.sent(Kind::CertifiedCheckpoint, size);
                }
            }
            // The loop breaks on it before it comes here.
            Command::Stop { done } => drop(done),
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, num_established, .. } => {
                if num_established.get() == 1 {
                    self.connected_counter(&peer_id).fetch_add(1, Ordering::Relaxed);
                }
                if let Some(index) = self.roster.index(&peer_id) {
                    self.on_connected(index, connection_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                if num_established == 0 {
                    self.connected_counter(&peer_id).fetch_sub(1, Ordering::Relaxed);
                }
                if let Some(index) = self.roster.index(&peer_id) {
                    self.on_disconnected(index, connection_id);
                } else if num_established == 0 {
                    self.swarm.behaviour_mut().kad.remove_peer(&peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                let refused_by_condition = matches!(error, DialError::DialPeerConditionFalse(_));
                if let Some(index) = peer_id.and_then(|peer| self.roster.index(&peer)) {
                    tracing::debug!(index, %error, "dial failed");
                    if !refused_by_condition {
                        self.peers.dial_failed(index, Instant::now());
                    }
                }
            }
            SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } => {
                self.shared.listening.send_replace(self.swarm.listeners().cloned().collect());
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::warn!(?addresses, ?reason, "no longer listening");
                self.shared.listening.send_replace(self.swarm.listeners().cloned().collect());
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            // libp2p's own enum, which may grow.
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Fetch(event) => self.questions.on_event(event, &self.roster),
            BehaviourEvent::Gossip(gossipsub::Event::Message { propagation_source, message_id, message }) => {
                let acceptance = gossip::judge(&message, &self.roster);
                let trusted = matches!(acceptance, MessageAcceptance::Accept);
                self.swarm.behaviour_mut().gossip.report_message_validation_result(
                    &message_id,
                    &propagation_source,
                    acceptance,
                );
                if trusted {
                    self.shared.counters.received(Kind::CertifiedCheckpoint, message.data.len());
                    self.shared.inbox.ask(Incoming::Announcement { bytes: message.data });
                } else {
                    self.shared.counters.dropped(DropReason::Untrusted, 1);
                }
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                // Validators' addresses come from configuration; observers may be found by what they say.
                if self.roster.index(&peer_id).is_none() {
                    // What it said before goes, or repeating itself with ever new addresses would cost us.
                    self.swarm.behaviour_mut().kad.remove_peer(&peer_id);
                    for address in info.listen_addrs.into_iter().take(OBSERVER_ADDRESSES_MAX) {
                        self.swarm.behaviour_mut().kad.add_address(&peer_id, address);
                    }
                }
            }
            BehaviourEvent::Gossip(_) | BehaviourEvent::Identify(_) | BehaviourEvent::Kad(_) => {}
            BehaviourEvent::Gate(()) => {}
            BehaviourEvent::ShutOut(never)
            | BehaviourEvent::Connections(never)
            | BehaviourEvent::Memory(never) => match never {},
        }
    }

    fn on_connected(&mut self, index: u16, id: ConnectionId) {
        match self.peers.connected(index, id, Instant::now()) {
            Arrival::First => self.set_link(index, LinkChange::Up),
            Arrival::Beside => {}
            Arrival::Replaces { close } => {
                self.swarm.close_connection(close);
                self.set_link(index, LinkChange::Renewed);
            }
        }
    }

    fn on_disconnected(&mut self, index: u16, id: ConnectionId) {
        match self.peers.disconnected(index, id, Instant::now()) {
            Remaining::Some => {}
            Remaining::None => self.set_link(index, LinkChange::Down),
        }
    }

    fn set_link(&mut self, index: u16, change: LinkChange) {
        self.links.change(index, change);
        let presence = match change {
            LinkChange::Up | LinkChange::Renewed => Presence::Here,
            LinkChange::Down => Presence::Away,
        };
        if let Some(Some(lanes)) = self.shared.lanes.get(usize::from(index)) {
            lanes.consensus.set_presence(presence);
            lanes.bulk.set_presence(presence);
        }
    }

    fn on_lane(&mut self, event: LaneEvent) {
        match event {
            LaneEvent::Opened { peer, lane, stream } => {
                let Some(from) = self.roster.index(&peer) else { return };
                if lane == Lane::Consensus {
                    self.peers.lane_opened(from);
                }
                self.lanes.accept(from, lane, stream);
            }
            LaneEvent::Ended { from, lane, end, stream } => {
                if lane == Lane::Consensus && stream == Standing::Newest {
                    self.peers.lane_ended(from, Instant::now());
                }
                self.on_read_end(from, lane, end);
            }
        }
    }

    fn on_read_end(&mut self, from: u16, lane: Lane, end: ReadEnd) {
        match end {
            ReadEnd::Closed => {}
            // The other side may be gone without a word: with the connection closed, it is dialled anew.
            ReadEnd::Silent => {
                self.shared.counters.dropped(DropReason::Stalled, 1);
                tracing::debug!(from, ?lane, "silent");
                self.disconnect(from);
            }
            // No strike: a congested link looks the same, and only the sender's own room was held.
            ReadEnd::Stalled => {
                self.shared.counters.dropped(DropReason::Stalled, 1);
                tracing::debug!(from, ?lane, "stalled within a frame");
            }
            ReadEnd::Unlawful(error) => {
                self.shared.counters.dropped(DropReason::BadFrame, 1);
                tracing::warn!(from, ?lane, %error, "frame refused");
                self.strike(from);
            }
        }
    }

    fn strike(&mut self, index: u16) {
        match self.peers.strike(index, Instant::now()) {
            Verdict::Tolerate => {}
            Verdict::ShutOut => {
                let Some(peer) = self.roster.peer(index) else { return };
                tracing::warn!(index, %peer, "shut out for breaking the rules of frames");
                self.shared.counters.bans.fetch_add(1, Ordering::Relaxed);
                self.swarm.behaviour_mut().shut_out.block_peer(peer);
            }
        }
    }

    fn disconnect(&mut self, index: u16) {
        if let Some(peer) = self.roster.peer(index) {
            // An error means that it was not connected.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    fn connected_counter(&self, peer: &PeerId) -> &AtomicU64 {
        match self.roster.index(peer) {
            Some(_) => &self.shared.counters.validators_connected,
            None => &self.shared.counters.observers_connected,
        }
    }
}

/// The addresses with those over TCP in front, else in the order given.
fn tcp_first(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let is_tcp = |address: &Multiaddr| address.iter().any(|part| matches!(part, Protocol::Tcp(_)));
    let (mut first, rest): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_tcp);
    first.extend(rest);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_is_dialled_before_quic() {
        let quic: Multiaddr = "/ip4/127.0.0.1/udp/1/quic-v1".parse().unwrap();
        let tcp: Multiaddr = "/ip4/127.0.0.1/tcp/2".parse().unwrap();
        let other: Multiaddr = "/ip4/127.0.0.1/tcp/3".parse().unwrap();
        let sorted = tcp_first(vec![quic.clone(), tcp.clone(), other.clone()]);
        assert_eq!(sorted, [tcp, other, quic]);
    }
}
