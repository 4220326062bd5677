//! Sessions: a quality that was asked for, samples of what was had, and one proof of both.
//!
//! The words of the quality-on-demand proof service (`ledger/SESSIONS.md`). Bounds are checked when a value is read, so
//! whoever holds one need not ask again. Times are integers of microseconds: what a sample says in milliseconds with a point
//! is brought to them where it enters, and no float comes further.

use std::fmt;

/// Names a session: a UUID, chosen by who opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Length in bytes.
    pub const BYTES: usize = 16;

    /// The id of these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// An id of random bytes: version 4 of RFC 9562.
    pub const fn random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a UUID of any version: 32 hexadecimal digits in groups of 8, 4, 4, 4, 12, or in one.
    ///
    /// # Errors
    /// `SessionFault::Id`.
    pub fn parse(text: &str) -> Result<Self, SessionFault> {
        let grouped = text.len() == 36
            && text.char_indices().all(|(at, c)| matches!(at, 8 | 13 | 18 | 23) == (c == '-'));
        let digits = match grouped {
            true => text.replace('-', ""),
            false => text.to_owned(),
        };
        let mut bytes = [0; 16];
        match hex::decode_to_slice(&digits, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(SessionFault::Id),
        }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(self.0);
        let mut at = 0;
        for (group, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if group > 0 {
                f.write_str("-")?;
            }
            f.write_str(digits.get(at..at + length).unwrap_or(""))?;
            at += length;
        }
        Ok(())
    }
}

/// What is wrong with a session's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionFault {
    /// Not a UUID.
    #[error("a session id is a UUID")]
    Id,
    /// A text is empty or too long.
    #[error("{field}: {found} characters, {min} to {max} are allowed")]
    Length {
        /// Which.
        field: &'static str,
        /// Characters found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A number is too small or too large.
    #[error("{field}: {found}, {min} to {max} is allowed")]
    Range {
        /// Which, with its unit.
        field: &'static str,
        /// The number.
        found: u64,
        /// Least allowed.
        min: u64,
        /// Most allowed.
        max: u64,
    },
    /// A 95th percentile below the median.
    #[error("p95_ms must be at least p50_ms: {p95_us} µs is less than {p50_us} µs")]
    Percentiles {
        /// The median.
        p50_us: u64,
        /// The 95th percentile.
        p95_us: u64,
    },
}

/// Longest latency or jitter, asked for or measured, in milliseconds.
pub const LATENCY_MS_MAX: u64 = 60_000;

/// What quality is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// In the words of who asks, 1 to 5,000 characters.
    pub text: String,
    /// 95 of 100 packets are to be no later than this, 1 to 60,000 ms.
    pub target_p95_latency_ms: u32,
    /// 0 to 60,000 ms.
    pub target_jitter_ms: u32,
    /// 1 to 86,400 s.
    pub duration_s: u32,
    /// 1 to 200 characters.
    pub flow_label: String,
}

impl Intent {
    /// Most characters of its text.
    pub const TEXT_CHARS_MAX: usize = 5_000;
    /// Most characters of its label.
    pub const LABEL_CHARS_MAX: usize = 200;
    /// The label of who gives none.
    pub const LABEL: &'static str = "demo-flow";

    /// Checks every bound.
    ///
    /// # Errors
    /// `SessionFault`, the first.
    pub fn check(&self) -> Result<(), SessionFault> {
        let Self { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } = self;
        length("text", text, 1, Self::TEXT_CHARS_MAX)?;
        range("target_p95_latency_ms", (*target_p95_latency_ms).into(), 1, LATENCY_MS_MAX)?;
        range("target_jitter_ms", (*target_jitter_ms).into(), 0, LATENCY_MS_MAX)?;
        range("duration_s", (*duration_s).into(), 1, 86_400)?;
        length("flow_label", flow_label, 1, Self::LABEL_CHARS_MAX)
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Packets it speaks of, 1 to 100,000.
    pub packets: u32,
    /// Median, 0 to 60,000,000 µs.
    pub p50_us: u64,
    /// 95th percentile, from the median to 60,000,000 µs.
    pub p95_us: u64,
    /// 0 to 60,000,000 µs.
    pub jitter_us: u64,
    /// For people, at most 500 characters.
    pub notes: String,
}

impl Sample {
    /// Most characters of its notes.
    pub const NOTES_CHARS_MAX: usize = 500;

    /// Checks every bound.
    ///
    /// # Errors
    /// `SessionFault`, the first.
    pub fn check(&self) -> Result<(), SessionFault> {
        let Self { packets, p50_us, p95_us, jitter_us, notes } = self;
        let max = LATENCY_MS_MAX * 1_000;
        range("n", (*packets).into(), 1, 100_000)?;
        range("p50_ms, in µs", *p50_us, 0, max)?;
        range("p95_ms, in µs", *p95_us, 0, max)?;
        range("jitter_ms, in µs", *jitter_us, 0, max)?;
        if p95_us < p50_us {
            return Err(SessionFault::Percentiles { p50_us: *p50_us, p95_us: *p95_us });
        }
        length("notes", notes, 0, Self::NOTES_CHARS_MAX)
    }
}

/// What is done with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `session.open`: asks for a quality.
    Open(Box<Intent>),
    /// `session.sample`: adds a measurement.
    Sample(Box<Sample>),
    /// `session.finalize`: makes the proof, once.
    Finalize,
    /// `session.delete`: withdraws what is served beside the proof. The proof and its hashes stay.
    Delete,
}

impl Act {
    /// The operation's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "session.open",
            Self::Sample(_) => "session.sample",
            Self::Finalize => "session.finalize",
            Self::Delete => "session.delete",
        }
    }
}

fn length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), SessionFault> {
    match text.chars().count() {
        found if found < min || found > max => Err(SessionFault::Length { field, found, min, max }),
        _ => Ok(()),
    }
}

fn range(field: &'static str, found: u64, min: u64, max: u64) -> Result<(), SessionFault> {
    match found < min || found > max {
        true => Err(SessionFault::Range { field, found, min, max }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_both_spellings_and_written_in_one() {
        let text = "00112233-4455-4677-8899-aabbccddeeff";
        let id = SessionId::parse(text).expect("a UUID");
        assert_eq!(id.to_string(), text);
        for other in ["00112233445546778899aabbccddeeff", "00112233-4455-4677-8899-AABBCCDDEEFF"] {
            assert_eq!(SessionId::parse(other), Ok(id));
        }
        for none in [
            "",
            "00112233-4455-4677-8899-aabbccddeef",
            "0011223-34455-4677-8899-aabbccddeeff",
            "no-uuid",
            "00112233-4455-4677-8899-aabbccddeefg",
            "00112233-4455-4677-8899aabb-ccddeeff",
            "é0112233445546778899aabbccddeeff",
        ] {
            assert_eq!(SessionId::parse(none), Err(SessionFault::Id), "{none}");
        }
        assert_eq!(SessionId::random([0xff; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    fn intent() -> Intent {
        let (text, flow_label) = ("é".repeat(5_000), "f".repeat(200));
        Intent { text, target_p95_latency_ms: 1, target_jitter_ms: 0, duration_s: 86_400, flow_label }
    }

    #[test]
    fn an_intent_keeps_its_bounds() {
        assert_eq!(intent().check(), Ok(()));
        let spoilt: [fn(&mut Intent); 10] = [
            |it| it.text.clear(),
            |it| it.text.push('x'),
            |it| it.target_p95_latency_ms = 0,
            |it| it.target_p95_latency_ms = 60_001,
            |it| it.target_jitter_ms = 60_001,
            |it| it.duration_s = 0,
            |it| it.duration_s = 86_401,
            |it| it.flow_label.clear(),
            |it| it.flow_label.push('x'),
            |it| it.target_jitter_ms = u32::MAX,
        ];
        for (at, spoil) in spoilt.into_iter().enumerate() {
            let mut intent = intent();
            spoil(&mut intent);
            assert!(intent.check().is_err(), "{at}");
        }
    }

    #[test]
    fn a_sample_keeps_its_bounds() {
        let sample = Sample {
            packets: 1,
            p50_us: 60_000_000,
            p95_us: 60_000_000,
            jitter_us: 0,
            notes: "é".repeat(500),
        };
        assert_eq!(sample.check(), Ok(()));
        let spoilt: [fn(&mut Sample); 6] = [
            |it| it.packets = 0,
            |it| it.packets = 100_001,
            |it| it.p95_us += 1,
            |it| it.p95_us -= 1,
            |it| it.jitter_us = 60_000_001,
            |it| it.notes.push('x'),
        ];
        for (at, spoil) in spoilt.into_iter().enumerate() {
            let mut sample = sample.clone();
            spoil(&mut sample);
            assert!(sample.check().is_err(), "{at}");
        }
    }
}
