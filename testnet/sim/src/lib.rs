//! The whole engine under a seed: the same one that the node runs, in a world that fails on purpose.
//!
//! - `plan`: a scenario as data, drawn from a seed; `prng`: chance in named streams;
//! - `world`: the queue of happenings; `trouble`: when what goes wrong; `workload`: what is submitted, and what became
//!   of it; `deeds`: what a member's shell does; `byzantine`: what it does instead;
//!   `succession`: validators that come and go;
//! - `member`: one engine and its lives; `network`, `disk`, `crash`: what goes wrong;
//! - `notary`: signatures without cost; `checkers`: what must hold, whatever happens; `sweep`: many seeds.
//!
//! A seed decides everything: two runs have the same trace. A failing one is replayed by
//! `cargo run --release -p sim -- replay --seed S`.

mod byzantine;
pub mod checkers;
pub mod crash;
mod deeds;
pub mod disk;
pub mod member;
pub mod network;
pub mod notary;
pub mod plan;
pub mod prng;
mod succession;
pub mod sweep;
mod trouble;
mod workload;
pub mod world;

pub use plan::{Attack, Plan, ShellDefect, Turnover};
pub use sweep::Sweep;
pub use world::{Outcomes, World};
