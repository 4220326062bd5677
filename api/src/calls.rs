//! The verbs, one function each: parameters in, an answer or an error out. REST and JSON-RPC both say them.

pub(crate) mod anchors;
pub(crate) mod artifacts;
pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod counts;
pub(crate) mod dialects;
pub(crate) mod entries;
pub(crate) mod foreign_chain;
pub(crate) mod issuer_keys;
pub(crate) mod keys;
pub(crate) mod node;
pub(crate) mod proofs;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod statements;
pub(crate) mod submit;
pub(crate) mod tokens;
pub(crate) mod trust;
pub(crate) mod verdict;
pub(crate) mod witness;
