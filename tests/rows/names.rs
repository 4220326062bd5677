//! What was settled about names and forms: what a key is called, what a digest is of, which bytes are hashed.

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crypto::{Scheme, sha256, shake256};
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use reqwest::Method;
use serde_json::{Value, json};

use crate::issuers::{Issuer, hex, seen};
use crate::net::{ACME, OPERATOR, net};
use crate::qod::{bundle, get, judged, member, proven};
use crate::qwed::{Own, asked, claims, is_signed, issued, parts, text, verdict, verify};

/// The keys that a node publishes, name by name.
async fn published(node: usize) -> Vec<Value> {
    let jwks = net().get(node, "/.well-known/jwks.json").await.expect(200);
    jwks["keys"].as_array().expect("keys").clone()
}

fn named<'a>(keys: &'a [Value], kid: &str) -> Option<&'a Value> {
    let mut found = keys.iter().filter(|key| key["kid"] == kid);
    let first = found.next();
    assert!(found.next().is_none(), "one name, one key: {kid}");
    first
}

#[tokio::test]
async fn x01_a_key_has_one_name_of_its_own_and_aliases_beside_it() {
    // Every node seals by its own key; its name is the same wherever one asks.
    let (mut kids, mut defaults) = (BTreeSet::new(), BTreeSet::new());
    for node in 0..4 {
        let (sid, record) = proven(node, 120, 100.0).await;
        let kid = text(&record, "kid").to_owned();
        let (did, fragment) = kid.split_once('#').expect("a DID URL");
        assert_eq!(did, format!("did:key:{fragment}"));
        for other in 0..4 {
            net().until(other, "/.well-known/jwks.json", |reply| reply.text.contains(&kid)).await;
        }
        // One JWK for each name: the node's own key is also `default` there.
        let keys = published(node).await;
        let (own, alias) = (named(&keys, &kid).expect("listed"), named(&keys, "default").expect("listed"));
        assert_eq!((&own["x"], &own["alg"]), (&alias["x"], &alias["alg"]));
        for other in 0..4 {
            let keys = published(other).await;
            assert_eq!(named(&keys, &kid).expect("listed everywhere")["x"], own["x"]);
            // Asked under the alias it is the key of whoever is asked, and of nobody else.
            let mut sent = bundle(other, &sid).await;
            sent["ledger"]["signature"] = record["signature"].clone();
            for (name, holds) in
                [(kid.as_str(), true), ("default", other == node), ("ql_key_prod_001", false)]
            {
                sent["ledger"]["kid"] = json!(name);
                let told = judged(other, &sid, &sent).await;
                assert_eq!(told["signature_verified"], holds, "{name} of {node} at {other}");
                // Whatever name is said to hold can be found.
                assert!(!holds || named(&keys, text(&told, "kid")).is_some(), "{told}");
            }
        }
        kids.insert(kid);
        defaults.insert(alias["x"].to_string());
    }
    assert_eq!((kids.len(), defaults.len()), (4, 4));
    // Attestations know DID URLs alone: the header's name is that of one JWK, and no alias is believed.
    let result = issued(0, &asked("x01")).await;
    verdict(1, &result).await;
    let header: Value = serde_json::from_slice(&parts(text(&result, "token"))[0]).expect("JSON");
    let keys = published(1).await;
    assert!(
        named(&keys, text(&header, "kid")).is_some()
            && is_signed(text(&result, "token"), &json!({ "keys": keys }))
    );
    let own = Own::new("x01", 101).await;
    let said = claims(text(&result, "token"));
    let url = format!("{}#{}", own.did, own.key.public().id());
    for (kid, code) in [
        // Its signature holds, and the ledger knows no such token.
        (url.as_str(), "ATT-002"),
        ("default", "ATT-002"),
        (url.split_once('#').expect("a DID URL").1, "ATT-002"),
    ] {
        let told = verify(0, json!({ "token": own.sign_under(kid, &said) })).await;
        assert_eq!((&told["valid"], &told["code"]), (&json!(false), &json!(code)), "{kid}");
        // Under its true name it is known for what it is: somebody else's words.
        assert_eq!(told["error"] == "Invalid token", kid != url, "{kid}: {told}");
    }
}

#[tokio::test]
async fn x04_each_imported_form_has_its_own_canonical_json_and_ours_is_none() {
    let claim = "café ☕ \"quoted\" 𝄞";
    // QoD hashes Python's JSON with letters as they are; ProofNest the same with every letter escaped.
    let (sid, record) = proven(0, 120, 100.0).await;
    let told = get(1, &format!("/proof/{sid}/bundle")).await.text;
    let proof = member(&told, "proof", "runtime_artifact");
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let whole = issuer.whole(claim, None);
    let posted = issuer.posted(&whole);
    let made = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await.expect(200);
    let full = seen(1, &format!("/v1/proofs/{}", text(&made, "proof_id"))).await;
    let script = r#"
import sys, json, hashlib
previous, this, proof, full = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
def canonical(it, ascii): return json.dumps(it, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii).encode()
def link(ascii): return hashlib.sha256(previous.encode() + b"|" + canonical(proof, ascii)).hexdigest()
assert link(False) == this and link(True) != this, "QoD"
nine = {"proof_type": full["proof_type"], "claim": full["claim"], "issuer": full["issuer"]["did"], "subject": None,
    "evidence": None, "timestamp": full["timestamp"]["unix_time"], "nonce": full["nonce"], "previous_proof": None,
    "version": full["version"]}
def name(ascii): return "proof:" + hashlib.shake_256(canonical(nine, ascii)).hexdigest(32)
assert name(True) == full["proof_id"] and name(False) != full["proof_id"], "ProofNest"
"#;
    let args =
        [text(&record, "prev_hash"), text(&record, "this_hash"), proof, &full.to_string()].map(str::to_owned);
    let run = move || Command::new("python3").arg("-c").arg(script).args(args).output();
    let output = tokio::task::spawn_blocking(run).await.expect("it runs").expect("python3 is here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Our own documents by RFC 8785: the name of a key is the hash of its members in order, with nothing between.
    let mut named_by_hash = 0;
    for key in published(2).await {
        let member = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let required = match (key["kty"].as_str(), key["alg"].is_null()) {
            (Some("OKP"), true) => {
                format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, member("crv"), member("x"))
            }
            (Some("AKP"), _) => {
                format!(r#"{{"alg":"{}","kty":"AKP","pub":"{}"}}"#, member("alg"), member("pub"))
            }
            _ => continue,
        };
        assert_eq!(key["kid"], URL_SAFE_NO_PAD.encode(sha256(required.as_bytes()).as_bytes()), "{key}");
        named_by_hash += 1;
    }
    assert!(named_by_hash >= 4, "a log's key for each validator");
    // What the ledger itself hashes and signs is bytes with one encoding, never JSON.
    let entry = seen(2, &format!("/v1/entries/{}", text(&made, "tx_hash"))).await;
    let leaf = STANDARD.decode(text(&entry, "entry")).expect("base64");
    assert!(serde_json::from_slice::<Value>(&leaf).is_err(), "a leaf is no JSON");
    let read = Entry::decode(&leaf).expect("a leaf");
    assert_eq!(read.encode(), leaf);
    let submission = read.submission().expect("a submission");
    assert_eq!(
        sha256(submission.bytes()).to_string(),
        text(&made, "tx_hash"),
        "its name is the hash of its bytes"
    );
}

#[tokio::test]
async fn x06_a_digest_says_of_which_algorithm_it_is() {
    // ProofNest: SHAKE256 for ids, names and evidence, each with its tag.
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let name = hex(&shake256::<20>(issuer.key.public().as_bytes()));
    assert_eq!(issuer.did.as_str(), format!("did:pn:agent:{name}"));
    let evidence = b"what it rests on";
    let tagged = format!("shake256:{}", hex(&shake256::<32>(evidence)));
    let mut whole = issuer.whole("with evidence", None);
    whole.evidence = Some(proto::canon::proofnest::evidence_hash(evidence));
    let told = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&issuer.posted(&whole)).send().await;
    let id = text(&told.expect(200), "proof_id").to_owned();
    let full = seen(3, &format!("/v1/proofs/{id}")).await;
    assert_eq!(full["evidence"]["content_hash"], tagged);
    for wrong in [tagged.replacen("shake256", "sha256", 1), tagged.replacen("shake256:", "", 1)] {
        let mut posted = issuer.posted(&whole);
        posted["evidence"] = json!(wrong);
        let refused = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await;
        assert!((400..500).contains(&refused.status), "{wrong}: {}", refused.text);
    }
    // What the network agrees on is SHA-256: the leaf under its checkpoint, in whatever form it came.
    let receipt = seen(3, &format!("/v1/entries/{}/receipt", text(&full, "tx_hash"))).await;
    let believed = net().ask(1, Method::POST, "/v1/verify").json(&json!({ "receipt": receipt })).send().await;
    assert_eq!(believed.expect(200)["valid"], true);
    let entry = seen(3, &format!("/v1/entries/{}", text(&full, "tx_hash"))).await;
    let leaf = STANDARD.decode(text(&entry, "entry")).expect("base64");
    assert_eq!(merkle::leaf_hash(&leaf), sha256(&[&[0][..], &leaf].concat()));
    let submission = Entry::decode(&leaf).expect("a leaf");
    let bytes = submission.submission().expect("a submission").bytes();
    assert_eq!(text(&full, "tx_hash"), sha256(bytes).to_string());
    // QWED tags what it hashes; QoD has bare digits, which are SHA-256.
    let result = issued(0, &asked("x06")).await;
    let said = claims(text(&result, "token"));
    assert_eq!(said["qwed"]["query_hash"], format!("sha256:{}", sha256(b"2+2=4")));
    let (sid, _) = proven(1, 120, 100.0).await;
    let (artifact, sent) =
        (get(2, &format!("/artifacts/{sid}/artifact.json")).await.text, bundle(2, &sid).await);
    let bare = sha256(artifact.as_bytes()).to_string();
    assert_eq!(sent["proof"]["artifacts"]["runtime_artifact_sha256"], bare);
    let told = judged(3, &sid, &sent).await;
    assert_eq!((&told["verified"], &told["computed_runtime_sha256"]), (&json!(true), &json!(bare)));
}

#[tokio::test]
async fn x14_three_names_of_two_policies_and_no_other() {
    for (n, (asked, told)) in
        [("ephemeral", "ephemeral"), ("persistent", "persistent"), ("configured", "persistent")]
            .into_iter()
            .enumerate()
    {
        let name = format!("x14-{asked}");
        let own = Own::new(&name, 140 + n as u8).await;
        // `Own` lists its key as configured; each policy is a key of its own.
        let listed = Own {
            key: crypto::SecretKey::from_seed(Scheme::Es256, &[150 + n as u8; 32]).expect("signs"),
            ..own
        };
        crate::qwed::submit(listed.listing(asked).await).await;
        let kid = format!("{}#{}", listed.did, listed.key.public().id());
        for node in 0..4 {
            let path = format!("/v1/issuers/{}", listed.did);
            let info = net().until(node, &path, |reply| reply.text.contains(&kid)).await.json();
            let keys = info["public_keys"].as_array().expect("keys");
            let found = keys.iter().find(|key| key["kid"] == kid.as_str()).expect("listed");
            assert_eq!(found["key_continuity_policy"], told, "{asked} at {node}");
        }
    }
    let own = Own::new("x14-others", 145).await;
    for wrong in ["", "Persistent", "managed", "configured ", "none"] {
        let body = json!({ "operation": own.listing(wrong).await, "wait": "committed" });
        let refused = net().post(1, "/v1/entries", OPERATOR, &body).await;
        assert!(
            refused.status == 400 && refused.text.contains("key continuity policy"),
            "{wrong}: {}",
            refused.text
        );
    }
}
