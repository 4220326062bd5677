//! The edges where Ed25519 libraries disagree, and where a hybrid could come apart.
//!
//! Points and scalars were computed from the definitions in RFC 8032 by a separate program. Where the
//! lenient check of the same library accepts, the test says so: that is what strictness refuses.

use crypto::{KeyError, PublicKey, Scheme, SecretKey, Signature, SignatureError, derive_seed};
use ed25519_dalek::Verifier;

/// The eight points of small order, each in its canonical encoding.
const SMALL_ORDER: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
];

/// Second spellings: y not reduced, or a sign on x = 0. The last two are points of full order.
const NOT_CANONICAL: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// No x belongs to y = 2.
const NOT_A_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

/// The order of the base point, little-endian: what may be added to S without changing the equation.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// RFC 8032's first key, and what was signed below.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const MESSAGE: &[u8] = b"small order R";

/// R is the neutral element and S = k·a: the equation without cofactor holds.
const R_NEUTRAL: &str = "0100000000000000000000000000000000000000000000000000000000000000\
    f0a69ddebb802c89e405561d3315c191f2a6a984f8b7999f1f271e28c0a9850d";

/// R = r·B + T with T of order 8: only the equation with cofactor holds.
const R_WITH_TORSION: &str = "40a4cf5c611d737a2f1c6fcca84d9cabfed80987f186a5a6c57e629bff1af27f\
    54f99fb1a531184bec14be853c7ccbbb71a49cdc180dba97d689399f43ff1a0a";

const HYBRID: Scheme = Scheme::HybridEd25519MlDsa65;

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).expect("hex").try_into().expect("its length")
}

fn key(scheme: Scheme, seed: &[u8; 32]) -> SecretKey {
    SecretKey::from_seed(scheme, seed).expect("the scheme signs")
}

fn signature(scheme: Scheme, bytes: &[u8]) -> Signature {
    Signature::parse(scheme, bytes).expect("a signature's length")
}

/// Reads the bytes as Ed25519 key and as first half of a hybrid key; both must say the same.
fn refusal(bytes: &[u8; 32]) -> KeyError {
    let alone = PublicKey::parse(Scheme::Ed25519, bytes).expect_err("refused");
    let hybrid = [bytes.as_slice(), &[9; 1952]].concat();
    assert_eq!(PublicKey::parse(HYBRID, &hybrid).expect_err("refused"), alone);
    alone
}

#[test]
fn ed25519_keys_that_are_no_keys_are_refused_alone_and_in_a_hybrid() {
    for text in SMALL_ORDER {
        assert_eq!(refusal(&unhex(text)), KeyError::SmallOrder, "{text}");
    }
    for text in NOT_CANONICAL {
        assert_eq!(refusal(&unhex(text)), KeyError::NotCanonical, "{text}");
    }
    assert_eq!(refusal(&unhex(NOT_A_POINT)), KeyError::NotAPoint);
}

#[test]
fn a_signature_with_r_of_small_order_is_refused_where_the_lenient_check_accepts() {
    let public = key(Scheme::Ed25519, &unhex(SEED)).public().clone();
    let bytes: [u8; 64] = unhex(R_NEUTRAL);
    let lenient = ed25519_dalek::VerifyingKey::try_from(public.as_bytes()).expect("a key");
    assert!(lenient.verify(MESSAGE, &ed25519_dalek::Signature::from_bytes(&bytes)).is_ok());
    let invalid = Err(SignatureError::Invalid { scheme: Scheme::Ed25519 });
    assert_eq!(public.verify(MESSAGE, &signature(Scheme::Ed25519, &bytes)), invalid);
}

#[test]
fn a_signature_that_needs_the_cofactor_is_refused() {
    let public = key(Scheme::Ed25519, &unhex(SEED)).public().clone();
    let bytes: [u8; 64] = unhex(R_WITH_TORSION);
    let invalid = Err(SignatureError::Invalid { scheme: Scheme::Ed25519 });
    assert_eq!(public.verify(MESSAGE, &signature(Scheme::Ed25519, &bytes)), invalid);
}

#[test]
fn a_signature_with_s_not_reduced_is_refused() {
    let secret = key(Scheme::Ed25519, &unhex(SEED));
    let mut bytes = secret.sign(MESSAGE).as_bytes().to_vec();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(unhex::<32>(ORDER)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S + L still has 32 bytes");
    let invalid = Err(SignatureError::Invalid { scheme: Scheme::Ed25519 });
    assert_eq!(secret.public().verify(MESSAGE, &signature(Scheme::Ed25519, &bytes)), invalid);
}

#[test]
fn every_scheme_verifies_what_it_signs_and_nothing_else() {
    for scheme in Scheme::ALL.into_iter().filter(|scheme| scheme.signs()) {
        let (mine, other) = (key(scheme, &[1; 32]), key(scheme, &[2; 32]));
        let signed = mine.sign(b"message");
        assert_eq!(mine.public().verify(b"message", &signed), Ok(()));
        assert!(mine.public().verify(b"massage", &signed).is_err(), "{scheme}: another message");
        assert!(other.public().verify(b"message", &signed).is_err(), "{scheme}: another key");
    }
}

#[test]
fn other_lengths_and_other_schemes_are_named() {
    for scheme in Scheme::ALL {
        let expected = scheme.public_key_bytes();
        for found in [0, expected - 1, expected + 1] {
            let refused = PublicKey::parse(scheme, &vec![1; found]).expect_err("refused");
            assert_eq!(refused, KeyError::Length { scheme, expected, found });
        }
        let expected = scheme.signature_bytes();
        for found in [0, expected - 1, expected + 1] {
            let refused = Signature::parse(scheme, &vec![1; found]);
            assert_eq!(refused, Err(SignatureError::Length { scheme, expected, found }));
        }
        let other = if scheme == Scheme::Ed25519 { Scheme::MlDsa65 } else { Scheme::Ed25519 };
        let signed = key(other, &[3; 32]).sign(b"message");
        let bytes = if scheme.signs() {
            key(scheme, &[3; 32]).public().as_bytes().to_vec()
        } else {
            vec![1; scheme.public_key_bytes()]
        };
        let public = PublicKey::parse(scheme, &bytes).expect("a key");
        let refused = Err(SignatureError::OtherScheme { key: scheme, signature: other });
        assert_eq!(public.verify(b"message", &signed), refused);
    }
}

#[test]
fn a_half_of_a_hybrid_signature_is_no_signature_of_the_message() {
    let hybrid = key(HYBRID, &[5; 32]);
    let signed = hybrid.sign(b"message");
    for (scheme, key_half, signature_half) in [
        (Scheme::Ed25519, &hybrid.public().as_bytes()[..32], &signed.as_bytes()[..64]),
        (Scheme::MlDsa65, &hybrid.public().as_bytes()[32..], &signed.as_bytes()[64..]),
    ] {
        let half = PublicKey::parse(scheme, key_half).expect("a half is a key");
        let refused = half.verify(b"message", &signature(scheme, signature_half));
        assert_eq!(refused, Err(SignatureError::Invalid { scheme }));
    }
}

#[test]
fn plain_signatures_of_both_halves_make_no_hybrid_signature() {
    let seed = [5; 32];
    let hybrid = key(HYBRID, &seed);
    let first = key(Scheme::Ed25519, &derive_seed(&seed, "hybrid/ed25519"));
    let second = key(Scheme::MlDsa65, &derive_seed(&seed, "hybrid/ml-dsa-65"));
    let halves = [first.public().as_bytes(), second.public().as_bytes()].concat();
    assert_eq!(hybrid.public().as_bytes(), halves, "these are the halves' own keys");

    let forged = [first.sign(b"message").as_bytes(), second.sign(b"message").as_bytes()].concat();
    let refused = hybrid.public().verify(b"message", &signature(HYBRID, &forged));
    assert_eq!(refused, Err(SignatureError::Invalid { scheme: Scheme::Ed25519 }));
}

#[test]
fn both_halves_must_sign_the_same_message_and_the_one_that_did_not_is_named() {
    let hybrid = key(HYBRID, &[5; 32]);
    let (here, there) = (hybrid.sign(b"here"), hybrid.sign(b"there"));
    let mixed = [&here.as_bytes()[..64], &there.as_bytes()[64..]].concat();
    let mixed = signature(HYBRID, &mixed);
    let by = |scheme| Err(SignatureError::Invalid { scheme });
    assert_eq!(hybrid.public().verify(b"here", &mixed), by(Scheme::MlDsa65));
    assert_eq!(hybrid.public().verify(b"there", &mixed), by(Scheme::Ed25519));
}

#[test]
fn derived_seeds_and_the_hybrid_label_are_frozen() {
    // Computed by another HKDF and another Ed25519: a change here changes every node's keys.
    assert_eq!(
        hex::encode(derive_seed(&[7; 32], "checkpoint")),
        "574b9df292d56e367290c48537d25e897c97a64f8cf00712713bdaaa8172b163"
    );
    assert_ne!(derive_seed(&[7; 32], "checkpoint"), derive_seed(&[8; 32], "checkpoint"));
    assert_ne!(derive_seed(&[7; 32], "checkpoint"), derive_seed(&[7; 32], "vote"));
    let hybrid = key(HYBRID, &[7; 32]);
    assert_eq!(
        hex::encode(&hybrid.sign(b"message").as_bytes()[..64]),
        "dd3b692aa424cc307bc666ed9d86bea77c0e91e384642831d7f0aa7a078a0b98dc47df7efdc56bfb64bd1ce0eedcd685249cd051ca0e86736fe852686318fb05"
    );
}

#[test]
fn nothing_shown_of_a_secret_key_is_its_seed() {
    for scheme in Scheme::ALL.into_iter().filter(|scheme| scheme.signs()) {
        let shown = format!("{:?}", key(scheme, &[0xab; 32]));
        assert!(!shown.contains("abab") && !shown.contains("171, 171"), "{shown}");
        assert!(shown.len() < 60, "{shown}");
    }
}

#[test]
fn keys_are_ordered_by_scheme_then_bytes() {
    let small = PublicKey::parse(Scheme::MlDsa65, &[1; 1952]).expect("a key");
    let large = PublicKey::parse(Scheme::MlDsa65, &[2; 1952]).expect("a key");
    let other = PublicKey::parse(Scheme::Dilithium3R3, &[1; 1952]).expect("a key");
    assert!(small < large && large < other);
    assert_eq!(small, small.clone());
    assert_ne!(small, other);
    assert_ne!(small.id(), other.id(), "one string of bytes, two schemes, two names");
}
