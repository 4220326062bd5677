//! The audit log of QCOS: everything that was done, and everything that was refused; and nobody changes a line of it.

use std::path::Path;
use std::process::Output;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{fresh, proof};
use crate::net::{ACME, GLOBEX, OPERATOR, PATIENCE, READER, net};

/// A page, as one asks for it with a key.
async fn page(node: usize, key: &str, query: &str) -> Value {
    let reply = net().ask(node, Method::GET, &format!("/v1/audit?{query}")).key(key).send().await;
    reply.expect(200)
}

/// All items of a question, page by page.
async fn all(node: usize, key: &str, query: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = page(node, key, &format!("{query}&limit={limit}{after}")).await;
        let found = page["items"].as_array().expect("items");
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return items,
        }
    }
}

/// Waits until a node lists a submission.
async fn listed(node: usize, key: &str, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let page = page(node, key, &format!("resource={id}&limit=200")).await;
        if let Some(item) = page["items"].as_array().and_then(|items| items.iter().find(|it| it["id"] == id))
        {
            return item.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "node {node} does not list {id}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn written(node: usize, key: &str) -> String {
    let ticket = net().post(node, "/v1/entries", key, &proof(fresh())).await.expect(201);
    ticket["id"].as_str().expect("an id").to_owned()
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(|item| item["id"].as_str()).collect()
}

fn quorate(args: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_quorate")).args(args).output().expect("the command runs")
}

/// All that the first node's audit log holds from one source, the oldest first: exported, and found to be true without any
/// node. What shows an item grows with the log; the item, its leaf or note, and its place in the chain of events do not.
fn taken(source: &str) -> Vec<Value> {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let place = |name: &str| dir.path().join(name).to_str().expect("a path of text").to_owned();
    let (file, policy) = (place("audit.jsonl"), place("policy.txt"));
    let export = ["audit-log", "export", "--url", net().url(0), "--token", OPERATOR, "--source", source];
    let said = quorate(&[&export[..], &["--out", &file]].concat());
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = quorate(&["policy", "init", "--url", net().url(0), "--yes", "--out", &policy]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = quorate(&["verify", &file, "--policy", &policy]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = std::fs::read_to_string(&file).expect("an export");
    let mut lines: Vec<Value> =
        text.lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &mut lines {
        for grows in ["/item/place/proof", "/item/local/behind"] {
            line.pointer_mut(grows).map(Value::take);
        }
    }
    lines
}

#[tokio::test]
async fn e30_what_was_done_and_what_was_refused_stays_in_one_log() {
    let (mine, theirs) = (written(0, ACME).await, written(1, GLOBEX).await);
    let name = format!("row-e30-{}", fresh());
    let ask = |key: &'static str| {
        net().ask(2, Method::POST, "/v1/entries").header("x-request-id", &name).bearer(key).json(&proof(1))
    };
    assert_eq!(ask(READER).send().await.status, 403);
    assert_eq!(ask("no-such-key").send().await.status, 401);

    // Every node says the same of what was done, and where.
    let item = listed(0, ACME, &mine).await;
    for member in
        ["id", "timestamp", "tenant_id", "action", "resource_type", "resource_id", "actor", "details"]
    {
        assert!(!item[member].is_null(), "{member}: {item}");
    }
    assert_eq!((&item["tenant_id"], &item["action"]), (&json!("acme"), &json!("proof.submit")));
    assert_eq!((&item["resource_type"], &item["resource_id"]), (&json!("proof"), &json!(mine)));
    for node in 1..4 {
        assert_eq!(listed(node, ACME, &mine).await, item, "node {node}");
    }
    // What was refused stands at the node that refused it, for whose key it was; what nobody's was, for the operator.
    let begun = Instant::now();
    let refused = loop {
        let refused = all(2, OPERATOR, "action=request.refused&resource=/v1/entries", 200).await;
        let refused: Vec<_> = refused.into_iter().filter(|it| it["details"]["request"] == name).collect();
        if refused.len() == 2 {
            break refused;
        }
        assert!(begun.elapsed() < PATIENCE, "{refused:?}");
    };
    let told = |at: usize| (refused[at]["tenant_id"].clone(), refused[at]["details"]["code"].clone());
    assert_eq!(told(0), (Value::Null, json!("credential_unknown")));
    assert_eq!(told(1), (json!("acme"), json!("scope_missing")));
    assert!(refused[0]["local"]["hash"].is_string() && refused[0]["place"].is_null());
    let own = all(2, ACME, "action=request.refused", 200).await;
    assert!(ids(&own).contains(&refused[1]["id"].as_str().expect("an id")));
    assert!(!ids(&own).contains(&refused[0]["id"].as_str().expect("an id")));

    // One's own tenant alone; who may not read is told so.
    assert!(all(3, ACME, "source=ledger", 200).await.iter().all(|it| it["tenant_id"] == "acme"));
    assert!(ids(&all(3, OPERATOR, "tenant=globex", 200).await).contains(&theirs.as_str()));
    for (key, query, status) in [
        (ACME, "tenant=globex", 403),
        (ACME, "tenant=acme", 200),
        (READER, "", 403),
        ("no-such-key", "", 401),
        (ACME, "limit=201", 400),
        (ACME, "limit=0", 400),
        (ACME, "from=yesterday", 400),
        (ACME, "who=me", 400),
    ] {
        let reply = net().ask(1, Method::GET, &format!("/v1/audit?{query}")).key(key).send().await;
        assert_eq!(reply.status, status, "{key} {query}: {}", reply.text);
    }
    assert_eq!(net().get(0, "/v1/audit").await.status, 401);
    let by_rpc = net().rpc(0, "audit_list", json!({})).await;
    assert_eq!(by_rpc["error"]["data"]["code"], "unauthorized", "{by_rpc}");

    // Filters, by what is said of the item.
    let (actor, time) = (item["actor"].as_str().expect("a DID"), item["timestamp"].as_str().expect("a time"));
    for (query, found) in [
        (format!("actor={actor}&action=proof.submit&resource={mine}"), true),
        (format!("resource={mine}&from={time}"), true),
        (format!("resource={mine}&to={time}"), false),
        (format!("resource={mine}&action=key.add"), false),
        (format!("resource={mine}&source=local"), false),
    ] {
        let page = page(1, ACME, &query).await;
        assert_eq!(ids(page["items"].as_array().expect("items")).contains(&mine.as_str()), found, "{query}");
    }
}

/// What a rule refuses that was well asked, each through the door by which its clients come.
fn refused_by_a_rule() -> Vec<(&'static str, String, Value)> {
    let none = "00".repeat(32);
    let entry = |operation: Value| json!({ "operation": operation, "wait": "committed" });
    let entries = || "/v1/entries".to_owned();
    vec![
        ("attestation", entries(), entry(json!({ "type": "attestation.revoke", "attestation": none }))),
        ("retention", entries(), entry(json!({ "type": "retention.tombstone", "artifact": none }))),
        ("session", format!("/proof/{none}/finalize"), json!({})),
        ("job", "/api/v2/jobs/job_that_nobody_opened/state".to_owned(), json!({ "status": "running" })),
        ("evidence", "/api/v2/jobs/job_that_nobody_opened/evidence/verify".to_owned(), json!({})),
        ("signer", "/api/v1/kms/keys/ql_key_nobody/revoke".to_owned(), json!({ "reason": "x" })),
    ]
}

#[tokio::test]
async fn what_a_rule_refuses_stands_in_the_log_whatever_it_is_of() {
    let begun = Instant::now();
    let mark = fresh();
    let mut expected = Vec::new();
    for (family, path, body) in refused_by_a_rule() {
        let name = format!("refused-{family}-{mark}");
        let ask = net().ask(3, Method::POST, &path).header("x-request-id", &name);
        let reply = ask.bearer(ACME).json(&body).send().await;
        assert!((400..500).contains(&reply.status), "{family}: {} {}", reply.status, reply.text);
        assert!(!matches!(reply.status, 401 | 405), "{family}: {}", reply.text);
        expected.push((name, path, reply.status.to_string()));
    }
    loop {
        let items = all(3, ACME, "action=request.refused", 200).await;
        let told = expected.iter().filter(|(name, path, status)| {
            let of_it: Vec<_> = items.iter().filter(|it| it["details"]["request"] == **name).collect();
            assert!(of_it.len() <= 1, "{name}: {of_it:?}");
            of_it.first().is_some_and(|it| {
                assert_eq!((&it["resource_id"], &it["details"]["status"]), (&json!(path), &json!(status)));
                assert_eq!((&it["tenant_id"], &it["actor"]), (&json!("acme"), &json!("acme-client")));
                it["details"]["code"] != "ok"
            })
        });
        let told: Vec<_> = told.collect();
        if told.len() == expected.len() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{told:?} of {expected:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn pages_go_on_where_they_ended_whatever_comes_and_whoever_is_asked() {
    for _ in 0..5 {
        written(0, ACME).await;
    }
    let last = written(0, ACME).await;
    for node in 0..4 {
        listed(node, ACME, &last).await;
    }
    let first = page(0, ACME, "source=ledger&limit=3").await;
    let cursor = first["next_cursor"].as_str().expect("there is more").to_owned();
    let second = page(0, ACME, &format!("source=ledger&limit=3&after={cursor}")).await;
    // Something new has come, and another node is asked.
    let newer = written(1, ACME).await;
    for node in 0..4 {
        listed(node, ACME, &newer).await;
        let again = page(node, ACME, &format!("source=ledger&limit=3&after={cursor}")).await;
        assert_eq!(again["items"], second["items"], "node {node}");
    }
    // Pages of any size are one list, the newest first.
    let whole = all(0, ACME, "source=ledger&to=2100-01-01T00:00:00Z", 200).await;
    let in_small = all(0, ACME, "source=ledger&to=2100-01-01T00:00:00Z", 7).await;
    let common = in_small.iter().position(|item| item == &whole[0]).expect("it is there");
    assert_eq!(in_small[common..], whole[..]);
    let places: Vec<_> = whole.iter().map(|item| item["place"]["index"].as_u64().expect("a leaf")).collect();
    assert!(places.windows(2).all(|pair| pair[0] > pair[1]));
    // A cursor is of its list, its tenant and its filters.
    for (key, query) in [
        (GLOBEX, "source=ledger"),
        (OPERATOR, "source=ledger"),
        (ACME, "source=local"),
        (ACME, "action=proof.submit&source=ledger"),
    ] {
        let ask = net().ask(0, Method::GET, &format!("/v1/audit?{query}&after={cursor}")).key(key);
        assert_eq!(ask.send().await.expect(400)["code"], "invalid_params", "{key} {query}");
    }
    let operators = page(0, OPERATOR, "tenant=acme&source=ledger&limit=1").await;
    assert_eq!(operators["items"].as_array().map(Vec::len), Some(1));
}

/// Names of operations that end, take back or erase something, each aimed at an entry of the log.
fn attacks(id: &str) -> Vec<Value> {
    let mut attacks = Vec::new();
    for name in ["attestation.revoke", "retention.tombstone", "entry.delete", "entry.update", "audit.delete"]
    {
        for member in ["attestation", "artifact", "id", "entry"] {
            let mut operation = json!({ "type": name, "reason": "I would rather not have said it" });
            operation[member] = json!(id);
            attacks.push(json!({ "operation": operation, "wait": "committed" }));
        }
    }
    attacks
}

/// Every command, aimed as well as it can be at an entry of the log (`ID`), at the node that tells of it (`URL`), and at
/// what that has on the disk (`NODE`). `FILE` stands for some file, `NEW` for one that is not there.
const COMMANDS: [&str; 70] = [
    "dev --reset --data-dir NODE",
    "testnet init --dir NEW --validators 1",
    "testnet start --dir NODE",
    "testnet stop --dir NODE",
    "testnet status --dir NODE",
    "testnet join --dir NODE",
    "testnet leave --dir NODE v2",
    "node init --dir NODE --origin ledger.test/other --passphrase-file FILE",
    "node start --dir NODE --wiped",
    "node notes --dir NODE --last 1",
    "submit FILE --timeout 30s",
    "submit batch FILE --timeout 30s",
    "submit statement FILE",
    "get ID",
    "search --id ID",
    "receipt ID --out NEW",
    "receipt item FILE --index 0",
    "receipt batch ID FILE --bundle NEW",
    "verify FILE",
    "tiles publish --to NEW",
    "tiles fsck NEW",
    "audit NEW",
    "audit-log list --token TOKEN",
    "audit-log export --token TOKEN --out NEW",
    "audit-log check --dir NODE",
    "policy init --yes --out NEW",
    "policy show FILE",
    "policy check FILE",
    "trust --out NEW",
    "validator list",
    "validator join --dir NODE --name v5 --out NEW",
    "validator leave v4 --out NEW",
    "validator approve FILE --dir NODE",
    "validator submit FILE",
    "evidence verify FILE --genesis FILE",
    "anchor status",
    "anchor request --kind ots --from http://127.0.0.1:9 --checkpoint FILE --out NEW",
    "anchor get 4 --dir NEW",
    "anchor verify FILE --checkpoint FILE",
    "witness status",
    "status",
    "keys new another",
    "keys list",
    "keys export-jwks",
    "keys show",
    "keys register --timeout 30s",
    "keys add another --timeout 30s",
    "keys rotate another --timeout 30s",
    "keys revoke another --key another --from-size 0 --reason unsaid --timeout 30s",
    "keys consent another --out NEW",
    "keys history",
    "identity show",
    "artifact commit FILE --timeout 30s",
    "artifact show ID",
    "artifact get ID --out NEW",
    "artifact give ID FILE",
    "artifact erase ID --reason unsaid --timeout 30s",
    "retention report --token TOKEN",
    "retention policy --token TOKEN",
    "config show --dir NODE",
    "bench submit --rate 10 --duration 100ms --keys 1",
    "bench read --connections 1 --duration 100ms",
    "export ID --to NEW --finalize --token TOKEN",
    "verify-evidence FILE",
    "verify-proof URL ID",
    "rows",
    "completions bash",
    "version",
    "help",
    "help audit-log",
];

/// The commands that a help page names, down to those that have none below them or can be run themselves.
fn commands(above: &[&str], found: &mut Vec<String>) {
    let said = quorate(&[above, &["--help"]].concat());
    let page = String::from_utf8(said.stdout).expect("text");
    let list =
        page.split_once("\nCommands:\n").map(|(_, rest)| rest.split("\n\n").next().unwrap_or_default());
    let names = list.into_iter().flat_map(str::lines).filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name != "help").then_some(name)
    });
    let names: Vec<&str> = names.collect();
    if names.is_empty() || page.contains(&format!("Usage: quorate {} [OPTIONS]", above.join(" "))) {
        found.push(above.join(" "));
    }
    for name in names {
        commands(&[above, &[name]].concat(), found);
    }
}

/// Runs them all.
fn command_everything(id: &str) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let node = net().dir(0);
    std::fs::write(dir.path().join("file"), format!("aimed at {id}")).expect("written");
    let mut known = Vec::new();
    commands(&[], &mut known);
    assert!(known.len() > 60, "{known:?}");
    for name in &known {
        let is_of = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        assert!(COMMANDS.iter().any(is_of), "{name} has no line here");
    }
    let first = ["keys new"].into_iter().chain(COMMANDS);
    for (number, line) in first.enumerate() {
        let new = format!("new-{number}");
        let words = line.split(' ').map(|word| match word {
            "ID" => id,
            "NODE" => node.to_str().expect("a path of text"),
            "FILE" => "file",
            "NEW" => &new,
            "TOKEN" => OPERATOR,
            "URL" => net().url(0),
            word => word,
        });
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quorate"));
        let command = command.args(words).current_dir(dir.path()).env("QUORATE_URL", net().url(0));
        let said = command.env("QUORATE_CONFIG_DIR", dir.path().join("config")).output().expect("it runs");
        let words = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.code().is_some() && !words.contains("\nUsage: "), "{line}: {words}");
    }
}

/// What could change something, by every method that writes.
const WRITING: [Method; 4] = [Method::DELETE, Method::PUT, Method::PATCH, Method::POST];

#[tokio::test]
async fn nothing_that_can_be_asked_changes_a_line_of_the_audit_log() {
    let id = written(0, ACME).await;
    assert_eq!(
        net().ask(0, Method::POST, "/v1/entries").bearer(READER).json(&proof(1)).send().await.status,
        403
    );
    listed(0, ACME, &id).await;
    let begun = Instant::now();
    let before = loop {
        let before = taken("ledger");
        if before.iter().any(|line| line["item"]["id"] == *id) {
            break before;
        }
        assert!(begun.elapsed() < PATIENCE, "no head covers it");
    };
    let refused = taken("local");
    assert!(!refused.is_empty());
    // Every route by every method that could write, with all rights.
    let document = net().get(0, "/openapi.json").await.expect(200);
    let mut asked = 0;
    for path in document["paths"].as_object().expect("paths").keys() {
        let mut filled = path.clone();
        while let (Some(from), Some(to)) = (filled.find('{'), filled.find('}')) {
            filled.replace_range(from..=to, &id);
        }
        for method in WRITING {
            let body = json!({ "id": id, "index": 2, "tenant": "acme", "items": [] });
            let ask = net().ask(0, method, &filled).key(OPERATOR).json(&body);
            ask.send().await;
            asked += 1;
        }
    }
    for method in WRITING {
        for path in ["/v1/audit".to_owned(), format!("/v1/audit/{id}"), format!("/v1/entries/{id}")] {
            let status =
                net().ask(0, method.clone(), &path).key(OPERATOR).json(&json!({})).send().await.status;
            assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
        }
    }
    // Every method of JSON-RPC.
    let methods = net().rpc(0, "rpc.discover", json!({})).await["result"]["methods"].clone();
    for method in methods.as_array().expect("methods") {
        let name = method["name"].as_str().expect("a name");
        for params in [json!({ "id": id }), json!({ "tenant": "acme", "id": id, "delete": true }), json!({})]
        {
            let call = json!({ "jsonrpc": "2.0", "id": 1, "method": name, "params": params });
            net().ask(0, Method::POST, "/rpc").key(OPERATOR).json(&call).send().await.expect(200);
            asked += 1;
        }
    }
    // Every operation that takes something back.
    for attack in attacks(&id) {
        let reply = net().post(0, "/v1/entries", OPERATOR, &attack).await;
        assert!((400..500).contains(&reply.status), "{attack}: {} {}", reply.status, reply.text);
    }
    assert!(asked > 300, "{asked}");
    command_everything(&id);
    for (source, before) in [("ledger", before), ("local", refused)] {
        let after = taken(source);
        assert!(after.len() > before.len(), "{source}: {} {}", after.len(), before.len());
        assert_eq!(after[..before.len()], before[..], "{source}");
    }
}

#[tokio::test]
async fn an_exported_audit_log_is_judged_without_any_node_line_by_line() {
    let id = written(0, ACME).await;
    let refused = net().ask(0, Method::POST, "/v1/entries").bearer(READER).json(&proof(1)).send().await;
    assert_eq!(refused.status, 403);
    let newest = net().until(0, &format!("/v1/entries/{id}/receipt"), |reply| reply.status == 200).await;
    assert!(newest.text.contains("checkpoint"));
    let dir = tempfile::tempdir().expect("a scratch folder");
    let text = |path: &Path| path.to_str().expect("a path of text").to_owned();
    let (file, policy) = (text(&dir.path().join("acme.jsonl")), text(&dir.path().join("policy.txt")));
    std::fs::write(&policy, net().get(0, "/v1/policy").await.text).expect("written");
    let url = net().url(0).to_owned();
    let export =
        ["audit-log", "export", "--url", &url, "--token", OPERATOR, "--tenant", "acme", "--out", &file];
    let said = quorate(&export);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let judged = |file: &str| {
        let said = quorate(&["verify", file, "--policy", &policy, "--output", "json"]);
        (said.status.code(), serde_json::from_slice::<Value>(&said.stdout).unwrap_or_default())
    };
    let (code, verdict) = judged(&file);
    assert_eq!((code, &verdict["verified"]), (Some(0), &json!(true)), "{verdict}");
    assert!(verdict["entries"].as_u64() > Some(0) && verdict["refusals"].as_u64() > Some(0), "{verdict}");
    let whole = std::fs::read_to_string(&file).expect("an export");
    assert!(whole.contains(&id));
    let lines: Vec<&str> = whole.lines().collect();
    let spoilt = text(&dir.path().join("spoilt.jsonl"));
    let spoil = |lines: Vec<String>, at: usize| {
        std::fs::write(&spoilt, lines.join("\n") + "\n").expect("written");
        let (code, verdict) = judged(&spoilt);
        assert_eq!((code, &verdict["line"]), (Some(4), &json!(at + 1)), "{verdict}");
    };
    let owned = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    // The first, the last, and some between; each member of an item.
    let last = lines.len() - 1;
    for at in [1, 2, last / 2, last - 1, last] {
        let line: Value = serde_json::from_str(lines[at]).expect("JSON");
        for member in ["id", "timestamp", "tenant_id", "action", "resource_type", "resource_id", "actor"] {
            let mut changed = line.clone();
            changed["item"][member] = json!("acme2");
            let mut lines = owned();
            lines[at] = changed.to_string();
            spoil(lines, at);
        }
        let mut without = owned();
        without.remove(at);
        let noticed = at.min(without.len() - 1);
        spoil(without, noticed);
    }
    // One digit of a leaf, of a proof, of a note.
    for (pointer, from) in
        [("/item/place/entry", "place"), ("/item/place/proof/0", "place"), ("/item/local/note", "local")]
    {
        let at = (1..lines.len()).rev().find(|at| {
            let line: Value = serde_json::from_str(lines[*at]).expect("JSON");
            line["item"][from].is_object() && line.pointer(pointer).is_some()
        });
        let at = at.unwrap_or_else(|| panic!("no line has {pointer}"));
        let mut line: Value = serde_json::from_str(lines[at]).expect("JSON");
        let there = line.pointer_mut(pointer).expect("found above");
        let text = there.as_str().expect("a text").to_owned();
        let (head, tail) = text.split_at(text.len() / 2);
        let digit = if tail.starts_with('1') { "2" } else { "1" };
        *there = json!(format!("{head}{digit}{}", &tail[1..]));
        let mut lines = owned();
        lines[at] = line.to_string();
        spoil(lines, at);
    }
}
