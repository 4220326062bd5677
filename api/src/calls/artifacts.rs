//! Artifacts: bytes in, bytes out, and what the ledger says of them.
//!
//! Bytes are taken from anybody, for they have to be the committed ones. Those of a salted artifact are private: beyond
//! loopback they are given to callers with a token only.

use std::time::{SystemTime, UNIX_EPOCH};

use archive::ArchiveError;
use ledger::artifact::{Artifact, Keeping};
use model::artifact::{ArtifactAnswer, ArtifactParams, Standing};
use model::error::ApiError;
use model::scalar::{Hash, Uint};
use proto::counter::TimeMs;
use proto::id::SubmissionId;
use proto::operation::Retention;

use crate::api::Api;
use crate::guard::{Caller, Exposure};

/// What the ledger says of an artifact, and whether its bytes are here.
///
/// # Errors
/// `ArtifactUnknown`, `Storage` or `Internal`.
pub(crate) async fn standing(api: &Api, params: ArtifactParams) -> Result<ArtifactAnswer, ApiError> {
    let ArtifactParams { id } = params;
    let (artifact, keeping) = known(api, id).await?;
    let here = match (keeping, &api.doors().artifacts) {
        (Keeping::Kept, Some(kept)) => kept.has(id.submission()).await.map_err(|fault| failed(id, &fault))?,
        (Keeping::Kept | Keeping::Expired { .. } | Keeping::Erased { .. }, _) => false,
    };
    let (standing, erased_index) = match keeping {
        Keeping::Kept => (Standing::Kept, None),
        Keeping::Expired { since: _ } => (Standing::Expired, None),
        Keeping::Erased { at } => (Standing::Erased, Some(Uint(at.index.get()))),
    };
    Ok(ArtifactAnswer {
        id,
        owner: artifact.owner.to_string(),
        index: Uint(artifact.committed.index.get()),
        address: Hash(artifact.address),
        salted: artifact.salted,
        standing,
        keep_until_ms: artifact.retention.until().map(|until| Uint(until.get())),
        write_once: matches!(artifact.retention, Retention::WriteOnce(_)),
        erased_index,
        here,
    })
}

/// Keeps the bytes of an artifact.
///
/// # Errors
/// `ArtifactUnknown`, `ArtifactGone`, `ArtifactMismatch`, `ArtifactNotHere` when this node keeps none, `Storage` or
/// `Internal`.
pub(crate) async fn put(api: &Api, id: Hash, bytes: Vec<u8>) -> Result<(), ApiError> {
    let artifact = expect_kept(api, id).await?;
    let Some(kept) = &api.doors().artifacts else { return Err(ApiError::ArtifactNotHere { id }) };
    let found_bytes = bytes.len();
    kept.put(id.submission(), &artifact, bytes).await.map_err(|fault| match fault {
        ArchiveError::OtherBytes { .. } => ApiError::ArtifactMismatch { id, found_bytes },
        fault => failed(id, &fault),
    })?;
    // It may have been erased meanwhile, and whoever erases has been here already.
    if let Err(gone) = expect_kept(api, id).await {
        kept.erase(id.submission()).await.map_err(|fault| failed(id, &fault))?;
        return Err(gone);
    }
    Ok(())
}

/// The bytes of an artifact.
///
/// # Errors
/// `ArtifactUnknown`, `ArtifactGone`, `ArtifactNotHere`; `Unauthorized` when they are private; `Storage` or `Internal`.
pub(crate) async fn get(api: &Api, caller: &Caller, id: Hash) -> Result<Vec<u8>, ApiError> {
    let artifact = expect_kept(api, id).await?;
    if artifact.salted {
        may_read(api, caller)?;
    }
    let Some(kept) = &api.doors().artifacts else { return Err(ApiError::ArtifactNotHere { id }) };
    let found = kept.find(id.submission(), &artifact).await.map_err(|fault| failed(id, &fault))?;
    found.ok_or(ApiError::ArtifactNotHere { id })
}

fn may_read(api: &Api, caller: &Caller) -> Result<(), ApiError> {
    match (&caller.exposure, &api.doors().gateway) {
        (Exposure::Loopback, _) => Ok(()),
        (Exposure::Open { .. }, Some(gateway)) => gateway.admit(caller),
        (Exposure::Open { .. }, None) => {
            Err(ApiError::Unauthorized { fault: "a bearer token is needed to read what is salted" })
        }
    }
}

async fn known(api: &Api, id: Hash) -> Result<(Artifact, Keeping), ApiError> {
    let submission: SubmissionId = id.submission();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = TimeMs::new(u64::try_from(now).unwrap_or(u64::MAX));
    api.read(move |reader| {
        let artifact = reader.artifact(&submission)?.ok_or(ApiError::ArtifactUnknown { id })?;
        // An idle network makes no blocks, and its time stands still; what is over is over all the same.
        let time = reader.tip()?.map_or(now, |tip| tip.time.max(now));
        let keeping = artifact.keeping_at(time);
        Ok((artifact, keeping))
    })
    .await
}

async fn expect_kept(api: &Api, id: Hash) -> Result<Artifact, ApiError> {
    let (artifact, keeping) = known(api, id).await?;
    let why = match keeping {
        Keeping::Kept => return Ok(artifact),
        Keeping::Expired { since } => format!("its time ended at {since} ms"),
        Keeping::Erased { at } => format!("entry {} erased it", at.index),
    };
    Err(ApiError::ArtifactGone { id, why })
}

fn failed(id: Hash, fault: &ArchiveError) -> ApiError {
    tracing::error!(%fault, %id, "the bytes of an artifact could not be had");
    ApiError::Storage
}
