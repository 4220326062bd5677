//! The first five minutes, run as processes: the demonstration, a testnet, a submission, a crash.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
        command.args(args).current_dir(self.dir.path()).env("QUORATE_CONFIG_DIR", self.path("config"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("runs")
    }

    /// Runs a command that ends with this code; gives what it printed as JSON.
    fn json(&self, code: i32, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--output", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Ends a network's processes whatever happens to the test.
struct Stopped<'a>(&'a Case);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.run(&["testnet", "stop", "--kill", "--dir", "net"]);
    }
}

#[test]
fn the_demonstration_verifies_itself_and_can_be_repeated() {
    let case = Case::new();
    let demo = ["dev", "--demo", "--port", "0", "--data-dir", "data"];
    let output = case.run(&demo);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.lines().any(|line| line.trim_start().starts_with("VERIFIED ")), "{shown}");

    let again = case.json(0, &demo);
    assert_eq!(again["verified"], true);
    assert!(again["height"].as_u64() > Some(1), "the ledger was kept: {again}");
    let (receipt, policy) = (case.path("data/demo/receipt.json"), case.path("data/demo/policy.txt"));
    let program = env!("CARGO_BIN_EXE_quorate");
    let verify = ["verify", text(&receipt), "--policy", text(&policy), "--artifact", program];
    assert_eq!(case.json(0, &verify)["facts"]["operation"], "attestation.issue");

    assert_eq!(case.json(2, &[&demo[..], &["--validators", "1"]].concat()), Value::Null);
    let reset = case.json(0, &[&demo[..], &["--validators", "1", "--reset"]].concat());
    assert_eq!(reset["height"], 1, "a new ledger");
}

/// Ends a process whatever happens to the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A network of one validator that runs, and what it said of itself.
fn dev(case: &Case) -> (Killed, Value) {
    let arguments = ["dev", "--port", "0", "--validators", "1", "--data-dir", "data", "--output", "json"];
    let mut running = Killed(case.command(&arguments).stdout(Stdio::piped()).spawn().expect("starts"));
    let stdout = BufReader::new(running.0.stdout.take().expect("piped"));
    let mut told = String::new();
    for line in stdout.lines() {
        told += &line.expect("reads");
        if told.ends_with('}') && serde_json::from_str::<Value>(&told).is_ok() {
            break;
        }
    }
    let told: Value = serde_json::from_str(&told).expect("one object");
    (running, told)
}

#[test]
fn a_dev_network_that_runs_is_never_removed() {
    let case = Case::new();
    let (mut running, told) = dev(&case);
    let url = told["url"].as_str().expect("an address");
    assert_eq!(told["nodes"]["v1"], url);
    let network = told["network"].as_str().expect("an id");

    case.json(2, &["dev", "--demo", "--port", "0", "--validators", "1", "--data-dir", "data", "--reset"]);
    case.json(2, &["dev", "--demo", "--port", "0", "--validators", "1", "--data-dir", "data"]);
    std::fs::write(case.path("file"), "kept").expect("writes");
    assert_eq!(case.json(0, &["submit", "file", "--url", url])["state"], "finalized");

    let ask = format!("kill -TERM {}", running.0.id());
    assert!(Command::new("sh").args(["-c", &ask]).status().expect("asks").success());
    assert_eq!(running.0.wait().expect("ends").code(), Some(0));
    let again = case.run(&["dev", "--demo", "--port", "0", "--validators", "1", "--data-dir", "data"]);
    assert_eq!(again.status.code(), Some(0));
    let kept = std::fs::read_to_string(case.path("data/testnet.json")).expect("reads");
    assert!(kept.contains(network), "{kept}");
}

#[test]
fn a_load_is_measured_drawn_and_told() {
    let case = Case::new();
    let (running, told) = dev(&case);
    let url = told["url"].as_str().expect("an address");

    let load = ["bench", "submit", "--url", url, "--net", "data", "--rates", "20,40", "--duration", "1s"];
    let more = ["--kind", "mixed", "--keys", "3", "--receipts", "2", "--report", "load.json"];
    let report = case.json(0, &[&load[..], &more].concat());
    let rows = report["rows"].as_array().expect("a list");
    assert_eq!(rows.iter().map(|row| row["rate"].as_u64()).collect::<Vec<_>>(), [Some(20), Some(40)]);
    for row in rows {
        for count in ["accepted", "committed", "finalized"] {
            assert_eq!(row[count], row["rate"], "{count}: {row}");
        }
        assert!(row["receipts"].as_u64() > Some(0), "{row}");
        for latency in ["sent_late_ms", "accepted_ms", "committed_ms", "finalized_ms", "receipt_ms"] {
            assert!(row[latency]["p99"].as_f64() > Some(0.0), "{latency}: {row}");
        }
        assert_eq!(row["nodes"][0]["pid"], running.0.id(), "found by the lock it holds: {row}");
        assert!(row["nodes"][0]["dir_bytes"].as_u64() > Some(0), "{row}");
    }
    let written = std::fs::read_to_string(case.path("load.json")).expect("is there");
    assert_eq!(serde_json::from_str::<Value>(&written).expect("is JSON"), report);
    assert!(std::fs::read_to_string(case.path("load.svg")).expect("is there").starts_with("<svg "));

    let batches = ["bench", "submit", "--url", url, "--rate", "20", "--duration", "1s", "--receipts", "1"];
    let report = case.json(0, &[&batches[..], &["--kind", "batch", "--proofs", "30"]].concat());
    let (row, proofs) = (&report["rows"][0], &report["rows"][0]["proofs"]);
    assert_eq!((&proofs["each"], &proofs["finalized"]), (&Value::from(30), &Value::from(600)), "{row}");
    assert_eq!((&proofs["receipts"], &proofs["verified"]), (&Value::from(600), &Value::from(60)), "{row}");
    assert_eq!(row["errors"], serde_json::json!({}), "every item's receipt holds");
    assert_eq!(rows[0]["proofs"], Value::Null, "no batches, no proofs in them");

    let read = ["bench", "read", "--url", url, "--connections", "2", "--duration", "500ms"];
    for by in [["--by", "index"], ["--by", "id"]] {
        let answers = case.json(0, &[&read[..], &by].concat());
        assert!(answers["answered"].as_u64() > Some(0), "{answers}");
        assert_eq!(answers["errors"], serde_json::json!({}), "every entry has a receipt");
    }
    case.json(2, &["bench", "submit", "--url", url, "--kind", "proof", "--bytes", "9"]);
    case.json(2, &["bench", "submit", "--url", url, "--net", "elsewhere"]);
}

#[test]
fn a_node_that_says_nothing_is_not_waited_for_longer_than_asked() {
    let case = Case::new();
    // Connections are taken by the system; nobody ever reads them.
    let silent = TcpListener::bind("127.0.0.1:0").expect("listens");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    std::fs::write(case.path("file"), "x").expect("writes");
    let begin = Instant::now();
    let output = case.run(&["submit", "file", "--url", &url, "--timeout", "100ms"]);
    assert_eq!(output.status.code(), Some(7), "nothing was submitted, so nothing is unknown");
    assert!(begin.elapsed() < Duration::from_secs(10));
    drop(silent);
    let output = case.run(&["status", "--url", &url]);
    assert_eq!(output.status.code(), Some(7));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Connection refused") && !said.contains("error sending request"), "{said}");
}

#[test]
fn what_is_not_a_dev_network_is_never_removed() {
    let case = Case::new();
    case.json(0, &["testnet", "init", "--dir", "net", "--validators", "1", "--port", "24700"]);
    case.json(2, &["dev", "--demo", "--reset", "--port", "0", "--data-dir", "net"]);
    std::fs::create_dir(case.path("mine")).expect("makes");
    std::fs::write(case.path("mine/file"), "dear").expect("writes");
    case.json(2, &["dev", "--demo", "--reset", "--port", "0", "--data-dir", "mine"]);
    assert!(case.path("mine/file").exists() && case.path("net/v1/keystore.json").exists());
}

#[test]
fn a_testnet_takes_a_submission_and_survives_a_crash() {
    let case = Case::new();
    let drawn = case.json(0, &["testnet", "init", "--dir", "net", "--validators", "4", "--port", "24170"]);
    let url = drawn["nodes"][0]["rpc"].as_str().expect("an address").to_owned();
    let _stopped = Stopped(&case);
    let status = case.json(0, &["testnet", "start", "--dir", "net"]);
    let nodes = status["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 4);
    let mut members: Vec<&str> =
        nodes[0].as_object().expect("an object").keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["checkpoint_size", "height", "name", "p2p", "pid", "ready", "rpc", "view"]);
    assert!(nodes.iter().all(|node| node["ready"] == true && node["pid"].is_u64()), "{status}");

    std::fs::write(case.path("file"), "what is kept").expect("writes");
    let ticket = case.json(0, &["submit", "file", "--url", &url, "--wait", "finalized", "--timeout", "30s"]);
    assert_eq!(ticket["state"], "finalized");
    for member in ["id", "height", "index", "checkpoint_size"] {
        assert!(!ticket[member].is_null(), "{member}: {ticket}");
    }
    let id = ticket["id"].as_str().expect("an id");
    assert_eq!(case.json(0, &["get", id, "--url", &url])["index"], ticket["index"]);
    assert_eq!(case.json(3, &["receipt", "999999", "--url", &url]), Value::Null);

    // A crash of all four, and none of them forgets.
    case.json(0, &["testnet", "stop", "--kill", "--dir", "net"]);
    assert_eq!(case.json(7, &["get", id, "--url", &url]), Value::Null);
    case.json(0, &["testnet", "start", "--dir", "net"]);
    assert_eq!(case.run(&["receipt", id, "--url", &url, "-o", "receipt.json"]).status.code(), Some(0));
    let verify = ["verify", "receipt.json", "--policy", "net/policy.txt", "--artifact", "file"];
    assert_eq!(case.json(0, &verify)["verified"], true);

    // Half of the validators: nothing can be decided, and that is no failure.
    for node in ["v3", "v4"] {
        case.json(0, &["testnet", "stop", "--dir", "net", "--node", node]);
    }
    let ticket = case.json(6, &["submit", "file", "--url", &url, "--timeout", "1s"]);
    assert_eq!(ticket["state"], "accepted");
    case.json(0, &["testnet", "start", "--dir", "net"]);
    let id = ticket["id"].as_str().expect("an id");
    let last = (0..100).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        case.json(0, &["get", id, "--url", &url])["state"].clone()
    });
    assert!(last.into_iter().any(|state| state == "finalized"), "{id} is not final though all are back");
    case.json(0, &["testnet", "stop", "--dir", "net"]);
}

#[test]
fn one_node_alone_is_a_network() {
    let case = Case::new();
    std::fs::write(case.path("passphrase"), "open sesame\n").expect("writes");
    let bad = ["node", "init", "--dir", "node", "--origin", "no origin", "--passphrase-file", "passphrase"];
    case.json(2, &bad);
    assert!(!case.path("node/keystore.json").exists(), "the next attempt starts anew");
    let init =
        ["node", "init", "--dir", "node", "--origin", "ledger.test/one", "--passphrase-file", "passphrase"];
    assert!(case.json(0, &init)["network"].is_string());
    case.json(2, &init);
    case.json(2, &["node", "start", "--dir", "node"]);
    let shown = case.json(0, &["config", "show", "--dir", "node"]);
    assert_eq!(shown["settings"][0]["value"], "\"v1\"");
    let all = case.json(0, &["config", "show", "--dir", "node", "--effective", "--set", "log.format=json"]);
    let log = all["settings"].as_array().expect("a list").iter().find(|line| line["key"] == "log.format");
    assert_eq!(log.map(|line| &line["origin"]), Some(&"flag".into()));
}
