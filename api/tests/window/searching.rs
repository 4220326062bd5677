//! Looking up, and proofs that hold of it, by both doors.

use axum::http::StatusCode;
use model::search::SearchAnswer;
use proto::counter::LeafIndex;
use proto::lookup::{Kind, LookupKey};
use serde_json::{Value, json};
use verify::{Asked, Belief, verify_search};

use crate::node::{Node, Pace};

async fn filled(count: u64) -> (Node, Vec<Value>) {
    let node = Node::new();
    let mut tickets = Vec::new();
    for n in 0..count {
        let envelope = node.envelope_by(1 + (n % 2) as u8, n);
        tickets.push(node.submit(&envelope, "finalized", 5_000).await.1);
    }
    (node, tickets)
}

#[tokio::test]
async fn what_is_found_is_proven_and_what_is_not_there_as_well() {
    let (node, tickets) = filled(9).await;
    let id = tickets[4]["id"].as_str().expect("an id");
    let (_, entry) = node.get(&format!("/v1/entries/{id}")).await;
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let cases = [
        (Kind::Id, id.to_owned(), 1),
        (Kind::Author, text("/content/author"), 5),
        (Kind::Id, crypto::sha256(b"none").to_string(), 0),
        (Kind::About, id.to_owned(), 0),
        (Kind::Subject, "nothing is about this".to_owned(), 0),
        (Kind::Content, crypto::sha256(b"nothing is of this").to_string(), 0),
    ];
    for (kind, value, expected) in cases {
        let (by, of) = (kind.name(), value.replace(' ', "%20"));
        let (status, answer) = node.get(&format!("/v1/search?{by}={of}&prove=true")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let mut params = json!({ "prove": true });
        params[by] = json!(value);
        assert_eq!(node.call("ledger_search", params).await["result"], answer, "{by} {value}");
        let answer: SearchAnswer = serde_json::from_value(answer).expect("of its shape");
        assert_eq!((answer.entries.len(), answer.to), (expected, answer.block), "{by} {value}");
        let key = LookupKey::parse(kind, &value).expect("of its kind");
        let asked = Asked { key: Some(&key), from: Some(LeafIndex::ZERO), freshness: None };
        let proof = answer.parts().expect("with a proof");
        let report = verify_search(Belief::Policy(&node.policy), &proof, asked);
        assert_eq!(report.failure(), None, "{by} {value}");
        let hits: Vec<_> = report.facts.expect("it holds").hits.iter().map(|hit| hit.index.get()).collect();
        assert_eq!(hits, answer.entries.iter().map(|entry| entry.index.0).collect::<Vec<_>>());
        // Without its proof the same is said, and it can be written and read again.
        let (_, bare) = node.get(&format!("/v1/search?{by}={of}")).await;
        let bare: SearchAnswer = serde_json::from_value(bare).expect("of its shape");
        assert_eq!(SearchAnswer { proof: None, ..answer }, bare);
        assert!(bare.parts().is_err());
    }
}

#[tokio::test]
async fn a_long_answer_comes_in_parts() {
    let (node, tickets) = filled(9).await;
    let (_, entry) = node.get(&format!("/v1/entries/{}", tickets[0]["id"].as_str().expect("an id"))).await;
    let author = entry.pointer("/content/author").and_then(Value::as_str).expect("an author");
    let (mut from, mut found) = (0, Vec::new());
    for _ in 0..9 {
        let path = format!("/v1/search?author={author}&limit=2&from={from}&prove=true");
        let (_, answer) = node.get(&path).await;
        let answer: SearchAnswer = serde_json::from_value(answer).expect("of its shape");
        let report = verify_search(
            Belief::Policy(&node.policy),
            &answer.parts().expect("with a proof"),
            Asked { from: Some(LeafIndex::new(from)), ..Asked::default() },
        );
        assert_eq!(report.failure(), None);
        found.extend(answer.entries.iter().map(|entry| entry.index.0));
        from = answer.to.0;
        if answer.to == answer.block {
            break;
        }
    }
    let expected: Vec<_> =
        tickets.iter().step_by(2).map(|ticket| ticket["index"].as_u64().expect("an index")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_and_one_too_early_told_so() {
    let (node, _) = filled(1).await;
    let hex = "ab".repeat(32);
    for query in [
        String::new(),
        format!("?id={hex}&content={hex}"),
        "?id=ab".to_owned(),
        "?subject=".to_owned(),
        format!("?subject={}", "x".repeat(1_025)),
        "?author=alice".to_owned(),
        "?subject=x&limit=0".to_owned(),
        "?subject=x&limit=101".to_owned(),
        "?subject=x&from=9999".to_owned(),
        "?subject=x&prove=maybe".to_owned(),
        "?digest=x".to_owned(),
    ] {
        let (status, problem) = node.get(&format!("/v1/search{query}")).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_params")),
            "{query}"
        );
    }
    let early = Node::paced(Pace::Commit);
    early.submit(&early.envelope(1), "committed", 5_000).await;
    let (status, problem) = early.get("/v1/search?subject=x").await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("search_not_yet")));
    assert!(problem["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{problem}");
}
