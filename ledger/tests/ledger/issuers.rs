//! Issuers of attestations: whose they are, who holds their keys, what is sealed, and the chains.

use crypto::{KeyId, Scheme, SecretKey, sha256};
use proto::id::Did;
use proto::operation::Operation;
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus, issuer_possession_bytes,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};
use proto::submission::Submission;

use crate::sessions::{endorse, retire};
use crate::world::{Person, START, World};

pub fn did(name: &str) -> IssuerDid {
    IssuerDid::parse(&format!("did:qwed:{name}")).expect("an issuer")
}

pub fn signer(n: u8) -> SecretKey {
    SecretKey::from_seed(Scheme::Es256, &[n; 32]).expect("ES256 signs")
}

pub fn set(issuer: &str, status: IssuerStatus) -> IssuerSet {
    IssuerSet { issuer: did(issuer), name: "An issuer".to_owned(), status, certification: String::new() }
}

pub fn list(world: &World, issuer: &str, by: &Did, n: u8) -> IssuerKey {
    let key = signer(n);
    let message = issuer_possession_bytes(&world.network(), &did(issuer), by, &key.public().id());
    let change = IssuerKeyChange::List {
        possession: key.sign(&message),
        key: key.public().clone(),
        continuity: Continuity::Persistent,
        generated_at_s: 1_000,
    };
    IssuerKey { issuer: did(issuer), change }
}

pub fn seal(world: &World, issuer: &str, n: u8, id: &str) -> Seal {
    let now = world.ledger.tip().time.get() / 1_000;
    Seal {
        id: AttestationId::parse(id).expect("a name"),
        issuer: did(issuer),
        key: signer(n).public().id(),
        query: sha256(b"2+2=4"),
        proof: sha256(b"4"),
        issued_at_s: now,
        expires_at_s: now + 60,
        link: None,
        token: format!("e30.e30.{id}"),
    }
}

fn say_set(world: &mut World, who: &Person, set: IssuerSet) -> String {
    let said = world.say(who, Operation::IssuerSet(Box::new(set)));
    world.code(&said).to_owned()
}

fn say_key(world: &mut World, who: &Person, key: IssuerKey) -> String {
    let said = world.say(who, Operation::IssuerKey(Box::new(key)));
    world.code(&said).to_owned()
}

fn say_seal(world: &mut World, who: &Person, seal: Seal) -> (String, Submission) {
    let said = world.say(who, Operation::AttestationSeal(Box::new(seal)));
    (world.code(&said).to_owned(), said)
}

/// A world in which Alice runs `provider:acme` with key 1.
fn world() -> (World, Person) {
    let (mut world, alice) = (World::open(), Person::new(1));
    assert_eq!(say_set(&mut world, &alice, set("provider:acme", IssuerStatus::Active)), "ok");
    let key = list(&world, "provider:acme", &alice.did, 1);
    assert_eq!(say_key(&mut world, &alice, key), "ok");
    (world, alice)
}

#[test]
fn an_issuer_belongs_to_whom_set_it_first() {
    let (mut world, alice) = world();
    let mallory = Person::new(2);
    assert_eq!(
        say_set(&mut world, &mallory, set("provider:acme", IssuerStatus::Inactive)),
        "not_issuers_owner"
    );
    let key = list(&world, "provider:acme", &mallory.did, 2);
    assert_eq!(say_key(&mut world, &mallory, key), "not_issuers_owner");
    assert_eq!(say_set(&mut world, &alice, set("provider:acme", IssuerStatus::Inactive)), "ok");
    let found = world.reader().issuer(&did("provider:acme")).expect("readable").expect("set");
    assert_eq!((found.owner.clone(), found.status), (alice.did.clone(), IssuerStatus::Inactive));
    assert_eq!((found.keys.len(), found.keys[0].holder.clone()), (1, alice.did.clone()));
    assert_eq!(world.reader().issuers(None, 9), Ok(vec![found.clone()]));
    assert_eq!(world.reader().issuers(Some(&found.did), 9), Ok(Vec::new()));
    // Registered authors alone speak where genesis says so.
    let mut closed = World::registered(&[&Person::new(9)]);
    assert_eq!(say_set(&mut closed, &alice, set("provider:acme", IssuerStatus::Active)), "unknown_identity");
}

/// The service of validator `n`, endorsed.
fn service(world: &mut World, n: u8) -> Person {
    let service = Person::new(50 + n);
    let endorsed = endorse(world, &service, n, &format!("v{n}"));
    assert_eq!(world.code(&endorsed), "ok");
    service
}

#[test]
fn an_issuer_of_the_validators_is_spoken_for_by_their_services() {
    let (mut world, stranger) = (World::open(), Person::new(1));
    let production = || set("node:production", IssuerStatus::Active);
    assert_eq!(say_set(&mut world, &stranger, production()), "unknown_service");
    // An endorsement by another one than it names makes no service.
    let forged = endorse(&mut world, &stranger, 1, "v0");
    assert_eq!(world.code(&forged), "service_endorsement");
    assert_eq!(say_set(&mut world, &stranger, production()), "unknown_service");
    let first = service(&mut world, 0);
    assert_eq!(say_set(&mut world, &first, production()), "ok");
    // Who set it first has no more to say than another validator's service, and a stranger nothing.
    let second = service(&mut world, 1);
    assert_eq!(say_set(&mut world, &second, set("node:production", IssuerStatus::Inactive)), "ok");
    assert_eq!(say_set(&mut world, &stranger, production()), "unknown_service");
    for (who, n, code) in [(&stranger, 1, "unknown_service"), (&first, 2, "ok"), (&second, 3, "ok")] {
        let key = list(&world, "node:production", &who.did, n);
        assert_eq!(say_key(&mut world, who, key), code);
    }
    let drop = |n| IssuerKey {
        issuer: did("node:production"),
        change: IssuerKeyChange::Drop { key: signer(n).public().id() },
    };
    assert_eq!(say_key(&mut world, &stranger, drop(2)), "unknown_service");
    assert_eq!(say_key(&mut world, &second, drop(2)), "ok");
    // The author is who signs: a service's name with another key is nobody.
    let posing = stranger.speaking_as(&first.did);
    assert_eq!(say_set(&mut world, &posing, production()), "key_not_of_author");
    // What belongs to one identity is not the validators'.
    assert_eq!(say_set(&mut world, &stranger, set("user:ann", IssuerStatus::Active)), "ok");
    assert_eq!(say_set(&mut world, &first, set("user:ann", IssuerStatus::Inactive)), "not_issuers_owner");
}

#[test]
fn the_service_of_a_validator_that_left_speaks_for_no_issuer_of_the_validators() {
    let mut world = World::open();
    let (gone, stays) = (service(&mut world, 3), service(&mut world, 0));
    assert_eq!(say_set(&mut world, &gone, set("node:production", IssuerStatus::Active)), "ok");
    let key = list(&world, "node:production", &gone.did, 1);
    assert_eq!(say_key(&mut world, &gone, key), "ok");
    retire(&mut world, 3);
    assert_eq!(say_set(&mut world, &gone, set("node:production", IssuerStatus::Inactive)), "service_over");
    let key = list(&world, "node:production", &gone.did, 2);
    assert_eq!(say_key(&mut world, &gone, key), "service_over");
    let drop = || IssuerKey {
        issuer: did("node:production"),
        change: IssuerKeyChange::Drop { key: signer(1).public().id() },
    };
    assert_eq!(say_key(&mut world, &gone, drop()), "service_over");
    let key = list(&world, "node:production", &stays.did, 2);
    assert_eq!(say_key(&mut world, &stays, key), "ok");
    assert_eq!(say_key(&mut world, &stays, drop()), "ok");
}

#[test]
fn keys_are_listed_once_and_dropped_and_not_made_in_the_future() {
    let (mut world, alice) = world();
    let again = list(&world, "provider:acme", &alice.did, 1);
    assert_eq!(say_key(&mut world, &alice, again), "issuer_key_listed");
    let unknown = list(&world, "provider:nobody", &alice.did, 1);
    assert_eq!(say_key(&mut world, &alice, unknown), "unknown_issuer");
    let mut early = list(&world, "provider:acme", &alice.did, 3);
    if let IssuerKeyChange::List { generated_at_s, .. } = &mut early.change {
        *generated_at_s = 1_000_000;
    }
    assert_eq!(say_key(&mut world, &alice, early), "attestation_time");
    let drop = |key: KeyId| IssuerKey { issuer: did("provider:acme"), change: IssuerKeyChange::Drop { key } };
    assert_eq!(say_key(&mut world, &alice, drop(signer(3).public().id())), "unknown_issuer_key");
    assert_eq!(say_key(&mut world, &alice, drop(signer(1).public().id())), "ok");
    let seal = seal(&world, "provider:acme", 1, "att_1");
    assert_eq!(say_seal(&mut world, &alice, seal).0, "unknown_issuer_key");
}

#[test]
fn an_issuer_lists_so_many_keys_and_no_more() {
    let (mut world, alice) = world();
    let max = ledger::issuer::Issuer::KEYS_MAX;
    for n in 2..=max {
        let key = list(&world, "provider:acme", &alice.did, n as u8);
        assert_eq!(say_key(&mut world, &alice, key), "ok", "key {n}");
    }
    let more = list(&world, "provider:acme", &alice.did, 200);
    assert_eq!(say_key(&mut world, &alice, more), "issuer_key_count");
}

#[test]
fn an_attestation_is_sealed_once_by_who_holds_the_key() {
    let (mut world, alice) = world();
    let one = seal(&world, "provider:acme", 1, "att_1");
    assert_eq!(say_seal(&mut world, &Person::new(2), one.clone()).0, "unknown_issuer_key");
    let (code, said) = say_seal(&mut world, &alice, one.clone());
    assert_eq!(code, "ok");
    let sealed = world.reader().sealed(&one.id).expect("readable").expect("sealed");
    assert_eq!((sealed.submission, sealed.token), (said.id(), sha256(one.token.as_bytes())));
    assert_eq!(world.reader().sealed_by(&said.id()), Ok(Some(one.id.clone())));
    let standing = world.reader().attestation(&said.id()).expect("readable").expect("issued");
    assert_eq!(standing.expires_at.map(|at| at.get()), Some(one.expires_at_s * 1_000));
    // The same name once more, by whomever and with whatever token.
    let other = Seal { token: "e30.e30.other".to_owned(), ..seal(&world, "provider:acme", 1, "att_1") };
    assert_eq!(say_seal(&mut world, &alice, other).0, "attestation_used");
    let unknown = seal(&world, "provider:nobody", 1, "att_2");
    assert_eq!(say_seal(&mut world, &alice, unknown).0, "unknown_issuer");
    assert_eq!(say_set(&mut world, &alice, set("provider:acme", IssuerStatus::Inactive)), "ok");
    let late = seal(&world, "provider:acme", 1, "att_2");
    assert_eq!(say_seal(&mut world, &alice, late).0, "issuer_inactive");
}

#[test]
fn its_times_fit_the_block_it_stands_in() {
    let (mut world, alice) = world();
    let now = START.get() / 1_000;
    let times =
        [(now - 700, now + 60), (now + 700, now + 760), (now, now + 367 * 86_400), (now - 60, now - 1)];
    for (issued_at_s, expires_at_s) in times {
        let far = Seal { issued_at_s, expires_at_s, ..seal(&world, "provider:acme", 1, "att_1") };
        assert_eq!(say_seal(&mut world, &alice, far).0, "attestation_time", "{issued_at_s}");
    }
    let near =
        Seal { issued_at_s: now - 500, expires_at_s: now + 500, ..seal(&world, "provider:acme", 1, "att_1") };
    assert_eq!(say_seal(&mut world, &alice, near).0, "ok");
}

#[test]
fn whoever_speaks_for_the_issuer_revokes_and_nobody_else() {
    let (mut world, mallory) = (World::open(), Person::new(3));
    let (alice, bob) = (service(&mut world, 0), service(&mut world, 1));
    assert_eq!(say_set(&mut world, &alice, set("node:production", IssuerStatus::Active)), "ok");
    // Another validator's service speaks for it, whether it has listed a key of its own yet or not.
    let key = list(&world, "node:production", &alice.did, 1);
    assert_eq!(say_key(&mut world, &alice, key), "ok");
    let one = seal(&world, "node:production", 1, "att_1");
    let (_, said) = say_seal(&mut world, &alice, one);
    let revoke = Operation::AttestationRevoke { attestation: said.id(), reason: String::new() };
    let by_stranger = world.say(&mallory, revoke.clone());
    assert_eq!(world.code(&by_stranger), "not_issuer");
    let by_another = world.say(&bob, revoke.clone());
    assert_eq!(world.code(&by_another), "ok");
    let again = world.say(&alice, revoke);
    assert_eq!(world.code(&again), "attestation_revoked");
}

#[test]
fn a_service_does_not_revoke_for_an_issuer_that_is_somebodys() {
    let (mut world, alice) = world();
    let service = service(&mut world, 0);
    let one = seal(&world, "provider:acme", 1, "att_1");
    let (_, said) = say_seal(&mut world, &alice, one);
    let revoke = Operation::AttestationRevoke { attestation: said.id(), reason: String::new() };
    let by_service = world.say(&service, revoke);
    assert_eq!(world.code(&by_service), "not_issuer");
}

#[test]
fn a_chain_goes_on_where_it_ends() {
    let (mut world, alice) = world();
    let link = |chain: &str, index, previous: Option<&str>| {
        let previous = previous.map(|text| AttestationId::parse(text).expect("a name"));
        Some(ChainLink { chain: ChainId::parse(chain).expect("a name"), index, previous })
    };
    let steps = [
        ("att_0", None, "ok"),
        ("att_1", link("abc", 2, Some("att_0")), "attestation_chain"),
        ("att_1", link("abc", 1, Some("att_none")), "attestation_chain"),
        ("att_1", link("abc", 1, Some("att_0")), "ok"),
        // A gap, a place that is taken, another one before it.
        ("att_2", link("abc", 3, Some("att_1")), "attestation_chain"),
        ("att_2", link("abc", 1, Some("att_0")), "attestation_chain"),
        ("att_2", link("abc", 2, Some("att_0")), "attestation_chain"),
        ("att_2", link("abc", 0, None), "attestation_chain"),
        ("att_2", link("abc", 2, Some("att_1")), "ok"),
        // What stands in a chain begins no other one.
        ("att_3", link("def", 1, Some("att_2")), "attestation_chain"),
        ("att_3", link("def", 0, None), "ok"),
        ("att_4", link("def", 1, Some("att_3")), "ok"),
    ];
    for (id, link, code) in steps {
        let next = Seal { link: link.clone(), ..seal(&world, "provider:acme", 1, id) };
        assert_eq!(say_seal(&mut world, &alice, next).0, code, "{id} {link:?}");
    }
    let head = world.reader().chain(&did("provider:acme"), &ChainId::parse("abc").expect("a name"));
    let head = head.expect("readable").expect("begun");
    assert_eq!((head.index, head.last.as_str()), (2, "att_2"));
    // Chains are the issuer's own: another one's of the same name is another chain.
    let bob = Person::new(2);
    assert_eq!(say_set(&mut world, &bob, set("user:bob", IssuerStatus::Active)), "ok");
    let key = list(&world, "user:bob", &bob.did, 2);
    assert_eq!(say_key(&mut world, &bob, key), "ok");
    let first = Seal { link: link("abc", 0, None), ..seal(&world, "user:bob", 2, "att_b0") };
    assert_eq!(say_seal(&mut world, &bob, first).0, "ok");
    let behind = Seal { link: link("xyz", 1, Some("att_0")), ..seal(&world, "user:bob", 2, "att_b1") };
    assert_eq!(say_seal(&mut world, &bob, behind).0, "attestation_chain");
}
