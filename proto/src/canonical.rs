//! One encoding per value.
//!
//! `decode` reads bytes, writes the value again and refuses bytes that differ: so unknown fields, defaults
//! spelled out, fields out of order and trailing bytes all fail here, in one place. The rules are in
//! `ENCODING.md`.

/// Why bytes are not a value of the type asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than the type may have; nothing was read.
    #[error("{what} has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// The type.
        what: &'static str,
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not protobuf, or not of this schema.
    #[error("{what} is not readable: {fault}")]
    Malformed {
        /// The type.
        what: &'static str,
        /// What the protobuf reader said.
        fault: String,
    },
    /// Readable, but another spelling of the same value.
    #[error("{what} is not in its one canonical encoding")]
    NotCanonical {
        /// The type.
        what: &'static str,
    },
    /// A field is missing, of the wrong size, or out of its range.
    #[error("{field}: {fault}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it, both sides shown.
        fault: String,
    },
}

impl DecodeError {
    /// A fault of one field.
    pub fn field(field: &'static str, fault: impl ToString) -> Self {
        Self::Field { field, fault: fault.to_string() }
    }

    /// Refuses a list or text longer than `max` (items or bytes).
    ///
    /// # Errors
    /// `Field` with both numbers.
    pub fn at_most(field: &'static str, found: usize, max: usize) -> Result<(), Self> {
        if found > max {
            return Err(Self::field(field, format!("{found} found, at most {max} are allowed")));
        }
        Ok(())
    }
}

/// A value with exactly one encoding.
pub trait Canonical: Sized {
    /// The largest encoding, in bytes; checked before anything is read.
    const BYTES_MAX: usize;

    /// The encoding.
    fn encode(&self) -> Vec<u8>;

    /// Reads the value from its one encoding.
    ///
    /// # Errors
    /// `DecodeError`, the first fault found.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}
