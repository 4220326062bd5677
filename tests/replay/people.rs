//! Who speaks: people, services and validators, whose keys follow from their names where they can.

use std::sync::Arc;

use crypto::{ImportedSecret, PublicKey, Scheme, SecretKey, Signature, sha256};
use proto::canon::proofnest::Role;
use proto::id::Did;
use proto::validators::Validator;

/// A secret key, made here or elsewhere.
pub enum Secret {
    Made(SecretKey),
    Imported(ImportedSecret),
}

/// Somebody with a key and a name.
#[derive(Clone)]
pub struct Person {
    secret: Arc<Secret>,
    pub did: Did,
}

impl Person {
    /// Somebody under the name that follows from the key.
    pub fn new(name: &str) -> Self {
        let secret = Secret::Made(made(Scheme::Ed25519, name));
        Self { did: Did::of(secret.public()), secret: Arc::new(secret) }
    }

    /// Somebody under a name of ProofNest. Keys of round 3 are drawn: of those, each call makes another one.
    pub fn of_proofnest(name: &str, scheme: Scheme) -> Self {
        let secret = match scheme {
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                let seed = *sha256(name.as_bytes()).as_bytes();
                Secret::Imported(ImportedSecret::generate(scheme, &seed).expect("one of the two schemes"))
            }
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                Secret::Made(made(scheme, name))
            }
        };
        let did = Did::of_proofnest(Role::Agent, secret.public()).expect("a scheme of ProofNest");
        Self { did, secret: Arc::new(secret) }
    }

    pub fn key(&self) -> &PublicKey {
        self.secret.public()
    }

    pub fn sign(&self, message: &[u8]) -> Signature {
        match &*self.secret {
            Secret::Made(secret) => secret.sign(message),
            Secret::Imported(secret) => secret.sign(message),
        }
    }

    /// With the own key, in the name of another one.
    pub fn speaking_as(&self, other: &Self) -> Self {
        Self { secret: Arc::clone(&self.secret), did: other.did.clone() }
    }
}

impl Secret {
    fn public(&self) -> &PublicKey {
        match self {
            Self::Made(secret) => secret.public(),
            Self::Imported(secret) => secret.public(),
        }
    }
}

/// The key of a name.
pub fn made(scheme: Scheme, name: &str) -> SecretKey {
    SecretKey::from_seed(scheme, sha256(name.as_bytes()).as_bytes()).expect("a scheme that signs")
}

/// The key by which a validator votes.
pub fn votes(name: &str) -> SecretKey {
    made(Scheme::Ed25519, &format!("{name} consensus"))
}

pub fn validator(name: &str) -> Validator {
    let key = |scheme, role: &str| made(scheme, &format!("{name} {role}")).public().clone();
    Validator {
        name: name.to_owned(),
        power: 1,
        consensus: votes(name).public().clone(),
        network: key(Scheme::Ed25519, "network"),
        log: key(Scheme::Ed25519, "log"),
        cosigner_ed25519: key(Scheme::Ed25519, "cosigner"),
        cosigner_ml_dsa_65: key(Scheme::MlDsa65, "cosigner"),
    }
}
