//! `quorate bench read`: how fast one node gives receipts.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::{URL, Watched, connections, rate, runtime, shown};
use crate::exit::{Exit, Failure};
use crate::load::read::{self, By, Questions};
use crate::output::Output;
use crate::time;

/// Flags of `bench read`.
#[derive(Args, Debug)]
pub struct Read {
    /// The node's address
    #[arg(long, env = "QUORATE_URL", default_value = URL, value_name = "URL")]
    url: String,
    /// By which of its names an entry is asked for
    #[arg(long, value_enum, default_value_t)]
    by: By,
    /// Questions a second, whether or not earlier ones were answered [default: as many as are answered]
    #[arg(long, value_parser = rate())]
    rate: Option<u32>,
    /// Connections, each with one question at a time
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = connections())]
    connections: u16,
    /// For how long it is measured
    #[arg(long, default_value = "10s", value_parser = time::duration)]
    duration: Duration,
    /// For how long it runs before it is measured
    #[arg(long, default_value = "0s", value_parser = time::duration, value_name = "DURATION")]
    warmup: Duration,
    #[command(flatten)]
    watched: Watched,
}

/// Asks, and shows what came.
pub fn run(args: &Read, output: &Output) -> Result<Exit, Failure> {
    let questions = Questions {
        url: args.url.clone(),
        by: args.by,
        rate: args.rate,
        connections: usize::from(args.connections),
        duration: args.duration,
        warmup: args.warmup,
    };
    let gauge = Arc::new(args.watched.gauge()?);
    let answers = runtime()?.block_on(read::run(&questions, &gauge))?;
    match output.is_json() {
        true => output.json(&answers),
        false => shown::answers(&answers, output),
    }
    Ok(if answers.answered == 0 { Exit::Refused } else { Exit::Ok })
}
