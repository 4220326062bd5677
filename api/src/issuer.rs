//! The issuer of COSE receipts: a validator that says by its own keys what the quorum has said.
//!
//! The keys are those of its log and of its ML-DSA-65 cosigner, which policies name; both sign repeatably, so a receipt
//! has the same bytes whenever it is asked for. A validator speaks for the epochs it reigns in, and no others: under the
//! policy of another epoch nobody would know its keys.

use crypto::{RepeatableMlDsa65, Scheme, SecretKey};
use model::error::ApiError;
use proto::canonical::Canonical as _;
use proto::cose_key::thumbprint;
use proto::counter::TreeSize;
use proto::entry::Entry;
use proto::receipt::{CoseAlgorithm, Issued, Receipt, Unissued, subject};
use proto::validators::ValidatorSet;

use crate::guard::token::Claims;

/// The keys that sign receipts.
#[derive(Debug)]
pub struct Issuer {
    log: SecretKey,
    ml_dsa_65: RepeatableMlDsa65,
}

/// Why a key cannot sign receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log key signs receipts with ed25519; this is a key of {found}")]
pub struct IssuerError {
    /// The key's scheme.
    pub found: Scheme,
}

impl Issuer {
    /// An issuer with a log key and the seed's ML-DSA-65 cosigner key.
    ///
    /// # Errors
    /// `IssuerError` for a log key of another scheme than Ed25519.
    pub fn new(log: SecretKey, ml_dsa_65: RepeatableMlDsa65) -> Result<Self, IssuerError> {
        match log.public().scheme() {
            Scheme::Ed25519 => Ok(Self { log, ml_dsa_65 }),
            found @ (Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256) => Err(IssuerError { found }),
        }
    }

    /// A token that says this, signed with the log's key.
    pub(crate) fn token(&self, claims: &Claims) -> String {
        claims.sign(&self.log)
    }

    /// Whether a head of these validators is one to sign receipts of.
    pub(crate) fn reigns_in(&self, set: &ValidatorSet) -> bool {
        set.iter().any(|(_, validator)| {
            validator.log == *self.log.public() && validator.cosigner_ml_dsa_65 == *self.ml_dsa_65.public()
        })
    }

    /// Signs that the receipt's leaf stands in the tree of its checkpoint. ML-DSA takes more than a millisecond, so this
    /// belongs on a thread that may block.
    ///
    /// # Errors
    /// `Storage` when the entry or the checkpoint that the store gave cannot be read.
    pub(crate) fn issue(
        &self,
        algorithm: CoseAlgorithm,
        receipt: &Receipt,
        size: TreeSize,
    ) -> Result<Issued, ApiError> {
        let damaged = |what| {
            tracing::error!(index = %receipt.index, "a stored {what} cannot be read");
            ApiError::Storage
        };
        let entry = Entry::decode(&receipt.entry).map_err(|_| damaged("entry"))?;
        let head = verify::head_of(receipt).ok_or_else(|| damaged("checkpoint"))?;
        let origin = receipt.checkpoint.split('\n').next().unwrap_or_default().to_owned();
        let public = match algorithm {
            CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => self.log.public(),
            CoseAlgorithm::MlDsa65 => self.ml_dsa_65.public(),
        };
        let said = Unissued {
            algorithm,
            kid: thumbprint(public).ok_or(ApiError::Internal)?,
            issuer: origin,
            subject: subject(&entry, receipt.index),
            size,
            index: receipt.index,
            path: receipt.proof.clone(),
        };
        let message = said.signed_bytes(&head.root);
        let signature = match algorithm {
            CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => self.log.sign(&message),
            CoseAlgorithm::MlDsa65 => self.ml_dsa_65.sign(&message),
        };
        Ok(said.seal(signature))
    }
}
