//! The receipt in COSE: one validator's signature over the root, and beside it what a quorum signed.
//!
//! `Issued` is what RFC 9942 knows: who signed, by which key, about which leaf of which tree. Under a label of our own
//! the same bytes carry the note, the entry and the item of a batch, so that our verifiers ask a quorum where others
//! believe an issuer. There is one spelling: what was read is written again and compared.
//! Source: RFC 9942; what is ours is in `ENCODING.md`.

use crypto::{Digest, PublicKey, Scheme, Signature};

use super::rfc9942::{
    ALG, CWT_CLAIMS, CoseError, CoseParts, CoseProof, INCLUSION, ISS, KID, PRIVATE, RFC9162_SHA256, SIGN1,
    SUB, VDP, VDS, digest, hashes, number,
};
use super::{BatchItem, Receipt};
use crate::cbor::{Reader, Writer};
use crate::counter::{LeafIndex, TreeSize};
use crate::entry::{ENTRY_BYTES_MAX, Entry};
use crate::note::Note;

/// By which algorithm a COSE receipt is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoseAlgorithm {
    /// -8, by a log key: the number that older programs know Ed25519 by.
    EdDsa,
    /// -19, by a log key: Ed25519 and nothing else (RFC 9864).
    Ed25519,
    /// -49, by an ML-DSA-65 cosigner key (RFC 9964).
    MlDsa65,
}

impl CoseAlgorithm {
    /// Every algorithm, the one that most programs know first.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Ed25519, Self::MlDsa65];

    /// The number in COSE.
    pub const fn id(self) -> i64 {
        match self {
            Self::EdDsa => -8,
            Self::Ed25519 => -19,
            Self::MlDsa65 => crate::cose_key::ML_DSA_65,
        }
    }

    /// The algorithm of this number.
    pub fn parse(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }

    /// The scheme of its keys.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::EdDsa | Self::Ed25519 => Scheme::Ed25519,
            Self::MlDsa65 => Scheme::MlDsa65,
        }
    }
}

/// What is signed, before it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unissued {
    /// By which algorithm.
    pub algorithm: CoseAlgorithm,
    /// The thumbprint of the key (`cose_key`).
    pub kid: Digest,
    /// Who speaks: the origin of the log.
    pub issuer: String,
    /// About what: see [`subject`].
    pub subject: String,
    /// Number of leaves of the tree.
    pub size: TreeSize,
    /// The leaf.
    pub index: LeafIndex,
    /// The hashes beside its way to the root, lowest first.
    pub path: Vec<Digest>,
}

/// A receipt of RFC 9942: an issuer's word that a leaf stands in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    said: Unissued,
    signature: Signature,
}

/// What stands under our own label.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Private {
    note: String,
    entry: Vec<u8>,
    item: Option<BatchItem>,
}

/// The subject of a receipt: the statement's own, as RFC 9943 §7 has it; else its submission, or the leaf where the entry is
/// the network's own.
pub fn subject(entry: &Entry, index: LeafIndex) -> String {
    match entry {
        Entry::Submission(entry) => format!("urn:quorate:submission:{}", entry.submission.id()),
        Entry::Statement(entry) => match entry.submission().body().operation.statement() {
            Some(facts) => facts.subject.clone(),
            None => format!("urn:quorate:submission:{}", entry.submission().id()),
        },
        Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => format!("urn:quorate:leaf:{index}"),
    }
}

impl Unissued {
    /// The protected header.
    fn protected(&self) -> Vec<u8> {
        let Self { algorithm, kid, issuer, subject, size: _, index: _, path: _ } = self;
        let mut to = Writer::new();
        to.map(4).int(ALG).int(algorithm.id()).int(KID).bytes(kid.as_bytes());
        to.int(CWT_CLAIMS).map(2).int(ISS).text(issuer).int(SUB).text(subject);
        to.int(VDS).int(RFC9162_SHA256);
        to.finish()
    }

    /// The bytes to sign: the `Sig_structure` with the root as detached payload. They begin with 0x84, with which no
    /// note and no cosigned message begins, so a key may sign these beside those.
    pub fn signed_bytes(&self, root: &Digest) -> Vec<u8> {
        signed_bytes(&self.protected(), root)
    }

    /// Puts the signature to it.
    pub fn seal(self, signature: Signature) -> Issued {
        Issued { said: self, signature }
    }
}

/// The `Sig_structure` of a COSE_Sign1 whose payload is a root. Source: RFC 9052 §4.4.
pub fn signed_bytes(protected: &[u8], root: &Digest) -> Vec<u8> {
    let mut to = Writer::new();
    to.array(4).text("Signature1").bytes(protected).bytes(&[]).bytes(root.as_bytes());
    to.finish()
}

impl Issued {
    /// What is signed.
    pub const fn said(&self) -> &Unissued {
        &self.said
    }

    /// The signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Whether `key` signed this about a tree of this root.
    ///
    /// # Errors
    /// `SignatureError`.
    pub fn verify(&self, key: &PublicKey, root: &Digest) -> Result<(), crypto::SignatureError> {
        key.verify(&self.said.signed_bytes(root), &self.signature)
    }

    /// The receipt as RFC 9942 has it, without our label.
    pub fn to_cose(&self) -> Vec<u8> {
        self.write(None)
    }

    /// Reads a receipt without our label. Nothing is verified.
    ///
    /// # Errors
    /// `CoseError`, the first fault; `Twice` when the label is there.
    pub fn from_cose(bytes: &[u8]) -> Result<Self, CoseError> {
        match read(bytes)? {
            (_, Some(_)) => Err(CoseError::Twice),
            (issued, None) => Ok(issued),
        }
    }

    fn write(&self, private: Option<&Private>) -> Vec<u8> {
        let Self { said, signature } = self;
        let mut proof = Writer::new();
        proof.array(3).unsigned(said.size.get()).unsigned(said.index.get());
        path(&mut proof, &said.path);
        let mut to = Writer::new();
        to.tag(SIGN1).array(4).bytes(&said.protected());
        to.map(1 + usize::from(private.is_some()));
        to.int(VDP).map(1).int(INCLUSION).array(1).bytes(&proof.finish());
        if let Some(Private { note, entry, item }) = private {
            to.int(PRIVATE).map(2 + usize::from(item.is_some()));
            to.unsigned(1).text(note).unsigned(2).bytes(entry);
            if let Some(BatchItem { digest, index, path: hashes }) = item {
                to.unsigned(3).array(3).bytes(digest.as_bytes()).unsigned(index.get());
                path(&mut to, hashes);
            }
        }
        to.null().bytes(signature.as_bytes());
        to.finish()
    }
}

impl Receipt {
    /// Longest receipt in COSE, in bytes: the largest note, the largest entry, paths and headers.
    pub const COSE_BYTES_MAX: usize = 5 << 18;

    /// The receipt in COSE, by the validator that issued it.
    pub fn to_cose(&self, issued: &Issued) -> Vec<u8> {
        let Self { entry, index: _, proof: _, checkpoint, item } = self;
        let private = Private { note: checkpoint.clone(), entry: entry.clone(), item: item.clone() };
        issued.write(Some(&private))
    }

    /// Reads a receipt in COSE, and who issued it. Nothing is verified.
    ///
    /// # Errors
    /// `CoseError`, the first fault.
    pub fn from_cose(bytes: &[u8]) -> Result<(Self, Issued), CoseError> {
        let (issued, private) = read(bytes)?;
        let Private { note, entry, item } = private.ok_or(CoseError::NoQuorum)?;
        let (index, proof) = (issued.said.index, issued.said.path.clone());
        Ok((Self { entry, index, proof, checkpoint: note, item }, issued))
    }
}

fn path(to: &mut Writer, hashes: &[Digest]) {
    to.array(hashes.len());
    for hash in hashes {
        to.bytes(hash.as_bytes());
    }
}

fn read(bytes: &[u8]) -> Result<(Issued, Option<Private>), CoseError> {
    let CoseParts { protected: _, algorithm, kid, issuer, subject, proof, private, signature } =
        CoseParts::read(bytes)?;
    let missing = |what| CoseError::Missing { what };
    let algorithm = CoseAlgorithm::parse(algorithm).ok_or(CoseError::Algorithm { found: algorithm })?;
    let kid = kid.ok_or(missing("kid in its protected header"))?;
    let kid = Digest::from_slice(kid).map_err(|_| CoseError::DigestLength { found: kid.len() })?;
    let issuer = issuer.ok_or(missing("issuer in its protected header"))?.to_owned();
    let subject = subject.ok_or(missing("subject in its protected header"))?.to_owned();
    let CoseProof::Inclusion { size, index, path } = proof else {
        return Err(CoseError::NotInclusion);
    };
    let (size, index) = (TreeSize::new(size), LeafIndex::new(index));
    let (found, expected) = (signature.len(), algorithm.scheme().signature_bytes());
    let signature = Signature::parse(algorithm.scheme(), signature)
        .map_err(|_| CoseError::SignatureLength { found, expected })?;
    let private = private.map(Private::read).transpose()?;
    let issued = Unissued { algorithm, kid, issuer, subject, size, index, path }.seal(signature);
    // All that has no form of its own in the values (order, headers not known here) shows now.
    match issued.write(private.as_ref()) == bytes {
        true => Ok((issued, private)),
        false => Err(CoseError::NotCanonical),
    }
}

impl Private {
    fn read(mut reader: Reader<'_>) -> Result<Self, CoseError> {
        let (mut note, mut entry, mut item) = (None, None, None);
        for _ in 0..reader.map(3)? {
            let label = reader.int()?;
            let twice = match label {
                1 => note.replace(reader.text(Note::BYTES_MAX)?.to_owned()).is_some(),
                2 => entry.replace(reader.bytes(ENTRY_BYTES_MAX)?.to_vec()).is_some(),
                3 => item.replace(read_item(&mut reader)?).is_some(),
                _ => return Err(CoseError::NotCanonical),
            };
            if twice {
                return Err(CoseError::LabelTwice { label });
            }
        }
        Ok(Self {
            note: note.ok_or(CoseError::Missing { what: "checkpoint under the private label" })?,
            entry: entry.ok_or(CoseError::Missing { what: "entry under the private label" })?,
            item,
        })
    }
}

fn read_item(reader: &mut Reader<'_>) -> Result<BatchItem, CoseError> {
    if reader.array(3)? != 3 {
        return Err(CoseError::NotCanonical);
    }
    Ok(BatchItem { digest: digest(reader)?, index: LeafIndex::new(number(reader)?), path: hashes(reader)? })
}
