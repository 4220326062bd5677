//! DSSE envelopes in an entry, keys beside them: true ones and every way to spoil one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use crypto::{Scheme, sha256};
use proto::statement::Format;

use crate::keys::Secret;
use crate::log::content;
use crate::statement::{ed, every_dialect, leaf, pq, refused, true_one, unsigned};
use crate::vector::{Asked, Vector};

pub const IN_TOTO: &str = "application/vnd.in-toto+json";

pub fn vectors() -> Vec<Vector> {
    [positive(), shape(), in_toto_ones(), signatures()].concat()
}

/// What is signed.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), payload].concat()
}

/// An envelope signed by these.
pub fn envelope(secrets: &[&Secret], kind: &str, payload: &[u8]) -> Vec<u8> {
    let parts: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let signature = STANDARD.encode(secret.sign(&pae(kind, payload)).as_bytes());
            format!(r#"{{"keyid":"any","sig":"{signature}"}}"#)
        })
        .collect();
    let kind = serde_json::to_string(kind).expect("writes");
    let payload = STANDARD.encode(payload);
    format!(r#"{{"payload":"{payload}","payloadType":{kind},"signatures":[{}]}}"#, parts.join(","))
        .into_bytes()
}

/// An in-toto statement with these subjects.
fn in_toto(subjects: &str) -> String {
    format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":{subjects},\
         \"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{{}}}}"
    )
}

fn subject(digest: &str) -> String {
    format!(r#"{{"name":"quorate.tar.gz","digest":{{"sha512":"00","sha256":"{digest}"}}}}"#)
}

fn by(kind: &str, payload: &[u8]) -> Vec<u8> {
    leaf(Format::Dsse, &envelope(&[&ed()], kind, payload), &[&ed()])
}

fn positive() -> Vec<Vector> {
    let digest = content().to_string();
    let one_subject = in_toto(&format!("[{}]", subject(&digest)));
    let both = leaf(Format::Dsse, &envelope(&[&pq(), &ed()], "text/plain", b"hello"), &[&ed(), &pq()]);
    let about = |vector: Vector, digest| vector.asking(Asked { artifact: Some(digest), ..Asked::default() });
    let statement = |name: &str, payload: &str| true_one(name, by(IN_TOTO, payload.as_bytes()));
    let sha1 = r#"[{"name":"a","digest":{"sha1":"00"}}]"#;
    let mut found = every_dialect("an in-toto statement", &by(IN_TOTO, one_subject.as_bytes()));
    found.extend(every_dialect("two signatures", &both));
    found.extend([
        about(statement("the artifact of an in-toto statement", &one_subject), content()),
        about(true_one("its payload is the artifact", by("text/plain", b"hello")), sha256(b"hello")),
        true_one("two signatures, the shorter first", {
            leaf(Format::Dsse, &envelope(&[&ed(), &pq()], "text/plain", b"hello"), &[&ed(), &pq()])
        }),
        true_one("by ML-DSA-65", leaf(Format::Dsse, &envelope(&[&pq()], "x", b"hello"), &[&pq()])),
        true_one("a payload of nothing, of no type", by("", b"")),
        true_one("a type beyond ASCII", by("text/\u{e4}\u{1F4DC}", b"x")),
        true_one("the alphabet of URLs", {
            let (payload, kind) = ([0xfb, 0xff, 0xbf, 0xff], "x");
            let signature = URL_SAFE.encode(ed().sign(&pae(kind, &payload)).as_bytes());
            let text = format!(
                r#"{{"payload":"{}","payloadType":"x","signatures":[{{"sig":"{signature}"}}]}}"#,
                URL_SAFE.encode(payload)
            );
            leaf(Format::Dsse, text.as_bytes(), &[&ed()])
        }),
        true_one("a keyid that is an object, and no order of members", {
            let signature = STANDARD.encode(ed().sign(&pae("x", b"y")).as_bytes());
            let text = format!(
                "{{ \"signatures\" : [ {{\"sig\":\"{signature}\",\"keyid\":{{}}}} ],\n\
                 \"payloadType\":\"\\u0078\",\"payload\":\"eQ==\"}}"
            );
            leaf(Format::Dsse, text.as_bytes(), &[&ed()])
        }),
        statement(
            "an in-toto statement of another version",
            r#"{"_type":"https://in-toto.io/Statement/v0.1"}"#,
        ),
        about(
            statement(
                "an in-toto statement of two subjects",
                &in_toto(&format!("[{},7]", subject("no digest"))),
            ),
            sha256(in_toto(&format!("[{},7]", subject("no digest"))).as_bytes()),
        ),
        statement("an in-toto statement whose subject has no name", &in_toto("[{}]")),
        statement("an in-toto statement whose subject has another digest", &in_toto(sha1)),
        statement(
            "an in-toto statement whose digest is a number",
            &in_toto(r#"[{"name":7,"digest":{"sha256":7}}]"#),
        ),
        statement(
            "an in-toto statement whose digests are a text",
            &in_toto(r#"[{"name":"a","digest":"sha256"}]"#),
        ),
    ]);
    found
}

fn shape() -> Vec<Vector> {
    let whole = String::from_utf8(envelope(&[&ed()], "t", b"x")).expect("text");
    let raw = |name: &str, text: &[u8], says: &str| refused(name, leaf(Format::Dsse, text, &[&ed()]), says);
    let swap = |name: &str, from: &str, to: &str, says: &str| {
        assert!(whole.contains(from), "{from}");
        raw(name, whole.replacen(from, to, 1).as_bytes(), says)
    };
    let of = |name: &str, secrets: &[&Secret], keys: &[&Secret], says: &str| {
        refused(name, leaf(Format::Dsse, &envelope(secrets, "t", b"x"), keys), says)
    };
    let other = Secret::ed25519("other");
    vec![
        raw("no JSON", b"DSSEv1", "is not JSON"),
        raw("a list", b"[]", "is not an object"),
        swap("a member that is not covered", "{\"payload\"", "{\"x\":1,\"payload\"", "no signature covers"),
        swap("a member of a signature that is not covered", "\"keyid\"", "\"cert\"", "no signature covers"),
        swap("a name in another case", "\"payloadType\"", "\"payloadtype\"", "no signature covers"),
        swap("no payload", "\"payload\":\"eA==\",", "", "no text \"payload\""),
        swap("a payload that is null", "\"eA==\"", "null", "no text \"payload\""),
        swap("a payload without padding", "\"eA==\"", "\"eA\"", "canonical padded base64"),
        swap("a payload with bits to spare that are set", "\"eA==\"", "\"eB==\"", "canonical padded base64"),
        swap("a payload of both alphabets", "\"eA==\"", "\"+_8=\"", "canonical padded base64"),
        swap("a payload with a line's end", "\"eA==\"", "\"eA==\\n\"", "canonical padded base64"),
        swap("no type", "\"payloadType\":\"t\",", "", "no text \"payloadType\""),
        swap("a type that is a number", "\"t\"", "7", "no text \"payloadType\""),
        swap("a type with a line's end", "\"t\"", "\"a\\nb\"", "control character"),
        swap("a type of 1,025 bytes", "\"t\"", &format!("\"{}\"", "t".repeat(1_025)), "1025 bytes"),
        swap("no signatures", "\"signatures\"", "\"signaturen\"", "no signature covers"),
        swap("signatures that are an object", "\"signatures\":[", "\"signatures\":{\"a\":[", "does not end"),
        raw(
            "signatures that are a text",
            br#"{"payload":"","payloadType":"","signatures":"x"}"#,
            "no list of signatures",
        ),
        raw(
            "a signature that is a text",
            br#"{"payload":"","payloadType":"","signatures":["x"]}"#,
            "is no object",
        ),
        raw(
            "a signature without bytes",
            br#"{"payload":"","payloadType":"","signatures":[{}]}"#,
            "no text \"sig\"",
        ),
        swap("a signature that is no base64", "\"sig\":\"", "\"sig\":\"*", "canonical padded base64"),
        swap("a signature of 67 bytes", "\"sig\":\"", "\"sig\":\"AAAA", "has 67 bytes"),
        of("signatures of nobody", &[], &[&ed()], "0 signatures"),
        of("three signatures", &[&ed(), &pq(), &ed()], &[&ed(), &pq()], "3 signatures"),
        of("two signatures of one scheme", &[&ed(), &other], &[&ed(), &pq()], "the key of signature 2"),
        of("no key", &[&ed()], &[], "an envelope cannot hold it"),
        of("a key of another scheme", &[&ed()], &[&pq()], "the key of signature 1"),
        of("a key too many", &[&ed()], &[&ed(), &pq()], "2 keys are given beside the envelope, 1"),
    ]
}

fn in_toto_ones() -> Vec<Vector> {
    let one = |name: &str, payload: &str, says: &str| refused(name, by(IN_TOTO, payload.as_bytes()), says);
    let of = |name: &str, digest: &str| one(name, &in_toto(&format!("[{}]", subject(digest))), "digest");
    let digest = content().to_string();
    vec![
        one("an in-toto statement that is no JSON", "hello", "the in-toto statement"),
        one("an in-toto statement that is a number", "7", "is not an object"),
        one("an in-toto statement without type", "{}", "no text \"_type\""),
        one("an in-toto statement with a member twice", r#"{"_type":"a","_type":"a"}"#, "stands twice"),
        one("an in-toto statement without subjects", &in_toto("null"), "no list of subjects"),
        one("an in-toto statement of no subject", &in_toto("[]"), "has no subject"),
        one("an in-toto statement whose subject is a text", &in_toto(r#"["a"]"#), "has no subject"),
        of("a digest of 63 digits", &digest[1..]),
        of("a digest in upper case", &digest.to_uppercase()),
        of("a digest with a blank", &format!(" {}", &digest[1..])),
        one(
            "a subject's name with a control character",
            &in_toto(r#"[{"name":"a\u007fb"}]"#),
            "control character",
        ),
        one(
            "a subject's name of 1,025 bytes",
            &in_toto(&format!(r#"[{{"name":"{}"}}]"#, "n".repeat(1_025))),
            "1025 bytes",
        ),
    ]
}

fn signatures() -> Vec<Vector> {
    let other = Secret::ed25519("other");
    let sealed = |message: &[u8]| {
        let signature = STANDARD.encode(ed().sign(message).as_bytes());
        let text =
            format!(r#"{{"payload":"eA==","payloadType":"t","signatures":[{{"sig":"{signature}"}}]}}"#);
        leaf(Format::Dsse, text.as_bytes(), &[&ed()])
    };
    let both = |first: &Secret, second: &Secret| {
        leaf(Format::Dsse, &envelope(&[first, second], "t", b"x"), &[&ed(), &pq()])
    };
    vec![
        true_one("signed by hand", sealed(&pae("t", b"x"))),
        unsigned("signed by another key", leaf(Format::Dsse, &envelope(&[&other], "t", b"x"), &[&ed()])),
        unsigned("signed without the type", sealed(b"x")),
        unsigned("signed with another type", sealed(&pae("u", b"x"))),
        unsigned("signed with another payload", sealed(&pae("t", b"y"))),
        unsigned("signed with another version", sealed(b"DSSEv2 1 t 1 x")),
        unsigned("the payload signed in base64", sealed(&pae("t", b"eA=="))),
        unsigned("two signatures, the first another's", both(&other, &pq())),
        unsigned(
            "two signatures, the second another's",
            both(&ed(), &Secret::new(Scheme::MlDsa65, "other/pq")),
        ),
    ]
}
