//! The commands, one a file: its flags, what it does, what it prints.

pub mod keys;
pub mod verify;
pub mod version;
