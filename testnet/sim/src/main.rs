//! `sim run --seeds N [--from S]` runs seeds; `sim replay --seed S` runs one and prints a line a happening.

use std::process::ExitCode;

use sim::{Plan, Sweep, World};

const USAGE: &str = "usage: sim run [--seeds N] [--from S] | sim replay --seed S";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    match arguments.first().map(String::as_str) {
        Some("run") => run(number("--from").unwrap_or(0), number("--seeds").unwrap_or(2_000)),
        Some("replay") => match number("--seed") {
            Some(seed) => replay(seed),
            None => usage(),
        },
        Some(_) | None => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn run(from: u64, seeds: u64) -> ExitCode {
    let started = elapsed();
    let sweep = Sweep::run(from, seeds);
    let seconds = elapsed() - started;
    for (seed, violation) in &sweep.violations {
        println!("seed {seed}: {violation}\n  replay: cargo run --release -p sim -- replay --seed {seed}");
    }
    println!(
        "{} seeds, {} violations, {:.1} simulated hours, {} steps, {} blocks, {} receipts checked, {} crashes, \
         {} equivocations proved, {} epochs; {:.1} s, {:.1} seeds/s",
        sweep.seeds,
        sweep.violations.len(),
        sweep.simulated_us as f64 / 3.6e9,
        sweep.steps,
        sweep.height,
        sweep.receipts,
        sweep.crashes,
        sweep.accusations,
        sweep.epochs,
        seconds,
        sweep.seeds as f64 / seconds.max(0.001),
    );
    ExitCode::from(u8::from(!sweep.violations.is_empty()))
}

fn replay(seed: u64) -> ExitCode {
    let plan = Plan::draw(seed);
    println!("{plan:?}");
    let mut world = World::new(seed, plan);
    world.verbose = true;
    match world.run() {
        Ok(outcomes) => {
            println!("clean: {outcomes:?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("seed {seed}: {violation}");
            ExitCode::from(1)
        }
    }
}

/// Seconds on the real clock: only the report sees it, never the world.
fn elapsed() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |duration| duration.as_secs_f64())
}
