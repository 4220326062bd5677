//! `quorate verify-evidence DIR`: every record below a directory, under the same documents of trust.
//!
//! A file is taken for a record by its content. What names the protocol and is no record is a finding; other files are
//! counted and named, unless a record beside them describes them. The worst verdict is the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use proto::evidence::{Level, Record};
use serde::Serialize;
use verify::{EvidenceTrust, Verdict};

use super::{Judged, exit_of, judge};
use crate::commands::verify::below;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};

/// What a record has in its bytes, whatever its version; the one or the other is left of one that was cut.
const MARKS: [&[u8]; 2] = [b"qcos-evidence/", b"\"bundle_hash\""];

/// What was found below a directory.
#[derive(Debug, Serialize)]
struct Findings {
    /// The worst verdict.
    verdict: &'static str,
    /// The number with which the command ends.
    exit_code: u8,
    /// Number of records.
    records: usize,
    /// How many there are of each verdict.
    verdicts: BTreeMap<&'static str, usize>,
    /// Those that are not verified.
    not_verified: Vec<NotVerified>,
    /// Files that are neither records nor described by one.
    passed_over: Vec<String>,
    /// Time taken, in milliseconds.
    elapsed_ms: u64,
}

/// A record that is not verified.
#[derive(Debug, Serialize)]
struct NotVerified {
    /// The file.
    file: String,
    /// The verdict.
    verdict: &'static str,
    /// The check that decided it.
    decided_by: Option<&'static str>,
    /// Why.
    detail: String,
}

/// Verifies all records below `dir`.
///
/// # Errors
/// `Usage` when the directory cannot be read, or holds no record.
pub(super) fn run(
    dir: &Path,
    trust: &EvidenceTrust<'_>,
    at_least: Option<Level>,
    output: &Output,
) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let paths = below(dir)?;
    let (mut records, mut worst) = (0_usize, Verdict::Verified);
    let (mut verdicts, mut not_verified) = (BTreeMap::new(), Vec::new());
    let (mut described, mut others) = (BTreeSet::new(), Vec::new());
    for (done, path) in paths.iter().enumerate() {
        if output.shows_progress() && done % 100 == 0 {
            eprint!("\r  {done} of {} files", paths.len());
        }
        let bytes = files::read(path, Record::BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?;
        if !MARKS.iter().any(|mark| bytes.windows(mark.len()).any(|part| part == *mark)) {
            others.push(path);
            continue;
        }
        let judged = judge(&bytes, trust, path.parent(), at_least)?;
        let Some(verdict) = Verdict::ALL.into_iter().find(|it| it.name() == judged.verdict) else { continue };
        records += 1;
        worst = worst.max(verdict);
        *verdicts.entry(verdict.name()).or_insert(0) += 1;
        described.extend(judged.artifacts.iter().map(|line| path.with_file_name(&line.name)));
        if verdict != Verdict::Verified {
            let (detail, file) = (judged.why(), path.display().to_string());
            let Judged { verdict, decided_by, .. } = judged;
            not_verified.push(NotVerified { file, verdict, decided_by, detail });
        }
    }
    if output.shows_progress() {
        eprint!("\r{:72}\r", "");
    }
    if records == 0 {
        let message = format!("no record among {} files below {}", paths.len(), dir.display());
        return Err(Failure::usage(message));
    }
    let passed_over = others.into_iter().filter(|path: &&PathBuf| !described.contains(*path));
    let findings = Findings {
        verdict: worst.name(),
        exit_code: worst.code(),
        records,
        verdicts,
        not_verified,
        passed_over: passed_over.map(|path| path.display().to_string()).collect(),
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    findings.print(output);
    Ok(exit_of(findings.exit_code))
}

impl Findings {
    fn print(&self, output: &Output) {
        if output.is_json() {
            return output.json(self);
        }
        for NotVerified { file, verdict, decided_by, detail } in &self.not_verified {
            let code = decided_by.unwrap_or("-");
            output.line(format_args!("  {} {file}  {code}: {detail}", output.paint(Tone::Bad, verdict)));
        }
        for file in &self.passed_over {
            output.row("no record", file);
        }
        output.row("records", format_args!("{} in {} ms", self.records, self.elapsed_ms));
        for (verdict, count) in &self.verdicts {
            output.row("", format_args!("{count} {verdict}"));
        }
        let tone = if self.exit_code == 0 { Tone::Good } else { Tone::Bad };
        output.line(output.paint(tone, self.verdict));
    }
}
