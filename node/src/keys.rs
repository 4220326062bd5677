//! The keys of a node: one master seed, one derived seed a role.
//!
//! C2SP wants a key per role and so does caution; one seed to keep and to back up is what an operator wants.
//! Which role has which label and scheme is frozen: another label is another key everywhere.

use std::fmt;

use crypto::{MlDsa44Secret, PublicKey, RepeatableMlDsa65, Scheme, SecretKey, derive_seed};
use proto::validators::Validator;
use zeroize::Zeroizing;

/// The secret everything else follows from. Wiped when dropped, never shown.
pub struct MasterSeed(Zeroizing<[u8; 32]>);

impl MasterSeed {
    /// Takes 32 bytes that nobody else knows.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The seed of a role.
    fn of(&self, role: Role) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(derive_seed(&self.0, role.label()))
    }

    /// The key of a role.
    pub(crate) fn key(&self, role: Role, scheme: Scheme) -> SecretKey {
        SecretKey::from_seed(scheme, &self.of(role)).expect("every seed is a key of the schemes that sign")
    }
}

impl fmt::Debug for MasterSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSeed")
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Signs proposals, votes and timeouts.
    Consensus,
    /// Names the node to its peers.
    Network,
    /// Signs checkpoints as the log.
    Log,
    /// Cosigns checkpoints.
    CosignerEd25519,
    /// Cosigns checkpoints, safe from quantum computers.
    CosignerMlDsa65,
    /// Cosigns the checkpoints of other logs.
    WitnessEd25519,
    /// Cosigns the checkpoints of other logs, safe from quantum computers.
    WitnessMlDsa65,
    /// The same as C2SP's tools check it.
    WitnessMlDsa44,
    /// Signs what callers of foreign surfaces submit, and seals what these give out.
    Service,
    /// Encrypts keys that are held for callers of a development network; no key of a scheme.
    Custody,
    /// Signs attestations that are JWTs.
    Attester,
    /// Signs evidence of jobs.
    Notary,
    /// Vouches for that key to those who know no ledger.
    TrustRoot,
    /// Signs submissions: a submitter's own, or those a node's gateway signs for its callers.
    Submitter,
}

impl Role {
    /// The roles of a validator that genesis names, in its order.
    pub const VALIDATOR: [Self; 5] =
        [Self::Consensus, Self::Network, Self::Log, Self::CosignerEd25519, Self::CosignerMlDsa65];

    /// The label its seed is derived with, which also names it in a keystore.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Consensus => "validator/consensus",
            Self::Network => "validator/network",
            Self::Log => "validator/log",
            Self::CosignerEd25519 => "validator/cosigner-ed25519",
            Self::CosignerMlDsa65 => "validator/cosigner-ml-dsa-65",
            Self::WitnessEd25519 => "witness/ed25519",
            Self::WitnessMlDsa65 => "witness/ml-dsa-65",
            Self::WitnessMlDsa44 => "witness/ml-dsa-44",
            Self::Service => "service",
            Self::Custody => "custody",
            Self::Attester => "attester",
            Self::Notary => "notary",
            Self::TrustRoot => "trust-root",
            Self::Submitter => "submitter",
        }
    }

    /// The scheme a validator's key of this role has; a submitter chooses its own.
    pub(crate) const fn validator_scheme(self) -> Scheme {
        match self {
            Self::Consensus
            | Self::Network
            | Self::Log
            | Self::CosignerEd25519
            | Self::WitnessEd25519
            | Self::Service
            | Self::Custody
            | Self::Submitter => Scheme::Ed25519,
            Self::Attester => Scheme::Es256,
            // ML-DSA-44 is no scheme, nor is what encrypts; their keys are derived by themselves.
            Self::CosignerMlDsa65
            | Self::WitnessMlDsa65
            | Self::WitnessMlDsa44
            | Self::Notary
            | Self::TrustRoot => Scheme::MlDsa65,
        }
    }
}

/// The secret keys of a validator.
#[derive(Debug)]
pub struct NodeKeys {
    /// Signs proposals, votes and timeouts.
    pub consensus: SecretKey,
    /// The seed of the key that names the node to its peers; the network makes the key itself.
    pub network_seed: NetworkSeed,
    /// Signs checkpoints as the log.
    pub log: SecretKey,
    /// Cosigns checkpoints.
    pub cosigner_ed25519: SecretKey,
    /// Cosigns checkpoints, safe from quantum computers.
    pub cosigner_ml_dsa_65: SecretKey,
    /// Cosigns the checkpoints of other logs.
    pub witness_ed25519: SecretKey,
    /// Cosigns the checkpoints of other logs, safe from quantum computers.
    pub witness_ml_dsa_65: SecretKey,
    /// The same as C2SP's tools check it.
    pub witness_ml_dsa_44: MlDsa44Secret,
    /// Signs what callers of the gateway submit.
    pub gateway: SecretKey,
    /// Signs what callers of foreign surfaces submit, and seals what these give out.
    pub service: SecretKey,
    /// Encrypts keys that are held for callers of a development network.
    pub custody: CustodySeed,
    /// Signs attestations that are JWTs.
    pub attester: SecretKey,
    /// Signs evidence of jobs.
    pub notary: SecretKey,
    /// Vouches for that key to those who know no ledger.
    pub trust_root: SecretKey,
    /// Sign COSE receipts: the log's key, and the ML-DSA-65 cosigner's once more, repeatably.
    pub receipts: (SecretKey, RepeatableMlDsa65),
}

/// The seed of a network key. Wiped when dropped, never shown.
pub struct NetworkSeed(Zeroizing<[u8; 32]>);

impl NetworkSeed {
    /// The 32 bytes; whoever takes them wipes them.
    pub fn to_bytes(&self) -> [u8; 32] {
        *self.0
    }

    /// The public key that the network makes of it.
    pub fn public(&self) -> PublicKey {
        SecretKey::from_seed(Scheme::Ed25519, &self.0).expect("every seed is an ed25519 key").public().clone()
    }
}

impl fmt::Debug for NetworkSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkSeed")
    }
}

/// What encrypts keys that are held for others. Wiped when dropped, never shown.
pub struct CustodySeed(Zeroizing<[u8; 32]>);

impl CustodySeed {
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CustodySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustodySeed")
    }
}

impl NodeKeys {
    /// The keys that follow from a seed: always the same ones.
    pub fn derive(master: &MasterSeed) -> Self {
        let key = |role: Role| master.key(role, role.validator_scheme());
        Self {
            consensus: key(Role::Consensus),
            network_seed: NetworkSeed(master.of(Role::Network)),
            log: key(Role::Log),
            cosigner_ed25519: key(Role::CosignerEd25519),
            cosigner_ml_dsa_65: key(Role::CosignerMlDsa65),
            witness_ed25519: key(Role::WitnessEd25519),
            witness_ml_dsa_65: key(Role::WitnessMlDsa65),
            witness_ml_dsa_44: MlDsa44Secret::from_seed(&master.of(Role::WitnessMlDsa44))
                .expect("every seed is an ml-dsa-44 key"),
            gateway: key(Role::Submitter),
            service: key(Role::Service),
            custody: CustodySeed(master.of(Role::Custody)),
            attester: key(Role::Attester),
            notary: key(Role::Notary),
            trust_root: key(Role::TrustRoot),
            receipts: (key(Role::Log), RepeatableMlDsa65::from_seed(&master.of(Role::CosignerMlDsa65))),
        }
    }

    /// How genesis names this validator.
    pub fn validator(&self, name: &str, power: u64) -> Validator {
        Validator {
            name: name.to_owned(),
            power,
            consensus: self.consensus.public().clone(),
            network: self.network_seed.public(),
            log: self.log.public().clone(),
            cosigner_ed25519: self.cosigner_ed25519.public().clone(),
            cosigner_ml_dsa_65: self.cosigner_ml_dsa_65.public().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_frozen() {
        // A changed label is a changed key: a validator would no longer be the one genesis names.
        let frozen = [
            "validator/consensus",
            "validator/network",
            "validator/log",
            "validator/cosigner-ed25519",
            "validator/cosigner-ml-dsa-65",
        ];
        assert_eq!(Role::VALIDATOR.map(Role::label), frozen);
        assert_eq!(Role::Submitter.label(), "submitter");
        assert_eq!(Role::Service.label(), "service");
        assert_eq!(Role::Custody.label(), "custody");
        assert_eq!(Role::Attester.label(), "attester");
        assert_eq!(Role::Notary.label(), "notary");
        assert_eq!(Role::TrustRoot.label(), "trust-root");
        assert_eq!(Role::WitnessEd25519.label(), "witness/ed25519");
        assert_eq!(Role::WitnessMlDsa65.label(), "witness/ml-dsa-65");
        assert_eq!(Role::WitnessMlDsa44.label(), "witness/ml-dsa-44");
    }

    #[test]
    fn every_role_has_a_key_of_its_own_and_the_same_again() {
        let keys = NodeKeys::derive(&MasterSeed::new([7; 32]));
        let again = NodeKeys::derive(&MasterSeed::new([7; 32]));
        assert_eq!(keys.validator("v1", 1), again.validator("v1", 1));
        let Validator { name: _, power: _, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } =
            keys.validator("v1", 1);
        let mut ids: Vec<_> = [consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65]
            .iter()
            .chain([
                keys.service.public(),
                keys.attester.public(),
                keys.notary.public(),
                keys.trust_root.public(),
                keys.gateway.public(),
                keys.witness_ed25519.public(),
                keys.witness_ml_dsa_65.public(),
            ])
            .map(PublicKey::id)
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 12);
        // Receipts are signed with keys that policies name.
        assert_eq!(keys.receipts.0.public(), keys.log.public());
        assert_eq!(keys.receipts.1.public(), keys.cosigner_ml_dsa_65.public());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let master = MasterSeed::new([7; 32]);
        let shown = format!("{master:?} {:?}", NodeKeys::derive(&master).network_seed);
        assert_eq!(shown, "MasterSeed NetworkSeed");
    }
}
