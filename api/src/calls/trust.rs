//! `ledger_trust`: how the validators of any epoch follow from the genesis.

use ledger::LedgerReader;
use model::error::ApiError;
use model::scalar::{Bytes, Hash, Uint};
use model::trust::{HandoverLink, TrustAnswer, TrustParams};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, LeafIndex};

use crate::api::{Api, Fault};
use crate::kept::{Beyond, Kept, Wanted};

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
    let (genesis, kept) = (api.doors().genesis.clone(), api.kept().clone());
    api.read(move |reader| {
        let (mut handovers, mut bytes, mut epoch) = (Vec::new(), 0, Epoch::new(from));
        let mut more = false;
        while let Some(link) = link(reader, &kept, epoch)? {
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
fn link(reader: &LedgerReader, kept: &Kept, epoch: Epoch) -> Result<Option<HandoverLink>, Fault> {
    let Some(reign) = reader.reign(epoch)? else { return Ok(None) };
    if epoch == Epoch::ZERO {
        return Ok(None);
    }
    // The leaf that tells of it, under the head that the validators before signed last.
    let leaf = LeafIndex::new(reign.size.get().saturating_sub(1));
    let Some(proved) = kept.receipt(Beyond::Store(reader), leaf, Wanted::Of(reign.size))? else {
        return Ok(None);
    };
    Ok(Some(HandoverLink {
        epoch: Uint(epoch.get()),
        size: Uint(reign.size.get()),
        names: reign.validators.get().iter().map(|validator| validator.name.clone()).collect(),
        receipt: proved.receipt.to_json_value(),
        validators: Bytes(reign.validators.encode()),
    }))
}
