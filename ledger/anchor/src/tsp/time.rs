//! The times of time-stamps. Source: RFC 3161 §2.4.2 on `genTime`.

/// Reads a `GeneralizedTime` in UTC, with seconds and perhaps a fraction; gives milliseconds since 1970, what is below a
/// millisecond cut off. None when it is not one, or before 1970.
pub(super) fn read(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        // DER: no fraction that is empty or ends with a zero.
        Some((_, fraction)) if fraction.is_empty() || fraction.ends_with('0') => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |from: usize, to: usize| whole[from..to].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    // A leap second is the next minute's first.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day)? * 86_400 + hour * 3_600 + minute * 60 + second;
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(seconds * 1_000 + millis.parse::<u64>().ok()?)
}

/// Days from 1970-01-01, by the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let at = usize::try_from(month).ok()?.checked_sub(1)?;
    if year < 1970 || day == 0 || day > *lengths.get(at)? {
        return None;
    }
    let whole = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum::<u64>();
    Some(whole + lengths[..at].iter().sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn times_are_read_and_others_are_not() {
        for (text, expected) in [
            ("19700101000000Z", Some(0)),
            ("20000229235959Z", Some(951_868_799_000)),
            ("20261123071403.123Z", Some(1_795_418_043_123)),
            ("20261123071403.12345Z", Some(1_795_418_043_123)),
            ("20261123071403.5Z", Some(1_795_418_043_500)),
            ("20261123071403", None),
            ("20261123071403.Z", None),
            ("20261123071403.50Z", None),
            ("202611230714Z", None),
            ("20261323071403Z", None),
            ("20260229071403Z", None),
            ("20261123241403Z", None),
            ("20261123071403+0100", None),
            ("+0261123071403Z", None),
            ("19691231235959Z", None),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(read(&[0xff; 15]), None);
    }
}
