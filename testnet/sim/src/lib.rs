//! The whole engine under a seed: the same one that the node runs, in a world that fails on purpose.
//!
//! - `fault`: the twenty-four classes of trouble; `plan`: a scenario as data; `draw`: the plan of a seed; `prng`: chance in
//!   named streams; `shrink`: a smaller plan that still fails;
//! - `world`: the queue of happenings; `cast`: who is in it, and what they submit; `trouble`: when what goes wrong;
//!   `workload`: what became of what was submitted; `liveness`: what must happen once it is over; `deeds`: what a
//!   member's shell does; `letter`: a message under way;
//! - `succession`: validators that come and go; `rotation`: an identity whose keys change;
//!   `measuring`: sessions and the chain of their proofs; `speaking`: everything else that may be said;
//!   `hearing`: what of it stands in the log, judged by the definition;
//! - `byzantine`, `lies`, `release`: what is done, answered and said instead; `defects`: rules broken on purpose;
//! - `member`: one engine and its lives; `clock`, `network`, `disk`: what goes wrong; `crash`: one member ends
//!   at one of its effects;
//! - `notary`: signatures without cost; `checkers`: what must hold, whatever happens;
//! - `outcomes`: what a run came to; `sweep`: many seeds; `scale`: what a commit costs in networks of many sizes.
//!
//! A seed and a plan decide everything: two runs have the same trace. A failing one is replayed by
//! `cargo run --release -p sim -- replay --seed S`.

mod byzantine;
mod cast;
pub mod checkers;
pub mod clock;
pub mod crash;
mod deeds;
mod defects;
pub mod disk;
mod draw;
pub mod fault;
mod hearing;
mod letter;
mod lies;
mod liveness;
mod measuring;
pub mod member;
pub mod network;
pub mod notary;
pub mod outcomes;
pub mod plan;
pub mod prng;
mod release;
mod rotation;
pub mod scale;
pub mod shrink;
mod speaking;
mod succession;
pub mod sweep;
mod trouble;
mod workload;
pub mod world;

pub use fault::Fault;
pub use outcomes::Outcomes;
pub use plan::{Attack, Plan, Role, ShellDefect, Trouble, Turnover};
pub use sweep::Sweep;
pub use world::World;
