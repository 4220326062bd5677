//! Requests from callers, through the real router: whatever is asked, the answer is well-formed and no fault of ours.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The node of the window's own tests.
#[allow(dead_code, reason = "its own tests use more of it")]
#[path = "../../../api/tests/window/node.rs"]
mod node;

use node::{Node, Pace};

/// A node with a few entries, which takes more and orders no more of them.
struct Window {
    runtime: Runtime,
    node: Node,
}

static WINDOW: LazyLock<Window> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime of this thread");
    let node = runtime.block_on(async {
        let node = Node::new();
        for n in 0..3 {
            node.submit(&node.envelope(n), "finalized", 60_000).await;
        }
        node.pace.send(Pace::Freeze).expect("the node runs");
        node
    });
    Window { runtime, node }
});

/// Longest time one request may wait here: callers who wait for finality wait in vain.
const PATIENCE: Duration = Duration::from_millis(20);

/// A signed envelope for this node in base64, another one for each number.
pub fn envelope(n: u64) -> String {
    node::encode(&WINDOW.node.envelope(n))
}

/// A JSON-RPC body.
pub fn jsonrpc(bytes: &[u8]) {
    let Some((status, answer)) = ask(node::posted("/rpc", bytes.to_vec())) else { return };
    assert!(!status.is_server_error(), "{status} {answer}");
    let well_formed =
        |one: &Value| one["jsonrpc"] == "2.0" && one.get("result").is_some() != one.get("error").is_some();
    if status == StatusCode::OK {
        let all = answer.as_array().map_or_else(|| well_formed(&answer), |all| all.iter().all(well_formed));
        assert!(all, "{answer}");
    }
}

/// A REST request: a line `GET /path?query` or `POST /path`, then the body.
pub fn rest(bytes: &[u8]) {
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = (&bytes[..line], bytes.get(line + 1..).unwrap_or_default());
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Some((verb, target)) = line.split_once(' ') else { return };
    let Ok(target) = target.parse::<Uri>() else { return };
    let request = Request::builder().method(verb).uri(target).header("content-type", "application/json");
    let Ok(request) = request.body(Body::from(body.to_vec())) else { return };
    let Some((status, answer)) = ask(request) else { return };
    // Not ready and too busy are answers; the rest of the five hundreds would be faults of ours.
    let busy = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status);
    assert!(busy || !status.is_server_error(), "{status} {answer}");
}

/// The answer; none when it takes longer than our patience, or goes on for ever as events do.
fn ask(request: Request<Body>) -> Option<(StatusCode, Value)> {
    let Window { runtime, node } = &*WINDOW;
    let answer = async {
        let response = node.ask(request).await;
        let status = response.status();
        let bytes = node::bytes(response).await;
        // Metrics, tiles and notes are no JSON.
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await.ok().flatten() })
}
