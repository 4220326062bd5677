//! The words of the ledger, tested from outside: one encoding each, certificates that hold or say why not, and the
//! texts that other tools read.

mod bundles;
mod canon;
mod canonical;
mod certificates;
mod checkpoints;
mod cose;
mod dice;
mod evidence;
mod fixture;
mod golden;
mod issuers;
mod jobs;
mod policies;
mod possessions;
mod proofnest;
mod receipts;
mod retention;
mod round_trip;
mod statements;
