//! Reading: entries, receipts that hold, checkpoints, consistency, blocks, keys; and what caches are told.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proto::receipt::Receipt;
use serde_json::{Value, json};
use verify::{Options, verify_history, verify_receipt};

use crate::node::{Node, bytes, json as body_of};

async fn filled(count: u64) -> (Node, Vec<String>) {
    let node = Node::new();
    let mut ids = Vec::new();
    for n in 0..count {
        let (_, ticket) = node.submit(&node.envelope(n), "finalized", 5_000).await;
        ids.push(ticket["id"].as_str().expect("an id").to_owned());
    }
    (node, ids)
}

async fn text(node: &Node, path: &str) -> (StatusCode, String) {
    let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
    (response.status(), String::from_utf8(bytes(response).await).expect("text"))
}

#[tokio::test]
async fn every_leaf_has_a_receipt_that_holds() {
    let (node, ids) = filled(3).await;
    let (_, latest) = node.get("/v1/checkpoints/latest").await;
    let size = latest["size"].as_u64().expect("a size");
    assert_eq!(size, 8);
    for index in 0..size {
        for query in [String::new(), format!("?size={size}")] {
            let (status, text) = text(&node, &format!("/v1/entries/{index}/receipt{query}")).await;
            assert_eq!(status, StatusCode::OK, "{text}");
            let receipt = Receipt::from_json(&text).expect("a receipt");
            let report = verify_receipt(&node.policy, &receipt, Options::default());
            assert!(report.is_true(), "{:?}", report.failure());
            assert_eq!(receipt.index.get(), index);
        }
    }
    for id in &ids {
        let (_, json) = text(&node, &format!("/v1/entries/{id}/receipt?format=json")).await;
        let receipt = Receipt::from_json(&json).expect("a receipt");
        let (_, proof) = text(&node, &format!("/v1/entries/{id}/receipt?format=tlog-proof")).await;
        assert_eq!(Receipt::from_tlog_proof(&proof, receipt.entry.clone()).expect("a proof"), receipt);
        // JSON-RPC gives the same receipt, and the node's own verdict agrees.
        let answer = node.call("ledger_receipt", json!({ "id": id })).await;
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(answer["result"]["receipt"], value);
        let answer = node.call("ledger_verify", json!({ "receipt": value })).await;
        assert_eq!(answer["result"]["valid"], true, "{answer}");
    }
}

#[tokio::test]
async fn a_spoiled_receipt_is_an_answer_too() {
    let (node, ids) = filled(1).await;
    let (_, receipt) = node.get(&format!("/v1/entries/{}/receipt", ids[0])).await;
    let mut spoiled = receipt.clone();
    spoiled["index"] = json!(3);
    let (status, answer) = node.post("/v1/verify", &json!({ "receipt": spoiled })).await;
    assert_eq!((status, &answer["valid"]), (StatusCode::OK, &json!(false)));
    let failed: Vec<&Value> = answer["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1);
    let other = crypto::sha256(b"other").to_string();
    let (_, answer) = node.post("/v1/verify", &json!({ "receipt": receipt, "artifact": other })).await;
    assert_eq!(answer["valid"], false);
    // An item of a batch is checked here as everywhere; this entry anchors none.
    let mut of_item = receipt.clone();
    of_item["item"] = json!({ "digest": other, "index": 0, "path": [] });
    let (_, answer) = node.post("/v1/verify", &json!({ "receipt": of_item })).await;
    let failed =
        answer["checks"].as_array().expect("checks").iter().find(|check| check["outcome"] == "failed");
    assert_eq!(failed.map(|check| &check["code"]), Some(&json!("batch_item")), "{answer}");
    of_item["item"] = Value::Null;
    let (status, problem) = node.post("/v1/verify", &json!({ "receipt": of_item })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("receipt_malformed")));
    let (status, problem) = node.post("/v1/verify", &json!({ "receipt": { "format": "x" } })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("receipt_malformed")));
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let (node, ids) = filled(1).await;
    let unknown = "ab".repeat(32);
    for (path, code) in [
        (format!("/v1/entries/{unknown}"), "entry_unknown"),
        ("/v1/entries/99".to_owned(), "entry_unknown"),
        ("/v1/entries/18446744073709551615".to_owned(), "entry_unknown"),
        ("/v1/entries/18446744073709551615/receipt".to_owned(), "entry_unknown"),
        (format!("/v1/entries/{unknown}/receipt"), "entry_unknown"),
        (format!("/v1/entries/{}/receipt?size=3", ids[0]), "checkpoint_unknown"),
        ("/v1/checkpoints/3".to_owned(), "checkpoint_unknown"),
        ("/v1/blocks/77".to_owned(), "block_unknown"),
        ("/v1/nothing".to_owned(), "route_unknown"),
    ] {
        let (status, problem) = node.get(&path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!(code)), "{path}");
    }
    for path in [
        "/v1/entries/xyz",
        "/v1/entries/%FF",
        "/v1/blocks/-1",
        "/v1/consistency?from=4",
        "/v1/consistency?from=4&to=2",
        "/v1/consistency?from=2&to=99",
        "/v1/consistency?from=2&to=4&x=1",
        "/v1/consistency?from=2&from=2&to=4",
        "/v1/entries/2/receipt?format=cbor",
    ] {
        let (status, problem) = node.get(path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")), "{path}");
    }
}

#[tokio::test]
async fn without_a_quorum_nothing_is_final() {
    let node = Node::paced(crate::node::Pace::Commit);
    for path in ["/checkpoint", "/v1/checkpoints/latest"] {
        let (status, problem) = node.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::NOT_FOUND, &json!("checkpoint_unknown")),
            "{path}"
        );
    }
    let (status, problem) = node.get("/v1/entries/0/receipt").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not_final")));
}

#[tokio::test]
async fn checkpoints_extend_one_another() {
    let (node, _) = filled(3).await;
    let mut notes = Vec::new();
    for size in [4_u64, 6, 8] {
        let (status, checkpoint) = node.get(&format!("/v1/checkpoints/{size}")).await;
        assert_eq!((status, &checkpoint["signers"]), (StatusCode::OK, &json!(["v0", "v1", "v2"])));
        notes.push((size, checkpoint["note"].as_str().expect("a note").to_owned()));
    }
    let (_, newest) = text(&node, "/checkpoint").await;
    assert_eq!(newest, notes[2].1);
    for (from, older) in &notes {
        for (to, newer) in notes.iter().filter(|(to, _)| to >= from) {
            let (_, answer) = node.get(&format!("/v1/consistency?from={from}&to={to}")).await;
            let hashes = answer["proof"].as_array().expect("a proof");
            let proof: Vec<_> = hashes
                .iter()
                .map(|hash| hash.as_str().and_then(|hash| hash.parse().ok()).expect("a hash"))
                .collect();
            verify_history(&node.policy, older, newer, &proof).expect("extends");
        }
    }
}

#[tokio::test]
async fn blocks_and_entries_point_at_one_another() {
    let (node, ids) = filled(2).await;
    let (_, genesis) = node.get("/v1/blocks/0").await;
    assert_eq!(genesis["submission_count"], 0);
    let (_, block) = node.get("/v1/blocks/2").await;
    assert_eq!((&block["submissions"], &block["complete"]), (&json!([ids[1]]), &json!(true)));
    let (_, latest) = node.get("/v1/blocks/latest").await;
    assert_eq!(latest, block);
    assert_eq!(node.call("ledger_block", json!({})).await["result"], block);
    let (_, first) = node.get("/v1/blocks/1").await;
    assert_eq!(block["parent"], first["id"]);
    let (_, by_id) = node.get(&format!("/v1/entries/{}", ids[1])).await;
    let (_, by_index) = node.get("/v1/entries/4").await;
    assert_eq!(by_id, by_index);
    assert_eq!((&by_id["height"], &by_id["content"]["kind"]), (&json!(2), &json!("submission")));
    for (index, kind) in [(0, "genesis"), (1, "epoch"), (3, "block")] {
        let (_, entry) = node.get(&format!("/v1/entries/{index}")).await;
        assert_eq!((&entry["content"]["kind"], &entry["id"]), (&json!(kind), &Value::Null));
    }
}

#[tokio::test]
async fn the_network_introduces_itself() {
    let node = Node::new();
    let (_, validators) = node.get("/v1/validators").await;
    assert_eq!((&validators["quorum_power"], &validators["total_power"]), (&json!(3), &json!(4)));
    assert_eq!(validators["validators"].as_array().map(Vec::len), Some(4));
    let (_, jwks) = node.get("/.well-known/jwks.json").await;
    assert_eq!(node.call("keys_jwks", json!({})).await["result"], jwks);
    let keys = jwks["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 16);
    assert_eq!(keys.iter().filter(|key| key["kty"] == "AKP" && key["alg"] == "ML-DSA-65").count(), 4);
    assert_eq!(keys.iter().filter(|key| key["kty"] == "OKP" && key.get("alg").is_none()).count(), 12);
    let (_, policy) = text(&node, "/v1/policy").await;
    assert_eq!(policy, node.policy.to_string());
    let (_, status) = node.get("/v1/status").await;
    assert_eq!((&status["origin"], &status["validators"]), (&json!("ledger.example/test"), &json!(4)));
    assert_eq!(node.call("node_status", json!({})).await["result"], status);
}

#[tokio::test]
async fn caches_are_told_what_lasts() {
    let (node, ids) = filled(1).await;
    for (path, keep) in [
        (format!("/v1/entries/{}/receipt", ids[0]), "immutable"),
        (format!("/v1/entries/{}", ids[0]), "immutable"),
        ("/v1/blocks/1".to_owned(), "immutable"),
        ("/v1/blocks/latest".to_owned(), "no-cache"),
        ("/checkpoint".to_owned(), "max-age=2, must-revalidate"),
        ("/.well-known/jwks.json".to_owned(), "max-age=900"),
        ("/v1/status".to_owned(), "no-store"),
    ] {
        let response = node.ask(Request::get(&path).body(Body::empty()).expect("a request")).await;
        let header = response.headers()["cache-control"].to_str().expect("text").to_owned();
        assert!(header.contains(keep), "{path}: {header}");
        let Some(tag) = response.headers().get("etag").cloned() else {
            assert_eq!(keep, "no-store");
            continue;
        };
        let again = Request::get(&path).header("if-none-match", tag).body(Body::empty()).expect("a request");
        let response = node.ask(again).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(bytes(response).await.is_empty());
        let other =
            Request::get(&path).header("if-none-match", "\"0\"").body(Body::empty()).expect("a request");
        assert_eq!(node.ask(other).await.status(), StatusCode::OK, "{path}");
    }
    let missing = node.ask(Request::get("/v1/blocks/9").body(Body::empty()).expect("a request")).await;
    assert_eq!(missing.headers()["cache-control"], "no-store");
    assert_eq!(missing.headers()["content-type"], "application/problem+json");
    assert_eq!(body_of(missing).await["status"], 404);
}

#[tokio::test]
async fn the_log_can_be_read_as_files() {
    let (node, _) = filled(2).await;
    let node = &node;
    let fetch = |path: &'static str| async move {
        let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
        assert_eq!(response.headers()["content-type"], "application/octet-stream", "{path}");
        bytes(response).await
    };
    for (bundle, tile, width) in [
        ("/tile/entries/000.p/6", "/tile/0/000.p/6", 6),
        ("/tile/entries/000.p/4", "/tile/0/000.p/4", 4),
        ("/tile/entries/000.p/1", "/tile/0/000.p/1", 1),
    ] {
        let (mut rest, hashes) = (fetch(bundle).await, fetch(tile).await);
        let mut leaves = Vec::new();
        while !rest.is_empty() {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            // RFC 6962: a leaf's hash is that of a zero byte and the leaf.
            leaves.extend_from_slice(crypto::sha256(&[&[0], &rest[2..2 + length]].concat()).as_bytes());
            rest.drain(..2 + length);
        }
        assert_eq!((leaves.len(), &leaves), (32 * width, &hashes));
    }
    for path in ["/tile/0/000.p/6", "/tile/entries/000.p/6", "/genesis", "/checkpoints/006"] {
        let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
        let keep = response.headers()["cache-control"].to_str().expect("text");
        assert!(keep.contains("immutable") && response.headers().contains_key("etag"), "{path}: {keep}");
    }
    assert_eq!(text(node, "/checkpoints/006").await, text(node, "/checkpoint").await);
    let genesis = fetch("/genesis").await;
    let (_, status) = node.get("/v1/status").await;
    assert_eq!(status["network"], crypto::sha256(&genesis).to_string());
    let (status, problem) = node.get("/checkpoints/005").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("checkpoint_unknown")));
    for path in [
        "/tile/0/000",
        "/tile/0/000.p/7",
        "/tile/0/000.p/0",
        "/tile/9/000",
        "/tile/x",
        "/tile/entries/001.p/1",
        "/tile/entries/000",
        "/tile/entries/0/000.p/4",
        "/tile/0/000.p/4/",
        "/tile/0/0",
        "/checkpoints/6",
        "/checkpoints/006.p/1",
        // Block 1 refused nothing and closed no epoch.
        "/beside/001",
        "/beside/x",
    ] {
        let (status, problem) = node.get(path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("tile_unknown")), "{path}");
    }
}

#[tokio::test]
async fn what_no_quorum_signed_is_no_file() {
    let node = Node::paced(crate::node::Pace::Commit);
    node.submit(&node.envelope(0), "committed", 5_000).await;
    for path in ["/tile/0/000.p/2", "/tile/0/000.p/1", "/tile/entries/000.p/1"] {
        let (status, problem) = node.get(path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("tile_unknown")), "{path}");
    }
}
