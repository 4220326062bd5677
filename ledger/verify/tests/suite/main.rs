//! Receipts of a small network, and what must be wrong with each spoiled one.

mod among;
mod bits;
mod checkpoints;
mod dialects;
mod evidence;
mod fixture;
mod golden;
mod history;
mod items;
mod lookups;
mod mutations;
mod receipts;
mod sealed;
mod source;
mod standing;
mod statements;
mod trust;
