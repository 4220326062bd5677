//! Verifying proofs: one, or many that one look at the store answers.
//!
//! Each check is made anew from the bytes of the proof's leaf. Reading changes nothing and asks nobody. Rows P09, P37, P40,
//! P44, P50, X08.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use crypto::{Digest, PublicKey};
use ledger::LedgerReader;
use ledger::primitive::ProofBatch;
use merkle::{WholeTree, inclusion};
use model::error::{ApiError, SurfaceError};
use proto::counter::{Height, TimeMs};
use proto::primitive::ProofId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::batches::{batch_id, siblings};
use super::named;
use super::view::Found;
use crate::api::Fault;
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// Most proofs of one request.
const PROOFS_MAX: usize = 1_000;

/// What was checked of a proof.
struct Checks {
    hash: bool,
    signature: bool,
    issuer: bool,
    unexpired: bool,
}

impl Checks {
    fn of(reader: &LedgerReader, found: &Found) -> Result<Self, Fault> {
        let (primitive, leaf) = (&found.primitive, &found.leaf);
        let signed = primitive.signed_bytes();
        let identity = reader.identity(&primitive.issuer)?;
        let listed = identity.as_ref().and_then(|identity| identity.key(&primitive.key.id()));
        let now = reader.tip()?.map_or(TimeMs::ZERO, |tip| tip.time).max(crate::clock::now());
        Ok(Self {
            // Told by hashes, nobody can say of what the id is a digest.
            hash: found.record.is_some() && primitive.id() == found.id,
            signature: PublicKey::verify(&primitive.key, &signed, &primitive.signature).is_ok(),
            issuer: primitive.issuer.proofnest_role().is_some()
                && listed.is_some_and(|listed| listed.is_good_at(leaf.index, leaf.time)),
            unexpired: primitive.expires_at().is_none_or(|expires_at| now < expires_at),
        })
    }

    const fn all(&self) -> bool {
        self.hash && self.signature && self.issuer && self.unexpired
    }

    fn json(&self) -> Value {
        json!({
            "hash_valid": self.hash,
            "signature_present": self.signature,
            "issuer_valid": self.issuer,
            "not_expired": self.unexpired,
        })
    }
}

/// `GET` and `POST /v1/proofs/{id}/verify`.
pub(crate) async fn one(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let id = super::id_in(path)?;
    let answer = context
        .api
        .read(move |reader| {
            let found = Found::seen(reader, &sight, id)?.ok_or_else(super::unknown)?;
            let checks = Checks::of(reader, &found)?;
            Ok(json!({
                "proof_id": id.to_string(),
                "is_valid": checks.all(),
                "checks": checks.json(),
                "finality": found.finality(),
            }))
        })
        .await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// Which proofs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Many {
    /// 1 to 1000 ids.
    proof_ids: Vec<String>,
}

/// `POST /v1/proofs/batch-verify`.
pub(crate) async fn many(
    State(context): State<Context>,
    sight: Sight,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let Many { proof_ids } = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    if !(1..=PROOFS_MAX).contains(&proof_ids.len()) {
        let fault = format!("proof_ids: 1 to {PROOFS_MAX} are verified, not {}", proof_ids.len());
        return Err(ApiError::from(SurfaceError::Unprocessable { fault }).into());
    }
    let ids: Vec<ProofId> = proof_ids.iter().map(|text| named(text)).collect::<Result<_, _>>()?;
    let answer = context.api.read(move |reader| verify_many(reader, &sight, &ids)).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// The root is that of the tree over the ids that were asked for, in their order: of all proofs of one batch in their own
/// order it is the root on the chain. Each proof is proven against the root of its own batch.
fn verify_many(reader: &LedgerReader, sight: &Sight, ids: &[ProofId]) -> Result<Value, Fault> {
    let mut trees: BTreeMap<Height, (ProofBatch, WholeTree)> = BTreeMap::new();
    let (mut proofs, mut all) = (Vec::new(), true);
    for id in ids {
        let found = match reader.proof(id)? {
            Some(record) => Found::at(reader, record.at.index, Some(record))?,
            None => None,
        };
        let found = found.filter(|found| found.is_seen(sight));
        let Some((found, record)) = found.and_then(|found| found.record.clone().map(|it| (found, it))) else {
            all = false;
            proofs.push(json!({ "proof_id": id.to_string(), "verified": false, "error": "Proof not found" }));
            continue;
        };
        let height = record.at.height;
        let (batch, tree) = match trees.entry(height) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(free) => {
                let batch = reader.proof_batch(height)?.ok_or(ApiError::Internal)?;
                let (tree, _) = reader.proof_tree(&batch)?;
                free.insert((batch, tree))
            }
        };
        let path = tree.path(record.batch_index).ok_or(ApiError::Internal)?;
        let proven = holds(id, record.batch_index, batch, &path);
        let checks = Checks::of(reader, &found)?;
        let verified = proven && checks.all();
        all &= verified;
        proofs.push(json!({
            "proof_id": id.to_string(),
            "verified": verified,
            "checks": checks.json(),
            "batch_id": batch_id(height),
            "merkle_index": record.batch_index,
            "merkle_proof": siblings(&path),
            "finality": found.finality(),
        }));
    }
    let batches: Vec<_> = trees
        .iter()
        .map(|(height, (batch, _))| {
            json!({
                "batch_id": batch_id(*height),
                "merkle_root": batch.root().to_string(),
                "proof_count": batch.count(),
                "chain_height": height.get(),
            })
        })
        .collect();
    let root = WholeTree::new(ids.iter().map(ProofBatch::leaf)).root();
    Ok(json!({ "verified": all, "merkle_root": root.to_string(), "proofs": proofs, "batches": batches }))
}

/// Whether a proof is one of a batch.
pub(super) fn holds(id: &ProofId, index: u64, batch: &ProofBatch, path: &[Digest]) -> bool {
    inclusion::verify(&ProofBatch::leaf(id), index, batch.count(), path, &batch.root()).is_ok()
}
