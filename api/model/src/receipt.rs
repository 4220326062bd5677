//! Receipts, consistency proofs, and the node's verdict on a receipt.
//!
//! A receipt is checked without the node that gave it; `VerifyAnswer` is a convenience and proves nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Hash, Position, Uint};

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
    /// COSE (RFC 9942), signed by the node that answers, with what the quorum signed under a label of its own.
    #[serde(rename = "cose")]
    Cose,
    /// JSON with all that belongs to the receipt: submission, COSE receipts, where the author's key was listed and ended.
    #[serde(rename = "bundle")]
    Bundle,
}

/// By which algorithm a COSE receipt is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReceiptAlgorithm {
    /// -8, EdDSA: Ed25519 by the number that most programs know.
    #[default]
    #[serde(rename = "eddsa")]
    EdDsa,
    /// -19, Ed25519.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// -49, ML-DSA-65.
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
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
    /// The size of the checkpoint to prove it under, or `latest`; without it, the smallest one that covers the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Position>,
    /// How to write it.
    #[serde(default)]
    pub format: ReceiptFormat,
    /// By which algorithm to sign it; with the format `cose` only, where `eddsa` is meant without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<ReceiptAlgorithm>,
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
    /// The receipt: an object for `json` and `bundle`, a text for `tlog-proof`, base64 for `cose`.
    pub receipt: serde_json::Value,
}

/// Asks what this node makes of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyParams {
    /// The receipt: an object for `json` and `bundle`, base64 for `cose`.
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

/// Asks what this node makes of many receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBatchParams {
    /// At most 1,000 of them, each as for a single one.
    #[serde(deserialize_with = "crate::strict::named_list")]
    pub items: Vec<VerifyParams>,
}

/// What this node makes of many receipts: of each the same as of it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBatchAnswer {
    /// Whether all of them hold.
    pub valid: bool,
    /// How many do not.
    pub invalid: Uint,
    /// In the order of the question. What is no receipt fails the check `receipt_format`.
    pub results: Vec<VerifyAnswer>,
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
