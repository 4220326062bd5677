//! The walls: who may import whom, and what the quiet rooms may not name.
//!
//! `HOUSE` is the table of `ARCHITECTURE.md` as data. The checks are pure functions over the metadata that cargo
//! gives and over source texts; each has a test in which a seeded breach is caught.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::sources::{Source, has_word, production_lines, root, sources};

/// Folder, package, and the packages of the house it may import besides itself.
pub const HOUSE: [(&str, &str, &[&str]); 24] = [
    ("proto/crypto", "crypto", &[]),
    ("proto", "proto", &["crypto"]),
    ("consensus", "consensus", &["crypto", "proto"]),
    ("ledger/merkle", "merkle", &["crypto"]),
    ("ledger", "ledger", &["crypto", "merkle", "proto"]),
    ("ledger/anchor", "anchor", &["crypto"]),
    ("ledger/archive", "archive", &["crypto", "ledger", "merkle", "proto", "verify"]),
    ("ledger/mempool", "mempool", &["crypto", "proto"]),
    ("ledger/verify", "verify", &["crypto", "merkle", "proto"]),
    ("ledger/witness", "witness", &["crypto", "merkle", "proto"]),
    ("ledger/store", "store", &["crypto", "ledger", "proto"]),
    ("p2p", "p2p", &["crypto", "proto"]),
    ("api/arithmetic", "arithmetic", &[]),
    ("api/model", "model", &["crypto", "proto"]),
    (
        "api",
        "api",
        &["anchor", "archive", "arithmetic", "crypto", "ledger", "merkle", "model", "proto", "verify"],
    ),
    ("api/client", "client", &["crypto", "merkle", "model", "proto", "verify"]),
    ("node/engine", "engine", &["consensus", "crypto", "ledger", "mempool", "proto"]),
    ("node", "node", ABOVE_NODE),
    ("testnet/sim", "sim", BELOW_NODE),
    ("testnet/twins", "twins", &["consensus", "crypto", "proto"]),
    ("testnet", "testnet", &["client", "crypto", "model", "node", "proto"]),
    ("node/cli", "cli", FRONT_DOOR),
    ("tests", "tests", FRONT_DOOR),
    ("tests/bench", "bench", MEASURED),
];

/// The rooms whose cost is measured without a machine around them; `twins` lends signatures that cost nothing.
const MEASURED: &[&str] =
    &["consensus", "crypto", "ledger", "mempool", "merkle", "proto", "store", "twins", "verify"];

/// The simulator is a shell around the same engine: it may see what the engine is made of, to watch over it.
const BELOW_NODE: &[&str] =
    &["consensus", "crypto", "engine", "ledger", "mempool", "merkle", "proto", "store"];

/// What stands above `node` in the table: everything but the proving ground.
const ABOVE_NODE: &[&str] = &[
    "anchor",
    "api",
    "archive",
    "client",
    "consensus",
    "crypto",
    "engine",
    "ledger",
    "mempool",
    "merkle",
    "model",
    "p2p",
    "proto",
    "store",
    "verify",
    "witness",
];

/// The front door offers `dev`, `testnet`, `sim` and `bench`, so it may import all that is not a test.
const FRONT_DOOR: &[&str] = &[
    "anchor",
    "api",
    "archive",
    "client",
    "consensus",
    "crypto",
    "engine",
    "ledger",
    "mempool",
    "merkle",
    "model",
    "node",
    "p2p",
    "proto",
    "sim",
    "store",
    "testnet",
    "verify",
    "witness",
];

/// A foreign package (or its family) and the only packages of the house that may import it.
const FOREIGN: [(&str, &[&str]); 19] = [
    ("axum", &["api"]),
    ("clap", &["cli"]),
    ("fjall", &["store"]),
    ("futures", &["api", "archive", "node", "p2p"]),
    ("hyper", &["api"]),
    ("libp2p", &["p2p"]),
    ("object_store", &["archive"]),
    ("prost", &["proto"]),
    ("rand", &["api", "cli", "node", "store", "testnet"]),
    ("reqwest", &["client"]),
    ("rustix", &["cli", "node", "store", "testnet"]),
    ("schemars", &["api", "model"]),
    ("serde", &["anchor", "api", "cli", "client", "model", "node", "proto", "sim", "testnet", "verify"]),
    ("serde_json", &["anchor", "api", "cli", "client", "model", "node", "proto", "sim", "testnet", "verify"]),
    ("sled", &["store"]),
    ("tokio", &["api", "cli", "client", "node", "p2p", "testnet"]),
    ("tower", &["api"]),
    ("tracing", &["api", "cli", "client", "node", "p2p", "testnet"]),
    ("tracing-subscriber", &["cli", "node"]),
];

/// The rooms without a world, and what may not be reached from them even through others.
const QUIET: [&str; 11] = [
    "anchor",
    "arithmetic",
    "crypto",
    "proto",
    "consensus",
    "merkle",
    "ledger",
    "mempool",
    "verify",
    "witness",
    "engine",
];
const LOUD: [&str; 10] =
    ["axum", "clap", "fjall", "libp2p", "mio", "object_store", "rand", "reqwest", "sled", "tokio"];

/// Folders whose sources name no clock, chance, order of a hash table, float, file, socket or thread.
const QUIET_SOURCES: [&str; 13] = [
    "api/arithmetic/src/",
    "consensus/src/",
    "ledger/src/",
    "ledger/anchor/src/",
    "ledger/merkle/src/",
    "ledger/mempool/src/",
    "ledger/verify/src/",
    "ledger/witness/src/",
    "node/engine/src/",
    "proto/crypto/src/",
    "proto/src/",
    "testnet/sim/src/",
    "testnet/twins/src/",
];
/// The command lines of the quiet proving grounds are shells: arguments, output and a thread for each core.
const SHELLS: [&str; 5] = [
    "testnet/sim/src/main.rs",
    "testnet/sim/src/plot.rs",
    "testnet/twins/src/campaign.rs",
    "testnet/twins/src/main.rs",
    // Only tests have what it holds, and they tell whole processes which rule to break.
    "proto/crypto/src/defects.rs",
];
/// Where a float is allowed to be seen: read from text and written as text, both of which are exactly defined. Nothing is
/// computed with it.
const FLOATS: [&str; 1] = ["proto/src/canon/float.rs"];
/// Folders of rules: who decides what is said holds no key to sign it with.
const RULES: [&str; 7] = [
    "consensus/src/",
    "ledger/src/",
    "ledger/anchor/src/",
    "ledger/mempool/src/",
    "ledger/verify/src/",
    "ledger/witness/src/",
    "node/engine/src/",
];
const QUIET_WORDS: [(&str, &str); 13] = [
    ("HashMap", "its order differs from run to run: BTreeMap"),
    ("HashSet", "its order differs from run to run: BTreeSet"),
    ("Instant", "a clock: time arrives as an argument"),
    ("SystemTime", "a clock: time arrives as an argument"),
    ("f32", "a float: count in integers"),
    ("f64", "a float: count in integers"),
    ("std::fs", "a file: the shell reads and writes"),
    ("std::net", "a socket: the shell speaks"),
    ("std::thread", "a thread: the shell runs them"),
    ("std::process", "a process: the shell starts and ends them"),
    ("std::env", "the environment: configuration arrives as an argument"),
    ("thread_rng", "chance: seeds arrive as arguments"),
    ("tokio", "a runtime: the shell has one"),
];

/// `tokio-stream` and `tower-http` are of the families `tokio` and `tower`; `serde_json` stands for itself.
fn is_of(package: &str, family: &str) -> bool {
    package == family || package.strip_prefix(family).is_some_and(|rest| rest.starts_with('-'))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

/// What a package imports when it is built for use: normal and build dependencies, as declared.
fn imports(package: &Value) -> impl Iterator<Item = &Value> {
    list(package, "dependencies").iter().filter(|dependency| dependency["kind"].as_str() != Some("dev"))
}

/// Compares cargo's metadata with the tables; one line for each breach.
fn breaches(metadata: &Value) -> Vec<String> {
    let members: BTreeSet<&str> =
        list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    let table: BTreeMap<&str, (&str, &[&str])> =
        HOUSE.iter().map(|(folder, name, may)| (*name, (*folder, *may))).collect();
    let root = text(metadata, "workspace_root");
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for package in list(metadata, "packages").iter().filter(|p| members.contains(text(p, "id"))) {
        let name = text(package, "name");
        seen.insert(name);
        let Some((folder, may)) = table.get(name) else {
            found.push(format!("{name} is a crate of the workspace and not in the table of walls"));
            continue;
        };
        if text(package, "manifest_path") != format!("{root}/{folder}/Cargo.toml") {
            found.push(format!("{name} should live in {folder}, not at {}", text(package, "manifest_path")));
        }
        for import in imports(package) {
            let import = text(import, "name");
            if table.contains_key(import) && !may.contains(&import) {
                found.push(format!("{name} imports {import}; it may import {may:?}"));
            }
            for (family, holders) in FOREIGN {
                let closest = FOREIGN.iter().any(|(other, _)| *other == import && *other != family);
                if is_of(import, family) && !closest && !holders.contains(&name) && name != "tests" {
                    found.push(format!("{name} imports {import}; only {holders:?} may"));
                }
            }
        }
        if name == "sim" {
            found.extend(disk_of_the_simulator(package));
        }
    }
    for missing in table.keys().filter(|name| !seen.contains(*name)) {
        found.push(format!("{missing} stands in the table of walls and is no crate of the workspace"));
    }
    found.extend(reached(metadata));
    found
}

/// The simulator takes the store in memory: sled stays off.
fn disk_of_the_simulator(sim: &Value) -> Option<String> {
    let store = imports(sim).find(|import| text(import, "name") == "store")?;
    let disk = list(store, "features").iter().any(|feature| feature == "disk");
    (disk || store["uses_default_features"] == true).then(|| "sim imports store with its disk".to_owned())
}

/// Walks the resolved graph from each quiet room, through normal dependencies only.
fn reached(metadata: &Value) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").iter().map(|p| (text(p, "id"), text(p, "name"))).collect();
    let edges: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"], "nodes")
        .iter()
        .map(|node| {
            let normal =
                |dependency: &&Value| list(dependency, "dep_kinds").iter().any(|k| k["kind"].is_null());
            let to = list(node, "deps").iter().filter(normal).map(|dependency| text(dependency, "pkg"));
            (text(node, "id"), to.collect())
        })
        .collect();
    let mut found = Vec::new();
    for member in list(metadata, "workspace_members").iter().filter_map(Value::as_str) {
        let Some(room) = names.get(member).filter(|name| QUIET.contains(*name)) else { continue };
        let mut seen = BTreeSet::from([member]);
        let mut open = vec![member];
        while let Some(id) = open.pop() {
            let name = names.get(id).copied().unwrap_or("");
            if let Some(loud) = LOUD.iter().find(|loud| is_of(name, loud)) {
                found.push(format!("{room} reaches {name}, and so {loud}, through its dependencies"));
            }
            let next = edges.get(id).into_iter().flatten().copied();
            open.extend(next.filter(|id| seen.insert(id)));
        }
    }
    found
}

/// What the sources say that the manifests cannot: one line for each breach.
fn source_breaches(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        let shell = SHELLS.contains(&file.path.as_str()) || file.path.starts_with("testnet/sim/src/bin/");
        let quiet = QUIET_SOURCES.iter().any(|folder| file.path.starts_with(folder)) && !shell;
        let proto = file.path.starts_with("proto/src/");
        let wire = file.path.starts_with("proto/src/wire");
        let receipt = file.path.starts_with("proto/src/receipt");
        let rules = RULES.iter().any(|folder| file.path.starts_with(folder));
        for (at, line) in production_lines(&file.text).into_iter().enumerate() {
            let place = format!("{}:{}", file.path, at + 1);
            for (word, why) in QUIET_WORDS {
                let seen_as_text = word == "f64" && FLOATS.contains(&file.path.as_str());
                if quiet && !seen_as_text && has_word(line, word) {
                    found.push(format!("{place} names {word}, {why}"));
                }
            }
            if rules && has_word(line, "SecretKey") {
                found.push(format!("{place} names SecretKey: the shell signs, behind the gate"));
            }
            if proto && !wire && has_word(line, "prost") {
                found.push(format!("{place} names prost, which stays in proto/src/wire"));
            }
            if proto && !receipt && (has_word(line, "serde") || has_word(line, "serde_json")) {
                found.push(format!("{place} names serde, which stays in proto/src/receipt.rs"));
            }
        }
    }
    found
}

/// What cargo says of the house, asked once.
fn metadata() -> Value {
    static ASKED: OnceLock<Value> = OnceLock::new();
    ASKED.get_or_init(ask_cargo).clone()
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// As far as this platform goes: what only others build with was never fetched on a machine that just ran the tests.
fn ask_cargo() -> Value {
    let version = String::from_utf8(cargo(&["-vV"])).expect("cargo speaks UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo knows its host");
    let asked = ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host];
    serde_json::from_slice(&cargo(&asked)).expect("cargo prints JSON")
}

#[test]
fn nobody_reaches_through_a_wall() {
    let found = breaches(&metadata());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn quiet_rooms_are_quiet() {
    let found = source_breaches(&sources(&["rs"]));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Adds a dependency to a crate of the real metadata and says what the checker finds.
fn seeded(package: &str, import: &Value) -> Vec<String> {
    let mut metadata = metadata();
    let before = breaches(&metadata);
    let packages = metadata["packages"].as_array_mut().expect("cargo lists packages");
    let found = packages.iter_mut().find(|p| text(p, "name") == package && p["source"].is_null());
    let dependencies = &mut found.expect("the crate is in the house")["dependencies"];
    dependencies.as_array_mut().expect("cargo lists dependencies").push(import.clone());
    breaches(&metadata).into_iter().filter(|line| !before.contains(line)).collect()
}

#[test]
fn a_seeded_import_is_caught() {
    let normal = |name: &str| serde_json::json!({ "name": name, "kind": null, "features": [] });
    for (package, import) in [
        ("consensus", "ledger"),
        ("consensus", "tokio"),
        ("ledger", "consensus"),
        ("merkle", "proto"),
        ("mempool", "store"),
        ("verify", "ledger"),
        ("witness", "ledger"),
        ("p2p", "consensus"),
        ("api", "node"),
        ("client", "axum"),
        ("engine", "store"),
        ("engine", "rand"),
        ("crypto", "serde_json"),
        ("node", "libp2p-stream"),
        ("node", "testnet"),
        ("node", "sled"),
        ("node", "fjall"),
        ("node", "object_store"),
        ("archive", "store"),
        ("cli", "tests"),
        ("model", "tower-http"),
        ("ledger", "prost"),
        ("sim", "tokio-stream"),
    ] {
        let found = seeded(package, &normal(import));
        let expected = format!("{package} imports {import};");
        assert_eq!(found.len(), 1, "{package} -> {import}: {found:?}");
        assert!(found[0].starts_with(&expected), "{found:?} does not say {expected:?}");
    }
    let dev = serde_json::json!({ "name": "tokio", "kind": "dev", "features": [] });
    assert_eq!(seeded("consensus", &dev), Vec::<String>::new(), "tests may import what they like");
    let build = serde_json::json!({ "name": "tokio", "kind": "build", "features": [] });
    assert_eq!(seeded("consensus", &build).len(), 1, "a build script is production");
}

#[test]
fn a_disk_in_the_simulator_is_caught() {
    let with = |features: Value, defaults: bool| {
        let store = serde_json::json!({
            "name": "store", "kind": null, "features": features, "uses_default_features": defaults });
        disk_of_the_simulator(&serde_json::json!({ "dependencies": [store] }))
    };
    assert!(with(serde_json::json!(["disk"]), false).is_some());
    assert!(with(serde_json::json!([]), true).is_some());
    assert!(with(serde_json::json!(["suite"]), false).is_none());
}

#[test]
fn what_is_reached_through_another_is_caught() {
    let edge = |to: &str, kind: Value| serde_json::json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] });
    let graph = |kind: Value| {
        serde_json::json!({
            "workspace_members": ["engine#1"],
            "packages": [
                { "id": "engine#1", "name": "engine" }, { "id": "between#1", "name": "between" },
                { "id": "tokio#1", "name": "tokio" }],
            "resolve": { "nodes": [
                { "id": "engine#1", "deps": [edge("between#1", Value::Null)] },
                { "id": "between#1", "deps": [edge("tokio#1", kind)] },
                { "id": "tokio#1", "deps": [] }] },
        })
    };
    assert_eq!(reached(&graph(Value::Null)).len(), 1);
    assert_eq!(reached(&graph("dev".into())).len(), 0);
}

#[test]
fn a_new_or_moved_crate_is_caught() {
    let mut metadata = metadata();
    metadata["workspace_members"].as_array_mut().expect("cargo lists members").push("attic#1".into());
    metadata["packages"].as_array_mut().expect("cargo lists packages").push(serde_json::json!({
        "id": "attic#1", "name": "attic", "dependencies": [], "manifest_path": "attic/Cargo.toml" }));
    assert!(breaches(&metadata).iter().any(|line| line.starts_with("attic is a crate")));
    metadata["workspace_root"] = "elsewhere".into();
    assert!(breaches(&metadata).iter().any(|line| line.starts_with("proto should live in proto")));
}

#[test]
fn a_seeded_word_is_caught() {
    for (path, text, breaches) in [
        ("consensus/src/votes.rs", "use std::collections::HashMap;", 1),
        ("consensus/src/votes.rs", "// HashMap would differ from run to run", 0),
        ("consensus/src/votes/tests.rs", "use std::collections::HashMap;", 0),
        ("consensus/src/safety.rs", "fn sign(key: &SecretKey)", 1),
        ("consensus/src/testing.rs", "fn sign(key: &SecretKey)", 0),
        ("node/src/perform.rs", "fn sign(key: &SecretKey)", 0),
        ("ledger/src/apply.rs", "fn rate() -> f64 {", 1),
        ("ledger/verify/src/lib.rs", "let now = std::time::Instant::now();", 1),
        ("node/engine/src/engine.rs", "std::fs::read(path)", 1),
        ("node/src/driver.rs", "std::fs::read(path)", 0),
        ("testnet/sim/src/world.rs", "SystemTime::now()", 1),
        ("testnet/sim/src/main.rs", "std::env::args()", 0),
        ("testnet/twins/src/net.rs", "use std::thread;", 1),
        ("testnet/twins/src/campaign.rs", "use std::thread;", 0),
        ("proto/src/block.rs", "use prost::Message;", 1),
        ("proto/src/wire/chain.rs", "use prost::Message;", 0),
        ("proto/src/block.rs", "#[derive(serde::Serialize)]", 1),
        ("proto/src/receipt.rs", "#[derive(serde::Serialize)]", 0),
    ] {
        let found = source_breaches(&[Source::new(path, text)]);
        assert_eq!(found.len(), breaches, "{path}: {text}: {found:?}");
    }
}
