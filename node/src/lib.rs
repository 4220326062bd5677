//! The shell: a whole node in the world.
//!
//! The engine decides, this room performs: it keeps the secrets and the files, runs the clock, the threads
//! and the sockets, and holds no rule of its own.
//!
//! ```text
//!   network ─► intake ─► verifier (threads) ─► inbox ─► driver (the engine's thread) ─► perform ─► network
//!   callers ─► intake ─┘         ▲               ▲                                        │
//!                                │ own words     │ durable                                ▼
//!                                └───────────────┴──────────── durable: journal, store ◄─ gates
//! ```
//!
//! - `wiring` makes every part, once, and ends them in order; `failure` is how a node that cannot go on ends;
//! - `driver` the main loop; `inbox`, `timers`, `clock` what it waits for; `perform` what it does;
//! - `durable` opens gates; `journal` what must never be contradicted, on disk before it is said;
//! - `intake`, `verifier`, `wire` bytes from outside become verified events, `remembering` what held; `callers` wait
//!   for answers;
//! - `config`, `genesis_file`, `credentials` what an operator writes; `custody` keys held for others;
//! - `files` how a file is written whole or not at all, `filesystem` with which deeds;
//! - `evidence` keeps what convicts a validator, `evidence_file` is how it is handed on;
//! - `passphrase`, `keys`, `keystore` one encrypted seed and the keys that follow from it;
//! - `seats` who reigns, and which peer that is; `addresses` where they can be dialled;
//! - `publish` the log as files, on a thread of its own;
//! - `witness` cosigns the logs of others, and has ours cosigned;
//! - `status`, `telemetry` what the node says of itself; `queue` how threads hand things on.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
mod anchoring;
pub mod auditing;
mod callers;
mod clock;
pub mod config;
pub mod credentials;
pub mod custody;
mod driver;
mod durable;
mod erasing;
pub mod evidence;
pub mod evidence_file;
pub mod failure;
mod files;
pub mod filesystem;
pub mod genesis_file;
mod inbox;
mod intake;
pub mod journal;
pub mod keys;
pub mod keystore;
pub mod passphrase;
mod perform;
mod publish;
mod queue;
mod remembering;
mod seats;
pub mod security_log;
pub mod shelf;
mod status;
pub mod telemetry;
mod timers;
mod verifier;
mod wire;
pub mod wiring;
pub mod witness;

pub use failure::FatalError;
pub use wiring::{Cause, RunningNode, Setup, StartError, start};
