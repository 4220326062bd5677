//! Receipts, consistency proofs, and the node's verdict on a receipt.
//!
//! A receipt is checked without the node that gave it; `VerifyAnswer` is a convenience and proves nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Hash, Uint};

/// How a receipt is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReceiptFormat {
    /// Self-contained JSON, entry included.
    #[default]
    #[serde(rename = "json")]
    Json,
    /// C2SP tlog-proof text; the entry travels beside it.
    #[serde(rename = "tlog-proof")]
    TlogProof,
}

/// Asks for a receipt; exactly one of `id` and `index`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptParams {
    /// The submission's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Hash>,
    /// The place in the log, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Uint>,
    /// The size of the checkpoint to prove it under; without it, the smallest one that covers the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Uint>,
    /// How to write it.
    #[serde(default)]
    pub format: ReceiptFormat,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptAnswer {
    /// How it is written.
    pub format: ReceiptFormat,
    /// The place in the log.
    pub index: Uint,
    /// The size of the checkpoint it is proved under.
    pub checkpoint_size: Uint,
    /// The receipt: an object for `json`, a text for `tlog-proof`.
    pub receipt: serde_json::Value,
}

/// Asks what this node makes of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyParams {
    /// The receipt, in its JSON form.
    pub receipt: serde_json::Value,
    /// SHA-256 of the artifact the entry should speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Hash>,
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It was not asked, or an earlier one failed.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckAnswer {
    /// Its stable code.
    pub code: String,
    /// What it found.
    pub outcome: CheckOutcome,
    /// In words; empty when it holds and there is nothing to say.
    pub detail: String,
}

/// What this node makes of a receipt, under its own network's policy. For a verdict that binds, verify offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyAnswer {
    /// Whether every check that was made holds.
    pub valid: bool,
    /// The checks, in the order they were made.
    pub checks: Vec<CheckAnswer>,
}

/// Asks for a consistency proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyParams {
    /// The smaller size.
    pub from: Uint,
    /// The larger size.
    pub to: Uint,
}

/// That the log of size `to` extends the log of size `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyAnswer {
    /// The smaller size.
    pub from: Uint,
    /// The larger size.
    pub to: Uint,
    /// The proof (RFC 9162 §2.1.4).
    pub proof: Vec<Hash>,
}
