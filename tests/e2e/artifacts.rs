//! Bytes beside the log: committed, kept by one node, erased by all who have them; and every proof of them stays.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::quorate;
use crate::support::Net;

const LETTER: &[u8] = b"Nobody but us shall read this.";

struct Person {
    dir: tempfile::TempDir,
    url: String,
}

impl Person {
    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(quorate());
        command.args(args).args(["--output", "json"]).current_dir(self.dir.path());
        command.env("QUORATE_CONFIG_DIR", self.dir.path().join("config")).env("QUORATE_URL", &self.url);
        command.output().expect("the command runs")
    }

    /// Runs a command that ends with this code; gives what it printed.
    fn ends(&self, code: i32, args: &[&str]) -> Value {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

/// Whether the letter is in a file below a folder.
fn holds_letter(folder: &Path) -> bool {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.windows(LETTER.len()).any(|window| window == LETTER)
            {
                return true;
            }
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_gone_from_the_disk_and_its_proofs_stay() {
    let net = Net::start(22_350).await;
    let me = Person { dir: tempfile::tempdir().expect("a scratch folder"), url: net.node(0).url() };
    std::fs::write(me.dir.path().join("letter"), LETTER).expect("a scratch file");
    me.ends(0, &["keys", "new"]);
    let policy = net.policy(0).await.to_string();
    std::fs::write(me.dir.path().join("policy.txt"), policy).expect("a scratch file");

    let commit = ["artifact", "commit", "letter", "--private", "--salt", "salt", "--timeout", "60s"];
    let done = me.ends(0, &commit);
    let id = done["id"].as_str().expect("an id").to_owned();
    assert_eq!(done["kept"], true, "{done}");
    assert!(holds_letter(net.dir()), "one node keeps it");
    me.ends(0, &["artifact", "get", &id, "--out", "fetched"]);
    assert_eq!(std::fs::read(me.dir.path().join("fetched")).expect("fetched"), LETTER);
    me.ends(0, &["receipt", &id, "--out", "receipt.json"]);
    let offline =
        ["verify", "receipt.json", "--policy", "policy.txt", "--artifact", "letter", "--salt", "salt"];
    me.ends(0, &offline);
    let unsalted = me.ends(4, &offline[..6]);
    assert_eq!(unsalted["failed"], "artifact", "{unsalted}");

    me.ends(0, &["artifact", "erase", &id, "--reason", "asked for", "--timeout", "60s"]);
    let begun = Instant::now();
    while holds_letter(net.dir()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it is still on the disk");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(me.ends(0, &["artifact", "show", &id])["standing"], "erased");
    assert_ne!(me.run(&["artifact", "get", &id, "--out", "again"]).status.code(), Some(0));
    assert_ne!(me.run(&["artifact", "give", &id, "letter", "--salt", "salt"]).status.code(), Some(0));
    me.ends(0, &offline);

    for index in 0..4 {
        net.kill(index);
    }
    for index in 0..4 {
        net.boot(index);
    }
    net.ready().await;
    let other = Person { url: net.node(2).url(), ..me };
    assert_eq!(other.ends(0, &["artifact", "show", &id])["standing"], "erased");
    other.ends(0, &["receipt", &id, "--out", "later.json"]);
    other.ends(0, &["verify", "later.json", "--policy", "policy.txt"]);
}
