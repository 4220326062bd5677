//! Receipts in COSE and as bundles, refreshed to later heads, and many verified at once.

use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{Request, StatusCode};
use proto::counter::LeafIndex;
use proto::id::Did;
use proto::operation::{Operation, RevokedFrom, addition_possession_bytes};
use proto::receipt::{Bundle, CoseAlgorithm, Receipt};
use serde_json::{Value, json};
use verify::{Belief, EntryFacts, Options, Standing};

use crate::node::{Node, Setup, bytes, person};

async fn filled(setup: Setup, count: u64) -> (Node, Vec<String>) {
    let node = Node::with(setup);
    let mut ids = Vec::new();
    for n in 0..count {
        let (_, ticket) = node.submit(&node.envelope(n), "finalized", 5_000).await;
        ids.push(ticket["id"].as_str().expect("an id").to_owned());
    }
    (node, ids)
}

/// Asks, and gives status, content type, tag and body.
async fn ask(node: &Node, path: &str, accept: &str) -> (StatusCode, String, String, Vec<u8>) {
    let request = Request::get(path).header(ACCEPT, accept).body(Body::empty()).expect("a request");
    let response = node.ask(request).await;
    let header = |name| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().expect("ASCII").to_owned()).unwrap_or_default()
    };
    let (status, kind, tag) = (response.status(), header(CONTENT_TYPE), header(ETAG));
    (status, kind, tag, bytes(response).await.to_vec())
}

fn holds(node: &Node, bytes: &[u8]) -> Bundle {
    let bundle = Bundle::read(bytes, None).expect("a receipt");
    let report = Belief::Policy(&node.policy).verify(&bundle, Options::default());
    assert!(report.is_true(), "{:?}", report.failure());
    bundle
}

#[tokio::test]
async fn every_leaf_has_a_receipt_in_cose_that_holds_and_never_changes() {
    let (node, _) = filled(Setup::default(), 2).await;
    let (_, latest) = node.get("/v1/checkpoints/latest").await;
    for index in 0..latest["size"].as_u64().expect("a size") {
        for (alg, algorithm) in [
            ("eddsa", CoseAlgorithm::EdDsa),
            ("ed25519", CoseAlgorithm::Ed25519),
            ("ml-dsa-65", CoseAlgorithm::MlDsa65),
        ] {
            let path = format!("/v1/entries/{index}/receipt?format=cose&alg={alg}");
            let (status, kind, tag, cose) = ask(&node, &path, "*/*").await;
            assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/scitt-receipt+cose"));
            let bundle = holds(&node, &cose);
            assert_eq!((bundle.receipt.index.get(), bundle.cose.len()), (index, 1));
            assert_eq!(bundle.cose[0].said().algorithm, algorithm);
            let again = ask(&node, &path, "*/*").await;
            assert_eq!(again, (status, kind, tag, cose.clone()), "the same bytes for ever");
            // The node says the same of it, and JSON-RPC gives the same bytes.
            let params = json!({ "index": index, "format": "cose", "alg": alg });
            let answer = node.call("ledger_receipt", params).await;
            let text = answer["result"]["receipt"].clone();
            let answer = node.call("ledger_verify", json!({ "receipt": text })).await;
            assert_eq!(answer["result"]["valid"], true, "{answer}");
            let (json, _) = Receipt::from_cose(&cose).expect("a receipt");
            let (_, _, _, text) = ask(&node, &format!("/v1/entries/{index}/receipt"), "*/*").await;
            assert_eq!(json.to_json().into_bytes(), text, "one proof, another spelling");
        }
    }
}

#[tokio::test]
async fn the_accept_header_chooses_and_the_query_goes_before_it() {
    let (node, ids) = filled(Setup::default(), 1).await;
    let path = format!("/v1/entries/{}/receipt", ids[0]);
    let cose = "application/scitt-receipt+cose";
    let text = "text/plain; charset=utf-8";
    let mut tags = std::collections::BTreeSet::new();
    for (accept, query, expected) in [
        ("", "", "application/json"),
        ("*/*", "", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", "application/json"),
        ("application/cose", "", cose),
        ("Application/SCITT-receipt+cose; q=0.5", "", cose),
        ("text/plain", "", text),
        ("application/json;q=0.5, application/cose", "", cose),
        ("application/cose;q=0.4, text/plain;q=0.6, */*;q=0.1", "", text),
        ("application/cose;q=0, text/plain;q=7", "", "application/json"),
        ("image/png", "", "application/json"),
        ("application/cose", "?format=json", "application/json"),
        ("application/cose", "?format=bundle", "application/json"),
        ("text/plain", "?format=cose", cose),
    ] {
        let (status, kind, tag, _) = ask(&node, &format!("{path}{query}"), accept).await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, expected), "{accept} {query}");
        tags.insert((tag, query.contains("bundle"), expected));
    }
    let distinct: std::collections::BTreeSet<_> = tags.iter().map(|(tag, ..)| tag).collect();
    assert_eq!((tags.len(), distinct.len()), (4, 4), "one tag for each spelling: {tags:?}");
    let request = Request::get(&path).body(Body::empty()).expect("a request");
    assert_eq!(node.ask(request).await.headers()[VARY], "accept");
}

#[tokio::test]
async fn a_receipt_is_refreshed_to_a_later_head() {
    let (node, ids) = filled(Setup::default(), 3).await;
    let (_, latest) = node.get("/v1/checkpoints/latest").await;
    let size = latest["size"].as_u64().expect("a size");
    for format in ["json", "cose", "bundle"] {
        let path = format!("/v1/entries/{}/receipt?format={format}", ids[0]);
        let (_, _, first_tag, first) = ask(&node, &path, "*/*").await;
        let mut tags = vec![first_tag];
        for at in ["latest".to_owned(), size.to_string()] {
            let (status, _, tag, later) = ask(&node, &format!("{path}&size={at}"), "*/*").await;
            assert_eq!(status, StatusCode::OK);
            let (old, new) = (holds(&node, &first), holds(&node, &later));
            assert_eq!((&new.receipt.entry, new.receipt.index), (&old.receipt.entry, old.receipt.index));
            assert_ne!(new.receipt.checkpoint, old.receipt.checkpoint);
            tags.push(tag);
        }
        assert_eq!(tags[1], tags[2]);
        assert_ne!(tags[0], tags[1]);
    }
    // What is latest today is not tomorrow.
    let path = format!("/v1/entries/{}/receipt", ids[0]);
    for (query, expected) in [("?size=latest", "no-cache"), ("", "public, max-age=31536000, immutable")] {
        let request = Request::get(format!("{path}{query}")).body(Body::empty()).expect("a request");
        assert_eq!(node.ask(request).await.headers()[CACHE_CONTROL], expected);
    }
    for (query, status, code) in [
        ("size=3", StatusCode::NOT_FOUND, "checkpoint_unknown"),
        ("size=2", StatusCode::BAD_REQUEST, "invalid_params"),
        ("size=newest", StatusCode::BAD_REQUEST, "invalid_params"),
        ("alg=eddsa", StatusCode::BAD_REQUEST, "invalid_params"),
        ("format=cose&alg=es256", StatusCode::BAD_REQUEST, "invalid_params"),
        ("format=cbor", StatusCode::BAD_REQUEST, "invalid_params"),
    ] {
        let (found, problem) = node.get(&format!("{path}?{query}")).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{query}: {problem}");
    }
}

#[tokio::test]
async fn who_was_no_validator_signs_nothing_and_still_gives_bundles() {
    let (node, ids) = filled(Setup { issuer: false, ..Setup::default() }, 1).await;
    let path = format!("/v1/entries/{}/receipt", ids[0]);
    let (status, problem) = node.get(&format!("{path}?format=cose")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::MISDIRECTED_REQUEST, &json!("not_issuer")));
    let (_, _, _, bundle) = ask(&node, &format!("{path}?format=bundle"), "*/*").await;
    assert!(holds(&node, &bundle).cose.is_empty());
}

#[tokio::test]
async fn a_bundle_holds_what_belongs_to_the_receipt() {
    let (node, ids) = filled(Setup::default(), 1).await;
    let path = format!("/v1/entries/{}/receipt?format=bundle", ids[0]);
    let (status, _, _, first) = ask(&node, &path, "*/*").await;
    assert_eq!(status, StatusCode::OK);
    let bundle = holds(&node, &first);
    let algorithms: Vec<_> = bundle.cose.iter().map(|issued| issued.said().algorithm).collect();
    assert_eq!(algorithms, [CoseAlgorithm::EdDsa, CoseAlgorithm::MlDsa65]);
    let submission = bundle.submission.as_ref().expect("a submission");
    assert_eq!(crypto::sha256(submission).to_string(), ids[0]);
    assert_eq!(bundle.standing, None, "the author is no registered identity");
    assert_eq!(ask(&node, &path, "*/*").await.3, first);
    let answer = node.call("ledger_receipt", json!({ "id": ids[0], "format": "bundle" })).await;
    assert_eq!(answer["result"]["receipt"], serde_json::from_slice::<Value>(&first).expect("JSON"));
    // The network's own entries have no submission.
    let (_, _, _, genesis) = ask(&node, "/v1/entries/0/receipt?format=bundle", "*/*").await;
    assert_eq!(holds(&node, &genesis).submission, None);
}

#[tokio::test]
async fn the_bundle_of_a_registered_author_shows_where_the_key_was_listed_and_ended() {
    let node = Node::new();
    let (first, second) = (person(1), person(2));
    let consent = {
        let id = second.public().id();
        second.sign(&addition_possession_bytes(node.set.network(), &Did::of(first.public()), &id))
    };
    let did = Did::of(first.public());
    let mut index = 0;
    let mut ids = Vec::new();
    let operations = [
        (
            &first,
            Operation::IdentityCreate {
                identity: did.clone(),
                keys: vec![first.public().clone()],
                possessions: vec![],
            },
        ),
        (
            &first,
            Operation::KeyAdd {
                identity: did.clone(),
                key: second.public().clone(),
                possession: Some(consent),
            },
        ),
        (
            &second,
            Operation::BatchAnchor { root: crypto::sha256(b"root"), count: 1, tree: "a tree".to_owned() },
        ),
        (
            &first,
            Operation::KeyRevoke {
                identity: did.clone(),
                key: second.public().id(),
                reason: "lost".to_owned(),
                from: RevokedFrom::Here,
            },
        ),
    ];
    for (key, operation) in operations {
        index += 1;
        let envelope = node.signed(key, &did, index, operation);
        let (_, ticket) = node.submit(&envelope, "finalized", 5_000).await;
        assert_eq!(ticket["state"], "finalized", "{ticket}");
        ids.push((
            ticket["id"].as_str().expect("an id").to_owned(),
            ticket["index"].as_u64().expect("an index"),
        ));
    }
    let (anchor, listed, ended) = (&ids[2], ids[1].1, ids[3].1);
    // When it was signed nothing had ended the key; a later head shows that something has.
    for (query, expected) in [("", None), ("&size=latest", Some(ended))] {
        let path = format!("/v1/entries/{}/receipt?format=bundle{query}", anchor.0);
        let (_, _, _, bytes) = ask(&node, &path, "*/*").await;
        let bundle = holds(&node, &bytes);
        let report = Belief::Policy(&node.policy).verify(&bundle, Options::default());
        let Some(EntryFacts::Submission(facts)) = &report.entry else { panic!("{report:?}") };
        assert_eq!(facts.standing, Standing::Listed { by: LeafIndex::new(listed) });
        assert_eq!(facts.key_end.map(|end| end.at.get()), expected);
    }
}

#[tokio::test]
async fn the_keys_that_sign_are_told_by_their_names() {
    let node = Node::new();
    let (status, kind, _, set) = ask(&node, "/.well-known/scitt-keys", "*/*").await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/cbor"));
    let keys: Vec<_> =
        node.set.iter().flat_map(|(_, validator)| [&validator.log, &validator.cosigner_ml_dsa_65]).collect();
    assert_eq!(set, proto::cose_key::cose_key_set(keys.iter().copied()));
    for key in keys {
        let kid = proto::cose_key::thumbprint(key).expect("COSE knows it");
        let name = crypto::KeyId::new(kid).to_string();
        let (status, _, _, found) = ask(&node, &format!("/.well-known/scitt-keys/{name}"), "*/*").await;
        assert_eq!((status, Some(found)), (StatusCode::OK, proto::cose_key::cose_key(key)));
    }
    let nobody = crypto::KeyId::new(crypto::sha256(b"nobody"));
    let (status, problem) = node.get(&format!("/.well-known/scitt-keys/{nobody}")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("issuer_key_unknown")));
    let (status, problem) = node.get("/.well-known/scitt-keys/short").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")));
}

#[tokio::test]
async fn many_receipts_are_judged_as_each_alone() {
    let (node, ids) = filled(Setup::default(), 4).await;
    let mut items = Vec::new();
    for id in &ids {
        for query in ["", "?size=latest", "?format=bundle&size=latest"] {
            let (_, receipt) = node.get(&format!("/v1/entries/{id}/receipt{query}")).await;
            items.push(json!({ "receipt": receipt }));
        }
        let answer = node.call("ledger_receipt", json!({ "id": id, "format": "cose" })).await;
        items.push(json!({ "receipt": answer["result"]["receipt"] }));
    }
    let other = crypto::sha256(b"other").to_string();
    items[1]["artifact"] = json!(other);
    items[4]["receipt"]["index"] = json!(2);
    items[8]["receipt"]["receipt"]["proof"] = json!([other]);
    items[9]["receipt"]["format"] = json!("quorate/receipt/v2");
    items[11]["receipt"] = json!("AAAA");
    let (status, answer) = node.post("/v1/verify:batch", &json!({ "items": items })).await;
    assert_eq!((status, &answer["valid"]), (StatusCode::OK, &json!(false)));
    let results = answer["results"].as_array().expect("results");
    assert_eq!(results.len(), items.len());
    let mut invalid = Vec::new();
    for ((item, result), at) in items.iter().zip(results).zip(0..) {
        let (status, alone) = node.post("/v1/verify", item).await;
        match status {
            StatusCode::OK => assert_eq!(*result, alone, "item {at}"),
            _ => {
                assert_eq!(alone["code"], "receipt_malformed");
                assert_eq!(result["checks"][0]["code"], "receipt_format");
                assert_eq!(result["checks"][0]["detail"], alone["detail"]);
            }
        }
        if result["valid"] == json!(false) {
            invalid.push(at);
        }
    }
    assert_eq!(invalid, [1, 4, 8, 9, 11]);
    assert_eq!(answer["invalid"], json!(5));
    let good: Vec<Value> =
        items.iter().zip(0..).filter(|(_, at)| !invalid.contains(at)).map(|(item, _)| item.clone()).collect();
    let small = &good[..3];
    let answer = node.call("ledger_verifyBatch", json!({ "items": small })).await;
    assert_eq!((&answer["result"]["valid"], &answer["result"]["invalid"]), (&json!(true), &json!(0)));
    let (_, answer) = node.post("/v1/verify:batch", &json!({ "items": [] })).await;
    assert_eq!((&answer["valid"], &answer["results"]), (&json!(true), &json!([])));
    // A list is no receipt whose members are given by position.
    let (status, problem) = node.post("/v1/verify:batch", &json!({ "items": [[{}, null]] })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")));
    let many = vec![json!({ "receipt": {} }); 1_001];
    let (status, problem) = node.post("/v1/verify:batch", &json!({ "items": many })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_params")));
}
