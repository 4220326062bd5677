//! Identities and the lives of keys: from which leaf to which each is good, and what said so.
//!
//! Everything here follows from leaves of the log, whose indexes are given: whoever doubts an answer asks for their
//! receipts. As of a size an answer never changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jwks::Jwk;
use crate::operation::Key;
use crate::scalar::Uint;

/// Asks for the lives of keys: those of an identity, that of one key, or without both the validators'.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyHistoryParams {
    /// The identity whose keys are meant: a DID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The key that is meant: an RFC 7638 thumbprint. With `identity`, its key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The size of the log as of which it is asked; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Uint>,
    /// The first epoch whose validators are meant; without it, 0. With neither `identity` nor `kid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Uint>,
}

/// Lives of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyHistory {
    /// The size of the log as of which this is said.
    pub size: Uint,
    /// Keys of identities, in the order in which each listed them.
    pub keys: Vec<KeyLife>,
    /// Keys of validators, in the order of epochs and positions; where identities were asked for, none.
    pub validators: Vec<ValidatorKeyLife>,
    /// The epoch to ask from for later validators, if this is not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_epoch: Option<Uint>,
}

/// The life of an identity's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyLife {
    /// The key's id: its RFC 7638 thumbprint.
    pub kid: String,
    /// Whose it is: a DID.
    pub identity: String,
    /// The key.
    pub key: Key,
    /// The key as JWK, where JOSE has a name for its scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<Jwk>,
    /// The leaf that listed it, and the first that it may have signed; none when nothing is registered and the DID itself
    /// names the key.
    pub from_index: Option<Uint>,
    /// The first leaf that it may not have signed any more; none while it is good. Where a revocation reaches back this
    /// is before the leaf that revoked it.
    pub until_index: Option<Uint>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<KeyEnd>,
}

/// How a key ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEnd {
    /// How.
    pub kind: EndKind,
    /// The leaf that ended it. It may be signed by the key itself, and stays good.
    pub index: Uint,
    /// Height of its block.
    pub height: Uint,
    /// The size of the log from which on the key is not believed, where the revocation named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_size: Option<Uint>,
    /// The block time from which on the key is not believed, where the revocation named one, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_time_ms: Option<Uint>,
}

/// How a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndKind {
    /// Another key took its place.
    Retired,
    /// It was withdrawn.
    Revoked,
}

impl EndKind {
    /// Its name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// What a validator signs with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// Votes, timeouts and proposals.
    Consensus,
    /// Heads, as the log.
    Log,
    /// Heads, as cosigner with Ed25519.
    CosignerEd25519,
    /// Heads, as cosigner with ML-DSA-65.
    #[serde(rename = "cosigner-ml-dsa-65")]
    CosignerMlDsa65,
}

impl KeyRole {
    /// Its name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Log => "log",
            Self::CosignerEd25519 => "cosigner-ed25519",
            Self::CosignerMlDsa65 => "cosigner-ml-dsa-65",
        }
    }
}

/// The life of a validator's key: it is good for heads of the sizes of its epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidatorKeyLife {
    /// The key's id: its RFC 7638 thumbprint.
    pub kid: String,
    /// The validator's name.
    pub validator: String,
    /// What it signs.
    pub role: KeyRole,
    /// The key.
    pub key: Key,
    /// The first epoch of those that follow one another.
    pub from_epoch: Uint,
    /// The first epoch after them; none while it reigns, or where an answer ends.
    pub until_epoch: Option<Uint>,
    /// The size of the smallest head that it may sign.
    pub from_size: Uint,
    /// The size of the smallest head that it may not sign any more; none as `until_epoch`.
    pub until_size: Option<Uint>,
}

/// Names an identity, and a size of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityParams {
    /// The identity: a DID.
    pub identity: String,
    /// The size of the log as of which it is asked; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Uint>,
}

/// Asks for a JWK set: the network's, or an identity's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwksParams {
    /// The identity: a DID; without it, the network is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The size of the log as of which an identity's keys are asked; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Uint>,
}

/// A size of the log as of which something is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// The size; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Uint>,
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityAnswer {
    /// Its DID.
    pub identity: String,
    /// The same, for clients that know it by this name; of a `did:pn` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// What ProofNest calls the scheme of its newest active key; of a `did:pn` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Whether it is registered. One that is not speaks, where admission is open, by the key that its DID names.
    pub registered: bool,
    /// The size of the log as of which this is said.
    pub size: Uint,
    /// The leaf that registered it.
    pub created_index: Option<Uint>,
    /// Height of its block.
    pub created_height: Option<Uint>,
    /// All its keys, ended ones too.
    pub keys: Vec<KeyLife>,
}
