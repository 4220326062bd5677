//! Commands that need no node, run as processes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn quorate(config: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(args)
        .env("QUORATE_CONFIG_DIR", config)
        .output()
        .expect("runs")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn keys_are_made_listed_and_exported() {
    let dir = tempfile::tempdir().expect("a directory");
    let passphrase = dir.path().join("passphrase");
    std::fs::write(&passphrase, "open sesame\n").expect("writes");
    let passphrase = passphrase.to_str().expect("UTF-8");
    let made = json(&quorate(dir.path(), &["keys", "new", "--output", "json"]));
    assert_eq!((&made["name"], &made["passphrase"]), (&"default".into(), &false.into()));
    let args =
        ["keys", "new", "pq", "--scheme", "ml-dsa-65", "--passphrase-file", passphrase, "--output", "json"];
    let second = json(&quorate(dir.path(), &args));
    assert_eq!(second["passphrase"], true);
    // A key is never overwritten.
    assert_eq!(quorate(dir.path(), &["keys", "new"]).status.code(), Some(2));

    let listed = json(&quorate(dir.path(), &["keys", "list", "--output", "json"]));
    assert_eq!(listed["keys"], Value::from(vec![made.clone(), second.clone()]));
    let jwks = json(&quorate(dir.path(), &["keys", "export-jwks"]));
    assert_eq!((&jwks["keys"][0]["kid"], &jwks["keys"][0]["kty"]), (&made["key"], &"OKP".into()));
    assert_eq!((&jwks["keys"][1]["kid"], &jwks["keys"][1]["alg"]), (&second["key"], &"ML-DSA-65".into()));
    let one = json(&quorate(dir.path(), &["keys", "export-jwks", "pq"]));
    assert_eq!(one["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(quorate(dir.path(), &["keys", "export-jwks", "../pq"]).status.code(), Some(2));
}

#[test]
fn the_version_is_told_to_people_and_programs() {
    let dir = tempfile::tempdir().expect("a directory");
    let told = quorate(dir.path(), &["version"]).stdout;
    assert_eq!(String::from_utf8_lossy(&told), format!("quorate {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        json(&quorate(dir.path(), &["version", "--output", "json"]))["version"],
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn every_shell_gets_its_completions() {
    let dir = tempfile::tempdir().expect("a directory");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = quorate(dir.path(), &["completions", shell]).stdout;
        assert!(String::from_utf8_lossy(&script).contains("export-jwks"), "{shell}");
    }
}

/// All of it is said before anybody is asked: nothing listens at this address.
#[test]
fn what_is_no_batch_is_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.to_str().expect("UTF-8").to_owned()
    };
    let file = write("file", "content");
    let digest = "ab".repeat(32);
    let (list, empty) = (write("list", &format!("{digest}\n")), write("empty", ""));
    let (named, upper) =
        (write("named", &format!("{digest}  file\n")), write("upper", &digest.to_uppercase()));
    let nowhere = ["--url", "http://127.0.0.1:9"];
    for (args, said) in [
        (vec!["submit", "batch"], "required arguments"),
        (vec!["submit", "batch", &file, "--digests", &list], "cannot be used with"),
        (vec!["submit", "batch", &file, "absent"], "cannot read absent"),
        (vec!["submit", "batch", "-", "-"], "one stdin"),
        (vec!["submit", "batch", "--digests", &empty], "at least one item"),
        (vec!["submit", "batch", "--digests", &named], "line 1 is not a SHA-256"),
        (vec!["submit", "batch", "--digests", &upper], "line 1 is not a SHA-256"),
        (vec!["submit", "batch", &file, "--receipts", &list], "cannot make"),
        (vec!["receipt", "batch", &digest, &file], "required arguments"),
    ] {
        let output = quorate(dir.path(), &[&args[..], &nowhere[..]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(said), "{args:?}: {told}");
    }
    for (args, code) in [
        (vec!["receipt", "item", &file], 2),
        (vec!["receipt", "item", &list, "--index", "0"], 2),
        (vec!["receipt", "item", "absent", "--index", "0"], 2),
        (vec!["receipt", "item", &list, "--index", "0", "--digest", &digest], 2),
    ] {
        assert_eq!(quorate(dir.path(), &args).status.code(), Some(code), "{args:?}");
    }
    let output = quorate(dir.path(), &[&["submit", "batch", &file], &nowhere[..]].concat());
    assert_eq!(output.status.code(), Some(7), "with nothing wrong, it asks");
}
