//! Real processes: the binary as users run it, on loopback, with disks, kills and pauses.

use std::path::Path;

mod admission;
mod author;
mod crash;
mod journal;
mod offline;
mod pause;
mod same;
mod support;

/// The binary under test.
fn quorate() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_quorate"))
}
