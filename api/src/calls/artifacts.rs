//! Artifacts: bytes in, bytes out, and what the ledger says of them.
//!
//! Bytes are taken from whoever may act for the artifact's tenant, whose room they take; they have to be the committed ones.
//! Those of a salted artifact are private. On loopback no credential is needed for either; one that is shown is judged.
//! Whatever is shown: they pass through in parts, and nothing of an artifact is ever in memory whole.

use std::time::Duration;

use archive::ArchiveError;
use archive::artifacts::room::Full;
use archive::artifacts::{Opened, Upload};
use axum::body::Body;
use futures::StreamExt as _;
use ledger::LedgerReader;
use ledger::artifact::{Artifact, Keeping};
use ledger::retention::Class;
use model::artifact::{ArtifactAnswer, ArtifactParams, Standing};
use model::error::{AccessError, ApiError, ArtifactError};
use model::scalar::{Hash, Uint};
use proto::entry::Entry;
use proto::id::{SubmissionId, Tenant};
use proto::operation::{Operation, Retention};

use crate::api::{Api, Fault};
use crate::clock;
use crate::guard::principal::Scopes;
use crate::guard::sight::Sight;
use crate::guard::{Caller, Exposure, UPLOADS_MAX};
use crate::waiting::RETRY_AFTER_MS;

/// How long a sender may be silent.
const STALL: Duration = Duration::from_secs(30);

/// What is known of an artifact: what the ledger keeps, and what the leaf says that committed it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub artifact: Artifact,
    pub keeping: Keeping,
    pub class: Class,
    pub tenant: Tenant,
    pub media_type: String,
    pub content_bytes: u64,
}

/// What the ledger says of an artifact, and whether its bytes are here.
///
/// # Errors
/// `ArtifactUnknown`, `Storage` or `Internal`.
pub(crate) async fn standing(
    api: &Api,
    sight: &Sight,
    params: ArtifactParams,
) -> Result<ArtifactAnswer, ApiError> {
    let ArtifactParams { id } = params;
    let Known { artifact, keeping, class, tenant, media_type, content_bytes } = known(api, sight, id).await?;
    let here = match (keeping, &api.doors().artifacts) {
        (Keeping::Kept, Some(kept)) => {
            kept.size(id.submission()).await.map_err(|fault| failed(id, &fault))?.is_some()
        }
        (Keeping::Kept | Keeping::Expired { .. } | Keeping::Erased { .. }, _) => false,
    };
    let (standing, erased_index) = told(keeping);
    Ok(ArtifactAnswer {
        id,
        tenant: tenant.to_string(),
        owner: artifact.owner.to_string(),
        index: Uint(artifact.committed.index.get()),
        address: Hash(artifact.address),
        salted: artifact.salted,
        class: class.name().to_owned(),
        content_bytes: (content_bytes > 0).then_some(Uint(content_bytes)),
        media_type,
        standing,
        keep_until_ms: artifact.retention.until().map(|until| Uint(until.get())),
        write_once: matches!(artifact.retention, Retention::WriteOnce(_)),
        erased_index,
        here,
    })
}

/// A standing, and the leaf that erased it.
pub(crate) fn told(keeping: Keeping) -> (Standing, Option<Uint>) {
    match keeping {
        Keeping::Kept => (Standing::Kept, None),
        Keeping::Expired { since: _ } => (Standing::Expired, None),
        Keeping::Erased { at } => (Standing::Erased, Some(Uint(at.index.get()))),
    }
}

/// Keeps the bytes of an artifact as they come; `announced` is how many its sender says there are.
///
/// # Errors
/// `ArtifactUnknown`, `ArtifactGone`; `Access` for another tenant's; `BodyTooLarge` and the ways in which there is no room,
/// before any byte is read if the length is said, else on the way; `ArtifactMismatch`, `BodyUnreadable`, `TooMany`,
/// `ArtifactNotHere` when this node keeps none, `Storage` or `Internal`.
pub(crate) async fn put(
    api: &Api,
    caller: &Caller,
    id: Hash,
    announced: Option<u64>,
    body: Body,
) -> Result<(), ApiError> {
    let sight = caller.sight(&api.doors().authenticator);
    let Known { artifact, tenant, .. } = expect_kept(api, &sight, id).await?;
    expect_tenant(caller, &tenant, "a credential is needed to have bytes kept")?;
    let Some(kept) = &api.doors().artifacts else { return Err(ApiError::ArtifactNotHere { id }) };
    let too_large =
        || ApiError::BodyTooLarge { max: usize::try_from(kept.bytes_max()).unwrap_or(usize::MAX) };
    if announced.is_some_and(|announced| announced > kept.bytes_max()) {
        return Err(too_large());
    }
    let permit = api.uploads().try_acquire();
    let _permit = permit.map_err(|_| ApiError::TooMany { what: "uploads", max: UPLOADS_MAX })?;
    let submission = id.submission();
    let store = |fault: ArchiveError| failed(id, &fault);
    let room = &api.doors().keeping.room;
    let no_room = |full| no_room(id, &tenant, full);
    let mut place = room.take(&tenant, submission, announced.unwrap_or_default()).map_err(no_room)?;
    let mut incoming = Incoming(Some(kept.upload(submission, &artifact)));
    let Incoming(Some(upload)) = &mut incoming else { return Err(ApiError::Internal) };
    let mut chunks = body.into_data_stream();
    let received = loop {
        let unreadable = |fault: String| ApiError::BodyUnreadable { fault };
        match tokio::time::timeout(STALL, chunks.next()).await {
            Err(_) => break Err(unreadable(format!("nothing came for {} s", STALL.as_secs()))),
            Ok(None) => break Ok(()),
            Ok(Some(Err(fault))) => break Err(unreadable(fault.to_string())),
            Ok(Some(Ok(chunk))) => {
                let after = upload.bytes().saturating_add(chunk.len() as u64);
                if after > kept.bytes_max() {
                    break Err(too_large());
                }
                if let Err(full) = place.reach(after) {
                    break Err(no_room(full));
                }
                if let Err(fault) = upload.write(&chunk).await {
                    break Err(store(fault));
                }
            }
        }
    };
    // Whatever is broken off is dropped with it.
    received?;
    let Some(upload) = incoming.0.take() else { return Err(ApiError::Internal) };
    let found_bytes = usize::try_from(upload.bytes()).unwrap_or(usize::MAX);
    let bytes = upload.finish().await.map_err(|fault| match fault {
        ArchiveError::OtherBytes { .. } => ApiError::ArtifactMismatch { id, found_bytes },
        fault => store(fault),
    })?;
    place.kept(bytes);
    // It may have been erased meanwhile, and whoever erases has been here already.
    if let Err(gone) = expect_kept(api, &sight, id).await {
        kept.erase(submission).await.map_err(store)?;
        room.gone(&tenant, submission);
        return Err(gone);
    }
    Ok(())
}

/// Bytes that are coming in. Whoever sends them may be gone at any moment, and with it the future that holds this.
struct Incoming(Option<Upload>);

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(mut upload) = self.0.take() {
            tokio::spawn(async move {
                if let Err(fault) = upload.abandon().await {
                    tracing::warn!(%fault, "an upload that did not end left its parts behind");
                }
            });
        }
    }
}

/// An artifact whose bytes are to be read.
pub(crate) struct Found {
    pub opened: Opened,
    pub address: Hash,
    /// The type of what is given; of what is salted nothing is said but that it is bytes.
    pub media_type: Option<String>,
}

/// The bytes of an artifact.
///
/// # Errors
/// `ArtifactUnknown`, `ArtifactGone`, `ArtifactNotHere`; `Access` when they are private; `Storage` or `Internal`.
pub(crate) async fn get(api: &Api, caller: &Caller, id: Hash) -> Result<Found, ApiError> {
    let sight = caller.sight(&api.doors().authenticator);
    let Known { artifact, tenant, media_type, .. } = expect_kept(api, &sight, id).await?;
    if artifact.salted {
        expect_tenant(caller, &tenant, "a bearer token is needed to read what is salted")?;
    }
    let Some(kept) = &api.doors().artifacts else { return Err(ApiError::ArtifactNotHere { id }) };
    let found = kept.find(id.submission(), &artifact).await.map_err(|fault| failed(id, &fault))?;
    Ok(Found {
        opened: found.ok_or(ApiError::ArtifactNotHere { id })?,
        address: Hash(artifact.address),
        media_type: (!artifact.salted && !media_type.is_empty()).then_some(media_type),
    })
}

/// That the caller may act for a tenant: it has its credential or an operator's, or none and is on this machine.
fn expect_tenant(caller: &Caller, tenant: &Tenant, what: &'static str) -> Result<(), ApiError> {
    let principal = match (&caller.principal, &caller.exposure) {
        (Err(AccessError::Missing { .. } | AccessError::Unconfigured), Exposure::Loopback) => return Ok(()),
        (Ok(_) | Err(_), _) => caller.known(what)?,
    };
    match principal.tenant == *tenant || principal.scopes == Scopes::All {
        true => Ok(()),
        false => {
            let (found, expected) = (tenant.to_string(), principal.tenant.to_string());
            Err(AccessError::Tenant { found, expected }.into())
        }
    }
}

fn no_room(id: Hash, tenant: &Tenant, full: Full) -> ApiError {
    let tenant = tenant.to_string();
    match full {
        Full::Bytes { held, wanted, max } => ArtifactError::BytesFull { tenant, held, wanted, max },
        Full::Count { max } => ArtifactError::CountFull { tenant, max },
        Full::Counting => ArtifactError::Counting { retry_after_ms: RETRY_AFTER_MS },
        Full::UnderWay => ArtifactError::UnderWay { id, retry_after_ms: RETRY_AFTER_MS },
    }
    .into()
}

/// What is known of an artifact at a block time, or ours where no block is made.
pub(crate) fn look(reader: &LedgerReader, id: Hash) -> Result<Known, Fault> {
    let submission: SubmissionId = id.submission();
    let artifact = reader.artifact(&submission)?.ok_or(ApiError::ArtifactUnknown { id })?;
    // An idle network makes no blocks, and its time stands still; what is over is over all the same.
    let time = reader.tip()?.map_or(clock::now(), |tip| tip.time.max(clock::now()));
    let Some((_, Entry::Submission(entry))) = reader.entry(artifact.committed.index)? else {
        return Err(ApiError::Storage.into());
    };
    let body = entry.submission.body();
    let Operation::ArtifactCommit { content_bytes, media_type, retention, .. } = &body.operation else {
        return Err(ApiError::Storage.into());
    };
    Ok(Known {
        keeping: artifact.keeping_at(time),
        class: Class::of(*retention),
        tenant: body.tenant.clone(),
        media_type: media_type.clone(),
        content_bytes: *content_bytes,
        artifact,
    })
}

async fn known(api: &Api, sight: &Sight, id: Hash) -> Result<Known, ApiError> {
    let known = api.read(move |reader| look(reader, id)).await?;
    match sight.sees(&known.tenant) {
        true => Ok(known),
        // Of a tenant whose records are private.
        false => Err(ApiError::ArtifactUnknown { id }),
    }
}

async fn expect_kept(api: &Api, sight: &Sight, id: Hash) -> Result<Known, ApiError> {
    let known = known(api, sight, id).await?;
    let why = match known.keeping {
        Keeping::Kept => return Ok(known),
        Keeping::Expired { since } => format!("its time ended at {since} ms"),
        Keeping::Erased { at } => format!("entry {} erased it", at.index),
    };
    Err(ApiError::ArtifactGone { id, why })
}

/// What the caller is told of a fault of the store.
pub(crate) fn failed(id: Hash, fault: &ArchiveError) -> ApiError {
    tracing::error!(%fault, %id, "the bytes of an artifact could not be had");
    match fault {
        ArchiveError::OtherBytes { .. } => ArtifactError::Corrupt { id }.into(),
        _ => ApiError::Storage,
    }
}
