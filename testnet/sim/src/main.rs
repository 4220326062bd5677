//! The simulator's command line: arguments, files, threads and output; the worlds are the library's.

mod plot;

use std::path::Path;
use std::process::ExitCode;

use sim::sweep::percentile;
use sim::{Fault, Plan, Sweep, World, scale, shrink};

const USAGE: &str = "usage:
  sim run [--seeds N] [--from S] [--jobs J] [--scenario FILE] [--output json] [--shrink-runs N]
      runs N worlds (2,000), each with the plan its seed draws, or all with the plan of FILE
  sim replay --seed S [--plan FILE]
      runs one world and prints a line for each happening
  sim shrink --seed S [--plan FILE] [--runs N]
      looks for a smaller plan that still breaks a rule, in at most N runs (500)
  sim scale [--submissions N] [--most VALIDATORS] [--real] [--output json] [--svg FILE]
      messages, bytes and time for each block, in healthy networks of 4 to 100; with --real the signatures take their time";

/// Runs that a failing sweep spends on a smaller plan.
const SHRINK_RUNS: u64 = 200;
/// Seeds from which on every class must have struck.
const ALL_CLASSES_FROM: u64 = 1_000;

/// What was asked for, by name.
struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number(&self, name: &str, otherwise: Option<u64>) -> Result<u64, String> {
        match (self.text(name), otherwise) {
            (Some(text), _) => text.parse().map_err(|_| format!("{name} takes a number, not {text:?}")),
            (None, Some(number)) => Ok(number),
            (None, None) => Err(format!("{name} is missing\n{USAGE}")),
        }
    }

    fn plan(&self, name: &str) -> Result<Option<Plan>, String> {
        let Some(path) = self.text(name) else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|fault| format!("{path}: {fault}"))?;
        Plan::parse(&text).map(Some).map_err(|fault| format!("{path}: {fault}"))
    }

    fn is_json(&self) -> Result<bool, String> {
        match self.text("--output") {
            None | Some("text") => Ok(false),
            Some("json") => Ok(true),
            Some(other) => Err(format!("--output is text or json, not {other:?}")),
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let arguments = Arguments(arguments.collect());
    let result = match command.as_deref() {
        Some("run") => run(&arguments),
        Some("replay") => replay(&arguments),
        Some("shrink") => shrunk(&arguments),
        Some("scale") => scaled(&arguments),
        Some(_) | None => Err(USAGE.to_owned()),
    };
    result.unwrap_or_else(|fault| {
        eprintln!("{fault}");
        ExitCode::from(2)
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let (from, seeds) = (arguments.number("--from", Some(0))?, arguments.number("--seeds", Some(2_000))?);
    let jobs = arguments.number("--jobs", Some(1))?.clamp(1, 256);
    let (scenario, json) = (arguments.plan("--scenario")?, arguments.is_json()?);
    let started = seconds();
    let sweep = sweep(from, seeds, jobs, scenario.as_ref());
    let report = Report { sweep: &sweep, seconds: seconds() - started, jobs };
    match json {
        true => println!("{}", report.json()),
        false => report.print(scenario.is_none()),
    }
    let shrink_runs = arguments.number("--shrink-runs", Some(SHRINK_RUNS))?;
    if let Some((seed, _)) = sweep.violations.first() {
        match shrink_runs {
            0 => println!("{}", command(*seed, arguments.text("--scenario").map(Path::new))),
            runs => {
                let plan = scenario.clone().unwrap_or_else(|| Plan::draw(*seed));
                explain(*seed, plan, runs)?;
            }
        }
    }
    let all_classes = scenario.is_some() || seeds < ALL_CLASSES_FROM || sweep.survived() == Fault::ALL.len();
    Ok(ExitCode::from(u8::from(!sweep.violations.is_empty() || !all_classes)))
}

/// The seeds on `jobs` threads: each takes every `jobs`-th.
fn sweep(from: u64, seeds: u64, jobs: u64, scenario: Option<&Plan>) -> Sweep {
    let plan = |seed| scenario.cloned().unwrap_or_else(|| Plan::draw(seed));
    let share = |job: u64| {
        let mine = (from..from.saturating_add(seeds)).filter(move |seed| seed % jobs == job);
        Sweep::of(mine.map(|seed| (seed, plan(seed))))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|job| scope.spawn(move || share(job))).collect();
        let mut whole = Sweep::default();
        for thread in threads {
            whole.merge(
                thread.join().expect("a world that panics is a fault of the simulator or of what it runs"),
            );
        }
        whole
    })
}

/// What a sweep came to, for a reader or a program.
struct Report<'a> {
    sweep: &'a Sweep,
    seconds: f64,
    jobs: u64,
}

impl Report<'_> {
    fn print(&self, classes: bool) {
        let Self { sweep, seconds, jobs } = self;
        for (seed, violation) in &sweep.violations {
            println!("seed {seed}: {violation}");
        }
        if classes {
            println!("{:<20} {:>7} {:>10}", "class", "seeds", "strikes");
            for (fault, seeds) in Fault::ALL.into_iter().zip(sweep.active) {
                println!("{:<20} {seeds:>7} {:>10}", fault.name(), sweep.strikes.of(fault));
            }
            println!("{} of {} classes struck", sweep.survived(), Fault::ALL.len());
        }
        for (what, samples) in self.times() {
            println!(
                "{what}: median {} ms, p99 {} ms, max {} ms, of {}",
                percentile(samples, 500) / 1_000,
                percentile(samples, 990) / 1_000,
                percentile(samples, 1_000) / 1_000,
                samples.len(),
            );
        }
        println!(
            "checked: {} receipts, {} certificates, {} extensions of the log; {} crashes, {} equivocations proved, \
             {} damaged reads noticed, {} epochs followed",
            sweep.receipts,
            sweep.certificates,
            sweep.extensions,
            sweep.crashes,
            sweep.accusations,
            sweep.noticed,
            sweep.epochs,
        );
        println!(
            "{} seeds, {} violations, {:.2} simulated hours, {} steps, {} blocks; {seconds:.1} s on {jobs} threads, \
             {:.1} seeds/s, {:.0} simulated seconds a second",
            sweep.seeds,
            sweep.violations.len(),
            sweep.simulated_us as f64 / 3.6e9,
            sweep.steps,
            sweep.height,
            sweep.seeds as f64 / seconds.max(0.001),
            sweep.simulated_us as f64 / 1e6 / seconds.max(0.001),
        );
    }

    fn times(&self) -> [(&'static str, &[u64]); 3] {
        [
            ("heal to next commit", &self.sweep.heal_to_commit_us),
            ("heal to all final everywhere", &self.sweep.heal_to_final_us),
            ("leader crash to next commit", &self.sweep.crash_to_commit_us),
        ]
    }

    fn json(&self) -> serde_json::Value {
        let Self { sweep, seconds, jobs } = self;
        let classes: serde_json::Map<_, _> = Fault::ALL
            .into_iter()
            .zip(sweep.active)
            .map(|(fault, seeds)| {
                let value = serde_json::json!({ "seeds": seeds, "strikes": sweep.strikes.of(fault) });
                (fault.name().to_owned(), value)
            })
            .collect();
        let times: serde_json::Map<_, _> = self
            .times()
            .into_iter()
            .map(|(what, samples)| {
                let [median, p99, max] = [500, 990, 1_000].map(|part| percentile(samples, part));
                let value = serde_json::json!({
                    "samples": samples.len(), "median_us": median, "p99_us": p99, "max_us": max });
                (what.replace(' ', "_"), value)
            })
            .collect();
        let violations: Vec<_> = sweep
            .violations
            .iter()
            .map(|(seed, violation)| serde_json::json!({ "seed": seed, "violation": violation.0 }))
            .collect();
        serde_json::json!({
            "seeds": sweep.seeds,
            "violations": violations,
            "classes": classes,
            "classes_struck": sweep.survived(),
            "times": times,
            "simulated_us": sweep.simulated_us,
            "steps": sweep.steps,
            "blocks": sweep.height,
            "receipts": sweep.receipts,
            "certificates": sweep.certificates,
            "extensions": sweep.extensions,
            "crashes": sweep.crashes,
            "equivocations_proved": sweep.accusations,
            "damaged_reads_noticed": sweep.noticed,
            "epochs": sweep.epochs,
            "seconds": seconds,
            "threads": jobs,
        })
    }
}

fn replay(arguments: &Arguments) -> Result<ExitCode, String> {
    let seed = arguments.number("--seed", None)?;
    let plan = arguments.plan("--plan")?.unwrap_or_else(|| Plan::draw(seed));
    println!("{}", plan.to_toml());
    let mut world = World::new(seed, plan);
    world.verbose = true;
    match world.run() {
        Ok(outcomes) => {
            println!("clean: {outcomes:?}");
            Ok(ExitCode::SUCCESS)
        }
        Err(violation) => {
            println!("seed {seed}: {violation}");
            println!("{}", command(seed, arguments.text("--plan").map(Path::new)));
            Ok(ExitCode::from(1))
        }
    }
}

fn shrunk(arguments: &Arguments) -> Result<ExitCode, String> {
    let (seed, runs) = (arguments.number("--seed", None)?, arguments.number("--runs", Some(500))?);
    let plan = arguments.plan("--plan")?.unwrap_or_else(|| Plan::draw(seed));
    explain(seed, plan, runs)
}

/// Shrinks a failing plan, and ends with the one command that shows it.
fn explain(seed: u64, plan: Plan, runs: u64) -> Result<ExitCode, String> {
    let Some(found) = shrink::shrink(seed, plan, runs) else {
        println!("seed {seed} is clean with this plan");
        return Ok(ExitCode::SUCCESS);
    };
    let text = found.plan.to_toml();
    let path = std::env::temp_dir().join(format!("quorate-sim-seed-{seed}.toml"));
    std::fs::write(&path, &text).map_err(|fault| format!("{}: {fault}", path.display()))?;
    println!("\n# seed {seed}, shrunk in {} runs: {}\n{text}", found.runs, found.violation);
    println!("{}", command(seed, Some(&path)));
    Ok(ExitCode::from(1))
}

fn command(seed: u64, plan: Option<&Path>) -> String {
    let plan = plan.map(|path| format!(" --plan {}", path.display())).unwrap_or_default();
    format!("cargo run --release -p sim -- replay --seed {seed}{plan}")
}

fn scaled(arguments: &Arguments) -> Result<ExitCode, String> {
    let (submissions, json) = (arguments.number("--submissions", Some(100))?, arguments.is_json()?);
    let most = arguments.number("--most", Some(u64::from(u16::MAX)))?;
    let real_signatures = arguments.0.iter().any(|argument| argument == "--real");
    let (mut rows, mut costs) = (Vec::new(), Vec::new());
    if !json {
        println!(
            "{:>10} {:>8} {:>15} {:>12} {:>12} {:>22}",
            "validators", "blocks", "messages/block", "KiB/block", "seconds", "ms/block and validator"
        );
    }
    for members in scale::SIZES.into_iter().filter(|members| u64::from(*members) <= most) {
        let started = seconds();
        let cost = scale::cost(1, members, submissions, real_signatures);
        let seconds = seconds() - started;
        costs.extend(cost.clone().ok());
        match (cost, json) {
            (Ok(cost), false) => println!(
                "{members:>10} {:>8} {:>15} {:>12.1} {seconds:>12.2} {:>22.2}",
                cost.blocks,
                cost.messages_per_block(),
                cost.bytes_per_block() as f64 / 1024.0,
                1_000.0 * seconds / (cost.blocks.max(1) as f64 * f64::from(members)),
            ),
            (Err(violation), false) => println!("{members:>10} {violation}"),
            (Ok(cost), true) => rows.push(serde_json::json!({
                "validators": members, "blocks": cost.blocks, "messages_per_block": cost.messages_per_block(),
                "bytes_per_block": cost.bytes_per_block(), "seconds": seconds })),
            (Err(violation), true) => {
                rows.push(serde_json::json!({ "validators": members, "fault": violation.0 }));
            }
        }
    }
    if json {
        println!("{}", serde_json::Value::from(rows));
    }
    if let Some(path) = arguments.text("--svg") {
        std::fs::write(path, plot::svg(&costs)).map_err(|fault| format!("{path}: {fault}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Seconds on the real clock: only the report sees it, never a world.
fn seconds() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |duration| duration.as_secs_f64())
}
