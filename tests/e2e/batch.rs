//! Five files under one signature: each is shown by itself afterwards, to a verifier that asks nobody.

use std::path::Path;
use std::process::Output;

use crypto::sha256;
use serde_json::Value;

use crate::quorate;
use crate::support::Net;

/// Files as they are named, and what is in them. The last says what the second does.
const FILES: [(&str, &str); 6] =
    [("a", "first"), ("b", "second"), ("c", "third"), ("d", "fourth"), ("e", "fifth"), ("again", "second")];

/// A folder in which the binary runs with keys of its own.
pub struct Desk {
    pub dir: tempfile::TempDir,
    pub url: String,
}

impl Desk {
    pub async fn run(&self, args: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(quorate());
        command.args(args).args(["--output", "json"]).current_dir(self.dir.path());
        command.env("QUORATE_CONFIG_DIR", self.dir.path().join("config")).env("QUORATE_URL", &self.url);
        command.output().await.expect("the command runs")
    }

    /// Runs a command that ends with this code; gives what it printed as JSON.
    pub async fn json(&self, code: i32, args: &[&str]) -> Value {
        let output = self.run(args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).expect("it was written")
    }

    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        std::fs::write(self.dir.path().join(name), text).expect("a scratch file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_of_a_batch_has_a_receipt_of_its_own() {
    let net = Net::start(21_900).await;
    let desk = Desk { dir: tempfile::tempdir().expect("a scratch folder"), url: net.node(0).url() };
    desk.write("policy", net.policy(0).await.to_string());
    for (name, text) in FILES {
        desk.write(name, text);
    }
    let names = FILES.map(|(name, _)| name);
    let kept = ["--bundle", "bundle", "--receipts", "receipts", "--timeout", "60s"];
    let ticket = desk.json(0, &[&["submit", "batch"], &names[..], &kept[..]].concat()).await;
    assert_eq!(ticket["state"], "finalized");
    let batch = &ticket["batch"];
    assert_eq!((&batch["count"], &batch["repeated"]), (&Value::from(5), &Value::from(1)));
    let id = ticket["id"].as_str().expect("an id").to_owned();
    // Another node, and the same items: receipts again.
    let again = ["receipt", "batch", &id, "--bundle", "again.bundle", "--url", &net.node(1).url()];
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while desk.run(&[&again[..], &names[..]].concat()).await.status.code() != Some(0) {
        assert!(std::time::Instant::now() < until, "the other node never has the receipt");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let wrong = desk.run(&[&again[..], &["b", "a", "c", "d", "e"]].concat()).await;
    assert_eq!(wrong.status.code(), Some(4), "in another order they are another batch");
    // From here on nobody is asked.
    drop(net);

    let policy = ["--policy", "policy"];
    for (at, (name, text)) in FILES.iter().enumerate() {
        let digest = sha256(text.as_bytes()).to_string();
        let place = if *name == "again" { 1 } else { at };
        assert_eq!(batch["files"][at]["index"], place, "{name}");
        let single = format!("receipts/{digest}.json");
        desk.json(0, &["receipt", "item", "bundle", "--artifact", name, "--out", "item.json"]).await;
        assert_eq!(desk.read("item.json"), desk.read(&single), "{name}");
        let verify = [&["verify", &single, "--artifact", name], &policy[..]].concat();
        let report = desk.json(0, &verify).await;
        let item = &report["facts"]["item"];
        assert_eq!((item["digest"].as_str(), &item["index"]), (Some(&*digest), &Value::from(place)));
        desk.json(0, &["receipt", "item", "again.bundle", "--digest", &digest, "--out", "item.json"]).await;
        desk.json(0, &[&["verify", "item.json", "--digest", &digest], &policy[..]].concat()).await;
    }
    let tlog = ["--format", "tlog-proof", "--entry-out", "entry", "--out", "item.tlog"];
    desk.json(0, &[&["receipt", "item", "bundle", "--index", "4"], &tlog[..]].concat()).await;
    let verify = ["verify", "item.tlog", "--entry", "entry", "--artifact", "e"];
    desk.json(0, &[&verify[..], &policy[..]].concat()).await;

    // What was spoiled fails the check of its name.
    desk.json(0, &["receipt", "item", "bundle", "--artifact", "c", "--out", "item.json"]).await;
    let good = desk.read("item.json");
    let spoiled = good.replacen("\"index\":2,\"path\"", "\"index\":3,\"path\"", 1);
    assert_ne!(spoiled, good);
    desk.write("spoiled.json", spoiled);
    let report = desk.json(4, &[&["verify", "spoiled.json"], &policy[..]].concat()).await;
    assert_eq!(report["failed"], "batch_item");
    let report = desk.json(4, &[&["verify", "item.json", "--artifact", "d"], &policy[..]].concat()).await;
    assert_eq!(report["failed"], "artifact");
    desk.json(3, &["receipt", "item", "bundle", "--digest", &"ab".repeat(32)]).await;
}
