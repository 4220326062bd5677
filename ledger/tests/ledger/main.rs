//! The ledger as its users see it: blocks in, and what follows from them.

mod artifacts;
mod attestations;
mod blocks;
mod bodies;
mod epochs;
mod finality;
mod golden;
mod identities;
mod random;
mod readers;
mod replay;
mod restart;
mod statements;
mod world;
