//! Networks on loopback, and a raw libp2p peer that keeps no rule.
//!
//! Shared by test programs that each use a part of it.
#![allow(dead_code)]

use std::future::Future;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use crypto::Digest;
use futures::{AsyncReadExt as _, StreamExt as _};
use libp2p::identity::Keypair;
use libp2p::swarm::{Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, SwarmBuilder, noise, tcp, yamux};
use libp2p_stream::Control;
use p2p::{Config, DropReason, Incoming, Limits, Network, Peer};
use proto::message::{Kind, Lane};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long any one wait may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a test within a minute or fails it; with nothing else to do on the machine each needs less than ten seconds.
pub async fn bounded(test: impl Future<Output = ()>) {
    timeout(Duration::from_secs(60), test).await.expect("the test ends in time");
}

pub fn network_id() -> Digest {
    crypto::sha256(b"the network of the tests")
}

/// The seed of validator `number`; strangers take numbers from 100 on.
pub fn seed(number: u8) -> [u8; 32] {
    [number + 1; 32]
}

pub fn public_key(number: u8) -> [u8; 32] {
    let pair = p2p::identity::keypair(&mut seed(number));
    pair.public().try_into_ed25519().unwrap().to_bytes()
}

pub fn peer_id(number: u8) -> PeerId {
    p2p::identity::peer_id(&public_key(number)).unwrap()
}

/// The validator with this key.
fn number(peer: PeerId) -> u8 {
    (0..50).find(|number| peer_id(*number) == peer).expect("a peer of these tests")
}

/// A port that no other test of this process is given, and that the system gives to nobody by itself: it would, to
/// listeners and connections of the other tests, before the node that is to have it is there.
fn free_port(is_free: impl Fn(u16) -> bool) -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 25_000 + std::process::id() % 50 * 140;
    let next = || first as u16 + GIVEN.fetch_add(1, Relaxed);
    std::iter::repeat_with(next).find(|port| is_free(*port)).unwrap()
}

pub fn tcp_address() -> Multiaddr {
    let port = free_port(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

pub fn quic_address() -> Multiaddr {
    let port = free_port(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok());
    format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().unwrap()
}

/// The genesis of a test: who the validators are and where.
#[derive(Clone)]
pub struct Plan {
    pub peers: Vec<Peer>,
    pub limits: Limits,
    pub network: Digest,
}

impl Plan {
    pub fn new(validators: u8, address: fn() -> Multiaddr) -> Self {
        let peer = |number| Peer { public_key: public_key(number), addresses: vec![address()] };
        Self { peers: (0..validators).map(peer).collect(), limits: Limits::default(), network: network_id() }
    }

    pub fn address(&self, index: u8) -> Multiaddr {
        self.peers[usize::from(index)].addresses[0].clone()
    }

    pub fn config(&self, index: u8) -> Config {
        Config {
            seed: seed(index),
            network: self.network,
            listen: vec![self.address(index)],
            validators: self.peers.clone(),
            limits: self.limits.clone(),
        }
    }

    pub fn start(&self, index: u8) -> Node {
        Node::start(self.config(index))
    }

    pub fn start_all(&self) -> Vec<Node> {
        (0..u8::try_from(self.peers.len()).unwrap()).map(|index| self.start(index)).collect()
    }

    pub fn observer(&self, number: u8) -> Node {
        Node::start(Config {
            seed: seed(number),
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            ..self.config(0)
        })
    }
}

pub struct Node {
    pub network: Network,
    pub incoming: mpsc::Receiver<Incoming>,
}

impl Node {
    pub fn start(config: Config) -> Self {
        let (network, incoming) = Network::start(config).unwrap();
        Self { network, incoming }
    }

    pub async fn next(&mut self) -> Incoming {
        timeout(PATIENCE, self.incoming.recv()).await.expect("something comes in time").expect("it runs")
    }

    /// The next message that `pick` takes; others are skipped.
    pub async fn next_of<T>(&mut self, mut pick: impl FnMut(Incoming) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.next().await) {
                return picked;
            }
        }
    }

    /// The next frame, its sender by number.
    pub async fn frame(&mut self) -> (u8, Kind, Vec<u8>) {
        self.next_of(|incoming| match incoming {
            Incoming::Frame { from, kind, bytes } => Some((number(from), kind, bytes)),
            _ => None,
        })
        .await
    }

    pub async fn up(&mut self, expected: u8) {
        let up = Incoming::PeerUp { peer: peer_id(expected) };
        self.next_of(|incoming| (incoming == up).then_some(())).await;
    }

    pub async fn down(&mut self, expected: u8) {
        let down = Incoming::PeerDown { peer: peer_id(expected) };
        self.next_of(|incoming| (incoming == down).then_some(())).await;
    }

    /// Waits until this many other validators are connected.
    pub async fn connected(&self, validators: u64) {
        eventually("validators are connected", || self.network.stats().validators_connected == validators)
            .await;
    }

    pub fn drops(&self, reason: DropReason) -> u64 {
        self.network.stats().drops(reason)
    }
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let check = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, check).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

pub async fn all_connected(nodes: &[Node]) {
    for node in nodes {
        node.connected(nodes.len() as u64 - 1).await;
    }
}

pub fn bytes(bytes: &[u8]) -> Arc<[u8]> {
    bytes.into()
}

/// Many strikes, so that streams are refused one by one.
pub fn patient() -> Limits {
    Limits { strikes_max: u32::MAX, ..Limits::default() }
}

/// A peer of libp2p with raw streams, which may hold a validator's key or a stranger's.
pub struct Raw {
    pub control: Control,
    pub dials: mpsc::UnboundedSender<Multiaddr>,
    pub events: mpsc::UnboundedReceiver<RawEvent>,
    task: JoinHandle<()>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum RawEvent {
    Connected,
    Refused,
    Closed,
}

impl Raw {
    pub fn new(number: u8) -> Self {
        let keypair = p2p::identity::keypair(&mut seed(number));
        let mut swarm = raw_swarm(keypair);
        let control = swarm.behaviour().new_control();
        let (dials, mut dialled) = mpsc::unbounded_channel::<Multiaddr>();
        let (tell, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let event = tokio::select! {
                    event = swarm.select_next_some() => event,
                    Some(address) = dialled.recv() => {
                        swarm.dial(address).unwrap();
                        continue;
                    }
                };
                let told = match event {
                    SwarmEvent::ConnectionEstablished { .. } => RawEvent::Connected,
                    SwarmEvent::ConnectionClosed { .. } => RawEvent::Closed,
                    SwarmEvent::OutgoingConnectionError { .. } => RawEvent::Refused,
                    _ => continue,
                };
                let _ = tell.send(told);
            }
        });
        Self { control, dials, events, task }
    }

    pub async fn connect(&mut self, address: Multiaddr) {
        self.dials.send(address).unwrap();
        self.expect(RawEvent::Connected).await;
    }

    /// Waits for an event and passes over the others.
    pub async fn expect(&mut self, expected: RawEvent) {
        let find = async { while self.events.recv().await.expect("it runs") != expected {} };
        timeout(PATIENCE, find).await.expect("the event comes in time");
    }

    /// Opens a lane as a validator does: waits for the accepting byte.
    pub async fn open(&mut self, to: PeerId, lane: Lane) -> std::io::Result<Stream> {
        let protocol = p2p::protocol::lane(&network_id(), lane);
        let opened = timeout(PATIENCE, self.control.open_stream(to, protocol)).await?;
        let mut stream = opened.map_err(std::io::Error::other)?;
        let mut accepted = [0];
        timeout(PATIENCE, stream.read_exact(&mut accepted)).await??;
        assert_eq!(accepted, [1]);
        Ok(stream)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until the other side has closed the stream; it never sends anything else.
pub async fn closed(stream: &mut Stream) {
    let mut byte = [0];
    let read = timeout(PATIENCE, stream.read(&mut byte)).await.expect("the stream is closed in time");
    assert!(matches!(read, Ok(0) | Err(_)), "a reader said {byte:?}");
}

fn raw_swarm(keypair: Keypair) -> Swarm<libp2p_stream::Behaviour> {
    SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

/// Resident memory of this process, in bytes.
pub fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    pages * 4096
}
