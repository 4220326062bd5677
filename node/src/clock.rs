//! The clock: read here, and nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use proto::counter::TimeMs;

/// Now. A clock before 1970 reads as 1970; one that is put back reads as it is, and the rules that judge time
/// see to it.
pub(crate) fn now() -> TimeMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimeMs::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
