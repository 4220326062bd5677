//! What is true: the state machine, the log, checkpoints and receipts.

pub mod change;
pub mod read;
