//! What is refused before anything is done, health, and what is counted.

use std::time::Duration;

use api::{Exposure, MetricsSource, NodeStatus};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::node::{Node, Setup, bytes, json as body_of, posted};

#[tokio::test]
async fn only_json_of_bounded_size_is_read() {
    let node = Node::new();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        for path in ["/rpc", "/", "/v1/entries", "/v1/verify"] {
            let request =
                Request::post(path).header("content-type", kind).body(Body::from("{}")).expect("a request");
            assert_eq!(node.ask(request).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {kind}");
        }
    }
    let with_charset = Request::post("/rpc")
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(Body::from(r#"{"jsonrpc":"2.0","id":1,"method":"node_status"}"#));
    assert_eq!(node.ask(with_charset.expect("a request")).await.status(), StatusCode::OK);
    let large = "x".repeat((256 << 10) + 1);
    for path in ["/rpc", "/v1/entries"] {
        assert_eq!(
            node.ask(posted(path, large.clone())).await.status(),
            StatusCode::PAYLOAD_TOO_LARGE,
            "{path}"
        );
        // Announced by nothing and without end: counted as it comes.
        let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b'['; 1 << 10]));
        let stream = Body::from_stream(futures::stream::iter(chunks));
        assert_eq!(node.ask(posted(path, stream)).await.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let node = Node::new();
    let chunks = [Ok(vec![b'{']), Err(std::io::Error::other("gone"))];
    let response = node.ask(posted("/rpc", Body::from_stream(futures::stream::iter(chunks)))).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body_of(response).await["error"]["data"]["code"], "body_unreadable");
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let node = Node::new();
    for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example"), ("origin", "null")] {
        for (path, body) in [("/v1/status", ""), ("/rpc", "{}"), ("/nothing", "")] {
            let builder = if body.is_empty() { Request::get(path) } else { Request::post(path) };
            let request = builder.header(name, value).header("content-type", "application/json");
            let response = node.ask(request.body(Body::from(body)).expect("a request")).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {value}");
            assert!(response.headers().get("access-control-allow-origin").is_none());
        }
    }
    let open = Exposure::Open { hosts: vec!["ledger.example".to_owned()] };
    let node = Node::with(Setup { exposure: open, ..Setup::default() });
    let request =
        |host: &str| Request::get("/v1/status").header("host", host).body(Body::empty()).expect("a request");
    assert_eq!(node.ask(request("ledger.example:7070")).await.status(), StatusCode::OK);
    assert_eq!(node.ask(request("127.0.0.1")).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn other_http_methods_are_told_so() {
    let node = Node::new();
    for (method, path) in
        [("DELETE", "/v1/entries"), ("GET", "/rpc"), ("PUT", "/v1/status"), ("OPTIONS", "/rpc")]
    {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = node.ask(request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(body_of(response).await["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn a_node_can_live_without_being_ready() {
    let node = Node::new();
    assert_eq!(node.get("/readyz").await.0, StatusCode::OK);
    let lagging = NodeStatus { ready: true, height: 5, head_height_seen: 15, ..NodeStatus::default() };
    node.status.send(lagging).expect("someone listens");
    assert_eq!(node.get("/readyz?max_lag=10").await.0, StatusCode::OK);
    let (status, health) = node.get("/readyz?max_lag=9").await;
    assert_eq!((status, &health["ok"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    assert_eq!(health["reasons"].as_array().map(Vec::len), Some(1));
    let unready =
        NodeStatus { ready: false, reasons: vec!["storage: not open".to_owned()], ..NodeStatus::default() };
    node.status.send(unready).expect("someone listens");
    let (status, health) = node.get("/readyz").await;
    assert_eq!(
        (status, &health["reasons"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!(["storage: not open"]))
    );
    assert_eq!(node.get("/livez").await.0, StatusCode::OK);
}

async fn metrics(node: &Node) -> String {
    let response = node.ask(Request::get("/metrics").body(Body::empty()).expect("a request")).await;
    String::from_utf8(bytes(response).await).expect("text")
}

#[tokio::test]
async fn what_is_answered_is_counted() {
    let node = Node::new();
    node.get("/v1/blocks/9").await;
    node.get("/v1/blocks/latest").await;
    node.call("ledger_block", json!({ "height": 9 })).await;
    node.call("x".repeat(500).as_str(), Value::Object(serde_json::Map::new())).await;
    let text = metrics(&node).await;
    for line in [
        "quorate_rpc_requests_total{method=\"ledger_block\",code=\"block_unknown\"} 2",
        "quorate_rpc_requests_total{method=\"ledger_block\",code=\"ok\"} 1",
        "quorate_rpc_requests_total{method=\"unknown\",code=\"method_unknown\"} 1",
        "quorate_rpc_panics_total 0",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    // The operator's listener shows the same counters and nothing else of the window.
    let admin = node.api.admin_router(Exposure::Loopback);
    let ask = |path: &str| admin.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request"));
    assert_eq!(ask("/metrics").await.expect("no fault").status(), StatusCode::OK);
    assert_eq!(ask("/v1/status").await.expect("no fault").status(), StatusCode::NOT_FOUND);
    let open = node.api.public_router(Exposure::Open { hosts: Vec::new() });
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    assert_eq!(open.oneshot(request).await.expect("no fault").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_panic_is_caught_and_counted() {
    let metrics = MetricsSource::new(|| panic!("a fault of ours"));
    let node = Node::with(Setup { metrics, ..Setup::default() });
    let response = node.ask(Request::get("/metrics").body(Body::empty()).expect("a request")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body_of(response).await["code"], "internal");
    assert_eq!(node.get("/v1/status").await.0, StatusCode::OK);
}

#[tokio::test]
async fn too_many_requests_at_once_are_turned_away() {
    let node = Node::paced(crate::node::Pace::Freeze);
    let envelope = node.envelope(1);
    let waiting: Vec<_> = (0..1_100).map(|_| node.submit(&envelope, "finalized", 1_500)).collect();
    let outcome = tokio::time::timeout(Duration::from_secs(30), futures::future::join_all(waiting)).await;
    let statuses: Vec<StatusCode> = outcome.expect("in time").into_iter().map(|(status, _)| status).collect();
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
    assert!(statuses.iter().all(|status| {
        [StatusCode::ACCEPTED, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]
            .contains(status)
    }));
    assert_eq!(node.get("/v1/status").await.0, StatusCode::OK);
}
