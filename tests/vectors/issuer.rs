//! Issuers of attestations that are JWTs, their keys and seals: true ones at their bounds, spoilt ones beyond, and consents
//! that do not hold.

use std::collections::BTreeMap;

use crypto::{Scheme, SecretKey};
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::{Did, NetworkId};
use proto::operation::issuer::{IssuerDid, issuer_possession_bytes};
use proto::operation::possession_bytes;

use crate::entry::{bytes, number, of_operation, one};
use crate::log::{author, network, receipt_of};
use crate::trust::{plain, plain_signers};
use crate::vector::Vector;

const SET: u64 = 45;
const KEY: u64 = 46;
const SEAL: u64 = 47;
const SECOND_MAX: u64 = 253_402_300_799;
const ISSUER: &str = "did:qwed:node:production";
/// The order of P-256's group.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

pub fn vectors() -> Vec<Vector> {
    [sets(), bad_sets(), listed(), bad_keys(), consents(), seals(), bad_seals()].concat()
}

fn truth(name: &str, entry: Vec<u8>) -> Vector {
    Vector::json(name, &plain(), &receipt_of(&plain_signers(), entry), None)
}

/// An operation's fields by their numbers; an empty one is not written.
#[derive(Clone)]
struct Fields(u64, BTreeMap<u64, Vec<u8>>);

impl Fields {
    fn new<const N: usize>(operation: u64, fields: [Vec<u8>; N]) -> Self {
        let good = Self(operation, (1..).zip(fields).collect());
        assert!(Entry::decode(&good.entry()).is_ok(), "what is spoilt was well formed");
        good
    }

    /// With this one in the place of what stood there.
    fn with(&self, field: u64, value: Vec<u8>) -> Self {
        let mut fields = self.clone();
        fields.1.insert(field, value);
        fields
    }

    fn entry(&self) -> Vec<u8> {
        of_operation(self.0, &self.1.values().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn spoilt(&self, name: &str, field: u64, value: Vec<u8>) -> Vector {
        one(name, self.with(field, value).entry())
    }
}

fn text(field: u64, text: &str) -> Vec<u8> {
    bytes(field, text.as_bytes())
}

fn set() -> Fields {
    let nothing = Vec::new;
    Fields::new(SET, [text(1, ISSUER), text(2, "Production"), number(3, 1), nothing()])
}

fn sets() -> Vec<Vector> {
    let longest = "\u{e9}".repeat(64);
    let name = "A_1.b:-z".repeat(13);
    let set_of = |issuer: &str| set().with(1, text(1, issuer)).entry();
    vec![
        truth("an issuer that the validators run", set().entry()),
        truth("an issuer that provides to others", set_of("did:qwed:provider:acme:eu-1")),
        truth("an issuer that speaks for itself", set_of(&format!("did:qwed:user:{}", &name[..100]))),
        truth("an issuer that is believed no longer", set().with(3, number(3, 2)).entry()),
        truth("an issuer with the longest texts", {
            set().with(2, text(2, &longest)).with(4, text(4, &longest)).entry()
        }),
    ]
}

fn bad_sets() -> Vec<Vector> {
    let good = set();
    let spoilt = |name: &str, field, value| good.spoilt(name, field, value);
    let mut found = vec![
        spoilt("an issuer without DID", 1, Vec::new()),
        spoilt("an issuer without name", 2, Vec::new()),
        spoilt("an issuer with a name of 129 bytes", 2, text(2, &"n".repeat(129))),
        spoilt("an issuer with a line's end in its name", 2, text(2, "a\n")),
        spoilt("an issuer without status", 3, Vec::new()),
        spoilt("an issuer with the status 3", 3, number(3, 3)),
        spoilt("an issuer with the status 2^32 + 1", 3, number(3, (1 << 32) + 1)),
        spoilt("an issuer with a certification of 129 bytes", 4, text(4, &"c".repeat(129))),
        spoilt("an issuer with a line's end in its certification", 4, text(4, "a\n")),
        spoilt("an issuer with an empty field that is reserved", 5, bytes(5, b"")),
        spoilt("an issuer with a field that is reserved", 5, bytes(5, &bytes(3, &[7; 64]))),
        spoilt("an issuer with a field more", 6, number(6, 1)),
    ];
    let long = format!("did:qwed:node:{}", "x".repeat(101));
    for did in [
        "did:qwed:node:",
        "did:qwed:node",
        "did:qwed:other:x",
        "did:qwed:Node:x",
        "did:key:node:x",
        "did:qwed:node:a b",
        "did:qwed:node:\u{e9}",
        "did:qwed:node:x\n",
        "did:qwed:node:x/y",
        &long,
    ] {
        found.push(spoilt(&format!("an issuer called {did:?}"), 1, text(1, did)));
    }
    found
}

fn signer() -> SecretKey {
    SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("ES256 signs")
}

fn did() -> Did {
    Did::of(&author().public())
}

fn issuer() -> IssuerDid {
    IssuerDid::parse(ISSUER).expect("an issuer")
}

fn consent() -> Vec<u8> {
    issuer_possession_bytes(&network(), &issuer(), &did(), &signer().public().id())
}

/// A key that is listed, and agrees by this signature.
fn key(possession: &[u8]) -> Fields {
    let public = signer().public().clone();
    let listed = [text(1, ISSUER), bytes(2, public.as_bytes()), number(3, 2), number(4, 1_703_073_600)];
    let [issuer, key, continuity, generated] = listed;
    Fields::new(KEY, [issuer, key, continuity, generated, bytes(5, possession), Vec::new()])
}

fn agreed() -> Fields {
    key(signer().sign(&consent()).as_bytes())
}

fn dropped() -> Fields {
    let [key, continuity, generated, possession] = [const { Vec::new() }; 4];
    Fields::new(KEY, [text(1, ISSUER), key, continuity, generated, possession, bytes(6, &[7; 32])])
}

fn listed() -> Vec<Vector> {
    vec![
        truth("a key of an issuer, which agrees", agreed().entry()),
        truth("a key of an issuer that lives as long as its process", agreed().with(3, number(3, 1)).entry()),
        truth("a key of an issuer made in the first second", agreed().with(4, number(4, 1)).entry()),
        truth("a key of an issuer made in the last second", agreed().with(4, number(4, SECOND_MAX)).entry()),
        truth("a key of an issuer that is dropped", dropped().entry()),
    ]
}

fn bad_keys() -> Vec<Vector> {
    let good = agreed();
    let public = signer().public().as_bytes().to_vec();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut key = public.clone();
        change(&mut key);
        bytes(2, &key)
    };
    let prime = hex::decode(PRIME).expect("hex");
    let spoilt = |name: &str, field, value| good.spoilt(&format!("a key of an issuer {name}"), field, value);
    let both = |name: &str, field, value| {
        dropped().spoilt(&format!("a key of an issuer that is dropped {name}"), field, value)
    };
    vec![
        spoilt("that has no DID", 1, Vec::new()),
        spoilt("that is none", 1, text(1, "did:qwed:other:x")),
        spoilt("that is missing", 2, Vec::new()),
        spoilt("of 64 bytes", 2, bytes(2, &public[1..])),
        spoilt("that is compressed", 2, bytes(2, &[&[2], &public[1..33]].concat())),
        spoilt("with the tag 3", 2, changed(&|key| key[0] = 3)),
        spoilt("with the tag 6", 2, changed(&|key| key[0] = 6)),
        spoilt("that is no point", 2, changed(&|key| key[64] ^= 1)),
        spoilt("that is the point of zeros", 2, changed(&|key| key[1..].fill(0))),
        spoilt("whose x is the prime", 2, changed(&|key| key[1..33].copy_from_slice(&prime))),
        spoilt("whose y is beyond the prime", 2, changed(&|key| key[33..].fill(0xff))),
        spoilt("without continuity", 3, Vec::new()),
        spoilt("of the continuity 3", 3, number(3, 3)),
        spoilt("of no time", 4, Vec::new()),
        spoilt("made in the year 10000", 4, number(4, SECOND_MAX + 1)),
        spoilt("that does not agree", 5, Vec::new()),
        spoilt("with a consent of 63 bytes", 5, bytes(5, &[7; 63])),
        spoilt("with a consent of 71 bytes", 5, bytes(5, &[7; 71])),
        spoilt("that is listed and dropped", 6, bytes(6, &[7; 32])),
        spoilt("with an empty field that is reserved", 7, bytes(7, b"")),
        spoilt("with a field that is reserved", 7, bytes(7, &bytes(3, &[7; 64]))),
        spoilt("with a field more", 8, number(8, 1)),
        both("by an id of 31 bytes", 6, bytes(6, &[7; 31])),
        both("by no id", 6, Vec::new()),
        both("and has bytes", 2, bytes(2, &public)),
        both("and lives long", 3, number(3, 2)),
        both("and was made", 4, number(4, 1)),
        both("and agrees", 5, bytes(5, &[7; 64])),
    ]
}

/// The order less this number, both big-endian.
fn from_order(number: &[u8]) -> Vec<u8> {
    let order = hex::decode(ORDER).expect("hex");
    let mut borrow = 0;
    let mut found: Vec<u8> = (0..32)
        .rev()
        .map(|at| {
            let left = i16::from(order[at]) - i16::from(number[at]) - borrow;
            borrow = i16::from(left < 0);
            left.rem_euclid(256) as u8
        })
        .collect();
    found.reverse();
    found
}

/// Well-formed keys whose consent does not hold.
fn consents() -> Vec<Vector> {
    let signer = signer();
    let good = signer.sign(&consent());
    let (r, s) = good.as_bytes().split_at(32);
    let order = hex::decode(ORDER).expect("hex");
    let spoilt = |name: &str, possession: &[u8]| {
        let entry = key(possession).entry();
        let receipt = receipt_of(&plain_signers(), entry);
        Vector::json(
            format!("a key of an issuer whose consent {name}"),
            &plain(),
            &receipt,
            Some("author_signature"),
        )
    };
    let id = signer.public().id();
    let to = |issuer: &str, author: &Did| {
        let issuer = IssuerDid::parse(issuer).expect("an issuer");
        signer.sign(&issuer_possession_bytes(&network(), &issuer, author, &id))
    };
    let other = SecretKey::from_seed(Scheme::Es256, &[8; 32]).expect("ES256 signs");
    let stranger = Did::of(other.public());
    let elsewhere = NetworkId::new(crypto::sha256(b"other"));
    let made = |message: &[u8]| signer.sign(message).as_bytes().to_vec();
    let for_elsewhere = made(&issuer_possession_bytes(&elsewhere, &issuer(), &did(), &id));
    let of_other = made(&issuer_possession_bytes(&network(), &issuer(), &did(), &other.public().id()));
    let retagged = made(&possession_bytes(&network(), &did(), &id, &id));
    vec![
        spoilt("has the higher s", &[r, &from_order(s)].concat()),
        spoilt("has a bit of r turned", &[&[r[0] ^ 1], &r[1..], s].concat()),
        spoilt("has a bit of s turned", &[r, &s[..31], &[s[31] ^ 1]].concat()),
        spoilt("has r and s swapped", &[s, r].concat()),
        spoilt("is of zeros", &[0; 64]),
        spoilt("has r of zeros", &[&[0; 32], s].concat()),
        spoilt("has s of zeros", &[r, &[0; 32]].concat()),
        spoilt("has r that is the order", &[&order, s].concat()),
        spoilt("has s that is the order", &[r, &order].concat()),
        spoilt("is another key's", other.sign(&consent()).as_bytes()),
        spoilt("is to another issuer", to("did:qwed:node:other", &did()).as_bytes()),
        spoilt("is to another author", to(ISSUER, &stranger).as_bytes()),
        spoilt("is for another network", &for_elsewhere),
        spoilt("is to another key", &of_other),
        spoilt("has another purpose's tag", &retagged),
    ]
}

fn seal() -> Fields {
    let nothing = Vec::new;
    let digest = |field| bytes(field, &[7; 32]);
    let [name, issuer, token] =
        [text(1, "att_xyz789"), text(2, ISSUER), text(11, "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")];
    let [key, query, proof] = [digest(3), digest(4), digest(5)];
    let [issued, expires] = [number(6, 1_703_073_600), number(7, 1_734_609_600)];
    Fields::new(
        SEAL,
        [name, issuer, key, query, proof, issued, expires, nothing(), nothing(), nothing(), token],
    )
}

/// In a chain, as its second.
fn linked() -> Fields {
    seal().with(8, text(8, "chain_abc")).with(9, number(9, 1)).with(10, text(10, "att_abc"))
}

fn seals() -> Vec<Vector> {
    let token = format!("{}.{}.", "a".repeat(4_000), "_-".repeat(2_095));
    let token = token.clone() + &"Z".repeat(8_192 - token.len());
    vec![
        truth("a seal", seal().entry()),
        truth("a seal that begins a chain", seal().with(8, text(8, "chain_abc")).entry()),
        truth("a seal further on in a chain", linked().with(9, number(9, u64::MAX)).entry()),
        truth("a seal of the longest names and token", {
            let name = format!("att_{}", "z9".repeat(30));
            let named = linked().with(1, text(1, &name)).with(10, text(10, &name));
            named.with(8, text(8, &"aZ0._:-c".repeat(16))).with(11, text(11, &token)).entry()
        }),
        truth("a seal of an empty token", seal().with(11, text(11, "..")).entry()),
        truth("a seal of the first second", seal().with(6, number(6, 1)).with(7, number(7, 2)).entry()),
        truth("a seal until the last second", seal().with(7, number(7, SECOND_MAX)).entry()),
    ]
}

fn bad_seals() -> Vec<Vector> {
    let good = linked();
    let issued = 1_703_073_600;
    let spoilt = |name: &str, field, value| good.spoilt(&format!("a seal {name}"), field, value);
    let alone = |name: &str, field, value| seal().spoilt(&format!("a seal {name}"), field, value);
    let mut found = vec![
        spoilt("without name", 1, Vec::new()),
        spoilt("of no issuer", 2, Vec::new()),
        spoilt("of what is no issuer", 2, text(2, "did:web:example.com")),
        spoilt("without key", 3, Vec::new()),
        spoilt("with a key's id of 31 bytes", 3, bytes(3, &[7; 31])),
        spoilt("of no query", 4, Vec::new()),
        spoilt("of a query of 33 bytes", 4, bytes(4, &[7; 33])),
        spoilt("of no proof", 5, Vec::new()),
        spoilt("of a proof of 33 bytes", 5, bytes(5, &[7; 33])),
        spoilt("of no time", 6, Vec::new()),
        spoilt("without end", 7, Vec::new()),
        spoilt("that ends when it begins", 7, number(7, issued)),
        spoilt("that ends before it begins", 7, number(7, issued - 1)),
        spoilt("that ends in the year 10000", 7, number(7, SECOND_MAX + 1)),
        spoilt("in a chain without name", 8, Vec::new()),
        spoilt("in a chain with a name of 129 bytes", 8, text(8, &"c".repeat(129))),
        spoilt("in a chain with a blank in its name", 8, text(8, "a b")),
        spoilt("in a chain with a line's end in its name", 8, text(8, "a\n")),
        spoilt("that begins a chain, and follows one", 9, Vec::new()),
        spoilt("further on in a chain that follows none", 10, Vec::new()),
        spoilt("that follows what is no attestation", 10, text(10, "xyz")),
        alone("with a place in no chain", 9, number(9, 1)),
        alone("that follows one in no chain", 10, text(10, "att_abc")),
        spoilt("without token", 11, Vec::new()),
        spoilt("of a token of 8,193 bytes", 11, text(11, &format!("..{}", "a".repeat(8_191)))),
        spoilt("with a field more", 12, number(12, 1)),
    ];
    for name in ["att_", "att_A", "xyz", "att_a-b", "att_a\n", &format!("att_{}", "a".repeat(61))] {
        found.push(spoilt(&format!("called {name:?}"), 1, text(1, name)));
    }
    for token in ["a.b", "a.b.c.d", "a.b.c=", "a.b.c+", "a.b.c\n", "a.\u{e9}.c"] {
        found.push(spoilt(&format!("of the token {token:?}"), 11, text(11, token)));
    }
    found
}
