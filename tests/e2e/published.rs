//! The log as files: published by a running node, checked and audited from the files and from nodes, across a crash and
//! a change of the validators.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::quorate;
use crate::support::Net;

/// How long a publication may take after a head is final; debug builds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command and reads what it says.
async fn run(words: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(quorate());
    command.args(words).args(["--output", "json"]);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("it ran");
    let Output { status, stdout, stderr } = ran.expect("it ran");
    let fault = String::from_utf8_lossy(&stderr);
    let said = serde_json::from_slice(&stdout).unwrap_or_else(|_| Value::String(fault.into_owned()));
    (status.code(), said)
}

/// Waits until a head of at least this size is published.
async fn published(dir: &Path, size: u64) -> u64 {
    let until = Instant::now() + PATIENCE;
    loop {
        let note = std::fs::read_to_string(dir.join("checkpoint")).unwrap_or_default();
        match note.lines().nth(1).and_then(|line| line.parse().ok()) {
            Some(found) if found >= size => return found,
            found => assert!(Instant::now() < until, "{size} leaves are not published, {found:?} are"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All files below a directory, by path.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(dir).expect("below").to_string_lossy().into_owned();
                    found.insert(name, std::fs::read(&path).expect("a file"));
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_publishes_is_checked_and_audited() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let (dir, copy, state) =
        (scratch.path().join("log"), scratch.path().join("copy"), scratch.path().join("state"));
    let (dir_text, copy_text) = (dir.to_str().expect("text"), copy.to_str().expect("text"));
    let mut net = Net::publishing(21_860, &dir).await;
    for _ in 0..10 {
        net.finalize(1).await;
    }
    let (_, last) = net.finalize(0).await;
    published(&dir, last + 1).await;

    // A node that crashed goes on publishing where it was.
    net.kill(0);
    let (_, last) = net.finalize(1).await;
    net.boot(0);
    net.ready().await;
    published(&dir, last + 1).await;

    // Everything holds: in files, and at nodes over HTTP.
    let genesis = scratch.path().join("genesis.json");
    std::fs::copy(net.node(0).dir().join("genesis.json"), &genesis).expect("copied");
    let genesis = genesis.to_str().expect("text");
    let policy = scratch.path().join("policy.txt");
    std::fs::write(&policy, net.policy(0).await.to_string()).expect("written");
    let policy = policy.to_str().expect("text");
    let url = net.node(2).url();
    for place in [dir_text, &url] {
        let (exit, said) = run(&["tiles", "fsck", place, "--policy", policy]).await;
        assert_eq!(
            (exit, &said["ok"], &said["trusted"]),
            (Some(0), &true.into(), &true.into()),
            "{place}: {said}"
        );
        let (exit, said) = run(&["audit", place, "--policy", policy, "--genesis", genesis]).await;
        assert_eq!(
            (exit, &said["ok"], &said["findings"]),
            (Some(0), &true.into(), &Value::Array(vec![])),
            "{said}"
        );
        assert!(said["submissions"].as_u64() >= Some(12), "{said}");
    }

    // The validators change; an audit that ended before is gone on with, over the change.
    let state = state.to_str().expect("text");
    let (exit, before) = run(&["audit", dir_text, "--resume", state]).await;
    assert_eq!((exit, &before["resumed"]), (Some(0), &0.into()), "{before}");
    let mut join = Command::new(quorate());
    join.args(["testnet", "join", "--count", "1", "--timeout", "120s", "--dir"]).arg(net.dir());
    join.env("QUORATE_CONFIG_DIR", net.dir().join("config"));
    let joined = tokio::task::spawn_blocking(move || join.output()).await.expect("it ran").expect("it ran");
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
    net.look_again();
    let (_, last) = net.finalize(1).await;
    published(&dir, last + 1).await;
    let (exit, said) = run(&["audit", dir_text, "--genesis", genesis, "--resume", state]).await;
    assert_eq!((exit, &said["ok"], &said["epoch"]), (Some(0), &true.into(), &1.into()), "{said}");
    assert_eq!(said["resumed"], before["leaves"], "{said}");
    // Of two epochs, from a node that publishes nothing.
    let (exit, said) = run(&["audit", &url, "--genesis", genesis]).await;
    assert_eq!((exit, &said["epoch"]), (Some(0), &1.into()), "{said}");
    // Whoever operates no node publishes from one, and gets the same files.
    let (exit, said) = run(&["tiles", "publish", "--url", &url, "--to", copy_text]).await;
    assert_eq!((exit, &said["before"]), (Some(0), &0.into()), "{said}");
    let (ours, theirs) = (files(&copy), files(&dir));
    for (path, bytes) in ours.iter().filter(|(path, _)| path.as_str() != "checkpoint") {
        if let Some(found) = theirs.get(path).filter(|_| !path.starts_with("checkpoints/")) {
            assert!(found == bytes, "{path} differs");
        }
    }
    let (exit, said) = run(&["tiles", "publish", "--url", &url, "--to", copy_text]).await;
    assert_eq!((exit, &said["files"]), (Some(0), &0.into()), "{said}");

    // One byte in any file is found, and the file named.
    drop(net);
    for path in ours.keys().filter(|path| path.starts_with("tile/")) {
        let mut spoiled = ours[path].clone();
        let at = spoiled.len() / 2;
        spoiled[at] ^= 1;
        std::fs::write(copy.join(path), spoiled).expect("written");
        let (exit, said) = run(&["tiles", "fsck", copy_text]).await;
        assert_eq!((exit, &said["faults"][0]["path"]), (Some(4), &Value::String(path.clone())), "{said}");
        let (exit, said) = run(&["audit", copy_text]).await;
        assert_eq!(
            (exit, &said["files"]["faults"][0]["path"]),
            (Some(4), &Value::String(path.clone())),
            "{said}"
        );
        std::fs::write(copy.join(path), &ours[path]).expect("written");
    }
    let (exit, said) = run(&["audit", copy_text, "--genesis", genesis]).await;
    assert_eq!((exit, &said["ok"]), (Some(0), &true.into()), "{said}");

    // A signature that does not hold is nobody's business without a policy, and the end with one.
    let note = String::from_utf8(ours["checkpoint"].clone()).expect("text");
    let line = note.lines().last().expect("a signature");
    let (swapped, place) = (line.replace('A', "B"), copy.join("checkpoint"));
    std::fs::write(&place, note.replace(line, &swapped)).expect("written");
    assert_eq!(run(&["tiles", "fsck", copy_text]).await.0, Some(0));
    assert_eq!(run(&["tiles", "fsck", copy_text, "--policy", policy]).await.0, Some(4));
    let (exit, said) = run(&["audit", copy_text]).await;
    assert_eq!((exit, &said["ok"]), (Some(4), &false.into()), "an audit needs no policy for it: {said}");

    // What is missing or cannot be had is told apart from what is wrong.
    let nothing = scratch.path().join("nothing");
    let (exit, _) = run(&["tiles", "fsck", nothing.to_str().expect("text")]).await;
    assert_eq!(exit, Some(2));
    std::fs::create_dir(&nothing).expect("made");
    let (exit, _) = run(&["tiles", "fsck", nothing.to_str().expect("text")]).await;
    assert_eq!(exit, Some(3));
    let (exit, _) = run(&["audit", copy_text, "--policy", "no such file"]).await;
    assert_eq!(exit, Some(5));
}
