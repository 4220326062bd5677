//! Replaying: one chain that holds every kind of operation, done again by nodes that live differently.
//!
//! What is decided follows from the chain and from nothing else: not from a node's clock, its threads, its engine of
//! storage, the moments at which it began again, or the way by which the chain came to it. A small chain is made and
//! replayed in every run of the tests; `just replay 20` makes one twenty times as long. Source: `ledger/STATE.md`, D1.
//!
//! - `kinds`: what there is to be done, and that the chain does all of it, both accepted and refused;
//! - `people`, `world`: who speaks, and the ledger that they speak to; `story`: what they say, a line a thing;
//! - `found`: what each kind is looked up by; `audited`: what each is in the audit log;
//! - `seen`: what is known of a height, and in what two nodes differ there;
//! - `lives`: the chain once more, block by block; `catchup`: as it comes to who is far behind; `retraced`: judged again;
//! - `broken`: what must not be taken for the same.

mod audited;
mod broken;
mod catchup;
mod found;
mod kinds;
mod lives;
mod people;
mod retraced;
mod seen;
mod story;
mod world;
