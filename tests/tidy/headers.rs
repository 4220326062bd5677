//! What every file of ours has and does not have: a header, lines one can read, nothing that ages badly.

use crate::sources::{Source, sources};

/// Longest line of Rust, in characters. The formatter keeps code to 110 and leaves comments alone.
const LINE_CHARS_MAX: usize = 125;

/// What no text of ours names, and why. Written in halves, so that this file does not find itself.
const BANNED: [(&str, &str); 13] = [
    (concat!("TO", "DO"), "do it, or write the hole down where it is, in a sentence"),
    (concat!("FIX", "ME"), "fix it, or write the hole down where it is, in a sentence"),
    (concat!("issue", " #"), "say the reason itself; numbers of a tracker mean nothing later"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
    (concat!("crates", ".io"), "the host of a registry: name the package"),
    (concat!("pypi", ".org"), "the host of a registry: name the package"),
    (concat!("npmjs", "."), "the host of a registry: name the package"),
    (concat!("deb.debian", ".org"), "the host of a registry: name the package"),
    (concat!("<<<<", "<<<"), "a merge left half done"),
    (concat!(">>>>", ">>>"), "a merge left half done"),
];

const TEXTS: [&str; 13] =
    ["css", "html", "js", "justfile", "md", "proto", "py", "rs", "run", "sh", "toml", "txt", "yml"];

/// The faults of one file, one line each.
fn faults(file: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let rust = file.extension() == "rs" && !file.is_generated();
    // `<module>/tests.rs` is the second half of its module and has the module's header.
    let headed = !rust || file.path.ends_with("/tests.rs") || file.text.starts_with("//! ");
    if !headed {
        found.push(format!("{}:1 has no `//! ` header: what, promise, source", file.path));
    }
    for (at, line) in file.text.lines().enumerate() {
        let place = format!("{}:{}", file.path, at + 1);
        let chars = line.chars().count();
        // A literal that cannot be broken stands on a line of its own.
        let literal = line.trim_start().starts_with('"') || line.contains("://");
        if rust && chars > LINE_CHARS_MAX && !literal {
            found.push(format!("{place} has {chars} characters, at most {LINE_CHARS_MAX}"));
        }
        for (word, why) in BANNED {
            if line.contains(word) {
                found.push(format!("{place} says {word}: {why}"));
            }
        }
    }
    found
}

#[test]
fn every_file_is_presentable() {
    let files = sources(&TEXTS);
    assert!(files.iter().any(|file| file.path == "README.md"), "the walk starts at the root");
    let found: Vec<String> = files.iter().flat_map(faults).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_seeded_fault_is_caught() {
    let long = format!("//! Votes.\n// {}\n", "x".repeat(LINE_CHARS_MAX));
    let wordy = format!("# Notes\n{} later\n", BANNED[0].0);
    let machine = format!("see {}me/notes\n", BANNED[3].0);
    for (path, text, faults_expected) in [
        ("consensus/src/votes.rs", "use std::fmt;\n", 1),
        ("consensus/src/votes.rs", "//! Votes.\n", 0),
        ("consensus/src/votes/tests.rs", "use super::*;\n", 0),
        ("proto/src/wire/generated.rs", "// made\n", 0),
        ("consensus/src/votes.rs", long.as_str(), 1),
        ("ARCHITECTURE.md", wordy.as_str(), 1),
        ("ledger/STATE.md", machine.as_str(), 1),
    ] {
        let found = faults(&Source::new(path, text));
        assert_eq!(found.len(), faults_expected, "{path}: {found:?}");
    }
}
