//! The whole engine in worlds that fail on purpose: many seeds, and rules broken to see the checkers notice.

mod broken;
mod kinds;
mod rotation;
mod scenarios;
mod sessions;
mod succession;
mod sweep;
