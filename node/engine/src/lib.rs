//! A whole node without a world.
//!
//! `Engine::step(now, Event) -> Vec<Command>` composes the replica (what comes next), the mempool (what waits) and
//! the ledger (what is true). The shell in `node/src` and the simulator in `testnet/sim` both run exactly this.
//!
//! - `event`, `command`: everything that can happen, everything that can be wanted;
//! - `engine`: the one match over events, and the one over the replica's effects;
//! - `propose`: submissions become batches, batches a payload; `bodies`: which batches a block still waits for;
//! - `commit`: committed blocks become durable; `cosign`: durable heads become certified checkpoints;
//! - `reigns`: by which validators what comes in is judged; `epochs`: from one set of them to the next;
//! - `questions`: what is asked of peers, and what they are answered; `catchup`: whom to ask for what when far behind.

pub mod command;
pub mod event;

mod bodies;
mod catchup;
mod commit;
mod congestion;
mod cosign;
mod engine;
mod epochs;
mod propose;
mod questions;
pub mod reigns;

pub use catchup::REPLAY_ABOVE;
pub use command::{Alarm, Answer, Command, JournalWrite};
pub use engine::{Engine, EngineError, Past, Setup, Status, TIP_CERTIFICATE};
pub use event::{Event, Peer, Timer, VerifiedMessage, VerifiedResponse};
pub use reigns::Reigns;
