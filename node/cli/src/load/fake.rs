//! A node that says what its script wants: for tests of what is measured, against something whose truth is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crypto::sha256;
use model::entry::{State, SubmitParams, Ticket};
use model::error::ApiError;
use model::event::{EventAnswer, OutcomeAnswer};
use model::scalar::{Hash, Uint};
use model::status::{Role, StatusAnswer};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep, sleep_until};

/// What the node does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script {
    /// From the first submission on, after so long, for so long, it answers nothing.
    pub stall: Option<(Duration, Duration)>,
    /// More in a tenth of a second than a tenth of this are refused.
    pub capacity: Option<u64>,
    /// How long after it was accepted a submission is executed, and that long again until it is final.
    pub step: Duration,
}

struct Node {
    script: Script,
    first: std::sync::OnceLock<Instant>,
    /// The tenth of a second, and how many came in it.
    window: std::sync::Mutex<(u128, u64)>,
    next: AtomicU64,
    events: broadcast::Sender<EventAnswer>,
}

/// Begins to serve; gives the address.
pub async fn serve(script: Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let node = Arc::new(Node {
        script,
        first: std::sync::OnceLock::new(),
        window: std::sync::Mutex::default(),
        next: AtomicU64::new(1),
        events: broadcast::channel(65_536).0,
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(node.clone().connection(stream));
        }
    });
    url
}

impl Node {
    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some((head, body)) = request(&mut stream).await {
            let answer = match head.split(' ').nth(1) {
                Some("/v1/status") => json(200, &status()),
                Some("/v1/entries") => self.submit(&body).await,
                Some(path) if path.starts_with("/v1/events") => {
                    self.tell(&mut stream).await;
                    return;
                }
                Some(_) | None => json(404, &ApiError::EntryUnknown { name: "?".to_owned() }.problem()),
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn submit(&self, body: &[u8]) -> String {
        let now = Instant::now();
        let first = *self.first.get_or_init(|| now);
        if let Some((after, length)) = self.script.stall
            && (first + after..first + after + length).contains(&now)
        {
            sleep_until(first + after + length).await;
        }
        if let Some(capacity) = self.script.capacity {
            let mut window = self.window.lock().expect("no panic");
            let tenth = now.duration_since(first).as_millis() / 100;
            *window = if window.0 == tenth { (tenth, window.1 + 1) } else { (tenth, 1) };
            if window.1 > capacity / 10 {
                return json(503, &ApiError::Busy { retry_after_ms: 100 }.problem());
            }
        }
        let params: SubmitParams = serde_json::from_slice(body).expect("is a submission");
        let id = Hash(sha256(&params.envelope.expect("is signed").0));
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let outcomes = vec![OutcomeAnswer::Committed { id, index: Uint(index), time_ms: Uint(1) }];
        let event = |sequence| Uint(2 * index + sequence);
        let committed = EventAnswer::Committed {
            sequence: event(0),
            height: Uint(index),
            first_index: Uint(index),
            outcomes,
        };
        let size = Uint(index + 1);
        let finalized = EventAnswer::Finalized { sequence: event(1), size, root: Hash(sha256(b"")) };
        let (events, step) = (self.events.clone(), self.script.step);
        tokio::spawn(async move {
            for event in [committed, finalized] {
                sleep(step).await;
                // Nobody may be listening.
                let _ = events.send(event);
            }
        });
        let ticket = Ticket {
            id,
            state: State::Accepted,
            height: None,
            index: None,
            checkpoint_size: None,
            time_ms: None,
            rejection: None,
            retry_after_ms: None,
            link: format!("/v1/entries/{id}"),
        };
        json(202, &ticket)
    }

    async fn tell(&self, stream: &mut BufReader<TcpStream>) {
        let mut events = self.events.subscribe();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut sent = stream.write_all(head.as_bytes()).await;
        while sent.is_ok()
            && let Ok(event) = events.recv().await
        {
            let text = format!("data: {}\n\n", serde_json::to_string(&event).expect("writes"));
            sent = stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await;
        }
    }
}

/// The head and the body of the next request on a connection.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

fn json(status: u16, value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("writes");
    let length = text.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}")
}

fn status() -> StatusAnswer {
    StatusAnswer {
        name: "fake".to_owned(),
        version: "0".to_owned(),
        network: Hash(sha256(b"a network")),
        origin: "ledger.test/fake".to_owned(),
        height: Uint(0),
        head_height_seen: Uint(0),
        view: Uint(0),
        leader: 0,
        tree_size: Uint(0),
        checkpoint_size: Uint(0),
        block_time_ms: Uint(0),
        epoch: Uint(0),
        role: Role::Validator,
        validators: 1,
        peers_connected: 0,
        mempool_count: Uint(0),
        mempool_bytes: Uint(0),
        ready: true,
        reasons: Vec::new(),
    }
}

/// That the script keeps its word: a stalled answer comes when the stall is over, and not before.
#[tokio::test]
async fn a_stall_is_as_long_as_the_script_says() {
    let stall = Some((Duration::ZERO, Duration::from_millis(150)));
    let url = serve(Script { stall, ..Script::default() }).await;
    let client = client::Client::new(&url).expect("an address");
    let begin = Instant::now();
    let sent = client.submit(b"x", model::entry::Wait::Accepted, Duration::from_secs(1)).await;
    assert!(sent.is_ok() && begin.elapsed() >= Duration::from_millis(150), "{sent:?}");
    sleep(Duration::from_millis(1)).await;
}
