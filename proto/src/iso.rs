//! Times as RFC 3339 writes them, by arithmetic alone.
//!
//! Written in UTC, and as Python does; read with any offset, to the microsecond, from 1970 to 9999. A time without an offset
//! is none: it would be another instant on another machine.

use crate::counter::{DAY_MS, TimeMs};

/// Days of 400 years of the Gregorian calendar, after which it repeats.
const CYCLE_DAYS: u64 = 146_097;

/// `2026-03-06T00:00:00Z`; where milliseconds are left, with six digits of them, as Python writes a time.
pub fn text(time: TimeMs) -> String {
    let (days, of_day) = (time.get() / DAY_MS, time.get() % DAY_MS);
    let (year, month, day) = date(days);
    let (seconds, ms) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = match ms {
        0 => String::new(),
        ms => format!(".{:06}", ms * 1_000),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A point in time, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// The instant of a block's time.
    pub const fn of(time: TimeMs) -> Self {
        Self(time.get().saturating_mul(1_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// So many seconds later; the last instant there is, if that is beyond it.
    pub const fn plus_s(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// A time in the words in which it was written: they are what was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    text: String,
    instant: Moment,
}

impl Stamp {
    /// Reads a time and keeps its words; none as [`read`].
    pub fn parse(text: String) -> Option<Self> {
        read(&text).map(|instant| Self { text, instant })
    }

    /// The time of a block, as [`text`] writes it.
    pub fn of(time: TimeMs) -> Self {
        Self { text: text(time), instant: Moment::of(time) }
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The instant.
    pub const fn instant(&self) -> Moment {
        self.instant
    }
}

/// Reads a time; none when it is spelt otherwise, does not exist, or cannot be told to the microsecond. A second of 60 is
/// not read: which instant that is depends on what the clock of its writer did.
pub fn read(text: &str) -> Option<Moment> {
    let field = |from: usize, to: usize| number(text.get(from..to)?);
    let sign = |at: usize| text.as_bytes().get(at).copied();
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let signs = [sign(4), sign(7), sign(10), sign(13), sign(16)];
    let in_form = signs == [b'-', b'-', b'T', b':', b':'].map(Some);
    if !in_form || year < 1970 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day)?;
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", rest),
    };
    if fraction.len() > 6 {
        return None;
    }
    let fraction = number(fraction)? * 10_u64.pow(6 - fraction.len() as u32);
    let offset_s = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(zone.get(1..3)?)?, number(zone.get(4..6)?)?);
            let offset_s = (hours <= 23 && minutes <= 59).then_some((hours * 3_600 + minutes * 60) as i64)?;
            if *sign == b'+' { offset_s } else { -offset_s }
        }
        _ => return None,
    };
    let local_s = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Moment(local_s.checked_add_signed(-offset_s)? * 1_000_000 + fraction))
}

fn number(digits: &str) -> Option<u64> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

/// Days from 1970-01-01 to a day of the calendar, from 1970 on.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    // Years that begin in March, so that a leap day is the last of its year.
    let (from, month_from_march) = match month {
        1 | 2 => (year - 1, month + 9),
        3..=12 => (year, month - 3),
        _ => return None,
    };
    let of_years = from * 365 + from / 4 - from / 100 + from / 400;
    let days = (of_years + (153 * month_from_march + 2) / 5 + day).checked_sub(719_469)?;
    // One spelling of a day: what is written back is what was read, which also refuses the 30th of February.
    (date(days) == (year, month, day)).then_some(days)
}

/// Year, month and day, `days` after 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from 1600-03-01, so that a leap day is the last of its year and of its cycle.
    let since = days + 135_080;
    let (cycle, mut rest) = (since / CYCLE_DAYS, since % CYCLE_DAYS);
    // The last century of a cycle, and the last year of four, have one day more.
    let century = (rest / 36_524).min(3);
    rest -= century * 36_524;
    let four = rest / 1_461;
    rest %= 1_461;
    let year = (rest / 365).min(3);
    rest -= year * 365;
    // From March on, five months have 153 days.
    let month = (5 * rest + 2) / 153;
    let day = rest - (153 * month + 2) / 5 + 1;
    let year = 1_600 + 400 * cycle + 100 * century + 4 * four + year;
    match month < 10 {
        true => (year, month + 3, day),
        false => (year + 1, month - 9, day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_python_writes_them() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999000Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_772_755_200_000, "2026-03-06T00:00:00Z"),
            (1_772_755_200_007, "2026-03-06T00:00:00.007000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(text(TimeMs::new(ms)), expected);
        }
        assert!(!text(TimeMs::new(u64::MAX)).is_empty());
    }

    #[test]
    fn what_is_written_is_read_again_and_offsets_are_taken_off() {
        for ms in
            [0, 951_782_399_999, 951_782_400_000, 1_772_755_200_007, 4_107_542_400_000, 253_402_300_799_000]
        {
            let time = TimeMs::new(ms);
            assert_eq!(read(&text(time)), Some(Moment::of(time)), "{}", text(time));
        }
        let noon = read("2026-03-06T12:00:00Z");
        for same in
            ["2026-03-06T12:00:00.000000+00:00", "2026-03-06T13:30:00+01:30", "2026-03-05T23:00:00.0-13:00"]
        {
            assert_eq!(read(same), noon, "{same}");
        }
        let later = read("2026-03-06T12:00:00.000001Z").map(Moment::micros);
        assert_eq!(later, noon.map(|it| it.micros() + 1));
    }

    #[test]
    fn other_spellings_are_no_times() {
        for text in [
            "",
            "2026-03-06",
            "2026-03-06T12:00:00",
            "2026-03-06 12:00:00Z",
            "2026-03-06T12:00:00z",
            "2026-03-06T12:00:00+0100",
            "2026-03-06T12:00:00+24:00",
            "2026-03-06T12:00:00.Z",
            "2026-03-06T12:00:00.0000001Z",
            "2026-03-06T12:00:60Z",
            "2026-03-06T24:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-03-00T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "2026-03-06T12:00:00Z ",
            "+026-03-06T12:00:00Z",
            "2026-03-06T12:00:é0Z",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_day_follows_the_day_before() {
        let mut before = date(0);
        for days in 1..150_000 {
            let next = date(days);
            let (year, month, day) = before;
            let following = [(year, month, day + 1), (year, month + 1, 1), (year + 1, 1, 1)];
            assert!(following.contains(&next), "{before:?}, then {next:?}");
            assert_eq!(super::days(next.0, next.1, next.2), Some(days));
            before = next;
        }
        assert_eq!(before, (2_380, 9, 7));
    }
}
