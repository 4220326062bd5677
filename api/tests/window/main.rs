//! The window seen from outside: through its routers, with a real ledger behind its doors.

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
mod submit;
mod witness;
