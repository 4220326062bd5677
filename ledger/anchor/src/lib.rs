//! What others outside say existed, and when.
//!
//! A certified checkpoint says what the log held; that it said so *then* is the word of the validators. An anchor is the
//! word of somebody else: a time-stamping authority, or the blocks of Bitcoin. Everything here is a function of bytes:
//! no clock, no chance, no socket, no file. The rules have numbers, N1 to N12, in `ANCHOR.md`.
//!
//! - `tsp` is RFC 3161: what an authority is asked, what its answer shows;
//! - `ots` is OpenTimestamps: the grammar, what a proof shows, and headers of blocks;
//! - `service` says who is asked; `record` is how an anchor stands and what is kept of it;
//! - `course` is what is done next, and when.

mod course;
pub mod ots;
mod record;
mod service;
pub mod tsp;

pub use course::{CourseError, Deed, Every, Heard, Trust};
pub use record::{Anchored, RECORD_BYTES_MAX, Record, RecordError, SERVICES_MAX, State, digest_of};
pub use service::{Kind, Service, ServiceError};
