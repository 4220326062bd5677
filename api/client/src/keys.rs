//! Identities and the lives of keys: what a node says of them, and the receipts that let a verifier judge for itself.

use std::collections::BTreeSet;

use crypto::KeyId;
use model::did::DidDocument;
use model::identity::{IdentityAnswer, KeyHistory, KeyLife};
use model::jwks::Jwks;
use model::scalar::Uint;
use proto::counter::{LeafIndex, TreeSize};
use proto::id::Did;
use proto::receipt::Receipt;

use crate::error::ClientError;
use crate::http::{Client, EntryName};

impl Client {
    /// An identity, now or as of a size of the log.
    ///
    /// # Errors
    /// As every question; `NotFound` when it is not registered and its name names no key.
    pub async fn identity(&self, did: &Did, size: Option<TreeSize>) -> Result<IdentityAnswer, ClientError> {
        self.ask(&format!("v1/identities/{did}{}", as_of(size, '?'))).await
    }

    /// The keys of an identity that are good, now or as of a size of the log.
    ///
    /// # Errors
    /// As every question.
    pub async fn identity_jwks(&self, did: &Did, size: Option<TreeSize>) -> Result<Jwks, ClientError> {
        self.ask(&format!("v1/identities/{did}/jwks.json{}", as_of(size, '?'))).await
    }

    /// The DID document of an identity, now or as of a size of the log.
    ///
    /// # Errors
    /// As every question.
    pub async fn did_document(&self, did: &Did, size: Option<TreeSize>) -> Result<DidDocument, ClientError> {
        self.ask(&format!("v1/identities/{did}/did.json{}", as_of(size, '?'))).await
    }

    /// The lives of an identity's keys, now or as of a size of the log.
    ///
    /// # Errors
    /// As every question.
    pub async fn key_history(&self, did: &Did, size: Option<TreeSize>) -> Result<KeyHistory, ClientError> {
        self.ask(&format!("v1/keys/history?identity={did}{}", as_of(size, '&'))).await
    }

    /// The lives of one key in all identities that list it, now or as of a size of the log.
    ///
    /// # Errors
    /// As every question.
    pub async fn key_lives(&self, key: &KeyId, size: Option<TreeSize>) -> Result<KeyHistory, ClientError> {
        self.ask(&format!("v1/keys/history?kid={key}{}", as_of(size, '&'))).await
    }

    /// The lives of the validators' keys from an epoch on; the answer names the epoch to go on with.
    ///
    /// # Errors
    /// As every question.
    pub async fn validator_keys(&self, epoch: Uint) -> Result<KeyHistory, ClientError> {
        self.ask(&format!("v1/keys/history?epoch={epoch}")).await
    }

    /// The receipts of the leaves that listed and ended these keys, each leaf once: with them a verifier judges what the
    /// keys signed. They are not verified.
    ///
    /// # Errors
    /// As every question; `NotFound` while one of the leaves has no receipt.
    pub async fn key_proofs(&self, keys: &[KeyLife]) -> Result<Vec<Receipt>, ClientError> {
        let ends = keys.iter().filter_map(|key| Some(key.end.as_ref()?.index));
        let leaves: BTreeSet<Uint> = keys.iter().filter_map(|key| key.from_index).chain(ends).collect();
        let mut receipts = Vec::new();
        for leaf in leaves {
            receipts.push(self.receipt(EntryName::Index(LeafIndex::new(leaf.0)), None).await?);
        }
        Ok(receipts)
    }
}

fn as_of(size: Option<TreeSize>, before: char) -> String {
    size.map_or_else(String::new, |size| format!("{before}size={size}"))
}
