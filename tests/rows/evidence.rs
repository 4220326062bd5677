//! Evidence of jobs: opened through one node, moved on at another, packaged by a third, read through the fourth; and checked
//! here from what was published alone.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, Outside, sha256};
use merkle::{WholeTree, leaf_hash};
use proto::canon::{Value as Canon, py_ascii, read};
use reqwest::Method;
use serde_json::{Value, json};

use crate::net::{ACME, GLOBEX, PATIENCE, Reply, net};

async fn get(node: usize, path: &str) -> Reply {
    net().ask(node, Method::GET, path).bearer(ACME).send().await
}

/// Asks until the answer has a status: what one node committed another has a moment later.
async fn until(node: usize, path: &str, status: u16) -> Reply {
    let begun = std::time::Instant::now();
    loop {
        let reply = get(node, path).await;
        if reply.status == status {
            return reply;
        }
        assert!(begun.elapsed() < PATIENCE, "{path} still answers {} {}", reply.status, reply.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn plan(job: &str) -> Value {
    json!({
        "job_id": job,
        "backend": { "id": "ibm_washington", "version": "2.1.0", "provider": "IBM Quantum", "qubits": 127,
                     "status": "online" },
        "provenance": { "git_commit": "a1b2c3d4e5f6", "image_digest": hash("image"), "config_hash": hash("config"),
                        "circuit_hash": hash("circuit"), "compiler_version": "qiskit-1.0.0" },
        "shots_requested": 1000,
        "cost": { "estimate_usd": 0.50, "currency": "USD",
                  "chargeback_tags": ["project:alpha", "team:research"] },
        "submitted_at": "2025-01-04T10:00:00Z", "queued_at": "2025-01-04T10:00:01Z",
    })
}

fn hash(text: &str) -> String {
    format!("sha256:{}", sha256(text.as_bytes()))
}

fn done() -> Value {
    json!({
        "status": "completed", "completed_at": "2025-01-04T10:01:00Z",
        "execution": { "shots_completed": 1000, "success_rate": 0.987 }, "cost": { "final_usd": 0.48 },
        "artifacts": [
            { "name": "circuit.qasm", "hash": hash("qasm"), "size_bytes": 2048, "content_type": "application/qasm" },
            { "name": "results.json", "hash": hash("results"), "size_bytes": 8192,
              "content_type": "application/json" },
        ],
    })
}

async fn opened(job: &str) {
    let told = net().post(0, "/api/v2/jobs", ACME, &plan(job)).await.expect(201);
    assert_eq!(told["status"], "JobCreated");
}

async fn moved(node: usize, job: &str, state: Value) -> Reply {
    net().post(node, &format!("/api/v2/jobs/{job}/state"), ACME, &state).await
}

async fn runs(job: &str) {
    let running = json!({ "status": "running", "started_at": "2025-01-04T10:00:05Z" });
    assert_eq!(moved(1, job, running).await.expect(200)["status"], "JobRunning");
}

async fn completed(job: &str) {
    opened(job).await;
    runs(job).await;
    assert_eq!(moved(2, job, done()).await.expect(200)["status"], "JobCompleted");
}

/// A completed job with evidence, packaged by the third node: what the fourth tells of it.
async fn sealed(job: &str) -> Value {
    completed(job).await;
    let path = format!("/api/v2/jobs/{job}/evidence");
    until(2, &path, 200).await;
    until(3, &path, 200).await.json()
}

async fn bundle(job: &str) -> Value {
    get(3, &format!("/api/v2/jobs/{job}/evidence/bundle")).await.expect(200)
}

async fn record(job: &str) -> Value {
    get(3, &format!("/api/v2/jobs/{job}/evidence/record")).await.expect(200)
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The digest of a value's canonical bytes, computed from its text.
fn digest(value: &Value) -> Digest {
    sha256(&py_ascii::encode(&read(&value.to_string()).expect("JSON")))
}

fn root(digests: &[Digest]) -> String {
    WholeTree::new(digests.iter().map(|it| leaf_hash(it.as_bytes()))).root().to_string()
}

#[tokio::test]
async fn e01_a_job_goes_from_created_over_running_to_completed_or_failed() {
    opened("job_e01").await;
    let early = moved(0, "job_e01", done()).await;
    assert_eq!(early.status, 409, "it does not run: {}", early.text);
    runs("job_e01").await;
    moved(2, "job_e01", done()).await.expect(200);
    let after = moved(2, "job_e01", json!({ "status": "failed" })).await;
    assert_eq!(after.status, 409, "it is done: {}", after.text);
    opened("job_e01_failed").await;
    runs("job_e01_failed").await;
    let failed = json!({ "status": "failed", "reason": "calibration" });
    let told = moved(3, "job_e01_failed", failed).await.expect(200);
    assert_eq!((&told["status"], &told["reason"]), (&json!("JobFailed"), &json!("calibration")));
    let again = net().post(0, "/api/v2/jobs", GLOBEX, &plan("job_e01")).await.expect(201);
    assert_eq!(again["status"], "JobCreated", "another tenant's job of that name is another job");
}

#[tokio::test]
async fn e02_a_bundle_is_pending_then_signed_then_verified_once() {
    completed("job_e02").await;
    let path = "/api/v2/jobs/job_e02/evidence";
    until(1, "/api/v2/jobs/job_e02", 200).await;
    let first = until(2, path, 202).await.json();
    assert!(["pending", "packaging"].contains(&first["status"].as_str().expect("a text")), "{first}");
    let signed = until(2, path, 200).await.json();
    assert_eq!(signed["status"], "signed");
    until(0, path, 200).await;
    let verified = net().post(0, &format!("{path}/verify"), ACME, &json!({})).await.expect(200);
    assert_eq!((&verified["valid"], &verified["status"]), (&json!(true), &json!("verified")));
    let begun = std::time::Instant::now();
    while get(3, path).await.expect(200)["status"] != "verified" {
        assert!(begun.elapsed() < PATIENCE, "told to all");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get(3, &format!("{path}/bundle")).await.status, 200, "and it is there for download");
}

#[tokio::test]
async fn e03_a_failed_job_never_gets_evidence() {
    opened("job_e03").await;
    let path = "/api/v2/jobs/job_e03/evidence";
    for node in [0, 1] {
        until(node, "/api/v2/jobs/job_e03", 200).await;
        assert_eq!(get(node, path).await.status, 409, "not yet");
    }
    runs("job_e03").await;
    moved(1, "job_e03", json!({ "status": "failed", "reason": "no shots" })).await.expect(200);
    for _ in 0..3 {
        let refused = get(1, path).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.json()["detail"].as_str().expect("words").contains("JobFailed"));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(get(1, &format!("{path}/bundle")).await.status, 409, "there is no bundle");
    assert_eq!(get(1, "/api/v2/jobs/job_e03").await.expect(200)["evidence_status"], Value::Null);
}

#[tokio::test]
async fn e04_evidence_is_told_by_manifest_url_and_what_was_verified() {
    let told = sealed("job_e04").await;
    assert_eq!(told["verified"], true);
    for name in ["signature_valid", "hash_matches", "chain_verified"] {
        assert_eq!(told["verification_details"][name], true, "{name}");
    }
    let url = told["download_url"].as_str().expect("a URL");
    let bundle = get(1, url).await.expect(200);
    assert_eq!(bundle["job_id"], "job_e04");
    assert_eq!(told["manifest"]["merkle_root"], bundle["merkle_root"]);
}

#[tokio::test]
async fn e05_asking_for_evidence_begins_one_task_and_later_answers() {
    completed("job_e05").await;
    let path = "/api/v2/jobs/job_e05/evidence";
    let first = until(2, path, 202).await;
    assert_eq!(first.header("retry-after"), Some("1"));
    let task = first.json()["task_id"].clone();
    assert!(task.is_string());
    loop {
        let again = get(2, path).await;
        match again.status {
            202 => assert_eq!(again.json()["task_id"], task, "the same task"),
            status => {
                assert_eq!(status, 200, "{}", again.text);
                break;
            }
        }
    }
    // Nothing is made twice, whoever asks where.
    let bundles: Vec<_> = [
        until(0, path, 200).await.json(),
        until(1, path, 200).await.json(),
        until(3, path, 200).await.json(),
    ]
    .into_iter()
    .map(|told| (told["bundle_id"].clone(), told["bundle_hash"].clone()))
    .collect();
    assert!(bundles.windows(2).all(|pair| pair[0] == pair[1]), "{bundles:?}");
}

#[tokio::test]
async fn e06_evidence_is_its_tenants_and_nobody_elses() {
    sealed("job_e06").await;
    for rest in ["", "/evidence", "/evidence/bundle", "/evidence/record", "/artifacts"] {
        let path = format!("/api/v2/jobs/job_e06{rest}");
        let nobody = net().ask(1, Method::GET, &path).send().await;
        assert_eq!(nobody.status, 401, "{path}: {}", nobody.text);
        let theirs = net().ask(1, Method::GET, &path).bearer(GLOBEX).send().await;
        let none = format!("/api/v2/jobs/job_e06_none{rest}");
        let none = net().ask(1, Method::GET, &none).bearer(GLOBEX).send().await;
        assert_eq!((theirs.status, &theirs.text), (404, &none.text), "{path}");
        assert_eq!(none.status, 404);
        assert_eq!(net().ask(1, Method::GET, &path).bearer("wrong").send().await.status, 401);
    }
    let moved = net().post(1, "/api/v2/jobs/job_e06/state", GLOBEX, &json!({ "status": "running" })).await;
    assert_eq!(moved.status, 404, "{}", moved.text);
}

#[tokio::test]
async fn e07_a_bundle_is_signed_over_what_the_job_left() {
    sealed("job_e07").await;
    let record = record("job_e07").await;
    let attestation = &record["attestation"];
    let algorithm = attestation["signature"]["algorithm"].as_str().and_then(Outside::from_name);
    assert_eq!(algorithm, Some(Outside::MlDsa65));
    assert_eq!(attestation["digest"]["value"], record["bundle_hash"], "and not another's");
    let header = json!({
        "protocol": record["protocol"], "record_id": record["record_id"], "tenant_id": record["tenant_id"],
        "created_at": record["created_at"], "merkle_root": record["merkle_root"],
        "items": record["items"].as_array().expect("items").iter()
            .map(|it| json!({ "id": it["id"], "content_hash": it["content_hash"] })).collect::<Vec<_>>(),
    });
    assert_eq!(record["bundle_hash"], json!(digest(&header).to_string()));
    let bundle = bundle("job_e07").await;
    assert_eq!(bundle["timeline"]["packaged_at"], record["created_at"], "the record is made, then signed");
    assert_eq!(bundle["signature"]["value"], attestation["signature"]["value"]);
}

#[tokio::test]
async fn e09_a_bundle_has_the_members_of_version_1() {
    sealed("job_e09").await;
    let bundle = bundle("job_e09").await;
    let expected = [
        "version",
        "bundle_id",
        "job_id",
        "tenant_id",
        "provenance",
        "capabilities_snapshot",
        "timeline",
        "cost",
        "execution",
        "artifacts",
        "results_summary",
        "merkle_root",
        "signature",
    ];
    assert_eq!(names(&bundle), BTreeSet::from(expected));
    assert_eq!((&bundle["version"], &bundle["tenant_id"]), (&json!("1.0"), &json!("acme")));
    let path = "/api/v2/jobs/job_e09/evidence/bundle";
    let texts =
        [until(0, path, 200).await.text, until(1, path, 200).await.text, until(3, path, 200).await.text];
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "the same bytes at every node");
}

#[tokio::test]
async fn e10_provenance_is_what_the_job_was_made_of() {
    sealed("job_e10").await;
    let expected = json!({
        "git_commit": "a1b2c3d4e5f6", "image_digest": hash("image"), "config_hash": hash("config"),
        "circuit_hash": hash("circuit"), "compiler_version": "qiskit-1.0.0",
    });
    assert_eq!(bundle("job_e10").await["provenance"], expected);
    let mut wrong = plan("job_e10_wrong");
    wrong["provenance"]["image_digest"] = json!("sha256:abc");
    assert_eq!(net().post(0, "/api/v2/jobs", ACME, &wrong).await.status, 422);
}

#[tokio::test]
async fn e11_capabilities_are_a_snapshot_of_the_backend() {
    sealed("job_e11").await;
    let snapshot = bundle("job_e11").await["capabilities_snapshot"].clone();
    assert_eq!(
        (&snapshot["backend_id"], &snapshot["backend_version"], &snapshot["backend_provider"]),
        (&json!("ibm_washington"), &json!("2.1.0"), &json!("IBM Quantum"))
    );
}

#[tokio::test]
async fn e12_a_timeline_does_not_go_back() {
    sealed("job_e12").await;
    let timeline = bundle("job_e12").await["timeline"].clone();
    let steps = ["submitted_at", "queued_at", "started_at", "completed_at", "packaged_at"];
    assert_eq!(names(&timeline), BTreeSet::from(steps));
    let times = steps.map(|step| timeline[step].as_str().expect("a time").to_owned());
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(
        times[..4],
        ["2025-01-04T10:00:00Z", "2025-01-04T10:00:01Z", "2025-01-04T10:00:05Z", "2025-01-04T10:01:00Z"]
    );
    let mut back = plan("job_e12_back");
    back["queued_at"] = json!("2025-01-04T09:59:59Z");
    let refused = net().post(0, "/api/v2/jobs", ACME, &back).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let mut ahead = plan("job_e12_ahead");
    ahead["queued_at"] = json!("2125-01-04T09:59:59Z");
    assert_eq!(net().post(0, "/api/v2/jobs", ACME, &ahead).await.status, 422);
    opened("job_e12_run").await;
    let early =
        moved(0, "job_e12_run", json!({ "status": "running", "started_at": "2025-01-04T10:00:00Z" })).await;
    assert_eq!(early.status, 422, "it began before it was queued: {}", early.text);
}

#[tokio::test]
async fn e13_cost_is_estimate_and_what_it_came_to() {
    sealed("job_e13").await;
    let text = get(3, "/api/v2/jobs/job_e13/evidence/bundle").await.text;
    let cost = concat!(
        r#""cost":{"chargeback_tags":["project:alpha","team:research"],"currency":"USD","#,
        r#""estimate_usd":0.5,"final_usd":0.48}"#
    );
    assert!(text.contains(cost), "{text}");
}

#[tokio::test]
async fn e14_execution_says_how_much_ran_and_how_well() {
    sealed("job_e14").await;
    let execution = bundle("job_e14").await["execution"].clone();
    assert_eq!(
        (&execution["shots_requested"], &execution["shots_completed"], &execution["status"]),
        (&json!(1000), &json!(1000), &json!("completed"))
    );
    assert_eq!(execution["success_rate"], json!(0.987));
    opened("job_e14_more").await;
    runs("job_e14_more").await;
    let mut more = done();
    more["execution"]["shots_completed"] = json!(1001);
    assert_eq!(moved(2, "job_e14_more", more).await.status, 422, "more than was asked for");
}

#[tokio::test]
async fn e15_artifacts_are_listed_by_hash_and_size() {
    sealed("job_e15").await;
    let expected = json!([
        { "name": "circuit.qasm", "hash": hash("qasm"), "hash_algorithm": "sha256", "size_bytes": 2048,
          "content_type": "application/qasm" },
        { "name": "results.json", "hash": hash("results"), "hash_algorithm": "sha256", "size_bytes": 8192,
          "content_type": "application/json" },
    ]);
    assert_eq!(bundle("job_e15").await["artifacts"], expected);
}

#[tokio::test]
async fn e16_the_results_hash_is_that_of_the_results() {
    sealed("job_e16").await;
    let bundle = bundle("job_e16").await;
    assert_eq!(bundle["results_summary"], json!({ "result_hash": hash("results") }));
    assert_eq!(bundle["results_summary"]["result_hash"], bundle["artifacts"][1]["hash"]);
    opened("job_e16_none").await;
    runs("job_e16_none").await;
    let mut none = done();
    none["results"] = json!("another.json");
    assert_eq!(moved(2, "job_e16_none", none).await.status, 422, "results that it did not leave");
}

#[tokio::test]
async fn e17_the_root_is_computed_from_the_bundle_again() {
    let golden = [
        "5c075c74beeb6b5e8813ac5ceb8eff71dde5408b6ea7576ff1644b77cdc587f7",
        "f79a216fe748c3853182faed973427a44e48b97d2ffeb59fc9480cfe17e73c10",
        "dff3901f83073241657d3bc4d3961c454fe5d4e29bf9a5f18921a27804f688ae",
    ]
    .map(|text| text.parse().expect("a digest"));
    assert_eq!(root(&golden), "0ab4bc0eb6d88cecf2aac4eed66acb23e38435aa3d93d10b1d0f4f8c6111880a");
    sealed("job_e17").await;
    let bundle = bundle("job_e17").await;
    let recomputed = |bundle: &Value| {
        let sections = ["provenance", "capabilities_snapshot", "timeline", "cost", "execution"];
        let mut digests: Vec<_> = sections.iter().map(|name| digest(&bundle[name])).collect();
        digests.extend(bundle["artifacts"].as_array().expect("a list").iter().map(digest));
        digests.push(digest(&bundle["results_summary"]));
        json!(format!("sha256:{}", root(&digests)))
    };
    assert_eq!(bundle["merkle_root"], recomputed(&bundle));
    let mut changed = bundle.clone();
    changed["artifacts"][0]["hash"] = json!(hash("another"));
    assert_ne!(bundle["merkle_root"], recomputed(&changed));
    // The same from the record, whose items say what each of these is.
    let record = record("job_e17").await;
    let items = record["items"].as_array().expect("a list");
    let digests: Vec<_> = items.iter().map(|it| digest(&it["data"])).collect();
    let said: Vec<_> = items.iter().map(|it| it["content_hash"].clone()).collect();
    assert_eq!(said, digests.iter().map(|it| json!(it.to_string())).collect::<Vec<_>>());
    assert_eq!(record["merkle_root"], json!(root(&digests)));
}

#[tokio::test]
async fn e19_a_manifest_is_the_short_form_of_the_same() {
    let manifest = sealed("job_e19").await["manifest"].clone();
    let bundle = bundle("job_e19").await;
    let expected = json!({
        "version": "1.0", "job_id": "job_e19",
        "backend": { "id": "ibm_washington", "provider": "IBM Quantum", "qubits": 127, "status": "online" },
        "execution": { "submitted_at": "2025-01-04T10:00:00Z", "completed_at": "2025-01-04T10:01:00Z",
                       "shots": 1000, "status": "completed" },
        "artifacts": bundle["artifacts"], "merkle_root": bundle["merkle_root"],
        "signature_algorithm": bundle["signature"]["algorithm"],
    });
    assert_eq!(manifest, expected);
}

#[tokio::test]
async fn e23_each_verification_counts_at_the_node_that_was_asked() {
    sealed("job_e23").await;
    let path = "/api/v2/jobs/job_e23/evidence";
    for expected in 1..4 {
        let verdict = net().post(3, &format!("{path}/verify"), ACME, &json!({})).await.expect(200);
        assert_eq!(verdict["verification_count"], json!(expected));
    }
    assert_eq!(get(3, path).await.expect(200)["verification_count"], json!(3), "looking counts nothing");
    assert_eq!(get(3, path).await.expect(200)["verification_count"], json!(3));
}

#[tokio::test]
async fn e26_artifacts_are_listed_with_their_size_and_where_they_are() {
    let bytes = "the results of e26";
    let operation = json!({ "type": "artifact.commit", "address": sha256(bytes.as_bytes()).to_string() });
    let body = json!({ "operation": operation, "wait": "committed", "timeout_ms": 60_000 });
    let committed = net().post(0, "/v1/entries", ACME, &body).await.expect(201);
    let id = committed["id"].as_str().expect("an id");
    let put = net().ask(0, Method::POST, &format!("/v1/artifacts/{id}/bytes")).bearer(ACME);
    put.header("content-type", "application/octet-stream").raw(bytes).send().await.expect(201);
    opened("job_e26").await;
    runs("job_e26").await;
    let mut left = done();
    left["artifacts"][1]["hash"] = json!(hash(bytes));
    moved(2, "job_e26", left).await.expect(200);
    let path = "/api/v2/jobs/job_e26/artifacts";
    let begun = std::time::Instant::now();
    // What was committed is found once a head that covers it is certified.
    let told = loop {
        let told = get(0, path).await.expect(200);
        if told["artifacts"][1]["download_url"].is_string() {
            break told;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&told["job_id"], &told["total_size_bytes"]), (&json!("job_e26"), &json!(2048 + 8192)));
    let first = &told["artifacts"][0];
    assert_eq!((&first["name"], &first["size_bytes"]), (&json!("circuit.qasm"), &json!(2048)));
    assert_eq!(first["content_type"], "application/qasm");
    assert_eq!(first["download_url"], Value::Null, "nobody gave its bytes");
    let url = told["artifacts"][1]["download_url"].as_str().expect("a URL");
    let served = net().ask(0, Method::GET, url).bearer(ACME).send().await;
    assert_eq!((served.status, served.text.as_str()), (200, bytes));
    assert_eq!(hash(&served.text), told["artifacts"][1]["hash"]);
}

#[tokio::test]
async fn e29_what_was_kept_in_tables_is_told_of_every_job() {
    let told = sealed("job_e29").await;
    let job = until(1, "/api/v2/jobs/job_e29", 200).await.json();
    assert_eq!((&job["tenant_id"], &job["shots_requested"]), (&json!("acme"), &json!(1000)));
    let manifest_hash = told["bundle_hash"].as_str().expect("a hash").trim_start_matches("sha256:");
    assert_eq!(manifest_hash.len(), 64);
    let record = record("job_e29").await;
    assert_eq!(record["bundle_hash"], manifest_hash);
    let value = record["attestation"]["signature"]["value"].as_str().expect("base64");
    assert_eq!(STANDARD.decode(value).expect("base64").len(), 3_309, "a signature of ML-DSA-65");
    assert!(matches!(read(&record.to_string()), Ok(Canon::Object(_))));
    // Lists go on by cursor, the newest first, at every node.
    opened("job_e29_next").await;
    until(1, "/api/v2/jobs/job_e29_next", 200).await;
    let page = get(1, "/api/v2/jobs?limit=1").await.expect(200);
    assert_eq!(page["items"].as_array().expect("a list").len(), 1);
    let cursor = page["next_cursor"].as_str().expect("there are more");
    let next = get(1, &format!("/api/v2/jobs?limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(next["items"][0]["job_id"], page["items"][0]["job_id"]);
    let theirs =
        net().ask(1, Method::GET, &format!("/api/v2/jobs?cursor={cursor}")).bearer(GLOBEX).send().await;
    assert!(theirs.status >= 400, "a cursor is its tenant's: {}", theirs.text);
}
