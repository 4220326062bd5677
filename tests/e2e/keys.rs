//! The keys of an identity change by commands, nodes are killed in between, and what was signed keeps its standing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use client::ClientError;
use crypto::{Scheme, SecretKey};
use model::entry::Wait;
use proto::id::Did;
use serde_json::Value;

use crate::author::proof;
use crate::quorate;
use crate::support::Net;

/// Who uses the commands, and the files of that person.
struct Person {
    dir: tempfile::TempDir,
    url: String,
}

impl Person {
    fn new(net: &Net) -> Self {
        Self { dir: tempfile::tempdir().expect("a scratch folder"), url: net.node(0).url() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(quorate());
        command.args(args).args(["--output", "json"]).current_dir(self.dir.path());
        command.env("QUORATE_CONFIG_DIR", self.file("config")).env("QUORATE_URL", &self.url);
        command.output().expect("the command runs")
    }

    /// Runs a command that ends with this code; gives what it printed.
    fn ends(&self, code: i32, args: &[&str]) -> Value {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// The same, for one that submits.
    fn submits(&self, args: &[&str]) -> Value {
        self.ends(0, &[args, &["--timeout", "60s"]].concat())
    }

    fn proves(&self, key: &str, receipt: &str) -> u64 {
        std::fs::write(self.file("content"), receipt).expect("a scratch file");
        let ticket = self.submits(&["submit", "content", "--key", key, "--receipt", receipt]);
        ticket["index"].as_u64().expect("an index")
    }

    /// The check that fails when a receipt is verified offline.
    fn verdict(&self, receipt: &str, keys: Option<&str>) -> Value {
        let mut args = vec!["verify", receipt, "--policy", "policy.txt"];
        args.extend(keys.map(|keys| ["--keys", keys]).into_iter().flatten());
        let output = self.run(&args);
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
        assert_eq!(output.status.code() == Some(0), verdict["verified"] == true, "{verdict}");
        verdict["failed"].clone()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The secret key of a keystore without passphrase.
fn secret(path: &Path) -> SecretKey {
    use node::keystore::{Keystore, Protection};
    Keystore::read(path).expect("a keystore").unlock_submitter(Protection::Dev).expect("no passphrase")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_and_what_they_signed_keeps_its_standing() {
    let net = Net::start(21_650).await;
    let me = Person::new(&net);
    std::fs::write(me.file("policy.txt"), net.policy(0).await.to_string()).expect("a scratch file");
    let first = me.ends(0, &["keys", "new"]);
    let did = text(&first["did"]).to_owned();
    for name in ["laptop", "next"] {
        me.ends(0, &["keys", "new", name]);
    }
    me.ends(0, &["keys", "new", "hybrid", "--scheme", "ed25519+ml-dsa-65"]);

    // Nothing can be changed before it is registered.
    me.ends(8, &["keys", "add", "laptop"]);
    me.submits(&["keys", "register"]);
    let added = me.submits(&["keys", "add", "laptop"]);
    assert_eq!((text(&added["identity"]), &added["state"]), (did.as_str(), &"finalized".into()));
    assert_eq!(me.ends(0, &["keys", "show", "laptop"])["identity"], did.as_str());
    // A key on another machine consents there; the file is good for this and nothing else.
    me.ends(0, &["keys", "consent", "hybrid", "--identity", &did, "--out", "consent.json"]);
    me.ends(2, &["keys", "rotate", "--consent", "consent.json"]);
    me.submits(&["keys", "add", "--consent", "consent.json"]);

    let old = me.proves("default", "old.json");
    let (before, after) = (me.proves("laptop", "before.json"), me.proves("laptop", "after.json"));
    let rotated = me.submits(&["keys", "rotate", "next"]);
    assert_eq!(rotated["retired"], first["key"]);
    net.kill(1);
    net.kill(2);
    net.boot(1);
    net.boot(2);
    net.ready().await;
    let size = after.to_string();
    let revoke = ["keys", "revoke", "laptop", "--key", "next", "--from-size", &size, "--reason", "stolen"];
    let revoked = me.submits(&revoke);
    assert_eq!(revoked["from_size"], after);
    me.ends(8, &revoke);

    // Every node refuses both keys, each by its reason; and the same after all were killed.
    let refused = async |net: &Net| {
        for node in 0..4 {
            for (key, reason) in [("default", "key_retired"), ("laptop", "key_revoked")] {
                let secret = secret(&me.file(&format!("config/keys/{key}.json")));
                let identity = Did::parse(&did).expect("a DID");
                let body = proto::submission::Body {
                    author: identity,
                    ..net.signed(&secret, 77, proof(77)).body().clone()
                };
                let submission = body.sign(&secret);
                let answer = net
                    .client(node)
                    .submit(submission.bytes(), Wait::Finalized, Duration::from_secs(30))
                    .await;
                match answer {
                    Err(ClientError::Refused(problem)) => assert_eq!(problem.reason.as_deref(), Some(reason)),
                    other => panic!("node {node} takes what {key} signed: {other:?}"),
                }
            }
        }
    };
    refused(&net).await;
    for node in 0..4 {
        net.kill(node);
    }
    for node in 0..4 {
        net.boot(node);
    }
    net.ready().await;
    refused(&net).await;

    // What was signed before holds; what the lost key signed since is refused by whoever is shown the revocation.
    let history = me.ends(0, &["keys", "history", &did, "--receipts", "keys.jsonl"]);
    let keys = history["keys"].as_array().expect("keys");
    let until: Vec<_> = keys.iter().map(|key| key["until_index"].clone()).collect();
    let retired = rotated["index"].as_u64().expect("an index") + 1;
    assert_eq!(until, [retired.into(), after.into(), Value::Null, Value::Null], "{history}");
    for receipt in ["old.json", "before.json", "after.json"] {
        assert_eq!(me.verdict(receipt, None), Value::Null, "{receipt}");
    }
    assert_eq!(me.verdict("old.json", Some("keys.jsonl")), Value::Null);
    assert_eq!(me.verdict("before.json", Some("keys.jsonl")), Value::Null);
    assert_eq!(me.verdict("after.json", Some("keys.jsonl")), "key_standing");
    assert!(old < before && before < after);
    // As of the size before the revocation it was not known.
    let then = me.ends(0, &["keys", "history", "laptop", "--size", &(after + 1).to_string()]);
    assert_eq!(then["keys"][1]["until_index"], Value::Null);

    let identity = me.ends(0, &["identity", "show", &did]);
    assert_eq!(identity["keys"], history["keys"]);
    let jwks = me.ends(0, &["identity", "show", &did, "--as", "jwks"]);
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(1), "JOSE has no name for hybrid keys");
    let document = me.ends(0, &["identity", "show", &did, "--as", "did"]);
    assert_eq!(text(&document["id"]), did);
    let validators = me.ends(0, &["keys", "history", "--validators"]);
    assert_eq!(validators["validators"].as_array().map(Vec::len), Some(16));
    let stranger = SecretKey::from_seed(Scheme::HybridEd25519MlDsa65, &[3; 32]).expect("signs");
    me.ends(3, &["identity", "show", &Did::of(stranger.public()).to_string()]);
    // The new key speaks for the identity without being told.
    me.proves("next", "next.json");
}
