//! ML-DSA-44: NIST's ACVP, and a second library.

use crypto::{MlDsa44Error, MlDsa44Key, MlDsa44Secret};
use ml_dsa::{EncodedVerifyingKey, MlDsa44, Signature, VerifyingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::vectors::{read, report, seed, unhex};

#[derive(Deserialize)]
struct Acvp {
    #[serde(rename = "testGroups")]
    groups: Vec<Value>,
}

impl Acvp {
    fn groups(&self) -> impl Iterator<Item = &Value> {
        self.groups.iter().filter(|group| group["parameterSet"] == "ML-DSA-44")
    }
}

fn tests(group: &Value) -> &[Value] {
    group["tests"].as_array().map_or(&[], Vec::as_slice)
}

fn hex_of(value: &Value) -> Vec<u8> {
    unhex(value.as_str().expect("hex"))
}

#[test]
fn acvp_seeds_give_its_keys() {
    const NAME: &str = "acvp-ml-dsa/key-gen.json";
    let Some(file) = read::<Acvp>(NAME) else { return };
    let mut ran = 0;
    for test in file.groups().flat_map(tests) {
        let seed = seed(test["seed"].as_str().expect("hex")).expect("a seed has 32 bytes");
        let key = MlDsa44Secret::from_seed(&seed).expect("every seed gives a key");
        assert_eq!(hex::encode_upper(key.public().as_bytes()), test["pk"].as_str().expect("hex"));
        ran += 1;
    }
    assert_eq!(ran, 25);
    report(NAME, ran, 0, " (ML-DSA-44)");
}

#[test]
fn acvp_internal_signatures_are_never_ours() {
    const NAME: &str = "acvp-ml-dsa/sig-ver.json";
    let Some(file) = read::<Acvp>(NAME) else { return };
    let mut ran = 0;
    for group in file.groups() {
        let key = hex_of(&group["pk"]);
        let encoded = EncodedVerifyingKey::<MlDsa44>::try_from(key.as_slice()).expect("a key's length");
        let second = VerifyingKey::<MlDsa44>::decode(&encoded);
        let ours = MlDsa44Key::parse(&key).expect("a key's length");
        for test in tests(group) {
            let (message, signature) = (hex_of(&test["message"]), hex_of(&test["signature"]));
            let verdict = Signature::<MlDsa44>::try_from(signature.as_slice())
                .is_ok_and(|signature| second.verify_internal(&message, &signature));
            assert_eq!(Some(verdict), test["testPassed"].as_bool(), "case {}", test["tcId"]);
            assert!(ours.verify(&message, &signature).is_err(), "case {}", test["tcId"]);
            ran += 1;
        }
    }
    report(NAME, ran, 0, " (ML-DSA-44; the internal interface)");
}

#[test]
fn a_second_library_believes_what_we_sign_and_every_spoiled_byte_is_refused() {
    let secret = MlDsa44Secret::from_seed(&[7; 32]).expect("every seed gives a key");
    let signature = secret.sign(b"a message");
    let encoded =
        EncodedVerifyingKey::<MlDsa44>::try_from(secret.public().as_bytes()).expect("a key's length");
    let second = VerifyingKey::<MlDsa44>::decode(&encoded);
    let parsed = Signature::<MlDsa44>::try_from(signature.as_slice()).expect("a signature's length");
    assert!(second.verify_with_context(b"a message", b"", &parsed));
    assert_eq!(secret.public().verify(b"a message", &signature), Ok(()));
    assert_eq!(secret.public().verify(b"another", &signature), Err(MlDsa44Error::Invalid));
    for at in (0..signature.len()).step_by(97) {
        let mut spoiled = signature.clone();
        spoiled[at] ^= 1;
        assert_eq!(secret.public().verify(b"a message", &spoiled), Err(MlDsa44Error::Invalid), "byte {at}");
    }
    let short = secret.public().verify(b"a message", &signature[1..]);
    assert_eq!(short, Err(MlDsa44Error::SignatureLength { found: 2419 }));
    assert_eq!(MlDsa44Key::parse(&[0; 1311]), Err(MlDsa44Error::KeyLength { found: 1311 }));
}
