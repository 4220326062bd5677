//! Who may speak for an issuer of attestations, and what it may put on the ledger.
//!
//! No token is read here: whoever signs one says beside it what there are rules about, and whoever verifies one compares.
//! Source: `STATE.md`, rules A3 to A9.

use crypto::KeyId;
use proto::counter::TimeMs;
use proto::operation::issuer::{IssuerDid, IssuerKey, IssuerKeyChange, IssuerKind, IssuerSet, IssuerStatus};
use proto::operation::seal::{ChainLink, Seal};
use proto::submission::Body;

use crate::error::CheckError;
use crate::issuer::Issuer;
use crate::rejection::Rejection;
use crate::service::may_serve;
use crate::state::State;

/// How far what a signer's clock said may be from the block's time, in ms. Ten minutes: a block's time is that of a
/// quorum's clocks, and what is signed waits for its block.
pub const DRIFT_MS: u64 = 10 * 60 * 1_000;
/// Longest life of an attestation, in seconds: 366 days.
pub const VALIDITY_S_MAX: u64 = 366 * 86_400;

/// Rule A3: an issuer of the validators is set by a service of one of them, any other by whom it belongs to.
pub(crate) fn may_set(state: &State<'_>, body: &Body, set: &IssuerSet) -> Result<(), CheckError> {
    let known = state.issuer(&set.issuer)?;
    may_speak_for(state, body, &set.issuer, known.as_ref())
}

/// Rules A3 to A5: keys are listed and dropped by those who may set the issuer; listed once, so many, and not before
/// they were made.
pub(crate) fn may_change_key(
    state: &State<'_>,
    body: &Body,
    asked: &IssuerKey,
    now: TimeMs,
) -> Result<(), CheckError> {
    let IssuerKey { issuer: did, change } = asked;
    let issuer = known(state, did)?;
    may_speak_for(state, body, did, Some(&issuer))?;
    match change {
        IssuerKeyChange::List { key, generated_at_s, .. } => {
            let key = key.id();
            if issuer.key(&key).is_some() {
                return Err(Rejection::IssuerKeyListed { issuer: did.clone(), key }.into());
            }
            let found = issuer.keys.len() as u64 + 1;
            let max = Issuer::KEYS_MAX as u64;
            if found > max {
                return Err(Rejection::IssuerKeyCount { issuer: did.clone(), found, max }.into());
            }
            if ms(*generated_at_s) > now.get().saturating_add(DRIFT_MS) {
                let (issued_at_s, expires_at_s) = (*generated_at_s, 0);
                return Err(Rejection::AttestationTime { issued_at_s, expires_at_s, now }.into());
            }
        }
        IssuerKeyChange::Drop { key } => {
            if issuer.key(key).is_none() {
                return Err(unknown_key(did, key));
            }
        }
    }
    Ok(())
}

/// Rule A3.
fn may_speak_for(
    state: &State<'_>,
    body: &Body,
    did: &IssuerDid,
    known: Option<&Issuer>,
) -> Result<(), CheckError> {
    match (did.kind(), known) {
        (IssuerKind::Node, _) => may_serve(state, body),
        (IssuerKind::Provider | IssuerKind::User, Some(issuer)) if issuer.owner != body.author => {
            let (author, issuer) = (body.author.clone(), did.clone());
            Err(Rejection::NotIssuersOwner { author, issuer }.into())
        }
        (IssuerKind::Provider | IssuerKind::User, Some(_) | None) => Ok(()),
    }
}

/// Rules A6 to A9: what may be put on the ledger as an issuer's attestation.
pub(crate) fn may_seal(state: &State<'_>, body: &Body, seal: &Seal, now: TimeMs) -> Result<(), CheckError> {
    // Rule A6
    let issuer = known(state, &seal.issuer)?;
    match issuer.status {
        IssuerStatus::Active => {}
        IssuerStatus::Inactive => {
            return Err(Rejection::IssuerInactive { issuer: seal.issuer.clone() }.into());
        }
    }
    let is_held = issuer.key(&seal.key).is_some_and(|listed| listed.holder == body.author);
    if !is_held && !crypto::broken!(SealedByAnyone) {
        return Err(unknown_key(&seal.issuer, &seal.key));
    }
    // Rule A7
    if let Some(sealed) = state.sealed(&seal.id)?
        && !crypto::broken!(SealedTwice)
    {
        let (attestation, by) = (seal.id.clone(), sealed.submission);
        return Err(Rejection::AttestationUsed { attestation, by }.into());
    }
    // Rule A8
    let Seal { issued_at_s, expires_at_s, .. } = *seal;
    let far = ms(issued_at_s).abs_diff(now.get()) > DRIFT_MS;
    let long = expires_at_s.saturating_sub(issued_at_s) > VALIDITY_S_MAX;
    if (far || long || ms(expires_at_s) <= now.get()) && !crypto::broken!(SealedAtAnyTime) {
        return Err(Rejection::AttestationTime { issued_at_s, expires_at_s, now }.into());
    }
    seal.link.as_ref().map_or(Ok(()), |link| may_link(state, seal, link))
}

/// Rule A9: a chain goes on where it ends. Its first may be an attestation that was sealed before there was a chain.
fn may_link(state: &State<'_>, seal: &Seal, link: &ChainLink) -> Result<(), CheckError> {
    let ChainLink { chain, index, previous } = link;
    let head = state.issuer_chain(&seal.issuer, chain)?;
    let (expected, after) = match (&head, previous) {
        (Some(head), _) => (head.index.saturating_add(1), Some(head.last.clone())),
        (None, None) => (0, None),
        (None, Some(first)) => match state.sealed(first)? {
            Some(sealed) if sealed.issuer == seal.issuer && sealed.link.is_none() => (1, Some(first.clone())),
            Some(_) | None => (0, None),
        },
    };
    match (*index == expected && *previous == after) || crypto::broken!(SealedAnywhere) {
        true => Ok(()),
        false => {
            let (chain, found, previous) = (chain.clone(), *index, previous.clone());
            Err(Rejection::AttestationChain { chain, found, previous, expected, after }.into())
        }
    }
}

fn known(state: &State<'_>, did: &IssuerDid) -> Result<Issuer, CheckError> {
    let issuer = state.issuer(did)?;
    issuer.ok_or_else(|| Rejection::UnknownIssuer { issuer: did.clone() }.into())
}

fn unknown_key(issuer: &IssuerDid, key: &KeyId) -> CheckError {
    Rejection::UnknownIssuerKey { issuer: issuer.clone(), key: *key }.into()
}

/// Seconds of canonical bytes are before the year 10000.
fn ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000)
}
