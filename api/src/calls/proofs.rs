//! Proofs that are checked without this node; how a receipt is spelt is said in `dialects`.

use crypto::sha256;
use ledger::{LedgerReader, Outcome};
use model::error::ApiError;
use model::receipt::{ConsistencyAnswer, ConsistencyParams};
use model::scalar::{Hash, Position, Uint};
use proto::counter::{LeafIndex, TreeSize};

use super::entries::Name;
use super::witness;
use crate::api::{Api, Fault};
use crate::kept::{Beyond, Proved, Wanted};
use crate::waiting::RETRY_AFTER_MS;

/// Makes a receipt: from memory where all of it is kept, else on a thread that may read the store.
///
/// # Errors
/// `EntryUnknown`, `NotFinal`, `NoReceipt`, `CheckpointUnknown`, `InvalidParams`, `Storage` or `Internal`.
pub(crate) async fn prove(api: &Api, name: Name, size: Option<Position>) -> Result<Proved, ApiError> {
    let at = match size {
        None => None,
        Some(Position::At(size)) => Some(TreeSize::new(size)),
        Some(Position::Latest) => Some(latest(api, name).await?),
    };
    let wanted = move |index| at.map_or(Wanted::Covering(index), Wanted::Of);
    let known = match name {
        Name::Index(index) => Some(index),
        Name::Id(id) => api.kept().place(&id),
    };
    if let Some(index) = known
        && let Ok(Some(proved)) = api.kept().receipt(Beyond::Nothing, index, wanted(index))
    {
        return Ok(proved);
    }
    let accepted = match name {
        Name::Id(id) => api.accepted().contains(&id),
        Name::Index(_) => false,
    };
    let kept = api.kept().clone();
    api.read(move |reader| {
        let index = place(reader, name, accepted)?;
        if let Name::Id(id) = name {
            kept.keep_place(id, index);
        }
        match kept.receipt(Beyond::Store(reader), index, wanted(index))? {
            Some(proved) => Ok(proved),
            None => Err(Fault::Refused(missing(reader, name, index, at)?)),
        }
    })
    .await
}

/// The size of the newest certified checkpoint.
async fn latest(api: &Api, name: Name) -> Result<TreeSize, ApiError> {
    let none = move || ApiError::NotFinal { name: name.text(), retry_after_ms: RETRY_AFTER_MS };
    api.read(move |reader| {
        let newest = reader.checkpoint_latest()?.ok_or_else(none)?;
        Ok(newest.head.size)
    })
    .await
}

/// Makes a receipt under the newest checkpoint that so many outside witnesses have cosigned, with their lines.
///
/// # Errors
/// As [`prove`], and `NotWitnessed`.
pub(crate) async fn prove_witnessed(
    api: &Api,
    name: Name,
    size: Option<Position>,
    wanted: Uint,
) -> Result<Proved, ApiError> {
    if let Some(size) = size {
        let fault = format!("witnessed={wanted} and size={size}: witnesses cosign sizes of their own choice");
        return Err(ApiError::InvalidParams { fault });
    }
    let index = prove(api, name, None).await?.receipt.index;
    let head = witness::witnessed(api, index.size_after().get(), wanted)?;
    let Proved { mut receipt, size, tag } = prove(api, name, Some(Position::At(head.size))).await?;
    receipt.checkpoint.push_str(&head.lines);
    let lines = sha256(head.lines.as_bytes()).to_string();
    Ok(Proved { receipt, size, tag: format!("{tag}-{}", &lines[..16]) })
}

fn place(reader: &LedgerReader, name: Name, accepted: bool) -> Result<LeafIndex, Fault> {
    let id = match name {
        Name::Index(index) => {
            let size = reader.tip()?.map_or(TreeSize::ZERO, |tip| tip.head.size);
            return match index.size_after() <= size {
                true => Ok(index),
                false => Err(name.unknown().into()),
            };
        }
        Name::Id(id) => id,
    };
    match reader.by_id(&id)? {
        Some(Outcome::Committed { index, .. }) => Ok(index),
        Some(Outcome::Rejected { rejection, .. }) => {
            let reason = format!("{}: {rejection}", rejection.code());
            Err(ApiError::NoReceipt { id: id.into(), reason }.into())
        }
        Some(Outcome::Expired { height }) => {
            let reason = format!("expired: its time had passed at height {height}");
            Err(ApiError::NoReceipt { id: id.into(), reason }.into())
        }
        None if accepted => {
            Err(ApiError::NotFinal { name: name.text(), retry_after_ms: RETRY_AFTER_MS }.into())
        }
        None => Err(name.unknown().into()),
    }
}

/// Why a leaf that exists has no receipt under the checkpoint asked for.
fn missing(
    reader: &LedgerReader,
    name: Name,
    index: LeafIndex,
    at: Option<TreeSize>,
) -> Result<ApiError, Fault> {
    Ok(match at {
        None => ApiError::NotFinal { name: name.text(), retry_after_ms: RETRY_AFTER_MS },
        Some(size) if reader.checkpoint_at(size)?.is_none() => {
            ApiError::CheckpointUnknown { size: size.to_string() }
        }
        Some(size) => ApiError::InvalidParams {
            fault: format!(
                "a log of size {size} does not hold index {index}; the size must be larger than the index"
            ),
        },
    })
}

/// Proves that the log of one size extends the log of another.
///
/// # Errors
/// `InvalidParams` when the sizes are reversed or beyond the log, `Storage` or `Internal`.
pub(crate) async fn consistency(api: &Api, params: ConsistencyParams) -> Result<ConsistencyAnswer, ApiError> {
    let ConsistencyParams { from, to } = params;
    api.read(move |reader| match reader.consistency(TreeSize::new(from.0), TreeSize::new(to.0))? {
        Some(proof) => Ok(ConsistencyAnswer { from, to, proof: proof.into_iter().map(Hash).collect() }),
        None => {
            let size = reader.tip()?.map_or(0, |tip| tip.head.size.get());
            let fault = format!("from {from} to {to}: needed is from <= to <= {size}, the log's size");
            Err(ApiError::InvalidParams { fault }.into())
        }
    })
    .await
}
