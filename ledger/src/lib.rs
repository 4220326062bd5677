//! What is true: the state machine, the log, checkpoints and receipts.
