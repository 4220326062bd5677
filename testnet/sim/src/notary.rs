//! Signatures without cost: an ideal notary that knows every secret.
//!
//! A signature is a keyed hash, so only who holds a member's secret can sign for it, and a check is a few multiplications
//! instead of a curve operation. Seeds that ask for real cryptography use the schemes themselves. The rules cannot tell the
//! difference: they ask a `SignatureChecker` either way.

use std::collections::BTreeMap;

use crypto::{PublicKey, Scheme, SecretKey, Signature, SignatureError};
use proto::verified::{SignatureChecker, Strict};

/// Who signs and checks in one simulated world.
#[derive(Debug)]
pub enum Notary {
    /// Keyed hashes; public keys and their secrets.
    Ideal(BTreeMap<Vec<u8>, [u8; 32]>),
    /// The schemes of real networks.
    Real,
}

/// A key pair of a simulated member or author.
#[derive(Debug)]
pub struct Signer {
    secret: [u8; 32],
    key: SecretKey,
}

impl Signer {
    /// The key pair of a seed.
    pub fn new(scheme: Scheme, secret: [u8; 32]) -> Self {
        let key =
            SecretKey::from_seed(scheme, &secret).expect("the simulator asks only for schemes that sign");
        Self { secret, key }
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Signs by the scheme itself, whatever the notary does.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.key.sign(message)
    }
}

impl Notary {
    /// Lets the notary know a key pair.
    pub fn register(&mut self, signer: &Signer) {
        if let Self::Ideal(secrets) = self {
            secrets.insert(signer.public().as_bytes().to_vec(), signer.secret);
        }
    }

    /// Signs.
    pub fn sign(&self, signer: &Signer, message: &[u8]) -> Signature {
        match self {
            Self::Ideal(_) => keyed(signer.public().scheme(), &signer.secret, message),
            Self::Real => signer.key.sign(message),
        }
    }
}

/// Signatures end with zeros, so that the whole of one is compared without making a whole one.
static ZEROS: [u8; 4096] = [0; 4096];
/// Bytes of what stands before the zeros.
const TAG_BYTES: usize = 16;

fn keyed(scheme: Scheme, secret: &[u8; 32], message: &[u8]) -> Signature {
    let mut bytes = vec![0; scheme.signature_bytes()];
    bytes[..TAG_BYTES].copy_from_slice(&tag(secret, message));
    Signature::parse(scheme, &bytes).expect("it has the length of the scheme")
}

fn holds(scheme: Scheme, secret: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
    let bytes = signature.as_bytes();
    signature.scheme() == scheme
        && bytes.len() == scheme.signature_bytes()
        && bytes[..TAG_BYTES] == tag(secret, message)
        && bytes[TAG_BYTES..] == ZEROS[..bytes.len() - TAG_BYTES]
}

/// Two words of a multiply-and-fold hash under a secret. Quick, and good enough: nobody in a simulated world searches for
/// collisions, and who does not hold the secret does not ask for the tag.
fn tag(secret: &[u8; 32], message: &[u8]) -> [u8; TAG_BYTES] {
    let word = |bytes: &[u8]| bytes.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let fold = |left: u64, right: u64| {
        let product = u128::from(left) * u128::from(right);
        (product >> 64) as u64 ^ product as u64
    };
    let keys = [0, 8, 16, 24].map(|at| word(&secret[at..at + 8]) | 1);
    let (mut left, mut right) = (keys[0], keys[1] ^ message.len() as u64);
    let (chunks, rest) = message.as_chunks::<8>();
    for chunk in chunks {
        let next = u64::from_le_bytes(*chunk);
        left = fold(left ^ next, keys[2]).wrapping_add(right);
        right = fold(right ^ next.rotate_left(32), keys[3]).wrapping_add(left);
    }
    left = fold(left ^ word(rest), keys[1]);
    right = fold(right ^ left, keys[0]);
    let mut tag = [0; TAG_BYTES];
    tag[..8].copy_from_slice(&left.to_be_bytes());
    tag[8..].copy_from_slice(&right.to_be_bytes());
    tag
}

impl SignatureChecker for Notary {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let Self::Ideal(secrets) = self else { return Strict.check(key, message, signature) };
        match secrets.get(key.as_bytes()) {
            Some(secret) if holds(key.scheme(), secret, message, signature) => Ok(()),
            Some(_) | None => Err(SignatureError::Invalid { scheme: key.scheme() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_signs_for_another() {
        let (ours, theirs) = (Signer::new(Scheme::Ed25519, [1; 32]), Signer::new(Scheme::Ed25519, [2; 32]));
        let mut notary = Notary::Ideal(BTreeMap::new());
        notary.register(&ours);
        notary.register(&theirs);
        let signature = notary.sign(&ours, b"message");
        assert!(notary.check(ours.public(), b"message", &signature).is_ok());
        assert!(notary.check(theirs.public(), b"message", &signature).is_err());
        assert!(notary.check(ours.public(), b"other", &signature).is_err());
        // A hundred bytes, each bit of message and signature.
        let message = [7; 100];
        let signature = notary.sign(&ours, &message);
        for bit in 0..800 {
            let mut spoiled = message;
            spoiled[bit / 8] ^= 1 << (bit % 8);
            assert!(notary.check(ours.public(), &spoiled, &signature).is_err(), "bit {bit} of the message");
        }
        for bit in 0..64 * 8 {
            let mut spoiled = signature.as_bytes().to_vec();
            spoiled[bit / 8] ^= 1 << (bit % 8);
            let spoiled = Signature::parse(Scheme::Ed25519, &spoiled).expect("of the same length");
            assert!(notary.check(ours.public(), &message, &spoiled).is_err(), "bit {bit} of the signature");
        }
    }
}
