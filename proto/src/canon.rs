//! Foreign canonical forms: the bytes that other systems hash and sign, made from one small kind of value.
//!
//! Each form is a profile in a file of its own. What this ledger signs itself is written by `canonical` and never by
//! these; they exist so that a digest another program computed over its own JSON can be computed again here, bit for bit.
//! The two profiles are those of Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))`: `py_utf8` with
//! `ensure_ascii=False`, `py_ascii` without. Keys are in the order of their code points, which is the order of their
//! UTF-8 bytes; numbers with a point or an exponent are written as Python's `repr` writes a float (`float.rs`), so
//! `100.0` stays so. Source: Python's `json` and `float.__repr__`, by what they print; vectors in
//! `proto/tests/suite/canon.rs`.

use std::collections::BTreeMap;

mod float;
pub mod proofnest;
pub mod py_ascii;
pub mod py_utf8;
mod read;

pub use float::Float;
pub use read::{DEPTH_MAX, ReadError, read};

/// A JSON value as Python sees it: integers and floats are two things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without point and exponent.
    Integer(i128),
    /// A number with point or exponent.
    Float(Float),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object, in the order of its keys.
    Object(BTreeMap<String, Self>),
}

impl Value {
    /// An object of these members; of two of one name, the later.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The member of that name, if this is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::List(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::List(_)
            | Self::Object(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Float> for Value {
    fn from(float: Float) -> Self {
        Self::Float(float)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Writes a value; `escape` writes the characters of a text that are not plain ASCII.
fn write(value: &Value, escape: fn(char, &mut String), to: &mut String) {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(true) => to.push_str("true"),
        Value::Bool(false) => to.push_str("false"),
        Value::Integer(number) => to.push_str(&number.to_string()),
        Value::Float(float) => to.push_str(&float.to_string()),
        Value::Text(text) => write_text(text, escape, to),
        Value::List(items) => {
            to.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                write(item, escape, to);
            }
            to.push(']');
        }
        Value::Object(members) => {
            to.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                write_text(name, escape, to);
                to.push(':');
                write(member, escape, to);
            }
            to.push('}');
        }
    }
}

fn write_text(text: &str, escape: fn(char, &mut String), to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            '\0'..='\u{1f}' => to.push_str(&format!("\\u{:04x}", u32::from(c))),
            ' '..='~' => to.push(c),
            other => escape(other, to),
        }
    }
    to.push('"');
}
