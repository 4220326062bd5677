//! The small parts every message is made of: keys, signatures, digests, names.

use crypto::{Digest, KeyId, PublicKey, Scheme, Signature};

use super::pb;
use crate::canonical::DecodeError;
use crate::id::{BatchId, BlockId, Did, SubmissionId, ValidatorIndex};

/// A domain type and the prost type that carries it.
pub(crate) trait Wire: Sized {
    type Proto: prost::Message + Default;

    fn to_wire(&self) -> Self::Proto;
    fn from_wire(wire: Self::Proto) -> Result<Self, DecodeError>;
}

/// A sub-message that must be there.
pub(crate) fn required<T: Wire>(wire: Option<T::Proto>, field: &'static str) -> Result<T, DecodeError> {
    T::from_wire(wire.ok_or_else(|| DecodeError::field(field, "is missing"))?)
}

/// A sub-message that may be there.
pub(crate) fn optional<T: Wire>(wire: Option<T::Proto>) -> Result<Option<T>, DecodeError> {
    wire.map(T::from_wire).transpose()
}

/// A list of at most `max`.
pub(crate) fn each<T: Wire>(
    wire: Vec<T::Proto>,
    field: &'static str,
    max: usize,
) -> Result<Vec<T>, DecodeError> {
    DecodeError::at_most(field, wire.len(), max)?;
    wire.into_iter().map(T::from_wire).collect()
}

pub(crate) fn digest(bytes: &[u8], field: &'static str) -> Result<Digest, DecodeError> {
    Digest::from_slice(bytes).map_err(|fault| DecodeError::field(field, fault))
}

pub(crate) fn block_id(bytes: &[u8], field: &'static str) -> Result<BlockId, DecodeError> {
    digest(bytes, field).map(BlockId::new)
}

pub(crate) fn batch_id(bytes: &[u8], field: &'static str) -> Result<BatchId, DecodeError> {
    digest(bytes, field).map(BatchId::new)
}

pub(crate) fn submission_id(bytes: &[u8], field: &'static str) -> Result<SubmissionId, DecodeError> {
    digest(bytes, field).map(SubmissionId::new)
}

pub(crate) fn key_id(bytes: &[u8], field: &'static str) -> Result<KeyId, DecodeError> {
    digest(bytes, field).map(KeyId::new)
}

pub(crate) fn did(text: &str, field: &'static str) -> Result<Did, DecodeError> {
    Did::parse(text).map_err(|fault| DecodeError::field(field, fault))
}

pub(crate) fn text(text: String, field: &'static str, max: usize) -> Result<String, DecodeError> {
    DecodeError::at_most(field, text.len(), max)?;
    match text.chars().any(char::is_control) {
        true => Err(DecodeError::field(field, "holds a control character")),
        false => Ok(text),
    }
}

pub(crate) fn validator_index(number: u32, field: &'static str) -> Result<ValidatorIndex, DecodeError> {
    u16::try_from(number)
        .map(ValidatorIndex::new)
        .map_err(|_| DecodeError::field(field, format!("{number} is beyond 65535")))
}

pub(crate) fn public_key(
    scheme: Scheme,
    bytes: &[u8],
    field: &'static str,
) -> Result<PublicKey, DecodeError> {
    PublicKey::parse(scheme, bytes).map_err(|fault| DecodeError::field(field, fault))
}

pub(crate) fn signature(scheme: Scheme, bytes: &[u8], field: &'static str) -> Result<Signature, DecodeError> {
    Signature::parse(scheme, bytes).map_err(|fault| DecodeError::field(field, fault))
}

fn scheme(number: u32, field: &'static str) -> Result<Scheme, DecodeError> {
    Scheme::parse(number).ok_or_else(|| DecodeError::field(field, format!("scheme {number} is unknown")))
}

impl Wire for PublicKey {
    type Proto = pb::PublicKey;

    fn to_wire(&self) -> pb::PublicKey {
        pb::PublicKey { scheme: self.scheme().id(), key: self.as_bytes().to_vec() }
    }

    fn from_wire(wire: pb::PublicKey) -> Result<Self, DecodeError> {
        match scheme(wire.scheme, "key.scheme")? {
            scheme if scheme.is_for_authors() => public_key(scheme, &wire.key, "key"),
            scheme => Err(DecodeError::field("key.scheme", format!("{scheme} signs no submissions"))),
        }
    }
}

impl Wire for Signature {
    type Proto = pb::Signature;

    fn to_wire(&self) -> pb::Signature {
        pb::Signature { scheme: self.scheme().id(), signature: self.as_bytes().to_vec() }
    }

    fn from_wire(wire: pb::Signature) -> Result<Self, DecodeError> {
        signature(scheme(wire.scheme, "signature.scheme")?, &wire.signature, "signature")
    }
}
