//! ProofNest's transcripts: names, ids and references as its own client makes them, and envelopes that are refused.

use crypto::{Digest, PublicKey, Scheme, SecretKey, Signature, sha256};
use proto::canon::proofnest::{Role, algorithm, evidence_hash, scheme, vote_message};
use proto::canonical::{Canonical as _, DecodeError};
use proto::id::Did;
use proto::operation::Operation;
use proto::primitive::{
    CLAIM_BYTES_MAX, Evidence, Kind, METADATA_BYTES_MAX, Place, Primitive, ProofId, Told, Whole,
};
use proto::submission::{Body, Submission, SubmissionError};
use proto::verified::{Strict, Unverified};
use serde_json::Value;

use crate::fixture::{Network, secret};

/// A proof told whole, signed by a key of Ed25519.
pub fn primitive(secret: SecretKey) -> Primitive {
    let issuer = Did::of_proofnest(Role::Agent, secret.public()).expect("a scheme of ProofNest");
    let whole = Whole {
        kind: Kind::Claim,
        claim: "2+2=4".to_owned(),
        subject: Some("did:pn:agent:dbd93ad6dfde4e073bf9eefaf1a336022e1deed3".to_owned()),
        evidence: Some(evidence_hash(b"abc")),
        nonce: [0x5a; 16],
        previous: Some(ProofId::new(sha256(b"before"))),
    };
    let signature = secret.sign(whole.id(&issuer, 1_700_000_000).to_string().as_bytes());
    Primitive {
        issuer,
        key: secret.public().clone(),
        signature,
        timestamp_s: 1_700_000_000,
        told: Told::Whole(whole),
        metadata: r#"{"hub_type":"post"}"#.to_owned(),
        expires_at_s: Some(1_900_000_000),
        place: Some(Place { chain: "thread".to_owned(), index: 7 }),
    }
}

fn file() -> Value {
    serde_json::from_str(include_str!("../../crypto/tests/data/proofnest.json")).expect("our own file")
}

fn text<'a>(made: &'a Value, member: &str) -> Option<&'a str> {
    made[member].as_str()
}

/// What its client made, as a primitive of ours.
fn read(made: &Value) -> (Primitive, ProofId) {
    let hex = |member: &str| hex::decode(text(made, member).expect("text")).expect("hex");
    let scheme = scheme(text(made, "algorithm").expect("text")).expect("one of its algorithms");
    let primitive = Primitive {
        issuer: Did::parse(text(made, "did").expect("text")).expect("a DID"),
        key: PublicKey::parse(scheme, &hex("public_key")).expect("a key"),
        signature: Signature::parse(scheme, &hex("signature")).expect("a signature's length"),
        timestamp_s: made["timestamp"].as_u64().expect("a number"),
        told: Told::Whole(Whole {
            kind: Kind::from_name(text(made, "proof_type").expect("text")).expect("one of its kinds"),
            claim: text(made, "claim").expect("text").to_owned(),
            subject: text(made, "subject").map(str::to_owned),
            evidence: text(made, "evidence").map(|it| it.parse().expect("evidence")),
            nonce: hex("nonce").try_into().expect("16 bytes"),
            previous: text(made, "previous_proof").map(|it| it.parse().expect("an id")),
        }),
        metadata: String::new(),
        expires_at_s: None,
        place: None,
    };
    (primitive, text(made, "proof_id").expect("text").parse().expect("an id"))
}

#[test]
fn what_its_client_made_has_the_same_name_id_and_signature_here() {
    let file = file();
    let all = file["proofs"].as_array().expect("a list");
    assert_eq!(all.len(), 3);
    for made in all {
        let (primitive, id) = read(made);
        assert_eq!(primitive.id(), id);
        assert!(primitive.issuer.is_of(&primitive.key));
        let signed = primitive.signed_bytes();
        assert_eq!(primitive.key.verify(&signed, &primitive.signature), Ok(()));
        // Every one of the nine fields counts.
        let other = |change: &dyn Fn(&mut Primitive, &mut Whole)| {
            let mut other = primitive.clone();
            let Told::Whole(mut whole) = other.told.clone() else { panic!("told whole") };
            change(&mut other, &mut whole);
            other.told = Told::Whole(whole);
            other.id()
        };
        let changed = [
            other(&|_, it| it.kind = Kind::Custom),
            other(&|_, it| it.claim.push(' ')),
            other(&|it, _| it.issuer = Did::of(secret(Scheme::Ed25519, "other").public())),
            other(&|_, it| it.subject = Some("null".to_owned())),
            other(&|_, it| it.evidence = Some(Evidence::Hash(Digest::ZERO))),
            other(&|it, _| it.timestamp_s += 1),
            other(&|_, it| it.nonce[15] ^= 1),
            other(&|_, it| it.previous = Some(ProofId::new(Digest::ZERO))),
        ];
        assert!(changed.iter().all(|changed| *changed != id));
        let same = other(&|it, _| (it.metadata, it.expires_at_s) = ("{}".to_owned(), Some(1)));
        assert_eq!(same, id, "what the id does not cover");
    }
    let reference = &file["evidence_reference"];
    let proof: ProofId = text(reference, "proof_id").expect("text").parse().expect("an id");
    assert_eq!(Some(Evidence::Proof(proof).to_string().as_str()), text(reference, "content_hash"));
}

#[test]
fn names_evidence_and_votes_have_their_golden_values() {
    // A key of 00..ff, seven times, and 160 zero bytes.
    let bytes = [(0..=255).cycle().take(7 * 256).collect::<Vec<u8>>(), vec![0; 160]].concat();
    let key = PublicKey::parse(Scheme::Dilithium3R3, &bytes).expect("a key");
    let did = Did::of_proofnest(Role::Agent, &key).expect("a scheme of ProofNest");
    assert_eq!(did.as_str(), "did:pn:agent:dbd93ad6dfde4e073bf9eefaf1a336022e1deed3");
    let abc = "shake256:483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739";
    assert_eq!(evidence_hash(b"abc").to_string(), abc);
    let id = ProofId::new(Digest::ZERO);
    let zeros = "0".repeat(64);
    assert_eq!(vote_message(&id, true, 1_700_000_000), format!("proof:{zeros}:True:1700000000"));
    assert_eq!(vote_message(&id, false, 1), format!("proof:{zeros}:False:1"));
    let canonical = primitive(secret(Scheme::Ed25519, "author"));
    let Told::Whole(whole) = &canonical.told else { panic!("told whole") };
    let bytes = whole.fields(&canonical.issuer, canonical.timestamp_s).canonical();
    let begins = r#"{"claim":"2+2=4","evidence":"shake256:4833"#;
    assert!(bytes.starts_with(begins.as_bytes()), "{}", String::from_utf8_lossy(&bytes));
    let named: Vec<_> = Scheme::ALL.into_iter().filter_map(algorithm).collect();
    assert_eq!(named, ["ed25519", "dilithium3", "hybrid-ml-dsa-ed25519"]);
}

fn envelope(network: &Network, primitive: Primitive) -> Submission {
    let author = secret(Scheme::Ed25519, "author");
    let body = Body {
        network: *network.set.network(),
        tenant: proto::id::Tenant::default_tenant(),
        author: Did::of(author.public()),
        key: author.public().clone(),
        nonce: 1,
        expires_at: None,
        operation: Operation::ProofPrimitive(Box::new(primitive)),
    };
    body.sign(&author)
}

#[test]
fn the_issuers_signature_is_checked_beside_the_authors() {
    let network = Network::named(&[("v1", 1)]);
    let check = |primitive| {
        let submission = envelope(&network, primitive);
        let read = Submission::decode(submission.bytes()).expect("canonical");
        Unverified::new(read).verify(network.set.network(), &Strict).map(|_| ())
    };
    let good = primitive(secret(Scheme::Ed25519, "issuer"));
    assert_eq!(check(good.clone()), Ok(()));
    let mut other = good.clone();
    other.timestamp_s += 1;
    assert!(matches!(check(other), Err(SubmissionError::Issuer(_))), "an id that was not signed");
    let mut other = good.clone();
    other.key = secret(Scheme::Ed25519, "author").public().clone();
    assert!(matches!(check(other), Err(SubmissionError::Issuer(_))), "a key that did not sign");
    // The id by itself is signed the same way when it is told by hashes.
    let hashes = Told::Hashes { id: good.id(), claim: good.claim_hash() };
    let bare = Primitive { told: hashes, metadata: String::new(), expires_at_s: None, place: None, ..good };
    assert_eq!(check(bare), Ok(()));
    // What its own client made, all three algorithms.
    for made in file()["proofs"].as_array().expect("a list") {
        assert_eq!(check(read(made).0), Ok(()));
    }
}

#[test]
fn an_envelope_is_whole_or_by_hashes_and_within_its_limits() {
    let network = Network::named(&[("v1", 1)]);
    let refused = |change: &dyn Fn(&mut Primitive, &mut Whole)| {
        let mut primitive = primitive(secret(Scheme::Ed25519, "issuer"));
        let Told::Whole(mut whole) = primitive.told.clone() else { panic!("told whole") };
        change(&mut primitive, &mut whole);
        primitive.told = Told::Whole(whole);
        Submission::decode(envelope(&network, primitive).bytes()).err()
    };
    assert_eq!(refused(&|_, _| {}), None);
    assert_eq!(refused(&|_, it| it.claim = "x".repeat(CLAIM_BYTES_MAX)), None);
    let long = refused(&|_, it| it.claim = "x".repeat(CLAIM_BYTES_MAX + 1));
    assert!(matches!(long, Some(DecodeError::Field { field: "claim", .. })), "{long:?}");
    assert!(refused(&|it, _| it.metadata = "x".repeat(METADATA_BYTES_MAX + 1)).is_some());
    assert!(refused(&|it, _| it.place = Some(Place { chain: "a\u{7}".to_owned(), index: 0 })).is_some());
    // No chain, and yet a place in it.
    assert!(refused(&|it, _| it.place = Some(Place { chain: String::new(), index: 3 })).is_some());
}
