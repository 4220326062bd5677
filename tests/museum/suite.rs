//! The suites: programs that pass when every rule is kept.
//!
//! Each is the tests of one room, as `cargo test` runs them: built once, with the defects compiled in, and told by a
//! variable which rule to break. What attacks the whole has defects of its own to find: `tests/simulation/broken.rs`,
//! `tests/crash/broken.rs` and the tests of `testnet/twins`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crypto::defects::{Defect, VARIABLE};

/// Longest time a suite may take, in seconds.
const SECONDS_MAX: u64 = 60;

/// A program that looks for broken rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// The tests of `ledger/merkle`, with the public vectors.
    Merkle,
    /// The tests of `proto`: what the door refuses.
    Proto,
    /// The tests of `api/model`.
    Model,
    /// The tests of `ledger/verify`.
    Verify,
    /// The tests of `consensus`.
    Consensus,
    /// The tests of `ledger`.
    Ledger,
    /// The tests of `node/engine`.
    Engine,
}

impl Suite {
    /// Every suite, the quickest first.
    pub const ALL: [Self; 7] =
        [Self::Merkle, Self::Proto, Self::Model, Self::Verify, Self::Consensus, Self::Ledger, Self::Engine];

    /// Its name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Merkle => "merkle",
            Self::Proto => "proto",
            Self::Model => "model",
            Self::Verify => "verify",
            Self::Consensus => "consensus",
            Self::Ledger => "ledger",
            Self::Engine => "engine",
        }
    }
}

/// How a suite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It found nothing.
    Passed,
    /// It found something.
    Failed,
    /// It was stopped.
    TooLong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TooLong => "took too long",
        })
    }
}

/// What one run showed.
pub struct Outcome {
    pub verdict: Verdict,
    pub seconds: f64,
    /// What noticed, in its own words.
    pub words: String,
}

/// The programs of all suites.
pub struct Suites {
    programs: BTreeMap<&'static str, Vec<PathBuf>>,
}

impl Suites {
    /// Builds them, in the profile of the tests: the whole workspace, for that is what the tests have built already.
    pub fn build() -> Result<Self, String> {
        let mut programs: BTreeMap<&'static str, Vec<PathBuf>> = BTreeMap::new();
        for (package, program) in built(&["test", "--workspace", "--no-run"])? {
            if let Some(suite) = Suite::ALL.into_iter().find(|suite| suite.name() == package) {
                programs.entry(suite.name()).or_default().push(program);
            }
        }
        match Suite::ALL.into_iter().find(|suite| !programs.contains_key(suite.name())) {
            Some(suite) => Err(format!("nothing was built of {}", suite.name())),
            None => Ok(Self { programs }),
        }
    }

    /// Runs a suite, with a rule broken if one is named, until one of its programs fails.
    pub fn run(&self, suite: Suite, defect: Option<Defect>) -> Outcome {
        let begin = Instant::now();
        let (mut verdict, mut words) = (Verdict::Passed, "nothing".to_owned());
        for program in &self.programs[suite.name()] {
            let mut command = Command::new(program);
            command.arg("-q").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            match defect {
                Some(defect) => command.env(VARIABLE, format!("{defect:?}")),
                None => command.env_remove(VARIABLE),
            };
            (verdict, words) = match command.spawn() {
                Ok(child) => watch(child, begin),
                Err(fault) => (Verdict::TooLong, fault.to_string()),
            };
            if verdict != Verdict::Passed {
                break;
            }
        }
        Outcome { verdict, seconds: begin.elapsed().as_secs_f64(), words }
    }
}

/// Runs cargo and gives the programs it built, each with the name of its package.
fn built(command: &[&str]) -> Result<Vec<(String, PathBuf)>, String> {
    let output = Command::new(env!("CARGO"))
        .args(command)
        .args(["--quiet", "--locked", "--message-format=json"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|fault| format!("cargo does not start: {fault}"))?;
    if !output.status.success() {
        return Err(format!("cargo {} failed", command.join(" ")));
    }
    let mut programs = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let (Some(program), Some(package)) = (message["executable"].as_str(), message["package_id"].as_str())
        else {
            continue;
        };
        // `path+file:///…/ledger/merkle#0.1.0`, or `…#name@0.1.0` where folder and package differ.
        let (folder, version) = package.split_once('#').unwrap_or((package, ""));
        let name =
            version.split_once('@').map_or(folder.rsplit('/').next().unwrap_or(folder), |(name, _)| name);
        programs.push((name.to_owned(), PathBuf::from(program)));
    }
    Ok(programs)
}

/// Waits for a program, and says what it complained of.
fn watch(mut child: Child, begin: Instant) -> (Verdict, String) {
    let mut pipes = (child.stdout.take(), child.stderr.take());
    let reader = std::thread::spawn(move || {
        let (mut out, mut err) = (String::new(), String::new());
        // Both are read whole: a panic's words are on the one or the other.
        let _ = pipes.0.as_mut().map(|pipe| pipe.read_to_string(&mut out));
        let _ = pipes.1.as_mut().map(|pipe| pipe.read_to_string(&mut err));
        out + &err
    });
    let verdict = loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break Verdict::Passed,
            Ok(Some(_)) => break Verdict::Failed,
            Ok(None) if begin.elapsed() > Duration::from_secs(SECONDS_MAX) => {
                let _ = child.kill();
                let _ = child.wait();
                break Verdict::TooLong;
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => break Verdict::TooLong,
        }
    };
    let text = reader.join().unwrap_or_default();
    (verdict, complaint(&text))
}

/// The first line in which a test or an attacker names what it found.
fn complaint(text: &str) -> String {
    let names = |line: &&str| line.starts_with("thread '") || line.starts_with("seed ");
    let line = text.lines().find(names).unwrap_or("nothing");
    let line = match line.strip_prefix("thread '") {
        Some(rest) => rest.split('\'').next().unwrap_or(rest).to_owned(),
        None => line.to_owned(),
    };
    line.chars().take(100).collect()
}
