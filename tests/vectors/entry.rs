//! Entries that stand in the log and are none of this ledger: what no honest validator appends.

use crypto::{Scheme, sha256};
use proto::canonical::Canonical as _;
use proto::entry::{Entry, GenesisEntry};
use proto::id::SubmissionId;
use verify::Code;

use crate::keys::Secret;
use crate::log::{
    asked, author, block, body, epoch, genesis, network, operations, proof_submit, receipt_of, signed,
};
use crate::positive::id_in;
use crate::trust::{plain, plain_signers};
use crate::vector::{Asked, Vector};

const ENTRY: &str = Code::Entry.as_str();

pub fn vectors() -> Vec<Vector> {
    [wire(), own(), envelopes(), bodies(), keys(), texts(), contents(), questions()].concat()
}

/// An entry that is not read.
pub fn one(name: impl Into<String>, entry: Vec<u8>) -> Vector {
    Vector::json(name, &plain(), &receipt_of(&plain_signers(), entry), Some(ENTRY))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A number, written even when it is 0.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// Bytes, written even when they are empty.
pub fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn all(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn wire() -> Vec<Vector> {
    let good = genesis();
    let inner = &good[2..];
    assert_eq!(bytes(1, inner), good, "short enough for one byte of length");
    let mut overlong = vec![good[0], good[1] | 0x80, 0];
    overlong.extend_from_slice(inner);
    let mut long_tag = vec![good[0] | 0x80, 0];
    long_tag.extend_from_slice(&good[1..]);
    let origin = good.len() - "example.com/log".len();
    let [network_part, origin_part] = [&inner[..34], &inner[34..]];
    let broken_text = {
        let mut spoilt = good.clone();
        spoilt[origin] = 0xff;
        spoilt
    };
    vec![
        one("nothing", Vec::new()),
        one("text", b"{}".to_vec()),
        one("zeros", vec![0; 40]),
        one("a byte more at the end", [good.clone(), vec![0]].concat()),
        one("a byte less at the end", good[..good.len() - 1].to_vec()),
        one("a length in more bytes than it needs", overlong),
        one("a tag in more bytes than it needs", long_tag),
        one("a length beyond the end", [&[good[0], good[1] + 1], inner].concat()),
        one("a length of 2^64 - 1", [&varint(1 << 3 | 2)[..], &varint(u64::MAX), inner].concat()),
        one("a varint that never ends", vec![0xff; 20]),
        one("a varint of 65 bits", [vec![8], vec![0xff; 9], vec![2]].concat()),
        one("an unknown kind of entry", bytes(99, inner)),
        one("field 0", bytes(0, inner)),
        one("a kind as a number", number(1, 1)),
        one("a kind as four bytes", vec![1 << 3 | 5, 0, 0, 0, 0]),
        one("a kind as eight bytes", vec![1 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        one("a kind as group", vec![1 << 3 | 3, 1 << 3 | 4]),
        one("two kinds", [good.clone(), epoch()].concat()),
        one("one kind twice", [good.clone(), good.clone()].concat()),
        one("an unknown field beside the kind", [good.clone(), number(99, 1)].concat()),
        one("an unknown field within", bytes(1, &[inner, &number(99, 1)].concat())),
        one("fields out of order", bytes(1, &[origin_part, network_part].concat())),
        one("a field twice", bytes(1, &all(&[network_part, network_part, origin_part]))),
        one("a text that is no UTF-8", broken_text),
    ]
}

/// The network's own entries.
fn own() -> Vec<Vector> {
    let digest = sha256(b"digest");
    let digest = digest.as_bytes();
    let start =
        |network: &[u8], origin: &str| bytes(1, &all(&[&bytes(1, network), &bytes(2, origin.as_bytes())]));
    let other =
        Entry::Genesis(GenesisEntry { network: network(), origin: "example.com/other".into() }).encode();
    let begin = |parts: &[&[u8]]| bytes(2, &all(parts));
    let (validators, policy) = (bytes(3, digest), bytes(4, digest));
    let ended = |height: &[u8], proposer: u64, middle: &[u8], rejections: &[u8], more: &[u8]| {
        let parts = [
            height,
            &number(2, 3),
            &number(3, proposer),
            &number(4, 5),
            middle,
            &number(6, 1),
            &bytes(8, rejections),
            &bytes(9, digest),
            more,
        ];
        bytes(4, &all(&parts))
    };
    let end = |height: &[u8], proposer, middle: &[u8], rejections: &[u8]| {
        ended(height, proposer, middle, rejections, &[])
    };
    let batch = |id: &[u8], count: u64, length: u64| {
        bytes(5, &all(&[&bytes(1, id), &number(2, count), &number(3, length)]))
    };
    let one_batch = batch(digest, 1, 1);
    assert!(
        Entry::decode(&end(&number(1, 1), 2, &one_batch, digest)).is_ok(),
        "what is spoilt was well formed"
    );
    let height = number(1, 1);
    let mut found = vec![
        one("a genesis of another log", other),
        one("a genesis without network", bytes(1, &bytes(2, b"example.com/log"))),
        one("a genesis with a network of 31 bytes", start(&digest[1..], "example.com/log")),
        one("a genesis without origin", bytes(1, &bytes(1, digest))),
        one("an epoch without validators", begin(&[&number(1, 1), &policy])),
        one("an epoch without policy", begin(&[&number(1, 1), &validators])),
        one("an epoch with its 0 spelt out", begin(&[&number(1, 0), &validators, &policy])),
        one("an epoch with validators of 33 bytes", begin(&[&bytes(3, &[7; 33]), &policy])),
        one("a block with its height 0 spelt out", end(&number(1, 0), 2, &one_batch, digest)),
        one("a block of the proposer 65,536", end(&height, 65_536, &one_batch, digest)),
        one("a block of the proposer 2^32", end(&height, 1 << 32, &one_batch, digest)),
        one("a block without rejections", end(&height, 2, &one_batch, &[])),
        one("a block with rejections of 31 bytes", end(&height, 2, &one_batch, &digest[1..])),
        one("a batch without id", end(&height, 2, &bytes(5, &all(&[&number(2, 1), &number(3, 1)])), digest)),
        one("a batch of no submission", end(&height, 2, &bytes(5, &bytes(1, digest)), digest)),
        one("a batch of 1,001 submissions", end(&height, 2, &batch(digest, 1_001, 1), digest)),
        one("a batch of more than 512 KiB", end(&height, 2, &batch(digest, 1, (512 << 10) + 1), digest)),
        one("65 batches", end(&height, 2, &one_batch.repeat(65), digest)),
    ];
    let stated = |lookup: &[u8]| ended(&height, 2, &one_batch, digest, &bytes(10, lookup));
    assert!(Entry::decode(&stated(digest)).is_ok(), "what is spoilt was well formed");
    found.push(one("a block that states an index of 31 bytes", stated(&digest[1..])));
    found.push(one("a block that states an index of 33 bytes", stated(&[7; 33])));
    found.push(one("a block that states an index of no bytes", stated(&[])));
    for origin in
        ["Example.com/log", "https://example.com/log", "example.com/log/", "example.com/l og", "ex\u{e4}mple"]
    {
        found.push(one(format!("a genesis of the origin {origin:?}"), start(digest, origin)));
    }
    assert!(Entry::decode(&block()).is_ok());
    found
}

/// The entry around an envelope.
pub fn around(envelope: &[u8]) -> Vec<u8> {
    bytes(3, &all(&[&number(1, 1), &number(2, 1_789_000_001_000), &bytes(3, envelope)]))
}

fn good_body() -> Vec<u8> {
    let envelope = signed(&author(), body(&author(), proof_submit()));
    let tag = b"quorate/v1/submission\0".len() + 32;
    envelope.body().signed_bytes()[tag..].to_vec()
}

/// The envelope of a body, signed by the usual author as if it were one.
fn envelope(body: &[u8]) -> Vec<u8> {
    let message = [b"quorate/v1/submission\0", network().as_bytes().as_slice(), body].concat();
    let signature = author().sign(&message);
    all(&[&bytes(1, body), &bytes(2, &all(&[&number(1, 1), &bytes(2, signature.as_bytes())]))])
}

fn envelopes() -> Vec<Vector> {
    let body = good_body();
    let good = envelope(&body);
    assert_eq!(around(&good), asked(proof_submit()), "what is spoilt was well formed");
    let body_part = bytes(1, &body);
    let with = |scheme: u64, signature: &[u8]| {
        around(&all(&[&body_part, &bytes(2, &all(&[&number(1, scheme), &bytes(2, signature)]))]))
    };
    // Within an entry's 65,535 bytes, and beyond a submission's 61,440.
    let long = [good.clone(), bytes(9, &vec![7; 62_000 - good.len()])].concat();
    vec![
        one("a submission that is missing", bytes(3, &all(&[&number(1, 1), &number(2, 1)]))),
        one("a submission that is empty", around(&[])),
        one("a submission that is no protobuf", around(&[0xff; 10])),
        one("a submission of more than 60 KiB", around(&long)),
        one("a submission without body", around(&bytes(2, &all(&[&number(1, 1), &bytes(2, &[7; 64])])))),
        one("a submission with an empty body", around(&envelope(&[]))),
        one("a submission without signature", around(&body_part)),
        one("a submission with an empty signature", around(&all(&[&body_part, &bytes(2, &[])]))),
        one("a signature of the unknown scheme 99", with(99, &[7; 64])),
        one("a signature of the scheme 2^32 + 1", with((1 << 32) + 1, &[7; 64])),
        one("a signature of 63 bytes", with(1, &[7; 63])),
        one("a signature of 65 bytes", with(1, &[7; 65])),
        one("a signature of ML-DSA-65 that has 64 bytes", with(2, &[7; 64])),
        one("the signature before the body", around(&[&good[body_part.len()..], &body_part].concat())),
        one("a field more in the envelope", around(&[good.clone(), number(99, 1)].concat())),
        one("the body twice", around(&[body_part.clone(), good].concat())),
    ]
}

/// The fields of the good body: network, tenant, author, key, nonce, operation.
struct Parts {
    network: Vec<u8>,
    tenant: Vec<u8>,
    author: Vec<u8>,
    key: Vec<u8>,
    nonce: Vec<u8>,
    operation: Vec<u8>,
}

fn parts() -> Parts {
    let secret = author();
    let key = all(&[&number(1, 1), &bytes(2, secret.public().as_bytes())]);
    let did = body(&secret, proof_submit()).author;
    let content = all(&[
        &bytes(1, crate::log::content().as_bytes()),
        &number(2, 12),
        &bytes(3, b"text/plain"),
        &bytes(4, b"artifact.txt"),
    ]);
    Parts {
        network: bytes(1, network().as_bytes()),
        tenant: bytes(2, b"default"),
        author: bytes(3, did.as_str().as_bytes()),
        key: bytes(4, &key),
        nonce: number(5, 1),
        operation: bytes(20, &content),
    }
}

fn joined(change: impl Fn(&mut Parts)) -> Vec<u8> {
    let mut parts = parts();
    change(&mut parts);
    let Parts { network, tenant, author, key, nonce, operation } = parts;
    around(&envelope(&all(&[&network, &tenant, &author, &key, &nonce, &operation])))
}

fn bodies() -> Vec<Vector> {
    assert_eq!(joined(|_| {}), asked(proof_submit()), "what is spoilt was well formed");
    let mut found = vec![
        one("a body without network", joined(|parts| parts.network.clear())),
        one("a body with a network of 31 bytes", joined(|parts| parts.network = bytes(1, &[7; 31]))),
        one("a body without tenant", joined(|parts| parts.tenant.clear())),
        one("a body without author", joined(|parts| parts.author.clear())),
        one("a body without key", joined(|parts| parts.key.clear())),
        one("a body with an empty key", joined(|parts| parts.key = bytes(4, &[]))),
        one("a body without operation", joined(|parts| parts.operation.clear())),
        one("a body with an unknown operation", joined(|parts| parts.operation = bytes(200, b"x"))),
        one("a body with field 15", joined(|parts| parts.nonce.extend(bytes(15, b"x")))),
        one(
            "a body with two operations",
            joined(|parts| {
                let twice = parts.operation.clone();
                parts.operation.extend(bytes(21, b""));
                parts.operation.extend(twice);
            }),
        ),
        one(
            "a body with its operation twice",
            joined(|parts| {
                let twice = parts.operation.clone();
                parts.operation.extend(twice);
            }),
        ),
        one("a body with its nonce 0 spelt out", joined(|parts| parts.nonce = number(5, 0))),
        one("a body with its end 0 spelt out", joined(|parts| parts.nonce.extend(number(6, 0)))),
        one(
            "a body with its nonce in eleven bytes",
            joined(|parts| parts.nonce = [vec![5 << 3], vec![0x80; 10], vec![1]].concat()),
        ),
        one(
            "a body with its key twice",
            joined(|parts| {
                let twice = parts.key.clone();
                parts.key.extend(twice);
            }),
        ),
        one(
            "a body with the nonce before the key",
            joined(|parts| {
                std::mem::swap(&mut parts.nonce, &mut parts.key);
            }),
        ),
    ];
    let tenants = ["Default", "-x", ".x", "a b", "default\n", "\u{e4}", &"a".repeat(64)];
    for tenant in tenants {
        found.push(one(
            format!("the tenant {tenant:?}"),
            joined(|parts| parts.tenant = bytes(2, tenant.as_bytes())),
        ));
    }
    let own = body(&author(), proof_submit()).author.as_str().to_owned();
    let id = author().public().id().to_string();
    let dids = [
        ("of no method", own["did:key:".len()..].to_owned()),
        ("of another method", "did:web:example.com".to_owned()),
        ("in upper case", own.to_uppercase()),
        ("cut off", own[..own.len() - 1].to_owned()),
        ("with a character more", format!("{own}z")),
        ("with a zero byte before", own.replace(":z", ":z1")),
        ("with a letter that base58 does not have", own.replace(&own[12..13], "0")),
        ("with a fragment", format!("{own}#key")),
        ("with a line's end", format!("{own}\n")),
        ("of another multicodec", format!("did:key:z{}", bs58(&[&[0xec, 1], &[7; 32][..]].concat()))),
        ("of a key of small order", format!("did:key:z{}", bs58(&[&[0xed, 1, 1], &[0; 31][..]].concat()))),
        ("of what is no point", format!("did:key:z{}", bs58(&[&[0xed, 1, 2], &[0; 31][..]].concat()))),
        ("of a key of 31 bytes", format!("did:key:z{}", bs58(&[&[0xed, 1], &[9; 31][..]].concat()))),
        ("of a key id of 42 characters", format!("did:quorate:{}", &id[1..])),
        ("of a key id of 44 characters", format!("did:quorate:{id}A")),
        ("of a key id with padding", format!("did:quorate:{}=", &id[1..])),
        ("of a key id in the standard alphabet", format!("did:quorate:+/{}", &id[2..])),
        ("of a key id with bits to spare that are set", format!("did:quorate:{}", stray(&id))),
        ("of more than 64 bytes", format!("did:key:z{}", "2".repeat(60))),
    ];
    for (name, did) in dids {
        found.push(one(format!("an author {name}"), joined(|parts| parts.author = bytes(3, did.as_bytes()))));
    }
    found
}

fn stray(id: &str) -> String {
    // The last character of 43 holds four bits of the digest and two that no byte uses.
    let (head, last) = id.split_at(42);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).expect("base64url");
    assert_eq!(at % 4, 0);
    format!("{head}{}", &alphabet[at + 1..at + 2])
}

/// Base58 of bytes that do not begin with zero.
fn bs58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.iter().rev().map(|digit| char::from(ALPHABET[*digit as usize])).collect()
}

fn keys() -> Vec<Vector> {
    let key = |scheme: &[u8], public: &[u8]| {
        let key = bytes(4, &all(&[scheme, &bytes(2, public)]));
        joined(|parts| parts.key.clone_from(&key))
    };
    let public = author().public().as_bytes().to_vec();
    let scheme = |number_: u64| number(1, number_);
    let hybrid = Secret::new(Scheme::HybridEd25519MlDsa65, "author/hybrid").public().as_bytes().to_vec();
    let point = |hex: &str| hex::decode(hex).expect("hex");
    let neutral = point(&format!("01{}", "00".repeat(31)));
    vec![
        one("a key without scheme", key(&[], &public)),
        one("a key of the scheme 0, spelt out", key(&scheme(0), &public)),
        one("a key of the unknown scheme 99", key(&scheme(99), &public)),
        one("a key of the scheme 2^32 + 1", key(&scheme((1 << 32) + 1), &public)),
        one("a key of 31 bytes", key(&scheme(1), &public[1..])),
        one("a key of 33 bytes", key(&scheme(1), &[&public[..], &[0]].concat())),
        one("a key of ML-DSA-65 that has 32 bytes", key(&scheme(2), &public)),
        one("a key of Dilithium3 that is a byte too short", key(&scheme(4), &[7; 1_951])),
        one("a key of small order", key(&scheme(1), &neutral)),
        one("a key that is no point", key(&scheme(1), &point(&format!("02{}", "00".repeat(31))))),
        one("a key whose y has p added", key(&scheme(1), &point(&format!("f0{}7f", "ff".repeat(30))))),
        one(
            "a hybrid key whose Ed25519 half is of small order",
            key(&scheme(3), &[&neutral[..], &hybrid[32..]].concat()),
        ),
        one("a hybrid key that is a byte too short", key(&scheme(3), &hybrid[1..])),
        one("a key with a field more", {
            let key = bytes(4, &all(&[&number(1, 1), &bytes(2, &public), &number(99, 1)]));
            joined(|parts| parts.key.clone_from(&key))
        }),
    ]
}

/// The entry of an operation with these fields, which the usual author asks for and signs.
pub fn of_operation(number: u64, fields: &[&[u8]]) -> Vec<u8> {
    let operation = bytes(number, &all(fields));
    joined(|body| body.operation.clone_from(&operation))
}

/// The entry of a body whose author has this name.
pub fn of_author(did: &str) -> Vec<u8> {
    joined(|parts| parts.author = bytes(3, did.as_bytes()))
}

fn proof(parts: &[&[u8]]) -> Vec<u8> {
    of_operation(20, parts)
}

/// `proof.submit`, and the texts in it.
fn texts() -> Vec<Vector> {
    let content = bytes(1, crate::log::content().as_bytes());
    let mut found = vec![
        one("a proof without content", proof(&[&number(2, 12)])),
        one("a proof that is empty", proof(&[])),
        one("a proof with content of 31 bytes", proof(&[&bytes(1, &[7; 31])])),
        one("a proof with content of 64 bytes", proof(&[&bytes(1, &[7; 64])])),
        one("a proof with a length of 0, spelt out", proof(&[&content, &number(2, 0)])),
        one("a proof with an empty subject, spelt out", proof(&[&content, &bytes(4, b"")])),
        one("a proof with a subject of 1,025 bytes", proof(&[&content, &bytes(4, &[b'a'; 1_025])])),
        one("a proof with a media type of 1,025 bytes", proof(&[&content, &bytes(3, &[b'a'; 1_025])])),
        one("a proof with a subject that is no UTF-8", proof(&[&content, &bytes(4, b"\xff")])),
        one("a proof with a subject of half a character", proof(&[&content, &bytes(4, b"\xed\xa0\x80")])),
        one(
            "a proof with the subject before the media type",
            proof(&[&content, &bytes(4, b"a"), &bytes(3, b"b")]),
        ),
        one("a proof with a field more", proof(&[&content, &bytes(99, b"a")])),
    ];
    for (name, text) in [
        ("a NUL", "\0"),
        ("a line's end", "\n"),
        ("DEL", "\u{7f}"),
        ("a control character beyond ASCII", "\u{9f}"),
    ] {
        found.push(one(
            format!("a proof with {name} in its subject"),
            proof(&[&content, &bytes(4, text.as_bytes())]),
        ));
        found.push(one(
            format!("a proof with {name} in its media type"),
            proof(&[&content, &bytes(3, text.as_bytes())]),
        ));
    }
    found
}

/// The other operations.
fn contents() -> Vec<Vector> {
    let op = of_operation;
    let did = body(&author(), proof_submit()).author.as_str().to_owned();
    let identity = bytes(1, did.as_bytes());
    let public = author().public().as_bytes().to_vec();
    let key = |field| bytes(field, &all(&[&number(1, 1), &bytes(2, &public)]));
    let digest = sha256(b"digest");
    let digest = digest.as_bytes();
    let consent = bytes(4, &all(&[&number(1, 1), &bytes(2, &[7; 64])]));
    let approval = |approver: u64, signature: &[u8]| all(&[&number(1, approver), &bytes(2, signature)]);
    let leave = |name: &[u8], approvals: &[u8]| op(25, &[&number(1, 3), &bytes(2, name), approvals]);
    let joining = {
        let (_, join) =
            operations().into_iter().find(|(name, _)| *name == "validator.join").expect("it is there");
        let proto::operation::Operation::ValidatorJoin { validator, .. } = join else { panic!("a join") };
        validator.encode()
    };
    let join = |validator: &[u8], possession: &[u8]| op(24, &[&bytes(2, validator), &bytes(3, possession)]);
    let (subject, kind) = (bytes(1, b"subject"), bytes(2, b"https://example.com"));
    vec![
        one("an identity without keys", op(16, &[&identity])),
        one("an identity with nine keys", op(16, &[&identity, &key(2).repeat(9)])),
        one("an identity without name", op(16, &[&key(2)])),
        one("an identity with a name that is none", op(16, &[&bytes(1, b"did:key:zzz"), &key(2)])),
        one("an identity with an empty key", op(16, &[&identity, &bytes(2, b"")])),
        one("a key that is added to nobody", op(17, &[&key(2)])),
        one("a key that is not added", op(17, &[&identity])),
        one("a rotation without the key that retires", op(18, &[&identity, &key(3), &consent])),
        one(
            "a rotation with a key id of 31 bytes",
            op(18, &[&identity, &bytes(2, &[7; 31]), &key(3), &consent]),
        ),
        one("a rotation without new key", op(18, &[&identity, &bytes(2, digest), &consent])),
        one("a rotation without consent", op(18, &[&identity, &bytes(2, digest), &key(3)])),
        one("a rotation with a consent of 63 bytes", {
            let consent = bytes(4, &all(&[&number(1, 1), &bytes(2, &[7; 63])]));
            op(18, &[&identity, &bytes(2, digest), &key(3), &consent])
        }),
        one("a revocation without key", op(19, &[&identity])),
        one(
            "a revocation with a reason of 1,025 bytes",
            op(19, &[&identity, &bytes(2, digest), &bytes(3, &[b'a'; 1_025])]),
        ),
        one(
            "a revocation with a line's end in its reason",
            op(19, &[&identity, &bytes(2, digest), &bytes(3, b"a\nb")]),
        ),
        one("a revocation from the size 0, spelt out", {
            op(19, &[&identity, &bytes(2, digest), &number(4, 0)])
        }),
        one("a revocation from a size and a time", {
            op(19, &[&identity, &bytes(2, digest), &number(4, 1), &number(5, 1)])
        }),
        one("an identity with nine consents", {
            let consent = bytes(3, &all(&[&number(1, 1), &bytes(2, &[7; 64])]));
            op(16, &[&identity, &key(2), &consent.repeat(9)])
        }),
        one("an identity with an empty consent", op(16, &[&identity, &key(2), &bytes(3, b"")])),
        one("a key that is added with two consents", {
            let consent = bytes(3, &all(&[&number(1, 1), &bytes(2, &[7; 64])]));
            op(17, &[&identity, &key(2), &consent.repeat(2)])
        }),
        one("a key that is added with a consent of 63 bytes", {
            op(17, &[&identity, &key(2), &bytes(3, &all(&[&number(1, 1), &bytes(2, &[7; 63])]))])
        }),
        one("an artifact without address", op(30, &[&number(3, 12)])),
        one("an artifact with an address of 31 bytes", op(30, &[&bytes(1, &[7; 31])])),
        one(
            "an artifact with its salt, which is none, spelt out",
            op(30, &[&bytes(1, digest), &number(2, 0)]),
        ),
        one("an artifact that is salted twice", op(30, &[&bytes(1, digest), &number(2, 2)])),
        one("an artifact written once and for no time", op(30, &[&bytes(1, digest), &number(7, 1)])),
        one("an artifact with a line's end in its subject", op(30, &[&bytes(1, digest), &bytes(5, b"a\nb")])),
        one("a tombstone of nothing", op(31, &[&bytes(2, b"reason")])),
        one("a tombstone of 33 bytes", op(31, &[&bytes(1, &[7; 33])])),
        one(
            "a tombstone with a reason of 1,025 bytes",
            op(31, &[&bytes(1, digest), &bytes(2, &[b'a'; 1_025])]),
        ),
        one("an attestation without subject", op(21, &[&kind])),
        one("an attestation without kind", op(21, &[&subject])),
        one(
            "an attestation with a predicate of more than 32 KiB",
            op(21, &[&subject, &kind, &bytes(3, &vec![7; (32 << 10) + 1])]),
        ),
        one("an attestation with content of 31 bytes", op(21, &[&subject, &kind, &bytes(4, &[7; 31])])),
        one("an attestation with its end 0 spelt out", op(21, &[&subject, &kind, &number(5, 0)])),
        one("an attestation with a NUL in its kind", op(21, &[&subject, &bytes(2, b"a\0")])),
        one("a withdrawal of nothing", op(22, &[&bytes(2, b"reason")])),
        one("a withdrawal of 33 bytes", op(22, &[&bytes(1, &[7; 33])])),
        one("an anchor without root", op(23, &[&number(2, 1)])),
        one("an anchor of no leaf", op(23, &[&bytes(1, digest)])),
        one(
            "an anchor of a tree whose name has 1,025 bytes",
            op(23, &[&bytes(1, digest), &number(2, 1), &bytes(3, &[b'a'; 1_025])]),
        ),
        one("a join without validator", op(24, &[&bytes(3, &[7; 64])])),
        one("a join of an empty validator", join(&[], &[7; 64])),
        one("a join of a validator without its last key", join(&joining[..joining.len() - 1_955], &[7; 64])),
        one("a join with a possession of 63 bytes", join(&joining, &[7; 63])),
        one("a join without possession", op(24, &[&bytes(2, &joining)])),
        one("a leave of a name of 33 bytes", leave(&[b'a'; 33], &[])),
        one("a leave of a name with a line's end", leave(b"v\n", &[])),
        one("a leave with 101 approvals", leave(b"v5", &bytes(3, &approval(1, &[7; 64])).repeat(101))),
        one("a leave with an approval of 63 bytes", leave(b"v5", &bytes(3, &approval(1, &[7; 63])))),
        one("a leave with the approver 65,536", leave(b"v5", &bytes(3, &approval(65_536, &[7; 64])))),
    ]
}

/// The entry is well formed, and another one than the one asked for.
fn questions() -> Vec<Vector> {
    let entry = asked(proof_submit());
    let other = SubmissionId::new(sha256(b"another"));
    let question = |submission| Asked { submission: Some(submission), ..Asked::default() };
    let mut found =
        vec![one("another submission than the one asked for", entry.clone()).asking(question(other))];
    for (name, own) in [("genesis", genesis()), ("epoch", epoch()), ("block", block())] {
        let name = format!("the entry {name} where a submission was asked for");
        found.push(one(name, own).asking(question(id_in(&entry))));
    }
    found
}
