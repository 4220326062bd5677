//! A page of a list: the newest first, and where the next page begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of a list, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page<T> {
    /// What stands on it. A page may be short, or empty, while there is a next one: so much was looked through.
    pub items: Vec<T>,
    /// What to show for the next page, with the same question; null: there is none.
    pub next_cursor: Option<String>,
}
