//! Who may speak for whom, and from which leaf to which.

use crypto::{PublicKey, Scheme};
use ledger::identity::Identity;
use ledger::key::{KeyStanding, Position};
use proto::counter::LeafIndex;
use proto::id::Did;
use proto::operation::Operation;

use crate::world::{Person, World, proof};

/// A world in which this person is registered, by leaf 2, with this key alone.
fn with_registered(person: &Person) -> World {
    let mut world = World::open();
    let create = world.create(person, &person.did, &[person.key()]);
    assert_eq!(world.code(&create), "ok");
    world
}

fn identity(world: &World, did: &Did) -> Identity {
    world.reader().identity(did).expect("readable").expect("registered")
}

#[test]
fn who_registered_nothing_speaks_by_the_key_its_did_names() {
    let mut world = World::open();
    for (seed, scheme) in [(1, Scheme::Ed25519), (2, Scheme::MlDsa65), (3, Scheme::HybridEd25519MlDsa65)] {
        let person = Person::with(scheme, seed);
        let own = world.say(&person, proof(1));
        assert_eq!(world.code(&own), "ok", "{scheme}");
        let foreign = world.say(&person.speaking_as(&Person::new(9).did), proof(1));
        assert_eq!(world.code(&foreign), "key_not_of_author", "{scheme}");
    }
}

#[test]
fn an_identity_registers_itself_by_its_first_key() {
    let mut world = World::open();
    let (alice, bob) = (Person::new(1), Person::new(2));
    let cases: [(&str, &Person, &Did, Vec<&PublicKey>); 7] = [
        ("identity_not_of_key", &alice, &alice.did, vec![bob.key(), alice.key()]),
        ("not_self_registered", &bob, &alice.did, vec![alice.key(), bob.key()]),
        ("not_self_registered", &bob.speaking_as(&alice.did), &alice.did, vec![alice.key(), bob.key()]),
        ("not_self_registered", &alice.speaking_as(&bob.did), &alice.did, vec![alice.key()]),
        ("key_listed", &alice, &alice.did, vec![alice.key(), alice.key()]),
        ("key_count", &alice, &alice.did, vec![]),
        ("ok", &alice, &alice.did, vec![alice.key(), bob.key()]),
    ];
    for (code, signer, did, keys) in cases {
        let create = world.create(signer, did, &keys);
        assert_eq!(world.code(&create), code);
    }
    let again = world.create(&alice, &alice.did, &[alice.key()]);
    assert_eq!(world.code(&again), "already_registered");
    let by_second_key = world.say(&bob.speaking_as(&alice.did), proof(1));
    assert_eq!(world.code(&by_second_key), "ok");
    assert_eq!(world.reader().keys(&alice.did).expect("readable").map(|keys| keys.len()), Some(2));
}

#[test]
fn where_admission_is_registered_only_registrars_register() {
    let (registrar, alice, bob) = (Person::new(9), Person::new(1), Person::new(2));
    let mut world = World::registered(&[&registrar]);
    let early = world.say(&alice, proof(1));
    assert_eq!(world.code(&early), "unknown_identity");
    let own = world.create(&alice, &alice.did, &[alice.key()]);
    assert_eq!(world.code(&own), "not_registrar");
    let in_anothers_name = world.create(&registrar.speaking_as(&bob.did), &alice.did, &[alice.key()]);
    assert_eq!(world.code(&in_anothers_name), "key_not_of_author");
    let not_its_key = world.create(&registrar, &alice.did, &[bob.key()]);
    assert_eq!(world.code(&not_its_key), "identity_not_of_key");
    let create = world.create(&registrar, &alice.did, &[alice.key()]);
    assert_eq!(world.code(&create), "ok");
    let now = world.say(&alice, proof(1));
    assert_eq!(world.code(&now), "ok");
    // To register is all that a registrar's key may.
    let speaks = world.say(&registrar, proof(1));
    assert_eq!(world.code(&speaks), "unknown_identity");
    let manages = world
        .say(&registrar, Operation::KeyAdd { identity: alice.did.clone(), key: registrar.key().clone() });
    assert_eq!(world.code(&manages), "not_own_identity");
}

#[test]
fn a_key_is_good_from_the_leaf_that_lists_it_to_the_one_that_ends_it() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice); // leaf 2, and the block's entry 3
    let second = Person::new(2).speaking_as(&alice.did);
    let third = Person::new(3).speaking_as(&alice.did);

    let before = world.say(&second, proof(1));
    assert_eq!(world.code(&before), "key_not_of_author"); // entry 4
    let add = world.add(&alice, second.key());
    assert_eq!(world.code(&add), "ok"); // leaf 5, entry 6
    let rotate = world.rotate(&second, alice.key(), &third);
    assert_eq!(world.code(&rotate), "ok"); // leaf 7, entry 8
    let by_retired = world.say(&alice, proof(2));
    assert_eq!(world.code(&by_retired), "key_retired"); // entry 9
    let revoke = world.revoke(&third, second.key());
    assert_eq!(world.code(&revoke), "ok"); // leaf 10
    let by_revoked = world.say(&second, proof(3));
    assert_eq!(world.code(&by_revoked), "key_revoked");
    let by_third = world.say(&third, proof(4));
    assert_eq!(world.code(&by_third), "ok");

    let identity = identity(&world, &alice.did);
    let at =
        |leaf, height| Position { index: LeafIndex::new(leaf), height: proto::counter::Height::new(height) };
    let listed: Vec<_> = identity.keys.iter().map(|it| (it.key.clone(), it.from, it.standing)).collect();
    assert_eq!(
        listed,
        [
            (alice.key().clone(), at(2, 1), KeyStanding::Retired { at: at(7, 4) }),
            (second.key().clone(), at(5, 3), KeyStanding::Revoked { at: at(10, 6) }),
            (third.key().clone(), at(7, 4), KeyStanding::Active),
        ]
    );
    assert_eq!(identity.created, at(2, 1));
    // What was signed while a key was good stays good: each key's first and last leaf, and the ones beside them.
    let good = |person: &Person, leaf| {
        identity.key(&person.key().id()).expect("listed").is_good_at(LeafIndex::new(leaf))
    };
    assert_eq!([1, 2, 7, 8].map(|leaf| good(&alice, leaf)), [false, true, true, false]);
    assert_eq!([4, 5, 10, 11].map(|leaf| good(&second, leaf)), [false, true, true, false]);
    assert_eq!([6, 7, 1_000].map(|leaf| good(&third, leaf)), [false, true, true]);
}

#[test]
fn keys_change_within_one_block_in_its_order() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice);
    let second = Person::new(2).speaking_as(&alice.did);
    let add = world.add(&alice, second.key());
    let uses = world.say(&second, proof(1));
    let revoke = world.revoke(&alice, second.key());
    let too_late = world.say(&second, proof(2));
    let applied = world.run(&[add, uses, revoke, too_late.clone()]);
    assert_eq!(crate::world::indexes(&applied), [4, 5, 6]);
    assert!(matches!(
        world.ledger.outcome(&too_late.id()),
        Ok(Some(ledger::Outcome::Rejected { rejection, .. })) if rejection.code() == "key_revoked"
    ));
}

#[test]
fn keys_are_managed_by_their_own_identity_with_its_own_keys() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let mut world = with_registered(&alice);
    let new = Person::new(3);
    let of =
        |identity: &Did, key: &PublicKey| Operation::KeyAdd { identity: identity.clone(), key: key.clone() };
    let cases = [
        ("not_own_identity", bob.clone(), of(&alice.did, new.key())),
        ("key_not_of_author", bob.speaking_as(&alice.did), of(&alice.did, new.key())),
        ("unknown_identity", bob.clone(), of(&bob.did, new.key())),
        ("key_listed", alice.clone(), of(&alice.did, alice.key())),
        ("ok", alice.clone(), of(&alice.did, new.key())),
    ];
    for (code, signer, operation) in cases {
        let submission = world.say(&signer, operation);
        assert_eq!(world.code(&submission), code);
    }
    let cases = [
        ("unknown_key", world.revoke(&alice, bob.key())),
        ("unknown_key", world.rotate(&alice, bob.key(), &bob)),
        ("key_listed", world.rotate(&alice, alice.key(), &new)),
        ("ok", world.revoke(&alice, new.key())),
        ("key_revoked", world.revoke(&alice, new.key())),
        ("key_revoked", world.rotate(&alice, new.key(), &bob)),
        ("key_listed", world.add(&alice, new.key())),
    ];
    for (code, submission) in cases {
        assert_eq!(world.code(&submission), code);
    }
}

#[test]
fn the_last_key_may_go_and_then_nobody_speaks() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice);
    let revoke = world.revoke(&alice, alice.key());
    assert_eq!(world.code(&revoke), "ok");
    for operation in
        [proof(1), Operation::KeyAdd { identity: alice.did.clone(), key: Person::new(2).key().clone() }]
    {
        let submission = world.say(&alice, operation);
        assert_eq!(world.code(&submission), "key_revoked");
    }
    let anew = world.create(&alice, &alice.did, &[alice.key()]);
    assert_eq!(world.code(&anew), "already_registered");
}

#[test]
fn an_identity_lists_a_bounded_number_of_keys() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice);
    for seed in 2..=Identity::KEYS_MAX as u8 {
        let add = world.add(&alice, Person::new(seed).key());
        assert_eq!(world.code(&add), "ok");
    }
    let add = world.add(&alice, Person::new(100).key());
    assert_eq!(world.code(&add), "key_count");
    // One that is ended stays listed, and counts.
    let rotate = world.rotate(&alice, alice.key(), &Person::new(100));
    assert_eq!(world.code(&rotate), "key_count");
}
