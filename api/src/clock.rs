//! This node's clock, for what it says and signs itself. What the ledger decides is decided by the time of its blocks.

use std::time::{SystemTime, UNIX_EPOCH};

use proto::counter::TimeMs;

/// Now, in milliseconds since 1970; 0 for a clock that stands before that.
pub(crate) fn now() -> TimeMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimeMs::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Now, in whole seconds since 1970.
pub(crate) fn now_s() -> u64 {
    now().get() / 1_000
}
