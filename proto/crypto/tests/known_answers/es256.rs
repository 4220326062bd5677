//! ES256: RFC 6979 §A.2.5, Wycheproof, and another library.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use crypto::{KeyError, PublicKey, Scheme, SecretKey};
use serde::Deserialize;

use crate::vectors::{accepts, read, report, seed, unhex};

#[derive(Deserialize)]
struct File {
    #[serde(rename = "numberOfTests")]
    number_of_tests: usize,
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "publicKey")]
    public_key: Key,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Key {
    uncompressed: String,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    id: u32,
    comment: String,
    msg: String,
    sig: String,
    result: String,
}

/// The order of the curve halved, rounded down. FIPS 186-5; SP 800-186 §3.2.1.3.
const HALF: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";

#[test]
fn rfc_6979_signatures_come_out_byte_by_byte() {
    let secret = seed("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").expect("32 bytes");
    let key = SecretKey::from_seed(Scheme::Es256, &secret).expect("ES256 signs");
    let public = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                  7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    assert_eq!(hex::encode(key.public().as_bytes()), public);
    // "sample" has the higher s in the RFC, so ours is the order less that; "test" has the lower one.
    let sample = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                  0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9";
    let test = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
                019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
    for (message, signature) in [(&b"sample"[..], sample), (b"test", test)] {
        assert_eq!(hex::encode(key.sign(message).as_bytes()), signature);
        assert!(accepts(Scheme::Es256, &unhex(public), message, &unhex(signature)));
    }
    let high = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    assert!(!accepts(Scheme::Es256, &unhex(public), b"sample", &unhex(high)), "one message, one signature");
    report("RFC 6979 §A.2.5, SHA-256", 2, 0, "");
}

#[test]
fn wycheproof_agrees_but_for_the_higher_s() {
    const NAME: &str = "wycheproof/ecdsa_secp256r1_sha256_p1363_test.json";
    let Some(file) = read::<File>(NAME) else { return };
    let (mut ran, mut high) = (0, 0);
    for group in &file.groups {
        let key = unhex(&group.public_key.uncompressed);
        for test in &group.tests {
            let signature = unhex(&test.sig);
            let accepted = accepts(Scheme::Es256, &key, &unhex(&test.msg), &signature);
            let valid = test.result == "valid";
            let above = valid && signature[32..] > unhex(HALF)[..];
            high += usize::from(above);
            assert_eq!(accepted, valid && !above, "case {}: {}", test.id, test.comment);
            ran += 1;
        }
    }
    assert_eq!(ran, file.number_of_tests);
    report(NAME, ran, 0, &format!(", {high} of them valid elsewhere and refused for their s"));
}

#[test]
fn another_library_accepts_what_is_signed_here() {
    for n in 0..32_u8 {
        let key = SecretKey::from_seed(Scheme::Es256, &[n + 1; 32]).expect("ES256 signs");
        let message = vec![n; usize::from(n)];
        let signature = key.sign(&message);
        assert_eq!(signature, key.sign(&message));
        let other = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public().as_bytes());
        assert!(other.verify(&message, signature.as_bytes()).is_ok());
        assert!(other.verify(b"another", signature.as_bytes()).is_err());
    }
}

#[test]
fn a_seed_that_is_no_scalar_leads_to_one() {
    for seed in [[0; 32], [0xff; 32]] {
        let key = SecretKey::from_seed(Scheme::Es256, &seed).expect("ES256 signs");
        assert_eq!(key.public(), SecretKey::from_seed(Scheme::Es256, &seed).expect("ES256 signs").public());
        assert!(key.public().verify(b"message", &key.sign(b"message")).is_ok());
    }
}

#[test]
fn what_is_no_point_is_no_key_and_a_thumbprint_is_that_of_the_jwk() {
    let good = SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("ES256 signs").public().clone();
    for spoil in [0, 1, 40, 64] {
        let mut bytes = good.as_bytes().to_vec();
        bytes[spoil] ^= 1;
        assert_eq!(PublicKey::parse(Scheme::Es256, &bytes), Err(KeyError::NotOnP256), "byte {spoil}");
    }
    // The key of RFC 7517 §A.1, its thumbprint computed by another library.
    let key = "0430a0424cd21c2944838a2d75c92b37e76ea20d9f00893a3b4eee8a3c0aafec3e\
               e04b65e92456d9888b52b379bdfbd51ee869ef1f0fc65b6659695b6cce081723";
    let key = PublicKey::parse(Scheme::Es256, &unhex(key)).expect("a key");
    assert_eq!(key.id().to_string(), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    let (x, y) = key.coordinates().expect("two");
    assert_eq!((x, y), (&key.as_bytes()[1..33], &key.as_bytes()[33..]));
}
