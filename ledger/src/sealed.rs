//! Attestations that are JWTs, as the ledger keeps them, and the chains they stand in.
//!
//! Of the token stands here what later rules and readers ask; the token itself is in the entry. Whether it was revoked
//! stands where it does for every attestation, under the submission that sealed it (`attestation.rs`).
//! Source: `STATE.md`, rules A6 to A9.

use crypto::{Digest, KeyId, sha256};
use proto::id::SubmissionId;
use proto::operation::issuer::IssuerDid;
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::read::ReadError;

/// An attestation that was sealed, named by its token's `jti`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The submission that sealed it, by which it is revoked.
    pub submission: SubmissionId,
    /// Who issued it.
    pub issuer: IssuerDid,
    /// Thumbprint of the key that signed the token.
    pub key: KeyId,
    /// SHA-256 of what was asked.
    pub query: Digest,
    /// SHA-256 of what proves the answer.
    pub proof: Digest,
    /// When it was signed, in seconds since 1970.
    pub issued_at_s: u64,
    /// From when it no longer holds, in seconds since 1970.
    pub expires_at_s: u64,
    /// SHA-256 of the token.
    pub token: Digest,
    /// Its place in a chain, if it has one.
    pub link: Option<ChainLink>,
}

impl Sealed {
    pub(crate) fn of(seal: &Seal, submission: SubmissionId) -> Self {
        let Seal { id: _, issuer, key, query, proof, issued_at_s, expires_at_s, link, token } = seal;
        Self {
            submission,
            issuer: issuer.clone(),
            key: *key,
            query: *query,
            proof: *proof,
            issued_at_s: *issued_at_s,
            expires_at_s: *expires_at_s,
            token: sha256(token.as_bytes()),
            link: link.clone(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { submission, issuer, key, query, proof, issued_at_s, expires_at_s, token, link } = self;
        let mut to = Writer::new();
        to.digest(submission.digest()).bytes(issuer.as_str().as_bytes()).key_id(key);
        to.digest(query).digest(proof).u64(*issued_at_s).u64(*expires_at_s).digest(token);
        match link {
            None => {
                to.u8(0);
            }
            Some(ChainLink { chain, index, previous }) => {
                let previous = previous.as_ref().map_or("", AttestationId::as_str);
                to.u8(1).bytes(chain.as_str().as_bytes()).u64(*index).bytes(previous.as_bytes());
            }
        }
        to.finish()
    }

    pub(crate) fn decode(id: &AttestationId, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                submission: SubmissionId::new(from.digest()?),
                issuer: issuer(from)?,
                key: from.key_id()?,
                query: from.digest()?,
                proof: from.digest()?,
                issued_at_s: from.u64()?,
                expires_at_s: from.u64()?,
                token: from.digest()?,
                link: match from.u8()? {
                    0 => None,
                    1 => Some(read_link(from)?),
                    found => {
                        return Err(CodecError::Meaning { field: "sealed.link", found: u64::from(found) });
                    }
                },
            })
        };
        let key = id.as_str().as_bytes();
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Sealed, key))
    }
}

/// The last attestation of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Its place.
    pub index: u64,
    /// Its name.
    pub last: AttestationId,
}

impl ChainHead {
    /// Under which key it is stored: no DID holds a zero byte, so no two are the same.
    pub(crate) fn stored_key(issuer: &IssuerDid, chain: &ChainId) -> Vec<u8> {
        [issuer.as_str().as_bytes(), &[0], chain.as_str().as_bytes()].concat()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { index, last } = self;
        let mut to = Writer::new();
        to.u64(*index).bytes(last.as_str().as_bytes());
        to.finish()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| Ok(Self { index: from.u64()?, last: attestation(from)? });
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::IssuerChains, key))
    }
}

/// Reads the name that a submission sealed.
pub(crate) fn read_name(submission: &SubmissionId, bytes: &[u8]) -> Result<AttestationId, ReadError> {
    AttestationId::parse(&String::from_utf8_lossy(bytes))
        .map_err(|fault| ReadError::damaged(Table::SealedBy, submission.as_bytes(), fault))
}

fn issuer(from: &mut Reader<'_>) -> Result<IssuerDid, CodecError> {
    IssuerDid::parse(&from.text("issuer")?).map_err(|fault| CodecError::field("issuer", fault))
}

fn attestation(from: &mut Reader<'_>) -> Result<AttestationId, CodecError> {
    AttestationId::parse(&from.text("attestation")?).map_err(|fault| CodecError::field("attestation", fault))
}

fn read_link(from: &mut Reader<'_>) -> Result<ChainLink, CodecError> {
    let chain = ChainId::parse(&from.text("chain")?).map_err(|fault| CodecError::field("chain", fault))?;
    let index = from.u64()?;
    let previous = match from.bytes()? {
        [] => None,
        bytes => {
            let text = String::from_utf8_lossy(bytes);
            Some(AttestationId::parse(&text).map_err(|fault| CodecError::field("previous", fault))?)
        }
    };
    Ok(ChainLink { chain, index, previous })
}
