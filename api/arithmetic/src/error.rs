//! What is not decided, and why.

/// Bounds on what is read and worked out.
pub mod limits {
    /// Longest statement, in bytes.
    pub const BYTES_MAX: usize = 1_000;
    /// Deepest nesting of parentheses, signs and powers.
    pub const DEPTH_MAX: usize = 64;
    /// Longest numerator or denominator, in bits.
    pub const BITS_MAX: u64 = 16_384;
    /// Largest exponent, without its sign.
    pub const EXPONENT_MAX: u32 = 4_096;
}

/// Why a text is not decided. None of it says that a statement is false.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Longer than is read.
    #[error("a statement has at most {} bytes, this has {found}", limits::BYTES_MAX)]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not arithmetic.
    #[error("{found:?} at character {at} is no arithmetic")]
    Unreadable {
        /// The character, or `end`.
        found: String,
        /// Its place, from 1.
        at: usize,
    },
    /// Nested too deeply.
    #[error("it is nested more than {} deep", limits::DEPTH_MAX)]
    TooDeep,
    /// A number would become too long.
    #[error("a number in it has more than {} bits", limits::BITS_MAX)]
    TooLarge,
    /// An exponent that is no whole number, or too large a one.
    #[error("an exponent is a whole number of at most {}", limits::EXPONENT_MAX)]
    Exponent,
    /// Something is divided by zero, or zero raised to a negative power.
    #[error("something is divided by zero")]
    DivisionByZero,
    /// Zero to the power of zero, on which people do not agree.
    #[error("zero is raised to the power of zero")]
    ZeroToZero,
}
