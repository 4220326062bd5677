//! The only door from the wire to the rules.
//!
//! What is decoded is `Unverified`; its `verify` is the one way to `Verified`, and rules take nothing else.
//! Which signatures hold is asked of a `SignatureChecker`: strict verification in a node, and in the simulator
//! also an ideal one that knows what was signed.

use std::ops::Deref;

use crypto::{PublicKey, Signature, SignatureError};

/// Decides whether a signature holds. Every implementation gives the same verdict on every machine.
pub trait SignatureChecker: Send + Sync {
    /// Checks `signature` by `key` over `message`.
    ///
    /// # Errors
    /// `SignatureError` when it does not hold.
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError>;
}

/// The checker of real networks: strict verification of each scheme.
#[derive(Clone, Copy, Debug)]
pub struct Strict;

impl SignatureChecker for Strict {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        key.verify(message, signature)
    }
}

/// Well-formed, and nothing more is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// Marks a decoded value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the value without trusting it.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Called by the `verify` of each type, and by nothing else.
    pub(crate) fn vouch(self) -> Verified<T> {
        Verified(self.0)
    }
}

/// Its signatures and certificates hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
