//! A receipt in the dialect that was asked for.
//!
//! JSON and tlog-proof are the quorum's alone, the same from every node. COSE and bundle hold a signature of this node's
//! own, too.

use ledger::LedgerReader;
use ledger::key::ListedKey;
use model::error::ApiError;
use model::receipt::{ReceiptAlgorithm, ReceiptAnswer, ReceiptFormat, ReceiptParams};
use model::scalar::{Bytes, Position, Uint};
use proto::canonical::Canonical as _;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::receipt::{Bundle, CoseAlgorithm, KeyProof, ProvenLeaf, Receipt};
use serde_json::Value;

use super::entries::{Name, expect_seen};
use super::proofs::{prove, prove_witnessed};
use crate::api::{Api, Fault};
use crate::guard::sight::Sight;
use crate::kept::{Beyond, Kept, Proved};

/// A receipt as it is spelt.
#[derive(Debug)]
pub(crate) enum Spelt {
    Json(Receipt),
    TlogProof(String),
    Cose(Vec<u8>),
    Bundle(Box<Bundle>),
}

/// A receipt that was spelt, and what it is of.
#[derive(Debug)]
pub(crate) struct Answer {
    pub spelt: Spelt,
    pub index: LeafIndex,
    pub size: TreeSize,
    /// Tells it from every other receipt, in every dialect.
    pub tag: String,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub name: Name,
    pub size: Option<Position>,
    pub format: ReceiptFormat,
    pub algorithm: Option<ReceiptAlgorithm>,
    /// By how many outside witnesses its checkpoint must be cosigned.
    pub witnessed: Option<Uint>,
}

/// Makes a receipt and spells it.
///
/// # Errors
/// As [`prove`], and for what this caller may not see as for what is not there.
/// `InvalidParams` for an algorithm beside a dialect that has none; `NotIssuer` when a signature of this
/// node is wanted and it was no validator when the checkpoint was made.
pub(crate) async fn answer(api: &Api, sight: &Sight, question: Question) -> Result<Answer, ApiError> {
    let Question { name, size, format, algorithm, witnessed } = question;
    if algorithm.is_some() && format != ReceiptFormat::Cose {
        let fault = "\"alg\" goes with the format \"cose\" alone: the others are not signed for the caller";
        return Err(ApiError::InvalidParams { fault: fault.to_owned() });
    }
    expect_seen(api, sight, name).await?;
    let Proved { receipt, size, tag } = match witnessed {
        None => prove(api, name, size).await?,
        Some(wanted) => prove_witnessed(api, name, size, wanted).await?,
    };
    let index = receipt.index;
    let algorithm = algorithm.unwrap_or_default();
    let (spelt, suffix) = match format {
        ReceiptFormat::Json => (Spelt::Json(receipt), ""),
        ReceiptFormat::TlogProof => (Spelt::TlogProof(receipt.to_tlog_proof()), "-t"),
        ReceiptFormat::Cose => {
            let suffix = match algorithm {
                ReceiptAlgorithm::EdDsa => "-c8",
                ReceiptAlgorithm::Ed25519 => "-c19",
                ReceiptAlgorithm::MlDsa65 => "-c49",
            };
            (Spelt::Cose(cose(api, receipt, size, algorithm).await?), suffix)
        }
        ReceiptFormat::Bundle => (Spelt::Bundle(Box::new(bundle(api, receipt, size).await?)), "-b"),
    };
    Ok(Answer { spelt, index, size, tag: format!("{tag}{suffix}") })
}

/// The same as JSON-RPC answers it.
///
/// # Errors
/// As [`answer`], and `InvalidParams` unless the entry is named once.
pub(crate) async fn receipt(
    api: &Api,
    sight: &Sight,
    params: ReceiptParams,
) -> Result<ReceiptAnswer, ApiError> {
    let ReceiptParams { id, index, size, format, alg } = params;
    let question = Question { name: Name::of(id, index)?, size, format, algorithm: alg, witnessed: None };
    let Answer { spelt, index, size, tag: _ } = answer(api, sight, question).await?;
    let receipt = match spelt {
        Spelt::Json(receipt) => receipt.to_json_value(),
        Spelt::TlogProof(text) => Value::String(text),
        Spelt::Cose(bytes) => serde_json::to_value(Bytes(bytes)).map_err(|_| ApiError::Internal)?,
        Spelt::Bundle(bundle) => bundle.to_json_value(),
    };
    Ok(ReceiptAnswer { format, index: Uint(index.get()), checkpoint_size: Uint(size.get()), receipt })
}

const fn algorithm_of(algorithm: ReceiptAlgorithm) -> CoseAlgorithm {
    match algorithm {
        ReceiptAlgorithm::EdDsa => CoseAlgorithm::EdDsa,
        ReceiptAlgorithm::Ed25519 => CoseAlgorithm::Ed25519,
        ReceiptAlgorithm::MlDsa65 => CoseAlgorithm::MlDsa65,
    }
}

async fn cose(
    api: &Api,
    receipt: Receipt,
    size: TreeSize,
    algorithm: ReceiptAlgorithm,
) -> Result<Vec<u8>, ApiError> {
    let issuer = api.doors().issuer.clone();
    let kept = api.kept().clone();
    // Signing takes a while, and who reigned may have to be read.
    api.read(move |reader| {
        let reigned = kept.reigned_at(reader, size)?;
        let refused = || ApiError::NotIssuer { epoch: reigned.set.epoch().get() };
        let issuer = issuer.filter(|issuer| issuer.reigns_in(&reigned.set)).ok_or_else(refused)?;
        let issued = issuer.issue(algorithm_of(algorithm), &receipt, size)?;
        Ok(receipt.to_cose(&issued))
    })
    .await
}

/// The receipt with all that this node has beside it: without COSE receipts if it was no validator then.
async fn bundle(api: &Api, receipt: Receipt, size: TreeSize) -> Result<Bundle, ApiError> {
    let issuer = api.doors().issuer.clone();
    let kept = api.kept().clone();
    api.read(move |reader| {
        let reigned = kept.reigned_at(reader, size)?;
        let mut cose = Vec::new();
        if let Some(issuer) = issuer.filter(|issuer| issuer.reigns_in(&reigned.set)) {
            for algorithm in [CoseAlgorithm::EdDsa, CoseAlgorithm::MlDsa65] {
                cose.push(issuer.issue(algorithm, &receipt, size)?);
            }
        }
        let entry = Entry::decode(&receipt.entry).map_err(|_| ApiError::Storage)?;
        let submission = match &entry {
            Entry::Submission(entry) => Some(&entry.submission),
            Entry::Statement(entry) => Some(entry.submission()),
            Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => None,
        };
        let (submission, standing) = match submission {
            Some(submission) => {
                let body = submission.body();
                let listed = reader.identity(&body.author)?;
                let listed = listed.as_ref().and_then(|identity| identity.key(&body.key.id()));
                let standing = match listed {
                    Some(listed) => standing(&kept, reader, listed, receipt.index, size)?,
                    None => None,
                };
                (Some(submission.bytes().to_vec()), standing)
            }
            None => (None, None),
        };
        Ok(Bundle { receipt, submission, cose, standing })
    })
    .await
}

/// Where a key was listed and ended, as far as the log of this size tells; none when it was listed after the entry.
fn standing(
    kept: &Kept,
    reader: &LedgerReader,
    key: &ListedKey,
    signed: LeafIndex,
    size: TreeSize,
) -> Result<Option<KeyProof>, Fault> {
    if key.from.index > signed {
        return Ok(None);
    }
    let beyond = Beyond::Store(reader);
    let leaf = |index: LeafIndex| -> Result<ProvenLeaf, Fault> {
        // Below a certified size, so it is there.
        let entry = kept.leaf(beyond, index)?.ok_or(ApiError::Storage)?;
        let proof = kept.inclusion(beyond, index, size)?;
        Ok(ProvenLeaf { index, entry, proof })
    };
    let ended = key.until().map(|until| until.index).filter(|index| index.size_after() <= size);
    Ok(Some(KeyProof { listed: leaf(key.from.index)?, ended: ended.map(leaf).transpose()? }))
}
