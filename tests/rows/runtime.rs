//! Jobs and evidence by the paths of QCOS's SDK and of its newer documents: the same as by those of version 2.

use std::time::{Duration, Instant};

use crypto::sha256;
use proto::counter::TimeMs;
use proto::evidence::Record;
use proto::evidence::trust::{TrustBundle, TrustRoot};
use proto::iso;
use reqwest::Method;
use serde_json::{Value, json};
use verify::{EvidenceAsked, EvidenceTrust, GivenTrust, Verdict, verify_evidence};

use crate::access::fresh;
use crate::issuers::{now_s, seen};
use crate::net::{ACME, GLOBEX, PATIENCE, READER, Reply, net};
use crate::proofnest::{ask, own, run};
use crate::qwed::text;

async fn get(node: usize, path: &str) -> Reply {
    net().ask(node, Method::GET, path).bearer(ACME).send().await
}

async fn delete(node: usize, path: &str, key: &str) -> Reply {
    net().ask(node, Method::DELETE, path).bearer(key).send().await
}

/// Asks until the answer has a status: what one node committed another has a moment later.
async fn until(node: usize, path: &str, status: u16) -> Reply {
    let begun = Instant::now();
    loop {
        let reply = get(node, path).await;
        if reply.status == status {
            return reply;
        }
        assert!(begun.elapsed() < PATIENCE, "{path} still answers {} {}", reply.status, reply.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn plan(id: &str, retention: &str) -> Value {
    json!({ "job_id": id, "backend": { "id": "sim" }, "shots_requested": 10, "retention": retention })
}

fn done() -> Value {
    json!({
        "status": "completed", "execution": { "shots_completed": 10, "success_rate": 0.5 },
        "artifacts": [
            { "name": "circuit.qasm", "hash": sha256(b"qasm").to_string(), "size_bytes": 2048 },
            { "name": "results.json", "hash": sha256(b"results").to_string(), "size_bytes": 8192 },
        ],
    })
}

/// The same, of an execution that names the provider's job.
fn bound() -> Value {
    let mut done = done();
    done["execution"]["provider_job_id"] = json!("p_1");
    done["execution"]["compiled_artifact_hash"] = json!("c0ffee");
    done["execution"]["raw_provider_result_hash"] = json!("f00d");
    done
}

/// A job of another name each time, opened through the first node.
async fn opened(retention: &str) -> String {
    let id = format!("job_runtime_{}", fresh());
    let told = net().post(0, "/api/v1/runtime/jobs", ACME, &plan(&id, retention)).await.expect(201);
    assert_eq!((text(&told, "job_id"), text(&told, "status")), (id.as_str(), "JobCreated"));
    id
}

async fn moved(id: &str, state: &Value) -> Value {
    net().post(0, &format!("/api/v2/jobs/{id}/state"), ACME, state).await.expect(200)
}

async fn completed(retention: &str) -> String {
    let id = opened(retention).await;
    moved(&id, &json!({ "status": "running" })).await;
    moved(&id, &done()).await;
    id
}

/// A job with evidence, sealed by the first node; the evidence's own name.
async fn sealed(retention: &str) -> (String, String) {
    let id = completed(retention).await;
    let told = until(0, &format!("/api/v2/jobs/{id}/evidence"), 200).await.json();
    (id, text(&told, "bundle_id").to_owned())
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

/// A tenant's evidence of a network of its own, through one node.
struct Own {
    url: String,
}

impl Own {
    async fn get(&self, path: &str) -> Value {
        let (status, told) = ask(&self.url, path, None).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, told) = ask(&self.url, path, Some(body)).await;
        assert!(matches!(status, 200 | 201), "{path}: {status} {told}");
        told
    }

    async fn seal(&self, id: &str, done: &Value) {
        self.post("/api/v1/runtime/jobs", &plan(id, "standard")).await;
        let state = format!("/api/v2/jobs/{id}/state");
        self.post(&state, &json!({ "status": "running" })).await;
        self.post(&state, done).await;
        let begun = Instant::now();
        while ask(&self.url, &format!("/api/v2/jobs/{id}/evidence"), None).await.0 != 200 {
            assert!(begun.elapsed() < PATIENCE, "no evidence of {id}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn list(&self, question: &str) -> Value {
        self.get(&format!("/api/v1/runtime/evidence?{question}")).await
    }

    /// The jobs of every page of a list, one after another.
    async fn jobs(&self, question: &str) -> Vec<String> {
        let (mut jobs, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.list(&format!("{question}{cursor}")).await;
            jobs.extend(items(&page).iter().map(|it| text(it, "job_id").to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { return jobs };
            cursor = format!("&cursor={next}");
        }
    }
}

/// Pages go on where the one before ended, whatever came since, and whether the node was started again in between.
async fn lists() {
    let (topology, network, urls) = own(1, "e33").await;
    let node = Own { url: urls[0].clone() };
    for (id, done) in [("j0", done()), ("j1", bound()), ("j2", done()), ("j3", done()), ("j4", bound())] {
        node.seal(id, &done).await;
    }
    let whole = node.list("limit=200").await;
    assert_eq!((&whole["next_cursor"], &whole["store"]["survives_restart"]), (&Value::Null, &json!(true)));
    let all = node.jobs("limit=2").await;
    assert_eq!(all, ["j4", "j3", "j2", "j1", "j0"], "the newest first");
    let first = node.list("limit=2").await;
    let bound_first = node.list("limit=1&claim_level=PROVIDER_ATTESTED").await;
    network.stop().await.expect("it ends");
    let (network, urls) = run(&topology).await;
    let node = Own { url: urls[0].clone() };
    node.seal("j5", &done()).await;
    let cursor = text(&first, "next_cursor");
    let rest = node.list(&format!("limit=200&cursor={cursor}")).await;
    assert_eq!(items(&first)[0], items(&whole)[0]);
    assert_eq!(items(&rest), &items(&whole)[2..], "as before");
    assert_eq!(node.jobs("limit=200").await[0], "j5");
    // What passes a filter.
    assert_eq!(items(&bound_first)[0]["job_id"], "j4");
    let cursor = text(&bound_first, "next_cursor");
    let next = node.list(&format!("limit=1&claim_level=PROVIDER_ATTESTED&cursor={cursor}")).await;
    assert_eq!(items(&next)[0]["job_id"], "j1");
    assert_eq!(node.jobs("claim_level=SEALED_ATTESTED_PQC").await, ["j5", "j3", "j2", "j0"]);
    assert_eq!(node.jobs("claim_level=SEALED_UNSIGNED").await, [""; 0]);
    assert_eq!(node.jobs("outcome=completed&limit=3").await.len(), 6);
    assert_eq!(node.jobs("outcome=failed").await, [""; 0], "what failed has no evidence");
    let at = |n: usize| text(&items(&whole)[n], "sealed_at").to_owned();
    assert_eq!(node.jobs(&format!("limit=1&since={}", at(2))).await, ["j5", "j4", "j3", "j2"]);
    assert_eq!(node.jobs(&format!("limit=1&until={}", at(2))).await, ["j1", "j0"]);
    assert_eq!(node.jobs(&format!("limit=1&since={}&until={}", at(3), at(1))).await, ["j2", "j1"]);
    assert_eq!(node.jobs("since=2999-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(node.jobs("until=2001-01-01T00:00:00Z").await, [""; 0]);
    // A cursor is of one list, and what is asked is checked.
    for question in [
        format!("claim_level=SEALED_ATTESTED&cursor={cursor}"),
        format!("cursor={cursor}"),
        "cursor=AAAA".to_owned(),
        "limit=0".to_owned(),
        "limit=201".to_owned(),
        "claim_level=ATTESTED".to_owned(),
        "outcome=lost".to_owned(),
        "since=yesterday".to_owned(),
        "before=7".to_owned(),
    ] {
        let (status, told) = ask(&node.url, &format!("/api/v1/runtime/evidence?{question}"), None).await;
        assert_eq!(status, 422, "{question}: {told}");
    }
    network.stop().await.expect("it ends");
}

/// A job that is deleted fails, unless it ended already.
async fn cancelled() {
    for (runs, reason) in [(false, "cancelled before it ran"), (true, "cancelled while it ran")] {
        let id = opened("standard").await;
        if runs {
            moved(&id, &json!({ "status": "running" })).await;
        }
        let path = format!("/api/v1/runtime/jobs/{id}");
        delete(1, &path, READER).await.expect(403);
        let told = delete(1, &path, ACME).await.expect(200);
        assert_eq!((text(&told, "status"), text(&told, "reason")), ("JobFailed", reason));
        let again = delete(1, &path, ACME).await.expect(409);
        assert!(text(&again, "detail").contains("JobFailed"), "{again}");
        let begun = Instant::now();
        while get(2, &path).await.json() != told {
            assert!(begun.elapsed() < PATIENCE, "told to all");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        get(2, &format!("/api/v2/jobs/{id}/evidence")).await.expect(409);
    }
    let id = completed("standard").await;
    let refused = delete(0, &format!("/api/v1/runtime/jobs/{id}"), ACME).await.expect(409);
    assert!(text(&refused, "detail").contains("JobCompleted"), "{refused}");
    assert_eq!(get(0, &format!("/api/v1/runtime/jobs/{id}")).await.expect(200)["status"], "JobCompleted");
    let none = delete(0, "/api/v1/runtime/jobs/job_runtime_none", ACME).await.expect(404);
    assert!(text(&none, "detail").contains("job"), "clients look for the word: {none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e33_the_runtime_api_tells_of_the_same_jobs_and_evidence() {
    let (id, record_id) = sealed("standard").await;
    // The same by both paths, at every node.
    for node in 0..4 {
        for (path, same) in [
            (format!("/api/v1/runtime/jobs/{id}"), format!("/api/v2/jobs/{id}")),
            (format!("/api/v1/runtime/jobs/{id}/artifacts"), format!("/api/v2/jobs/{id}/artifacts")),
            (format!("/api/v1/runtime/evidence/{record_id}"), format!("/api/v2/jobs/{id}/evidence/record")),
        ] {
            let (one, other) = (until(node, &path, 200).await, until(node, &same, 200).await);
            assert_eq!(one.text, other.text, "{path}");
        }
    }
    let listed = get(0, "/api/v1/runtime/jobs?limit=200").await.expect(200);
    assert!(items(&listed).iter().any(|it| it["job_id"] == id.as_str()));
    // An artifact by the name that its item has in the record.
    let record = get(0, &format!("/api/v1/runtime/evidence/{record_id}")).await.expect(200);
    let path = format!("/api/v1/runtime/jobs/{id}/artifacts");
    let artifacts = get(0, &path).await.expect(200)["artifacts"].clone();
    let artifact = get(0, &format!("{path}/artifact_1")).await.expect(200);
    assert_eq!((&artifact, text(&artifact, "name")), (&artifacts[1], "results.json"));
    let item = record["items"].as_array().expect("items").iter().find(|it| it["id"] == "artifact_1");
    assert_eq!(item.expect("an item")["data"]["hash"], artifact["hash"]);
    for none in ["artifact_2", "artifact_01", "results.json"] {
        assert_eq!(get(0, &format!("{path}/{none}")).await.expect(404)["detail"], "artifact not found");
    }
    // Whoever has the record has it judged, as anybody would offline.
    let verify = async |record: &Value| {
        net().post(0, "/api/v1/runtime/evidence/verify", ACME, &json!({ "record": record })).await.expect(200)
    };
    let told = verify(&record).await;
    assert_eq!((text(&told, "verdict"), text(&told, "confirmed_level")), ("VERIFIED", "SEALED_ATTESTED_PQC"));
    let mut altered = record.clone();
    altered["merkle_root"] = json!("0".repeat(64));
    let told = verify(&altered).await;
    assert_eq!((text(&told, "verdict"), text(&told, "confirmed_level")), ("FAILED", "INVALID"));
    let trust = net().get(0, "/api/v1/runtime/evidence/trust").await.expect(200);
    let page = get(0, "/api/v1/runtime/evidence?limit=1").await.expect(200);
    assert_eq!(page["store"], trust["store"]);
    cancelled().await;
    lists().await;
}

/// What `{success, data}` holds.
fn data(reply: &Reply, status: u16) -> Value {
    let told = reply.expect(status);
    assert_eq!(told["success"], true, "{told}");
    told["data"].clone()
}

/// All of the caller's bundles, the newest first.
async fn bundles(node: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = data(&get(node, &format!("/api/v2/evidence/list?limit=200{cursor}")).await, 200);
        all.extend_from_slice(items(&page));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn e36_bundles_have_names_a_chain_and_an_envelope() {
    let id = completed("standard").await;
    let generate = async |id: &str, key: &str| {
        net().post(0, "/api/v2/evidence/generate", key, &json!({ "job_id": id })).await
    };
    generate(&id, READER).await.expect(403);
    let first = generate(&id, ACME).await;
    assert_eq!((first.status, first.header("retry-after")), (202, Some("1")), "{}", first.text);
    assert_eq!(data(&first, 202)["job_id"], id.as_str());
    let begun = Instant::now();
    let bundle = loop {
        let reply = generate(&id, ACME).await;
        if reply.status == 200 {
            break data(&reply, 200);
        }
        assert!(reply.status == 202 && begun.elapsed() < PATIENCE, "{} {}", reply.status, reply.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let created = opened("standard").await;
    generate(&created, ACME).await.expect(409);
    assert_eq!(generate("job_runtime_none", ACME).await.expect(404)["detail"], "job not found");
    net().post(0, "/api/v2/evidence/generate", ACME, &json!({ "job": id })).await.expect(422);
    // By its name it is the bundle of the job, with its place in the chain.
    let name = text(&bundle, "bundle_id").to_owned();
    let path = format!("/api/v2/evidence/{name}");
    for node in 0..4 {
        assert_eq!(data(&until(node, &path, 200).await, 200), bundle, "node {node}");
    }
    let same = get(0, &format!("/api/v2/jobs/{id}/evidence/bundle")).await.expect(200);
    for (member, value) in same.as_object().expect("members") {
        assert_eq!(&bundle[member], value, "{member}");
    }
    assert_eq!(bundle["chain"]["merkle_root"], bundle["merkle_root"]);
    assert!(bundle.get("timestamp_proof").is_none(), "this node asks no authority of time");
    let (next, _) = sealed("standard").await;
    let after = data(&generate(&next, ACME).await, 200);
    let listed = bundles(0).await;
    let at = listed.iter().position(|it| it["bundle_id"] == after["bundle_id"]).expect("it is listed");
    assert_eq!(after["chain"]["sequence"], listed[at]["sequence"]);
    assert_eq!(
        after["chain"]["previous_bundle"],
        listed[at + 1]["bundle_hash"],
        "the one that was sealed before"
    );
    let numbers: Vec<_> = listed.iter().filter_map(|it| it["sequence"].as_u64()).collect();
    assert!(numbers.iter().rev().copied().eq(0..listed.len() as u64), "none is left out: {numbers:?}");
    // Taken away, it is verified by documents that come from elsewhere.
    let export = data(&get(0, &format!("{path}/export")).await, 200);
    assert_eq!(export["bundle"], same);
    let record = Record::parse(export["record"].to_string().as_bytes()).expect("a record");
    let root = net().get(0, text(&export, "trust_root_url")).await;
    let trust = net().get(0, text(&export, "trust_bundle_url")).await;
    let root = TrustRoot::parse(root.text.as_bytes()).expect("a root");
    let trust = TrustBundle::parse(trust.text.as_bytes()).expect("a bundle");
    let now = iso::Moment::of(TimeMs::new(now_s() * 1_000));
    let given = GivenTrust { root: Some(&root), pin: None, bundle: Some(&trust), kept: None, now };
    let report = verify_evidence(&record, &EvidenceTrust::judge(given), EvidenceAsked::default());
    assert_eq!(report.verdict(), Verdict::Verified, "{:?}", report.decided_by());
    let receipt = seen(0, text(&export, "receipt_url")).await;
    let ask = net().ask(1, Method::POST, "/v1/verify").json(&json!({ "receipt": receipt }));
    assert_eq!(ask.send().await.expect(200)["valid"], true);
    let items = json!({ "items": [{ "record": export["record"] }, {
        "bundle_hash": bundle["bundle_hash"], "signature": bundle["signature"]["value"],
        "key_id": bundle["signature"]["key_id"],
    }] });
    let judged = data(&net().post(0, "/api/v2/evidence/verify/batch", ACME, &items).await, 200);
    assert_eq!((&judged["total"], &judged["valid_count"]), (&json!(2), &json!(2)), "{judged}");
    deleted(&id, &name).await;
}

/// What may go goes, and leaves a tombstone; what is written once stays.
async fn deleted(job: &str, name: &str) {
    let path = format!("/api/v2/evidence/{name}");
    delete(1, &path, READER).await.expect(403);
    let told = data(&delete(1, &path, ACME).await, 200);
    assert_eq!((text(&told, "status"), text(&told, "job_id")), ("deleted", job));
    let runtime = format!("/api/v1/runtime/evidence/{name}");
    for path in [&path, &format!("{path}/export"), &runtime, &format!("/api/v2/jobs/{job}/evidence")] {
        let gone = until(2, path, 410).await.json();
        assert!(text(&gone, "detail").contains(&format!("entry {}", told["log_index"])), "{gone}");
    }
    delete(2, &path, ACME).await.expect(410);
    let stays = bundles(2).await.into_iter().find(|it| it["bundle_id"] == name).expect("it is listed still");
    assert_eq!((text(&stays, "status"), &stays["bundle_hash"]), ("deleted", &told["bundle_hash"]));
    let leaf = seen(2, &format!("/v1/entries/{}", told["log_index"])).await;
    assert_eq!(leaf["content"]["operation"]["type"], "evidence.delete");
    let (_, name) = sealed("compliance").await;
    let path = format!("/api/v2/evidence/{name}");
    let refused = delete(0, &path, ACME).await.expect(409);
    assert!(text(&refused, "detail").contains("is kept until"), "{refused}");
    assert_eq!(data(&get(0, &path).await, 200)["status"], "signed");
}

/// Every route of the published document whose path names a job, a record or a bundle.
#[tokio::test]
async fn what_is_another_tenants_is_answered_as_what_never_was() {
    let (id, name) = sealed("standard").await;
    let fill = |path: &str, job: &str, record: &str| {
        let path = path.replace("{job_id}", job).replace("{artifact_id}", "artifact_0");
        path.replace("{record_id}", record).replace("{bundle_id}", record)
    };
    let document = net().get(0, "/openapi.json").await.expect(200);
    let mut asked = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let filled = fill(path, &id, &name);
        if filled == *path || filled.contains('{') {
            continue;
        }
        for verb in operations.as_object().expect("operations").keys() {
            let verb = Method::from_bytes(verb.to_uppercase().as_bytes()).expect("a method");
            let ask = async |path: String, key: Option<&str>| {
                let ask = key.into_iter().fold(net().ask(0, verb.clone(), &path), |ask, key| ask.bearer(key));
                let reply = match verb {
                    Method::POST => ask.json(&json!({ "status": "running" })).send().await,
                    _ => ask.send().await,
                };
                (reply.status, reply.text)
            };
            assert_eq!(ask(filled.clone(), None).await.0, 401, "{verb} {path}");
            let theirs = ask(filled.clone(), Some(GLOBEX)).await;
            let nobodys = ask(fill(path, "job_none", "bundle_none"), Some(GLOBEX)).await;
            assert_eq!((theirs.0, &theirs), (404, &nobodys), "{verb} {path}");
            asked.push(format!("{verb} {path}"));
        }
    }
    for route in [
        "GET /api/v1/runtime/jobs/{job_id}",
        "DELETE /api/v1/runtime/jobs/{job_id}",
        "GET /api/v1/runtime/jobs/{job_id}/artifacts/{artifact_id}",
        "GET /api/v1/runtime/evidence/{record_id}",
        "DELETE /api/v2/evidence/{bundle_id}",
        "GET /api/v2/evidence/{bundle_id}/export",
        "POST /api/v2/jobs/{job_id}/state",
    ] {
        assert!(asked.iter().any(|it| it == route), "{route} was not asked: {asked:?}");
    }
    // What a body names, and lists.
    let generate = async |id: &str| {
        let reply = net().post(0, "/api/v2/evidence/generate", GLOBEX, &json!({ "job_id": id })).await;
        (reply.status, reply.text)
    };
    assert_eq!(generate(&id).await, generate("job_none").await);
    for path in ["/api/v1/runtime/jobs", "/api/v1/runtime/evidence", "/api/v2/evidence/list"] {
        assert_eq!(net().get(0, path).await.status, 401, "{path}");
        let theirs = net().ask(0, Method::GET, &format!("{path}?limit=200")).bearer(GLOBEX).send().await;
        assert!(theirs.status == 200 && !theirs.text.contains(&id), "{path}: {}", theirs.text);
        let page = get(0, &format!("{path}?limit=1")).await.json();
        let cursor = page.pointer("/data/next_cursor").unwrap_or(&page["next_cursor"]);
        let Some(cursor) = cursor.as_str() else { continue };
        let theirs = net().ask(0, Method::GET, &format!("{path}?limit=1&cursor={cursor}")).bearer(GLOBEX);
        assert_eq!(theirs.send().await.status, 422, "{path}: a cursor is its tenant's");
    }
    // It is its own tenant's still.
    assert_eq!(get(0, &format!("/api/v2/evidence/{name}")).await.status, 200);
    assert_eq!(get(0, &format!("/api/v1/runtime/jobs/{id}")).await.expect(200)["status"], "JobCompleted");
}
