//! Attestations as tokens (rows A): issued at one node, believed or not at another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{PublicKey, Scheme, SecretKey, Signature, sha256};
use proto::id::{Did, NetworkId};
use proto::operation::issuer::{IssuerDid, issuer_possession_bytes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::net::{ACME, GLOBEX, OPERATOR, READER, Reply, logged, net};

const PRODUCTION: &str = "did:qwed:node:production";
const STAGING: &str = "did:qwed:node:staging";
const INVALID: &str = "Invalid token";

/// A request of its own: the key tells it apart from those of other tests.
pub fn asked(key: &str) -> Value {
    json!({ "status": "VERIFIED", "verified": true, "engine": "math", "query": "2+2=4", "idempotency_key": key })
}

fn with(mut base: Value, more: Value) -> Value {
    let base_members = base.as_object_mut().expect("an object");
    base_members.extend(more.as_object().expect("an object").clone());
    base
}

async fn issue(node: usize, body: &Value) -> Reply {
    net().post(node, "/v1/attestations", ACME, body).await
}

/// An attestation that was issued now.
pub async fn issued(node: usize, body: &Value) -> Value {
    issue(node, body).await.expect(201)
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is text in {value}"))
}

pub async fn verify(node: usize, body: Value) -> Value {
    net().ask(node, Method::POST, "/v1/attestations/verify").json(&body).send().await.expect(200)
}

/// The verdict of a node, once it knows the attestation.
pub async fn verdict(node: usize, result: &Value) -> Value {
    net()
        .until(node, &format!("/v1/attestations/{}", text(result, "jti")), |reply| reply.status == 200)
        .await;
    verify(node, json!({ "token": result["token"] })).await
}

pub fn parts(token: &str) -> Vec<Vec<u8>> {
    token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect()
}

pub fn claims(token: &str) -> Value {
    serde_json::from_slice(&parts(token)[1]).expect("JSON")
}

/// A token whose part was changed, with whatever signature.
fn forged(token: &str, part: usize, json: &Value) -> String {
    let mut all: Vec<String> = token.split('.').map(str::to_owned).collect();
    all[part] = URL_SAFE_NO_PAD.encode(serde_json::to_vec(json).expect("writes"));
    all.join(".")
}

/// Whether a token is signed by the key of that name in a set, checked without the node.
pub fn is_signed(token: &str, jwks: &Value) -> bool {
    let header: Value = serde_json::from_slice(&parts(token)[0]).expect("JSON");
    let key = jwks["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == header["kid"]);
    let Some(key) = key else { return false };
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(key, name)).expect("base64url");
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let key = PublicKey::parse(Scheme::Es256, &point).expect("a point");
    let signature = Signature::parse(Scheme::Es256, &parts(token)[2]).expect("64 bytes");
    let message = token.rsplit_once('.').expect("two dots").0;
    key.verify(message.as_bytes(), &signature).is_ok()
}

/// An issuer of the test's own, whose key it holds, so that it can sign what a node would not.
pub struct Own {
    pub did: String,
    pub key: SecretKey,
    pub author: String,
}

impl Own {
    pub async fn new(name: &str, seed: u8) -> Self {
        let did = format!("did:qwed:user:{name}");
        let key = SecretKey::from_seed(Scheme::Es256, &[seed; 32]).expect("ES256 signs");
        let set = json!({ "type": "issuer.set", "issuer": did, "name": name, "status": "active" });
        let said = submit(set).await;
        let author =
            text(&net().get(0, text(&said, "self")).await.expect(200)["content"], "author").to_owned();
        let own = Self { did, key, author };
        submit(own.listing("configured").await).await;
        own
    }

    pub async fn listing(&self, policy: &str) -> Value {
        let status = net().get(0, "/v1/status").await.expect(200);
        let network = NetworkId::new(text(&status, "network").parse().expect("a digest"));
        let (did, author) =
            (IssuerDid::parse(&self.did).expect("an issuer"), Did::parse(&self.author).expect("a DID"));
        let consent = issuer_possession_bytes(&network, &did, &author, &self.key.public().id());
        let base64 = base64::engine::general_purpose::STANDARD;
        json!({ "type": "issuer.key", "issuer": self.did, "list": {
            "public_key": base64.encode(self.key.public().as_bytes()),
            "key_continuity_policy": policy, "generated_at": 1_700_000_000,
            "possession": base64.encode(self.key.sign(&consent).as_bytes()),
        } })
    }

    fn sign(&self, payload: &Value) -> String {
        self.sign_under(&format!("{}#{}", self.did, self.key.public().id()), payload)
    }

    /// Signed with its key, under any name of it.
    pub fn sign_under(&self, kid: &str, payload: &Value) -> String {
        let header = json!({ "alg": "ES256", "typ": "qwed-attestation+jwt", "kid": kid });
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(json).expect("writes"));
        let message = format!("{}.{}", part(&header), part(payload));
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()).as_bytes()))
    }
}

/// Has the node's gateway sign an operation, and waits until it is in the log.
pub async fn submit(operation: Value) -> Value {
    let reply = net()
        .post(
            0,
            "/v1/entries",
            OPERATOR,
            &json!({ "operation": operation, "wait": "committed", "timeout_ms": 60_000 }),
        )
        .await;
    assert!(reply.status == 201 || reply.status == 200, "{} {}", reply.status, reply.text);
    let said = reply.json();
    assert_eq!(said["state"], "committed", "{said}");
    said
}

fn now_s() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

#[tokio::test]
async fn a01_a_token_signed_with_es256_that_anyone_verifies() {
    let result = issued(0, &asked("a01")).await;
    let token = text(&result, "token");
    verdict(1, &result).await;
    let jwks = net().get(1, "/.well-known/jwks.json").await.expect(200);
    assert!(is_signed(token, &jwks));
    let mut other = claims(token);
    other["jti"] = json!("att_other");
    assert!(!is_signed(&forged(token, 1, &other), &jwks));
}

#[tokio::test]
async fn a02_its_header_is_exactly_this() {
    let result = issued(0, &asked("a02")).await;
    let header = String::from_utf8(parts(text(&result, "token"))[0].clone()).expect("text");
    let kid = text(&result, "kid");
    let thumbprint = kid.strip_prefix("did:qwed:node:production#").expect("the issuer's");
    assert_eq!(thumbprint.len(), 43);
    assert_eq!(header, format!(r#"{{"alg":"ES256","typ":"qwed-attestation+jwt","kid":"{kid}"}}"#));
}

#[tokio::test]
async fn a03_its_payload_says_who_what_and_when() {
    let result = issued(0, &asked("a03")).await;
    let claims = claims(text(&result, "token"));
    let hash = "sha256:ccb87154d21d3d96a3835bcdba1aa5f3481a06d34a84f437a7ba312bef8c8b43";
    let proof = &claims["qwed"]["proof_hash"];
    assert_eq!(
        claims,
        json!({
            "iss": PRODUCTION, "sub": hash, "iat": claims["iat"], "exp": claims["exp"], "jti": result["jti"],
            "qwed": {
                "version": "1.0",
                "result": { "status": "VERIFIED", "verified": true, "engine": "math", "confidence": 1.0 },
                "query_hash": hash, "proof_hash": proof,
            },
        })
    );
    assert!(text(&result, "jti").starts_with("att_"));
    assert!(now_s().abs_diff(claims["iat"].as_u64().expect("a number")) < 120);
    assert_eq!(proof.as_str().map(str::len), Some("sha256:".len() + 64));
}

#[tokio::test]
async fn a04_an_attestation_is_there_when_it_was_asked_for() {
    let ask = |include: bool| json!({ "expression": "6*7=42", "include_attestation": include });
    let with = net().post(0, "/verify/math", ACME, &ask(true)).await.expect(200);
    assert_eq!((&with["status"], &with["is_valid"]), (&json!("VERIFIED"), &json!(true)));
    assert_eq!(claims(text(&with, "attestation"))["jti"], with["jti"]);
    let without = net().post(0, "/verify/math", ACME, &ask(false)).await.expect(200);
    assert_eq!((&without["status"], &without["attestation"]), (&json!("VERIFIED"), &Value::Null));
    assert_eq!(without["proof_ref"], with["proof_ref"]);
}

#[tokio::test]
async fn a05_whatever_becomes_of_a_request_there_is_a_result() {
    let good = issue(0, &asked("a05")).await;
    let blocked = issue(0, &with(asked("a05"), json!({ "query": "2+2=5" }))).await;
    let unable = issue(3, &asked("a05-off")).await;
    for (reply, status) in [(&good, "issued"), (&blocked, "blocked"), (&unable, "unverifiable")] {
        let result = reply.json();
        assert_eq!(result["status"], status, "{result}");
        for member in ["status", "token", "error_code", "error", "is_issued"] {
            assert!(result.as_object().is_some_and(|it| it.contains_key(member)), "{member}: {result}");
        }
    }
    // Asked again, here or elsewhere, it is the same attestation.
    let first = good.json();
    verdict(1, &first).await;
    for node in [0, 1, 2] {
        let again = issue(node, &asked("a05")).await.expect(200);
        assert_eq!((&again["token"], &again["existing"]), (&first["token"], &json!(true)), "node {node}");
    }
    let of_another_tenant = net().post(0, "/v1/attestations", GLOBEX, &asked("a05")).await.expect(201);
    assert_ne!(of_another_tenant["jti"], first["jti"]);
}

#[tokio::test]
async fn a06_issued_means_a_token_and_no_error() {
    let result = issued(0, &asked("a06")).await;
    assert_eq!(
        (&result["is_issued"], &result["error_code"], &result["error"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert!(result["token"].is_string());
    let blocked = issue(0, &with(asked("a06"), json!({ "query": "1=2" }))).await.expect(422);
    assert_eq!((&blocked["is_issued"], &blocked["token"]), (&json!(false), &Value::Null));
    assert!(blocked["error_code"].is_string());
}

#[tokio::test]
async fn a07_a_signing_failure_blocks() {
    let engines: Vec<String> = (0..200).map(|n| format!("engine-number-{n:04}")).collect();
    let large = json!({ "consensus": { "mode": "all", "engines": engines, "agreement": 1.0 } });
    let result = issue(0, &with(asked("a07"), large)).await.expect(500);
    assert_eq!((&result["status"], &result["token"]), (&json!("blocked"), &Value::Null));
    assert_eq!(result["error_code"], "SIGNING_FAILURE");
}

#[tokio::test]
async fn a08_where_nothing_signs_nothing_is_attempted() {
    let result = issue(3, &asked("a08")).await.expect(503);
    assert_eq!((&result["status"], &result["token"]), (&json!("unverifiable"), &Value::Null));
    assert_eq!(result["error_code"], "CRYPTO_UNAVAILABLE");
}

#[tokio::test]
async fn a09_nothing_is_verified_without_the_attestation_that_was_asked_for() {
    for path in ["/verify/math", "/verify/natural_language"] {
        let ask = |include: bool| json!({ "expression": "1+1=2", "query": "1+1=2", "include_attestation": include });
        let blocked = net().post(3, path, ACME, &ask(true)).await.expect(200);
        assert_eq!((&blocked["status"], &blocked["is_valid"]), (&json!("BLOCKED"), &json!(false)), "{path}");
        assert_eq!((&blocked["attestation"], &blocked["admission"]), (&Value::Null, &json!("BLOCKED")));
        assert_eq!(net().post(3, path, ACME, &ask(false)).await.expect(200)["status"], "VERIFIED");
    }
}

#[tokio::test]
async fn a10_it_holds_until_its_time_is_over_or_it_is_withdrawn() {
    let short = issued(0, &with(asked("a10-short"), json!({ "validity_s": 3 }))).await;
    let long = issued(0, &asked("a10-long")).await;
    assert_eq!(verdict(0, &short).await["lifecycle"], "VALID");
    assert_eq!(verdict(2, &long).await["lifecycle"], "VALID");
    let path = format!("/v1/attestations/{}/revoke", text(&long, "jti"));
    let why = json!({ "reason": "wrong" });
    assert_eq!(net().post(0, &path, GLOBEX, &why).await.status, 403);
    assert_eq!(net().post(0, &path, READER, &why).await.status, 403);
    // At another node of the same issuer, and as often as one likes.
    for _ in 0..2 {
        assert_eq!(net().post(2, &path, ACME, &why).await.expect(200)["lifecycle"], "REVOKED");
    }
    let known = format!("/v1/attestations/{}", text(&long, "jti"));
    net().until(1, &known, |reply| reply.json()["lifecycle"] == "REVOKED").await;
    let revoked = verify(1, json!({ "token": long["token"] })).await;
    assert_eq!((&revoked["valid"], &revoked["lifecycle"]), (&json!(false), &json!("REVOKED")));
    let known = format!("/v1/attestations/{}", text(&short, "jti"));
    net().until(1, &known, |reply| reply.json()["lifecycle"] == "EXPIRED").await;
    let expired = verify(1, json!({ "token": short["token"] })).await;
    assert_eq!((&expired["valid"], &expired["lifecycle"]), (&json!(false), &json!("EXPIRED")));
    // What no longer holds is issued anew.
    let anew = issued(0, &asked("a10-long")).await;
    assert_ne!(anew["jti"], long["jti"]);
}

#[tokio::test]
async fn a11_a_key_says_when_it_was_made_and_how_long_it_lives() {
    let own = Own::new("a11", 11).await;
    let info = net().get(0, &format!("/v1/issuers/{}", own.did)).await.expect(200);
    // `configured` is another word for it.
    assert_eq!(info["public_keys"][0]["key_continuity_policy"], "persistent");
    assert_eq!(info["public_keys"][0]["generated_at"], 1_700_000_000);
    let other = json!({ "operation": own.listing("forever").await, "wait": "committed" });
    let refused = net().post(0, "/v1/entries", OPERATOR, &other).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("key continuity policy"), "{}", refused.text);
}

#[tokio::test]
async fn a12_each_key_that_is_made_is_logged() {
    let result = issued(0, &asked("a12")).await;
    let kid = text(&result, "kid");
    let line = logged()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["fields"]["event"] == "attestation.key_generated" && line["fields"]["kid"] == kid);
    let line = line.expect("the event is logged");
    assert_eq!(line["fields"]["key_continuity_policy"], "persistent");
}

#[tokio::test]
async fn a13_what_is_known_of_an_issuer() {
    let result = issued(0, &asked("a13")).await;
    verdict(1, &result).await;
    let info = net().get(1, &format!("/v1/issuers/{PRODUCTION}")).await.expect(200);
    assert_eq!((&info["did"], &info["name"]), (&json!(PRODUCTION), &json!("QWED Production")));
    assert_eq!((&info["status"], &info["certification_level"]), (&json!("active"), &json!("")));
    let keys = info["public_keys"].as_array().expect("a list");
    assert!(keys.iter().any(|key| key["kid"] == result["kid"]), "{info}");
    assert!(info["key_generated_at"].as_u64().is_some_and(|at| at.abs_diff(now_s()) < 600));
    assert_eq!(info["key_continuity_policy"], "persistent");
    assert_eq!(net().get(1, "/v1/issuers/did:qwed:node:nobody").await.status, 404);
}

#[tokio::test]
async fn a14_the_verdict_has_three_parts() {
    let result = issued(0, &asked("a14")).await;
    let good = verdict(1, &result).await;
    assert_eq!((&good["valid"], &good["error"]), (&json!(true), &Value::Null));
    assert_eq!(good["claims"], claims(text(&result, "token")));
    let bad = verify(1, json!({ "jwt": "x.y.z" })).await;
    assert_eq!(
        (&bad["valid"], &bad["claims"], &bad["error"]),
        (&json!(false), &Value::Null, &json!(INVALID))
    );
}

#[tokio::test]
async fn a15_who_is_not_listed_is_not_believed() {
    let result = issued(0, &asked("a15")).await;
    verdict(1, &result).await;
    let client = client::Client::new(net().url(1)).expect("a client");
    let token = text(&result, "token");
    let believed = |trusted: &'static [&'static str]| client.verify_attestation(token, trusted);
    assert!(believed(&[STAGING, PRODUCTION]).await.expect("an answer"));
    assert!(!believed(&[STAGING]).await.expect("an answer"));
    assert!(!believed(&[]).await.expect("an answer"));
}

#[tokio::test]
async fn a16_an_inactive_issuer_is_not_believed() {
    let result = issued(1, &asked("a16")).await;
    issued(0, &asked("a16-production")).await;
    assert_eq!(claims(text(&result, "token"))["iss"], STAGING);
    assert_eq!(verdict(0, &result).await["valid"], true);
    let registry = net().get(0, "/registry/issuers.json").await.expect(200);
    for (did, name) in [(PRODUCTION, "QWED Production"), (STAGING, "QWED Staging")] {
        let known = registry["issuers"].as_array().expect("a list").iter().find(|it| it["did"] == did);
        let known = known.unwrap_or_else(|| panic!("{did} in {registry}"));
        assert_eq!((&known["name"], &known["status"]), (&json!(name), &json!("active")));
    }
    let path = format!("/v1/issuers/{STAGING}/set");
    let inactive = json!({ "status": "inactive", "certification_level": "level-2" });
    assert_eq!(net().post(1, &path, ACME, &inactive).await.status, 403);
    let said = net().post(1, &path, OPERATOR, &inactive).await.expect(200);
    assert_eq!((&said["status"], &said["certification_level"]), (&json!("inactive"), &json!("level-2")));
    let one = format!("/v1/issuers/{STAGING}");
    net().until(0, &one, |reply| reply.json()["status"] == "inactive").await;
    let verdict = verify(0, json!({ "token": result["token"] })).await;
    assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!("ATT-002")));
    let none = issue(1, &asked("a16-inactive")).await.expect(500);
    assert_eq!(none["error_code"], "SIGNING_FAILURE");
    net().post(1, &path, OPERATOR, &json!({ "status": "active" })).await.expect(200);
    net().until(0, &one, |reply| reply.json()["status"] == "active").await;
    assert_eq!(verify(0, json!({ "token": result["token"] })).await["valid"], true);
}

#[tokio::test]
async fn a17_a_chain_has_no_gap_no_fork_and_no_second_start() {
    let chain = format!("chain_a17_{}", now_s());
    let link = |index: u64, previous: &Value, key: &str| {
        json!({ "query": format!("{index}={index}"), "include_attestation": true, "chain_id": chain, "chain_index": index,
            "previous_attestation": previous, "idempotency_key": key })
    };
    let path = "/verify/natural_language";
    let first = json!({ "query": "0=0", "include_attestation": true, "idempotency_key": chain });
    let first = net().post(0, path, ACME, &first).await.expect(200);
    assert!(first["jti"].is_string(), "{first}");
    let second = net().post(0, path, ACME, &link(1, &first["jti"], "second")).await.expect(200);
    assert_eq!(second["status"], "VERIFIED", "{second}");
    let said = claims(text(&second, "attestation"));
    assert_eq!((&said["qwed"]["chain_id"], &said["qwed"]["chain_index"]), (&json!(chain), &json!(1)));
    assert_eq!(said["qwed"]["previous_attestation"], first["jti"]);
    for (body, why) in [
        (link(3, &second["jti"], "gap"), "a gap"),
        (link(2, &first["jti"], "wrong"), "a wrong previous one"),
        (link(1, &first["jti"], "again"), "a place that is taken"),
    ] {
        let refused = net().post(0, path, ACME, &body).await.expect(200);
        assert_eq!((&refused["status"], &refused["attestation"]), (&json!("BLOCKED"), &Value::Null), "{why}");
        assert_eq!(refused["attestation_result"]["error_code"], "CHAIN_FAILED", "{why}");
    }
    // It goes on at another node of the same issuer.
    net().until(2, &format!("/v1/attestations/{}", text(&second, "jti")), |reply| reply.status == 200).await;
    let third = net().post(2, path, ACME, &link(2, &second["jti"], "third")).await.expect(200);
    assert_eq!(third["status"], "VERIFIED", "{third}");
    // Whatever stands on what was withdrawn does not stand.
    let revoke = format!("/v1/attestations/{}/revoke", text(&second, "jti"));
    net().post(0, &revoke, ACME, &json!({})).await.expect(200);
    let token = json!({ "token": third["attestation"] });
    net().until(0, &format!("/v1/attestations/{}", text(&third, "jti")), |reply| reply.status == 200).await;
    let verdict = verify(0, token).await;
    assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!("ATT-008")), "{verdict}");
}

#[tokio::test]
async fn a18_it_stands_in_a_block_and_that_can_be_proven() {
    let result = issued(0, &asked("a18")).await;
    let (token, anchor) = (text(&result, "token"), &result["anchor"]);
    let receipt = net().until(1, text(anchor, "receipt"), |reply| reply.status == 200).await.json();
    let verdict = net().ask(2, Method::POST, "/v1/verify").json(&json!({ "receipt": receipt })).send().await;
    assert_eq!(verdict.expect(200)["valid"], true);
    let entry = net().get(1, &format!("/v1/entries/{}", text(anchor, "tx_hash"))).await.expect(200);
    let operation = &entry["content"]["operation"];
    assert_eq!((&operation["type"], &operation["attestation"]), (&json!("attestation.seal"), &result["jti"]));
    assert_eq!(operation["token"], token);
    let known = net().get(1, &format!("/v1/attestations/{}", text(&result, "jti"))).await.expect(200);
    assert_eq!(known["token_hash"], format!("sha256:{}", sha256(token.as_bytes())));
    assert_eq!(&known["anchor"], anchor);
}

#[tokio::test]
async fn a19_a_badge_shows_what_is_true() {
    let result = issued(0, &asked("a19")).await;
    verdict(1, &result).await;
    let failed = json!({ "expression": "1=2", "include_attestation": true, "idempotency_key": "a19" });
    let failed = net().post(0, "/verify/math", ACME, &failed).await.expect(200);
    let path = format!("/badge/attestation/{}", text(&result, "jti"));
    let badge = net().get(1, &path).await;
    assert_eq!((badge.status, badge.header("content-type")), (200, Some("image/svg+xml")));
    assert!(badge.text.starts_with("<svg") && badge.text.contains("verified"), "{}", badge.text);
    let other = format!("/badge/attestation/{}", text(&failed, "jti"));
    let red = net().until(1, &other, |reply| reply.status == 200).await;
    assert!(red.text.contains("failed") && !red.text.contains("verified"), "{}", red.text);
    net()
        .post(0, &format!("/v1/attestations/{}/revoke", text(&result, "jti")), ACME, &json!({}))
        .await
        .expect(200);
    let revoked = net().until(1, &path, |reply| reply.text.contains("revoked")).await;
    assert!(!revoked.text.contains("verified"), "{}", revoked.text);
}

#[tokio::test]
async fn a20_our_client_gives_no_token_to_who_does_not_look() {
    let client =
        |node: usize| client::Client::new(net().url(node)).expect("a client").with_token(ACME.to_owned());
    let params: model::qwed::IssueParams = serde_json::from_value(asked("a20")).expect("a request");
    let issued = client(0).attest(&params).await.expect("an answer").issued().expect("issued");
    assert_eq!(claims(issued.token())["jti"], json!(issued.id));
    let refused = client(3).attest(&params_of("a20-off")).await.expect("an answer").issued();
    assert_eq!(refused.map_err(|it| it.code), Err("CRYPTO_UNAVAILABLE".to_owned()));
}

fn params_of(key: &str) -> model::qwed::IssueParams {
    serde_json::from_value(asked(key)).expect("a request")
}

#[tokio::test]
async fn a21_it_holds_for_a_year_unless_something_else_is_asked() {
    let lifetime = |result: &Value| {
        let claims = claims(text(result, "token"));
        claims["exp"].as_u64().expect("a number") - claims["iat"].as_u64().expect("a number")
    };
    assert_eq!(lifetime(&issued(0, &asked("a21")).await), 365 * 86_400);
    let day = issued(0, &with(asked("a21-day"), json!({ "validity_s": 86_400 }))).await;
    assert_eq!(lifetime(&day), 86_400);
    for wrong in [0, 367 * 86_400] {
        let refused = issue(0, &with(asked("a21-wrong"), json!({ "validity_s": wrong }))).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.json()["detail"].as_str().is_some_and(|it| it.contains("validity_s")));
    }
}

#[tokio::test]
async fn a22_what_is_too_long_is_refused_before_it_is_looked_at() {
    let own = Own::new("a22", 22).await;
    let payload = |length: usize| json!({ "iss": own.did, "x": "y".repeat(length) });
    // Well signed, so that only its length is against it.
    let signed = verify(0, json!({ "token": own.sign(&payload(2_900)) })).await;
    assert_eq!(signed["code"], "ATT-007");
    for token in [own.sign(&payload(3_100)), format!("{}.{}", "a".repeat(8_193), own.sign(&payload(1)))] {
        let refused = verify(0, json!({ "token": token })).await;
        assert_eq!((&refused["error"], &refused["code"]), (&json!(INVALID), &json!("ATT-001")));
    }
}

#[tokio::test]
async fn a23_only_what_is_as_it_should_be_is_read() {
    let own = Own::new("a23", 23).await;
    let whole = json!({ "iss": own.did, "sub": "sha256:00", "iat": now_s(), "exp": now_s() + 60, "jti": "att_a23",
        "qwed": { "version": "1.0" } });
    for claim in ["iss", "sub", "iat", "exp", "jti"] {
        let mut lacking = whole.clone();
        lacking.as_object_mut().expect("an object").remove(claim);
        let verdict = verify(0, json!({ "token": own.sign(&lacking) })).await;
        assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!("ATT-007")), "{claim}");
    }
    let token = own.sign(&whole);
    let header: Value = serde_json::from_slice(&parts(&token)[0]).expect("JSON");
    for (more, code) in [
        (json!({ "crit": ["exp"] }), "ATT-001"),
        (json!({ "typ": "JWT" }), "ATT-001"),
        (json!({ "alg": "none" }), "ATT-001"),
        (json!({ "alg": "HS256" }), "ATT-001"),
        (json!({ "kid": format!("{PRODUCTION}#other") }), "ATT-002"),
    ] {
        let verdict =
            verify(0, json!({ "token": forged(&token, 0, &with(header.clone(), more.clone())) })).await;
        assert_eq!((&verdict["error"], &verdict["code"]), (&json!(INVALID), &json!(code)), "{more}");
    }
    let other = own.sign(&with(whole, json!({ "iss": PRODUCTION })));
    assert_eq!(verify(0, json!({ "token": other })).await["valid"], false, "another issuer's name");
}

#[tokio::test]
async fn a24_it_fails_closed_with_codes() {
    let cases = [
        (json!({ "engine": "logic" }), "VERIFIED_WITHOUT_PROOF"),
        (json!({ "strict": true }), "VERIFIED_WITHOUT_PROOF"),
        (json!({ "query": "2+2=5" }), "VERIFIED_WITHOUT_PROOF"),
        (json!({ "record": "00".repeat(32) }), "VERIFIED_WITHOUT_PROOF"),
        (json!({ "proof_hash": "abc" }), "INVALID_PROOF_HASH"),
        (
            json!({ "proof_hash": format!("sha256:{}", "0".repeat(64)), "proof_data": "x" }),
            "INVALID_PROOF_HASH",
        ),
        (json!({ "admission": "PERHAPS" }), "INVALID_ADMISSION"),
    ];
    for (more, code) in cases {
        let result = issue(0, &with(asked("a24"), more.clone())).await.expect(422);
        assert_eq!((&result["status"], &result["error_code"]), (&json!("blocked"), &json!(code)), "{more}");
    }
    let given = json!({ "engine": "logic", "proof_data": "a proof" });
    let result = issued(0, &with(asked("a24"), given)).await;
    assert_eq!(result["proof_ref"], format!("sha256:{}", sha256(b"a proof")));
    // What is in the ledger proves too.
    let record = json!({ "engine": "logic", "record": result["anchor"]["tx_hash"] });
    let by_record = issued(0, &with(asked("a24-record"), record)).await;
    assert_eq!(by_record["proof_ref"], format!("sha256:{}", text(&result["anchor"], "tx_hash")));
}

#[tokio::test]
async fn a25_only_what_is_verified_is_admitted() {
    let admitted = issued(0, &with(asked("a25"), json!({ "admission": "ADMIT" }))).await;
    assert_eq!(claims(text(&admitted, "token"))["qwed"]["admission"], "ADMIT");
    let failed = json!({ "status": "FAILED", "verified": false, "query": "2+2=5", "admission": "ADMIT" });
    let refused = issue(0, &with(asked("a25-failed"), failed.clone())).await.expect(422);
    assert_eq!(refused["error_code"], "INVALID_ADMISSION");
    let blocked =
        issued(0, &with(asked("a25-failed"), with(failed, json!({ "admission": "BLOCKED" })))).await;
    assert_eq!(claims(text(&blocked, "token"))["qwed"]["admission"], "BLOCKED");
    let checked = json!({ "expression": "2+2=5", "include_attestation": true });
    let checked = net().post(0, "/verify/math", ACME, &checked).await.expect(200);
    assert_eq!((&checked["status"], &checked["admission"]), (&json!("FAILED"), &json!("BLOCKED")));
    assert_eq!(claims(text(&checked, "attestation"))["qwed"]["admission"], "BLOCKED");
}

#[tokio::test]
async fn a26_the_keys_are_told_as_jwks() {
    let result = issued(0, &asked("a26")).await;
    verdict(1, &result).await;
    for path in ["/.well-known/jwks.json", "/v1/issuers/jwks.json"] {
        let reply = net().get(1, path).await;
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"), "{path}");
        let jwks = reply.expect(200);
        let key = jwks["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == result["kid"]);
        let key = key.unwrap_or_else(|| panic!("{path}: {jwks}"));
        for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
            assert_eq!(key[name], value);
        }
        assert_eq!((text(key, "x").len(), text(key, "y").len()), (43, 43));
    }
}

#[tokio::test]
async fn a27_the_words_of_the_specification() {
    let chain = format!("chain_a27_{}", now_s());
    let consensus = json!({ "mode": "majority", "engines": ["math", "logic"], "agreement": 1.0 });
    let place = json!({ "chain_id": chain, "chain_index": 0, "consensus": consensus });
    let reply = issue(0, &with(asked("a27-0"), place)).await;
    let first = reply.expect(201);
    let token = text(&first, "token");
    assert_eq!(reply.header("qwed-attestation"), Some(token));
    assert_eq!(claims(token)["qwed"]["consensus"], consensus);
    let place = json!({ "chain_id": chain, "chain_index": 1, "previous_attestation": first["jti"] });
    let second = issued(0, &with(asked("a27-1"), place)).await;
    let hash = format!("sha256:{}", sha256(token.as_bytes()));
    assert_eq!(claims(text(&second, "token"))["qwed"]["previous_hash"], hash);
    for member in ["chain", "tx_hash", "block_number"] {
        assert!(!first["anchor"][member].is_null(), "{member}");
    }
    // By itself, as it is called, and in the header of its name.
    let path = format!("/v1/attestations/{}", text(&first, "jti"));
    let by_itself =
        net().ask(0, Method::GET, &path).header("accept", "application/qwed-attestation+jwt").send().await;
    assert_eq!(
        (by_itself.text.as_str(), by_itself.header("content-type")),
        (token, Some("application/qwed-attestation+jwt"))
    );
    let described =
        net().ask(0, Method::GET, &path).header("accept", "application/qwed-attestation+json").send().await;
    assert_eq!(described.header("content-type"), Some("application/qwed-attestation+json"));
    let shown =
        net().ask(0, Method::POST, "/v1/attestations/verify").header("qwed-attestation", token).send().await;
    assert_eq!(shown.expect(200)["valid"], true);
    for kind in ["node", "provider", "user"] {
        let path = format!("/v1/issuers/did:qwed:{kind}:nobody");
        assert_eq!(net().get(0, &path).await.status, 404);
    }
    let own = Own::new("a27", 27).await;
    let early = json!({ "iss": own.did, "sub": "s", "iat": now_s(), "nbf": now_s() + 900, "exp": now_s() + 1_000,
        "jti": "att_a27", "qwed": {} });
    assert_eq!(verify(0, json!({ "token": own.sign(&early) })).await["code"], "ATT-005", "nbf");
}

#[tokio::test]
async fn a28_every_reason_has_its_code() {
    let own = Own::new("a28", 28).await;
    let payload = |more: Value| {
        let base = json!({ "iss": own.did, "sub": "s", "iat": now_s(), "exp": now_s() + 60, "jti": "att_a28", "qwed": {} });
        own.sign(&with(base, more))
    };
    let mut lacking = claims(&payload(json!({})));
    lacking.as_object_mut().expect("an object").remove("sub");
    let short = issued(0, &with(asked("a28-short"), json!({ "validity_s": 1 }))).await;
    let gone = issued(0, &asked("a28-gone")).await;
    net()
        .post(0, &format!("/v1/attestations/{}/revoke", text(&gone, "jti")), ACME, &json!({}))
        .await
        .expect(200);
    let known = format!("/v1/attestations/{}", text(&short, "jti"));
    net().until(0, &known, |reply| reply.json()["lifecycle"] == "EXPIRED").await;
    let cases = [
        (json!({ "token": "no token" }), "ATT-001"),
        (json!({ "token": payload(json!({})), "trusted_issuers": [PRODUCTION] }), "ATT-002"),
        (json!({ "token": forged(&payload(json!({})), 1, &json!({ "iss": own.did })) }), "ATT-003"),
        (json!({ "token": short["token"] }), "ATT-004"),
        (json!({ "token": payload(json!({ "iat": now_s() + 900 })) }), "ATT-005"),
        (json!({ "token": gone["token"] }), "ATT-006"),
        (json!({ "token": own.sign(&lacking) }), "ATT-007"),
        (json!({ "token": payload(json!({})) }), "ATT-008"),
    ];
    for (body, code) in cases {
        let verdict = verify(0, body).await;
        assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!(code)), "{verdict}");
    }
}

#[tokio::test]
async fn a29_badges_of_every_kind() {
    for (path, shows) in [
        ("/badge/verified", "verified"),
        ("/badge/status/FAILED", "failed"),
        ("/badge/engine/math", "math"),
        ("/badge/custom?label=build&message=passing&color=brightgreen&logo=q", "passing"),
    ] {
        let badge = net().get(0, path).await;
        assert_eq!((badge.status, badge.header("content-type")), (200, Some("image/svg+xml")), "{path}");
        assert!(badge.text.contains(shows), "{path}: {}", badge.text);
    }
    let green = net().get(0, "/badge/status/VERIFIED").await.text;
    let red = net().get(0, "/badge/status/FAILED").await.text;
    assert_eq!(green.contains("#2e7d32"), !red.contains("#2e7d32"));
    let hostile = net().get(0, "/badge/custom?message=%3Cscript%3E&color=%22").await;
    assert!(!hostile.text.contains("<script"), "{}", hostile.text);
}

#[tokio::test]
async fn a30_what_is_decided_here_and_what_is_not() {
    let ask = async |path: &str, body: Value| net().post(0, path, ACME, &body).await.expect(200);
    let math = ask("/verify/math", json!({ "expression": "2^10 = 1024" })).await;
    for member in ["status", "is_valid", "attestation", "proof_ref", "admission"] {
        assert!(math.as_object().is_some_and(|it| it.contains_key(member)), "{member}");
    }
    assert_eq!((&math["status"], &math["admission"]), (&json!("VERIFIED"), &json!("ADMIT")));
    assert_eq!(math["proof_ref"], format!("sha256:{}", sha256(text(&math, "proof").as_bytes())));
    let wrong = ask("/verify/math", json!({ "expression": "0.1+0.2=0.30000000000000004" })).await;
    assert_eq!((&wrong["status"], &wrong["is_valid"]), (&json!("FAILED"), &json!(false)));
    let words = ask("/verify/natural_language", json!({ "query": "The sky is blue", "provider": "x" })).await;
    assert_eq!((&words["status"], &words["is_valid"]), (&json!("UNVERIFIABLE"), &json!(false)));
    let sum = ask("/verify/natural_language", json!({ "query": "2+2=4", "provider": "x" })).await;
    assert_eq!(sum["status"], "VERIFIED");
    for path in ["/verify/logic", "/verify/code"] {
        assert_eq!(ask(path, json!({ "query": "x" })).await["status"], "UNVERIFIABLE", "{path}");
    }
    let none = net().post(0, "/verify/math", ACME, &json!({})).await;
    assert_eq!(none.status, 422, "{}", none.text);
    assert_eq!(
        net().ask(0, Method::POST, "/verify/math").json(&json!({ "expression": "1=1" })).send().await.status,
        401
    );
    let reader = json!({ "expression": "1=1", "include_attestation": true });
    assert_eq!(net().post(0, "/verify/math", READER, &reader).await.status, 403);
}
