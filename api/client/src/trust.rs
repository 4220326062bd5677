//! The chain of trust, as it was asked for or read from a file, checked link by link.

use model::trust::{TrustAnswer, TrustShapeError};
use proto::id::NetworkId;
use verify::{HandoverProof, Trust, TrustError};

/// Why a chain is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It is of another network than the genesis that is trusted.
    #[error("the chain is of network {found}, trusted is network {expected}")]
    OtherNetwork {
        /// Network of the chain.
        found: NetworkId,
        /// Network of the genesis.
        expected: NetworkId,
    },
    /// It cannot be read.
    #[error(transparent)]
    Shape(#[from] TrustShapeError),
    /// A link does not hold.
    #[error(transparent)]
    Link(#[from] TrustError),
}

/// Believes what a chain proves beyond what is believed already.
///
/// # Errors
/// `ChainError`, the first fault.
pub fn extended(mut trust: Trust, chain: &TrustAnswer) -> Result<Trust, ChainError> {
    let (found, expected) = (NetworkId::new(chain.network.0), *trust.network());
    if found != expected {
        return Err(ChainError::OtherNetwork { found, expected });
    }
    for link in &chain.handovers {
        let (receipt, validators) = link.parts()?;
        trust.extend(&HandoverProof { receipt, validators })?;
    }
    Ok(trust)
}
