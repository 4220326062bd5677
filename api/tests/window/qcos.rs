//! Evidence of jobs where a node dies in the middle: at each step, before it and after it, nothing is lost, doubled or half
//! signed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Notary, Shelf, Surface};
use axum::body::Body;
use axum::http::Request;
use crypto::{Scheme, SecretKey, sha256};
use ledger::LedgerReader;
use proto::counter::TimeMs;
use proto::evidence::{Level, Record};
use proto::id::Tenant;
use proto::job::JobId;
use serde_json::{Value, json};

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
    let key = SecretKey::from_seed(Scheme::MlDsa65, &[77; 32]).expect("signs");
    let root_key = SecretKey::from_seed(Scheme::MlDsa65, &[78; 32]).expect("signs");
    let name = Notary::name_of("v0", key.public());
    let notary = Some(Notary::new(name, key, root_key, shelf).expect("known to others"));
    Node::with(Setup { surfaces: BTreeSet::from([Surface::Qcos]), notary, begun: now(), ..Setup::default() })
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
    let open = json!({ "job_id": job, "backend": { "id": "sim" }, "shots_requested": 10 });
    assert_eq!(ask(node, "POST", "/api/v2/jobs", TOKEN, &open).await.0, 201);
    let path = format!("/api/v2/jobs/{job}/state");
    let hash = format!("sha256:{}", sha256(b"results"));
    let artifact =
        json!({ "name": "results.json", "hash": hash, "size_bytes": 7, "content_type": "application/json" });
    for state in [
        json!({ "status": "running" }),
        json!({ "status": "completed", "execution": { "shots_completed": 10, "success_rate": 0.5 },
                "artifacts": [artifact] }),
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
    let record = Record::parse(&record).expect("a record");
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
    let state = json!({ "status": "running" });
    let (status, _) = ask(&node, "POST", "/api/v2/jobs/job_1/state", READER, &state).await;
    assert_eq!(status, 403, "a reader moves nothing");
}
