//! ProofNest's clients at the window: what they are answered, and what they are refused. Block time begins at 1000 s here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use api::{Custody, CustodyError, HeldKey, Surface};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crypto::{Scheme, SecretKey};
use proto::canon::proofnest::Role;
use proto::id::Did;
use proto::operation::Operation;
use proto::primitive::{Kind, Whole};
use serde_json::{Value, json};

use crate::node::{Node, READER, Setup, TOKEN, json as body_of};

/// Keys in memory.
#[derive(Debug, Default)]
struct Held(Mutex<BTreeMap<Did, HeldKey>>);

impl Custody for Held {
    fn keep(&self, identity: &Did, key: &HeldKey) -> Result<(), CustodyError> {
        let key = HeldKey::parse(key.public(), key.expose()).expect("its own");
        self.0.lock().expect("no test panics while it holds this").insert(identity.clone(), key);
        Ok(())
    }

    fn find(&self, identity: &Did) -> Result<Option<HeldKey>, CustodyError> {
        let held = self.0.lock().expect("no test panics while it holds this");
        Ok(held.get(identity).map(|key| HeldKey::parse(key.public(), key.expose()).expect("its own")))
    }
}

fn node(custody: bool) -> Node {
    let custody = custody.then(|| Arc::new(Held::default()) as Arc<dyn Custody>);
    Node::with(Setup { surfaces: BTreeSet::from([Surface::Proofnest]), custody, ..Setup::default() })
}

async fn post_as(node: &Node, key: Option<&str>, path: &str, body: &Value) -> (u16, Value) {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let request = request.body(Body::from(body.to_string())).expect("a request");
    let response = node.ask(request).await;
    (response.status().as_u16(), body_of(response).await)
}

async fn post(node: &Node, path: &str, body: &Value) -> (u16, Value) {
    post_as(node, Some(TOKEN), path, body).await
}

async fn get(node: &Node, path: &str) -> (u16, Value) {
    let (status, body) = node.get(path).await;
    (status.as_u16(), body)
}

async fn identity(node: &Node, algorithm: &str) -> String {
    let wanted = json!({ "identity_type": "agent", "name": "bob", "algorithm": algorithm });
    let (status, made) = post(node, "/v1/identities", &wanted).await;
    assert_eq!((status, &made["name"]), (200, &json!("bob")), "{made}");
    made["did"].as_str().expect("a DID").to_owned()
}

#[tokio::test]
async fn a_proof_is_told_shown_verified_and_proven() {
    let node = node(true);
    for algorithm in ["dilithium3", "ed25519", "hybrid-ml-dsa-ed25519"] {
        let did = identity(&node, algorithm).await;
        let (_, shown) = get(&node, &format!("/v1/identities/{did}")).await;
        assert_eq!((&shown["did"], &shown["algorithm"]), (&json!(did), &json!(algorithm)));
        let wanted = json!({
            "claim": "2+2=4", "issuer_did": did, "evidence_data": "YWJj", "metadata": { "hub_type": "post" },
            "timestamp": 5,
        });
        let (status, told) = post(&node, "/v1/proofs", &wanted).await;
        assert_eq!((status, &told["is_valid"], &told["proof_type"]), (200, &json!(true), &json!("CLAIM")));
        assert_eq!((&told["consensus_state"], &told["issuer_did"]), (&json!("PENDING"), &json!(did)));
        let id = told["proof_id"].as_str().expect("an id");

        let (_, full) = get(&node, &format!("/v1/proofs/{id}")).await;
        let abc = "shake256:483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739";
        assert_eq!(full["evidence"]["content_hash"], abc);
        assert_eq!(
            (&full["issuer"]["algorithm"], &full["metadata"]["hub_type"]),
            (&json!(algorithm), &json!("post"))
        );
        assert_eq!((&full["proof_hash"], &full["nonce"]), (&json!(id), &told["nonce"]));
        // In a path raw, percent-encoded, without a prefix and with two of them.
        let bare = id.strip_prefix("proof:").expect("a prefix");
        for spelt in [id.replace(':', "%3A"), bare.to_owned(), format!("proof:{id}")] {
            let (status, same) = get(&node, &format!("/v1/proofs/{spelt}")).await;
            assert_eq!((status, &same["proof_id"]), (200, &json!(id)), "{spelt}");
        }
        for verb in ["GET", "POST"] {
            let request = Request::builder().method(verb).uri(format!("/v1/proofs/{id}/verify"));
            let response = node.ask(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(response.status(), StatusCode::OK, "{verb}");
            let verdict = body_of(response).await;
            assert_eq!(verdict["is_valid"], true, "{verdict}");
            let all = ["hash_valid", "signature_present", "issuer_valid", "not_expired"];
            assert!(all.iter().all(|check| verdict["checks"][check] == true), "{verdict}");
        }
        let (_, proven) = get(&node, &format!("/v1/proofs/{id}/merkle-proof")).await;
        let (_, batch) =
            get(&node, &format!("/v1/batches/{}", proven["batch_id"].as_str().expect("an id"))).await;
        assert_eq!((&batch["merkle_root"], &batch["proof_count"]), (&proven["merkle_root"], &json!(1)));
        assert!(batch["confirmed_at"].is_u64() && batch["chain_tx_hash"].is_string(), "{batch}");
    }
    let (_, list) = get(&node, "/v1/proofs?limit=2").await;
    assert_eq!((&list["count"], &list["proofs"][0]["type"]), (&json!(2), &json!("CLAIM")));
    let (_, identities) = get(&node, "/v1/identities").await;
    assert_eq!((&identities["count"], &identities["identities"][0]["type"]), (&json!(3), &json!("agent")));
}

#[tokio::test]
async fn each_refusal_has_its_status_and_says_why() {
    let node = node(true);
    let did = identity(&node, "ed25519").await;
    let none = json!({});
    for (key, status) in [(None, 401), (Some("wrong"), 403)] {
        for path in ["/v1/identities", "/v1/proofs", "/v1/proofs/batch-verify"] {
            assert_eq!(post_as(&node, key, path, &none).await.0, status, "{path} {key:?}");
        }
    }
    for (path, status) in [("/v1/identities", 403), ("/v1/proofs", 403), ("/v1/proofs/batch-verify", 422)] {
        assert_eq!(post_as(&node, Some(READER), path, &none).await.0, status, "{path}: it may read alone");
    }
    let zeros = "0".repeat(40);
    let proof = |more: Value| {
        let mut wanted = json!({ "claim": "c", "issuer_did": did, "timestamp": 5 });
        wanted.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        wanted
    };
    let unknown = format!("proof:{}", "0".repeat(64));
    for (more, status, says) in [
        (json!({ "issuer_did": "did:pn:agent:zz" }), 400, "Unknown issuer: did:pn:agent:zz"),
        (json!({ "issuer_did": format!("did:pn:agent:{zeros}") }), 400, "Unknown issuer"),
        (json!({ "proof_type": "BLA" }), 422, "proof_type"),
        (json!({ "surprise": 1 }), 422, "surprise"),
        (json!({ "evidence_data": "***" }), 422, "evidence_data"),
        (json!({ "previous_proof": "nonsense" }), 422, "nonsense"),
        (json!({ "previous_proof": unknown }), 400, "was told before"),
        (json!({ "subject_did": "" }), 422, "subject_did"),
        (json!({ "timestamp": u64::MAX / 2_000 }), 400, "may be 60 s ahead"),
        (json!({ "expires_at": 1 }), 400, "expired"),
        (json!({ "chain_id": "c", "chain_index": 1 }), 400, "the next is 0"),
        (json!({ "chain_id": "c" }), 422, "both or neither"),
        (json!({ "signature": "00" }), 422, "timestamp, nonce"),
        (json!({ "proof_id": unknown }), 400, "is not the digest"),
    ] {
        let (found, refused) = post(&node, "/v1/proofs", &proof(more.clone())).await;
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(
            found == status && detail.contains(says) && refused["code"].is_string(),
            "{more}: {found} {refused}"
        );
    }
    for path in [format!("/v1/proofs/{unknown}"), "/v1/proofs/nonsense/verify".to_owned()] {
        let (status, refused) = get(&node, &path).await;
        assert_eq!((status, &refused["detail"]), (404, &json!("Proof not found")));
    }
    assert_eq!(get(&node, "/v1/batches/batch-1").await.1["detail"], "Batch not found");
    let (status, _) = post(&node, "/v1/identities", &json!({ "identity_type": "weird" })).await;
    assert_eq!(status, 422);
}

/// A caller with a key of its own.
fn own() -> (SecretKey, Did) {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[77; 32]).expect("signs");
    let did = Did::of_proofnest(Role::Human, secret.public()).expect("a scheme of ProofNest");
    (secret, did)
}

#[tokio::test]
async fn who_keeps_its_key_signs_the_id_and_nothing_of_it_is_held_here() {
    let node = node(false);
    let (status, refused) = post(&node, "/v1/identities", &json!({})).await;
    assert_eq!(status, 403, "{refused}");
    let (secret, did) = own();
    let keys = vec![secret.public().clone()];
    let create = Operation::IdentityCreate { identity: did.clone(), keys, possessions: Vec::new() };
    let envelope = node.signed(&secret, &did, 1, create);
    assert_eq!(node.submit(&envelope, "committed", 5_000).await.0, StatusCode::CREATED);

    let nonce = [0x11; 16];
    let whole = Whole {
        kind: Kind::Truth,
        claim: "mine".to_owned(),
        subject: None,
        evidence: None,
        nonce,
        previous: None,
    };
    let id = whole.id(&did, 5).to_string();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let wanted = |signature: &[u8], more: Value| {
        let mut wanted = json!({
            "proof_type": "TRUTH", "claim": "mine", "issuer_did": did.as_str(), "timestamp": 5,
            "nonce": hex(&nonce), "signature": hex(signature), "proof_id": id,
        });
        wanted.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        wanted
    };
    let signature = secret.sign(id.as_bytes());
    let signature = signature.as_bytes();
    let mut spoilt = signature.to_vec();
    spoilt[0] ^= 1;
    for (bytes, more, says) in [
        (spoilt.as_slice(), json!({}), "none of the issuer's active keys"),
        (&[7; 4_000], json!({}), "the length of a secret key"),
        (&[7; 4_032], json!({}), "the length of a secret key"),
        (signature, json!({ "metadata": {} }), "not covered by the id"),
    ] {
        let (status, refused) = post(&node, "/v1/proofs", &wanted(bytes, more)).await;
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(status == 400 && detail.contains(says), "{status} {refused}");
        assert!(!refused.to_string().contains("0707"), "nothing of a secret is said back");
    }
    let (status, told) = post(&node, "/v1/proofs", &wanted(signature, json!({}))).await;
    assert_eq!((status, &told["proof_id"], &told["timestamp"]), (200, &json!(id), &json!(5)), "{told}");
    let (status, again) = post(&node, "/v1/proofs", &wanted(signature, json!({}))).await;
    assert_eq!((status, &again["tx_hash"]), (200, &told["tx_hash"]), "told once");
    let (_, full) = get(&node, &format!("/v1/proofs/{id}")).await;
    assert_eq!(full["author_did"], node.service().author().as_str());
    assert_eq!(full["signature"]["value"], hex(signature));
}

#[tokio::test]
async fn many_proofs_are_verified_at_once_each_under_its_batch() {
    let node = node(true);
    let did = identity(&node, "ed25519").await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let wanted = json!({ "claim": format!("claim {n}"), "issuer_did": did, "timestamp": 5 });
        ids.push(post(&node, "/v1/proofs", &wanted).await.1["proof_id"].clone());
    }
    let (status, verdict) = post(&node, "/v1/proofs/batch-verify", &json!({ "proof_ids": ids })).await;
    assert_eq!((status, &verdict["verified"]), (200, &json!(true)), "{verdict}");
    assert_eq!(verdict["proofs"].as_array().map(Vec::len), Some(3));
    let unknown = format!("proof:{}", "0".repeat(64));
    let mixed = json!({ "proof_ids": [ids[0], unknown] });
    let (_, verdict) = post(&node, "/v1/proofs/batch-verify", &mixed).await;
    assert_eq!((&verdict["verified"], &verdict["proofs"][0]["verified"]), (&json!(false), &json!(true)));
    assert_eq!(verdict["proofs"][1]["verified"], false);
    for bad in [json!({ "proof_ids": [] }), json!({ "proof_ids": vec![unknown; 1_001] }), json!({})] {
        assert_eq!(post(&node, "/v1/proofs/batch-verify", &bad).await.0, 422);
    }
    // A reader of another tenant may verify too: what is committed is public.
    let one = json!({ "proof_ids": [ids[0]] });
    assert_eq!(post_as(&node, Some(READER), "/v1/proofs/batch-verify", &one).await.0, 200);
}

async fn rpc(node: &Node, method: &str, params: Value) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (status, answer) = post(node, "/", &call).await;
    assert_eq!(status, 200, "errors too are answers");
    answer
}

#[tokio::test]
async fn a_transaction_goes_by_the_same_rules_and_a_secret_key_is_no_signature() {
    let node = node(false);
    let (secret, did) = own();
    let id = format!("proof:{}", crypto::sha256(b"kept elsewhere"));
    let claim = crypto::sha256(b"claim").to_string();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let signature = hex(secret.sign(id.as_bytes()).as_bytes());
    let tx = |kind: Value, hash: &str, inside: &str, beside: &str| {
        json!({ "tx": {
            "type": kind, "signature": beside, "nonce": 0, "timestamp": 5,
            "data": {
                "proof_id": id, "proof_hash": hash, "issuer_did": did.as_str(), "claim_hash": claim,
                "timestamp": 5, "signature": inside,
            },
        } })
    };
    let refused = rpc(&node, "broadcast_tx_sync", tx(json!(7), &id, &signature, &signature)).await;
    assert!(refused["error"]["data"]["detail"].to_string().contains("Unknown issuer"), "{refused}");
    let keys = vec![secret.public().clone()];
    let create = Operation::IdentityCreate { identity: did.clone(), keys, possessions: Vec::new() };
    node.submit(&node.signed(&secret, &did, 1, create), "committed", 5_000).await;

    let other = format!("proof:{}", crypto::sha256(b"other"));
    let private = "07".repeat(4_000);
    for (kind, hash, inside, beside, says) in [
        (json!(0), &id, &signature, &signature, "7, PROOF, is"),
        (json!(7), &other, &signature, &signature, "is not that of"),
        (json!(7), &id, &String::new(), &String::new(), "is not signed"),
        (json!(7), &id, &signature, &private, "the length of a secret key"),
        (json!(7), &id, &private, &signature, "the length of a secret key"),
        (json!(7), &id, &signature, &"00".repeat(64), "none of the issuer's active keys"),
    ] {
        let refused = rpc(&node, "broadcast_tx_sync", tx(kind, hash, inside, beside)).await;
        let text = refused.to_string();
        assert!(text.contains(says) && !text.contains("070707"), "{text}");
    }
    assert!(rpc(&node, "proof", json!({ "id": id })).await["error"]["code"].is_i64());
    let taken = rpc(&node, "broadcast_tx_sync", tx(json!(7), &id, &signature, &signature)).await;
    let taken = &taken["result"];
    assert_eq!((&taken["status"], &taken["error"]), (&json!("confirmed"), &Value::Null), "{taken}");
    let again = rpc(&node, "broadcast_tx_sync", tx(json!("PROOF"), &id, &signature, "")).await;
    assert_eq!(again["result"]["hash"], taken["hash"]);
    let found = rpc(&node, "proof", json!({ "id": id })).await;
    assert_eq!((&found["result"]["proof_hash"], &found["result"]["told"]), (&json!(id), &json!("hashes")));
    let found = rpc(&node, "tx", json!({ "hash": taken["hash"] })).await;
    let told = &found["result"]["content"]["operation"];
    assert_eq!((&told["type"], &told["proof"]["claim_hash"]), (&json!("proof.primitive"), &json!(claim)));
    // What is the digest of what nobody but the issuer can say, so it is not called valid.
    let (_, verdict) = get(&node, &format!("/v1/proofs/{id}/verify")).await;
    let checks = &verdict["checks"];
    assert_eq!(
        (&verdict["is_valid"], &checks["hash_valid"], &checks["signature_present"]),
        (&json!(false), &json!(false), &json!(true))
    );

    assert!(rpc(&node, "status", json!([])).await["error"]["code"] == -32602);
}
