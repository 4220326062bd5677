//! One of each rejection: what is frozen of it, and what it says.

use std::collections::BTreeSet;

use crypto::{Digest, sha256};
use proto::counter::TreeSize;

use super::*;
use crate::codec::{CodecError, Reader, Writer};

fn one_of_each() -> Vec<Rejection> {
    let did =
        |n: u8| Did::parse(&format!("did:quorate:{}", KeyId::new(sha256(&[n])))).expect("a did of a key id");
    let (identity, author, issuer) = (did(1), did(2), did(3));
    let (key, first) = (KeyId::new(sha256(b"key")), KeyId::new(sha256(b"first")));
    let at = LeafIndex::new(77);
    let node = IssuerDid::parse("did:qwed:node:production").expect("an issuer");
    let jti = |text: &str| AttestationId::parse(text).expect("a name");
    let attestation = SubmissionId::new(sha256(b"attestation"));
    let session = SessionId::new([7; 16]);
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
        Rejection::RevokedAhead { from: RevokedFrom::Size(TreeSize::new(9)), index: at, now: TimeMs::new(6) },
        Rejection::UnknownArtifact { artifact: attestation },
        Rejection::NotOwner { author: author.clone(), owner: author },
        Rejection::ArtifactErased { artifact: attestation, at },
        Rejection::WriteOnce { artifact: attestation, until: TimeMs::new(8), now: TimeMs::new(7) },
        Rejection::UnknownService { key },
        Rejection::ServiceOver { key, validator: "v5".to_owned() },
        Rejection::ServiceEndorsement { validator: "v5".to_owned(), key },
        Rejection::SessionExists { session },
        Rejection::UnknownSession { session },
        Rejection::SessionTenant { session, found: Tenant::default_tenant() },
        Rejection::SessionFinalized { session, at },
        Rejection::NoSamples { session },
        Rejection::TooManySamples { session, max: 9 },
        Rejection::SessionDeleted { session, at },
        Rejection::UnknownProof { proof: ProofId::new(sha256(b"proof")) },
        Rejection::ProofKnown { proof: ProofId::new(sha256(b"proof")), at },
        Rejection::ProofAhead { timestamp_s: 9, now: TimeMs::new(7) },
        Rejection::ProofExpired { expires_at: TimeMs::new(8), now: TimeMs::new(9) },
        Rejection::NotProofNest { issuer: did(4) },
        Rejection::NotOwnProof { author: did(4), issuer: did(5) },
        Rejection::ChainIndex { found: 3, expected: 4 },
        Rejection::ChainHead { found: None, expected: Some(ProofId::new(sha256(b"proof"))) },
        Rejection::UnknownIssuer { issuer: node.clone() },
        Rejection::IssuerInactive { issuer: node.clone() },
        Rejection::NotIssuersOwner { author: did(2), issuer: node.clone() },
        Rejection::IssuerKeyListed { issuer: node.clone(), key },
        Rejection::UnknownIssuerKey { issuer: node.clone(), key },
        Rejection::IssuerKeyCount { issuer: node, found: 129, max: 128 },
        Rejection::AttestationUsed { attestation: jti("att_a"), by: attestation },
        Rejection::AttestationTime { issued_at_s: 5, expires_at_s: 6, now: TimeMs::new(7) },
        Rejection::AttestationChain {
            chain: ChainId::parse("chain_abc").expect("a name"),
            found: 2,
            previous: Some(jti("att_a")),
            expected: 1,
            after: None,
        },
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
        key_consent not_retiring_key revoked_ahead unknown_artifact not_owner artifact_erased write_once \
        unknown_service service_over service_endorsement session_exists unknown_session session_tenant \
        session_finalized no_samples too_many_samples session_deleted \
        unknown_proof proof_known proof_ahead proof_expired not_proofnest not_own_proof chain_index chain_head \
        unknown_issuer issuer_inactive not_issuers_owner issuer_key_listed unknown_issuer_key \
        issuer_key_count attestation_used attestation_time attestation_chain";
    let numbers = (1_u8..=33).chain(40..=43).chain(50..=59).chain(70..=77).chain(60..=62).chain(64..);
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
    for found in [0, 34, 63, 255] {
        let refused = Reader::whole(&[1, found], Rejection::read);
        assert_eq!(refused, Err(CodecError::Meaning { field: "rejection", found: u64::from(found) }));
    }
}

#[test]
fn a_text_shows_both_sides() {
    let text = Rejection::Expired { expires_at: TimeMs::new(5), now: TimeMs::new(6) }.to_string();
    assert_eq!(text, "it expired at 5 ms, the time is 6 ms");
}
