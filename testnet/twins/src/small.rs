//! The small world: four validators, one of them a liar, every order of events, exhausted.
//!
//! The three honest ones are the replica that ships. What they say is never unsaid and may reach anybody at any time or
//! never, so a state of the world is three local states and the set of all words said follows from it. The liar is not a
//! state at all: whatever can be made from the words said and its own key may arrive. Reasons and what is left out:
//! `testnet/twins/adr/001-explorer.md`.
//!
//! - `words`: blocks, words and letters by number;
//! - `soup`: which letters can be made from the words said;
//! - `local`: one replica's steps, each taken once and remembered;
//! - `seen`: a set of states; `explore`: the walk.

mod explore;
mod local;
mod seen;
mod soup;
mod words;

pub use explore::{Bound, Detail, Found, Report, explore, hunt};
