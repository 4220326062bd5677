//! The files of the house, for the checks that read them.
//!
//! Walks the workspace folder, leaving out build output, hidden folders (but for CI's own) and what is fetched.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of ours: its path from the workspace root, with `/`, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// For example `proto/src/lib.rs`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A file that is not on disk, for the tests of the checks.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The part after the last dot of the file's name, or the whole name.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit('.').next().unwrap_or(name)
    }

    /// Whether it is written by `prost-build`.
    pub fn is_generated(&self) -> bool {
        self.path == "proto/src/wire/generated.rs"
    }

    /// Whether all of it is test code: a file in a folder `tests`, the file `tests.rs` of a module, or what a room's
    /// tests are made of.
    pub fn is_test(&self) -> bool {
        const PARTS: [&str; 5] = ["examples", "samples.rs", "testing.rs", "tests", "tests.rs"];
        self.path.split('/').any(|part| PARTS.contains(&part))
    }
}

/// The workspace root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_owned()
}

/// Every file whose name ends in one of `extensions`, sorted by path.
pub fn sources(extensions: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, extensions, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(root: &Path, folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("a folder of the workspace can be read");
    for entry in entries {
        let path = entry.expect("an entry of the workspace can be read").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            let ours = !name.starts_with('.') || name == ".ci" || name == ".github";
            if ours && name != "target" && name != "node_modules" {
                walk(root, &path, extensions, found);
            }
            continue;
        }
        let relative = path.strip_prefix(root).expect("walked from the root").to_string_lossy().into_owned();
        let source = Source { path: relative, text: String::new() };
        if extensions.contains(&source.extension()) {
            // What is not UTF-8 is no source of ours.
            if let Ok(text) = fs::read_to_string(&path) {
                found.push(Source { text, ..source });
            }
        }
    }
}

/// The code of a Rust file with comments and its `#[cfg(test)]` module blanked, line by line.
///
/// By our habit the test module is the last item of a file. A `//` inside a string also ends the line: what is
/// lost is the rest of one literal, which names no type.
pub fn production_lines(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"))
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect()
}

/// Whether `word` stands in `line` as a whole word (or a path such as `std::fs`).
pub fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn words_are_whole() {
    assert!(has_word("use std::fs;", "std::fs"));
    assert!(has_word("let x: f64 = 0.0;", "f64"));
    assert!(!has_word("let of64 = InstantRef;", "f64"));
    assert!(!has_word("InstantRef", "Instant"));
}

#[test]
fn comments_and_tests_are_not_production() {
    let text = "//! HashMap\nfn a() {} // HashMap\n#[cfg(test)]\nmod tests { use HashMap; }\n";
    assert!(production_lines(text).iter().all(|line| !has_word(line, "HashMap")));
}
