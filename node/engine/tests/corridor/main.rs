//! What the corridor promises of its own: answers at the door, the order of writes, what is kept and what is asked for.
//!
//! Whole networks of engines run in `testnet/sim`; here one engine is told what happened, and what it wants is read.

mod batches;
mod behind;
mod desk;
mod door;
mod epochs;
mod heads;
