//! Why bytes are not a statement.

use crypto::{KeyError, Scheme, SignatureError};

use crate::id::NameError;

/// Why bytes are not a statement that is taken here. Permanent: the same bytes are refused everywhere, for ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Longer than a submission may be; nothing was read.
    #[error("the statement has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not what its format is written in.
    #[error("{what}: {fault}")]
    Unreadable {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// Readable, and a part is missing, of the wrong kind, or not allowed.
    #[error("{what} {fault}")]
    Form {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// The payload is not in the envelope, so nothing here could check the signature.
    #[error("the payload is detached; a statement carries what it signs")]
    Detached,
    /// The algorithm is none of those whose signatures count here.
    #[error("algorithm {found} is not taken; these are: {known}")]
    Algorithm {
        /// What the header says.
        found: String,
        /// What it may say.
        known: &'static str,
    },
    /// The header names another algorithm than the key's own.
    #[error("the header says {found}, the key is of {key}")]
    OtherAlgorithm {
        /// What the header says.
        found: String,
        /// The key's scheme.
        key: Scheme,
    },
    /// The header asks for an extension that is not understood.
    #[error("the header makes {found} critical, which is not understood here")]
    Critical {
        /// What it names.
        found: String,
    },
    /// Neither one signature, nor one of each scheme.
    #[error("{found} signatures; one is taken, or one of ed25519 and one of ml-dsa-65")]
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// Two signatures that are not one of each scheme.
    #[error("signatures of {first} and {second}; two are taken if one is of ed25519 and one of ml-dsa-65")]
    Pair {
        /// Scheme of the first.
        first: Scheme,
        /// Scheme of the second.
        second: Scheme,
    },
    /// Nothing says by which key it is signed.
    #[error("the key of signature {position} is not in the envelope; {hint}")]
    NoKey {
        /// Which signature, from 1.
        position: usize,
        /// Where the key could be.
        hint: &'static str,
    },
    /// A key was given beside an envelope that says its own: one statement would have two spellings.
    #[error("{given} keys are given beside the envelope, {needed} are needed: the others are in it")]
    KeysBeside {
        /// How many were given.
        given: usize,
        /// How many signatures do not say their key.
        needed: usize,
    },
    /// A key is none of its scheme.
    #[error("the key of the statement: {0}")]
    Key(#[from] KeyError),
    /// A signature has not its scheme's length.
    #[error("the statement's signature: {0}")]
    Signature(#[from] SignatureError),
    /// It names its author by a DID that is not read here.
    #[error("the statement's issuer: {0}")]
    Author(#[from] NameError),
}

impl StatementError {
    pub(super) fn form(what: &'static str, fault: impl ToString) -> Self {
        Self::Form { what, fault: fault.to_string() }
    }

    pub(super) fn unreadable(what: &'static str, fault: impl ToString) -> Self {
        Self::Unreadable { what, fault: fault.to_string() }
    }
}
