//! Four whole nodes on loopback: real keys, real connections, real files.
//!
//! What a submitter and an operator meet first: a submission becomes final and its receipt holds without the
//! nodes; a node that was stopped comes back and goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use client::{Client, EntryName};
use crypto::{Scheme, SecretKey, sha256};
use model::entry::{State, Ticket, Wait};
use node::config::{Config, Sources};
use node::evidence_file::EvidenceFile;
use node::journal::IfMissing;
use node::keys::{MasterSeed, NodeKeys};
use node::{RunningNode, Setup, StartError};
use proto::ballot::{Vote, VoteStatement};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height, TimeMs, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{BlockId, Did, Tenant, ValidatorIndex};
use proto::message::Kind;
use proto::operation::Operation;
use proto::policy::Policy;
use proto::submission::{Body, Submission};
use proto::verified::Strict;

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

/// Ports that no other test of this process is given, and that the system gives to nobody by itself: it would, to
/// listeners and connections of the other tests, while a node that has one is not there.
fn free_ports(count: usize) -> Vec<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 25_000 + std::process::id() % 100 * 70;
    let next = || first as u16 + GIVEN.fetch_add(1, Relaxed);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(next).filter(is_free).take(count).collect()
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
        Self { dir: tempfile::tempdir().unwrap(), genesis, ports: free_ports(count) }
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
        let keys = keys(number);
        // As whoever makes the keys does it: begun once, and refused when it is missing later.
        let if_missing = match config.data_dir.join("journal.lock").exists() {
            true => IfMissing::Refuse,
            false => IfMissing::Create,
        };
        Setup { config, genesis: self.genesis.clone(), keys, if_missing }
    }

    async fn start(&self, number: usize) -> RunningNode {
        node::start(self.setup(number)).await.unwrap()
    }

    /// Starts a node whose predecessor may still be letting go of its files and ports.
    async fn start_again(&self, number: usize) -> RunningNode {
        let begin = std::time::Instant::now();
        loop {
            match node::start(self.setup(number)).await {
                Ok(node) => return node,
                Err(fault) if begin.elapsed() > PATIENCE => panic!("{fault}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
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

/// What a plain HTTP GET answers.
async fn get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_how_a_node_stands() {
    let net = Net::new(4);
    let first = net.start(0).await;
    assert!(get(first.admin_addr, "/livez").await.starts_with("HTTP/1.1 200"));
    until(&first, "seen", |status| !status.reasons.is_empty()).await;
    let alone = get(first.admin_addr, "/readyz").await;
    assert!(alone.starts_with("HTTP/1.1 503") && alone.contains("1 of the 3 voting power"), "{alone}");

    let mut nodes = vec![first];
    for number in 1..3 {
        nodes.push(net.start(number).await);
    }
    until(&nodes[0], "ready with three of four", |status| status.ready).await;
    assert!(get(nodes[0].admin_addr, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(net.submit(&nodes[0], 1).await.state, State::Finalized);
    let mut late = net.submission(2).body().clone();
    late.expires_at = Some(TimeMs::new(1));
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[99; 32]).unwrap();
    let refused = client(&nodes[0]).submit(&late.sign(&secret).encode(), Wait::Finalized, PATIENCE).await;
    assert!(refused.unwrap_err().to_string().contains("expired"));
    let metrics = get(nodes[0].admin_addr, "/metrics").await;
    for line in [
        "quorate_build_info{version=\"0.1.0\"} 1",
        "quorate_ready 1",
        "quorate_p2p_peers 2",
        "quorate_submissions_total 2",
        "quorate_mempool_rejected_total{reason=\"expired\"} 1",
        "quorate_storage_fsync_seconds_count{file=\"journal\"} ",
        "quorate_dropped_total{reason=\"malformed\"} 0",
        "quorate_equivocations_seen_total 0",
        "quorate_p2p_messages_sent_total{kind=\"vote\"} ",
    ] {
        assert!(metrics.lines().any(|found| found.starts_with(line)), "{line} is not in\n{metrics}");
    }

    nodes.pop().unwrap().stop().await.unwrap();
    until(&nodes[0], "not ready with two of four", |status| !status.ready && status.peers_connected == 1)
        .await;
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
async fn many_callers_at_once_all_become_final_exactly_once() {
    const EACH: u64 = 100;
    let net = std::sync::Arc::new(Net::new(4));
    let nodes = std::sync::Arc::new(net.start_all().await);
    for node in nodes.iter() {
        until(node, "ready", |status| status.ready).await;
    }
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..4_u64 {
        // Half of what a node gets, its neighbour gets too.
        for nonce in number * EACH / 2..number * EACH / 2 + EACH {
            let (net, nodes) = (net.clone(), nodes.clone());
            callers.spawn(async move { (nonce, net.submit(&nodes[number as usize], nonce).await) });
        }
    }
    let mut places = BTreeMap::new();
    while let Some(done) = callers.join_next().await {
        let (nonce, ticket) = done.unwrap();
        assert_eq!(ticket.state, State::Finalized, "{ticket:?}");
        let place = ticket.index.unwrap();
        assert_eq!(*places.entry(nonce).or_insert(place), place, "one place, whoever is asked");
    }
    assert_eq!(places.len() as u64, EACH / 2 * 5);
    let nodes = std::sync::Arc::into_inner(nodes).unwrap();
    let size = nodes.iter().map(|node| node.status.borrow().tree_size).max().unwrap();
    for node in &nodes {
        until(node, "at the same size", |status| status.tree_size == size && status.mempool_count == 0).await;
    }
    net.check_receipt(&nodes[2], EACH).await;
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
async fn nodes_dropped_at_work_keep_what_they_called_final() {
    let net = std::sync::Arc::new(Net::new(4));
    let nodes = net.start_all().await;
    for node in &nodes {
        until(node, "ready", |status| status.ready).await;
    }
    let mut callers = tokio::task::JoinSet::new();
    for nonce in 0..200_u64 {
        let envelope = net.submission(nonce).encode();
        let client = client(&nodes[nonce as usize % 4]);
        callers.spawn(async move { (nonce, client.submit(&envelope, Wait::Finalized, PATIENCE).await) });
    }
    // As soon as some are final, everything goes.
    let mut answered = Vec::new();
    while answered.len() < 20 {
        answered.push(callers.join_next().await.unwrap().unwrap());
    }
    drop(nodes);
    answered.extend(callers.join_all().await);
    let told: Vec<_> =
        answered.iter().filter_map(|(nonce, answer)| Some((*nonce, answer.as_ref().ok()?))).collect();
    let told: Vec<_> = told.into_iter().filter(|(_, ticket)| ticket.state == State::Finalized).collect();
    assert!(told.len() >= 20, "{answered:?}");

    let mut nodes = Vec::new();
    for number in 0..4 {
        nodes.push(net.start_again(number).await);
    }
    for (nonce, before) in told {
        let after = net.submit(&nodes[0], nonce).await;
        assert_eq!((after.state, after.index, after.height), (State::Finalized, before.index, before.height));
    }
    assert_eq!(net.submit(&nodes[1], 1_000).await.state, State::Finalized);
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
    setup.config.observe = true;
    setup.keys = keys(7);
    assert!(
        matches!(refused(setup).await, StartError::OtherKeys { .. }),
        "observing does not excuse a false name"
    );

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

/// A node of no set: it follows, serves receipts as the validators do, and takes nothing in.
#[tokio::test(flavor = "multi_thread")]
async fn an_observer_follows_serves_and_takes_no_submissions() {
    let net = Net::new(4);
    let mut nodes = net.start_all().await;
    assert_eq!(net.submit(&nodes[0], 1).await.state, State::Finalized);

    let mut setup = net.setup(0);
    setup.keys = keys(9);
    setup.config.name = Some("watcher".to_owned());
    setup.config.data_dir = net.node_dir(9);
    setup.config.p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    assert!(
        matches!(node::start(setup).await, Err(StartError::NotAValidator { .. })),
        "only if it is set to"
    );
    let mut setup = net.setup(0);
    setup.keys = keys(9);
    setup.config.name = Some("watcher".to_owned());
    setup.config.observe = true;
    setup.config.rpc.submit_to = vec!["http://127.0.0.1:7070".to_owned()];
    setup.config.data_dir = net.node_dir(9);
    setup.config.p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    setup.if_missing = IfMissing::Create;
    let observer = node::start(setup).await.unwrap();
    assert_eq!(net.submit(&nodes[1], 2).await.state, State::Finalized);

    let begin = std::time::Instant::now();
    for nonce in [1, 2] {
        let name = EntryName::Id(net.submission(nonce).id());
        let theirs = loop {
            match client(&observer).receipt(name, None).await {
                Ok(receipt) => break receipt,
                Err(fault) if begin.elapsed() > PATIENCE => panic!("{fault}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        // Who came later has later checkpoints only.
        let ours = client(&nodes[2]).receipt(name, None).await.unwrap();
        assert_eq!((theirs.index, &theirs.entry), (ours.index, &ours.entry));
        net.check_receipt(&observer, nonce).await;
    }
    let envelope = net.submission(3).encode();
    let refused = client(&observer).submit(&envelope, Wait::Accepted, PATIENCE).await.unwrap_err();
    assert!(refused.to_string().contains("http://127.0.0.1:7070"), "{refused}");
    nodes.push(observer);
    stop_all(nodes).await;
}

/// Validator 3 of four, in the hands of somebody who signs what it likes: a connection and a key, and no rules.
fn liar(net: &Net) -> p2p::Network {
    let address = |port: &u16| format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
    let validators = net.genesis.validators.iter().zip(&net.ports).map(|(validator, port)| p2p::Peer {
        public_key: validator.network.as_bytes().try_into().unwrap(),
        addresses: vec![address(port)],
    });
    let (network, mut incoming) = p2p::Network::start(p2p::Config {
        seed: keys(3).network_seed.to_bytes(),
        network: *net.genesis.network().digest(),
        listen: vec![address(&net.ports[3])],
        validators: validators.collect(),
        limits: p2p::Limits::default(),
    })
    .unwrap();
    // It does not listen, but who does not take what arrives is cut off.
    tokio::spawn(async move { while incoming.recv().await.is_some() {} });
    network
}

/// The evidence a node keeps, by file name.
fn evidence(net: &Net, number: usize) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(net.node_dir(number).join(node::evidence::DIR))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_votes_twice_is_convicted_by_a_file() {
    let net = Net::new(4);
    let mut nodes = Vec::new();
    for number in 0..3 {
        nodes.push(net.start(number).await);
    }
    let liar = liar(&net);
    let begin = std::time::Instant::now();
    let mut view = 1;
    let found = loop {
        // Only who collects the votes of a view compares them, and only of views near its own.
        let near = nodes[0].status.borrow().view.max(1);
        view = if view > near + 2 { near.saturating_sub(1) } else { view + 1 };
        for block in [b"one", b"two"] {
            let statement = VoteStatement {
                epoch: Epoch::ZERO,
                view: View::new(view),
                height: Height::new(1),
                block: BlockId::new(sha256(block)),
            };
            let signature = keys(3).consensus.sign(&statement.signed_bytes(&net.genesis.network()));
            let vote = Vote { statement, voter: ValidatorIndex::new(3), signature };
            for validator in &net.genesis.validators[..3] {
                let key = validator.network.as_bytes().try_into().unwrap();
                let to = p2p::identity::peer_id(&key).unwrap();
                liar.send(&to, Kind::Vote, vote.encode().into());
            }
        }
        let found: BTreeMap<_, _> = (0..3).flat_map(|number| evidence(&net, number)).collect();
        if !found.is_empty() {
            break found;
        }
        assert!(begin.elapsed() < PATIENCE, "nobody noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for (name, bytes) in &found {
        let file = EvidenceFile::parse(bytes).unwrap();
        assert_eq!(file.verify(&net.genesis.validator_set(), &Strict), Ok(()));
        assert_eq!(file.proof.accused(), ValidatorIndex::new(3), "{name}");
        assert_eq!(name, &format!("epoch-0-validator-3-votes-view-{}.json", file.proof.number()));
    }
    // What is kept survives the node, and an honest restart adds nothing to it.
    liar.stop().await;
    stop_all(nodes).await;
    let kept: Vec<_> = (0..3).map(|number| evidence(&net, number)).collect();
    let nodes = vec![net.start_again(0).await, net.start_again(1).await, net.start_again(2).await];
    assert_eq!(net.submit(&nodes[0], 1).await.state, State::Finalized);
    stop_all(nodes).await;
    for (number, kept) in kept.into_iter().enumerate() {
        assert_eq!(evidence(&net, number), kept);
    }
}
