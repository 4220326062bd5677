//! Statements that were signed elsewhere: how they stand in an entry, and what the families of their envelopes share.
//!
//! Each refusal is named with a piece of what the Rust reader says, so that every branch of it is shown by a vector.

use crypto::{PublicKey, Scheme};
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::{Did, SubmissionId};
use proto::receipt::{Bundle, CoseAlgorithm, Receipt};
use proto::statement::Format;
use verify::Code;

use crate::cose::{cose, issued, said};
use crate::entry::{around, bytes, number};
use crate::keys::Secret;
use crate::log::{Log, author, receipt_of};
use crate::statement_dsse::envelope;
use crate::statement_jws::compact;
use crate::trust::{log as log_key, plain, plain_signers};
use crate::vector::{Asked, Vector};

const ENTRY: &str = Code::Entry.as_str();
const AUTHOR: &str = Code::AuthorSignature.as_str();

pub fn vectors() -> Vec<Vector> {
    let good = compact(&ed(), r#"{"alg":"EdDSA"}"#, b"x");
    let part = |format: u64| all(&[number(1, format), bytes(2, &good)]);
    let (own, pq_key) = (key(&ed().public()), key(&pq().public()));
    let of = |fields: &[Vec<u8>]| around(&bytes(3, &all(fields)));
    let with = |keys: &[&[u8]]| of(&[part(2), keys.concat()]);
    let hybrid = key(&Secret::new(Scheme::HybridEd25519MlDsa65, "author/hybrid").public());
    let body = bytes(1, b"");
    let stated = bytes(3, &all(&[part(2), own.clone()]));
    let cose = crate::statement_cose::good();
    let mut found = vec![
        true_one("a key beside", with(&[&own])),
        refused("a format of 0", of(&[bytes(2, &good), own.clone()]), "is none that is written so"),
        refused("the format of COSE", of(&[part(1), own.clone()]), "is none that is written so"),
        refused("the format 6", of(&[part(6), own.clone()]), "is none that is written so"),
        refused("the format 2^32 + 2", of(&[part((1 << 32) + 2), own.clone()]), "not in its one canonical"),
        refused("no statement", of(&[number(1, 2), own.clone()]), "three parts"),
        refused("an empty one", around(&bytes(3, &[])), "is none that is written so"),
        refused("a body, too", around(&all(&[body, stated.clone()])), "a statement and a body"),
        refused("another format's bytes", of(&[number(1, 4), bytes(2, &good), own.clone()]), "is not JSON"),
        refused("a field more", of(&[part(2), own.clone(), number(4, 1)]), "not in its one canonical"),
        refused("twice", around(&all(&[stated.clone(), stated.clone()])), "in this order"),
        refused(
            "the keys before the statement",
            of(&[number(1, 2), own.clone(), bytes(2, &good)]),
            "not in its one canonical",
        ),
        refused("three keys", with(&[&own, &pq_key, &hybrid]), "3 found, at most 2 are allowed"),
        refused("one key twice", with(&[&own, &own]), "in this order"),
        refused("keys in another order", with(&[&pq_key, &own]), "in this order"),
        refused(
            "a key that is not needed",
            with(&[&own, &pq_key]),
            "2 keys are given beside the envelope, 1",
        ),
        refused("a hybrid key, which no signature is of", with(&[&own, &hybrid]), "2 keys are given"),
        refused("a hybrid key alone", with(&[&hybrid]), "the key of signature 1"),
        refused(
            "a key of the unknown scheme 9",
            with(&[&bytes(3, &all(&[number(1, 9), bytes(2, &[7; 32])]))]),
            "9",
        ),
        refused("a key of 31 bytes", with(&[&bytes(3, &all(&[number(1, 1), bytes(2, &[7; 31])]))]), "31"),
        refused(
            "a key of small order",
            with(&[&bytes(3, &all(&[number(1, 1), bytes(2, &small_order())]))]),
            "small order",
        ),
        refused("one of COSE in an entry", around(&cose), "a leaf by itself"),
        unsigned("another key beside", with(&[&key(&Secret::ed25519("other").public())])),
    ];
    let id = id_of(&with(&[&own]));
    let question = |submission| Asked { submission: Some(submission), ..Asked::default() };
    found.push(true_one("asked for by its id", with(&[&own])).asking(question(id)));
    found.push(
        Vector::json("another than the one asked for", &plain(), &receipt(&with(&[&own])), Some(ENTRY))
            .asking(question(SubmissionId::new(crypto::sha256(b"another")))),
    );
    found.extend(items());
    found.extend(beside());
    found
}

pub fn ed() -> Secret {
    author()
}

pub fn pq() -> Secret {
    Secret::new(Scheme::MlDsa65, "author/pq")
}

/// The DID of the Ed25519 key.
pub fn did() -> String {
    Did::of(&ed().public()).to_string()
}

/// A point whose order is 1, as a key.
pub fn small_order() -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = 1;
    key
}

fn all(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

fn key(key: &PublicKey) -> Vec<u8> {
    bytes(3, &all(&[number(1, key.scheme().id().into()), bytes(2, key.as_bytes())]))
}

/// The leaf of a statement with keys beside it, well formed or not.
pub fn leaf(format: Format, statement: &[u8], keys: &[&Secret]) -> Vec<u8> {
    if format == Format::Cose {
        return statement.to_vec();
    }
    let keys: Vec<u8> = keys.iter().flat_map(|secret| key(&secret.public())).collect();
    around(&bytes(3, &all(&[number(1, format.id().into()), bytes(2, statement), keys])))
}

fn receipt(entry: &[u8]) -> Receipt {
    receipt_of(&plain_signers(), entry.to_vec())
}

fn id_of(entry: &[u8]) -> SubmissionId {
    Entry::decode(entry).expect("well formed").submission().expect("a submission").id()
}

/// A receipt that is true.
pub fn true_one(name: impl Into<String>, entry: Vec<u8>) -> Vector {
    Vector::json(name, &plain(), &receipt(&entry), None)
}

/// A leaf that is none, and a piece of why.
pub fn refused(name: impl Into<String>, entry: Vec<u8>, says: &str) -> Vector {
    let name = name.into();
    let fault = Entry::decode(&entry).expect_err(&name).to_string();
    assert!(fault.contains(says), "{name}: {fault}; expected {says:?}");
    Vector::json(name, &plain(), &receipt(&entry), Some(ENTRY))
}

/// A leaf that is well formed, and that nobody signed.
pub fn unsigned(name: impl Into<String>, entry: Vec<u8>) -> Vector {
    let name = name.into();
    assert!(Entry::decode(&entry).is_ok(), "{name}: {:?}", Entry::decode(&entry));
    Vector::json(name, &plain(), &receipt(&entry), Some(AUTHOR))
}

/// The receipt in every dialect.
pub fn every_dialect(name: &str, entry: &[u8]) -> Vec<Vector> {
    let log = Log::around(&plain_signers(), entry.to_vec());
    let receipt = log.receipt(1);
    let bundle = Bundle {
        submission: Some(Entry::decode(entry).expect(name).submission().expect(name).bytes().to_vec()),
        cose: vec![issued(said(&log, &receipt, CoseAlgorithm::EdDsa), &log, &log_key())],
        ..Bundle::of(receipt.clone())
    };
    let text =
        |dialect: &str, text: Vec<u8>| Vector::text(format!("{name}, {dialect}"), &plain(), text, None);
    vec![
        text("JSON", receipt.to_json().into_bytes()),
        Vector::tlog_proof(
            format!("{name}, tlog-proof"),
            &plain(),
            receipt.to_tlog_proof(),
            entry.to_vec(),
            None,
        ),
        text("COSE", cose(&log, &receipt, CoseAlgorithm::EdDsa)),
        text("bundle", bundle.to_json().into_bytes()),
    ]
}

/// A statement is no batch.
fn items() -> Vec<Vector> {
    let entry = leaf(Format::Dsse, &envelope(&[&ed()], "text/plain", b"hello"), &[&ed()]);
    let spoilt = Receipt { item: Some(crate::log::item(0)), ..receipt(&entry) };
    vec![Vector::json("an item of a statement", &plain(), &spoilt, Some(Code::BatchItem.as_str()))]
}

/// What stands beside a statement in a bundle is about it, or refused.
fn beside() -> Vec<Vector> {
    let jws = leaf(Format::Jws, &compact(&ed(), r#"{"alg":"EdDSA"}"#, b"x"), &[&ed()]);
    let cose = crate::statement_cose::good();
    let mut found = Vec::new();
    for (name, entry) in [("a JWS", jws), ("one of COSE", cose)] {
        let log = Log::around(&plain_signers(), entry);
        let receipt = log.receipt(1);
        let about = |subject: String| {
            let said = proto::receipt::Unissued { subject, ..said(&log, &receipt, CoseAlgorithm::EdDsa) };
            let cose = vec![issued(said, &log, &log_key())];
            Bundle { cose, ..Bundle::of(receipt.clone()) }
        };
        let id = id_of(&receipt.entry);
        let mut one = |what: &str, bundle: Bundle, failed| {
            found.push(Vector::text(format!("{name} beside {what}"), &plain(), bundle.to_json(), failed));
        };
        let by_name = format!("urn:quorate:submission:{id}");
        // The subject of a leaf of COSE is the statement's own.
        let is_leaf = receipt.entry[0] == proto::statement::cose::TAG;
        one("a COSE receipt of the submission's name", about(by_name), is_leaf.then_some(ENTRY));
        one("a COSE receipt of the leaf", about("urn:quorate:leaf:1".into()), Some(ENTRY));
        one("a COSE receipt of another subject", about("another".into()), Some(ENTRY));
        let envelope = Some(b"another".to_vec());
        one("another envelope", Bundle { submission: envelope, ..Bundle::of(receipt.clone()) }, Some(ENTRY));
    }
    found
}
