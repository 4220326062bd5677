use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::validators::Validator;

use super::*;

const NOW: u64 = 1_800_000_000;

fn key(scheme: Scheme, n: u8) -> SecretKey {
    SecretKey::from_seed(scheme, &[n; 32]).expect("a scheme that signs")
}

fn set() -> ValidatorSet {
    let public = |scheme, n| key(scheme, n).public().clone();
    let validator = Validator {
        name: "v0".to_owned(),
        power: 1,
        consensus: public(Scheme::Ed25519, 1),
        network: public(Scheme::Ed25519, 2),
        log: public(Scheme::Ed25519, 3),
        cosigner_ed25519: public(Scheme::Ed25519, 4),
        cosigner_ml_dsa_65: public(Scheme::MlDsa65, 5),
    };
    let (time, admission) = (TimeMs::new(1), Admission::Open);
    let origin = "ledger.example/test".to_owned();
    Genesis { origin, time, validators: vec![validator], admission, registrars: Vec::new() }.validator_set()
}

fn claims() -> Claims {
    Claims {
        iss: "ledger.example/test".to_owned(),
        aud: network(set().network()),
        sub: "did:pn:agent:00".to_owned(),
        tenant: "acme".to_owned(),
        scope: "proof:read proof:create".to_owned(),
        iat: NOW,
        exp: NOW + 3_600,
        jti: "1".to_owned(),
    }
}

fn log() -> SecretKey {
    key(Scheme::Ed25519, 3)
}

fn verdict(text: &str, now_s: u64) -> Result<Principal, &'static str> {
    principal(&set(), text, now_s).map_err(|error| error.row().code)
}

/// A token of these parts, signed by the log's key.
fn of_parts(header: &Value, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
    let signature = log().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "kid": log().public().id().to_string(), "typ": "JWT" })
}

#[test]
fn a_validators_token_is_believed_until_it_is_over() {
    let token = claims().sign(&log());
    assert!(is_token(&token));
    let principal = verdict(&token, NOW).expect("believed");
    assert_eq!((principal.tenant.as_str(), principal.subject.as_str()), ("acme", "did:pn:agent:00"));
    assert!(principal.scopes.allow("proof:create") && !principal.scopes.allow("identity:read"));
    assert!(verdict(&token, NOW + 3_599).is_ok());
    assert_eq!(verdict(&token, NOW + 3_600), Err("credential_expired"));
    // A clock a little behind is no reason; one far behind is.
    assert!(verdict(&token, NOW - SKEW_S).is_ok());
    assert_eq!(verdict(&token, NOW - SKEW_S - 1), Err("credential_unknown"));
}

#[test]
fn claims_that_are_not_of_this_network_are_refused() {
    for (name, change) in [
        ("issuer", (|c| c.iss = "other.example/log".to_owned()) as fn(&mut Claims)),
        ("audience", |c| c.aud = "00".repeat(32)),
        ("life", |c| c.exp = c.iat + LIFE_S_MAX + 1),
        ("subject", |c| c.sub = String::new()),
        ("tenant", |c| c.tenant = "Not A Tenant".to_owned()),
        ("scope", |c| c.scope = "a\"b".to_owned()),
    ] {
        let mut changed = claims();
        change(&mut changed);
        assert_eq!(verdict(&changed.sign(&log()), NOW), Err("credential_unknown"), "{name}");
    }
}

#[test]
fn only_a_log_key_signs_tokens_and_only_with_its_algorithm() {
    // Another key of the same validator, and a stranger's.
    for n in [1, 4, 9] {
        assert_eq!(verdict(&claims().sign(&key(Scheme::Ed25519, n)), NOW), Err("credential_unknown"), "{n}");
    }
    let text = serde_json::to_string(&claims()).expect("JSON");
    assert!(verdict(&of_parts(&header(), &text), NOW).is_ok());
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", Value::Null),
        ("typ", json!("dpop+jwt")),
        ("kid", Value::Null),
        ("kid", json!("x")),
        ("crit", json!(["exp"])),
    ] {
        let mut header = header();
        header[member] = value.clone();
        assert_eq!(verdict(&of_parts(&header, &text), NOW), Err("credential_unknown"), "{member} {value}");
    }
    // A member twice is two tokens in one.
    let twice = text.replacen('{', "{\"tenant\":\"globex\",", 1);
    assert_eq!(verdict(&of_parts(&header(), &twice), NOW), Err("credential_malformed"));
    let lacking = text.replace("\"exp\"", "\"expires\"");
    assert_eq!(verdict(&of_parts(&header(), &lacking), NOW), Err("credential_unknown"));
}

#[test]
fn no_changed_byte_is_believed_and_none_panics() {
    let token = claims().sign(&log());
    for at in 0..token.len() {
        for other in [b'A', b'.', b'=', b' '] {
            let mut bytes = token.clone().into_bytes();
            if bytes[at] == other {
                continue;
            }
            bytes[at] = other;
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(verdict(&changed, NOW).is_err(), "{at}");
        }
        assert!(verdict(&token[..at], NOW).is_err(), "cut at {at}");
    }
    assert!(verdict(&"a".repeat(TOKEN_BYTES_MAX + 1), NOW).is_err());
}
