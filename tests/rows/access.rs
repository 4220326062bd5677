//! Who may ask what, how often, and what anybody is told: what ProofNest promised of its doors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use crate::net::{ACME, GLOBEX, OPERATOR, PATIENCE, READER, SLOW, net};

/// Plain JSON for the node to sign.
pub fn proof(n: u64) -> Value {
    let content = crypto::sha256(&n.to_be_bytes()).to_string();
    let operation = json!({ "type": "proof.submit", "content": content, "content_bytes": 8 });
    json!({ "operation": operation, "wait": "committed" })
}

/// A number no other run has used.
pub fn fresh() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() >> 4)
        .expect("small")
}

#[tokio::test]
async fn p10_a_key_in_the_header_or_in_the_query() {
    let by_header = net().ask(0, Method::GET, "/v1/caller").key(ACME).send().await;
    assert_eq!(by_header.expect(200)["tenant"], "acme");
    let by_query = net().get(1, &format!("/v1/caller?api_key={ACME}")).await;
    assert_eq!(by_query.expect(200)["tenant"], "acme");
    assert_eq!(net().get(0, "/v1/caller").await.status, 401);
    assert_eq!(net().ask(0, Method::GET, "/v1/caller").key("wrong").send().await.status, 401);
    // Its own routes say it in its own words, and know a wrong key from none.
    assert_eq!(net().get(2, "/v1/tenant").await.expect(401)["detail"], "Missing API key");
    let wrong = net().ask(2, Method::GET, "/v1/tenant").key("wrong").send().await;
    assert_eq!(wrong.expect(403)["detail"], "Invalid API key");
}

#[tokio::test]
async fn p11_what_is_public_needs_no_key() {
    for path in ["/", "/health", "/v1/chain/status", "/v1/chain/validators", "/v1/validators"] {
        assert_eq!(net().get(0, path).await.status, 200, "{path}");
    }
    // A proof that is not there is not there; nobody is asked for a key first.
    let none = format!("/v1/proofs/proof:{}", "00".repeat(32));
    for path in [none.clone(), format!("{none}/verify")] {
        assert_eq!(net().get(0, &path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn p12_everything_that_writes_needs_a_key() {
    let document = net().get(0, "/openapi.json").await.expect(200);
    let (mut guarded, mut open) = (0, Vec::new());
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (verb, operation) in operations.as_object().expect("operations") {
            if verb == "get" {
                continue;
            }
            // What is signed needs no key, and says so; the node signs for nobody without one.
            if operation["security"].as_array().is_some_and(|means| means.contains(&json!({}))) {
                continue;
            }
            if operation["security"].is_null() {
                open.push(operation["operationId"].as_str().unwrap_or_default().to_owned());
                continue;
            }
            let method = Method::from_bytes(verb.to_uppercase().as_bytes()).expect("a method");
            // Refused before its body is read: this one is no JSON.
            let reply = net().ask(1, method, &path.replace(['{', '}'], "")).body("{").send().await;
            assert_eq!(reply.status, 401, "{verb} {path}: {}", reply.text);
            guarded += 1;
        }
    }
    assert!(guarded > 0);
    assert!(open.iter().all(|name| name.to_lowercase().contains("verify")), "{open:?}");
    let unsigned = net().ask(1, Method::POST, "/v1/entries").json(&proof(fresh())).send().await;
    assert_eq!(unsigned.status, 401);
}

#[tokio::test]
async fn p13_a_tenant_is_repeated_never_chosen() {
    for (key, tenant, status) in
        [(ACME, "acme", 200), (ACME, "globex", 403), (GLOBEX, "acme", 403), (OPERATOR, "acme", 403)]
    {
        let ask = net().ask(0, Method::GET, "/v1/caller").key(key).header("x-tenant-id", tenant);
        assert_eq!(ask.send().await.status, status, "{key} {tenant}");
    }
    // Where it has to be named, a key alone is not enough.
    let tenant = |named: Option<&'static str>| async move {
        let ask = net().ask(1, Method::GET, "/v1/tenant").key(ACME);
        named.into_iter().fold(ask, |ask, name| ask.header("x-tenant-id", name)).send().await
    };
    assert_eq!(tenant(None).await.expect(400)["code"], "tenant_missing");
    assert_eq!(tenant(Some("acme")).await.expect(200)["tenant"], "acme");
    assert_eq!(tenant(Some("globex")).await.status, 403);
    // What a node signs for a tenant is of that tenant, and no other can be named.
    let mine = net().post(0, "/v1/entries", ACME, &proof(fresh())).await.expect(201);
    let link = mine["self"].as_str().expect("a link").to_owned();
    assert_eq!(net().get(0, &link).await.expect(200)["content"]["tenant"], "acme");
    let mut other = proof(fresh());
    other["tenant"] = json!("globex");
    assert_eq!(net().post(0, "/v1/entries", ACME, &other).await.expect(403)["code"], "tenant_mismatch");
    // Nor does it end what is another's, though one key of the node signs for both.
    let issue = json!({ "type": "attestation.issue", "subject": format!("p13 {}", fresh()),
        "predicate_type": "https://example.com/p13", "predicate": "e30=" });
    let issued =
        net().post(0, "/v1/entries", ACME, &json!({ "operation": issue, "wait": "committed" })).await;
    let id = issued.expect(201)["id"].clone();
    let revoke = |id: &Value| {
        let operation = json!({ "type": "attestation.revoke", "attestation": id });
        json!({ "operation": operation, "wait": "committed" })
    };
    let refused = net().post(0, "/v1/entries", GLOBEX, &revoke(&id)).await;
    assert_eq!(refused.json()["reason"], "unknown_attestation", "{}", refused.text);
    let none = net().post(0, "/v1/entries", GLOBEX, &revoke(&json!("00".repeat(32)))).await;
    assert_eq!((none.status, &none.json()["reason"]), (refused.status, &refused.json()["reason"]));
    assert_eq!(net().post(0, "/v1/entries", ACME, &revoke(&id)).await.expect(201)["state"], "committed");
}

#[tokio::test]
async fn p14_so_many_requests_a_minute() {
    let ask = || net().ask(3, Method::GET, "/v1/caller").key(SLOW).send();
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(ask().await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    let refused = ask().await;
    let after: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{after}");
    assert_eq!(refused.expect(429)["code"], "rate_limited");
    // Another tenant, and another endpoint, have rates of their own.
    assert_eq!(net().ask(3, Method::GET, "/v1/caller").key(ACME).send().await.status, 200);
    assert_eq!(net().post(3, "/v1/entries", SLOW, &proof(fresh())).await.status, 201);
}

#[tokio::test]
async fn p15_a_credential_does_what_its_scopes_say() {
    assert_eq!(net().post(0, "/v1/entries", ACME, &proof(fresh())).await.status, 201);
    let refused = net().post(0, "/v1/entries", READER, &proof(fresh())).await.expect(403);
    assert_eq!(refused["code"], "scope_missing");
    // A token has no more than the key it was asked for with, and every node knows what it has.
    let token = |scope: &'static str| async move {
        net().post(0, "/v1/tokens", ACME, &json!({ "scope": scope, "expires_in": 60 })).await
    };
    assert_eq!(token("validator:change").await.expect(403)["code"], "scope_beyond");
    for (scope, status) in [("proof:create", 201), ("proof:read identity:read", 403)] {
        let issued = token(scope).await.expect(200);
        assert_eq!((&issued["token_type"], &issued["expires_in"]), (&json!("Bearer"), &json!(60)));
        let text = issued["access_token"].as_str().expect("a token").to_owned();
        for node in 0..4 {
            let reply = net().post(node, "/v1/entries", &text, &proof(fresh())).await;
            assert_eq!(reply.status, status, "{node} {scope} {}", reply.text);
        }
        // Whoever has it only gets what is less.
        let longer = net().post(2, "/v1/tokens", &text, &json!({ "scope": scope, "expires_in": 3600 })).await;
        assert!(longer.expect(200)["expires_in"].as_u64().expect("a number") <= 60);
    }
}

#[tokio::test]
async fn p16_requests_are_noted_with_tenant_and_agent() {
    let name = format!("row-p16-{}", fresh());
    let ask = || net().ask(1, Method::GET, "/v1/caller").header("x-request-id", &name);
    assert_eq!(ask().key(READER).send().await.status, 200);
    assert_eq!(ask().key("a-wrong-secret").send().await.status, 401);
    let path = net().dir(1).join(node::security_log::FILE_NAME);
    let begun = std::time::Instant::now();
    let notes = loop {
        let text = std::fs::read_to_string(&path).expect("a log");
        let notes: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line.split_once(' ')?.1).ok())
            .filter(|note: &Value| note["request"] == name.as_str())
            .collect();
        if notes.len() == 2 {
            assert!(!text.contains("a-wrong-secret") && !text.contains(READER));
            break notes;
        }
        assert!(begun.elapsed() < PATIENCE, "{notes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let told = |note: &Value| (note["tenant"].clone(), note["subject"].clone(), note["code"].clone());
    assert_eq!(told(&notes[0]), (json!("acme"), json!("acme-reader"), json!("ok")));
    assert_eq!(told(&notes[1]), (Value::Null, Value::Null, json!("credential_unknown")));
    // The command reads them, and sees it when one is changed.
    let asked = |dir: &std::path::Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quorate"));
        let command = command.args(["node", "notes", "--output", "json", "--last", "1000", "--dir"]).arg(dir);
        command.output().expect("the command runs")
    };
    let told = asked(&net().dir(1));
    assert!(told.status.success(), "{told:?}");
    assert!(String::from_utf8_lossy(&told.stdout).contains(&name));
    let copy = tempfile::tempdir().expect("a scratch folder");
    let text = std::fs::read_to_string(&path).expect("a log").replacen("acme-reader", "acme-writer", 1);
    std::fs::write(copy.path().join(node::security_log::FILE_NAME), text).expect("written");
    assert_eq!(asked(copy.path()).status.code(), Some(4));
}

#[tokio::test]
async fn p51_who_validates() {
    for node in 0..4 {
        let answer = net().get(node, "/v1/validators").await.expect(200);
        assert_eq!((&answer["count"], &answer["quorum_threshold"]), (&json!(4), &json!(3)));
        let validators = answer["validators"].as_array().expect("validators");
        assert_eq!(validators.len(), 4);
        for one in validators {
            assert!(one["did"].as_str().is_some_and(|did| did.starts_with("did:key:")), "{one}");
            assert_eq!((&one["stake"], &one["is_active"]), (&json!(1), &json!(true)));
            assert!(one["votes_cast"].is_u64() && one["proofs_validated"].is_u64(), "{one}");
        }
    }
}

#[tokio::test]
async fn p58_where_the_chain_stands() {
    let written = net().post(0, "/v1/entries", ACME, &proof(fresh())).await.expect(201);
    let height = written["height"].as_u64().expect("a height");
    for node in 0..4 {
        let there =
            |reply: &crate::net::Reply| reply.json()["height"].as_u64().is_some_and(|found| found >= height);
        let status = net().until(node, "/v1/chain/status", there).await.expect(200);
        let hash = status["block_hash"].as_str().expect("a hash");
        assert_eq!((hash.len(), &status["validators"]), (64, &json!(4)));
        assert!(status["chain_id"].is_string() && status["pending_txs"].is_u64(), "{status}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let timestamp = status["timestamp"].as_u64().expect("seconds");
        assert!(timestamp.abs_diff(now) < 600, "{timestamp} {now}");
        let named = net().get(node, &format!("/v1/blocks/{}", status["height"])).await.expect(200);
        assert_eq!(named["id"], hash);
        let validators = net().get(node, "/v1/chain/validators").await.expect(200);
        assert_eq!(validators["count"], 4);
        assert_eq!(validators["validators"].as_array().map(Vec::len), Some(4));
    }
}

#[tokio::test]
async fn p59_what_is_here_and_whether_it_lives() {
    for node in 0..4 {
        let root = net().get(node, "/").await.expect(200);
        assert!(root["name"].as_str().is_some_and(|name| name.contains("ProofNest")), "{root}");
        assert!(root["version"].is_string());
        let health = net().get(node, "/health").await.expect(200);
        assert_eq!((&health["status"], &health["check"]), (&json!("ok"), &json!("liveness")));
        assert_eq!((&health["validators"], &health["quorum_threshold"]), (&json!(4), &json!(3)));
        for count in ["identities", "proofs", "votes", "confirmed_anchors"] {
            assert!(health[count].is_u64(), "{count}: {health}");
        }
    }
}

#[tokio::test]
async fn p60_the_chain_by_json_rpc() {
    let written = net().post(1, "/v1/entries", ACME, &proof(fresh())).await.expect(201);
    let (id, height) = (written["id"].clone(), written["height"].clone());
    let call = |method: &'static str, params: Value| async move {
        let answer = net().rpc(1, method, params).await;
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    };
    let status = call("status", json!({})).await;
    assert!(status["height"].as_u64() >= height.as_u64(), "{status}");
    for member in ["chain_id", "block_hash", "timestamp", "validators", "pending_txs"] {
        assert!(!status[member].is_null(), "{member}");
    }
    let block = call("block", json!({ "height": height })).await;
    assert!(block["txs"].as_array().expect("ids").contains(&id), "{block}");
    assert!(call("block", json!({ "height": "latest" })).await["height"].as_u64() >= height.as_u64());
    let tx = call("tx", json!({ "hash": id })).await;
    assert_eq!((&tx["status"], &tx["height"], &tx["hash"]), (&json!("confirmed"), &height, &id));
    let author = tx["content"]["author"].clone();
    assert_eq!(call("account", json!({ "address": author })).await["nonce"], 0);
    let validators = call("validators", json!({})).await["validators"].clone();
    assert_eq!(validators.as_array().map(Vec::len), Some(4));
    assert_eq!(call("validator", json!({ "address": validators[2]["address"] })).await, validators[2]);
    // Faults are answered with 200, a number and words; parameters are an object and nothing else.
    for (method, params, number) in [
        ("validator", json!({ "address": "nobody" }), 1801),
        ("tx", json!({ "hash": "00".repeat(32) }), 1201),
        ("block", json!({ "height": 99_999_999 }), 1202),
        ("block", json!(["latest"]), -32602),
        ("account", json!({ "address": "not a did" }), -32602),
        ("no_such_method", json!({}), -32601),
    ] {
        let error = net().rpc(1, method, params).await["error"].clone();
        assert_eq!(error["code"], number, "{method} {error}");
        assert!(error["message"].is_string());
    }
}

/// An envelope, changed in its last byte: of its signature.
fn forged(network: &str, nonce: u64) -> Vec<u8> {
    let key = crypto::SecretKey::from_seed(crypto::Scheme::Ed25519, &[42; 32]).expect("signs");
    let operation = proto::operation::Operation::ProofSubmit {
        content: crypto::sha256(b"forged"),
        content_bytes: 6,
        media_type: String::new(),
        subject: String::new(),
    };
    let body = proto::submission::Body {
        network: proto::id::NetworkId::new(network.parse().expect("a digest")),
        tenant: proto::id::Tenant::default_tenant(),
        author: proto::id::Did::of(key.public()),
        key: key.public().clone(),
        nonce,
        expires_at: None,
        operation,
    };
    let mut bytes = body.sign(&key).bytes().to_vec();
    *bytes.last_mut().expect("bytes") ^= 1;
    bytes
}

#[tokio::test]
async fn p43_no_way_in_passes_by_the_rules() {
    use base64::Engine as _;
    let network = net().get(0, "/").await.expect(200)["network"].as_str().expect("an id").to_owned();
    let forged = base64::engine::general_purpose::STANDARD.encode(forged(&network, fresh()));
    let params = json!({ "envelope": forged, "wait": "committed" });
    // The same rule refuses it at each door, in its own code.
    let by_rest = net().ask(0, Method::POST, "/v1/entries").json(&params).send().await.expect(422);
    assert_eq!(
        (&by_rest["code"], &by_rest["reason"]),
        (&json!("submission_refused"), &json!("bad_signature"))
    );
    for path in ["/", "/rpc"] {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "ledger_submit", "params": params });
        let one = net().ask(0, Method::POST, path).json(&call).send().await.expect(200);
        assert_eq!(one["error"]["data"]["reason"], "bad_signature", "{one}");
        let batch = net().ask(0, Method::POST, path).json(&json!([call, call])).send().await.expect(200);
        assert_eq!(batch[1]["error"]["data"]["reason"], "bad_signature", "{batch}");
    }
    // What the node signs itself is judged as everybody's.
    let revoke = json!({ "type": "attestation.revoke", "attestation": "00".repeat(32), "reason": "x" });
    let signed = json!({ "operation": revoke, "wait": "committed" });
    let refused = net().post(0, "/v1/entries", ACME, &signed).await.expect(422);
    assert_eq!(refused["reason"], "unknown_attestation", "{refused}");
    // Statements of others, too.
    let jws = net().ask(0, Method::POST, "/v1/statements").header("content-type", "application/jose");
    let refused = jws.raw("eyJhbGciOiJFZERTQSJ9.e30.AAAA").send().await;
    assert!((400..500).contains(&refused.status), "{} {}", refused.status, refused.text);
    // None of them is in the log, at any node: they have no entry under their id.
    let bytes = base64::engine::general_purpose::STANDARD.decode(&forged).expect("base64");
    for node in 0..4 {
        let entry = net().get(node, &format!("/v1/entries/{}", crypto::sha256(&bytes))).await;
        assert_eq!(entry.expect(404)["code"], "entry_unknown");
    }
}
