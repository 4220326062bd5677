//! Dilithium3: that the library behind `dilithium3-r3` is round 3, and nothing else.
//!
//! The answer is count 0 of NIST's known-answer test, made by an independent implementation. Why it is
//! trusted: written in NIST's format it has the digest that PQClean published for round 3.

use crypto::{KeyError, PublicKey, Scheme, SecretKey, Signature, SignatureError, sha256};
use pqcrypto_dilithium::dilithium3;
use pqcrypto_traits::sign::{DetachedSignature as _, SecretKey as _};
use serde::Deserialize;

use crate::vectors::{accepts, report, unhex};

const SCHEME: Scheme = Scheme::Dilithium3R3;

#[derive(Deserialize)]
struct Answer {
    nistkat_sha256: String,
    seed: String,
    message: String,
    public_key: String,
    secret_key: String,
    signature: String,
}

fn answer() -> Answer {
    serde_json::from_str(include_str!("../data/dilithium3-r3.json")).expect("our own file")
}

#[test]
fn the_answer_is_the_published_one() {
    let Answer { nistkat_sha256, seed, message, public_key, secret_key, signature } = answer();
    let (message_bytes, signed_bytes) = (message.len() / 2, (signature.len() + message.len()) / 2);
    let upper = |text: &str| text.to_uppercase();
    let text = format!(
        "count = 0\nseed = {}\nmlen = {message_bytes}\nmsg = {}\npk = {}\nsk = {}\nsmlen = {signed_bytes}\nsm = {}{}\n",
        upper(&seed),
        upper(&message),
        upper(&public_key),
        upper(&secret_key),
        upper(&signature),
        upper(&message),
    );
    assert_eq!(sha256(text.as_bytes()).to_string(), nistkat_sha256);
}

#[test]
fn the_library_signs_and_verifies_the_answer() {
    let answer = answer();
    let (message, signature) = (unhex(&answer.message), unhex(&answer.signature));
    assert_eq!(signature.len(), 3293);
    assert!(accepts(SCHEME, &unhex(&answer.public_key), &message, &signature));

    // Round 3 signs deterministically, so the library must also produce these very bytes.
    let secret = dilithium3::SecretKey::from_bytes(&unhex(&answer.secret_key)).expect("4000 bytes");
    assert_eq!(dilithium3::detached_sign(&message, &secret).as_bytes(), signature);
    report("data/dilithium3-r3.json", 1, 0, "");
}

#[test]
fn a_changed_message_key_or_signature_is_refused() {
    let answer = answer();
    let (key, message) = (unhex(&answer.public_key), unhex(&answer.message));
    let signature = unhex(&answer.signature);
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    assert!(!accepts(SCHEME, &key, &flipped(&message, 0), &signature));
    // First and last byte of the key; of the signature's challenge, response and hints.
    for at in [0, 1951] {
        assert!(!accepts(SCHEME, &flipped(&key, at), &message, &signature), "key byte {at}");
    }
    for at in [0, 31, 32, 3231, 3232, 3292] {
        assert!(!accepts(SCHEME, &key, &message, &flipped(&signature, at)), "signature byte {at}");
    }
}

#[test]
fn fips_204_and_round_3_do_not_mix() {
    let answer = answer();
    let (key, message) = (unhex(&answer.public_key), unhex(&answer.message));
    let fips = SecretKey::from_seed(Scheme::MlDsa65, &[1; 32]).expect("ML-DSA-65 signs");
    let found = fips.sign(&message);
    let length = |scheme, expected, found| Err(SignatureError::Length { scheme, expected, found });
    assert_eq!(Signature::parse(SCHEME, found.as_bytes()), length(SCHEME, 3293, 3309));
    let round3 = unhex(&answer.signature);
    assert_eq!(Signature::parse(Scheme::MlDsa65, &round3), length(Scheme::MlDsa65, 3309, 3293));

    // A key has the same length in both, so its scheme must decide.
    let key = PublicKey::parse(SCHEME, &key).expect("1952 bytes");
    let other = SignatureError::OtherScheme { key: SCHEME, signature: Scheme::MlDsa65 };
    assert_eq!(key.verify(&message, &found), Err(other));
}

#[test]
fn nobody_signs_with_it() {
    let refused = SecretKey::from_seed(SCHEME, &[0; 32]).map(|key| key.public().clone());
    assert_eq!(refused, Err(KeyError::VerifyOnly { scheme: SCHEME }));
}
