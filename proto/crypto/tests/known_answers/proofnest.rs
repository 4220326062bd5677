//! ProofNest's own signatures: each algorithm it has, made by its client with another implementation of Dilithium.
//!
//! The known answer of NIST is one signature; these are made the way that system makes them, so that key, message and
//! halves stand where it puts them.

use crypto::{ImportedSecret, KeyError, PublicKey, Scheme, SecretKey, SignatureError};
use serde::Deserialize;

use crate::vectors::{accepts, report, unhex};

const HYBRID: Scheme = Scheme::HybridDilithium3R3Ed25519;

#[derive(Deserialize)]
struct File {
    proofs: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    algorithm: String,
    public_key: String,
    secret_key: String,
    proof_id: String,
    signature: String,
}

fn made() -> Vec<(Scheme, Made)> {
    let file: File = serde_json::from_str(include_str!("../data/proofnest.json")).expect("our own file");
    let scheme = |made: &Made| match made.algorithm.as_str() {
        "dilithium3" => Scheme::Dilithium3R3,
        "ed25519" => Scheme::Ed25519,
        "hybrid-ml-dsa-ed25519" => HYBRID,
        other => panic!("{other}"),
    };
    file.proofs.into_iter().map(|made| (scheme(&made), made)).collect()
}

#[test]
fn what_its_client_signed_holds_and_is_signed_again_alike() {
    let all = made();
    for (scheme, made) in &all {
        let (key, message) = (unhex(&made.public_key), made.proof_id.as_bytes());
        let signature = unhex(&made.signature);
        assert!(accepts(*scheme, &key, message, &signature), "{scheme}");
        assert!(!accepts(*scheme, &key, &message[1..], &signature), "{scheme}");
        let (public, secret) = (PublicKey::parse(*scheme, &key).expect("a key"), unhex(&made.secret_key));
        let again = match scheme {
            Scheme::Ed25519 => {
                let seed: [u8; 32] = secret.try_into().expect("a seed");
                SecretKey::from_seed(*scheme, &seed).expect("signs").sign(message)
            }
            Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256
            | Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65 => {
                ImportedSecret::parse(&public, &secret).expect("a pair").sign(message)
            }
        };
        assert_eq!(again.as_bytes(), signature, "{scheme}");
    }
    report("data/proofnest.json", all.len(), 0, "");
}

#[test]
fn both_halves_of_a_hybrid_signature_must_hold() {
    let (_, made) = made().into_iter().find(|(scheme, _)| *scheme == HYBRID).expect("there is one");
    let (key, message) = (unhex(&made.public_key), made.proof_id.as_bytes());
    let signature = unhex(&made.signature);
    assert_eq!((key.len(), signature.len()), (1952 + 32, 3293 + 64));
    // The first byte of each half, of the signature and of the key.
    for (at, name) in [(0, "dilithium"), (3293, "ed25519")] {
        let mut spoilt = signature.clone();
        spoilt[at] ^= 1;
        assert!(!accepts(HYBRID, &key, message, &spoilt), "{name}");
    }
    let mut other = key.clone();
    other[40] ^= 1;
    assert!(!accepts(HYBRID, &other, message, &signature), "dilithium");
    let ed25519 = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
    other = [&key[..1952], ed25519.public().as_bytes()].concat();
    assert!(!accepts(HYBRID, &other, message, &signature), "ed25519");
    // In the other order, as our own pair has them, it is none.
    let turned = [&signature[3293..], &signature[..3293]].concat();
    assert!(!accepts(HYBRID, &key, message, &turned));
    // Each half is a signature by itself: the module says so, and whoever lists the half alone lets it speak.
    assert!(accepts(Scheme::Dilithium3R3, &key[..1952], message, &signature[..3293]));
}

#[test]
fn new_keys_sign_and_their_secrets_belong_to_them() {
    let pairs = |scheme| ImportedSecret::generate(scheme, &[1; 32]).expect("a scheme of these");
    for (scheme, length) in [(Scheme::Dilithium3R3, 4000), (HYBRID, 4032)] {
        let (one, two) = (pairs(scheme), pairs(scheme));
        assert_ne!(one.public(), two.public(), "drawn anew");
        assert_eq!(one.public().verify(b"any", &one.sign(b"any")), Ok(()));
        assert!(two.public().verify(b"any", &one.sign(b"any")).is_err());
        let kept = ImportedSecret::parse(one.public(), one.expose()).expect("its own");
        assert_eq!(kept.sign(b"any"), one.sign(b"any"));
        assert_eq!(one.expose().len(), length);
        let refused = |public: &PublicKey, secret: &[u8]| ImportedSecret::parse(public, secret).err();
        assert_eq!(refused(two.public(), one.expose()), Some(KeyError::OtherSecret { scheme }));
        let (expected, found) = (length, length - 1);
        let short = refused(one.public(), &one.expose()[1..]);
        assert_eq!(short, Some(KeyError::SecretLength { scheme, expected, found }));
        // A secret key is no signature, whatever calls it one.
        let as_signature = crypto::Signature::parse(scheme, one.expose());
        let expected = scheme.signature_bytes();
        assert_eq!(as_signature, Err(SignatureError::Length { scheme, expected, found: length }));
    }
    let scheme = Scheme::MlDsa65;
    assert_eq!(ImportedSecret::generate(scheme, &[0; 32]).err(), Some(KeyError::Seedless { scheme }));
}
