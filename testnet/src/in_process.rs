//! A whole network in one process: every node with its own keys, store, journal and connections.
//!
//! Nothing is simulated: the nodes speak over loopback and write to disk as they would on machines of their own.
//! Ports are found anew at every start, so that a network kept on disk starts again whatever was taken meanwhile.

use std::future::{Future as _, poll_fn};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use node::config::{Config, ConfigError, Sources};
use node::genesis_file::{self, GenesisError};
use node::journal::IfMissing;
use node::keystore::{Keystore, KeystoreError, Protection};
use node::{FatalError, RunningNode, Setup, StartError};

use crate::ports::{self, NoPorts, loopback};
use crate::topology::{Member, Topology};

/// Where the first node serves; the others take whatever ports are free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// REST and JSON-RPC; 0: any port.
    pub rpc: u16,
    /// More ports with the same behind them, for clients that know one by heart; 0: any port.
    pub also: Vec<u16>,
    /// Metrics and health; 0: any port.
    pub admin: u16,
}

/// A network that runs here.
#[derive(Debug)]
pub struct LocalNetwork {
    nodes: Vec<(String, RunningNode)>,
}

/// Why a network does not run here.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No ports.
    #[error(transparent)]
    Ports(#[from] NoPorts),
    /// A node's configuration is refused.
    #[error("{name}: {source}")]
    Config {
        /// The node.
        name: String,
        /// Why.
        source: ConfigError,
    },
    /// A node's genesis is refused.
    #[error("{name}: {source}")]
    Genesis {
        /// The node.
        name: String,
        /// Why.
        source: GenesisError,
    },
    /// A node's keys cannot be had.
    #[error("{name}: {source}")]
    Keystore {
        /// The node.
        name: String,
        /// Why.
        source: KeystoreError,
    },
    /// A node does not start.
    #[error("{name}: {source}")]
    Start {
        /// The node.
        name: String,
        /// Why.
        source: Box<StartError>,
    },
    /// A node is not ready in time.
    #[error("{name} is not ready after {waited_s} s: {reasons}")]
    NotReady {
        /// The node.
        name: String,
        /// How long it was waited for, in seconds.
        waited_s: u64,
        /// What it says.
        reasons: String,
    },
    /// A node could not go on.
    #[error("{name}: {source}")]
    Ended {
        /// The node.
        name: String,
        /// Why.
        source: FatalError,
    },
}

impl LocalNetwork {
    /// Starts every node of a network whose keys are for development. Needs a tokio runtime with threads around it.
    ///
    /// # Errors
    /// `LocalError`; nodes that had started are stopped again.
    pub async fn start(topology: &Topology, doors: Doors) -> Result<Self, LocalError> {
        // From somewhere below the ports that the system gives out by itself, which come and go, and below those that
        // drawn networks have.
        let from = 8_000 + rand::random::<u16>() % 13_000;
        let ports = ports::free(from, topology.nodes.len())?;
        let address = |port: &u16| format!("/ip4/127.0.0.1/tcp/{port}");
        let peers: Vec<String> = topology
            .nodes
            .iter()
            .zip(&ports)
            .map(|(node, port)| format!("{}={}", node.name, address(port)))
            .collect();
        let peers = peers.join(",");
        let mut network = Self { nodes: Vec::with_capacity(ports.len()) };
        for (number, (member, port)) in topology.nodes.iter().zip(&ports).enumerate() {
            let doors = if number == 0 { doors.clone() } else { Doors::default() };
            let rpc = [doors.rpc].into_iter().chain(doors.also).map(|port| loopback(port).to_string());
            let flags = [
                ("rpc.listen", rpc.collect::<Vec<_>>().join(",")),
                ("admin.listen", loopback(doors.admin).to_string()),
                ("p2p.listen", address(port)),
                ("peers", peers.clone()),
            ];
            let flags = flags.map(|(key, value)| (key.to_owned(), value)).to_vec();
            match start(member, flags).await {
                Ok(node) => network.nodes.push((member.name.clone(), node)),
                Err(fault) => {
                    // Why it did not start is what the caller needs; how the others end is not.
                    let _ = network.stop().await;
                    return Err(fault);
                }
            }
        }
        Ok(network)
    }

    /// Waits until every node is ready.
    ///
    /// # Errors
    /// `NotReady` when `patience` is over.
    pub async fn ready(&self, patience: Duration) -> Result<(), LocalError> {
        for (name, node) in &self.nodes {
            let mut status = node.status.clone();
            let ready = tokio::time::timeout(patience, status.wait_for(|status| status.ready)).await;
            // An ended channel is an ended node, which is not ready either.
            if !matches!(ready, Ok(Ok(_))) {
                let reasons = node.status.borrow().reasons.join("; ");
                let (name, waited_s) = (name.clone(), patience.as_secs());
                return Err(LocalError::NotReady { name, waited_s, reasons });
            }
        }
        Ok(())
    }

    /// The nodes, by name, in the order of genesis.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &RunningNode)> {
        self.nodes.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// Where the first node serves REST and JSON-RPC.
    pub fn url(&self) -> String {
        let address = self.nodes.first().and_then(|(_, node)| node.rpc_addrs.first());
        format!("http://{}", address.copied().unwrap_or_else(|| loopback(0)))
    }

    /// Where the first node serves metrics and health.
    pub fn admin(&self) -> SocketAddr {
        self.nodes.first().map_or_else(|| loopback(0), |(_, node)| node.admin_addr)
    }

    /// Waits until a node cannot go on. While all are well this does not return.
    pub async fn ended(&self) -> LocalError {
        let mut ends: Vec<_> = self
            .nodes
            .iter()
            .map(|(name, node)| Box::pin(async move { (name.clone(), node.wait().await) }))
            .collect();
        let (name, source) = poll_fn(|context| {
            let ended = ends.iter_mut().find_map(|end| match end.as_mut().poll(context) {
                Poll::Ready(ended) => Some(ended),
                Poll::Pending => None,
            });
            ended.map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        LocalError::Ended { name, source }
    }

    /// Stops the last node, and the others go on.
    ///
    /// # Errors
    /// `Ended` when it had failed.
    pub async fn stop_last(&mut self) -> Result<(), LocalError> {
        match self.nodes.pop() {
            Some((name, node)) => node.stop().await.map_err(|source| LocalError::Ended { name, source }),
            None => Ok(()),
        }
    }

    /// Stops every node: what is decided is written, files are closed.
    ///
    /// # Errors
    /// `Ended`, of the first node that had failed.
    pub async fn stop(self) -> Result<(), LocalError> {
        let mut first = Ok(());
        for (name, node) in self.nodes {
            let stopped = node.stop().await.map_err(|source| LocalError::Ended { name, source });
            first = first.and(stopped);
        }
        first
    }
}

async fn start(member: &Member, flags: Vec<(String, String)>) -> Result<RunningNode, LocalError> {
    let name = || member.name.clone();
    let config = |source| LocalError::Config { name: name(), source };
    // The environment speaks of one node; several here would all take it for theirs.
    let sources = Sources { env: Vec::new(), ..Sources::of_node(member.dir(), flags).map_err(config)? };
    let config = Config::load(member.dir(), &sources).map_err(config)?;
    let genesis = genesis_file::read(&member.dir().join(genesis_file::FILE_NAME))
        .map_err(|source| LocalError::Genesis { name: name(), source })?;
    let keys = Keystore::read(&member.keystore())
        .and_then(|keystore| keystore.unlock_validator(Protection::Dev))
        .map_err(|source| LocalError::Keystore { name: name(), source })?;
    node::start(Setup { config, genesis, keys, if_missing: IfMissing::Refuse })
        .await
        .map_err(|source| LocalError::Start { name: name(), source: Box::new(source) })
}
