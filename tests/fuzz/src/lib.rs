//! What is fuzzed: one function of bytes for each target, none of which may panic.
//!
//! libFuzzer calls them from `fuzz_targets`; an ordinary test of the workspace (`corpus.rs`) calls them with all seeds
//! and all inputs that once failed, so that the usual toolchain keeps every finding found.
//!
//! - `wire`: bytes that peers send; `texts`: what verifiers and operators read;
//! - `files`: what a node finds on its disk; `window`: requests, through the real router;
//! - `engine_step`: bytes play a Byzantine validator, the network and the disks around three real engines, in `arena`;
//!   `liar` is what the validator says, and `lore` what it has to say it with;
//! - `fixture`: the one network of all targets.

pub mod arena;
pub mod engine_step;
pub mod files;
pub mod fixture;
mod liar;
pub mod lore;
pub mod texts;
pub mod window;
pub mod wire;

/// What a target runs: a function that no bytes make panic.
pub type Body = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Body); 21] = [
    ("certified_block", wire::certified_block),
    ("checkpoint_note", texts::checkpoint_note),
    ("engine_step", engine_step::run),
    ("entry", wire::entry),
    ("exchange", wire::exchange),
    ("frame", wire::frame),
    ("genesis", files::genesis),
    ("journal", files::journal),
    ("jsonrpc", window::jsonrpc),
    ("jwks", texts::jwks),
    ("keystore", files::keystore),
    ("message", wire::message),
    ("policy", texts::policy),
    ("receipt_bundle", texts::receipt_bundle),
    ("receipt_cose", texts::receipt_cose),
    ("receipt_json", texts::receipt_json),
    ("receipt_tlog_proof", texts::receipt_tlog_proof),
    ("rest", window::rest),
    ("statement", wire::statement),
    ("submission", wire::submission),
    ("witness", texts::witness),
];
