//! The gate: instructions of each body, counted by valgrind and compared with `instructions.txt`.
//!
//! `just bench-instructions` counts and fails when a body costs more than it may, or less than it is said to;
//! `UPDATE=1` writes the file anew, `ONLY=merkle` counts some bodies. A count is of the instructions that this program
//! executes on the processor that valgrind imitates: it says nothing of memory or of waiting, and where a library chooses
//! its code by the processor it is the count of that choice. So it compares two states of the code on one machine with
//! one compiler, and needs no quiet one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bench::body::Kind;
use bench::{ROOMS, bodies, measured};

/// How far a count may be from the expected one, in percent.
const TOLERANCE_PERCENT: u64 = 5;
const HEADER: &str = "\
# Instructions of one run of each body, expected by `just bench-instructions` within 5 %; `UPDATE=1` writes them anew.
# They are those of x86-64 as valgrind imitates it (AVX2, no SHA extensions) and of the compiler of rust-toolchain.toml.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if let (Some(flag), Some(name)) = (arguments.next(), arguments.next())
        && flag == "--body"
    {
        return run_alone(&name);
    }
    match gate() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}

/// Runs one body, the first time uncounted: what is made once for the whole process is then made.
fn run_alone(name: &str) -> ExitCode {
    // Only its own room is furnished: under valgrind that takes its time.
    let room = ROOMS.iter().find(|(room, _)| name.starts_with(room));
    let body = room.and_then(|(_, bodies)| bodies().into_iter().find(|body| body.name == name));
    let Some(mut body) = body else { return ExitCode::from(2) };
    drop((body.prepare())());
    let work = body.prepare();
    drop(measured(work));
    ExitCode::SUCCESS
}

/// Counts all bodies; whether all are as expected.
fn gate() -> Result<bool, String> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let update = std::env::var_os("UPDATE").is_some();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    let mut expected = read(&path)?;
    let program = std::env::current_exe().map_err(|fault| fault.to_string())?;
    let mut good = true;
    println!("{:52} {:>13} {:>13} {:>8}  each", "body", "expected", "counted", "");
    for body in bodies().iter().filter(|body| body.name.contains(&only)) {
        let kind = match body.kind {
            Kind::Plain => "",
            Kind::Signatures => " (signatures)",
            Kind::Signing => continue,
        };
        let counted = count(&program, body.name)?;
        let before = expected.insert(body.name.to_owned(), counted);
        let verdict = verdict(before, counted);
        good &= verdict == Verdict::Within;
        println!(
            "{:52} {:>13} {counted:>13} {:>8}  {}{kind}{}",
            body.name,
            before.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            before.map_or_else(String::new, |before| difference(before, counted)),
            counted / body.operations,
            verdict.said(),
        );
    }
    if update {
        let lines: String = expected.iter().map(|(name, count)| format!("{count} {name}\n")).collect();
        std::fs::write(&path, format!("{HEADER}{lines}")).map_err(|fault| fault.to_string())?;
        return Ok(true);
    }
    Ok(good)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Within,
    Dearer,
    Cheaper,
    Unknown,
}

impl Verdict {
    const fn said(self) -> &'static str {
        match self {
            Self::Within => "",
            Self::Dearer => "  DEARER",
            Self::Cheaper => "  CHEAPER: write it down with UPDATE=1, so that it stays so",
            Self::Unknown => "  NEW: write it down with UPDATE=1",
        }
    }
}

fn verdict(before: Option<u64>, counted: u64) -> Verdict {
    let Some(before) = before else { return Verdict::Unknown };
    let room = before / 100 * TOLERANCE_PERCENT;
    match counted {
        _ if counted > before + room => Verdict::Dearer,
        _ if counted + room < before => Verdict::Cheaper,
        _ => Verdict::Within,
    }
}

/// In tenths of a percent.
fn difference(before: u64, counted: u64) -> String {
    let sign = if counted < before { '-' } else { '+' };
    let tenths = counted.abs_diff(before) * 1_000 / before.max(1);
    format!("{sign}{}.{} %", tenths / 10, tenths % 10)
}

fn read(path: &Path) -> Result<BTreeMap<String, u64>, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut expected = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let unread = || format!("{}: {line:?} is not a count and a name", path.display());
        let (count, name) = line.split_once(' ').ok_or_else(unread)?;
        expected.insert(name.to_owned(), count.parse().map_err(|_| unread())?);
    }
    Ok(expected)
}

/// Runs one body under valgrind and reads what it counted.
fn count(program: &PathBuf, body: &str) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=bench::body::measured*")
        .arg(program)
        .args(["--body", body])
        .output()
        .map_err(|fault| format!("valgrind cannot be run: {fault}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected =
        said.lines().find_map(|line| line.split_once("Collected :").map(|(_, count)| count.trim()));
    match collected.and_then(|count| count.parse().ok()) {
        Some(count) if output.status.success() && count > 0 => Ok(count),
        Some(_) | None => Err(format!("{body}: valgrind counted nothing ({}):\n{said}", output.status)),
    }
}
