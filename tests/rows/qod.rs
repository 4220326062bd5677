//! Quality-on-demand proofs: made through one node, checked at another, and by nothing that this project has written where a
//! stranger must be able to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use crypto::{PublicKey, Scheme, Signature, sha256};
use reqwest::Method;
use serde_json::{Value, json};

use crate::net::{ACME, GLOBEX, READER, Reply, net};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn intent(target_p95_latency_ms: u64) -> Value {
    json!({
        "text": "café ☕, low delay", "target_p95_latency_ms": target_p95_latency_ms, "target_jitter_ms": 25,
        "duration_s": 15, "flow_label": "demo-flow",
    })
}

pub async fn opened(node: usize, target: u64) -> String {
    let answer = net().post(node, "/intent", ACME, &intent(target)).await.expect(200);
    answer["session_id"].as_str().expect("a session").to_owned()
}

pub fn sample(sid: &str, p50: f64, p95: f64, jitter: f64) -> Value {
    json!({ "session_id": sid, "n": 20, "p50_ms": p50, "p95_ms": p95, "jitter_ms": jitter, "notes": "wifi" })
}

pub async fn sampled(node: usize, sid: &str, p50: f64, p95: f64, jitter: f64) {
    net().post(node, "/telemetry", ACME, &sample(sid, p50, p95, jitter)).await.expect(200);
}

pub async fn finalize(node: usize, sid: &str) -> Reply {
    net().ask(node, Method::POST, &format!("/proof/{sid}/finalize")).bearer(ACME).send().await
}

/// Finalizes one session at each node, at the same time.
pub async fn at_once([a, b, c, d]: [&str; 4]) -> [Reply; 4] {
    tokio::join!(finalize(0, a), finalize(1, b), finalize(2, c), finalize(3, d)).into()
}

/// What a node answers once it has the proof too.
pub async fn get(node: usize, path: &str) -> Reply {
    net().until(node, path, |reply| reply.status == 200).await
}

/// A session with one sample, finalized at a node.
pub async fn proven(node: usize, target: u64, p95: f64) -> (String, Value) {
    let sid = opened(node, target).await;
    sampled(node, &sid, 1.0, p95, 2.0).await;
    let record = finalize(node, &sid).await.expect(200);
    (sid, record)
}

pub async fn bundle(node: usize, sid: &str) -> Value {
    get(node, &format!("/proof/{sid}/bundle")).await.json()
}

pub async fn judged(node: usize, sid: &str, record: &Value) -> Value {
    get(node, &format!("/proof/{sid}")).await;
    net().ask(node, Method::POST, &format!("/proof/{sid}/verify")).json(record).send().await.expect(200)
}

/// The canonical text of a member, cut out of an answer that is canonical as a whole.
pub fn member<'a>(text: &'a str, name: &str, next: &str) -> &'a str {
    let begin = text.find(&format!("\"{name}\":")).expect("the member") + name.len() + 3;
    let end = begin + text[begin..].find(&format!(",\"{next}\":")).expect("the one after it");
    &text[begin..end]
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn is_hash(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

pub fn seal_holds(jwks: &Value, kid: &Value, signature: &Value, message: &[u8]) -> bool {
    let keys = jwks["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == *kid).expect("the key is published");
    let x = BASE64.decode(key["x"].as_str().expect("a key")).expect("base64url");
    let key = PublicKey::parse(Scheme::Ed25519, &x).expect("a key of Ed25519");
    let bytes = BASE64.decode(signature.as_str().expect("a seal")).expect("base64url without padding");
    key.verify(message, &Signature::parse(Scheme::Ed25519, &bytes).expect("64 bytes")).is_ok()
}

fn quorate(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.env_remove("QUORATE_URL").env_remove("QUORATE_TOKEN").args(args).output().expect("it runs")
}

async fn command(args: Vec<String>) -> (i32, String) {
    let run = move || quorate(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.expect("it runs");
    (output.status.code().expect("an exit code"), String::from_utf8(output.stdout).expect("text"))
}

fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rows-qod-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

#[tokio::test]
async fn q01_an_intent_opens_a_session() {
    let long = |count: usize| Value::from("é".repeat(count));
    net().post(0, "/intent", ACME, &intent(120)).await.expect(200);
    let mut unlabelled = intent(120);
    unlabelled.as_object_mut().expect("an object").remove("flow_label");
    let sid = net().post(0, "/intent", ACME, &unlabelled).await.expect(200)["session_id"].clone();
    let path = format!("/sessions/{}", sid.as_str().expect("a text"));
    let session = net().ask(0, Method::GET, &path).bearer(ACME).send().await.expect(200);
    assert_eq!(session["intent"]["flow_label"], "demo-flow");
    for (name, value, status) in [
        ("text", long(5_000), 200),
        ("text", long(5_001), 422),
        ("text", json!(""), 422),
        ("text", json!(7), 422),
        ("target_p95_latency_ms", json!(0), 422),
        ("target_p95_latency_ms", json!(60_000), 200),
        ("target_p95_latency_ms", json!(60_001), 422),
        ("target_p95_latency_ms", json!("120"), 422),
        ("target_jitter_ms", json!(0), 200),
        ("target_jitter_ms", json!(60_001), 422),
        ("target_jitter_ms", json!(-1), 422),
        ("duration_s", json!(0), 422),
        ("duration_s", json!(86_401), 422),
        ("flow_label", json!(""), 422),
        ("flow_label", long(201), 422),
        ("colour", json!("red"), 422),
    ] {
        let mut body = intent(120);
        body[name] = value;
        let reply = net().post(0, "/intent", ACME, &body).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text);
        let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(status == 200 || detail.contains(name), "{name}: {detail}");
    }
    for name in ["text", "target_p95_latency_ms", "target_jitter_ms", "duration_s"] {
        let mut body = intent(120);
        body.as_object_mut().expect("an object").remove(name);
        net().post(0, "/intent", ACME, &body).await.expect(422);
    }
    for body in ["", "[]", "{\"text\":", "null"] {
        let reply = net().ask(0, Method::POST, "/intent").bearer(ACME).body(body).send().await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text);
    }
}

#[tokio::test]
async fn q02_it_is_answered_with_the_session() {
    let answer = net().post(1, "/intent", ACME, &intent(120)).await.expect(200);
    assert_eq!(names(&answer), BTreeSet::from(["session_id", "qos_profile", "qos_status", "message"]));
    let sid = answer["session_id"].as_str().expect("a text");
    assert!(sid.len() == 36 && sid.as_bytes()[14] == b'4' && sid == sid.to_lowercase(), "{sid}");
    assert_eq!(
        (&answer["qos_profile"], &answer["qos_status"]),
        (&json!("QOS_BALANCED"), &json!("REQUESTED"))
    );
    assert_ne!(opened(1, 120).await, sid);
}

#[tokio::test]
async fn q03_the_target_decides_the_profile() {
    for (target, profile) in [
        (1, "QOS_LOW_LATENCY"),
        (50, "QOS_LOW_LATENCY"),
        (51, "QOS_BALANCED"),
        (150, "QOS_BALANCED"),
        (151, "QOS_BEST_EFFORT"),
        (60_000, "QOS_BEST_EFFORT"),
    ] {
        let answer = net().post(2, "/intent", ACME, &intent(target)).await.expect(200);
        assert_eq!(answer["qos_profile"], profile, "{target}");
    }
}

#[tokio::test]
async fn q04_telemetry_is_stored() {
    let sid = opened(0, 120).await;
    let reply = net().post(3, "/telemetry", ACME, &sample(&sid, 10.5, 20.25, 0.0)).await;
    assert_eq!(reply.expect(200), json!({ "status": "stored" }));
    net().post(0, "/telemetry", ACME, &sample(UNKNOWN, 1.0, 2.0, 3.0)).await.expect(404);
    net().post(0, "/telemetry", ACME, &sample("no-uuid", 1.0, 2.0, 3.0)).await.expect(422);
    net().post(0, "/telemetry", ACME, &sample(&sid, 2.0, 1.999, 3.0)).await.expect(422);
    net().post(0, "/telemetry", ACME, &sample(&sid, 2.0, 2.0, 3.0)).await.expect(200);
    for (name, value) in [
        ("n", json!(0)),
        ("n", json!(100_001)),
        ("n", json!(1.5)),
        ("p50_ms", json!(-0.1)),
        ("p95_ms", json!(60_000.001)),
        ("jitter_ms", json!(60_001)),
        ("jitter_ms", json!("1")),
        ("notes", json!("x".repeat(501))),
        ("colour", json!("red")),
    ] {
        let mut body = sample(&sid, 1.0, 2.0, 3.0);
        body[name] = value;
        let reply = net().post(0, "/telemetry", ACME, &body).await;
        assert_eq!(reply.status, 422, "{name}: {}", reply.text);
    }
    // Another tenant's session is not there.
    net().post(0, "/telemetry", GLOBEX, &sample(&sid, 1.0, 2.0, 3.0)).await.expect(404);
    // The same request, sent again, is the same sample.
    for _ in 0..2 {
        let ask = net().ask(0, Method::POST, "/telemetry").bearer(ACME).header("x-request-id", "sample-3");
        ask.json(&sample(&sid, 30.0, 60.0, 0.0)).send().await.expect(200);
    }
    let record = finalize(0, &sid).await.expect(200);
    assert_eq!(record["proof"]["measured_outcomes"]["samples_count"], 3);
}

#[tokio::test]
async fn q05_samples_accumulate_and_all_are_used() {
    let sid = opened(0, 120).await;
    for (node, (p50, p95)) in [(42.0, 90.0), (42.0, 100.0), (43.0, 110.0)].into_iter().enumerate() {
        // Each through a node of its own.
        sampled(node, &sid, p50, p95, 11.0).await;
    }
    let record = finalize(3, &sid).await;
    let outcomes = &record.json()["proof"]["measured_outcomes"];
    assert_eq!(
        *outcomes,
        json!({ "samples_count": 3, "avg_p50_ms": 42.33, "avg_p95_ms": 100.0, "avg_jitter_ms": 11.0 })
    );
    assert!(record.text.contains("\"avg_p95_ms\":100.0,"), "a float stays one: {}", record.text);
}

#[tokio::test]
async fn q06_finalize_makes_the_record_once() {
    finalize(0, "no-uuid").await.expect(422);
    finalize(0, UNKNOWN).await.expect(404);
    let sid = opened(0, 120).await;
    finalize(0, &sid).await.expect(400);
    sampled(0, &sid, 1.0, 2.0, 3.0).await;
    let first = finalize(0, &sid).await;
    let record = first.expect(200);
    assert_eq!(names(&record), BTreeSet::from(["prev_hash", "this_hash", "signature", "kid", "proof"]));
    assert_eq!(finalize(0, &sid).await.text, first.text, "once more is the same record");
    // Changed telemetry comes too late.
    net().post(1, "/telemetry", ACME, &sample(&sid, 5.0, 6.0, 7.0)).await.expect(409);
    let again = finalize(1, &sid).await.expect(200);
    assert_eq!((&again["this_hash"], &again["proof"]), (&record["this_hash"], &record["proof"]));
    // Asked for at all nodes at once, it is one record.
    let sid = opened(2, 120).await;
    sampled(2, &sid, 1.0, 2.0, 3.0).await;
    get_session(&sid).await;
    let all = at_once([&sid, &sid, &sid, &sid]).await;
    let hashes: BTreeSet<String> =
        all.iter().map(|reply| reply.expect(200)["this_hash"].as_str().expect("a hash").to_owned()).collect();
    assert_eq!(hashes.len(), 1);
}

/// Waits until every node knows a session with its sample.
async fn get_session(sid: &str) {
    for node in 0..4 {
        loop {
            let ask = net().ask(node, Method::GET, &format!("/sessions/{sid}")).bearer(ACME);
            let reply = ask.send().await;
            if reply.status == 200 && reply.json()["samples_count"] != 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn q07_proof_artifact_and_entry_come_together() {
    let sid = opened(0, 120).await;
    sampled(0, &sid, 1.0, 2.0, 3.0).await;
    let paths = [
        format!("/proof/{sid}"),
        format!("/proof/{sid}/bundle"),
        format!("/proof/{sid}/verify"),
        format!("/artifacts/{sid}/artifact.json"),
        format!("/artifacts/{sid}/artifact_v1.json"),
    ];
    for path in &paths {
        net().get(0, path).await.expect(404);
    }
    let record = finalize(0, &sid).await.expect(200);
    for node in 0..4 {
        get(node, &paths[0]).await;
        for path in &paths {
            net().get(node, path).await.expect(200);
        }
        assert_eq!(net().get(node, &paths[0]).await.json()["this_hash"], record["this_hash"]);
    }
}

#[tokio::test]
async fn q08_the_proof_carries_what_was_asked_and_what_was_had() {
    let (sid, record) = proven(1, 120, 100.0).await;
    let proof = &record["proof"];
    let members =
        ["session_id", "requested", "provider_observed", "measured_outcomes", "artifacts", "created_at"];
    assert_eq!(names(proof), BTreeSet::from(members));
    assert_eq!(proof["session_id"], sid);
    assert_eq!(proof["requested"], json!({ "intent": intent(120), "qos_profile": "QOS_BALANCED" }));
    assert_eq!(
        names(&proof["provider_observed"]),
        BTreeSet::from(["qos_status_at_finalize", "provider_note"])
    );
    let status = proof["provider_observed"]["qos_status_at_finalize"].as_str().expect("a text");
    assert!(matches!(status, "REQUESTED" | "AVAILABLE"), "{status}");
    let outcomes = ["samples_count", "avg_p50_ms", "avg_p95_ms", "avg_jitter_ms"];
    assert_eq!(names(&proof["measured_outcomes"]), BTreeSet::from(outcomes));
    assert_eq!(proof["artifacts"]["runtime_artifact_relpath"], format!("{sid}/artifact.json"));
    assert!(is_hash(&proof["artifacts"]["runtime_artifact_sha256"]));
    let created = proof["created_at"].as_str().expect("a text");
    assert!(
        created.starts_with("20") && created.ends_with('Z') && created.as_bytes()[10] == b'T',
        "{created}"
    );
}

#[tokio::test]
async fn q09_the_artifact_has_the_hash_that_the_proof_claims() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let artifact = get(2, &format!("/artifacts/{sid}/artifact.json")).await;
    let claimed = &record["proof"]["artifacts"]["runtime_artifact_sha256"];
    // What is served is canonical, so the file itself has the hash.
    assert_eq!(*claimed, sha256(artifact.text.as_bytes()).to_string());
}

#[tokio::test]
async fn q10_a_link_hashes_the_link_before_and_the_proof() {
    let (sid, _) = proven(0, 120, 100.0).await;
    let text = get(3, &format!("/proof/{sid}")).await.text;
    let record: Value = serde_json::from_str(&text).expect("JSON");
    let previous = record["prev_hash"].as_str().expect("a text");
    let own = format!(",\"session_id\":\"{sid}\"");
    let proof = member(&text, "proof", "signature").strip_suffix(&own).expect("the record's own id");
    assert!(proof.contains("café ☕"), "letters stand as they are: {proof}");
    assert_eq!(record["this_hash"], sha256(format!("{previous}|{proof}").as_bytes()).to_string());
    assert!(previous == "GENESIS" || is_hash(&record["prev_hash"]), "{previous}");
}

#[tokio::test]
async fn q11_all_proofs_are_one_chain() {
    let mut sessions = Vec::new();
    for node in 0..4 {
        let sid = opened(node, 120).await;
        sampled(node, &sid, 1.0, 2.0, 3.0).await;
        sessions.push(sid);
    }
    let [a, b, c, d] = &sessions[..] else { panic!("one a node") };
    let made = at_once([a, b, c, d]).await;
    let previous: BTreeSet<String> = made
        .iter()
        .map(|reply| reply.expect(200)["prev_hash"].as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(previous.len(), 4, "no two stand behind the same one");
    for (sid, reply) in sessions.iter().zip(&made) {
        for node in 0..4 {
            get(node, &format!("/proof/{sid}")).await;
            let verdict = net().get(node, &format!("/proof/{sid}/verify")).await.expect(200);
            assert_eq!(verdict["chain_continuity_verified"], true);
            let expected = &verdict["expected_prev_this_hash"];
            let (genesis, found) = (expected.is_null(), &reply.json()["prev_hash"]);
            assert!(if genesis { *found == "GENESIS" } else { found == expected }, "{expected} {found}");
        }
    }
    // One after the other is one behind the other, unless somebody else came between.
    let (_, first) = proven(0, 120, 1.0).await;
    let (sid, second) = proven(1, 120, 1.0).await;
    assert_ne!(first["prev_hash"], second["prev_hash"]);
    assert_ne!(first["this_hash"], second["this_hash"]);
    assert_eq!(net().get(1, &format!("/proof/{sid}/verify")).await.json()["verified"], true);
}

#[tokio::test]
async fn q12_the_hash_is_sealed_as_text() {
    let (_, record) = proven(2, 120, 100.0).await;
    let jwks = get(0, "/.well-known/jwks.json").await.json();
    let (hash, seal) =
        (record["this_hash"].as_str().expect("a hash"), record["signature"].as_str().expect("a seal"));
    assert!(seal.len() == 86 && !seal.contains(['=', '+', '/']), "{seal}");
    assert!(seal_holds(&jwks, &record["kid"], &record["signature"], hash.as_bytes()));
    let raw = hex::decode(hash).expect("hex");
    assert!(!seal_holds(&jwks, &record["kid"], &record["signature"], &raw), "not the 32 bytes");
}

#[tokio::test]
async fn q13_the_stored_record_is_given_to_anybody() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let stored = net().get(0, &format!("/proof/{sid}")).await.expect(200);
    let members = ["session_id", "created_at", "prev_hash", "this_hash", "signature", "kid", "proof"];
    assert_eq!(names(&stored), BTreeSet::from(members));
    for name in ["prev_hash", "this_hash", "signature", "kid", "proof"] {
        assert_eq!(stored[name], record[name], "{name}");
    }
    assert!(stored["created_at"].as_f64().is_some_and(|time| time > 1.7e9 && time < 1e11));
    assert_eq!(net().get(0, &format!("/proof/{}", sid.to_uppercase())).await.status, 200);
    net().get(0, &format!("/proof/{UNKNOWN}")).await.expect(404);
    let open = opened(0, 120).await;
    net().get(0, &format!("/proof/{open}")).await.expect(404);
    net().get(0, "/proof/no-uuid").await.expect(422);
}

#[tokio::test]
async fn q14_verify_says_all_that_it_looked_at() {
    let (sid, record) = proven(0, 120, 100.0).await;
    get(1, &format!("/proof/{sid}")).await;
    let verdict = net().get(1, &format!("/proof/{sid}/verify")).await.expect(200);
    let members = [
        "session_id",
        "verified",
        "reason",
        "signature_verified",
        "ledger_hash_verified",
        "runtime_artifact_verified",
        "chain_continuity_verified",
        "signature_reason",
        "kid",
        "proof_prev_hash",
        "expected_prev_this_hash",
        "proof_this_hash_stored",
        "proof_this_hash_computed",
        "proof_signature_stored",
        "proof_created_at",
        "claimed_runtime_sha256",
        "computed_runtime_sha256",
    ];
    assert_eq!(names(&verdict), BTreeSet::from(members));
    for name in ["verified", "signature_verified", "ledger_hash_verified", "runtime_artifact_verified"] {
        assert_eq!(verdict[name], true, "{name}");
    }
    assert_eq!(
        (&verdict["reason"], &verdict["proof_this_hash_computed"]),
        (&json!("ok"), &record["this_hash"])
    );
    net().get(0, &format!("/proof/{UNKNOWN}/verify")).await.expect(404);
    // By POST without a record it is the same question; by JSON-RPC too.
    let posted = net().ask(1, Method::POST, &format!("/proof/{sid}/verify")).send().await.expect(200);
    assert_eq!(posted, verdict);
    let called = net().rpc(1, "proof_verify", json!({ "session_id": sid })).await;
    assert_eq!(called["result"], verdict);
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "proof_finalize", "params": { "session_id": sid } });
    let finalized = net().ask(0, Method::POST, "/").bearer(ACME).json(&call).send().await.expect(200);
    assert_eq!(finalized["result"], record);
}

#[tokio::test]
async fn q15_four_checks_fail_each_by_itself() {
    let (sid, _) = proven(0, 120, 100.0).await;
    let good = bundle(0, &sid).await;
    let checks = [
        "runtime_artifact_verified",
        "ledger_hash_verified",
        "chain_continuity_verified",
        "signature_verified",
    ];
    type Spoil = fn(&mut Value);
    let spoilt: [(Spoil, &[&str]); 5] = [
        (|_| {}, &[]),
        (|it| it["runtime_artifact"]["measured"]["latency_ms"] = json!(1.0), &["runtime_artifact_verified"]),
        (|it| it["proof"]["requested"]["qos_profile"] = json!("QOS_LOW_LATENCY"), &["ledger_hash_verified"]),
        (|it| it["ledger"]["signature"] = json!("A".repeat(86)), &["signature_verified"]),
        (|it| it["ledger"]["kid"] = json!("nobody"), &["signature_verified"]),
    ];
    for (spoil, failing) in spoilt {
        let mut record = good.clone();
        spoil(&mut record);
        let verdict = judged(2, &sid, &record).await;
        for check in checks {
            assert_eq!(verdict[check], !failing.contains(&check), "{check} of {failing:?}");
        }
        assert_eq!(verdict["verified"], failing.is_empty());
    }
    // A true record in another's place breaks the chain and nothing else.
    let (other, _) = proven(0, 120, 100.0).await;
    let verdict = judged(2, &sid, &bundle(2, &other).await).await;
    for check in checks {
        assert_eq!(verdict[check], check != "chain_continuity_verified", "{check}");
    }
}

#[tokio::test]
async fn q16_the_first_reason_is_told() {
    let (sid, _) = proven(0, 120, 100.0).await;
    let mut record = bundle(3, &sid).await;
    assert_eq!(judged(1, &sid, &record).await["reason"], "ok");
    record["runtime_artifact"]["created_at"] = json!("then");
    assert_eq!(judged(1, &sid, &record).await["reason"], "runtime_hash_mismatch");
    // A true record elsewhere, and no artifact of its own.
    let (other, _) = proven(0, 120, 100.0).await;
    let mut moved = bundle(1, &other).await;
    moved["runtime_artifact"] = json!({});
    assert_eq!(judged(1, &sid, &moved).await["reason"], "ledger_chain_broken");
    record["ledger"]["prev_hash"] = json!("0".repeat(64));
    assert_eq!(judged(1, &sid, &record).await["reason"], "ledger_hash_mismatch");
    record["ledger"]["this_hash"] = json!("0".repeat(64));
    let verdict = judged(1, &sid, &record).await;
    assert_eq!(
        (&verdict["reason"], &verdict["signature_reason"]),
        (&json!("signature_mismatch"), &verdict["reason"])
    );
    record["ledger"]["kid"] = json!("nobody");
    assert_eq!(judged(1, &sid, &record).await["reason"], "public_key_missing");
}

#[tokio::test]
async fn q17_a_bundle_holds_all_but_keys() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let bundle = bundle(0, &sid).await;
    let members =
        ["session_id", "ledger", "proof", "runtime_artifact", "runtime_artifact_relpath", "jwks_url"];
    assert_eq!(names(&bundle), BTreeSet::from(members));
    let ledger = ["created_at", "prev_hash", "this_hash", "signature", "kid"];
    assert_eq!(names(&bundle["ledger"]), BTreeSet::from(ledger));
    assert_eq!((&bundle["ledger"]["this_hash"], &bundle["proof"]), (&record["this_hash"], &record["proof"]));
    assert_eq!(bundle["runtime_artifact_relpath"], format!("{sid}/artifact.json"));
    net().get(0, bundle["jwks_url"].as_str().expect("a path")).await.expect(200);
    net().get(0, &format!("/proof/{UNKNOWN}/bundle")).await.expect(404);
}

#[tokio::test]
async fn q18_bundle_and_keys_suffice() {
    let (sid, _) = proven(0, 120, 100.0).await;
    let text = get(2, &format!("/proof/{sid}/bundle")).await.text;
    // The keys of a node that has nothing to do with the seal.
    let jwks = net().get(3, "/.well-known/jwks.json").await.expect(200);
    let bundle: Value = serde_json::from_str(&text).expect("JSON");
    let ledger = &bundle["ledger"];
    let previous = ledger["prev_hash"].as_str().expect("a text");
    let proof = member(&text, "proof", "runtime_artifact");
    let artifact = member(&text, "runtime_artifact", "runtime_artifact_relpath");
    assert_eq!(
        bundle["proof"]["artifacts"]["runtime_artifact_sha256"],
        sha256(artifact.as_bytes()).to_string()
    );
    let hash = sha256(format!("{previous}|{proof}").as_bytes()).to_string();
    assert_eq!(ledger["this_hash"], hash);
    assert!(seal_holds(&jwks, &ledger["kid"], &ledger["signature"], hash.as_bytes()));
}

#[tokio::test]
async fn q19_keys_are_published_as_jwks() {
    let (_, record) = proven(0, 120, 100.0).await;
    let jwks = get(1, "/.well-known/jwks.json").await.json();
    let keys = jwks["keys"].as_array().expect("keys");
    let named: Vec<&Value> = keys.iter().filter(|key| key["alg"] == "EdDSA").collect();
    for key in &named {
        assert_eq!(names(key), BTreeSet::from(["kty", "crv", "alg", "use", "kid", "x"]));
        assert_eq!(
            (&key["kty"], &key["crv"], &key["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("sig"))
        );
        assert_eq!(BASE64.decode(key["x"].as_str().expect("a key")).expect("base64url").len(), 32);
    }
    let kids: Vec<&str> = named.iter().filter_map(|key| key["kid"].as_str()).collect();
    assert!(
        kids.is_sorted()
            && kids.contains(&"default")
            && kids.contains(&record["kid"].as_str().expect("a kid"))
    );
    let called = net().rpc(1, "keys_jwks", json!({})).await;
    assert_eq!(called["result"], jwks);
}

#[tokio::test]
async fn q20_checking_needs_no_credential() {
    let (sid, _) = proven(0, 120, 100.0).await;
    for path in [
        format!("/proof/{sid}"),
        format!("/proof/{sid}/verify"),
        format!("/proof/{sid}/bundle"),
        format!("/artifacts/{sid}/artifact.json"),
        "/.well-known/jwks.json".to_owned(),
        "/public-keys".to_owned(),
    ] {
        net().get(0, &path).await.expect(200);
        // Nor does a wrong one harm.
        net().ask(0, Method::GET, &path).bearer("wrong").send().await.expect(200);
    }
    let script = r#"
import sys, json, hashlib, urllib.request
base, sid = sys.argv[1:]
def get(path): return json.load(urllib.request.urlopen(base + path))
def canonical(it): return json.dumps(it, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
record, artifact = get(f"/proof/{sid}"), get(f"/artifacts/{sid}/artifact.json")
assert hashlib.sha256(canonical(artifact)).hexdigest() == record["proof"]["artifacts"]["runtime_artifact_sha256"]
link = record["prev_hash"].encode() + b"|" + canonical(record["proof"])
assert hashlib.sha256(link).hexdigest() == record["this_hash"]
"#;
    let url = net().url(0).to_owned();
    let run = move || Command::new("python3").args(["-c", script, &url, &sid]).env("no_proxy", "*").output();
    let output = tokio::task::spawn_blocking(run).await.expect("it runs").expect("python3 is here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn q21_several_keys_are_good_at_once() {
    let (sid, first) = proven(0, 120, 100.0).await;
    // Every node seals by its own key once it has made a proof; the hash is everywhere the same.
    let mut kids = BTreeSet::new();
    for node in 0..4 {
        proven(node, 120, 100.0).await;
        let record = get(node, &format!("/proof/{sid}")).await.json();
        assert_eq!(record["this_hash"], first["this_hash"]);
        kids.insert(record["kid"].as_str().expect("a kid").to_owned());
        for other in 0..4 {
            get(other, &format!("/proof/{sid}")).await;
            let verdict = net().until(other, "/public-keys", |reply| {
                reply.text.contains(record["kid"].as_str().expect("a kid"))
            });
            verdict.await;
            assert_eq!(
                judged(other, &sid, &record).await["verified"],
                true,
                "sealed at {node}, asked at {other}"
            );
        }
    }
    assert_eq!(kids.len(), 4, "{kids:?}");
    // The serving node's own is also called `default`, and only that one.
    let keys = net().get(2, "/public-keys").await.json()["keys"].clone();
    let named = |kid: &str| {
        let found = keys.as_array().expect("keys").iter().find(|key| key["kid"] == kid).expect("listed");
        found["public_key_b64url"].clone()
    };
    let own = net().get(2, &format!("/proof/{sid}")).await.json()["kid"].clone();
    assert_eq!(named("default"), named(own.as_str().expect("a kid")));
}

#[tokio::test]
async fn q22_a_proof_becomes_four_files() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let dir = scratch("files");
    let args =
        ["export", &sid, "--to", dir.to_str().expect("text"), "--url", net().url(0), "--output", "json"];
    let (code, text) = command(args.map(str::to_owned).into()).await;
    assert_eq!(code, 0, "{text}");
    let said: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(said["files"].as_array().map(Vec::len), Some(4));
    let read = |path: String| std::fs::read_to_string(dir.join(path)).expect("written");
    let artifact = read(format!("{sid}/artifact.json"));
    let claimed = &record["proof"]["artifacts"]["runtime_artifact_sha256"];
    assert_eq!(*claimed, sha256(artifact.as_bytes()).to_string());
    read(format!("{sid}/artifact_v1.json"));
    let entries = |dir: PathBuf| -> Vec<String> {
        let entries = std::fs::read_dir(dir).expect("a folder");
        entries.map(|it| it.expect("an entry").file_name().into_string().expect("text")).collect()
    };
    let proof = entries(dir.clone()).into_iter().find(|name| name.starts_with("proof_")).expect("a proof");
    let stamp = proof.strip_prefix(&format!("proof_{sid}_")).and_then(|rest| rest.strip_suffix(".json"));
    assert!(stamp.is_some_and(|stamp| stamp.len() == 15 && stamp.as_bytes()[8] == b'_'), "{proof}");
    assert_eq!(serde_json::from_str::<Value>(&read(proof)).expect("JSON"), record);
    let runs = entries(dir.join("run_summaries"));
    assert!(
        runs.len() == 1 && runs[0].starts_with("run_") && runs[0].ends_with(&format!("_{sid}.json")),
        "{runs:?}"
    );
    std::fs::remove_dir_all(dir).expect("ours");
}

#[tokio::test]
async fn q23_the_artifact_has_these_members_and_no_others() {
    let (sid, record) = proven(0, 40, 35.5).await;
    let artifact = get(1, &format!("/artifacts/{sid}/artifact.json")).await.json();
    let created = record["proof"]["created_at"].clone();
    let reasons = artifact["decision"]["reasons"].clone();
    assert!(
        reasons.as_array().is_some_and(|reasons| reasons.len() == 2 && reasons.iter().all(Value::is_string))
    );
    assert_eq!(
        artifact,
        json!({
            "schema_version": "v1", "session_id": sid, "created_at": created, "qos_profile": "turbo",
            "inputs": {
                "targets": { "max_latency_ms": 40, "min_throughput_mbps": 0.1, "min_availability_pct": 0.0 },
                "network": { "msisdn": "", "ip_address": "", "country": "" },
            },
            "measured": {
                "latency_ms": 35.5, "throughput_mbps": 0.0, "availability_pct": 100.0, "jitter_ms": 2.0,
                "packet_loss_pct": 0.0,
            },
            "decision": { "result": "pass", "reasons": reasons },
        })
    );
    for (target, profile) in [(120, "standard"), (200, "strict")] {
        let (sid, _) = proven(0, target, 10.0).await;
        assert_eq!(bundle(0, &sid).await["runtime_artifact"]["qos_profile"], profile);
    }
}

#[tokio::test]
async fn q24_the_average_decides() {
    for (target, p95s, average, result) in [
        (100, vec![100.0], "100.0", "pass"),
        (100, vec![100.004], "100.0", "pass"),
        (100, vec![100.01], "100.01", "fail"),
        // The doubles of these lie a little below the middle, in it, and a little above.
        (100, vec![2.675], "2.67", "pass"),
        (100, vec![2.125], "2.12", "pass"),
        (100, vec![2.665], "2.67", "pass"),
        (100, vec![90.0, 120.0], "105.0", "fail"),
        // Both are judged as 5,000 ms at most.
        (60_000, vec![59_000.0], "5000.0", "pass"),
    ] {
        let sid = opened(0, target).await;
        for p95 in &p95s {
            // Jitter informs, and never decides.
            sampled(0, &sid, 1.0, *p95, 50_000.0).await;
        }
        let record = finalize(0, &sid).await;
        record.expect(200);
        assert!(record.text.contains(&format!("\"avg_p95_ms\":{average},")), "{p95s:?}: {}", record.text);
        let artifact = &bundle(0, &sid).await["runtime_artifact"];
        assert_eq!(artifact["decision"]["result"], result, "{target} {p95s:?}");
        assert_eq!(artifact["inputs"]["targets"]["max_latency_ms"], target.min(5_000));
    }
}

#[tokio::test]
async fn q25_the_wrapper_holds_the_record() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let wrapper = get(0, &format!("/artifacts/{sid}/artifact_v1.json")).await.json();
    let members = ["schema_version", "task", "summary", "outputs", "citations", "quality"];
    assert_eq!(names(&wrapper), BTreeSet::from(members));
    assert_eq!((&wrapper["schema_version"], &wrapper["citations"]), (&json!("v1"), &json!([])));
    assert_eq!(wrapper["outputs"], json!({ "proof_record": record }));
    assert_eq!(wrapper["quality"], json!({ "has_telemetry": true, "validated_in_test": true }));
    net().get(0, &format!("/artifacts/{sid}/another.json")).await.expect(404);
}

#[tokio::test]
async fn q26_a_run_is_summed_up_though_it_fails() {
    let dir = scratch("runs");
    let to = dir.to_str().expect("text");
    let summary = |sid: &str| -> Value {
        let runs = std::fs::read_dir(dir.join("run_summaries")).expect("a folder");
        let found = runs.map(|it| it.expect("an entry").path());
        let path = found.into_iter().find(|path| path.to_string_lossy().contains(sid)).expect("a summary");
        serde_json::from_str(&std::fs::read_to_string(path).expect("text")).expect("JSON")
    };
    let args = ["export", UNKNOWN, "--to", to, "--url", net().url(0), "--finalize", "--token", ACME];
    let (code, _) = command(args.map(str::to_owned).into()).await;
    assert_eq!(code, 3);
    let failed = summary(UNKNOWN);
    let members = ["run_type", "request_id", "session_id", "build", "timestamps", "result", "ids", "env"];
    assert_eq!(names(&failed), BTreeSet::from(members));
    assert_eq!((&failed["result"]["success"], &failed["ids"]["this_hash"]), (&json!(false), &Value::Null));
    assert!(failed["result"]["reason"].as_str().expect("a text").starts_with("http_404: "));
    assert!(failed["timestamps"]["duration_ms"].is_u64() && failed["build"]["git_sha"].is_string());

    let sid = opened(0, 120).await;
    sampled(0, &sid, 1.0, 2.0, 3.0).await;
    let args = ["export", &sid, "--to", to, "--url", net().url(0), "--finalize", "--token", ACME];
    let (code, text) = command(args.map(str::to_owned).into()).await;
    assert_eq!(code, 0, "{text}");
    let made = summary(&sid);
    assert_eq!(made["result"], json!({ "success": true, "reason": "ok" }));
    assert_eq!(made["ids"]["this_hash"], net().get(0, &format!("/proof/{sid}")).await.json()["this_hash"]);
    std::fs::remove_dir_all(dir).expect("ours");
}

/// Serves fixed bodies by path, as a service would that has been tampered with.
async fn impostor(bodies: Vec<(String, String)>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4_096];
            let read = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let body = bodies.iter().find(|(known, _)| known == path).map_or("", |(_, body)| body);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn q27_the_command_line_verifies() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let verify = |url: &str| vec!["verify-proof".to_owned(), url.to_owned(), sid.clone()];
    let kid = record["kid"].as_str().expect("a kid");
    let (code, text) = command(verify(net().url(0))).await;
    assert_eq!((code, text), (0, format!("SIGNATURE VALID\nkid: {kid}\nverification successful\n")));
    let (jwks, bundle) = ("/.well-known/jwks.json", format!("/proof/{sid}/bundle"));
    let keys = net().get(0, jwks).await.text;
    let told = net().get(0, &bundle).await.text;
    for (from, to, reason) in [
        ("QOS_BALANCED", "QOS_LOW_LATENCY", "ledger_hash_mismatch"),
        ("\"latency_ms\":100.0", "\"latency_ms\":1.0", "runtime_hash_mismatch"),
        ("\"signature\":\"", "\"signature\":\"A", "signature_mismatch"),
        ("\"kid\":\"", "\"kid\":\"A", "public_key_missing"),
    ] {
        assert!(told.contains(from), "{from}");
        let url =
            impostor(vec![(jwks.to_owned(), keys.clone()), (bundle.clone(), told.replace(from, to))]).await;
        let (code, text) = command(verify(&url)).await;
        assert_eq!(code, 1, "{text}");
        assert!(text.ends_with(&format!("verification failed: {reason}\n")), "{text}");
        assert_eq!(text.starts_with("SIGNATURE VALID"), !reason.contains("key") && !reason.contains("sign"));
    }
    // Another session's proof is not this one's.
    let (other, _) = proven(0, 120, 100.0).await;
    let moved = net().get(0, &format!("/proof/{other}/bundle")).await.text;
    let url = impostor(vec![(jwks.to_owned(), keys), (bundle, moved)]).await;
    let (code, text) = command(verify(&url)).await;
    assert!(code == 1 && text.ends_with("verification failed: session_mismatch\n"), "{text}");
    for wrong in [
        vec!["verify-proof"],
        vec!["verify-proof", "http://127.0.0.1:1"],
        vec!["verify-proof", "x", "no-uuid"],
    ] {
        let (code, _) = command(wrong.into_iter().map(str::to_owned).collect()).await;
        assert_eq!(code, 2);
    }
}

#[tokio::test]
async fn q28_each_way_of_tampering_has_its_reason() {
    let (sid, _) = proven(0, 120, 100.0).await;
    let text = get(1, &format!("/proof/{sid}/bundle")).await.text;
    let good: Value = serde_json::from_str(&text).expect("JSON");
    let reason = async |record: &Value| judged(3, &sid, record).await["reason"].clone();
    // The artifact edited.
    let mut record = good.clone();
    record["runtime_artifact"]["decision"]["result"] = json!("fail");
    assert_eq!(reason(&record).await, "runtime_hash_mismatch");
    // The proof edited, and nothing else.
    let mut record = good.clone();
    record["proof"]["measured_outcomes"]["avg_p95_ms"] = json!(1.5);
    assert_eq!(reason(&record).await, "ledger_hash_mismatch");
    // The proof and its hash.
    let edited =
        member(&text, "proof", "runtime_artifact").replace("\"avg_p95_ms\":100.0", "\"avg_p95_ms\":1.5");
    let previous = good["ledger"]["prev_hash"].as_str().expect("a text");
    record["ledger"]["this_hash"] = json!(sha256(format!("{previous}|{edited}").as_bytes()).to_string());
    let verdict = judged(3, &sid, &record).await;
    assert_eq!(
        (&verdict["reason"], &verdict["ledger_hash_verified"]),
        (&json!("signature_mismatch"), &json!(true))
    );
    // The link before: a proof that is true, in a place that is not its own.
    let (other, _) = proven(0, 120, 100.0).await;
    assert_eq!(reason(&bundle(3, &other).await).await, "ledger_chain_broken");
    // What was not touched holds, and what stands in the ledger was never in danger.
    assert_eq!(reason(&good).await, "ok");
    assert_eq!(net().get(0, &format!("/proof/{sid}/verify")).await.json()["reason"], "ok");
}

#[tokio::test]
async fn q29_writing_needs_a_credential() {
    let sid = opened(0, 120).await;
    let finalize = format!("/proof/{sid}/finalize");
    for (path, body) in [
        ("/intent", intent(120)),
        ("/telemetry", sample(&sid, 1.0, 2.0, 3.0)),
        (finalize.as_str(), json!({})),
    ] {
        for header in [None, Some("Bearer wrong"), Some("Basic cm93cy1hY21l"), Some("Bearer"), Some(ACME)] {
            let ask = net().ask(0, Method::POST, path).json(&body);
            let ask = match header {
                Some(value) => ask.header("authorization", value),
                None => ask,
            };
            let reply = ask.send().await;
            assert_eq!(
                (reply.status, reply.header("www-authenticate")),
                (401, Some("Bearer")),
                "{path} {header:?}"
            );
            let detail = reply.json()["detail"].clone();
            assert!(detail.is_string() && !reply.text.contains("wrong"), "{}", reply.text);
        }
    }
    // Nor is it enough to be known: who may only read does not write.
    net().post(0, &finalize, READER, &json!({})).await.expect(403);
    let reply = net().ask(0, Method::DELETE, &format!("/sessions/{sid}")).send().await;
    assert_eq!(reply.status, 401);
    // None of them left a sample behind.
    net().ask(0, Method::POST, &finalize).bearer(ACME).send().await.expect(400);
}

#[tokio::test]
async fn q30_a_node_says_whether_it_lives_and_is_ready() {
    let health = net().get(0, "/health").await.expect(200);
    assert_eq!((&health["status"], &health["check"]), (&json!("ok"), &json!("liveness")));
    for node in 0..4 {
        let ready = net().get(node, "/ready").await.expect(200);
        assert_eq!((&ready["status"], &ready["check"]), (&json!("ok"), &json!("readiness")));
        assert!(ready["problems"].as_array().is_none_or(Vec::is_empty), "{ready}");
    }
}

#[tokio::test]
async fn q31_requests_have_ids_and_bounds() {
    for name in ["x-request-id", "x-correlation-id"] {
        let reply = net().ask(0, Method::GET, "/public-keys").header(name, "id-of-mine").send().await;
        assert_eq!(reply.header("x-request-id"), Some("id-of-mine"), "{name}");
    }
    assert!(net().get(0, "/public-keys").await.header("x-request-id").is_some_and(|id| !id.is_empty()));
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(1_000_000));
    let reply = net().ask(0, Method::POST, "/intent").bearer(ACME).body(large).send().await;
    assert_eq!(reply.status, 413, "{}", reply.text);
    let keys = net().get(0, "/public-keys").await.expect(200);
    for key in keys["keys"].as_array().expect("keys") {
        assert_eq!(names(key), BTreeSet::from(["kid", "alg", "public_key_b64url"]));
        assert_eq!(key["alg"], "ed25519");
    }
    let environment = net().get(0, "/_debug/env").await.expect(200);
    assert_eq!((&environment["auth_required"], &environment["token_present"]), (&json!(true), &json!(true)));
    assert!(environment["pid"].is_u64());
    net().get(0, "/_debug/protected").await.expect(401);
    let protected = net().ask(0, Method::GET, "/_debug/protected").bearer(ACME).send().await.expect(200);
    assert_eq!(protected["ok"], true);
}

#[tokio::test]
async fn q32_sessions_are_listed_and_withdrawn() {
    let (sid, record) = proven(0, 120, 100.0).await;
    let path = format!("/sessions/{sid}");
    let ask =
        |method: Method, path: String, key: &'static str| net().ask(0, method, &path).bearer(key).send();
    let (mut found, mut after) = (false, String::new());
    while !found {
        let page = ask(Method::GET, format!("/sessions{after}"), ACME).await.expect(200);
        found = page["sessions"].as_array().expect("a list").iter().any(|it| it["session_id"] == sid);
        match page["next"].as_str() {
            Some(next) => after = format!("?after={next}"),
            None => break,
        }
    }
    assert!(found);
    let session = ask(Method::GET, path.clone(), ACME).await.expect(200);
    assert_eq!((&session["samples_count"], &session["this_hash"]), (&json!(1), &record["this_hash"]));
    // Another tenant sees nothing of it, and cannot delete it.
    ask(Method::GET, path.clone(), GLOBEX).await.expect(404);
    ask(Method::DELETE, path.clone(), GLOBEX).await.expect(404);
    let mine = ask(Method::GET, "/sessions".to_owned(), GLOBEX).await.expect(200);
    assert!(mine["sessions"].as_array().expect("a list").iter().all(|it| it["session_id"] != sid));

    let deleted = ask(Method::DELETE, path.clone(), ACME).await.expect(200);
    assert!(is_hash(&deleted["tombstone"]), "{deleted}");
    ask(Method::GET, path.clone(), ACME).await.expect(410);
    assert_eq!(ask(Method::DELETE, path, ACME).await.expect(200), deleted, "once more is the same tombstone");
    net().get(0, &format!("/artifacts/{sid}/artifact.json")).await.expect(410);
    net().post(0, "/telemetry", ACME, &sample(&sid, 1.0, 2.0, 3.0)).await.expect(410);
    // The proof, its hash and the chain stay; the artifact's hash is claimed, and nothing is shown for it.
    let verdict = net().get(0, &format!("/proof/{sid}/verify")).await.expect(200);
    assert_eq!(
        (&verdict["reason"], &verdict["ledger_hash_verified"]),
        (&json!("runtime_hash_mismatch"), &json!(true))
    );
    assert_eq!(net().get(0, &format!("/proof/{sid}")).await.expect(200)["this_hash"], record["this_hash"]);
    // Whoever kept the artifact can still prove it.
    let (kept, _) = proven(0, 120, 100.0).await;
    let whole = bundle(0, &kept).await;
    ask(Method::DELETE, format!("/sessions/{kept}"), ACME).await.expect(200);
    assert_eq!(judged(0, &kept, &whole).await["reason"], "ok");
    ask(Method::DELETE, format!("/sessions/{UNKNOWN}"), ACME).await.expect(404);
}
