//! The table of `consensus/MUSEUM.md`: which suite noticed which defect, and in what time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crypto::defects::Defect;

use crate::catalogue::{EXHIBITS, Exhibit};
use crate::suite::{Outcome, Suite};

/// One defect and who noticed.
pub struct Row {
    pub exhibit: &'static Exhibit,
    pub found: Vec<(Suite, Outcome)>,
}

/// Writes the document, or compares all but the times with it.
///
/// # Errors
/// In words: the file cannot be written, or says something else.
pub fn settle(rows: &[Row], write: bool) -> Result<(), String> {
    let path = path();
    let text = document(rows);
    if write {
        return std::fs::write(&path, text).map_err(|fault| format!("{}: {fault}", path.display()));
    }
    let found = std::fs::read_to_string(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    match timeless(&found) == timeless(&text) {
        true => Ok(()),
        false => {
            Err("consensus/MUSEUM.md says something else: run with --write and review the difference"
                .to_owned())
        }
    }
}

/// Checks that every defect is exhibited, by somebody who notices, and stands in the document.
///
/// # Errors
/// In words: which is not.
pub fn complete() -> Result<(), String> {
    let path = path();
    let text = std::fs::read_to_string(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    for defect in Defect::ALL {
        let shown = EXHIBITS.iter().filter(|it| it.defect == defect && !it.suites.is_empty()).count();
        if shown != 1 || !text.contains(&format!("| `{defect:?}` |")) {
            return Err(format!("{defect:?} is exhibited {shown} times; run the museum with --write"));
        }
    }
    println!(
        "{} defects in the museum; it opens with `cargo test --workspace --test museum -- --open`",
        EXHIBITS.len()
    );
    Ok(())
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../consensus/MUSEUM.md")
}

fn document(rows: &[Row]) -> String {
    let mut text = String::from(HEAD);
    for Row { exhibit, found } in rows {
        let suites: Vec<String> = found
            .iter()
            .map(|(suite, outcome)| format!("{} {:.1} s", suite.name(), outcome.seconds))
            .collect();
        let first = found.first().map_or("", |(_, outcome)| &outcome.words);
        let (defect, rule) = (exhibit.defect, exhibit.rule);
        writeln!(text, "| `{defect:?}` | {rule} | {} | {} |", suites.join(", "), first.replace('|', "\\|"))
            .expect("a string takes all that fits in memory");
    }
    text
}

/// The text without times and without what was said first: what one reading and the next have in common.
fn timeless(text: &str) -> String {
    text.lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").take(3).collect();
            cells.join(" | ").chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>() + "\n"
        })
        .collect()
}

const HEAD: &str = "\
# The museum

Rules broken on purpose, one at a time, and the suites that noticed. Written by
`cargo test --workspace --test museum -- --write`; with `--open` the same command
checks that every pair still holds, within 60 s each, and that every suite passes with all rules kept. What each
defect does stands in `proto/crypto/src/defects.rs`; none is compiled into a shipped binary.

| Defect | Breaks | Noticed by, after | First by |
|---|---|---|---|
";
