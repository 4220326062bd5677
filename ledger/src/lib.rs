//! What is true: the state machine, the log, checkpoints and receipts.
//!
//! A committed block enters by `apply`; the one rule it is judged by stands in `check`, and admission asks the
//! same. What is accepted becomes leaves in `log`; what was decided becomes `outcome`s and `notice`s; all of it
//! leaves as one `change` that someone else makes durable. Until then `overlay` remembers it. Readers of what is
//! durable come by `reader`. Tables, keys and values are in `STATE.md`, with the numbered rules the code cites.
//!
//! - `ledger` opens a store and holds the present; `tip` is where it stands;
//! - `state` reads and writes the tables of `identity`, `key`, `attestation` and `outcome`;
//! - `session` sums up what was measured and chains the proofs, `service` knows the keys that act for a node's callers;
//! - `state` reads and writes the tables of `identity`, `key`, `attestation`, `primitive` and `outcome`;
//! - `job` knows what was planned and what came of it, `evidence` what was sealed of that, `signer` the keys that sign it;
//! - `reign` knows which validators hold an epoch and who comes next, `membership` who may change that;
//! - `checkpoint` keeps certified heads, `collector` gathers signatures until a quorum agrees;
//! - `receipt` proves one leaf, `bundle` holds it among those of its block; `batch` names batches by their root,
//!   `body` keeps blocks without what their leaves hold;
//! - `replay` goes on from a part of the certified log, for who is too far behind for blocks; `refusals` and `anchor`
//!   are what the log does not hold of it;
//! - `retrace` judges a whole log again, for who believes nobody; `files` is the log as others read it;
//! - `lookup` is the index by which leaves are found, whose digest every block states;
//! - `audit` finds leaves by tenant, actor, action and resource, for who asks what was done;
//! - `retention` lists by tenant what was to be kept, and what became of it;
//! - `codec` writes stored values, `rejection` and `error` say why not.
//!
//! No clock, no randomness, no thread, no file: the time is the block's.

mod anchor;
pub mod apply;
pub mod artifact;
pub mod attestation;
pub mod audit;
pub mod batch;
mod body;
pub mod bundle;
pub mod change;
mod check;
pub mod checkpoint;
mod codec;
pub mod collector;
pub mod error;
pub mod evidence;
pub mod files;
pub mod identity;
pub mod issuer;
pub mod issuing;
pub mod job;
pub mod key;
mod ledger;
mod log;
pub mod lookup;
mod membership;
pub mod notice;
pub mod outcome;
mod overlay;
pub mod primitive;
pub mod read;
pub mod reader;
pub mod receipt;
mod refusals;
pub mod reign;
pub mod rejection;
pub mod replay;
pub mod retention;
pub mod retrace;
pub mod sealed;
pub mod service;
pub mod session;
pub mod signer;
mod state;
pub mod tip;
pub mod two_roots;

pub use anchor::Anchor;
pub use apply::{Applied, Committed};
pub use batch::{batch_id, batch_ref, check_batches};
pub use bundle::Bundle;
pub use error::{CheckError, LedgerError};
pub use ledger::Ledger;
pub use notice::{Event, Notice};
pub use outcome::Outcome;
pub use reader::LedgerReader;
pub use receipt::ReceiptParts;
pub use reign::Reign;
pub use rejection::Rejection;
pub use replay::{ReplayError, Replayed};
pub use tip::Tip;
pub use two_roots::{TwoRoots, TwoRootsError};
