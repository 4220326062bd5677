//! PROOF primitives of ProofNest. Source: `quorate.proto`, `ProofPrimitive`.

use crypto::PublicKey;

use super::part::{did, digest, text};
use super::{Wire, pb, required};
use crate::canonical::DecodeError;
use crate::operation::TEXT_BYTES_MAX;
use crate::primitive::{
    CHAIN_BYTES_MAX, CLAIM_BYTES_MAX, Evidence, Kind, METADATA_BYTES_MAX, Place, Primitive, ProofId, Told,
    Whole,
};

pub(super) fn to_wire(primitive: &Primitive) -> pb::ProofPrimitive {
    let Primitive { issuer, key, signature, timestamp_s, told, metadata, expires_at_s, place } = primitive;
    let (chain, index) = match place {
        Some(Place { chain, index }) => (chain.clone(), *index),
        None => (String::new(), 0),
    };
    let common = pb::ProofPrimitive {
        issuer: issuer.as_str().to_owned(),
        key: Some(key.to_wire()),
        signature: Some(signature.to_wire()),
        timestamp_s: *timestamp_s,
        metadata: metadata.clone(),
        expires_at_s: expires_at_s.unwrap_or(0),
        chain,
        index,
        ..pb::ProofPrimitive::default()
    };
    match told {
        Told::Hashes { id, claim } => pb::ProofPrimitive {
            proof: id.as_bytes().to_vec(),
            claim_hash: claim.as_bytes().to_vec(),
            ..common
        },
        Told::Whole(Whole { kind, claim, subject, evidence, nonce, previous }) => pb::ProofPrimitive {
            kind: kind.id(),
            claim: claim.clone(),
            subject: subject.clone().unwrap_or_default(),
            evidence: evidence.map_or_else(String::new, |evidence| evidence.to_string()),
            nonce: nonce.to_vec(),
            previous_proof: previous.map_or_else(Vec::new, |proof| proof.as_bytes().to_vec()),
            ..common
        },
    }
}

pub(super) fn from_wire(wire: pb::ProofPrimitive) -> Result<Primitive, DecodeError> {
    let pb::ProofPrimitive {
        issuer,
        key,
        signature,
        timestamp_s,
        kind,
        claim,
        subject,
        evidence,
        nonce,
        previous_proof,
        proof,
        claim_hash,
        metadata,
        expires_at_s,
        chain,
        index,
    } = wire;
    let told = if kind == 0 {
        let more = [claim.len(), subject.len(), evidence.len(), nonce.len(), previous_proof.len()];
        if more.iter().any(|length| *length > 0) {
            return Err(DecodeError::field("kind", "is missing beside what only a proof told whole has"));
        }
        // The id covers none of these, and here its issuer says the id alone.
        if !metadata.is_empty() || expires_at_s != 0 || !chain.is_empty() {
            return Err(DecodeError::field("proof", "told by hashes says nothing more than these"));
        }
        let id = ProofId::new(digest(&proof, "proof")?);
        Told::Hashes { id, claim: digest(&claim_hash, "claim_hash")? }
    } else {
        if !proof.is_empty() || !claim_hash.is_empty() {
            return Err(DecodeError::field("proof", "follows from a proof told whole, and is not written"));
        }
        DecodeError::at_most("claim", claim.len(), CLAIM_BYTES_MAX)?;
        let evidence = match evidence.is_empty() {
            true => None,
            false => {
                let read: Result<Evidence, _> = evidence.parse();
                Some(read.map_err(|fault| DecodeError::field("evidence", fault))?)
            }
        };
        let previous = match previous_proof.is_empty() {
            true => None,
            false => Some(ProofId::new(digest(&previous_proof, "previous_proof")?)),
        };
        Told::Whole(Whole {
            kind: Kind::parse(kind)
                .ok_or_else(|| DecodeError::field("kind", format!("{kind} is no kind of proof")))?,
            claim,
            subject: some(text(subject, "subject", TEXT_BYTES_MAX)?),
            evidence,
            nonce: nonce.as_slice().try_into().map_err(|_| {
                DecodeError::field("nonce", format!("has 16 bytes, this has {}", nonce.len()))
            })?,
            previous,
        })
    };
    DecodeError::at_most("metadata", metadata.len(), METADATA_BYTES_MAX)?;
    let place = match some(text(chain, "chain", CHAIN_BYTES_MAX)?) {
        Some(chain) => Some(Place { chain, index }),
        None if index == 0 => None,
        None => return Err(DecodeError::field("index", "is a place in no chain")),
    };
    Ok(Primitive {
        issuer: did(&issuer, "issuer")?,
        key: required::<PublicKey>(key, "key")?,
        signature: required(signature, "signature")?,
        timestamp_s,
        told,
        metadata,
        expires_at_s: (expires_at_s != 0).then_some(expires_at_s),
        place,
    })
}

/// Empty text means that there is none.
fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
