//! Who may speak the lane protocols, and whom we may dial.
//!
//! The lanes are `libp2p-stream` behind a gate: a peer outside the roster gets a connection on which those
//! protocols do not exist, and it never touches the state `libp2p-stream` keeps for each connection (which
//! 0.5.0-alpha does not give back when a connection closes, so strangers could have grown it). A validator
//! dials validators only: what a stranger tells Kademlia must not make us knock on doors of its choice.
//!
//! The places of observers are counted here, for `libp2p-connection-limits` 0.7.0 lets those on its list pass but counts
//! them against the others, so that validators who dial us would take the observers' places.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::derive_prelude::Either;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::identity::Roster;

/// Whom this node may dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialing {
    /// Validators, and nobody else.
    ValidatorsOnly,
    /// Whomever discovery finds.
    Anyone,
}

/// A dial that the gate refused.
#[derive(Debug)]
struct NotDialled {
    peer: Option<PeerId>,
}

impl fmt::Display for NotDialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "a validator dials validators only, and {peer} is none"),
            None => f.write_str("a validator dials validators only, and this address names no peer"),
        }
    }
}

impl std::error::Error for NotDialled {}

/// A connection for which there was no place.
#[derive(Debug)]
struct NoPlace {
    max: usize,
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} places for observers are taken", self.max)
    }
}

impl std::error::Error for NoPlace {}

/// Who began a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    ByUs,
    ByThem,
}

/// The lanes for those who may use them; nothing for the others.
pub(crate) struct Gate {
    lanes: libp2p_stream::Behaviour,
    /// Who may use the lanes: empty on an observer, which has none.
    lane_peers: BTreeSet<PeerId>,
    validators: BTreeSet<PeerId>,
    dialing: Dialing,
    /// Every connection that stands.
    connections: BTreeMap<ConnectionId, (PeerId, Begun)>,
    observers_max: usize,
}

impl Gate {
    /// The gate as it stands at the start.
    pub(crate) fn new(roster: &Roster, observers_max: u32) -> Self {
        let mut gate = Self {
            lanes: libp2p_stream::Behaviour::new(),
            lane_peers: BTreeSet::new(),
            validators: BTreeSet::new(),
            dialing: Dialing::Anyone,
            connections: BTreeMap::new(),
            observers_max: usize::try_from(observers_max).unwrap_or(usize::MAX),
        };
        gate.set(roster);
        gate
    }

    /// Other validators, for connections made from now on.
    pub(crate) fn set(&mut self, roster: &Roster) {
        self.validators = roster.others().collect();
        (self.lane_peers, self.dialing) = match roster.has_us() {
            true => (self.validators.clone(), Dialing::ValidatorsOnly),
            false => (BTreeSet::new(), Dialing::Anyone),
        };
    }

    /// Whether there is a place for one connection more: always for a validator, for others so many each way.
    fn admit(&self, peer: &PeerId, begun: Begun) -> Result<(), ConnectionDenied> {
        let is_observer = |peer: &PeerId| !self.validators.contains(peer);
        let taken = self.connections.values().filter(|(peer, by)| is_observer(peer) && *by == begun).count();
        match is_observer(peer) && taken >= self.observers_max {
            true => Err(ConnectionDenied::new(NoPlace { max: self.observers_max })),
            false => Ok(()),
        }
    }

    /// Opens and accepts lane streams.
    pub(crate) fn control(&self) -> libp2p_stream::Control {
        self.lanes.new_control()
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = Either<THandler<libp2p_stream::Behaviour>, dummy::ConnectionHandler>;
    type ToSwarm = ();

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(&peer, Begun::ByThem)?;
        if !self.lane_peers.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.lanes.handle_established_inbound_connection(connection, peer, local, remote).map(Either::Left)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        match self.dialing {
            Dialing::Anyone => Ok(Vec::new()),
            Dialing::ValidatorsOnly if peer.is_some_and(|peer| self.validators.contains(&peer)) => {
                Ok(Vec::new())
            }
            Dialing::ValidatorsOnly => Err(ConnectionDenied::new(NotDialled { peer })),
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(&peer, Begun::ByUs)?;
        if !self.lane_peers.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.lanes
            .handle_established_outbound_connection(connection, peer, address, role, port)
            .map(Either::Left)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ConnectionEstablished(made) => {
                let begun = match made.endpoint.is_dialer() {
                    true => Begun::ByUs,
                    false => Begun::ByThem,
                };
                self.connections.insert(made.connection_id, (made.peer_id, begun));
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.connections.remove(&closed.connection_id);
            }
            // libp2p's own enum, which may grow.
            _ => {}
        }
        self.lanes.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {
            Either::Left(event) => self.lanes.on_connection_handler_event(peer, connection, event),
            Either::Right(never) => {
                let _: Infallible = never;
                match never {}
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.lanes.poll(cx).map(|deed| deed.map_in(Either::Left))
    }
}
