//! Which proofs are taken, and what follows from one that is.
//!
//! That the issuer's key signed the id holds already, the type says so. Source: `STATE.md`, rules N1 to N8.

use proto::counter::TimeMs;
use proto::primitive::{AHEAD_MS_MAX, Place, Primitive, Told};
use proto::submission::Body;

use super::{ChainHead, Listed, ProofBatch, ProofRecord};
use crate::check::has_active;
use crate::error::CheckError;
use crate::key::Position;
use crate::read::ReadError;
use crate::rejection::Rejection;
use crate::state::State;

/// May this proof be told? Its author may speak, that is known.
pub(crate) fn may_prove(
    state: &State<'_>,
    body: &Body,
    primitive: &Primitive,
    now: TimeMs,
) -> Result<(), CheckError> {
    let Primitive { issuer, key, timestamp_s, told, place, .. } = primitive;
    // Rule N1
    if issuer.proofnest_role().is_none() {
        return Err(Rejection::NotProofNest { issuer: issuer.clone() }.into());
    }
    let Some(identity) = state.identity(issuer)? else {
        return Err(Rejection::UnknownIdentity { identity: issuer.clone() }.into());
    };
    if !crypto::broken!(ProofByAnyKey) {
        has_active(&identity, key)?;
    }
    // Rule N4
    let timestamp_s = *timestamp_s;
    if timestamp_s.saturating_mul(1_000) > now.get().saturating_add(AHEAD_MS_MAX)
        && !crypto::broken!(ProofAhead)
    {
        return Err(Rejection::ProofAhead { timestamp_s, now }.into());
    }
    if let Some(expires_at) = primitive.expires_at().filter(|expires_at| now >= *expires_at) {
        return Err(Rejection::ProofExpired { expires_at, now }.into());
    }
    // Rule N7
    if primitive.says_more() && body.author != *issuer && !crypto::broken!(AnyoneSaysMore) {
        let (author, issuer) = (body.author.clone(), issuer.clone());
        return Err(Rejection::NotOwnProof { author, issuer }.into());
    }
    // Rule N3
    let id = primitive.id();
    if let Some(record) = state.proof(&id)?
        && !crypto::broken!(ProofToldTwice)
    {
        return Err(Rejection::ProofKnown { proof: id, at: record.at.index }.into());
    }
    let whole = match told {
        Told::Hashes { .. } => {
            return match state.told_by_hashes(&id, issuer)? {
                Some(at) => Err(Rejection::ProofKnown { proof: id, at: at.index }.into()),
                None => Ok(()),
            };
        }
        Told::Whole(whole) => whole,
    };
    // Rule N5
    if let Some(previous) = &whole.previous
        && state.proof(previous)?.is_none()
        && !crypto::broken!(ParentNotAsked)
    {
        return Err(Rejection::UnknownProof { proof: *previous }.into());
    }
    // Rule N6
    if let Some(Place { chain, index }) = place {
        let head = state.proof_chain(issuer, chain)?;
        let (expected, last) = head.map_or((0, None), |head| (head.count, Some(head.last)));
        if *index != expected && !crypto::broken!(ChainWithGaps) {
            return Err(Rejection::ChainIndex { found: *index, expected }.into());
        }
        if whole.previous != last && !crypto::broken!(ChainNotFollowed) {
            return Err(Rejection::ChainHead { found: whole.previous, expected: last }.into());
        }
    }
    Ok(())
}

/// Does what an allowed proof asks. Rule N8: those told whole are the batch of their block, in order.
pub(crate) fn prove(state: &mut State<'_>, primitive: &Primitive, at: Position) -> Result<(), ReadError> {
    let (id, issuer) = (primitive.id(), &primitive.issuer);
    if let Told::Hashes { .. } = primitive.told {
        state.put_told_by_hashes(&id, issuer, at);
        state.list(Listed::Hashes, &super::hashes_key(&id, issuer))?;
        return Ok(());
    }
    let number = state.list(Listed::Proofs, id.as_bytes())?;
    let mut batch = state.proof_batch(at.height)?.unwrap_or_else(|| ProofBatch::new(at.height, number));
    let record = ProofRecord { issuer: issuer.clone(), at, batch_index: batch.count(), number };
    batch.append(&id);
    state.put_proof_batch(&batch);
    state.put_proof(&id, &record);
    if let Some(Place { chain, index }) = &primitive.place {
        let head = ChainHead { count: index.saturating_add(1), last: id };
        state.put_proof_chain(issuer, chain, &head);
    }
    Ok(())
}
