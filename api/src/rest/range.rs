//! `Range`: one range of bytes. Source: RFC 9110 §14.
//!
//! What is malformed, in another unit, or more than one range is as if it were not there: then all is given, which the RFC
//! allows and every client must take.

use std::ops::Range;

/// That no byte is in the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsatisfiable;

/// The range that a header asks for, of so many bytes; none: all of them.
///
/// # Errors
/// `Unsatisfiable` when it begins behind the end.
pub(crate) fn wanted(header: Option<&str>, bytes: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let Some((first, last)) = header.and_then(parse) else { return Ok(None) };
    let range = match (first, last) {
        (Some(first), last) => first..last.map_or(bytes, |last| last.saturating_add(1).min(bytes)),
        // The last so many.
        (None, Some(count)) => bytes.saturating_sub(count)..bytes,
        (None, None) => return Ok(None),
    };
    match range.is_empty() {
        true => Err(Unsatisfiable),
        false => Ok(Some(range)),
    }
}

fn parse(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let number = |text: &str| match text.is_empty() {
        true => Some(None),
        false if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().map(Some),
        false => None,
    };
    let (first, last) = (number(first)?, number(last)?);
    let ordered = match (first, last) {
        (Some(first), Some(last)) => first <= last,
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    };
    (unit.trim().eq_ignore_ascii_case("bytes") && ordered).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_taken_and_anything_else_is_not_there() {
        for (header, expected) in [
            ("bytes=0-0", Ok(Some(0..1))),
            ("bytes=0-", Ok(Some(0..10))),
            ("Bytes=3-5", Ok(Some(3..6))),
            ("bytes=3-500", Ok(Some(3..10))),
            ("bytes=9-18446744073709551615", Ok(Some(9..10))),
            ("bytes=-3", Ok(Some(7..10))),
            ("bytes=-30", Ok(Some(0..10))),
            ("bytes=10-", Err(Unsatisfiable)),
            ("bytes=10-11", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=5-3", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=18446744073709551616-", Ok(None)),
            ("lines=0-1", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(wanted(Some(header), 10), expected, "{header}");
        }
        assert_eq!(wanted(None, 10), Ok(None));
        assert_eq!(wanted(Some("bytes=0-"), 0), Err(Unsatisfiable));
    }
}
