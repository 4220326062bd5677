//! Four whole nodes on loopback: real keys, real connections, real files.
//!
//! What a submitter and an operator meet first: a submission becomes final and its receipt holds without the nodes; a
//! node that was stopped comes back and goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use client::{Client, EntryName};
use crypto::{Scheme, SecretKey, sha256};
use model::entry::{State, Ticket, Wait};
use node::config::{Config, Sources};
use node::keys::{MasterSeed, NodeKeys};
use node::{RunningNode, Setup, StartError};
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, Tenant};
use proto::operation::Operation;
use proto::policy::Policy;
use proto::submission::{Body, Submission};

const PATIENCE: Duration = Duration::from_secs(20);

/// A network on disk; its nodes can be started one by one.
struct Net {
    dir: tempfile::TempDir,
    genesis: Genesis,
    ports: Vec<u16>,
}

fn keys(number: usize) -> NodeKeys {
    NodeKeys::derive(&MasterSeed::new([number as u8 + 1; 32]))
}

impl Net {
    fn new(count: usize) -> Self {
        let genesis = Genesis {
            origin: "ledger.test/loopback".to_owned(),
            time: TimeMs::new(1_700_000_000_000),
            validators: (0..count).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        // Asked of the system and given back at once: free, as far as anybody can know.
        let held: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = held.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        Self { dir: tempfile::tempdir().unwrap(), genesis, ports }
    }

    fn node_dir(&self, number: usize) -> std::path::PathBuf {
        self.dir.path().join(format!("v{number}"))
    }

    fn setup(&self, number: usize) -> Setup {
        let address = |port: &u16| format!("/ip4/127.0.0.1/tcp/{port}");
        let peers = self.ports.iter().enumerate().map(|(peer, port)| format!("v{peer}={}", address(port)));
        let flags = BTreeMap::from([
            ("name", format!("v{number}")),
            ("rpc.listen", "127.0.0.1:0".to_owned()),
            ("admin.listen", "127.0.0.1:0".to_owned()),
            ("p2p.listen", address(&self.ports[number])),
            ("peers", peers.collect::<Vec<_>>().join(",")),
        ]);
        let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let config = Config::load(&self.node_dir(number), &Sources { flags, ..Sources::default() }).unwrap();
        Setup { config, genesis: self.genesis.clone(), keys: keys(number) }
    }

    async fn start(&self, number: usize) -> RunningNode {
        node::start(self.setup(number)).await.unwrap()
    }

    async fn start_all(&self) -> Vec<RunningNode> {
        let mut nodes = Vec::new();
        for number in 0..self.ports.len() {
            nodes.push(self.start(number).await);
        }
        nodes
    }

    fn submission(&self, nonce: u64) -> Submission {
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[99; 32]).unwrap();
        Body {
            network: self.genesis.network(),
            tenant: Tenant::default_tenant(),
            author: Did::of(secret.public()),
            key: secret.public().clone(),
            nonce,
            expires_at: None,
            operation: Operation::ProofSubmit {
                content: sha256(&nonce.to_be_bytes()),
                content_bytes: 8,
                media_type: String::new(),
                subject: "a test".to_owned(),
            },
        }
        .sign(&secret)
    }

    async fn submit(&self, node: &RunningNode, nonce: u64) -> Ticket {
        client(node).submit(&self.submission(nonce).encode(), Wait::Finalized, PATIENCE).await.unwrap()
    }

    /// Asks a node for the receipt of a submission and checks it without any node.
    async fn check_receipt(&self, node: &RunningNode, nonce: u64) {
        let id = self.submission(nonce).id();
        let receipt = client(node).receipt(EntryName::Id(id), None).await.unwrap();
        let policy = Policy::of(&self.genesis.validator_set()).unwrap();
        let options = verify::Options { submission: Some(id), ..verify::Options::default() };
        let report = verify::verify_receipt(&policy, &receipt, options);
        assert!(report.is_true(), "{report:?}");
    }
}

fn client(node: &RunningNode) -> Client {
    Client::new(&format!("http://{}", node.rpc_addrs[0])).unwrap()
}

async fn until(node: &RunningNode, what: &str, holds: impl Fn(&api::NodeStatus) -> bool) {
    let mut status = node.status.clone();
    let reached = tokio::time::timeout(PATIENCE, status.wait_for(|status| holds(status))).await;
    assert!(reached.is_ok(), "not {what} in time: {:?}", *node.status.borrow());
}

async fn stop_all(nodes: Vec<RunningNode>) {
    for node in nodes {
        node.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_becomes_final_and_its_receipt_holds_everywhere() {
    let net = Net::new(4);
    let nodes = net.start_all().await;
    for node in &nodes {
        until(node, "ready", |status| status.ready).await;
    }
    let ticket = net.submit(&nodes[0], 1).await;
    assert_eq!(ticket.state, State::Finalized, "{ticket:?}");
    let again = net.submit(&nodes[3], 1).await;
    assert_eq!(
        (again.id, again.index, again.height),
        (ticket.id, ticket.index, ticket.height),
        "the same answer everywhere"
    );
    for (node, nonce) in nodes.iter().zip(2..) {
        assert_eq!(net.submit(node, nonce).await.state, State::Finalized);
    }
    let size = nodes[0].status.borrow().tree_size;
    for node in &nodes {
        until(node, "certified", |status| status.checkpoint_size >= size).await;
        net.check_receipt(node, 1).await;
        net.check_receipt(node, 5).await;
    }
    stop_all(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_work_is_silent() {
    let net = Net::new(4);
    let nodes = net.start_all().await;
    for node in &nodes {
        until(node, "ready", |status| status.ready).await;
    }
    net.submit(&nodes[1], 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before: Vec<_> = nodes.iter().map(|node| node.status.borrow().clone()).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after: Vec<_> = nodes.iter().map(|node| node.status.borrow().clone()).collect();
    assert_eq!(before, after, "neither views nor heights nor leaves");
    stop_all(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_stopped_catches_up_and_goes_on() {
    let net = Net::new(4);
    let mut nodes = net.start_all().await;
    for node in &nodes {
        until(node, "ready", |status| status.ready).await;
    }
    net.submit(&nodes[0], 1).await;
    let last = nodes.pop().unwrap();
    last.stop().await.unwrap();
    for nonce in 2..6 {
        assert_eq!(net.submit(&nodes[0], nonce).await.state, State::Finalized, "three of four go on");
    }
    let size = nodes[0].status.borrow().tree_size;
    let back = net.start(3).await;
    until(&back, "caught up", |status| status.tree_size >= size && status.ready).await;
    assert_eq!(net.submit(&back, 6).await.state, State::Finalized, "and takes part again");
    net.check_receipt(&back, 3).await;
    nodes.push(back);

    // All at once: what was final stays so, and the network goes on from there.
    stop_all(nodes).await;
    let nodes = net.start_all().await;
    assert_eq!(net.submit(&nodes[2], 1).await.state, State::Finalized, "known from before");
    assert_eq!(net.submit(&nodes[2], 7).await.state, State::Finalized);
    stop_all(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_before_it_starts() {
    let net = Net::new(1);
    let refused = |setup: Setup| async { node::start(setup).await.expect_err("it cannot run") };

    let mut setup = net.setup(0);
    setup.config.name = None;
    assert!(matches!(refused(setup).await, StartError::NameMissing));
    let mut setup = net.setup(0);
    setup.config.name = Some("v9".to_owned());
    assert!(matches!(refused(setup).await, StartError::NotAValidator { .. }));
    let mut setup = net.setup(0);
    setup.keys = keys(7);
    assert!(matches!(refused(setup).await, StartError::OtherKeys { .. }));
    let mut setup = net.setup(0);
    setup.config.peers.insert("v9".to_owned(), Vec::new());
    assert!(matches!(refused(setup).await, StartError::UnknownPeer { .. }));

    let running = net.start(0).await;
    assert!(matches!(refused(net.setup(0)).await, StartError::Store(_)), "its files are in use");
    let mut setup = net.setup(0);
    setup.config.rpc.listen = running.rpc_addrs.clone();
    assert!(matches!(refused(setup).await, StartError::Listen { .. }));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_has_spoken_does_not_start_without_its_journal() {
    let net = Net::new(1);
    let node = net.start(0).await;
    assert_eq!(net.submit(&node, 1).await.state, State::Finalized, "one validator is a network too");
    node.stop().await.unwrap();
    let journal = net.node_dir(0).join("journal");
    let kept = std::fs::read(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let refused = node::start(net.setup(0)).await.expect_err("it might contradict itself");
    assert!(refused.to_string().contains("missing"), "{refused}");
    std::fs::write(&journal, kept).unwrap();
    let node = net.start(0).await;
    assert_eq!(net.submit(&node, 2).await.state, State::Finalized);
    node.stop().await.unwrap();
}
