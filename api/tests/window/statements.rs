//! Statements that were signed elsewhere: by their content type, by JSON-RPC, and as SCITT clients send them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use crypto::{Scheme, SecretKey, derive_seed};
use proto::canonical::Canonical as _;
use proto::statement::{Format, cose};
use proto::submission::Submission;
use serde_json::{Value, json};

use crate::node::{Node, Pace, bytes, encode, json as body_of};

fn committed(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/statement");
    std::fs::read(format!("{folder}/{name}")).expect("proto's tests write it")
}

fn author() -> SecretKey {
    SecretKey::from_seed(Scheme::Ed25519, &derive_seed(&[1; 32], "statement/ed25519")).expect("signs")
}

async fn send(node: &Node, path: &str, kind: &str, body: Vec<u8>) -> Response {
    send_with(node, path, &[("content-type", kind)], body).await
}

async fn send_with(node: &Node, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let request = headers.iter().fold(Request::post(path), |it, (name, value)| it.header(*name, *value));
    node.ask(request.body(Body::from(body)).expect("a request")).await
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn each_format_is_taken_by_its_content_type() {
    let node = Node::new();
    let all = [
        ("cose-ed25519.cose", Format::Cose),
        ("jws-ml-dsa-65.jws", Format::Jws),
        ("jws-json.json", Format::JwsJson),
        ("http-ed25519.json", Format::Http),
    ];
    for (name, format) in all {
        let path = "/v1/statements?wait=finalized&timeout_ms=5000";
        let response = send(&node, path, format.media_type(), committed(name)).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{name}");
        let ticket = body_of(response).await;
        assert_eq!(ticket["state"], "finalized", "{name}: {ticket}");
        let (status, entry) = node.get(ticket["self"].as_str().expect("a link")).await;
        let operation = &entry["content"]["operation"];
        assert_eq!((status, &operation["type"]), (StatusCode::OK, &json!("statement.register")), "{entry}");
        assert_eq!(operation["format"], format.name());
        // A leaf that says nothing of its place is shown with its block's.
        for member in ["height", "index", "time_ms"] {
            assert_eq!(entry[member], ticket[member], "{name} {member}");
            assert!(entry[member].is_u64(), "{name} {member}");
        }
        let again = send(&node, path, format.media_type(), committed(name)).await;
        assert_eq!(again.status(), StatusCode::OK, "{name}");
        assert_eq!(body_of(again).await, ticket, "{name}");
    }
}

#[tokio::test]
async fn keys_are_given_beside_in_json() {
    let node = Node::new();
    let key = json!({ "scheme": "ed25519", "public_key": encode(author().public().as_bytes()) });
    let params = json!({ "statement": encode(&committed("dsse.json")), "keys": [key], "wait": "finalized" });
    let (status, ticket) = node.post("/v1/statements", &params).await;
    assert_eq!((status, &ticket["state"]), (StatusCode::CREATED, &json!("finalized")), "{ticket}");
    let made = Submission::statement(Format::Dsse, &committed("dsse.json"), vec![author().public().clone()])
        .expect("reads");
    assert_eq!(ticket["id"], made.id().to_string());
    // The same envelope by the other door, and by JSON-RPC.
    let (status, again) = node.submit(&made.encode(), "finalized", 5_000).await;
    assert_eq!((status, &again), (StatusCode::OK, &ticket));
    let answer = node.call("ledger_submitStatement", params).await;
    assert_eq!(answer["result"], ticket, "{answer}");
}

#[tokio::test]
async fn what_is_no_statement_is_refused_with_its_reason() {
    let node = Node::new();
    let spoiled = {
        let mut bytes = committed("cose-ed25519.cose");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    let cases: [(&str, Vec<u8>, StatusCode, &str); 6] = [
        ("text/plain", committed("jws-kid.jws"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "statement_type"),
        ("application/jose", b"a.b".to_vec(), StatusCode::BAD_REQUEST, "statement_malformed"),
        ("application/cose", committed("jws-kid.jws"), StatusCode::BAD_REQUEST, "statement_malformed"),
        ("application/cose", vec![0xd2; 300_000], StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
        ("application/cose", spoiled, StatusCode::UNPROCESSABLE_ENTITY, "submission_refused"),
        (
            "application/json",
            b"{\"statement\":\"\",\"format\":\"x\"}".to_vec(),
            StatusCode::BAD_REQUEST,
            "invalid_params",
        ),
    ];
    for (kind, body, status, code) in cases {
        let response = send(&node, "/v1/statements", kind, body.clone()).await;
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(body_of(response).await["code"], code);
        if kind != "application/cose" {
            continue;
        }
        // The other door says the same in CBOR: a map of -1 and -2, both texts.
        let response = send(&node, "/entries", kind, body).await;
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(response.headers()["content-type"], "application/concise-problem-details+cbor");
        let problem = bytes(response).await;
        assert_eq!(&problem[..2], [0xa2, 0x20], "{problem:02x?}");
        assert!(String::from_utf8_lossy(&problem).contains(&format!("[{code}]")), "{problem:02x?}");
    }
    let stolen = cose::Draft::new(
        author().public(),
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "s",
        "",
        vec![1],
    );
    let stolen = stolen.expect("ed25519");
    let stolen = stolen.seal(&author().sign(&stolen.message())).expect("its own");
    let response = send(&node, "/entries", "application/cose", stolen).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let response = send(&node, "/entries", "application/jose", committed("jws-kid.jws")).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_scitt_client_gets_its_receipt() {
    let node = Node::new();
    let statement = committed("cose-ed25519.cose");
    let id = cose::submission(&statement).expect("reads").id();
    let unknown =
        node.ask(Request::get(format!("/entries/{id}")).body(Body::empty()).expect("a request")).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(unknown.headers()["content-type"], "application/concise-problem-details+cbor");

    let first = send(&node, "/entries", "application/scitt-statement+cose", statement.clone()).await;
    assert_eq!((first.status(), location(&first)), (StatusCode::CREATED, format!("/entries/{id}")));
    let receipt = bytes(first).await;
    // What hangs on it is stripped: the same statement, the same receipt.
    let at = 4 + statement[3] as usize;
    assert_eq!((statement[2], statement[at]), (0x58, 0xa0));
    let hung = [&statement[..at], &[0xa1, 0x04, 0x41, 7], &statement[at + 1..]].concat();
    let again = send(&node, "/entries", "application/cose", hung).await;
    assert_eq!((again.status(), location(&again)), (StatusCode::OK, format!("/entries/{id}")));
    assert_eq!(bytes(again).await, receipt);
    let found =
        node.ask(Request::get(format!("/entries/{id}")).body(Body::empty()).expect("a request")).await;
    assert_eq!(found.status(), StatusCode::OK);
    assert!(found.headers()["cache-control"].to_str().expect("text").contains("immutable"));
    assert_eq!(bytes(found).await, receipt);
}

#[tokio::test]
async fn a_statement_is_given_back_with_its_receipt_in_it() {
    let node = Node::new();
    let statement = committed("cose-ed25519.cose");
    let first = send(&node, "/entries", "application/cose", statement.clone()).await;
    let (place, receipt) = (location(&first), bytes(first).await);
    let ask = |place: String, accept: &'static str| {
        node.ask(Request::get(place).header("accept", accept).body(Body::empty()).expect("a request"))
    };
    let whole = "application/scitt-statement+cose";
    let response = ask(place.clone(), whole).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], whole);
    assert_eq!(response.headers()["vary"], "accept");
    let tag = response.headers()["etag"].clone();
    let transparent = bytes(response).await;
    assert_eq!(Ok(&transparent), cose::transparent(&statement, &receipt).as_ref());
    assert_eq!(cose::strip(&transparent), Ok(statement));
    // It is registered as what was ordered, and who likes the receipt better gets that.
    let again = send(&node, "/entries", whole, transparent).await;
    assert_eq!((again.status(), location(&again)), (StatusCode::OK, place.clone()));
    let response = ask(place, "application/scitt-statement+cose;q=0.5, application/scitt-receipt+cose").await;
    assert_ne!(response.headers()["etag"], tag);
    assert_eq!(bytes(response).await, receipt);

    // What is no statement of COSE cannot be given so, and says so in CBOR.
    let path = "/v1/statements?wait=finalized&timeout_ms=5000";
    let other = body_of(send(&node, path, "application/jose", committed("jws-kid.jws")).await).await;
    let response = ask(format!("/entries/{}", other["id"].as_str().expect("an id")), whole).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&bytes(response).await).contains("[invalid_params]"));
}

#[tokio::test]
async fn who_does_not_wait_is_shown_the_place() {
    let node = Node::paced(Pace::Freeze);
    let statement = committed("cose-ed25519.cose");
    let headers = [("content-type", "application/cose"), ("prefer", "respond-async")];
    let response = send_with(&node, "/entries", &headers, statement).await;
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SEE_OTHER, &"1".parse().expect("a header"))
    );
    let place = location(&response);
    let pending = node.ask(Request::get(&place).body(Body::empty()).expect("a request")).await;
    assert_eq!((pending.status(), location(&pending)), (StatusCode::FOUND, place.clone()));
    assert_eq!(pending.headers()["retry-after"], "1");
    assert!(bytes(pending).await.is_empty());
    node.pace.send_replace(Pace::Finalize);
    for _ in 0..100 {
        let response = node.ask(Request::get(&place).body(Body::empty()).expect("a request")).await;
        if response.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no receipt");
}

#[tokio::test]
async fn a_full_node_says_when_to_come_again() {
    let node = Node::paced(Pace::Full);
    let response = send(&node, "/entries", "application/cose", committed("cose-ed25519.cose")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "2");
    let response = send(&node, "/v1/statements", "application/cose", committed("cose-ed25519.cose")).await;
    let problem: Value = body_of(response).await;
    assert_eq!(problem["code"], "busy");
}
