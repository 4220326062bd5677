//! Who may speak the lane protocols, and whom we may dial.
//!
//! The lanes are `libp2p-stream` behind a gate: a peer outside the roster gets a connection on which those
//! protocols do not exist, and it never touches the state `libp2p-stream` keeps for each connection (which
//! 0.5.0-alpha does not give back when a connection closes, so strangers could have grown it). A validator
//! dials validators only: what a stranger tells Kademlia must not make us knock on doors of its choice.

use std::collections::BTreeSet;
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

/// The lanes for those who may use them; nothing for the others.
pub(crate) struct Gate {
    lanes: libp2p_stream::Behaviour,
    /// Who may use the lanes: empty on an observer, which has none.
    lane_peers: BTreeSet<PeerId>,
    validators: BTreeSet<PeerId>,
    dialing: Dialing,
}

impl Gate {
    /// The gate of a validator.
    pub(crate) fn of_validator(validators: BTreeSet<PeerId>) -> Self {
        let lane_peers = validators.clone();
        let lanes = libp2p_stream::Behaviour::new();
        Self { lanes, lane_peers, validators, dialing: Dialing::ValidatorsOnly }
    }

    /// The gate of an observer.
    pub(crate) fn of_observer(validators: BTreeSet<PeerId>) -> Self {
        let lanes = libp2p_stream::Behaviour::new();
        Self { lanes, lane_peers: BTreeSet::new(), validators, dialing: Dialing::Anyone }
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
        if !self.lane_peers.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.lanes
            .handle_established_outbound_connection(connection, peer, address, role, port)
            .map(Either::Left)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
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
