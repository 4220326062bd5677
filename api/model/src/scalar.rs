//! The spellings of digests, byte strings and numbers.
//!
//! Each has one spelling; any other is refused, so that two texts never mean the same value.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use proto::id::{BlockId, SubmissionId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Largest integer that every JSON reader keeps exact: 2^53 - 1 (RFC 7493 §2.2).
pub const SAFE_MAX: u64 = (1 << 53) - 1;

/// A digest or an id: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub Digest);

impl Hash {
    /// The submission of this name.
    pub const fn submission(self) -> SubmissionId {
        SubmissionId::new(self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Hash {
    type Err = crypto::digest::DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<SubmissionId> for Hash {
    fn from(id: SubmissionId) -> Self {
        Self(*id.digest())
    }
}

impl From<BlockId> for Hash {
    fn from(id: BlockId) -> Self {
        Self(*id.digest())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "A SHA-256 digest or an id: 64 lower-case hex digits, no prefix."
        })
    }
}

/// A byte string: padded base64 of the standard alphabet.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        // The engine refuses missing padding and stray bits.
        let bytes = STANDARD
            .decode(text)
            .map_err(|fault| D::Error::custom(format_args!("not padded standard base64: {fault}")))?;
        Ok(Self(bytes))
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "description": "Bytes in base64 of the standard alphabet, padded."
        })
    }
}

/// An unsigned number: a JSON number up to 2^53 - 1, a string of digits above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uint(pub u64);

impl Uint {
    /// Reads decimal digits: no sign, no leading zero.
    ///
    /// # Errors
    /// What is expected, in words.
    pub fn from_digits(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let canonical = digits && (text.len() == 1 || !text.starts_with('0'));
        match text.parse() {
            Ok(number) if canonical => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!(
                "{:?} is not a number of 0 to 2^64-1 in decimal digits",
                text.chars().take(40).collect::<String>()
            )),
        }
    }
}

impl fmt::Display for Uint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Uint {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0 <= SAFE_MAX {
            true => writer.serialize_u64(self.0),
            false => writer.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Uint {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Uint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of 0 to 2^53-1, or a larger one as string of digits")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Uint, E> {
                match number <= SAFE_MAX {
                    true => Ok(Uint(number)),
                    false => Err(E::custom("a number above 2^53-1 must be given as string")),
                }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uint, E> {
                Uint::from_digits(text).map_err(E::custom)
            }
        }
        reader.deserialize_any(Number)
    }
}

impl JsonSchema for Uint {
    fn schema_name() -> Cow<'static, str> {
        "Uint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "integer", "minimum": 0, "maximum": SAFE_MAX },
                { "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$" }
            ],
            "description": "An unsigned 64-bit number; above 2^53-1 written as string of digits."
        })
    }
}

/// A place in a growing history: the newest, or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// The newest.
    #[default]
    Latest,
    /// This one.
    At(u64),
}

impl Position {
    /// Reads `latest` or decimal digits.
    ///
    /// # Errors
    /// What is expected, in words.
    pub fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "latest" => Ok(Self::Latest),
            digits => Uint::from_digits(digits)
                .map(|number| Self::At(number.0))
                .map_err(|fault| format!("{fault}, nor \"latest\"")),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::At(number) => number.fmt(f),
        }
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Latest => writer.serialize_str("latest"),
            Self::At(number) => Uint(*number).serialize(writer),
        }
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(reader)?;
        match &value {
            serde_json::Value::String(text) => Self::from_text(text).map_err(D::Error::custom),
            _ => Uint::deserialize(value).map(|number| Self::At(number.0)).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Position {
    fn schema_name() -> Cow<'static, str> {
        "Position".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = generator.subschema_for::<Uint>();
        json_schema!({ "anyOf": [ { "const": "latest" }, number ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_strings() {
        for (number, json) in
            [(0, "0"), (SAFE_MAX, "9007199254740991"), (SAFE_MAX + 1, "\"9007199254740992\"")]
        {
            assert_eq!(serde_json::to_string(&Uint(number)).expect("writes"), json);
            assert_eq!(serde_json::from_str::<Uint>(json).expect("reads"), Uint(number));
        }
        for bad in ["9007199254740992", "-1", "1.0", "1e3", "\"01\"", "\"\"", "\"+1\"", "null", "true", "[1]"]
        {
            assert!(serde_json::from_str::<Uint>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_and_bytes_have_one_spelling() {
        let hex = format!("\"{}\"", "ab".repeat(32));
        assert!(serde_json::from_str::<Hash>(&hex).is_ok());
        assert!(serde_json::from_str::<Hash>(&hex.to_uppercase()).is_err());
        assert!(serde_json::from_str::<Hash>("\"0xab\"").is_err());
        assert_eq!(serde_json::from_str::<Bytes>("\"AQ==\"").expect("reads"), Bytes(vec![1]));
        for bad in ["\"AQ\"", "\"AR==\"", "\"A_==\"", "\" AQ==\""] {
            assert!(serde_json::from_str::<Bytes>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_position_is_latest_or_a_number() {
        assert_eq!(serde_json::from_str::<Position>("\"latest\"").expect("reads"), Position::Latest);
        assert_eq!(serde_json::from_str::<Position>("7").expect("reads"), Position::At(7));
        assert!(serde_json::from_str::<Position>("\"newest\"").is_err());
        assert!(serde_json::from_str::<Position>("{}").is_err());
    }
}
