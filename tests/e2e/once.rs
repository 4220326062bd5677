//! A node dies before it has answered, with what it was asked for decided already: whoever asks again, elsewhere or at the
//! node itself when it is back, is given the one record.

use std::time::{Duration, Instant};

use crypto::{Scheme, SecretKey, sha256};
use model::entry::Wait;
use proto::canon::proofnest::Role;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::primitive::{Kind, Whole};
use proto::submission::Body;
use serde_json::{Value, json};

use crate::support::Net;

/// Most times the node is killed.
const TRIES: u32 = 12;
/// How long a record may take to be seen at another node.
const SEEN: Duration = Duration::from_secs(20);

/// Whoever asks by HTTP, with the network's token.
struct Caller {
    http: reqwest::Client,
    urls: Vec<String>,
    token: String,
    issuer: Did,
    key: SecretKey,
}

/// What one try asks for: three records that no other try has.
#[derive(Clone)]
struct Wanted {
    session: String,
    attestation: Value,
    proof: Value,
    proof_id: String,
}

/// The names of the three, as they were answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    finalized: Option<String>,
    attestation: Option<String>,
    proof: Option<String>,
}

impl Told {
    /// Each by itself.
    fn each(&self) -> [&Option<String>; 3] {
        [&self.finalized, &self.attestation, &self.proof]
    }
}

impl Caller {
    async fn new(net: &Net) -> Self {
        let token = std::fs::read_to_string(net.dir().join("token")).expect("the network's token");
        let key = SecretKey::from_seed(Scheme::Ed25519, &[21; 32]).expect("signs");
        let issuer = Did::of_proofnest(Role::Agent, key.public()).expect("a scheme of ProofNest");
        let client = net.client(1);
        let network: NetworkId =
            client.status().await.expect("a status").network.to_string().parse().expect("an id");
        let body = Body {
            network,
            tenant: Tenant::default_tenant(),
            author: issuer.clone(),
            key: key.public().clone(),
            nonce: 0,
            expires_at: None,
            operation: Operation::IdentityCreate {
                identity: issuer.clone(),
                keys: vec![key.public().clone()],
                possessions: Vec::new(),
            },
        };
        let registered =
            client.submit(body.sign(&key).bytes(), Wait::Committed, Duration::from_secs(30)).await;
        assert!(registered.expect("a ticket").index.is_some(), "the issuer is registered");
        Self {
            http: reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client"),
            urls: (0..4).map(|node| net.node(node).url()).collect(),
            token: token.trim().to_owned(),
            issuer,
            key,
        }
    }

    /// Asks a node; none when it gave no answer.
    async fn ask(&self, node: usize, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.urls[node]);
        let request = match body {
            Some(body) => {
                self.http.post(url).header("content-type", "application/json").body(body.to_string())
            }
            None => self.http.get(url),
        };
        let request = request.bearer_auth(&self.token).timeout(Duration::from_secs(60));
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// The same, of a node that answers well.
    async fn told(&self, node: usize, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.ask(node, path, body).await.expect("the node answers");
        assert!((200..300).contains(&status), "{path} at {node}: {status} {answer}");
        answer
    }

    /// Three records to be asked for; their session is open and measured.
    async fn prepare(&self, n: u32) -> Wanted {
        let intent = json!({ "text": format!("try {n}"), "target_p95_latency_ms": 120, "target_jitter_ms": 25,
            "duration_s": 15 });
        let session = text(&self.told(1, "/intent", Some(&intent)).await, "session_id");
        let sample =
            json!({ "session_id": session, "n": 20, "p50_ms": 1.0, "p95_ms": 2.0, "jitter_ms": 3.0 });
        self.told(1, "/telemetry", Some(&sample)).await;
        let whole = Whole {
            kind: Kind::Claim,
            claim: format!("try {n}"),
            subject: None,
            evidence: None,
            nonce: sha256(&n.to_be_bytes()).as_bytes()[..16].try_into().expect("16 of 32"),
            previous: None,
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let timestamp_s = now.as_secs();
        let id = whole.id(&self.issuer, timestamp_s).to_string();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Wanted {
            session,
            attestation: json!({ "status": "VERIFIED", "verified": true, "engine": "math",
                "query": format!("{n}+1={}", n + 1), "idempotency_key": format!("try {n}") }),
            proof: json!({ "proof_type": "CLAIM", "claim": whole.claim, "issuer_did": self.issuer.as_str(),
                "nonce": hex(&whole.nonce), "timestamp": timestamp_s,
                "signature": hex(self.key.sign(id.as_bytes()).as_bytes()) }),
            proof_id: id,
        }
    }

    /// Asks a node for all three at once.
    async fn three(&self, node: usize, wanted: &Wanted) -> Told {
        let finalize = format!("/proof/{}/finalize", wanted.session);
        let (finalized, attestation, proof) = tokio::join!(
            self.ask(node, &finalize, Some(&Value::Null)),
            self.ask(node, "/v1/attestations", Some(&wanted.attestation)),
            self.ask(node, "/v1/proofs", Some(&wanted.proof)),
        );
        let named = |answer: Option<(u16, Value)>, name: &str| {
            let (status, answer) = answer?;
            assert!((200..300).contains(&status) || status == 503 || status == 504, "{status} {answer}");
            answer[name].as_str().map(str::to_owned)
        };
        Told {
            finalized: named(finalized, "this_hash"),
            attestation: named(attestation, "jti"),
            proof: named(proof, "tx_hash"),
        }
    }

    /// Asks until all three are answered: what is under way is told to come again.
    async fn all_three(&self, node: usize, wanted: &Wanted) -> Told {
        let begun = Instant::now();
        loop {
            let told = self.three(node, wanted).await;
            if told.each().into_iter().all(Option::is_some) {
                return told;
            }
            assert!(begun.elapsed() < SEEN, "at {node}: {told:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How many leaves from one on make each of the three.
    async fn counted(&self, node: usize, from: u64, wanted: &Wanted) -> [usize; 3] {
        let mut counts = [0; 3];
        for index in from.. {
            let Some((200, leaf)) = self.ask(node, &format!("/v1/entries/{index}"), None).await else {
                break;
            };
            let operation = &leaf["content"]["operation"];
            match operation["type"].as_str() {
                Some("session.finalize") if operation["session"] == wanted.session.as_str() => counts[0] += 1,
                Some("attestation.seal") => {
                    let query = format!("sha256:{}", sha256(text(&wanted.attestation, "query").as_bytes()));
                    counts[1] += usize::from(claims(&text(operation, "token")).contains(&query));
                }
                Some("proof.primitive") => {
                    counts[2] += usize::from(operation.to_string().contains(&text(&wanted.proof, "nonce")));
                }
                Some(_) | None => {}
            }
        }
        counts
    }

    async fn size(&self, node: usize) -> u64 {
        self.told(node, "/v1/status", None).await["tree_size"].as_u64().expect("a size")
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// What a token says, in JSON.
fn claims(token: &str) -> String {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap_or_default();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    String::from_utf8(bytes).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_after_a_kill_is_given_the_one_record() {
    let net = Net::start(22_450).await;
    let caller = Caller::new(&net).await;
    // Each node's keys are listed and endorsed; and how long an answer takes is known.
    let mut took = Duration::ZERO;
    for node in [1, 0] {
        let wanted = caller.prepare(1_000 + node as u32).await;
        caller.all_three(node, &wanted).await;
        let wanted = caller.prepare(2_000 + node as u32).await;
        let begun = Instant::now();
        caller.all_three(node, &wanted).await;
        took = begun.elapsed();
    }
    // Of each kind: decided though nobody was answered.
    let mut lost = [0; 3];
    let mut tries = 0;
    while tries < TRIES && (tries < 4 || lost.contains(&0)) {
        tries += 1;
        let wanted = caller.prepare(tries).await;
        let from = caller.size(2).await.saturating_sub(8);
        // Later and later, from when the request has been sent until it would have been answered.
        let delay = took * tries / (TRIES + 1);
        let asking = caller.three(0, &wanted);
        let killing = async {
            tokio::time::sleep(delay).await;
            // The signal is sent at once; its end is waited for without holding up the requests.
            tokio::task::block_in_place(|| net.kill(0));
        };
        let (answered, ()) = tokio::join!(asking, killing);
        // What it had handed on the others decide without it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let decided = caller.counted(2, from, &wanted).await;
        for (n, told) in answered.each().into_iter().enumerate() {
            lost[n] += usize::from(told.is_none() && decided[n] == 1);
        }
        let elsewhere = caller.all_three(1, &wanted).await;
        net.boot(0);
        net.ready().await;
        let again = caller.all_three(0, &wanted).await;
        assert_eq!(again, elsewhere, "try {tries}, killed after {delay:?}");
        for (told, told_again) in answered.each().into_iter().zip(again.each()) {
            assert!(told.is_none() || told == told_again, "try {tries}: {answered:?}, then {again:?}");
        }
        assert_eq!(caller.counted(3, from, &wanted).await, [1, 1, 1], "try {tries}, killed after {delay:?}");
        let listed = caller.told(2, &format!("/v1/proofs/{}", wanted.proof_id), None).await;
        assert_eq!(Some(text(&listed, "tx_hash")), again.proof);
    }
    println!("{tries} kills, an answer takes {took:?}; decided and not answered: {lost:?}");
    assert!(lost.iter().all(|count| *count > 0), "of some kind none was lost: {lost:?} in {tries} tries");
    net.nobody_is_accused().await;
}
