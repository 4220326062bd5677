//! The stream of events: numbers without gaps, from wherever a reader was.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::node::{Node, Pace, Setup};

/// A reader of one stream.
struct Reader {
    chunks: BodyDataStream,
    text: String,
}

impl Reader {
    async fn open(node: &Node, path: &str, last: Option<u64>) -> Self {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = node.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { chunks: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event: its number and its data; none when the stream has ended.
    async fn next(&mut self) -> Option<(u64, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned)
                };
                let found = field("id:").zip(field("data:"));
                self.text = rest.to_owned();
                match found {
                    Some((id, data)) => {
                        return Some((
                            id.parse().expect("a number"),
                            serde_json::from_str(&data).expect("JSON"),
                        ));
                    }
                    None => continue,
                }
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(10), self.chunks.next()).await.expect("in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")).expect("text"));
        }
    }

    /// Reads all there is, after which the stream waits for what happens next.
    async fn expect_silence(&mut self) {
        let more = tokio::time::timeout(Duration::from_millis(200), self.next()).await;
        assert!(more.is_err(), "{more:?}");
    }

    async fn numbers(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            numbers.push(self.next().await.expect("an event").0);
        }
        numbers
    }
}

async fn fill(node: &Node, from: u64, to: u64) {
    for n in from..to {
        node.submit(&node.envelope(n), "accepted", 0).await;
    }
}

#[tokio::test]
async fn a_stream_tells_everything_in_order() {
    let node = Node::new();
    // The first notice says that genesis is final; each submission brings two more.
    let (_, ticket) = node.submit(&node.envelope(1), "finalized", 5_000).await;
    let mut reader = Reader::open(&node, "/v1/events?from=0", None).await;
    let (number, data) = reader.next().await.expect("an event");
    assert_eq!((number, &data["type"], &data["size"]), (1, &json!("finalized"), &json!(2)));
    let (number, data) = reader.next().await.expect("an event");
    assert_eq!((number, &data["type"], &data["height"]), (2, &json!("committed"), &json!(1)));
    assert_eq!(data["outcomes"][0]["id"], ticket["id"]);
    assert_eq!(
        (&data["outcomes"][0]["state"], &data["outcomes"][0]["index"]),
        (&json!("committed"), &json!(2))
    );
    let (number, data) = reader.next().await.expect("an event");
    assert_eq!((number, &data["type"], &data["size"]), (3, &json!("finalized"), &json!(4)));
    // And goes on with what happens now.
    fill(&node, 2, 4).await;
    assert_eq!(reader.numbers(4).await, [4, 5, 6, 7]);
}

#[tokio::test]
async fn a_reader_that_breaks_off_misses_nothing() {
    let node = Node::with(Setup { feed_capacity: 2, ..Setup::default() });
    fill(&node, 0, 1).await;
    let mut seen = Vec::new();
    let mut submitted = 1;
    while seen.len() < 60 {
        let mut reader = Reader::open(&node, "/v1/events?from=1", seen.last().copied()).await;
        fill(&node, submitted, submitted + 3).await;
        submitted += 3;
        let take = seen.len() % 5 + 1;
        seen.extend(reader.numbers(take).await);
    }
    let expected: Vec<u64> = (1..=seen.len() as u64).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_slow_reader_is_waited_for_by_nobody_and_loses_nothing() {
    let node = Node::with(Setup { feed_capacity: 1, ..Setup::default() });
    fill(&node, 0, 1).await;
    let mut slow = Reader::open(&node, "/v1/events?from=1", None).await;
    assert_eq!(slow.numbers(3).await, [1, 2, 3]);
    // It has caught up and listens; then it is away while the feed runs over.
    slow.expect_silence().await;
    fill(&node, 1, 40).await;
    let expected: Vec<u64> = (4..=81).collect();
    assert_eq!(slow.numbers(78).await, expected);
}

#[tokio::test]
async fn what_store_and_feed_both_hold_is_told_once() {
    let node = Node::new();
    fill(&node, 0, 1).await;
    let mut reader = Reader::open(&node, "/v1/events?from=1", None).await;
    // Nothing was read yet: these are stored, and wait in the feed as well.
    fill(&node, 1, 5).await;
    assert_eq!(reader.numbers(11).await, (1..=11).collect::<Vec<u64>>());
    reader.expect_silence().await;
    fill(&node, 5, 7).await;
    assert_eq!(reader.numbers(4).await, [12, 13, 14, 15]);
}

#[tokio::test]
async fn a_new_reader_begins_with_what_happens_next() {
    let node = Node::new();
    node.submit(&node.envelope(0), "finalized", 5_000).await;
    let mut reader = Reader::open(&node, "/v1/events", None).await;
    fill(&node, 1, 2).await;
    assert_eq!(reader.numbers(2).await, [4, 5]);
}

#[tokio::test]
async fn numbers_of_another_node_are_refused() {
    let node = Node::paced(Pace::Finalize);
    node.submit(&node.envelope(0), "finalized", 5_000).await;
    for (path, last) in [("/v1/events?from=99", None), ("/v1/events", Some("98")), ("/v1/events", Some("x"))]
    {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = node.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path} {last:?}");
    }
    // The one after the newest is the next to come.
    Reader::open(&node, "/v1/events?from=4", None).await;
}

#[tokio::test]
async fn streams_are_counted_and_end_with_the_node() {
    let node = Node::new();
    let mut readers = Vec::new();
    for _ in 0..100 {
        readers.push(Reader::open(&node, "/v1/events", None).await);
    }
    let (status, problem) = node.get("/v1/events").await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many")));
    readers.pop();
    readers.push(Reader::open(&node, "/v1/events", None).await);
    node.stop.send(true).expect("someone listens");
    for mut reader in readers {
        assert_eq!(reader.next().await, None);
    }
}
