//! Reading JSON into values that can be written canonically again.
//!
//! Strict, so that what is hashed is what was sent: no member twice, no text that is not Unicode, no number that is none in
//! JSON or is too large, nothing behind the end. Depth is bounded; length is the caller's to bound before. Source: RFC 8259.

use std::collections::BTreeMap;

use super::{Float, Value};

/// Deepest nesting that is read.
pub const DEPTH_MAX: usize = 32;

/// Why a text is not read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Something else stands where a value, a name or a sign should.
    #[error("byte {at}: expected {expected}")]
    Expected {
        /// Offset in bytes.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A member is named twice in one object.
    #[error("byte {at}: the member {name:?} is given twice")]
    Twice {
        /// Offset in bytes.
        at: usize,
        /// The name.
        name: String,
    },
    /// Nested too deep.
    #[error("byte {at}: nested deeper than {DEPTH_MAX}")]
    Depth {
        /// Offset in bytes.
        at: usize,
    },
    /// A number beyond what is read: integers of 128 bits, floats that are doubles.
    #[error("byte {at}: a number that is too large")]
    Number {
        /// Offset in bytes.
        at: usize,
    },
}

/// Reads one JSON value.
///
/// # Errors
/// `ReadError`, the first fault.
pub fn read(json: &str) -> Result<Value, ReadError> {
    let mut from = Reader { json, at: 0 };
    let value = from.value(0)?;
    from.space();
    match from.at == json.len() {
        true => Ok(value),
        false => Err(from.expected("the end")),
    }
}

struct Reader<'a> {
    json: &'a str,
    /// Always on the border of a character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn expected(&self, expected: &'static str) -> ReadError {
        ReadError::Expected { at: self.at, expected }
    }

    fn rest(&self) -> &'a str {
        self.json.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes over `word` if it stands here.
    fn take(&mut self, word: &str) -> bool {
        let here = self.rest().starts_with(word);
        if here {
            self.at += word.len();
        }
        here
    }

    fn value(&mut self, depth: usize) -> Result<Value, ReadError> {
        if depth > DEPTH_MAX {
            return Err(ReadError::Depth { at: self.at });
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.text()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None if self.take("null") => Ok(Value::Null),
            Some(_) | None if self.take("true") => Ok(Value::Bool(true)),
            Some(_) | None if self.take("false") => Ok(Value::Bool(false)),
            Some(_) | None => Err(self.expected("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut members = BTreeMap::new();
        self.space();
        if self.take("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let at = self.at;
            let name = self.text()?;
            self.space();
            if !self.take(":") {
                return Err(self.expected("a colon"));
            }
            let value = self.value(depth + 1)?;
            if members.contains_key(&name) {
                return Err(ReadError::Twice { at, name });
            }
            members.insert(name, value);
            self.space();
            if self.take("}") {
                return Ok(Value::Object(members));
            }
            if !self.take(",") {
                return Err(self.expected("a comma or the end of the object"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take("]") {
                return Ok(Value::List(items));
            }
            if !self.take(",") {
                return Err(self.expected("a comma or the end of the list"));
            }
        }
    }

    fn text(&mut self) -> Result<String, ReadError> {
        if !self.take("\"") {
            return Err(self.expected("a text"));
        }
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return Err(self.expected("the end of a text")) };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escaped()?),
                '\0'..='\u{1f}' => return Err(self.expected("a control character as an escape")),
                other => {
                    self.at += other.len_utf8();
                    text.push(other);
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, ReadError> {
        self.at += 1;
        let escape = self.peek();
        let plain = match escape {
            Some(b'u') => None,
            Some(b'"') => Some('"'),
            Some(b'\\') => Some('\\'),
            Some(b'/') => Some('/'),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(_) | None => return Err(self.expected("an escape")),
        };
        self.at += 1;
        let Some(plain) = plain else {
            let first = self.unit()?;
            let second = match first {
                0xd800..=0xdbff if self.take("\\u") => Some(self.unit()?),
                _ => None,
            };
            let mut units = char::decode_utf16([first].into_iter().chain(second));
            return match (units.next(), units.next()) {
                (Some(Ok(c)), None) => Ok(c),
                _ => Err(self.expected("the other half of a surrogate pair")),
            };
        };
        Ok(plain)
    }

    fn unit(&mut self) -> Result<u16, ReadError> {
        let digits = self.rest().get(..4).filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Value, ReadError> {
        let start = self.at;
        self.take("-");
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        let mut float = false;
        if self.take(".") {
            float = true;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            float = true;
            self.at += 1;
            if !self.take("+") {
                self.take("-");
            }
            self.digits()?;
        }
        let text = self.json.get(start..self.at).unwrap_or("");
        let value = match float {
            true => Float::parse(text).map(Value::Float),
            false => text.parse().ok().map(Value::Integer),
        };
        value.ok_or(ReadError::Number { at: start })
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(self.expected("a digit")),
        }
    }
}
