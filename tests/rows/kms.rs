//! The key service, and evidence that is verified: through one node, at another, and by documents that any of them gives.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, Outside, Scheme, SecretKey, sha256};
use proto::counter::TimeMs;
use proto::evidence::trust::{TrustBundle, TrustRoot};
use proto::evidence::{Level, Record, message};
use proto::id::{Did, NetworkId};
use proto::iso;
use proto::signer::{SignerListing, SignerName, SignerRoles};
use reqwest::Method;
use serde_json::{Value, json};
use verify::{EvidenceAsked, EvidenceTrust, GivenTrust, Verdict, verify_evidence};

use crate::net::{ACME, GLOBEX, OPERATOR, READER, Reply, net};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Another name each time.
fn fresh(what: &str) -> String {
    format!("{what}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

const RESULTS: &str = "{\"00\":512,\"11\":488}";

/// Asks with a credential until the status is as wanted.
async fn until(node: usize, path: &str, key: &str, status: u16) -> Reply {
    let begun = std::time::Instant::now();
    loop {
        let reply = net().ask(node, Method::GET, path).bearer(key).send().await;
        if reply.status == status {
            return reply;
        }
        assert!(begun.elapsed() < crate::net::PATIENCE, "{path}: {} {}", reply.status, reply.text);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A job that was completed through a node, and its evidence, sealed by that node.
async fn sealed(node: usize) -> (String, Value) {
    let id = fresh("job_kms");
    let job = json!({
        "job_id": id, "backend": { "id": "softquantus_sim", "provider": "SoftQuantus", "qubits": 40 },
        "provenance": { "git_commit": "a1b2c3d4e5f6" }, "shots_requested": 1000, "cost": { "estimate_usd": 0.5 },
    });
    net().post(node, "/api/v2/jobs", ACME, &job).await.expect(201);
    let state = format!("/api/v2/jobs/{id}/state");
    net().post(node, &state, ACME, &json!({ "status": "running" })).await.expect(200);
    let done = json!({
        "status": "completed",
        "execution": {
            "shots_completed": 1000, "success_rate": 0.987, "provider_job_id": "p_1",
            "compiled_artifact_hash": "c0ffee", "raw_provider_result_hash": "f00d",
        },
        "cost": { "final_usd": 0.48 },
        "artifacts": [{
            "name": "results.json", "hash": format!("sha256:{}", sha256(RESULTS.as_bytes())),
            "size_bytes": RESULTS.len(), "content_type": "application/json",
        }],
    });
    net().post(node, &state, ACME, &done).await.expect(200);
    until(node, &format!("/api/v2/jobs/{id}/evidence"), ACME, 200).await;
    let record = until(node, &format!("/api/v2/jobs/{id}/evidence/record"), ACME, 200).await.json();
    (id, record)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn digest(text: &str) -> Digest {
    text.trim_start_matches("sha256:").parse().expect("a digest")
}

/// What a caller sends who has a record.
fn asked(record: &Value) -> Value {
    json!({
        "bundle_hash": text(record, "/bundle_hash"), "signature": text(record, "/attestation/signature/value"),
        "key_id": text(record, "/attestation/key/key_id"),
    })
}

async fn verified(node: usize, body: &Value) -> Value {
    net().post(node, "/api/v2/evidence/verify", ACME, body).await.expect(200)
}

/// The details that are false.
fn fallen(answer: &Value) -> Vec<&str> {
    let details = answer["details"].as_object().expect("details");
    details.iter().filter(|(_, held)| **held == Value::Bool(false)).map(|(name, _)| name.as_str()).collect()
}

/// A key that signs elsewhere, listed through a node.
struct Elsewhere {
    name: String,
    secret: SecretKey,
}

impl Elsewhere {
    async fn listed(node: usize, valid_from: &str, valid_until: &str) -> Self {
        let name = fresh("ql_key_hsm");
        let secret =
            SecretKey::from_seed(Scheme::Ed25519, sha256(name.as_bytes()).as_bytes()).expect("signs");
        let about =
            net().ask(node, Method::GET, "/api/v1/kms/listing").bearer(OPERATOR).send().await.expect(200);
        let network = NetworkId::new(digest(text(&about, "/network")));
        let author = Did::parse(text(&about, "/author")).expect("a DID");
        let time = |text: &str| TimeMs::new(iso::read(text).expect("a time").micros() / 1_000);
        let mut listing = SignerListing {
            name: SignerName::parse(&name).expect("a name"),
            key: secret.public().clone(),
            roles: SignerRoles::Evidence,
            valid_from: time(valid_from),
            valid_until: time(valid_until),
            possession: secret.sign(b"nothing yet"),
        };
        listing.possession = secret.sign(&listing.possession_bytes(&network, &author));
        let body = json!({
            "key_id": name, "algorithm": "Ed25519", "public_key": STANDARD.encode(secret.public().as_bytes()),
            "valid_from": valid_from, "valid_until": valid_until,
            "possession": STANDARD.encode(listing.possession.as_bytes()),
        });
        net().post(node, "/api/v1/kms/keys", OPERATOR, &body).await.expect(201);
        Self { name, secret }
    }

    /// What a caller sends for a bundle that this key signed too.
    fn asked(&self, record: &Value, signed_at: &str) -> Value {
        let hash = digest(text(record, "/bundle_hash"));
        let signature = STANDARD.encode(self.secret.sign(message(&hash).as_bytes()).as_bytes());
        json!({
            "bundle_hash": hash.to_string(), "signature": signature, "key_id": self.name, "signed_at": signed_at,
        })
    }

    async fn revoke(&self, node: usize, revoked_at: &str) -> Value {
        let path = format!("/api/v1/kms/keys/{}/revoke", self.name);
        let body = json!({ "reason": "lost", "revoked_at": revoked_at });
        net().post(node, &path, OPERATOR, &body).await.expect(200)
    }
}

/// Asks until a node knows the key.
async fn known(node: usize, body: &Value) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let reply = net().post(node, "/api/v2/evidence/verify", ACME, body).await;
        match reply.status {
            200 if reply.json()["details"]["bundle_hash_verified"] == true => return reply.json(),
            200 | 404 if begun.elapsed() < crate::net::PATIENCE => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            _ => panic!("{} {}", reply.status, reply.text),
        }
    }
}

#[tokio::test]
async fn e08_the_key_service_signs_hashes_of_bundles_for_whoever_may_ask() {
    let hash = sha256(b"a bundle");
    let path = "/api/v1/quantum/crypto/sign";
    let answer = net().post(0, path, OPERATOR, &json!({ "message": hash.to_string() })).await.expect(200);
    let (key, algorithm) = (text(&answer, "/key_id"), text(&answer, "/algorithm"));
    assert_eq!(algorithm, "ML-DSA-65");
    // Whoever has the published key checks it over the documented bytes, without the service.
    let bundle =
        net().until(3, "/api/v1/kms/trust-bundle", |reply| reply.text.contains(key)).await.expect(200);
    let listed =
        bundle["keys"].as_array().expect("keys").iter().find(|it| it["key_id"] == key).expect("listed");
    let public = STANDARD.decode(text(listed, "/public_key")).expect("base64");
    let signature = STANDARD.decode(text(&answer, "/signature")).expect("base64");
    let signed = hash.to_string();
    assert_eq!(Outside::MlDsa65.verify(&public, signed.as_bytes(), &signature), Ok(()));
    assert_eq!(text(&answer, "/message_digest"), sha256(signed.as_bytes()).to_string());
    // Digests, and nothing else; for those who may.
    for body in [json!({}), json!({ "message": "pay to bearer" }), json!({ "message": signed, "raw": true })]
    {
        net().post(0, path, OPERATOR, &body).await.expect(422);
    }
    let other = json!({ "message": signed, "key_id": "ql_key_x" });
    net().post(0, path, OPERATOR, &other).await.expect(404);
    let body = json!({ "message": signed });
    net().post(0, path, READER, &body).await.expect(403);
    net().ask(0, Method::POST, path).json(&body).send().await.expect(401);
}

#[tokio::test]
async fn e18_the_bundles_signature_is_over_the_documented_bytes() {
    let (id, record) = sealed(0).await;
    let bundle = until(1, &format!("/api/v2/jobs/{id}/evidence/bundle"), ACME, 200).await.json();
    let signature = &bundle["signature"];
    assert_eq!(text(signature, "/algorithm"), "ML-DSA-65");
    assert_eq!(text(signature, "/key_id"), text(&record, "/attestation/key/key_id"));
    assert!(iso::read(text(signature, "/signed_at")).is_some());
    let keys = net().get(2, "/api/v1/kms/trust-bundle").await.expect(200);
    let named = |key: &&Value| key["key_id"] == signature["key_id"];
    let key = keys["keys"].as_array().expect("keys").iter().find(named).expect("listed");
    let public = STANDARD.decode(text(key, "/public_key")).expect("base64");
    let value = STANDARD.decode(text(signature, "/value")).expect("base64");
    let hash = text(&record, "/bundle_hash");
    assert_eq!(Outside::MlDsa65.verify(&public, hash.as_bytes(), &value), Ok(()));
    let mut spoilt = value.clone();
    spoilt[9] ^= 1;
    assert!(Outside::MlDsa65.verify(&public, hash.as_bytes(), &spoilt).is_err());
    assert!(
        Outside::MlDsa65
            .verify(&public, bundle["merkle_root"].as_str().expect("text").as_bytes(), &value)
            .is_err()
    );
}

#[tokio::test]
async fn e20_each_detail_of_a_verification_is_falsified_alone() {
    let (_, record) = sealed(0).await;
    let body = asked(&record);
    let answer = known(2, &body).await;
    assert_eq!((&answer["valid"], fallen(&answer)), (&Value::Bool(true), vec![]), "{answer}");
    assert_eq!(text(&answer, "/verification_method"), "ML-DSA-65");
    assert!(iso::read(text(&answer, "/verified_at")).is_some());
    // The seal stands in the log, and has a receipt like everything there.
    net().until(2, text(&answer, "/receipt_url"), |reply| reply.status == 200).await;
    let falls = async |body: Value, detail: &str| {
        let answer = verified(2, &body).await;
        assert_eq!((&answer["valid"], fallen(&answer)), (&Value::Bool(false), vec![detail]), "{answer}");
    };
    // A bundle that the key service signed and the ledger has not sealed.
    let stray = sha256(fresh("stray").as_bytes()).to_string();
    let sign = json!({ "message": stray });
    let signed = net().post(0, "/api/v1/quantum/crypto/sign", OPERATOR, &sign).await.expect(200);
    let stray = json!({ "bundle_hash": stray, "signature": signed["signature"], "key_id": signed["key_id"] });
    falls(stray, "bundle_hash_verified").await;
    let mut spoilt = body.clone();
    let mut signature = STANDARD.decode(text(&body, "/signature")).expect("base64");
    signature[100] ^= 1;
    spoilt["signature"] = STANDARD.encode(&signature).into();
    falls(spoilt, "signature_valid").await;
    let mut spoilt = body.clone();
    spoilt["signed_at"] = "2020-01-01T00:00:00Z".into();
    falls(spoilt, "timestamp_within_validity").await;
    let key = Elsewhere::listed(0, "2025-01-01T00:00:00Z", "2099-01-01T00:00:00Z").await;
    key.revoke(0, "2025-06-01T00:00:00Z").await;
    let revoked = key.asked(&record, "2025-07-01T00:00:00Z");
    known(2, &revoked).await;
    falls(revoked, "key_not_revoked").await;
    // Another tenant's bundle is none that it knows.
    let other = net().post(2, "/api/v2/evidence/verify", GLOBEX, &body).await.expect(200);
    assert_eq!(fallen(&other), ["bundle_hash_verified"]);
    net().ask(2, Method::POST, "/api/v2/evidence/verify").json(&body).send().await.expect(401);
    // Many at once, each with its own answer.
    let items = json!({ "items": [body, { "record": record }] });
    let batch = net().post(3, "/api/v2/evidence/verify/batch", ACME, &items).await.expect(200);
    let told = &batch["data"];
    assert_eq!((&told["total"], &told["valid_count"]), (&2.into(), &2.into()), "{batch}");
}

#[tokio::test]
async fn e21_a_revocation_undoes_what_was_signed_from_its_moment_on() {
    let (_, record) = sealed(1).await;
    let key = Elsewhere::listed(1, "2025-01-01T00:00:00Z", "2099-01-01T00:00:00Z").await;
    let before = key.asked(&record, "2025-05-31T23:59:59Z");
    let after = key.asked(&record, "2025-06-01T00:00:00Z");
    for body in [&before, &after] {
        let answer = known(3, body).await;
        assert_eq!(answer["valid"], true, "{answer}");
    }
    let said = key.revoke(1, "2025-06-01T00:00:00Z").await;
    let begun = std::time::Instant::now();
    let answer = loop {
        let answer = verified(3, &after).await;
        if answer["valid"] == false {
            break answer;
        }
        assert!(begun.elapsed() < crate::net::PATIENCE, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(fallen(&answer), ["key_not_revoked"]);
    assert_eq!(verified(3, &before).await["valid"], true, "what it signed before stays good");
    // Nobody revokes it twice, or takes it back; and it stands in the list that only grows.
    let again = json!({ "reason": "again" });
    net().post(1, &format!("/api/v1/kms/keys/{}/revoke", key.name), OPERATOR, &again).await.expect(409);
    let bundle = net().until(3, "/api/v1/kms/trust-bundle", |reply| {
        let events = &reply.json()["revocation_checkpoint"]["events"];
        events.as_array().is_some_and(|events| events.iter().any(|it| it["key_id"] == key.name.as_str()))
    });
    let bundle = bundle.await.json();
    let events = bundle["revocation_checkpoint"]["events"].as_array().expect("events").clone();
    let event = events.iter().find(|it| it["key_id"] == key.name.as_str()).expect("there");
    assert_eq!(event["revoked_at"], "2025-06-01T00:00:00Z");
    assert_eq!(event["published_at"], said["published_at"]);
}

#[tokio::test]
async fn e22_a_signature_counts_from_the_beginning_of_validity_and_before_its_end() {
    let (_, record) = sealed(2).await;
    let key = Elsewhere::listed(2, "2025-02-01T00:00:00Z", "2099-02-01T00:00:00Z").await;
    known(0, &key.asked(&record, "2025-02-01T00:00:00Z")).await;
    for (signed_at, good) in [
        ("2025-01-31T23:59:59Z", false),
        ("2025-02-01T00:00:00Z", true),
        ("2099-01-31T23:59:59Z", true),
        ("2099-02-01T00:00:00Z", false),
    ] {
        let answer = verified(0, &key.asked(&record, signed_at)).await;
        assert_eq!(answer["valid"], good, "{signed_at}: {answer}");
        assert_eq!(answer["details"]["timestamp_within_validity"], good, "{signed_at}");
        assert_eq!(fallen(&answer).len(), usize::from(!good), "{signed_at}");
    }
}

#[tokio::test]
async fn e24_the_key_service_verifies_and_knows_what_was_revoked() {
    let hash = sha256(fresh("bundle").as_bytes()).to_string();
    let signed =
        net().post(0, "/api/v1/quantum/crypto/sign", OPERATOR, &json!({ "message": hash })).await.expect(200);
    let body = json!({
        "message": hash, "signature": signed["signature"], "key_id": signed["key_id"],
        "algorithm": signed["algorithm"], "signed_at": signed["signed_at"],
    });
    let path = "/api/v1/quantum/crypto/verify";
    let name = text(&signed, "/key_id").to_owned();
    net().until(1, "/api/v1/kms/trust-bundle", |reply| reply.text.contains(&name)).await;
    let ask = async |body: &Value| net().post(1, path, READER, body).await;
    let answer = ask(&body).await.expect(200);
    assert_eq!(answer["valid"], true, "{answer}");
    assert!(iso::read(text(&answer, "/verified_at")).is_some());
    for (member, value) in [
        ("message", Value::from(sha256(b"another").to_string())),
        ("algorithm", "Ed25519".into()),
        ("signature", STANDARD.encode([7; 3309]).into()),
        ("signed_at", "2020-01-01T00:00:00Z".into()),
    ] {
        let mut spoilt = body.clone();
        spoilt[member] = value;
        assert_eq!(ask(&spoilt).await.expect(200)["valid"], false, "{member}");
    }
    let mut spoilt = body.clone();
    spoilt["key_id"] = "ql_key_nobody".into();
    ask(&spoilt).await.expect(404);
    let key = Elsewhere::listed(0, "2025-01-01T00:00:00Z", "2099-01-01T00:00:00Z").await;
    key.revoke(0, "2025-01-02T00:00:00Z").await;
    let signature = key.secret.sign(message(&digest(&hash)).as_bytes());
    let body = json!({ "message": hash, "signature": STANDARD.encode(signature.as_bytes()), "key_id": key.name,
        "algorithm": "Ed25519" });
    let begun = std::time::Instant::now();
    loop {
        let reply = ask(&body).await;
        if reply.status == 200 && reply.json()["details"]["key_not_revoked"] == false {
            let answer = reply.json();
            assert_eq!((&answer["valid"], fallen(&answer)), (&Value::Bool(false), vec!["key_not_revoked"]));
            break;
        }
        assert!(begun.elapsed() < crate::net::PATIENCE, "{} {}", reply.status, reply.text);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn e25_the_chain_of_trust_names_the_root_and_the_key() {
    let (_, record) = sealed(3).await;
    let answer = known(3, &asked(&record)).await;
    let root = net().get(3, "/api/v1/kms/trust-root").await.expect(200);
    let chain = text(&answer, "/trust_chain");
    let expected = format!(
        "{} Root CA → Evidence Signing Key {}",
        text(&root, "/issuer"),
        text(&record, "/attestation/key/key_id")
    );
    assert_eq!(chain, expected);
    // And it is not said only: from the root on, each vouches for the next.
    let whole = verified(3, &json!({ "record": record })).await;
    assert_eq!(whole["valid"], true, "{whole}");
    let chain = text(&whole, "/trust_chain");
    assert!(
        chain.starts_with(text(&root, "/issuer"))
            && chain.ends_with(text(&record, "/attestation/key/key_id"))
    );
}

#[tokio::test]
async fn e34_anybody_has_the_documents_of_trust_and_verifies_with_them_alone() {
    let (_, json) = sealed(0).await;
    let record = Record::parse(json.to_string().as_bytes()).expect("a record");
    for node in 0..4 {
        let bundle = net().until(node, "/api/v1/kms/trust-bundle", |reply| {
            reply.status == 200 && reply.text.contains(text(&json, "/attestation/key/key_id"))
        });
        let bundle = TrustBundle::parse(bundle.await.text.as_bytes()).expect("a bundle");
        let root = net().get(node, "/api/v1/kms/trust-root").await;
        assert_eq!(net().get(node, "/api/v1/kms/trust-root/1").await.text, root.text);
        assert_eq!(net().get(node, "/api/v1/kms/trust-root/2").await.status, 404);
        let root = TrustRoot::parse(root.text.as_bytes()).expect("a root");
        let stated = net().get(node, "/api/v1/runtime/evidence/trust").await.expect(200);
        assert_eq!(text(&stated, "/attestation/root_pin"), format!("sha256:{}", root.pin()));
        let now = iso::Moment::of(TimeMs::new(now_ms()));
        let given =
            GivenTrust { root: Some(&root), pin: Some(root.pin()), bundle: Some(&bundle), kept: None, now };
        let trust = EvidenceTrust::judge(given);
        let report = verify_evidence(&record, &trust, EvidenceAsked::default());
        assert_eq!(report.verdict(), Verdict::Verified, "node {node}: {:?}", report.decided_by());
        // What one kept of one node holds at the next: it is one log.
        let kept = trust.head_to_keep();
        let given = GivenTrust { kept, ..given };
        assert!(EvidenceTrust::judge(given).is_believed());
        // Another node's root vouches for another key.
        let other = net().get((node + 1) % 4, "/api/v1/kms/trust-root").await.text;
        let other = TrustRoot::parse(other.as_bytes()).expect("a root");
        let given = GivenTrust { root: Some(&other), pin: None, ..given };
        assert_eq!(
            verify_evidence(&record, &EvidenceTrust::judge(given), EvidenceAsked::default()).verdict(),
            Verdict::Failed
        );
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("not so soon")
}

#[tokio::test]
async fn e35_a_claim_is_confirmed_as_far_as_it_is_shown_and_never_upgraded() {
    let (_, record) = sealed(1).await;
    let ask = async |record: &Value| {
        net()
            .post(2, "/api/v1/runtime/evidence/verify", READER, &json!({ "record": record }))
            .await
            .expect(200)
    };
    assert_eq!(text(&record, "/claim_level"), Level::ProviderAttested.name());
    net()
        .until(2, "/api/v1/kms/trust-bundle", |reply| {
            reply.text.contains(text(&record, "/attestation/key/key_id"))
        })
        .await;
    let whole = ask(&record).await;
    assert_eq!(
        (&whole["evidence_valid"], text(&whole, "/confirmed_level")),
        (&Value::Bool(true), "PROVIDER_ATTESTED"),
        "{whole}"
    );
    // What claims less is not made to say more.
    for lower in ["SEALED_ATTESTED_PQC", "SEALED_ATTESTED", "SEALED_UNSIGNED"] {
        let mut claims = record.clone();
        claims["claim_level"] = lower.into();
        let answer = ask(&claims).await;
        assert_eq!(
            (&answer["evidence_valid"], text(&answer, "/confirmed_level")),
            (&Value::Bool(true), lower)
        );
    }
    // What shows less is not believed to be more.
    let mut unlabelled = record.clone();
    for item in unlabelled["items"].as_array_mut().expect("items") {
        item.as_object_mut().expect("an item").remove("label");
    }
    let answer = ask(&unlabelled).await;
    assert_eq!(
        (&answer["evidence_valid"], text(&answer, "/confirmed_level")),
        (&Value::Bool(false), "SEALED_ATTESTED_PQC")
    );
    let mut unsigned = record.clone();
    unsigned["attestation"] = Value::Null;
    let answer = ask(&unsigned).await;
    assert_eq!(
        (&answer["evidence_valid"], text(&answer, "/confirmed_level")),
        (&Value::Bool(false), "SEALED_UNSIGNED")
    );
    let mut altered = record.clone();
    altered["items"][0]["data"] = json!({ "git_commit": "another" });
    let answer = ask(&altered).await;
    assert_eq!(
        (&answer["hashes_valid"], text(&answer, "/confirmed_level")),
        (&Value::Bool(false), "INVALID")
    );
}
