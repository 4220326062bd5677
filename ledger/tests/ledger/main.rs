//! The ledger as its users see it: blocks in, and what follows from them.

mod artifacts;
mod attestations;
mod audits;
mod blocks;
mod bodies;
mod epochs;
mod finality;
mod golden;
mod identities;
mod issuers;
mod jobs;
mod lookups;
mod primitives;
mod random;
mod readers;
mod replay;
mod restart;
mod retention;
mod sessions;
mod statements;
mod world;
