//! Real connections on loopback: the typed client, the verifying client, heads too large, going down.

use std::time::Duration;

use api::serve;
use client::{Client, ClientError, EntryName, VerifyingClient, VerifyingError};
use model::entry::{State, Wait};
use model::event::EventAnswer;
use model::scalar::Position;
use proto::counter::LeafIndex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::node::{Node, Pace};

async fn served(node: &Node) -> (String, JoinHandle<()>) {
    served_at(node, "127.0.0.1:0").await
}

async fn served_at(node: &Node, address: &str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    let stopping = node.stop.subscribe();
    (format!("http://{address}"), tokio::spawn(serve(listener, node.router.clone(), stopping)))
}

const TIME: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_client_understands_every_answer() {
    let node = Node::new();
    let (url, _) = served(&node).await;
    let client = Client::new(&url).expect("an address");
    let envelope = node.envelope(1);
    let ticket = client.submit(&envelope, Wait::Finalized, TIME).await.expect("a ticket");
    assert_eq!(ticket.state, State::Finalized);
    let name = EntryName::Id(ticket.id.submission());
    let entry = client.get(name).await.expect("an entry");
    assert_eq!((entry.id, entry.index), (Some(ticket.id), ticket.index));
    client.get(EntryName::Index(LeafIndex::new(0))).await.expect("genesis");
    let receipt = client.receipt(name, None).await.expect("a receipt");
    let proof = client.receipt_tlog(name, None).await.expect("a proof");
    assert_eq!(proof, receipt.to_tlog_proof());
    assert!(client.verify(&receipt).await.expect("a verdict").valid);
    let checkpoint = client.checkpoint(Position::Latest).await.expect("a checkpoint");
    assert_eq!(checkpoint.size.0, 4);
    assert_eq!(client.checkpoint(Position::At(4)).await.expect("the same"), checkpoint);
    client.block(Position::At(1)).await.expect("a block");
    assert_eq!(client.validators(None).await.expect("validators").validators.len(), 4);
    client.status().await.expect("a status");
    client.jwks().await.expect("keys");
    assert_eq!(client.policy().await.expect("a policy"), node.policy.to_string());
}

fn sequence(event: Option<EventAnswer>) -> Option<u64> {
    event.map(|event| match event {
        EventAnswer::Committed { sequence, .. } | EventAnswer::Finalized { sequence, .. } => sequence.0,
    })
}

#[tokio::test]
async fn the_client_listens_and_goes_on_where_it_was() {
    let node = Node::new();
    let (url, _) = served(&node).await;
    let client = Client::new(&url).expect("an address");
    for n in 0..3 {
        client.submit(&node.envelope(n), Wait::Finalized, TIME).await.expect("a ticket");
    }
    let mut events = client.events(Some(1)).await.expect("a stream");
    for expected in 1..=4 {
        assert_eq!(sequence(events.next().await.expect("an event")), Some(expected));
    }
    drop(events);
    let mut events = client.events(Some(5)).await.expect("a stream");
    for expected in 5..=7 {
        assert_eq!(sequence(events.next().await.expect("an event")), Some(expected));
    }
    let ahead = client.events(Some(99)).await.expect_err("not yet told");
    assert_eq!(ahead.exit_code(), 8);
    node.stop.send(true).expect("someone listens");
    assert_eq!(events.next().await, Ok(None));
}

#[tokio::test]
async fn the_client_tells_failures_apart() {
    let node = Node::paced(Pace::Freeze);
    let (url, _) = served(&node).await;
    let client = Client::new(&url).expect("an address");
    let envelope = node.envelope(1);
    let ticket =
        client.submit(&envelope, Wait::Finalized, Duration::from_millis(50)).await.expect("a ticket");
    assert_eq!(ticket.state, State::Accepted);
    let code = |error: ClientError| error.exit_code();
    let unknown = EntryName::Index(LeafIndex::new(99));
    assert_eq!(client.get(unknown).await.map_err(code), Err(3));
    assert_eq!(client.receipt(EntryName::Id(ticket.id.submission()), None).await.map_err(code), Err(3));
    assert_eq!(client.submit(b"nonsense", Wait::Accepted, TIME).await.map_err(code), Err(8));
    node.pace.send(Pace::Silence).expect("the node runs");
    let silent = client.submit(&node.envelope(2), Wait::Accepted, TIME).await.expect_err("no verdict");
    assert!(matches!(silent, ClientError::OutcomeUnknown { .. }), "{silent}");
    assert_eq!(silent.exit_code(), 6);
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let gone = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let client = Client::new(&gone).expect("an address");
    assert_eq!(client.status().await.map_err(code), Err(7));
    assert_eq!(client.submit(&envelope, Wait::Accepted, TIME).await.map_err(code), Err(7));
}

#[tokio::test]
async fn the_verifying_client_believes_the_quorum_only() {
    let node = Node::new();
    let (url, _) = served(&node).await;
    let mut client = VerifyingClient::new(Client::new(&url).expect("an address"), node.policy.clone());
    let proven = client.submit(&node.envelope(1), TIME).await.expect("a receipt that holds");
    assert!(proven.report.is_true());
    assert_eq!(client.checkpoint().await.expect("believed").head.size.get(), 4);
    client.submit(&node.envelope(2), TIME).await.expect("a receipt that holds");
    assert_eq!(client.checkpoint().await.expect("extends").head.size.get(), 6);
    client.receipt(EntryName::Index(LeafIndex::new(0))).await.expect("genesis");
    // Under a policy that wants all four, three are nobody.
    let strict = node.policy.to_string().replace("group validators 3", "group validators 4");
    assert_ne!(strict, node.policy.to_string());
    let strict = strict.parse().expect("a policy");
    let other = VerifyingClient::new(Client::new(&url).expect("an address"), strict);
    let error =
        other.receipt(EntryName::Index(LeafIndex::new(2))).await.expect_err("three of four are too few");
    assert!(matches!(&error, VerifyingError::Receipt(_)), "{error}");
    assert_eq!(error.exit_code(), 4);
}

#[tokio::test]
async fn a_second_history_convicts_itself() {
    let node = Node::new();
    let (url, server) = served(&node).await;
    let mut client = VerifyingClient::new(Client::new(&url).expect("an address"), node.policy.clone());
    for n in [1, 2] {
        client.submit(&node.envelope(n), TIME).await.expect("a receipt that holds");
    }
    client.checkpoint().await.expect("believed");
    node.stop.send(true).expect("someone listens");
    server.await.expect("no fault");
    // The same validators begin again, and sign another log.
    let other = Node::new();
    served_at(&other, url.strip_prefix("http://").expect("http")).await;
    client.submit(&other.envelope(3), TIME).await.expect("the quorum signed it");
    let back = client.checkpoint().await.expect_err("a smaller log");
    assert!(matches!(back, VerifyingError::WentBack { .. }), "{back}");
    for n in [4, 5] {
        client.submit(&other.envelope(n), TIME).await.expect("the quorum signed it");
    }
    let fork = client.checkpoint().await.expect_err("another log");
    assert!(matches!(&fork, VerifyingError::History { .. }), "{fork}");
    assert_eq!((back.exit_code(), fork.exit_code()), (4, 4));
}

async fn raw(url: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("http")).await.expect("connects");
    // The other side may close before all is written.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the other side answers or closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn heads_too_large_or_without_sense_are_refused() {
    let node = Node::new();
    let (url, _) = served(&node).await;
    let large = format!("GET /v1/status HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(70_000));
    let answer = raw(&url, large.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(&url, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer =
        raw(&url, b"GET /v1/status HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // A head that never comes is not waited for.
    let answer = raw(&url, b"GET /v1/status HTTP/1.1\r\nhost: local").await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn going_down_lets_answers_finish() {
    let node = Node::paced(Pace::Freeze);
    let (url, server) = served(&node).await;
    let client = Client::new(&url).expect("an address");
    let envelope = node.envelope(1);
    let waiting = client.submit(&envelope, Wait::Finalized, Duration::from_secs(60));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        node.stop.send(true).expect("someone listens");
    };
    let (ticket, ()) = tokio::join!(waiting, stop);
    assert_eq!(ticket.expect("a ticket").state, State::Accepted);
    tokio::time::timeout(Duration::from_secs(8), server).await.expect("in time").expect("no fault");
    assert!(matches!(client.status().await, Err(ClientError::CannotConnect { .. })));
}
