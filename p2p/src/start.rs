//! From a configuration to a running loop: keys, transports, behaviours, queues.

use std::io;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, Swarm, SwarmBuilder, TransportError, identity, noise, tcp, yamux};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::behaviour::Behaviour;
use crate::handle::{Command, Config, Shared, StartError};
use crate::identity::keypair;
use crate::inbox::{Inbox, Incoming};
use crate::limits::Limits;
use crate::membership::Membership;
use crate::stats::Counters;
use crate::swarm::{Loop, Parts};

/// Commands of handles that wait for the loop.
const COMMANDS_MAX: usize = 256;
/// How long a connection without streams is kept.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

type Started = (Arc<Shared>, mpsc::Sender<Command>, mpsc::Receiver<Incoming>);

/// Builds a network from its configuration and lets its loop run.
pub(crate) fn start(mut config: Config) -> Result<Started, StartError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let keypair = keypair(&mut config.seed);
    let Config { seed: _, network, listen, validators, limits } = config;
    let membership = Membership::new(&validators, keypair.public().to_peer_id())?;
    let limits = Arc::new(limits.clamped());
    let behaviour = Behaviour::new(&network, &keypair, &membership.roster, &limits)?;
    let mut swarm = build_swarm(keypair, behaviour, &limits)?;
    for address in listen {
        let refused = |source| StartError::Listen { address: address.clone(), source };
        claim(&address).map_err(refused)?;
        swarm.listen_on(address.clone()).map_err(|error| {
            refused(match error {
                TransportError::MultiaddrNotSupported(_) => {
                    io::Error::new(io::ErrorKind::Unsupported, "neither TCP nor QUIC v1")
                }
                TransportError::Other(error) => error,
            })
        })?;
    }

    let counters = Arc::new(Counters::default());
    let (inbox, sources) = Inbox::new(limits.inbound_requests_max, Arc::clone(&counters));
    let (commands, orders) = mpsc::channel(COMMANDS_MAX);
    let (incoming, received) = mpsc::channel(limits.incoming_max);
    let (membership, changes) = watch::channel(Arc::new(membership));
    let shared = Arc::new(Shared {
        lanes: RwLock::default(),
        membership,
        counters,
        inbox,
        listening: watch::Sender::new(Vec::new()),
        places: Arc::new(Semaphore::new(limits.requests_max)),
        limits: Arc::clone(&limits),
    });
    shared.fit_lanes(&changes.borrow().roster);
    let parts = Parts { swarm, changes, limits, network, shared: Arc::clone(&shared) };
    runtime.spawn(Loop::new(parts, sources, incoming).run(orders));
    Ok((shared, commands, received))
}

fn build_swarm(
    keypair: identity::Keypair,
    behaviour: Behaviour,
    limits: &Limits,
) -> Result<Swarm<Behaviour>, StartError> {
    let streams_max = limits.streams_per_connection_max;
    let muxer = || {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(streams_max);
        config
    };
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, muxer)
        .map_err(|error| StartError::Transport { reason: error.to_string() })?
        .with_quic_config(|mut config| {
            config.handshake_timeout = HANDSHAKE_MAX;
            config.max_concurrent_stream_limit = u32::try_from(streams_max).unwrap_or(u32::MAX);
            config.max_stream_data = 2 << 20;
            config.max_connection_data = 8 << 20;
            config
        })
        .with_behaviour(|_| behaviour)
        .map_err(|error| StartError::Transport { reason: error.to_string() })?
        .with_swarm_config(|config| {
            config.with_idle_connection_timeout(IDLE_MAX).with_max_negotiating_inbound_streams(streams_max)
        })
        .with_connection_timeout(HANDSHAKE_MAX)
        .build();
    Ok(swarm)
}

/// Refuses a port that someone else has. libp2p listens with `SO_REUSEPORT`, so two nodes configured alike
/// would share a port without a word and each would lose half of its callers.
fn claim(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        // What libp2p makes of other addresses, it will say itself.
        Some(_) | None => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) => TcpListener::bind((ip, port)).map(drop),
        Some(Protocol::Udp(port)) => UdpSocket::bind((ip, port)).map(drop),
        Some(_) | None => Ok(()),
    }
}
