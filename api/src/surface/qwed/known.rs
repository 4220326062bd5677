//! What the ledger holds of an attestation, and where it is in its life.

use ledger::issuer::Issuer;
use ledger::key::Position;
use ledger::read::ReadError;
use ledger::sealed::Sealed;
use ledger::{LedgerReader, Outcome};
use model::qwed::{Anchor, Lifecycle};
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::Tenant;
use proto::operation::Operation;
use proto::operation::issuer::IssuerStatus;
use proto::operation::seal::AttestationId;

use crate::api::Api;
use crate::clock;
use crate::guard::sight::Sight;

/// An attestation that was sealed.
pub(super) struct Known {
    /// Its name.
    pub(super) id: AttestationId,
    /// What the state keeps of it.
    pub(super) sealed: Sealed,
    /// The token, from its leaf.
    pub(super) token: String,
    /// Whose it is.
    pub(super) tenant: Tenant,
    /// Its leaf.
    pub(super) index: LeafIndex,
    /// Its block.
    pub(super) height: Height,
    /// What withdrew it.
    pub(super) revoked: Option<Position>,
    /// Its issuer, if it is still known.
    pub(super) issuer: Option<Issuer>,
    /// The later of the newest block's time and this node's: an idle network's stands still, and what is over is over.
    pub(super) now: TimeMs,
}

impl Known {
    /// Reads an attestation by its name.
    pub(super) fn find(reader: &LedgerReader, id: &AttestationId) -> Result<Option<Self>, ReadError> {
        let Some(sealed) = reader.sealed(id)? else { return Ok(None) };
        let Some(Outcome::Committed { height, index, .. }) = reader.by_id(&sealed.submission)? else {
            return Ok(None);
        };
        let Some((_, Entry::Submission(entry))) = reader.entry(index)? else { return Ok(None) };
        let body = entry.submission.body();
        let Operation::AttestationSeal(seal) = &body.operation else { return Ok(None) };
        let revoked = reader.attestation(&sealed.submission)?.and_then(|standing| standing.revoked);
        let now = clock::now();
        Ok(Some(Self {
            id: id.clone(),
            token: seal.token.clone(),
            tenant: body.tenant.clone(),
            issuer: reader.issuer(&sealed.issuer)?,
            now: reader.tip()?.map_or(now, |tip| tip.time.max(now)),
            sealed,
            index,
            height,
            revoked,
        }))
    }

    /// Whether it is there for this caller.
    pub(super) fn is_seen(&self, sight: &Sight) -> bool {
        sight.sees(&self.tenant)
    }

    /// Where it is in its life. Rule A8; that it was withdrawn says more than that its time is over.
    pub(super) fn lifecycle(&self) -> Lifecycle {
        if self.revoked.is_some() {
            return Lifecycle::Revoked;
        }
        match self.now.get() >= self.sealed.expires_at_s.saturating_mul(1_000) {
            true => Lifecycle::Expired,
            false => Lifecycle::Valid,
        }
    }

    /// Whether its issuer is to be believed, and lists the key that signed it.
    pub(super) fn is_trusted(&self) -> bool {
        self.issuer.as_ref().is_some_and(|issuer| {
            issuer.status == IssuerStatus::Active && issuer.key(&self.sealed.key).is_some()
        })
    }

    /// Where it stands.
    pub(super) fn anchor(&self, api: &Api) -> Anchor {
        let id = self.sealed.submission;
        Anchor {
            chain: api.doors().set().network().to_string(),
            tx_hash: id.to_string(),
            block_number: self.height.get(),
            leaf_index: self.index.get(),
            receipt: format!("/v1/entries/{id}/receipt"),
        }
    }
}
