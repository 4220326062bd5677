//! Rejections: why a submission is not executed.
//!
//! A rejection found in a block is for ever, so it is stored, by number and fields; its code and text are made
//! when asked for. Numbers and codes are never reused; texts may be reworded, they are in no digest.

use crypto::KeyId;
use proto::counter::{Epoch, LeafIndex, TimeMs, TreeSize};
use proto::id::{Did, NetworkId, SubmissionId, ValidatorIndex};
use proto::operation::RevokedFrom;

use crate::codec::{CodecError, Reader, Writer};

/// Why a submission is not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Its time was over.
    #[error("it expired at {expires_at} ms, the time is {now} ms")]
    Expired {
        /// From when it may not be executed.
        expires_at: TimeMs,
        /// The time it was judged at.
        now: TimeMs,
    },
    /// Signed for another network.
    #[error("it is signed for network {found}, this is network {expected}")]
    WrongNetwork {
        /// The network it names.
        found: NetworkId,
        /// This network.
        expected: NetworkId,
    },
    /// The identity is not registered, and has to be.
    #[error("the identity {identity} is not registered here")]
    UnknownIdentity {
        /// The identity.
        identity: Did,
    },
    /// The signing key does not belong to the author.
    #[error("key {key} is none of the keys of {author}")]
    KeyNotOfAuthor {
        /// The author.
        author: Did,
        /// The signing key.
        key: KeyId,
    },
    /// The key gave its place to another one.
    #[error("key {key} was retired by entry {at}")]
    KeyRetired {
        /// The key.
        key: KeyId,
        /// The entry that retired it.
        at: LeafIndex,
    },
    /// The key was withdrawn.
    #[error("key {key} was revoked by entry {at}")]
    KeyRevoked {
        /// The key.
        key: KeyId,
        /// The entry that revoked it.
        at: LeafIndex,
    },
    /// Identities are registered by registrars here.
    #[error("key {key} is not a registrar's, and only registrars register identities here")]
    NotRegistrar {
        /// The signing key.
        key: KeyId,
    },
    /// The identity exists.
    #[error("the identity {identity} is registered already")]
    AlreadyRegistered {
        /// The identity.
        identity: Did,
    },
    /// The identity's text does not follow from its first key.
    #[error("the text of {identity} does not follow from its first key {key}")]
    IdentityNotOfKey {
        /// The identity.
        identity: Did,
        /// The first key.
        key: KeyId,
    },
    /// An identity registers itself, with its first key.
    #[error("{identity} has to register itself by its first key {first}; this is by {author} with key {key}")]
    NotSelfRegistered {
        /// The identity.
        identity: Did,
        /// Its first key.
        first: KeyId,
        /// The author.
        author: Did,
        /// The signing key.
        key: KeyId,
    },
    /// Keys are managed by the identity they belong to.
    #[error("{author} cannot manage the keys of {identity}")]
    NotOwnIdentity {
        /// The author.
        author: Did,
        /// The identity whose keys are meant.
        identity: Did,
    },
    /// The identity has or had this key.
    #[error("{identity} lists key {key} already")]
    KeyListed {
        /// The identity.
        identity: Did,
        /// The key.
        key: KeyId,
    },
    /// The identity never had this key.
    #[error("{identity} has no key {key}")]
    UnknownKey {
        /// The identity.
        identity: Did,
        /// The key.
        key: KeyId,
    },
    /// An identity lists no key, or too many; ended ones count, because they stay listed.
    #[error("{identity} would list {found} keys, 1 to {max} are allowed")]
    KeyCount {
        /// The identity.
        identity: Did,
        /// How many it would list.
        found: u64,
        /// How many it may list.
        max: u64,
    },
    /// No such attestation was issued.
    #[error("no attestation was issued by submission {attestation}")]
    UnknownAttestation {
        /// The submission named.
        attestation: SubmissionId,
    },
    /// Attestations are revoked by their issuers.
    #[error("{author} cannot revoke what {issuer} issued")]
    NotIssuer {
        /// The author.
        author: Did,
        /// The issuer.
        issuer: Did,
    },
    /// Attestations are revoked once.
    #[error("attestation {attestation} was revoked by entry {at}")]
    AttestationRevoked {
        /// The attestation.
        attestation: SubmissionId,
        /// The entry that revoked it.
        at: LeafIndex,
    },
    /// Approved by validators that do not reign.
    #[error("it is approved in epoch {found}, this is epoch {expected}")]
    WrongEpoch {
        /// Epoch the approvals are of.
        found: Epoch,
        /// The reigning one.
        expected: Epoch,
    },
    /// Too many changes wait for a hand-over.
    #[error("{waiting} changes of the validators wait, at most {max} may")]
    TooManyChanges {
        /// How many wait.
        waiting: u64,
        /// How many may.
        max: u64,
    },
    /// Nobody of this name is or will be a validator.
    #[error("there is no validator {name}")]
    UnknownValidator {
        /// The name.
        name: String,
    },
    /// The name of the joining validator is malformed, or another has it.
    #[error("the name {name:?} is malformed or taken")]
    ValidatorName {
        /// The name.
        name: String,
    },
    /// A key of the joining validator is used already.
    #[error("a key of validator {name} is in use, or of another scheme than its role")]
    ValidatorKey {
        /// The validator.
        name: String,
    },
    /// The power is zero, or the sum too large.
    #[error("validator {name} would have power {power}")]
    ValidatorPower {
        /// The validator.
        name: String,
        /// Its power.
        power: u64,
    },
    /// None, or too many, would be left.
    #[error("{found} validators would be left, 1 to {max} are allowed")]
    ValidatorCount {
        /// How many there would be.
        found: u64,
        /// How many there may be.
        max: u64,
    },
    /// Nobody outside could say what a quorum of them is.
    #[error("no policy says what a quorum of these {validators} validators is")]
    ValidatorPolicy {
        /// How many there would be.
        validators: u64,
    },
    /// Nobody has this index.
    #[error("approver {approver} is no validator")]
    UnknownApprover {
        /// The index.
        approver: ValidatorIndex,
    },
    /// A validator is counted once.
    #[error("validator {approver} approves twice")]
    ApproverTwice {
        /// Who.
        approver: ValidatorIndex,
    },
    /// No quorum approves.
    #[error("approvers hold {power} of voting power, {needed} are needed")]
    TooFewApprovals {
        /// Power of the approvers.
        power: u64,
        /// Power needed.
        needed: u64,
    },
    /// An approval is not signed by the consensus key of its approver.
    #[error("the approval of validator {approver} does not hold")]
    ApprovalSignature {
        /// Whose.
        approver: ValidatorIndex,
    },
    /// The joining consensus key did not consent.
    #[error("validator {name} has not signed that it joins")]
    ValidatorPossession {
        /// The validator.
        name: String,
    },
    /// A key that should be listed did not consent.
    #[error("key {key} has not signed that it belongs to {identity}")]
    KeyConsent {
        /// The identity.
        identity: Did,
        /// The key.
        key: KeyId,
    },
    /// A rotation is not signed by the key that it retires.
    #[error("a rotation is signed by the key that retires, {retires}, and this one by {key}")]
    NotRetiringKey {
        /// The key that should retire.
        retires: KeyId,
        /// The signing key.
        key: KeyId,
    },
    /// A revocation would begin after itself.
    #[error("a key is revoked from now on or from earlier: {from} is later than entry {index} at {now} ms")]
    RevokedAhead {
        /// From where on it should be revoked.
        from: RevokedFrom,
        /// The leaf it would be revoked by.
        index: LeafIndex,
        /// The time it was judged at.
        now: TimeMs,
    },
    /// No artifact was committed by that submission.
    #[error("no artifact was committed by submission {artifact}")]
    UnknownArtifact {
        /// The submission.
        artifact: SubmissionId,
    },
    /// Somebody else committed the artifact.
    #[error("{author} erases an artifact of {owner}")]
    NotOwner {
        /// The author.
        author: Did,
        /// Who committed it.
        owner: Did,
    },
    /// The artifact is erased already.
    #[error("artifact {artifact} was erased by entry {at}")]
    ArtifactErased {
        /// The submission that committed it.
        artifact: SubmissionId,
        /// The entry that erased it.
        at: LeafIndex,
    },
    /// The artifact is to be kept.
    #[error("artifact {artifact} is kept until {until} ms, the time is {now} ms")]
    WriteOnce {
        /// The submission that committed it.
        artifact: SubmissionId,
        /// Until when nobody erases it.
        until: TimeMs,
        /// The time it was judged at.
        now: TimeMs,
    },
}

impl Rejection {
    /// The stable code: it goes into the digest of rejections and to clients.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "expired",
            Self::WrongNetwork { .. } => "wrong_network",
            Self::UnknownIdentity { .. } => "unknown_identity",
            Self::KeyNotOfAuthor { .. } => "key_not_of_author",
            Self::KeyRetired { .. } => "key_retired",
            Self::KeyRevoked { .. } => "key_revoked",
            Self::NotRegistrar { .. } => "not_registrar",
            Self::AlreadyRegistered { .. } => "already_registered",
            Self::IdentityNotOfKey { .. } => "identity_not_of_key",
            Self::NotSelfRegistered { .. } => "not_self_registered",
            Self::NotOwnIdentity { .. } => "not_own_identity",
            Self::KeyListed { .. } => "key_listed",
            Self::UnknownKey { .. } => "unknown_key",
            Self::KeyCount { .. } => "key_count",
            Self::UnknownAttestation { .. } => "unknown_attestation",
            Self::NotIssuer { .. } => "not_issuer",
            Self::AttestationRevoked { .. } => "attestation_revoked",
            Self::UnknownArtifact { .. } => "unknown_artifact",
            Self::NotOwner { .. } => "not_owner",
            Self::ArtifactErased { .. } => "artifact_erased",
            Self::WriteOnce { .. } => "write_once",
            Self::WrongEpoch { .. } => "wrong_epoch",
            Self::TooManyChanges { .. } => "too_many_changes",
            Self::UnknownValidator { .. } => "unknown_validator",
            Self::ValidatorName { .. } => "validator_name",
            Self::ValidatorKey { .. } => "validator_key",
            Self::ValidatorPower { .. } => "validator_power",
            Self::ValidatorCount { .. } => "validator_count",
            Self::ValidatorPolicy { .. } => "validator_policy",
            Self::UnknownApprover { .. } => "unknown_approver",
            Self::ApproverTwice { .. } => "approver_twice",
            Self::TooFewApprovals { .. } => "too_few_approvals",
            Self::ApprovalSignature { .. } => "approval_signature",
            Self::ValidatorPossession { .. } => "validator_possession",
            Self::KeyConsent { .. } => "key_consent",
            Self::NotRetiringKey { .. } => "not_retiring_key",
            Self::RevokedAhead { .. } => "revoked_ahead",
        }
    }

    /// Whether the same submission can never be accepted. The others may be, once the state has changed; but what
    /// was rejected in a block stays rejected, and needs a new nonce.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::UnknownIdentity { .. }
            | Self::KeyNotOfAuthor { .. }
            | Self::UnknownKey { .. }
            | Self::UnknownAttestation { .. }
            | Self::UnknownArtifact { .. }
            | Self::WriteOnce { .. }
            | Self::TooManyChanges { .. }
            | Self::UnknownValidator { .. }
            | Self::ValidatorName { .. }
            | Self::ValidatorKey { .. }
            | Self::ValidatorCount { .. }
            | Self::ValidatorPolicy { .. }
            | Self::RevokedAhead { .. } => false,
            // Epochs only grow.
            Self::WrongEpoch { found, expected } => found.get() < expected.get(),
            Self::Expired { .. }
            | Self::WrongNetwork { .. }
            | Self::KeyRetired { .. }
            | Self::KeyRevoked { .. }
            | Self::NotRegistrar { .. }
            | Self::AlreadyRegistered { .. }
            | Self::IdentityNotOfKey { .. }
            | Self::NotSelfRegistered { .. }
            | Self::NotOwnIdentity { .. }
            | Self::KeyListed { .. }
            | Self::KeyCount { .. }
            | Self::NotIssuer { .. }
            | Self::AttestationRevoked { .. }
            | Self::NotOwner { .. }
            | Self::ArtifactErased { .. }
            | Self::ValidatorPower { .. }
            | Self::UnknownApprover { .. }
            | Self::ApproverTwice { .. }
            | Self::TooFewApprovals { .. }
            | Self::ApprovalSignature { .. }
            | Self::ValidatorPossession { .. }
            | Self::KeyConsent { .. }
            | Self::NotRetiringKey { .. } => true,
        }
    }

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
            found => return Err(CodecError::Meaning { field: "rejection", found: u64::from(found) }),
        })
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

fn index(from: &mut Reader<'_>) -> Result<ValidatorIndex, CodecError> {
    let number = from.u64()?;
    match u16::try_from(number) {
        Ok(number) => Ok(ValidatorIndex::new(number)),
        Err(_) => Err(CodecError::Meaning { field: "approver", found: number }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crypto::{Digest, sha256};

    use super::*;

    fn one_of_each() -> Vec<Rejection> {
        let did = |n: u8| {
            Did::parse(&format!("did:quorate:{}", KeyId::new(sha256(&[n])))).expect("a did of a key id")
        };
        let (identity, author, issuer) = (did(1), did(2), did(3));
        let (key, first) = (KeyId::new(sha256(b"key")), KeyId::new(sha256(b"first")));
        let at = LeafIndex::new(77);
        let attestation = SubmissionId::new(sha256(b"attestation"));
        let (found, expected) = (NetworkId::new(Digest::ZERO), NetworkId::new(sha256(b"network")));
        vec![
            Rejection::Expired { expires_at: TimeMs::new(5), now: TimeMs::new(6) },
            Rejection::WrongNetwork { found, expected },
            Rejection::UnknownIdentity { identity: identity.clone() },
            Rejection::KeyNotOfAuthor { author: author.clone(), key },
            Rejection::KeyRetired { key, at },
            Rejection::KeyRevoked { key, at },
            Rejection::NotRegistrar { key },
            Rejection::AlreadyRegistered { identity: identity.clone() },
            Rejection::IdentityNotOfKey { identity: identity.clone(), key },
            Rejection::NotSelfRegistered { identity: identity.clone(), first, author: author.clone(), key },
            Rejection::NotOwnIdentity { author: author.clone(), identity: identity.clone() },
            Rejection::KeyListed { identity: identity.clone(), key },
            Rejection::UnknownKey { identity: identity.clone(), key },
            Rejection::KeyCount { identity: identity.clone(), found: 33, max: 32 },
            Rejection::UnknownAttestation { attestation },
            Rejection::NotIssuer { author: author.clone(), issuer },
            Rejection::AttestationRevoked { attestation, at },
            Rejection::WrongEpoch { found: Epoch::new(3), expected: Epoch::new(4) },
            Rejection::TooManyChanges { waiting: 3, max: 4 },
            Rejection::UnknownValidator { name: "v5".to_owned() },
            Rejection::ValidatorName { name: "v5".to_owned() },
            Rejection::ValidatorKey { name: "v5".to_owned() },
            Rejection::ValidatorPower { name: "v5".to_owned(), power: 4 },
            Rejection::ValidatorCount { found: 3, max: 4 },
            Rejection::ValidatorPolicy { validators: 3 },
            Rejection::UnknownApprover { approver: ValidatorIndex::new(3) },
            Rejection::ApproverTwice { approver: ValidatorIndex::new(3) },
            Rejection::TooFewApprovals { power: 3, needed: 4 },
            Rejection::ApprovalSignature { approver: ValidatorIndex::new(3) },
            Rejection::ValidatorPossession { name: "v5".to_owned() },
            Rejection::KeyConsent { identity, key },
            Rejection::NotRetiringKey { retires: first, key },
            Rejection::RevokedAhead {
                from: RevokedFrom::Size(TreeSize::new(9)),
                index: at,
                now: TimeMs::new(6),
            },
            Rejection::UnknownArtifact { artifact: attestation },
            Rejection::NotOwner { author: author.clone(), owner: author },
            Rejection::ArtifactErased { artifact: attestation, at },
            Rejection::WriteOnce { artifact: attestation, until: TimeMs::new(8), now: TimeMs::new(7) },
        ]
    }

    #[test]
    fn numbers_and_codes_are_frozen() {
        // Both stand in committed state: a change here changes history.
        let frozen = "expired wrong_network unknown_identity key_not_of_author key_retired key_revoked \
            not_registrar already_registered identity_not_of_key not_self_registered not_own_identity key_listed \
            unknown_key key_count unknown_attestation not_issuer attestation_revoked \
            wrong_epoch too_many_changes unknown_validator validator_name validator_key validator_power validator_count \
            validator_policy unknown_approver approver_twice too_few_approvals approval_signature validator_possession \
            key_consent not_retiring_key revoked_ahead unknown_artifact not_owner artifact_erased write_once";
        let numbers = (1_u8..=33).chain(40..);
        for ((number, code), rejection) in numbers.zip(frozen.split_whitespace()).zip(one_of_each()) {
            let mut writer = Writer::new();
            rejection.write(&mut writer);
            let bytes = writer.finish();
            assert_eq!((bytes[1], rejection.code()), (number, code));
            assert_eq!(Reader::whole(&bytes, Rejection::read), Ok(rejection));
        }
        assert_eq!(frozen.split_whitespace().collect::<BTreeSet<_>>().len(), one_of_each().len());
    }

    #[test]
    fn an_unknown_number_is_no_rejection() {
        for found in [0, 34, 255] {
            let refused = Reader::whole(&[1, found], Rejection::read);
            assert_eq!(refused, Err(CodecError::Meaning { field: "rejection", found: u64::from(found) }));
        }
    }

    #[test]
    fn a_text_shows_both_sides() {
        let text = Rejection::Expired { expires_at: TimeMs::new(5), now: TimeMs::new(6) }.to_string();
        assert_eq!(text, "it expired at 5 ms, the time is 6 ms");
    }
}
