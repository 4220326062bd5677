//! Who may speak for whom, and from which leaf to which.

use crypto::{PublicKey, Scheme};
use ledger::Outcome;
use ledger::identity::Identity;
use ledger::key::{KeyStanding, Position};
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::id::Did;
use proto::operation::{Operation, RevokedFrom};

use crate::statements::cose_by;
use crate::world::{Person, START, STEP_MS, World, proof};

/// A world in which this person is registered, by leaf 2, with this key alone.
fn with_registered(person: &Person) -> World {
    let mut world = World::open();
    let create = world.create(person, &person.did, &[person]);
    assert_eq!(world.code(&create), "ok");
    world
}

/// An addition to which the key did not consent.
fn unasked(identity: &Did, key: &PublicKey) -> Operation {
    Operation::KeyAdd { identity: identity.clone(), key: key.clone(), possession: None }
}

fn revoked(at: Position) -> KeyStanding {
    KeyStanding::Revoked { at, from: RevokedFrom::Here }
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
    let cases: [(&str, &Person, &Did, Vec<&Person>); 7] = [
        ("identity_not_of_key", &alice, &alice.did, vec![&bob, &alice]),
        ("not_self_registered", &bob, &alice.did, vec![&alice, &bob]),
        ("not_self_registered", &bob.speaking_as(&alice.did), &alice.did, vec![&alice, &bob]),
        ("not_self_registered", &alice.speaking_as(&bob.did), &alice.did, vec![&alice]),
        ("key_listed", &alice, &alice.did, vec![&alice, &alice]),
        ("key_count", &alice, &alice.did, vec![]),
        ("ok", &alice, &alice.did, vec![&alice, &bob]),
    ];
    for (code, signer, did, keys) in cases {
        let create = world.create(signer, did, &keys);
        assert_eq!(world.code(&create), code);
    }
    let again = world.create(&alice, &alice.did, &[&alice]);
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
    let own = world.create(&alice, &alice.did, &[&alice]);
    assert_eq!(world.code(&own), "not_registrar");
    let in_anothers_name = world.create(&registrar.speaking_as(&bob.did), &alice.did, &[&alice]);
    assert_eq!(world.code(&in_anothers_name), "key_not_of_author");
    let not_its_key = world.create(&registrar, &alice.did, &[&bob]);
    assert_eq!(world.code(&not_its_key), "identity_not_of_key");
    let create = world.create(&registrar, &alice.did, &[&alice]);
    assert_eq!(world.code(&create), "ok");
    let now = world.say(&alice, proof(1));
    assert_eq!(world.code(&now), "ok");
    // To register is all that a registrar's key may.
    let speaks = world.say(&registrar, proof(1));
    assert_eq!(world.code(&speaks), "unknown_identity");
    let manages = world.say(&registrar, unasked(&alice.did, registrar.key()));
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
    let add = world.add(&alice, &second);
    assert_eq!(world.code(&add), "ok"); // leaf 5, entry 6
    let rotate = world.rotate(&alice, alice.key(), &third);
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
            (second.key().clone(), at(5, 3), revoked(at(10, 6))),
            (third.key().clone(), at(7, 4), KeyStanding::Active),
        ]
    );
    assert_eq!(identity.created, at(2, 1));
    // What was signed while a key was good stays good: each key's first and last leaf, and the ones beside them.
    let good = |person: &Person, leaf| {
        identity.key(&person.key().id()).expect("listed").is_good_at(LeafIndex::new(leaf), START)
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
    let add = world.add(&alice, &second);
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
    let cases = [
        ("not_own_identity", world.say(&bob, unasked(&alice.did, new.key()))),
        ("key_not_of_author", world.add(&bob.speaking_as(&alice.did), &new)),
        ("unknown_identity", world.add(&bob, &new)),
        ("key_listed", world.add(&alice, &alice)),
        ("ok", world.add(&alice, &new)),
    ];
    for (code, submission) in cases {
        assert_eq!(world.code(&submission), code);
    }
    let cases = [
        ("unknown_key", world.revoke(&alice, bob.key())),
        ("unknown_key", world.rotate(&alice, bob.key(), &bob)),
        ("key_listed", world.rotate(&alice, alice.key(), &new)),
        ("ok", world.revoke(&alice, new.key())),
        ("key_revoked", world.revoke(&alice, new.key())),
        ("key_revoked", world.rotate(&alice, new.key(), &bob)),
        ("key_listed", world.add(&alice, &new)),
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
    for submission in [world.say(&alice, proof(1)), world.add(&alice, &Person::new(2))] {
        assert_eq!(world.code(&submission), "key_revoked");
    }
    let anew = world.create(&alice, &alice.did, &[&alice]);
    assert_eq!(world.code(&anew), "already_registered");
}

#[test]
fn an_identity_lists_a_bounded_number_of_keys() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice);
    for seed in 2..=Identity::KEYS_MAX as u8 {
        let add = world.add(&alice, &Person::new(seed));
        assert_eq!(world.code(&add), "ok");
    }
    let add = world.add(&alice, &Person::new(100));
    assert_eq!(world.code(&add), "key_count");
    // One that is ended stays listed, and counts.
    let rotate = world.rotate(&alice, alice.key(), &Person::new(100));
    assert_eq!(world.code(&rotate), "key_count");
}

#[test]
fn nobody_lists_a_key_that_did_not_consent() {
    let (alice, bob, eve) = (Person::new(1), Person::new(2), Person::new(3));
    let mut world = World::open();
    let create = |keys: &[&Person]| Operation::IdentityCreate {
        identity: alice.did.clone(),
        keys: keys.iter().map(|person| person.key().clone()).collect(),
        possessions: Vec::new(),
    };
    let alone = world.say(&alice, create(&[&alice, &bob]));
    assert_eq!(world.code(&alone), "key_consent");
    // Who signs the submission has consented by that.
    let own = world.say(&alice, create(&[&alice]));
    assert_eq!(world.code(&own), "ok");
    let strangers = world.say(&alice, unasked(&alice.did, bob.key()));
    assert_eq!(world.code(&strangers), "key_consent");
    let consented = world.add(&alice, &bob);
    assert_eq!(world.code(&consented), "ok");

    // A registrar cannot put a key of its own beside that of somebody who knows nothing of it.
    let registrar = Person::new(9);
    let mut world = World::registered(&[&registrar]);
    let taken = world.say(&registrar, create(&[&alice, &registrar]));
    assert_eq!(world.code(&taken), "key_consent");
    let asked = world.create(&registrar, &alice.did, &[&alice, &eve]);
    assert_eq!(world.code(&asked), "ok");
}

#[test]
fn a_rotation_is_signed_by_the_key_that_retires() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice);
    let second = Person::new(2).speaking_as(&alice.did);
    let add = world.add(&alice, &second);
    assert_eq!(world.code(&add), "ok");
    let by_another = world.rotate(&second, alice.key(), &Person::new(3));
    assert_eq!(world.code(&by_another), "not_retiring_key");
    let by_itself = world.rotate(&alice, alice.key(), &Person::new(3));
    assert_eq!(world.code(&by_itself), "ok");
}

#[test]
fn a_revocation_reaches_back_and_never_ahead() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice); // leaf 2 at 1 s, and the block's entry 3
    let second = Person::new(2).speaking_as(&alice.did);
    let third = Person::new(3).speaking_as(&alice.did);
    let fourth = Person::new(4).speaking_as(&alice.did);
    for (person, leaf) in [(&second, 4), (&third, 6), (&fourth, 8)] {
        let add = world.add(&alice, person);
        assert_eq!(crate::world::indexes(&world.run(&[add])), [leaf]);
    }
    // Block h has the time START + h s; the next is block 5, with leaf 10.
    let time = |height| TimeMs::new(START.get() + height * STEP_MS);
    let now = time(5);
    for (code, from) in [
        ("revoked_ahead", RevokedFrom::Size(TreeSize::new(11))),
        ("revoked_ahead", RevokedFrom::Time(TimeMs::new(now.get() + 2 * STEP_MS))),
    ] {
        // A refused one leaves the block's own entry alone, so sizes grow by one.
        let early = world.revoke_from(&alice, second.key(), from);
        assert_eq!(world.code(&early), code, "{from}");
    }
    let cases = [
        (&second, RevokedFrom::Size(TreeSize::new(5))),
        (&third, RevokedFrom::Time(time(4))),
        (&fourth, RevokedFrom::Size(TreeSize::new(16))), // leaf 16: from its own leaf on, as without
    ];
    for (person, from) in cases {
        let revoke = world.revoke_from(&alice, person.key(), from);
        assert_eq!(world.code(&revoke), "ok", "{from}");
        let late = world.say(person, proof(1));
        assert_eq!(world.code(&late), "key_revoked");
    }
    let identity = identity(&world, &alice.did);
    let key = |person: &Person| identity.key(&person.key().id()).expect("listed").clone();
    let good = |person: &Person, leaf, time| key(person).is_good_at(LeafIndex::new(leaf), time);
    let at = |person: &Person| key(person).until().expect("ended").index.get();
    assert_eq!([at(&second), at(&third), at(&fourth)], [12, 15, 18]);
    // The leaf that revokes stays good, though the key may have signed it.
    assert_eq!([4, 5, 11, 12, 13].map(|leaf| good(&second, leaf, now)), [true, false, false, true, false]);
    assert!(good(&third, 14, time(3)) && !good(&third, 14, time(4)) && good(&third, 15, time(8)));
    assert_eq!([15, 16, 17, 18, 19].map(|leaf| good(&fourth, leaf, now)), [true, false, false, true, false]);
}

#[test]
fn an_identity_is_known_as_of_any_size() {
    let alice = Person::new(1);
    let mut world = with_registered(&alice); // leaf 2
    let second = Person::new(2);
    let add = world.add(&alice, &second); // leaf 4
    let rotate = world.rotate(&alice, alice.key(), &Person::new(3)); // leaf 5
    world.run(&[add, rotate]);
    let identity = identity(&world, &alice.did);
    let seen = |size| {
        let then = identity.as_of(TreeSize::new(size))?;
        Some((then.keys.len(), then.active().count()))
    };
    assert_eq!([2, 3, 4, 5, 6].map(seen), [None, Some((1, 1)), Some((1, 1)), Some((2, 2)), Some((3, 2))]);
    assert_eq!(identity.as_of(TreeSize::new(100)), Some(identity.clone()));
}

#[test]
fn whoever_knows_a_key_finds_who_lists_it() {
    let (alice, bob, shared) = (Person::new(1), Person::new(2), Person::new(3));
    let mut world = with_registered(&alice);
    let all = [world.add(&alice, &shared), world.create(&bob, &bob.did, &[&bob, &shared])];
    world.run(&all);
    let listings = |person: &Person, max| {
        let found = world.reader().listings(&person.key().id(), max).expect("readable");
        found.into_iter().map(|(did, leaf)| (did, leaf.get())).collect::<Vec<_>>()
    };
    let mut expected = vec![(alice.did.clone(), 4), (bob.did.clone(), 5)];
    expected.sort();
    assert_eq!(listings(&shared, 9), expected);
    assert_eq!(listings(&shared, 1), expected[..1]);
    assert_eq!(listings(&alice, 9), [(alice.did.clone(), 2)]);
    assert_eq!(listings(&Person::new(4), 9), []);
}

#[test]
fn a_block_time_is_found_in_the_log() {
    let mut world = World::open();
    for n in 0..5 {
        // A statement of COSE is a leaf that states no time.
        let statement = cose_by(&Person::new(2), "x", n as u8);
        let proofs: Vec<_> = (0..=n).map(|i| world.say(&Person::new(1), proof(10 * n + i))).collect();
        let submissions: Vec<_> = std::iter::once(statement).chain(proofs).collect();
        world.run(&submissions);
    }
    let reader = world.reader();
    let size = world.ledger.tip().head.size;
    let mut expected = Vec::new();
    for height in 0..=6 {
        let time = TimeMs::new(START.get() + height * STEP_MS);
        let by_hand = (0..size.get()).find(|index| {
            let (_, entry) = reader.entry(LeafIndex::new(*index)).expect("readable").expect("there");
            match entry {
                proto::entry::Entry::Submission(entry) => entry.time >= time,
                proto::entry::Entry::Block(block) => block.time >= time,
                proto::entry::Entry::Statement(entry) => {
                    match reader.by_id(&entry.submission().id()).expect("readable") {
                        Some(Outcome::Committed { time: of, .. }) => of >= time,
                        other => panic!("{other:?}"),
                    }
                }
                proto::entry::Entry::Genesis(_) | proto::entry::Entry::Epoch(_) => false,
            }
        });
        expected.push(by_hand.unwrap_or(size.get()));
        assert_eq!(
            reader.first_leaf_since(time, size).expect("readable").get(),
            *expected.last().expect("one")
        );
    }
    assert_eq!(expected[0], 2, "the genesis is before all times");
    let small = TreeSize::new(3);
    assert_eq!(reader.first_leaf_since(TimeMs::new(u64::MAX), small), Ok(LeafIndex::new(3)));
}
