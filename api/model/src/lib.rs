//! The JSON shapes of the outside, and the one table of errors.
//!
//! What a caller sends and gets is defined here and nowhere else; documents of the interface are generated from
//! these types. One encoding everywhere: digests and ids are lower-case hex without prefix, byte strings are
//! padded base64, and a number that a JavaScript reader could round is a string.
//!
//! - `strict` reads JSON: bounded, not too deep, no key twice;
//! - `scalar` the spellings of digests, bytes, numbers; `error` everything that can go wrong;
//! - `entry`, `operation` what is submitted and what became of it; `receipt` proofs and their verdicts;
//! - `chain` blocks, checkpoints, validators; `trust` how these came to reign;
//! - `qod` records of quality-on-demand proofs, and what is found of them;
//! - `audit` who did what, and what was refused; `page` lists that are given out in parts;
//! - `status`, `event`, `witness` what a node says of itself; `jwks`, `identity`, `did` public keys, now and as of any size;
//! - `jsonrpc` the envelope of JSON-RPC 2.0.

pub mod anchor;
pub mod artifact;
pub mod audit;
pub mod chain;
pub mod did;
pub mod entry;
pub mod error;
pub mod event;
pub mod foreign_chain;
pub mod identity;
pub mod issuing;
pub mod job;
pub mod jsonrpc;
pub mod jwks;
pub mod membership;
pub mod operation;
pub mod page;
pub mod primitive;
pub mod qod;
pub mod qwed;
pub mod receipt;
pub mod retention;
pub mod root;
pub mod scalar;
pub mod search;
pub mod status;
pub mod strict;
pub mod trust;
pub mod witness;
