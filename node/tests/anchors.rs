//! A node whose checkpoints are anchored outside: by an authority and a calendar that speak the real protocols.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alone;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anchor::ots::{HEADER_BYTES, Header, MAGIC, Timestamp};
use anchor::tsp::testing::{Authority, Usage, time_text};
use crypto::sha256;
use model::anchor::{Anchor, AnchorState, AnchoredCheckpoint};
use node::{RunningNode, StartError};
use proto::counter::TreeSize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use alone::{PATIENCE, client};

fn settings(services: &str) -> [(&str, &str); 3] {
    [("consensus.heartbeat_ms", "200"), ("anchors.services", services), ("anchors.every_s", "1")]
}

async fn start(dir: &Path, services: &str) -> RunningNode {
    alone::start(dir, &settings(services)).await
}

/// One request: its first line and its body.
async fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "a whole request");
        bytes.extend_from_slice(&part[..read]);
        let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if bytes.len() - end - 4 >= length.unwrap_or(0_usize) {
            return (head.lines().next().unwrap().to_owned(), bytes.split_off(end + 4));
        }
    }
}

/// A server that answers each request with a status, a type and a body.
async fn serve(
    answer: impl Fn(&str, &[u8]) -> (u16, &'static str, Vec<u8>) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (line, body) = request(&mut stream).await;
            let (status, kind, body) = answer(&line, &body);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    format!("http://{address}")
}

fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// An authority whose clock is right.
async fn authority(dir: &Path, authority: Authority) -> String {
    std::fs::write(dir.join("roots.pem"), &authority.roots_pem).unwrap();
    serve(move |line, body| {
        assert!(line.starts_with("post /tsr "), "{line}");
        let answer = authority.answer_with(body, |draft| draft.time = time_text(now_s()));
        (200, "application/timestamp-reply", answer)
    })
    .await
}

/// What a calendar knows.
#[derive(Default)]
struct Calendar {
    /// Whether blocks are found.
    mines: bool,
    /// The message that it promised more of last.
    promised: Vec<u8>,
}

/// Promises first; when it mines, its promise leads to block 500 by one more hash.
async fn calendar(state: Arc<Mutex<Calendar>>) -> String {
    serve(move |line, body| {
        let mut state = state.lock().unwrap();
        if line.starts_with("post /digest ") {
            state.promised = sha256(&[body, b"calendar"].concat()).as_bytes().to_vec();
            let pending = [&[0][..], &[0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e], &[9, 8], b"http://c"];
            return (
                200,
                "application/octet-stream",
                [&[0xf0, 8][..], b"calendar", &[8], &pending.concat()].concat(),
            );
        }
        let asked = line.strip_prefix("get /timestamp/").unwrap().split(' ').next().unwrap();
        assert_eq!(asked, hex::encode(&state.promised));
        match state.mines {
            false => (404, "text/plain", b"pending".to_vec()),
            true => {
                let bitcoin =
                    [&[8, 0][..], &[0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01], &[2, 0xf4, 0x03]];
                (200, "application/octet-stream", bitcoin.concat())
            }
        }
    })
    .await
}

async fn newest(node: &RunningNode, holds: impl Fn(&Anchor) -> bool) -> AnchoredCheckpoint {
    let begin = Instant::now();
    loop {
        let answer = client(node).anchors().await.unwrap();
        if let Some(found) = answer.checkpoints.iter().find(|one| one.anchors.iter().all(&holds)) {
            let size = TreeSize::new(found.size.0);
            let whole = client(node).anchored(size).await.unwrap();
            if whole.anchors.iter().all(&holds) {
                return whole;
            }
        }
        assert!(begin.elapsed() < PATIENCE, "not in time: {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_anchors_what_is_certified_and_it_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let url = authority(dir.path(), Authority::new(Usage::Right, 2020, 2040)).await;
    let services = format!("rfc3161 tsa {url}/tsr roots.pem 1.2.3.4.1");
    let node = start(dir.path(), &services).await;
    let anchored = newest(&node, |anchor| anchor.state == AnchorState::Confirmed).await;
    let anchor = &anchored.anchors[0];
    assert_eq!((anchor.authority.as_deref(), anchor.failures.0), (Some("CN=Authority of a test"), 0));
    assert_eq!(anchored.digest.0, sha256(anchored.text.as_bytes()));
    assert!(anchored.text.starts_with("ledger.test/alone\n"), "{}", anchored.text);
    // Whoever has the roots and the text needs nothing else.
    let roots = std::fs::read(dir.path().join("roots.pem")).unwrap();
    let roots = anchor::tsp::Roots::from_pem(&roots).unwrap();
    let expected = anchor::tsp::Expected { digest: &anchored.digest.0, nonce: None, policy: None };
    let evidence = anchor.evidence.clone().unwrap();
    anchor::tsp::verify(&evidence.0, &expected, &roots).unwrap();
    let size = anchored.size.0;
    node.stop().await.unwrap();

    let node = start(dir.path(), "").await;
    let kept = client(&node).anchored(TreeSize::new(size)).await.unwrap();
    assert_eq!(kept, anchored);
    assert!(
        client(&node).anchored(TreeSize::new(1 << 40)).await.unwrap_err().to_string().contains("anchored")
    );
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_roots_do_not_know_gives_no_anchor() {
    let dir = tempfile::tempdir().unwrap();
    let url = authority(dir.path(), Authority::new(Usage::Right, 2020, 2040)).await;
    std::fs::write(dir.path().join("roots.pem"), Authority::new(Usage::Right, 2020, 2040).roots_pem).unwrap();
    let node = start(dir.path(), &format!("rfc3161 tsa {url}/tsr roots.pem")).await;
    let anchored = newest(&node, |anchor| anchor.failures.0 > 0).await;
    let anchor = &anchored.anchors[0];
    assert_eq!((anchor.state, &anchor.evidence), (AnchorState::Requested, &None));
    assert!(anchor.fault.as_ref().unwrap().contains("no chain leads"), "{anchor:?}");
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_kept_over_a_restart_and_confirmed_by_a_header() {
    let dir = tempfile::tempdir().unwrap();
    let state = Arc::new(Mutex::new(Calendar::default()));
    let url = calendar(Arc::clone(&state)).await;
    let services = format!("ots cal {url} headers.txt");
    std::fs::write(dir.path().join("headers.txt"), "").unwrap();
    let node = start(dir.path(), &services).await;
    let promised = newest(&node, |anchor| anchor.state == AnchorState::Pending).await;
    assert_eq!(promised.anchors[0].calendars, ["http://c"]);
    assert!(promised.anchors[0].evidence.as_ref().unwrap().0.starts_with(MAGIC));
    let size = promised.size.0;
    node.stop().await.unwrap();

    // Ten minutes pass, as far as the record knows.
    let path = dir.path().join("anchors").join(format!("{size:020}.json"));
    age(&path);
    {
        let mut state = state.lock().unwrap();
        state.mines = true;
        state.promised = message(&promised.digest.0);
    }
    let node = start(dir.path(), &services).await;
    let of = |checkpoint: &AnchoredCheckpoint, wanted| {
        checkpoint.size.0 == size && checkpoint.anchors[0].state == wanted
    };
    let attested = until(&node, size, |it| of(it, AnchorState::Attested)).await;
    assert_eq!(attested.anchors[0].height.unwrap().0, 500);
    node.stop().await.unwrap();

    age(&path);
    let root = sha256(&message(&promised.digest.0));
    let mut header = [7; HEADER_BYTES];
    header[36..68].copy_from_slice(root.as_bytes());
    let header = hex::encode(header);
    let node = start(dir.path(), &services).await;
    // Given while the node runs.
    std::fs::write(dir.path().join("headers.txt"), format!("500 {header}\n")).unwrap();
    let mined = until(&node, size, |it| of(it, AnchorState::Confirmed)).await;
    let hash = header.parse::<Header>().unwrap().hash();
    assert_eq!(mined.anchors[0].block.as_ref(), Some(&hash));
    node.stop().await.unwrap();
}

/// What the calendar promises more of.
fn message(digest: &crypto::Digest) -> Vec<u8> {
    let message = sha256(&[digest.as_bytes().as_slice(), b"calendar"].concat()).as_bytes().to_vec();
    assert!(Timestamp::read(&message, &[0, 1, 1, 1, 1, 1, 1, 1, 1, 0]).is_ok());
    message
}

/// Lets the time pass that a record waits for.
fn age(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let aged: String = text
        .lines()
        .map(|line| match line.trim_start().starts_with("\"not_before_s\"") {
            true => "\"not_before_s\": 0,\n".to_owned(),
            false => format!("{line}\n"),
        })
        .collect();
    assert_ne!(aged, text);
    std::fs::write(path, aged).unwrap();
}

async fn until(
    node: &RunningNode,
    size: u64,
    holds: impl Fn(&AnchoredCheckpoint) -> bool,
) -> AnchoredCheckpoint {
    let begin = Instant::now();
    loop {
        let found = client(node).anchored(TreeSize::new(size)).await.unwrap();
        if holds(&found) {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "not in time: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_cannot_be_asked_are_refused_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty.pem"), "").unwrap();
    std::fs::write(dir.path().join("bad.txt"), "5 00\n").unwrap();
    for (services, fault) in [
        ("tsa x http://127.0.0.1:1", "is needed"),
        ("ots a http://127.0.0.1:1,ots a http://127.0.0.1:2", "two are called"),
        ("ots a ftp://127.0.0.1", "is not spoken here"),
        ("rfc3161 a http://127.0.0.1:1 none.pem", "none.pem"),
        ("rfc3161 a http://127.0.0.1:1 empty.pem", "no certificate"),
        ("ots a http://127.0.0.1:1 bad.txt", "line 1"),
    ] {
        let Err(refused) = node::start(alone::setup(dir.path(), &settings(services))).await else {
            panic!("{services}")
        };
        assert!(matches!(refused, StartError::Anchors(_)), "{services}: {refused}");
        assert!(refused.to_string().contains(fault), "{services}: {refused}");
    }
}
