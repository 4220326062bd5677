//! Quality-on-demand proofs where the node behind the window fails them: nothing is half made, and nothing made twice.

use std::collections::BTreeSet;

use api::{Exposure, Surface};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::node::{Node, Pace, READER, Setup, TOKEN, json as json_of};

fn setup() -> Setup {
    Setup { surfaces: BTreeSet::from([Surface::Qod]), ..Setup::default() }
}

async fn ask(node: &Node, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    let request = match body {
        Value::Null => request.body(Body::empty()),
        body => request.header("content-type", "application/json").body(body.to_string().into()),
    };
    let response = node.ask(request.expect("a request")).await;
    (response.status().as_u16(), json_of(response).await)
}

async fn post(node: &Node, path: &str, body: &Value) -> (u16, Value) {
    ask(node, "POST", path, TOKEN, body).await
}

fn intent() -> Value {
    json!({ "text": "x", "target_p95_latency_ms": 120, "target_jitter_ms": 0, "duration_s": 1 })
}

fn sample(sid: &Value) -> Value {
    json!({ "session_id": sid, "n": 1, "p50_ms": 1, "p95_ms": 2.5, "jitter_ms": 0 })
}

/// A node with a session that could be finalized.
async fn measured(setup: Setup) -> (Node, String) {
    let node = Node::with(setup);
    let (_, session) = post(&node, "/intent", &intent()).await;
    let sid = &session["session_id"];
    assert_eq!(post(&node, "/telemetry", &sample(sid)).await.0, 200);
    (node, sid.as_str().expect("a session").to_owned())
}

#[tokio::test]
async fn what_cannot_be_sealed_is_not_made() {
    let node = Node::with(Setup { endorsed: false, ..setup() });
    let (status, refused) = post(&node, "/intent", &intent()).await;
    assert_eq!((status, &refused["code"]), (500, &json!("not_configured")), "{refused}");
    // Of a session that another node opened, there is no more to be had here than of none.
    let reader = ledger::LedgerReader::new(node.memory.clone());
    assert_eq!(reader.sessions(None, 10), Ok(Vec::new()));
    assert_eq!(reader.session_of_proof(0), Ok(None));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_again() {
    let (node, sid) = measured(setup()).await;
    let path = format!("/proof/{sid}/finalize");
    node.pace.send(Pace::Freeze).expect("the node runs");
    let (status, late) = post(&node, &path, &Value::Null).await;
    assert_eq!((status, &late["code"]), (504, &json!("undecided")), "{late}");
    assert!(late["id"].is_string(), "{late}");
    assert_eq!(node.get(&format!("/proof/{sid}")).await.0, 404, "nothing is half made");
    node.pace.send(Pace::Finalize).expect("the node runs");
    let (status, first) = post(&node, &path, &Value::Null).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(post(&node, &path, &Value::Null).await, (200, first.clone()));
    let reader = ledger::LedgerReader::new(node.memory.clone());
    assert!(reader.session_of_proof(0).expect("readable").is_some());
    assert_eq!(reader.session_of_proof(1), Ok(None), "one record, however often it was asked for");
    assert_eq!(first["prev_hash"], "GENESIS");
    let (_, verdict) = node.get(&format!("/proof/{sid}/verify")).await;
    assert_eq!((&verdict["verified"], &verdict["expected_prev_this_hash"]), (&json!(true), &Value::Null));
    // In the first place stands GENESIS, and no hash.
    let (_, mut bundle) = node.get(&format!("/proof/{sid}/bundle")).await;
    bundle["ledger"]["prev_hash"] = bundle["ledger"]["this_hash"].clone();
    let (_, verdict) = post(&node, &format!("/proof/{sid}/verify"), &bundle).await;
    assert_eq!(verdict["chain_continuity_verified"], false);
}

#[tokio::test]
async fn a_session_is_its_tenants() {
    let (node, sid) = measured(setup()).await;
    for (method, path, body) in [
        ("POST", "/telemetry".to_owned(), sample(&json!(sid))),
        ("POST", format!("/proof/{sid}/finalize"), Value::Null),
        ("DELETE", format!("/sessions/{sid}"), Value::Null),
    ] {
        // Who may only read is told so before anything is looked for.
        let (status, refused) = ask(&node, method, &path, READER, &body).await;
        assert_eq!((status, &refused["code"]), (403, &json!("scope_missing")), "{method} {path}");
    }
    let (status, refused) = ask(&node, "GET", &format!("/sessions/{sid}"), READER, &Value::Null).await;
    assert_eq!((status, &refused["detail"]), (404, &json!("session not found")));
    let (_, list) = ask(&node, "GET", "/sessions", READER, &Value::Null).await;
    assert_eq!(list, json!({ "sessions": [], "next": null }));
    let (_, list) = ask(&node, "GET", "/sessions", TOKEN, &Value::Null).await;
    assert_eq!(list["sessions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_node_that_is_not_ready_says_why() {
    let node = Node::with(setup());
    assert_eq!(node.get("/ready").await.0, 200);
    node.status.send_modify(|status| {
        status.ready = false;
        status.reasons = vec!["no quorum".to_owned()];
    });
    let (status, answer) = node.get("/ready").await;
    assert_eq!((status.as_u16(), &answer["status"]), (503, &json!("not-ready")));
    assert_eq!(answer["problems"], json!(["no quorum"]));
}

#[tokio::test]
async fn what_looks_into_the_process_is_for_this_machine() {
    let open = Exposure::Open { hosts: Vec::new() };
    let elsewhere = Node::with(Setup { exposure: open, ..setup() });
    let here = Node::with(setup());
    for path in ["/_debug/env", "/_debug/protected"] {
        assert_eq!(ask(&elsewhere, "GET", path, TOKEN, &Value::Null).await.0, 404);
        assert_eq!(ask(&here, "GET", path, TOKEN, &Value::Null).await.0, 200);
    }
    assert_eq!(here.get("/_debug/protected").await.0, 401);
}

#[tokio::test]
async fn without_the_surface_there_is_nothing_of_it() {
    let node = Node::new();
    assert_eq!(post(&node, "/intent", &intent()).await.0, 404);
    let called = node.call("proof_verify", json!({ "session_id": "x" })).await;
    assert_eq!(called["error"]["data"]["code"], "not_configured", "{called}");
    let (_, jwks) = node.get("/.well-known/jwks.json").await;
    assert!(jwks["keys"].as_array().expect("keys").iter().all(|key| key["kid"] != "default"));
}
