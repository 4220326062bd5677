//! The table of `quorate rows` is what the suite holds: no row green without a test, no test without a row.
//!
//! It is made from the sources of this folder; `UPDATE=1 cargo test -p cli --test rows table` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The systems, their files here, and how many rows each has.
const SYSTEMS: [(char, &[&str], usize); 6] = [
    ('Q', &["qod"], 32),
    ('E', &["evidence", "kms", "retention", "audit", "runtime"], 36),
    ('P', &["proofnest", "access"], 70),
    ('A', &["qwed"], 30),
    ('T', &["time"], 46),
    ('X', &["settled", "doors", "names", "private", "records"], 30),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rows")
}

/// The row a test holds, by its name: `q06_…` holds Q06.
fn row_of(test: &str) -> Option<String> {
    let (id, _) = test.split_once('_')?;
    let (system, number) = (id.chars().next()?, id.get(1..)?);
    let named = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    (system.is_ascii_lowercase() && named).then(|| id.to_ascii_uppercase())
}

/// Rows and tests of one file, by row; or what is wrong with it.
fn rows_of(file: &str, text: &str, found: &mut BTreeMap<String, String>) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        // Only a whole test at the file's own level counts: no helper, nothing behind a condition.
        let signature = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        let Some((name, _)) = signature.and_then(|rest| rest.split_once('(')) else { continue };
        let Some(row) = row_of(name) else { continue };
        let above: Vec<&str> =
            lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).copied().collect();
        let is_test =
            above.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        if !is_test || above.iter().any(|line| line.starts_with("#[ignore") || line.starts_with("#[cfg")) {
            return Err(format!("{file}: {name} is named after a row and is no test that always runs"));
        }
        let system = SYSTEMS.iter().find(|(system, _, _)| row.starts_with(*system));
        let known = system.is_some_and(|(_, _, count)| {
            row[1..].parse::<usize>().is_ok_and(|number| (1..=*count).contains(&number))
        });
        if !known {
            return Err(format!("{file}: {name} is named after a row that does not exist"));
        }
        if system.is_some_and(|(_, homes, _)| !homes.contains(&file)) {
            return Err(format!("{file}: {name} belongs in the file of its system"));
        }
        if let Some(other) = found.insert(row.clone(), name.to_owned()) {
            return Err(format!("{file}: {name} and {other} claim the same row {row}"));
        }
    }
    Ok(())
}

/// The rows that have tests, from the sources.
fn tests() -> BTreeMap<String, String> {
    let main = std::fs::read_to_string(folder().join("main.rs")).expect("the suite's list");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if name == "main" {
            continue;
        }
        assert!(path.is_file(), "{name}: the suite is one folder of files");
        assert!(main.contains(&format!("\nmod {name};")), "{name}.rs is no part of the suite");
        let text = std::fs::read_to_string(&path).expect("text");
        rows_of(&name, &text, &mut found).unwrap_or_else(|fault| panic!("{fault}"));
    }
    found
}

#[test]
fn the_table_is_true() {
    let tests = tests();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rows.tsv");
    let published = std::fs::read_to_string(&path).expect("the table");
    let mut titles = BTreeMap::new();
    for line in published.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(titles.insert(cells[0].to_owned(), cells[1].to_owned()).is_none(), "{line}: twice");
    }
    let mut text = String::from("id\ttitle\ttest\tstate\n");
    let ids =
        SYSTEMS.iter().flat_map(|(system, _, count)| (1..=*count).map(move |n| format!("{system}{n:02}")));
    for id in ids {
        let title = titles.remove(&id).unwrap_or_else(|| panic!("row {id} has no title"));
        let (test, state) = match tests.get(&id) {
            Some(test) => (test.as_str(), "green"),
            None => ("-", "missing"),
        };
        text += &format!("{id}\t{title}\t{test}\t{state}\n");
    }
    assert!(titles.is_empty(), "rows that do not exist: {titles:?}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
    } else {
        assert!(published == text, "stale: UPDATE=1 cargo test -p cli --test rows table");
    }
}

#[test]
fn a_table_that_would_lie_is_noticed() {
    let good = "#[tokio::test]\nasync fn q06_finalize() {}\n";
    let whole = |file: &str, text: &str| rows_of(file, text, &mut BTreeMap::new());
    assert_eq!(whole("qod", good), Ok(()));
    for (file, text, fault) in [
        ("qod", "async fn q06_finalize() {}\n", "no test that always runs"),
        ("qod", "#[tokio::test]\n#[ignore]\nasync fn q06_x() {}\n", "no test that always runs"),
        ("qod", "#[cfg(off)]\n#[test]\nfn q06_x() {}\n", "no test that always runs"),
        ("qod", "#[test]\nfn q33_x() {}\n", "does not exist"),
        ("qod", "#[test]\nfn q00_x() {}\n", "does not exist"),
        ("qod", "#[test]\nfn z01_x() {}\n", "does not exist"),
        ("qwed", good, "file of its system"),
        ("qod", "#[test]\nfn q06_x() {}\n#[test]\nfn q06_y() {}\n", "the same row"),
    ] {
        let refused = whole(file, text).expect_err(fault);
        assert!(refused.contains(fault), "{refused}");
    }
    assert_eq!(row_of("q6_x"), None);
    assert_eq!(row_of("until_x"), None);
}
