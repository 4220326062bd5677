//! JSON-RPC 2.0 by its specification: ids, notifications, batches, numbers of errors.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::node::{Node, bytes, json as body_of, posted};

async fn raw(node: &Node, body: &str) -> (StatusCode, Value) {
    let response = node.ask(posted("/rpc", body.to_owned())).await;
    (response.status(), body_of(response).await)
}

#[tokio::test]
async fn each_fault_has_its_number() {
    let node = Node::new();
    let nested = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let cases = [
        ("", -32700),
        ("{", -32700),
        (r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"node_status"}"#, -32700),
        (nested.as_str(), -32700),
        ("1", -32600),
        ("[]", -32600),
        (r#"{"id":1,"method":"node_status"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"node_status","extra":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"node_status"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_call"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"node_status","params":[]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ledger_get","params":["00"]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ledger_get","params":{}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ledger_get","params":{"index":0,"x":0}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"node_status","params":{"x":0}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ledger_get","params":{"index":99}}"#, 1201),
    ];
    for (body, number) in cases {
        let (_, answer) = raw(&node, body).await;
        assert_eq!(answer["error"]["code"], number, "{body}: {answer}");
        assert_eq!(answer["jsonrpc"], "2.0");
        assert!(answer["error"]["data"]["code"].is_string(), "{answer}");
        assert!(answer.get("result").is_none());
    }
}

#[tokio::test]
async fn ids_come_back_as_they_went() {
    let node = Node::new();
    for id in [json!(1), json!("a"), json!(null), json!(-1.5), json!(u64::MAX)] {
        let (_, answer) =
            raw(&node, &json!({ "jsonrpc": "2.0", "id": id, "method": "node_status" }).to_string()).await;
        assert_eq!(answer["id"], id);
        assert!(answer["result"].is_object(), "{answer}");
    }
}

#[tokio::test]
async fn notifications_are_not_answered() {
    let node = Node::new();
    for body in [
        r#"{"jsonrpc":"2.0","method":"node_status"}"#,
        r#"{"jsonrpc":"2.0","method":"no_such_method"}"#,
        r#"{"jsonrpc":"2.0","method":"node_status","params":[1]}"#,
        r#"[{"jsonrpc":"2.0","method":"node_status"},{"jsonrpc":"2.0","method":"node_status"}]"#,
    ] {
        let response = node.ask(posted("/", body)).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{body}");
        assert!(bytes(response).await.is_empty());
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let node = Node::new();
    let call = |id: u64, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method });
    let batch = json!([
        call(3, "node_status"),
        { "jsonrpc": "2.0", "method": "node_status" },
        call(1, "nothing"),
        7,
        call(2, "keys_jwks"),
    ]);
    let (status, answers) = node.post("/rpc", &batch).await;
    assert_eq!(status, StatusCode::OK);
    let ids: Vec<&Value> = answers.as_array().expect("a list").iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&json!(3), &json!(1), &Value::Null, &json!(2)]);
    let ten: Vec<Value> = (0..10).map(|id| call(id, "node_status")).collect();
    assert_eq!(node.post("/rpc", &json!(ten)).await.1.as_array().map(Vec::len), Some(10));
    let eleven: Vec<Value> = (0..11).map(|id| call(id, "node_status")).collect();
    assert_eq!(node.post("/rpc", &json!(eleven)).await.1["error"]["code"], -32600);
}

#[tokio::test]
async fn both_languages_say_the_same() {
    let node = Node::new();
    let (_, ticket) = node.submit(&node.envelope(1), "finalized", 5_000).await;
    let id = &ticket["id"];
    for (method, params, path) in [
        ("ledger_get", json!({ "id": id }), format!("/v1/entries/{}", id.as_str().expect("an id"))),
        ("ledger_get", json!({ "index": 0 }), "/v1/entries/0".to_owned()),
        ("ledger_checkpoint", json!({}), "/v1/checkpoints/latest".to_owned()),
        ("ledger_checkpoint", json!({ "size": "latest" }), "/v1/checkpoints/latest".to_owned()),
        ("ledger_checkpoint", json!({ "size": 4 }), "/v1/checkpoints/4".to_owned()),
        ("ledger_consistency", json!({ "from": 2, "to": 4 }), "/v1/consistency?from=2&to=4".to_owned()),
        ("ledger_block", json!({ "height": 1 }), "/v1/blocks/1".to_owned()),
    ] {
        let (status, by_path) = node.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(node.call(method, params).await["result"], by_path, "{path}");
    }
    let (_, problem) = node.get("/v1/blocks/9").await;
    assert_eq!(node.call("ledger_block", json!({ "height": 9 })).await["error"]["data"], problem);
}
