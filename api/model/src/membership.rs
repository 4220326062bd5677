//! Validators and their consents in JSON: what operations on the validator set are made of.

use crypto::{PublicKey, Scheme, Signature};
use proto::id::ValidatorIndex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Bytes, Uint};

/// A validator: its name, its weight, and the public key of each of its roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// 1 to 32 of `a-z 0-9 -`, begins with a letter.
    pub name: String,
    /// Voting power, at least 1.
    pub power: Uint,
    /// Ed25519: signs proposals, votes and timeouts.
    pub consensus_key: Bytes,
    /// Ed25519: names the node in the network.
    pub network_key: Bytes,
    /// Ed25519: signs checkpoints as the log.
    pub log_key: Bytes,
    /// Ed25519: cosigns checkpoints.
    pub cosigner_ed25519_key: Bytes,
    /// ML-DSA-65: cosigns checkpoints.
    pub cosigner_ml_dsa_65_key: Bytes,
}

/// A validator's consent to a change of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The validator's position in the epoch that the operation names.
    pub approver: u16,
    /// By its consensus key.
    pub signature: Bytes,
}

type Domain = proto::validators::Validator;

impl From<&Domain> for Validator {
    fn from(validator: &Domain) -> Self {
        let key = |key: &PublicKey| Bytes(key.as_bytes().to_vec());
        let Domain { name, power, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } = validator;
        Self {
            name: name.clone(),
            power: Uint(*power),
            consensus_key: key(consensus),
            network_key: key(network),
            log_key: key(log),
            cosigner_ed25519_key: key(cosigner_ed25519),
            cosigner_ml_dsa_65_key: key(cosigner_ml_dsa_65),
        }
    }
}

impl Validator {
    /// The validator, its keys checked.
    ///
    /// # Errors
    /// Which key is wrong, in words.
    pub fn parse(&self) -> Result<Domain, String> {
        let key = |member: &str, scheme, bytes: &Bytes| {
            PublicKey::parse(scheme, &bytes.0).map_err(|fault| format!("{member}: {fault}"))
        };
        Ok(Domain {
            name: self.name.clone(),
            power: self.power.0,
            consensus: key("consensus_key", Scheme::Ed25519, &self.consensus_key)?,
            network: key("network_key", Scheme::Ed25519, &self.network_key)?,
            log: key("log_key", Scheme::Ed25519, &self.log_key)?,
            cosigner_ed25519: key("cosigner_ed25519_key", Scheme::Ed25519, &self.cosigner_ed25519_key)?,
            cosigner_ml_dsa_65: key("cosigner_ml_dsa_65_key", Scheme::MlDsa65, &self.cosigner_ml_dsa_65_key)?,
        })
    }
}

impl From<&proto::operation::Approval> for Approval {
    fn from(approval: &proto::operation::Approval) -> Self {
        let proto::operation::Approval { approver, signature } = approval;
        Self { approver: approver.get(), signature: Bytes(signature.as_bytes().to_vec()) }
    }
}

impl Approval {
    /// The consent, its signature of the right length.
    ///
    /// # Errors
    /// What is wrong with the signature, in words.
    pub fn parse(&self) -> Result<proto::operation::Approval, String> {
        Ok(proto::operation::Approval {
            approver: ValidatorIndex::new(self.approver),
            signature: ed25519("signature", &self.signature)?,
        })
    }
}

/// An Ed25519 signature of the right length.
pub(crate) fn ed25519(member: &str, bytes: &Bytes) -> Result<Signature, String> {
    Signature::parse(Scheme::Ed25519, &bytes.0).map_err(|fault| format!("{member}: {fault}"))
}
