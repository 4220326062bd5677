//! Crashes at every effect: of the engine in the simulated world, of the journal's file, of the store's process.
//!
//! - `points`: which points there are, and how each is tried; `cases`: a point as a line of text, so that it can be
//!   tried again; `run`: all of them, on all cores;
//! - `ram`: a file system that forgets what was not synced; `journal_file`: the real journal on it, in the world;
//! - `journal`: the journal's file cut and flipped; `store`: the real store, killed and damaged; `power`: both, on a
//!   file system whose power is cut;
//! - `witness`: what a witness cosigned, at every deed of the file that remembers it;
//! - `broken`: rules broken on purpose, which these suites must notice.

mod broken;
mod cases;
mod journal;
mod journal_file;
mod points;
mod power;
mod ram;
mod run;
mod store;
mod witness;
