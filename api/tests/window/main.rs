//! The window seen from outside: through its routers, with a real ledger behind its doors.

mod artifacts;
mod dialects;
mod documents;
mod events;
mod guards;
mod hostile;
mod kept;
mod keys;
mod node;
mod proofs;
mod rpc;
mod serving;
mod statements;
mod submit;
mod witness;
