//! COSE receipts as RFC 9942 spells them, whoever made them: the parts, borrowed from the bytes.
//!
//! Everything is bounded before it is looked at, and nothing is allocated but the hashes of a path. Headers that are not
//! known are passed over, as COSE wants; one that `crit` names would have to be understood, so `crit` is refused, and so
//! are a label that stands twice and a payload that is not detached. Nothing is verified.
//! Source: RFC 9942 §4, §5.2 (the tree `RFC9162_SHA256`), RFC 9052 §3.

use crypto::Digest;

use super::Receipt;
use crate::cbor::{CborError, Kind, Reader};

/// Tag of a COSE_Sign1.
pub(super) const SIGN1: u64 = 18;
/// Labels of headers.
pub(super) const ALG: i64 = 1;
pub(super) const CRIT: i64 = 2;
pub(super) const KID: i64 = 4;
pub(super) const CWT_CLAIMS: i64 = 15;
pub(super) const VDS: i64 = 395;
pub(super) const VDP: i64 = 396;
/// "QUOR" as a number: the label under which our own receipts carry what a quorum signed.
pub(super) const PRIVATE: i64 = -1 - 0x5155_4f52;
/// Claims.
pub(super) const ISS: i64 = 1;
pub(super) const SUB: i64 = 2;
/// Kinds of proofs.
pub(super) const INCLUSION: i64 = -1;
pub(super) const CONSISTENCY: i64 = -2;
/// The tree of RFC 9162 with SHA-256.
pub(super) const RFC9162_SHA256: i64 = 1;

/// Longest receipt without the private label, in bytes: the longest path, an ML-DSA-87 signature, room for headers.
pub const BARE_BYTES_MAX: usize = 16 << 10;
/// Most labels in a map of headers or claims.
const LABELS_MAX: usize = 16;
/// Longest protected header, in bytes.
const PROTECTED_BYTES_MAX: usize = 4 << 10;
/// Longest issuer, subject or key name, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 10;
/// Longest signature, in bytes: that of ML-DSA-87.
const SIGNATURE_BYTES_MAX: usize = 4_627;
/// Longest path in CBOR, in bytes.
const PROOF_BYTES_MAX: usize = 32 + Receipt::PROOF_MAX * 34;

/// Why bytes are not a COSE receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// Longer than a receipt may be; nothing was read.
    #[error("the COSE receipt has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not CBOR of the form that is read here.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// Another tag than that of a COSE_Sign1.
    #[error("tag {found}; a COSE receipt is a COSE_Sign1, of tag 18")]
    Tag {
        /// The tag found.
        found: u64,
    },
    /// A label stands twice in one map, or in both headers.
    #[error("the label {label} stands twice")]
    LabelTwice {
        /// It.
        label: i64,
    },
    /// A header that must be understood.
    #[error("the header `crit` asks for something to be understood that is not")]
    Critical,
    /// Something is missing.
    #[error("the COSE receipt has no {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// The signature's algorithm is none that is known here.
    #[error("the algorithm is {found}; known are -8, -19 and -49")]
    Algorithm {
        /// The number found.
        found: i64,
    },
    /// The data structure is another one.
    #[error("the verifiable data structure is {found}, not 1 (RFC9162_SHA256)")]
    DataStructure {
        /// The number found.
        found: i64,
    },
    /// The payload is there: a verifier would be told the root that it has to compute.
    #[error("the payload is not detached")]
    Payload,
    /// Another number of proofs than one, or a kind that is not known.
    #[error("the receipt does not hold exactly one proof, of inclusion or of consistency")]
    Proofs,
    /// The receipt is about the growth of the log, not about an entry.
    #[error("the receipt proves that one log extends another, not that an entry stands in it")]
    NotInclusion,
    /// A hash of a path, or another digest, has not 32 bytes.
    #[error("a digest has {found} bytes, not 32")]
    DigestLength {
        /// Length found, in bytes.
        found: usize,
    },
    /// Not the length that the algorithm's signatures have.
    #[error("the signature has {found} bytes, the algorithm makes {expected}")]
    SignatureLength {
        /// Length found, in bytes.
        found: usize,
        /// Length expected, in bytes.
        expected: usize,
    },
    /// A size or an index is beyond what every reader reads exactly.
    #[error("size or index {found} is beyond 2^53 - 1")]
    Beyond {
        /// The number found.
        found: u64,
    },
    /// Written in another way than the only one.
    #[error(
        "the COSE receipt is not written as the one that says the same: deterministic, with no header more"
    )]
    NotCanonical,
    /// No quorum's checkpoint in it.
    #[error(
        "the COSE receipt holds no checkpoint, so no quorum stands behind it: it is the word of its issuer alone"
    )]
    NoQuorum,
    /// The private label is there where note and entry stand beside.
    #[error("the COSE receipt has a header of its own for what stands beside it here")]
    Twice,
}

/// The proof of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoseProof {
    /// That a leaf stands in the log.
    Inclusion {
        /// Number of leaves.
        size: u64,
        /// The leaf.
        index: u64,
        /// The hashes beside its way to the root, lowest first.
        path: Vec<Digest>,
    },
    /// That one log extends another.
    Consistency {
        /// Number of leaves before.
        from: u64,
        /// Number of leaves after.
        to: u64,
        /// The hashes of RFC 9162 §2.1.4.
        path: Vec<Digest>,
    },
}

/// A COSE receipt, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseParts<'a> {
    /// The protected header's bytes, which are signed.
    pub protected: &'a [u8],
    /// The algorithm, as COSE numbers it.
    pub algorithm: i64,
    /// The name of the key.
    pub kid: Option<&'a [u8]>,
    /// Who speaks.
    pub issuer: Option<&'a str>,
    /// About what.
    pub subject: Option<&'a str>,
    /// What is proven.
    pub proof: CoseProof,
    /// What stands under our private label, still in CBOR.
    pub private: Option<Reader<'a>>,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> CoseParts<'a> {
    /// Takes a receipt apart.
    ///
    /// # Errors
    /// `CoseError`, the first fault.
    pub fn read(bytes: &'a [u8]) -> Result<Self, CoseError> {
        if bytes.len() > Receipt::COSE_BYTES_MAX {
            return Err(CoseError::TooLarge { found: bytes.len(), max: Receipt::COSE_BYTES_MAX });
        }
        let mut reader = Reader::new(bytes);
        let found = reader.tag()?;
        if found != SIGN1 {
            return Err(CoseError::Tag { found });
        }
        if reader.array(4)? != 4 {
            return Err(CoseError::Missing { what: "four parts, as a COSE_Sign1 has" });
        }
        let protected = reader.bytes(PROTECTED_BYTES_MAX)?;
        let mut labels = Labels::default();
        let headers = Protected::read(protected, &mut labels)?;
        let (proof, private) = unprotected(&mut reader, &mut labels)?;
        match reader.kind()? {
            Kind::Null => reader.null()?,
            _ => return Err(CoseError::Payload),
        }
        let signature = reader.bytes(SIGNATURE_BYTES_MAX)?;
        reader.end()?;
        let Protected { algorithm, kid, issuer, subject, structure } = headers;
        let algorithm = algorithm.ok_or(CoseError::Missing { what: "algorithm in its protected header" })?;
        match structure.ok_or(CoseError::Missing { what: "data structure in its protected header" })? {
            RFC9162_SHA256 => {}
            found => return Err(CoseError::DataStructure { found }),
        }
        let proof = proof.ok_or(CoseError::Missing { what: "proof" })?;
        Ok(Self { protected, algorithm, kid, issuer, subject, proof, private, signature })
    }
}

/// The labels met in both headers, of which none may stand twice.
#[derive(Default)]
struct Labels(Vec<i64>);

impl Labels {
    /// Reads a label; none for one that is a text, which is passed over.
    fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<i64>, CoseError> {
        if reader.kind()? == Kind::Text {
            // None of ours is a text, and COSE lets a reader ignore what it does not know.
            reader.text(TEXT_BYTES_MAX)?;
            return Ok(None);
        }
        let label = reader.int()?;
        match self.0.contains(&label) {
            true => Err(CoseError::LabelTwice { label }),
            false => {
                self.0.push(label);
                Ok(Some(label))
            }
        }
    }
}

/// The protected header.
#[derive(Default)]
struct Protected<'a> {
    algorithm: Option<i64>,
    kid: Option<&'a [u8]>,
    issuer: Option<&'a str>,
    subject: Option<&'a str>,
    structure: Option<i64>,
}

impl<'a> Protected<'a> {
    fn read(bytes: &'a [u8], labels: &mut Labels) -> Result<Self, CoseError> {
        let mut headers = Self::default();
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.map(LABELS_MAX)? {
            match labels.next(&mut reader)? {
                Some(ALG) => headers.algorithm = Some(reader.int()?),
                Some(CRIT) => return Err(CoseError::Critical),
                Some(KID) => headers.kid = Some(reader.bytes(TEXT_BYTES_MAX)?),
                Some(VDS) => headers.structure = Some(reader.int()?),
                Some(CWT_CLAIMS) => {
                    let mut claims = Labels::default();
                    for _ in 0..reader.map(LABELS_MAX)? {
                        match claims.next(&mut reader)? {
                            Some(ISS) => headers.issuer = Some(reader.text(TEXT_BYTES_MAX)?),
                            Some(SUB) => headers.subject = Some(reader.text(TEXT_BYTES_MAX)?),
                            Some(_) | None => reader.skip()?,
                        }
                    }
                }
                Some(_) | None => reader.skip()?,
            }
        }
        reader.end()?;
        Ok(headers)
    }
}

/// The unprotected header: the proof, and what stands under our private label.
fn unprotected<'a>(
    reader: &mut Reader<'a>,
    labels: &mut Labels,
) -> Result<(Option<CoseProof>, Option<Reader<'a>>), CoseError> {
    let (mut proof, mut private) = (None, None);
    for _ in 0..reader.map(LABELS_MAX)? {
        match labels.next(reader)? {
            Some(CRIT) => return Err(CoseError::Critical),
            Some(VDP) => proof = Some(proofs(reader)?),
            Some(PRIVATE) => {
                private = Some(*reader);
                reader.skip()?;
            }
            Some(_) | None => reader.skip()?,
        }
    }
    Ok((proof, private))
}

fn proofs(reader: &mut Reader<'_>) -> Result<CoseProof, CoseError> {
    if reader.map(LABELS_MAX)? != 1 {
        return Err(CoseError::Proofs);
    }
    let kind = reader.int()?;
    if (kind != INCLUSION && kind != CONSISTENCY) || reader.array(LABELS_MAX)? != 1 {
        return Err(CoseError::Proofs);
    }
    let mut proof = Reader::new(reader.bytes(PROOF_BYTES_MAX)?);
    if proof.array(3)? != 3 {
        return Err(CoseError::Proofs);
    }
    let (first, second) = (number(&mut proof)?, number(&mut proof)?);
    let path = hashes(&mut proof)?;
    proof.end()?;
    Ok(match kind {
        INCLUSION => CoseProof::Inclusion { size: first, index: second, path },
        _ => CoseProof::Consistency { from: first, to: second, path },
    })
}

/// A size or an index.
pub(super) fn number(reader: &mut Reader<'_>) -> Result<u64, CoseError> {
    let found = reader.unsigned()?;
    match found > Receipt::INDEX_MAX {
        true => Err(CoseError::Beyond { found }),
        false => Ok(found),
    }
}

/// At most as many hashes as a path can have.
pub(super) fn hashes(reader: &mut Reader<'_>) -> Result<Vec<Digest>, CoseError> {
    let count = reader.array(Receipt::PROOF_MAX)?;
    (0..count).map(|_| digest(reader)).collect()
}

pub(super) fn digest(reader: &mut Reader<'_>) -> Result<Digest, CoseError> {
    let bytes = reader.bytes(TEXT_BYTES_MAX)?;
    Digest::from_slice(bytes).map_err(|_| CoseError::DigestLength { found: bytes.len() })
}
