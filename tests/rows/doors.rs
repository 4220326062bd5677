//! What was settled about every door alike: names, addresses, what is unknown.

use reqwest::Method;
use serde_json::json;

use crate::access::{fresh, proof};
use crate::net::{ACME, net};

#[tokio::test]
async fn x22_names_with_colons_are_read_raw_and_encoded() {
    let written = net().post(0, "/v1/entries", ACME, &proof(fresh())).await;
    let link = written.expect(201)["self"].as_str().expect("a link").to_owned();
    let author =
        net().get(0, &link).await.expect(200)["content"]["author"].as_str().expect("a DID").to_owned();
    assert!(author.starts_with("did:key:"), "{author}");
    for form in ["", "/did.json", "/jwks.json"] {
        let raw = net().get(0, &format!("/v1/identities/{author}{form}")).await.expect(200);
        let encoded = author.replace(':', "%3A");
        assert_eq!(net().get(0, &format!("/v1/identities/{encoded}{form}")).await.expect(200), raw);
    }
}

#[tokio::test]
async fn x25_one_router_behind_every_address() {
    let listeners = net().listeners();
    assert_eq!(listeners.len(), 3);
    let status = json!({ "jsonrpc": "2.0", "id": 1, "method": "status", "params": {} });
    for url in listeners {
        let health = net().ask_at(url, Method::GET, "/health").send().await.expect(200);
        assert_eq!(health["status"], "ok", "{url}");
        let answer = net().ask_at(url, Method::POST, "/").json(&status).send().await.expect(200);
        assert!(answer["result"]["height"].is_u64(), "{url}: {answer}");
        // The same guard stands at each.
        assert_eq!(net().ask_at(url, Method::GET, "/v1/caller").send().await.status, 401);
        assert_eq!(net().ask_at(url, Method::GET, "/v1/caller").key(ACME).send().await.status, 200);
    }
}

#[tokio::test]
async fn x29_what_is_unknown_is_refused() {
    let members = json!({ "scope": "proof:read", "expires": 60 });
    assert_eq!(net().post(0, "/v1/tokens", ACME, &members).await.expect(400)["code"], "invalid_params");
    let twice = net().ask(0, Method::POST, "/v1/tokens").key(ACME).body(r#"{"scope":"a","scope":"b"}"#);
    assert_eq!(twice.send().await.expect(400)["code"], "malformed_json");
    assert_eq!(net().rpc(0, "status", json!({ "verbose": true })).await["error"]["code"], -32602);
    let query = net().get(0, "/readyz?max_lags=1").await;
    assert_eq!(query.expect(400)["code"], "invalid_params");
    let kind = json!({ "operation": { "type": "proof.forge" } });
    assert_eq!(net().post(0, "/v1/entries", ACME, &kind).await.status, 400);
}
