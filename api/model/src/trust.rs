//! The chain of trust: how a verifier comes from a genesis to the validators of today.
//!
//! What is served and what is kept in a file have one shape. Nothing in it is believed for standing there: whoever has
//! the genesis, or only its digest, checks every link.

use crypto::sha256;
use proto::canonical::Canonical as _;
use proto::genesis::Genesis;
use proto::id::NetworkId;
use proto::receipt::Receipt;
use proto::validators::ValidatorList;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scalar::{Bytes, Hash, Uint};

/// Asks for the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustParams {
    /// The first epoch whose beginning is wanted, from 1; without it, 1.
    #[serde(default)]
    pub from: Option<Uint>,
}

/// The chain of trust, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustAnswer {
    /// The network's id: SHA-256 of the canonical genesis.
    pub network: Hash,
    /// The log's origin.
    pub origin: String,
    /// The canonical genesis.
    pub genesis: Bytes,
    /// One link for each epoch after the first, in order.
    pub handovers: Vec<HandoverLink>,
    /// Whether there are later links: ask again from the epoch after the last one here.
    pub more: bool,
}

/// How one epoch came after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverLink {
    /// The epoch that began.
    pub epoch: Uint,
    /// Number of leaves with which it began: the validators before signed heads up to it, its own sign larger ones.
    pub size: Uint,
    /// Names of its validators, for readers.
    pub names: Vec<String>,
    /// The receipt of the leaf that tells of it, under the last head of the epoch before.
    pub receipt: Value,
    /// Its validators: the canonical list.
    pub validators: Bytes,
}

/// Why a chain cannot even be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustShapeError {
    /// The genesis is none.
    #[error("genesis: {0}")]
    Genesis(String),
    /// It says another network than its genesis makes.
    #[error("it says network {named}, its genesis is of {found}")]
    Network {
        /// Network named.
        named: NetworkId,
        /// Network of the genesis.
        found: NetworkId,
    },
    /// A link is not one.
    #[error("the link to epoch {epoch}: {fault}")]
    Link {
        /// The epoch it says.
        epoch: u64,
        /// What is wrong with it.
        fault: String,
    },
}

impl TrustAnswer {
    /// The genesis, checked to be the network's that is named.
    ///
    /// # Errors
    /// `Genesis` or `Network`.
    pub fn genesis(&self) -> Result<Genesis, TrustShapeError> {
        let genesis =
            Genesis::decode(&self.genesis.0).map_err(|fault| TrustShapeError::Genesis(fault.to_string()))?;
        let (named, found) = (NetworkId::new(self.network.0), NetworkId::new(sha256(&self.genesis.0)));
        match named == found {
            true => Ok(genesis),
            false => Err(TrustShapeError::Network { named, found }),
        }
    }
}

impl HandoverLink {
    /// The receipt and the list, read but not believed.
    ///
    /// # Errors
    /// `Link`.
    pub fn parts(&self) -> Result<(Receipt, ValidatorList), TrustShapeError> {
        let fault = |fault: String| TrustShapeError::Link { epoch: self.epoch.0, fault };
        let receipt = Receipt::from_json(&self.receipt.to_string()).map_err(|it| fault(it.to_string()))?;
        let validators =
            ValidatorList::decode(&self.validators.0).map_err(|it| fault(format!("validators: {it}")))?;
        Ok((receipt, validators))
    }
}
