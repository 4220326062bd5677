//! Witnesses: this node cosigns the logs of others, and others cosign ours.
//!
//! - `keys` the two keys of the role and the lines they sign;
//! - `book` what was cosigned last, on disk before anything is said of it;
//! - `server` the thread that judges requests, one after the other;
//! - `settings` what the configuration says of both sides;
//! - `outside` asks witnesses to cosign our certified checkpoints, off the path of a commit.
//!
//! The rules are `ledger/witness`; nothing here decides.

pub mod book;
pub mod keys;
pub(crate) mod outside;
pub mod server;
pub mod settings;
