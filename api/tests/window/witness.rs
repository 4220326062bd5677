//! Witnesses through the window: what a log is answered, what a monitor reads, and receipts that carry more.

use std::sync::Arc;

use api::witnessing::{
    CosignReply, CosignRequest, CosignWhat, CosignedHead, Cosigner, CosignerDoor, Outside, OutsideStatus,
    WitnessedHead, Witnessing,
};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use crypto::{Scheme, SecretKey, sha256};
use model::witness::WitnessAnswer;
use proto::checkpoint::{CheckpointText, cosignature_v1_message};
use proto::note::{KeyName, Note, NoteKey, NoteSignature, SignatureType};
use proto::policy::{Outside as Asked, Policy, PostQuantum, Threshold};
use proto::receipt::Receipt;
use tokio::sync::{mpsc, watch};

use crate::node::{Node, Setup, bytes, json};

const TEXT: &str = "text/plain; charset=utf-8";

async fn post(node: &Node, path: &str, body: impl Into<Body>) -> Response {
    // Logs of others send whatever type they like, or none.
    node.ask(Request::post(path).body(body.into()).expect("a request")).await
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get("content-type").expect("a type");
    value.to_str().expect("ascii").to_owned()
}

async fn text(node: &Node, path: &str) -> (StatusCode, String) {
    let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
    (response.status(), String::from_utf8(bytes(response).await).expect("text"))
}

/// A node that cosigns, by what the test answers.
fn cosigning() -> (Node, mpsc::Receiver<CosignRequest>) {
    let (ask, requests) = mpsc::channel(1);
    let last = (8, sha256(b"root"), Arc::from("the note\n"));
    let log = |origin: &str, last| CosignedHead { origin: origin.to_owned(), last };
    let logs = [
        (sha256(b"log.example/a"), log("log.example/a", Some(last))),
        (sha256(b"log.example/b"), log("log.example/b", None)),
    ];
    let shown = Cosigner {
        name: "w.example".to_owned(),
        vkeys: vec!["w.example+00000000+BA==".to_owned()],
        logs: logs.into_iter().collect(),
    };
    let shown = watch::channel(Arc::new(shown)).1;
    let witnessing = Witnessing { cosigner: Some(CosignerDoor { ask, shown }), ..Witnessing::default() };
    (Node::with(Setup { witnessing, ..Setup::default() }), requests)
}

#[tokio::test]
async fn every_answer_of_a_witness_has_its_status_and_its_body() {
    let (node, mut requests) = cosigning();
    let detail = || "both sides".to_owned();
    let size = "text/x.tlog.size";
    let problem = "application/problem+json";
    let cases = [
        (CosignReply::Cosigned("— line\n".to_owned()), 200, TEXT, "— line\n"),
        (CosignReply::Malformed(detail()), 400, problem, "witness_malformed"),
        (CosignReply::Untrusted(detail()), 403, problem, "witness_untrusted"),
        (CosignReply::OriginUnknown(detail()), 404, problem, "witness_origin_unknown"),
        (CosignReply::Conflict { ours: 8, detail: detail() }, 409, size, "8\n"),
        (
            CosignReply::KnownCheckpoint { note: "a note\n".to_owned(), detail: detail() },
            409,
            TEXT,
            "a note\n",
        ),
        (CosignReply::Inconsistent(detail()), 422, problem, "witness_inconsistent"),
        (CosignReply::NotRecorded, 503, problem, "witness_not_recorded"),
    ];
    for (reply, status, kind, body) in cases {
        for (path, what) in [
            ("/witness/add-checkpoint", CosignWhat::Checkpoint),
            ("/witness/sign-subtree", CosignWhat::Subtree),
        ] {
            let answer = async {
                let request = requests.recv().await.expect("a request");
                assert_eq!((request.what, request.body.as_slice()), (what, &b"the body"[..]));
                request.reply.send(reply.clone()).expect("somebody waits");
            };
            let (response, ()) = tokio::join!(post(&node, path, "the body"), answer);
            assert_eq!((response.status().as_u16(), content_type(&response).as_str()), (status, kind));
            match kind {
                "application/problem+json" => assert_eq!(json(response).await["code"], body),
                _ => assert_eq!(String::from_utf8(bytes(response).await).expect("text"), body),
            }
        }
    }
}

#[tokio::test]
async fn floods_and_giants_are_turned_away() {
    let (node, requests) = cosigning();
    let large = post(&node, "/witness/add-checkpoint", vec![b'x'; (256 << 10) + 1]).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Room for one, and nobody takes it.
    let first = post(&node, "/witness/add-checkpoint", "1");
    let second = async {
        tokio::task::yield_now().await;
        let busy = post(&node, "/witness/add-checkpoint", "2").await;
        assert_eq!((busy.status().as_u16(), busy.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
        drop(requests);
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(json(first).await["code"], "stopping", "its question was dropped with the witness");
}

#[tokio::test]
async fn a_monitor_reads_what_was_cosigned() {
    let (node, _requests) = cosigning();
    let path = |origin: &[u8]| format!("/witness/{}/checkpoint", sha256(origin));
    assert_eq!(text(&node, &path(b"log.example/a")).await, (StatusCode::OK, "the note\n".to_owned()));
    for (path, code) in [
        (path(b"log.example/b"), "witness_nothing_cosigned"),
        (path(b"log.example/c"), "witness_origin_unknown"),
        ("/witness/x/checkpoint".to_owned(), "witness_origin_unknown"),
        (
            path(b"log.example/a")
                .to_uppercase()
                .replace("/WITNESS/", "/witness/")
                .replace("CHECKPOINT", "checkpoint"),
            "witness_origin_unknown",
        ),
    ] {
        let (status, problem) = node.get(&path).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some(code)), "{path}");
    }
    let (_, answer) = node.get("/v1/witness").await;
    let answer: WitnessAnswer = serde_json::from_value(answer).expect("the shape");
    let cosigns = answer.cosigns.expect("a witness");
    assert_eq!((cosigns.name.as_str(), cosigns.logs.len()), ("w.example", 2));
    assert_eq!(cosigns.logs.iter().filter(|log| log.size.is_some()).count(), 1);
}

#[tokio::test]
async fn a_node_that_is_no_witness_says_so() {
    let node = Node::new();
    for path in ["/witness/add-checkpoint", "/witness/sign-subtree"] {
        assert_eq!(json(post(&node, path, "x").await).await["code"], "witness_off");
    }
    let (status, problem) = node.get(&format!("/witness/{}/checkpoint", sha256(b"a"))).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (404, Some("witness_off")));
    let (_, answer) = node.get("/v1/witness").await;
    assert!(answer["cosigns"].is_null() && answer["witnesses"] == serde_json::json!([]), "{answer}");
}

/// One outside who cosigns.
struct Someone(SecretKey);

impl Someone {
    fn key(&self) -> NoteKey {
        let name = KeyName::parse("w.example").expect("a name");
        NoteKey::new(name, SignatureType::CosignatureEd25519, self.0.public().clone()).expect("ed25519")
    }

    fn line(&self, note: &str) -> String {
        let text = CheckpointText::parse(Note::parse(note).expect("a note").text()).expect("a checkpoint");
        let signature = self.0.sign(&cosignature_v1_message(1_790_000_000, &text.to_string()));
        let signature = [&1_790_000_000_u64.to_be_bytes()[..], signature.as_bytes()].concat();
        let key = self.key();
        NoteSignature { name: key.name().clone(), key_id: key.id(), signature }.to_string()
    }
}

#[tokio::test]
async fn what_was_cosigned_outside_stands_beside_and_changes_nothing() {
    let (told, outside) = watch::channel(Arc::default());
    let witnessing = Witnessing { outside, ..Witnessing::default() };
    let node = Node::with(Setup { witnessing, ..Setup::default() });
    node.submit(&node.envelope(1), "finalized", 5_000).await;
    node.submit(&node.envelope(2), "finalized", 5_000).await;
    let before = (text(&node, "/checkpoint").await, text(&node, "/v1/entries/2/receipt").await);
    let (status, problem) = node.get("/checkpoint?witnessed=1").await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (400, Some("invalid_params")), "nobody is asked");

    let someone = Someone(SecretKey::from_seed(Scheme::Ed25519, &[77; 32]).expect("signs"));
    let (_, at_4) = node.get("/v1/checkpoints/4").await;
    let note = at_4["note"].as_str().expect("a note");
    let (line, vkey) = (someone.line(note), someone.key().to_string());
    let status = |name: &str| OutsideStatus {
        name: name.to_owned(),
        url: "http://w.example/".to_owned(),
        vkeys: vec![vkey.clone()],
        last: Some((4, 1_790_000_000)),
        failures: 0,
        fault: None,
        retry_at: None,
    };
    told.send_replace(Arc::new(Outside {
        heads: vec![WitnessedHead { size: 4, witnesses: vec!["w".to_owned()], lines: line.clone().into() }],
        witnesses: vec![status("w"), status("x")],
    }));

    assert_eq!(before, (text(&node, "/checkpoint").await, text(&node, "/v1/entries/2/receipt").await));
    assert_eq!(text(&node, "/checkpoint?witnessed=1").await, (StatusCode::OK, format!("{note}{line}")));
    let (_, receipt) = text(&node, "/v1/entries/2/receipt?witnessed=1").await;
    let receipt = Receipt::from_json(&receipt).expect("a receipt");
    let plain = Receipt::from_json(&before.1.1).expect("a receipt");
    assert_eq!(receipt.entry, plain.entry);
    let asked = Asked { threshold: Threshold::Any, keys: vec![(someone.key(), None)] };
    let both = Policy::template(&node.set, PostQuantum::Require, Some(&asked)).expect("a policy");
    let judged = |policy: &Policy, receipt: &Receipt| {
        let report = verify::verify_receipt(policy, receipt, verify::Options::default());
        report.failure().map(|(code, _)| code.as_str())
    };
    assert_eq!(judged(&both, &receipt), None);
    assert_eq!(judged(&both, &plain), Some("quorum"), "no witness");
    assert_eq!(judged(&node.policy, &plain), None);
    assert_eq!(
        judged(&node.policy, &receipt),
        Some("checkpoint_signatures"),
        "a key the policy does not know"
    );

    for (path, status, code) in [
        ("/checkpoint?witnessed=0", 400, "invalid_params"),
        ("/checkpoint?witnessed=3", 400, "invalid_params"),
        ("/checkpoint?witnessed=x", 400, "invalid_params"),
        ("/checkpoint?witnessed=2", 404, "not_witnessed"),
        ("/v1/entries/2/receipt?witnessed=1&size=4", 400, "invalid_params"),
        // The second submission stands at 4, which no witnessed checkpoint covers yet.
        ("/v1/entries/4/receipt?witnessed=1", 404, "not_witnessed"),
        ("/v1/entries/99/receipt?witnessed=1", 404, "entry_unknown"),
    ] {
        let (found, problem) = node.get(path).await;
        assert_eq!((found.as_u16(), problem["code"].as_str()), (status, Some(code)), "{path}");
    }
}
