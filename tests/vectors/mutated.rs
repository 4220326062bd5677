//! Statements changed at random, and what the Rust reader makes of each: for verifiers in other languages to compare with.
//!
//! The vectors show every branch; these look for differences that nobody thought of. Headers, payloads and signature bases
//! are changed before they are signed, so that what is still well formed is mostly still true. `QUORATE_MUTATED` names the
//! file that is written, `QUORATE_MUTATIONS` how many there are of each envelope, `QUORATE_SEED` where chance begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::canonical::Canonical as _;
use proto::cbor::Writer;
use proto::entry::Entry;
use proto::statement::Format;
use proto::verified::Strict;
use serde_json::{Value, json};

use crate::keys::Secret;
use crate::log::content;
use crate::statement::{did, ed, leaf};
use crate::statement_cose::signed;
use crate::statement_dsse::{IN_TOTO, envelope};
use crate::statement_jws::{compact, jwk};

/// Pieces of what envelopes are made of, good and bad.
const PIECES: [&str; 56] = [
    "\"",
    "\\",
    ",",
    "{",
    "}",
    "[",
    "]",
    ":",
    " ",
    "\n",
    "\t",
    ";",
    "=",
    "(",
    ")",
    "#",
    "+",
    "/",
    "_",
    "==",
    "0",
    "1",
    "-",
    ".",
    "e5",
    "null",
    "true",
    "é",
    "\u{85}",
    "\u{feff}",
    "\u{1}",
    "\u{7f}",
    "\u{9f}",
    "\u{2028}",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\n",
    "\"alg\":\"EdDSA\"",
    "\"crit\":[]",
    "\"b64\":true",
    ",\"d\":1",
    "\"typ\":\"JWT\"",
    "\"exp\":1",
    "\"iss\":\"a\"",
    "\"sub\":\"b\"",
    "\"cty\":\"x\"",
    "\"kid\":\"x\"",
    "\"jwk\":",
    ";expires=007",
    ";keyid=\"x\"",
    "\"content-digest\"",
    "sha-256=:",
    "did:key:z",
    "did:quorate:",
    "Ed25519",
];

/// Chance that is the same each time.
struct Dice(u64);

impl Dice {
    /// A number below another one, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        // xorshift64
        for (left, by) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << by } else { self.0 >> by };
        }
        (self.0 >> 11) as usize % end
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// The bytes with one or two changes.
    fn changed(&mut self, bytes: &[u8], is_text: bool) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let values = if is_text { 128 } else { 256 };
        for _ in 0..=self.below(2) {
            let at = self.below(bytes.len() + 1);
            let to = (at + 1 + self.below(12)).min(bytes.len());
            let value = self.below(values) as u8;
            match self.below(8) {
                0 | 1 if at < bytes.len() => bytes[at] ^= 1 << self.below(values.ilog2() as usize),
                2 if at < bytes.len() => bytes[at] = value,
                3 => bytes.insert(at, value),
                4 => {
                    let part = bytes[at..to].to_vec();
                    let place = self.below(bytes.len() + 1);
                    bytes.splice(place..place, part);
                }
                5 => drop(bytes.drain(at..to)),
                _ if is_text => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].bytes())),
                // Heads of CBOR.
                _ => bytes.insert(
                    at,
                    [0x40, 0x60, 0x80, 0xa0, 0xf6, 0x18, 0x19, 0xd2, 0xc1, 0x20, 0xf9][self.below(11)],
                ),
            }
        }
        bytes
    }

    /// Perhaps changed, once in so many times.
    fn perhaps(&mut self, count: usize, bytes: &[u8], is_text: bool) -> Vec<u8> {
        if self.one_in(count) { self.changed(bytes, is_text) } else { bytes.to_vec() }
    }

    /// The same for a text, of which what is no UTF-8 becomes something else.
    fn perhaps_text(&mut self, count: usize, text: &str) -> String {
        String::from_utf8_lossy(&self.perhaps(count, text.as_bytes(), true)).into_owned()
    }
}

const JWT: &str =
    r#"{"iss":"https://issuer.example","sub":"pkg:cargo/quorate","exp":4102444800,"n":[1,{"a":null}]}"#;

fn jws(dice: &mut Dice) -> Vec<u8> {
    let (own, key) = (did(), jwk(&ed().public()));
    let headers = [
        (format!(r#"{{"alg":"EdDSA","typ":"JWT","jwk":{key}}}"#), false),
        (
            format!(
                r#"{{"alg":"EdDSA","kid":"{own}#k","iss":"x","sub":"a file","exp":12,"cty":"text/plain"}}"#
            ),
            false,
        ),
        (format!(r#"{{"alg":"Ed25519","iss":"{own}","sub":"a"}}"#), false),
        (r#"{"alg":"EdDSA"}"#.to_owned(), true),
    ];
    let (header, is_beside) = &headers[dice.below(headers.len())];
    let (header, payload) = (dice.perhaps_text(2, header), dice.perhaps(3, JWT.as_bytes(), true));
    let whole = dice.perhaps(6, &compact(&ed(), &header, &payload), true);
    let keys: &[&Secret] = if *is_beside { &[&ed()] } else { &[] };
    leaf(Format::Jws, &whole, keys)
}

fn dsse(dice: &mut Dice) -> Vec<u8> {
    let digest = content();
    let payload = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"a","digest":{{"sha256":"{digest}"}}}}],"predicate":{{}}}}"#
    );
    let payload = dice.perhaps(2, payload.as_bytes(), true);
    let whole = envelope(&[&ed()], IN_TOTO, &payload);
    let whole = dice.perhaps(2, &whole, true);
    leaf(Format::Dsse, &whole, &[&ed()])
}

fn http(dice: &mut Dice) -> Vec<u8> {
    let body = "seven apples";
    let digest = STANDARD.encode(crypto::sha256(body.as_bytes()).as_bytes());
    let names = r#""@method" "@target-uri" "content-type" "content-digest""#;
    let params = format!(r#"({names});created=1;keyid="{}";alg="ed25519";expires=4102444800"#, did());
    let params = dice.perhaps_text(2, &params);
    let lines = format!(
        "\"@method\": POST\n\"@target-uri\": https://example.com/\n\"content-type\": text/plain\n\
         \"content-digest\": sha-512=:AA==:, sha-256=:{digest}:\n"
    );
    let base = format!("{}\"@signature-params\": {params}", dice.perhaps_text(2, &lines));
    let signature = STANDARD.encode(ed().sign(base.as_bytes()).as_bytes());
    let request = json!({
        "format": "quorate/http-signature/v1", "base": base, "input": format!("sig1={params}"),
        "signature": format!("sig1=:{signature}:"), "body": STANDARD.encode(body),
    });
    leaf(Format::Http, &dice.perhaps(4, request.to_string().as_bytes(), true), &[])
}

fn cose(dice: &mut Dice) -> Vec<u8> {
    let own = ed().public();
    let mut header = Writer::new();
    match dice.one_in(2) {
        true => {
            header.map(4).int(1).int(-8).int(3).text("text/plain").int(15).map(4).int(1).text(&did()).int(2);
            header.text("a file").int(4).int(4_102_444_800).int(3).text("anybody").int(258).int(-16);
        }
        false => {
            header.map(4).int(1).int(-19).int(2).array(1).int(15).int(15).map(3).int(1).text("issuer").int(2);
            header
                .text("s")
                .int(8)
                .map(1)
                .int(1)
                .map(3)
                .int(1)
                .int(1)
                .int(-1)
                .int(6)
                .int(-2)
                .bytes(own.as_bytes());
            header.int(4).bytes(b"kid");
        }
    }
    let header = header.finish();
    let header = if dice.one_in(4) { header } else { dice.changed(&header, false) };
    let mut whole = dice.perhaps(3, &signed(&header, content().as_bytes(), &ed()), false);
    // Another first byte, and it is no statement of COSE.
    whole.splice(..1, [proto::statement::cose::TAG]);
    whole
}

/// What the Rust reader makes of a leaf: the check that fails, and what it reads of one that is well formed.
fn judged(leaf: &[u8]) -> Value {
    let Ok(entry) = Entry::decode(leaf) else { return json!({ "failed": "entry" }) };
    assert_eq!(entry.encode(), leaf, "one value has one encoding");
    let submission = entry.submission().expect("a statement");
    let (body, said) = (submission.body(), submission.body().operation.statement().expect("a statement"));
    let holds = submission.verify_signatures(&body.network, &Strict).is_ok();
    json!({
        "failed": (!holds).then_some("author_signature"), "id": submission.id().to_string(),
        "author": body.author.as_str(), "key": body.key.id().to_string(), "content": said.content().to_string(),
        "format": said.format.name(), "issuer": said.issuer, "subject": said.subject,
        "media_type": said.media_type, "payload": said.payload.to_string(),
    })
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn mutated_statements_are_read_in_one_way() {
    let mut dice = Dice(number("QUORATE_SEED", 0x9e37_79b9_7f4a_7c15).max(1));
    let (mut found, mut counts) = (Vec::new(), [0; 3]);
    for _ in 0..number("QUORATE_MUTATIONS", 500) {
        for make in [jws, dsse, http, cose] {
            let entry = make(&mut dice);
            let verdict = judged(&entry);
            counts[match verdict["failed"].as_str() {
                None => 0,
                Some("entry") => 1,
                Some(_) => 2,
            }] += 1;
            found.push(json!({ "entry": STANDARD.encode(&entry), "rust": verdict }));
        }
    }
    let [holds, refused, unsigned] = counts;
    println!("{holds} hold, {refused} are no statements, {unsigned} are signed by nobody");
    // Each kind is there, or the others would have little to compare.
    assert!(counts.iter().all(|count| *count * 100 > found.len()), "{counts:?}");
    if let Some(path) = std::env::var_os("QUORATE_MUTATED") {
        std::fs::write(path, Value::from(found).to_string()).expect("written");
    }
}
