//! Real processes: the binary as users run it, on loopback, with disks, kills and pauses.

mod admission;
mod anchors;
mod artifacts;
mod author;
mod batch;
mod crash;
mod epochs;
mod history;
mod journal;
mod keys;
mod lookup;
mod offline;
mod once;
mod pause;
mod published;
mod recovery;
mod same;
mod statements;
mod support;

/// The binary under test.
fn quorate() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_quorate"))
}
