//! Blocks, checkpoints and the validators behind them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::Key;
use crate::scalar::{Hash, Position, Uint};

/// Most submission ids listed with a block.
pub const BLOCK_IDS_MAX: usize = 1_000;

/// Asks for a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointParams {
    /// Its size; without it, the newest.
    #[serde(default)]
    pub size: Position,
}

/// A checkpoint a quorum signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointAnswer {
    /// The log's origin.
    pub origin: String,
    /// Number of leaves.
    pub size: Uint,
    /// Root over them.
    pub root: Hash,
    /// Names of the validators that signed.
    pub signers: Vec<String>,
    /// The signed note (C2SP tlog-checkpoint), for verifiers.
    pub note: String,
}

/// Asks for a block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockParams {
    /// Its height; without it, the newest committed.
    #[serde(default)]
    pub height: Position,
}

/// A committed block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockAnswer {
    /// Its id.
    pub id: Hash,
    /// Distance from genesis.
    pub height: Uint,
    /// The reign.
    pub epoch: Uint,
    /// The view it was proposed in.
    pub view: Uint,
    /// The block it extends.
    pub parent: Hash,
    /// The view of the block it extends.
    pub parent_view: Uint,
    /// Its proposer's position among the validators.
    pub proposer: u16,
    /// The proposer's clock, in milliseconds since 1970.
    pub time_ms: Uint,
    /// Who reigns next, if it closes its epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<HandoverAnswer>,
    /// The batches it orders.
    pub batches: Vec<BatchAnswer>,
    /// Number of submissions it orders.
    pub submission_count: Uint,
    /// The first of their ids, in order, at most 1,000.
    pub submissions: Vec<Hash>,
    /// Whether `submissions` names them all.
    pub complete: bool,
    /// The certificate of its parent.
    pub justify: CertificateAnswer,
}

/// How a block closes its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverAnswer {
    /// The height up to which accepted changes of the validators are taken over.
    pub as_of_height: Uint,
    /// Digest of the next epoch's validators.
    pub validators: Hash,
}

/// How a block names a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchAnswer {
    /// RFC 6962 root over the ids of its submissions.
    pub id: Hash,
    /// Number of its submissions.
    pub count: u32,
    /// Sum of its envelopes, in bytes.
    pub bytes: u32,
}

/// That a quorum voted for a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateAnswer {
    /// The block.
    pub block: Hash,
    /// Its height.
    pub height: Uint,
    /// The view.
    pub view: Uint,
    /// Positions of the validators that voted, ascending.
    pub signers: Vec<u16>,
}

/// Asks for the validators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidatorsParams {
    /// Their epoch; without it, the present one.
    #[serde(default)]
    pub epoch: Option<Uint>,
}

/// The validators, and what a quorum of them is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidatorsAnswer {
    /// The network's id.
    pub network: Hash,
    /// The log's origin.
    pub origin: String,
    /// Their reign.
    pub epoch: Uint,
    /// Sum of all voting power.
    pub total_power: Uint,
    /// The smallest power that decides.
    pub quorum_power: Uint,
    /// Number of validators.
    #[serde(default)]
    pub count: Uint,
    /// Of so many validators, how many must approve a proof that is voted on.
    #[serde(default)]
    pub quorum_threshold: Uint,
    /// The validators, by position.
    pub validators: Vec<ValidatorAnswer>,
}

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidatorAnswer {
    /// Position, from 0.
    pub index: u16,
    /// Name.
    pub name: String,
    /// The `did:key` of its consensus key.
    #[serde(default)]
    pub did: String,
    /// Voting power.
    pub power: Uint,
    /// The same, as some clients call it.
    #[serde(default)]
    pub stake: Uint,
    /// Whether it votes in this epoch: all that are listed do.
    #[serde(default)]
    pub is_active: bool,
    /// Votes it cast on proofs.
    #[serde(default)]
    pub votes_cast: Uint,
    /// Proofs that were decided by its vote and others'.
    #[serde(default)]
    pub proofs_validated: Uint,
    /// Signs votes and proposals.
    pub consensus: Key,
    /// Names the node in the network.
    pub network: Key,
    /// Signs checkpoints as the log.
    pub log: Key,
    /// Cosigns checkpoints.
    pub cosigner_ed25519: Key,
    /// Cosigns checkpoints.
    pub cosigner_ml_dsa_65: Key,
}
