//! Receipts of a small network, and what must be wrong with each spoiled one.

mod bits;
mod checkpoints;
mod fixture;
mod golden;
mod history;
mod items;
mod receipts;
mod source;
mod standing;
mod trust;
