//! `quorate verify DIR`: every receipt below a directory, under one belief.
//!
//! A file is taken for a receipt by its content. Receipts are read and judged in parts, a thread each; what one receipt
//! shows of checkpoint and tree the next one of the same part need not compute (`ledger/verify/src/memory.rs`), and each
//! verdict is the one that the receipt alone would get. Files that are no receipts are counted and named, so that a
//! receipt spoiled beyond recognition is not passed over in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proto::entry::ENTRY_BYTES_MAX;
use proto::receipt::Bundle;
use serde::Serialize;
use verify::{Belief, KeyLife, Lives, Memory, Options, ProvenLeaf, Report, parts};

use super::FORMAT;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};

/// Most files below a directory.
const FILES_MAX: usize = 1_000_000;
/// Deepest directory that is entered.
const DEPTH_MAX: usize = 64;
/// Files that are held in memory at once.
const AT_ONCE: usize = 2_000;
/// How often progress is shown.
const PACE: Duration = Duration::from_millis(200);

/// What was found below a directory.
#[derive(Debug, Serialize)]
struct Findings {
    /// Whether every receipt is true, and there is one.
    verified: bool,
    /// Number of receipts.
    receipts: usize,
    /// Those that are not true.
    #[serde(rename = "false")]
    untrue: Vec<Untrue>,
    /// Files that are no receipts.
    passed_over: Vec<String>,
    /// Time taken, in milliseconds.
    elapsed_ms: u64,
}

/// A receipt that is not true.
#[derive(Debug, Serialize)]
struct Untrue {
    /// The file.
    file: String,
    /// The check that failed.
    failed: &'static str,
    /// Why.
    detail: String,
}

/// Verifies all receipts below `dir`.
///
/// # Errors
/// `Usage` when the directory cannot be read, or holds no receipt.
pub fn run(
    dir: &Path,
    belief: Belief<'_>,
    leaves: &[ProvenLeaf],
    options: Options,
    output: &Output,
) -> Result<Exit, Failure> {
    let question = Question { belief, leaves, options };
    let begun = Instant::now();
    let paths = below(dir)?;
    let mut workers = vec![Memory::new(); std::thread::available_parallelism().map_or(1, usize::from)];
    let (mut receipts, mut untrue, mut passed_over) = (0, Vec::new(), Vec::new());
    let progress = Progress { done: AtomicUsize::new(0), count: paths.len(), shown: output.shows_progress() };
    for paths in paths.chunks(AT_ONCE) {
        for (path, found) in paths.iter().zip(judge(paths, question, &mut workers, &progress)) {
            let file = path.display().to_string();
            match found {
                Found::Other => passed_over.push(file),
                Found::True => receipts += 1,
                Found::Untrue { failed, detail } => {
                    receipts += 1;
                    untrue.push(Untrue { file, failed, detail });
                }
                Found::Unreadable(failure) => return Err(failure),
            }
        }
    }
    progress.end();
    if receipts == 0 {
        let message = format!("no receipt among {} files below {}", paths.len(), dir.display());
        return Err(Failure::usage(message));
    }
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let verified = untrue.is_empty();
    let findings = Findings { verified, receipts, untrue, passed_over, elapsed_ms };
    findings.print(output);
    Ok(if verified { Exit::Ok } else { Exit::NotVerified })
}

/// All files below a directory, in the order of their names.
///
/// # Errors
/// `Usage` when it cannot be read, or holds too many or too deep.
pub fn below(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    collect(dir, DEPTH_MAX, &mut paths)?;
    paths.sort();
    Ok(paths)
}

/// All files below a directory. Links are not followed: what they lead to may be above.
fn collect(dir: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |fault: &std::io::Error| files::unreadable(dir, fault);
    let below = depth.checked_sub(1).ok_or_else(|| {
        Failure::usage(format_args!("{} is nested deeper than {DEPTH_MAX} directories", dir.display()))
    })?;
    for entry in fs::read_dir(dir).map_err(|fault| unreadable(&fault))? {
        let entry = entry.map_err(|fault| unreadable(&fault))?;
        let kind = entry.file_type().map_err(|fault| unreadable(&fault))?;
        if kind.is_dir() {
            collect(&entry.path(), below, paths)?;
        } else if kind.is_file() {
            if paths.len() == FILES_MAX {
                return Err(Failure::usage(format_args!("more than {FILES_MAX} files below a directory")));
            }
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// What is asked of every receipt.
#[derive(Clone, Copy)]
struct Question<'a> {
    belief: Belief<'a>,
    leaves: &'a [ProvenLeaf],
    options: Options,
}

impl Question<'_> {
    fn ask(self, bundle: &Bundle, memory: &mut Memory) -> Report {
        let lives: Lives<'_> = &|log, author, key| KeyLife::shown(log, author, key, self.leaves);
        self.belief.verify_knowing(bundle, self.options, lives, Some(memory))
    }
}

/// What a file turned out to be.
enum Found {
    Other,
    True,
    Untrue { failed: &'static str, detail: String },
    Unreadable(Failure),
}

/// A file after it was read.
enum Content {
    Other,
    Receipt(Box<Bundle>),
    Unread(String),
    Unreadable(Failure),
}

struct Progress {
    done: AtomicUsize,
    count: usize,
    shown: bool,
}

impl Progress {
    fn show(&self) {
        if self.shown {
            let done = self.done.load(Ordering::Relaxed);
            let filled = (done * 30).checked_div(self.count).unwrap_or(30);
            eprint!(
                "\r  [{:#<filled$}{:-<empty$}] {done} of {} files",
                "",
                "",
                self.count,
                empty = 30 - filled
            );
        }
    }

    fn end(&self) {
        if self.shown {
            // As wide as the longest line above.
            eprint!("\r{:72}\r", "");
        }
    }
}

/// Reads and judges these files, each worker a part.
fn judge(
    paths: &[PathBuf],
    question: Question<'_>,
    workers: &mut [Memory],
    progress: &Progress,
) -> Vec<Found> {
    let share = paths.len().div_ceil(workers.len()).max(1);
    let contents: Vec<Content> = std::thread::scope(|scope| {
        let threads: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(move || paths.iter().map(|path| read(path)).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("reading does not panic")).collect()
    });
    let mut found = Vec::with_capacity(contents.len());
    let (mut bundles, mut places) = (Vec::new(), Vec::new());
    for (content, place) in contents.into_iter().zip(0..) {
        found.push(match content {
            Content::Receipt(bundle) => {
                bundles.push(*bundle);
                places.push(place);
                Found::True
            }
            Content::Other => Found::Other,
            Content::Unread(detail) => Found::Untrue { failed: FORMAT, detail },
            Content::Unreadable(failure) => Found::Unreadable(failure),
        });
    }
    progress.done.fetch_add(found.len() - bundles.len(), Ordering::Relaxed);
    let bundles = &bundles;
    let verdicts: Vec<(usize, Found)> = std::thread::scope(|scope| {
        let threads: Vec<_> = parts(bundles, workers.len())
            .into_iter()
            .zip(workers)
            .map(|(part, memory)| {
                scope.spawn(move || {
                    let verdict = |at: usize| {
                        let report = question.ask(&bundles[at], memory);
                        progress.done.fetch_add(1, Ordering::Relaxed);
                        let found = match report.failure() {
                            None => Found::True,
                            Some((code, fault)) => {
                                Found::Untrue { failed: code.as_str(), detail: fault.to_string() }
                            }
                        };
                        (at, found)
                    };
                    part.into_iter().map(verdict).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut shown = Instant::now();
        while threads.iter().any(|thread| !thread.is_finished()) {
            if shown.elapsed() >= PACE {
                progress.show();
                shown = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        threads.into_iter().flat_map(|thread| thread.join().expect("checking does not panic")).collect()
    });
    for (at, verdict) in verdicts {
        found[places[at]] = verdict;
    }
    found
}

fn read(path: &Path) -> Content {
    // It lies beside a tlog-proof. Where it is a statement of COSE it begins as receipts of COSE do.
    if path.extension().is_some_and(|ending| ending == "entry") {
        return Content::Other;
    }
    let bytes = match files::read(path, Bundle::BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(fault) => return Content::Unreadable(files::unreadable(path, &fault)),
    };
    if !seems_a_receipt(&bytes) {
        return Content::Other;
    }
    let entry = match beside(path) {
        Ok(entry) if bytes.starts_with(b"c2sp.org/tlog-proof") => entry,
        Ok(_) => None,
        Err(failure) => return Content::Unreadable(failure),
    };
    match Bundle::read(&bytes, entry) {
        Ok(bundle) => Content::Receipt(Box::new(bundle)),
        Err(fault) => Content::Unread(fault.to_string()),
    }
}

/// The entry of a tlog-proof: the file of the same name with the ending `.entry`.
fn beside(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let path = path.with_extension("entry");
    match files::read(&path, ENTRY_BYTES_MAX) {
        Ok(entry) => Ok(Some(entry)),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(files::unreadable(&path, &fault)),
    }
}

/// Whether a file is a receipt, true or not, by what such files begin with and hold.
fn seems_a_receipt(bytes: &[u8]) -> bool {
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    match bytes.first() {
        Some(0xd2) => true,
        Some(b'c') => bytes.starts_with(b"c2sp.org/tlog-proof"),
        Some(b'{' | b' ' | b'\t' | b'\r' | b'\n') => holds(b"quorate/receipt/") || holds(b"quorate/bundle/"),
        Some(_) | None => false,
    }
}

impl Findings {
    fn print(&self, output: &Output) {
        if output.is_json() {
            return output.json(self);
        }
        for Untrue { file, failed, detail } in &self.untrue {
            let word = output.paint(Tone::Bad, "NOT VERIFIED");
            output.line(format_args!("  {word}  {file}: check {failed}: {detail}"));
        }
        let others = match self.passed_over.len() {
            0 => String::new(),
            1 => format!("; 1 file is no receipt: {}", self.passed_over[0]),
            count => format!("; {count} files are no receipts, {} the first", self.passed_over[0]),
        };
        let (good, seconds) = (self.receipts - self.untrue.len(), self.elapsed_ms as f64 / 1_000.0);
        output.row("receipts", format_args!("{good} of {} true, in {seconds:.2} s{others}", self.receipts));
        match self.verified {
            true => output.line(output.paint(Tone::Good, "VERIFIED")),
            false => output.line(format_args!(
                "{}  {} of {} receipts",
                output.paint(Tone::Bad, "NOT VERIFIED"),
                self.untrue.len(),
                self.receipts
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_beside_a_proof_is_no_receipt_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, is_receipt) in [("7.entry", false), ("7.cose", true)] {
            let path = folder.path().join(name);
            fs::write(&path, [0xd2, 0x84]).expect("written");
            assert_eq!(matches!(read(&path), Content::Unread(_)), is_receipt, "{name}");
            assert_eq!(matches!(read(&path), Content::Other), !is_receipt, "{name}");
        }
    }
}
