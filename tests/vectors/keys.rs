//! Keys from fixed seeds, which sign the same bytes each time.
//!
//! AWS-LC mixes chance into ML-DSA signatures, so those of vectors are made by `ml-dsa`, without. ML-DSA-44, which nothing
//! of ours signs with, is here for the cosignatures of others.

use crypto::{PublicKey, Scheme, SecretKey, Signature, derive_seed};
use ml_dsa::{Keypair as _, MlDsa44, MlDsa65, Seed, SigningKey};
use proto::checkpoint::{CheckpointText, CosignedSubtree, cosignature_v1_message};
use proto::note::{KeyName, NoteKey, NoteSignature, SignatureType};

use crate::neutral;

/// What stands before the message in both halves of a hybrid signature.
const HYBRID_LABEL: &[u8] = b"quorate/hybrid/ed25519+ml-dsa-65/v1\0";

fn seed(name: &str) -> [u8; 32] {
    derive_seed(&[7; 32], name)
}

/// A secret key of any scheme that signs, named.
#[derive(Clone, Debug)]
pub struct Secret {
    scheme: Scheme,
    seed: [u8; 32],
}

fn ed25519(seed: &[u8; 32]) -> SecretKey {
    SecretKey::from_seed(Scheme::Ed25519, seed).expect("the scheme signs")
}

fn ml_dsa_65(seed: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let key = SigningKey::<MlDsa65>::from_seed(&Seed::from(*seed));
    let signature = key.expanded_key().sign_deterministic(message, &[]).expect("the context is empty");
    signature.encode().to_vec()
}

impl Secret {
    pub fn new(scheme: Scheme, name: &str) -> Self {
        Self { scheme, seed: seed(name) }
    }

    pub fn ed25519(name: &str) -> Self {
        Self::new(Scheme::Ed25519, name)
    }

    /// The key of one half of a hybrid key.
    pub fn half(&self, scheme: Scheme) -> Self {
        Self { scheme, seed: derive_seed(&self.seed, &format!("hybrid/{}", scheme.name())) }
    }

    pub fn public(&self) -> PublicKey {
        SecretKey::from_seed(self.scheme, &self.seed).expect("the scheme signs").public().clone()
    }

    /// A signature whose R is the neutral point and for which the equation holds; of Ed25519 keys.
    pub fn sign_neutrally(&self, message: &[u8]) -> Signature {
        let bytes = neutral::sign(&self.seed, self.public().as_bytes(), message);
        Signature::parse(self.scheme, &bytes).expect("a signature's length")
    }

    pub fn sign(&self, message: &[u8]) -> Signature {
        let bytes = match self.scheme {
            Scheme::Ed25519 => ed25519(&self.seed).sign(message).as_bytes().to_vec(),
            Scheme::MlDsa65 => ml_dsa_65(&self.seed, message),
            Scheme::HybridEd25519MlDsa65 => {
                let message = [HYBRID_LABEL, message].concat();
                let (first, second) =
                    (derive_seed(&self.seed, "hybrid/ed25519"), derive_seed(&self.seed, "hybrid/ml-dsa-65"));
                [ed25519(&first).sign(&message).as_bytes(), &ml_dsa_65(&second, &message)].concat()
            }
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 | Scheme::Es256 => {
                unreachable!("new is given schemes of authors that sign")
            }
        };
        Signature::parse(self.scheme, &bytes).expect("a signature's length")
    }
}

/// Who signs notes: a log, or a cosigner with a key of one kind.
#[derive(Clone, Debug)]
pub struct NoteSigner {
    pub key: NoteKey,
    kind: SignatureType,
    secret: Secret,
}

impl NoteSigner {
    pub fn new(name: &str, kind: SignatureType, seed: &str) -> Self {
        let secret = Secret::new(kind.scheme(), seed);
        let name = KeyName::parse(name).expect("a name");
        let key = NoteKey::new(name, kind, secret.public()).expect("a key of the kind's scheme");
        Self { key, kind, secret }
    }

    /// The signature line under this checkpoint, with a time if the kind says one.
    pub fn line(&self, text: &CheckpointText, time_s: u64) -> NoteSignature {
        let time = time_s.to_be_bytes();
        let signature = match self.kind {
            SignatureType::Ed25519 => self.sign(text.to_string().as_bytes()),
            SignatureType::CosignatureEd25519 => {
                [&time[..], &self.sign(&cosignature_v1_message(time_s, &text.to_string()))].concat()
            }
            SignatureType::CosignatureMlDsa65 => {
                [&time[..], &self.sign(&subtree(self.key.name(), text, time_s).signed_bytes())].concat()
            }
        };
        self.spelt(signature)
    }

    /// A line that holds these bytes behind the key's id.
    pub fn spelt(&self, signature: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.key.name().clone(), key_id: self.key.id(), signature }
    }

    pub fn signature(&self, message: &[u8]) -> Signature {
        self.secret.sign(message)
    }

    pub fn sign_neutrally(&self, message: &[u8]) -> Vec<u8> {
        self.secret.sign_neutrally(message).as_bytes().to_vec()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.secret.sign(message).as_bytes().to_vec()
    }
}

/// What an ML-DSA cosigner signs under a checkpoint.
pub fn subtree<'a>(cosigner: &'a KeyName, text: &'a CheckpointText, time_s: u64) -> CosignedSubtree<'a> {
    let (end, hash) = (text.head.size.get(), text.head.root);
    CosignedSubtree { cosigner, time_s, origin: &text.origin, start: 0, end, hash }
}

/// A cosigner with ML-DSA-44, note type 06.
pub struct Cosigner44 {
    key: SigningKey<MlDsa44>,
    name: KeyName,
}

impl Cosigner44 {
    pub fn new(name: &str, seed_name: &str) -> Self {
        let key = SigningKey::from_seed(&Seed::from(seed(seed_name)));
        Self { key, name: KeyName::parse(name).expect("a name") }
    }

    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Type byte and public key.
    pub fn material(&self) -> Vec<u8> {
        [&[6], self.key.verifying_key().encode().as_slice()].concat()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key
            .expanded_key()
            .sign_deterministic(message, &[])
            .expect("the context is empty")
            .encode()
            .to_vec()
    }
}
