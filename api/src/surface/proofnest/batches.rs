//! Batches: the proofs that each block took whole, under one root of RFC 9162.
//!
//! The root is in the state that the block's own leaf commits to; the block is the batch's transaction. Rows P38 to P42.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use crypto::Digest;
use model::error::{ApiError, SurfaceError};
use proto::counter::Height;
use serde_json::{Value, json};

use super::view::Found;
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::rest::part;
use crate::routes::Context;

/// What the id of a batch begins with; behind it stands the height of its block.
const PREFIX: &str = "batch-";

/// The id of the batch of a block.
pub(super) fn batch_id(height: Height) -> String {
    format!("{PREFIX}{height}")
}

fn height_of(text: &str) -> Result<Height, ApiError> {
    let height = text.strip_prefix(PREFIX).and_then(|height| height.parse().ok()).map(Height::new);
    // One id, one spelling.
    height.filter(|height| batch_id(*height) == text).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    SurfaceError::Unknown { what: "Batch" }.into()
}

/// The hashes beside the way to the root, from the leaf up, in hex.
pub(super) fn siblings(path: &[Digest]) -> Vec<String> {
    path.iter().map(Digest::to_string).collect()
}

/// `GET /v1/batches/{id}`.
pub(crate) async fn get(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let height = height_of(&part(path)?)?;
    let answer = context
        .api
        .read(move |reader| {
            let batch = reader.proof_batch(height)?.ok_or_else(unknown)?;
            let (_, ids) = reader.proof_tree(&batch)?;
            let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Err(unknown().into()) };
            let record = reader.proof(first)?.ok_or(ApiError::Internal)?;
            let created = reader.proof_leaf(record.at.index)?.ok_or(ApiError::Internal)?;
            let own = reader.batch_leaf(record.at.index)?;
            // When a quorum had signed a head above it: the last of those who made it one.
            let confirmed = match own {
                Some((index, _)) => reader.checkpoint_covering(index)?,
                None => None,
            };
            let confirmed_at =
                confirmed.and_then(|checkpoint| checkpoint.cosignatures.iter().map(|it| it.time_s).max());
            Ok(json!({
                "batch_id": batch_id(height),
                "merkle_root": batch.root().to_string(),
                "chain_tx_hash": own.map(|(_, hash)| hash.to_string()),
                "chain_leaf_index": own.map(|(index, _)| index.get()),
                "chain_height": height.get(),
                "proof_count": batch.count(),
                "created_at": created.time.get() / 1_000,
                "confirmed_at": confirmed_at,
                "first_proof": first.to_string(),
                "last_proof": last.to_string(),
                "hash_algorithm": "rfc9162-sha256",
            }))
        })
        .await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// `GET /v1/proofs/{id}/merkle-proof`.
pub(crate) async fn path(
    State(context): State<Context>,
    sight: Sight,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let id = super::id_in(named)?;
    let answer = context
        .api
        .read(move |reader| {
            let found = Found::seen(reader, &sight, id)?.ok_or_else(super::unknown)?;
            let Some(record) = found.record else {
                // It is in no batch.
                let what = "Merkle proof of a proof that was told by hashes";
                return Err(ApiError::from(SurfaceError::Unknown { what }).into());
            };
            let batch = reader.proof_batch(record.at.height)?.ok_or(ApiError::Internal)?;
            let (tree, _) = reader.proof_tree(&batch)?;
            let path = tree.path(record.batch_index).ok_or(ApiError::Internal)?;
            Ok(shape(&id.to_string(), &batch, record.batch_index, &path))
        })
        .await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

fn shape(id: &str, batch: &ledger::primitive::ProofBatch, index: u64, path: &[Digest]) -> Value {
    json!({
        "proof_id": id,
        "batch_id": batch_id(batch.height),
        "merkle_index": index,
        "merkle_proof": siblings(path),
        "merkle_root": batch.root().to_string(),
        "proof_count": batch.count(),
        "chain_height": batch.height.get(),
        "hash_algorithm": "rfc9162-sha256",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_one_name() {
        let height = Height::new(70);
        assert_eq!(height_of(&batch_id(height)).ok(), Some(height));
        for bad in ["", "70", "batch-", "batch-070", "batch-+7", "batch--1", "batch-99999999999999999999"] {
            assert!(height_of(bad).is_err(), "{bad}");
        }
    }
}
