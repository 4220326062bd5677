//! A network of four processes, and a submitter who keeps what was promised.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client::{Client, EntryName};
use crypto::{PublicKey, SecretKey};
use model::entry::{Ticket, Wait};
use model::scalar::Uint;
use proto::id::SubmissionId;
use proto::operation::Operation;
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::submission::Submission;
use testnet::process::{self, Paused};
use testnet::topology::{Keys, Member, Plan, Topology};
use testnet::watch;

use crate::author::{author, proof, signed};
use crate::journal::{Reader, Vote};
use crate::quorate;

/// How long a node may take to become ready or to end; debug builds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Four validators in processes of their own; ended when it is dropped.
pub struct Net {
    topology: Topology,
    _dir: tempfile::TempDir,
    nonce: AtomicU64,
}

impl Net {
    /// Draws a network and starts it.
    pub async fn start(port: u16) -> Self {
        Self::admitting(port, Vec::new()).await
    }

    /// The same, where identities must be registered by one of these, if there are any.
    pub async fn admitting(port: u16, registrars: Vec<PublicKey>) -> Self {
        let net = Self::drawn(port, registrars);
        for index in 0..4 {
            net.boot(index);
        }
        net.ready().await;
        net
    }

    /// The same, where the first node publishes the log to a directory, several times a second.
    pub async fn publishing(port: u16, to: &Path) -> Self {
        let net = Self::drawn(port, Vec::new());
        let path = net.node(0).dir().join(node::config::Sources::FILE_NAME);
        let mut config = std::fs::read_to_string(&path).expect("a configuration");
        config.push_str(&format!("\n[publish]\nurl = \"file://{}\"\ninterval_ms = 200\n", to.display()));
        std::fs::write(&path, config).expect("written");
        for index in 0..4 {
            net.boot(index);
        }
        net.ready().await;
        net
    }

    /// A network that has not started, with so many blocks behind it.
    pub fn with_past(port: u16, blocks: u64) -> Self {
        let net = Self::drawn(port, Vec::new());
        crate::history::make(&net.topology, blocks);
        net
    }

    fn drawn(port: u16, registrars: Vec<PublicKey>) -> Self {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let topology = Topology::create(&Plan {
            validators: 4,
            dir: dir.path().join("net"),
            port,
            origin: None,
            keys: Keys::Encrypted,
            registrars,
        })
        .expect("a network is drawn");
        Self { topology, _dir: dir, nonce: AtomicU64::new(0) }
    }

    /// The network's directory.
    pub fn dir(&self) -> &Path {
        self.topology.dir()
    }

    /// Looks who belongs to the network by now.
    pub fn look_again(&mut self) {
        self.topology = Topology::read(self.topology.dir()).expect("a network");
    }

    /// The position of a node.
    pub fn index(&self, name: &str) -> usize {
        self.topology.nodes.iter().position(|node| node.name == name).expect("a node of this name")
    }

    /// One node.
    pub fn node(&self, index: usize) -> &Member {
        &self.topology.nodes[index]
    }

    /// A client of one node.
    pub fn client(&self, index: usize) -> Client {
        Client::new(&self.node(index).url()).expect("a loopback address")
    }

    /// Starts a node.
    pub fn boot(&self, index: usize) {
        process::start(self.node(index), quorate()).expect("the node starts");
    }

    /// Ends a node as a crash would.
    pub fn kill(&self, index: usize) {
        process::kill(self.node(index), PATIENCE).expect("the node is killed");
    }

    /// Holds a node in its steps, or lets it go on.
    pub fn pause(&self, index: usize, paused: Paused) {
        process::pause(self.node(index), paused).expect("the node is signalled");
    }

    /// Waits until every node can serve.
    pub async fn ready(&self) {
        let nodes: Vec<_> = self.topology.nodes.iter().collect();
        watch::await_ready(&nodes, PATIENCE).await.expect("all nodes become ready");
    }

    /// A signed submission that no other is equal to.
    pub async fn submission(&self) -> Submission {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        self.signed(&author(), nonce, proof(nonce))
    }

    /// An operation, signed.
    pub fn signed(&self, secret: &SecretKey, nonce: u64, operation: Operation) -> Submission {
        signed(&self.topology.network, secret, nonce, operation)
    }

    /// Submits to a node and waits.
    pub async fn submit(
        &self,
        index: usize,
        submission: &Submission,
        wait: Wait,
        timeout: Duration,
    ) -> Option<Ticket> {
        self.client(index).submit(submission.bytes(), wait, timeout).await.ok()
    }

    /// Submits until it is final at some node; panics when that takes longer than `PATIENCE`.
    pub async fn finalize(&self, index: usize) -> (SubmissionId, u64) {
        let submission = self.submission().await;
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            let ticket = self.submit(index, &submission, Wait::Finalized, Duration::from_secs(5)).await;
            if let Some(Ticket { index: Some(Uint(index)), checkpoint_size: Some(_), .. }) = ticket {
                return (submission.id(), index);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("submission {} is not final at {}", submission.id(), self.node(index).name);
    }

    /// The receipt that a node gives, verified under `policy`; waits until the node has it.
    pub async fn receipt(&self, node: usize, id: SubmissionId, policy: &Policy) -> Receipt {
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            match self.client(node).receipt(EntryName::Id(id), None).await {
                Ok(receipt) => {
                    let report = verify::verify_receipt(policy, &receipt, verify::Options::default());
                    assert!(report.is_true(), "{:?}", report.failure());
                    return receipt;
                }
                Err(fault) if std::time::Instant::now() > until => {
                    panic!("{} gives no receipt of {id}: {fault}", self.node(node).name)
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// The network's policy, as a node tells it.
    pub async fn policy(&self, node: usize) -> Policy {
        self.client(node).policy().await.expect("a policy").parse().expect("a policy text")
    }

    /// Everything in `promised` is where it was promised to be, at every node, with a receipt that holds.
    pub async fn keeps(&self, promised: &BTreeMap<SubmissionId, u64>, policy: &Policy) {
        for node in 0..4 {
            for (id, index) in promised {
                let receipt = self.receipt(node, *id, policy).await;
                assert_eq!(receipt.index.get(), *index, "{} moved {id}", self.node(node).name);
            }
        }
    }

    /// The height a node has committed.
    pub async fn height(&self, node: usize) -> u64 {
        let Uint(height) = self.client(node).status().await.expect("a status").height;
        height
    }

    /// No node has seen a validator contradict itself since it was started. Contradictions across restarts are what the
    /// journal refuses and the simulator looks for.
    pub async fn nobody_is_accused(&self) {
        for node in 0..4 {
            let accused = self.metric(node, "quorate_equivocations_seen_total").await;
            assert_eq!(accused, 0.0, "{} saw two statements in one view", self.node(node).name);
        }
    }

    /// Every vote in a node's journal, of all its lives: it is too short here to have been rewritten.
    pub fn votes(&self, node: usize) -> Vec<Vote> {
        let mut votes = Vec::new();
        Reader::new(self.node(node).dir().join("journal")).read(|vote| votes.push(vote));
        votes
    }

    /// A counter of a node's metrics, summed over its labels.
    async fn metric(&self, node: usize, name: &str) -> f64 {
        let url = format!("http://{}/metrics", self.node(node).admin);
        let text = plain_http().get(url).send().await.expect("metrics").text().await.expect("text");
        let lines = text.lines().filter(|line| line.starts_with(name));
        let values: Vec<f64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        assert!(!values.is_empty(), "there is no metric {name}");
        values.iter().sum()
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // Nodes may have joined since the network was drawn.
        if let Ok(grown) = Topology::read(self.topology.dir()) {
            self.topology = grown;
        }
        for node in &self.topology.nodes {
            let _ = process::pause(node, Paused::No);
            let _ = process::kill(node, PATIENCE);
        }
    }
}

/// Asks over plain HTTP, so that no certificates of the system are needed.
fn plain_http() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).build().expect("a client")
}

/// Two nodes say the same of one leaf. A node that missed a checkpoint serves the leaf under the next, and two nodes may
/// certify one head with other cosignatures; a head of one size has one root.
pub fn agree(ours: &Receipt, theirs: &Receipt) {
    assert_eq!((ours.index, &ours.entry), (theirs.index, &theirs.entry), "one leaf");
    let [ours, theirs] = [ours, theirs].map(|receipt| verify::head_of(receipt).expect("a head"));
    assert!(ours.size != theirs.size || ours.root == theirs.root, "{ours:?} and {theirs:?} are of two logs");
}
