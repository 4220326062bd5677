//! Artifacts in JSON: what the ledger knows of bytes that are kept beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Hash, Uint};

/// Which artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactParams {
    /// The submission that committed it.
    pub id: Hash,
}

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactAnswer {
    /// The submission that committed it.
    pub id: Hash,
    /// Whose it is: the tenant of that submission.
    pub tenant: String,
    /// Who committed it, and may erase it.
    pub owner: String,
    /// The leaf that commits it.
    pub index: Uint,
    /// SHA-256 of its bytes: of the content, or of the salt and the content.
    pub address: Hash,
    /// Whether 32 bytes of salt stand before the content.
    pub salted: bool,
    /// Its class of retention: `open`, `standard`, `compliance` or `enterprise`.
    pub class: String,
    /// Length of its content, in bytes; none where that is nobody's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_bytes: Option<Uint>,
    /// Media type of its content, or empty.
    pub media_type: String,
    /// Whether its bytes may be kept.
    pub standing: Standing,
    /// Block time until which it is kept, in milliseconds since 1970; none: until it is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until_ms: Option<Uint>,
    /// Whether nobody erases it before.
    pub write_once: bool,
    /// The leaf that erased it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_index: Option<Uint>,
    /// Whether this node has its bytes.
    pub here: bool,
}

/// Whether bytes may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They may.
    Kept,
    /// Their time is over.
    Expired,
    /// They were erased by a tombstone: their owner's, or that of a service when their time was over.
    Erased,
}
