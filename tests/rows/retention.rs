//! What QCOS Evidence Flow promised of bytes: where they are, how long they are kept, and what is said when they go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use crypto::sha256;
use node::config::{Config, Sources};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::fresh;
use crate::net::{ACME, KEEPER, OPERATOR, PATIENCE, Reply, net};

const DAY_MS: u64 = 86_400_000;

/// Commits to bytes through a node, which signs: the artifact's id.
async fn commit(node: usize, key: &str, bytes: &[u8], said: Value) -> String {
    let mut operation = json!({
        "type": "artifact.commit",
        "address": sha256(bytes).to_string(),
        "content_bytes": bytes.len().to_string(),
        "media_type": "text/plain",
    });
    for (name, value) in said.as_object().expect("members") {
        operation[name] = value.clone();
    }
    let order = json!({ "operation": operation, "nonce": fresh().to_string(), "wait": "finalized" });
    let reply = net().post(node, "/v1/entries", key, &order).await;
    let ticket = reply.expect(201);
    ticket["id"].as_str().expect("an id").to_owned()
}

async fn give(node: usize, key: &str, id: &str, bytes: &[u8]) -> Reply {
    let ask = net().ask(node, Method::POST, &format!("/v1/artifacts/{id}/bytes")).bearer(key);
    ask.header("content-type", "application/octet-stream").raw(bytes.to_vec()).send().await
}

async fn kept(node: usize, key: &str, bytes: &[u8], said: Value) -> String {
    let id = commit(node, key, bytes, said).await;
    // Any node that has seen the commitment takes the bytes.
    net().until(node, &format!("/v1/artifacts/{id}"), |reply| reply.status == 200).await;
    give(node, key, &id, bytes).await.expect(201);
    id
}

async fn erase(node: usize, key: &str, id: &str) -> Reply {
    let operation = json!({ "type": "retention.tombstone", "artifact": id, "reason": "asked for" });
    let order = json!({ "operation": operation, "nonce": fresh().to_string(), "wait": "committed" });
    net().post(node, "/v1/entries", key, &order).await
}

/// What any node says of an artifact; another than the one it was written through has it a moment later.
async fn standing(node: usize, id: &str) -> Value {
    net().until(node, &format!("/v1/artifacts/{id}"), |reply| reply.status == 200).await.json()
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// Where a node keeps an artifact, below one of its folders.
fn file(node: usize, folder: &str, id: &str) -> PathBuf {
    net().dir(node).join(folder).join("artifacts").join(&id[..2]).join(id)
}

/// Bytes that no other run has used.
fn bytes_of(what: &str) -> Vec<u8> {
    format!("{what} {}", fresh()).into_bytes()
}

async fn report(node: usize, key: &str) -> Value {
    let ask = net().ask(node, Method::GET, "/v1/retention/report?limit=200").bearer(key);
    ask.send().await.expect(200)
}

fn class(report: &Value, name: &str) -> Value {
    let classes = report["classes"].as_array().expect("classes");
    classes.iter().find(|it| it["class"] == name).unwrap_or_else(|| panic!("{name} in {report}")).clone()
}

#[tokio::test]
async fn e27_what_is_downloaded_has_the_hash_that_is_listed() {
    let content = bytes_of("measured results\n").repeat(40_000);
    let id = kept(0, ACME, &content, json!({})).await;
    // The list of another node says the hash, this one gives the bytes.
    let begun = Instant::now();
    let listed = loop {
        let ask = net().ask(1, Method::GET, "/v1/artifacts?limit=200").bearer(ACME);
        let page = ask.send().await.expect(200);
        let found =
            page["items"].as_array().expect("items").iter().find(|it| it["id"] == id.as_str()).cloned();
        if let Some(found) = found {
            break found;
        }
        assert!(begun.elapsed() < PATIENCE, "it is in no list");
    };
    assert_eq!(number(&listed["content_bytes"]), content.len() as u64);
    let path = format!("/v1/artifacts/{id}/bytes");
    let given = net().get(0, &path).await;
    assert_eq!((given.status, given.header("content-type")), (200, Some("text/plain")));
    assert_eq!(listed["address"], sha256(given.text.as_bytes()).to_string());
    assert_eq!(
        given.header("etag"),
        Some(format!("{:?}", listed["address"].as_str().expect("text")).as_str())
    );
    let part = net().ask(0, Method::GET, &path).header("range", "bytes=1000-1009").send().await;
    assert_eq!((part.status, part.text.as_bytes()), (206, &content[1_000..1_010]));
    // One bit on the disk, and it is not given out as what was listed.
    let at = file(0, "artifacts", &id);
    let mut spoilt = std::fs::read(&at).expect("it is there");
    spoilt[500] ^= 1;
    std::fs::write(&at, spoilt).expect("it is ours");
    assert_eq!(net().get(0, &path).await.expect(502)["code"], "artifact_corrupt");
    give(0, ACME, &id, &content).await.expect(201);
    assert_eq!(net().get(0, &path).await.text.as_bytes(), content);
}

#[tokio::test]
async fn e28_bytes_are_in_the_store_that_is_configured() {
    let content = bytes_of("in a store");
    let id = kept(2, ACME, &content, json!({})).await;
    assert_eq!(std::fs::read(file(2, "artifacts", &id)).expect("a directory, by default"), content);
    // It is that node's: another has none before it is given some, and keeps its own.
    assert_eq!(standing(3, &id).await["here"], false);
    assert_eq!(
        net().get(3, &format!("/v1/artifacts/{id}/bytes")).await.expect(404)["code"],
        "artifact_not_here"
    );
    give(3, ACME, &id, &content).await.expect(201);
    assert_eq!(std::fs::read(file(3, "artifacts", &id)).expect("its own directory"), content);
    std::fs::remove_file(file(2, "artifacts", &id)).expect("it is there");
    assert_eq!(net().get(2, &format!("/v1/artifacts/{id}/bytes")).await.status, 404);
    assert_eq!(net().get(3, &format!("/v1/artifacts/{id}/bytes")).await.text.as_bytes(), content);
    // Buckets are one setting away; `tests/acceptance/s3.sh` does all of this with one.
    for url in ["s3://bucket/kept", "gs://bucket/kept", "az://container/kept", "file:///srv/kept"] {
        let flags = vec![("artifacts.url".to_owned(), url.to_owned())];
        let config = Config::load(&net().dir(0), &Sources { flags, ..Sources::default() }).expect("sound");
        assert_eq!(config.artifacts.as_deref(), Some(url));
    }
}

#[tokio::test]
async fn e31_each_class_keeps_as_long_and_as_surely_as_it_says() {
    let mut ids = BTreeMap::new();
    for (name, said, days, write_once) in [
        ("standard", json!({ "class": "standard" }), 365, false),
        ("compliance", json!({ "class": "compliance" }), 7 * 365 + 2, true),
    ] {
        let id = kept(0, ACME, &bytes_of(name), said).await;
        let entry = net().until(1, &format!("/v1/entries/{id}"), |reply| reply.status == 200).await.json();
        let told = standing(1, &id).await;
        assert_eq!((&told["class"], &told["write_once"]), (&json!(name), &json!(write_once)));
        // From the time of the block that committed it, to the millisecond, at every node.
        let kept_ms = number(&told["keep_until_ms"]) - number(&entry["time_ms"]);
        assert_eq!(kept_ms, days * DAY_MS, "{name}");
        ids.insert(name, id);
    }
    // What is written once stays: not for its owner, not for the operator.
    let worm = &ids["compliance"];
    for key in [ACME, OPERATOR] {
        let refused = erase(0, key, worm).await;
        assert!(refused.status == 422 && refused.text.contains("write_once"), "{key}: {}", refused.text);
    }
    assert_eq!(net().get(0, &format!("/v1/artifacts/{worm}/bytes")).await.status, 200);
    erase(0, ACME, &ids["standard"]).await.expect(201);
    assert_eq!(net().get(0, &format!("/v1/artifacts/{}/bytes", ids["standard"])).await.status, 410);
    // Of an enterprise the operator says both, for its tenants who do not say it themselves.
    let policy = net().get(0, "/v1/retention?tenant=keeper").await.expect(200);
    assert_eq!(policy["class"], "enterprise");
    let id = commit(0, KEEPER, &bytes_of("enterprise"), json!({})).await;
    let entry = net().until(2, &format!("/v1/entries/{id}"), |reply| reply.status == 200).await.json();
    let told = standing(2, &id).await;
    assert_eq!((&told["class"], &told["write_once"]), (&json!("enterprise"), &json!(true)));
    let days = (number(&told["keep_until_ms"]) - number(&entry["time_ms"])) / DAY_MS;
    assert!(days == 30, "{days} days, 30 are configured");
    let open = commit(0, ACME, &bytes_of("open"), json!({})).await;
    assert_eq!(standing(2, &open).await["class"], "open");
    let both = json!({ "class": "compliance", "keep_until_ms": "1" });
    let mut operation = json!({ "type": "artifact.commit", "address": "00".repeat(32) });
    for (name, value) in both.as_object().expect("members") {
        operation[name] = value.clone();
    }
    let refused = net().post(0, "/v1/entries", ACME, &json!({ "operation": operation })).await;
    assert_eq!(refused.expect(400)["code"], "invalid_params");
}

#[tokio::test]
async fn e32_what_is_over_is_archived_or_deleted_as_the_tenant_says() {
    let soon = || json!({ "keep_until_ms": (now_ms() + 5_000).to_string(), "write_once": true });
    let (archived, deleted) = (bytes_of("to be archived"), bytes_of("to be deleted"));
    let moved = kept(1, KEEPER, &archived, soon()).await;
    let gone = kept(1, ACME, &deleted, soon()).await;
    for (key, id) in [(KEEPER, &moved), (ACME, &gone)] {
        let refused = erase(1, key, id).await;
        assert!(refused.status == 422 && refused.text.contains("write_once"), "too early: {}", refused.text);
        assert_eq!(net().get(1, &format!("/v1/artifacts/{id}/bytes")).await.status, 200);
    }
    for (key, id, said) in [(KEEPER, &moved, "archived"), (ACME, &gone, "deleted")] {
        // Every node knows from the log what became of it.
        let erased = |reply: &Reply| reply.json()["standing"] == "erased";
        let told = net().until(3, &format!("/v1/artifacts/{id}"), erased).await.json();
        assert_eq!(net().get(1, &format!("/v1/artifacts/{id}/bytes")).await.status, 410);
        let begun = Instant::now();
        let tombstone = loop {
            let report = report(2, key).await;
            let items = report["tombstones"]["items"].as_array().expect("items");
            if let Some(found) = items.iter().find(|it| it["artifact"] == id.as_str()) {
                assert!(
                    number(&report["checkpoint_size"]) > number(&found["index"]),
                    "it is under that head"
                );
                assert!(number(&class(&report, "enterprise")["erased"]) > 0);
                break found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no tombstone in {report}");
        };
        assert_eq!(number(&tombstone["index"]), number(&told["erased_index"]));
        assert!(number(&tombstone["time_ms"]) >= number(&told["keep_until_ms"]), "not before its time");
        assert!(tombstone["reason"].as_str().is_some_and(|it| it.starts_with(said)), "{said}: {tombstone}");
        let begun = Instant::now();
        while file(1, "artifacts", id).exists() {
            assert!(begun.elapsed() < PATIENCE, "it is on the disk still");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    assert_eq!(std::fs::read(file(1, "archive", &moved)).expect("it is archived"), archived);
    assert!(!file(1, "archive", &gone).exists());
    // The same report at two nodes, under the same head.
    let begun = Instant::now();
    loop {
        let (mut one, mut other) = (report(1, KEEPER).await, report(2, KEEPER).await);
        if one["checkpoint_size"] == other["checkpoint_size"] {
            for report in [&mut one, &mut other] {
                report["here"] = Value::Null;
            }
            assert_eq!(one, other);
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the two never stood at one head");
    }
    // And no other tenant's.
    let ask = net().ask(2, Method::GET, "/v1/retention/report?tenant=keeper").bearer(ACME);
    assert_eq!(ask.send().await.status, 403);
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("small")
}
