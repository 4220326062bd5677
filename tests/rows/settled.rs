//! Where the systems contradict one another, and what was settled.

use crypto::{Digest, Scheme};
use proto::operation::Operation;
use proto::primitive::{Place, ProofId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::issuers::{Issuer, seen};
use crate::net::{ACME, OPERATOR, READER, net};

async fn caller(node: usize, headers: &[(&str, &str)], query: &str) -> (u16, Value) {
    let mut ask = net().ask(node, Method::GET, &format!("/v1/caller{query}"));
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    let reply = ask.send().await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn x11_one_authenticator_for_every_credential() {
    let (bearer, query) = (format!("Bearer {ACME}"), format!("?api_key={ACME}"));
    let token = format!("?token={ACME}");
    let offered = format!("graphql-ws, quorate.token.{ACME}");
    // Wherever it stands it is the same caller, at every node.
    for node in 0..4 {
        for (headers, query) in [
            (vec![("authorization", bearer.as_str())], ""),
            (vec![("x-api-key", ACME)], ""),
            (vec![("x-api-key", ACME), ("x-tenant-id", "acme")], ""),
            (vec![], query.as_str()),
            (vec![], token.as_str()),
            (vec![("sec-websocket-protocol", offered.as_str())], ""),
            (vec![("sec-websocket-protocol", offered.as_str()), ("authorization", bearer.as_str())], ""),
        ] {
            let (status, who) = caller(node, &headers, query).await;
            assert_eq!((status, &who["tenant"]), (200, &json!("acme")), "{headers:?}{query}");
        }
    }
    // A tenant is repeated, never chosen; not even by an operator.
    for (key, tenant) in [(ACME, "globex"), (READER, "default"), (OPERATOR, "acme")] {
        let (status, refused) = caller(0, &[("x-api-key", key), ("x-tenant-id", tenant)], "").await;
        assert_eq!((status, &refused["code"]), (403, &json!("tenant_mismatch")), "{key}");
    }
    // A token is believed everywhere, with nobody asked, and only for what it says.
    let asked = json!({ "scope": "proof:read" });
    let issued = net().post(0, "/v1/tokens", ACME, &asked).await.expect(200);
    let bearer = format!("Bearer {}", issued["access_token"].as_str().expect("a token"));
    for node in 0..4 {
        let (status, who) = caller(node, &[("authorization", &bearer)], "").await;
        assert_eq!((status, &who["tenant"], &who["scopes"]), (200, &json!("acme"), &json!(["proof:read"])));
        let (status, refused) =
            caller(node, &[("authorization", &bearer), ("x-tenant-id", "globex")], "").await;
        assert_eq!((status, &refused["code"]), (403, &json!("tenant_mismatch")));
        let spoilt = bearer.replacen("Bearer eyJ", "Bearer eyK", 1);
        assert_eq!(caller(node, &[("authorization", &spoilt)], "").await.0, 401);
    }
    assert_eq!(caller(0, &[], "").await.0, 401);
    assert_eq!(caller(0, &[("x-api-key", "another")], "").await.0, 401);
    // What a page can only send with a WebSocket: whole, alone, and written down nowhere, believed or not.
    for (offered, status) in [
        ("graphql-ws", 401),
        ("quorate.token.x11-of-nobody", 401),
        ("quorate.token.", 401),
        ("quorate.token.rows-acme, quorate.token.rows-globex", 401),
    ] {
        assert_eq!(caller(1, &[("sec-websocket-protocol", offered)], "").await.0, status, "{offered}");
    }
    assert_eq!(caller(1, &[], "?token=x11-of-nobody-else").await.0, 401);
    let name = format!("row-x11-{}", crate::access::fresh());
    let ask = net().ask(1, Method::GET, "/v1/caller?token=x11-of-nobody-else").header("x-request-id", &name);
    assert_eq!(ask.header("sec-websocket-protocol", "quorate.token.x11-of-nobody").send().await.status, 401);
    let path = net().dir(1).join(node::security_log::FILE_NAME);
    let begun = std::time::Instant::now();
    while !std::fs::read_to_string(&path).expect("a log").contains(&name) {
        assert!(begun.elapsed() < crate::net::PATIENCE, "the request is noted");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for text in [std::fs::read_to_string(&path).expect("a log"), crate::net::logged()] {
        assert!(!text.contains("x11-of-nobody") && !text.contains(ACME));
    }
}

#[tokio::test]
async fn x26_one_health_for_all() {
    let health = net().get(3, "/health").await.expect(200);
    let mut members: Vec<&str> = health.as_object().expect("an object").keys().map(String::as_str).collect();
    members.sort_unstable();
    let wanted = [
        "check",
        "confirmed_anchors",
        "identities",
        "proofs",
        "quorum_threshold",
        "status",
        "validators",
        "votes",
    ];
    assert_eq!(members, wanted);
    // The root answers both: a page by GET, calls by POST.
    assert!(net().get(3, "/").await.expect(200)["version"].is_string());
    assert_eq!(net().rpc(3, "node_status", json!({})).await["result"]["ready"], json!(true));
}

#[tokio::test]
async fn x12_one_error_in_the_words_of_each() {
    // Ours, a problem; theirs, a detail that is text, and a code.
    let ours = net().get(0, "/v1/caller").await;
    assert_eq!(ours.header("content-type"), Some("application/problem+json"));
    assert_eq!(ours.expect(401)["code"], "unauthorized");
    let theirs = net().get(0, "/v1/tenant").await;
    assert_eq!(theirs.header("content-type"), Some("application/json"));
    assert_eq!(theirs.header("www-authenticate"), Some("Bearer"));
    assert_eq!(theirs.expect(401), json!({ "detail": "Missing API key", "code": "unauthorized" }));
}

#[tokio::test]
async fn x05_one_tree_for_all() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = issuer.tell(0, "one tree").await;
    let id: ProofId = told["proof_id"].as_str().expect("an id").parse().expect("an id");
    let proven = seen(1, &format!("/v1/proofs/{id}/merkle-proof")).await;
    assert_eq!(proven["hash_algorithm"], "rfc9162-sha256");
    // The leaf is SHA-256 of a zero byte and the id, so no node of a tree passes for one.
    let mut leaf = crypto::sha256(&[&[0][..], id.as_bytes()].concat());
    assert_eq!(leaf, merkle::leaf_hash(id.as_bytes()));
    let (mut index, mut last) = (number(&proven["merkle_index"]), number(&proven["proof_count"]) - 1);
    for sibling in proven["merkle_proof"].as_array().expect("a list") {
        let sibling: Digest = sibling.as_str().expect("hex").parse().expect("hex");
        // RFC 9162 §2.1.3.2, written from its text.
        if index % 2 == 1 || index == last {
            leaf = merkle::node_hash(&sibling, &leaf);
            while index % 2 == 0 && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            leaf = merkle::node_hash(&leaf, &sibling);
        }
        (index, last) = (index / 2, last / 2);
    }
    assert_eq!(proven["merkle_root"], leaf.to_string());
}

#[tokio::test]
async fn x07_dilithium_of_round_three_is_not_ml_dsa() {
    let issuer = Issuer::register(Scheme::Dilithium3R3).await;
    let whole = issuer.whole("which one", None);
    let mut posted = issuer.posted(&whole);
    let signature = posted["signature"].as_str().expect("hex").to_owned();
    assert_eq!(signature.len(), 2 * 3_293);
    // As many bytes as FIPS 204 has.
    posted["signature"] = format!("{signature}{}", "00".repeat(16)).into();
    let refused = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    posted["signature"] = signature.into();
    let told = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await.expect(200);
    let entry = seen(0, &format!("/v1/entries/{}", told["tx_hash"].as_str().expect("an id"))).await;
    let key = &entry["content"]["operation"]["proof"]["key"];
    assert_eq!(key["scheme"], "dilithium3-r3");
}

#[tokio::test]
async fn x19_a_secret_key_is_no_signature() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    for bytes in [4_000, 4_032] {
        let secret = "5e".repeat(bytes);
        let mut posted = issuer.posted(&issuer.whole("signed with a secret", None));
        posted["signature"] = secret.clone().into();
        let refused = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await;
        assert!(
            refused.status == 400 && refused.text.contains("the length of a secret key"),
            "{}",
            refused.text
        );
        assert!(!refused.text.contains("5e5e5e"), "nothing of it is said back");
    }
}

#[tokio::test]
async fn x21_what_the_id_does_not_cover_is_said_by_the_issuer_alone() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let mut posted = issuer.posted(&issuer.whole("with metadata", None));
    posted["metadata"] = json!({ "hub_type": "post" });
    let refused = net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await.expect(400);
    assert!(refused["detail"].to_string().contains("not covered by the id"), "{refused}");
    let mut primitive = issuer.signed(issuer.whole("with metadata", None));
    primitive.metadata = "{\"hub_type\":\"post\"}".to_owned();
    primitive.expires_at_s = Some(4_000_000_000);
    let id = primitive.id();
    issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive))).await.expect(201);
    let full = seen(2, &format!("/v1/proofs/{id}")).await;
    assert_eq!(
        (&full["metadata"]["hub_type"], &full["expires_at"]),
        (&json!("post"), &json!(4_000_000_000_u64))
    );
    assert_eq!(
        (full["nonce"].as_str().map(str::len), &full["author_did"]),
        (Some(32), &json!(issuer.did.as_str()))
    );
}

#[tokio::test]
async fn x27_a_tree_of_replies_unless_a_chain_is_named() {
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let parent: ProofId =
        issuer.tell(0, "parent").await["proof_id"].as_str().expect("an id").parse().expect("an id");
    for reply in ["one", "two"] {
        let posted = issuer.posted(&issuer.whole(reply, Some(parent)));
        net().ask(0, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await.expect(200);
    }
    let mut forked = Vec::new();
    for claim in ["first", "a fork"] {
        let mut primitive = issuer.signed(issuer.whole(claim, None));
        primitive.place = Some(Place { chain: "c".to_owned(), index: 0 });
        forked.push(issuer.submit(0, Operation::ProofPrimitive(Box::new(primitive))).await);
    }
    assert!(forked[0].status == 201 && forked[1].text.contains("chain_index"), "{}", forked[1].text);
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}

#[tokio::test]
async fn x13_a_forged_token_is_told_nothing_and_a_true_one_where_it_is_in_its_life() {
    let asked = json!({ "status": "VERIFIED", "verified": true, "engine": "math", "query": "3=3",
        "idempotency_key": "x13" });
    let issued = net().post(0, "/v1/attestations", ACME, &asked).await.expect(201);
    let (jti, token) = (issued["jti"].as_str().expect("a name"), issued["token"].as_str().expect("a token"));
    let verify = async |token: &str| {
        let ask = net().ask(0, Method::POST, "/v1/attestations/verify").json(&json!({ "token": token }));
        ask.send().await.expect(200)
    };
    assert_eq!(verify(token).await["lifecycle"], "VALID");
    net().post(0, &format!("/v1/attestations/{jti}/revoke"), ACME, &json!({})).await.expect(200);
    let revoked = verify(token).await;
    assert_eq!((&revoked["lifecycle"], &revoked["code"]), (&json!("REVOKED"), &json!("ATT-006")));
    let (message, signature) = token.rsplit_once('.').expect("two dots");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = verify(&format!("{message}.{other}{}", &signature[1..])).await;
    assert_eq!((&forged["error"], &forged["lifecycle"]), (&json!("Invalid token"), &Value::Null));
    assert_eq!((&forged["claims"], &forged["anchor"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn x15_what_is_called_verified_is_worked_out_before_it_is_signed() {
    let asked = |query: &str, strict: bool| {
        json!({ "status": "VERIFIED", "verified": true, "engine": "math", "query": query, "strict": strict,
            "idempotency_key": "x15" })
    };
    let issued = net().post(0, "/v1/attestations", ACME, &asked("2+2=4", false)).await.expect(201);
    assert!(issued["proof_ref"].as_str().is_some_and(|it| it.starts_with("sha256:")));
    for body in [asked("2+2=4", true), asked("2+2=5", false)] {
        let blocked = net().post(0, "/v1/attestations", ACME, &body).await.expect(422);
        assert_eq!(blocked["error_code"], "VERIFIED_WITHOUT_PROOF", "{body}");
    }
}

#[tokio::test]
async fn x30_an_unknown_badge_is_grey_and_not_found() {
    for name in ["att_0000", "nonsense"] {
        let badge = net().get(0, &format!("/badge/attestation/{name}")).await;
        assert_eq!((badge.status, badge.header("content-type")), (404, Some("image/svg+xml")), "{name}");
        assert!(badge.text.contains("#757575") && !badge.text.contains("verified"), "{}", badge.text);
    }
}
