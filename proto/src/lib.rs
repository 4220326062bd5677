//! The words of the ledger: types, canonical bytes, certificates.
//!
//! The ground floor. A submission becomes part of a batch, a batch of a block; ballots become certificates;
//! executed submissions become entries, entries a log, its head a checkpoint, and a checkpoint with an
//! inclusion proof a receipt. Bytes become a value in `canonical`, and are trusted only after `verified`.

pub mod ballot;
pub mod batch;
pub mod block;
pub mod canon;
pub mod canonical;
pub mod cbor;
pub mod certificate;
pub mod checkpoint;
pub mod cose_key;
pub mod counter;
pub mod did_key;
pub mod domain;
pub mod entry;
pub mod evidence;
pub mod genesis;
pub mod history;
pub mod id;
pub mod iso;
pub mod job;
pub mod lookup;
pub mod message;
pub mod note;
pub mod operation;
pub mod policy;
pub mod primitive;
pub mod proposal;
pub mod receipt;
pub mod record;
pub mod session;
pub mod signer;
pub mod statement;
pub mod submission;
pub mod validators;
pub mod verified;
mod wire;
