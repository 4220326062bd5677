//! What a node says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Hash, Uint};

/// A node's present state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusAnswer {
    /// The node's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The network's id.
    pub network: Hash,
    /// The log's origin.
    pub origin: String,
    /// Height of the newest committed block.
    pub height: Uint,
    /// Highest height any validator was seen to speak of.
    pub head_height_seen: Uint,
    /// The present view.
    pub view: Uint,
    /// Position of the view's leader among the validators.
    pub leader: u16,
    /// Number of leaves.
    pub tree_size: Uint,
    /// Size of the newest checkpoint a quorum signed.
    pub checkpoint_size: Uint,
    /// Time of the newest committed block, in milliseconds since 1970.
    pub block_time_ms: Uint,
    /// The present epoch.
    pub epoch: Uint,
    /// Whether this node is one of its validators.
    pub role: Role,
    /// Number of validators.
    pub validators: u16,
    /// Number of validators this node is connected to, without itself.
    pub peers_connected: u16,
    /// Number of submissions waiting.
    pub mempool_count: Uint,
    /// Bytes of submissions waiting.
    pub mempool_bytes: Uint,
    /// Whether the node can serve.
    pub ready: bool,
    /// If not, why not.
    pub reasons: Vec<String>,
}

/// What a node is in the present epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It follows and serves what can be read.
    Observer,
    /// It orders submissions.
    Validator,
}

/// Whether a node lives, or is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthAnswer {
    /// Whether it is.
    pub ok: bool,
    /// If not, why not.
    pub reasons: Vec<String>,
}

/// Who the credential of a request stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerAnswer {
    /// Whose data it may touch.
    pub tenant: String,
    /// Who it is among the tenant's.
    pub subject: String,
    /// What it may do; null: everything.
    pub scopes: Option<Vec<String>>,
}

/// What a token is to allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenParams {
    /// Scopes, separated by spaces: no more than the credential's own.
    pub scope: String,
    /// How long it is good, in seconds; without it, an hour.
    #[serde(default)]
    pub expires_in: Option<Uint>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenAnswer {
    /// The token, a JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// How long it is good, in seconds.
    pub expires_in: Uint,
    /// Its scopes.
    pub scope: String,
}
