//! The map is the house: every path a document names exists, and every crate is on the map.
//!
//! In `ARCHITECTURE.md` a word in backquotes is a path when its first part lies at the root or it ends like a
//! file; `{a,b}` stands for both, and `<name>` for something to come, whose folder must exist. In every
//! document a relative link must lead somewhere.

use std::path::Path;

use crate::sources::{Source, root, sources};

const ENDINGS: [&str; 9] = [".html", ".js", ".json", ".md", ".proto", ".py", ".rs", ".toml", ".yml"];

/// The words in backquotes outside code blocks, with their line.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut block = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if !block {
            found.extend(line.split('`').skip(1).step_by(2).map(|word| (at + 1, word)));
        }
    }
    found
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn spelled_out(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_owned()] };
    let Some((middle, after)) = rest.split_once('}') else { return vec![word.to_owned()] };
    middle.split(',').flat_map(|one| spelled_out(&format!("{before}{}{after}", one.trim()))).collect()
}

/// The part of a path that must exist: all of it, or the folders before the first `<name>`.
fn known_part(path: &str) -> &str {
    match path.split_once('<') {
        Some((before, _)) => before.rsplit_once('/').map_or("", |(folder, _)| folder),
        None => path.trim_end_matches('/'),
    }
}

fn is_path(root: &Path, word: &str) -> bool {
    let plain =
        !word.is_empty() && !word.starts_with('/') && !word.contains(['(', ')', '=', '"', '@', ':', ' ']);
    let first = word.split('/').next().unwrap_or(word);
    let at_root = word.contains('/') && !first.is_empty() && root.join(first).exists();
    plain && (at_root || ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// The paths a document names that do not exist.
fn lost(root: &Path, document: &Source) -> Vec<String> {
    quoted(&document.text)
        .into_iter()
        .flat_map(|(line, word)| spelled_out(word).into_iter().map(move |word| (line, word)))
        .filter(|(_, word)| is_path(root, word) && !root.join(known_part(word)).exists())
        .map(|(line, word)| format!("{}:{line} names {word}, which does not exist", document.path))
        .collect()
}

/// The relative links of a document that lead nowhere.
fn broken_links(root: &Path, document: &Source) -> Vec<String> {
    let folder = root.join(&document.path).parent().map_or_else(|| root.to_owned(), Path::to_owned);
    document
        .text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains(':') && !target.contains(char::is_whitespace))
        .filter(|target| !folder.join(target).exists())
        .map(|target| format!("{} links to {target}, which does not exist", document.path))
        .collect()
}

fn architecture() -> Source {
    let found = sources(&["md"]).into_iter().find(|file| file.path == "ARCHITECTURE.md");
    found.expect("ARCHITECTURE.md lies at the root")
}

#[test]
fn every_path_on_the_map_exists() {
    let found = lost(&root(), &architecture());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_crate_is_on_the_map() {
    let map = architecture();
    let words: Vec<&str> = quoted(&map.text).into_iter().map(|(_, word)| word).collect();
    let manifests = sources(&["toml"]).into_iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let missing: Vec<String> = manifests
        .filter(|file| file.text.contains("[package]"))
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml").map(str::to_owned))
        .filter(|folder| !words.contains(&folder.as_str()))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

#[test]
fn every_link_leads_somewhere() {
    let found: Vec<String> = sources(&["md"]).iter().flat_map(|file| broken_links(&root(), file)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_seeded_lie_is_caught() {
    for (text, lies) in [
        ("`proto/src/lib.rs` and `proto/src/{lib,wire}.rs`", 0),
        ("`proto/src/{lib,attic}.rs`", 1),
        ("`proto/attic`", 1),
        ("`attic.rs`", 1),
        ("`proto/src/<profile>.rs`", 0),
        ("`proto/attic/<profile>.rs`", 1),
        ("`POST /rpc`, `/v1/entries`, `quorate/receipt/v1`, `Gated<W>`", 0),
        ("```text\n`proto/attic`\n```\n", 0),
    ] {
        let found = lost(&root(), &Source::new("ARCHITECTURE.md", text));
        assert_eq!(found.len(), lies, "{text}: {found:?}");
    }
    let links = "[a](../Cargo.toml) [b](attic.md) [c](#here) [d](scheme:elsewhere)";
    assert_eq!(broken_links(&root(), &Source::new("proto/ENCODING.md", links)).len(), 1);
}
