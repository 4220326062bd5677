//! Evidence of jobs where a node dies in the middle: at each step, before it and after it, nothing is lost, doubled or half
//! signed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anchor::{Anchored, Kind, Record, State};
use api::{Anchoring, Notary, Shelf, Surface};
use axum::body::Body;
use axum::http::Request;
use crypto::{Scheme, SecretKey, sha256};
use ledger::LedgerReader;
use proto::counter::TimeMs;
use proto::evidence::{Level, Record as Sealed};
use proto::id::Tenant;
use proto::job::JobId;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::node::{Node, READER, Setup, TOKEN, bytes, json as json_of};

/// A shelf that goes on working for so many writes, and whose last write may be done although it seems to fail. Reads go on:
/// who is dead does not read.
#[derive(Debug)]
struct Mortal {
    pieces: Mutex<BTreeMap<String, Vec<u8>>>,
    left: AtomicU64,
    last_is_done: bool,
    dead: tokio::sync::Notify,
    writes: AtomicU64,
}

impl Mortal {
    fn new(left: u64, last_is_done: bool) -> Arc<Self> {
        Arc::new(Self {
            pieces: Mutex::default(),
            left: AtomicU64::new(left),
            last_is_done,
            dead: tokio::sync::Notify::new(),
            writes: AtomicU64::new(0),
        })
    }

    fn write(&self, deed: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        self.writes.fetch_add(1, Ordering::SeqCst);
        if left == 0 {
            return Err(io::Error::other("dead"));
        }
        self.left.store(left - 1, Ordering::SeqCst);
        if left > 1 || self.last_is_done {
            deed(&mut self.pieces.lock().expect("nobody panics"));
        }
        if left == 1 {
            self.dead.notify_one();
            return Err(io::Error::other("dying"));
        }
        Ok(())
    }

    fn revive(&self) {
        self.left.store(u64::MAX, Ordering::SeqCst);
    }
}

impl Shelf for Mortal {
    fn put(&self, name: &str, piece: &[u8]) -> io::Result<()> {
        self.write(|pieces| {
            pieces.insert(name.to_owned(), piece.to_vec());
        })
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.pieces.lock().expect("nobody panics").get(name).cloned())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.pieces.lock().expect("nobody panics").keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.write(|pieces| {
            pieces.remove(name);
        })
    }
}

fn now() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    TimeMs::new(u64::try_from(since.as_millis()).expect("before the year 500 million"))
}

fn node(shelf: Arc<Mortal>) -> Node {
    anchored(shelf, Anchoring::default())
}

fn anchored(shelf: Arc<Mortal>, anchoring: Anchoring) -> Node {
    let key = SecretKey::from_seed(Scheme::MlDsa65, &[77; 32]).expect("signs");
    let root_key = SecretKey::from_seed(Scheme::MlDsa65, &[78; 32]).expect("signs");
    let name = Notary::name_of("v0", key.public());
    let notary = Some(Notary::new(name, key, root_key, shelf).expect("known to others"));
    let surfaces = BTreeSet::from([Surface::Qcos]);
    Node::with(Setup { surfaces, notary, anchoring, begun: now(), ..Setup::default() })
}

async fn ask(node: &Node, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    let request = match body {
        Value::Null => request.body(Body::empty()),
        body => request.header("content-type", "application/json").body(body.to_string().into()),
    };
    let response = node.ask(request.expect("a request")).await;
    (response.status().as_u16(), json_of(response).await)
}

async fn get(node: &Node, path: &str) -> (u16, Value) {
    ask(node, "GET", path, TOKEN, &Value::Null).await
}

async fn completed(node: &Node, job: &str) {
    left(node, job, json!({ "shots_completed": 10, "success_rate": 0.5 })).await;
}

/// A job that was completed by such an execution.
async fn left(node: &Node, job: &str, execution: Value) {
    let open = json!({ "job_id": job, "backend": { "id": "sim" }, "shots_requested": 10 });
    assert_eq!(ask(node, "POST", "/api/v2/jobs", TOKEN, &open).await.0, 201);
    let path = format!("/api/v2/jobs/{job}/state");
    let hash = format!("sha256:{}", sha256(b"results"));
    let artifact =
        json!({ "name": "results.json", "hash": hash, "size_bytes": 7, "content_type": "application/json" });
    for state in [
        json!({ "status": "running" }),
        json!({ "status": "completed", "execution": execution, "artifacts": [artifact] }),
    ] {
        let (status, told) = ask(node, "POST", &path, TOKEN, &state).await;
        assert_eq!(status, 200, "{told}");
    }
}

/// Asks until there is evidence.
async fn evidence(node: &Node, job: &str) -> Value {
    for _ in 0..600 {
        let (status, told) = get(node, &format!("/api/v2/jobs/{job}/evidence")).await;
        match status {
            200 => return told,
            202 => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => panic!("{status} {told}"),
        }
    }
    panic!("no evidence of {job}");
}

#[tokio::test]
async fn whoever_dies_at_any_step_goes_on_there() {
    let mut deaths = 0;
    for last_is_done in [false, true] {
        for lives in 1.. {
            let shelf = Mortal::new(lives, last_is_done);
            let node = node(Arc::clone(&shelf));
            completed(&node, "job_1").await;
            let worker = tokio::spawn(api::packing::run(node.api.clone()));
            let (status, told) = get(&node, "/api/v2/jobs/job_1/evidence").await;
            // Who dies while it notes the task has promised nothing.
            assert!(matches!((lives, status), (1, 500) | (_, 202)), "{lives}: {status} {told}");
            let died = tokio::select! {
                () = shelf.dead.notified() => true,
                () = async {
                    while shelf.names().expect("readable").len() == 1 {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                } => lives == 1,
            };
            worker.abort();
            let _ = worker.await;
            let reader = LedgerReader::new(node.memory.clone());
            let (tenant, id) = (Tenant::default_tenant(), JobId::parse("job_1").expect("a name"));
            if !died {
                assert!(reader.evidence(&tenant, &id).expect("readable").is_some());
                break;
            }
            deaths += 1;
            let before = reader.evidence(&tenant, &id).expect("readable");
            shelf.revive();
            let worker = tokio::spawn(api::packing::run(node.api.clone()));
            let told = evidence(&node, "job_1").await;
            assert_eq!((&told["verified"], &told["chain"]["sequence"]), (&json!(true), &json!(0)), "{told}");
            for _ in 0..200 {
                if shelf.names().expect("readable").is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(shelf.names().expect("readable").is_empty(), "the task is done");
            let after = reader.evidence(&tenant, &id).expect("readable");
            assert!(before.is_none() || before == after, "what was sealed stays");
            assert_eq!(reader.records(&tenant, None, 10).expect("readable").len(), 1);
            worker.abort();
        }
    }
    // Noted, packed, signed, removed: each before it was done, and after.
    assert_eq!(deaths, 8);
}

#[tokio::test]
async fn however_often_it_is_asked_for_there_is_one_task() {
    let shelf = Mortal::new(u64::MAX, false);
    let node = node(Arc::clone(&shelf));
    completed(&node, "job_1").await;
    let path = "/api/v2/jobs/job_1/evidence";
    let first = get(&node, path).await;
    for _ in 0..4 {
        let (again, also) = tokio::join!(get(&node, path), get(&node, path));
        assert_eq!((&again, &also), (&first, &first));
    }
    assert_eq!((first.0, &first.1["status"]), (202, &json!("pending")), "{first:?}");
    assert_eq!(shelf.writes.load(Ordering::SeqCst), 1);
    let worker = tokio::spawn(api::packing::run(node.api.clone()));
    let told = evidence(&node, "job_1").await;
    assert_eq!((&told["status"], &told["claim_level"]), (&json!("signed"), &json!("SEALED_ATTESTED_PQC")));
    worker.abort();
}

#[tokio::test]
async fn a_bundle_and_a_record_are_one_sealed_object() {
    let node = node(Mortal::new(u64::MAX, false));
    completed(&node, "job_1").await;
    let worker = tokio::spawn(api::packing::run(node.api.clone()));
    let told = evidence(&node, "job_1").await;
    let ask = |path: &'static str| {
        let request = Request::builder().uri(path).header("authorization", format!("Bearer {TOKEN}"));
        node.ask(request.body(Body::empty()).expect("a request"))
    };
    let record = bytes(ask("/api/v2/jobs/job_1/evidence/record").await).await;
    let bundle = json_of(ask("/api/v2/jobs/job_1/evidence/bundle").await).await;
    let record = Sealed::parse(&record).expect("a record");
    assert_eq!(record.to_json(), bytes(ask("/api/v2/jobs/job_1/evidence/record").await).await);
    assert_eq!(record.claim, Level::SealedAttestedPqc);
    let envelope = record.attestation.expect("signed");
    assert_eq!((envelope.digest, envelope.algorithm.as_str()), (record.bundle_hash, "ML-DSA-65"));
    assert_eq!(bundle["merkle_root"], json!(format!("sha256:{}", record.merkle_root)));
    assert_eq!(told["bundle_hash"], json!(format!("sha256:{}", record.bundle_hash)));
    assert_eq!(bundle["signature"]["key_id"], json!(envelope.key_id));
    let verify = json!({});
    let (status, verdict) =
        crate::qcos::ask(&node, "POST", "/api/v2/jobs/job_1/evidence/verify", TOKEN, &verify).await;
    assert_eq!((status, &verdict["valid"]), (200, &json!(true)), "{verdict}");
    assert_eq!((&verdict["status"], &verdict["verification_count"]), (&json!("verified"), &json!(1)));
    worker.abort();
}

#[tokio::test]
async fn another_tenants_job_is_answered_as_one_that_nobody_has() {
    let node = node(Mortal::new(u64::MAX, false));
    completed(&node, "job_1").await;
    for rest in ["", "/evidence", "/evidence/bundle", "/evidence/record", "/artifacts"] {
        let theirs = ask(&node, "GET", &format!("/api/v2/jobs/job_1{rest}"), READER, &Value::Null).await;
        let nobodys = ask(&node, "GET", &format!("/api/v2/jobs/job_2{rest}"), READER, &Value::Null).await;
        assert_eq!(theirs, nobodys, "{rest}");
        assert_eq!((theirs.0, &theirs.1["detail"]), (404, &json!("job not found")), "{rest}");
    }
    for rest in ["", "/artifacts", "/artifacts/artifact_0"] {
        let theirs =
            ask(&node, "GET", &format!("/api/v1/runtime/jobs/job_1{rest}"), READER, &Value::Null).await;
        assert_eq!((theirs.0, &theirs.1["detail"]), (404, &json!("job not found")), "{rest}");
    }
    let state = json!({ "status": "running" });
    for (method, path, body) in [
        ("POST", "/api/v2/jobs/job_1/state", &state),
        ("DELETE", "/api/v1/runtime/jobs/job_1", &Value::Null),
        ("DELETE", "/api/v2/evidence/bundle_1", &Value::Null),
        ("POST", "/api/v2/evidence/generate", &state),
    ] {
        assert_eq!(ask(&node, method, path, READER, body).await.0, 403, "a reader moves nothing: {path}");
    }
}

/// A head of this size that an authority stamped at a time; or was asked to, without one.
fn stamped(size: u64, time_ms: Option<u64>) -> Anchored {
    let standing = time_ms.map_or(State::Requested {}, |time_ms| State::Stamped {
        time_ms,
        accuracy_us: None,
        policy: "1.2.3".to_owned(),
        serial: "07".to_owned(),
        authority: format!("CN={size}"),
    });
    let mut record = Record::new("tsa".to_owned(), Kind::Rfc3161, "http://a".to_owned(), 7);
    (record.standing, record.evidence) = (standing, time_ms.map(|_| b"token".to_vec()));
    Anchored::new(size, format!("origin\n{size}\nroot\n"), vec![record])
}

#[tokio::test]
async fn a_bundle_has_the_earliest_stamp_of_a_head_that_covers_it() {
    let (tell, newest) = watch::channel(Arc::from(Vec::new()));
    let node = anchored(Mortal::new(u64::MAX, false), Anchoring { newest, ..Anchoring::default() });
    completed(&node, "job_1").await;
    let worker = tokio::spawn(api::packing::run(node.api.clone()));
    let told = evidence(&node, "job_1").await;
    worker.abort();
    let path = format!("/api/v2/evidence/{}", told["bundle_id"].as_str().expect("a name"));
    let index = told["log_index"].as_u64().expect("an index");
    let proof = async || get(&node, &path).await.1["data"]["timestamp_proof"].clone();
    // One leaf less is a head without it, and what is only asked for shows nothing.
    tell.send_replace(Arc::from(vec![stamped(index + 9, None), stamped(index, Some(1_000))]));
    assert_eq!(proof().await, Value::Null);
    let heads =
        vec![stamped(index + 8, Some(9_000)), stamped(index + 1, Some(8_000)), stamped(index, Some(1_000))];
    tell.send_replace(Arc::from(heads));
    let expected = json!({
        "authority": format!("CN={}", index + 1), "timestamp": "1970-01-01T00:00:08Z", "token": "dG9rZW4=",
        "checkpoint_url": format!("/v1/anchors/{}/checkpoint.txt", index + 1),
    });
    assert_eq!(proof().await, expected);
}

#[tokio::test]
async fn a_page_looks_at_so_many_records_and_its_cursor_goes_on() {
    let node = node(Mortal::new(u64::MAX, false));
    let worker = tokio::spawn(api::packing::run(node.api.clone()));
    let bound = json!({ "shots_completed": 10, "success_rate": 0.5, "provider_job_id": "p",
        "compiled_artifact_hash": "c", "raw_provider_result_hash": "r" });
    left(&node, "job_bound", bound).await;
    evidence(&node, "job_bound").await;
    for n in 0..17 {
        completed(&node, &format!("job_{n}")).await;
        evidence(&node, &format!("job_{n}")).await;
    }
    worker.abort();
    let question = "/api/v1/runtime/evidence?limit=1&claim_level=PROVIDER_ATTESTED";
    let (mut cursor, mut pages) = (String::new(), Vec::new());
    loop {
        let (status, page) = get(&node, &format!("{question}{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        pages.push(page["items"].clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    // Eight for each item that is asked for: 17 that claim less, and the one.
    let jobs = pages.iter().map(|items| items.as_array().expect("items").len());
    assert_eq!(jobs.collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(pages[2][0]["job_id"], "job_bound");
}
