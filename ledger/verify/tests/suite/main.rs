//! Receipts of a small network, and what must be wrong with each spoiled one.

mod among;
mod bits;
mod checkpoints;
mod dialects;
mod fixture;
mod golden;
mod history;
mod items;
mod mutations;
mod receipts;
mod source;
mod standing;
mod statements;
mod trust;
