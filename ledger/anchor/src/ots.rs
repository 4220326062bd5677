//! OpenTimestamps: the grammar of its files, and what they show.

mod header;
mod judge;
mod proof;
mod reader;
#[cfg(test)]
mod tests;

pub use header::{HEADER_BYTES, HEADERS_BYTES_MAX, Header, HeaderError, Headers};
pub use judge::{Judged, OtsError, judge, promises};
pub use proof::{Attestation, Attested, BYTES_MAX, MAGIC, Op, Proof, ProofError, Timestamp};
pub use reader::Fault;
