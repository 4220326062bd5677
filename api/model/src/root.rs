//! What a node says at its root, and to those who ask whether it lives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::Uint;

/// What is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootAnswer {
    /// The program, and whose clients it serves beside its own.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The network's id, in hex.
    pub network: String,
    /// Where JSON-RPC is served.
    pub rpc: String,
    /// Where this interface is described.
    pub document: String,
    /// Where liveness is asked for.
    pub health: String,
}

/// That the process answers, and how much of everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliveAnswer {
    /// Always `ok`: who can answer lives.
    pub status: String,
    /// Always `liveness`.
    pub check: String,
    /// Registered identities; of very many, a lower bound.
    pub identities: Uint,
    /// Proofs of ProofNest.
    pub proofs: Uint,
    /// Validators of the present epoch.
    pub validators: Uint,
    /// Votes on proofs.
    pub votes: Uint,
    /// Anchors that a foreign chain confirmed.
    pub confirmed_anchors: Uint,
    /// How many validators must approve a proof.
    pub quorum_threshold: Uint,
}
