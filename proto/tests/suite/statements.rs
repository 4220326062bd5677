//! Statements signed by others: each envelope read, signed, spoiled; and the file of all of them for other programs.
//!
//! `tests/vectors/statement` holds one file for each envelope and `index.json`, which says what is derived from it;
//! `UPDATE=1` writes them anew. ML-DSA-65 signatures are hedged, so what is committed is read, and never compared with a
//! new one.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crypto::{PublicKey, Scheme, SecretKey, sha256};
use proptest::prelude::*;
use proto::canonical::Canonical as _;
use proto::counter::{Height, TimeMs};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::{Did, NetworkId};
use proto::statement::{Format, cose};
use proto::submission::{Submission, SubmissionError};
use proto::verified::Strict;

use crate::fixture::secret;

struct Case {
    name: &'static str,
    format: Format,
    bytes: Vec<u8>,
    keys: Vec<PublicKey>,
}

fn ed() -> SecretKey {
    secret(Scheme::Ed25519, "statement/ed25519")
}

fn pq() -> SecretKey {
    secret(Scheme::MlDsa65, "statement/ml-dsa-65")
}

fn url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk(key: &PublicKey) -> String {
    let text = url(key.as_bytes());
    match key.scheme() {
        Scheme::Ed25519 => format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{text}"}}"#),
        _ => format!(r#"{{"kty":"AKP","alg":"ML-DSA-65","pub":"{text}"}}"#),
    }
}

fn alg(key: &PublicKey) -> &'static str {
    match key.scheme() {
        Scheme::Ed25519 => "Ed25519",
        _ => "ML-DSA-65",
    }
}

const JWT: &str = r#"{"iss":"https://issuer.example","sub":"pkg:cargo/quorate","exp":4102444800}"#;

/// A compact JWS with this header.
fn jws(secret: &SecretKey, header: &str, payload: &str) -> Vec<u8> {
    let signed = format!("{}.{}", url(header), url(payload));
    let signature = url(secret.sign(signed.as_bytes()).as_bytes());
    format!("{signed}.{signature}").into_bytes()
}

fn jwt_header(key: &PublicKey) -> String {
    format!(r#"{{"alg":"{}","typ":"JWT","jwk":{}}}"#, alg(key), jwk(key))
}

fn jws_json(secrets: &[&SecretKey], payload: &str) -> Vec<u8> {
    let parts: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let compact =
                String::from_utf8(jws(secret, &jwt_header(secret.public()), payload)).expect("text");
            let parts: Vec<&str> = compact.split('.').collect();
            format!(r#"{{"protected":"{}","signature":"{}"}}"#, parts[0], parts[2])
        })
        .collect();
    format!(r#"{{"payload":"{}","signatures":[{}]}}"#, url(payload), parts.join(",")).into_bytes()
}

const IN_TOTO: &str = "application/vnd.in-toto+json";

fn in_toto() -> String {
    format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{{\"name\":\"quorate.tar.gz\",\
         \"digest\":{{\"sha256\":\"{}\"}}}}],\"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{{}}}}",
        sha256(b"artifact")
    )
}

fn dsse(secrets: &[&SecretKey], kind: &str, payload: &str) -> Vec<u8> {
    let pae = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
    let parts: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let signature = STANDARD.encode(secret.sign(pae.as_bytes()).as_bytes());
            format!(r#"{{"keyid":"any","sig":"{signature}"}}"#)
        })
        .collect();
    let payload = STANDARD.encode(payload);
    format!(r#"{{"payload":"{payload}","payloadType":"{kind}","signatures":[{}]}}"#, parts.join(","))
        .into_bytes()
}

/// What a signed request is made of, so that each part can be spoiled.
struct Request {
    base: String,
    input: String,
    body: &'static str,
}

fn request(key: &PublicKey, body: &'static str) -> Request {
    let keyid = match key.scheme() {
        Scheme::Ed25519 => Did::of(key).to_string(),
        _ => "key-1".to_owned(),
    };
    let alg = alg(key).to_ascii_lowercase();
    let params = format!(
        r#"("@method" "@target-uri" "content-type" "content-digest");created=1783368000;keyid="{keyid}";alg="{alg}""#
    );
    let digest = STANDARD.encode(sha256(body.as_bytes()).as_bytes());
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": https://example.com/orders?id=7\n\"content-type\": text/plain\n\
         \"content-digest\": sha-256=:{digest}:\n\"@signature-params\": {params}"
    );
    Request { base, input: format!("sig1={params}"), body }
}

impl Request {
    fn sign(&self, secret: &SecretKey) -> Vec<u8> {
        let signature = STANDARD.encode(secret.sign(self.base.as_bytes()).as_bytes());
        self.seal(&format!("sig1=:{signature}:"))
    }

    fn seal(&self, signature: &str) -> Vec<u8> {
        let Self { base, input, body } = self;
        let text = |text: &str| serde_json::to_string(text).expect("writes");
        let (base, input, signature) = (text(base), text(input), text(signature));
        let body = STANDARD.encode(body);
        format!(
            "{{\"format\":\"quorate/http-signature/v1\",\"base\":{base},\"input\":{input},\
             \"signature\":{signature},\"body\":\"{body}\"}}"
        )
        .into_bytes()
    }
}

fn cose(secret: &SecretKey, issuer: &str) -> Vec<u8> {
    let payload = b"{\"tests\":\"passed\"}".to_vec();
    let draft = cose::Draft::new(secret.public(), issuer, "pkg:cargo/quorate", "application/json", payload);
    let draft = draft.expect("a scheme of COSE");
    draft.seal(&secret.sign(&draft.message())).expect("its own signature")
}

fn all() -> Vec<Case> {
    let (ed, pq) = (ed(), pq());
    let case = |name, format, bytes, keys: &[&SecretKey]| Case {
        name,
        format,
        bytes,
        keys: keys.iter().map(|secret| secret.public().clone()).collect(),
    };
    let did = Did::of(ed.public()).to_string();
    let kid = format!(r#"{{"alg":"EdDSA","kid":"{did}","iss":"{did}","sub":"a file"}}"#);
    vec![
        case("cose-ed25519", Format::Cose, cose(&ed, &did), &[]),
        case("cose-ml-dsa-65", Format::Cose, cose(&pq, "https://issuer.example"), &[]),
        case("jws-ed25519", Format::Jws, jws(&ed, &jwt_header(ed.public()), JWT), &[]),
        case("jws-ml-dsa-65", Format::Jws, jws(&pq, &jwt_header(pq.public()), JWT), &[]),
        case("jws-kid", Format::Jws, jws(&ed, &kid, "any bytes"), &[]),
        case("jws-key-beside", Format::Jws, jws(&pq, r#"{"alg":"ML-DSA-65"}"#, "any bytes"), &[&pq]),
        case("jws-json", Format::JwsJson, jws_json(&[&ed, &pq], JWT), &[]),
        case("dsse", Format::Dsse, dsse(&[&ed], IN_TOTO, &in_toto()), &[&ed]),
        case("dsse-both", Format::Dsse, dsse(&[&pq, &ed], "text/plain", "hello"), &[&ed, &pq]),
        case("http-ed25519", Format::Http, request(ed.public(), "seven apples").sign(&ed), &[]),
        case("http-ml-dsa-65", Format::Http, request(pq.public(), "seven apples").sign(&pq), &[&pq]),
    ]
}

fn read(case: &Case) -> Submission {
    Submission::statement(case.format, &case.bytes, case.keys.clone())
        .unwrap_or_else(|fault| panic!("{}: {fault}", case.name))
}

fn facts_of(submission: &Submission) -> &proto::statement::Facts {
    submission.body().operation.statement().expect("a statement")
}

#[test]
fn each_envelope_is_kept_as_it_came_and_its_signatures_hold() {
    for case in all() {
        let submission = read(&case);
        let name = case.name;
        assert_eq!(submission.verify_signatures(&NetworkId::default(), &Strict), Ok(()), "{name}");
        assert_eq!(submission.verify_signatures(&NetworkId::new(sha256(b"any")), &Strict), Ok(()), "{name}");
        let bytes = submission.bytes();
        assert!(bytes.windows(case.bytes.len()).any(|window| window == case.bytes), "{name} is not inside");
        assert_eq!(submission.id().digest(), &sha256(bytes), "{name}");
        assert_eq!(Submission::decode(bytes), Ok(submission.clone()), "{name}");
        assert_eq!(Format::detect(&case.bytes), Some(case.format), "{name}");
        assert_eq!(facts_of(&submission).format, case.format, "{name}");
        let body = submission.body();
        assert!(body.author.is_of(&body.key), "{name}: {} {:?}", body.author, body.key);
        // Nobody can sign a body that holds a statement: it cannot be read back.
        let sealed = body.clone().sign(&ed());
        assert!(Submission::decode(sealed.bytes()).is_err(), "{name}");
    }
}

#[test]
fn two_signatures_speak_as_the_pair_of_their_keys() {
    for (at, scheme) in
        [(6, Scheme::HybridEd25519MlDsa65), (7, Scheme::Ed25519), (8, Scheme::HybridEd25519MlDsa65)]
    {
        let submission = read(&all()[at]);
        assert_eq!(submission.body().key.scheme(), scheme);
    }
    // Who strips one is left with a statement by somebody else, which this format does not even take.
    let fault = Submission::statement(Format::JwsJson, &jws_json(&[&ed()], JWT), Vec::new());
    assert!(fault.expect_err("one").to_string().contains("1 signatures"));
    let both = read(&all()[8]).body().author.clone();
    let one = Submission::statement(
        Format::Dsse,
        &dsse(&[&ed()], "text/plain", "hello"),
        vec![ed().public().clone()],
    );
    assert_ne!(one.expect("one key").body().author, both);
}

#[test]
fn a_statement_of_cose_is_its_own_leaf_and_no_other_is() {
    let (height, time) = (Height::new(7), TimeMs::new(9));
    for case in all() {
        let submission = read(&case);
        let entry = Entry::of(submission.clone(), height, time);
        let leaf = entry.encode();
        assert_eq!(leaf == case.bytes, case.format == Format::Cose, "{}", case.name);
        assert_eq!(Entry::decode(&leaf), Ok(entry), "{}", case.name);
        if case.format == Format::Cose {
            let wrapped = Entry::Submission(Box::new(SubmissionEntry { height, time, submission }));
            let fault = Entry::decode(&wrapped.encode()).expect_err("a second leaf for one statement");
            assert!(fault.to_string().contains("a leaf by itself"), "{fault}");
        }
    }
}

#[test]
fn what_hangs_on_a_statement_of_cose_is_stripped() {
    let statement = cose(&ed(), &Did::of(ed().public()).to_string());
    let at = statement.windows(2).position(|window| window == [0xa0, 0x52]);
    let at = at.expect("the empty header stands before a payload of 18 bytes");
    // A receipt in label 394, as a transparent statement carries it.
    let received =
        [&statement[..at], &[0xa1, 0x19, 0x01, 0x8a, 0x81, 0x43, 1, 2, 3], &statement[at + 1..]].concat();
    assert_ne!(received, statement);
    assert_eq!(cose::strip(&received), Ok(statement.clone()));
    let submission = cose::submission(&received).expect("reads");
    assert_eq!(submission.bytes().to_vec(), statement);
    assert_eq!(submission.id(), cose::submission(&statement).expect("reads").id());
    // Nodes take it stripped only: else one statement had many ids.
    assert!(Submission::decode(&received).expect_err("hung").to_string().contains("is stripped"));
    assert_eq!(cose::transparent(&statement, &[1, 2, 3]), Ok(received.clone()));
    // What hangs on it already is not kept beside the new one.
    assert_eq!(cose::transparent(&received, &[1, 2, 3]), Ok(received));
    assert!(cose::strip(&vec![0xd2; cose::RECEIVED_BYTES_MAX + 1]).is_err());
    assert!(cose::transparent(&vec![0xd2; cose::RECEIVED_BYTES_MAX + 1], &[]).is_err());
    assert!(cose::transparent(b"\x84", &[]).is_err());
}

/// Where the public vectors lie.
fn vectors() -> String {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors").to_owned();
    std::env::var("QUORATE_VECTORS").unwrap_or_else(|_| beside())
}

#[test]
fn published_examples_hold() {
    let folder = vectors();
    let json = |file: &str| -> serde_json::Value {
        let text = fs::read_to_string(format!("{folder}/{file}")).expect("the vector is readable");
        serde_json::from_str(&text).expect("is JSON")
    };
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let holds = |format, bytes: &[u8], key: PublicKey| {
        let submission = Submission::statement(format, bytes, vec![key]).expect("reads");
        submission.verify_signatures(&NetworkId::default(), &Strict).expect("holds");
        submission
    };

    // RFC 8037 A.4, and the same in another serialisation, which is not taken.
    let example = json("jose-cookbook/curve25519/jws.json");
    let x = URL_SAFE_NO_PAD.decode(text(&example["input"]["key"]["x"])).expect("base64url");
    let key = PublicKey::parse(Scheme::Ed25519, &x).expect("a key");
    let submission = holds(Format::Jws, text(&example["output"]["compact"]).as_bytes(), key.clone());
    assert_eq!(facts_of(&submission).payload, sha256(b"Example of Ed25519 signing"));
    for other in ["json", "json_flat"] {
        let bytes = example["output"][other].to_string();
        assert!(Submission::statement(Format::JwsJson, bytes.as_bytes(), vec![key.clone()]).is_err());
    }

    // RFC 9964.
    let example = json("rfc9964-ml-dsa-jose-cose/ML_DSA_65.jose.json");
    let public = hex::decode(text(&example["raw_public_key"])).expect("hex");
    let key = PublicKey::parse(Scheme::MlDsa65, &public).expect("a key");
    assert_eq!(key.id().to_string(), text(&example["jwk"]["kid"]));
    holds(Format::Jws, text(&example["jws"]).as_bytes(), key.clone());
    for other in ["44", "87"] {
        let jws = text(&json(&format!("rfc9964-ml-dsa-jose-cose/ML_DSA_{other}.jose.json"))["jws"]);
        let fault =
            Submission::statement(Format::Jws, jws.as_bytes(), vec![key.clone()]).expect_err("another");
        assert!(fault.to_string().contains(&format!("algorithm ML-DSA-{other} is not taken")), "{fault}");
    }

    // C2SP httpsig-pq.
    for example in json("c2sp-httpsig-pq/vectors.json")["vectors"].as_array().expect("a list") {
        let base = STANDARD.decode(text(&example["signature_base_base64"])).expect("base64");
        let input = text(&example["serialized_signature_input"]);
        let input = input.strip_prefix("Signature-Input: ").expect("a header line").to_owned();
        let request = Request { base: String::from_utf8(base).expect("text"), input, body: "" };
        let bytes = request.seal(&format!("sig1=:{}:", text(&example["deterministic_signature_base64"])));
        let public = STANDARD.decode(text(&example["public_key_base64"])).expect("base64");
        match PublicKey::parse(Scheme::MlDsa65, &public) {
            Ok(key) => {
                let submission = holds(Format::Http, &bytes, key);
                assert_eq!(facts_of(&submission).issuer, "test-key-mldsa65");
                assert_eq!(facts_of(&submission).subject, "https://example.com/foo?param=Value&Pet=dog");
            }
            Err(_) => {
                let fault = Submission::statement(Format::Http, &bytes, Vec::new()).expect_err("another");
                assert!(fault.to_string().contains("is not taken"), "{fault}");
            }
        }
    }

    // None of the algorithms of RFC 7520 is taken, and none of its JSON serialisations passes for another thing.
    let mut refused = 0;
    for entry in fs::read_dir(format!("{folder}/jose-cookbook/jws")).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let example = json(&format!("jose-cookbook/jws/{name}"));
        for (_, output) in example["output"].as_object().expect("an object") {
            let bytes = output.as_str().map_or_else(|| output.to_string(), str::to_owned);
            for format in Format::ALL {
                assert!(Submission::statement(format, bytes.as_bytes(), Vec::new()).is_err(), "{name}");
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

/// Each refusal, and a piece of what it says.
#[test]
fn what_is_not_taken_says_why() {
    let (ed, pq) = (ed(), pq());
    let did = Did::of(ed.public()).to_string();
    let own = jwk(ed.public());
    let of = |header: &str| jws(&ed, header, JWT);
    let swap = |bytes: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let good = of(&jwt_header(ed.public()));
    let text = String::from_utf8(good.clone()).expect("text");
    let parts: Vec<&str> = text.split('.').collect();
    let small = url([1_u8].iter().chain(&[0; 31]).copied().collect::<Vec<u8>>());
    let x = url(ed.public().as_bytes());
    let jws_cases: Vec<(Vec<u8>, &str)> = vec![
        (of(&format!(r#"{{"alg":"none","jwk":{own}}}"#)), "algorithm none is not taken"),
        (of(&format!(r#"{{"alg":"ES256","jwk":{own}}}"#)), "algorithm ES256 is not taken"),
        (of(&format!(r#"{{"alg":"ed25519","jwk":{own}}}"#)), "algorithm ed25519 is not taken"),
        (of(&format!(r#"{{"jwk":{own}}}"#)), "names no algorithm"),
        (
            of(&format!(r#"{{"alg":"ML-DSA-65","jwk":{own}}}"#)),
            "the header says ML-DSA-65, the key is of ed25519",
        ),
        (of(&format!(r#"{{"alg":"EdDSA","jwk":{}}}"#, jwk(pq.public()))), "the key is of ml-dsa-65"),
        (of(&format!(r#"{{"alg":"EdDSA","alg":"EdDSA","jwk":{own}}}"#)), "\"alg\" stands twice"),
        (of(&format!(r#"{{"alg":"EdDSA","\u0061lg":"EdDSA","jwk":{own}}}"#)), "\"alg\" stands twice"),
        (of(&format!(r#"{{"alg":"EdDSA","crit":["exp"],"exp":1,"jwk":{own}}}"#)), "makes exp critical"),
        (of(&format!(r#"{{"alg":"EdDSA","crit":[],"jwk":{own}}}"#)), "makes nothing critical"),
        (of(&format!(r#"{{"alg":"EdDSA","b64":false,"jwk":{own}}}"#)), "makes b64 critical"),
        (of(&format!(r#"{{"alg":"EdDSA","b64":false,"crit":["b64"],"jwk":{own}}}"#)), "makes b64 critical"),
        (of(r#"{"alg":"EdDSA"}"#), "the key of signature 1 is not in the envelope"),
        (of(r#"{"alg":"EdDSA","jwk":"here"}"#), "is no object"),
        (
            of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{small}"}}}}"#)),
            "small order",
        ),
        (
            of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}="}}}}"#)),
            "canonical base64url",
        ),
        (
            of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{}"}}}}"#, &x[..42])),
            "the header's jwk",
        ),
        (
            of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"X25519","x":"{x}"}}}}"#)),
            "crv \"X25519\"",
        ),
        (of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"EC","crv":"P-256","x":"{x}"}}}}"#)), "kty \"EC\""),
        (
            of(&format!(r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{x}"}}}}"#)),
            "private key",
        ),
        (
            of(&format!(
                r#"{{"alg":"EdDSA","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}","alg":"ES256"}}}}"#
            )),
            "the header says ES256",
        ),
        (of("not JSON"), "is not JSON"),
        (jws(&ed, &jwt_header(ed.public()), "not JSON"), "the JWT"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"iss":7}"#), "\"iss\" is no text"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"exp":1.5}"#), "whole number of seconds"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"exp":-1}"#), "whole number of seconds"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"exp":18446744073709551615}"#), "whole number of seconds"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"iss":"did:key:zNobody"}"#), "the statement's issuer"),
        (jws(&ed, &jwt_header(ed.public()), &format!(r#"{{"sub":"{}"}}"#, "s".repeat(1_025))), "1025 bytes"),
        (jws(&ed, &jwt_header(ed.public()), r#"{"sub":"a\nb"}"#), "control character"),
        (format!("{}..{}", parts[0], parts[2]).into_bytes(), "detached"),
        (format!("{}.{}", parts[0], parts[1]).into_bytes(), "three parts"),
        (format!("{text}.x").into_bytes(), "three parts"),
        (format!("{text}\n").into_bytes(), "canonical base64url"),
        (format!("{text}=").into_bytes(), "canonical base64url"),
        (format!("{}.{}.{}", parts[0], parts[1], &parts[2][..84]).into_bytes(), "64 bytes"),
        (vec![b'e'; Submission::BYTES_MAX + 1], "at most 61440 are allowed"),
        (b"\xff.a.b".to_vec(), "the JWS"),
    ];
    for (bytes, says) in jws_cases {
        refuse(Format::Jws, &bytes, &[], says);
    }
    // A key beside an envelope that has its own, or whose issuer shows it, would be a second spelling.
    refuse(Format::Jws, &good, &[&ed], "1 keys are given beside the envelope, 0 are needed");
    let shown = jws(&ed, &format!(r#"{{"alg":"EdDSA","iss":"{did}"}}"#), "x");
    refuse(Format::Jws, &shown, &[&ed], "1 keys are given beside the envelope, 0 are needed");
    let bare = jws(&ed, r#"{"alg":"EdDSA"}"#, "x");
    refuse(Format::Jws, &bare, &[&ed, &pq], "2 keys are given beside the envelope, 1 are needed");
    refuse(Format::Jws, &bare, &[&pq, &ed], "in this order");
    refuse(Format::Jws, &bare, &[&pq], "the key of signature 1");

    let both = jws_json(&[&ed, &pq], JWT);
    let two_of_one = jws_json(&[&ed, &ed], JWT);
    let three = jws_json(&[&ed, &pq, &ed], JWT);
    for (bytes, says) in [
        (two_of_one, "signatures of ed25519 and ed25519"),
        (three, "3 signatures"),
        (swap(&both, "{\"payload\"", "{\"header\":{},\"payload\""), "no signature covers"),
        (swap(&both, "{\"protected\"", "{\"header\":{},\"protected\""), "no signature covers"),
        (swap(&both, "{\"payload\"", "{\"payload\":\"\",\"payload\""), "\"payload\" stands twice"),
        (swap(&both, "\"payload\"", "\"Payload\""), "no signature covers"),
        (swap(&both, "\"signatures\":[{", "\"signatures\":[7,{"), "3 signatures"),
        ([both.as_slice(), b"x"].concat(), "follows the value"),
        (format!("{}{}", "[".repeat(50), "]".repeat(50)).into_bytes(), "deeper than 32"),
    ] {
        refuse(Format::JwsJson, &bytes, &[], says);
    }

    let envelope = dsse(&[&ed], IN_TOTO, &in_toto());
    for (bytes, keys, says) in [
        (envelope.clone(), vec![], "an envelope cannot hold it"),
        (envelope.clone(), vec![&ed, &pq], "2 keys are given"),
        (swap(&envelope, "\"keyid\"", "\"cert\""), vec![&ed], "no signature covers"),
        (swap(&envelope, "{\"payload\"", "{\"x\":1,\"payload\""), vec![&ed], "no signature covers"),
        (swap(&envelope, "\"payloadType\"", "\"payloadtype\""), vec![&ed], "no signature covers"),
        (dsse(&[], "t", "x"), vec![&ed], "0 signatures"),
        (dsse(&[&ed, &pq, &ed], "t", "x"), vec![&ed, &pq], "3 signatures"),
        (dsse(&[&ed, &ed], "t", "x"), vec![&ed, &pq], "the key of signature 2"),
        (dsse(&[&ed], IN_TOTO, "{}"), vec![&ed], "has no text \"_type\""),
        (dsse(&[&ed], IN_TOTO, "7"), vec![&ed], "is not an object"),
        (dsse(&[&ed], IN_TOTO, &in_toto().replace("subject", "subjects")), vec![&ed], "no list of subjects"),
        (
            dsse(&[&ed], IN_TOTO, &in_toto().replacen("\"sha256\":\"", "\"sha256\":\"A", 1)),
            vec![&ed],
            "digest",
        ),
        (swap(&envelope, "\"sig\":\"", "\"sig\":\"*"), vec![&ed], "canonical padded base64"),
        (swap(&envelope, "\"sig\":\"", "\"sig\":\"AAAA"), vec![&ed], "has 67 bytes"),
    ] {
        refuse(Format::Dsse, &bytes, &keys, says);
    }

    let good = request(ed.public(), "seven apples");
    let signed = |change: &dyn Fn(&mut Request)| {
        let mut request = request(ed.public(), "seven apples");
        change(&mut request);
        request.sign(&ed)
    };
    let both_with = |from: &'static str, to: &'static str| {
        signed(&move |request: &mut Request| {
            request.base = request.base.replacen(from, to, 1);
            request.input = request.input.replacen(from, to, 1);
        })
    };
    for (bytes, says) in [
        (signed(&|request| request.body = "eight apples"), "which is not its \"content-digest\""),
        (signed(&|request| request.base.push('\n')), "goes on behind"),
        (signed(&|request| request.base = request.base.replace("POST", "POST\nx: y")), "in its place"),
        (
            signed(&|request| request.input = request.input.replace("1783368000", "1")),
            "parameters of the input",
        ),
        (signed(&|request| request.input = request.input.replace("sig1=", "sig2=")), "has input \"sig2\""),
        (signed(&|request| request.input = request.input.replace("sig1=", "")), "without a label"),
        (both_with("alg=\"ed25519\"", "alg=\"rsa-pss-sha512\""), "algorithm rsa-pss-sha512 is not taken"),
        (
            both_with("alg=\"ed25519\"", "alg=\"ml-dsa-65\""),
            "the header says ml-dsa-65, the key is of ed25519",
        ),
        (both_with("created=1783368000", "expires=-1"), "\"expires\" is no number"),
        (both_with("created=1783368000", "alg=\"ed25519\""), "a parameter twice"),
        (both_with(";created=1783368000", " created=1783368000"), "behind its parameters"),
        (both_with("(\"@method\" ", "(\"@method\" \"@method\" "), "covers a component twice"),
        (swap(&good.sign(&ed), "\"body\"", "\"Body\""), "no signature covers"),
        (swap(&good.sign(&ed), "/v1\"", "/v2\""), "is of format"),
        (good.seal("sig1=AAAA"), "no byte sequence"),
        (good.seal("sig1=:AA:"), "canonical padded base64"),
        (good.seal("sig1=:AAAA:"), "64 bytes"),
    ] {
        refuse(Format::Http, &bytes, &[], says);
    }
    let uncovered =
        Request { base: "\"@signature-params\": ()".to_owned(), input: "s=()".to_owned(), body: "x" };
    refuse(Format::Http, &uncovered.seal("s=:AA==:"), &[&ed], "the signature covers no \"content-digest\"");

    cose_refusals(&ed);
}

fn cose_refusals(ed: &SecretKey) {
    let did = Did::of(ed.public()).to_string();
    let good = cose(ed, &did);
    // Protected headers by hand: what follows is the map inside the byte string.
    let with = |protected: &[u8], payload: &[u8]| {
        let mut message = vec![0x84, 0x6a];
        message.extend_from_slice(b"Signature1");
        let bstr = |bytes: &[u8]| [&[0x58, bytes.len() as u8], bytes].concat();
        let short = |bytes: &[u8]| match bytes.len() {
            0..24 => [&[0x40 | bytes.len() as u8], bytes].concat(),
            _ => bstr(bytes),
        };
        message.extend(short(protected));
        message.push(0x40);
        message.extend(short(payload));
        let signature = ed.sign(&message);
        [&[0xd2, 0x84][..], &short(protected), &[0xa0], &short(payload), &bstr(signature.as_bytes())].concat()
    };
    let claims = [&[0x0f, 0xa2, 0x01, 0x78, did.len() as u8], did.as_bytes(), &[0x02, 0x61, b's']].concat();
    let header = |count: u8, members: &[u8]| [&[0xa0 | count], members, &claims].concat();
    let by_hand = with(&header(2, &[0x01, 0x27]), b"x");
    let submission = Submission::statement(Format::Cose, &by_hand, Vec::new()).expect("well formed");
    submission.verify_signatures(&NetworkId::default(), &Strict).expect("signed");
    let hash = with(&header(3, &[0x01, 0x27, 0x19, 0x01, 0x02, 0x2f]), sha256(b"artifact").as_bytes());
    let hash = Submission::statement(Format::Cose, &hash, Vec::new()).expect("a hash envelope");
    assert_eq!(hash.body().operation.content(), Some(&sha256(b"artifact")));

    let named = [&[0x01, 0x38, 0x30, 0x04, 0x58, did.len() as u8], did.as_bytes()].concat();
    let detached = [&by_hand[..by_hand.len() - 68], &[0xf6], &by_hand[by_hand.len() - 66..]].concat();
    for (bytes, says) in [
        (with(&header(2, &[0x01, 0x26]), b"x"), "algorithm -7 is not taken"),
        (with(&header(2, &[0x01, 0x38, 0x30]), b"x"), "the key of signature 1 is not in the envelope"),
        (with(&header(3, &named), b"x"), "the header says algorithm -49, the key is of ed25519"),
        (with(&header(2, &[0x01, 0x61, b'x']), b"x"), "algorithm no number"),
        (with(&header(1, &[]), b"x"), "names no algorithm"),
        (with(&header(3, &[0x01, 0x27, 0x01, 0x27]), b"x"), "has a label twice"),
        (with(&header(3, &[0x01, 0x27, 0x02, 0x80]), b"x"), "crit is no list of labels"),
        (with(&header(3, &[0x01, 0x27, 0x02, 0x81, 0x18, 0x64]), b"x"), "makes label 100 critical"),
        (with(&header(3, &[0x01, 0x27, 0x02, 0x81, 0x04]), b"x"), "makes label 4 critical"),
        (with(&header(3, &[0x01, 0x27, 0x19, 0x01, 0x02, 0x2f]), b"x"), "the hash envelope"),
        (with(&[0xa1, 0x01, 0x27], b"x"), "lacks the claims"),
        (
            with(&[0xa2, 0x01, 0x27, 0x0f, 0xa2, 0x01, 0x61, b'i', 0x02, 0x61, b's'], b"x"),
            "put it into the claim cnf",
        ),
        (with(&[0xa2, 0x01, 0x27, 0x0f, 0xa2, 0x01, 0x07, 0x02, 0x61, b's'], b"x"), "\"iss\" (1) is no text"),
        (with(&[0x80], b"x"), "is no map"),
        (with(&[0xa1], b"x"), "ends early"),
        (detached, "the payload is detached"),
        (good[1..].to_vec(), "tag 18"),
        ([good.as_slice(), &[0]].concat(), "follow the value"),
        (good[..good.len() - 1].to_vec(), "ends early"),
        ([&[0xd2, 0x9f], &good[2..], &[0xff]].concat(), "no definite length"),
        ([&[0xd2, 0x98, 0x04], &good[2..]].concat(), "shortest form"),
        ([&[0xd2, 0x83], &good[2..]].concat(), "follow the value"),
        (vec![0xd2; 60_000], "deeper than 16"),
    ] {
        refuse(Format::Cose, &bytes, &[], says);
    }
    refuse(Format::Cose, &good, &[ed], "1 keys are given beside the envelope, 0 are needed");
}

fn refuse(format: Format, bytes: &[u8], keys: &[&SecretKey], says: &str) {
    let keys = keys.iter().map(|secret| secret.public().clone()).collect();
    match Submission::statement(format, bytes, keys) {
        Ok(submission) => panic!("taken as {:?}, expected {says:?}", submission.body()),
        Err(fault) => assert!(fault.to_string().contains(says), "{fault}; expected {says:?}"),
    }
}

#[test]
fn no_bit_of_a_statement_can_be_changed() {
    // Every bit of the short ones, every 61st of the long ones; all formats.
    for case in all() {
        let step = if case.bytes.len() < 700 { 1 } else { 61 };
        for bit in (0..case.bytes.len() * 8).step_by(step) {
            let mut bytes = case.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(submission) = Submission::statement(case.format, &bytes, case.keys.clone()) else {
                continue;
            };
            let verdict = submission.verify_signatures(&NetworkId::default(), &Strict);
            // What no signature covers is the JSON around it: white space, and a keyid that is a hint.
            let same = submission.body() == read(&case).body();
            assert!(verdict.is_err() || same, "{} bit {bit} is not noticed", case.name);
            if let Err(fault) = verdict {
                assert!(matches!(fault, SubmissionError::Signature(_)));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), format in 0..5_usize) {
        let _ = Submission::statement(Format::ALL[format], &bytes, Vec::new());
        let _ = cose::strip(&bytes);
        let mut leaf = bytes;
        leaf.insert(0, cose::TAG);
        let _ = Entry::decode(&leaf);
    }

    #[test]
    fn spoiled_statements_make_no_panic(
        at in 0..11_usize,
        cuts in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let cases = CASES.with(std::rc::Rc::clone);
        let case = &cases[at];
        let mut bytes = case.bytes.clone();
        for (place, byte) in cuts {
            let place = usize::from(place) % bytes.len();
            match byte % 3 {
                0 => bytes[place] = byte,
                1 => { bytes.remove(place); }
                _ => bytes.insert(place, byte),
            }
        }
        if let Ok(submission) = Submission::statement(case.format, &bytes, case.keys.clone()) {
            prop_assert_eq!(Submission::decode(submission.bytes()), Ok(submission.clone()));
            let _ = submission.verify_signatures(&NetworkId::default(), &Strict);
        }
    }
}

thread_local! {
    static CASES: std::rc::Rc<Vec<Case>> = std::rc::Rc::new(all());
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/statement")
}

fn file_name(case: &Case) -> String {
    let ending = match case.format {
        Format::Cose => "cose",
        Format::Jws => "jws",
        Format::JwsJson | Format::Dsse | Format::Http => "json",
    };
    format!("{}.{ending}", case.name)
}

/// What `index.json` says of a case.
fn index_row(case: &Case) -> String {
    let submission = read(case);
    let (body, facts) = (submission.body(), facts_of(&submission));
    let quote = |text: &str| serde_json::to_string(text).expect("writes");
    let keys: Vec<String> = case
        .keys
        .iter()
        .map(|key| {
            format!(r#"{{"scheme":"{}","public_key":"{}"}}"#, key.scheme(), STANDARD.encode(key.as_bytes()))
        })
        .collect();
    let artifact = facts.artifact.map_or("null".to_owned(), |digest| format!("\"{digest}\""));
    let mut row = String::new();
    write!(
        row,
        "{{\"file\":\"{}\",\"format\":\"{}\",\"keys\":[{}],\"id\":\"{}\",\"leaf_is_file\":{},\"author\":\"{}\",\
         \"key\":\"{}\",\"issuer\":{},\"subject\":{},\"media_type\":{},\"payload\":\"{}\",\"artifact\":{artifact},\
         \"expires_at_ms\":{}}}",
        file_name(case),
        case.format.name(),
        keys.join(","),
        submission.id(),
        submission.is_leaf(),
        body.author,
        body.key.id(),
        quote(&facts.issuer),
        quote(&facts.subject),
        quote(&facts.media_type),
        facts.payload,
        body.expires_at.map_or(0, TimeMs::get),
    )
    .expect("a text takes it");
    row
}

#[test]
fn the_committed_statements_are_read_as_they_were() {
    let index = folder().join("index.json");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(folder()).expect("a folder");
        let cases = all();
        for case in &cases {
            fs::write(folder().join(file_name(case)), &case.bytes).expect("writes");
        }
        let rows: Vec<String> = cases.iter().map(index_row).collect();
        fs::write(&index, format!("[\n{}\n]\n", rows.join(",\n"))).expect("writes");
    }
    let committed = fs::read_to_string(index).expect("UPDATE=1 writes it");
    let rows: Vec<&str> = committed.lines().filter(|line| line.starts_with('{')).collect();
    let cases = all();
    assert_eq!(rows.len(), cases.len());
    for (row, mut case) in rows.into_iter().zip(cases) {
        case.bytes = fs::read(folder().join(file_name(&case))).expect("UPDATE=1 writes it");
        assert_eq!(row.trim_end_matches(','), index_row(&case));
        read(&case).verify_signatures(&NetworkId::default(), &Strict).expect("holds");
    }
}
