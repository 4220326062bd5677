//! Signatures that held are not checked again.
//!
//! A certificate arrives many times: under a proposal, in the timeout of everybody who saw it, in each answer to who lags;
//! a submission alone, in its batch and in its block. What was found to hold is remembered by the digest of key, message
//! and signature together, so nothing else can pass for it; what did not hold is not remembered, for that memory
//! would be the sender's to fill.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crypto::{Digest, Hasher, PublicKey, Signature, SignatureError};
use proto::verified::SignatureChecker;

/// Most signatures remembered in each of two generations: two seconds of a busy network, in some 4 MB.
const GENERATION_MAX: usize = 32 << 10;

/// A checker that remembers what `C` has found to hold.
#[derive(Debug)]
pub(crate) struct Remembering<C> {
    checker: C,
    held: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Digest>,
    old: HashSet<Digest>,
}

impl Generations {
    fn knows(&self, digest: &Digest) -> bool {
        self.young.contains(digest) || self.old.contains(digest)
    }

    fn learn(&mut self, digest: Digest) {
        if self.young.len() == GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest);
    }
}

impl<C> Remembering<C> {
    pub(crate) fn new(checker: C) -> Self {
        Self { checker, held: Mutex::default() }
    }

    /// What we signed ourselves holds: it comes back under our own messages, and in certificates.
    pub(crate) fn made(&self, key: &PublicKey, message: &[u8], signature: &Signature) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).learn(digest(key, message, signature));
    }
}

impl<C: SignatureChecker> SignatureChecker for Remembering<C> {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let digest = digest(key, message, signature);
        if self.held.lock().unwrap_or_else(PoisonError::into_inner).knows(&digest) {
            return Ok(());
        }
        // Not under the lock: two threads may check the same signature, and nobody waits for arithmetic.
        self.checker.check(key, message, signature)?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).learn(digest);
        Ok(())
    }
}

/// Over scheme and length of each part, so that no two triples have the same bytes.
fn digest(key: &PublicKey, message: &[u8], signature: &Signature) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&key.scheme().id().to_be_bytes()).update(&signature.scheme().id().to_be_bytes());
    for part in [key.as_bytes(), signature.as_bytes(), message] {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crypto::{Scheme, SecretKey};
    use proto::verified::Strict;

    use super::*;

    /// Counts what it is asked.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl SignatureChecker for &Counting {
        fn check(
            &self,
            key: &PublicKey,
            message: &[u8],
            signature: &Signature,
        ) -> Result<(), SignatureError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Strict.check(key, message, signature)
        }
    }

    fn secret(number: u8) -> SecretKey {
        SecretKey::from_seed(Scheme::Ed25519, &[number; 32]).unwrap()
    }

    #[test]
    fn what_held_is_checked_once_and_what_did_not_each_time() {
        let counting = Counting::default();
        let checker = Remembering::new(&counting);
        let (one, two) = (secret(1), secret(2));
        let signature = one.sign(b"message");
        for _ in 0..3 {
            checker.check(one.public(), b"message", &signature).unwrap();
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
        // Each part is part of what is remembered.
        for _ in 0..2 {
            checker.check(two.public(), b"message", &signature).unwrap_err();
            checker.check(one.public(), b"massage", &signature).unwrap_err();
            checker.check(one.public(), b"message", &two.sign(b"message")).unwrap_err();
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 7);
        checker.check(one.public(), b"message", &signature).unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), 7, "a forgery takes nothing away");
        let ours = two.sign(b"ours");
        checker.made(two.public(), b"ours", &ours);
        checker.check(two.public(), b"ours", &ours).unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), 7, "what we made is not checked");
        checker.check(one.public(), b"ours", &ours).unwrap_err();
    }

    #[test]
    fn memory_is_bounded_and_the_young_are_kept() {
        let mut held = Generations::default();
        let digests = |n: usize| crypto::sha256(&n.to_be_bytes());
        for n in 0..3 * GENERATION_MAX {
            held.learn(digests(n));
            assert!(held.young.len() + held.old.len() <= 2 * GENERATION_MAX);
        }
        assert!(!held.knows(&digests(0)));
        assert!((2 * GENERATION_MAX..3 * GENERATION_MAX).all(|n| held.knows(&digests(n))));
    }
}
