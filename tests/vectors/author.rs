//! Submissions that stand in the log and that their author did not sign.

use crypto::{Scheme, Signature};
use proto::submission::{Body, Submission};

use crate::keys::Secret;
use crate::log::{addition, author, body, creation, proof_submit, receipt_of, rotation, signed, submitted};
use crate::trust::{plain, plain_signers};
use crate::vector::Vector;

const AUTHOR: &str = "author_signature";

fn one(name: impl Into<String>, submission: Submission) -> Vector {
    let receipt = receipt_of(&plain_signers(), submitted(submission));
    Vector::json(name, &plain(), &receipt, Some(AUTHOR))
}

/// The body with another signature than its own.
fn with(secret: &Secret, spoil: impl Fn(&mut Vec<u8>)) -> Submission {
    let body = body(secret, proof_submit());
    let good = secret.sign(&body.signed_bytes());
    let mut bytes = good.as_bytes().to_vec();
    spoil(&mut bytes);
    body.seal(Signature::parse(good.scheme(), &bytes).expect("a signature's length"))
}

fn of(scheme: Scheme, bytes: &[u8]) -> Signature {
    Signature::parse(scheme, bytes).expect("a signature's length")
}

pub fn vectors() -> Vec<Vector> {
    let (ed25519, other) = (author(), Secret::ed25519("other"));
    let ml_dsa = Secret::new(Scheme::MlDsa65, "author/pq");
    let hybrid = Secret::new(Scheme::HybridEd25519MlDsa65, "author/hybrid");
    let own = body(&ed25519, proof_submit());
    let label = b"quorate/hybrid/ed25519+ml-dsa-65/v1\0";
    let labelled = [label.as_slice(), &own.signed_bytes()].concat();
    let untagged = own.signed_bytes()["quorate/v1/submission\0".len()..].to_vec();
    let body_alone = untagged[32..].to_vec();
    let retagged = [b"quorate/v1/vote\0".as_slice(), &untagged].concat();
    let of_other_network = {
        let other = Body { network: proto::id::NetworkId::new(crypto::sha256(b"other")), ..own.clone() };
        ed25519.sign(&other.signed_bytes())
    };
    let resigned = |message: &[u8]| own.clone().seal(ed25519.sign(message));
    let unreduced = |bytes: &mut Vec<u8>| {
        let order =
            hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
        let mut carry = 0;
        for (byte, more) in bytes[32..64].iter_mut().zip(&order) {
            let sum = u16::from(*byte) + u16::from(*more) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    };
    let turned = |at: usize| move |bytes: &mut Vec<u8>| bytes[at] ^= 1;
    let dilithium = {
        let key = crypto::PublicKey::parse(Scheme::Dilithium3R3, &[7; 1_952]).expect("any bytes are one");
        let body = Body { author: proto::id::Did::of(&key), key, ..own.clone() };
        body.seal(of(Scheme::Dilithium3R3, &[7; 3_293]))
    };
    let (second, third) = (Secret::ed25519("second"), Secret::ed25519("third"));
    let rotated = |operation| signed(&ed25519, body(&ed25519, operation));
    let mut found = vec![
        one("signed by another key", own.clone().seal(other.sign(&own.signed_bytes()))),
        one("signed without tag", resigned(&untagged)),
        one("signed without tag and network", resigned(&body_alone)),
        one("signed with another purpose's tag", resigned(&retagged)),
        one("signed for another network", own.clone().seal(of_other_network)),
        one("signed as half of a hybrid signature", resigned(&labelled)),
        one("a signature of zeros", with(&ed25519, |bytes| bytes.fill(0))),
        one("a bit of R turned", with(&ed25519, turned(0))),
        one("a bit of S turned", with(&ed25519, turned(32))),
        one("S that is not reduced", with(&ed25519, unreduced)),
        one(
            "R of small order",
            with(&ed25519, |bytes| {
                bytes[..32].fill(0);
                bytes[0] = 1;
            }),
        ),
        one(
            "R that is no point",
            with(&ed25519, |bytes| {
                bytes[..32].fill(0);
                bytes[0] = 2;
            }),
        ),
        one("R that is the neutral point, the equation being right", {
            own.clone().seal(ed25519.sign_neutrally(&own.signed_bytes()))
        }),
        one("R and S swapped", with(&ed25519, |bytes| bytes.rotate_left(32))),
        one("a signature of another nonce", {
            let later = Body { nonce: 2, ..own.clone() };
            later.seal(ed25519.sign(&own.signed_bytes()))
        }),
        one("an Ed25519 key, a signature of ML-DSA-65", {
            own.clone().seal(ml_dsa.sign(&own.signed_bytes()))
        }),
        one("an ML-DSA-65 key, a signature of Ed25519", {
            let body = body(&ml_dsa, proof_submit());
            let signature = ed25519.sign(&body.signed_bytes());
            body.seal(signature)
        }),
        one("a bit of an ML-DSA-65 signature turned", with(&ml_dsa, turned(100))),
        one("a bit of an ML-DSA-65 signature's hint turned", with(&ml_dsa, turned(3_300))),
        one("an ML-DSA-65 signature of zeros", with(&ml_dsa, |bytes| bytes.fill(0))),
        one("an ML-DSA-65 signature by another key", {
            let body = body(&ml_dsa, proof_submit());
            let signature = Secret::new(Scheme::MlDsa65, "other/pq").sign(&body.signed_bytes());
            body.seal(signature)
        }),
        one("a hybrid signature whose Ed25519 half is broken", with(&hybrid, turned(40))),
        one("a hybrid signature whose ML-DSA-65 half is broken", with(&hybrid, turned(64 + 100))),
        one("a hybrid signature whose halves do not carry the label", {
            let body = body(&hybrid, proof_submit());
            let message = body.signed_bytes();
            // The seeds of the halves, as the scheme derives them, sign the bare message.
            let halves = [
                hybrid.half(Scheme::Ed25519).sign(&message).as_bytes().to_vec(),
                hybrid.half(Scheme::MlDsa65).sign(&message).as_bytes().to_vec(),
            ];
            body.seal(of(Scheme::HybridEd25519MlDsa65, &halves.concat()))
        }),
        one("a key of Dilithium3, and nobody's signature", dilithium),
        one("a rotation to which another key consents", rotated(rotation(&second, &third))),
        one("a rotation to which only the old key consents", rotated(rotation(&second, &ed25519))),
        one("a rotation signed by the new key", {
            let body = body(&ed25519, rotation(&second, &second));
            let signature = second.sign(&body.signed_bytes());
            body.seal(signature)
        }),
        one("a rotation with a consent of another scheme", {
            let operation = rotation(&second, &ml_dsa);
            rotated(operation)
        }),
        one("a rotation to a hybrid key to which another consents", {
            rotated(rotation(&hybrid, &Secret::new(Scheme::HybridEd25519MlDsa65, "other/hybrid")))
        }),
    ];
    let identity = proto::id::Did::of(&ed25519.public());
    for (name, operation) in [
        ("an addition to which another key consents", addition(&identity, &second, Some(&third))),
        ("an addition to which only the old key consents", addition(&identity, &second, Some(&ed25519))),
        ("an addition with a consent of another scheme", addition(&identity, &second, Some(&ml_dsa))),
        ("an addition with the consent to another identity", {
            let other = proto::id::Did::of(&third.public());
            let proto::operation::Operation::KeyAdd { key, possession, .. } =
                addition(&other, &second, Some(&second))
            else {
                panic!("an addition")
            };
            proto::operation::Operation::KeyAdd { identity: identity.clone(), key, possession }
        }),
        (
            "an identity to which one key of two consents",
            creation(
                &identity,
                &[ed25519.clone(), second.clone(), third.clone()],
                std::slice::from_ref(&second),
            ),
        ),
        (
            "an identity to which its keys consent in another order",
            creation(
                &identity,
                &[ed25519.clone(), second.clone(), third.clone()],
                &[third.clone(), second.clone()],
            ),
        ),
        (
            "an identity to which its first key consents, too",
            creation(&identity, &[ed25519.clone(), second.clone()], &[ed25519.clone(), second.clone()]),
        ),
        (
            "an identity of one key, which consents though it signs",
            creation(&identity, std::slice::from_ref(&ed25519), std::slice::from_ref(&ed25519)),
        ),
        (
            "an identity to which another key consents",
            creation(&identity, &[ed25519.clone(), second.clone()], std::slice::from_ref(&third)),
        ),
    ] {
        found.push(one(name, rotated(operation)));
    }
    found.push({
        // The consent was given to retire another key.
        let proto::operation::Operation::KeyRotate { identity, key, possession, .. } =
            rotation(&second, &second)
        else {
            panic!("a rotation")
        };
        let retires = third.public().id();
        one("a consent that was given to retire another key", {
            rotated(proto::operation::Operation::KeyRotate { identity, retires, key, possession })
        })
    });
    found
}
