//! All points, on all cores; and one of them again.
//!
//! ```text
//! cargo test -p tests --test crash points -- --nocapture
//! CRASH_POINTS=all cargo test --release -p tests --test crash points -- --nocapture
//! CRASH_CASE=calm/2/3000//17:sent cargo test -p tests --test crash one_case -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::cases::Case;
use crate::points::{Breadth, Broken, SCENARIOS, Scenario, points};

/// What every run of the tests tries.
const FEW: Breadth = Breadth { single: 16, several: 40, again: 500, again_effects: 12 };
/// What a change has to pass.
const SOME: Breadth = Breadth { single: 2, several: 5, again: 67, again_effects: 12 };
/// All.
const ALL: Breadth = Breadth { single: 1, several: 1, again: 1, again_effects: 12 };
/// Points that are not clean, after which no more of a world are tried.
const FAILURES_MAX: usize = 20;
/// Least number of points that a change has to pass: fewer, and the worlds have become too calm.
const POINTS_LEAST: usize = 2_000;

/// What became of a set of points.
#[derive(Debug, Default)]
pub struct Report {
    /// Points tried at which the crash happened, by their way.
    pub tried: BTreeMap<String, usize>,
    /// Points whose crash never came: the life after the first ended before.
    pub missed: usize,
    /// What was broken, and where.
    pub failures: Vec<(String, String)>,
}

impl Report {
    fn add(&mut self, case: &Case, broken: Broken) {
        let scenario = Scenario::named(&case.scenario).expect("cases are of known scenarios");
        let (outcomes, log) = scenario.play(&case.crash, broken, false);
        match outcomes {
            Ok(outcomes) if outcomes.struck < case.crash.strikes.len() as u64 => self.missed += 1,
            Ok(_) if log.borrow().swallowed => {
                self.failures
                    .push((case.to_string(), "a failed deed of the journal was not noticed".to_owned()));
            }
            Ok(_) => *self.tried.entry(case.group()).or_default() += 1,
            Err(violation) => self.failures.push((case.to_string(), violation.to_string())),
        }
    }

    fn join(&mut self, other: Self) {
        for (group, count) in other.tried {
            *self.tried.entry(group).or_default() += count;
        }
        self.missed += other.missed;
        self.failures.extend(other.failures);
    }

    /// How many points were tried and clean.
    pub fn count(&self) -> usize {
        self.tried.values().sum()
    }
}

/// Tries them, on all cores, until this many were not clean.
pub fn run(cases: &[Case], broken: Broken, failures_max: usize) -> Report {
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut one = Report::default();
                    one.add(case, broken);
                    let mut report = report.lock().expect("no thread panics while it joins");
                    report.join(one);
                    if report.failures.len() >= failures_max {
                        return;
                    }
                }
            });
        }
    });
    report.into_inner().expect("no thread panics while it joins")
}

#[test]
fn points_are_clean() {
    let (breadth, least) = match std::env::var("CRASH_POINTS").as_deref() {
        Ok("all") => (ALL, POINTS_LEAST),
        Ok(_) => (SOME, POINTS_LEAST),
        Err(_) => (FEW, POINTS_LEAST / 10),
    };
    let begin = Instant::now();
    let mut whole = Report::default();
    for scenario in SCENARIOS {
        let cases = points(scenario, Broken::default(), breadth);
        let report = run(&cases, Broken::default(), FAILURES_MAX);
        println!(
            "{}: {} points, {} missed, {:?}",
            scenario.name,
            report.count(),
            report.missed,
            report.tried
        );
        whole.join(report);
    }
    println!(
        "{} points clean, {} not, in {:.1} s: {:#?}",
        whole.count(),
        whole.failures.len(),
        begin.elapsed().as_secs_f64(),
        whole.tried
    );
    for (case, violation) in &whole.failures {
        println!(
            "{violation}\n  CRASH_CASE='{case}' cargo test -p tests --test crash one_case -- --nocapture"
        );
    }
    assert!(whole.failures.is_empty(), "{} points are not clean", whole.failures.len());
    assert!(whole.count() >= least, "only {} points", whole.count());
}

/// Plays the case in `CRASH_CASE`, a line a happening; without it, the first point of the first world.
#[test]
fn one_case() {
    let text = std::env::var("CRASH_CASE");
    let case: Case = text.as_deref().unwrap_or("calm/0/3000//5:before").parse().expect("a case");
    let scenario = Scenario::named(&case.scenario).expect("a scenario");
    let (outcomes, _) = scenario.play(&case.crash, Broken::default(), text.is_ok());
    let outcomes = outcomes.unwrap_or_else(|violation| panic!("{case}: {violation}"));
    assert_eq!(outcomes.struck, case.crash.strikes.len() as u64, "{case}: the crash did not come");
}
