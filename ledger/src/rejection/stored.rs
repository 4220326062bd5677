//! Rejections as they are stored: a number, then the fields in the order in which they are named.
//!
//! Numbers are never reused.

use proto::counter::{Epoch, LeafIndex, TimeMs, TreeSize};
use proto::id::{NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::operation::RevokedFrom;
use proto::operation::issuer::IssuerDid;
use proto::operation::seal::{AttestationId, ChainId};
use proto::primitive::ProofId;

use super::Rejection;
use crate::codec::{CodecError, Reader, Writer};
use crate::job::{self, JobRefusal};

impl Rejection {
    pub(crate) fn write(&self, to: &mut Writer) {
        match self {
            Self::Expired { expires_at, now } => to.u8(1).u64(expires_at.get()).u64(now.get()),
            Self::WrongNetwork { found, expected } => {
                to.u8(2).digest(found.digest()).digest(expected.digest())
            }
            Self::UnknownIdentity { identity } => to.u8(3).did(identity),
            Self::KeyNotOfAuthor { author, key } => to.u8(4).did(author).key_id(key),
            Self::KeyRetired { key, at } => to.u8(5).key_id(key).u64(at.get()),
            Self::KeyRevoked { key, at } => to.u8(6).key_id(key).u64(at.get()),
            Self::NotRegistrar { key } => to.u8(7).key_id(key),
            Self::AlreadyRegistered { identity } => to.u8(8).did(identity),
            Self::IdentityNotOfKey { identity, key } => to.u8(9).did(identity).key_id(key),
            Self::NotSelfRegistered { identity, first, author, key } => {
                to.u8(10).did(identity).key_id(first).did(author).key_id(key)
            }
            Self::NotOwnIdentity { author, identity } => to.u8(11).did(author).did(identity),
            Self::KeyListed { identity, key } => to.u8(12).did(identity).key_id(key),
            Self::UnknownKey { identity, key } => to.u8(13).did(identity).key_id(key),
            Self::KeyCount { identity, found, max } => to.u8(14).did(identity).u64(*found).u64(*max),
            Self::UnknownAttestation { attestation } => to.u8(15).digest(attestation.digest()),
            Self::NotIssuer { author, issuer } => to.u8(16).did(author).did(issuer),
            Self::AttestationRevoked { attestation, at } => {
                to.u8(17).digest(attestation.digest()).u64(at.get())
            }
            Self::WrongEpoch { found, expected } => to.u8(18).u64(found.get()).u64(expected.get()),
            Self::TooManyChanges { waiting, max } => to.u8(19).u64(*waiting).u64(*max),
            Self::UnknownValidator { name } => to.u8(20).bytes(name.as_bytes()),
            Self::ValidatorName { name } => to.u8(21).bytes(name.as_bytes()),
            Self::ValidatorKey { name } => to.u8(22).bytes(name.as_bytes()),
            Self::ValidatorPower { name, power } => to.u8(23).bytes(name.as_bytes()).u64(*power),
            Self::ValidatorCount { found, max } => to.u8(24).u64(*found).u64(*max),
            Self::ValidatorPolicy { validators } => to.u8(25).u64(*validators),
            Self::UnknownApprover { approver } => to.u8(26).u64(approver.get().into()),
            Self::ApproverTwice { approver } => to.u8(27).u64(approver.get().into()),
            Self::TooFewApprovals { power, needed } => to.u8(28).u64(*power).u64(*needed),
            Self::ApprovalSignature { approver } => to.u8(29).u64(approver.get().into()),
            Self::ValidatorPossession { name } => to.u8(30).bytes(name.as_bytes()),
            Self::KeyConsent { identity, key } => to.u8(31).did(identity).key_id(key),
            Self::NotRetiringKey { retires, key } => to.u8(32).key_id(retires).key_id(key),
            Self::RevokedAhead { from, index, now } => {
                let (kind, number) = match from {
                    RevokedFrom::Here => (1, 0),
                    RevokedFrom::Size(size) => (2, size.get()),
                    RevokedFrom::Time(time) => (3, time.get()),
                };
                to.u8(33).u8(kind).u64(number).u64(index.get()).u64(now.get())
            }
            Self::UnknownArtifact { artifact } => to.u8(40).digest(artifact.digest()),
            Self::NotOwner { author, owner } => to.u8(41).did(author).did(owner),
            Self::ArtifactErased { artifact, at } => to.u8(42).digest(artifact.digest()).u64(at.get()),
            Self::WriteOnce { artifact, until, now } => {
                to.u8(43).digest(artifact.digest()).u64(until.get()).u64(now.get())
            }
            Self::UnknownService { key } => to.u8(50).key_id(key),
            Self::ServiceOver { key, validator } => to.u8(51).key_id(key).bytes(validator.as_bytes()),
            Self::ServiceEndorsement { validator, key } => to.u8(52).bytes(validator.as_bytes()).key_id(key),
            Self::SessionExists { session } => to.u8(53).session(session),
            Self::UnknownSession { session } => to.u8(54).session(session),
            Self::SessionTenant { session, found } => {
                to.u8(55).session(session).bytes(found.as_str().as_bytes())
            }
            Self::SessionFinalized { session, at } => to.u8(56).session(session).u64(at.get()),
            Self::NoSamples { session } => to.u8(57).session(session),
            Self::TooManySamples { session, max } => to.u8(58).session(session).u64(*max),
            Self::SessionDeleted { session, at } => to.u8(59).session(session).u64(at.get()),
            Self::UnknownProof { proof } => to.u8(70).digest(proof.digest()),
            Self::ProofKnown { proof, at } => to.u8(71).digest(proof.digest()).u64(at.get()),
            Self::ProofAhead { timestamp_s, now } => to.u8(72).u64(*timestamp_s).u64(now.get()),
            Self::ProofExpired { expires_at, now } => to.u8(73).u64(expires_at.get()).u64(now.get()),
            Self::NotProofNest { issuer } => to.u8(74).did(issuer),
            Self::NotOwnProof { author, issuer } => to.u8(75).did(author).did(issuer),
            Self::ChainIndex { found, expected } => to.u8(76).u64(*found).u64(*expected),
            Self::ChainHead { found, expected } => {
                to.u8(77);
                for proof in [found, expected] {
                    match proof {
                        None => to.u8(0),
                        Some(proof) => to.u8(1).digest(proof.digest()),
                    };
                }
                to
            }
            Self::Job(refusal) => {
                refusal.write(to);
                to
            }
            Self::UnknownIssuer { issuer } => to.u8(60).text(issuer.as_str()),
            Self::IssuerInactive { issuer } => to.u8(61).text(issuer.as_str()),
            Self::NotIssuersOwner { author, issuer } => to.u8(62).did(author).text(issuer.as_str()),
            Self::IssuerKeyListed { issuer, key } => to.u8(64).text(issuer.as_str()).key_id(key),
            Self::UnknownIssuerKey { issuer, key } => to.u8(65).text(issuer.as_str()).key_id(key),
            Self::IssuerKeyCount { issuer, found, max } => {
                to.u8(66).text(issuer.as_str()).u64(*found).u64(*max)
            }
            Self::AttestationUsed { attestation, by } => {
                to.u8(67).text(attestation.as_str()).digest(by.digest())
            }
            Self::AttestationTime { issued_at_s, expires_at_s, now } => {
                to.u8(68).u64(*issued_at_s).u64(*expires_at_s).u64(now.get())
            }
            Self::AttestationChain { chain, found, previous, expected, after } => to
                .u8(69)
                .text(chain.as_str())
                .u64(*found)
                .text(previous.as_ref().map_or("", AttestationId::as_str))
                .u64(*expected)
                .text(after.as_ref().map_or("", AttestationId::as_str)),
        };
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(match from.u8()? {
            1 => Self::Expired { expires_at: TimeMs::new(from.u64()?), now: TimeMs::new(from.u64()?) },
            2 => Self::WrongNetwork {
                found: NetworkId::new(from.digest()?),
                expected: NetworkId::new(from.digest()?),
            },
            3 => Self::UnknownIdentity { identity: from.did()? },
            4 => Self::KeyNotOfAuthor { author: from.did()?, key: from.key_id()? },
            5 => Self::KeyRetired { key: from.key_id()?, at: LeafIndex::new(from.u64()?) },
            6 => Self::KeyRevoked { key: from.key_id()?, at: LeafIndex::new(from.u64()?) },
            7 => Self::NotRegistrar { key: from.key_id()? },
            8 => Self::AlreadyRegistered { identity: from.did()? },
            9 => Self::IdentityNotOfKey { identity: from.did()?, key: from.key_id()? },
            10 => Self::NotSelfRegistered {
                identity: from.did()?,
                first: from.key_id()?,
                author: from.did()?,
                key: from.key_id()?,
            },
            11 => Self::NotOwnIdentity { author: from.did()?, identity: from.did()? },
            12 => Self::KeyListed { identity: from.did()?, key: from.key_id()? },
            13 => Self::UnknownKey { identity: from.did()?, key: from.key_id()? },
            14 => Self::KeyCount { identity: from.did()?, found: from.u64()?, max: from.u64()? },
            15 => Self::UnknownAttestation { attestation: SubmissionId::new(from.digest()?) },
            16 => Self::NotIssuer { author: from.did()?, issuer: from.did()? },
            17 => Self::AttestationRevoked {
                attestation: SubmissionId::new(from.digest()?),
                at: LeafIndex::new(from.u64()?),
            },
            18 => Self::WrongEpoch { found: Epoch::new(from.u64()?), expected: Epoch::new(from.u64()?) },
            19 => Self::TooManyChanges { waiting: from.u64()?, max: from.u64()? },
            20 => Self::UnknownValidator { name: name(from)? },
            21 => Self::ValidatorName { name: name(from)? },
            22 => Self::ValidatorKey { name: name(from)? },
            23 => Self::ValidatorPower { name: name(from)?, power: from.u64()? },
            24 => Self::ValidatorCount { found: from.u64()?, max: from.u64()? },
            25 => Self::ValidatorPolicy { validators: from.u64()? },
            26 => Self::UnknownApprover { approver: index(from)? },
            27 => Self::ApproverTwice { approver: index(from)? },
            28 => Self::TooFewApprovals { power: from.u64()?, needed: from.u64()? },
            29 => Self::ApprovalSignature { approver: index(from)? },
            30 => Self::ValidatorPossession { name: name(from)? },
            31 => Self::KeyConsent { identity: from.did()?, key: from.key_id()? },
            32 => Self::NotRetiringKey { retires: from.key_id()?, key: from.key_id()? },
            33 => Self::RevokedAhead {
                from: revoked_from(from)?,
                index: LeafIndex::new(from.u64()?),
                now: TimeMs::new(from.u64()?),
            },
            40 => Self::UnknownArtifact { artifact: SubmissionId::new(from.digest()?) },
            41 => Self::NotOwner { author: from.did()?, owner: from.did()? },
            42 => Self::ArtifactErased {
                artifact: SubmissionId::new(from.digest()?),
                at: LeafIndex::new(from.u64()?),
            },
            43 => Self::WriteOnce {
                artifact: SubmissionId::new(from.digest()?),
                until: TimeMs::new(from.u64()?),
                now: TimeMs::new(from.u64()?),
            },
            50 => Self::UnknownService { key: from.key_id()? },
            51 => Self::ServiceOver { key: from.key_id()?, validator: name(from)? },
            52 => Self::ServiceEndorsement { validator: name(from)?, key: from.key_id()? },
            53 => Self::SessionExists { session: from.session()? },
            54 => Self::UnknownSession { session: from.session()? },
            55 => Self::SessionTenant { session: from.session()?, found: tenant(from)? },
            56 => Self::SessionFinalized { session: from.session()?, at: LeafIndex::new(from.u64()?) },
            57 => Self::NoSamples { session: from.session()? },
            58 => Self::TooManySamples { session: from.session()?, max: from.u64()? },
            59 => Self::SessionDeleted { session: from.session()?, at: LeafIndex::new(from.u64()?) },
            70 => Self::UnknownProof { proof: ProofId::new(from.digest()?) },
            71 => Self::ProofKnown { proof: ProofId::new(from.digest()?), at: LeafIndex::new(from.u64()?) },
            72 => Self::ProofAhead { timestamp_s: from.u64()?, now: TimeMs::new(from.u64()?) },
            73 => Self::ProofExpired { expires_at: TimeMs::new(from.u64()?), now: TimeMs::new(from.u64()?) },
            74 => Self::NotProofNest { issuer: from.did()? },
            75 => Self::NotOwnProof { author: from.did()?, issuer: from.did()? },
            76 => Self::ChainIndex { found: from.u64()?, expected: from.u64()? },
            77 => Self::ChainHead { found: proof(from)?, expected: proof(from)? },
            60 => Self::UnknownIssuer { issuer: issuer(from)? },
            61 => Self::IssuerInactive { issuer: issuer(from)? },
            62 => Self::NotIssuersOwner { author: from.did()?, issuer: issuer(from)? },
            64 => Self::IssuerKeyListed { issuer: issuer(from)?, key: from.key_id()? },
            65 => Self::UnknownIssuerKey { issuer: issuer(from)?, key: from.key_id()? },
            66 => Self::IssuerKeyCount { issuer: issuer(from)?, found: from.u64()?, max: from.u64()? },
            67 => {
                let attestation =
                    attestation(from)?.ok_or_else(|| CodecError::field("attestation", "is missing"))?;
                Self::AttestationUsed { attestation, by: SubmissionId::new(from.digest()?) }
            }
            68 => Self::AttestationTime {
                issued_at_s: from.u64()?,
                expires_at_s: from.u64()?,
                now: TimeMs::new(from.u64()?),
            },
            69 => Self::AttestationChain {
                chain: ChainId::parse(&from.text("chain")?)
                    .map_err(|fault| CodecError::field("chain", fault))?,
                found: from.u64()?,
                previous: attestation(from)?,
                expected: from.u64()?,
                after: attestation(from)?,
            },
            number if job::NUMBERS.contains(&number) => Self::Job(Box::new(JobRefusal::read(number, from)?)),
            found => return Err(CodecError::Meaning { field: "rejection", found: u64::from(found) }),
        })
    }
}

fn proof(from: &mut Reader<'_>) -> Result<Option<ProofId>, CodecError> {
    match from.u8()? {
        0 => Ok(None),
        1 => Ok(Some(ProofId::new(from.digest()?))),
        found => Err(CodecError::Meaning { field: "proof", found: u64::from(found) }),
    }
}

fn revoked_from(from: &mut Reader<'_>) -> Result<RevokedFrom, CodecError> {
    match (from.u8()?, from.u64()?) {
        (1, 0) => Ok(RevokedFrom::Here),
        (2, size) => Ok(RevokedFrom::Size(TreeSize::new(size))),
        (3, time) => Ok(RevokedFrom::Time(TimeMs::new(time))),
        (found, _) => Err(CodecError::Meaning { field: "revoked_from", found: u64::from(found) }),
    }
}

fn name(from: &mut Reader<'_>) -> Result<String, CodecError> {
    String::from_utf8(from.bytes()?.to_vec()).map_err(|fault| CodecError::field("name", fault))
}

fn tenant(from: &mut Reader<'_>) -> Result<Tenant, CodecError> {
    Tenant::parse(&name(from)?).map_err(|fault| CodecError::field("tenant", fault))
}

fn issuer(from: &mut Reader<'_>) -> Result<IssuerDid, CodecError> {
    IssuerDid::parse(&from.text("issuer")?).map_err(|fault| CodecError::field("issuer", fault))
}

/// An attestation's name, or nothing.
fn attestation(from: &mut Reader<'_>) -> Result<Option<AttestationId>, CodecError> {
    match from.text("attestation")? {
        text if text.is_empty() => Ok(None),
        text => {
            AttestationId::parse(&text).map(Some).map_err(|fault| CodecError::field("attestation", fault))
        }
    }
}

fn index(from: &mut Reader<'_>) -> Result<ValidatorIndex, CodecError> {
    let number = from.u64()?;
    match u16::try_from(number) {
        Ok(number) => Ok(ValidatorIndex::new(number)),
        Err(_) => Err(CodecError::Meaning { field: "approver", found: number }),
    }
}
