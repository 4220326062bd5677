//! `quorate policy`, run as a process: made, put in words, checked; and whom it does not take a word from.

use std::path::Path;
use std::process::{Command, Output};

use node::genesis_file;
use node::keys::{MasterSeed, NodeKeys};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::note::{KeyName, NoteKey, SignatureType};
use proto::policy::Policy;
use serde_json::Value;

fn genesis() -> Genesis {
    let keys = |number: u8| NodeKeys::derive(&MasterSeed::new([number; 32]));
    Genesis {
        origin: "ledger.test/one".to_owned(),
        time: TimeMs::new(1_700_000_000_000),
        validators: (1..=4).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

fn witness() -> String {
    let keys = NodeKeys::derive(&MasterSeed::new([9; 32]));
    let name = KeyName::parse("w.example").expect("a name");
    let key = keys.witness_ed25519.public().clone();
    NoteKey::new(name, SignatureType::CosignatureEd25519, key).expect("ed25519").to_string()
}

fn quorate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn a_policy_is_made_of_a_genesis_shown_and_checked() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    genesis_file::create(&dir.join("genesis.json"), &genesis()).expect("it is written");
    let made = quorate(dir, &["policy", "init", "--genesis", "genesis.json"]);
    assert_eq!(code(&made), Some(0), "{}", text(&made.stderr));
    let expected = Policy::of(&genesis().validator_set()).expect("equal powers");
    assert_eq!(text(&made.stdout), expected.to_string());

    let vkey = format!("{} http://w.example/witness", witness());
    let args = ["policy", "init", "--genesis", "genesis.json", "--witness", &vkey, "--out", "policy.txt"];
    let made = quorate(dir, &[&args[..], &["--output", "json"]].concat());
    assert_eq!(code(&made), Some(0), "{}", text(&made.stderr));
    let made = json(&made);
    assert_eq!(
        (made["network"].as_str(), &made["trust_on_first_use"]),
        (Some(&*genesis().network().to_string()), &Value::Bool(false))
    );
    let words = "at least 3 of v1 v2 v3 v4, each by Ed25519 and ML-DSA-65; and w.example, each by Ed25519";
    assert_eq!(made["quorum"], words);
    let shown = quorate(dir, &["policy", "show", "policy.txt"]);
    assert!(code(&shown) == Some(0) && text(&shown.stdout).contains(words), "{}", text(&shown.stdout));
    assert!(text(&shown.stdout).contains("http://w.example/witness"));
    let checked = quorate(dir, &["policy", "check", "policy.txt"]);
    assert_eq!((code(&checked), text(&checked.stdout).contains("GOOD")), (Some(0), true));

    let either = quorate(dir, &["policy", "init", "--genesis", "genesis.json", "--post-quantum", "accept"]);
    assert!(text(&either.stdout).contains("\ngroup v1 any v1-ed25519 v1-ml-dsa-65\n"));
    let id = genesis().network().to_string();
    let known = quorate(dir, &["policy", "init", "--genesis", "genesis.json", "--network", &id]);
    assert_eq!(code(&known), Some(0));
}

#[test]
fn what_cannot_be_trusted_is_refused_with_its_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    genesis_file::create(&dir.join("genesis.json"), &genesis()).expect("it is written");
    let init = |more: &[&str]| quorate(dir, &[&["policy", "init"], more].concat());
    let other = "0".repeat(64);
    for (args, expected) in [
        (&[][..], 2),
        (&["--genesis", "missing.json"], 5),
        (&["--genesis", "genesis.json", "--network", &other], 5),
        (&["--genesis", "genesis.json", "--witness", "nonsense"], 2),
        (&["--genesis", "genesis.json", "--witness", &witness(), "--witness-count", "2"], 2),
        (&["--genesis", "genesis.json", "--url", "http://127.0.0.1:1"], 2),
        (&["--testnet", "."], 2),
        (&["--url", "http://127.0.0.1:1"], 7),
    ] {
        let ended = init(args);
        assert_eq!(code(&ended), Some(expected), "{args:?}: {}", text(&ended.stderr));
    }
    let bad = |text: &str| {
        std::fs::write(dir.join("bad.txt"), text).expect("it is written");
        quorate(dir, &["policy", "check", "bad.txt"])
    };
    let unfinished = bad("quorum none");
    assert_eq!(code(&unfinished), Some(5));
    assert!(text(&unfinished.stderr).contains("line 1"), "{}", text(&unfinished.stderr));
    // A quorum of keys that nobody here can check is a policy, and of no use here.
    let log = NodeKeys::derive(&MasterSeed::new([8; 32])).log.public().clone();
    let log = NoteKey::new(KeyName::parse("log.example").expect("a name"), SignatureType::Ed25519, log);
    let log = log.expect("ed25519");
    let opaque = bad(&format!("log {log}\nwitness w k+00000001+/gcH\nquorum w\n"));
    assert_eq!((code(&opaque), text(&opaque.stdout).contains("UNUSABLE")), (Some(5), true));
    let unused = bad(&format!("log {log}\nwitness w {}\nquorum none\n", witness()));
    assert_eq!(code(&unused), Some(0));
    assert!(text(&unused.stdout).contains("w is of no use"), "{}", text(&unused.stdout));
}

#[test]
fn it_is_said_which_signatures_of_a_receipt_count() {
    let dir = tempfile::tempdir().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ledger/verify/tests/golden");
    let path = |name: &str| golden.join(name).display().to_string();
    for receipt in ["receipt.json", "receipt.tlog-proof"] {
        let checked =
            quorate(dir.path(), &["policy", "check", &path("policy"), &path(receipt), "--output", "json"]);
        assert_eq!(code(&checked), Some(0), "{}", text(&checked.stderr));
        let looked = &json(&checked)["checkpoint"];
        let signatures = looked["signatures"].as_array().expect("lines");
        assert_eq!((looked["satisfied"].as_bool(), signatures.len()), (Some(true), 9));
        assert!(signatures.iter().all(|line| line["counts"] == true), "{looked}");
        assert_eq!(looked["missing"].as_array().map(Vec::len), Some(2), "one of four has not signed");
    }
    let policy = Policy::of(&genesis().validator_set()).expect("equal powers").to_string();
    std::fs::write(dir.path().join("other.txt"), policy).expect("it is written");
    let checked = quorate(dir.path(), &["policy", "check", "other.txt", &path("receipt.json")]);
    let said = text(&checked.stdout);
    assert_eq!(code(&checked), Some(4), "{said}");
    assert!(said.contains("NOT SATISFIED") && said.contains("validators: 0 of the 3 needed"), "{said}");
}
