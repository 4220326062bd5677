//! Attestations: issued by anyone who may speak, revoked by who issued them, once.

use ledger::attestation::Attestation;
use ledger::key::Position;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::id::SubmissionId;
use proto::operation::Operation;

use crate::world::{Person, World, digest, proof};

fn issue(expires_at_ms: Option<u64>) -> Operation {
    Operation::AttestationIssue {
        subject: "artifact".to_owned(),
        predicate_type: "https://example.com/built".to_owned(),
        predicate: b"{}".to_vec(),
        content: Some(digest(1)),
        expires_at_ms,
    }
}

fn revoke(attestation: SubmissionId) -> Operation {
    Operation::AttestationRevoke { attestation, reason: "wrong".to_owned() }
}

#[test]
fn an_issuer_revokes_its_attestation_once() {
    let mut world = World::open();
    let (alice, mallory) = (Person::new(1), Person::new(2));
    let issued = world.say(&alice, issue(Some(9_000_000)));
    assert_eq!(world.code(&issued), "ok");
    let id = issued.id();
    let standing = |world: &World| world.reader().attestation(&id).expect("readable");
    let expected = Attestation {
        issuer: alice.did.clone(),
        issued: Position { index: LeafIndex::new(2), height: Height::new(1) },
        expires_at: Some(TimeMs::new(9_000_000)),
        revoked: None,
    };
    assert_eq!(standing(&world), Some(expected.clone()));
    assert!(expected.holds_at(TimeMs::new(8_999_999)));
    assert!(!expected.holds_at(TimeMs::new(9_000_000)));

    let by_stranger = world.say(&mallory, revoke(id));
    assert_eq!(world.code(&by_stranger), "not_issuer");
    let in_her_name = world.say(&mallory.speaking_as(&alice.did), revoke(id));
    assert_eq!(world.code(&in_her_name), "key_not_of_author");
    assert_eq!(standing(&world), Some(expected.clone()));
    let of_nothing = world.say(&alice, revoke(SubmissionId::new(digest(5))));
    assert_eq!(world.code(&of_nothing), "unknown_attestation");

    let by_issuer = world.say(&alice, revoke(id));
    assert_eq!(world.code(&by_issuer), "ok");
    let revoked = standing(&world).expect("nothing is deleted");
    assert!(!revoked.holds_at(TimeMs::new(0)));
    let again = world.say(&alice, revoke(id));
    assert_eq!(world.code(&again), "attestation_revoked");
    assert_eq!(standing(&world), Some(revoked));
}

#[test]
fn only_attestations_can_be_revoked() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submitted = world.say(&alice, proof(1));
    assert_eq!(world.code(&submitted), "ok");
    let revoked = world.say(&alice, revoke(submitted.id()));
    assert_eq!(world.code(&revoked), "unknown_attestation");
}

#[test]
fn an_issuer_stays_the_issuer_when_its_keys_change() {
    let mut world = World::open();
    let alice = Person::new(1);
    let issued = world.say(&alice, issue(None));
    assert_eq!(world.code(&issued), "ok");
    let create = world.create(&alice, &alice.did, &[&alice]);
    assert_eq!(world.code(&create), "ok");
    let second = Person::new(2).speaking_as(&alice.did);
    let rotate = world.rotate(&alice, alice.key(), &second);
    assert_eq!(world.code(&rotate), "ok");
    let by_old = world.say(&alice, revoke(issued.id()));
    assert_eq!(world.code(&by_old), "key_retired");
    let by_new = world.say(&second, revoke(issued.id()));
    assert_eq!(world.code(&by_new), "ok");
}

#[test]
fn an_anchor_is_an_entry_and_nothing_more() {
    let mut world = World::open();
    let alice = Person::new(1);
    let anchor = Operation::BatchAnchor { root: digest(3), count: 5, tree: "rfc6962-sha256".to_owned() };
    let submission = world.say(&alice, anchor);
    assert_eq!(world.code(&submission), "ok");
}
