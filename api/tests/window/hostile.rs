//! Thousands of malformed requests, from a seed: each gets an answer that blames the caller, none breaks the node.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::node::{Node, Pace, bytes, encode};

/// Numbers from a seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const METHODS: [&str; 16] = [
    "anchor_get",
    "ledger_search",
    "ledger_submit",
    "ledger_get",
    "ledger_receipt",
    "ledger_verify",
    "ledger_checkpoint",
    "ledger_consistency",
    "ledger_block",
    "node_status",
    "keys_jwks",
    "keys_history",
    "identity_get",
    "rpc.discover",
    "",
    "ledger_submit\u{0}",
];

const MEMBERS: [&str; 19] = [
    "envelope",
    "operation",
    "tenant",
    "nonce",
    "wait",
    "timeout_ms",
    "id",
    "index",
    "size",
    "format",
    "receipt",
    "artifact",
    "from",
    "to",
    "height",
    "identity",
    "kid",
    "epoch",
    "constructor",
];

const PATHS: [&str; 20] = [
    "/v1/anchors/9/",
    "/v1/search",
    "/v1/entries/",
    "/v1/entries",
    "/v1/blocks/",
    "/v1/checkpoints/",
    "/v1/consistency",
    "/v1/verify",
    "/rpc",
    "/",
    "/checkpoint",
    "/v1/status",
    "/v1/policy",
    "/v1/validators",
    "/v1/keys/history",
    "/v1/identities/",
    "/openapi.json",
    "/readyz",
    "/metrics",
    "/%2e%2e/",
];

const TAILS: [&str; 20] = [
    "?subject=x&limit=0",
    "?author=%00&prove=maybe",
    "0",
    "latest",
    "-1",
    "%00",
    "%FF%FE",
    "..%2f..",
    "18446744073709551616",
    "?from=1&to=2",
    "?from=a",
    "?size=0",
    "?max_lag=-1",
    "?x=1",
    "?from=1&from=2",
    "0/receipt?format=xml",
    "0/receipt",
    "1/receipt?size=99999",
    "?%",
    "//",
];

fn value(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth > 3 { 8 } else { 10 }) {
        0 => Value::Null,
        1 => json!(chance.below(2) == 0),
        2 => json!(chance.next()),
        3 => json!(-(chance.below(1_000) as i64)),
        4 => json!(1e308),
        5 => json!("ab".repeat(32)),
        6 => json!(encode(&chance.next().to_be_bytes())),
        7 => json!("\u{202e}\u{0}\"\\"),
        8 => Value::Array((0..chance.below(4)).map(|_| value(chance, depth + 1)).collect()),
        _ => object(chance, depth + 1),
    }
}

fn object(chance: &mut Chance, depth: usize) -> Value {
    let mut members = serde_json::Map::new();
    for _ in 0..chance.below(5) {
        let name = (*chance.pick(&MEMBERS)).to_owned();
        members.insert(name, value(chance, depth));
    }
    // Nobody waits here.
    members.insert("timeout_ms".to_owned(), json!(0));
    Value::Object(members)
}

fn call(chance: &mut Chance) -> Value {
    let mut call = json!({ "jsonrpc": "2.0", "id": value(chance, 3), "method": chance.pick(&METHODS) });
    if chance.below(8) > 0 {
        call["params"] = if chance.below(6) == 0 { value(chance, 1) } else { object(chance, 1) };
    }
    if chance.below(12) == 0 {
        call[*chance.pick(&MEMBERS)] = value(chance, 2);
    }
    call
}

/// Cuts, flips, doubles or deepens a text.
fn spoil(chance: &mut Chance, mut text: Vec<u8>) -> Vec<u8> {
    let at = chance.below(text.len());
    match chance.below(7) {
        0 => text.truncate(at),
        1 => text.extend_from_within(at..),
        2 => text.splice(at..at, std::iter::repeat_n(b'[', chance.below(100))).for_each(drop),
        3 => text.splice(at..at, br#""id":1,"id":1,"#.iter().copied()).for_each(drop),
        4..=5 if !text.is_empty() => text[at] ^= 1 << chance.below(8),
        _ => {}
    }
    text
}

fn request(chance: &mut Chance) -> Request<Body> {
    let (path, text) = match chance.below(4) {
        0 => {
            let path = format!("{}{}", chance.pick(&PATHS), chance.pick(&TAILS));
            let request =
                Request::builder().method(*chance.pick(&["GET", "HEAD", "POST", "DELETE"])).uri(path);
            if let Ok(request) = request.body(Body::empty()) {
                return request;
            }
            ("/rpc", Vec::new())
        }
        1 => (*chance.pick(&["/v1/entries", "/v1/verify"]), object(chance, 0).to_string().into_bytes()),
        2 => ("/rpc", call(chance).to_string().into_bytes()),
        _ => {
            let calls: Vec<Value> = (0..chance.below(12)).map(|_| call(chance)).collect();
            ("/", Value::Array(calls).to_string().into_bytes())
        }
    };
    let text = if chance.below(3) == 0 { spoil(chance, text) } else { text };
    let kind = if chance.below(40) == 0 { "text/html" } else { "application/json" };
    Request::post(path).header("content-type", kind).body(Body::from(text)).expect("a request")
}

#[tokio::test]
async fn ten_thousand_malformed_requests_break_nothing() {
    let node = Node::paced(Pace::Commit);
    let seed = 0x5eed_0001;
    let mut chance = Chance(seed);
    for n in 0..10_000 {
        let request = request(&mut chance);
        let label = format!("seed {seed:#x}, request {n}: {} {}", request.method(), request.uri());
        // A stream of events goes on for ever; the others are read whole.
        let response = node.ask(request).await;
        let status = response.status();
        assert!(!status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE, "{label}: {status}");
        let body = bytes(response).await;
        assert!(body.len() < 1 << 20, "{label}: {} bytes", body.len());
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains("\"internal\"") && !text.contains("-32603"), "{label}: {text}");
    }
    let (status, _) = node.get("/v1/status").await;
    assert_eq!(status, StatusCode::OK);
    let response = node.ask(Request::get("/metrics").body(Body::empty()).expect("a request")).await;
    let text = String::from_utf8(bytes(response).await).expect("text");
    assert!(text.contains("quorate_rpc_panics_total 0"));
    // Labels come from our tables: however many names are tried, the counters stay few.
    assert!(text.lines().count() < 600, "{} lines", text.lines().count());
}

#[tokio::test]
async fn bombs_are_refused_before_they_unfold() {
    let node = Node::new();
    for text in ["[".repeat(250_000), "{\"a\":".repeat(50_000), format!("\"{}\"", "\\u0000".repeat(40_000))] {
        for path in ["/rpc", "/v1/entries", "/v1/verify"] {
            let request = Request::post(path).header("content-type", "application/json");
            let response = node.ask(request.body(Body::from(text.clone())).expect("a request")).await;
            assert!(bytes(response).await.len() < 4_096, "{path}");
        }
    }
}
