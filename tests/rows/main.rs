//! What the systems that came before promised, row by row: against one network of four nodes, over HTTP alone.
//!
//! A test is named after its row (`q06_…` holds Q06) and stands in the file of its system. `table` makes of the names what
//! `quorate rows` prints, and fails when that is not so, when two tests claim a row, or when a test cannot run.

mod access;
mod audit;
mod doors;
mod evidence;
mod issuers;
mod kms;
mod names;
mod net;
mod private;
mod proofnest;
mod qod;
mod qwed;
mod records;
mod retention;
mod runtime;
mod settled;
mod table;
