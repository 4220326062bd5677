//! Where it is kept: one `Store`, on disk and in memory.
//!
//! - `port` the contract: what `commit` promises, and why it may fail;
//! - `keys` how a table, a key and a value become stored bytes, and how damage is noticed;
//! - `memory` a `Store` in memory, for tests and the simulator;
//! - `disk` a `Store` on sled, `pieces` how it keeps large values, `sync` what makes it survive a power cut,
//!   `acknowledged` how it notices a loss, `migrate` its format version;
//! - `suite` the tests every `Store` must pass.
//!
//! The contract, what the engine underneath does, and figures: `DURABILITY.md`.

#[cfg(feature = "disk")]
mod acknowledged;
#[cfg(feature = "disk")]
pub mod disk;
mod keys;
pub mod memory;
#[cfg(feature = "disk")]
mod migrate;
#[cfg(feature = "disk")]
mod pieces;
pub mod port;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
#[cfg(feature = "disk")]
mod sync;
