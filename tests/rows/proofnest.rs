//! ProofNest: identities, proofs, batches and the chain below them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, Scheme};
use merkle::{inclusion, leaf_hash};
use proto::operation::Operation;
use proto::primitive::{Kind, Place, ProofId, Told};
use reqwest::Method;
use serde_json::{Value, json};
use testnet::in_process::{Doors, LocalNetwork};
use testnet::topology::{Keys, Plan, Topology};

use crate::issuers::{Issuer, hex, kept, now_s, seen};
use crate::net::{ACME, PATIENCE, net};

async fn post(node: usize, path: &str, body: &Value) -> crate::net::Reply {
    net().ask(node, Method::POST, path).key(ACME).json(body).send().await
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}"))
}

fn number(value: &Value, member: &str) -> u64 {
    let found = &value[member];
    found.as_u64().or_else(|| found.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{member} of {value}"))
}

/// A network of one test's own, and where its nodes answer.
pub async fn own(validators: u16, name: &str) -> (Topology, LocalNetwork, Vec<String>) {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    let topology = Topology::create(&Plan {
        validators: validators.into(),
        dir,
        port: Topology::PORT,
        origin: None,
        keys: Keys::Dev,
        registrars: Vec::new(),
    })
    .expect("a network is drawn");
    let (network, urls) = run(&topology).await;
    (topology, network, urls)
}

/// The same, started again.
pub async fn run(topology: &Topology) -> (LocalNetwork, Vec<String>) {
    let network = LocalNetwork::start(topology, Doors::default()).await.expect("a network");
    network.ready(PATIENCE).await.expect("it becomes ready");
    let urls = network.nodes().map(|(_, node)| format!("http://{}", node.rpc_addrs[0])).collect();
    (network, urls)
}

/// Asks a network of one's own, whose nodes need no credential.
pub async fn ask(url: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = match body {
        Some(body) => {
            let request = client.post(format!("{url}{path}")).header("content-type", "application/json");
            request.body(body.to_string())
        }
        None => client.get(format!("{url}{path}")),
    };
    let response = request.timeout(PATIENCE).send().await.expect("the node answers");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.expect("a body")).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn p01_four_validators_decide_alike_and_go_on_without_one() {
    let (_topology, mut network, urls) = own(4, "p01").await;
    let create = json!({ "identity_type": "agent", "algorithm": "ed25519" });
    let (status, made) = ask(&urls[0], "/v1/identities", Some(&create)).await;
    assert_eq!(status, 200, "{made}");
    let claim = |n: u32| json!({ "claim": format!("claim {n}"), "issuer_did": made["did"] });
    ask(&urls[0], "/v1/proofs", Some(&claim(1))).await;
    network.stop_last().await.expect("one of four ends");
    let (status, told) = ask(&urls[0], "/v1/proofs", Some(&claim(2))).await;
    assert_eq!(status, 200, "three of four decide: {told}");
    let height = number(&told, "height");
    let mut blocks = BTreeSet::new();
    for url in &urls[..3] {
        let begun = Instant::now();
        let block = loop {
            let (status, block) = ask(url, &format!("/v1/blocks/{height}"), None).await;
            if status == 200 {
                break block;
            }
            assert!(begun.elapsed() < PATIENCE, "{block}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(block["justify"].is_object(), "{block}");
        blocks.insert(text(&block, "id").to_owned());
    }
    assert_eq!(blocks.len(), 1, "one block of one height");
    network.stop().await.expect("they end");
}

#[tokio::test]
async fn p02_dilithium_signatures_stand_on_the_chain() {
    let issuer = Issuer::register(Scheme::Dilithium3R3).await;
    let told = issuer.tell(0, "post-quantum").await;
    let path = format!("/v1/proofs/{}", text(&told, "proof_id"));
    let full = seen(2, &path).await;
    assert_eq!(full["signature"]["algorithm"], "dilithium3");
    assert_eq!(text(&full["signature"], "value").len(), 2 * 3_293);
    let verdict = seen(2, &format!("{path}/verify")).await;
    assert_eq!(verdict["checks"]["signature_present"], true, "checked at another node");
    // A bit of the signature changed: no node takes it.
    let whole = issuer.whole("changed", None);
    let mut posted = issuer.posted(&whole);
    let signature = text(&posted, "signature").to_owned();
    posted["signature"] =
        format!("{}{}", if signature.starts_with('0') { "1" } else { "0" }, &signature[1..]).into();
    let refused = post(1, "/v1/proofs", &posted).await.expect(400);
    assert!(text(&refused, "detail").contains("none of the issuer's active keys"), "{refused}");
}

#[tokio::test]
async fn p03_the_nodes_are_peers_of_one_another() {
    for node in 0..4 {
        let status =
            net().until(node, "/v1/status", |reply| reply.json()["peers_connected"] == 3).await.json();
        assert_eq!(status["peers_connected"], 3);
    }
}

/// A transaction of ProofNest's chain, as its client writes it.
fn transaction(issuer: &Issuer, claim: &str, kind: Value) -> (ProofId, Value) {
    let whole = issuer.whole(claim, None);
    let primitive = issuer.signed(whole);
    let (id, signature) = (primitive.id(), hex(primitive.signature.as_bytes()));
    let tx = json!({ "tx": {
        "type": kind, "signature": signature, "nonce": 0, "timestamp": now_s(),
        "data": {
            "proof_id": id.to_string(), "proof_hash": id.to_string(), "issuer_did": issuer.did.as_str(),
            "claim_hash": crypto::sha256(claim.as_bytes()).to_string(), "timestamp": primitive.timestamp_s,
            "signature": signature,
        },
    } });
    (id, tx)
}

async fn call(node: usize, method: &str, params: &Value) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    post(node, "/", &call).await.expect(200)
}

#[tokio::test]
async fn p04_a_proof_is_a_transaction_of_type_seven() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    for (kind, taken) in [(json!(7), true), (json!("PROOF"), true), (json!(0), false), (json!(8), false)] {
        let (_, tx) = transaction(&issuer, &format!("of type {kind}"), kind.clone());
        let answer = call(0, "broadcast_tx_sync", &tx).await;
        assert_eq!(answer["result"]["status"] == "confirmed", taken, "{answer}");
        assert_eq!(answer["error"]["message"].is_string(), !taken, "{answer}");
        if taken {
            let tx = call(0, "tx", &json!({ "hash": answer["result"]["hash"] })).await;
            assert_eq!(tx["result"]["content"]["operation"]["type"], "proof.primitive", "{tx}");
        }
    }
}

#[tokio::test]
async fn p05_blocks_and_finality_within_seconds() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let (mut to_block, mut to_final) = (Duration::ZERO, Duration::ZERO);
    const ROUNDS: u32 = 5;
    for n in 0..ROUNDS {
        let begun = Instant::now();
        let told = issuer.tell(0, &format!("timed {n}")).await;
        to_block += begun.elapsed();
        let path = format!("/v1/proofs/{}", text(&told, "proof_id"));
        net().until(0, &path, |reply| reply.json()["finality"] == "anchored").await;
        to_final += begun.elapsed();
    }
    let (block, last) = (to_block / ROUNDS, to_final / ROUNDS);
    let ratio = |found: Duration, promised: f64| found.as_secs_f64() / promised;
    println!(
        "block {block:?}, {:.3} of 2 s; final {last:?}, {:.3} of 4 s",
        ratio(block, 2.0),
        ratio(last, 4.0)
    );
    assert!(block < Duration::from_secs(10) && last < Duration::from_secs(20), "{block:?} {last:?}");
}

#[tokio::test]
async fn p06_json_rpc_and_rest_on_one_address() {
    let status = call(1, "status", &json!({})).await;
    let by_rest = net().get(1, "/v1/status").await.expect(200);
    assert_eq!(status["result"]["chain_id"], by_rest["origin"]);
    assert_eq!((&status["jsonrpc"], &status["id"]), (&json!("2.0"), &json!(7)));
    let list = call(1, "status", &json!([])).await;
    assert_eq!(list["error"]["code"], -32602, "members are given by name");
}

#[tokio::test]
async fn p07_the_crate_for_clients_tells_a_proof_and_has_its_receipt() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    seen(3, &format!("/v1/identities/{}", issuer.did)).await;
    let operation = Operation::ProofPrimitive(Box::new(issuer.signed(issuer.whole("by the crate", None))));
    let client = client::Client::new(net().url(3)).expect("a client");
    let envelope = issuer.envelope(operation);
    let id = proto::id::SubmissionId::new(crypto::sha256(&envelope));
    let ticket = client.submit(&envelope, model::entry::Wait::Finalized, PATIENCE).await.expect("taken");
    assert_eq!((ticket.id.submission(), ticket.state), (id, model::entry::State::Finalized));
}

#[tokio::test]
async fn p08_a_proof_is_told_stored_and_on_the_chain() {
    let did = kept(0, "ed25519").await;
    let told = post(0, "/v1/proofs", &json!({ "claim": "it rained", "issuer_did": did })).await.expect(200);
    let full = seen(3, &format!("/v1/proofs/{}", text(&told, "proof_id"))).await;
    assert_eq!((&full["claim"], &full["tx_hash"]), (&json!("it rained"), &told["tx_hash"]));
    let entry = seen(3, &format!("/v1/entries/{}", text(&told, "tx_hash"))).await;
    assert_eq!(number(&entry, "index"), number(&told, "index"));
    assert_eq!(full["consensus"]["state"], "PENDING", "nobody votes on proofs yet");
}

#[tokio::test]
async fn p09_verifying_asks_what_the_chain_holds() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = issuer.tell(0, "to be verified").await;
    let path = format!("/v1/proofs/{}/verify", text(&told, "proof_id"));
    let by_get = seen(2, &path).await;
    let by_post = net().ask(2, Method::POST, &path).send().await.expect(200);
    assert_eq!((&by_get["is_valid"], &by_post["is_valid"]), (&json!(true), &json!(true)));
    let unknown = format!("/v1/proofs/proof:{}/verify", "0".repeat(64));
    assert_eq!(net().get(2, &unknown).await.status, 404);
}

#[tokio::test]
async fn p37_many_are_verified_at_once() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(issuer.tell(0, &format!("one of many {n}")).await["proof_id"].clone());
    }
    let verdict = post(0, "/v1/proofs/batch-verify", &json!({ "proof_ids": ids })).await.expect(200);
    assert_eq!((&verdict["verified"], verdict["proofs"].as_array().map(Vec::len)), (&json!(true), Some(5)));
    assert_eq!(text(&verdict, "merkle_root").len(), 64);
    ids.push(json!(format!("proof:{}", "0".repeat(64))));
    let verdict = post(0, "/v1/proofs/batch-verify", &json!({ "proof_ids": ids })).await.expect(200);
    assert_eq!((&verdict["verified"], &verdict["proofs"][5]["verified"]), (&json!(false), &json!(false)));
    assert_eq!(verdict["proofs"][0]["verified"], true);
}

/// Proofs that are handed in together, so that blocks hold several.
async fn together(issuer: &Issuer, count: usize) -> Vec<Value> {
    let primitives: Vec<_> =
        (0..count).map(|n| issuer.signed(issuer.whole(&format!("together {n}"), None))).collect();
    let submitted = primitives
        .iter()
        .map(|primitive| issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive.clone()))));
    for reply in futures::future::join_all(submitted).await {
        reply.expect(201);
    }
    let mut proven = Vec::new();
    for primitive in &primitives {
        proven.push(seen(1, &format!("/v1/proofs/{}/merkle-proof", primitive.id())).await);
    }
    proven
}

fn digest(text: &str) -> Digest {
    text.parse().expect("64 hex digits")
}

fn path_of(proven: &Value) -> Vec<Digest> {
    let path = proven["merkle_proof"].as_array().expect("a list").iter();
    path.map(|hash| digest(hash.as_str().expect("hex"))).collect()
}

/// Whether a proof's path leads to a root, as anybody would check it.
fn leads(proven: &Value, index: u64, path: &[Digest], root: &Digest) -> bool {
    let id: ProofId = text(proven, "proof_id").parse().expect("an id");
    let leaf = leaf_hash(id.as_bytes());
    inclusion::verify(&leaf, index, number(proven, "proof_count"), path, root).is_ok()
}

#[tokio::test]
async fn p38_the_proofs_of_a_block_have_one_root() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let proven = together(&issuer, 24).await;
    let batches: BTreeSet<_> = proven.iter().map(|it| text(it, "batch_id").to_owned()).collect();
    assert!(batches.len() < proven.len(), "several proofs share a batch: {batches:?}");
    for batch in &batches {
        let (one, other) =
            (seen(0, &format!("/v1/batches/{batch}")).await, seen(3, &format!("/v1/batches/{batch}")).await);
        assert_eq!(one["merkle_root"], other["merkle_root"], "every node makes the same");
        let inside = proven.iter().filter(|it| it["batch_id"] == **batch).count() as u64;
        assert!(number(&one, "proof_count") >= inside);
    }
}

#[tokio::test]
async fn p39_each_proof_has_its_place_in_a_batch() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let proven = together(&issuer, 6).await;
    for one in &proven {
        let full = seen(1, &format!("/v1/proofs/{}", text(one, "proof_id"))).await;
        assert_eq!((&full["batch_id"], &full["merkle_index"]), (&one["batch_id"], &one["merkle_index"]));
        assert!(path_of(one).len() <= 16 && number(one, "merkle_index") < number(one, "proof_count"));
    }
    let places: BTreeSet<_> =
        proven.iter().map(|it| (text(it, "batch_id"), number(it, "merkle_index"))).collect();
    assert_eq!(places.len(), proven.len(), "no two in one place");
}

#[tokio::test]
async fn p40_a_path_proves_a_proof_against_the_root_on_the_chain() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let proven = together(&issuer, 16).await;
    let one = proven.iter().max_by_key(|it| number(it, "proof_count")).expect("some");
    // The root is another node's word, the path this one's.
    let batch = seen(3, &format!("/v1/batches/{}", text(one, "batch_id"))).await;
    let (root, index, path) =
        (digest(text(&batch, "merkle_root")), number(one, "merkle_index"), path_of(one));
    assert!(leads(one, index, &path, &root));
    assert!(number(one, "proof_count") > 1 && !path.is_empty(), "a batch of several: {one}");
    assert!(!leads(one, index + 1, &path, &root), "another place");
    assert!(!leads(one, number(one, "proof_count"), &path, &root), "a place that does not exist");
    assert!(!leads(one, index, &path, &crypto::sha256(b"another root")));
    let mut spoilt = path.clone();
    spoilt[0] = crypto::sha256(b"another sibling");
    assert!(!leads(one, index, &spoilt, &root));
    assert!(!leads(one, index, &path[1..], &root), "a node is no leaf");
    // One hash for each doubling: of 1000 proofs 10, which are 640 digits.
    let most = 64 - (number(one, "proof_count") - 1).leading_zeros() as usize;
    assert!(path.len() <= most);
}

#[tokio::test]
async fn p41_a_batch_says_where_it_is_anchored() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = issuer.tell(0, "in a batch").await;
    let path = format!("/v1/batches/batch-{}", number(&told, "height"));
    let batch = net().until(2, &path, |reply| reply.json()["confirmed_at"].is_u64()).await.json();
    assert_eq!(number(&batch, "chain_height"), number(&told, "height"));
    assert_eq!(text(&batch, "merkle_root").len(), 64);
    assert!(
        number(&batch, "proof_count") >= 1 && number(&batch, "confirmed_at") >= number(&batch, "created_at")
    );
    // The transaction is the block's own leaf of the log, by its hash: anybody has it from the log's own entries.
    let leaf = seen(2, &format!("/v1/entries/{}", number(&batch, "chain_leaf_index"))).await;
    let bytes = STANDARD.decode(text(&leaf, "entry")).expect("base64");
    assert_eq!(
        (leaf_hash(&bytes), &leaf["content"]["kind"]),
        (digest(text(&batch, "chain_tx_hash")), &json!("block"))
    );
    assert_eq!(net().get(2, "/v1/batches/batch-0").await.status, 404);
}

#[tokio::test]
async fn p42_a_thousand_proofs_are_verified_in_one_request() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let primitives: Vec<_> =
        (0..1_000).map(|n| issuer.signed(issuer.whole(&format!("of a thousand {n}"), None))).collect();
    for some in primitives.chunks(100) {
        let submitted = some
            .iter()
            .map(|primitive| issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive.clone()))));
        for reply in futures::future::join_all(submitted).await {
            reply.expect(201);
        }
    }
    let ids: Vec<_> = primitives.iter().map(|primitive| primitive.id().to_string()).collect();
    let begun = Instant::now();
    let verdict = post(0, "/v1/proofs/batch-verify", &json!({ "proof_ids": ids })).await.expect(200);
    let took = begun.elapsed();
    assert_eq!(
        (&verdict["verified"], verdict["proofs"].as_array().map(Vec::len)),
        (&json!(true), Some(1_000))
    );
    let batches = verdict["batches"].as_array().expect("a list").len();
    println!("1000 proofs, {batches} roots on the chain, {:?} each", took / 1_000);
    assert!(batches < 500, "a root is for many: {batches}");
    // The promise is 5 ms; this is a debug build on a busy machine.
    assert!(took / 1_000 < Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn a_transaction_passes_by_no_rule() {
    // An issuer that nobody registered, by the chain's own method.
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let (_, mut tx) = transaction(&issuer, "past the rules", json!(7));
    let good = tx.clone();
    tx["tx"]["data"]["issuer_did"] = format!("did:pn:agent:{}", "0".repeat(40)).into();
    let refused = call(0, "broadcast_tx_sync", &tx).await;
    assert!(refused["error"]["data"]["detail"].to_string().contains("Unknown issuer"), "{refused}");
    // Another claim than was signed for: an id that was never signed.
    let mut tx = good.clone();
    let other = format!("proof:{}", crypto::sha256(b"another"));
    (tx["tx"]["data"]["proof_id"], tx["tx"]["data"]["proof_hash"]) = (json!(other), json!(other));
    let refused = call(0, "broadcast_tx_sync", &tx).await;
    assert!(refused["error"]["data"]["detail"].to_string().contains("active keys"), "{refused}");
    // Without a credential; and what is taken is what REST shows, not called valid before it is told whole.
    let call_without = json!({ "jsonrpc": "2.0", "id": 7, "method": "broadcast_tx_sync", "params": good });
    let refused = net().ask(0, Method::POST, "/").json(&call_without).send().await.expect(200);
    assert!(refused["error"].is_object(), "{refused}");
    assert_eq!(call(0, "broadcast_tx_sync", &good).await["result"]["status"], "confirmed");
    let path = format!("/v1/proofs/{}", text(&good["tx"]["data"], "proof_id"));
    let shown = seen(1, &path).await;
    assert_eq!((&shown["told"], &shown["issuer"]["did"]), (&json!("hashes"), &json!(issuer.did.as_str())));
    assert_eq!(seen(1, &format!("{path}/verify")).await["is_valid"], false);
}

#[tokio::test]
async fn p44_verification_asks_no_other_node_and_finality_comes_by_itself() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = issuer.tell(0, "confirmed later").await;
    let path = format!("/v1/proofs/{}/verify", text(&told, "proof_id"));
    // A node that is cut off from all others still verifies: see the row of restarts. Here: it becomes final unasked.
    let first = net().get(0, &path).await.expect(200);
    assert_eq!(first["is_valid"], true);
    assert!(matches!(text(&first, "finality"), "committed" | "anchored"));
    let last = net().until(0, &path, |reply| reply.json()["finality"] == "anchored").await.json();
    assert_eq!(last["is_valid"], true);
}

#[tokio::test]
async fn p46_a_key_is_rotated_and_the_name_stays() {
    let mut issuer = Issuer::register(Scheme::Ed25519).await;
    let before = issuer.tell(0, "by the first key").await;
    let did = issuer.did.clone();
    let (by_old, told_by_old) =
        (issuer.posted(&issuer.whole("kept back", None)), issuer.signed(issuer.whole("kept back too", None)));
    let old = issuer.rotate(0).await;
    assert_eq!(issuer.did, did);
    let keys = |reply: &crate::net::Reply| reply.json()["keys"].as_array().map(Vec::len);
    let path = format!("/v1/identities/{did}");
    let identity = net().until(1, &path, |reply| keys(reply) == Some(2)).await.json();
    let keys = identity["keys"].as_array().expect("a list");
    let kid = |key: &crypto::PublicKey| json!(key.id().to_string());
    let life = |key: Value| keys.iter().find(|life| life["kid"] == key).expect("listed").clone();
    assert_eq!(
        (&life(kid(&old))["end"]["kind"], &life(kid(issuer.key.public()))["end"]),
        (&json!("retired"), &Value::Null)
    );
    let after = issuer.tell(0, "by the second key").await;
    for told in [&before, &after] {
        let verdict = seen(0, &format!("/v1/proofs/{}/verify", text(told, "proof_id"))).await;
        assert_eq!(verdict["is_valid"], true, "what was signed while a key was good stays good");
    }
    // What it would sign is refused: neither the door nor the ledger takes its word.
    let refused = post(0, "/v1/proofs", &by_old).await.expect(400);
    assert!(text(&refused, "detail").contains("none of the issuer's active keys"), "{refused}");
    let refused = issuer.submit(0, Operation::ProofPrimitive(Box::new(told_by_old))).await;
    assert!(refused.status >= 400 && refused.text.contains("key_retired"), "{}", refused.text);
}

#[tokio::test]
async fn p47_identities_are_made_listed_and_shown() {
    let wanted = json!({ "identity_type": "human", "name": "bob" });
    let made = post(0, "/v1/identities", &wanted).await.expect(200);
    let did = text(&made, "did");
    assert!(did.starts_with("did:pn:human:") && made["name"] == "bob");
    assert_eq!(text(&made, "public_key_hex").len(), 2 * 1_952);
    let shown = seen(2, &format!("/v1/identities/{did}")).await;
    assert_eq!((&shown["did"], &shown["algorithm"]), (&json!(did), &json!("dilithium3")));
    let list = net().get(0, "/v1/identities").await.expect(200);
    let identities = list["identities"].as_array().expect("a list");
    assert!(identities.contains(&json!({ "did": did, "type": "human" })) && number(&list, "count") >= 1);
    let unknown = format!("/v1/identities/did:pn:agent:{}", "0".repeat(40));
    assert_eq!(net().get(2, &unknown).await.status, 404);
}

#[tokio::test]
async fn p48_a_proof_is_told_by_its_issuer_alone() {
    let did = kept(0, "dilithium3").await;
    let wanted =
        json!({ "proof_type": "CLAIM", "claim": "hello", "issuer_did": did, "evidence_data": "YWJj" });
    let told = post(0, "/v1/proofs", &wanted).await.expect(200);
    for (member, expected) in [
        ("proof_type", json!("CLAIM")),
        ("claim", json!("hello")),
        ("issuer_did", json!(did)),
        ("is_valid", json!(true)),
        ("consensus_state", json!("PENDING")),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    assert!(told["is_anchored"].is_boolean() && number(&told, "timestamp") <= now_s() + 60);
    let unknown = json!({ "claim": "hello", "issuer_did": "did:pn:agent:zz" });
    let refused = post(0, "/v1/proofs", &unknown).await.expect(400);
    assert_eq!(refused["detail"], "Unknown issuer: did:pn:agent:zz");
    // The key of one node's callers is not another node's.
    let elsewhere = json!({ "claim": "hello", "issuer_did": did });
    seen(1, &format!("/v1/identities/{did}")).await;
    let refused = post(1, "/v1/proofs", &elsewhere).await.expect(400);
    assert!(text(&refused, "detail").contains("is held here"), "{refused}");
}

#[tokio::test]
async fn p49_proofs_are_shown_whole_and_listed() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let claim = "x".repeat(150);
    let told = issuer.tell(0, &claim).await;
    let full = seen(1, &format!("/v1/proofs/{}", text(&told, "proof_id"))).await;
    for member in [
        "issuer",
        "subject",
        "evidence",
        "signature",
        "timestamp",
        "anchor",
        "consensus",
        "previous_proof",
        "version",
        "metadata",
        "nonce",
    ] {
        assert!(full.get(member).is_some(), "{member}");
    }
    assert_eq!((&full["claim"], &full["version"]), (&json!(claim), &json!("1.0.0")));
    let list = net().get(0, "/v1/proofs?limit=100").await.expect(200);
    let listed =
        list["proofs"].as_array().expect("a list").iter().find(|it| it["proof_id"] == told["proof_id"]);
    let listed = listed.expect("among the latest");
    assert_eq!((text(listed, "claim").len(), &listed["type"]), (100, &json!("CLAIM")));
    assert_eq!(number(&list, "count"), list["proofs"].as_array().map_or(0, Vec::len) as u64);
    assert_eq!(net().get(0, "/v1/proofs?limit=1").await.expect(200)["count"], 1);
    let unknown = format!("/v1/proofs/proof:{}", "0".repeat(64));
    assert_eq!(net().get(0, &unknown).await.expect(404)["detail"], "Proof not found");
}

#[tokio::test]
async fn p50_each_check_is_said() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let all = |verdict: &Value| {
        ["hash_valid", "signature_present", "issuer_valid", "not_expired"]
            .map(|it| verdict["checks"][it] == true)
    };
    // Told by hashes, of what the id is the digest nobody can check.
    let (id, tx) = transaction(&issuer, "by hashes", json!(7));
    assert_eq!(call(0, "broadcast_tx_sync", &tx).await["result"]["status"], "confirmed");
    let verdict = seen(0, &format!("/v1/proofs/{id}/verify")).await;
    assert_eq!((all(&verdict), &verdict["is_valid"]), ([false, true, true, true], &json!(false)));
    // One that ends in a moment.
    let mut ends = issuer.signed(issuer.whole("ends soon", None));
    ends.expires_at_s = Some(now_s() + 4);
    let id = ends.id();
    issuer.submit(0, Operation::ProofPrimitive(Box::new(ends))).await.expect(201);
    let path = format!("/v1/proofs/{id}/verify");
    let over = net().until(0, &path, |reply| reply.json()["checks"]["not_expired"] == false).await.json();
    assert_eq!((all(&over), &over["is_valid"]), ([true, true, true, false], &json!(false)));
    let good = issuer.tell(0, "good").await;
    let verdict = seen(0, &format!("/v1/proofs/{}/verify", text(&good, "proof_id"))).await;
    assert_eq!((all(&verdict), &verdict["is_valid"]), ([true; 4], &json!(true)));
}

#[tokio::test]
async fn p61_a_transaction_says_what_was_promised_of_it() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let (id, tx) = transaction(&issuer, "the claim", json!(7));
    let taken = call(0, "broadcast_tx_sync", &tx).await;
    let hash = taken["result"]["hash"].clone();
    let found = call(0, "tx", &json!({ "hash": hash })).await;
    let data = &found["result"]["content"]["operation"]["proof"];
    assert_eq!((text(data, "id"), text(data, "issuer")), (id.to_string().as_str(), issuer.did.as_str()));
    assert_eq!(text(data, "claim_hash"), crypto::sha256(b"the claim").to_string());
    let proof = &call(0, "proof", &json!({ "id": id.to_string() })).await["result"];
    for (member, said) in tx["tx"]["data"].as_object().expect("an object") {
        assert_eq!(&proof[member], said, "{member}");
    }
    assert_eq!(proof["tx_hash"], hash);
    for member in ["proof_id", "proof_hash", "issuer_did", "claim_hash", "timestamp", "signature"] {
        let mut lacking = tx.clone();
        lacking["tx"]["data"].as_object_mut().expect("an object").remove(member);
        if member == "signature" {
            lacking["tx"]["signature"] = "".into();
        }
        assert!(call(0, "broadcast_tx_sync", &lacking).await["error"].is_object(), "{member}");
    }
}

#[tokio::test]
async fn p62_there_are_fifteen_kinds() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    assert_eq!(Kind::ALL.len(), 15);
    for kind in Kind::ALL {
        let whole = proto::primitive::Whole { kind, ..issuer.whole("of a kind", None) };
        let told = post(0, "/v1/proofs", &issuer.posted(&whole)).await.expect(200);
        assert_eq!(told["proof_type"], kind.name());
    }
    let mut posted = issuer.posted(&issuer.whole("of no kind", None));
    posted["proof_type"] = "GUESS".into();
    assert_eq!(post(0, "/v1/proofs", &posted).await.status, 422);
}

#[tokio::test]
async fn p63_what_makes_a_proof_invalid() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let whole = issuer.whole("valid", None);
    // Another id than the digest.
    let mut posted = issuer.posted(&whole);
    posted["proof_id"] = format!("proof:{}", "0".repeat(64)).into();
    assert!(text(&post(0, "/v1/proofs", &posted).await.expect(400), "detail").contains("is not the digest"));
    // A signature of something else.
    let mut posted = issuer.posted(&whole);
    posted["claim"] = "another".into();
    assert_eq!(post(0, "/v1/proofs", &posted).await.status, 400);
    // An issuer that is no identity of ProofNest.
    let mut posted = issuer.posted(&whole);
    posted["issuer_did"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".into();
    assert!(text(&post(0, "/v1/proofs", &posted).await.expect(400), "detail").contains("Unknown issuer"));
    // More than a minute ahead; and over already: the ledger itself says so.
    let mut ahead = issuer.signed(issuer.whole("ahead", None));
    ahead.timestamp_s += 120;
    let Told::Whole(told) = &ahead.told else { panic!("told whole") };
    let signed = told.id(&issuer.did, ahead.timestamp_s).to_string();
    ahead.signature = issuer.key.sign(signed.as_bytes());
    let mut over = issuer.signed(issuer.whole("over", None));
    over.expires_at_s = Some(now_s() - 10);
    for (primitive, code) in [(ahead, "proof_ahead"), (over, "proof_expired")] {
        let refused = issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive))).await;
        assert!(refused.status >= 400 && refused.text.contains(code), "{}", refused.text);
    }
}

#[tokio::test]
async fn p65_a_chain_grows_at_its_end() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let link = async |claim: &str, index: u64, previous: Option<ProofId>| {
        let mut primitive = issuer.signed(issuer.whole(claim, previous));
        primitive.place = Some(Place { chain: "thread".to_owned(), index });
        let id = primitive.id();
        (issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive))).await, id)
    };
    let (first, one) = link("one", 0, None).await;
    first.expect(201);
    let (second, two) = link("two", 1, Some(one)).await;
    second.expect(201);
    for (claim, index, previous, code) in [
        ("not the next", 1, Some(two), "chain_index"),
        ("not the last", 2, Some(one), "chain_head"),
        ("nothing", 2, None, "chain_head"),
        ("never told", 2, Some(ProofId::new(crypto::sha256(b"never told"))), "unknown_proof"),
    ] {
        let (refused, _) = link(claim, index, previous).await;
        assert!(refused.status >= 400 && refused.text.contains(code), "{claim}: {}", refused.text);
    }
    link("three", 2, Some(two)).await.0.expect(201);
    let full = seen(1, &format!("/v1/proofs/{two}")).await;
    assert_eq!((&full["previous_proof"], &full["chain_index"]), (&json!(one.to_string()), &json!(1)));
}

#[tokio::test]
async fn p66_both_halves_of_a_hybrid_signature_hold() {
    let issuer = Issuer::register(Scheme::HybridDilithium3R3Ed25519).await;
    assert_eq!(issuer.key.public().as_bytes().len(), 1_952 + 32);
    let told = issuer.tell(0, "twice signed").await;
    let full = seen(1, &format!("/v1/proofs/{}", text(&told, "proof_id"))).await;
    assert_eq!(full["signature"]["algorithm"], "hybrid-ml-dsa-ed25519");
    let whole = issuer.whole("half signed", None);
    let good = issuer.posted(&whole);
    let signature = text(&good, "signature").to_owned();
    assert_eq!(signature.len(), 2 * (3_293 + 64));
    for at in [10, 2 * 3_293 + 10] {
        let mut spoilt = signature.clone().into_bytes();
        spoilt[at] = if spoilt[at] == b'0' { b'1' } else { b'0' };
        let mut posted = good.clone();
        posted["signature"] = String::from_utf8(spoilt).expect("hex").into();
        assert_eq!(post(0, "/v1/proofs", &posted).await.status, 400, "a half at {at}");
    }
    assert_eq!(post(0, "/v1/proofs", &good).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn p69_everything_survives_a_restart() {
    let (topology, network, urls) = own(1, "p69").await;
    let create = json!({ "identity_type": "agent" });
    let (_, made) = ask(&urls[0], "/v1/identities", Some(&create)).await;
    let claim = |text: &str| json!({ "claim": text, "issuer_did": made["did"] });
    let (status, told) = ask(&urls[0], "/v1/proofs", Some(&claim("before"))).await;
    assert_eq!(status, 200, "{told}");
    let paths = [
        format!("/v1/proofs/{}", text(&told, "proof_id")),
        format!("/v1/proofs/{}/merkle-proof", text(&told, "proof_id")),
        format!("/v1/batches/batch-{}", number(&told, "height")),
        "/v1/identities".to_owned(),
        "/v1/proofs".to_owned(),
        "/v1/validators".to_owned(),
    ];
    let mut before = Vec::new();
    for path in &paths {
        let begun = Instant::now();
        // Until it is anchored: what it says changes no more.
        before.push(loop {
            let (status, answer) = ask(&urls[0], path, None).await;
            assert_eq!(status, 200, "{path}");
            let text = answer.to_string();
            if !text.contains("\"committed\"") && !text.contains("\"confirmed_at\":null") {
                break answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        });
    }
    network.stop().await.expect("it ends");
    let (network, urls) = run(&topology).await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(ask(&urls[0], path, None).await, (200, before), "{path}");
    }
    // The key that it keeps too.
    let (status, told) = ask(&urls[0], "/v1/proofs", Some(&claim("after"))).await;
    assert_eq!((status, &told["is_valid"]), (200, &json!(true)), "{told}");
    network.stop().await.expect("it ends");
}
