//! What is public and what is not: reads of committed records are open, unless their tenant's are private.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Scheme, sha256};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::fresh;
use crate::issuers::Issuer;
use crate::net::{ACME, GLOBEX, OPERATOR, READER, Reply, VAULT, net};
use crate::qwed::text;
use crate::settled::number;

/// One record of each kind, of one tenant, written through the first node.
struct Records {
    session: String,
    attestation: String,
    token: String,
    proof: String,
    entry: String,
    index: u64,
    artifact: String,
}

async fn written(key: &str, name: &str) -> Records {
    let post = async |path: &str, body: Value| net().post(0, path, key, &body).await;
    let intent =
        json!({ "text": name, "target_p95_latency_ms": 120, "target_jitter_ms": 25, "duration_s": 15 });
    let session = text(&post("/intent", intent).await.expect(200), "session_id").to_owned();
    let sample = json!({ "session_id": session, "n": 20, "p50_ms": 1.0, "p95_ms": 2.0, "jitter_ms": 3.0 });
    post("/telemetry", sample).await.expect(200);
    post(&format!("/proof/{session}/finalize"), json!({})).await.expect(200);
    let mut asked = crate::qwed::asked(name);
    asked["query"] = json!("5*5=25");
    let issued = post("/v1/attestations", asked).await.expect(201);
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = post("/v1/proofs", issuer.posted(&issuer.whole(name, None))).await.expect(200);
    let bytes = format!("{name} {}", fresh());
    let commit = json!({ "type": "artifact.commit", "address": sha256(bytes.as_bytes()).to_string() });
    let commit = json!({ "operation": commit, "wait": "committed", "timeout_ms": 60_000 });
    let artifact = text(&post("/v1/entries", commit).await.expect(201), "id").to_owned();
    let put = net().ask(0, Method::POST, &format!("/v1/artifacts/{artifact}/bytes")).bearer(key);
    let put = put.header("content-type", "application/octet-stream").raw(bytes).send().await;
    assert_eq!(put.status, 201, "{}", put.text);
    Records {
        session,
        attestation: text(&issued, "jti").to_owned(),
        token: text(&issued, "token").to_owned(),
        proof: text(&told, "proof_id").to_owned(),
        entry: text(&told, "tx_hash").to_owned(),
        index: number(&told["index"]),
        artifact,
    }
}

/// A question about a record, by whoever may ask the route at all.
struct Question {
    verb: Method,
    path: String,
    accept: &'static str,
    body: Option<Value>,
}

impl Question {
    async fn ask(&self, node: usize, key: Option<&str>) -> Reply {
        let ask = net().ask(node, self.verb.clone(), &self.path).header("accept", self.accept);
        let ask = key.into_iter().fold(ask, |ask, key| ask.bearer(key));
        self.body.iter().fold(ask, |ask, body| ask.json(body)).send().await
    }
}

/// Every way to read a record by a name.
fn questions(of: &Records) -> Vec<Question> {
    let get = |path: String| Question { verb: Method::GET, path, accept: "*/*", body: None };
    let accepting = |path: String, accept| Question { accept, ..get(path) };
    let post = |path: String, body| Question { verb: Method::POST, body: Some(body), ..get(path) };
    let call = |method: &str, params: Value| {
        post("/".to_owned(), json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    };
    let Records { session, attestation, token: _, proof, entry, index, artifact } = of;
    vec![
        get(format!("/proof/{session}")),
        get(format!("/proof/{session}/verify")),
        post(format!("/proof/{session}/verify"), json!({})),
        get(format!("/proof/{session}/bundle")),
        get(format!("/artifacts/{session}/artifact.json")),
        get(format!("/artifacts/{session}/artifact_v1.json")),
        call("proof_verify", json!({ "session_id": session })),
        get(format!("/v1/attestations/{attestation}")),
        accepting(format!("/v1/attestations/{attestation}"), "application/qwed-attestation+jwt"),
        get(format!("/badge/attestation/{attestation}")),
        get(format!("/v1/proofs/{proof}")),
        get(format!("/v1/proofs/{proof}/verify")),
        post(format!("/v1/proofs/{proof}/verify"), json!({})),
        get(format!("/v1/proofs/{proof}/merkle-proof")),
        call("proof", json!({ "id": proof })),
        get(format!("/v1/entries/{entry}")),
        get(format!("/v1/entries/{index}")),
        get(format!("/v1/entries/{entry}/receipt")),
        get(format!("/v1/entries/{index}/receipt?format=bundle")),
        accepting(format!("/v1/entries/{entry}/receipt"), "application/cose"),
        get(format!("/entries/{entry}")),
        call("ledger_get", json!({ "id": entry })),
        call("ledger_receipt", json!({ "index": index })),
        call("tx", json!({ "hash": entry })),
        get(format!("/v1/artifacts/{artifact}")),
        call("artifact_get", json!({ "id": artifact })),
    ]
}

/// An answer without the name that was asked for, and whether it says that there is nothing.
fn nameless(reply: &Reply, of: &Records) -> (u16, String) {
    let index = of.index.to_string();
    let names = [&of.session, &of.attestation, &of.proof, &of.entry, &of.artifact, &index];
    (
        reply.status,
        names.into_iter().fold(reply.text.clone(), |text, name| text.replace(name.as_str(), "NAME")),
    )
}

fn is_shown(reply: &Reply) -> bool {
    reply.status == 200 && reply.json()["error"].is_null()
}

#[tokio::test]
async fn x09_public_records_are_open_and_private_ones_are_not_there() {
    let (open, hidden) = (written(ACME, "x09-open").await, written(VAULT, "x09-hidden").await);
    // As many names that nobody has given; the index is far beyond the log.
    let nobodys = Records {
        session: "00000000-0000-4000-8000-000000000009".to_owned(),
        attestation: format!("att_{}", "0".repeat(hidden.attestation.len() - 4)),
        token: String::new(),
        proof: format!("proof:{}", "0".repeat(64)),
        entry: "0".repeat(64),
        index: 99_999_999_999,
        artifact: "9".repeat(64),
    };
    for node in [0, 2] {
        // What is public is there for everybody, what is private for its tenant and the operator.
        for (records, key) in
            [(&open, None), (&hidden, Some(VAULT)), (&hidden, Some(OPERATOR)), (&open, Some(GLOBEX))]
        {
            for question in questions(records) {
                let begun = Instant::now();
                let mut reply = question.ask(node, key).await;
                while !is_shown(&reply) {
                    let late =
                        format!("{} {key:?} at {node}: {} {}", question.path, reply.status, reply.text);
                    assert!(begun.elapsed() < crate::net::PATIENCE, "{late}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    reply = question.ask(node, key).await;
                }
                let kept = reply.header("cache-control").unwrap_or_default();
                assert!(key.is_none() || kept == "no-store", "{}: {kept}", question.path);
            }
        }
        // For everybody else it is as if it had never been.
        for (question, unknown) in questions(&hidden).iter().zip(questions(&nobodys)) {
            for key in [None, Some("wrong"), Some(ACME), Some(GLOBEX), Some(READER)] {
                let (found, none) = (question.ask(node, key).await, unknown.ask(node, key).await);
                assert_eq!(nameless(&found, &hidden), nameless(&none, &nobodys), "{} {key:?}", question.path);
                assert!(!is_shown(&found), "{} {key:?}: {}", question.path, found.text);
                assert!(
                    found.status == 404 || !found.json()["error"].is_null(),
                    "{} {}",
                    question.path,
                    found.status
                );
            }
        }
        sessions(node, &hidden, &nobodys).await;
        attestations(node, &hidden, &nobodys).await;
        proofs(node, &hidden, &nobodys, &open).await;
        log(node, &hidden).await;
    }
    let bytes = format!("/v1/artifacts/{}/bytes", hidden.artifact);
    assert_eq!(net().get(0, &bytes).await.status, 404);
    assert_eq!(net().ask(0, Method::GET, &bytes).bearer(VAULT).send().await.status, 200);
    // Nor does another tenant end what it cannot see, though one key of the node signs for both.
    let erase = |id: &str| json!({ "operation": { "type": "retention.tombstone", "artifact": id } });
    let found = net().post(0, "/v1/entries", GLOBEX, &erase(&hidden.artifact)).await;
    let none = net().post(0, "/v1/entries", GLOBEX, &erase(&nobodys.artifact)).await;
    assert_eq!(
        (found.status, &found.json()["reason"]),
        (none.status, &none.json()["reason"]),
        "{}",
        found.text
    );
    assert_eq!(net().ask(0, Method::GET, &bytes).bearer(VAULT).send().await.status, 200);
}

/// Sessions want a credential whoever asks, and another's is not there; it even takes as long.
async fn sessions(node: usize, hidden: &Records, nobodys: &Records) {
    let ask = async |verb: Method, path: String, key: &'static str| {
        let begun = Instant::now();
        (net().ask(node, verb, &path).bearer(key).send().await, begun.elapsed())
    };
    for key in [ACME, GLOBEX] {
        for (verb, end) in [(Method::GET, ""), (Method::DELETE, ""), (Method::POST, "/finalize")] {
            let path = |of: &Records| match end {
                "" => format!("/sessions/{}", of.session),
                end => format!("/proof/{}{end}", of.session),
            };
            let (found, took) = ask(verb.clone(), path(hidden), key).await;
            let (none, wanted) = ask(verb.clone(), path(nobodys), key).await;
            assert_eq!(nameless(&found, hidden), nameless(&none, nobodys), "{verb} {end} {key}");
            assert_eq!(found.status, 404, "{}", found.text);
            // Both are looked for again for a second.
            assert!(end.is_empty() || took.min(wanted) > Duration::from_millis(900), "{took:?} {wanted:?}");
        }
        let listed = ask(Method::GET, "/sessions".to_owned(), key).await.0.expect(200);
        assert!(!listed.to_string().contains(&hidden.session));
    }
    assert_eq!(ask(Method::GET, format!("/sessions/{}", hidden.session), VAULT).await.0.status, 200);
    assert_eq!(net().get(node, &format!("/sessions/{}", hidden.session)).await.status, 401);
}

/// A token that is shown is judged as one that the ledger does not hold.
async fn attestations(node: usize, hidden: &Records, nobodys: &Records) {
    let verify = async |key: Option<&'static str>| {
        let ask = net().ask(node, Method::POST, "/v1/attestations/verify");
        let ask = key.into_iter().fold(ask, |ask, key| ask.bearer(key));
        ask.json(&json!({ "token": hidden.token })).send().await.expect(200)
    };
    for key in [None, Some(ACME)] {
        let told = verify(key).await;
        assert_eq!((&told["valid"], &told["code"]), (&json!(false), &json!("ATT-008")), "{told}");
        assert_eq!((&told["anchor"], &told["lifecycle"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(verify(Some(VAULT)).await["valid"], true);
    let revoke = async |of: &Records| {
        net().post(node, &format!("/v1/attestations/{}/revoke", of.attestation), GLOBEX, &json!({})).await
    };
    assert_eq!(nameless(&revoke(hidden).await, hidden), nameless(&revoke(nobodys).await, nobodys));
}

/// Many at once, and lists.
async fn proofs(node: usize, hidden: &Records, nobodys: &Records, open: &Records) {
    let many = async |of: &Records, key: &str| {
        let ids = json!({ "proof_ids": [open.proof, of.proof] });
        net().post(node, "/v1/proofs/batch-verify", key, &ids).await.expect(200)["proofs"].clone()
    };
    let (found, none) = (many(hidden, READER).await, many(nobodys, READER).await);
    assert_eq!((&found[0]["verified"], &found[1]["error"]), (&json!(true), &none[1]["error"]), "{found}");
    assert_eq!(found[1].as_object().map(|it| it.len()), none[1].as_object().map(|it| it.len()));
    assert_eq!(many(hidden, VAULT).await[1]["verified"], true);
    // Page by page, all of them: other tests tell more than one page holds.
    let listed = async |key: Option<&'static str>| {
        // It may count more by the time it is asked.
        let mut before = number(&net().get(node, "/health").await.expect(200)["proofs"]) + 1_000;
        let mut all = String::new();
        while before > 0 {
            let ask = net().ask(node, Method::GET, &format!("/v1/proofs?limit=1000&before={before}"));
            let page = key.into_iter().fold(ask, |ask, key| ask.bearer(key)).send().await;
            all += &page.expect(200).to_string();
            before = before.saturating_sub(1_000);
        }
        (all.contains(&open.proof), all.contains(&hidden.proof))
    };
    assert_eq!((listed(None).await, listed(Some(GLOBEX)).await), ((true, false), (true, false)));
    assert_eq!((listed(Some(VAULT)).await, listed(Some(OPERATOR)).await), ((true, true), (true, true)));
}

/// The log's own doors: what is found by a search, and what stands in its files.
async fn log(node: usize, hidden: &Records) {
    let search = async |more: &str, key: Option<&'static str>| {
        let ask = net().ask(node, Method::GET, &format!("/v1/search?id={}{more}", hidden.entry));
        key.into_iter().fold(ask, |ask, key| ask.bearer(key)).send().await
    };
    for key in [None, Some(ACME)] {
        assert_eq!(search("", key).await.expect(200)["entries"], json!([]));
        assert_eq!(search("&prove=true", key).await.status, 404, "what is proven would have to be shown");
    }
    for more in ["", "&prove=true"] {
        let found = search(more, Some(VAULT)).await.expect(200);
        assert_eq!(found["entries"][0]["id"], hidden.entry, "{found}");
    }
    // The bundle of 256 leaves in which it stands is not given out; the hashes that prove the log are.
    let status = net().get(node, "/v1/status").await.expect(200);
    let width = (number(&status["checkpoint_size"]) - hidden.index / 256 * 256).min(256);
    let n = hidden.index / 256;
    let name = match width {
        256 => format!("{n:03}"),
        width => format!("{n:03}.p/{width}"),
    };
    let leaf = async |key: Option<&'static str>| {
        let ask = net().ask(node, Method::GET, &format!("/tile/entries/{name}"));
        key.into_iter().fold(ask, |ask, key| ask.bearer(key)).send().await
    };
    for key in [None, Some(ACME), Some(VAULT)] {
        // Others' private leaves may stand beside the caller's own.
        let reply = leaf(key).await;
        assert!(reply.status == 404 || key == Some(VAULT), "{key:?}: {}", reply.status);
    }
    let whole = leaf(Some(OPERATOR)).await;
    assert_eq!((whole.status, whole.header("cache-control")), (200, Some("no-store")));
    assert_eq!(net().get(node, &format!("/tile/0/{name}")).await.status, 200);
    let entry =
        net().ask(node, Method::GET, &format!("/v1/entries/{}", hidden.entry)).bearer(VAULT).send().await;
    assert!(STANDARD.decode(text(&entry.expect(200), "entry")).is_ok());
}
