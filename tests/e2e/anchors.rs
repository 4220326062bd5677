//! Anchors checked by the binary, offline: what they are facts of was made by OpenSSL and python-opentimestamps.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::quorate;

fn fact(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ledger/anchor/facts").join(name)
}

fn verify(file: &Path, checkpoint: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(quorate());
    command.args(["anchor", "verify"]).arg(file).arg("--checkpoint").arg(checkpoint).args(more);
    command.args(["--output", "json"]).output().expect("the command runs")
}

/// How it ended, and what it said.
fn told(output: &Output) -> (Option<i32>, Value) {
    let said = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), said)
}

#[test]
fn a_token_is_checked_against_the_roots_that_were_given() {
    let (checkpoint, roots) = (fact("checkpoint.txt"), fact("openssl-root.pem"));
    let roots = roots.to_str().expect("text");
    let token = fact("openssl-sha256.tsr");
    let (code, said) = told(&verify(&token, &checkpoint, &["--roots", roots]));
    assert_eq!((code, said["state"].as_str()), (Some(0), Some("confirmed")), "{said}");
    assert_eq!(said["authority"], "CN=Authority of a test");
    assert_eq!(
        told(&verify(&token, &checkpoint, &[])).0,
        Some(5),
        "without roots there is nothing to judge by"
    );
    let scratch = tempfile::tempdir().expect("a folder");
    let other = scratch.path().join("other.txt");
    let text = std::fs::read_to_string(&checkpoint).expect("a checkpoint");
    std::fs::write(&other, text.replacen("\n5\n", "\n6\n", 1)).expect("a file");
    let (code, said) = told(&verify(&token, &other, &["--roots", roots]));
    assert_eq!((code, said["state"].as_str()), (Some(4), Some("failed")), "{said}");
    let (code, _) = told(&verify(&token, &checkpoint, &["--roots", roots, "--policy", "1.2.3.4.2"]));
    assert_eq!(code, Some(4));
}

#[test]
fn a_proof_is_confirmed_by_a_header_and_a_promise_never() {
    let checkpoint = fact("checkpoint.txt");
    let headers = std::fs::read_to_string(fact("headers.txt")).expect("headers");
    let (_, header) = headers.trim().split_once(' ').expect("a height and a header");
    let (code, said) = told(&verify(&fact("promised.ots"), &checkpoint, &["--header", header]));
    assert_eq!((code, said["state"].as_str()), (Some(3), Some("pending")), "{said}");
    assert_eq!(said["calendars"].as_array().map(Vec::len), Some(2));
    let mined = fact("mined.ots");
    let (code, said) = told(&verify(&mined, &checkpoint, &[]));
    assert_eq!(
        (code, said["state"].as_str(), said["height"].as_u64()),
        (Some(5), Some("attested"), Some(812_345))
    );
    for more in [["--header", header], ["--headers", fact("headers.txt").to_str().expect("text")]] {
        let (code, said) = told(&verify(&mined, &checkpoint, &more));
        assert_eq!((code, said["state"].as_str()), (Some(0), Some("confirmed")), "{said}");
        assert_eq!(said["time_ms"].as_u64(), Some(1_700_000_000_000));
    }
    // Another block's root.
    let other = format!("{}ff{}", &header[..80], &header[82..]);
    let (code, said) = told(&verify(&mined, &checkpoint, &["--header", &other]));
    assert_eq!((code, said["state"].as_str()), (Some(4), Some("failed")), "{said}");
    assert_eq!(told(&verify(&mined, &checkpoint, &["--header", "00"])).0, Some(2));
}
