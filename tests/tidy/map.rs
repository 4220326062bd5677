//! The map is the house: every path a document names exists, and every crate is on the map.
//!
//! A word in backquotes is a path when its first part lies at the root; on the map also when it ends like a file.
//! `{a,b}` stands for both, and `<name>` for something to come, whose folder must exist. A relative link must lead
//! somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sources::{Source, root, sources};
use crate::walls::HOUSE;

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

fn is_path(root: &Path, document: &Source, word: &str) -> bool {
    let plain = !word.is_empty()
        && !word.starts_with(['/', '.'])
        && !word.contains(['(', ')', '=', '"', '@', ':', ' ']);
    let first = word.split('/').next().unwrap_or(word);
    let at_root = word.contains('/') && !first.is_empty() && root.join(first).exists();
    // Elsewhere a bare `lib.rs` means anyone's; the map has whole paths only.
    let on_map = document.path == "ARCHITECTURE.md" && ENDINGS.iter().any(|ending| word.ends_with(ending));
    plain && (at_root || on_map)
}

/// The paths a document names that do not exist: from the root, or in the document's own room.
fn lost(root: &Path, document: &Source) -> Vec<String> {
    let room = folder_of(root, document);
    let beside = if room.ends_with("adr") { room.join("..") } else { room };
    let places = [root.to_owned(), beside.clone(), beside.join("src")];
    let exists = |word: &str| places.iter().any(|place| place.join(known_part(word)).exists());
    quoted(&document.text)
        .into_iter()
        .flat_map(|(line, word)| spelled_out(word).into_iter().map(move |word| (line, word)))
        .filter(|(_, word)| is_path(root, document, word) && !exists(word))
        .map(|(line, word)| format!("{}:{line} names {word}, which does not exist", document.path))
        .collect()
}

fn folder_of(root: &Path, document: &Source) -> PathBuf {
    root.join(&document.path).parent().map_or_else(|| root.to_owned(), Path::to_owned)
}

/// The relative links of a document that lead nowhere.
fn broken_links(root: &Path, document: &Source) -> Vec<String> {
    let folder = folder_of(root, document);
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

/// A row of the table of walls: a crate and what it may import, by folder; `None` where the row says it in words.
type Wall = (String, Option<BTreeSet<String>>);

/// The rows between the heading "Walls" and the next one.
fn walls(text: &str) -> Vec<Wall> {
    let section = text.split("\n## ").find(|section| section.starts_with("Walls")).unwrap_or("");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    section
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let folder = cells.next()?.trim_end_matches('`').to_owned();
            let may = cells.next()?;
            let in_words = may.contains("everything") || may.contains("anything");
            Some((folder, (!in_words).then(|| names(may))))
        })
        .collect()
}

/// Where the table on the map and the table that is enforced differ. Every crate may import `proto/crypto`.
fn torn_walls(drawn: &[Wall]) -> Vec<String> {
    let folder_of = |name: &&str| {
        let row = HOUSE.iter().find(|(_, package, _)| package == name);
        row.map_or_else(|| (*name).to_owned(), |(folder, _, _)| (*folder).to_owned())
    };
    let mut found = Vec::new();
    for (folder, _, may) in HOUSE {
        let enforced: BTreeSet<String> =
            may.iter().filter(|name| **name != "crypto").map(folder_of).collect();
        match drawn.iter().find(|(drawn, _)| drawn == folder) {
            None => found.push(format!("the table of walls has no row for {folder}")),
            Some((_, Some(names))) if *names != enforced => {
                found.push(format!("{folder}: drawn {names:?}, enforced {enforced:?}"));
            }
            Some((_, Some(_) | None)) => {}
        }
    }
    found
}

fn architecture() -> Source {
    let found = sources(&["md"]).into_iter().find(|file| file.path == "ARCHITECTURE.md");
    found.expect("ARCHITECTURE.md lies at the root")
}

#[test]
fn every_path_in_a_document_exists() {
    let found: Vec<String> = sources(&["md"]).iter().flat_map(|file| lost(&root(), file)).collect();
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
fn the_walls_on_the_map_are_those_that_stand() {
    let drawn = walls(&architecture().text);
    assert_eq!(drawn.len(), HOUSE.len(), "one row for each crate");
    assert_eq!(torn_walls(&drawn), Vec::<String>::new());

    let spoiled: Vec<Wall> = drawn
        .into_iter()
        .map(|(folder, may)| match folder == "consensus" {
            true => (folder, Some(BTreeSet::from(["proto".to_owned(), "ledger".to_owned()]))),
            false => (folder, may),
        })
        .collect();
    assert_eq!(torn_walls(&spoiled).len(), 1);
    assert_eq!(torn_walls(&spoiled[1..]).len(), 2);
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
