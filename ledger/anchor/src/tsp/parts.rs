//! DER, part by part: each read by `der`, which takes one encoding of a value and no other.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Length, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

/// Why bytes are not the DER that is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerFault {
    /// Not DER.
    #[error("{what}: {fault}")]
    Der {
        /// What was read.
        what: &'static str,
        /// What the reader said.
        fault: der::Error,
    },
    /// Another type.
    #[error("{what}: {found} in the place of {expected}")]
    Tag {
        /// What was read.
        what: &'static str,
        /// The type found.
        found: Tag,
        /// The type needed.
        expected: Tag,
    },
    /// Too few parts.
    #[error("{what} is missing")]
    Missing {
        /// What was looked for.
        what: &'static str,
    },
    /// Too many parts.
    #[error("{what}: more parts than it has")]
    Trailing {
        /// What was read.
        what: &'static str,
    },
    /// A value that cannot be.
    #[error("{what}: not a value that it has")]
    Value {
        /// What was read.
        what: &'static str,
    },
}

/// One value: its type, its contents, and both with the length between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    what: &'static str,
    pub tag: Tag,
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

/// Values, one after another.
#[derive(Clone)]
pub(super) struct Parts<'a> {
    what: &'static str,
    bytes: &'a [u8],
    reader: SliceReader<'a>,
}

/// The type `[number]` with parts inside.
pub(super) fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The type `[number]` without.
pub(super) fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

impl<'a> Parts<'a> {
    /// The values in some bytes; `what` names them in refusals.
    pub(super) fn new(what: &'static str, bytes: &'a [u8]) -> Result<Self, DerFault> {
        let reader = SliceReader::new(bytes).map_err(|fault| DerFault::Der { what, fault })?;
        Ok(Self { what, bytes, reader })
    }

    fn at(&self, position: Length) -> usize {
        // A length is 32 bits.
        usize::try_from(position).unwrap_or(usize::MAX).min(self.bytes.len())
    }

    /// The next value, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Part<'a>>, DerFault> {
        if self.reader.is_finished() {
            return Ok(None);
        }
        let from = self.at(self.reader.position());
        let any = AnyRef::decode(&mut self.reader);
        let any = any.map_err(|fault| DerFault::Der { what: self.what, fault })?;
        let raw = &self.bytes[from..self.at(self.reader.position())];
        Ok(Some(Part { what: self.what, tag: any.tag(), value: any.value(), raw }))
    }

    /// The next value, which is of this type.
    pub(super) fn expect(&mut self, what: &'static str, expected: Tag) -> Result<Part<'a>, DerFault> {
        let part = self.next()?.ok_or(DerFault::Missing { what })?;
        match part.tag == expected {
            true => Ok(Part { what, ..part }),
            false => Err(DerFault::Tag { what, found: part.tag, expected }),
        }
    }

    /// The next value if it is of this type; else none is taken.
    pub(super) fn optional(&mut self, what: &'static str, tag: Tag) -> Result<Option<Part<'a>>, DerFault> {
        let mut ahead = self.clone();
        match ahead.next()? {
            Some(part) if part.tag == tag => {
                *self = ahead;
                Ok(Some(Part { what, ..part }))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// That no value is left.
    pub(super) fn end(&self) -> Result<(), DerFault> {
        match self.reader.is_finished() {
            true => Ok(()),
            false => Err(DerFault::Trailing { what: self.what }),
        }
    }
}

impl<'a> Part<'a> {
    /// What is inside.
    pub(super) fn parts(&self) -> Result<Parts<'a>, DerFault> {
        Parts::new(self.what, self.value)
    }

    /// The one value inside, which is of this type.
    pub(super) fn only(&self, expected: Tag) -> Result<Part<'a>, DerFault> {
        let mut parts = self.parts()?;
        let part = parts.expect(self.what, expected)?;
        parts.end()?;
        Ok(part)
    }

    /// The object identifier that it is.
    pub(super) fn oid(&self) -> Result<ObjectIdentifier, DerFault> {
        ObjectIdentifier::from_der(self.raw).map_err(|fault| DerFault::Der { what: self.what, fault })
    }

    /// The number that it is, of those that are not negative and fit.
    pub(super) fn number(&self) -> Result<u64, DerFault> {
        u64::from_der(self.raw).map_err(|fault| DerFault::Der { what: self.what, fault })
    }

    /// The refusal of its value.
    pub(super) fn refused(&self) -> DerFault {
        DerFault::Value { what: self.what }
    }
}

/// Writes a value: type, length, contents.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = value.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(_) | Err(_) => {
            let bytes = length.to_be_bytes();
            let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
            // At most the eight bytes of a length in memory.
            out.push(0x80 | (bytes.len() - from) as u8);
            out.extend_from_slice(&bytes[from..]);
        }
    }
    out.extend_from_slice(&value);
    out
}

/// Writes a number that is not negative.
pub(crate) fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let lead: &[u8] = if bytes[from] & 0x80 == 0 { &[] } else { &[0] };
    tlv(0x02, &[lead, &bytes[from..]])
}
