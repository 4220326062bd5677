//! `quorate verify`, run as a process: the exit codes, the check list, what it says of what is broken.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crypto::sha256;
use serde_json::Value;

struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    }

    fn quorate(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(args)
            // Keys and policies of whoever runs the tests are no part of them.
            .env("QUORATE_CONFIG_DIR", self.dir.path())
            .env_remove("NO_COLOR")
            .output()
            .expect("runs")
    }

    fn verify(&self, receipt: &Path, more: &[&str]) -> (i32, Value) {
        let policy = golden("policy");
        let fixed = ["verify", text(receipt), "--policy", text(&policy), "--output", "json"];
        let output = self.quorate(&[&fixed, more].concat());
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().expect("not killed"), report)
    }
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ledger/verify/tests/golden").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn receipt() -> String {
    std::fs::read_to_string(golden("receipt.json")).expect("reads")
}

#[test]
fn a_true_receipt_is_verified() {
    let case = Case::new();
    let (code, report) = case.verify(&golden("receipt.json"), &[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!((&report["verified"], &report["failed"]), (&Value::Bool(true), &Value::Null));
    let checks = report["checks"].as_array().expect("a list");
    let codes: Vec<_> = checks.iter().map(|check| check["code"].as_str().expect("a text")).collect();
    let frozen = [
        "receipt_format",
        "policy",
        "checkpoint_signatures",
        "quorum",
        "index",
        "proof_length",
        "root",
        "entry",
        "author_signature",
        "key_standing",
        "batch_item",
        "artifact",
        "freshness",
    ];
    assert_eq!(codes, frozen);
}

#[test]
fn people_read_the_same_verdict() {
    let case = Case::new();
    let policy = golden("policy");
    let receipt = golden("receipt.json");
    let output = case.quorate(&["verify", text(&receipt), "--policy", text(&policy)]);
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.ends_with("\nVERIFIED\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "a pipe gets no colours: {shown}");
}

#[test]
fn what_was_changed_fails_and_says_where() {
    let case = Case::new();
    let whole = receipt();
    let index = serde_json::from_str::<Value>(&whole).expect("is JSON")["index"].clone();
    let changed = [
        (whole.replacen(&format!("\"index\":{index}"), "\"index\":4096", 1), "index"),
        (whole.replacen("\"proof\":[", &format!("\"proof\":[\"{}\",", "00".repeat(32)), 1), "proof_length"),
        (whole.replacen("quorate/receipt/v1", "quorate/receipt/v2", 1), "receipt_format"),
        (whole.replacen('{', "{\"extra\":1,", 1), "receipt_format"),
        (whole[..whole.len() / 2].to_owned(), "receipt_format"),
        (String::new(), "receipt_format"),
    ];
    for (at, (bytes, failed)) in changed.iter().enumerate() {
        assert_ne!(*bytes, whole, "case {at} changes nothing");
        let (code, report) = case.verify(&case.file("changed.json", bytes), &[]);
        assert_eq!(code, 4, "case {at}: {report}");
        assert_eq!(report["failed"], *failed, "case {at}");
        assert_eq!(report["verified"], false);
    }
}

#[test]
fn a_flipped_bit_anywhere_fails() {
    let case = Case::new();
    let whole = receipt().into_bytes();
    // Every 997th byte: a prime, so that no column of the text is left out. `ledger/verify` flips all of them.
    for at in (0..whole.len()).step_by(997) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let (code, report) = case.verify(&case.file("flipped.json", bytes), &[]);
        assert_eq!(code, 4, "byte {at}: {report}");
    }
}

#[test]
fn an_artifact_is_the_one_or_it_is_not() {
    let case = Case::new();
    let right = case.file("artifact", "the artifact");
    let wrong = case.file("other", "another artifact");
    assert_eq!(case.verify(&golden("receipt.json"), &["--artifact", text(&right)]).0, 0);
    let (code, report) = case.verify(&golden("receipt.json"), &["--artifact", text(&wrong)]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("artifact")));
    assert_eq!(case.verify(&golden("receipt.json"), &["--artifact", "absent"]).0, 2);
}

#[test]
fn a_digest_is_as_good_as_the_file() {
    let case = Case::new();
    let (right, wrong) = (sha256(b"the artifact").to_string(), sha256(b"another artifact").to_string());
    assert_eq!(case.verify(&golden("receipt.json"), &["--digest", &right]).0, 0);
    let (code, report) = case.verify(&golden("receipt.json"), &["--digest", &wrong]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("artifact")));
    assert_eq!(case.verify(&golden("receipt.json"), &["--digest", &right.to_uppercase()]).0, 2);
    let file = case.file("artifact", "the artifact");
    assert_eq!(case.verify(&golden("receipt.json"), &["--digest", &right, "--artifact", text(&file)]).0, 2);
}

#[test]
fn the_item_of_a_batch_is_verified_by_itself() {
    let case = Case::new();
    // Item 6 of the batch in `ledger/verify`'s golden receipt: the number, as eight bytes.
    let (right, wrong) = (case.file("six", 6_u64.to_be_bytes()), case.file("seven", 7_u64.to_be_bytes()));
    let (code, report) = case.verify(&golden("item.json"), &["--artifact", text(&right)]);
    assert_eq!(code, 0, "{report}");
    let digest = Value::from(sha256(&6_u64.to_be_bytes()).to_string());
    let item = &report["facts"]["item"];
    assert_eq!(
        (&item["digest"], &item["index"], &item["count"]),
        (&digest, &Value::from(6), &Value::from(11))
    );
    let (code, report) = case.verify(&golden("item.json"), &["--artifact", text(&wrong)]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("artifact")));
    let whole = std::fs::read_to_string(golden("item.json")).expect("reads");
    for (from, to, failed) in [
        ("\"index\":6", "\"index\":7", "batch_item"),
        ("\"index\":6", "\"index\":11", "batch_item"),
        ("\"item\":{", "\"item\":{\"count\":11,", "receipt_format"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from} is not in it");
        let (code, report) = case.verify(&case.file("changed.json", changed), &[]);
        assert_eq!((code, &report["failed"]), (4, &Value::from(failed)), "{report}");
    }
}

#[test]
fn another_submission_and_old_age_fail() {
    let case = Case::new();
    let (code, report) = case.verify(&golden("receipt.json"), &["--id", &"ab".repeat(32)]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("entry")));
    let (code, report) = case.verify(&golden("receipt.json"), &["--max-age", "0s"]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("freshness")));
}

#[test]
fn without_a_policy_nothing_is_believed() {
    let case = Case::new();
    let receipt = golden("receipt.json");
    let broken = case.file("broken", "log nothing\n");
    assert_eq!(case.quorate(&["verify", text(&receipt)]).status.code(), Some(5));
    for policy in ["absent", text(&broken)] {
        let output = case.quorate(&["verify", text(&receipt), "--policy", policy]);
        assert_eq!(output.status.code(), Some(5), "{policy}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.starts_with("error: ") && said.contains("\n hint: "), "{said}");
    }
    // The policy of the configuration directory is the default.
    std::fs::copy(golden("policy"), case.dir.path().join("policy.txt")).expect("copies");
    assert_eq!(case.quorate(&["verify", text(&receipt)]).status.code(), Some(0));
}

#[test]
fn a_tlog_proof_needs_its_entry() {
    let case = Case::new();
    let proof = golden("receipt.tlog-proof");
    assert_eq!(case.verify(&proof, &[]).0, 2);
    let entry = serde_json::from_str::<Value>(&receipt()).expect("is JSON")["entry"].clone();
    let entry = base64(entry.as_str().expect("a text"));
    let entry = case.file("entry", entry);
    let (code, report) = case.verify(&proof, &["--entry", text(&entry)]);
    assert_eq!(code, 0, "{report}");
    let other = case.file("other", "another entry");
    let (code, report) = case.verify(&proof, &["--entry", text(&other)]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("root")));
}

#[test]
fn wrong_usage_is_told_from_a_wrong_receipt() {
    let case = Case::new();
    let policy = golden("policy");
    for args in [
        &["verify"][..],
        &["verify", "absent", "--policy", text(&policy)],
        &["verify", "x", "--max-age", "soon"],
        &["verfy"],
        &[],
    ] {
        assert_eq!(case.quorate(args).status.code(), Some(2), "{args:?}");
    }
}

/// Standard base64, decoded by its definition.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for symbol in text.trim_end_matches('=').chars() {
        let value = alphabet.find(symbol).expect("base64") as u32;
        bits = bits << 6 | value;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// The one receipt in each dialect that holds its entry.
const DIALECTS: [&str; 5] = [
    "receipt.json",
    "receipt.cose",
    "receipt-ed25519.cose",
    "receipt-ml-dsa-65.cose",
    "receipt.quorate.json",
];

#[test]
fn every_dialect_is_read_by_its_content_and_gives_the_same_report() {
    let case = Case::new();
    let (_, expected) = case.verify(&golden("receipt.json"), &[]);
    for name in DIALECTS {
        // The name says nothing of what is in it.
        let path = case.file("anything.bin", std::fs::read(golden(name)).expect("reads"));
        let (code, report) = case.verify(&path, &[]);
        assert_eq!((code, &report), (0, &expected), "{name}");
        let piped = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(["verify", "-", "--policy", text(&golden("policy")), "--output", "json"])
            .env("QUORATE_CONFIG_DIR", case.dir.path())
            .stdin(std::fs::File::open(&path).expect("opens"))
            .output()
            .expect("runs");
        assert_eq!(piped.status.code(), Some(0), "{name}");
        let mut bytes = std::fs::read(&path).expect("reads");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let (code, report) = case.verify(&case.file("spoiled", bytes), &[]);
        assert_eq!((code, &report["verified"]), (4, &Value::Bool(false)), "{name}");
    }
}

#[test]
fn a_cose_receipt_that_names_another_key_fails_by_name() {
    let case = Case::new();
    let mut bytes = std::fs::read(golden("receipt.cose")).expect("reads");
    // The key's name follows its label and length in the protected header.
    bytes[12] ^= 1;
    let (code, report) = case.verify(&case.file("receipt", &bytes), &[]);
    assert_eq!((code, &report["failed"]), (4, &Value::from("checkpoint_signatures")), "{report}");
}

#[test]
fn all_receipts_below_a_directory_are_verified_and_the_false_ones_named() {
    let case = Case::new();
    let deep = case.dir.path().join("receipts/deep");
    std::fs::create_dir_all(&deep).expect("a directory");
    let receipts = case.dir.path().join("receipts");
    for (number, name) in DIALECTS.iter().enumerate() {
        let folder = if number % 2 == 0 { &receipts } else { &deep };
        std::fs::copy(golden(name), folder.join(name)).expect("copies");
    }
    std::fs::copy(golden("receipt.tlog-proof"), deep.join("proof.tlog-proof")).expect("copies");
    let entry = proto::receipt::Receipt::from_json(&receipt()).expect("well formed").entry;
    std::fs::write(deep.join("proof.entry"), entry).expect("writes");
    std::fs::write(receipts.join("notes.txt"), "no receipt").expect("writes");

    let (code, found) = case.verify(&receipts, &[]);
    assert_eq!(
        (code, &found["verified"], &found["receipts"]),
        (0, &Value::Bool(true), &Value::from(6)),
        "{found}"
    );
    assert_eq!(found["false"], Value::Array(Vec::new()));
    assert_eq!(found["passed_over"].as_array().map(Vec::len), Some(2), "the text and the entry: {found}");

    // One that says something else, one that cannot be read, one whose entry is gone.
    std::fs::write(receipts.join("moved.json"), receipt().replace("\"index\":2", "\"index\":3"))
        .expect("writes");
    let cose = std::fs::read(golden("receipt.cose")).expect("reads");
    std::fs::write(deep.join("short.cose"), &cose[..cose.len() - 1]).expect("writes");
    std::fs::remove_file(deep.join("proof.entry")).expect("removes");
    let (code, found) = case.verify(&receipts, &[]);
    assert_eq!((code, &found["verified"], &found["receipts"]), (4, &Value::Bool(false), &Value::from(8)));
    let untrue: Vec<(String, &str)> = found["false"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let file = Path::new(one["file"].as_str().expect("a text"));
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            (name, one["failed"].as_str().expect("a text"))
        })
        .collect();
    let expected = [
        ("proof.tlog-proof".to_owned(), "receipt_format"),
        ("short.cose".to_owned(), "receipt_format"),
        ("moved.json".to_owned(), "root"),
    ];
    assert_eq!(untrue, expected);
    let output = case.quorate(&["verify", text(&receipts), "--policy", text(&golden("policy"))]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4));
    assert!(said.contains("short.cose") && said.contains("3 of 8 receipts"), "{said}");
}

#[test]
fn a_directory_without_receipts_and_questions_about_one_are_wrong_usage() {
    let case = Case::new();
    let empty = case.dir.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    assert_eq!(case.verify(&empty, &[]).0, 2);
    std::fs::copy(golden("receipt.json"), empty.join("receipt.json")).expect("copies");
    assert_eq!(case.verify(&empty, &[]).0, 0);
    let digest = "0".repeat(64);
    assert_eq!(case.verify(&empty, &["--digest", &digest]).0, 2);
    assert_eq!(case.verify(&empty, &["--id", &digest]).0, 2);
    assert_eq!(case.verify(&empty, &["--max-age", "1s"]).0, 4, "how old one may be is asked of all");
}
