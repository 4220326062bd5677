//! The chain as ProofNest's clients know one: a status, blocks, transactions, accounts, validators.
//!
//! What they call a transaction is a submission here, its hash the submission's id; an account is an identity. Submissions
//! are told apart by their ids and not by counting, so an account's next nonce is whatever its owner likes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entry::Content;
use crate::scalar::{Hash, Uint};

/// Where the chain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainStatus {
    /// The log's origin.
    pub chain_id: String,
    /// Height of the newest committed block.
    pub height: Uint,
    /// Its id.
    pub block_hash: Hash,
    /// Its time, in seconds since 1970.
    pub timestamp: Uint,
    /// Number of validators.
    pub validators: Uint,
    /// Number of submissions that wait.
    pub pending_txs: Uint,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainBlock {
    /// Its height.
    pub height: Uint,
    /// Its id.
    pub block_hash: Hash,
    /// The id of the block before it.
    pub parent_hash: Hash,
    /// Its time, in seconds since 1970.
    pub timestamp: Uint,
    /// The position of its proposer among the validators.
    pub proposer: u16,
    /// Number of its submissions.
    pub tx_count: Uint,
    /// Their ids, or the first of very many.
    pub txs: Vec<Hash>,
}

/// Which transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainTxParams {
    /// The submission's id.
    pub hash: Hash,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainTx {
    /// The submission's id.
    pub hash: Hash,
    /// `pending`, `confirmed` or `failed`.
    pub status: String,
    /// The height that decided it.
    pub height: Option<Uint>,
    /// Its leaf.
    pub index: Option<Uint>,
    /// Why it failed.
    pub error: Option<String>,
    /// What it says, once it is confirmed.
    pub content: Option<Content>,
}

/// Whose account, or which validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainAddressParams {
    /// A DID; a validator also by its name.
    pub address: String,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainAccount {
    /// The identity's DID.
    pub address: String,
    /// Always zero: no nonce is expected before another.
    pub nonce: Uint,
    /// Whether the identity is registered.
    pub registered: bool,
}

/// The validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainValidators {
    /// Their number.
    pub count: Uint,
    /// They, by position.
    pub validators: Vec<ChainValidator>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainValidator {
    /// The `did:key` of the key it votes with.
    pub address: String,
    /// Its name.
    pub name: String,
    /// Its voting power.
    pub stake: Uint,
    /// Whether it votes in the present epoch: all that are listed do.
    pub is_active: bool,
}
