//! Issuers of proofs for the rows of ProofNest: keys here, identities on the network, and what they sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{ImportedSecret, PublicKey, Scheme, SecretKey, Signature};
use proto::canon::proofnest::Role;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::{Operation, possession_bytes};
use proto::primitive::{Kind, Primitive, ProofId, Told, Whole};
use proto::submission::Body;
use reqwest::Method;
use serde_json::{Value, json};

use crate::net::{ACME, Reply, net};

/// A key that its owner keeps.
pub enum Key {
    Seeded(SecretKey),
    Imported(ImportedSecret),
}

impl Key {
    pub fn new(scheme: Scheme) -> Self {
        let seed: [u8; 32] = rand::random();
        match scheme {
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                Self::Imported(ImportedSecret::generate(scheme, &seed).expect("one of these schemes"))
            }
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                Self::Seeded(SecretKey::from_seed(scheme, &seed).expect("signs"))
            }
        }
    }

    pub fn public(&self) -> &PublicKey {
        match self {
            Self::Seeded(key) => key.public(),
            Self::Imported(key) => key.public(),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Signature {
        match self {
            Self::Seeded(key) => key.sign(message),
            Self::Imported(key) => key.sign(message),
        }
    }
}

/// Somebody who issues proofs.
pub struct Issuer {
    pub key: Key,
    pub did: Did,
    network: NetworkId,
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Now, in seconds.
pub fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

impl Issuer {
    /// Registered on the shared network, by an envelope that it signs itself.
    pub async fn register(scheme: Scheme) -> Self {
        let key = Key::new(scheme);
        let did = Did::of_proofnest(Role::Agent, key.public()).expect("a scheme of ProofNest");
        let status = net().get(0, "/v1/status").await.expect(200);
        let network = status["network"].as_str().expect("an id").parse().expect("an id");
        let issuer = Self { key, did, network };
        let keys = vec![issuer.key.public().clone()];
        let create =
            Operation::IdentityCreate { identity: issuer.did.clone(), keys, possessions: Vec::new() };
        assert_eq!(issuer.submit(0, create).await.expect(201)["state"], "committed");
        issuer
    }

    /// An envelope of its own.
    pub fn envelope(&self, operation: Operation) -> Vec<u8> {
        let body = Body {
            network: self.network,
            tenant: Tenant::default_tenant(),
            author: self.did.clone(),
            key: self.key.public().clone(),
            nonce: rand::random(),
            expires_at: None,
            operation,
        };
        let signature = self.key.sign(&body.signed_bytes());
        body.seal(signature).bytes().to_vec()
    }

    /// Submits an operation in its own name, and waits until it is decided.
    pub async fn submit(&self, node: usize, operation: Operation) -> Reply {
        let body = json!({
            "envelope": STANDARD.encode(self.envelope(operation)), "wait": "committed", "timeout_ms": 60_000,
        });
        net().ask(node, Method::POST, "/v1/entries").json(&body).send().await
    }

    /// A new key in the place of the old one.
    pub async fn rotate(&mut self, node: usize) -> PublicKey {
        let (old, new) = (self.key.public().clone(), Key::new(self.key.public().scheme()));
        let key = new.public().clone();
        let message = possession_bytes(&self.network, &self.did, &old.id(), &key.id());
        let possession = new.sign(&message);
        let rotate = Operation::KeyRotate { identity: self.did.clone(), retires: old.id(), key, possession };
        assert_eq!(self.submit(node, rotate).await.expect(201)["state"], "committed");
        self.key = new;
        old
    }

    /// A claim, as its issuer would sign it.
    pub fn whole(&self, claim: &str, previous: Option<ProofId>) -> Whole {
        Whole {
            kind: Kind::Claim,
            claim: claim.to_owned(),
            subject: None,
            evidence: None,
            nonce: rand::random(),
            previous,
        }
    }

    /// That, signed.
    pub fn signed(&self, whole: Whole) -> Primitive {
        let timestamp_s = now_s();
        let id = whole.id(&self.did, timestamp_s);
        Primitive {
            issuer: self.did.clone(),
            key: self.key.public().clone(),
            signature: self.key.sign(id.to_string().as_bytes()),
            timestamp_s,
            told: Told::Whole(whole),
            metadata: String::new(),
            expires_at_s: None,
            place: None,
        }
    }

    /// What a client posts that keeps its key.
    pub fn posted(&self, whole: &Whole) -> Value {
        let primitive = self.signed(whole.clone());
        json!({
            "proof_type": whole.kind.name(),
            "claim": whole.claim,
            "issuer_did": self.did.as_str(),
            "evidence": whole.evidence.as_ref().map(ToString::to_string),
            "subject_did": whole.subject,
            "previous_proof": whole.previous.as_ref().map(ToString::to_string),
            "nonce": hex(&whole.nonce),
            "timestamp": primitive.timestamp_s,
            "signature": hex(primitive.signature.as_bytes()),
        })
    }

    /// Tells a claim at a node: the answer.
    pub async fn tell(&self, node: usize, claim: &str) -> Value {
        let posted = self.posted(&self.whole(claim, None));
        net().ask(node, Method::POST, "/v1/proofs").key(ACME).json(&posted).send().await.expect(200)
    }
}

/// An identity whose key a node keeps.
pub async fn kept(node: usize, algorithm: &str) -> String {
    let wanted = json!({ "identity_type": "agent", "algorithm": algorithm });
    let made =
        net().ask(node, Method::POST, "/v1/identities").key(ACME).json(&wanted).send().await.expect(200);
    made["did"].as_str().expect("a DID").to_owned()
}

/// Asks a node for what another committed, until it has it.
pub async fn seen(node: usize, path: &str) -> Value {
    net().until(node, path, |reply| reply.status == 200).await.json()
}
