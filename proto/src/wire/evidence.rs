//! Evidence of jobs, and the keys that sign it.

use crypto::{PublicKey, Scheme, Signature};

use super::job::id;
use super::part::{digest, key_id, public_key, signature, text};
use super::pb;
use super::pb::submission_body::Operation as Proto;
use crate::canonical::DecodeError;
use crate::counter::TimeMs;
use crate::evidence::Level;
use crate::job::{JobId, REASON_BYTES_MAX, RecordId};
use crate::operation::Operation;
use crate::operation::evidence::{
    EvidenceAct, EvidenceSeal, ITEM_ID_BYTES_MAX, ITEM_LABEL_BYTES_MAX, SEAL_ITEMS_MAX, SealItem,
    level_number, level_of,
};
use crate::signer::{
    REVOCATION_REASON_BYTES_MAX, SignerChange, SignerListing, SignerName, SignerRoles, algorithm,
};

pub(super) fn act_to_wire(job: &JobId, act: &EvidenceAct) -> Proto {
    let job = job.as_str().to_owned();
    match act {
        EvidenceAct::Seal(seal) => Proto::EvidenceSeal(seal_to_wire(job, seal)),
        EvidenceAct::Verified => Proto::EvidenceVerified(pb::EvidenceVerified { job }),
        EvidenceAct::Delete { reason } => {
            Proto::EvidenceDelete(pb::EvidenceDelete { job, reason: reason.clone() })
        }
    }
}

fn seal_to_wire(job: String, seal: &EvidenceSeal) -> pb::EvidenceSeal {
    let EvidenceSeal { record, created_at, items, root, bundle, claim, key, signature, signed_at } = seal;
    let items = items.iter().map(|SealItem { id, label, content }| pb::EvidenceItem {
        id: id.clone(),
        label: label.clone(),
        content: content.as_bytes().to_vec(),
    });
    pb::EvidenceSeal {
        job,
        record: record.as_str().to_owned(),
        created_at_ms: created_at.get(),
        items: items.collect(),
        root: root.as_bytes().to_vec(),
        bundle: bundle.as_bytes().to_vec(),
        claim: level_number(*claim).into(),
        key: key.digest().as_bytes().to_vec(),
        scheme: signature.scheme().id(),
        signature: signature.as_bytes().to_vec(),
        signed_at_ms: signed_at.get(),
    }
}

pub(super) fn sealed(wire: pb::EvidenceSeal) -> Result<Operation, DecodeError> {
    let items = wire.items;
    DecodeError::at_most("items", items.len(), SEAL_ITEMS_MAX)?;
    let items = items.into_iter().map(|pb::EvidenceItem { id, label, content }| {
        if id.is_empty() {
            return Err(DecodeError::field("item.id", "is missing"));
        }
        Ok(SealItem {
            id: text(id, "item.id", ITEM_ID_BYTES_MAX)?,
            label: text(label, "item.label", ITEM_LABEL_BYTES_MAX)?,
            content: digest(&content, "item.content")?,
        })
    });
    let seal = EvidenceSeal {
        record: RecordId::parse(&wire.record).map_err(|fault| DecodeError::field("record", fault))?,
        created_at: TimeMs::new(wire.created_at_ms),
        items: items.collect::<Result<_, _>>()?,
        root: digest(&wire.root, "root")?,
        bundle: digest(&wire.bundle, "bundle")?,
        claim: u8::try_from(wire.claim)
            .ok()
            .and_then(level_of)
            .filter(|level| *level > Level::Invalid)
            .ok_or_else(|| DecodeError::field("claim", format!("level {} is unknown", wire.claim)))?,
        key: key_id(&wire.key, "key")?,
        signature: signed(wire.scheme, &wire.signature, "signature")?,
        signed_at: TimeMs::new(wire.signed_at_ms),
    };
    Ok(Operation::Evidence { job: id(&wire.job)?, act: EvidenceAct::Seal(Box::new(seal)) })
}

pub(super) fn verified(wire: pb::EvidenceVerified) -> Result<Operation, DecodeError> {
    Ok(Operation::Evidence { job: id(&wire.job)?, act: EvidenceAct::Verified })
}

pub(super) fn deleted(wire: pb::EvidenceDelete) -> Result<Operation, DecodeError> {
    let reason = text(wire.reason, "reason", REASON_BYTES_MAX)?;
    Ok(Operation::Evidence { job: id(&wire.job)?, act: EvidenceAct::Delete { reason } })
}

pub(super) fn change_to_wire(change: &SignerChange) -> Proto {
    match change {
        SignerChange::List(listing) => {
            let SignerListing { name, key, roles, valid_from, valid_until, possession } = &**listing;
            Proto::SignerList(pb::SignerList {
                name: name.as_str().to_owned(),
                scheme: key.scheme().id(),
                key: key.as_bytes().to_vec(),
                roles: roles.id(),
                valid_from_ms: valid_from.get(),
                valid_until_ms: valid_until.get(),
                possession: possession.as_bytes().to_vec(),
            })
        }
        SignerChange::Revoke { key, reason, from } => Proto::SignerRevoke(pb::SignerRevoke {
            key: key.digest().as_bytes().to_vec(),
            reason: reason.clone(),
            from_ms: from.map_or(0, TimeMs::get),
        }),
    }
}

pub(super) fn listed(wire: pb::SignerList) -> Result<Operation, DecodeError> {
    let scheme = scheme(wire.scheme, "scheme")?;
    let key: PublicKey = public_key(scheme, &wire.key, "key")?;
    if wire.valid_until_ms <= wire.valid_from_ms {
        return Err(DecodeError::field("valid_until_ms", "is not later than valid_from_ms"));
    }
    let listing = SignerListing {
        name: SignerName::parse(&wire.name).map_err(|fault| DecodeError::field("name", fault))?,
        key,
        roles: SignerRoles::parse(wire.roles)
            .ok_or_else(|| DecodeError::field("roles", format!("{} is none", wire.roles)))?,
        valid_from: TimeMs::new(wire.valid_from_ms),
        valid_until: TimeMs::new(wire.valid_until_ms),
        possession: signature(scheme, &wire.possession, "possession")?,
    };
    Ok(Operation::Signer(Box::new(SignerChange::List(Box::new(listing)))))
}

pub(super) fn revoked(wire: pb::SignerRevoke) -> Result<Operation, DecodeError> {
    Ok(Operation::Signer(Box::new(SignerChange::Revoke {
        key: key_id(&wire.key, "key")?,
        reason: text(wire.reason, "reason", REVOCATION_REASON_BYTES_MAX)?,
        from: (wire.from_ms != 0).then(|| TimeMs::new(wire.from_ms)),
    })))
}

fn scheme(number: u32, field: &'static str) -> Result<Scheme, DecodeError> {
    match Scheme::parse(number) {
        Some(scheme) if algorithm(scheme).is_some() => Ok(scheme),
        Some(scheme) => Err(DecodeError::field(field, format!("{scheme} signs no evidence"))),
        None => Err(DecodeError::field(field, format!("scheme {number} is unknown"))),
    }
}

fn signed(number: u32, bytes: &[u8], field: &'static str) -> Result<Signature, DecodeError> {
    signature(scheme(number, "scheme")?, bytes, field)
}
