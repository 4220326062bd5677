//! Times and durations as people write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock, in milliseconds since 1970; 0 when it stands before that.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time of the wall clock as RFC 3339 writes it, in UTC.
pub fn utc(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads an instant: milliseconds since 1970, or RFC 3339 in UTC with whole seconds, as [`utc`] writes it.
///
/// # Errors
/// What is expected, in words.
pub fn instant_ms(text: &str) -> Result<u64, String> {
    let fault =
        || format!("{text:?} is not an instant such as 2026-09-21T14:13:20Z, or milliseconds since 1970");
    if let Ok(ms @ 1..) = text.parse() {
        return Ok(ms);
    }
    let field = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let seconds = || -> Option<u64> {
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        // Whole years and months before it, by the calendar that `date` reads.
        let mut days: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
        let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        days += lengths.iter().take(usize::try_from(month).ok()?.checked_sub(1)?).sum::<u64>();
        Some((days + day.checked_sub(1)?) * 86_400 + hour * 3_600 + minute * 60 + second)
    };
    // One spelling: what is written back is what was read, which also refuses the 30th of February.
    match seconds() {
        Some(seconds) if seconds > 0 && utc(seconds) == text => Ok(seconds * 1_000),
        Some(_) | None => Err(fault()),
    }
}

/// Year, month and day of a day counted from 1970-01-01: whole years off, then whole months.
fn date(mut days: u64) -> (u64, u64, u64) {
    // 400 years have the same number of days wherever they begin.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    loop {
        let length = 365 + u64::from(is_leap(year));
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Reads a duration: a whole number and a unit, `ms`, `s`, `m`, `h` or `d`; without a unit, seconds.
///
/// # Errors
/// What is expected, in words.
pub fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is not a duration such as 500ms, 10s, 5m, 24h or 30d");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| fault())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(fault()),
    };
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(fault)
}

/// A duration in milliseconds; more than anybody waits for is as good as for ever.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_790_000_000, "2026-09-21T14:13:20Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (12_622_780_800, "2370-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn instants_are_read_as_they_are_written() {
        for (seconds, text) in [
            (1, "1970-01-01T00:00:01Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_790_000_000, "2026-09-21T14:13:20Z"),
        ] {
            assert_eq!((instant_ms(text), utc(seconds).as_str()), (Ok(seconds * 1_000), text));
        }
        assert_eq!(instant_ms("1790000000123"), Ok(1_790_000_000_123));
        let bad = [
            "",
            "0",
            "-1",
            "1970-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-1-1T0:0:0Z",
            "ä",
        ];
        for text in bad {
            assert!(instant_ms(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        for bad in ["", "s", "-1s", "1.5s", "10 s", "1w", "18446744073709551615d"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }
}
