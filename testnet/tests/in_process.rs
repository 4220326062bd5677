//! A network in one process, drawn with its files: submitted to, believed without it, stopped and brought back.

use std::path::Path;
use std::time::Duration;

use client::{Client, EntryName};
use crypto::{Scheme, SecretKey, sha256};
use model::entry::{State, Ticket, Wait};
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::policy::Policy;
use proto::submission::{Body, Submission};
use testnet::in_process::{Doors, LocalNetwork};
use testnet::topology::{Keys, Plan, Topology};

const PATIENCE: Duration = Duration::from_secs(20);

fn topology(dir: &Path) -> Topology {
    let plan = Plan {
        validators: 4,
        dir: dir.join("net"),
        port: 23_170,
        origin: None,
        keys: Keys::Dev,
        registrars: Vec::new(),
    };
    Topology::create(&plan).expect("draws")
}

async fn started(topology: &Topology) -> LocalNetwork {
    let network = LocalNetwork::start(topology, Doors::default()).await.expect("starts");
    network.ready(PATIENCE).await.expect("ready");
    network
}

fn submission(topology: &Topology, nonce: u64) -> Submission {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[5; 32]).expect("signs");
    let body = Body {
        network: topology.network.parse::<NetworkId>().expect("an id"),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce,
        expires_at: None,
        operation: Operation::ProofSubmit {
            content: sha256(b"what is kept"),
            content_bytes: 12,
            media_type: String::new(),
            subject: "a test".to_owned(),
        },
    };
    body.sign(&secret)
}

async fn submit(url: &str, submission: &Submission) -> Ticket {
    let client = Client::new(url).expect("an address");
    client.submit(submission.bytes(), Wait::Finalized, PATIENCE).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_holds_without_the_network_and_the_network_comes_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let topology = topology(dir.path());
    let network = started(&topology).await;
    let first = submission(&topology, 1);
    let ticket = submit(&network.url(), &first).await;
    assert_eq!(ticket.state, State::Finalized, "{ticket:?}");
    let client = Client::new(&network.url()).expect("an address");
    let receipt = client.receipt(EntryName::Id(first.id()), None).await.expect("a receipt");
    network.stop().await.expect("stops");

    let policy = std::fs::read_to_string(topology.dir().join(Topology::POLICY)).expect("reads");
    let policy: Policy = policy.parse().expect("a policy");
    let options = verify::Options {
        submission: Some(first.id()),
        artifact: Some(sha256(b"what is kept")),
        ..verify::Options::default()
    };
    let report = verify::verify_receipt(&policy, &receipt, options);
    assert!(report.is_true(), "{report:?}");

    let network = started(&topology).await;
    let again = submit(&network.url(), &first).await;
    assert_eq!((again.id, again.index, again.height), (ticket.id, ticket.index, ticket.height));
    let second = submit(&network.url(), &submission(&topology, 2)).await;
    assert_eq!(second.state, State::Finalized);
    assert!(second.index > ticket.index && second.height > ticket.height, "{second:?} {ticket:?}");
    network.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_cannot_run_from_the_same_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let topology = topology(dir.path());
    let network = started(&topology).await;
    LocalNetwork::start(&topology, Doors::default()).await.expect_err("the files are in use");
    let ticket = submit(&network.url(), &submission(&topology, 1)).await;
    assert_eq!(ticket.state, State::Finalized, "the one that runs is not disturbed");
    network.stop().await.expect("stops");
}
