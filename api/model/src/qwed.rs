//! Attestations as tokens: what their clients send and are sent.
//!
//! The names are theirs. What fails is said by an [`AttestationResult`] that has no token: who does not look at
//! `is_issued` has nothing to show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scalar::Hash;

/// Asks for an attestation of what the caller verified.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IssueParams {
    /// `VERIFIED`, `FAILED`, `CORRECTED` or `BLOCKED`.
    pub status: String,
    /// Whether it was verified.
    pub verified: bool,
    /// What verified it.
    pub engine: String,
    /// What was verified.
    pub query: String,
    /// How sure that is, from 0 to 1; without it, 1 of what was verified, else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// What proves it; its SHA-256 is in the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_data: Option<String>,
    /// The SHA-256 of what proves it: `sha256:` and 64 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_hash: Option<String>,
    /// A submission that is in the ledger, and proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Hash>,
    /// `ADMIT` or `BLOCKED`, to be signed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<String>,
    /// How engines agreed, to be signed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus: Option<EngineConsensus>,
    /// Its place in a chain.
    #[serde(flatten)]
    pub chain: ChainParams,
    /// How long it holds, in seconds, from 1 to 31,622,400; without it, 365 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_s: Option<u64>,
    /// Whether only a proof that is given counts: nothing is worked out here.
    pub strict: bool,
}

/// A place in a chain, and what tells requests apart that are otherwise the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ChainParams {
    /// The chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Its place, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_index: Option<u64>,
    /// The `jti` of the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_attestation: Option<String>,
    /// Requests with different keys have attestations of their own; the header `Idempotency-Key` says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// How engines agreed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineConsensus {
    /// How they were asked.
    pub mode: String,
    /// Which.
    pub engines: Vec<String>,
    /// The share that agreed, from 0 to 1.
    pub agreement: f64,
}

/// How far an attestation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AttestationStatus {
    /// Signed, and in the ledger.
    Issued,
    /// Not to be had.
    Blocked,
    /// This node signs none.
    Unverifiable,
}

/// What became of a request for an attestation. Never nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationResult {
    /// How far it came.
    pub status: AttestationStatus,
    /// The token; only of what was issued.
    pub token: Option<String>,
    /// Why there is none, for programs.
    pub error_code: Option<String>,
    /// Why there is none, for people.
    pub error: Option<String>,
    /// Whether there is one: to be looked at before anything is made of it.
    pub is_issued: bool,
    /// Its name.
    pub jti: Option<String>,
    /// The key that signed it.
    pub kid: Option<String>,
    /// From when it no longer holds, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// The hash of what proves it.
    pub proof_ref: Option<String>,
    /// Where it stands in the ledger.
    pub anchor: Option<Anchor>,
    /// Whether an earlier request had issued it.
    pub existing: bool,
}

/// Where an attestation stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anchor {
    /// The network.
    pub chain: String,
    /// The submission.
    pub tx_hash: String,
    /// Height of its block.
    pub block_number: u64,
    /// Its leaf.
    pub leaf_index: u64,
    /// Where its receipt is found.
    pub receipt: String,
}

/// Asks whether a token is to be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyTokenParams {
    /// The token; the header `QWED-Attestation` says the same.
    #[serde(alias = "attestation", alias = "jwt", skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whom the caller believes; without it, every active issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_issuers: Option<Vec<String>>,
    /// The hash that should be its proof's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_ref: Option<String>,
    /// What should have been asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// Where an attestation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Lifecycle {
    /// It holds.
    Valid,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Revoked,
}

/// The verdict on a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyTokenAnswer {
    /// Whether it is to be believed.
    pub valid: bool,
    /// What it says; only of a token that its issuer signed.
    pub claims: Option<Value>,
    /// Why it is not to be believed, for people.
    pub error: Option<String>,
    /// Why it is not to be believed: `ATT-001` format, `002` issuer, `003` signature, `004` expired, `005` not yet valid,
    /// `006` revoked, `007` missing claim, `008` not what the ledger holds, its chain included.
    pub code: Option<String>,
    /// Where it is in its life; only of a token that its issuer signed and the ledger holds.
    pub lifecycle: Option<Lifecycle>,
    /// Where it stands in the ledger.
    pub anchor: Option<Anchor>,
}

/// An attestation that the ledger holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationAnswer {
    /// Its name.
    pub jti: String,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Whether its issuer is to be believed.
    pub issuer_status: String,
    /// The token.
    pub token: String,
    /// SHA-256 of the token.
    pub token_hash: String,
    /// What it says.
    pub claims: Value,
    /// Where it stands in the ledger.
    pub anchor: Anchor,
    /// The leaf that withdrew it.
    pub revoked_index: Option<u64>,
}

/// Withdraws an attestation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RevokeParams {
    /// Why, for people.
    pub reason: String,
}

/// A trusted issuer of attestations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuerInfo {
    /// Its DID.
    pub did: String,
    /// Its name.
    pub name: String,
    /// `active` or `inactive`.
    pub status: String,
    /// How it was certified.
    pub certification_level: String,
    /// Its keys.
    pub public_keys: Vec<IssuerPublicKey>,
    /// When its newest key was made, in seconds since 1970.
    pub key_generated_at: Option<u64>,
    /// How long its newest key lives: `ephemeral` or `persistent`.
    pub key_continuity_policy: Option<String>,
}

/// A key of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuerPublicKey {
    /// The name by which tokens call it.
    pub kid: String,
    /// The key.
    pub jwk: crate::jwks::Jwk,
    /// When it was made, in seconds since 1970.
    pub generated_at: u64,
    /// How long it lives.
    pub key_continuity_policy: String,
    /// Who puts on the ledger what it signs.
    pub holder: String,
}

/// All issuers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuersAnswer {
    /// They, in the order of their DIDs.
    pub issuers: Vec<IssuerInfo>,
}

/// What an operator says of an issuer that this node may set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerParams {
    /// Its name; without it, as it was, or as configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `active` or `inactive`; without it, as it was, or active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How it was certified; without it, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certification_level: Option<String>,
}

/// Asks whether something holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QwedCheckParams {
    /// A statement of arithmetic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// A statement in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Whether an attestation is asked for. Then nothing is `VERIFIED` without one.
    pub include_attestation: bool,
    /// Its place in a chain.
    #[serde(flatten)]
    pub chain: ChainParams,
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QwedCheckAnswer {
    /// `VERIFIED`, `FAILED`, `UNVERIFIABLE`; or `BLOCKED`: it holds, and the attestation asked for is not to be had.
    pub status: String,
    /// Whether it is verified.
    pub is_valid: bool,
    /// What decided it.
    pub engine: String,
    /// What was worked out, or why nothing was.
    pub message: String,
    /// The token, if one was asked for and issued.
    pub attestation: Option<String>,
    /// The hash of what proves it.
    pub proof_ref: Option<String>,
    /// What proves it: the text with that hash.
    pub proof: Option<String>,
    /// `ADMIT` or `BLOCKED`: what a caller does that admits nothing unproven.
    pub admission: String,
    /// The attestation's name.
    pub jti: Option<String>,
    /// What became of the attestation, if one was asked for.
    pub attestation_result: Option<AttestationResult>,
}
