//! A node to test with: one task, a real ledger on a map in memory, four validators whose keys it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{
    Anchoring, Anonymous, Api, Authenticator, Doors, Exposure, Gateway, Issuer, MetricsSource, NodeStatus,
    Noted, Principal, Reigning, Scopes, Service, SubmitReply, SubmitRequest, Surface, Witnessing,
};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use crypto::{RepeatableMlDsa65, Scheme, SecretKey, sha256};
use futures::StreamExt as _;
use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};
use ledger::{CheckError, Committed, Ledger, LedgerReader, Notice, batch_ref};
use proto::block::Block;
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, TimeMs, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, Tenant, ValidatorIndex};
use proto::operation::{Operation, endorsement_bytes};
use proto::policy::Policy;
use proto::submission::{Body as SubmissionBody, Submission};
use proto::validators::{Validator, ValidatorSet};
use proto::verified::{Strict, Unverified, Verified};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, watch};
use tower::ServiceExt as _;

type Values = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// Values by key, in memory; counts who reads.
#[derive(Default)]
pub struct Memory {
    values: Mutex<Values>,
    reads: AtomicU64,
}

impl Memory {
    fn with<T>(&self, look: impl FnOnce(&mut Values) -> T) -> T {
        look(&mut self.values.lock().expect("no test panics while it holds this"))
    }

    fn read<T>(&self, look: impl FnOnce(&mut Values) -> T) -> Result<T, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.with(look))
    }

    /// How many values were asked for.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn commit(&self, change: &ChangeSet) {
        self.with(|values| {
            for (table, key, value) in change.iter() {
                match value {
                    Some(value) => values.insert((table, key.to_vec()), value.to_vec()),
                    None => values.remove(&(table, key.to_vec())),
                };
            }
        });
    }
}

impl Read for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(|values| values.get(&(table, key.to_vec())).cloned())
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        self.read(|values| {
            let found = values.range((table, Vec::new())..=(table, key.to_vec())).next_back();
            found.map(|((_, key), value)| (key.clone(), value.clone()))
        })
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        self.read(|values| {
            let found =
                values.range((table, key.to_vec())..).next().filter(|((found, _), _)| *found == table);
            found.map(|((_, key), value)| (key.clone(), value.clone()))
        })
    }
}

/// How far the node takes what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// To the end, at once.
    Finalize,
    /// Into a block; no quorum signs.
    Commit,
    /// Into the pool: no quorum votes.
    Freeze,
    /// It does not even answer.
    Silence,
    /// Its pool is full.
    Full,
}

/// The secret keys of one validator that sign checkpoints.
struct Signer {
    log: SecretKey,
    ed25519: SecretKey,
    ml_dsa_65: SecretKey,
}

fn secret(scheme: Scheme, role: u8, n: u8) -> SecretKey {
    let mut seed = [n; 32];
    seed[0] = role;
    SecretKey::from_seed(scheme, &seed).expect("a scheme that signs")
}

fn service(set: &ValidatorSet) -> Service {
    let key = secret(Scheme::Ed25519, 10, 9);
    let message = endorsement_bytes(set.network(), "v0", &key.public().id());
    let endorsement = secret(Scheme::Ed25519, 0, 0).sign(&message);
    Service::new(key).expect("ed25519").endorsed("v0".to_owned(), endorsement)
}

fn issuer() -> Issuer {
    let mut seed = [0; 32];
    seed[0] = 4;
    Issuer::new(secret(Scheme::Ed25519, 2, 0), RepeatableMlDsa65::from_seed(&seed)).expect("ed25519")
}

fn genesis(time: TimeMs) -> (Genesis, Vec<Signer>) {
    let mut signers = Vec::new();
    let validators = (0..4)
        .map(|n| {
            let signer = Signer {
                log: secret(Scheme::Ed25519, 2, n),
                ed25519: secret(Scheme::Ed25519, 3, n),
                ml_dsa_65: secret(Scheme::MlDsa65, 4, n),
            };
            let validator = Validator {
                name: format!("v{n}"),
                power: 1,
                consensus: secret(Scheme::Ed25519, 0, n).public().clone(),
                network: secret(Scheme::Ed25519, 1, n).public().clone(),
                log: signer.log.public().clone(),
                cosigner_ed25519: signer.ed25519.public().clone(),
                cosigner_ml_dsa_65: signer.ml_dsa_65.public().clone(),
            };
            signers.push(signer);
            validator
        })
        .collect();
    let genesis = Genesis {
        origin: "ledger.example/test".to_owned(),
        time,
        validators,
        admission: Admission::Open,
        registrars: Vec::new(),
    };
    (genesis, signers)
}

/// The node's inside.
struct Inside {
    memory: Arc<Memory>,
    ledger: Ledger,
    set: Arc<ValidatorSet>,
    signers: Vec<Signer>,
    feed: broadcast::Sender<Arc<Notice>>,
    pool: Vec<Verified<Submission>>,
}

impl Inside {
    fn judge(&mut self, envelope: &[u8]) -> SubmitReply {
        let submission = match Submission::decode(envelope) {
            Ok(submission) => submission,
            Err(fault) => return SubmitReply::Malformed(fault.to_string()),
        };
        let id = submission.id();
        if let Some(outcome) = self.ledger.outcome(&id).expect("memory reads") {
            return SubmitReply::Known { id, outcome };
        }
        if self.pool.iter().any(|waiting| waiting.id() == id) {
            return SubmitReply::Waiting { id };
        }
        let verified = match Unverified::new(submission).verify(self.set.network(), &Strict) {
            Ok(verified) => verified,
            Err(fault) => return SubmitReply::Refused { id, code: "signature", detail: fault.to_string() },
        };
        match self.ledger.check(&verified, self.ledger.tip().time) {
            Ok(()) => {
                self.pool.push(verified);
                SubmitReply::Accepted { id }
            }
            Err(CheckError::Rejected(rejection)) => {
                SubmitReply::Refused { id, code: rejection.code(), detail: rejection.to_string() }
            }
            Err(CheckError::Read(fault)) => panic!("{fault}"),
        }
    }

    fn commit(&mut self) {
        if self.pool.is_empty() {
            return;
        }
        let me = ValidatorIndex::new(0);
        let batch = Verified::<Submission>::pack(me, std::mem::take(&mut self.pool));
        let tip = *self.ledger.tip();
        let view = View::new(tip.height.get() + 1);
        let block = Block {
            epoch: Epoch::ZERO,
            height: tip.height.next(),
            view,
            parent: tip.block,
            parent_view: View::new(tip.height.get()),
            proposer: me,
            time: tip.time.plus(1_000),
            batches: vec![batch_ref(&batch)],
            handover: None,
        };
        let justify = QuorumCert {
            epoch: Epoch::ZERO,
            view: block.parent_view,
            height: tip.height,
            block: tip.block,
            signatures: Vec::new(),
        };
        let applied =
            self.ledger.apply(Committed { block, justify, batches: vec![batch] }).expect("next block");
        self.memory.commit(&applied.change);
        self.ledger.durable(applied.height);
        for notice in applied.notices {
            // Nobody may be listening.
            let _ = self.feed.send(Arc::new(notice));
        }
    }

    fn finalize(&mut self) {
        let head = self.ledger.head();
        let cosignatures = (0..3).map(|n| self.cosign(n, head)).collect();
        let checkpoint =
            Verified::certify(&self.set, head, cosignatures).expect("three of four are a quorum");
        if let Some(finality) = self.ledger.certify(&checkpoint).expect("our own head") {
            self.memory.commit(&finality.change);
            let _ = self.feed.send(Arc::new(finality.notice));
        }
    }

    fn cosign(&self, n: u16, head: Head) -> Verified<Cosignature> {
        let (signer, time_s) = (ValidatorIndex::new(n), 2_000);
        let messages = cosigned_messages(&self.set, signer, head, time_s).expect("a name");
        let keys = &self.signers[usize::from(n)];
        let cosignature = Cosignature {
            epoch: self.set.epoch(),
            signer,
            head,
            time_s,
            log: keys.log.sign(&messages.log),
            ed25519: keys.ed25519.sign(&messages.ed25519),
            ml_dsa_65: keys.ml_dsa_65.sign(&messages.ml_dsa_65),
        };
        Unverified::new(cosignature).verify(&self.set, &Strict).expect("holds")
    }
}

/// The key of somebody who submits.
pub fn person(n: u8) -> SecretKey {
    secret(Scheme::Ed25519, 7, n)
}

/// That a file exists.
pub fn proof() -> Operation {
    Operation::ProofSubmit {
        content: sha256(b"content"),
        content_bytes: 7,
        media_type: "text/plain".to_owned(),
        subject: "a file".to_owned(),
    }
}

/// What a test holds.
pub struct Node {
    pub api: Api,
    pub set: Arc<ValidatorSet>,
    pub policy: Policy,
    pub pace: watch::Sender<Pace>,
    pub status: watch::Sender<NodeStatus>,
    pub stop: watch::Sender<bool>,
    pub router: Router,
    pub memory: Arc<Memory>,
    noted: Mutex<mpsc::Receiver<Noted>>,
}

/// What stands behind the doors, beyond the usual.
pub struct Setup {
    pub pace: Pace,
    pub gateway: bool,
    pub artifacts: Option<api::Artifacts>,
    pub keeping: api::Keeping,
    /// Whether it signs COSE receipts, as validator 0.
    pub issuer: bool,
    pub feed_capacity: usize,
    pub exposure: Exposure,
    pub metrics: MetricsSource,
    pub witnessing: Witnessing,
    pub surfaces: BTreeSet<Surface>,
    pub rate_per_minute: u32,
    pub anchoring: Anchoring,
    /// Whether validator 0 endorses the key of its service.
    pub endorsed: bool,
    pub custody: Option<Arc<dyn api::Custody>>,
    pub attester: Option<api::Attester>,
    pub notary: Option<api::Notary>,
    /// The time of genesis; each block is a second later than the one before.
    pub begun: TimeMs,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            pace: Pace::Finalize,
            gateway: false,
            artifacts: None,
            keeping: keeping(),
            issuer: true,
            feed_capacity: 64,
            exposure: Exposure::Loopback,
            metrics: MetricsSource::default(),
            witnessing: Witnessing::default(),
            surfaces: BTreeSet::new(),
            rate_per_minute: 0,
            anchoring: Anchoring::default(),
            endorsed: true,
            custody: None,
            attester: None,
            notary: None,
            begun: TimeMs::new(1_000_000),
        }
    }
}

/// Room for everybody, counted: there is nothing here when a test begins.
pub fn keeping() -> api::Keeping {
    let keeping = api::Keeping::default();
    keeping.room.counted(BTreeMap::new());
    keeping
}

pub const TOKEN: &str = "a-token";
/// A key that may read and nothing else, of a tenant of its own.
pub const READER: &str = "a-reader";

fn reader() -> Principal {
    let (tenant, scopes) =
        (Tenant::parse("acme").expect("a name"), Scopes::parse("proof:read").expect("one"));
    Principal { tenant, subject: "reader".to_owned(), scopes, per_minute: None, until_s: None }
}

impl Node {
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn paced(pace: Pace) -> Self {
        Self::with(Setup { pace, ..Setup::default() })
    }

    pub fn with(setup: Setup) -> Self {
        let (genesis, signers) = genesis(setup.begun);
        let set = Arc::new(genesis.validator_set());
        let policy = Policy::of(&set).expect("equal powers");
        let memory = Arc::new(Memory::default());
        let (mut ledger, change) = Ledger::open(memory.clone(), &genesis).expect("an empty store");
        memory.commit(&change.expect("the beginning"));
        ledger.durable(ledger.tip().height);
        let (submit, requests) = mpsc::channel(2_048);
        let (feed, _) = broadcast::channel(setup.feed_capacity);
        let (status, status_seen) = watch::channel(NodeStatus { ready: true, ..NodeStatus::default() });
        let (stop, stopping) = watch::channel(false);
        let (pace, pace_seen) = watch::channel(setup.pace);
        let gateway = setup.gateway.then(|| Gateway::new(secret(Scheme::Ed25519, 9, 9)).expect("ed25519"));
        let keys =
            vec![(sha256(TOKEN.as_bytes()), Principal::anonymous()), (sha256(READER.as_bytes()), reader())];
        let authenticator = Authenticator::new(keys, Anonymous::Refused).expect("two keys");
        let (audit, noted) = mpsc::channel(64);
        let api = Api::new(Doors {
            submit,
            read: LedgerReader::new(memory.clone()),
            feed: feed.clone(),
            status: status_seen,
            reign: watch::channel(Reigning::of(set.clone()).expect("equal powers")).1,
            genesis: Arc::new(genesis),
            gateway,
            authenticator,
            rate_per_minute: setup.rate_per_minute,
            audit: Some(audit),
            notes: None,
            service: match setup.endorsed {
                true => service(&set),
                false => Service::new(secret(Scheme::Ed25519, 10, 9)).expect("ed25519"),
            },
            custody: setup.custody,
            attester: setup.attester,
            notary: setup.notary,
            surfaces: setup.surfaces,
            artifacts: setup.artifacts,
            keeping: setup.keeping,
            issuer: setup.issuer.then(issuer).map(Arc::new),
            witnessing: setup.witnessing,
            anchoring: setup.anchoring,
            metrics: setup.metrics,
            stopping,
        });
        let inside =
            Inside { memory: memory.clone(), ledger, set: set.clone(), signers, feed, pool: Vec::new() };
        tokio::spawn(run(inside, requests, pace_seen));
        let router = api.public_router(setup.exposure);
        Self { api, set, policy, pace, status, stop, router, memory, noted: Mutex::new(noted) }
    }

    /// What was noted since it was asked last.
    pub fn noted(&self) -> Vec<Noted> {
        let mut noted = self.noted.lock().expect("no test panics while it holds this");
        std::iter::from_fn(|| noted.try_recv().ok()).collect()
    }

    /// The key of a validator's log.
    pub fn log_key(&self, validator: u8) -> SecretKey {
        secret(Scheme::Ed25519, 2, validator)
    }

    /// The same service as the node's.
    pub fn service(&self) -> Service {
        service(&self.set)
    }

    /// A signed envelope, another one for each number.
    pub fn envelope(&self, n: u64) -> Vec<u8> {
        self.envelope_by(1, n)
    }

    pub fn envelope_by(&self, author: u8, n: u64) -> Vec<u8> {
        let key = person(author);
        self.signed(&key, &Did::of(key.public()), n, proof())
    }

    /// An operation in the name of an identity, signed by a key.
    pub fn signed(&self, key: &SecretKey, author: &Did, nonce: u64, operation: Operation) -> Vec<u8> {
        let body = SubmissionBody {
            network: *self.set.network(),
            tenant: Tenant::default_tenant(),
            author: author.clone(),
            key: key.public().clone(),
            nonce,
            expires_at: None,
            operation,
        };
        body.sign(key).bytes().to_vec()
    }

    pub async fn ask(&self, request: Request<Body>) -> Response {
        let answer = self.router.clone().oneshot(request);
        tokio::time::timeout(Duration::from_secs(90), answer).await.expect("an answer").expect("no fault")
    }

    /// As `ask`, to be waited for elsewhere.
    pub fn ask_later(&self, request: Request<Body>) -> impl Future<Output = Response> + use<> {
        let answer = self.router.clone().oneshot(request);
        async { answer.await.expect("no fault") }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
        (response.status(), json(response).await)
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.ask(posted(path, body.to_string())).await;
        (response.status(), json(response).await)
    }

    /// Submits an envelope and gives the ticket.
    pub async fn submit(&self, envelope: &[u8], wait: &str, timeout_ms: u64) -> (StatusCode, Value) {
        let body = serde_json::json!({
            "envelope": encode(envelope), "wait": wait, "timeout_ms": timeout_ms,
        });
        self.post("/v1/entries", &body).await
    }

    /// Calls a method and gives the whole answer.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (status, answer) = self.post("/rpc", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}

async fn run(
    mut inside: Inside,
    mut requests: mpsc::Receiver<SubmitRequest>,
    mut pace: watch::Receiver<Pace>,
) {
    let mut silenced = Vec::new();
    loop {
        let now = *pace.borrow_and_update();
        match now {
            Pace::Finalize => {
                inside.commit();
                inside.finalize();
            }
            Pace::Commit => inside.commit(),
            Pace::Freeze | Pace::Silence | Pace::Full => {}
        }
        tokio::select! {
            changed = pace.changed() => if changed.is_err() { return },
            request = requests.recv() => {
                let Some(SubmitRequest { envelope, reply }) = request else { return };
                let answer = match now {
                    Pace::Silence => {
                        silenced.push(reply);
                        continue;
                    }
                    Pace::Full => SubmitReply::Full { retry_after_ms: 1_500 },
                    Pace::Finalize | Pace::Commit | Pace::Freeze => inside.judge(&envelope),
                };
                let _ = reply.send(answer);
            }
        }
    }
}

pub fn posted(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body.into()).expect("a request")
}

pub fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub async fn bytes(response: Response) -> Vec<u8> {
    let mut chunks = response.into_body().into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk.expect("a chunk"));
    }
    bytes
}

/// The body as JSON; null where there is none.
pub async fn json(response: Response) -> Value {
    let bytes = bytes(response).await;
    match bytes.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&bytes).expect("JSON"),
    }
}
