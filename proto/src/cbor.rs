//! Deterministic CBOR: the part of it that receipts are written in, and no more.
//!
//! A reader borrows from the bytes and allocates nothing. It takes definite lengths and shortest numbers only, checks
//! each length against what is there and against its caller's bound before it goes on, and knows no floats and no simple
//! values but `null`. The order of keys in a map is the caller's to check: who writes again what was read, and compares,
//! has checked all of it.
//! Source: RFC 8949 §3, §4.2.1.

/// Why bytes are not the CBOR that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The bytes end within an item.
    #[error("the CBOR ends before its last item does")]
    Truncated,
    /// Bytes follow the last item.
    #[error("{found} bytes follow the end of the CBOR")]
    Trailing {
        /// How many.
        found: usize,
    },
    /// A number or length takes more bytes than it needs.
    #[error("a number or length in the CBOR is not written in its shortest form")]
    NotShortest,
    /// An item of indefinite length, a float, or a simple value that is not known here.
    #[error(
        "the CBOR holds the initial byte 0x{found:02x}: indefinite lengths, floats and the like are not read"
    )]
    NotRead {
        /// The initial byte.
        found: u8,
    },
    /// Another kind of item.
    #[error("the CBOR holds {found} where {expected} should be")]
    Kind {
        /// What it is.
        found: Kind,
        /// What it should be.
        expected: Kind,
    },
    /// More elements or bytes than the place allows.
    #[error("{what} of {found}, at most {max} are allowed")]
    TooMany {
        /// What kind of item.
        what: Kind,
        /// Elements or bytes found.
        found: u64,
        /// Allowed.
        max: usize,
    },
    /// A text is not UTF-8.
    #[error("a text in the CBOR is not UTF-8")]
    NotUtf8,
    /// A number is beyond what is read as a signed one.
    #[error("a number in the CBOR is beyond 63 bits")]
    Beyond,
    /// Items are nested deeper than is read.
    #[error("the CBOR is nested deeper than {max}")]
    TooDeep {
        /// Depth allowed.
        max: u8,
    },
}

/// The kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that is not negative.
    Unsigned,
    /// A negative number.
    Negative,
    /// A byte string.
    Bytes,
    /// A text string.
    Text,
    /// An array.
    Array,
    /// A map.
    Map,
    /// A tag.
    Tag,
    /// `null`.
    Null,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unsigned => "an unsigned number",
            Self::Negative => "a negative number",
            Self::Bytes => "a byte string",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Map => "a map",
            Self::Tag => "a tag",
            Self::Null => "null",
        })
    }
}

/// Deepest nesting of what is passed over unread.
const DEPTH_MAX: u8 = 8;
/// The byte of `null`.
const NULL: u8 = 0xf6;

/// Reads items one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `Trailing` unless everything was read.
    pub const fn end(self) -> Result<(), CborError> {
        match self.rest.len() {
            0 => Ok(()),
            found => Err(CborError::Trailing { found }),
        }
    }

    /// What the next item is.
    ///
    /// # Errors
    /// `Truncated` at the end, `NotRead` for what is not read here.
    pub fn kind(&self) -> Result<Kind, CborError> {
        let initial = *self.rest.first().ok_or(CborError::Truncated)?;
        Ok(match initial >> 5 {
            0 => Kind::Unsigned,
            1 => Kind::Negative,
            2 => Kind::Bytes,
            3 => Kind::Text,
            4 => Kind::Array,
            5 => Kind::Map,
            6 => Kind::Tag,
            _ if initial == NULL => Kind::Null,
            _ => return Err(CborError::NotRead { found: initial }),
        })
    }

    /// The head of the next item: its kind and its number.
    fn head(&mut self) -> Result<(Kind, u64), CborError> {
        let kind = self.kind()?;
        let initial = self.rest[0];
        let short = initial & 0x1f;
        let (more, least) = match short {
            0..=23 => (0, 0),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(CborError::NotRead { found: initial }),
        };
        if kind == Kind::Null {
            self.rest = &self.rest[1..];
            return Ok((kind, 0));
        }
        let number = self.rest.get(1..=more).ok_or(CborError::Truncated)?;
        let value = match more {
            0 => u64::from(short),
            _ => number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
        };
        if value < least {
            return Err(CborError::NotShortest);
        }
        self.rest = &self.rest[1 + more..];
        Ok((kind, value))
    }

    fn expect(&mut self, expected: Kind) -> Result<u64, CborError> {
        let (found, value) = self.head()?;
        match found == expected {
            true => Ok(value),
            false => Err(CborError::Kind { found, expected }),
        }
    }

    /// A number that is not negative.
    ///
    /// # Errors
    /// `CborError`.
    pub fn unsigned(&mut self) -> Result<u64, CborError> {
        self.expect(Kind::Unsigned)
    }

    /// A number of at most 63 bits and a sign.
    ///
    /// # Errors
    /// `CborError`.
    pub fn int(&mut self) -> Result<i64, CborError> {
        let (kind, value) = self.head()?;
        let value = i64::try_from(value).map_err(|_| CborError::Beyond)?;
        match kind {
            Kind::Unsigned => Ok(value),
            Kind::Negative => Ok(-1 - value),
            Kind::Bytes | Kind::Text | Kind::Array | Kind::Map | Kind::Tag | Kind::Null => {
                Err(CborError::Kind { found: kind, expected: Kind::Unsigned })
            }
        }
    }

    /// A byte string of at most `max` bytes.
    ///
    /// # Errors
    /// `CborError`.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], CborError> {
        let length = self.expect(Kind::Bytes)?;
        self.take(Kind::Bytes, length, max)
    }

    /// A text of at most `max` bytes.
    ///
    /// # Errors
    /// `CborError`.
    pub fn text(&mut self, max: usize) -> Result<&'a str, CborError> {
        let length = self.expect(Kind::Text)?;
        std::str::from_utf8(self.take(Kind::Text, length, max)?).map_err(|_| CborError::NotUtf8)
    }

    /// The beginning of an array; gives the number of its elements.
    ///
    /// # Errors
    /// `CborError`.
    pub fn array(&mut self, max: usize) -> Result<usize, CborError> {
        let found = self.expect(Kind::Array)?;
        count(Kind::Array, found, max)
    }

    /// The beginning of a map; gives the number of its pairs.
    ///
    /// # Errors
    /// `CborError`.
    pub fn map(&mut self, max: usize) -> Result<usize, CborError> {
        let found = self.expect(Kind::Map)?;
        count(Kind::Map, found, max)
    }

    /// A tag; what it is put on follows.
    ///
    /// # Errors
    /// `CborError`.
    pub fn tag(&mut self) -> Result<u64, CborError> {
        self.expect(Kind::Tag)
    }

    /// `null`.
    ///
    /// # Errors
    /// `CborError`.
    pub fn null(&mut self) -> Result<(), CborError> {
        self.expect(Kind::Null).map(|_| ())
    }

    /// Passes over an item, whatever it is.
    ///
    /// # Errors
    /// `CborError`; `TooDeep` beyond eight levels.
    pub fn skip(&mut self) -> Result<(), CborError> {
        self.skip_within(DEPTH_MAX)
    }

    fn skip_within(&mut self, depth: u8) -> Result<(), CborError> {
        let below = depth.checked_sub(1).ok_or(CborError::TooDeep { max: DEPTH_MAX })?;
        let (kind, number) = self.head()?;
        let items = match kind {
            Kind::Unsigned | Kind::Negative | Kind::Null => 0,
            Kind::Bytes | Kind::Text => {
                let bytes = self.take(kind, number, usize::MAX)?;
                if kind == Kind::Text && std::str::from_utf8(bytes).is_err() {
                    return Err(CborError::NotUtf8);
                }
                0
            }
            Kind::Array => number,
            Kind::Map => number.saturating_mul(2),
            Kind::Tag => 1,
        };
        // Each item takes a byte at least, so the bytes that are there bound the loop.
        for _ in 0..items {
            self.skip_within(below)?;
        }
        Ok(())
    }

    fn take(&mut self, what: Kind, length: u64, max: usize) -> Result<&'a [u8], CborError> {
        let length = count(what, length, max)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn count(what: Kind, found: u64, max: usize) -> Result<usize, CborError> {
    match usize::try_from(found) {
        Ok(count) if count <= max => Ok(count),
        Ok(_) | Err(_) => Err(CborError::TooMany { what, found, max }),
    }
}

/// Writes items one after the other, each in its only form.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        match value {
            0..=23 => self.0.push(major | bytes[7]),
            24..=0xff => self.0.extend([major | 24, bytes[7]]),
            0x100..=0xffff => {
                self.0.push(major | 25);
                self.0.extend(&bytes[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(major | 26);
                self.0.extend(&bytes[4..]);
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend(bytes);
            }
        }
        self
    }

    /// A number that is not negative.
    pub fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// A number.
    pub fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, value.unsigned_abs() - 1),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64);
        self.0.extend(text.as_bytes());
        self
    }

    /// The beginning of an array.
    pub fn array(&mut self, count: usize) -> &mut Self {
        self.head(4, count as u64)
    }

    /// The beginning of a map; its keys must be written in the order of their encodings.
    pub fn map(&mut self, count: usize) -> &mut Self {
        self.head(5, count as u64)
    }

    /// A tag.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(6, tag)
    }

    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.0.push(NULL);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_each() {
        // Source: RFC 8949 appendix A.
        let cases: [(i64, &str); 11] = [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (255, "18ff"),
            (256, "190100"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-49, "3830"),
            (-1_000, "3903e7"),
            (i64::MIN, "3b7fffffffffffffff"),
        ];
        for (value, expected) in cases {
            let mut writer = Writer::new();
            writer.int(value);
            let bytes = writer.finish();
            assert_eq!(hex::encode(&bytes), expected);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.int(), Ok(value));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let int = |bytes: &[u8]| Reader::new(bytes).int();
        assert_eq!(int(&[]), Err(CborError::Truncated));
        assert_eq!(int(&[0x19, 1]), Err(CborError::Truncated));
        for long in
            [&[0x18, 23][..], &[0x19, 0, 255], &[0x1a, 0, 0, 255, 255], &[0x1b, 0, 0, 0, 0, 255, 0, 0, 0]]
        {
            assert_eq!(int(long), Err(CborError::NotShortest), "{long:02x?}");
        }
        assert_eq!(int(&[0x1c]), Err(CborError::NotRead { found: 0x1c }));
        assert_eq!(int(&[0xf9, 0, 0]), Err(CborError::NotRead { found: 0xf9 }));
        assert_eq!(int(&[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(CborError::Beyond));
        let found = Kind::Text;
        assert_eq!(int(&[0x60]), Err(CborError::Kind { found, expected: Kind::Unsigned }));
        assert_eq!(Reader::new(&[0x5f]).bytes(9), Err(CborError::NotRead { found: 0x5f }));
        assert_eq!(Reader::new(&[0x9f]).array(9), Err(CborError::NotRead { found: 0x9f }));
        assert_eq!(Reader::new(&[0xbf]).map(9), Err(CborError::NotRead { found: 0xbf }));
        assert_eq!(Reader::new(&[0x42, 1]).bytes(9), Err(CborError::Truncated));
        assert_eq!(Reader::new(&[0x61, 0xff]).text(9), Err(CborError::NotUtf8));
        assert_eq!(Reader::new(&[0]).end(), Err(CborError::Trailing { found: 1 }));
    }

    #[test]
    fn what_is_announced_is_compared_with_what_is_allowed_first() {
        let huge = [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let too_many = |what| CborError::TooMany { what, found: u64::MAX, max: 9 };
        assert_eq!(Reader::new(&huge).bytes(9), Err(too_many(Kind::Bytes)));
        let array = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Reader::new(&array).array(9), Err(too_many(Kind::Array)));
        assert_eq!(Reader::new(&array).skip(), Err(CborError::Truncated));
        assert!(Reader::new(&huge).skip().is_err());
    }

    #[test]
    fn what_is_passed_over_is_read_all_the_same() {
        let deep = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        assert_eq!(Reader::new(&deep(7)).skip(), Ok(()));
        assert_eq!(Reader::new(&deep(8)).skip(), Err(CborError::TooDeep { max: 8 }));
        for bad in [&[0x61, 0xff][..], &[0x82, 0], &[0xa1, 0], &[0x9f, 0xff], &[0xc1]] {
            assert!(Reader::new(bad).skip().is_err(), "{bad:02x?}");
        }
        let mut reader = Reader::new(&[0xa1, 0x01, 0x82, 0x41, 0, 0xf6, 0x05]);
        assert_eq!((reader.skip(), reader.unsigned()), (Ok(()), Ok(5)));
    }
}
