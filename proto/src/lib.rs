//! The words of the ledger: types, canonical bytes, certificates.

pub mod message;
