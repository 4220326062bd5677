//! `ledger_trust`, and what this node makes of the validators of any epoch.

use ledger::{LedgerReader, Reign};
use model::error::ApiError;
use model::scalar::{Bytes, Hash, Uint};
use model::trust::{HandoverLink, TrustAnswer, TrustParams};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, TreeSize};
use proto::genesis::Genesis;
use proto::receipt::Receipt;
use proto::validators::ValidatorSet;

use crate::api::{Api, Fault};

/// Links are added to an answer until they have so many bytes.
const PAGE_BYTES: usize = 4 << 20;

/// The chain of trust from an epoch on.
///
/// # Errors
/// `InvalidParams` for epoch 0, which the genesis tells of; `Storage` or `Internal`.
pub(crate) async fn trust(api: &Api, params: TrustParams) -> Result<TrustAnswer, ApiError> {
    let from = params.from.map_or(1, |from| from.0);
    if from == 0 {
        let fault = "from is 0: epoch 0 is in the genesis, hand-overs begin with epoch 1".to_owned();
        return Err(ApiError::InvalidParams { fault });
    }
    let genesis = api.doors().genesis.clone();
    api.read(move |reader| {
        let (mut handovers, mut bytes, mut epoch) = (Vec::new(), 0, Epoch::new(from));
        let mut more = false;
        while let Some(link) = link(reader, &genesis, epoch)? {
            if bytes > PAGE_BYTES {
                more = true;
                break;
            }
            bytes += link.validators.0.len() + link.receipt.to_string().len();
            handovers.push(link);
            epoch = epoch.next();
        }
        Ok(TrustAnswer {
            network: Hash(*genesis.network().digest()),
            origin: genesis.origin.clone(),
            genesis: Bytes(genesis.encode()),
            handovers,
            more,
        })
    })
    .await
}

/// How an epoch began; none while its beginning is not proven.
fn link(reader: &LedgerReader, genesis: &Genesis, epoch: Epoch) -> Result<Option<HandoverLink>, Fault> {
    let Some(reign) = reader.reign(epoch)? else { return Ok(None) };
    let Some(parts) = reader.handover_receipt(epoch)? else { return Ok(None) };
    let before = Epoch::new(epoch.get().saturating_sub(1));
    let set = set_of(reader, genesis, before)?;
    let checkpoint = parts.checkpoint.to_note(&set).map_err(|fault| {
        tracing::error!(%fault, "a stored checkpoint cannot be written as note");
        ApiError::Storage
    })?;
    let receipt =
        Receipt { entry: parts.entry, index: parts.index, proof: parts.proof, checkpoint, item: None };
    Ok(Some(HandoverLink {
        epoch: Uint(epoch.get()),
        size: Uint(reign.size.get()),
        names: reign.validators.get().iter().map(|validator| validator.name.clone()).collect(),
        receipt: serde_json::from_str(&receipt.to_json()).map_err(|_| ApiError::Internal)?,
        validators: Bytes(reign.validators.encode()),
    }))
}

/// The validators of an epoch that has begun.
///
/// # Errors
/// `EpochUnknown` when it has not, or the store fails.
pub(crate) fn set_of(reader: &LedgerReader, genesis: &Genesis, epoch: Epoch) -> Result<ValidatorSet, Fault> {
    match reader.reign(epoch)? {
        Some(reign) => Ok(set(&reign, genesis)),
        None => Err(ApiError::EpochUnknown { epoch: epoch.get() }.into()),
    }
}

/// The validators whose signatures a head of this size needs.
///
/// # Errors
/// As [`set_of`].
pub(crate) fn set_at(
    reader: &LedgerReader,
    genesis: &Genesis,
    size: TreeSize,
) -> Result<ValidatorSet, Fault> {
    let mut reign = reader.reign_latest()?.ok_or(ApiError::EpochUnknown { epoch: 0 })?;
    while size <= reign.size && reign.epoch > Epoch::ZERO {
        let before = Epoch::new(reign.epoch.get().saturating_sub(1));
        reign = reader.reign(before)?.ok_or(ApiError::EpochUnknown { epoch: before.get() })?;
    }
    Ok(set(&reign, genesis))
}

fn set(reign: &Reign, genesis: &Genesis) -> ValidatorSet {
    reign.set(genesis.network(), genesis.origin.clone())
}
