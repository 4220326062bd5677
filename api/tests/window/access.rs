//! Credentials at the guard of a route: every place where one may stand, and what is refused.

use api::guard::token::{Claims, network};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::node::{Node, READER, Setup, TOKEN, json as body_of, posted};

async fn ask(node: &Node, target: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = node.ask(request.body(Body::empty()).expect("a request")).await;
    let challenge = response.headers().contains_key("www-authenticate");
    assert_eq!(challenge, response.status() == StatusCode::UNAUTHORIZED, "{target}");
    (response.status().as_u16(), body_of(response).await)
}

#[tokio::test]
async fn a_credential_counts_wherever_it_stands() {
    let node = Node::new();
    let reader = json!({ "tenant": "acme", "subject": "reader", "scopes": ["proof:read"] });
    let bearer = format!("Bearer {READER}");
    let query = format!("/v1/caller?api_key={READER}");
    for (target, headers) in [
        ("/v1/caller", vec![("authorization", bearer.as_str())]),
        ("/v1/caller", vec![("x-api-key", READER)]),
        ("/v1/caller", vec![("x-api-key", READER), ("x-tenant-id", "acme")]),
        (query.as_str(), vec![]),
    ] {
        assert_eq!(ask(&node, target, &headers).await, (200, reader.clone()), "{target} {headers:?}");
    }
    let (_, operator) = ask(&node, "/v1/caller", &[("x-api-key", TOKEN)]).await;
    assert_eq!((&operator["tenant"], &operator["scopes"]), (&json!("default"), &Value::Null));
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let node = Node::new();
    for (headers, status, code) in [
        (vec![], 401, "unauthorized"),
        (vec![("x-api-key", "wrong")], 401, "credential_unknown"),
        (vec![("authorization", "Basic abc")], 401, "credential_malformed"),
        (vec![("x-api-key", READER), ("authorization", "Bearer other")], 401, "credential_malformed"),
        (vec![("x-api-key", READER), ("x-tenant-id", "default")], 403, "tenant_mismatch"),
        (vec![("x-api-key", TOKEN), ("x-tenant-id", "acme")], 403, "tenant_mismatch"),
        (vec![("x-tenant-id", "acme")], 401, "unauthorized"),
    ] {
        let (found, problem) = ask(&node, "/v1/caller", &headers).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{headers:?}");
        let text = problem.to_string();
        assert!(!text.contains("wrong") && !text.contains(READER), "{text}");
    }
}

#[tokio::test]
async fn a_token_of_any_validator_is_believed_and_only_while_it_lasts() {
    let node = Node::new();
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let claims = Claims {
        iss: node.set.origin().to_owned(),
        aud: network(node.set.network()),
        sub: "did:pn:agent:00".to_owned(),
        tenant: "acme".to_owned(),
        scope: "proof:read".to_owned(),
        iat: now,
        exp: now + 60,
        jti: "1".to_owned(),
    };
    for validator in 0..4 {
        let bearer = format!("Bearer {}", claims.sign(&node.log_key(validator)));
        let (status, who) = ask(&node, "/v1/caller", &[("authorization", &bearer)]).await;
        assert_eq!((status, &who["subject"]), (200, &json!("did:pn:agent:00")), "{validator}");
    }
    let stranger = format!("Bearer {}", claims.sign(&node.log_key(9)));
    let (status, refused) = ask(&node, "/v1/caller", &[("authorization", &stranger)]).await;
    assert_eq!((status, &refused["code"]), (401, &json!("credential_unknown")));
    let over = Claims { iat: now - 60, exp: now - 1, ..claims };
    let over = format!("Bearer {}", over.sign(&node.log_key(0)));
    let (status, refused) = ask(&node, "/v1/caller", &[("authorization", &over)]).await;
    assert_eq!((status, &refused["code"]), (401, &json!("credential_expired")));
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let node = Node::with(Setup { rate_per_minute: 3, ..Setup::default() });
    for _ in 0..3 {
        assert_eq!(ask(&node, "/v1/caller", &[("x-api-key", READER)]).await.0, 200);
    }
    let request = Request::get("/v1/caller").header("x-api-key", READER).body(Body::empty());
    let refused = node.ask(request.expect("a request")).await;
    let after: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=20).contains(&after), "{after}");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(body_of(refused).await["code"], "rate_limited");
    // Another tenant has a rate of its own.
    assert_eq!(ask(&node, "/v1/caller", &[("x-api-key", TOKEN)]).await.0, 200);
}

#[tokio::test]
async fn every_refusal_is_noted_without_its_secret() {
    let node = Node::new();
    let asked = format!("/v1/caller?api_key={READER}&x=1");
    ask(&node, &asked, &[("x-request-id", "first")]).await;
    ask(&node, "/v1/caller?api_key=wrong-secret", &[]).await;
    ask(&node, "/v1/status", &[]).await;
    node.ask(
        Request::get("/v1/status").header("host", "evil.example").body(Body::empty()).expect("a request"),
    )
    .await;
    let noted = node.noted();
    let told: Vec<_> =
        noted.iter().map(|note| (note.code.as_str(), note.status, note.tenant.as_deref())).collect();
    assert_eq!(
        told,
        [("ok", 200, Some("acme")), ("credential_unknown", 401, None), ("host_refused", 403, None)]
    );
    assert_eq!((noted[0].request.as_str(), noted[0].subject.as_deref()), ("first", Some("reader")));
    assert_eq!(noted[0].target, "/v1/caller?api_key=***&x=1");
    assert!(!format!("{noted:?}").contains("secret"));
    // JSON-RPC answers 200 whatever it refuses; it is noted all the same.
    let node = Node::with(Setup { gateway: true, ..Setup::default() });
    let operation = json!({ "type": "proof.submit", "content": "00".repeat(32), "content_bytes": 1 });
    node.call("ledger_submit", json!({ "operation": operation })).await;
    assert_eq!(node.noted().first().map(|note| note.code.clone()), Some("unauthorized".to_owned()));
}

#[tokio::test]
async fn a_request_keeps_its_name() {
    let node = Node::new();
    for (path, status) in [("/v1/status", 200), ("/nothing", 404)] {
        let request = Request::get(path).header("x-correlation-id", "abc-1").body(Body::empty());
        let response = node.ask(request.expect("a request")).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["x-request-id"], "abc-1");
        assert_eq!(response.headers()["x-correlation-id"], "abc-1");
    }
    let unnamed = node.ask(posted("/rpc", "{}")).await;
    assert_eq!(unnamed.headers()["x-request-id"].len(), 32);
    assert!(!unnamed.headers().contains_key("x-correlation-id"));
}
