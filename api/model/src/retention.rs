//! Retention in JSON: what a tenant has had kept, in which classes, and what became of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::Standing;
use crate::page::Page;
use crate::scalar::{Hash, Uint};

/// Whose artifacts, and which page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantParams {
    /// Whose; the caller's own, if it is not said. Only an operator's credential sees another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// How many at once; 50, if it is not said, and 200 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Uint>,
    /// Where the page begins, as the page before said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An artifact in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedArtifact {
    /// The submission that committed it.
    pub id: Hash,
    /// The leaf that commits it.
    pub index: Uint,
    /// SHA-256 of its bytes: of the content, or of the salt and the content.
    pub address: Hash,
    /// Its class: `open`, `standard`, `compliance` or `enterprise`.
    pub class: String,
    /// Length of its content, in bytes; none where that is nobody's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_bytes: Option<Uint>,
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
}

/// A page of a tenant's artifacts, the newest first.
pub type ArtifactsAnswer = Page<ListedArtifact>;

/// How a tenant's artifacts are kept, unless their author says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    /// The class: `open`, `standard`, `compliance` or `enterprise`.
    pub class: String,
    /// For how many days; none: until they are erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Uint>,
    /// Whether nobody erases them before.
    pub write_once: bool,
    /// What this node does when their time is over: `delete` or `archive`.
    pub when_over: String,
}

/// What this node has of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomAnswer {
    /// Artifacts; none while they are being counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Uint>,
    /// Their bytes, salts included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Uint>,
    /// How many it may have; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_max: Option<Uint>,
    /// How many bytes it may have; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<Uint>,
}

/// What a tenant's artifacts of one class come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassReport {
    /// The class.
    pub class: String,
    /// Artifacts committed.
    pub committed: Uint,
    /// Their bytes, of those that state a length.
    pub committed_bytes: Uint,
    /// How many state no length.
    pub unstated: Uint,
    /// Those that were erased by a tombstone.
    pub erased: Uint,
    /// Their bytes, of those that state a length.
    pub erased_bytes: Uint,
    /// Those whose time is over and that have no tombstone yet; at most 10,000 are counted.
    pub over: Uint,
    /// Those that are kept.
    pub kept: Uint,
    /// Block time at which the next of them is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_expiry_ms: Option<Uint>,
}

/// A tombstone in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TombstoneReport {
    /// Its leaf.
    pub index: Uint,
    /// The submission that committed what it erased.
    pub artifact: Hash,
    /// In which class that was.
    pub class: String,
    /// Who laid it: the owner, or a node's service when its time was over.
    pub author: String,
    /// Why, in its author's words; a service's begin with `deleted` or `archived`.
    pub reason: String,
    /// Time of its block, in milliseconds since 1970.
    pub time_ms: Uint,
}

/// A report on a tenant's retention, true of the log under one certified head: every node gives the same, but for what it
/// says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionReport {
    /// Whose.
    pub tenant: String,
    /// Size of the certified head.
    pub checkpoint_size: Uint,
    /// Its root.
    pub checkpoint_root: Hash,
    /// Time of the last block under it, by which it was judged what is over.
    pub time_ms: Uint,
    /// The leaf from which on everything is counted; what was committed before is not.
    pub complete_from: Uint,
    /// Each class, also those that the tenant does not use.
    pub classes: Vec<ClassReport>,
    /// The tombstones, the newest first.
    pub tombstones: Page<TombstoneReport>,
    /// What this node does unless an author says otherwise.
    pub policy: RetentionPolicy,
    /// What this node itself keeps.
    pub here: RoomAnswer,
}
