//! ML-DSA-65 that signs one message the same way every time.
//!
//! A receipt is given out with the same bytes for ever, so its signature is a function of key and message: the
//! deterministic variant of FIPS 204, which the library behind `SecretKey` does not offer. The seed gives the same key
//! pair there and here, and the signatures verify there like any other.
//! Source: FIPS 204 §3.4 and algorithm 2; `adr/001-ml-dsa-library.md` for the libraries.

use std::fmt;

use ml_dsa::{Keypair as _, MlDsa65, Seed, SigningKey};

use crate::key::PublicKey;
use crate::mldsa65;
use crate::scheme::Scheme;
use crate::signature::Signature;

/// An ML-DSA-65 key whose signatures are functions of the message. Wiped when dropped, never shown.
pub struct RepeatableMlDsa65 {
    public: PublicKey,
    secret: SigningKey<MlDsa65>,
}

impl RepeatableMlDsa65 {
    /// The key pair that belongs to a seed: the same one as `SecretKey` makes of it.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = SigningKey::<MlDsa65>::from_seed(&Seed::from(*seed));
        let key = mldsa65::Key::parse(&secret.verifying_key().encode())
            .expect("both libraries pack a public key as FIPS 204 does");
        Self { public: PublicKey::from_mldsa65(key), secret }
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs exactly `message`: the same bytes for the same message, on every machine.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature = self
            .secret
            .expanded_key()
            .sign_deterministic(message, &[])
            .expect("the context is empty, and a signature is found long before the library gives up");
        Signature::parse(Scheme::MlDsa65, &signature.encode()).expect("a scheme signs with its own length")
    }
}

impl fmt::Debug for RepeatableMlDsa65 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "repeatable secret of {:?}", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretKey;

    #[test]
    fn it_is_the_same_key_as_the_hedged_one_and_its_signatures_verify_there() {
        let hedged = SecretKey::from_seed(Scheme::MlDsa65, &[7; 32]).expect("signs");
        let key = RepeatableMlDsa65::from_seed(&[7; 32]);
        assert_eq!(key.public(), hedged.public());
        let signature = key.sign(b"message");
        assert_eq!(signature, RepeatableMlDsa65::from_seed(&[7; 32]).sign(b"message"));
        assert!(hedged.public().verify(b"message", &signature).is_ok());
        assert!(hedged.public().verify(b"massage", &signature).is_err());
        assert_ne!(signature, hedged.sign(b"message"), "the hedged key mixes randomness in");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let shown = format!("{:?}", RepeatableMlDsa65::from_seed(&[7; 32]));
        assert!(shown.starts_with("repeatable secret of "), "{shown}");
    }
}
