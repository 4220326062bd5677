//! JSON with one reading: no name twice, no byte-order mark, no text behind the value, bounded depth.
//!
//! Numbers stay text, so that no float decides what a node believes. It is read here and not by a library, because
//! every node has to read the same bytes the same way, in every release.
//! Source: RFC 8259; RFC 7493 §2.3 on names that stand twice.

use std::collections::BTreeMap;

/// Deepest nesting of lists and objects.
pub(super) const DEPTH_MAX: usize = 32;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Object),
}

/// The members of an object.
pub(super) type Object = BTreeMap<String, Value>;

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    pub(super) fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }
}

/// Reads one object; the fault says what is wrong, and at which byte.
pub(super) fn object(bytes: &[u8]) -> Result<Object, String> {
    let text = std::str::from_utf8(bytes).map_err(|fault| format!("is not UTF-8: {fault}"))?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match (reader.at == text.len(), value) {
        (false, _) => Err(reader.fault("something follows the value")),
        (true, Value::Object(object)) => Ok(object),
        (true, _) => Err("is not an object".to_owned()),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn fault(&self, what: &str) -> String {
        format!("{what}, at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        match self.text[self.at..].starts_with(word) {
            true => {
                self.at += word.len();
                Ok(value)
            }
            false => Err(self.fault("is not JSON")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        self.space();
        match self.peek() {
            Some(b'{') => self.members(depth).map(Value::Object),
            Some(b'[') => self.items(depth).map(Value::List),
            Some(b'"') => self.string().map(Value::Text),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(_) | None => Err(self.fault("is not JSON")),
        }
    }

    fn below(&self, depth: usize) -> Result<usize, String> {
        match depth >= DEPTH_MAX {
            true => Err(self.fault(&format!("is nested deeper than {DEPTH_MAX} levels"))),
            false => Ok(depth + 1),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Object, String> {
        let below = self.below(depth)?;
        self.at += 1;
        let mut members = Object::new();
        self.space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("a member has no name"));
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.fault("a member has no value"));
            }
            let value = self.value(below)?;
            if members.contains_key(&name) {
                let name: String = name.chars().take(80).collect();
                return Err(self.fault(&format!("the member {name:?} stands twice")));
            }
            members.insert(name, value);
            self.space();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.fault("an object does not end"));
            }
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Value>, String> {
        let below = self.below(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(below)?);
            self.space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.fault("a list does not end"));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            let Some(plain) = plain else { return Err(self.fault("a text does not end")) };
            string.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escaped()?),
                Some(_) | None => return Err(self.fault("a text holds a control character")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        self.at += 1;
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit(),
            Some(_) | None => {
                self.at -= 1;
                return Err(self.fault("a text holds an escape that is none"));
            }
        })
    }

    /// A character by its UTF-16 units; a surrogate stands before its other half.
    fn unit(&mut self) -> Result<char, String> {
        let high = self.four_digits()?;
        let number = match high {
            0xd800..=0xdbff => {
                let low = match self.take(b'\\') && self.take(b'u') {
                    true => self.four_digits()?,
                    false => 0,
                };
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(self.fault("a text holds half a surrogate pair"));
                }
                0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            plain => plain,
        };
        char::from_u32(number).ok_or_else(|| self.fault("a text holds half a surrogate pair"))
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let number = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.ok_or_else(|| self.fault("an escape has no four digits"))?;
        self.at += 4;
        Ok(number)
    }

    fn digits(&mut self) -> Result<(), String> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at == from {
            true => Err(self.fault("a number lacks a digit")),
            false => Ok(()),
        }
    }

    fn number(&mut self) -> Result<String, String> {
        let from = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.text[from..self.at].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_reading_or_none() {
        let bad: [&[u8]; 28] = [
            b"",
            b"{",
            b"[]",
            b"1",
            b"{} {}",
            b"{}x",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":{\"b\":[{\"c\":1,\"\\u0063\":2}]}}",
            b"{\"a\":1,}",
            b"{,}",
            b"{\"a\"}",
            b"{a:1}",
            b"{\"a\":[1,]}",
            b"{\"a\":nul}",
            b"{\"a\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":\"\\x\"}",
            b"{\"a\":\"\\u12\"}",
            b"{\"a\":\"\\u+123\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\ud800\\u0041\"}",
            b"{\"a\":\"\\udc00\"}",
            b"{\"a\":01}",
            b"{\"a\":1.}",
            b"{\"a\":1e}",
            b"{\"a\":-}",
            b"{\"a\":\"",
        ];
        for text in bad {
            assert!(object(text).is_err(), "{:?}", String::from_utf8_lossy(text));
        }
        let good = object(b" {\"a\" : [1,-0.5e+7,null,true,false,{}] ,\"\\ud83d\\ude00\\n\":\"\\/\"}\n")
            .expect("reads");
        assert_eq!(good["a"].list().map(<[Value]>::len), Some(6));
        assert_eq!(good["a"].list().map(|list| &list[1]), Some(&Value::Number("-0.5e+7".to_owned())));
        assert_eq!(good["😀\n"].text(), Some("/"));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert!(object(nested(DEPTH_MAX).as_bytes()).is_err());
        assert!(object(format!("{{\"a\":{}", "[".repeat(60_000)).as_bytes()).is_err());
    }
}
