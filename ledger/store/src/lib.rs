//! Where it is kept: one `Store`, on disk and in memory.
//!
//! - `port` the contract: what `commit` promises, and why it may fail;
//! - `keys` how a table, a key and a value become stored bytes, and how damage is noticed;
//! - `memory` a `Store` in memory, for tests and the simulator;
//! - `disk` a `Store` on disk: commits go to a `log` and to memory (`waiting`), and from there to the `engine`, sled or
//!   fjall, at leisure (`settle`); `pieces` is how large values lie in the engine, `sync` what makes it survive a power
//!   cut, `acknowledged` how a loss is noticed, `migrate` the format version;
//! - `suite` the tests every `Store` must pass.
//!
//! The contract, what the engine underneath does, and figures: `DURABILITY.md`.

#[cfg(feature = "disk")]
mod acknowledged;
#[cfg(feature = "disk")]
pub mod disk;
#[cfg(feature = "disk")]
mod engine;
mod keys;
#[cfg(feature = "disk")]
mod log;
pub mod memory;
#[cfg(feature = "disk")]
mod migrate;
#[cfg(feature = "disk")]
mod pieces;
pub mod port;
#[cfg(feature = "disk")]
mod settle;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
#[cfg(feature = "disk")]
mod sync;
#[cfg(feature = "disk")]
mod waiting;
