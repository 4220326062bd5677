//! The window seen from outside: through its routers, with a real ledger behind its doors.

mod access;
mod anchors;
mod artifacts;
mod dialects;
mod documents;
mod events;
mod guards;
mod hostile;
mod kept;
mod keys;
mod node;
mod proofnest;
mod proofs;
mod qcos;
mod qod;
mod qwed;
mod rpc;
mod searching;
mod service;
mod serving;
mod statements;
mod submit;
mod witness;
