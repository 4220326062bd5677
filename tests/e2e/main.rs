//! Real processes: the binary as users run it, on loopback, with disks, kills and pauses.

mod admission;
mod crash;
mod epochs;
mod offline;
mod pause;
mod same;
mod support;
