//! Floats as text: the fewest decimal digits that name a double, as Python's `repr` sets them.
//!
//! No arithmetic happens here or anywhere on these. A float is its decimal digits and the place of its point; a double
//! itself is seen for one moment, where a text that somebody else wrote is reduced to its shortest digits. Reading and
//! writing a double are exactly defined (nearest, ties to even; shortest that reads back), so this is the same on every
//! machine. Source: IEEE 754-2019 §5.12; Python's `float.__repr__`: a point from 1e-4 to below 1e16, else an exponent of
//! two digits at least.

use std::fmt;

/// A finite double, as its shortest decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float {
    negative: bool,
    /// Without zeros at the end; 0 for zero; at most 17 digits.
    digits: u64,
    /// The power of ten of the last digit.
    exponent: i32,
}

impl Float {
    /// `unscaled / 10^places`; none beyond 15 digits, up to which every decimal number is the shortest name of its double.
    pub fn decimal(unscaled: i64, places: u8) -> Option<Self> {
        if unscaled.unsigned_abs() >= 1_000_000_000_000_000 || places > 15 {
            return None;
        }
        Some(Self::of(unscaled < 0, unscaled.unsigned_abs(), -i32::from(places)))
    }

    /// Reads a number of JSON, with point or exponent or without; none when it is none, or too large for a double.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        let double = text.chars().all(shape).then(|| text.parse::<f64>().ok()).flatten()?;
        if !double.is_finite() {
            return None;
        }
        // Shortest digits, as in "-1.25e-7".
        let shortest = format!("{double:e}");
        let (negative, rest) = match shortest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, shortest.as_str()),
        };
        let (mantissa, exponent) = rest.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        Some(Self::of(negative, digits, exponent))
    }

    fn of(negative: bool, mut digits: u64, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { negative, digits, exponent: 0 };
        }
        while digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Self { negative, digits, exponent }
    }

    /// The number in units of `10^-places`, to the nearest, ties to even; none below zero or beyond 64 bits.
    pub fn rounded(&self, places: u8) -> Option<u64> {
        if self.digits == 0 {
            return Some(0);
        }
        if self.negative {
            return None;
        }
        let shift = self.exponent.checked_add(i32::from(places))?;
        let power = 10_u64.checked_pow(shift.unsigned_abs());
        match (shift >= 0, power) {
            (true, power) => self.digits.checked_mul(power?),
            // Seventeen digits over more than nineteen places are less than half a unit.
            (false, None) => Some(0),
            (false, Some(power)) => {
                let (quotient, rest) = (self.digits / power, self.digits % power);
                let up = match (rest * 2).cmp(&power) {
                    std::cmp::Ordering::Less => false,
                    std::cmp::Ordering::Equal => quotient % 2 == 1,
                    std::cmp::Ordering::Greater => true,
                };
                Some(quotient + u64::from(up))
            }
        }
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits = self.digits.to_string();
        // The power of ten of the first digit.
        let first = self.exponent + digits.len() as i32 - 1;
        match first {
            -4..=15 if self.exponent >= 0 => {
                write!(f, "{digits}{}.0", "0".repeat(self.exponent.unsigned_abs() as usize))
            }
            0..=15 => {
                let (whole, fraction) = digits.split_at(first.unsigned_abs() as usize + 1);
                write!(f, "{whole}.{fraction}")
            }
            -4..=-1 => write!(f, "0.{}{digits}", "0".repeat(first.unsigned_abs() as usize - 1)),
            _ => {
                let (whole, fraction) = digits.split_at(1);
                let point = if fraction.is_empty() { "" } else { "." };
                let sign = if first < 0 { '-' } else { '+' };
                write!(f, "{whole}{point}{fraction}e{sign}{:02}", first.unsigned_abs())
            }
        }
    }
}
