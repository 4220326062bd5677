//! CBOR with one reading: lengths known and as short as can be, no label twice, bounded depth.
//!
//! So two encodings of one value do not pass for two statements, and every node reads the same one. Floats are
//! stepped over, never read. Source: RFC 8949, §4.2.1 on the shortest form.

use std::collections::BTreeSet;

/// Deepest nesting of arrays, maps and tags.
pub(super) const DEPTH_MAX: usize = 16;

/// A value. Bytes and texts are borrowed from what is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Int(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Tag(u64, Box<Value<'a>>),
    Null,
    /// A boolean, a float or another simple value, of which nothing is asked.
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn int(&self) -> Option<i128> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    pub(super) fn list(&self) -> Option<&[Value<'a>]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The value that a map has under an integer label.
    pub(super) fn at(&self, label: i128) -> Option<&Value<'a>> {
        let Self::Map(map) = self else { return None };
        map.iter().find(|(key, _)| *key == Self::Int(label)).map(|(_, value)| value)
    }
}

/// Reads one value and nothing behind it.
pub(super) fn whole(bytes: &[u8]) -> Result<Value<'_>, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    match reader.at == bytes.len() {
        true => Ok(value),
        false => Err(format!("{} bytes follow the value", bytes.len() - reader.at)),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, what: &str) -> String {
        format!("{what}, at byte {}", self.at)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        match usize::try_from(count).ok().and_then(|count| rest.get(..count)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => Err(self.fault("ends early")),
        }
    }

    /// The kind of what follows, the five bits beside it, and the number it begins with.
    fn head(&mut self) -> Result<(u8, u8, u64), String> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let (number, least) = match info {
            0..=23 => (u64::from(info), 0),
            24..=27 => {
                let width = 1_u64 << (info - 24);
                let number = self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
                // What is shorter can be written shorter.
                let least = if info == 24 { 24 } else { 1 << (8 * (width / 2)) };
                (number, least)
            }
            28..=30 => return Err(self.fault("is not CBOR")),
            _ => return Err(self.fault("has no definite length")),
        };
        // Simple values and floats are not numbers of this kind.
        if major != 7 && number < least {
            return Err(self.fault("has a number that is not in its shortest form"));
        }
        Ok((major, info, number))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, String> {
        if depth > DEPTH_MAX {
            return Err(self.fault(&format!("is nested deeper than {DEPTH_MAX} levels")));
        }
        let (major, info, number) = self.head()?;
        Ok(match major {
            0 => Value::Int(i128::from(number)),
            1 => Value::Int(-1 - i128::from(number)),
            2 => Value::Bytes(self.take(number)?),
            3 => {
                let text = std::str::from_utf8(self.take(number)?);
                Value::Text(text.map_err(|_| self.fault("has a text that is not UTF-8"))?)
            }
            4 => {
                let mut list = Vec::new();
                for _ in 0..number {
                    list.push(self.value(depth + 1)?);
                }
                Value::List(list)
            }
            5 => self.map(number, depth)?,
            6 => Value::Tag(number, Box::new(self.value(depth + 1)?)),
            _ => match info {
                22 => Value::Null,
                // 24 has a second byte, which two values below 32 must not be written with.
                24 if number < 32 => return Err(self.fault("is not CBOR")),
                _ => Value::Other,
            },
        })
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value<'a>, String> {
        let (mut map, mut labels) = (Vec::new(), BTreeSet::new());
        for _ in 0..count {
            let from = self.at;
            let label = self.value(depth + 1)?;
            // One value has one spelling here, so labels are equal when their bytes are.
            if !labels.insert(&self.bytes[from..self.at]) {
                return Err(self.fault("has a label twice"));
            }
            map.push((label, self.value(depth + 1)?));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::Writer;

    #[test]
    fn a_value_has_one_reading_or_none() {
        let bad: [&[u8]; 22] = [
            b"",
            b"\x18\x17",
            b"\x19\x00\xff",
            b"\x1a\x00\x00\xff\xff",
            b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff",
            b"\x1c",
            b"\x5f\x41a\xff",
            b"\x9f\xff",
            b"\xbf\xff",
            b"\xff",
            b"\x42a",
            b"\x58\x01a",
            b"\x61\xff",
            b"\x82\x01",
            b"\xa1\x01",
            b"\xa2\x01\x02\x01\x03",
            b"\x01\x01",
            b"\xf8\x14",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xd2",
        ];
        for bytes in bad {
            assert!(whole(bytes).is_err(), "{bytes:02x?}");
        }
        assert_eq!(whole(b"\x20"), Ok(Value::Int(-1)));
        assert_eq!(whole(b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), Ok(Value::Int(-(1 << 64))));
        let map = whole(b"\xa2\x01\x62hi\x20\xf6").expect("reads");
        assert_eq!(map.at(1).and_then(Value::text), Some("hi"));
        assert_eq!((map.at(-1), map.at(2)), (Some(&Value::Null), None));
        assert_eq!(whole(b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"), Ok(Value::Other));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        assert!(whole(&nested(DEPTH_MAX)).is_ok());
        assert!(whole(&nested(DEPTH_MAX + 1)).is_err());
        assert!(whole(&vec![0x81; 60_000]).is_err());
        assert!(whole(&vec![0xd2; 60_000]).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        for number in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut out = Writer::new();
            out.unsigned(number);
            assert_eq!(whole(&out.finish()), Ok(Value::Int(i128::from(number))));
        }
        for number in [0, -1, -24, -25, -49, 395, i64::MIN, i64::MAX] {
            let mut out = Writer::new();
            out.int(number);
            assert_eq!(whole(&out.finish()), Ok(Value::Int(i128::from(number))));
        }
    }
}
