//! Evidence of jobs: sealed once, under a key that signs evidence, and never for more than it shows.
//!
//! A seal states digests; here they are made again from the job, and a seal that states others is refused. So what is kept
//! of a record is its name, its times and its signature: all else follows. Source: `STATE.md`, rules J5 to J8.

use crypto::{Digest, KeyId, Scheme, Signature};
use proto::counter::TimeMs;
use proto::evidence::{Level, Shown};
use proto::id::Tenant;
use proto::job::{JobId, JobState, RecordId};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, level_number, level_of};
use proto::signer::{algorithm, message};
use proto::submission::Submission;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::issuing::DRIFT_MS;
use crate::job::{EvidenceFault, Job, JobRefusal, Package, SignerUseFault};
use crate::key::Position;
use crate::read::ReadError;
use crate::session::ChainEnd;
use crate::state::State;

/// The evidence of a job, as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The record's name.
    pub record: RecordId,
    /// When it was made.
    pub created_at: TimeMs,
    /// Root over its items.
    pub root: Digest,
    /// The digest that was signed.
    pub bundle: Digest,
    /// What it claims, which it shows.
    pub claim: Level,
    /// Thumbprint of the key that signed.
    pub key: KeyId,
    /// The signature.
    pub signature: Signature,
    /// When it was made, as its signer says.
    pub signed_at: TimeMs,
    /// Where it was sealed.
    pub sealed: Position,
    /// The time of that block.
    pub sealed_at: TimeMs,
    /// How many records of its tenant were sealed before it.
    pub number: u64,
    /// The digest of the last of them.
    pub previous: Option<Digest>,
    /// Where it was told that somebody verified it.
    pub verified: Option<Position>,
    /// Where it was deleted.
    pub deleted: Option<Position>,
}

impl Evidence {
    /// The record, made again from its job; none if that was not completed, and then nothing was sealed.
    pub fn package(&self, tenant: &Tenant, id: &JobId, job: &Job) -> Option<Package> {
        Package::of(tenant, id, job, &self.record, self.created_at)
    }

    /// Until when it is kept.
    pub fn kept_until(&self, job: &Job) -> TimeMs {
        job.plan.retention.until(self.sealed_at)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self {
            record,
            created_at,
            root,
            bundle,
            claim,
            key,
            signature,
            signed_at,
            sealed,
            sealed_at,
            number,
            previous,
            verified,
            deleted,
        } = self;
        let mut to = Writer::new();
        to.text(record.as_str()).u64(created_at.get()).digest(root).digest(bundle).u8(level_number(*claim));
        to.key_id(key).u32(signature.scheme().id()).bytes(signature.as_bytes()).u64(signed_at.get());
        sealed.write(&mut to);
        to.u64(sealed_at.get()).u64(*number);
        match previous {
            None => to.u8(0),
            Some(previous) => to.u8(1).digest(previous),
        };
        for place in [verified, deleted] {
            match place {
                None => {
                    to.u8(0);
                }
                Some(at) => at.write(to.u8(1)),
            }
        }
        to.finish()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                record: RecordId::parse(&from.text("evidence.record")?)
                    .map_err(|fault| CodecError::field("evidence.record", fault))?,
                created_at: TimeMs::new(from.u64()?),
                root: from.digest()?,
                bundle: from.digest()?,
                claim: {
                    let number = from.u8()?;
                    level_of(number).ok_or_else(|| unknown("evidence.claim", number.into()))?
                },
                key: from.key_id()?,
                signature: {
                    let number = from.u32()?;
                    let scheme =
                        Scheme::parse(number).ok_or_else(|| unknown("evidence.scheme", number.into()))?;
                    Signature::parse(scheme, from.bytes()?)
                        .map_err(|fault| CodecError::field("evidence.signature", fault))?
                },
                signed_at: TimeMs::new(from.u64()?),
                sealed: Position::read(from)?,
                sealed_at: TimeMs::new(from.u64()?),
                number: from.u64()?,
                previous: match from.u8()? {
                    0 => None,
                    1 => Some(from.digest()?),
                    found => return Err(unknown("evidence.previous", found.into())),
                },
                verified: place(from)?,
                deleted: place(from)?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault: CodecError| fault.stored_at(Table::Evidence, key))
    }
}

fn place(from: &mut Reader<'_>) -> Result<Option<Position>, CodecError> {
    match from.u8()? {
        0 => Ok(None),
        1 => Position::read(from).map(Some),
        found => Err(unknown("place", found.into())),
    }
}

fn unknown(field: &'static str, found: u64) -> CodecError {
    CodecError::Meaning { field, found }
}

/// The name of the chain of a tenant's records.
pub(crate) fn chain(tenant: &Tenant) -> Vec<u8> {
    [b"evidence/", tenant.as_str().as_bytes()].concat()
}

/// Rules J5 to J8.
pub(crate) fn may_act(
    state: &State<'_>,
    tenant: &Tenant,
    id: &JobId,
    act: &EvidenceAct,
    now: TimeMs,
) -> Result<(), CheckError> {
    let job = id.clone();
    let Some(found) = state.job(tenant, id)? else { return Err(JobRefusal::Unknown { job }.into()) };
    let evidence = state.evidence(tenant, id)?;
    let refused = |job, fault| Err(JobRefusal::Evidence { job, fault }.into());
    match (evidence, act) {
        (None, EvidenceAct::Seal(seal)) => may_seal(state, tenant, (id, &found), seal, now),
        // Rule J5
        (Some(evidence), EvidenceAct::Seal(_)) => {
            Err(JobRefusal::Sealed { job, at: evidence.sealed.index }.into())
        }
        (None, EvidenceAct::Verified | EvidenceAct::Delete { .. }) => refused(job, EvidenceFault::None),
        (Some(Evidence { deleted: Some(at), .. }), EvidenceAct::Verified | EvidenceAct::Delete { .. }) => {
            refused(job, EvidenceFault::Deleted(at.index))
        }
        (Some(Evidence { verified: Some(at), .. }), EvidenceAct::Verified) => {
            refused(job, EvidenceFault::Verified(at.index))
        }
        (Some(_), EvidenceAct::Verified) => Ok(()),
        // Rule J8
        (Some(evidence), EvidenceAct::Delete { .. }) => {
            let until = evidence.kept_until(&found);
            match found.plan.retention.is_write_once() && now < until {
                true => refused(job, EvidenceFault::Kept(until)),
                false => Ok(()),
            }
        }
    }
}

/// Rules J5 to J7; the signature, which costs something, is checked last.
fn may_seal(
    state: &State<'_>,
    tenant: &Tenant,
    (id, job): (&JobId, &Job),
    seal: &EvidenceSeal,
    now: TimeMs,
) -> Result<(), CheckError> {
    // Rule J5
    let Some(completed) = job.ended().filter(|_| job.state() == JobState::Completed) else {
        return Err(JobRefusal::NotCompleted { job: id.clone(), found: job.state() }.into());
    };
    if let Some(by) = state.record(tenant, &seal.record)? {
        return Err(JobRefusal::RecordUsed { record: seal.record.clone(), by }.into());
    }
    // Rule J3
    let before = TimeMs::new(now.get().saturating_sub(DRIFT_MS));
    let most = now.plus(DRIFT_MS);
    for (said, least) in
        [(seal.created_at, before.max(completed.time)), (seal.signed_at, before.max(seal.created_at))]
    {
        if said < least || said > most {
            return Err(JobRefusal::Time { job: id.clone(), said, least, most }.into());
        }
    }
    // Rule J6
    let Some(package) = Package::of(tenant, id, job, &seal.record, seal.created_at) else {
        return Err(JobRefusal::NotCompleted { job: id.clone(), found: job.state() }.into());
    };
    if let Some(what) = differs(&package, seal) {
        return Err(JobRefusal::Mismatch { job: id.clone(), what }.into());
    }
    // Rule J7
    let refused = |fault| Err(JobRefusal::SignerUse { key: seal.key, fault }.into());
    let Some(signer) = state.signer(&seal.key)? else { return refused(SignerUseFault::Unknown) };
    if let Err(fault) = signer.may_sign_evidence(seal.signed_at) {
        return refused(fault);
    }
    let scheme = signer.key.scheme();
    let shown = Shown { is_sealed: true, attested: algorithm(scheme), is_bound: package.is_bound() }.level();
    if seal.claim > shown {
        return Err(JobRefusal::Claim { job: id.clone(), claim: seal.claim, shown }.into());
    }
    match signer.key.verify(&message(scheme, &seal.bundle), &seal.signature) {
        Ok(()) => Ok(()),
        Err(_) => refused(SignerUseFault::Signature),
    }
}

/// Rule J6: what of a seal does not follow from the job, if anything.
fn differs(package: &Package, seal: &EvidenceSeal) -> Option<String> {
    if package.items.len() != seal.items.len() {
        return Some(format!("{} items instead of {}", seal.items.len(), package.items.len()));
    }
    let differing = package.items.iter().zip(&seal.items).find(|(made, said)| {
        let label = made.label.as_deref().unwrap_or_default();
        (made.id.as_str(), label, &made.content_hash)
            != (said.id.as_str(), said.label.as_str(), &said.content)
    });
    if let Some((made, _)) = differing {
        return Some(made.id.clone());
    }
    if package.root != seal.root {
        return Some("merkle_root".to_owned());
    }
    (package.bundle != seal.bundle).then(|| "bundle_hash".to_owned())
}

/// Does what [`may_act`] allowed, in a block of this time.
pub(crate) fn act(
    state: &mut State<'_>,
    submission: &Submission,
    (id, act): (&JobId, &EvidenceAct),
    (at, now): (Position, TimeMs),
) -> Result<(), ReadError> {
    let tenant = &submission.body().tenant;
    let evidence = match (act, state.evidence(tenant, id)?) {
        (EvidenceAct::Seal(seal), _) => {
            let EvidenceSeal { record, created_at, items: _, root, bundle, claim, key, signature, signed_at } =
                &**seal;
            let chain = chain(tenant);
            let ChainEnd { count: number, last: previous } = state.chain(&chain)?;
            state.put_chain(&chain, &ChainEnd { count: number.saturating_add(1), last: Some(*bundle) });
            state.note_record((tenant, id), record, number, bundle);
            Evidence {
                record: record.clone(),
                created_at: *created_at,
                root: *root,
                bundle: *bundle,
                claim: *claim,
                key: *key,
                signature: signature.clone(),
                signed_at: *signed_at,
                sealed: at,
                sealed_at: now,
                number,
                previous,
                verified: None,
                deleted: None,
            }
        }
        (EvidenceAct::Verified, Some(evidence)) => Evidence { verified: Some(at), ..evidence },
        (EvidenceAct::Delete { .. }, Some(evidence)) => Evidence { deleted: Some(at), ..evidence },
        (EvidenceAct::Verified | EvidenceAct::Delete { .. }, None) => return Ok(()),
    };
    state.put_evidence(tenant, id, &evidence);
    Ok(())
}
