//! Exact rationals in lowest terms, no longer than they may be.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer as _;

use crate::error::{Undecided, limits};

/// A rational: in lowest terms, the denominator at least 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: BigInt,
    denominator: BigUint,
}

/// Two factors give at most as many bits as both have.
fn expect_room(bits: u64) -> Result<(), Undecided> {
    match bits <= limits::BITS_MAX {
        true => Ok(()),
        false => Err(Undecided::TooLarge),
    }
}

impl Ratio {
    fn new(numerator: BigInt, denominator: BigUint) -> Result<Self, Undecided> {
        if denominator.bits() == 0 {
            return Err(Undecided::DivisionByZero);
        }
        let common = numerator.magnitude().gcd(&denominator);
        let numerator = BigInt::from_biguint(numerator.sign(), numerator.magnitude() / &common);
        let denominator = denominator / common;
        expect_room(numerator.bits().max(denominator.bits()))?;
        Ok(Self { numerator, denominator })
    }

    /// A decimal: its digits as a whole number, so many of them behind the point.
    pub(crate) fn decimal(digits: &str, behind: usize) -> Result<Self, Undecided> {
        let numerator = BigInt::parse_bytes(digits.as_bytes(), 10).ok_or(Undecided::TooLarge)?;
        let behind = u32::try_from(behind).map_err(|_| Undecided::TooLarge)?;
        Self::new(numerator, BigUint::from(10_u8).pow(behind))
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.numerator.sign() == Sign::NoSign
    }

    fn bits(&self) -> u64 {
        self.numerator.bits() + self.denominator.bits()
    }

    fn signed_denominator(&self) -> BigInt {
        BigInt::from_biguint(Sign::Plus, self.denominator.clone())
    }

    pub(crate) fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }

    pub(crate) fn plus(&self, other: &Self) -> Result<Self, Undecided> {
        // Cross products are as long as both, and their sum one bit longer; what can be cancelled is, afterwards.
        expect_room((self.bits() + other.bits()).div_ceil(2))?;
        let numerator =
            &self.numerator * other.signed_denominator() + &other.numerator * self.signed_denominator();
        Self::new(numerator, &self.denominator * &other.denominator)
    }

    pub(crate) fn minus(&self, other: &Self) -> Result<Self, Undecided> {
        self.plus(&other.clone().negated())
    }

    pub(crate) fn times(&self, other: &Self) -> Result<Self, Undecided> {
        expect_room((self.bits() + other.bits()) / 2)?;
        Self::new(&self.numerator * &other.numerator, &self.denominator * &other.denominator)
    }

    fn inverted(&self) -> Result<Self, Undecided> {
        let numerator = BigInt::from_biguint(self.numerator.sign(), self.denominator.clone());
        Self::new(numerator, self.numerator.magnitude().clone())
    }

    pub(crate) fn over(&self, other: &Self) -> Result<Self, Undecided> {
        self.times(&other.inverted()?)
    }

    pub(crate) fn power(&self, exponent: &Self) -> Result<Self, Undecided> {
        if exponent.denominator != BigUint::from(1_u8) {
            return Err(Undecided::Exponent);
        }
        let times = u32::try_from(exponent.numerator.magnitude()).map_err(|_| Undecided::Exponent)?;
        if times > limits::EXPONENT_MAX {
            return Err(Undecided::Exponent);
        }
        if self.is_zero() && times == 0 {
            return Err(Undecided::ZeroToZero);
        }
        let base = match exponent.numerator.sign() {
            Sign::Minus => self.inverted()?,
            Sign::NoSign | Sign::Plus => self.clone(),
        };
        let longest = base.numerator.bits().max(base.denominator.bits());
        // A number of n bits is at least 2^(n-1), so a power has at least so many; 0 and 1 stay as they are.
        expect_room(longest.saturating_sub(1).saturating_mul(times.into()))?;
        Self::new(base.numerator.pow(times), base.denominator.pow(times))
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (other.signed_denominator(), self.signed_denominator());
        (&self.numerator * left).cmp(&(&other.numerator * right))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator == BigUint::from(1_u8) {
            true => self.numerator.fmt(f),
            false => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}
