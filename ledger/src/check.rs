//! The one rule: may this submission be executed? Admission and execution ask the same function.
//!
//! Signatures hold already, the type says so; here stands who may do what. Whether the submission was decided
//! before is not asked here: that is answered from its outcome, with the same answer as the first time.
//! Source: `STATE.md`, rules S1, S2, I1 to I4, K2 to K8, A1, A2, T2, T3, R2, R3, R6; of validators in `membership`, of
//! services in `service`, of sessions in `session`, of ProofNest's proofs in `primitive`, of issuers in `issuing`, of jobs
//! in `job`, of their evidence in `evidence`, of the keys that sign it in `signer`.

use std::collections::BTreeSet;

use crypto::{KeyId, PublicKey};
use proto::counter::{LeafIndex, TimeMs};
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, NetworkId, SubmissionId};
use proto::operation::issuer::IssuerKind;
use proto::operation::{Membership, Operation, Retention, RevokedFrom};
use proto::submission::{Body, Submission};

use crate::error::CheckError;
use crate::evidence;
use crate::identity::Identity;
use crate::issuing;
use crate::job;
use crate::membership::{Proposed, may_change};
use crate::primitive::may_prove;
use crate::rejection::Rejection;
use crate::service::{may_endorse, may_serve, serves};
use crate::session::may_act;
use crate::signer;
use crate::state::State;

/// When and where a submission would be executed: in a block, its time and the leaf it would be; at the door, what a node
/// takes for these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: TimeMs,
    pub(crate) index: LeafIndex,
}

/// What genesis says of admission.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) network: NetworkId,
    pub(crate) origin: String,
    admission: Admission,
    registrars: BTreeSet<KeyId>,
}

impl Rules {
    pub(crate) fn of(genesis: &Genesis) -> Self {
        Self {
            network: genesis.network(),
            origin: genesis.origin.clone(),
            admission: genesis.admission,
            registrars: genesis.registrars.iter().map(PublicKey::id).collect(),
        }
    }

    /// Judges a submission at a moment.
    pub(crate) fn check(
        &self,
        state: &State<'_>,
        submission: &Submission,
        moment: Moment,
    ) -> Result<(), CheckError> {
        let body = submission.body();
        let now = moment.now;
        // Rule T2: a statement names no network; every other submission names this one.
        if body.network != self.network && !submission.is_statement() {
            return Err(Rejection::WrongNetwork { found: body.network, expected: self.network }.into());
        }
        match body.expires_at {
            Some(expires_at) if now >= expires_at => {
                return Err(Rejection::Expired { expires_at, now }.into());
            }
            Some(_) | None => {}
        }
        match &body.operation {
            Operation::IdentityCreate { identity, keys, possessions: _ } => {
                self.may_register(state, body, identity, keys)?;
                have_consented(body, identity)
            }
            Operation::KeyAdd { identity, key, possession: _ } => {
                let own = self.own_identity(state, body, identity)?;
                may_list(&own, key)?;
                have_consented(body, identity)
            }
            Operation::KeyRotate { identity, retires, key, possession: _ } => {
                let identity = self.own_identity(state, body, identity)?;
                may_end(&identity, retires)?;
                may_list(&identity, key)?;
                may_rotate(body, retires)
            }
            Operation::KeyRevoke { identity, key, reason: _, from } => {
                let identity = self.own_identity(state, body, identity)?;
                may_end(&identity, key)?;
                may_reach_back(*from, moment)
            }
            Operation::AttestationRevoke { attestation, reason: _ } => {
                self.may_speak(state, body)?;
                may_revoke(state, body, attestation)
            }
            Operation::IssuerSet(set) => {
                self.may_speak(state, body)?;
                issuing::may_set(state, body, set)
            }
            Operation::IssuerKey(change) => {
                self.may_speak(state, body)?;
                issuing::may_change_key(state, body, change, now)
            }
            Operation::AttestationSeal(seal) => {
                self.may_speak(state, body)?;
                issuing::may_seal(state, body, seal, now)
            }
            Operation::ProofSubmit { .. }
            | Operation::AttestationIssue { .. }
            | Operation::BatchAnchor { .. }
            | Operation::ArtifactCommit { .. }
            | Operation::Statement(_) => self.may_speak(state, body),
            Operation::ServiceEndorse { validator, endorsement } => {
                self.may_speak(state, body)?;
                may_endorse(state, &self.network, body, validator, endorsement)
            }
            Operation::Session { session, act } => {
                self.may_speak(state, body)?;
                may_serve(state, body)?;
                may_act(state, &body.tenant, session, act)
            }
            Operation::Job { job, act } => {
                self.may_speak(state, body)?;
                may_serve(state, body)?;
                job::may_act(state, &body.tenant, job, act, now)
            }
            Operation::Evidence { job, act } => {
                self.may_speak(state, body)?;
                may_serve(state, body)?;
                evidence::may_act(state, &body.tenant, job, act, now)
            }
            Operation::Signer(change) => {
                self.may_speak(state, body)?;
                may_serve(state, body)?;
                signer::may_change(state, body, change, now)
            }
            Operation::ProofPrimitive(primitive) => {
                self.may_speak(state, body)?;
                may_prove(state, body, primitive, now)
            }
            Operation::RetentionTombstone { artifact, reason: _ } => {
                self.may_speak(state, body)?;
                may_erase(state, body, artifact, now)
            }
            Operation::ValidatorJoin { epoch, validator, possession, approvals } => {
                self.may_speak(state, body)?;
                let change = Membership::Join(validator.clone());
                let proposed = Proposed { epoch: *epoch, change, possession: Some(possession), approvals };
                may_change(state, &self.network, &self.origin, &proposed)
            }
            Operation::ValidatorLeave { epoch, name, approvals } => {
                self.may_speak(state, body)?;
                let change = Membership::Leave(name.clone());
                let proposed = Proposed { epoch: *epoch, change, possession: None, approvals };
                may_change(state, &self.network, &self.origin, &proposed)
            }
        }
    }

    /// Rules I1 and I2: a registered author signs with an active key; another one, where admission is open, with
    /// the key its own text names.
    fn may_speak(&self, state: &State<'_>, body: &Body) -> Result<(), CheckError> {
        let author = &body.author;
        if let Some(identity) = state.identity(author)? {
            return Ok(has_active(&identity, &body.key)?);
        }
        let refused = match self.admission {
            Admission::Registered => Rejection::UnknownIdentity { identity: author.clone() },
            Admission::Open if author.is_of(&body.key) => return Ok(()),
            Admission::Open => Rejection::KeyNotOfAuthor { author: author.clone(), key: body.key.id() },
        };
        Err(refused.into())
    }

    /// Rules I3 and I4: the DID follows from the first key; who registers it is the key itself, or a registrar.
    fn may_register(
        &self,
        state: &State<'_>,
        body: &Body,
        identity: &Did,
        keys: &[PublicKey],
    ) -> Result<(), CheckError> {
        let found = keys.len();
        let Some(first) = keys.first().filter(|_| found <= Identity::KEYS_MAX) else {
            return Err(key_count(identity, found).into());
        };
        let signer = body.key.id();
        if !identity.is_of(first) {
            return Err(Rejection::IdentityNotOfKey { identity: identity.clone(), key: first.id() }.into());
        }
        match self.admission {
            Admission::Open if body.author == *identity && body.key == *first => {}
            Admission::Open => {
                return Err(Rejection::NotSelfRegistered {
                    identity: identity.clone(),
                    first: first.id(),
                    author: body.author.clone(),
                    key: signer,
                }
                .into());
            }
            // Genesis speaks of keys, so a registrar needs no registered identity: its author is the key's own DID.
            Admission::Registered if !self.registrars.contains(&signer) => {
                return Err(Rejection::NotRegistrar { key: signer }.into());
            }
            Admission::Registered if !body.author.is_of(&body.key) => {
                return Err(Rejection::KeyNotOfAuthor { author: body.author.clone(), key: signer }.into());
            }
            Admission::Registered => {}
        }
        if state.identity(identity)?.is_some() {
            return Err(Rejection::AlreadyRegistered { identity: identity.clone() }.into());
        }
        let mut ids = BTreeSet::new();
        for key in keys.iter().map(PublicKey::id) {
            if !ids.insert(key) {
                return Err(Rejection::KeyListed { identity: identity.clone(), key }.into());
            }
        }
        Ok(())
    }

    /// Rule K2: the identity whose keys are changed is the author, registered, speaking by an active key.
    fn own_identity(&self, state: &State<'_>, body: &Body, of: &Did) -> Result<Identity, CheckError> {
        if body.author != *of {
            let (author, identity) = (body.author.clone(), of.clone());
            return Err(Rejection::NotOwnIdentity { author, identity }.into());
        }
        let Some(identity) = state.identity(of)? else {
            return Err(Rejection::UnknownIdentity { identity: of.clone() }.into());
        };
        has_active(&identity, &body.key)?;
        Ok(identity)
    }
}

pub(crate) fn has_active(author: &Identity, key: &PublicKey) -> Result<(), Rejection> {
    let id = key.id();
    match author.key(&id) {
        Some(listed) => listed.expect_active(id),
        None => Err(Rejection::KeyNotOfAuthor { author: author.did.clone(), key: id }),
    }
}

fn key_count(identity: &Did, found: usize) -> Rejection {
    Rejection::KeyCount { identity: identity.clone(), found: found as u64, max: Identity::KEYS_MAX as u64 }
}

/// Rules K3 and K4: a key is listed once, ended or not, and the list is bounded.
fn may_list(identity: &Identity, key: &PublicKey) -> Result<(), CheckError> {
    let key = key.id();
    if identity.key(&key).is_some() {
        return Err(Rejection::KeyListed { identity: identity.did.clone(), key }.into());
    }
    match identity.keys.len() + 1 {
        found if found > Identity::KEYS_MAX => Err(key_count(&identity.did, found).into()),
        _ => Ok(()),
    }
}

/// Rule K5: a key is ended once; the last one too, for a key that leaked must go even if nothing is left.
fn may_end(identity: &Identity, key: &KeyId) -> Result<(), CheckError> {
    match identity.key(key) {
        Some(listed) => Ok(listed.expect_active(*key)?),
        None => Err(Rejection::UnknownKey { identity: identity.did.clone(), key: *key }.into()),
    }
}

/// Rule K6: every key that is listed has signed that it belongs there, so that nobody lists another's.
fn have_consented(body: &Body, identity: &Did) -> Result<(), CheckError> {
    match body.operation.unasked_key(&body.key) {
        Some(key) if !crypto::broken!(KeysUnasked) => {
            Err(Rejection::KeyConsent { identity: identity.clone(), key: key.id() }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Rule K7: the key that retires signs for the one that takes its place, as that one does for it.
fn may_rotate(body: &Body, retires: &KeyId) -> Result<(), CheckError> {
    match body.key.id() {
        key if key != *retires && !crypto::broken!(AnyKeyRotates) => {
            Err(Rejection::NotRetiringKey { retires: *retires, key }.into())
        }
        _ => Ok(()),
    }
}

/// Rule K8: a revocation reaches back, never ahead.
fn may_reach_back(from: RevokedFrom, moment: Moment) -> Result<(), CheckError> {
    let Moment { now, index } = moment;
    let ahead = match from {
        RevokedFrom::Here => false,
        RevokedFrom::Size(size) => size.get() > index.get(),
        RevokedFrom::Time(time) => time > now,
    };
    match ahead && !crypto::broken!(RevokedAhead) {
        true => Err(Rejection::RevokedAhead { from, index, now }.into()),
        false => Ok(()),
    }
}

/// Rules R2, R3 and R6: its owner erases it, once, and what is written once not before its time; when that is over, also a
/// service, which says what became of it.
fn may_erase(state: &State<'_>, body: &Body, id: &SubmissionId, now: TimeMs) -> Result<(), CheckError> {
    let Some(artifact) = state.artifact(id)? else {
        return Err(Rejection::UnknownArtifact { artifact: *id }.into());
    };
    let is_over = artifact.retention.until().is_some_and(|until| now >= until);
    if artifact.owner != body.author {
        let (author, owner) = (body.author.clone(), artifact.owner.clone());
        let refused = Rejection::NotOwner { author, owner };
        match is_over.then(|| may_serve(state, body)) {
            Some(Ok(())) => {}
            Some(Err(fault @ CheckError::Read(_))) => return Err(fault),
            Some(Err(CheckError::Rejected(_))) | None => return Err(refused.into()),
        }
    }
    if let Some(at) = artifact.erased {
        return Err(Rejection::ArtifactErased { artifact: *id, at: at.index }.into());
    }
    match artifact.retention {
        Retention::WriteOnce(until) if now < until => {
            Err(Rejection::WriteOnce { artifact: *id, until, now }.into())
        }
        Retention::WriteOnce(_) | Retention::Until(_) | Retention::UntilErased | Retention::Of(_) => Ok(()),
    }
}

/// Rule A1: what was sealed as an issuer's is revoked by anyone who speaks for that issuer.
fn speaks_for_issuer(state: &State<'_>, body: &Body, id: &SubmissionId) -> Result<bool, CheckError> {
    let Some(sealed) = state.sealed_by(id)? else { return Ok(false) };
    if state.issuer(&sealed.issuer)?.is_some_and(|issuer| issuer.is_spoken_for_by(&body.author)) {
        return Ok(true);
    }
    match sealed.issuer.kind() {
        IssuerKind::Node => serves(state, body),
        IssuerKind::Provider | IssuerKind::User => Ok(false),
    }
}

/// Rules A1 and A2: an attestation is revoked by its issuer, once.
fn may_revoke(state: &State<'_>, body: &Body, id: &SubmissionId) -> Result<(), CheckError> {
    let Some(attestation) = state.attestation(id)? else {
        return Err(Rejection::UnknownAttestation { attestation: *id }.into());
    };
    if attestation.issuer != body.author && !speaks_for_issuer(state, body, id)? {
        let (author, issuer) = (body.author.clone(), attestation.issuer);
        return Err(Rejection::NotIssuer { author, issuer }.into());
    }
    match attestation.revoked {
        Some(at) => Err(Rejection::AttestationRevoked { attestation: *id, at: at.index }.into()),
        None => Ok(()),
    }
}
