//! Keys: whose was good where, what was signed with one that was lost, DID documents, what caches are told.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{Request, StatusCode};
use crypto::{Scheme, SecretKey};
use proto::counter::{TimeMs, TreeSize};
use proto::did_key::DidKey;
use proto::id::Did;
use proto::operation::{
    Operation, RevokedFrom, addition_possession_bytes, identity_possession_bytes, possession_bytes,
};
use proto::receipt::Receipt;
use serde_json::{Value, json};
use verify::{Code, Options, ProvenLeaf, verify_receipt, verify_receipt_with_keys};

use crate::node::{Node, person, proof};

/// A node and one who changes keys on it. Each operation is a block of two leaves, so the n-th is leaf 2n; genesis is 0, 1.
struct Author {
    node: Node,
    did: Did,
    nonce: u64,
}

impl Author {
    /// Registered by leaf 2, with the key of person 1.
    async fn new() -> Self {
        let did = Did::of(person(1).public());
        let mut author = Self { node: Node::new(), did, nonce: 0 };
        let identity = author.did.clone();
        let create = Operation::IdentityCreate {
            identity,
            keys: vec![person(1).public().clone()],
            possessions: vec![],
        };
        assert_eq!(author.say(1, create).await, 2);
        author
    }

    async fn send(&mut self, signer: u8, operation: Operation) -> (StatusCode, Value) {
        self.nonce += 1;
        let envelope = self.node.signed(&person(signer), &self.did, self.nonce, operation);
        self.node.submit(&envelope, "finalized", 5_000).await
    }

    /// Signs by the key of a person, and gives the leaf.
    async fn say(&mut self, signer: u8, operation: Operation) -> u64 {
        let (_, ticket) = self.send(signer, operation).await;
        assert_eq!(ticket["state"], "finalized", "{ticket}");
        ticket["index"].as_u64().expect("an index")
    }

    fn add(&self, new: u8) -> Operation {
        let new = person(new);
        let message = addition_possession_bytes(self.node.set.network(), &self.did, &new.public().id());
        let (identity, key) = (self.did.clone(), new.public().clone());
        Operation::KeyAdd { identity, key, possession: Some(new.sign(&message)) }
    }

    fn rotate(&self, old: u8, new: u8) -> Operation {
        let (identity, retires, new) = (self.did.clone(), person(old).public().id(), person(new));
        let message = possession_bytes(self.node.set.network(), &identity, &retires, &new.public().id());
        Operation::KeyRotate { identity, retires, key: new.public().clone(), possession: new.sign(&message) }
    }

    fn revoke(&self, key: u8, from: RevokedFrom) -> Operation {
        let (identity, key) = (self.did.clone(), person(key).public().id());
        Operation::KeyRevoke { identity, key, reason: "stolen".to_owned(), from }
    }

    async fn history(&self, query: &str) -> Vec<Value> {
        let (status, history) =
            self.node.get(&format!("/v1/keys/history?identity={}{query}", self.did)).await;
        assert_eq!(status, StatusCode::OK, "{history}");
        history["keys"].as_array().expect("keys").clone()
    }

    async fn receipt(&self, leaf: u64) -> (Value, Receipt) {
        let (status, receipt) = self.node.get(&format!("/v1/entries/{leaf}/receipt")).await;
        assert_eq!(status, StatusCode::OK, "{receipt}");
        let read = Receipt::from_json(&receipt.to_string()).expect("a receipt");
        (receipt, read)
    }
}

#[tokio::test]
async fn the_life_of_each_key_is_told_by_leaves() {
    let mut author = Author::new().await;
    assert_eq!(author.say(1, author.add(2)).await, 4);
    assert_eq!(author.say(1, author.rotate(1, 3)).await, 6);
    assert_eq!(author.say(3, author.revoke(2, RevokedFrom::Size(TreeSize::new(5)))).await, 8);
    let history = author.history("").await;
    let told: Vec<_> =
        history.iter().map(|key| (key["from_index"].clone(), key["until_index"].clone())).collect();
    assert_eq!(told, [(json!(2), json!(7)), (json!(4), json!(5)), (json!(6), Value::Null)]);
    assert_eq!(history[0]["end"], json!({ "kind": "retired", "index": 6, "height": 3 }));
    assert_eq!(history[1]["end"], json!({ "kind": "revoked", "index": 8, "height": 4, "from_size": 5 }));
    assert_eq!(history[2].get("end"), None);
    assert_eq!(history[1]["kid"], person(2).public().id().to_string());
    assert_eq!(history[1]["jwk"]["kid"], history[1]["kid"]);

    // As of a size it is what it was, whatever came later.
    let counts = |keys: &[Value]| keys.iter().map(|key| key["until_index"].is_null()).collect::<Vec<_>>();
    assert_eq!(counts(&author.history("&size=3").await), [true]);
    assert_eq!(counts(&author.history("&size=6").await), [true, true]);
    assert_eq!(counts(&author.history("&size=7").await), [false, true, true]);
    assert_eq!(counts(&author.history("&size=9").await), [false, false, true]);
    let (status, refused) =
        author.node.get(&format!("/v1/keys/history?identity={}&size=2", author.did)).await;
    // Then it was not registered, and spoke by the key of its name.
    assert_eq!((status, &refused["keys"][0]["from_index"]), (StatusCode::OK, &Value::Null));
    let (status, problem) =
        author.node.get(&format!("/v1/keys/history?identity={}&size=99", author.did)).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_params")));

    // By the key alone, by JSON-RPC, and together.
    let kid = person(2).public().id().to_string();
    let (_, by_key) = author.node.get(&format!("/v1/keys/history?kid={kid}")).await;
    assert_eq!(by_key["keys"], json!([history[1]]));
    let both =
        author.node.call("keys_history", json!({ "kid": kid, "identity": author.did.to_string() })).await;
    assert_eq!(both["result"]["keys"], by_key["keys"]);
    let unknown = person(9).public().id().to_string();
    let (status, problem) = author.node.get(&format!("/v1/keys/history?kid={unknown}")).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("key_unknown")));

    let identity = author.node.call("identity_get", json!({ "identity": author.did.to_string() })).await;
    assert_eq!(identity["result"]["keys"], json!(history));
    assert_eq!(identity["result"]["created_index"], 2);
    let (_, jwks) = author.node.get(&format!("/v1/identities/{}/jwks.json", author.did)).await;
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(1), "only what is good: {jwks}");
    assert_eq!(jwks["keys"][0]["kid"], person(3).public().id().to_string());
    let (_, then) = author.node.get(&format!("/v1/identities/{}/jwks.json?size=6", author.did)).await;
    assert_eq!(then["keys"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_time_is_told_as_leaf() {
    let mut author = Author::new().await;
    author.say(1, author.add(2)).await; // leaf 4
    for _ in 0..2 {
        author.say(2, proof()).await; // leaves 6, 8
    }
    let (_, entry) = author.node.get("/v1/entries/8").await;
    let time = entry["time_ms"].as_u64().expect("a time");
    author.say(1, author.revoke(2, RevokedFrom::Time(TimeMs::new(time)))).await;
    let history = author.history("").await;
    assert_eq!((&history[1]["until_index"], &history[1]["end"]["from_time_ms"]), (&json!(8), &json!(time)));
}

#[tokio::test]
async fn what_a_lost_key_signed_is_refused_from_then_on_and_before_not() {
    let mut author = Author::new().await;
    let added = author.say(1, author.add(2)).await;
    let (before, after) = (author.say(2, proof()).await, author.say(2, proof()).await);
    let verdict = async |author: &Author, leaf| {
        let (receipt, _) = author.receipt(leaf).await;
        let (_, answer) = author.node.post("/v1/verify", &json!({ "receipt": receipt })).await;
        let failed = answer["checks"].as_array().expect("checks").iter().find(|it| it["outcome"] == "failed");
        failed.map(|it| it["code"].as_str().expect("a code").to_owned())
    };
    assert_eq!(verdict(&author, after).await, None);
    let revoked = author.say(1, author.revoke(2, RevokedFrom::Size(TreeSize::new(after)))).await;
    // The node knows by now.
    assert_eq!(verdict(&author, before).await, None);
    assert_eq!(verdict(&author, after).await.as_deref(), Some("key_standing"));
    assert_eq!(verdict(&author, revoked).await, None);
    // Offline: who has the receipt alone believes it, who is shown the revocation does not.
    let policy = &author.node.policy;
    let proven = [added, revoked]
        .map(async |leaf| ProvenLeaf::prove(policy, &author.receipt(leaf).await.1).expect("holds"));
    let leaves = futures::future::join_all(proven).await;
    for (leaf, refused) in [(before, None), (after, Some(Code::KeyStanding))] {
        let (_, receipt) = author.receipt(leaf).await;
        assert!(verify_receipt(policy, &receipt, Options::default()).is_true());
        let report = verify_receipt_with_keys(policy, &receipt, Options::default(), &leaves);
        assert_eq!(report.failure().map(|(code, _)| code), refused);
    }
    // And nothing more is taken from it.
    let (status, problem) = author.send(2, proof()).await;
    assert_eq!((status, problem["reason"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("key_revoked")));
}

#[tokio::test]
async fn rules_on_keys_are_refusals_with_a_reason() {
    let mut author = Author::new().await;
    let identity = author.did.clone();
    let unasked =
        Operation::KeyAdd { identity: identity.clone(), key: person(2).public().clone(), possession: None };
    author.say(1, author.add(3)).await;
    let cases = [
        ("key_consent", 1, unasked),
        ("not_retiring_key", 3, author.rotate(1, 4)),
        ("revoked_ahead", 1, author.revoke(3, RevokedFrom::Size(TreeSize::new(1_000)))),
        ("revoked_ahead", 1, author.revoke(3, RevokedFrom::Time(TimeMs::new(u64::MAX)))),
    ];
    for (reason, signer, operation) in cases {
        let (status, problem) = author.send(signer, operation).await;
        assert_eq!((status, problem["reason"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(reason)));
    }
    // A consent that does not hold is no matter of the state.
    let Operation::KeyAdd { identity, key, possession: _ } = author.add(5) else { panic!("as made") };
    let forged = Operation::KeyAdd { identity, key, possession: Some(person(6).sign(b"any")) };
    let (_, problem) = author.send(1, forged).await;
    assert_eq!(problem["reason"], "signature", "{problem}");
    // Plain JSON says the same things as an envelope.
    let keys = [person(7), person(8)];
    let publics: Vec<_> = keys.iter().map(|key| key.public().clone()).collect();
    let did = Did::of(&publics[0]);
    let consent = keys[1].sign(&identity_possession_bytes(author.node.set.network(), &did, &publics));
    let create =
        Operation::IdentityCreate { identity: did.clone(), keys: publics, possessions: vec![consent] };
    let envelope = author.node.signed(&keys[0], &did, 1, create);
    let (_, ticket) = author.node.submit(&envelope, "finalized", 5_000).await;
    let (_, entry) = author.node.get(&format!("/v1/entries/{}", ticket["id"].as_str().expect("an id"))).await;
    assert_eq!(entry["content"]["operation"]["possessions"][0]["scheme"], "ed25519");
}

#[tokio::test]
async fn validators_keys_have_a_history_too() {
    let node = Node::new();
    let (_, history) = node.get("/v1/keys/history").await;
    let validators = history["validators"].as_array().expect("validators");
    assert_eq!((validators.len(), history["keys"].as_array().map(Vec::len)), (16, Some(0)));
    assert_eq!(validators[3]["role"], "cosigner-ml-dsa-65");
    assert_eq!((&validators[0]["from_epoch"], &validators[0]["from_size"]), (&json!(0), &json!(1)));
    assert!(validators.iter().all(|key| key["until_size"].is_null()));
    let (status, problem) = node.get("/v1/keys/history?epoch=1").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("epoch_unknown")));
    let (status, _) = node.get(&format!("/v1/keys/history?epoch=0&kid={}", person(1).public().id())).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn dids_are_resolved() {
    let mut author = Author::new().await;
    author.say(1, author.rotate(1, 2)).await;
    let did = &author.did;
    let (_, document) = author.node.get(&format!("/v1/identities/{did}/did.json")).await;
    assert_eq!(document["id"], did.to_string());
    let second = person(2).public().id();
    assert_eq!(document["assertionMethod"], json!([format!("{did}#{second}")]));
    assert_eq!(document["verificationMethod"][0]["publicKeyJwk"]["crv"], "Ed25519");
    let (_, then) = author.node.get(&format!("/v1/identities/{did}/did.json?size=3")).await;
    assert_eq!(then["verificationMethod"][0]["publicKeyJwk"]["kid"], person(1).public().id().to_string());

    // What nobody registered stands for itself.
    let stranger = Did::of(person(9).public());
    let (_, document) = author.node.get(&format!("/v1/identities/{stranger}/did.json")).await;
    assert_eq!(document["verificationMethod"][0]["type"], "Multikey");
    let (_, identity) = author.node.get(&format!("/v1/identities/{stranger}")).await;
    assert_eq!((&identity["registered"], &identity["created_index"]), (&json!(false), &Value::Null));
    let (_, jwks) = author.node.get(&format!("/v1/identities/{stranger}/jwks.json")).await;
    assert_eq!(jwks["keys"][0]["kid"], person(9).public().id().to_string());
    let post_quantum = SecretKey::from_seed(Scheme::MlDsa65, &[1; 32]).expect("signs");
    let named = DidKey::of(post_quantum.public()).expect("has a code").did().to_owned();
    let (status, document) = author.node.get(&format!("/v1/identities/{named}/did.json")).await;
    assert_eq!((status, &document["id"]), (StatusCode::OK, &json!(named)));
    let nameless = Did::of(post_quantum.public());
    let (status, problem) = author.node.get(&format!("/v1/identities/{nameless}/did.json")).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("identity_unknown")));
    for bad in ["did:web:example.com", "did:key:zzz", "x"] {
        let (status, _) = author.node.get(&format!("/v1/identities/{bad}/did.json")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }

    let (_, network) = author.node.get("/.well-known/did.json").await;
    assert_eq!(network["id"], "did:web:ledger.example:test");
    assert_eq!(network["verificationMethod"].as_array().map(Vec::len), Some(12));
    assert_eq!(author.node.get("/did.json").await.1, network);
}

#[tokio::test]
async fn keys_are_kept_by_caches_for_a_quarter_of_an_hour_at_most() {
    let mut author = Author::new().await;
    author.say(1, author.add(2)).await;
    let did = author.did.clone();
    let asked = async |author: &Author, path: &str, tag: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = author.node.ask(request.body(Body::empty()).expect("a request")).await;
        let header = |name| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        (response.status(), header(ETAG), header(CACHE_CONTROL))
    };
    let paths = [
        "/.well-known/jwks.json".to_owned(),
        "/.well-known/did.json".to_owned(),
        format!("/v1/identities/{did}/jwks.json"),
        format!("/v1/identities/{did}/did.json"),
    ];
    for path in &paths {
        let (status, tag, keep) = asked(&author, path, None).await;
        assert_eq!((status, keep.as_str()), (StatusCode::OK, "public, max-age=900"), "{path}");
        let (status, again, _) = asked(&author, path, Some(&tag)).await;
        assert_eq!((status, again), (StatusCode::NOT_MODIFIED, tag), "{path}");
    }
    let (_, tag, _) = asked(&author, &paths[2], None).await;
    author.say(1, author.rotate(1, 3)).await;
    let (status, changed, _) = asked(&author, &paths[2], Some(&tag)).await;
    assert_eq!(status, StatusCode::OK, "a removed key is told of");
    assert_ne!(changed, tag);
    let (_, _, keep) = asked(&author, &format!("{}?size=5", paths[2]), None).await;
    assert_eq!(keep, "public, max-age=31536000, immutable");
}
