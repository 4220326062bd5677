//! Signatures under one digest, made with Python's `cryptography` (`tests/data/outside.py`), by every algorithm that
//! evidence names; and each of them with a bit turned.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Outside, OutsideError, sha256};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    signed: String,
    digest: String,
    holds: Vec<Case>,
    refused: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    algorithm: String,
    note: String,
    public_key: String,
    signature: String,
}

impl Case {
    fn parts(&self) -> (Outside, Vec<u8>, Vec<u8>) {
        let bytes = |text: &str| STANDARD.decode(text).expect("base64");
        let algorithm = Outside::from_name(&self.algorithm).expect("known");
        (algorithm, bytes(&self.public_key), bytes(&self.signature))
    }
}

fn file() -> File {
    serde_json::from_str(include_str!("../data/outside.json")).expect("vectors")
}

#[test]
fn signatures_of_another_library_hold_and_every_algorithm_is_among_them() {
    let file = file();
    assert_eq!(sha256(file.signed.as_bytes()).to_string(), file.digest);
    let mut seen = Vec::new();
    for case in &file.holds {
        let (algorithm, key, signature) = case.parts();
        let held = algorithm.verify(&key, file.signed.as_bytes(), &signature);
        assert_eq!(held, Ok(()), "{algorithm}, {}", case.note);
        seen.push(algorithm);
    }
    assert!(Outside::ALL.iter().all(|algorithm| seen.contains(algorithm)));
    for case in &file.refused {
        let (algorithm, key, signature) = case.parts();
        let held = algorithm.verify(&key, file.signed.as_bytes(), &signature);
        assert_eq!(held, Err(OutsideError::Invalid { algorithm }), "{algorithm}, {}", case.note);
    }
}

#[test]
fn a_turned_bit_of_key_digest_or_signature_is_refused_by_every_algorithm() {
    let file = file();
    for case in &file.holds {
        let (algorithm, key, signature) = case.parts();
        let signed = file.signed.as_bytes();
        let refused = |key: &[u8], signed: &[u8], signature: &[u8], what: &str| {
            let held = algorithm.verify(key, signed, signature);
            assert!(held.is_err(), "{algorithm}, {}, {what}", case.note);
        };
        let turned = |bytes: &[u8], at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            bytes
        };
        for at in [0, signature.len() / 2, signature.len() - 1] {
            refused(&key, signed, &turned(&signature, at), "signature");
        }
        for at in [key.len() / 2, key.len() - 9] {
            refused(&turned(&key, at), signed, &signature, "key");
        }
        refused(&key, &turned(signed, 7), &signature, "digest");
        // The digest itself is not what is hashed.
        refused(&key, sha256(signed).as_bytes(), &signature, "hashed twice");
        for (key, signature) in
            [(&key[1..], &signature[..]), (&[], &signature), (&key, &signature[1..]), (&key, &[])]
        {
            refused(key, signed, signature, "length");
        }
    }
}

#[test]
fn a_signature_of_one_algorithm_is_none_of_another() {
    let file = file();
    for (case, other) in file.holds.iter().flat_map(|case| Outside::ALL.map(|other| (case, other))) {
        let (algorithm, key, signature) = case.parts();
        let held = other.verify(&key, file.signed.as_bytes(), &signature);
        assert_eq!(held.is_ok(), algorithm == other, "{} as {other}", case.note);
    }
    for name in ["", "ml-dsa-65", "ML-DSA", "EdDSA", "ES256", "none"] {
        assert_eq!(Outside::from_name(name), None, "{name}");
    }
}

#[test]
fn a_key_has_no_other_spelling() {
    let file = file();
    let (mut sequences, mut points) = (0, 0);
    for case in &file.holds {
        let (algorithm, mut key, signature) = case.parts();
        match key[0] {
            0x30 => {
                sequences += 1;
                key.push(0);
            }
            // The hybrid form, which says twice which of the two y it is.
            0x04 if key.len() % 2 == 1 => {
                points += 1;
                key[0] = 6 | (key[key.len() - 1] & 1);
            }
            _ => continue,
        }
        let held = algorithm.verify(&key, file.signed.as_bytes(), &signature);
        assert_eq!(held, Err(OutsideError::Invalid { algorithm }), "{algorithm}, {}", case.note);
    }
    assert!(sequences >= 3 && points >= 2, "{sequences} sequences, {points} points");
}
