//! The log as files, end to end: published from a ledger, spoiled in every way, checked and audited.

mod auditing;
mod bucket;
mod checking;
mod flaky;
mod publishing;
mod world;
