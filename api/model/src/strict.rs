//! Reading JSON without surprises.
//!
//! A text is refused when it is too long, nested too deeply, names a key twice, or goes on after its value. Two
//! readers of the same text then cannot see two different requests.
//! Source: RFC 8259 §4 leaves repeated names open; RFC 7493 §2.3 forbids them, and so does this.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Deepest nesting of lists and objects.
pub const DEPTH_MAX: usize = 32;

/// Why a text is not read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    /// More bytes than allowed; nothing was read.
    #[error("the text has {found} bytes, at most {max} are allowed")]
    TooLong {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not JSON, too deep, or a key twice; the reader's own words.
    #[error("{0}")]
    Malformed(String),
}

/// Reads one JSON value of at most `bytes_max` bytes.
///
/// # Errors
/// `StrictError`, the first fault.
pub fn parse(bytes: &[u8], bytes_max: usize) -> Result<Value, StrictError> {
    if bytes.len() > bytes_max {
        return Err(StrictError::TooLong { found: bytes.len(), max: bytes_max });
    }
    let malformed = |fault: serde_json::Error| StrictError::Malformed(fault.to_string());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Level(0).deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(value)
}

/// Reads a shape from an object that `parse` made.
///
/// # Errors
/// The name of the member and what is wrong with it, in words.
pub fn shape<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    match value {
        Value::Object(_) => serde_json::from_value(value).map_err(|fault| fault.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("an object is expected: members are given by name".to_owned())
        }
    }
}

/// For `deserialize_with`: a member that is an object. Left alone, serde would also read a list, by position.
pub(crate) fn named<'de, D, T>(reader: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    shape(Value::deserialize(reader)?).map_err(D::Error::custom)
}

/// For `deserialize_with`: a member that is an object and may be left out.
pub(crate) fn named_if_given<'de, D, T>(reader: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    match Value::deserialize(reader)? {
        Value::Null => Ok(None),
        given => shape(given).map(Some).map_err(D::Error::custom),
    }
}

/// For `deserialize_with`: a member that is a list of objects.
pub(crate) fn named_list<'de, D, T>(reader: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Vec::<Value>::deserialize(reader)?.into_iter().map(|item| shape(item).map_err(D::Error::custom)).collect()
}

/// Reads a value at this depth.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.0 >= DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if members.contains_key(&name) && !crypto::broken!(LastNameWins) {
                return Err(A::Error::custom(format_args!("the member {name:?} stands twice")));
            }
            let member = object.next_value_seed(below)?;
            members.insert(name, member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_reading_or_none() {
        let bad: [&[u8]; 9] = [
            b"",
            b"{",
            b"{} {}",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":{\"b\":[{\"c\":1,\"\\u0063\":2}]}}",
            b"[1,]",
            b"nul",
            b"\"\xff\"",
            b"\xef\xbb\xbf{}",
        ];
        for text in bad {
            let verdict = parse(text, 100);
            assert!(matches!(verdict, Err(StrictError::Malformed(_))), "{text:?}: {verdict:?}");
        }
        assert_eq!(parse(b"{\"a\":[1,-1,1.5,null,true,\"x\"]}", 100).expect("good").to_string().len(), 30);
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes(), 1_000).is_ok());
        assert!(parse(nested(DEPTH_MAX + 1).as_bytes(), 1_000).is_err());
        assert!(parse("[".repeat(200_000).as_bytes(), 1 << 20).is_err());
        assert_eq!(parse(b"[]", 1), Err(StrictError::TooLong { found: 2, max: 1 }));
    }
}
