//! Attestations of an issuer that the validators run: the first one on a fresh node, and a node whose word nobody gave.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use api::attester::SigningKey;
use api::{Attester, Surface};
use axum::body::Body;
use axum::http::Request;
use crypto::{Scheme, SecretKey};
use ledger::LedgerReader;
use proto::counter::TimeMs;
use proto::operation::issuer::{Continuity, IssuerDid};
use serde_json::{Value, json};

use crate::node::{Node, READER, Setup, TOKEN, json as json_of};

fn node(issuer: &str, endorsed: bool) -> (Node, IssuerDid) {
    let issuer = IssuerDid::parse(issuer).expect("an issuer");
    let key = SecretKey::from_seed(Scheme::Es256, &[11; 32]).expect("ES256 signs");
    let key = SigningKey::new(key, Continuity::Persistent).expect("ES256");
    let attester = Attester::new(issuer.clone(), "Local".to_owned(), Some(key));
    let surfaces = BTreeSet::from([Surface::Qwed]);
    // Tokens are signed by the clock of the node, which the ledger compares with its own.
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
    let begun = TimeMs::new(begun);
    let setup = Setup { surfaces, endorsed, attester: Some(attester), begun, ..Setup::default() };
    (Node::with(setup), issuer)
}

async fn post(node: &Node, path: &str, body: &Value) -> (u16, Value) {
    let request =
        Request::builder().method("POST").uri(path).header("authorization", format!("Bearer {TOKEN}"));
    let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
    let response = node.ask(request.expect("a request")).await;
    (response.status().as_u16(), json_of(response).await)
}

fn asked() -> Value {
    json!({ "query": "2+2=4", "status": "VERIFIED", "verified": true, "engine": "math", "proof_data": "2+2=4 -> 4=4" })
}

#[tokio::test]
async fn the_first_attestation_of_a_fresh_node_brings_its_endorsement() {
    let (node, issuer) = node("did:qwed:node:local", true);
    let reader = LedgerReader::new(node.memory.clone());
    let service = node.service().public().id();
    assert_eq!(reader.service(&service), Ok(None), "an idle network stays idle");
    let (status, made) = post(&node, "/v1/attestations", &asked()).await;
    assert_eq!((status, &made["is_issued"]), (201, &json!(true)), "{made}");
    let known = reader.service(&service).expect("readable").expect("endorsed");
    assert_eq!(known.validator, "v0");
    let issuer = reader.issuer(&issuer).expect("readable").expect("set");
    assert_eq!((issuer.keys.len(), &issuer.owner), (1, node.service().author()));
    assert_eq!(issuer.keys[0].holder, issuer.owner);
    // A second one finds all of it there.
    let tip = reader.tip();
    let (status, again) = post(&node, "/v1/attestations", &asked()).await;
    assert_eq!((status, &again["existing"]), (200, &json!(true)), "{again}");
    assert_eq!(reader.tip(), tip);
}

#[tokio::test]
async fn nobody_is_attested_for_the_validators_by_a_node_that_none_of_them_endorsed() {
    let (node, issuer) = node("did:qwed:node:local", false);
    let (status, made) = post(&node, "/v1/attestations", &asked()).await;
    assert_eq!((status, &made["is_issued"]), (500, &json!(false)), "{made}");
    assert_eq!(made["error_code"], "SIGNING_FAILURE", "{made}");
    assert!(made["error"].as_str().is_some_and(|text| text.contains("no validator endorses")), "{made}");
    let (status, refused) =
        post(&node, "/v1/issuers/did:qwed:node:local/set", &json!({ "status": "inactive" })).await;
    assert_eq!(status, 403, "{refused}");
    assert_eq!(LedgerReader::new(node.memory.clone()).issuer(&issuer), Ok(None));
}

#[tokio::test]
async fn an_issuer_of_its_own_needs_no_validator() {
    let (node, issuer) = node("did:qwed:provider:acme", false);
    let (status, made) = post(&node, "/v1/attestations", &asked()).await;
    assert_eq!((status, &made["is_issued"]), (201, &json!(true)), "{made}");
    let reader = LedgerReader::new(node.memory.clone());
    assert!(reader.issuer(&issuer).expect("readable").is_some());
    assert_eq!(reader.service(&node.service().public().id()), Ok(None));
}

async fn rpc(node: &Node, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    post(node, "/rpc", &body).await.1
}

#[tokio::test]
async fn the_same_is_asked_by_json_rpc() {
    let (node, issuer) = node("did:qwed:node:local", true);
    let issued = rpc(&node, "attestation_issue", asked()).await;
    let made = &issued["result"];
    assert_eq!((&made["is_issued"], &made["status"]), (&json!(true), &json!("issued")), "{issued}");
    let (_, same) = post(&node, "/v1/attestations", &asked()).await;
    assert_eq!((&same["token"], &same["existing"]), (&made["token"], &json!(true)));
    let token = json!({ "token": made["token"], "query": "2+2=4" });
    assert_eq!(rpc(&node, "attestation_verify", token.clone()).await["result"]["valid"], true);
    let other = json!({ "token": made["token"], "query": "2+2=5" });
    let refused = rpc(&node, "attestation_verify", other).await;
    assert_eq!((&refused["result"]["valid"], &refused["result"]["code"]), (&json!(false), &json!("ATT-008")));
    let told = rpc(&node, "issuer_info", json!({ "did": issuer.as_str() })).await;
    assert_eq!(told["result"]["public_keys"][0]["kid"], made["kid"], "{told}");
    assert_eq!(told["result"], node.get(&format!("/v1/issuers/{issuer}")).await.1);
    let unknown = rpc(&node, "issuer_info", json!({ "did": "did:qwed:user:nobody" })).await;
    assert_eq!(unknown["error"]["data"]["code"], "record_unknown", "{unknown}");
    let author = node.service().author().to_string();
    let document = rpc(&node, "did_resolve", json!({ "identity": author })).await;
    assert_eq!(document["result"]["id"], json!(author), "{document}");
    let revoke = json!({ "jti": made["jti"], "reason": "a mistake" });
    let revoked = rpc(&node, "attestation_revoke", revoke.clone()).await;
    assert_eq!(revoked["result"]["lifecycle"], "REVOKED", "{revoked}");
    assert_eq!(rpc(&node, "attestation_revoke", revoke).await["result"], revoked["result"]);
    let late = rpc(&node, "attestation_verify", token).await;
    assert_eq!((&late["result"]["valid"], &late["result"]["code"]), (&json!(false), &json!("ATT-006")));
}

#[tokio::test]
async fn json_rpc_admits_whom_the_paths_admit() {
    let (node, _) = node("did:qwed:node:local", true);
    let reader = LedgerReader::new(node.memory.clone());
    for (key, code) in [(READER, "scope"), ("nobody", "credential")] {
        for (method, params) in
            [("attestation_issue", asked()), ("attestation_revoke", json!({ "jti": "att_a" }))]
        {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
            let request =
                Request::builder().method("POST").uri("/rpc").header("content-type", "application/json");
            let request =
                request.header("authorization", format!("Bearer {key}")).body(Body::from(body.to_string()));
            let answer = json_of(node.ask(request.expect("a request")).await).await;
            let found = answer["error"]["data"]["code"].as_str().unwrap_or_default();
            assert!(found.contains(code), "{key} {method}: {answer}");
        }
    }
    assert_eq!(reader.tip().expect("readable").map(|tip| tip.height.get()), Some(0), "nothing was written");
    // Where these attestations are not served, neither are they by another door.
    let closed = Node::with(Setup::default());
    let refused = rpc(&closed, "attestation_issue", asked()).await;
    assert_eq!(refused["error"]["data"]["code"], "not_configured", "{refused}");
}
