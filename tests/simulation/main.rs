//! The whole engine in worlds that fail on purpose: many seeds, and rules broken to see the checkers notice.

mod broken;
mod rotation;
mod scenarios;
mod succession;
mod sweep;
