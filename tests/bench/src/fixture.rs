//! A network of four with keys from seeds, and what its people submit.

use std::rc::Rc;

use crypto::{PublicKey, Scheme, SecretKey, Signature, SignatureError, sha256};
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, NetworkId, Tenant, ValidatorIndex};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use proto::validators::{Validator, ValidatorSet};
use proto::verified::{SignatureChecker, Unverified, Verified};

/// Believes everything: for what is verified elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Believing;

impl SignatureChecker for Believing {
    fn check(&self, _: &PublicKey, _: &[u8], _: &Signature) -> Result<(), SignatureError> {
        Ok(())
    }
}

/// The keys of a validator that sign heads.
#[derive(Debug)]
pub struct Signer {
    log: SecretKey,
    ed25519: SecretKey,
    ml_dsa_65: SecretKey,
}

impl Signer {
    /// Signs a head in all three roles.
    pub fn cosign(&self, set: &ValidatorSet, signer: ValidatorIndex, head: Head) -> Cosignature {
        let time_s = 1_790_000_000;
        let messages = cosigned_messages(set, signer, head, time_s).expect("a member of the set");
        Cosignature {
            epoch: set.epoch(),
            signer,
            head,
            time_s,
            log: self.log.sign(&messages.log),
            ed25519: self.ed25519.sign(&messages.ed25519),
            ml_dsa_65: self.ml_dsa_65.sign(&messages.ml_dsa_65),
        }
    }
}

/// A network.
#[derive(Debug)]
pub struct Network {
    /// Its beginning.
    pub genesis: Genesis,
    /// Its validators.
    pub set: ValidatorSet,
    /// Their keys.
    pub signers: Vec<Signer>,
}

fn secret(scheme: Scheme, role: u8, n: u8) -> SecretKey {
    let mut seed = [n; 32];
    seed[0] = role;
    SecretKey::from_seed(scheme, &seed).expect("both schemes sign")
}

impl Network {
    /// The network.
    pub fn new() -> Rc<Self> {
        let signers: Vec<Signer> = (0..4)
            .map(|n| Signer {
                log: secret(Scheme::Ed25519, 2, n),
                ed25519: secret(Scheme::Ed25519, 3, n),
                ml_dsa_65: secret(Scheme::MlDsa65, 4, n),
            })
            .collect();
        let validators = (0..4).zip(&signers).map(|(n, signer)| Validator {
            name: format!("v{n}"),
            power: 1,
            consensus: secret(Scheme::Ed25519, 0, n).public().clone(),
            network: secret(Scheme::Ed25519, 1, n).public().clone(),
            log: signer.log.public().clone(),
            cosigner_ed25519: signer.ed25519.public().clone(),
            cosigner_ml_dsa_65: signer.ml_dsa_65.public().clone(),
        });
        let genesis = Genesis {
            origin: "example.org/bench".to_owned(),
            time: TimeMs::new(1_790_000_000_000),
            validators: validators.collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        let set = genesis.validator_set();
        Rc::new(Self { genesis, set, signers })
    }
}

/// Signed submissions of 280 bytes or so, by one author.
pub fn submissions(network: NetworkId, count: u64) -> Vec<Submission> {
    let author = secret(Scheme::Ed25519, 9, 9);
    let submission = |nonce: u64| {
        let operation = Operation::ProofSubmit {
            content: sha256(&nonce.to_be_bytes()),
            content_bytes: 8,
            media_type: "text/plain".to_owned(),
            subject: format!("file-{nonce}"),
        };
        let body = Body {
            network,
            tenant: Tenant::default_tenant(),
            author: Did::of(author.public()),
            key: author.public().clone(),
            nonce,
            expires_at: None,
            operation,
        };
        body.sign(&author)
    };
    (0..count).map(submission).collect()
}

/// The same, believed.
pub fn believed(network: NetworkId, count: u64) -> Vec<Verified<Submission>> {
    let believe = |submission: Submission| {
        Unverified::new(submission).verify(&network, &Believing).expect("the checker believes everything")
    };
    submissions(network, count).into_iter().map(believe).collect()
}
