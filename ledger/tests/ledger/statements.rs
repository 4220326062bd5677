//! Statements that were signed elsewhere: who may register them, what leaf they become, and that they are replayed.

use std::fs;

use crypto::{PublicKey, Scheme, SecretKey, derive_seed};
use ledger::{Ledger, Outcome};
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::genesis::Admission;
use proto::id::NetworkId;
use proto::statement::{Format, cose};
use proto::submission::Submission;
use proto::verified::{Strict, Unverified};

use crate::world::{Person, World, genesis, indexes, proof};

/// A statement of COSE by a person in the name of a DID, or of anything else.
pub fn cose_by(person: &Person, issuer: &str, n: u8) -> Submission {
    let draft = cose::Draft::new(person.key(), issuer, "a subject", "text/plain", vec![n]).expect("ed25519");
    let statement = draft.seal(&person.secret.sign(&draft.message())).expect("its own signature");
    cose::submission(&statement).expect("well formed")
}

/// One committed statement of each format, and whose keys they need.
pub fn one_of_each() -> Vec<Submission> {
    let ed25519 = committed_key(Scheme::Ed25519, "statement/ed25519");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/statement");
    let all = [
        ("cose-ed25519.cose", Format::Cose, None),
        ("cose-ml-dsa-65.cose", Format::Cose, None),
        ("jws-ed25519.jws", Format::Jws, None),
        ("jws-json.json", Format::JwsJson, None),
        ("dsse.json", Format::Dsse, Some(ed25519)),
        ("http-ed25519.json", Format::Http, None),
    ];
    let read = |name: &str| fs::read(format!("{folder}/{name}")).expect("proto's tests write it");
    all.into_iter()
        .map(|(name, format, key)| {
            Submission::statement(format, &read(name), key.into_iter().collect()).expect(name)
        })
        .collect()
}

fn committed_key(scheme: Scheme, name: &str) -> PublicKey {
    SecretKey::from_seed(scheme, &derive_seed(&[1; 32], name)).expect("signs").public().clone()
}

#[test]
fn each_format_is_registered_once_and_read_back() {
    let mut world = World::open();
    let all = one_of_each();
    let applied = world.run(&all);
    assert_eq!(indexes(&applied), [2, 3, 4, 5, 6, 7]);
    for (index, statement) in (2..).map(LeafIndex::new).zip(&all) {
        let (bytes, entry) = world.reader().entry(index).expect("readable").expect("there");
        assert_eq!(bytes == **statement.bytes(), statement.is_leaf());
        let found = match &entry {
            Entry::Statement(entry) => entry.submission(),
            Entry::Submission(entry) => {
                assert_eq!((entry.height, entry.time), (applied.height, world.ledger.tip().time));
                &entry.submission
            }
            Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => panic!("a statement's leaf"),
        };
        assert_eq!(found, statement);
        let outcome = world.reader().by_id(&statement.id()).expect("readable");
        assert!(matches!(outcome, Some(Outcome::Committed { index: at, .. }) if at == index));
    }
    let block = world.reader().block(applied.height).expect("readable").expect("there");
    assert_eq!(block.batches[0].submissions, all, "of leaves of both kinds the block is made whole");
    // The same bytes again, and those that another unprotected header hung on: the same submission, once.
    let at = 4 + all[0].bytes()[3] as usize;
    assert_eq!(all[0].bytes()[at], 0xa0, "the empty header stands behind the protected one");
    let hung = [&all[0].bytes()[..at], &[0xa1, 0x04, 0x41, 7], &all[0].bytes()[at + 1..]].concat();
    let again = cose::submission(&hung).expect("well formed");
    assert_eq!(again, all[0]);
    let applied = world.run(&[again, all[3].clone()]);
    assert!(applied.outcomes.is_empty());
    let reopened = Ledger::open(world.store.clone(), &world.genesis).expect("our store").0;
    assert_eq!(reopened.tip(), world.ledger.tip());
}

/// Rule T2: no statement names a network; every other submission does.
#[test]
fn a_statement_is_taken_by_any_network() {
    let other = World::begin(proto::genesis::Genesis {
        origin: "quorate.example/other".to_owned(),
        ..genesis(Admission::Open, &[])
    });
    let mut world = World::open();
    assert_ne!(other.network(), world.network());
    let (statement, native) = (cose_by(&Person::new(1), "x", 1), world.say(&Person::new(1), proof(1)));
    let now = world.ledger.tip().time;
    for (submission, taken) in [(statement, true), (native, false)] {
        let verified = Unverified::new(submission.clone()).verify(&world.network(), &Strict).expect("signed");
        assert_eq!(world.ledger.check(&verified, now), Ok(()));
        assert_eq!(other.ledger.check(&verified, now).is_ok(), taken);
    }
    // Nor does a native one pass by naming none.
    let body = proto::submission::Body {
        network: NetworkId::default(),
        ..world.say(&Person::new(1), proof(1)).body().clone()
    };
    let none = body.sign(&Person::new(1).secret);
    let verified = Unverified::new(none).verify(&NetworkId::default(), &Strict).expect("signed");
    assert!(world.ledger.check(&verified, now).is_err());
}

/// Rule T3: its author is whom it names by a DID that is read here, else the key; and I1 and I2 hold.
#[test]
fn a_statement_is_its_authors() {
    let mut world = World::open();
    let (alice, bob, eve) = (Person::new(1), Person::new(2), Person::new(3));
    let alices = alice.did.to_string();
    let stolen = cose_by(&eve, &alices, 1);
    assert_eq!(world.code(&stolen), "key_not_of_author");
    let own = cose_by(&alice, &alices, 2);
    assert_eq!(world.code(&own), "ok");
    let foreign = cose_by(&eve, "https://issuer.example", 3);
    assert_eq!(foreign.body().author, eve.did);
    assert_eq!(world.code(&foreign), "ok");

    // Once registered, alice speaks by her active keys only; a key that is not the DID's own stands in the statement.
    let create = world.create(&alice, &alice.did.clone(), &[&alice]);
    world.run(&[create]);
    let early = cose_by(&bob, &alices, 4);
    assert_eq!(world.code(&early), "key_not_of_author");
    let rotate = world.rotate(&alice, alice.key(), &bob);
    world.run(&[rotate]);
    let rotated = cose_by(&bob, &alices, 5);
    assert_eq!(world.code(&rotated), "ok");
    let retired = cose_by(&alice, &alices, 6);
    assert_eq!(world.code(&retired), "key_retired");

    let registrar = Person::new(9);
    let mut world = World::registered(&[&registrar]);
    let stranger = cose_by(&alice, &alices, 1);
    assert_eq!(world.code(&stranger), "unknown_identity");
    let create = world.create(&registrar, &alice.did.clone(), &[&alice]);
    world.run(&[create]);
    let known = cose_by(&alice, &alices, 2);
    assert_eq!(world.code(&known), "ok");
}

/// Rule T1.
#[test]
fn a_statement_in_two_signatures_is_checked_by_both() {
    let both = one_of_each().remove(3);
    assert_eq!(both.body().key.scheme(), Scheme::HybridEd25519MlDsa65);
    let spoil = |at: usize| {
        let mut bytes = both.bytes().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let place = text.match_indices("\"signature\":\"").nth(at).expect("two signatures").0 + 20;
        // Behind the wrapper's head, which is no text, places in text and bytes are the same only from the end.
        let place = bytes.len() - (text.len() - place);
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        Submission::decode(&bytes).expect("well formed").verify_signatures(&NetworkId::default(), &Strict)
    };
    assert!(spoil(0).is_err(), "ed25519");
    assert!(spoil(1).is_err(), "ml-dsa-65");
}
