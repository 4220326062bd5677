//! The documents say what is served, and all that is served is in them.

use std::path::Path;

use api::Surface;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Map, Value, json};

use crate::node::{Node, Setup, json as json_of, posted};

/// Every path the window is meant to serve. A new one is added here by hand, on purpose.
const PATHS: [(&str, &str); 56] = [
    ("get", "/"),
    ("get", "/.well-known/did.json"),
    ("get", "/.well-known/jwks.json"),
    ("get", "/.well-known/scitt-keys"),
    ("get", "/.well-known/scitt-keys/{kid}"),
    ("get", "/beside/{name}"),
    ("get", "/checkpoint"),
    ("get", "/checkpoints/{name}"),
    ("get", "/did.json"),
    ("get", "/entries/{id}"),
    ("get", "/genesis"),
    ("get", "/health"),
    ("get", "/livez"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/readyz"),
    ("get", "/tile/entries/{name}"),
    ("get", "/tile/{name}"),
    ("get", "/v1/anchors"),
    ("get", "/v1/anchors/{size}"),
    ("get", "/v1/anchors/{size}/{file}"),
    ("get", "/v1/artifacts"),
    ("get", "/v1/artifacts/{id}"),
    ("get", "/v1/artifacts/{id}/bytes"),
    ("get", "/v1/audit"),
    ("get", "/v1/blocks/{height}"),
    ("get", "/v1/caller"),
    ("get", "/v1/checkpoints/{size}"),
    ("get", "/v1/consistency"),
    ("get", "/v1/entries/{name}"),
    ("get", "/v1/entries/{name}/receipt"),
    ("get", "/v1/events"),
    ("get", "/v1/identities/{did}"),
    ("get", "/v1/identities/{did}/did.json"),
    ("get", "/v1/identities/{did}/jwks.json"),
    ("get", "/v1/keys/history"),
    ("get", "/v1/policy"),
    ("get", "/v1/retention"),
    ("get", "/v1/retention/report"),
    ("get", "/v1/search"),
    ("get", "/v1/status"),
    ("get", "/v1/trust"),
    ("get", "/v1/validators"),
    ("get", "/v1/witness"),
    ("get", "/witness/{name}/checkpoint"),
    ("post", "/"),
    ("post", "/entries"),
    ("post", "/rpc"),
    ("post", "/v1/artifacts/{id}/bytes"),
    ("post", "/v1/entries"),
    ("post", "/v1/statements"),
    ("post", "/v1/tokens"),
    ("post", "/v1/verify"),
    ("post", "/v1/verify:batch"),
    ("post", "/witness/add-checkpoint"),
    ("post", "/witness/sign-subtree"),
];

const METHODS: [&str; 37] = [
    "account",
    "anchor_get",
    "anchor_list",
    "artifact_get",
    "attestation_issue",
    "attestation_revoke",
    "attestation_verify",
    "audit_list",
    "block",
    "broadcast_tx_sync",
    "did_resolve",
    "identity_get",
    "issuer_info",
    "keys_history",
    "keys_jwks",
    "ledger_block",
    "ledger_checkpoint",
    "ledger_consistency",
    "ledger_get",
    "ledger_receipt",
    "ledger_search",
    "ledger_submit",
    "ledger_submitStatement",
    "ledger_trust",
    "ledger_validators",
    "ledger_verify",
    "ledger_verifyBatch",
    "node_status",
    "node_witness",
    "proof",
    "proof_finalize",
    "proof_verify",
    "rpc.discover",
    "status",
    "tx",
    "validator",
    "validators",
];

/// Every reference of a document, which must lead to a schema of it.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn expect_whole(document: &Value) {
    let mut found = Vec::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// The documents as published, for those who generate clients; a change of them is a change to be reviewed. They are
/// written anew by running this test with `UPDATE=1`.
#[tokio::test]
async fn the_published_documents_are_those_served() {
    let node = Node::with(Setup { surfaces: Surface::ALL.into(), ..Setup::default() });
    let (_, openapi) = node.get("/openapi.json").await;
    let openrpc = node.call("rpc.discover", json!({})).await["result"].clone();
    for (name, served) in [("openapi.json", openapi), ("openrpc.json", openrpc)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = serde_json::to_string_pretty(&served).expect("JSON") + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).expect("writes");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == text, "{name} is not what is served; run with UPDATE=1 and review the change");
    }
}

#[tokio::test]
async fn the_document_of_paths_is_the_table_of_paths() {
    let node = Node::new();
    let (_, document) = node.get("/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    expect_whole(&document);
    let paths = document["paths"].as_object().expect("paths");
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, operations) in paths {
        for (verb, operation) in operations.as_object().expect("operations") {
            assert!(operation["responses"]["default"].is_object(), "{path}");
            found.push((verb.clone(), path.clone()));
        }
    }
    found.sort();
    let expected: Vec<(String, String)> =
        PATHS.iter().map(|(verb, path)| ((*verb).to_owned(), (*path).to_owned())).collect();
    assert_eq!(found, expected);
    node.submit(&node.envelope(1), "finalized", 5_000).await;
    // Each is served: what it answers to nothing in particular is no "no such path".
    for (verb, path) in PATHS {
        let tile = path.replace("tile/{name}", "tile/0/000.p/4").replace("entries/{name}", "entries/0");
        let tile = tile.replace("tile/entries/0", "tile/entries/000.p/4");
        let path = tile.replace("{height}", "latest").replace("{size}", "latest").replace("{kid}", "short");
        let path = path.replace("checkpoints/{name}", "checkpoints/004");
        let request = match verb {
            "get" => Request::get(&path).body(Body::empty()).expect("a request"),
            _ => posted(&path, "{}"),
        };
        let response = node.ask(request).await;
        let status = response.status();
        assert!(status != StatusCode::METHOD_NOT_ALLOWED, "{verb} {path}");
        // This node is no witness, and says so; nothing stands beside a block that refused nothing.
        let off = path.starts_with("/beside/")
            || path.starts_with("/witness/") && json_of(response).await["code"] == "witness_off";
        assert!(status != StatusCode::NOT_FOUND || off, "{verb} {path}");
    }
}

#[tokio::test]
async fn the_document_of_methods_is_the_table_of_methods() {
    let node = Node::new();
    let document = node.call("rpc.discover", json!({})).await["result"].clone();
    expect_whole(&document);
    let mut found: Vec<&str> = document["methods"]
        .as_array()
        .expect("methods")
        .iter()
        .map(|method| method["name"].as_str().expect("a name"))
        .collect();
    found.sort_unstable();
    assert_eq!(found, METHODS);
    for method in METHODS {
        let answer = node.call(method, Value::Object(Map::new())).await;
        assert_ne!(answer["error"]["code"], -32601, "{method}");
    }
    let submit =
        document["methods"].as_array().expect("methods").iter().find(|m| m["name"] == "ledger_submit");
    let params = submit.expect("listed")["params"].as_array().expect("descriptors");
    let mut names: Vec<&str> = params.iter().filter_map(|param| param["name"].as_str()).collect();
    names.sort_unstable();
    let expected = ["envelope", "expires_at_ms", "nonce", "operation", "tenant", "timeout_ms", "wait"];
    assert_eq!(names, expected);
}
