//! Anchors through the window: the newest from memory, older ones where the node keeps them, evidence as files.

use std::sync::Arc;

use anchor::{Anchored, Kind, Record, State};
use api::Anchoring;
use api::anchoring::{AnchorService, Source};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crypto::sha256;
use model::anchor::{AnchorState, AnchoredCheckpoint, AnchorsAnswer};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::node::{Node, Setup, bytes};

fn record(service: &str, kind: Kind, standing: State, evidence: Option<&[u8]>) -> Record {
    let mut record = Record::new(service.to_owned(), kind, "http://a".to_owned(), 7);
    (record.standing, record.evidence) = (standing, evidence.map(<[u8]>::to_vec));
    record
}

/// Size 9 with an anchor of each state, size 5 only on disk, size 6 unreadable.
fn anchoring() -> Anchoring {
    let stamped = State::Stamped {
        time_ms: 8_000,
        accuracy_us: Some(1_000),
        policy: "1.2.3".to_owned(),
        serial: "07".to_owned(),
        authority: "CN=A".to_owned(),
    };
    let mined = State::Mined { height: 500, time_s: 8, hash: "00ff".to_owned() };
    let records = vec![
        record("tsa", Kind::Rfc3161, stamped, Some(b"token")),
        record("new", Kind::Rfc3161, State::Requested {}, None),
        record("cal", Kind::Ots, State::Pending { calendars: vec!["http://c".to_owned()] }, Some(b"proof")),
        record("att", Kind::Ots, State::Attested { height: 400 }, Some(b"proof")),
        record("btc", Kind::Ots, mined, Some(b"proof")),
        record("bad", Kind::Ots, State::Failed {}, None),
    ];
    let newest = Anchored::new(9, "origin\n9\nroot\n".to_owned(), records);
    let older = Source::new(|size| match size {
        5 => Ok(Some(Anchored::new(5, "origin\n5\nroot\n".to_owned(), Vec::new()))),
        6 => Err(std::io::Error::other("damaged")),
        _ => Ok(None),
    });
    let services =
        vec![AnchorService { name: "tsa".to_owned(), kind: Kind::Rfc3161, url: "http://a".to_owned() }];
    Anchoring { services, newest: watch::channel(Arc::from(vec![newest])).1, older }
}

fn node() -> Node {
    Node::with(Setup { anchoring: anchoring(), ..Setup::default() })
}

async fn file(node: &Node, path: &str) -> (StatusCode, Vec<u8>) {
    let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
    (response.status(), bytes(response).await)
}

async fn call(node: &Node, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = Request::post("/rpc").header("content-type", "application/json");
    let response = node.ask(request.body(Body::from(body.to_string())).expect("a request")).await;
    crate::node::json(response).await
}

#[tokio::test]
async fn every_state_is_told_for_what_it_is() {
    let node = node();
    let (status, answer) = node.get("/v1/anchors").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(call(&node, "anchor_list", json!({})).await["result"], answer);
    let answer: AnchorsAnswer = serde_json::from_value(answer).expect("its shape");
    assert_eq!((answer.services[0].name.as_str(), answer.services[0].kind.as_str()), ("tsa", "rfc3161"));
    let [listed] = &answer.checkpoints[..] else { panic!("{answer:?}") };
    assert!(listed.anchors.iter().all(|anchor| anchor.evidence.is_none()), "a list has no evidence");

    let (_, whole) = node.get("/v1/anchors/9").await;
    assert_eq!(call(&node, "anchor_get", json!({ "size": 9 })).await["result"], whole);
    let whole: AnchoredCheckpoint = serde_json::from_value(whole).expect("its shape");
    assert_eq!(whole.digest.0, sha256(b"origin\n9\nroot\n"));
    let states: Vec<_> = whole.anchors.iter().map(|anchor| anchor.state).collect();
    let expected = [
        AnchorState::Confirmed,
        AnchorState::Requested,
        AnchorState::Pending,
        AnchorState::Attested,
        AnchorState::Confirmed,
        AnchorState::Failed,
    ];
    assert_eq!(states, expected);
    let [tsa, new, cal, att, btc, _] = &whole.anchors[..] else { panic!() };
    assert_eq!((tsa.time_ms.map(|it| it.0), tsa.authority.as_deref()), (Some(8_000), Some("CN=A")));
    assert_eq!((&new.file, &new.evidence), (&None, &None));
    assert_eq!((cal.calendars.len(), cal.time_ms), (1, None));
    assert_eq!((att.height.map(|it| it.0), att.time_ms), (Some(400), None));
    assert_eq!((btc.block.as_deref(), btc.time_ms.map(|it| it.0)), (Some("00ff"), Some(8_000)));
}

#[tokio::test]
async fn evidence_is_given_as_the_files_that_other_programs_read() {
    let node = node();
    for (path, body) in [
        ("/v1/anchors/9/tsa.tsr", b"token".as_slice()),
        ("/v1/anchors/9/btc.ots", b"proof"),
        ("/v1/anchors/9/checkpoint.txt", b"origin\n9\nroot\n"),
        ("/v1/anchors/5/checkpoint.txt", b"origin\n5\nroot\n"),
    ] {
        assert_eq!(file(&node, path).await, (StatusCode::OK, body.to_vec()), "{path}");
    }
    for (path, status, code) in [
        ("/v1/anchors/9/new.tsr", 404, "anchor_file_unknown"),
        ("/v1/anchors/9/tsa.ots", 404, "anchor_file_unknown"),
        ("/v1/anchors/9/..%2F5", 404, "anchor_file_unknown"),
        ("/v1/anchors/8", 404, "anchor_unknown"),
        ("/v1/anchors/8/checkpoint.txt", 404, "anchor_unknown"),
        ("/v1/anchors/6", 500, "storage"),
        ("/v1/anchors/x", 400, "invalid_params"),
        ("/v1/anchors/09", 400, "invalid_params"),
        ("/v1/anchors/99999999999999999999", 400, "invalid_params"),
    ] {
        let (found, answer) = node.get(path).await;
        assert_eq!((found.as_u16(), answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_node_that_asks_nobody_says_so() {
    let (status, answer) = Node::new().get("/v1/anchors").await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "services": [], "checkpoints": [] })));
}
