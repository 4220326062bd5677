//! Rejections: why a submission is not executed.
//!
//! A rejection found in a block is for ever, so it is stored, by number and fields (`stored`); its code and text are made
//! when asked for. Numbers and codes are never reused; texts may be reworded, they are in no digest.

use crypto::KeyId;
use proto::counter::{Epoch, LeafIndex, TimeMs};
use proto::id::{Did, NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::operation::RevokedFrom;
use proto::operation::issuer::IssuerDid;
use proto::operation::seal::{AttestationId, ChainId};
use proto::primitive::ProofId;
use proto::session::SessionId;

use crate::job::JobRefusal;

mod stored;
#[cfg(test)]
mod tests;

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
    /// No such issuer was set.
    #[error("no issuer {issuer} was set")]
    UnknownIssuer {
        /// The issuer.
        issuer: IssuerDid,
    },
    /// The issuer is not to be believed.
    #[error("the issuer {issuer} is inactive")]
    IssuerInactive {
        /// The issuer.
        issuer: IssuerDid,
    },
    /// The issuer belongs to somebody else.
    #[error("the issuer {issuer} is not of {author}")]
    NotIssuersOwner {
        /// The author.
        author: Did,
        /// The issuer.
        issuer: IssuerDid,
    },
    /// The issuer lists the key already.
    #[error("the issuer {issuer} lists key {key} already")]
    IssuerKeyListed {
        /// The issuer.
        issuer: IssuerDid,
        /// The key.
        key: KeyId,
    },
    /// The issuer lists no such key, or another holds it.
    #[error("the issuer {issuer} lists no key {key} that is held by the author")]
    UnknownIssuerKey {
        /// The issuer.
        issuer: IssuerDid,
        /// The key.
        key: KeyId,
    },
    /// The issuer would list too many keys.
    #[error("the issuer {issuer} would list {found} keys, at most {max} are allowed")]
    IssuerKeyCount {
        /// The issuer.
        issuer: IssuerDid,
        /// How many it would list.
        found: u64,
        /// How many it may.
        max: u64,
    },
    /// The attestation's name is taken.
    #[error("attestation {attestation} was sealed by submission {by}")]
    AttestationUsed {
        /// The attestation.
        attestation: AttestationId,
        /// The submission that sealed it.
        by: SubmissionId,
    },
    /// What it says of its times cannot be.
    #[error(
        "signed or made at {issued_at_s} s, expiring at {expires_at_s} s, does not fit the time {now} ms"
    )]
    AttestationTime {
        /// When it was signed, in seconds since 1970.
        issued_at_s: u64,
        /// From when it no longer holds, in seconds since 1970; 0 of a key.
        expires_at_s: u64,
        /// The time it was judged at.
        now: TimeMs,
    },
    /// It is not the next of its chain.
    #[error("chain {chain} goes on at {expected} after {}, this is {found} after {}", name_or(.after), name_or(.previous))]
    AttestationChain {
        /// The chain.
        chain: ChainId,
        /// The place it names.
        found: u64,
        /// The attestation it names as the one before it.
        previous: Option<AttestationId>,
        /// The place that is next.
        expected: u64,
        /// The attestation that is last.
        after: Option<AttestationId>,
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
    /// The key that signs is of no service that a validator endorsed.
    #[error("key {key} is of no validator's service")]
    UnknownService {
        /// The key.
        key: KeyId,
    },
    /// The validator that endorsed the key of its service does not reign.
    #[error("key {key} is of the service of {validator}, which is not a validator now")]
    ServiceOver {
        /// The key.
        key: KeyId,
        /// The validator.
        validator: String,
    },
    /// A validator's endorsement of a key does not hold.
    #[error("the endorsement of key {key} does not hold under the consensus key of validator {validator}")]
    ServiceEndorsement {
        /// The validator.
        validator: String,
        /// The key.
        key: KeyId,
    },
    /// The id was taken.
    #[error("session {session} is open already")]
    SessionExists {
        /// The session.
        session: SessionId,
    },
    /// No such session.
    #[error("there is no session {session}")]
    UnknownSession {
        /// The session.
        session: SessionId,
    },
    /// The session is another tenant's.
    #[error("session {session} is not one of tenant {found}")]
    SessionTenant {
        /// The session.
        session: SessionId,
        /// The tenant that asks.
        found: Tenant,
    },
    /// It was finalized.
    #[error("session {session} was finalized by entry {at}")]
    SessionFinalized {
        /// The session.
        session: SessionId,
        /// The entry that did it.
        at: LeafIndex,
    },
    /// There is nothing to finalize.
    #[error("session {session} has no samples")]
    NoSamples {
        /// The session.
        session: SessionId,
    },
    /// It has as many samples as there may be.
    #[error("session {session} has {max} samples, which is as many as there may be")]
    TooManySamples {
        /// The session.
        session: SessionId,
        /// How many there may be.
        max: u64,
    },
    /// It was deleted.
    #[error("session {session} was deleted by entry {at}")]
    SessionDeleted {
        /// The session.
        session: SessionId,
        /// The entry that did it.
        at: LeafIndex,
    },
    /// The proof it follows was not told whole before.
    #[error("no {proof} was told before")]
    UnknownProof {
        /// The proof named.
        proof: ProofId,
    },
    /// A proof is told once.
    #[error("{proof} was told by entry {at}")]
    ProofKnown {
        /// The proof.
        proof: ProofId,
        /// The entry that told it.
        at: LeafIndex,
    },
    /// The proof's own time is too far ahead.
    #[error("the proof is of {timestamp_s} s, the time is {now} ms, and it may be 60 s ahead")]
    ProofAhead {
        /// Its time, in seconds.
        timestamp_s: u64,
        /// The time it was judged at.
        now: TimeMs,
    },
    /// The proof is no longer valid.
    #[error("the proof expired at {expires_at} ms, the time is {now} ms")]
    ProofExpired {
        /// From when on it is not valid.
        expires_at: TimeMs,
        /// The time it was judged at.
        now: TimeMs,
    },
    /// Proofs are issued by identities of ProofNest.
    #[error("{issuer} issues no proofs: that does a did:pn")]
    NotProofNest {
        /// The issuer.
        issuer: Did,
    },
    /// Somebody else says what the proof's id does not cover.
    #[error("metadata, expiry and chain of a proof are said by its issuer {issuer}, and this is by {author}")]
    NotOwnProof {
        /// The author.
        author: Did,
        /// The issuer.
        issuer: Did,
    },
    /// A chain has another length.
    #[error("it is number {found} of its chain, the next is {expected}")]
    ChainIndex {
        /// The place it names.
        found: u64,
        /// The place that comes next.
        expected: u64,
    },
    /// A chain ends with another proof.
    #[error("it follows {}, its chain ends with {}", or_none(found), or_none(expected))]
    ChainHead {
        /// The proof it follows.
        found: Option<ProofId>,
        /// The last proof of the chain.
        expected: Option<ProofId>,
    },
    /// Nothing is done with a job, its evidence, or a key that signs evidence.
    #[error(transparent)]
    Job(Box<JobRefusal>),
}

fn name_or(name: &Option<AttestationId>) -> &str {
    name.as_ref().map_or("nothing", AttestationId::as_str)
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
            Self::UnknownService { .. } => "unknown_service",
            Self::ServiceOver { .. } => "service_over",
            Self::ServiceEndorsement { .. } => "service_endorsement",
            Self::SessionExists { .. } => "session_exists",
            Self::UnknownSession { .. } => "unknown_session",
            Self::SessionTenant { .. } => "session_tenant",
            Self::SessionFinalized { .. } => "session_finalized",
            Self::NoSamples { .. } => "no_samples",
            Self::TooManySamples { .. } => "too_many_samples",
            Self::SessionDeleted { .. } => "session_deleted",
            Self::UnknownIssuer { .. } => "unknown_issuer",
            Self::IssuerInactive { .. } => "issuer_inactive",
            Self::NotIssuersOwner { .. } => "not_issuers_owner",
            Self::IssuerKeyListed { .. } => "issuer_key_listed",
            Self::UnknownIssuerKey { .. } => "unknown_issuer_key",
            Self::IssuerKeyCount { .. } => "issuer_key_count",
            Self::AttestationUsed { .. } => "attestation_used",
            Self::AttestationTime { .. } => "attestation_time",
            Self::AttestationChain { .. } => "attestation_chain",
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
            Self::UnknownProof { .. } => "unknown_proof",
            Self::ProofKnown { .. } => "proof_known",
            Self::ProofAhead { .. } => "proof_ahead",
            Self::ProofExpired { .. } => "proof_expired",
            Self::NotProofNest { .. } => "not_proofnest",
            Self::NotOwnProof { .. } => "not_own_proof",
            Self::ChainIndex { .. } => "chain_index",
            Self::ChainHead { .. } => "chain_head",
            Self::Job(refusal) => refusal.code(),
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
            | Self::UnknownIssuer { .. }
            | Self::IssuerInactive { .. }
            | Self::IssuerKeyListed { .. }
            | Self::UnknownIssuerKey { .. }
            | Self::IssuerKeyCount { .. }
            | Self::AttestationChain { .. }
            | Self::TooManyChanges { .. }
            | Self::UnknownValidator { .. }
            | Self::ValidatorName { .. }
            | Self::ValidatorKey { .. }
            | Self::ValidatorCount { .. }
            | Self::ValidatorPolicy { .. }
            | Self::UnknownService { .. }
            | Self::ServiceOver { .. }
            | Self::UnknownSession { .. }
            | Self::NoSamples { .. } => false,
            Self::UnknownProof { .. }
            | Self::ProofAhead { .. }
            | Self::ChainHead { .. }
            | Self::RevokedAhead { .. } => false,
            Self::Job(refusal) => refusal.is_permanent(),
            // Chains only grow.
            Self::ChainIndex { found, expected } => *found < *expected,
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
            | Self::NotRetiringKey { .. }
            | Self::ServiceEndorsement { .. }
            | Self::SessionExists { .. }
            | Self::SessionTenant { .. }
            | Self::SessionFinalized { .. }
            | Self::TooManySamples { .. }
            | Self::SessionDeleted { .. } => true,
            Self::ProofKnown { .. }
            | Self::ProofExpired { .. }
            | Self::NotProofNest { .. }
            | Self::NotOwnProof { .. } => true,
            Self::NotIssuersOwner { .. } | Self::AttestationUsed { .. } => true,
            // What is ahead of the time comes to it.
            Self::AttestationTime { issued_at_s, now, .. } => issued_at_s.saturating_mul(1_000) <= now.get(),
        }
    }
}

fn or_none(proof: &Option<ProofId>) -> String {
    proof.map_or_else(|| "none".to_owned(), |proof| proof.to_string())
}
