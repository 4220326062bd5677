//! JWS in an entry: compact, and general with two signatures; true ones and every way to spoil one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{PublicKey, Scheme};
use proto::statement::Format;

use crate::keys::Secret;
use crate::statement::{did, ed, every_dialect, leaf, pq, refused, small_order, true_one, unsigned};
use crate::statement_json;
use crate::vector::Vector;

pub fn vectors() -> Vec<Vector> {
    [
        positive(),
        compact_ones(),
        headers(),
        claims(),
        keys(),
        general_ones(),
        statement_json::vectors(),
        signatures(),
    ]
    .concat()
}

fn url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn jwk(key: &PublicKey) -> String {
    let text = url(key.as_bytes());
    match key.scheme() {
        Scheme::Ed25519 => format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{text}"}}"#),
        Scheme::MlDsa65 => format!(r#"{{"kty":"AKP","alg":"ML-DSA-65","pub":"{text}"}}"#),
        Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519
        | Scheme::Es256 => {
            unreachable!("no JWK of ours")
        }
    }
}

/// A compact JWS with this header.
pub fn compact(secret: &Secret, header: &str, payload: &[u8]) -> Vec<u8> {
    let signed = format!("{}.{}", url(header), url(payload));
    let signature = url(secret.sign(signed.as_bytes()).as_bytes());
    format!("{signed}.{signature}").into_bytes()
}

const JWT: &str = r#"{"iss":"https://issuer.example","sub":"pkg:cargo/quorate","exp":4102444800}"#;

/// A header with a key in it.
fn held(secret: &Secret, more: &str) -> String {
    let key = secret.public();
    let alg = if key.scheme() == Scheme::Ed25519 { "Ed25519" } else { "ML-DSA-65" };
    format!(r#"{{"alg":"{alg}"{more},"jwk":{}}}"#, jwk(&key))
}

/// The general form, each signature with its header.
fn general(parts: &[(&Secret, String)], payload: &[u8]) -> Vec<u8> {
    let parts: Vec<String> = parts
        .iter()
        .map(|(secret, header)| {
            let whole = String::from_utf8(compact(secret, header, payload)).expect("text");
            let parts: Vec<&str> = whole.split('.').collect();
            format!(r#"{{"protected":"{}","signature":"{}"}}"#, parts[0], parts[2])
        })
        .collect();
    format!(r#"{{"payload":"{}","signatures":[{}]}}"#, url(payload), parts.join(",")).into_bytes()
}

fn jws(header: &str, payload: &str) -> Vec<u8> {
    leaf(Format::Jws, &compact(&ed(), header, payload.as_bytes()), &[])
}

fn positive() -> Vec<Vector> {
    let (jwt, own) = (r#","typ":"JWT""#, did());
    let other = proto::id::Did::of(&Secret::ed25519("other").public()).to_string();
    let both = general(&[(&ed(), held(&ed(), jwt)), (&pq(), held(&pq(), jwt))], JWT.as_bytes());
    let mut found = every_dialect("a JWT by Ed25519", &jws(&held(&ed(), jwt), JWT));
    found.extend(every_dialect("two signatures", &leaf(Format::JwsJson, &both, &[])));
    let one = |name: &str, header: &str, payload: &str| true_one(name, jws(header, payload));
    let in_jwk = |more: &str| held(&ed(), more);
    let key = jwk(&ed().public());
    let with_alg = key.replace("\"crv\"", "\"alg\":\"EdDSA\",\"use\":\"sig\",\"crv\"");
    found.extend([
        true_one("by ML-DSA-65", leaf(Format::Jws, &compact(&pq(), &held(&pq(), jwt), JWT.as_bytes()), &[])),
        true_one(
            "a key beside",
            leaf(Format::Jws, &compact(&pq(), r#"{"alg":"ML-DSA-65"}"#, b"x"), &[&pq()]),
        ),
        one("EdDSA, a DID as kid", &format!(r#"{{"alg":"EdDSA","kid":"{own}"}}"#), "any bytes"),
        one(
            "a DID with a fragment as kid",
            &format!(r#"{{"alg":"EdDSA","kid":"{own}#{}"}}"#, &own[8..]),
            "x",
        ),
        one(
            "a DID as issuer in the header",
            &format!(r#"{{"alg":"EdDSA","iss":"{own}","sub":"a file"}}"#),
            "x",
        ),
        one(
            "a DID as issuer in the payload",
            r#"{"alg":"EdDSA","typ":"JWT"}"#,
            &format!(r#"{{"iss":"{own}"}}"#),
        ),
        one("another's DID as issuer, a key in the header", &in_jwk(&format!(r#","iss":"{other}""#)), "x"),
        true_one("another's DID as issuer, a key beside", {
            let header = format!(r#"{{"alg":"EdDSA","iss":"{other}"}}"#);
            leaf(Format::Jws, &compact(&ed(), &header, b"x"), &[&ed()])
        }),
        one("an issuer beside a DID as kid", &in_jwk(&format!(r#","iss":"somebody","kid":"{other}""#)), "x"),
        one("a kid that is a number", &in_jwk(r#","kid":7"#), "x"),
        one("a jwk with its algorithm", &format!(r#"{{"alg":"EdDSA","jwk":{with_alg}}}"#), "x"),
        one("a type in capitals, and a suffix", &in_jwk(r#","typ":"Application/Secevent+JWT""#), JWT),
        one("a type that only ends like a JWT", &in_jwk(r#","typ":"notjwt""#), "no JSON"),
        one("a type that is no text", &in_jwk(r#","typ":{"typ":"JWT"}"#), "no JSON"),
        one("a type with a letter beyond ASCII", &in_jwk(",\"typ\":\"\u{212a}+jw\u{442}\""), "no JSON"),
        one("a content type before a type", &in_jwk(r#","typ":"JOSE","cty":"text/plain""#), "x"),
        one("a content type that is no text before a type", &in_jwk(r#","typ":"JOSE","cty":7"#), "x"),
        one("an empty content type before a type", &in_jwk(r#","typ":"JOSE","cty":"""#), "x"),
        one("b64 that is true", &in_jwk(r#","b64":true"#), "x"),
        one(
            "headers that nothing is known of",
            &in_jwk(r#","x5u":"https://x","n":-1.5e+7,"l":[{},[]],"t":null"#),
            "x",
        ),
        one(
            "white space and escapes in the header",
            &format!("\t{{ \"\\u0061lg\" :\r\n\"EdDSA\" , \"jwk\" : {key} }} "),
            "x",
        ),
        one(
            "a name that is a member of objects elsewhere",
            &in_jwk(r#","__proto__":{"crit":["x"]},"constructor":1"#),
            "x",
        ),
        one("the latest end", &in_jwk(jwt), r#"{"exp":18446744073709551}"#),
        one("the end 0", &in_jwk(r#","exp":0"#), "x"),
        one(
            "a payload nested as deep as may be",
            &in_jwk(jwt),
            &format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31)),
        ),
        one("a subject with an emoji in escapes", &in_jwk(r#","sub":"\ud83d\ude00\/""#), "x"),
        one("a subject of 1,024 bytes", &in_jwk(&format!(r#","sub":"{}""#, "s".repeat(1_024))), "x"),
        true_one("two signatures, the longer first, without type", {
            let both = general(&[(&pq(), held(&pq(), "")), (&ed(), held(&ed(), ""))], b"");
            leaf(Format::JwsJson, &both, &[])
        }),
        true_one("two signatures with both keys beside", {
            let header = |alg: &str| format!(r#"{{"alg":"{alg}","sub":"a file"}}"#);
            let both = general(&[(&pq(), header("ML-DSA-65")), (&ed(), header("EdDSA"))], b"x");
            leaf(Format::JwsJson, &both, &[&ed(), &pq()])
        }),
        true_one("two signatures, one of which says that it is a JWT", {
            let both = general(&[(&ed(), held(&ed(), "")), (&pq(), held(&pq(), jwt))], JWT.as_bytes());
            leaf(Format::JwsJson, &both, &[])
        }),
    ]);
    found
}

/// Bytes that are no compact JWS.
fn compact_ones() -> Vec<Vector> {
    let good = String::from_utf8(compact(&ed(), &held(&ed(), ""), b"x")).expect("text");
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = [parts[0], parts[1], parts[2]];
    let raw = |bytes: &[u8]| leaf(Format::Jws, bytes, &[]);
    let one = |name: &str, text: String, says: &str| refused(name, raw(text.as_bytes()), says);
    let stray = {
        // 64 bytes in 86 characters leave four bits to spare.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet.find(&signature[85..]).expect("base64url");
        format!("{}{}", &signature[..85], &alphabet[at + 1..at + 2])
    };
    vec![
        one("two parts", format!("{header}.{payload}"), "three parts"),
        one("four parts", format!("{good}.x"), "three parts"),
        one("a detached payload", format!("{header}..{signature}"), "detached"),
        one("a line's end behind it", format!("{good}\n"), "canonical base64url"),
        one("a blank before it", format!(" {good}"), "canonical base64url"),
        one("padding", format!("{good}=="), "canonical base64url"),
        one("a payload of one character", format!("{header}.A.{signature}"), "canonical base64url"),
        one("a payload in the standard alphabet", format!("{header}.+/8.{signature}"), "canonical base64url"),
        one(
            "a payload with bits to spare that are set",
            format!("{header}.eB.{signature}"),
            "canonical base64url",
        ),
        one("a header with padding", format!("{header}=.{payload}.{signature}"), "canonical base64url"),
        one(
            "a header with a letter beyond ASCII",
            format!("{header}\u{e4}.{payload}.{signature}"),
            "canonical",
        ),
        one("no header", format!(".{payload}.{signature}"), "is not JSON"),
        one("no signature", format!("{header}.{payload}."), "64 bytes"),
        one("a signature of 63 bytes", format!("{header}.{payload}.{}", &signature[..84]), "64 bytes"),
        one(
            "a signature with bits to spare that are set",
            format!("{header}.{payload}.{stray}"),
            "canonical base64url",
        ),
        refused("bytes that are no text", raw(b"\xff.a.b"), "the JWS"),
        one(
            "the general form in the place of the compact",
            format!(r#"{{"payload":"{payload}"}}"#),
            "three parts",
        ),
    ]
}

fn headers() -> Vec<Vector> {
    let key = jwk(&ed().public());
    let one = |name: &str, header: &str, says: &str| refused(name, jws(header, "x"), says);
    let of = |name: &str, members: &str, says: &str| {
        refused(name, jws(&format!(r#"{{{members},"jwk":{key}}}"#), "x"), says)
    };
    vec![
        one("a header that is no JSON", "not JSON", "is not JSON"),
        one("a header that is a list", "[]", "is not an object"),
        one("a header with a byte-order mark", "\u{feff}{}", "is not JSON"),
        one("a header and something behind it", "{}{}", "follows the value"),
        of("no algorithm", r#""typ":"JWT""#, "the JWT"),
        one("no algorithm and no type", &format!(r#"{{"jwk":{key}}}"#), "names no algorithm"),
        of("an algorithm that is a number", r#""alg":-8"#, "names no algorithm"),
        of("the algorithm none", r#""alg":"none""#, "algorithm none is not taken"),
        of("ES256", r#""alg":"ES256""#, "algorithm ES256 is not taken"),
        of("ML-DSA-44", r#""alg":"ML-DSA-44""#, "algorithm ML-DSA-44 is not taken"),
        of("an algorithm in another case", r#""alg":"ed25519""#, "algorithm ed25519 is not taken"),
        of("the algorithm twice", r#""alg":"EdDSA","alg":"EdDSA""#, "\"alg\" stands twice"),
        of(
            "the algorithm twice, once in escapes",
            r#""alg":"EdDSA","\u0061lg":"EdDSA""#,
            "\"alg\" stands twice",
        ),
        of("a name twice further in", r#""alg":"EdDSA","x":[{"a":1,"a":1}]"#, "\"a\" stands twice"),
        of("crit", r#""alg":"EdDSA","crit":["exp"],"exp":1"#, "makes exp critical"),
        of("crit of nothing", r#""alg":"EdDSA","crit":[]"#, "makes nothing critical"),
        of("crit that is no list", r#""alg":"EdDSA","crit":"alg""#, "makes nothing critical"),
        of("b64 that is false", r#""alg":"EdDSA","b64":false"#, "makes b64 critical"),
        of("b64 that is a text", r#""alg":"EdDSA","b64":"true""#, "makes b64 critical"),
        of(
            "b64 that is false and critical",
            r#""alg":"EdDSA","b64":false,"crit":["b64"]"#,
            "makes b64 critical",
        ),
        of(
            "a content type with a control character",
            r#""alg":"EdDSA","cty":"a\u0085b""#,
            "control character",
        ),
        of("a type of 1,025 bytes", &format!(r#""alg":"EdDSA","typ":"{}""#, "t".repeat(1_025)), "1025 bytes"),
    ]
}

fn claims() -> Vec<Vector> {
    let jwt = |name: &str, payload: &str, says: &str| {
        refused(name, jws(&held(&ed(), r#","typ":"JWT""#), payload), says)
    };
    let repeated =
        |name: &str, members: &str, says: &str| refused(name, jws(&held(&ed(), members), "x"), says);
    vec![
        jwt("a JWT that is no JSON", "not JSON", "the JWT"),
        jwt("a JWT that is a text", "\"iss\"", "is not an object"),
        jwt("an issuer that is a number", r#"{"iss":7}"#, "\"iss\" is no text"),
        jwt("an issuer that is null", r#"{"iss":null}"#, "\"iss\" is no text"),
        jwt("a subject that is a list", r#"{"sub":["a"]}"#, "\"sub\" is no text"),
        jwt("an end with a fraction", r#"{"exp":1.5}"#, "whole number of seconds"),
        jwt("an end with a fraction of nothing", r#"{"exp":1.0}"#, "whole number of seconds"),
        jwt("an end with an exponent", r#"{"exp":1e3}"#, "whole number of seconds"),
        jwt("an end below zero", r#"{"exp":-1}"#, "whole number of seconds"),
        jwt("an end of minus zero", r#"{"exp":-0}"#, "whole number of seconds"),
        jwt("an end that is a text", r#"{"exp":"4102444800"}"#, "whole number of seconds"),
        jwt("an end that is null", r#"{"exp":null}"#, "whole number of seconds"),
        jwt("an end beyond 2^64 ms", r#"{"exp":18446744073709552}"#, "whole number of seconds"),
        jwt(
            "an end of 5,000 digits",
            &format!("{{\"exp\":1{}}}", "0".repeat(5_000)),
            "whole number of seconds",
        ),
        jwt(
            "an issuer by a DID of ours that is malformed",
            r#"{"iss":"did:key:zNobody"}"#,
            "the statement's issuer",
        ),
        jwt(
            "an issuer by a DID of more than 64 bytes",
            &format!(r#"{{"iss":"did:quorate:{}"}}"#, "A".repeat(60)),
            "issuer",
        ),
        jwt(
            "an issuer by a did:key of a key of small order",
            r#"{"iss":"did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP"}"#,
            "the statement's issuer",
        ),
        jwt("a subject of 1,025 bytes", &format!(r#"{{"sub":"{}"}}"#, "s".repeat(1_025)), "1025 bytes"),
        jwt("a subject with a line's end", r#"{"sub":"a\nb"}"#, "control character"),
        repeated("an issuer in the header that is a number", r#","iss":7"#, "\"iss\" is no text"),
        repeated("an end in the header that is a text", r#","exp":"1""#, "whole number of seconds"),
    ]
}

fn keys() -> Vec<Vector> {
    let own = url(ed().public().as_bytes());
    let theirs = url(pq().public().as_bytes());
    let one = |name: &str, members: &str, says: &str| {
        refused(name, jws(&format!(r#"{{"alg":"EdDSA"{members}}}"#), "x"), says)
    };
    let okp = |name: &str, x: &str, more: &str, says: &str| {
        one(name, &format!(r#","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"{more}}}"#), says)
    };
    let raw = |name: &str, jwk: &str, says: &str| one(name, &format!(r#","jwk":{jwk}"#), says);
    let beside = |name: &str, header: String, keys: &[&Secret], says: &str| {
        refused(name, leaf(Format::Jws, &compact(&ed(), &header, b"x"), keys), says)
    };
    let shown = format!(r#"{{"alg":"EdDSA","iss":"{}"}}"#, did());
    vec![
        one("no key", "", "the key of signature 1 is not in the envelope"),
        one("a kid that shows no key", r#","kid":"key-1""#, "the key of signature 1"),
        one(
            "a kid by a did:quorate",
            &format!(r#","kid":"did:quorate:{}""#, ed().public().id()),
            "the key of signature 1",
        ),
        one(
            "a kid by a did:key of another kind",
            r#","kid":"did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169""#,
            "signature 1",
        ),
        one(
            "a kid of 40,000 letters",
            &format!(r#","kid":"did:key:z{}""#, "2".repeat(40_000)),
            "the key of signature 1",
        ),
        raw("a jwk that is a text", "\"here\"", "is no object"),
        raw("a jwk that is null", "null", "is no object"),
        raw("an empty jwk", "{}", "kty \"\""),
        raw(
            "a jwk of P-256",
            &format!(r#"{{"kty":"EC","crv":"P-256","x":"{own}","y":"{own}"}}"#),
            "kty \"EC\"",
        ),
        raw("a jwk of X25519", &format!(r#"{{"kty":"OKP","crv":"X25519","x":"{own}"}}"#), "crv \"X25519\""),
        raw("a jwk without curve", &format!(r#"{{"kty":"OKP","x":"{own}"}}"#), "crv \"\""),
        raw(
            "a jwk whose kty is in another case",
            &format!(r#"{{"kty":"okp","crv":"Ed25519","x":"{own}"}}"#),
            "kty \"okp\"",
        ),
        raw("a jwk of AKP without algorithm", &format!(r#"{{"kty":"AKP","pub":"{theirs}"}}"#), "kty \"AKP\""),
        raw(
            "a jwk of ML-DSA-44",
            &format!(r#"{{"kty":"AKP","alg":"ML-DSA-44","pub":"{own}"}}"#),
            "kty \"AKP\"",
        ),
        raw("a jwk without key", r#"{"kty":"OKP","crv":"Ed25519"}"#, "no text \"x\""),
        raw("a jwk whose key is a number", r#"{"kty":"OKP","crv":"Ed25519","x":7}"#, "no text \"x\""),
        okp("a jwk of another algorithm", &own, r#","alg":"ES256""#, "the header says ES256"),
        okp("a jwk whose algorithm is null", &own, r#","alg":null"#, "the header says no text"),
        okp("a private jwk", &own, &format!(r#","d":"{own}""#), "private key"),
        okp("a jwk with a seed", &own, r#","priv":null"#, "private key"),
        okp("a jwk with padding", &format!("{own}="), "", "canonical base64url"),
        okp("a jwk of 31 bytes", &own[..42], "", "the header's jwk"),
        okp("a jwk of 33 bytes", &url([7; 33]), "", "33"),
        okp("a jwk of small order", &url(small_order()), "", "small order"),
        okp("a jwk that is no point", &url([&[2_u8][..], &[0; 31]].concat()), "", "the key of the statement"),
        one(
            "a jwk of another scheme than the algorithm",
            &format!(r#","jwk":{}"#, jwk(&pq().public())),
            "ml-dsa-65",
        ),
        refused(
            "an algorithm of another scheme than the jwk",
            jws(&format!(r#"{{"alg":"ML-DSA-65","jwk":{}}}"#, jwk(&ed().public())), "x"),
            "the header says ML-DSA-65, the key is of ed25519",
        ),
        refused(
            "an algorithm of another scheme than the kid's",
            jws(&format!(r#"{{"alg":"ML-DSA-65","kid":"{}"}}"#, did()), "x"),
            "the header says ML-DSA-65, the key is of ed25519",
        ),
        refused(
            "an algorithm of another scheme than the issuer's",
            jws(&format!(r#"{{"alg":"ML-DSA-65","iss":"{}"}}"#, did()), "x"),
            "the key of signature 1",
        ),
        beside("a key beside the one in the header", held(&ed(), ""), &[&ed()], "1 keys are given beside"),
        beside("a key beside the one that the issuer shows", shown, &[&ed()], "1 keys are given beside"),
        beside(
            "a key of another scheme beside",
            r#"{"alg":"EdDSA"}"#.into(),
            &[&pq()],
            "the key of signature 1",
        ),
    ]
}

/// The general form, of which there is one spelling for what is covered.
fn general_ones() -> Vec<Vector> {
    let both = |ed_more: &str, pq_more: &str| {
        general(&[(&ed(), held(&ed(), ed_more)), (&pq(), held(&pq(), pq_more))], b"x")
    };
    let whole = both("", "");
    let of = |bytes: &[u8]| leaf(Format::JwsJson, bytes, &[]);
    let one = |name: &str, bytes: Vec<u8>, says: &str| refused(name, of(&bytes), says);
    let short = String::from_utf8(general(&[(&ed(), held(&ed(), "")), (&ed(), held(&ed(), ""))], b"x"))
        .expect("text");
    let swap = |from: &str, to: &str| {
        assert!(short.contains(from), "{from}");
        short.replacen(from, to, 1).into_bytes()
    };
    let own = || (ed(), held(&ed(), ""));
    let part = |header: &str| format!(r#"{{"protected":{header},"signature":""}}"#);
    let several = |count: usize| {
        let all: Vec<_> = (0..count).map(|_| own()).collect();
        let all: Vec<_> = all.iter().map(|(secret, header)| (secret, header.clone())).collect();
        general(&all, b"x")
    };
    vec![
        one("two signatures of one scheme", short.clone().into_bytes(), "signatures of ed25519 and ed25519"),
        one("one signature", several(1), "has 1 signatures"),
        one("three signatures", several(3), "has 3 signatures"),
        one("no signatures", br#"{"payload":"eA","signatures":[]}"#.to_vec(), "has 0 signatures"),
        one(
            "no list of signatures",
            br#"{"payload":"eA","signatures":{}}"#.to_vec(),
            "no list of signatures",
        ),
        one(
            "the flattened form",
            br#"{"payload":"eA","protected":"e30","signature":"AA"}"#.to_vec(),
            "no signature covers",
        ),
        one("no payload", swap("\"payload\":\"eA\",", ""), "detached"),
        one("a payload that is null", swap("\"eA\"", "null"), "is no text"),
        one("a payload twice", swap("{\"payload\"", "{\"payload\":\"\",\"payload\""), "stands twice"),
        one("a payload with padding", swap("\"eA\"", "\"eA==\""), "canonical base64url"),
        one(
            "a header that is not covered",
            swap("{\"protected\"", "{\"header\":{},\"protected\""),
            "no signature covers",
        ),
        one(
            "a member that is not covered",
            swap("{\"payload\"", "{\"x\":1,\"payload\""),
            "no signature covers",
        ),
        one("a name in another case", swap("\"payload\"", "\"Payload\""), "no signature covers"),
        one("a signature that is a text", swap("[{", "[\"x\",{").into_iter().collect(), "3 signatures"),
        one(
            "signatures that are texts",
            br#"{"payload":"eA","signatures":["a","b"]}"#.to_vec(),
            "is no object",
        ),
        one(
            "a signature twice in one",
            swap("\"protected\":", "\"signature\":\"\",\"protected\":"),
            "stands twice",
        ),
        one(
            "a signature whose header is an object",
            format!(r#"{{"payload":"eA","signatures":[{},{}]}}"#, part("{}"), part("\"\"")).into_bytes(),
            "no text \"protected\"",
        ),
        one("different claims", both(r#","sub":"a""#, r#","sub":"b""#), "make different claims"),
        one("claims in one header alone", both(r#","sub":"a""#, ""), "make different claims"),
        refused(
            "a key of one beside, of the other in the header and beside",
            leaf(Format::JwsJson, &whole, &[&ed()]),
            "1 keys are given beside the envelope, 0",
        ),
        unsigned("the first signature is another's", {
            let other = Secret::ed25519("other");
            of(&general(&[(&other, held(&ed(), "")), (&pq(), held(&pq(), ""))], b"x"))
        }),
        unsigned("the second signature is another's", {
            let other = Secret::new(Scheme::MlDsa65, "other/pq");
            of(&general(&[(&ed(), held(&ed(), "")), (&other, held(&pq(), ""))], b"x"))
        }),
    ]
}

fn signatures() -> Vec<Vector> {
    let header = held(&ed(), "");
    let of = |secret: &Secret, payload: &[u8]| compact(secret, &header, payload);
    let good = String::from_utf8(of(&ed(), b"one thing")).expect("text");
    let parts: Vec<&str> = good.split('.').collect();
    let whole = |header: &str, payload: &str, signature: &[u8]| {
        leaf(Format::Jws, format!("{header}.{payload}.{}", url(signature)).as_bytes(), &[])
    };
    let message = format!("{}.{}", parts[0], parts[1]);
    let signature = ed().sign(message.as_bytes()).as_bytes().to_vec();
    let mut turned = signature.clone();
    turned[40] ^= 1;
    let again = url(format!(" {header}"));
    vec![
        unsigned("signed by another key", leaf(Format::Jws, &of(&Secret::ed25519("other"), b"x"), &[])),
        unsigned("another payload", whole(parts[0], &url("another thing"), &signature)),
        unsigned("another spelling of the header", whole(&again, parts[1], &signature)),
        unsigned("a bit of the signature turned", whole(parts[0], parts[1], &turned)),
        unsigned("signed without the header", whole(parts[0], parts[1], ed().sign(b"one thing").as_bytes())),
        unsigned("R that is the neutral point, the equation being right", {
            whole(parts[0], parts[1], ed().sign_neutrally(message.as_bytes()).as_bytes())
        }),
        unsigned("another key beside", {
            let jws = compact(&ed(), r#"{"alg":"EdDSA"}"#, b"x");
            leaf(Format::Jws, &jws, &[&Secret::ed25519("other")])
        }),
    ]
}
