//! The words of the ledger, tested from outside: one encoding each, certificates that hold or say why not, and the
//! texts that other tools read.

mod bundles;
mod canonical;
mod certificates;
mod checkpoints;
mod cose;
mod dice;
mod fixture;
mod golden;
mod policies;
mod possessions;
mod receipts;
mod round_trip;
mod statements;
