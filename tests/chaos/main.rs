//! A storm over real processes: validators killed, held, cut off and slowed while clients submit; judged afterwards.
//!
//! - `plan` draws the storm from a seed, `deeds` does to the network what it says;
//! - `enclosure` is a world of its own for one test, `net` the network in it, behind the doors of `testnet::proxy`;
//! - `load` submits and writes down every answer, `witness` every signed head and every vote;
//! - `audit` asks all nodes afterwards, `judge` compares what they say with what was written down;
//! - `amnesia` restores one validator from an old copy, which the others are to name;
//! - `figures` measures how long the network is silent after each fault.
//!
//! `just chaos` and TESTING.md say how to run the long ones.

use std::path::Path;

mod amnesia;
mod audit;
#[path = "../e2e/author.rs"]
mod author;
mod deeds;
mod enclosure;
mod figures;
#[path = "../e2e/journal.rs"]
mod journal;
mod judge;
mod load;
mod net;
mod plan;
mod storm;
mod witness;

/// The binary under test.
fn quorate() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_quorate"))
}
