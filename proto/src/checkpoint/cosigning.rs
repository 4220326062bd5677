//! What a validator signs under a head, and whether it did.
//!
//! A validator signs three times, with a key of its own for each role: the checkpoint's text as log, the text
//! behind a time as Ed25519 cosigner, and the `subtree/v1` message with the same time as ML-DSA-65 cosigner. Whoever
//! signs and whoever checks builds these bytes with the same function.
//! Source: C2SP tlog-cosignature.

use crypto::{Digest, PublicKey, Signature};

use super::text::CheckpointText;
use super::{CertifiedCheckpoint, Cosignature, Head};
use crate::certificate::CertificateError;
use crate::counter::TreeSize;
use crate::id::ValidatorIndex;
use crate::note::{KeyName, Note, NoteError, NoteKey, NoteKeyError, NoteSignature, SignatureType};
use crate::validators::{Validator, ValidatorSet};
use crate::verified::{SignatureChecker, Unverified, Verified};

/// Latest time a cosignature may say, in seconds since 1970.
pub(super) const TIME_S_MAX: u64 = (1 << 63) - 1;

/// The bytes an Ed25519 cosigner (type 0x04) signs: a header, the time, and the checkpoint's text.
pub fn cosignature_v1_message(time_s: u64, checkpoint: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{checkpoint}").into_bytes()
}

/// What an ML-DSA cosigner says: that the leaves `[start, end)` of a log have this hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosignedSubtree<'a> {
    /// The name the cosigner signs under.
    pub cosigner: &'a KeyName,
    /// When, in seconds since 1970; 0 unless it speaks of a whole log.
    pub time_s: u64,
    /// The log.
    pub origin: &'a KeyName,
    /// First leaf; 0 for a checkpoint.
    pub start: u64,
    /// The leaf after the last; the size of a checkpoint.
    pub end: u64,
    /// RFC 6962 hash over these leaves.
    pub hash: Digest,
}

impl CosignedSubtree<'_> {
    /// The bytes to sign: `subtree/v1`, newline, zero byte; name behind its length (u8), time; origin behind its
    /// length (u8), start, end (u64, big-endian each); hash.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let Self { cosigner, time_s, origin, start, end, hash } = self;
        [
            b"subtree/v1\n\0".as_slice(),
            &cosigner.prefixed(),
            &time_s.to_be_bytes(),
            &origin.prefixed(),
            &start.to_be_bytes(),
            &end.to_be_bytes(),
            hash.as_bytes(),
        ]
        .concat()
    }
}

/// The three messages a validator signs under one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// By its log key.
    pub log: Vec<u8>,
    /// By its Ed25519 cosigner key.
    pub ed25519: Vec<u8>,
    /// By its ML-DSA-65 cosigner key.
    pub ml_dsa_65: Vec<u8>,
}

/// Why a cosignature, or a checkpoint made of them, does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// A signer is unknown, twice or out of order, or too little power signed.
    #[error(transparent)]
    Signers(#[from] CertificateError),
    /// The time is beyond what a cosignature may say.
    #[error("validator {signer} says the time {found} s, which is beyond 2^63 - 1")]
    Time {
        /// Who.
        signer: ValidatorIndex,
        /// Seconds found.
        found: u64,
    },
    /// A cosignature stands under a checkpoint of another head.
    #[error(
        "validator {signer} signed another head than the checkpoint's, of size {found} against {expected}"
    )]
    OtherHead {
        /// Who.
        signer: ValidatorIndex,
        /// Size of the head it signed.
        found: TreeSize,
        /// Size of the checkpoint's head.
        expected: TreeSize,
    },
    /// One of the three signatures does not hold.
    #[error("the {} of validator {signer} does not hold", .signature.name())]
    Signature {
        /// Whose.
        signer: ValidatorIndex,
        /// Which one.
        signature: SignatureType,
    },
    /// The set's origin cannot be the name of a key.
    #[error(transparent)]
    Name(#[from] NoteKeyError),
    /// The note would be larger than a note may be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// What validator `signer` of `set` signs under `head` at `time_s`.
///
/// # Errors
/// `Signers(UnknownSigner)`, `Time`, or `Name` when origin and validator's name do not make a key's name.
pub fn cosigned_messages(
    set: &ValidatorSet,
    signer: ValidatorIndex,
    head: Head,
    time_s: u64,
) -> Result<Cosigned, CosignatureError> {
    if time_s > TIME_S_MAX {
        return Err(CosignatureError::Time { signer, found: time_s });
    }
    let cosigner = KeyName::parse(&set.cosigner_name(validator(set, signer)?))?;
    let text = CheckpointText { origin: KeyName::parse(set.origin())?, head };
    let message = |kind| text.signed_message(kind, &cosigner, time_s);
    Ok(Cosigned {
        log: message(SignatureType::Ed25519),
        ed25519: message(SignatureType::CosignatureEd25519),
        ml_dsa_65: message(SignatureType::CosignatureMlDsa65),
    })
}

/// The note keys of a validator: log (named by the origin), Ed25519 cosigner, ML-DSA-65 cosigner.
///
/// # Errors
/// `NoteKeyError` when origin and validator's name do not make a key's name.
pub fn note_keys(set: &ValidatorSet, validator: &Validator) -> Result<[NoteKey; 3], NoteKeyError> {
    let origin = KeyName::parse(set.origin())?;
    let cosigner = KeyName::parse(&set.cosigner_name(validator))?;
    let key = |name: &KeyName, kind, key: &PublicKey| NoteKey::new(name.clone(), kind, key.clone());
    Ok([
        key(&origin, SignatureType::Ed25519, &validator.log)?,
        key(&cosigner, SignatureType::CosignatureEd25519, &validator.cosigner_ed25519)?,
        key(&cosigner, SignatureType::CosignatureMlDsa65, &validator.cosigner_ml_dsa_65)?,
    ])
}

impl Cosignature {
    /// Checks all three signatures.
    ///
    /// # Errors
    /// `CosignatureError`, the first that fails.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), CosignatureError> {
        let Self { epoch, signer, head, time_s, log, ed25519, ml_dsa_65 } = self;
        set.expect_epoch(*epoch)?;
        let messages = cosigned_messages(set, *signer, *head, *time_s)?;
        let keys = validator(set, *signer)?;
        let parts: [(_, _, &[u8], &Signature); 3] = [
            (SignatureType::Ed25519, &keys.log, &messages.log, log),
            (SignatureType::CosignatureEd25519, &keys.cosigner_ed25519, &messages.ed25519, ed25519),
            (SignatureType::CosignatureMlDsa65, &keys.cosigner_ml_dsa_65, &messages.ml_dsa_65, ml_dsa_65),
        ];
        for (kind, key, message, signature) in parts {
            checker
                .check(key, message, signature)
                .map_err(|_| CosignatureError::Signature { signer: *signer, signature: kind })?;
        }
        Ok(())
    }
}

impl Unverified<Cosignature> {
    /// As [`Cosignature::verify`].
    ///
    /// # Errors
    /// `CosignatureError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Cosignature>, CosignatureError> {
        self.get().verify(set, checker)?;
        Ok(self.vouch())
    }
}

impl CertifiedCheckpoint {
    /// Checks that the signers are a quorum, strictly ascending, and that all signed this head.
    fn check_signers(&self, set: &ValidatorSet) -> Result<(), CosignatureError> {
        for part in &self.cosignatures {
            set.expect_epoch(part.epoch)?;
        }
        set.expect_quorum(self.cosignatures.iter().map(|part| part.signer))?;
        match self.cosignatures.iter().find(|part| part.head != self.head) {
            None => Ok(()),
            Some(part) => Err(CosignatureError::OtherHead {
                signer: part.signer,
                found: part.head.size,
                expected: self.head.size,
            }),
        }
    }

    /// Checks that a quorum of `set` cosigned this head.
    ///
    /// # Errors
    /// `CosignatureError`, the first that fails.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), CosignatureError> {
        self.check_signers(set)?;
        self.cosignatures.iter().try_for_each(|part| part.verify(set, checker))
    }

    /// The checkpoint as a signed note: the text, then for each signer its log line, its Ed25519 and its ML-DSA-65
    /// cosignature. The same checkpoint gives the same bytes on every node.
    ///
    /// # Errors
    /// `Signers(UnknownSigner)`, `Name` or `Note`; a verified checkpoint of `set` has none of these.
    pub fn to_note(&self, set: &ValidatorSet) -> Result<String, CosignatureError> {
        let text = CheckpointText { origin: KeyName::parse(set.origin())?, head: self.head };
        let mut lines = Vec::with_capacity(3 * self.cosignatures.len());
        for Cosignature { epoch: _, signer, head: _, time_s, log, ed25519, ml_dsa_65 } in &self.cosignatures {
            let [log_key, ed25519_key, ml_dsa_65_key] = note_keys(set, validator(set, *signer)?)?;
            let line = |key: &NoteKey, signature| NoteSignature {
                name: key.name().clone(),
                key_id: key.id(),
                signature,
            };
            let timed = |signature: &Signature| [&time_s.to_be_bytes(), signature.as_bytes()].concat();
            lines.push(line(&log_key, log.as_bytes().to_vec()));
            lines.push(line(&ed25519_key, timed(ed25519)));
            lines.push(line(&ml_dsa_65_key, timed(ml_dsa_65)));
        }
        Ok(Note::new(text.to_string(), lines)?.to_string())
    }
}

impl Unverified<CertifiedCheckpoint> {
    /// As [`CertifiedCheckpoint::verify`].
    ///
    /// # Errors
    /// `CosignatureError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<CertifiedCheckpoint>, CosignatureError> {
        self.get().verify(set, checker)?;
        Ok(self.vouch())
    }
}

impl Verified<Cosignature> {
    /// Makes a checkpoint of cosignatures that were checked one by one: no signature is checked again.
    ///
    /// # Errors
    /// `Signers` unless they are a quorum in strictly ascending order, `OtherHead` unless all are under `head`.
    pub fn certify(
        set: &ValidatorSet,
        head: Head,
        cosignatures: Vec<Self>,
    ) -> Result<Verified<CertifiedCheckpoint>, CosignatureError> {
        let cosignatures = cosignatures.into_iter().map(Verified::into_inner).collect();
        let checkpoint = CertifiedCheckpoint { head, cosignatures };
        checkpoint.check_signers(set)?;
        Ok(Unverified::new(checkpoint).vouch())
    }
}

fn validator(set: &ValidatorSet, signer: ValidatorIndex) -> Result<&Validator, CertificateError> {
    set.get(signer).ok_or(CertificateError::UnknownSigner { signer })
}
