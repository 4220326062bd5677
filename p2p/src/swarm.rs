//! The network loop: waits, and does what `peers` decides.
//!
//! The loop never waits for the node: what the node has to hear goes through the inbox. Writers, readers and
//! the delivery to the node are tasks of their own and end with the loop.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crypto::Digest;
use futures::StreamExt as _;
use libp2p::gossipsub::{IdentTopic, MessageAcceptance};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, gossipsub, identify};
use proto::message::{Kind, Lane};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::gossip;
use crate::handle::{Command, Shared};
use crate::inbox::{Incoming, Sources, deliver};
use crate::lanes::{LaneEvent, Lanes, Standing};
use crate::limits::Limits;
use crate::links::{LinkChange, Links};
use crate::membership::{Membership, tcp_first};
use crate::outbox::Presence;
use crate::peers::{Arrival, Before, Deed, Gone, Peers, Reach, Remaining, Us, Verdict};
use crate::questions::Questions;
use crate::reader::ReadEnd;
use crate::stats::DropReason;

/// The wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(3600);
/// Addresses taken from what a peer says of itself.
const SAID_MAX: usize = 4;

/// What the loop is made of.
pub(crate) struct Parts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) changes: watch::Receiver<Arc<Membership>>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) network: Digest,
    pub(crate) shared: Arc<Shared>,
}

/// The loop's state.
pub(crate) struct Loop {
    swarm: Swarm<Behaviour>,
    changes: watch::Receiver<Arc<Membership>>,
    /// The list that everything here fits to.
    membership: Arc<Membership>,
    /// Where connected peers say that they listen: how a validator without a configured address is dialled.
    said: BTreeMap<PeerId, Vec<Multiaddr>>,
    network: Digest,
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
        let Parts { swarm, changes, limits, network, shared } = parts;
        let nobody = Membership::new(&[], changes.borrow().roster.us()).expect("an empty list has no faults");
        let links = Links::new([]);
        let mut delivery = JoinSet::new();
        delivery.spawn(deliver(sources, links.watch(), incoming));
        let mut begun = Self {
            peers: Peers::new(Us::Observer, &limits),
            swarm,
            changes,
            membership: Arc::new(nobody),
            said: BTreeMap::new(),
            lanes: Lanes::none(Arc::clone(&shared), Arc::clone(&limits)),
            questions: Questions::new(limits.inbound_requests_max, Arc::clone(&shared)),
            shared,
            links,
            topic: gossip::topic(&network),
            network,
            delivery,
        };
        begun.change_validators();
        begun
    }

    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Command>) {
        let done = loop {
            let due = self.peers.next_due().unwrap_or_else(|| Instant::now() + NOTHING_DUE);
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                event = self.lanes.next() => self.on_lane(event),
                () = tokio::time::sleep_until(due.into()) => self.do_due(),
                _ = self.delivery.join_next() => break None,
                // An error says that the handles are gone, and then so is the sender of orders.
                Ok(()) = self.changes.changed() => self.change_validators(),
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
                Deed::Dial(peer) => self.dial(peer),
                Deed::HangUp(peer) => self.disconnect(peer),
                Deed::LetIn(peer) => {
                    self.swarm.behaviour_mut().shut_out.unblock_peer(peer);
                }
            }
        }
    }

    /// Dials a validator's addresses one after another, TCP before QUIC.
    fn dial(&mut self, peer: PeerId) {
        let addresses = match self.membership.addresses(&peer) {
            [] => self.said.get(&peer).cloned().unwrap_or_default(),
            configured => configured.to_vec(),
        };
        let options = DialOpts::peer_id(peer)
            .addresses(addresses)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .override_dial_concurrency_factor(NonZeroU8::MIN)
            .build();
        if self.swarm.dial(options).is_err() {
            self.peers.dial_failed(&peer, Instant::now());
        }
    }

    fn on_order(&mut self, order: Command) {
        match order {
            Command::Request { to, pending, bytes } => {
                // An unknown or absent validator: dropping the request tells its failure.
                if !self.membership.roster.contains(&to) || !self.swarm.is_connected(&to) {
                    return;
                }
                self.questions.ask(&mut self.swarm.behaviour_mut().fetch, to, *pending, bytes);
            }
            Command::Respond { ticket, bytes } => {
                self.questions.answer(&mut self.swarm.behaviour_mut().fetch, ticket, bytes);
            }
            Command::Announce { bytes } => {
                let (topic, size) = (self.topic.hash(), bytes.len());
                let gossip = &mut self.swarm.behaviour_mut().gossip;
                // Asked first, for it would be signed first. The errors are that it was said before, or is too much.
                if gossip::is_heard(gossip, |_| true) && gossip.publish(topic, bytes).is_ok() {
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
                if self.membership.roster.contains(&peer_id) {
                    self.on_connected(&peer_id, connection_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                if num_established == 0 {
                    self.connected_counter(&peer_id).fetch_sub(1, Ordering::Relaxed);
                }
                if self.membership.roster.contains(&peer_id) {
                    self.on_disconnected(&peer_id, connection_id);
                } else if num_established == 0 {
                    self.swarm.behaviour_mut().kad.remove_peer(&peer_id);
                    self.said.remove(&peer_id);
                    self.fit_subscription();
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                let refused_by_condition = matches!(error, DialError::DialPeerConditionFalse(_));
                if let Some(peer) = peer_id {
                    tracing::debug!(%peer, %error, "dial failed");
                    if !refused_by_condition {
                        self.peers.dial_failed(&peer, Instant::now());
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
            BehaviourEvent::Fetch(event) => self.questions.on_event(event, &self.membership.roster),
            BehaviourEvent::Gossip(gossipsub::Event::Message { propagation_source, message_id, message }) => {
                let author = gossip::judge(&message, &self.membership.roster);
                let acceptance = match author {
                    Some(_) => MessageAcceptance::Accept,
                    None => MessageAcceptance::Reject,
                };
                self.swarm.behaviour_mut().gossip.report_message_validation_result(
                    &message_id,
                    &propagation_source,
                    acceptance,
                );
                if let Some(author) = author {
                    self.shared.counters.received(Kind::CertifiedCheckpoint, message.data.len());
                    self.shared.inbox.ask(Incoming::Announcement { author, bytes: message.data });
                } else {
                    self.shared.counters.dropped(DropReason::Untrusted, 1);
                }
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_said(peer_id, info.listen_addrs);
            }
            BehaviourEvent::Gossip(
                gossipsub::Event::Subscribed { .. } | gossipsub::Event::Unsubscribed { .. },
            ) => self.fit_subscription(),
            BehaviourEvent::Gossip(_) | BehaviourEvent::Identify(_) | BehaviourEvent::Kad(_) => {}
            BehaviourEvent::Gate(()) => {}
            BehaviourEvent::ShutOut(never)
            | BehaviourEvent::Connections(never)
            | BehaviourEvent::Memory(never) => match never {},
        }
    }

    /// Validators hear of checkpoints on their lanes. One subscribes only while an observer listens here, who is to hear
    /// those that other validators announce.
    fn fit_subscription(&mut self) {
        let roster = &self.membership.roster;
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let serves = gossip::is_heard(gossip, |peer| !roster.contains(peer));
        // Either says that nothing has changed, or could not: the one topic is allowed.
        let _ = match serves || !roster.has_us() {
            true => gossip.subscribe(&self.topic).is_ok(),
            false => gossip.unsubscribe(&self.topic),
        };
    }

    /// What a peer says of where it listens. Validators' addresses come from configuration, if they are there.
    fn on_said(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if !self.swarm.is_connected(&peer) {
            return;
        }
        let addresses: Vec<_> = addresses.into_iter().take(SAID_MAX).collect();
        if !self.membership.roster.contains(&peer) {
            // What it said before goes, or repeating itself with ever new addresses would cost us.
            self.swarm.behaviour_mut().kad.remove_peer(&peer);
            for address in &addresses {
                self.swarm.behaviour_mut().kad.add_address(&peer, address.clone());
            }
        }
        if !addresses.is_empty() {
            self.said.insert(peer, tcp_first(addresses));
            self.peers.reachable(&peer, Instant::now());
        }
    }

    /// Makes everything fit the newest list of validators.
    fn change_validators(&mut self) {
        let next = Arc::clone(&self.changes.borrow_and_update());
        let before = std::mem::replace(&mut self.membership, Arc::clone(&next));
        let now = Instant::now();
        self.swarm.behaviour_mut().gate.set(&next.roster);
        for peer in before.roster.others().filter(|peer| !next.roster.contains(peer)) {
            self.on_left(peer);
        }
        let ours = (before.roster.has_us(), next.roster.has_us());
        let us = match next.roster.has_us() {
            true => Us::Validator(next.roster.us()),
            false => Us::Observer,
        };
        if ours.0 != ours.1 {
            self.peers.become_what(us);
            for peer in before.roster.others().filter(|peer| next.roster.contains(peer)) {
                self.lanes.close(&peer);
                self.disconnect(peer);
            }
        }
        for peer in next.roster.others().filter(|peer| !before.roster.contains(peer)) {
            self.on_joined(peer, now);
        }
        self.fit_subscription();
        if next.roster.has_us() {
            let mut control = self.swarm.behaviour().gate.control();
            self.lanes.listen(&mut control, &self.network);
            for (peer, outboxes) in &*self.shared.lanes() {
                self.lanes.open(*peer, outboxes, &control, &self.network, &self.links);
                outboxes.set_presence(match self.links.is_up(peer) {
                    true => Presence::Here,
                    false => Presence::Away,
                });
            }
        }
    }

    fn on_joined(&mut self, peer: PeerId, now: Instant) {
        let reach = match (self.membership.addresses(&peer), self.said.get(&peer)) {
            ([], None) => Reach::Unknown,
            _ => Reach::Known,
        };
        let connected = self.swarm.is_connected(&peer);
        self.swarm.behaviour_mut().connections.bypass_peer_id(&peer);
        if !self.membership.roster.has_us() {
            // On a validator Kademlia would dial them at its own times, and it dials none but them.
            for address in self.membership.addresses(&peer) {
                self.swarm.behaviour_mut().kad.add_address(&peer, address.clone());
            }
        }
        self.links.add(peer);
        match connected {
            false => self.peers.add(peer, reach, Before::Away, now),
            true => {
                self.peers.add(peer, reach, Before::Connected, now);
                self.shared.counters.observers_connected.fetch_sub(1, Ordering::Relaxed);
                self.shared.counters.validators_connected.fetch_add(1, Ordering::Relaxed);
                self.disconnect(peer);
            }
        }
    }

    fn on_left(&mut self, peer: PeerId) {
        self.lanes.close(&peer);
        self.links.remove(&peer);
        self.swarm.behaviour_mut().connections.remove_peer_id(&peer);
        match self.peers.remove(&peer) {
            Gone::Welcome => {}
            Gone::ShutOut => {
                self.swarm.behaviour_mut().shut_out.unblock_peer(peer);
            }
        }
        if self.swarm.is_connected(&peer) {
            self.shared.counters.validators_connected.fetch_sub(1, Ordering::Relaxed);
            self.shared.counters.observers_connected.fetch_add(1, Ordering::Relaxed);
            // It comes back as an observer, if there is a place for one.
            self.disconnect(peer);
        }
    }

    fn on_connected(&mut self, peer: &PeerId, id: ConnectionId) {
        match self.peers.connected(peer, id, Instant::now()) {
            Arrival::First => self.set_link(peer, LinkChange::Up),
            Arrival::Beside => {}
            Arrival::Replaces { close } => {
                self.swarm.close_connection(close);
                self.set_link(peer, LinkChange::Renewed);
            }
        }
    }

    fn on_disconnected(&mut self, peer: &PeerId, id: ConnectionId) {
        match self.peers.disconnected(peer, id, Instant::now()) {
            Remaining::Some => {}
            Remaining::None => self.set_link(peer, LinkChange::Down),
        }
    }

    fn set_link(&mut self, peer: &PeerId, change: LinkChange) {
        self.links.change(peer, change);
        let presence = match change {
            LinkChange::Up | LinkChange::Renewed => Presence::Here,
            LinkChange::Down => Presence::Away,
        };
        if let Some(outboxes) = self.shared.lanes().get(peer) {
            outboxes.set_presence(presence);
        }
    }

    fn on_lane(&mut self, event: LaneEvent) {
        match event {
            LaneEvent::Opened { peer, lane, stream } => {
                // The connection may have been made, or the stream opened, when the list was another.
                if !self.membership.roster.contains(&peer) || !self.membership.roster.has_us() {
                    return;
                }
                if lane == Lane::Consensus {
                    self.peers.lane_opened(&peer);
                }
                self.lanes.accept(peer, lane, stream);
            }
            LaneEvent::Ended { from, lane, end, stream } => {
                if lane == Lane::Consensus && stream == Standing::Newest {
                    self.peers.lane_ended(&from, Instant::now());
                }
                self.on_read_end(from, lane, end);
            }
        }
    }

    fn on_read_end(&mut self, from: PeerId, lane: Lane, end: ReadEnd) {
        match end {
            ReadEnd::Closed => {}
            // The other side may be gone without a word: with the connection closed, it is dialled anew.
            ReadEnd::Silent => {
                self.shared.counters.dropped(DropReason::Stalled, 1);
                tracing::debug!(%from, ?lane, "silent");
                self.disconnect(from);
            }
            // No strike: a congested link looks the same, and only the sender's own room was held.
            ReadEnd::Stalled => {
                self.shared.counters.dropped(DropReason::Stalled, 1);
                tracing::debug!(%from, ?lane, "stalled within a frame");
            }
            ReadEnd::Unlawful(error) => {
                self.shared.counters.dropped(DropReason::BadFrame, 1);
                tracing::warn!(%from, ?lane, %error, "frame refused");
                self.strike(from);
            }
        }
    }

    fn strike(&mut self, peer: PeerId) {
        match self.peers.strike(&peer, Instant::now()) {
            Verdict::Tolerate => {}
            Verdict::ShutOut => {
                tracing::warn!(%peer, "shut out for breaking the rules of frames");
                self.shared.counters.bans.fetch_add(1, Ordering::Relaxed);
                self.swarm.behaviour_mut().shut_out.block_peer(peer);
            }
        }
    }

    fn disconnect(&mut self, peer: PeerId) {
        // An error means that it was not connected.
        let _ = self.swarm.disconnect_peer_id(peer);
    }

    fn connected_counter(&self, peer: &PeerId) -> &AtomicU64 {
        match self.membership.roster.contains(peer) {
            true => &self.shared.counters.validators_connected,
            false => &self.shared.counters.observers_connected,
        }
    }
}
