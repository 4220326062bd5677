//! ML-DSA-65: Wycheproof and NIST's ACVP.
//!
//! Ours is the pure interface with the empty context. Vectors with another context, for the internal
//! interface or for the message representative µ are counted as skipped, and where they could be
//! mistaken for ours it is checked that they are refused.

use crypto::{Scheme, SecretKey};
use ml_dsa::{EncodedVerifyingKey, MlDsa65, Signature, VerifyingKey};
use serde::Deserialize;

use crate::vectors::{accepts, read, report, seed, unhex};

const SCHEME: Scheme = Scheme::MlDsa65;

#[derive(Deserialize)]
struct Wycheproof {
    #[serde(rename = "numberOfTests")]
    number_of_tests: usize,
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "privateSeed", default)]
    seed: String,
    /// Absent where the seed is not one.
    #[serde(rename = "publicKey")]
    public_key: Option<String>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    id: u32,
    comment: String,
    /// Absent where only µ is given.
    msg: Option<String>,
    #[serde(default)]
    ctx: String,
    sig: String,
    result: String,
}

#[test]
fn wycheproof_verify_agrees_on_every_verdict() {
    const NAME: &str = "wycheproof/mldsa_65_verify_test.json";
    let Some(file) = read::<Wycheproof>(NAME) else { return };
    let (mut ran, mut with_context) = (0, 0);
    for group in &file.groups {
        let key = unhex(group.public_key.as_deref().expect("a group to verify has a key"));
        for test in &group.tests {
            let message = unhex(test.msg.as_deref().expect("a case to verify has a message"));
            let accepted = accepts(SCHEME, &key, &message, &unhex(&test.sig));
            if test.ctx.is_empty() {
                assert_eq!(accepted, test.result == "valid", "case {}: {}", test.id, test.comment);
                ran += 1;
            } else {
                assert!(!accepted, "case {} has a context, which is ours never", test.id);
                with_context += 1;
            }
        }
    }
    assert_eq!(ran + with_context, file.number_of_tests);
    report(NAME, ran, with_context, ": a context that is not empty (all refused, as they must be)");
}

#[test]
fn wycheproof_seeds_give_its_keys_and_its_signatures_verify() {
    const NAME: &str = "wycheproof/mldsa_65_sign_seed_test.json";
    let Some(file) = read::<Wycheproof>(NAME) else { return };
    let (mut ran, mut skipped) = (0, 0);
    for group in &file.groups {
        let Some(seed) = seed(&group.seed) else {
            // A seed of another length cannot even be written down as `&[u8; 32]`.
            skipped += group.tests.len();
            continue;
        };
        let key = SecretKey::from_seed(SCHEME, &seed).expect("every seed gives a key");
        let public = group.public_key.as_deref().expect("a whole seed has a public key");
        assert_eq!(hex::encode(key.public().as_bytes()), public);
        for test in &group.tests {
            let Some(message) = test.msg.as_deref().filter(|_| test.ctx.is_empty()) else {
                skipped += 1;
                continue;
            };
            let message = unhex(message);
            let theirs = accepts(SCHEME, key.public().as_bytes(), &message, &unhex(&test.sig));
            assert_eq!(theirs, test.result == "valid", "case {}: {}", test.id, test.comment);
            assert_eq!(key.public().verify(&message, &key.sign(&message)), Ok(()), "case {}", test.id);
            ran += 1;
        }
    }
    assert_eq!(ran + skipped, file.number_of_tests);
    report(NAME, ran, skipped, ": a context, only µ, or no whole seed");
}

#[derive(Deserialize)]
struct Acvp<T> {
    #[serde(rename = "testGroups")]
    groups: Vec<AcvpGroup<T>>,
}

#[derive(Deserialize)]
struct AcvpGroup<T> {
    #[serde(rename = "parameterSet")]
    parameter_set: String,
    #[serde(default)]
    pk: String,
    tests: Vec<T>,
}

#[derive(Deserialize)]
struct KeyGen {
    seed: String,
    pk: String,
}

#[derive(Deserialize)]
struct SigVer {
    #[serde(rename = "tcId")]
    id: u32,
    #[serde(rename = "testPassed")]
    passed: bool,
    message: String,
    signature: String,
    reason: String,
}

#[test]
fn acvp_seeds_give_its_keys() {
    const NAME: &str = "acvp-ml-dsa/key-gen.json";
    let Some(file) = read::<Acvp<KeyGen>>(NAME) else { return };
    let mut ran = 0;
    for test in file.groups.iter().filter(|g| g.parameter_set == "ML-DSA-65").flat_map(|g| &g.tests) {
        let seed = seed(&test.seed).expect("a seed has 32 bytes");
        let key = SecretKey::from_seed(SCHEME, &seed).expect("every seed gives a key");
        assert_eq!(hex::encode_upper(key.public().as_bytes()), test.pk);
        ran += 1;
    }
    assert_eq!(ran, 25);
    report(NAME, ran, 0, "");
}

#[test]
fn acvp_internal_signatures_convince_the_second_library_and_never_us() {
    // These sign FIPS 204's internal interface: no separator and no context stand before the message.
    const NAME: &str = "acvp-ml-dsa/sig-ver.json";
    let Some(file) = read::<Acvp<SigVer>>(NAME) else { return };
    let mut ran = 0;
    for group in file.groups.iter().filter(|g| g.parameter_set == "ML-DSA-65") {
        let key = unhex(&group.pk);
        let encoded = EncodedVerifyingKey::<MlDsa65>::try_from(key.as_slice()).expect("a key's length");
        let second = VerifyingKey::<MlDsa65>::decode(&encoded);
        for test in &group.tests {
            let (message, signature) = (unhex(&test.message), unhex(&test.signature));
            let verdict = Signature::<MlDsa65>::try_from(signature.as_slice())
                .is_ok_and(|signature| second.verify_internal(&message, &signature));
            assert_eq!(verdict, test.passed, "case {}: {}", test.id, test.reason);
            assert!(!accepts(SCHEME, &key, &message, &signature), "case {}", test.id);
            ran += 1;
        }
    }
    report(NAME, ran, 0, " (the internal interface: checked on the second library, refused by ours)");
}

/// A verdict that depends on the CPU would split the replicas: aws-lc-rs has code for AVX2 and portable code.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_answers_are_the_same_without_avx2() {
    // AWS-LC reads this variable once, when a process starts, so a child runs the suites above.
    // Bit 5 of the second word stands for AVX2.
    let child = std::process::Command::new(std::env::current_exe().expect("a running test has a file"))
        .args(["mldsa65::wycheproof", "mldsa65::acvp"])
        .env("OPENSSL_ia32cap", ":~0x20")
        .output()
        .expect("the test runs itself");
    let shown = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && shown.contains("4 passed"), "{shown}");
}
