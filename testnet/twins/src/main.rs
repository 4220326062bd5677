//! `twins run`, `twins replay`, `twins mutate`, `twins small`: attacks on replicas alone, each repeatable by its number.

use std::process::ExitCode;

use twins::campaign::{self, Choice, Sum};
use twins::mutate::{self, FoulSum, Fouls};
use twins::notary::set;
use twins::play::play;
use twins::scenario::{Shape, Space};
use twins::small::{Bound, Detail, explore};

const USAGE: &str = "\
usage: twins run    --config 4+1|7+1|7+2 [--views V] [--groups G] [--scenarios N [--seed S] | --all] [--jobs J]
       twins replay --config C [--views V] [--groups G] --scenario K
       twins mutate [--views V] [--scenarios N | --scenario K] [--jobs J]
       twins small  [--views V] [--liar I] [--states N] [--arrivals]";

fn main() -> ExitCode {
    let arguments = Arguments(std::env::args().skip(1).collect());
    match arguments.0.first().map(String::as_str) {
        Some("run") => run(&arguments),
        Some("replay") => replay(&arguments),
        Some("mutate") => mutate(&arguments),
        Some("small") => small(&arguments),
        Some(_) | None => usage(),
    }
}

struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    fn shape(&self) -> Option<Shape> {
        let (members, twins) = self.text("--config").unwrap_or("4+1").split_once('+')?;
        let (members, twins) = (members.parse().ok()?, twins.parse().ok()?);
        Some(Shape { members, twins, views: self.number("--views", 7), groups: self.number("--groups", 2) })
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn run(arguments: &Arguments) -> ExitCode {
    let Some(shape) = arguments.shape() else { return usage() };
    let choice = match arguments.has("--all") {
        true => Choice::All,
        false => Choice::Sample {
            seed: arguments.number("--seed", 1),
            scenarios: arguments.number("--scenarios", 1_000),
        },
    };
    let started = elapsed();
    match campaign::run(shape, choice, arguments.number("--jobs", 1)) {
        Ok(sum) => {
            report(&sum, elapsed() - started);
            for (number, violation) in &sum.violations {
                println!(
                    "scenario {number}: {violation}\n  replay: twins replay --config {}+{} --views {} --groups {} \
                     --scenario {number}",
                    shape.members, shape.twins, shape.views, shape.groups
                );
            }
            ExitCode::from(u8::from(sum.violated > 0))
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}

fn report(sum: &Sum, seconds: f64) {
    let median = {
        let mut left = sum.heal_views.iter().sum::<u64>() / 2;
        sum.heal_views.iter().position(|count| {
            let found = *count > left;
            left = left.saturating_sub(*count);
            found
        })
    };
    println!(
        "{} scenarios ({} more are the same by names), {} violations; {} letters, {} blocks, {} scripts committed \
         before the healing, {} contradictions proved",
        sum.scenarios,
        sum.same,
        sum.violated,
        sum.letters,
        sum.height,
        sum.committed_in_script,
        sum.accusations
    );
    println!(
        "after the healing every honest instance committed anew within {} views (median {}); {seconds:.1} s, {:.0} \
         scenarios/s",
        sum.heal_views.len().saturating_sub(1),
        median.unwrap_or(0),
        sum.scenarios as f64 / seconds.max(0.001),
    );
}

fn replay(arguments: &Arguments) -> ExitCode {
    let Some(shape) = arguments.shape() else { return usage() };
    let Some(number) = arguments.text("--scenario").and_then(|text| text.parse().ok()) else {
        return usage();
    };
    let space = match Space::new(shape) {
        Ok(space) => space,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    let scenario = space.scenario(number);
    let names: Vec<String> = scenario.indices.iter().map(ToString::to_string).collect();
    println!("scenario {} of {}: keys {}", scenario.number, space.size(), names.join(" "));
    for (view, group) in scenario.groups.iter().enumerate() {
        let group: Vec<String> = group.iter().map(ToString::to_string).collect();
        println!("  view {}: groups {}", view + 1, group.join(" "));
    }
    match play(&set(shape.members), &scenario) {
        Ok(outcome) => {
            println!("clean: {outcome:?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{violation}");
            ExitCode::from(1)
        }
    }
}

fn mutate(arguments: &Arguments) -> ExitCode {
    let views: usize = arguments.number("--views", 5);
    if !(1..=9).contains(&views) {
        return usage();
    }
    if let Some(number) = arguments.text("--scenario").and_then(|text| text.parse().ok()) {
        let foul = Fouls::new(views).foul(number);
        println!("{foul:#?}");
        return match mutate::play(&set(4), &foul) {
            Ok(outcome) => {
                println!("clean: {outcome:?}");
                ExitCode::SUCCESS
            }
            Err(violation) => {
                println!("{violation}");
                ExitCode::from(1)
            }
        };
    }
    let singles = Fouls::new(views).singles() as u64;
    let started = elapsed();
    let scenarios = arguments.number("--scenarios", singles);
    let FoulSum { sum, tally } = campaign::run_fouls(views, scenarios, arguments.number("--jobs", 1));
    println!("{} single deeds, {} drawn", singles.min(scenarios), scenarios.saturating_sub(singles));
    report(&sum, elapsed() - started);
    for (deed, tally) in tally {
        println!(
            "  {:<17} done {:>8}, refused {:>8}, let in {:>8}",
            format!("{deed:?}"),
            tally.applied,
            tally.refused,
            tally.let_in
        );
    }
    for (number, violation) in &sum.violations {
        println!(
            "scenario {number}: {violation}\n  replay: twins mutate --views {views} --scenario {number}"
        );
    }
    ExitCode::from(u8::from(sum.violated > 0))
}

fn small(arguments: &Arguments) -> ExitCode {
    let views = arguments.number("--views", 3);
    let liars: Vec<u16> = match arguments.text("--liar").and_then(|text| text.parse().ok()) {
        Some(liar) => vec![liar],
        None => (0..4).collect(),
    };
    let detail = if arguments.has("--arrivals") { Detail::Arrivals } else { Detail::Words };
    let mut broken = false;
    for liar in liars {
        let states = arguments.number("--states", 200_000_000);
        let started = elapsed();
        let report = explore(Bound { views, liar, states, detail });
        let seconds = elapsed() - started;
        println!(
            "liar {liar}, {views} views: {} states, {} transitions, depth {}, {}; {} local states by {} steps of real \
             replicas, {} blocks, {} letters, chains of up to {}; {seconds:.1} s, {:.0} states/s",
            report.states,
            report.transitions,
            report.depth,
            if report.complete { "complete" } else { "not complete" },
            report.locals,
            report.steps,
            report.blocks,
            report.letters,
            report.committed,
            report.states as f64 / seconds.max(0.001),
        );
        if let Some(found) = report.found {
            broken = true;
            println!("BROKEN: {}\n  {}", found.what, found.story.join("\n  "));
        }
    }
    ExitCode::from(u8::from(broken))
}

/// Seconds on the real clock: only the report sees it.
fn elapsed() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |duration| duration.as_secs_f64())
}
