//! `quorate evidence verify`, run as a process: who is convicted, what convicts nobody, the exit codes.

use std::path::Path;
use std::process::{Command, Output};

use consensus::Evidence;
use crypto::sha256;
use node::evidence_file::{EvidenceFile, Proof};
use node::genesis_file;
use node::keys::{MasterSeed, NodeKeys};
use proto::ballot::{Vote, VoteStatement};
use proto::counter::{Epoch, Height, TimeMs, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{BlockId, ValidatorIndex};
use serde_json::Value;

fn keys(number: u8) -> NodeKeys {
    NodeKeys::derive(&MasterSeed::new([number; 32]))
}

fn genesis(origin: &str) -> Genesis {
    Genesis {
        origin: origin.to_owned(),
        time: TimeMs::new(1_700_000_000_000),
        validators: (1..=4).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

fn vote(genesis: &Genesis, block: &[u8]) -> Vote {
    let block = BlockId::new(sha256(block));
    let statement = VoteStatement { epoch: Epoch::ZERO, view: View::new(7), height: Height::new(1), block };
    let signature = keys(2).consensus.sign(&statement.signed_bytes(&genesis.network()));
    Vote { statement, voter: ValidatorIndex::new(1), signature }
}

fn file(genesis: &Genesis, second: &[u8]) -> String {
    let pair = Box::new([vote(genesis, b"one"), vote(genesis, second)]);
    EvidenceFile { network: genesis.network(), proof: Proof::Consensus(Evidence::Votes(pair)) }.to_json()
}

fn quorate(dir: &Path, evidence: &str, genesis: &str, more: &[&str]) -> Output {
    let args = ["evidence", "verify", evidence, "--genesis", genesis];
    Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(args)
        .args(more)
        .current_dir(dir)
        .output()
        .expect("the program runs")
}

#[test]
fn evidence_convicts_by_the_keys_of_genesis_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (one, two) = (genesis("ledger.test/one"), genesis("ledger.test/two"));
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("it is written");
    genesis_file::create(&dir.path().join("one.json"), &one).expect("it is written");
    genesis_file::create(&dir.path().join("two.json"), &two).expect("it is written");
    let text = file(&one, b"two");
    put("twice.json", &text);
    put("same.json", &file(&one, b"one"));
    put("damaged.json", &text.replacen("first\": \"1", "first\": \"7", 1));
    for (evidence, genesis, code, said) in [
        ("twice.json", "one.json", 0, ""),
        ("same.json", "one.json", 4, "said twice"),
        ("damaged.json", "one.json", 4, "statement \"first\""),
        ("twice.json", "two.json", 4, "the validators are of"),
        ("one.json", "one.json", 4, "not readable"),
    ] {
        let output = quorate(dir.path(), evidence, genesis, &["--output", "json"]);
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(code), "{evidence} {genesis}: {verdict}");
        assert_eq!(verdict["convicts"], code == 0);
        let fault = verdict["fault"].as_str().unwrap_or_default();
        assert!(fault.contains(said), "{evidence}: {fault:?} does not say {said:?}");
        let convicted = (&verdict["validator"], &verdict["index"], &verdict["kind"], &verdict["view"]);
        match code {
            0 => assert_eq!(convicted, (&"v2".into(), &1.into(), &"votes".into(), &7.into())),
            _ => assert_eq!(verdict["validator"], Value::Null, "nobody is named who is not convicted"),
        }
    }
    assert_eq!(quorate(dir.path(), "none.json", "one.json", &[]).status.code(), Some(2));
    assert_eq!(quorate(dir.path(), "twice.json", "none.json", &[]).status.code(), Some(5));
    let told = quorate(dir.path(), "twice.json", "one.json", &[]);
    let told = String::from_utf8(told.stdout).expect("text");
    assert!(told.contains("v2") && told.contains("CONVICTED"), "{told}");
}
