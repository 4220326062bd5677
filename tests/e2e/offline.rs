//! A receipt from one node for what another one took, verified by the binary without any network.

use std::path::Path;
use std::process::Command;

use proto::counter::LeafIndex;
use proto::receipt::Receipt;

use crate::quorate;
use crate::support::Net;

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_verified_in_a_namespace_without_network() {
    let net = Net::start(21_400).await;
    let policy = net.policy(0).await;
    let (id, _) = net.finalize(0).await;
    let receipt: Receipt = net.receipt(2, id, &policy).await;
    drop(net);

    let scratch = tempfile::tempdir().expect("a scratch folder");
    let (file, trust) = (scratch.path().join("receipt.json"), scratch.path().join("policy.txt"));
    std::fs::write(&file, receipt.to_json()).expect("a scratch file");
    std::fs::write(&trust, policy.to_string()).expect("a scratch file");

    // A namespace needs rights that not every machine gives.
    if !Command::new("unshare").args(["-rn", "true"]).status().is_ok_and(|status| status.success()) {
        println!("unshare -rn is not permitted here: not tested");
        return;
    }
    let verify = |file: &Path| {
        let mut command = Command::new("unshare");
        command.arg("-rn").arg(quorate()).arg("verify").arg(file).arg("--policy").arg(&trust);
        command.args(["--output", "json"]).output().expect("the command runs")
    };
    let output = verify(&file);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));

    let spoiled = Receipt { index: LeafIndex::new(receipt.index.get() ^ 1), ..receipt };
    std::fs::write(&file, spoiled.to_json()).expect("a scratch file");
    let output = verify(&file);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{words}");
    assert!(words.contains("root"), "the failed check is not named: {words}");
}
