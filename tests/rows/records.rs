//! What was settled about records: their order, that they are made once, what may go, whose time and whose numbers count.

use std::time::{Duration, Instant};

use crypto::{Scheme, sha256};
use proto::operation::Operation;
use proto::primitive::Told;
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{fresh, proof};
use crate::issuers::{Issuer, now_s, seen};
use crate::net::{ACME, GLOBEX, PATIENCE, Reply, SLOW, net};
use crate::proofnest;
use crate::qod::{at_once, bundle, finalize, get, judged, opened, proven, sample, sampled, seal_holds};
use crate::qwed::text;
use crate::settled::number;

/// The leaves of a node's log from one on, as far as they go.
async fn leaves(node: usize, from: u64) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let reply = net().get(node, &format!("/v1/entries/{}", from + found.len() as u64)).await;
        if reply.status == 404 {
            return found;
        }
        found.push(reply.expect(200));
    }
}

/// How many leaves a node has.
async fn size(node: usize) -> u64 {
    number(&net().get(node, "/v1/status").await.expect(200)["tree_size"])
}

/// The leaf that finalized a session, at a node that has it.
async fn finalization(node: usize, sid: &str, from: u64) -> Value {
    get(node, &format!("/proof/{sid}")).await;
    let mine = |leaf: &Value| {
        let operation = &leaf["content"]["operation"];
        operation["type"] == "session.finalize" && operation["session"] == sid
    };
    let mut found: Vec<Value> = leaves(node, from).await.into_iter().filter(mine).collect();
    assert_eq!(found.len(), 1, "one leaf finalizes a session");
    found.remove(0)
}

#[tokio::test]
async fn x02_the_chain_is_in_the_order_of_the_log_and_seals_come_after() {
    let from = size(1).await;
    let mut sessions = Vec::new();
    for node in 0..4 {
        let sid = opened(node, 120).await;
        sampled(node, &sid, 1.0, 2.0, 3.0).await;
        sessions.push(sid);
    }
    let [a, b, c, d] = &sessions[..] else { panic!("one a node") };
    let made = at_once([a, b, c, d]).await;
    for sid in &sessions {
        get(1, &format!("/proof/{sid}")).await;
    }
    // Whoever finalized, and at which node: each proof stands behind the one before it in the log.
    let done = leaves(1, from).await;
    let in_order: Vec<&str> = done
        .iter()
        .map(|leaf| &leaf["content"]["operation"])
        .filter(|operation| operation["type"] == "session.finalize")
        .map(|operation| text(operation, "session"))
        .collect();
    assert!(sessions.iter().all(|sid| in_order.contains(&sid.as_str())), "{in_order:?}");
    let mut before: Option<Value> = None;
    for sid in in_order {
        let record = get(1, &format!("/proof/{sid}")).await.json();
        if let Some(before) = before {
            assert_eq!(record["prev_hash"], before["this_hash"], "{sid}");
        }
        before = Some(record);
    }
    // The link is the ledger's and everywhere the same. The seal is the serving node's: always the same there, another
    // elsewhere, and any validator's is good at any node.
    let (sid, made) = (&sessions[0], made[0].expect(200));
    let mut seals = std::collections::BTreeSet::new();
    for node in 0..4 {
        let record = get(node, &format!("/proof/{sid}")).await.json();
        assert_eq!(net().get(node, &format!("/proof/{sid}")).await.json(), record, "again at {node}");
        for member in ["prev_hash", "this_hash", "proof"] {
            assert_eq!(record[member], made[member], "{member} at {node}");
        }
        let kid = text(&record, "kid");
        let other = (node + 1) % 4;
        let jwks =
            net().until(other, "/.well-known/jwks.json", |reply| reply.text.contains(kid)).await.json();
        assert!(seal_holds(
            &jwks,
            &record["kid"],
            &record["signature"],
            text(&record, "this_hash").as_bytes()
        ));
        assert_eq!(judged(other, sid, &record).await["verified"], true, "sealed at {node}");
        seals.insert((kid.to_owned(), text(&record, "signature").to_owned()));
    }
    assert_eq!(seals.len(), 4, "each seals for itself");
    // What a quorum says of it is in the receipt of the leaf.
    let leaf = finalization(2, sid, from).await;
    let receipt = seen(2, &format!("/v1/entries/{}/receipt", text(&leaf, "id"))).await;
    let believed = async |receipt: &Value| {
        let ask = net().ask(3, Method::POST, "/v1/verify").json(&json!({ "receipt": receipt }));
        ask.send().await.json()["valid"].clone()
    };
    assert_eq!(believed(&receipt).await, true);
    let mut alone = receipt.clone();
    let note = text(&receipt, "checkpoint").to_owned();
    let signed: Vec<&str> = note.lines().filter(|line| line.starts_with('\u{2014}')).collect();
    assert!(signed.len() >= 3, "a quorum of four: {note}");
    alone["checkpoint"] =
        json!(note.replace(&format!("{}\n", signed[0]), "").replace(&format!("{}\n", signed[1]), ""));
    assert_ne!(believed(&alone).await, true, "not with two of them fewer");
}

#[tokio::test]
async fn x03_a_session_is_finalized_once() {
    let from = size(0).await;
    let sid = opened(0, 120).await;
    sampled(0, &sid, 1.0, 2.0, 3.0).await;
    let first = finalize(0, &sid).await;
    let record = first.expect(200);
    let chain = get(2, &format!("/proof/{sid}/verify")).await.json();
    for _ in 0..3 {
        let again = finalize(0, &sid).await;
        assert_eq!((again.status, &again.text), (200, &first.text), "the identical record");
    }
    // What is told afterwards is refused, wherever, and changes nothing.
    for node in [0, 3] {
        get(node, &format!("/proof/{sid}")).await;
        let late = net().post(node, "/telemetry", ACME, &sample(&sid, 9.0, 9.0, 9.0)).await;
        assert_eq!(late.status, 409, "{}", late.text);
        let elsewhere = finalize(node, &sid).await.expect(200);
        assert_eq!((&elsewhere["this_hash"], &elsewhere["proof"]), (&record["this_hash"], &record["proof"]));
    }
    let (_, next) = proven(1, 120, 100.0).await;
    assert_ne!(next["this_hash"], record["this_hash"]);
    assert_eq!(
        net().get(2, &format!("/proof/{sid}/verify")).await.expect(200),
        chain,
        "its place is what it was"
    );
    // One leaf of the log made it, however often it was asked for.
    finalization(2, &sid, from).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x08_verifying_by_either_verb_changes_nothing() {
    // Nobody else writes here.
    let (_topology, network, urls) = proofnest::own(4, "x08").await;
    let ask = proofnest::ask;
    let made = ask(&urls[0], "/v1/identities", Some(&json!({ "identity_type": "agent" }))).await.1;
    let claim = json!({ "claim": "verified twice", "issuer_did": made["did"] });
    let (status, told) = ask(&urls[0], "/v1/proofs", Some(&claim)).await;
    assert_eq!(status, 200, "{told}");
    let path = format!("/v1/proofs/{}/verify", text(&told, "proof_id"));
    let state = async |node: usize| {
        let status = ask(&urls[node], "/v1/status", None).await.1;
        let block = ask(&urls[node], &format!("/v1/blocks/{}", status["height"]), None).await.1;
        (
            status["height"].clone(),
            status["tree_size"].clone(),
            status["checkpoint_size"].clone(),
            block["id"].clone(),
        )
    };
    // Until all of it is anchored everywhere, and no block comes any more.
    let begun = Instant::now();
    let mut before = state(1).await;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = state(1).await;
        let verdict = ask(&urls[1], &path, None).await;
        if now == before && now.1 == now.2 && verdict.1["finality"] == "anchored" && state(0).await == now {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{now:?} {verdict:?}");
        before = now;
    }
    let counted = async |node: usize| {
        let metrics = net().ask_at(&urls[node], Method::GET, "/metrics").send().await.text;
        let lines =
            metrics.lines().filter(|line| line.contains("_requests_total") && line.contains("verify"));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum::<u64>()
    };
    let (here, there) = (counted(1).await, counted(0).await);
    for _ in 0..20 {
        let by_get = ask(&urls[1], &path, None).await;
        assert_eq!((by_get.0, &by_get.1["is_valid"]), (200, &json!(true)));
        assert_eq!(ask(&urls[1], &path, Some(&json!({}))).await, by_get);
    }
    // Counted where it was asked, and nowhere else; the state is what it was, at both.
    assert_eq!((counted(1).await, counted(0).await), (here + 40, there));
    for node in 0..4 {
        assert_eq!(state(node).await, before, "node {node}");
    }
    network.stop().await.expect("it ends");
}

/// Commits bytes for a tenant through the first node, and gives them to it.
async fn kept(key: &str, bytes: &'static [u8], more: Value) -> String {
    let mut operation = json!({ "type": "artifact.commit", "address": sha256(bytes).to_string(),
        "content_bytes": bytes.len() });
    operation.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let body = json!({ "operation": operation, "nonce": fresh() % (1 << 50), "wait": "committed", "timeout_ms": 60_000 });
    let id = text(&net().post(0, "/v1/entries", key, &body).await.expect(201), "id").to_owned();
    let put = net().ask(0, Method::POST, &format!("/v1/artifacts/{id}/bytes"));
    let put = put.header("content-type", "application/octet-stream").raw(bytes).send().await;
    assert_eq!(put.status, 201, "{}", put.text);
    id
}

async fn erase(key: &str, id: &str) -> Reply {
    let operation = json!({ "type": "retention.tombstone", "artifact": id, "reason": "asked for" });
    let body = json!({ "operation": operation, "wait": "committed", "timeout_ms": 60_000 });
    net().post(0, "/v1/entries", key, &body).await
}

#[tokio::test]
async fn x16_bytes_go_and_what_was_said_of_them_stays() {
    let now_ms = now_s() * 1_000;
    // Write-once: refused until its block time has come, and kept until then.
    let until_ms = now_ms + 6_000;
    let worm =
        kept(ACME, b"kept for its time", json!({ "keep_until_ms": until_ms, "write_once": true })).await;
    let refused = erase(ACME, &worm).await;
    assert!(
        refused.status == 422 && refused.text.contains("write_once"),
        "{} {}",
        refused.status,
        refused.text
    );
    let bytes = |id: &str| format!("/v1/artifacts/{id}/bytes");
    assert_eq!(net().get(0, &bytes(&worm)).await.text, "kept for its time");
    // Another one goes when its owner says so, and not because somebody else does.
    let id = kept(ACME, b"to be erased", json!({})).await;
    assert_eq!(net().get(0, &bytes(&id)).await.text, "to be erased");
    let other = erase(GLOBEX, &id).await;
    assert!(other.status >= 400, "another tenant's word: {}", other.text);
    assert_eq!(net().get(0, &bytes(&id)).await.text, "to be erased");
    let tombstone = erase(ACME, &id).await.expect(201);
    assert_eq!(net().get(0, &bytes(&id)).await.status, 410);
    let again = erase(ACME, &id).await;
    assert_eq!(
        (again.status, &again.json()["id"]),
        (200, &tombstone["id"]),
        "the same order is the same tombstone"
    );
    // Its hash and its history stay, and are proven elsewhere.
    for node in [1, 3] {
        let path = format!("/v1/artifacts/{id}");
        let told = net().until(node, &path, |reply| reply.json()["standing"] == "erased").await.json();
        assert_eq!(told["address"], sha256(b"to be erased").to_string());
        assert_eq!(number(&told["erased_index"]), number(&tombstone["index"]));
        assert_eq!(net().get(node, &bytes(&id)).await.status, 410);
        for entry in [id.as_str(), text(&tombstone, "id")] {
            let receipt = seen(node, &format!("/v1/entries/{entry}/receipt")).await;
            let ask = net().ask(2, Method::POST, "/v1/verify").json(&json!({ "receipt": receipt }));
            assert_eq!(ask.send().await.expect(200)["valid"], true);
        }
    }
    // A withdrawn session shows no artifact, and keeps its proof.
    let (sid, record) = proven(0, 120, 100.0).await;
    let ask = net().ask(0, Method::DELETE, &format!("/sessions/{sid}")).bearer(ACME);
    assert_eq!(ask.send().await.expect(200)["status"], "deleted");
    let artifact = format!("/artifacts/{sid}/artifact.json");
    net().until(2, &artifact, |reply| reply.status == 410).await;
    let stays = net().get(2, &format!("/proof/{sid}")).await.expect(200);
    assert_eq!((&stays["this_hash"], &stays["proof"]), (&record["this_hash"], &record["proof"]));
    // When its time has come the other one goes, too.
    let begun = Instant::now();
    loop {
        let reply = erase(ACME, &worm).await;
        if reply.text.contains("artifact_erased") {
            // The node that has it was first, at the door or in the block: what is over is buried by its service.
            let told = net().get(0, &format!("/v1/artifacts/{worm}")).await.json();
            assert!(now_s() * 1_000 >= until_ms, "{told}");
            break;
        }
        if reply.status == 201 || reply.status == 200 {
            let time_ms = number(&reply.json()["time_ms"]);
            assert!(time_ms >= until_ms, "erased at {time_ms}, to be kept until {until_ms}");
            break;
        }
        assert!(reply.text.contains("write_once"), "{}", reply.text);
        assert!(begun.elapsed() < PATIENCE, "{}", reply.text);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(net().get(0, &bytes(&worm)).await.status, 410);
}

#[tokio::test]
async fn x17_only_the_time_of_blocks_counts() {
    let from = size(1).await;
    let (sid, _) = proven(0, 120, 100.0).await;
    let leaf = finalization(1, &sid, from).await;
    let (time_ms, height) = (number(&leaf["time_ms"]), number(&leaf["height"]));
    // What the record says is the block's time, to the letter the same at every node, whenever it is asked.
    let mut told = std::collections::BTreeSet::new();
    for node in 0..4 {
        let stored = get(node, &format!("/proof/{sid}")).await;
        let created = stored.json()["created_at"].as_f64().expect("seconds");
        assert_eq!((created * 1_000.0).round() as u64, time_ms, "node {node}");
        let block = seen(node, &format!("/v1/blocks/{height}")).await;
        assert_eq!(number(&block["time_ms"]), time_ms);
        told.insert((
            stored.json()["created_at"].to_string(),
            block["id"].to_string(),
            block["state"].to_string(),
        ));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    // What a client says of time is data, and judged by the block's.
    let issuer = Issuer::register(Scheme::Ed25519).await;
    for (timestamp_s, ahead) in [(now_s() + 3_600, true), (1_700_000_000, false)] {
        let mut primitive = issuer.signed(issuer.whole("at a time of its own", None));
        primitive.timestamp_s = timestamp_s;
        let Told::Whole(whole) = &primitive.told else { panic!("told whole") };
        primitive.signature = issuer.key.sign(whole.id(&issuer.did, timestamp_s).to_string().as_bytes());
        let id = primitive.id();
        let reply = issuer.submit(2, Operation::ProofPrimitive(Box::new(primitive))).await;
        if ahead {
            assert!(reply.status >= 400 && reply.text.contains("proof_ahead"), "{}", reply.text);
            continue;
        }
        let placed = reply.expect(201);
        let full = seen(3, &format!("/v1/proofs/{id}")).await;
        assert_eq!(number(&full["timestamp"]["unix_time"]), timestamp_s, "kept as it was told");
        let entry = seen(3, &format!("/v1/entries/{}", text(&placed, "id"))).await;
        assert!(number(&entry["time_ms"]) / 1_000 > timestamp_s + 1_000, "the block has its own");
    }
    // So is the end that a submission sets itself.
    for (expires_at_ms, accepted) in [((now_s() - 60) * 1_000, false), ((now_s() + 600) * 1_000, true)] {
        let mut body = proof(fresh());
        body["expires_at_ms"] = json!(expires_at_ms);
        let reply = net().post(1, "/v1/entries", ACME, &body).await;
        assert_eq!(reply.status == 201, accepted, "{}", reply.text);
        if !accepted {
            assert!(reply.text.contains("expired"), "{}", reply.text);
            continue;
        }
        let entry = seen(2, text(&reply.json(), "self")).await;
        assert!(number(&entry["time_ms"]) < expires_at_ms);
    }
}

#[tokio::test]
async fn x18_the_ledger_reckons_in_whole_numbers() {
    // As floats, these give another sum in another order.
    let values = [0.1, 0.2, 0.705];
    assert_ne!(values.iter().sum::<f64>(), values.iter().rev().sum::<f64>(), "the test would show nothing");
    let from = size(0).await;
    let mut told = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let sid = opened(0, 120).await;
        for (node, at) in order.into_iter().enumerate() {
            sampled(node, &sid, values[at], values[at] * 1_000.0, values[at]).await;
        }
        let record = finalize(3, &sid).await;
        record.expect(200);
        let outcomes =
            record.text.split("\"measured_outcomes\":").nth(1).and_then(|rest| rest.split('}').next());
        told.push(outcomes.expect("outcomes").to_owned());
        get(2, &format!("/proof/{sid}")).await;
        // The log holds microseconds.
        let mut samples: Vec<[u64; 3]> = leaves(2, from)
            .await
            .iter()
            .map(|leaf| &leaf["content"]["operation"])
            .filter(|it| it["type"] == "session.sample" && it["session"] == sid.as_str())
            .map(|it| {
                ["p50_us", "p95_us", "jitter_us"].map(|name| it[name].as_u64().expect("a whole number"))
            })
            .collect();
        samples.sort_unstable();
        assert_eq!(samples, [[100, 100_000, 100], [200, 200_000, 200], [705, 705_000, 705]]);
        // Who reads it in Python's words is given floats again, by those words' rule alone.
        assert!(record.text.contains("\"avg_p95_ms\":335.0"), "{}", record.text);
        let artifact = get(1, &format!("/artifacts/{sid}/artifact.json")).await.text;
        assert_eq!(
            bundle(1, &sid).await["proof"]["artifacts"]["runtime_artifact_sha256"],
            sha256(artifact.as_bytes()).to_string()
        );
    }
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    // A validator's weight is a whole number, and so is the quorum.
    for node in 0..4 {
        let answer = net().get(node, "/v1/validators").await.expect(200);
        assert!(answer["validators"].as_array().expect("validators").iter().all(|one| one["stake"].is_u64()));
        assert_eq!(answer["quorum_threshold"].as_u64(), Some(3));
    }
}

#[tokio::test]
async fn x23_each_kind_has_its_own_states_and_all_have_one_finality() {
    // A session is requested, then available; that is no word on its finality.
    let from = size(0).await;
    let sid = opened(0, 120).await;
    let path = format!("/sessions/{sid}");
    let begun = Instant::now();
    let mut states = Vec::new();
    while states.last().map(String::as_str) != Some("AVAILABLE") {
        assert!(begun.elapsed() < PATIENCE, "{states:?}");
        let reply = net().ask(2, Method::GET, &path).bearer(ACME).send().await;
        if reply.status == 200 {
            states.push(text(&reply.json(), "qos_status").to_owned());
        }
        // Its time is that of blocks.
        net().post(0, "/v1/entries", ACME, &proof(fresh())).await.expect(201);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    states.dedup();
    assert_eq!(states, ["REQUESTED", "AVAILABLE"]);
    sampled(0, &sid, 1.0, 2.0, 3.0).await;
    finalize(0, &sid).await.expect(200);
    let finalized = text(&finalization(1, &sid, from).await, "id").to_owned();
    // A proof waits for votes that nobody casts here; an attestation is issued and valid.
    let issuer = Issuer::register(Scheme::Ed25519).await;
    let told = issuer.tell(0, "in its own words").await;
    assert_eq!(told["consensus_state"], "PENDING");
    assert!(["committed", "anchored"].contains(&text(&told, "finality")), "{told}");
    let issued = crate::qwed::issued(0, &crate::qwed::asked("x23")).await;
    assert_eq!(issued["status"], "issued");
    let verdict = crate::qwed::verdict(1, &issued).await;
    assert_eq!(verdict["lifecycle"], "VALID");
    // Behind each stands one submission, whose finality is told alike: where it is, then under which head.
    for id in [finalized.as_str(), text(&told, "tx_hash"), text(&verdict["anchor"], "tx_hash")] {
        let path = format!("/v1/entries/{id}");
        let reply = net().until(3, &path, |reply| reply.json()["state"] == "finalized").await.json();
        assert!(
            number(&reply["height"]) > 0 && number(&reply["checkpoint_size"]) > number(&reply["index"]),
            "{reply}"
        );
    }
    let path = format!("/v1/proofs/{}", text(&told, "proof_id"));
    let full = net().until(3, &path, |reply| reply.json()["finality"] == "anchored").await.json();
    assert_eq!(text(&full, "batch_id"), format!("batch-{}", number(&full["height"])));
    assert_eq!(full["consensus"]["state"], "PENDING", "a state of its own");
    // The three steps, one after the other, as whoever submits is told them.
    let mut steps = Vec::new();
    let submission = proof(fresh());
    for wait in ["accepted", "committed", "finalized"] {
        let mut body = submission.clone();
        (body["wait"], body["timeout_ms"]) = (json!(wait), json!(60_000));
        let ticket = net().post(1, "/v1/entries", ACME, &body).await.json();
        let known = (ticket["height"].is_u64(), ticket["checkpoint_size"].is_u64());
        let expected = match text(&ticket, "state") {
            "accepted" => (false, false),
            "committed" => (true, false),
            "finalized" => (true, true),
            other => panic!("{other}"),
        };
        assert_eq!(known, expected, "{ticket}");
        steps.push((text(&ticket, "id").to_owned(), expected));
    }
    assert!(steps.is_sorted() && steps.iter().all(|step| step.0 == steps[0].0), "{steps:?}");
    assert_eq!(steps[2].1, (true, true));
}

#[tokio::test]
async fn x24_one_program_is_bus_and_store_and_brake() {
    // The bus: what one node committed another tells of, from its own committed blocks, and again to who comes back.
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client");
    let url = format!("{}/v1/events", net().url(2));
    let heard = async |wanted: &str, last: Option<&str>| {
        let mut ask = client.get(&url).timeout(PATIENCE);
        if let Some(last) = last {
            ask = ask.header("last-event-id", last);
        }
        let mut response = ask.send().await.expect("a stream");
        // Written once the stream is open, so that nothing can have been missed.
        let id = match wanted {
            "" => {
                text(&net().post(0, "/v1/entries", ACME, &proof(fresh())).await.expect(201), "id").to_owned()
            }
            id => id.to_owned(),
        };
        let mut told = String::new();
        loop {
            told +=
                &String::from_utf8_lossy(&response.chunk().await.expect("it goes on").expect("it goes on"));
            let mut whole = told.split_inclusive("\n\n").filter(|event| event.ends_with("\n\n"));
            if let Some(event) = whole.find(|event| event.contains(&id)) {
                assert!(event.contains("event: committed") || event.contains("event:committed"), "{event}");
                let number = event
                    .lines()
                    .find_map(|line| line.strip_prefix("id:"))
                    .expect("a number")
                    .trim()
                    .to_owned();
                return (id, number);
            }
        }
    };
    let (id, at) = heard("", None).await;
    let before = (at.parse::<u64>().expect("a number") - 1).to_string();
    assert_eq!(heard(&id, Some(&before)).await, (id, at), "resumed, nothing is lost");
    // The store of bytes: a node's own, by what the ledger says of them; what it has not it does not invent.
    let bytes: &'static [u8] = b"beside the log";
    let id = kept(ACME, bytes, json!({})).await;
    let path = format!("/v1/artifacts/{id}");
    assert_eq!(net().get(0, &format!("{path}/bytes")).await.text.as_bytes(), bytes);
    let there = net().until(1, &path, |reply| reply.status == 200).await.json();
    assert_eq!((&there["standing"], &there["here"]), (&json!("kept"), &json!(false)));
    assert_eq!(net().get(0, &path).await.expect(200)["here"], true);
    let wrong = net()
        .ask(1, Method::POST, &format!("{path}/bytes"))
        .header("content-type", "application/octet-stream");
    assert_eq!(wrong.raw(&b"other bytes"[..]).send().await.status, 422);
    // The brake: so much and no more, by the node that was asked; another counts for itself.
    let ask = |node: usize| {
        net().ask(node, Method::GET, "/v1/tenant").key(SLOW).header("x-tenant-id", "slow").send()
    };
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(ask(1).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    assert_eq!(ask(2).await.status, 200);
    // And nothing else: what the node keeps are files of its own.
    assert!(
        net().dir(0).join("artifacts").is_dir() && net().dir(0).join(node::security_log::FILE_NAME).is_file()
    );
}
