//! Proofs of ProofNest, and its names: true ones of every kind, spoilt ones for each bound, and signatures of nobody.
//!
//! Issuers with keys of Dilithium3 are here only with signatures that do not hold: no seed makes such a key, and verifiers
//! in other languages need not know the scheme.

use std::collections::BTreeMap;

use crypto::{PublicKey, Scheme, Signature, shake256};
use proto::canon::proofnest::{Role, evidence_hash};
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::Did;
use proto::operation::Operation;
use proto::primitive::{Evidence, Kind, Place, Primitive, ProofId, Told, Whole};
use proto::submission::Body;

use crate::entry::{bytes, number, of_author, of_operation, one};
use crate::keys::Secret;
use crate::log::{asked, author, body, content, proof_submit, receipt_of, signed, submitted};
use crate::trust::{plain, plain_signers};
use crate::vector::{Asked, Vector};

const AUTHOR: &str = "author_signature";
const PRIMITIVE: u64 = 50;

pub fn vectors() -> Vec<Vector> {
    [truths(), issuers(), names(), signatures(), bounds(), by_hashes(), bad_names(), keys()].concat()
}

fn issuer() -> Secret {
    Secret::ed25519("issuer")
}

fn named(role: Role, secret: &Secret) -> Did {
    Did::of_proofnest(role, &secret.public()).expect("a scheme of ProofNest")
}

fn whole() -> Whole {
    let (kind, claim) = (Kind::Claim, "2+2=4".to_owned());
    Whole { kind, claim, subject: None, evidence: None, nonce: [0x5a; 16], previous: None }
}

fn by(secret: &Secret, issuer: Did, told: Told) -> Primitive {
    let mut proof = Primitive {
        issuer,
        key: secret.public(),
        signature: secret.sign(b""),
        timestamp_s: 1_700_000_000,
        told,
        metadata: String::new(),
        expires_at_s: None,
        place: None,
    };
    proof.signature = secret.sign(&proof.signed_bytes());
    proof
}

fn proof(told: Told) -> Primitive {
    by(&issuer(), named(Role::Agent, &issuer()), told)
}

fn of_whole(change: impl Fn(&mut Whole)) -> Primitive {
    let mut whole = whole();
    change(&mut whole);
    proof(Told::Whole(whole))
}

fn hashes() -> Told {
    Told::Hashes { id: ProofId::new(crypto::sha256(b"id")), claim: content() }
}

fn entry(proof: Primitive) -> Vec<u8> {
    asked(Operation::ProofPrimitive(Box::new(proof)))
}

fn judged(name: impl Into<String>, entry: Vec<u8>, failed: Option<&'static str>) -> Vector {
    Vector::json(name, &plain(), &receipt_of(&plain_signers(), entry), failed)
}

fn truth(name: impl Into<String>, proof: Primitive) -> Vector {
    judged(name, entry(proof), None)
}

fn truths() -> Vec<Vector> {
    let full = Primitive {
        metadata: r#"{"hub_type":"post"}"#.to_owned(),
        expires_at_s: Some(1_900_000_000),
        place: Some(Place { chain: "thread".to_owned(), index: 7 }),
        ..of_whole(|it| {
            it.subject = Some("did:pn:agent:dbd93ad6dfde4e073bf9eefaf1a336022e1deed3".to_owned());
            it.evidence = Some(evidence_hash(b"abc"));
            it.previous = Some(ProofId::new(crypto::sha256(b"before")));
        })
    };
    let strange =
        "\"\\/\u{8}\u{c}\n\r\t\0\u{1f} ~\u{7f}\u{80}\u{e9}\u{2028}\u{d7ff}\u{e000}\u{ffff}\u{1f600}";
    let last = {
        let mut last = of_whole(|_| ());
        last.timestamp_s = u64::MAX;
        last.signature = issuer().sign(&last.signed_bytes());
        Primitive {
            metadata: "m".repeat(8 << 10),
            expires_at_s: Some(u64::MAX),
            place: Some(Place { chain: "\u{e9}".repeat(64), index: u64::MAX }),
            ..last
        }
    };
    let first = {
        let mut first = of_whole(|it| it.claim.clear());
        first.timestamp_s = 0;
        first.signature = issuer().sign(&first.signed_bytes());
        first
    };
    let about = |failed: Option<&'static str>, proof: Primitive| {
        let told = if failed.is_none() { "by hashes" } else { "whole" };
        judged(format!("the claim of a proof told {told}"), entry(proof), failed)
            .asking(Asked { artifact: Some(content()), ..Asked::default() })
    };
    let mut found = vec![
        truth("a proof with all that it may have", full),
        truth("a proof with nothing that it need not have", first),
        truth("a proof with the last numbers and longest texts", last),
        truth("a proof with a claim of 32 KiB", of_whole(|it| it.claim = "c".repeat(32 << 10))),
        truth("a proof with a claim of what JSON escapes", of_whole(|it| it.claim = strange.to_owned())),
        truth("a proof about null", of_whole(|it| it.subject = Some("null".to_owned()))),
        truth("a proof that rests on another", {
            of_whole(|it| it.evidence = Some(Evidence::Proof(ProofId::new(crypto::sha256(b"other")))))
        }),
        truth("a proof told by hashes", proof(hashes())),
        about(None, proof(hashes())),
        about(Some("artifact"), of_whole(|it| it.claim = "the artifact".to_owned())),
    ];
    for kind in Kind::ALL {
        found.push(truth(format!("a proof of the kind {}", kind.name()), of_whole(|it| it.kind = kind)));
    }
    found
}

/// Who issues, and with which keys.
fn issuers() -> Vec<Vector> {
    let ml_dsa = Secret::new(Scheme::MlDsa65, "issuer/pq");
    let hybrid = Secret::new(Scheme::HybridEd25519MlDsa65, "issuer/hybrid");
    let told = || Told::Whole(whole());
    let mut found = vec![
        truth("a proof by one with a did:key", by(&issuer(), Did::of(&issuer().public()), told())),
        truth("a proof by ML-DSA-65", by(&ml_dsa, Did::of(&ml_dsa.public()), hashes())),
        truth("a proof by Ed25519 and ML-DSA-65", by(&hybrid, Did::of(&hybrid.public()), told())),
        truth(
            "a proof by a key that is not the issuer's first",
            by(&ml_dsa, named(Role::Org, &issuer()), told()),
        ),
        truth("a proof by its own author", by(&author(), Did::of(&author().public()), told())),
    ];
    for role in Role::ALL {
        let issued = by(&issuer(), named(role, &issuer()), told());
        found.push(truth(format!("a proof by a did:pn of the kind {}", role.name()), issued));
    }
    found
}

fn authored(secret: &Secret, author: Did) -> Vec<u8> {
    submitted(signed(secret, Body { author, ..body(secret, proof_submit()) }))
}

/// ProofNest's names as authors: which keys they vouch for.
fn names() -> Vec<Vector> {
    let ml_dsa = Secret::new(Scheme::MlDsa65, "author/pq");
    let of_bytes = format!("did:pn:agent:{}", hex::encode(shake256::<20>(ml_dsa.public().as_bytes())));
    let of_bytes = Did::parse(&of_bytes).expect("well formed");
    let mut found = vec![
        judged(
            "an author whose did:pn is of another key",
            authored(&author(), named(Role::Human, &issuer())),
            None,
        ),
        judged(
            "an author whose did:pn is of its key's bytes, and ProofNest has no such scheme",
            authored(&ml_dsa, of_bytes),
            None,
        ),
    ];
    for role in Role::ALL {
        let name = format!("an author with a did:pn of the kind {}", role.name());
        found.push(judged(name, authored(&author(), named(role, &author())), None));
    }
    found
}

fn nobodys(scheme: Scheme, key: &[u8]) -> (PublicKey, Signature) {
    let key = PublicKey::parse(scheme, key).expect("a key");
    (key, Signature::parse(scheme, &vec![7; scheme.signature_bytes()]).expect("a signature's length"))
}

/// Signatures that do not hold, in proofs that are well formed.
fn signatures() -> Vec<Vector> {
    let spoilt = |name: &str, proof: Primitive| judged(name, entry(proof), Some(AUTHOR));
    let good = || of_whole(|_| ());
    let (other, ml_dsa) = (Secret::ed25519("other"), Secret::new(Scheme::MlDsa65, "issuer/pq"));
    let resigned = |message: &[u8]| Primitive { signature: issuer().sign(message), ..good() };
    let told = |change: &dyn Fn(&mut Primitive, &mut Whole)| {
        let mut proof = of_whole(|it| it.subject = Some("null".to_owned()));
        let mut whole = Whole { subject: Some("null".to_owned()), ..whole() };
        change(&mut proof, &mut whole);
        proof.told = Told::Whole(whole);
        proof
    };
    let dilithium = [[7; 1_952].as_slice(), other.public().as_bytes()].concat();
    let imported = |name: &str, scheme, key: &[u8]| {
        let (key, signature) = nobodys(scheme, key);
        let issuer = Did::of_proofnest(Role::Agent, &key).expect("a scheme of ProofNest");
        spoilt(name, Primitive { issuer, key, signature, ..good() })
    };
    let id = good().id();
    let (key, signature) = nobodys(Scheme::HybridDilithium3R3Ed25519, &dilithium);
    vec![
        spoilt(
            "a proof signed by another key",
            Primitive { signature: other.sign(&good().signed_bytes()), ..good() },
        ),
        spoilt("a proof whose id is signed without prefix", resigned(id.digest().to_string().as_bytes())),
        spoilt("a proof whose id is signed as bytes", resigned(id.as_bytes())),
        spoilt("a proof whose fields are signed", {
            let issuer = named(Role::Agent, &issuer());
            resigned(&whole().fields(&issuer, 1_700_000_000).canonical())
        }),
        spoilt("a proof with a signature of another scheme", {
            Primitive { signature: ml_dsa.sign(&good().signed_bytes()), ..good() }
        }),
        spoilt("a proof of another kind than the one signed", told(&|_, it| it.kind = Kind::Work)),
        spoilt("a proof with another claim than the one signed", told(&|_, it| it.claim.push(' '))),
        spoilt("a proof with another issuer than the one signed", {
            told(&|it, _| it.issuer = named(Role::Human, &issuer()))
        }),
        spoilt("a proof about nothing, where null was signed", told(&|_, it| it.subject = None)),
        spoilt(
            "a proof with evidence that was not signed",
            told(&|_, it| it.evidence = Some(evidence_hash(b""))),
        ),
        spoilt("a proof of another time than the one signed", told(&|it, _| it.timestamp_s += 1)),
        spoilt("a proof with another nonce than the one signed", told(&|_, it| it.nonce[15] ^= 1)),
        spoilt("a proof after another, which was not signed", told(&|_, it| it.previous = Some(id))),
        spoilt("a proof told by hashes with another id than the one signed", {
            Primitive { told: Told::Hashes { id, claim: content() }, ..proof(hashes()) }
        }),
        imported("a proof by a key of Dilithium3, and nobody's signature", Scheme::Dilithium3R3, &[7; 1_952]),
        imported(
            "a proof by a key of Dilithium3 and Ed25519, and nobody's signature",
            Scheme::HybridDilithium3R3Ed25519,
            &dilithium,
        ),
        {
            let author = Did::of_proofnest(Role::Agent, &key).expect("a scheme of ProofNest");
            let body = Body { author, key, ..body(&other, proof_submit()) };
            judged(
                "an author with a key of Dilithium3 and Ed25519, and nobody's signature",
                submitted(body.seal(signature)),
                Some(AUTHOR),
            )
        },
    ]
}

type Fields = BTreeMap<u64, Vec<u8>>;

fn key_field(scheme: u64, key: &[u8]) -> Vec<u8> {
    bytes(2, &[number(1, scheme), bytes(2, key)].concat())
}

fn signature_field(scheme: u64, signature: &[u8]) -> Vec<u8> {
    bytes(3, &[number(1, scheme), bytes(2, signature)].concat())
}

fn common(proof: &Primitive) -> Fields {
    let [key, signature] = [proof.key.as_bytes(), proof.signature.as_bytes()];
    BTreeMap::from([
        (1, bytes(1, proof.issuer.as_str().as_bytes())),
        (2, key_field(1, key)),
        (3, signature_field(1, signature)),
        (4, number(4, proof.timestamp_s)),
    ])
}

fn told_whole() -> Fields {
    let mut fields = common(&of_whole(|_| ()));
    fields.extend([(5, number(5, 1)), (6, bytes(6, b"2+2=4")), (9, bytes(9, &[0x5a; 16]))]);
    let written: Vec<_> = fields.values().map(Vec::as_slice).collect();
    assert_eq!(of_operation(PRIMITIVE, &written), entry(of_whole(|_| ())), "what is spoilt was well formed");
    fields
}

/// The fields with this one in its place; nothing in its place: without it.
fn with(name: impl Into<String>, fields: &Fields, field: u64, value: Vec<u8>) -> Vector {
    let mut fields = fields.clone();
    fields.insert(field, value);
    let written: Vec<_> = fields.values().map(Vec::as_slice).collect();
    one(name, of_operation(PRIMITIVE, &written))
}

fn bounds() -> Vec<Vector> {
    let good = told_whole();
    let spoilt = |name: &str, field, value| with(name, &good, field, value);
    let text = |field, length| bytes(field, &vec![b'a'; length]);
    let evidence = |text: String| bytes(8, text.as_bytes());
    let zeros = "0".repeat(64);
    vec![
        spoilt("a proof without issuer", 1, Vec::new()),
        spoilt("a proof by one with no DID", 1, bytes(1, b"did:web:example.com")),
        spoilt("a proof without key", 2, Vec::new()),
        spoilt("a proof with an empty key", 2, bytes(2, b"")),
        spoilt("a proof with a key of the unknown scheme 99", 2, key_field(99, &[7; 32])),
        spoilt("a proof without signature", 3, Vec::new()),
        spoilt("a proof with a signature of 63 bytes", 3, signature_field(1, &[7; 63])),
        spoilt("a proof with its time 0 spelt out", 4, number(4, 0)),
        spoilt("a proof of the kind 16", 5, number(5, 16)),
        spoilt("a proof of the kind 2^32 + 1", 5, number(5, (1 << 32) + 1)),
        spoilt("a proof with a claim of more than 32 KiB", 6, text(6, (32 << 10) + 1)),
        spoilt("a proof with a claim that is no UTF-8", 6, bytes(6, b"\xff")),
        spoilt("a proof with an empty claim, spelt out", 6, bytes(6, b"")),
        spoilt("a proof with a subject of 1,025 bytes", 7, text(7, 1_025)),
        spoilt("a proof with a line's end in its subject", 7, bytes(7, b"a\n")),
        spoilt("a proof that rests on a digest alone", 8, evidence(zeros.clone())),
        spoilt("a proof that rests on one SHA-256", 8, evidence(format!("sha256:{zeros}"))),
        spoilt(
            "a proof that rests on a digest of 63 digits",
            8,
            evidence(format!("shake256:{}", &zeros[1..])),
        ),
        spoilt("a proof that rests on a digest in upper case", 8, {
            evidence(format!("shake256:{}", "A".repeat(64)))
        }),
        spoilt(
            "a proof that rests on a digest with a line's end",
            8,
            evidence(format!("shake256:{zeros}\n")),
        ),
        spoilt("a proof that rests on another with one prefix", 8, evidence(format!("proof:{zeros}"))),
        spoilt("a proof without nonce", 9, Vec::new()),
        spoilt("a proof with a nonce of 15 bytes", 9, bytes(9, &[7; 15])),
        spoilt("a proof with a nonce of 17 bytes", 9, bytes(9, &[7; 17])),
        spoilt("a proof after one with an id of 31 bytes", 10, bytes(10, &[7; 31])),
        spoilt("a proof told whole, with its id", 11, bytes(11, &[7; 32])),
        spoilt("a proof told whole, with its claim's digest", 12, bytes(12, &[7; 32])),
        spoilt("a proof with metadata of more than 8 KiB", 13, text(13, (8 << 10) + 1)),
        spoilt("a proof with its end 0 spelt out", 14, number(14, 0)),
        spoilt("a proof in a chain with a name of 129 bytes", 15, text(15, 129)),
        spoilt("a proof in a chain with a line's end in its name", 15, bytes(15, b"a\n")),
        spoilt("a proof with a place in no chain", 16, number(16, 1)),
        spoilt("a proof with its place before its chain", 15, [number(16, 1), bytes(15, b"a")].concat()),
        spoilt("a proof with a field more in it", 17, number(17, 1)),
    ]
}

fn by_hashes() -> Vec<Vector> {
    let mut good = common(&proof(hashes()));
    good.extend([(11, bytes(11, crypto::sha256(b"id").as_bytes())), (12, bytes(12, content().as_bytes()))]);
    let written: Vec<_> = good.values().map(Vec::as_slice).collect();
    assert_eq!(of_operation(PRIMITIVE, &written), entry(proof(hashes())), "what is spoilt was well formed");
    let spoilt =
        |name: &str, field, value| with(format!("a proof told by hashes {name}"), &good, field, value);
    vec![
        spoilt("with its kind 0 spelt out", 5, number(5, 0)),
        spoilt("with a kind", 5, number(5, 1)),
        spoilt("with its claim", 6, bytes(6, b"2+2=4")),
        spoilt("with a subject", 7, bytes(7, b"subject")),
        spoilt("with evidence", 8, bytes(8, evidence_hash(b"").to_string().as_bytes())),
        spoilt("with a nonce", 9, bytes(9, &[7; 16])),
        spoilt("after another", 10, bytes(10, &[7; 32])),
        spoilt("without id", 11, Vec::new()),
        spoilt("with an id of 31 bytes", 11, bytes(11, &[7; 31])),
        spoilt("without its claim's digest", 12, Vec::new()),
        spoilt("with a claim's digest of 33 bytes", 12, bytes(12, &[7; 33])),
        spoilt("with metadata", 13, bytes(13, b"{}")),
        spoilt("with an end", 14, number(14, 1)),
        spoilt("in a chain", 15, bytes(15, b"thread")),
        spoilt("with a place", 16, number(16, 1)),
    ]
}

fn bad_names() -> Vec<Vector> {
    let good = named(Role::Agent, &author()).as_str().to_owned();
    let digits = &good["did:pn:agent:".len()..];
    assert!(Entry::decode(&of_author(&good)).is_ok(), "what is spoilt was well formed");
    [
        ("of no kind", format!("did:pn:{digits}")),
        ("of an unknown kind", format!("did:pn:weird:{digits}")),
        ("of a kind in upper case", format!("did:pn:Agent:{digits}")),
        ("of an empty kind", format!("did:pn::{digits}")),
        ("without digits", "did:pn:agent:".to_owned()),
        ("of 39 digits", good[..good.len() - 1].to_owned()),
        ("of 41 digits", format!("{good}0")),
        ("of digits in upper case", format!("did:pn:agent:{}", "A".repeat(40))),
        ("of letters that are no digits", format!("did:pn:agent:{}", "g".repeat(40))),
        ("with a fragment", format!("{good}#key")),
        ("with a line's end", format!("{good}\n")),
        ("that is another name of ProofNest's", format!("did:proofnest:agent:{digits}")),
    ]
    .map(|(name, did)| one(format!("an author with a did:pn {name}"), of_author(&did)))
    .to_vec()
}

/// Keys and signatures of Dilithium3 and Ed25519 that are none.
fn keys() -> Vec<Vector> {
    let good = told_whole();
    let scheme = u64::from(Scheme::HybridDilithium3R3Ed25519.id());
    let public = issuer().public();
    let joined = |half: &[u8]| [[7; 1_952].as_slice(), half].concat();
    let neutral = [&[1][..], &[0; 31]].concat();
    vec![
        with("a key of Dilithium3 and Ed25519 that is a byte too short", &good, 2, {
            key_field(scheme, &joined(public.as_bytes())[1..])
        }),
        with("a key of Dilithium3 and Ed25519 whose Ed25519 half is of small order", &good, 2, {
            key_field(scheme, &joined(&neutral))
        }),
        with("a key of Dilithium3 and Ed25519 whose Ed25519 half is no point", &good, 2, {
            key_field(scheme, &joined(&[&[2][..], &[0; 31]].concat()))
        }),
        with("a signature of Dilithium3 and Ed25519 that is a byte too short", &good, 3, {
            signature_field(scheme, &[7; 3_356])
        }),
    ]
}
