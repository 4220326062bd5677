//! What a witness cosigns, and what it refuses.
//!
//! A witness says of other logs that they only grew. It remembers one head of each, and cosigns another only when that
//! is shown to extend it. Everything here is a function of what was remembered and what was asked: no key that signs,
//! no clock, no file. The rules have numbers, W1 to W9, in `WITNESS.md`.
//!
//! - `watched` knows which logs are cosigned, and by whose signatures their checkpoints are known;
//! - `request` and `subtree` read what is asked; `judge` decides; `answer` is the other side: what witnesses say of us;
//! - `record` is what must be durable before a cosignature leaves; `two_heads` is what convicts a log.
//!
//! Source: C2SP tlog-witness, tlog-cosignature.

mod answer;
mod judge;
mod record;
mod request;
mod subtree;
#[cfg(test)]
mod testing;
mod two_heads;
mod watched;

pub use answer::{AnswerError, Cosigned, read_answer, read_conflict};
pub use judge::{Admitted, Refusal, Refused, judge};
pub use record::{Record, RecordError};
pub use request::{AddCheckpoint, RequestError, Submitted};
pub use subtree::{AdmittedSubtree, Reference, SignSubtree, SubtreeRefusal, judge_subtree};
pub use two_heads::{TwoHeads, TwoHeadsError};
pub use watched::{Untrusted, Watched, WatchedError, origin_digest, trusted_lines};
