//! A segment's bytes.
//!
//! ```text
//! segment = header record* anything
//! header  = magic[16] version:u32 first:u64 nonce[16] check[8] padding
//! record  = length:u64 number:u64 check[8]  payload[length]  check[16] padding
//! payload = (key_bytes:u32 key value_bytes:u64 value)*
//! ```
//!
//! Numbers are big-endian. `first` is the number of the segment's first commit; a record without payload marks the
//! segment's end, and has the number of the next one's first. `value_bytes` of 2^64-1 means: deleted, no value. Header
//! and records begin at multiples of 64 bytes. Behind the last record stands whatever the file held before it was
//! recycled: checks begin with the segment's random nonce, so neither an old record nor bytes that somebody sent in a
//! value look like one of its own. A record's head has a check of its own, so that its length is known to be meant.

use std::io;

use crypto::Hasher;
use rand::TryRng as _;

use crate::waiting::Writes;

const MAGIC: &[u8; 16] = b"quorate-storelog";
const VERSION: u32 = 1;
/// Where a record may begin: a broken segment is searched for whole records only there.
pub(super) const ALIGNMENT: usize = 64;
/// Instead of a value's length: there is none.
const DELETED: u64 = u64::MAX;

/// The first bytes of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The number of the segment's first commit.
    pub(super) first: u64,
    nonce: [u8; 16],
}

impl Header {
    pub(super) const BYTES: usize = ALIGNMENT;
    /// Without the padding.
    const USED_BYTES: usize = 16 + 4 + 8 + 16 + 8;

    pub(super) fn new(first: u64) -> io::Result<Self> {
        let mut nonce = [0; 16];
        rand::rngs::SysRng.try_fill_bytes(&mut nonce).map_err(io::Error::other)?;
        Ok(Self { first, nonce })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.nonce);
        bytes.extend(check::<8>(&[&bytes]));
        pad(&mut bytes);
        bytes
    }

    /// The header at the beginning of `bytes`, or what is wrong with it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut at = Reader(bytes.get(..Self::USED_BYTES).ok_or("it ends within its header")?);
        let short = "it ends within its header";
        if at.take::<16>() != Some(*MAGIC) {
            return Err("it does not begin like one");
        }
        let version = u32::from_be_bytes(at.take().ok_or(short)?);
        let first = u64::from_be_bytes(at.take().ok_or(short)?);
        let nonce = at.take().ok_or(short)?;
        if at.take() != Some(check::<8>(&[&bytes[..Self::USED_BYTES - 8]])) {
            return Err("the check of its header does not match");
        }
        match version {
            VERSION => Ok(Self { first, nonce }),
            _ => Err("it has another version"),
        }
    }
}

/// The head of a record, found to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u64,
    pub(super) number: u64,
}

impl Head {
    pub(super) const BYTES: usize = 8 + 8 + 8;
    /// The check behind the payload.
    const TAIL_BYTES: usize = 16;

    /// The head at the beginning of `bytes`, if its check holds.
    pub(super) fn read(header: &Header, bytes: &[u8]) -> Option<Self> {
        let mut at = Reader(bytes);
        let length = u64::from_be_bytes(at.take()?);
        let number = u64::from_be_bytes(at.take()?);
        let head = Self { length, number };
        (at.take::<8>()? == head.check(header)).then_some(head)
    }

    /// Whether at the beginning of `bytes` stands the head of this commit or a later one. A look at the number spares a
    /// hash almost everywhere.
    pub(super) fn follows(header: &Header, bytes: &[u8], number: u64) -> bool {
        let found = bytes.get(8..16).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        found.is_some_and(|found| found >= number && found - number < 1 << 32)
            && Self::read(header, bytes).is_some()
    }

    /// The payload of the record at the beginning of `bytes` and the length of the whole, if its check holds.
    pub(super) fn payload<'a>(self, header: &Header, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
        let length = usize::try_from(self.length).ok()?;
        let end = Self::BYTES.checked_add(length)?;
        let payload = bytes.get(Self::BYTES..end)?;
        let found = bytes.get(end..end.checked_add(Self::TAIL_BYTES)?)?;
        (found == self.payload_check(header, payload))
            .then(|| (payload, (end + Self::TAIL_BYTES).next_multiple_of(ALIGNMENT)))
    }

    fn check(self, header: &Header) -> [u8; 8] {
        check(&[&header.nonce, b"head", &self.length.to_be_bytes(), &self.number.to_be_bytes()])
    }

    fn payload_check(self, header: &Header, payload: &[u8]) -> [u8; Self::TAIL_BYTES] {
        check(&[&header.nonce, b"load", &self.number.to_be_bytes(), payload])
    }
}

/// A record while it is filled: room for its head, then the payload.
pub(crate) struct Record(Vec<u8>);

impl Record {
    /// The record of a set of writes.
    pub(crate) fn of<'a>(writes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Self {
        let mut bytes = vec![0; Head::BYTES];
        for (key, value) in writes {
            // A key is far below 4 GiB: the longest is a DID.
            bytes.extend(u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(key);
            bytes.extend(value.map_or(DELETED, |value| value.len() as u64).to_be_bytes());
            bytes.extend(value.unwrap_or_default());
        }
        Self(bytes)
    }

    /// Its length in a segment.
    pub(super) fn bytes(&self) -> u64 {
        (self.0.len() + Head::TAIL_BYTES).next_multiple_of(ALIGNMENT) as u64
    }

    /// Its bytes.
    pub(super) fn seal(mut self, header: &Header, number: u64) -> Vec<u8> {
        let head = Head { length: (self.0.len() - Head::BYTES) as u64, number };
        let tail = head.payload_check(header, &self.0[Head::BYTES..]);
        self.0[..8].copy_from_slice(&head.length.to_be_bytes());
        self.0[8..16].copy_from_slice(&number.to_be_bytes());
        self.0[16..Head::BYTES].copy_from_slice(&head.check(header));
        self.0.extend(tail);
        pad(&mut self.0);
        self.0
    }
}

/// The mark at the end of a segment, behind which commit `next` begins another one.
pub(super) fn mark(header: &Header, next: u64) -> Vec<u8> {
    Record::of(std::iter::empty()).seal(header, next)
}

/// Adds the writes of a payload to `writes`, where they win. An error says what is wrong.
pub(super) fn take_in(payload: &[u8], writes: &mut Writes) -> Result<(), &'static str> {
    let mut at = Reader(payload);
    while !at.0.is_empty() {
        let key_bytes = u32::from_be_bytes(at.take().ok_or("a write without a key")?);
        let key = at.cut(u64::from(key_bytes)).ok_or("a key longer than its record")?.to_vec();
        let value = match u64::from_be_bytes(at.take().ok_or("a write without a length")?) {
            DELETED => None,
            length => Some(at.cut(length).ok_or("a value longer than its record")?.to_vec()),
        };
        writes.insert(key, value);
    }
    Ok(())
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

fn check<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let digest = hasher.finish();
    let mut first = [0; N];
    first.copy_from_slice(&digest.as_bytes()[..N]);
    first
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn cut(&mut self, length: u64) -> Option<&'a [u8]> {
        let (cut, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(cut)
    }
}
