//! PROOFs of ProofNest in JSON, as operations of the ledger. Their own clients have another shape of them, elsewhere.

use crypto::Signature;
use proto::id::Did;
use proto::primitive::{Kind, Place, Primitive, ProofId, Told, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::Key;
use crate::scalar::{Bytes, Hash, Uint};

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// `proof:` and 64 hex digits. Told whole, it has to be what follows.
    pub id: String,
    /// The issuer's DID.
    pub issuer: String,
    /// The issuer's key.
    #[serde(deserialize_with = "crate::strict::named")]
    pub key: Key,
    /// That key's signature over the text of the id.
    pub signature: Bytes,
    /// When, in seconds since 1970, as the issuer says.
    pub timestamp_s: Uint,
    /// All that the id is a digest of; or `claim_hash`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::strict::named_if_given"
    )]
    pub whole: Option<WholeProof>,
    /// SHA-256 of the claim, of a proof that is told by hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_hash: Option<Hash>,
    /// JSON as text, or empty. The id does not cover it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metadata: String,
    /// Block time from which it is not valid, in seconds since 1970. The id does not cover it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_s: Option<Uint>,
    /// Its place in a chain. The id does not cover it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::strict::named_if_given"
    )]
    pub place: Option<ProofPlace>,
}

/// What a proof's id is a digest of, beside the issuer and the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WholeProof {
    /// `CLAIM`, `ATTESTATION` and so on.
    pub kind: String,
    /// What is claimed.
    pub claim: String,
    /// Whom or what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `shake256:` or `proof:proof:`, and 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// 32 hex digits.
    pub nonce: String,
    /// The id of the proof it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// A place in a chain of proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofPlace {
    /// The chain's name among those of its issuer.
    pub chain: String,
    /// Which proof of it, from 0.
    pub index: Uint,
}

impl From<&Primitive> for Proof {
    fn from(primitive: &Primitive) -> Self {
        let Primitive { issuer, key, signature, timestamp_s, told, metadata, expires_at_s, place } =
            primitive;
        let (whole, claim_hash) = match told {
            Told::Whole(whole) => (Some(WholeProof::from(whole)), None),
            Told::Hashes { id: _, claim } => (None, Some(Hash(*claim))),
        };
        Self {
            id: primitive.id().to_string(),
            issuer: issuer.to_string(),
            key: Key::from(key),
            signature: Bytes(signature.as_bytes().to_vec()),
            timestamp_s: Uint(*timestamp_s),
            whole,
            claim_hash,
            metadata: metadata.clone(),
            expires_at_s: expires_at_s.map(Uint),
            place: place
                .as_ref()
                .map(|Place { chain, index }| ProofPlace { chain: chain.clone(), index: Uint(*index) }),
        }
    }
}

impl From<&Whole> for WholeProof {
    fn from(whole: &Whole) -> Self {
        let Whole { kind, claim, subject, evidence, nonce, previous } = whole;
        Self {
            kind: kind.name().to_owned(),
            claim: claim.clone(),
            subject: subject.clone(),
            evidence: evidence.as_ref().map(ToString::to_string),
            nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
            previous: previous.as_ref().map(ToString::to_string),
        }
    }
}

impl WholeProof {
    fn parse(&self) -> Result<Whole, String> {
        let Self { kind, claim, subject, evidence, nonce, previous } = self;
        Ok(Whole {
            kind: Kind::from_name(kind).ok_or_else(|| {
                let (found, known) = (kind.chars().take(40).collect::<String>(), Kind::ALL.map(Kind::name));
                format!("kind: {found:?} is none of {}", known.join(", "))
            })?,
            claim: claim.clone(),
            subject: subject.clone(),
            evidence: match evidence {
                None => None,
                Some(text) => Some(text.parse().map_err(|fault| format!("evidence: {fault}"))?),
            },
            nonce: parse_nonce(nonce).ok_or("nonce: 32 lower-case hex digits are expected")?,
            previous: match previous {
                None => None,
                Some(text) => Some(text.parse().map_err(|fault| format!("previous: {fault}"))?),
            },
        })
    }
}

/// Reads a nonce as clients write it: 32 lower-case hex digits.
pub fn parse_nonce(text: &str) -> Option<[u8; 16]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().map(digit).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().ok().filter(|_| text.len() == 32)
}

impl Proof {
    /// The proof, checked. Its signature is not.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self) -> Result<Primitive, String> {
        let Self {
            id,
            issuer,
            key,
            signature,
            timestamp_s,
            whole,
            claim_hash,
            metadata,
            expires_at_s,
            place,
        } = self;
        let id: ProofId = id.parse().map_err(|fault| format!("id: {fault}"))?;
        let issuer = Did::parse(issuer).map_err(|fault| format!("issuer: {fault}"))?;
        let told = match (whole, claim_hash) {
            (Some(whole), None) => {
                let whole = whole.parse()?;
                let follows = whole.id(&issuer, timestamp_s.0);
                if follows != id {
                    return Err(format!("id: {id} is not the digest of the proof, which is {follows}"));
                }
                Told::Whole(whole)
            }
            (None, Some(claim)) => Told::Hashes { id, claim: claim.0 },
            (Some(_), Some(_)) | (None, None) => return Err("whole, claim_hash: one of them".to_owned()),
        };
        let key = key.parse()?;
        let signature =
            Signature::parse(key.scheme(), &signature.0).map_err(|fault| format!("signature: {fault}"))?;
        Ok(Primitive {
            issuer,
            key,
            signature,
            timestamp_s: timestamp_s.0,
            told,
            metadata: metadata.clone(),
            expires_at_s: expires_at_s.map(|time| time.0),
            place: place
                .as_ref()
                .map(|ProofPlace { chain, index }| Place { chain: chain.clone(), index: index.0 }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_has_one_spelling() {
        assert_eq!(parse_nonce("00112233445566778899aabbccddeeff").expect("a nonce")[15], 0xff);
        for bad in ["", "0", &"0".repeat(31), &"0".repeat(33), &"0".repeat(34), &"A".repeat(32)] {
            assert_eq!(parse_nonce(bad), None, "{bad}");
        }
    }
}
