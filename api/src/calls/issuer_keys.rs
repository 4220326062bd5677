//! The keys that sign COSE receipts, for those who know only RFC 9942.
//!
//! What is learned here is what this node says. Whoever holds a policy has these keys already.

use crypto::{KeyId, PublicKey};
use ledger::LedgerReader;
use model::error::ApiError;
use proto::cose_key::{cose_key, cose_key_set, thumbprint};
use proto::counter::Epoch;
use proto::validators::ValidatorSet;

use crate::api::Api;
use crate::kept::Beyond;

fn keys(set: &ValidatorSet) -> impl Iterator<Item = &PublicKey> {
    set.iter().flat_map(|(_, validator)| [&validator.log, &validator.cosigner_ml_dsa_65])
}

/// The keys of the present validators, as COSE key set.
pub(crate) fn key_set(api: &Api) -> Vec<u8> {
    cose_key_set(keys(&api.doors().set()))
}

/// A key of present or earlier validators by its thumbprint, as COSE key.
///
/// # Errors
/// `InvalidParams` when the name is no thumbprint, `IssuerKeyUnknown` when no validator ever had it.
pub(crate) async fn key(api: &Api, kid: &str) -> Result<Vec<u8>, ApiError> {
    // Thumbprints are written alike in COSE and in JOSE, whatever they are made of.
    let name: KeyId = kid.parse().map_err(|_| {
        let fault = "a key is named by its thumbprint: 32 bytes in base64url without padding".to_owned();
        ApiError::InvalidParams { fault }
    })?;
    let unknown = ApiError::IssuerKeyUnknown { kid: kid.to_owned() };
    let kept = api.kept().clone();
    api.read(move |reader: &LedgerReader| {
        let last = reader.epoch_latest()?.ok_or(ApiError::EpochUnknown { epoch: 0 })?;
        // Newest first: who asks has a receipt of today, mostly.
        for epoch in (0..=last.get()).rev() {
            let reigned = kept.reigned(Beyond::Store(reader), Epoch::new(epoch))?;
            let found = keys(&reigned.set).find(|key| thumbprint(key) == Some(name.digest()));
            if let Some(key) = found.and_then(cose_key) {
                return Ok(key);
            }
        }
        Err(unknown.into())
    })
    .await
}
