//! Averages of samples, in integers, as Python's `round(x, 2)` has them of the double nearest to the average.
//!
//! Samples are whole microseconds, so an average is a fraction whose denominator is small: unless it lies exactly between
//! two hundredths of a millisecond, the double nearest to it lies on its side of the middle, and rounding the fraction is
//! rounding the double. In the exact middle the double decides: `2.675` is the name of one a little below, and becomes
//! `2.67`; only where the double is the middle itself (`0.125`) does the even neighbour win. Nothing is computed with
//! floats. Source: Python's `float.__round__`, which is correctly rounded; IEEE 754-2019 §4.3.1 for the nearest double.

use std::cmp::Ordering;

/// What an average counts as at most: 5,000.00 ms, in hundredths.
pub(super) const CAP: u64 = 500_000;

/// Hundredths of a millisecond: the average of `count` samples that sum up to `sum_us` microseconds, at most [`CAP`].
/// Zero of no samples, which nobody averages.
pub(super) fn hundredths(sum_us: u64, count: u32) -> u64 {
    // One hundredth of a millisecond is 10 µs.
    let unit = 10 * u64::from(count);
    let Some(floor) = sum_us.checked_div(unit) else { return 0 };
    let rest = sum_us % unit;
    let up = match (2 * rest).cmp(&unit) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => middle_goes_up(floor),
    };
    (floor + u64::from(up)).min(CAP)
}

/// Whether the double nearest to `(2 * floor + 1) / 200` is rounded to `floor + 1` hundredths rather than to `floor`.
fn middle_goes_up(floor: u64) -> bool {
    let middle = u128::from(2 * floor + 1);
    // The double is `mantissa / 2^shift` with 53 bits: the shift that brings the fraction into [2^52, 2^53).
    let (least, beyond) = (200 << 52, 200 << 53);
    let mut shift = 0;
    while middle << shift < least {
        shift += 1;
    }
    debug_assert!(middle << shift < beyond, "an average is far below 2^52");
    let (mut mantissa, rest) = ((middle << shift) / 200, (middle << shift) % 200);
    if rest > 100 || (rest == 100 && mantissa % 2 == 1) {
        mantissa += 1;
    }
    match (mantissa * 200).cmp(&(middle << shift)) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => floor % 2 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_those_of_python() {
        // Sum in microseconds, count, and `round(sum / count / 1000, 2) * 100` of Python 3.11, where the sum is exact.
        for (sum_us, count, expected) in [
            (0, 1, 0),
            (42_330, 1, 4_233),
            (127_000, 3, 4_233),
            (300_000, 3, 10_000),
            (125, 1, 12),
            (375, 1, 38),
            (625, 1, 62),
            (875, 1, 88),
            (5, 1, 1),
            (15, 1, 1),
            (25, 1, 3),
            (35, 1, 4),
            (45, 1, 4),
            (135, 1, 14),
            (145, 1, 14),
            (1_005, 1, 100),
            (2_675, 1, 267),
            (1_115, 1, 111),
            (4_999_995, 1, 499_999),
            (4_999_985, 1, 499_998),
            (10_010, 2, 500),
            (10_030, 2, 501),
            (5_350, 2, 267),
            (5_000_000, 1, 500_000),
            (60_000_000, 1, 500_000),
            (17, 100_000, 0),
        ] {
            assert_eq!(hundredths(sum_us, count), expected, "{sum_us} µs over {count}");
        }
    }

    #[test]
    fn no_samples_have_no_average() {
        assert_eq!(hundredths(0, 0), 0);
    }

    #[test]
    fn every_middle_goes_where_the_double_goes() {
        // The oracle is the machine's own arithmetic on doubles and its exact decimal printing.
        for floor in (0..CAP).step_by(7) {
            let double = (2 * floor + 1) as f64 / 200.0;
            let exact = format!("{double:.60}");
            let (whole, digits) = exact.split_once('.').expect("a point");
            let below: u64 = format!("{whole}{}", &digits[..2]).parse().expect("digits");
            let rest = &digits[2..];
            let middle = format!("5{}", "0".repeat(rest.len() - 1));
            let rounded = match rest.cmp(&middle) {
                Ordering::Less => below,
                Ordering::Greater => below + 1,
                Ordering::Equal => below + below % 2,
            };
            assert_eq!(floor + u64::from(middle_goes_up(floor)), rounded, "{floor}");
        }
    }
}
