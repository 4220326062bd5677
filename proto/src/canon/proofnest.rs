//! ProofNest's transcripts: what its names, ids and evidence are digests of, and what its votes sign.
//!
//! An id is `proof:` and the SHAKE256, 32 bytes in hex, over nine fields as Python's JSON by default ([`py_ascii`]). What is
//! signed is that text itself, so a signature covers the nine fields and nothing else: neither metadata nor an expiry. A
//! name is `did:pn:`, the kind of identity, and the SHAKE256, 20 bytes in hex, of the public key.
//! Source: ProofNest 0.2.1, by what it writes; golden values in `proto/tests/suite/proofnest.rs`.

use crypto::{Digest, PublicKey, Scheme, shake256};

use super::{Value, py_ascii};
use crate::id::Did;
use crate::primitive::{Evidence, Kind, ProofId};

/// What its DIDs begin with.
pub const METHOD: &str = "did:pn:";
/// The version of the nine fields.
pub const VERSION: &str = "1.0.0";

/// A kind of identity, as its DID says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A person.
    Human,
    /// A program that acts.
    Agent,
    /// One who votes on proofs.
    Validator,
    /// Several together.
    Collective,
    /// An organisation.
    Org,
    /// A service.
    Service,
}

impl Role {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Human, Self::Agent, Self::Validator, Self::Collective, Self::Org, Self::Service];

    /// Its name in a DID.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Validator => "validator",
            Self::Collective => "collective",
            Self::Org => "org",
            Self::Service => "service",
        }
    }

    /// The kind of exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What ProofNest calls a scheme; none for those that it does not have. Their keys differ in length, so the bytes of a key
/// are a key of one of them at most.
pub const fn algorithm(scheme: Scheme) -> Option<&'static str> {
    match scheme {
        Scheme::Dilithium3R3 => Some("dilithium3"),
        Scheme::Ed25519 => Some("ed25519"),
        // Its halves are round 3 and Ed25519, whatever the name says.
        Scheme::HybridDilithium3R3Ed25519 => Some("hybrid-ml-dsa-ed25519"),
        Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => None,
    }
}

/// The scheme of exactly this name.
pub fn scheme(algorithm_name: &str) -> Option<Scheme> {
    Scheme::ALL.into_iter().find(|scheme| algorithm(*scheme) == Some(algorithm_name))
}

/// The text of a DID; none for keys of schemes that ProofNest does not have.
pub(crate) fn did(role: Role, key: &PublicKey) -> Option<String> {
    algorithm(key.scheme())?;
    let digest = hex::encode(shake256::<20>(key.as_bytes()));
    Some(format!("{METHOD}{}:{digest}", role.name()))
}

/// Takes a DID apart: the kind and the 40 lower-case hex digits.
pub(crate) fn did_parts(text: &str) -> Option<(Role, &str)> {
    let (role, digest) = text.strip_prefix(METHOD)?.split_once(':')?;
    let is_hex = digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let role = Role::from_name(role)?;
    (digest.len() == 40 && is_hex).then_some((role, digest))
}

/// What evidence is named by: the SHAKE256 of its bytes.
pub fn evidence_hash(evidence: &[u8]) -> Evidence {
    Evidence::Hash(Digest::new(shake256(evidence)))
}

/// The nine fields of which an id is the digest.
#[derive(Clone, Copy, Debug)]
pub struct NineFields<'a> {
    /// What kind of proof it is.
    pub kind: Kind,
    /// What is claimed.
    pub claim: &'a str,
    /// Who claims it.
    pub issuer: &'a Did,
    /// Whom or what it is about.
    pub subject: Option<&'a str>,
    /// What it rests on.
    pub evidence: Option<&'a Evidence>,
    /// When, in seconds since 1970, as the issuer says.
    pub timestamp_s: u64,
    /// Tells apart proofs that are otherwise equal.
    pub nonce: &'a [u8; 16],
    /// The proof it follows.
    pub previous: Option<&'a ProofId>,
}

impl NineFields<'_> {
    /// The bytes that are hashed.
    pub fn canonical(&self) -> Vec<u8> {
        let Self { kind, claim, issuer, subject, evidence, timestamp_s, nonce, previous } = *self;
        py_ascii::encode(&Value::object([
            ("proof_type", kind.name().into()),
            ("claim", claim.into()),
            ("issuer", issuer.as_str().into()),
            ("subject", subject.into()),
            ("evidence", evidence.map(Evidence::to_string).into()),
            ("timestamp", timestamp_s.into()),
            ("nonce", hex::encode(nonce).into()),
            ("previous_proof", previous.map(ProofId::to_string).into()),
            ("version", VERSION.into()),
        ]))
    }

    /// The id.
    pub fn id(&self) -> ProofId {
        ProofId::new(Digest::new(shake256(&self.canonical())))
    }
}

/// What a validator of proofs signs: its vote on one, at a time in seconds since 1970.
pub fn vote_message(proof: &ProofId, approve: bool, time_s: u64) -> String {
    let approve = if approve { "True" } else { "False" };
    format!("{proof}:{approve}:{time_s}")
}
