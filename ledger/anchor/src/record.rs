//! How the anchors of one checkpoint stand, and what is kept of them: one JSON text a checkpoint.
//!
//! What is read is checked for its shape and its limits; that it is true is the business of whoever checks the evidence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, sha256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ots::Judged;
use crate::service::Kind;
use crate::tsp::Stamp;

/// Largest text, in bytes.
pub const RECORD_BYTES_MAX: usize = 2 << 20;
/// Most services that anchor one checkpoint.
pub const SERVICES_MAX: usize = 16;
/// The one version.
const VERSION: u64 = 1;

/// How an anchor stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    /// It is to be asked for, or was asked for in vain; nothing came yet.
    Requested {},
    /// A calendar promised one: this shows nothing yet.
    Pending {
        /// Which calendars.
        calendars: Vec<String>,
    },
    /// A proof leads to the block of this height; no header of it was here to check that by.
    Attested {
        /// The height.
        height: u64,
    },
    /// An authority signed the time, and everything about it was checked.
    Stamped {
        /// When, in milliseconds since 1970.
        time_ms: u64,
        /// How far off that may be, in microseconds.
        accuracy_us: Option<u64>,
        /// The policy it followed.
        policy: String,
        /// The token's number, in hex.
        serial: String,
        /// The name in its certificate.
        authority: String,
    },
    /// A proof leads to the Merkle root of a header that was given.
    Mined {
        /// The block's height.
        height: u64,
        /// Its time, in seconds since 1970.
        time_s: u64,
        /// Its hash, as it is usually shown.
        hash: String,
    },
    /// Nobody is asked for it any more.
    Failed {},
}

impl State {
    /// The word for it: both ways of being sure are one.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Requested {} => "requested",
            Self::Pending { .. } => "pending",
            Self::Attested { .. } => "attested",
            Self::Stamped { .. } | Self::Mined { .. } => "confirmed",
            Self::Failed {} => "failed",
        }
    }

    /// Whether it is an anchor: shown, and checked here.
    pub const fn is_confirmed(&self) -> bool {
        match self {
            Self::Stamped { .. } | Self::Mined { .. } => true,
            Self::Requested {} | Self::Pending { .. } | Self::Attested { .. } | Self::Failed {} => false,
        }
    }
}

impl From<Stamp> for State {
    fn from(stamp: Stamp) -> Self {
        let Stamp { time_ms, accuracy_us, policy, serial, authority } = stamp;
        Self::Stamped { time_ms, accuracy_us, policy, serial, authority }
    }
}

impl From<Judged> for State {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Pending { calendars } => Self::Pending { calendars },
            Judged::Attested { height } => Self::Attested { height },
            Judged::Confirmed { height, header } => {
                Self::Mined { height, time_s: header.time_s(), hash: header.hash() }
            }
        }
    }
}

/// One anchor of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Who is asked, by the name in the configuration.
    pub service: String,
    /// What it gives.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: Kind,
    /// Where it was asked.
    pub url: String,
    /// How it stands.
    pub standing: State,
    /// When it was asked for first, in seconds since 1970.
    pub since_s: u64,
    /// Before this time it is not asked again, in seconds since 1970.
    pub not_before_s: u64,
    /// Times that it was asked in vain, one after another.
    pub failures: u32,
    /// Why it failed last; none while it does not.
    pub fault: Option<String>,
    /// What it answered: a `TimeStampResp`, or a detached file.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub evidence: Option<Vec<u8>>,
}

/// A checkpoint, and its anchors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchored {
    version: u64,
    /// Its size.
    pub size: u64,
    /// Its text: what stands above the signatures of the note. Its SHA-256 is what is anchored.
    pub text: String,
    /// Its anchors, one a service.
    pub records: Vec<Record>,
}

/// Why a text is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Too many bytes.
    #[error("{found} bytes; a record has at most {RECORD_BYTES_MAX}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not of its shape.
    #[error("{fault}")]
    Shape {
        /// What the reader said.
        fault: String,
    },
    /// Another version.
    #[error("version {found}; {VERSION} is read")]
    Version {
        /// The version found.
        found: u64,
    },
    /// Too many anchors.
    #[error("{found} anchors of one checkpoint; at most {SERVICES_MAX}")]
    TooMany {
        /// Anchors found.
        found: usize,
    },
}

/// What is anchored of a checkpoint: the digest of its text, to which signatures may be added later. Rule N1.
pub fn digest_of(text: &str) -> Digest {
    sha256(text.as_bytes())
}

impl Anchored {
    /// A checkpoint with these anchors.
    pub fn new(size: u64, text: String, records: Vec<Record>) -> Self {
        Self { version: VERSION, size, text, records }
    }

    /// The digest that is anchored.
    pub fn digest(&self) -> Digest {
        digest_of(&self.text)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// `RecordError`, the first fault.
    pub fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::TooLong { found: bytes.len() });
        }
        let read: Self =
            serde_json::from_slice(bytes).map_err(|fault| RecordError::Shape { fault: fault.to_string() })?;
        match (read.version, read.records.len()) {
            (VERSION, 0..=SERVICES_MAX) => Ok(read),
            (VERSION, found) => Err(RecordError::TooMany { found }),
            (found, _) => Err(RecordError::Version { found }),
        }
    }

    /// The record's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record has no map and no float");
        bytes.push(b'\n');
        bytes
    }
}

impl Record {
    /// An anchor that is to be asked for.
    pub fn new(service: String, kind: Kind, url: String, now_s: u64) -> Self {
        Self {
            service,
            kind,
            url,
            standing: State::Requested {},
            since_s: now_s,
            not_before_s: now_s,
            failures: 0,
            fault: None,
            evidence: None,
        }
    }
}

// The shape of these two is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn write_kind<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.word())
}

fn read_kind<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
    let word = String::deserialize(from)?;
    Kind::of(&word).ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no kind of anchor")))
}

fn write_bytes<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
}

fn read_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| STANDARD.decode(text)).transpose().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchored() -> Anchored {
        let mut record = Record::new("a".to_owned(), Kind::Ots, "http://x".to_owned(), 7);
        record.standing = State::Pending { calendars: vec!["http://x".to_owned()] };
        record.evidence = Some(vec![1, 2, 3]);
        Anchored::new(5, "origin\n5\nroot\n".to_owned(), vec![record])
    }

    #[test]
    fn what_is_written_is_read_again() {
        let one = anchored();
        assert_eq!(Anchored::read(&one.to_bytes()), Ok(one));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let text = String::from_utf8(anchored().to_bytes()).unwrap();
        let refused = |text: &str| Anchored::read(text.as_bytes()).unwrap_err();
        assert!(matches!(refused(&text[1..]), RecordError::Shape { .. }));
        assert!(matches!(refused(&text.replace("\"size\"", "\"sise\"")), RecordError::Shape { .. }));
        assert!(matches!(refused(&text.replace("ots", "btc")), RecordError::Shape { .. }));
        assert!(matches!(refused(&text.replace("AQID", "%%%%")), RecordError::Shape { .. }));
        assert!(matches!(refused(&text.replace("calendars", "heights")), RecordError::Shape { .. }));
        let other = text.replace("\"version\": 1", "\"version\": 2");
        assert_eq!(refused(&other), RecordError::Version { found: 2 });
        let mut many = anchored();
        many.records = vec![many.records[0].clone(); SERVICES_MAX + 1];
        assert_eq!(Anchored::read(&many.to_bytes()), Err(RecordError::TooMany { found: SERVICES_MAX + 1 }));
        let long = vec![b' '; RECORD_BYTES_MAX + 1];
        assert_eq!(Anchored::read(&long), Err(RecordError::TooLong { found: RECORD_BYTES_MAX + 1 }));
    }
}
