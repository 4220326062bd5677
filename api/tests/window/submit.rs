//! Submitting: statuses, waiting, what becomes of time that runs out.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::node::{Node, Pace, Setup, TOKEN, encode, json as body_of, posted};

#[tokio::test]
async fn a_submission_goes_all_the_way() {
    let node = Node::new();
    let (status, ticket) = node.submit(&node.envelope(1), "finalized", 5_000).await;
    assert_eq!(status, StatusCode::CREATED, "{ticket}");
    // Leaves 0 and 1 are genesis and policy; the block's own leaf follows the submission's.
    let expected = json!({ "state": "finalized", "height": 1, "index": 2, "checkpoint_size": 4 });
    for (member, value) in expected.as_object().expect("an object") {
        assert_eq!(&ticket[member], value, "{member}");
    }
    assert_eq!(ticket["id"], crypto::sha256(&node.envelope(1)).to_string());
    assert_eq!(ticket["self"], format!("/v1/entries/{}", ticket["id"].as_str().expect("an id")));
}

#[tokio::test]
async fn the_same_bytes_are_the_same_entry() {
    let node = Node::new();
    let (_, first) = node.submit(&node.envelope(1), "finalized", 5_000).await;
    for wait in ["accepted", "committed", "finalized"] {
        let (status, again) = node.submit(&node.envelope(1), wait, 5_000).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(again, first);
    }
    let (_, other) = node.submit(&node.envelope(2), "finalized", 5_000).await;
    assert_ne!(other["index"], first["index"]);
}

#[tokio::test]
async fn time_that_runs_out_is_an_answer() {
    let node = Node::paced(Pace::Freeze);
    let begun = Instant::now();
    let (status, ticket) = node.submit(&node.envelope(1), "finalized", 150).await;
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!((status, &ticket["state"]), (StatusCode::ACCEPTED, &json!("accepted")));
    for member in ["height", "index", "checkpoint_size"] {
        assert_eq!(ticket[member], Value::Null, "{member}");
    }
    assert!(ticket["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0));
    // By JSON-RPC it is a result, not an error.
    let params = json!({ "envelope": encode(&node.envelope(2)), "wait": "committed", "timeout_ms": 50 });
    let answer = node.call("ledger_submit", params).await;
    assert_eq!(answer["result"]["state"], "accepted", "{answer}");
    // The id leads to the same state, and the same bytes to the same id.
    let (status, entry) = node.get(ticket["self"].as_str().expect("a link")).await;
    assert_eq!((status, &entry["state"]), (StatusCode::OK, &json!("accepted")));
    let (status, again) = node.submit(&node.envelope(1), "accepted", 0).await;
    assert_eq!((status, &again["id"]), (StatusCode::OK, &ticket["id"]));
    // When the others are back it is committed, and whoever waits hears of it.
    let envelope = node.envelope(1);
    let waiting = node.submit(&envelope, "finalized", 5_000);
    let thaw = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        node.pace.send(Pace::Finalize).expect("the node runs");
    };
    let ((status, ticket), ()) = tokio::join!(waiting, thaw);
    assert_eq!((status, &ticket["state"]), (StatusCode::OK, &json!("finalized")));
}

#[tokio::test]
async fn committed_is_told_apart_from_final() {
    let node = Node::paced(Pace::Commit);
    let (status, ticket) = node.submit(&node.envelope(1), "committed", 5_000).await;
    assert_eq!((status, &ticket["state"]), (StatusCode::CREATED, &json!("committed")));
    assert_eq!(ticket["checkpoint_size"], Value::Null);
    let (status, ticket) = node.submit(&node.envelope(1), "finalized", 100).await;
    assert_eq!((status, &ticket["state"]), (StatusCode::ACCEPTED, &json!("committed")));
    let id = ticket["id"].as_str().expect("an id");
    let (status, problem) = node.get(&format!("/v1/entries/{id}/receipt")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not_final")));
}

#[tokio::test]
async fn a_waiter_that_fell_behind_reads_the_store() {
    let node = Node::with(Setup { pace: Pace::Freeze, feed_capacity: 1, ..Setup::default() });
    let envelope = node.envelope(0);
    let waiting = node.submit(&envelope, "finalized", 5_000);
    let noise = async {
        for n in 1..6 {
            node.submit(&node.envelope(n), "accepted", 0).await;
        }
        node.pace.send(Pace::Finalize).expect("the node runs");
        for n in 6..12 {
            node.submit(&node.envelope(n), "accepted", 0).await;
        }
    };
    let ((_, ticket), ()) = tokio::join!(waiting, noise);
    assert_eq!(ticket["state"], "finalized");
}

#[tokio::test]
async fn refusals_say_why() {
    let node = Node::new();
    let mut spoiled = node.envelope(1);
    *spoiled.last_mut().expect("bytes") ^= 1;
    let (status, problem) = node.submit(&spoiled, "accepted", 0).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("submission_refused")));
    assert_eq!(problem["reason"], "signature");
    assert_eq!(problem["id"], crypto::sha256(&spoiled).to_string());
    let (status, problem) = node.submit(b"nonsense", "accepted", 0).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("submission_malformed")));
    let (status, problem) = node.submit(&vec![0; 61 << 10], "accepted", 0).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("submission_malformed")));
    let (status, problem) = node.submit(&node.envelope(1), "accepted", 60_001).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")));
    let both = json!({ "envelope": "AA==", "tenant": "x" });
    let (status, problem) = node.post("/v1/entries", &both).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")));
}

#[tokio::test]
async fn a_full_node_says_when_to_come_again() {
    let node = Node::paced(Pace::Full);
    let body = json!({ "envelope": encode(&node.envelope(1)) });
    let response = node.ask(posted("/v1/entries", body.to_string())).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "2");
    let problem = body_of(response).await;
    assert_eq!((&problem["code"], &problem["retry_after_ms"]), (&json!("busy"), &json!(1_500)));
}

#[tokio::test]
async fn a_node_that_says_nothing_leaves_the_outcome_open() {
    let node = Node::paced(Pace::Silence);
    let (status, problem) = node.submit(&node.envelope(1), "accepted", 0).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("no_verdict")));
    assert_eq!(problem["id"], crypto::sha256(&node.envelope(1)).to_string());
}

#[tokio::test]
async fn a_stopping_node_lets_its_waiters_go() {
    let node = Node::paced(Pace::Freeze);
    let envelope = node.envelope(1);
    let waiting = node.submit(&envelope, "finalized", 60_000);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        node.stop.send(true).expect("someone listens");
    };
    let begun = Instant::now();
    let ((status, ticket), ()) = tokio::join!(waiting, stop);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!((status, &ticket["state"]), (StatusCode::ACCEPTED, &json!("accepted")));
}

fn plain() -> Value {
    let content = crypto::sha256(b"content").to_string();
    let operation = json!({ "type": "proof.submit", "content": content, "content_bytes": 7 });
    json!({ "operation": operation, "wait": "finalized" })
}

#[tokio::test]
async fn plain_json_needs_a_gateway_and_a_token() {
    let node = Node::new();
    let (status, problem) = node.post("/v1/entries", &plain()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("signing_not_offered")));
    let node = Node::with(Setup { gateway: true, ..Setup::default() });
    let (status, problem) = node.post("/v1/entries", &plain()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
    let mut wrong = posted("/v1/entries", plain().to_string());
    wrong.headers_mut().insert("authorization", "Bearer other".parse().expect("a header"));
    assert_eq!(node.ask(wrong).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_gateway_signs_the_same_request_the_same_way() {
    let node = Node::with(Setup { gateway: true, ..Setup::default() });
    let ask = |body: Value| {
        let mut request = posted("/v1/entries", body.to_string());
        let token = format!("Bearer {TOKEN}").parse().expect("a header");
        request.headers_mut().insert("authorization", token);
        node.ask(request)
    };
    let first = ask(plain()).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let first = body_of(first).await;
    let again = ask(plain()).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(body_of(again).await, first);
    let mut other = plain();
    other["nonce"] = json!("18446744073709551615");
    let other = body_of(ask(other).await).await;
    assert_ne!(other["id"], first["id"]);
    let (_, entry) = node.get(other["self"].as_str().expect("a link")).await;
    assert_eq!(entry["content"]["nonce"], "18446744073709551615");
    assert_eq!(entry["content"]["operation"]["type"], "proof.submit");
    let mut bad = plain();
    bad["operation"]["type"] = json!("proof.forge");
    assert_eq!(ask(bad).await.status(), StatusCode::BAD_REQUEST);
    let mut bad = plain();
    bad["tenant"] = json!("Not A Tenant");
    assert_eq!(body_of(ask(bad).await).await["code"], "invalid_params");
}
