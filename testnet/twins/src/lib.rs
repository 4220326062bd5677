//! Attacks on replicas alone: no ledger, no clock, no disk; payloads are tokens.
//!
//! The replica is the one that ships, and what reaches it went through the door of the node (`Unverified::verify`). Three
//! attacks, each numbered so that what it found can be run again:
//!
//! - twins: two runs with one key, and groups that hear each other: `scenario` counts them, `play` runs one;
//! - mutations: a member that changes what it says: `deed`, `adversary`, `mutate`;
//! - `small`: every order of events in a network of four with one liar, exhausted.
//!
//! `notary`: keys, and signatures without cost; `letter`: what passed the door; `net`: instances and their letters;
//! `watch`: what must hold; `campaign`: many scenarios, several threads; `prng`: chance from a seed.

pub mod adversary;
pub mod campaign;
pub mod deed;
pub mod letter;
pub mod mutate;
pub mod net;
pub mod notary;
pub mod play;
pub mod prng;
pub mod scenario;
pub mod small;
pub mod watch;
