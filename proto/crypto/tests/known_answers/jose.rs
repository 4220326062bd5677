//! JOSE and HTTP signatures: thumbprints, JWS, and C2SP's httpsig vectors.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crypto::{PublicKey, Scheme, SecretKey, Signature};
use serde::Deserialize;

use crate::vectors::{accepts, read, report, seed, unhex};

fn unbase64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("the vectors are base64url")
}

#[test]
fn rfc_8037_names_its_key() {
    // RFC 8037, appendix A.2 and A.3.
    let key = unbase64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = PublicKey::parse(Scheme::Ed25519, &key).expect("a key");
    assert_eq!(key.id().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc_9964_names_the_key_of_the_zero_seed() {
    let key = SecretKey::from_seed(Scheme::MlDsa65, &[0; 32]).expect("ML-DSA-65 signs");
    assert_eq!(key.public().id().to_string(), "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM");
}

#[test]
fn the_schemes_without_a_registered_alg_have_frozen_names() {
    // Ours alone, computed once from the JSON by other means: a change here renames keys.
    let bytes = vec![7; Scheme::Dilithium3R3.public_key_bytes()];
    let key = PublicKey::parse(Scheme::Dilithium3R3, &bytes).expect("a key");
    assert_eq!(key.id().to_string(), "5VPmSyl6NHRMUW8ZOqTJduOGLYg6MpIJAPvo5eUKDmE");
    let hybrid = SecretKey::from_seed(Scheme::HybridEd25519MlDsa65, &[7; 32]).expect("the hybrid signs");
    assert_eq!(hybrid.public().id().to_string(), "fo2hNFd3OvxYhecqXNz14u4Y3nNQ5FDxeglLLikNxFU");
}

#[derive(Deserialize)]
struct Rfc9964 {
    #[serde(rename = "priv")]
    seed: String,
    jwk: Jwk,
    jws: String,
    raw_to_be_signed: String,
    raw_signature: String,
    raw_public_key: String,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    alg: String,
    #[serde(rename = "pub")]
    public: String,
}

#[test]
fn rfc_9964_key_and_jws_are_ours() {
    const NAME: &str = "rfc9964-ml-dsa-jose-cose/ML_DSA_65.jose.json";
    let Some(file) = read::<Rfc9964>(NAME) else { return };
    let key = SecretKey::from_seed(Scheme::MlDsa65, &seed(&file.seed).expect("32 bytes")).expect("signs");
    assert_eq!(file.jwk.alg, "ML-DSA-65");
    assert_eq!(unbase64url(&file.jwk.public), key.public().as_bytes());
    assert_eq!(unhex(&file.raw_public_key), key.public().as_bytes());
    assert_eq!(file.jwk.kid, key.public().id().to_string());

    let (signed, signature) = file.jws.rsplit_once('.').expect("a compact JWS");
    assert_eq!(signed.as_bytes(), unhex(&file.raw_to_be_signed));
    assert_eq!(unbase64url(signature), unhex(&file.raw_signature));
    let signature = Signature::parse(Scheme::MlDsa65, &unbase64url(signature)).expect("a signature");
    assert_eq!(key.public().verify(signed.as_bytes(), &signature), Ok(()));
    report(NAME, 1, 0, "");
}

#[derive(Deserialize)]
struct Cookbook {
    input: CookbookInput,
    output: CookbookOutput,
}

#[derive(Deserialize)]
struct CookbookInput {
    key: CookbookKey,
}

#[derive(Deserialize)]
struct CookbookKey {
    x: String,
    d: String,
}

#[derive(Deserialize)]
struct CookbookOutput {
    compact: String,
}

#[test]
fn rfc_8037_jws_comes_out_byte_by_byte() {
    const NAME: &str = "jose-cookbook/curve25519/jws.json";
    let Some(file) = read::<Cookbook>(NAME) else { return };
    let seed = unbase64url(&file.input.key.d).try_into().expect("32 bytes");
    let key = SecretKey::from_seed(Scheme::Ed25519, &seed).expect("Ed25519 signs");
    assert_eq!(key.public().as_bytes(), unbase64url(&file.input.key.x));
    let (signed, signature) = file.output.compact.rsplit_once('.').expect("a compact JWS");
    assert_eq!(key.sign(signed.as_bytes()).as_bytes(), unbase64url(signature));
    report(NAME, 1, 0, "");
}

#[derive(Deserialize)]
struct HttpSig {
    vectors: Vec<HttpSigVector>,
}

#[derive(Deserialize)]
struct HttpSigVector {
    algorithm: String,
    private_key_seed_hex: String,
    public_key_base64: String,
    signature_base_base64: String,
    deterministic_signature_base64: String,
}

#[test]
fn c2sp_http_signatures_verify() {
    const NAME: &str = "c2sp-httpsig-pq/vectors.json";
    let Some(file) = read::<HttpSig>(NAME) else { return };
    let (ours, others): (Vec<_>, Vec<_>) =
        file.vectors.iter().partition(|vector| Scheme::from_name(&vector.algorithm).is_some());
    for vector in &ours {
        let scheme = Scheme::from_name(&vector.algorithm).expect("kept by the partition");
        let bytes = |text: &str| STANDARD.decode(text).expect("the vectors are base64");
        let seed = seed(&vector.private_key_seed_hex).expect("32 bytes");
        let key = SecretKey::from_seed(scheme, &seed).expect("the scheme signs");
        assert_eq!(key.public().as_bytes(), bytes(&vector.public_key_base64));
        let (message, signature) =
            (bytes(&vector.signature_base_base64), bytes(&vector.deterministic_signature_base64));
        assert!(accepts(scheme, key.public().as_bytes(), &message, &signature));
    }
    report(NAME, ours.len(), others.len(), ": parameter sets that are not ours");
}
