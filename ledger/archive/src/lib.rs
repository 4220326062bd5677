//! The log as files: published where any tool can read them, checked, and audited from the first leaf on.
//!
//! - `name` says where each file stands, `place` is where files are (a directory, a bucket, a node over HTTP), and
//!   `source` where those come from that are published;
//! - `publish` writes what is new, the head last; `growing` makes the tiles on the way;
//! - `fsck` compares every file with what the head says it must be, and names the bad ones;
//! - `audit` judges what the entries say, with the ledger's own state machine;
//! - `artifacts` keeps the bytes that the log commits to, until they are erased, and counts them by tenant;
//! - `bundle` takes entries apart, `error` says why files could not be had.
//!
//! A file that is wrong is a finding, not an error. Nothing that is read is believed, and no more of it is read than
//! a file of its kind may have. This is the only room that sees `object_store`.

pub mod artifacts;
pub mod audit;
pub mod bundle;
pub mod error;
pub mod fsck;
pub mod growing;
pub mod name;
pub mod place;
pub mod publish;
pub mod source;

pub use artifacts::Artifacts;
pub use audit::{Audit, AuditError, Audited, Finding};
pub use error::ArchiveError;
pub use fsck::{Checked, Fault, FaultKind, Faults, Walk, fsck};
pub use name::File;
pub use place::Place;
pub use publish::{Published, Publisher};
pub use source::{Source, Stated};
