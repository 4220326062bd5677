//! The museum: every rule that can be broken, and who notices.
//!
//! `cargo test --workspace --test museum -- --open` builds the suites with the defects compiled in, lets each pass once with
//! every rule kept, then runs it once for each defect it is said to notice, with that rule broken, and wants it to fail
//! within the minute. The table goes to `consensus/MUSEUM.md` with `--write`; with `--open` alone, the file has to name the
//! same pairs. `--all` also runs the pairs that nobody claims, to find claims worth making; the name of a defect shows
//! that one only. Without any of them it is only checked that every defect is exhibited and in the file.

mod catalogue;
mod suite;
mod table;

use std::process::ExitCode;

use crate::catalogue::EXHIBITS;
use crate::suite::{Suite, Suites, Verdict};
use crate::table::Row;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = arguments.iter().find(|argument| !argument.starts_with("--"));
    let verdict = match has("--open") || has("--write") || has("--all") {
        true => run(has("--write"), has("--all"), only.map(String::as_str)),
        false => table::complete().map_err(|fault| vec![fault]),
    };
    match verdict {
        Ok(()) => ExitCode::SUCCESS,
        Err(faults) => {
            eprintln!("{}", faults.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(write: bool, all: bool, only: Option<&str>) -> Result<(), Vec<String>> {
    let suites = Suites::build().map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    for suite in Suite::ALL {
        let outcome = suites.run(suite, None);
        println!(
            "{:<28} {:<12} {:>5.1} s  {}",
            "every rule kept",
            suite.name(),
            outcome.seconds,
            outcome.verdict
        );
        if outcome.verdict != Verdict::Passed {
            faults.push(format!("{} does not pass with every rule kept: {}", suite.name(), outcome.words));
        }
    }
    let mut rows = Vec::new();
    for exhibit in EXHIBITS.iter().filter(|it| only.is_none_or(|only| format!("{:?}", it.defect) == only)) {
        let mut found = Vec::new();
        for suite in Suite::ALL {
            let claimed = exhibit.suites.contains(&suite);
            if !claimed && !all {
                continue;
            }
            let outcome = suites.run(suite, Some(exhibit.defect));
            let name = format!("{:?}", exhibit.defect);
            println!("{name:<28} {:<12} {:>5.1} s  {}", suite.name(), outcome.seconds, outcome.words);
            match (&outcome.verdict, claimed) {
                (Verdict::Failed, _) => found.push((suite, outcome)),
                (Verdict::Passed | Verdict::TooLong, true) => {
                    faults.push(format!("{name}: {} did not notice: {}", suite.name(), outcome.verdict));
                }
                (Verdict::Passed | Verdict::TooLong, false) => {}
            }
        }
        rows.push(Row { exhibit, found });
    }
    println!("{} defects, {} suites, {} faults", rows.len(), Suite::ALL.len(), faults.len());
    if only.is_none() && !all {
        faults.extend(table::settle(&rows, write).err());
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults),
    }
}
