//! The shell: a whole node in the world.
//!
//! The engine decides, this room performs: it keeps the secrets and the files, runs the clock, the threads and
//! the sockets, and holds no rule of its own.
//!
//! - `config` layers of settings become one checked value;
//! - `files` how a file is written so that a crash leaves the old one or the new one;
//! - `genesis_file` genesis as people write it down;
//! - `journal` what must never be contradicted, on disk before it is said;
//! - `passphrase`, `keys`, `keystore` one encrypted seed and the keys that follow from it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
mod files;
pub mod genesis_file;
pub mod journal;
pub mod keys;
pub mod keystore;
pub mod passphrase;
