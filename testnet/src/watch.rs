//! How the nodes of a network are: asked over the interface that everybody uses.

use std::time::{Duration, Instant};

use client::Client;
use model::status::StatusAnswer;
use serde::Serialize;

use crate::process::{last_words, running};
use crate::topology::{Member, Topology};

/// How often a node that is not ready is asked again.
const GLANCE: Duration = Duration::from_millis(100);
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a network is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkStatus {
    /// Its nodes.
    pub nodes: Vec<NodeStatus>,
}

/// How a node is. Numbers are null while it does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// The address of its REST and JSON-RPC.
    pub rpc: String,
    /// Where other nodes dial it.
    pub p2p: String,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// Height of its newest committed block.
    pub height: Option<u64>,
    /// Its present view.
    pub view: Option<u64>,
    /// Size of the newest checkpoint a quorum signed.
    pub checkpoint_size: Option<u64>,
    /// Whether it can serve.
    pub ready: bool,
}

/// Why a network is not ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// A node has ended.
    #[error("{name} has ended; its log says\n{log}")]
    Ended {
        /// The node.
        name: String,
        /// The last lines of its log.
        log: String,
    },
    /// Time is up.
    #[error("{name} is not ready after {waited_s} s: {reason}")]
    NotReady {
        /// The node.
        name: String,
        /// How long it was waited for, in seconds.
        waited_s: u64,
        /// What it says, or that it says nothing.
        reason: String,
    },
}

/// How the nodes of a network are, by now.
pub async fn status(topology: &Topology) -> NetworkStatus {
    // All at once: nodes that are held cost the time of one.
    let asked: Vec<_> = topology.nodes.iter().map(|node| tokio::spawn(node_status(node.clone()))).collect();
    let mut nodes = Vec::with_capacity(asked.len());
    for answer in asked {
        // A task that panicked has no answer; its node then stands for none.
        nodes.extend(answer.await);
    }
    NetworkStatus { nodes }
}

async fn node_status(node: Member) -> NodeStatus {
    let node = &node;
    let pid = running(node);
    // Without a process of ours, whoever answers at this address is somebody else.
    let answer = match pid {
        Some(_) => ask(node).await.ok(),
        None => None,
    };
    NodeStatus {
        name: node.name.clone(),
        rpc: node.url(),
        p2p: node.p2p.clone(),
        pid,
        height: answer.as_ref().map(|answer| answer.height.0),
        view: answer.as_ref().map(|answer| answer.view.0),
        checkpoint_size: answer.as_ref().map(|answer| answer.checkpoint_size.0),
        ready: answer.is_some_and(|answer| answer.ready),
    }
}

async fn ask(node: &Member) -> Result<StatusAnswer, String> {
    let client = Client::new(&node.url()).map_err(|fault| fault.to_string())?;
    match tokio::time::timeout(PATIENCE, client.status()).await {
        Ok(answer) => answer.map_err(|fault| fault.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Waits until these nodes, which run as processes, are ready.
///
/// # Errors
/// `Ended` as soon as one has ended, `NotReady` when `patience` is over.
pub async fn await_ready(nodes: &[&Member], patience: Duration) -> Result<(), WatchError> {
    let until = Instant::now() + patience;
    for node in nodes {
        loop {
            let reason = match ask(node).await {
                Ok(answer) if answer.ready => break,
                Ok(answer) => answer.reasons.join("; "),
                Err(fault) => fault,
            };
            if running(node).is_none() {
                return Err(WatchError::Ended {
                    name: node.name.clone(),
                    log: indented(&last_words(node, 8)),
                });
            }
            if Instant::now() >= until {
                let (name, waited_s) = (node.name.clone(), patience.as_secs());
                return Err(WatchError::NotReady { name, waited_s, reason });
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
    Ok(())
}

/// Another's words, told apart from ours.
fn indented(words: &str) -> String {
    words.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}
