//! Statements of COSE: leaves by themselves, true ones and every way to spoil one.

use crypto::{Scheme, sha256};
use proto::cbor::Writer;
use proto::statement::Format;
use proto::submission::Submission;

use crate::cose::written;
use crate::keys::Secret;
use crate::log::content;
use crate::statement::{did, ed, every_dialect, leaf, pq, refused, small_order, true_one, unsigned};
use crate::vector::{Asked, Vector};

pub fn vectors() -> Vec<Vector> {
    [positive(), cbor(), shape(), headers(), keys(), signatures()].concat()
}

fn int(value: i64) -> Vec<u8> {
    written(|to| to.int(value))
}

fn text(value: &str) -> Vec<u8> {
    written(|to| to.text(value))
}

fn byte_string(value: &[u8]) -> Vec<u8> {
    written(|to| to.bytes(value))
}

/// A label and its value, which is written.
fn pair(label: i64, value: &[u8]) -> Vec<u8> {
    [&int(label)[..], value].concat()
}

fn map(pairs: &[Vec<u8>]) -> Vec<u8> {
    let mut to = Writer::new();
    to.map(pairs.len());
    [to.finish(), pairs.concat()].concat()
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut to = Writer::new();
    to.array(items.len());
    [to.finish(), items.concat()].concat()
}

/// The claims, with more of them.
fn claims(issuer: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let own = [pair(1, &text(issuer)), pair(2, &text("a file"))];
    pair(15, &map(&[&own[..], more].concat()))
}

/// The claim of a key.
fn confirmed(key: &[Vec<u8>]) -> Vec<u8> {
    pair(8, &map(&[pair(1, &map(key))]))
}

fn okp(key: &[u8]) -> Vec<Vec<u8>> {
    vec![pair(1, &int(1)), pair(-1, &int(6)), pair(-2, &byte_string(key))]
}

fn akp(key: &[u8]) -> Vec<Vec<u8>> {
    vec![pair(1, &int(7)), pair(3, &int(-49)), pair(-1, &byte_string(key))]
}

/// A statement with this protected header, signed whatever it says.
pub fn signed(protected: &[u8], payload: &[u8], secret: &Secret) -> Vec<u8> {
    let message = written(|to| to.array(4).text("Signature1").bytes(protected).bytes(b"").bytes(payload));
    let signature = secret.sign(&message);
    let parts = |to: &mut Writer| {
        to.tag(18).array(4).bytes(protected).map(0).bytes(payload).bytes(signature.as_bytes());
    };
    let mut to = Writer::new();
    parts(&mut to);
    to.finish()
}

/// A statement by the Ed25519 key, whose DID its issuer is, with these headers before the claims.
fn with(headers: &[Vec<u8>]) -> Vec<u8> {
    let own = [claims(&did(), &[])];
    signed(&map(&[headers, &own[..]].concat()), b"the artifact", &ed())
}

/// The usual one.
pub fn good() -> Vec<u8> {
    with(&[pair(1, &int(-8))])
}

fn positive() -> Vec<Vector> {
    let one = |name: &str, statement: Vec<u8>| true_one(name, leaf(Format::Cose, &statement, &[]));
    let alg = |alg| pair(1, &int(alg));
    let by = |secret: &Secret, alg: i64, issuer: &str, more: &[Vec<u8>], rest: &[Vec<u8>]| {
        let headers = [&[pair(1, &int(alg)), claims(issuer, more)], rest].concat();
        signed(&map(&headers), b"the artifact", secret)
    };
    let (own, theirs) = (ed().public(), pq().public());
    let other = proto::id::Did::of(&Secret::ed25519("other").public()).to_string();
    let quorate = format!("did:quorate:{}", theirs.id());
    let mut found = every_dialect("by Ed25519", &good());
    found.extend(every_dialect(
        "by ML-DSA-65",
        &by(&pq(), -49, "https://issuer.example", &[confirmed(&akp(theirs.as_bytes()))], &[]),
    ));
    found.extend([
        one("algorithm -19", with(&[alg(-19)])),
        one("a key in cnf", by(&ed(), -8, "https://issuer.example", &[confirmed(&okp(own.as_bytes()))], &[])),
        one("a key in cnf that says its algorithm", {
            let key = [okp(own.as_bytes()), vec![pair(3, &int(-19))]].concat();
            by(&ed(), -8, "https://issuer.example", &[confirmed(&key)], &[])
        }),
        one("a key that the DID in kid shows", {
            by(&ed(), -8, "issuer", &[], &[pair(4, &byte_string(did().as_bytes()))])
        }),
        one("a key that the DID in kid shows before #", {
            by(&ed(), -8, "issuer", &[], &[pair(4, &byte_string(format!("{}#key-1", did()).as_bytes()))])
        }),
        one("a kid that is no text, and an issuer that shows the key", {
            by(&ed(), -8, &did(), &[], &[pair(4, &byte_string(&[0xff, 0xfe]))])
        }),
        one("a kid that is no byte string", by(&ed(), -8, &did(), &[], &[pair(4, &text(&did()))])),
        one("a kid that nothing is known of", by(&ed(), -8, &did(), &[], &[pair(4, &byte_string(b"key-1"))])),
        one(
            "an issuer whose DID does not show the key",
            by(&ed(), -8, &other, &[confirmed(&okp(own.as_bytes()))], &[]),
        ),
        one(
            "an issuer by a did:quorate of the key",
            by(&pq(), -49, &quorate, &[confirmed(&akp(theirs.as_bytes()))], &[]),
        ),
        one("an empty issuer and an empty subject", {
            let claims =
                pair(15, &map(&[pair(1, &text("")), pair(2, &text("")), confirmed(&okp(own.as_bytes()))]));
            signed(&map(&[alg(-8), claims]), b"", &ed())
        }),
        one("a subject of 1,024 bytes beyond ASCII", {
            let claims = pair(15, &map(&[pair(1, &text(&did())), pair(2, &text(&"\u{1F4DC}".repeat(256)))]));
            signed(&map(&[alg(-8), claims]), b"x", &ed())
        }),
        one("an end", by(&ed(), -8, &did(), &[pair(4, &written(|to| to.unsigned(u64::MAX / 1_000)))], &[])),
        one("an audience and a float among the claims", {
            let float = [&int(6)[..], &[0xfb, 0x41, 0xd9, 0, 0, 0, 0, 0, 0]].concat();
            by(&ed(), -8, &did(), &[pair(3, &text("anybody")), float], &[])
        }),
        one("a content type", by(&ed(), -8, &did(), &[], &[pair(3, &text("text/plain"))])),
        one("a content type that is a number", by(&ed(), -8, &did(), &[], &[pair(3, &int(0))])),
        one("a type of what was hashed, and another", {
            by(&ed(), -8, &did(), &[], &[pair(3, &text("other")), pair(259, &text("text/plain"))])
        }),
        one("a type of what was hashed that is null, and another", {
            by(&ed(), -8, &did(), &[], &[pair(3, &text("other")), pair(259, &[0xf6])])
        }),
        one("everything critical that is understood", {
            let critical = list(&[int(1), int(2), int(15), int(1)]);
            by(&ed(), -8, &did(), &[], &[pair(2, &critical)])
        }),
        one("headers that nothing is known of", {
            let (name, simple) =
                ([&text("x")[..], &[0xf5]].concat(), [&int(100)[..], &[0xf8, 0xff]].concat());
            let half = [&int(101)[..], &[0xf9, 0x3c, 0]].concat();
            let tagged = [&int(102)[..], &[0xc1], &int(-5)].concat();
            let huge = [&[0x3b][..], &[0xff; 8], &[0x80]].concat();
            by(&ed(), -8, &did(), &[], &[name, simple, half, tagged, huge, pair(-1, &map(&[]))])
        }),
        one("a header nested as deep as may be", {
            let deep = [&[0x81; 15][..], &[0]].concat();
            by(&ed(), -8, &did(), &[], &[pair(100, &deep)])
        }),
        one("a payload of nothing", signed(&map(&[alg(-8), claims(&did(), &[])]), b"", &ed())),
        one("a payload of 300 bytes", signed(&map(&[alg(-8), claims(&did(), &[])]), &[7; 300], &ed())),
        one("a hash of another kind", by(&ed(), -8, &did(), &[], &[pair(258, &int(-43))])),
        {
            let header = map(&[alg(-8), claims(&did(), &[]), pair(258, &int(-16))]);
            let statement = signed(&header, content().as_bytes(), &ed());
            one("a hash envelope", statement).asking(Asked { artifact: Some(content()), ..Asked::default() })
        },
        one("its payload is the artifact", good())
            .asking(Asked { artifact: Some(sha256(b"the artifact")), ..Asked::default() }),
    ]);
    found
}

/// Bytes that are no statement in the one form of CBOR that is read.
fn cbor() -> Vec<Vector> {
    let good = good();
    let one = |name: &str, bytes: Vec<u8>, says: &str| refused(name, bytes, says);
    let deep = [&[0xd2; 16][..], &[0x81; 2], &[0]].concat();
    let too_large =
        signed(&map(&[pair(1, &int(-8)), claims(&did(), &[])]), &[7; Submission::BYTES_MAX], &ed());
    vec![
        one("a byte more", [&good[..], &[0]].concat(), "follow the value"),
        one("a byte less", good[..good.len() - 1].to_vec(), "ends early"),
        one("the tag alone", vec![0xd2], "ends early"),
        one("a list without end", [&[0xd2, 0x9f][..], &good[2..], &[0xff]].concat(), "no definite length"),
        one("a list's length in two bytes", [&[0xd2, 0x98, 4][..], &good[2..]].concat(), "shortest form"),
        one(
            "a payload's length in three bytes",
            {
                let at = good.len() - 66 - 13;
                assert_eq!(good[at], 0x4c);
                [&good[..at], &[0x59, 0, 12], &good[at + 1..]].concat()
            },
            "shortest form",
        ),
        one("a list of 2^64 - 1", [&[0xd2, 0x9b][..], &[0xff; 8]].concat(), "ends early"),
        one("bytes of 2^64 - 1", [&[0xd2, 0x84, 0x5b][..], &[0xff; 8]].concat(), "ends early"),
        one("a map of 2^64 - 1", [&[0xd2, 0xbb][..], &[0xff; 8]].concat(), "ends early"),
        one("an initial byte that is none", vec![0xd2, 0x1c], "is not CBOR"),
        one("a simple value in two bytes", vec![0xd2, 0xf8, 0x14], "is not CBOR"),
        one("a text behind the tag that is no UTF-8", vec![0xd2, 0x61, 0xff], "not UTF-8"),
        one("17 levels", deep, "deeper than 16"),
        one("60,000 tags", vec![0xd2; 60_000], "deeper than 16"),
        one("more than 60 KiB", too_large, "at most 61440"),
    ]
}

/// CBOR that is no COSE_Sign1, or not as it is ordered.
fn shape() -> Vec<Vector> {
    let protected = map(&[pair(1, &int(-8)), claims(&did(), &[])]);
    let (header, payload, seal) = (byte_string(&protected), byte_string(b"x"), byte_string(&[7; 64]));
    let of = |parts: &[&[u8]]| [&[0xd2, 0x80 | parts.len() as u8][..], &parts.concat()].concat();
    let one = |name: &str, parts: &[&[u8]], says: &str| refused(name, of(parts), says);
    let empty: &[u8] = &[0xa0];
    let named = map(&[pair(4, &byte_string(b"k"))]);
    let by_text = [&[0xa1][..], &text("x"), &[0]].concat();
    let hanging = map(&[pair(394, &list(&[byte_string(b"receipt")]))]);
    vec![
        refused("something else behind the tag", vec![0xd2, 0x01], "not a list of four"),
        one("three parts", &[&header, empty, &payload], "not a list of four"),
        one("five parts", &[&header, empty, &payload, &seal, &seal], "not a list of four"),
        one("a detached payload", &[&header, empty, &[0xf6], &seal], "detached"),
        one("a payload that is a text", &[&header, empty, &text("x"), &seal], "no byte string"),
        one("a protected header that is a map", &[&protected, empty, &payload, &seal], "no byte string"),
        one("a signature that is a number", &[&header, empty, &payload, &int(7)], "no byte string"),
        one("an unprotected header that is a list", &[&header, &[0x80], &payload, &seal], "is no map"),
        one("an unprotected header with a key's name", &[&header, &named, &payload, &seal], "is stripped"),
        one("an unprotected header with a name", &[&header, &by_text, &payload, &seal], "is stripped"),
        one("a receipt that hangs on it", &[&header, &hanging, &payload, &seal], "is stripped"),
        one(
            "a label twice in the unprotected header",
            &[&header, &[0xa2, 1, 1, 1, 1], &payload, &seal],
            "twice",
        ),
        one("an empty protected header", &[&[0x40], empty, &payload, &seal], "ends early"),
    ]
}

fn headers() -> Vec<Vector> {
    let of = |pairs: &[Vec<u8>]| signed(&map(pairs), b"x", &ed());
    let (alg, own) = (pair(1, &int(-8)), claims(&did(), &[]));
    let one = |name: &str, pairs: &[Vec<u8>], says: &str| refused(name, of(pairs), says);
    let beside = |name: &str, header: Vec<u8>, says: &str| {
        refused(name, of(&[alg.clone(), own.clone(), header]), says)
    };
    let claim = |name: &str, more: Vec<u8>, says: &str| {
        refused(name, of(&[alg.clone(), claims(&did(), &[more])]), says)
    };
    let stated =
        |name: &str, stated: Vec<u8>, says: &str| refused(name, of(&[alg.clone(), pair(15, &stated)]), says);
    let raw = |name: &str, protected: &[u8], says: &str| refused(name, signed(protected, b"x", &ed()), says);
    let (issuer, subject) = (pair(1, &text(&did())), pair(2, &text("s")));
    let long_label = vec![0x18, 1, 0x27];
    let by = |name: &str, issuer: &str| {
        let key = confirmed(&okp(ed().public().as_bytes()));
        refused(name, of(&[alg.clone(), claims(issuer, &[key])]), "the statement's issuer")
    };
    let bytes_behind = [map(&[alg.clone(), own.clone()]), vec![0]].concat();
    vec![
        raw("a header that is a list", &[0x80], "is no map"),
        raw("a header that is cut off", &[0xa1], "ends early"),
        raw("a byte behind the header", &bytes_behind, "follow the value"),
        one("no algorithm", std::slice::from_ref(&own), "names no algorithm"),
        one("ES256", &[pair(1, &int(-7)), own.clone()], "algorithm -7 is not taken"),
        one("ML-DSA-44", &[pair(1, &int(-48)), own.clone()], "algorithm -48 is not taken"),
        one("an algorithm in words", &[pair(1, &text("EdDSA")), own.clone()], "algorithm no number"),
        one("the algorithm twice", &[alg.clone(), alg.clone(), own.clone()], "a label twice"),
        one(
            "the algorithm twice, once in two bytes",
            &[alg.clone(), long_label, own.clone()],
            "shortest form",
        ),
        beside("a text label twice", [&text("x")[..], &[0], &text("x"), &[0]].concat(), "follow the value"),
        beside("crit that is no list", pair(2, &int(1)), "crit is no list of labels"),
        beside("crit of nothing", pair(2, &list(&[])), "crit is no list of labels"),
        beside("crit of a label that is not known", pair(2, &list(&[int(100)])), "makes label 100 critical"),
        beside("crit of a label that is not there", pair(2, &list(&[int(4)])), "makes label 4 critical"),
        beside("crit of a name", pair(2, &list(&[text("x")])), "makes x critical"),
        beside("crit of a list", pair(2, &list(&[list(&[])])), "makes no label critical"),
        beside("a text that is no UTF-8", pair(3, &[0x61, 0xff]), "not UTF-8"),
        beside("a hash envelope of another length", pair(258, &int(-16)), "the hash envelope"),
        beside("a content type of 1,025 bytes", pair(3, &text(&"t".repeat(1_025))), "1025 bytes"),
        beside("a content type with a line's end", pair(3, &text("a\nb")), "control character"),
        beside("a header nested too deep", pair(100, &[&[0x81; 16][..], &[0]].concat()), "deeper than 16"),
        one("no claims", std::slice::from_ref(&alg), "lacks the claims"),
        stated("claims that are a text", text("claims"), "lacks the claims"),
        stated("claims without issuer", map(std::slice::from_ref(&subject)), "lacks the claims"),
        stated("claims without subject", map(std::slice::from_ref(&issuer)), "lacks the claims"),
        stated(
            "an issuer that is a number",
            map(&[pair(1, &int(7)), subject.clone()]),
            "\"iss\" (1) is no text",
        ),
        stated("a subject that is null", map(&[issuer.clone(), pair(2, &[0xf6])]), "\"sub\" (2) is no text"),
        stated(
            "a subject of 1,025 bytes",
            map(&[issuer.clone(), pair(2, &text(&"s".repeat(1_025)))]),
            "1025 bytes",
        ),
        stated(
            "a subject with an escape",
            map(&[issuer.clone(), pair(2, &text("a\u{9b}b"))]),
            "control character",
        ),
        claim("an end below zero", pair(4, &int(-1)), "whole number of seconds"),
        claim("an end that is a float", [&int(4)[..], &[0xf9, 0x3c, 0]].concat(), "whole number of seconds"),
        claim(
            "an end beyond 2^64 ms",
            pair(4, &written(|to| to.unsigned(u64::MAX / 1_000 + 1))),
            "whole number of seconds",
        ),
        by("an issuer by a DID of ours that is malformed", "did:key:zNobody"),
        by("an issuer by a did:quorate that is malformed", "did:quorate:short"),
    ]
}

fn keys() -> Vec<Vector> {
    let (own, theirs) = (ed().public(), pq().public());
    let of = |alg: i64, more: &[Vec<u8>], rest: &[Vec<u8>]| {
        let headers = [&[pair(1, &int(alg)), claims("issuer", more)], rest].concat();
        signed(&map(&headers), b"x", &ed())
    };
    let key = |name: &str, key: &[Vec<u8>], says: &str| refused(name, of(-8, &[confirmed(key)], &[]), says);
    let more = |mut key: Vec<Vec<u8>>, label: i64, value: Vec<u8>| {
        key.push(pair(label, &value));
        key
    };
    let without = |mut key: Vec<Vec<u8>>, place: usize| {
        key.remove(place);
        key
    };
    let kid = |kid: &str| vec![pair(4, &byte_string(kid.as_bytes()))];
    let ed_key = || okp(own.as_bytes());
    let pq_key = || akp(theirs.as_bytes());
    let no_point = [&[2_u8][..], &[0; 31]].concat();
    vec![
        refused("no key", of(-8, &[], &[]), "put it into the claim cnf"),
        refused("a key that a kid names and does not show", of(-8, &[], &kid("key-1")), "the claim cnf"),
        refused("a cnf that holds no key", of(-8, &[pair(8, &map(&[]))], &[]), "the claim cnf"),
        refused("a cnf that is a text", of(-8, &[pair(8, &text("key"))], &[]), "the claim cnf"),
        refused(
            "a kid by a did:key in upper case",
            of(-8, &[], &kid(&did().to_uppercase())),
            "the claim cnf",
        ),
        refused(
            "a kid by a did:key with a letter more",
            of(-8, &[], &kid(&format!("{}z", did()))),
            "the claim cnf",
        ),
        refused(
            "a key of another scheme than the algorithm",
            of(-49, &[confirmed(&ed_key())], &[]),
            "the header says algorithm -49, the key is of ed25519",
        ),
        refused(
            "a kid's key of another scheme than the algorithm",
            of(-49, &[], &kid(&did())),
            "algorithm -49",
        ),
        refused(
            "an issuer's key of another scheme than the algorithm",
            signed(&map(&[pair(1, &int(-49)), claims(&did(), &[])]), b"x", &ed()),
            "the key of signature 1",
        ),
        key("a key that is empty", &[], "is of kty none"),
        refused(
            "a key that is a list",
            of(-8, &[pair(8, &map(&[pair(1, &list(&[]))]))], &[]),
            "is of kty none",
        ),
        key(
            "a key of X25519",
            &[pair(1, &int(1)), pair(-1, &int(4)), pair(-2, &byte_string(own.as_bytes()))],
            "kty 1",
        ),
        key("a key of P-256", &[pair(1, &int(2)), pair(-1, &int(1))], "kty 2"),
        key(
            "a key of ML-DSA-44",
            &[pair(1, &int(7)), pair(3, &int(-48)), pair(-1, &byte_string(&[7; 1_312]))],
            "alg -48",
        ),
        key("a key that says another algorithm", &more(ed_key(), 3, int(-7)), "the header says -7"),
        key("a key that says its algorithm in words", &more(ed_key(), 3, text("EdDSA")), "no number"),
        key("a private key", &more(ed_key(), -4, byte_string(&[7; 32])), "private key"),
        key("a private key of ML-DSA-65", &more(pq_key(), -2, byte_string(&[7; 32])), "private key"),
        key("a key without bytes", &without(ed_key(), 2), "no bytes under -2"),
        key("a key of ML-DSA-65 without bytes", &without(pq_key(), 2), "no bytes under -1"),
        key(
            "a key whose bytes are a text",
            &more(without(ed_key(), 2), -2, text("key")),
            "no bytes under -2",
        ),
        key("a key of 31 bytes", &okp(&own.as_bytes()[1..]), "31"),
        key("a key of ML-DSA-65 of 1,951 bytes", &akp(&theirs.as_bytes()[1..]), "1951"),
        key("a key of small order", &okp(&small_order()), "small order"),
        key("a key that is no point", &okp(&no_point), "the key of the statement"),
    ]
}

fn signatures() -> Vec<Vector> {
    let good = good();
    let last = good.len() - 1;
    let turned = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let header = map(&[pair(1, &int(-8)), claims(&did(), &[])]);
    let sealed = |signature: &[u8]| {
        written(|to| to.tag(18).array(4).bytes(&header).map(0).bytes(b"the artifact").bytes(signature))
    };
    let message = |context: &str| {
        written(|to| to.array(4).text(context).bytes(&header).bytes(b"").bytes(b"the artifact"))
    };
    let whole = ed().sign(&message("Signature1"));
    assert_eq!(sealed(whole.as_bytes()), good);
    let pq_header =
        map(&[pair(1, &int(-49)), claims("issuer", &[confirmed(&akp(pq().public().as_bytes()))])]);
    let pq_one = signed(&pq_header, b"x", &pq());
    let mut pq_turned = pq_one.clone();
    let at = pq_one.len() - 2_000;
    pq_turned[at] ^= 1;
    let neutral = ed().sign_neutrally(&message("Signature1"));
    vec![
        refused("a signature of 63 bytes", sealed(&whole.as_bytes()[1..]), "64 bytes"),
        refused("a signature of nothing", sealed(&[]), "64 bytes"),
        refused("a signature of ML-DSA-65 by an Ed25519 key", sealed(&[7; 3_309]), "64 bytes"),
        unsigned("a bit of the signature turned", turned(last)),
        unsigned("a bit of R turned", turned(last - 63)),
        unsigned("a bit of the payload turned", turned(last - 66)),
        unsigned("a bit of the subject turned", turned(last - 80)),
        unsigned("signed by another key", signed(&header, b"the artifact", &Secret::ed25519("other"))),
        unsigned("signed for a countersignature", sealed(ed().sign(&message("CounterSignature")).as_bytes())),
        unsigned("signed without the structure", sealed(ed().sign(b"the artifact").as_bytes())),
        unsigned("R that is the neutral point, the equation being right", sealed(neutral.as_bytes())),
        unsigned("a bit of an ML-DSA-65 signature turned", pq_turned),
        unsigned("an ML-DSA-65 signature by another key", {
            signed(&pq_header, b"x", &Secret::new(Scheme::MlDsa65, "other/pq"))
        }),
    ]
}
