//! The vectors of `receipt/`: made here, judged by the Rust verifier, compared with what is committed.
//!
//! `UPDATE=1` writes what is new; a vector that is there already may not change. A verifier in
//! another language is right when it fails the same check in each.

mod asked;
mod author;
mod bundle;
mod checkpoint;
mod cose;
mod cosignature;
mod entry;
mod format;
mod inclusion;
mod issuer;
mod issuing;
mod item;
mod judge;
mod keys;
mod log;
mod mutated;
mod neutral;
mod policy;
mod positive;
mod primitive;
mod session;
mod statement;
mod statement_cose;
mod statement_dsse;
mod statement_http;
mod statement_json;
mod statement_jws;
mod tlog_proof;
mod trust;
mod vector;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crypto::sha256;
use serde_json::{Value, json};
use verify::Code;

use judge::{FAULTS, judge};
use vector::{FORMAT, NO_TRUST, Vector};

/// The families, each a file of its name. A new dialect is one more row.
fn families() -> Vec<(&'static str, Vec<Vector>)> {
    vec![
        ("positive", positive::vectors()),
        ("format", format::vectors()),
        ("tlog-proof", tlog_proof::vectors()),
        ("policy", policy::vectors()),
        ("checkpoint", checkpoint::vectors()),
        ("inclusion", inclusion::vectors()),
        ("entry", entry::vectors()),
        ("author", author::vectors()),
        ("item", item::vectors()),
        ("asked", asked::vectors()),
        ("cose", cose::vectors()),
        ("bundle", bundle::vectors()),
        ("statement", statement::vectors()),
        ("statement-cose", statement_cose::vectors()),
        ("statement-jws", statement_jws::vectors()),
        ("statement-dsse", statement_dsse::vectors()),
        ("statement-http", statement_http::vectors()),
        ("session", session::vectors()),
        ("primitive", primitive::vectors()),
        ("issuer", issuer::vectors()),
    ]
}

/// One family as text: a record a line, so that a difference shows the vectors it concerns.
fn file(family: &str, vectors: &[Vector], seen: &mut Seen) -> String {
    let mut policies: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut texts = Vec::new();
    let mut records = Vec::new();
    for vector in vectors {
        let verdict = judge(vector);
        let said = format!("{family}: {}: {:?}", vector.name, verdict.fault);
        if verdict.failed != vector.failed {
            seen.wrong.push(format!("{said}: {:?}, {:?} expected", verdict.failed, vector.failed));
        }
        assert!(seen.names.insert((family.to_owned(), vector.name.clone())), "twice: {said}");
        seen.codes.insert(vector.failed.unwrap_or("none"));
        seen.faults.extend(verdict.fault);
        *seen.counts.entry(vector.failed.is_some()).or_default() += 1;
        let next = format!("p{}", policies.len() + 1);
        let policy = policies.entry(vector.policy.bytes()).or_insert_with(|| {
            texts.push(json!({ "name": next, "policy": vector.policy.json() }));
            next
        });
        records.push(vector.record(policy, verdict.fault, verdict.facts.as_ref()));
    }
    let line = |value: &Value| serde_json::to_string(value).expect("writes");
    let list = |values: &[Value]| values.iter().map(line).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\"format\":\"quorate/receipt-vectors/v1\",\n\"family\":\"{family}\",\n\"policies\":[\n{}\n],\n\"vectors\":[\n{}\n]}}\n",
        list(&texts),
        list(&records)
    )
}

/// What the vectors have shown, all together.
#[derive(Default)]
struct Seen {
    names: BTreeSet<(String, String)>,
    codes: BTreeSet<&'static str>,
    faults: BTreeSet<&'static str>,
    counts: BTreeMap<bool, usize>,
    wrong: Vec<String>,
}

/// What may not change of the vectors in a file: all but the names of policies and faults.
fn frozen(file: &str) -> BTreeMap<String, Value> {
    let Ok(mut file) = serde_json::from_str::<Value>(file) else { return BTreeMap::new() };
    let policies: BTreeMap<String, Value> = file["policies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|policy| (policy["name"].to_string(), policy["policy"].clone()))
        .collect();
    let records = file["vectors"].as_array_mut().into_iter().flatten().map(|record| {
        record["policy"] = policies[&record["policy"].to_string()].clone();
        record.as_object_mut().expect("a record").remove("fault");
        (record["name"].to_string(), record.take())
    });
    records.collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/receipt")
}

#[test]
fn every_vector_fails_its_check_and_is_as_committed() {
    let mut seen = Seen::default();
    let mut files: Vec<(String, String)> = families()
        .iter()
        .map(|(family, vectors)| (format!("{family}.json"), file(family, vectors, &mut seen)))
        .collect();
    let cosignatures = serde_json::to_string_pretty(&cosignature::file()).expect("writes") + "\n";
    files.push(("cosignature.json".to_owned(), cosignatures));
    let mut sums = String::new();
    for (name, text) in &files {
        let _ = writeln!(sums, "{}  {name}", sha256(text.as_bytes()));
    }
    files.push(("SHA256SUMS".to_owned(), sums));

    assert!(seen.wrong.is_empty(), "{}", seen.wrong.join("\n"));
    let missing: Vec<_> = FAULTS.iter().filter(|fault| !seen.faults.contains(*fault)).collect();
    assert!(missing.is_empty(), "no vector shows {missing:?}");
    let codes = Code::ALL.map(Code::as_str);
    let needed = codes.into_iter().chain([FORMAT, NO_TRUST, "none"]);
    let missing: Vec<_> = needed.filter(|code| !seen.codes.contains(code)).collect();
    assert!(missing.is_empty(), "no vector fails {missing:?}");
    println!("{:?} (true: spoilt)", seen.counts);
    assert!(seen.counts[&true] >= 300, "{:?}", seen.counts);

    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    for (name, text) in files {
        let path = folder().join(&name);
        if update {
            let made = frozen(&text);
            for (vector, record) in frozen(&fs::read_to_string(&path).unwrap_or_default()) {
                assert_eq!(
                    made.get(&vector),
                    Some(&record),
                    "{name}: a vector is never changed and never taken away"
                );
            }
            fs::create_dir_all(folder()).expect("a folder");
            fs::write(&path, &text).expect("written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{name} is not what is made: UPDATE=1 writes it");
    }
}
