//! Two libraries, one ML-DSA-65: whatever aws-lc-rs decides, `ml-dsa` decides too.

use crypto::{PublicKey, Scheme, SecretKey, Signature};
use ml_dsa::{EncodedVerifyingKey, Keypair, MlDsa65, Seed, SigningKey, VerifyingKey};
use proptest::prelude::{Just, any, prop_oneof};
use proptest::strategy::Strategy;
use proptest::test_runner::Config;
use proptest::{collection, prop_assert_eq, proptest};

const SCHEME: Scheme = Scheme::MlDsa65;

/// What a case does to a triple that verifies.
#[derive(Clone, Copy, Debug)]
enum Spoil {
    Nothing,
    KeyBit(usize),
    MessageBit(usize),
    SignatureBit(usize),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let bit = |bytes: usize| 0..bytes * 8;
    prop_oneof![
        1 => Just(Spoil::Nothing),
        2 => bit(SCHEME.public_key_bytes()).prop_map(Spoil::KeyBit),
        1 => any::<usize>().prop_map(Spoil::MessageBit),
        4 => bit(SCHEME.signature_bytes()).prop_map(Spoil::SignatureBit),
        // The hints at the end have the only encoding that can be malformed.
        2 => ((3309 - 61) * 8..3309_usize * 8).prop_map(Spoil::SignatureBit),
    ]
}

fn flip(bytes: &mut [u8], bit: usize) {
    if !bytes.is_empty() {
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

fn ours(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = PublicKey::parse(SCHEME, key).expect("a key's length");
    let signature = Signature::parse(SCHEME, signature).expect("a signature's length");
    key.verify(message, &signature).is_ok()
}

fn theirs(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let encoded = EncodedVerifyingKey::<MlDsa65>::try_from(key).expect("a key's length");
    ml_dsa::Signature::<MlDsa65>::try_from(signature).is_ok_and(|signature| {
        VerifyingKey::<MlDsa65>::decode(&encoded).verify_with_context(message, &[], &signature)
    })
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn both_libraries_give_one_verdict(
        seed in any::<[u8; 32]>(),
        message in collection::vec(any::<u8>(), 0..200),
        spoil in spoil(),
    ) {
        let secret = SecretKey::from_seed(SCHEME, &seed).expect("every seed gives a key");
        let second = SigningKey::<MlDsa65>::from_seed(&Seed::from(seed));
        let key = second.verifying_key().encode();
        prop_assert_eq!(secret.public().as_bytes(), key.as_slice());

        let by_us = secret.sign(&message).as_bytes().to_vec();
        let by_them = second.expanded_key().sign_deterministic(&message, &[]).expect("an empty context");
        for mut signature in [by_us, by_them.encode().to_vec()] {
            let (mut key, mut message) = (secret.public().as_bytes().to_vec(), message.clone());
            let whole = match spoil {
                Spoil::Nothing => true,
                Spoil::KeyBit(bit) => { flip(&mut key, bit); false }
                Spoil::MessageBit(bit) => { flip(&mut message, bit); message.is_empty() }
                Spoil::SignatureBit(bit) => { flip(&mut signature, bit); false }
            };
            prop_assert_eq!(ours(&key, &message, &signature), whole);
            prop_assert_eq!(theirs(&key, &message, &signature), whole);
        }
    }

    #[test]
    fn both_libraries_refuse_noise(key in any::<[u8; 32]>(), noise in any::<[u8; 32]>()) {
        // Repeated blocks reach the response and the hints without drawing thousands of bytes.
        let key: Vec<u8> = key.into_iter().cycle().take(SCHEME.public_key_bytes()).collect();
        let signature: Vec<u8> = noise.into_iter().cycle().take(SCHEME.signature_bytes()).collect();
        prop_assert_eq!(ours(&key, b"noise", &signature), false);
        prop_assert_eq!(theirs(&key, b"noise", &signature), false);
    }
}
