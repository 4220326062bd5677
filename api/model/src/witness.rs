//! Witnesses: whose logs a node cosigns, and who cosigns its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Hash, Uint};

/// How a node stands as a witness, and with its witnesses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessAnswer {
    /// What it cosigns for others; null when it cosigns nothing.
    pub cosigns: Option<Cosigns>,
    /// Those outside who are asked to cosign its own log.
    pub witnesses: Vec<OutsideWitness>,
    /// The newest checkpoints they have cosigned, newest first.
    pub witnessed: Vec<WitnessedCheckpoint>,
}

/// What a node cosigns for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cosigns {
    /// The name it cosigns under.
    pub name: String,
    /// Its keys, as vkeys: Ed25519 and ML-DSA-65.
    pub vkeys: Vec<String>,
    /// The logs.
    pub logs: Vec<CosignedLog>,
}

/// A log that is cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CosignedLog {
    /// Its origin.
    pub origin: String,
    /// SHA-256 of the origin, by which it is named in paths.
    pub name: Hash,
    /// Size cosigned last; null before the first.
    pub size: Option<Uint>,
    /// Root cosigned last.
    pub root: Option<Hash>,
}

/// An outside witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideWitness {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// Its keys, as vkeys.
    pub vkeys: Vec<String>,
    /// The size it cosigned last; null before the first.
    pub size: Option<Uint>,
    /// When, by its own clock, in seconds since 1970.
    pub time_s: Option<Uint>,
    /// Times it failed since it cosigned last.
    pub failures: Uint,
    /// Why it failed last; null while it does not.
    pub fault: Option<String>,
    /// In how many milliseconds it is asked again; null when it is asked as soon as there is something new.
    pub retry_in_ms: Option<Uint>,
}

/// A checkpoint that was cosigned outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessedCheckpoint {
    /// Its size.
    pub size: Uint,
    /// The names of those who cosigned it.
    pub witnesses: Vec<String>,
}
