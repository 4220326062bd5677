//! How stored values are written: a version byte, then fields one after another, numbers big-endian, what varies
//! in length behind its u32 length.
//!
//! One value has one encoding, so replicas that agree on values agree on bytes. Reading checks each length against
//! what is left before it takes memory, and refuses what is left over. Canonical protobuf is for what travels; this
//! is for what only a ledger writes and reads.

use crypto::{Digest, KeyId, PublicKey, Scheme};
use proto::id::Did;
use proto::session::SessionId;

use crate::change::Table;
use crate::read::ReadError;

/// The version of every value written here.
const VERSION: u8 = 1;

/// What is wrong with stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("written in version {found}, this program reads version {known}")]
    Version { found: u8, known: u8 },
    #[error("ends {missing} bytes early")]
    Short { missing: usize },
    #[error("{count} bytes are left over")]
    LeftOver { count: usize },
    #[error("{field} has no meaning {found}")]
    Meaning { field: &'static str, found: u64 },
    #[error("{field}: {fault}")]
    Field { field: &'static str, fault: String },
}

impl CodecError {
    pub(crate) fn field(field: &'static str, fault: impl ToString) -> Self {
        Self::Field { field, fault: fault.to_string() }
    }

    /// The same fault, with the place where the value is stored.
    pub(crate) fn stored_at(self, table: Table, key: &[u8]) -> ReadError {
        ReadError::damaged(table, key, self)
    }
}

/// Builds a value.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(vec![VERSION])
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn u8(&mut self, number: u8) -> &mut Self {
        self.0.push(number);
        self
    }

    pub(crate) fn u32(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn u64(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.0.extend_from_slice(digest.as_bytes());
        self
    }

    pub(crate) fn key_id(&mut self, key: &KeyId) -> &mut Self {
        self.digest(&key.digest())
    }

    pub(crate) fn count(&mut self, count: usize) -> &mut Self {
        self.u32(u32::try_from(count).expect("every list and text kept here is bounded far below 2^32"))
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn session(&mut self, id: &SessionId) -> &mut Self {
        self.0.extend_from_slice(id.as_bytes());
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn did(&mut self, did: &Did) -> &mut Self {
        self.bytes(did.as_str().as_bytes())
    }

    pub(crate) fn public_key(&mut self, key: &PublicKey) -> &mut Self {
        self.u32(key.scheme().id()).bytes(key.as_bytes())
    }

    /// 0, or 1 and the number.
    pub(crate) fn option(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            None => self.u8(0),
            Some(number) => self.u8(1).u64(number),
        }
    }
}

/// Takes a value apart.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let mut reader = Self(bytes);
        match reader.u8()? {
            VERSION => Ok(reader),
            found => Err(CodecError::Version { found, known: VERSION }),
        }
    }

    /// Reads a whole value: what `read` leaves is a fault.
    pub(crate) fn whole<T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, CodecError>,
    ) -> Result<T, CodecError> {
        let mut reader = Self::new(bytes)?;
        let value = read(&mut reader)?;
        match reader.0.len() {
            0 => Ok(value),
            count => Err(CodecError::LeftOver { count }),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        match self.0.split_at_checked(count) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => Err(CodecError::Short { missing: count - self.0.len() }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        Ok(self.take(N)?.try_into().expect("take gives exactly as many as asked"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, CodecError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, CodecError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, CodecError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn digest(&mut self) -> Result<Digest, CodecError> {
        self.array().map(Digest::new)
    }

    pub(crate) fn key_id(&mut self) -> Result<KeyId, CodecError> {
        self.digest().map(KeyId::new)
    }

    pub(crate) fn session(&mut self) -> Result<SessionId, CodecError> {
        self.array().map(SessionId::new)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let count = self.u32()?;
        self.take(usize::try_from(count).map_err(|fault| CodecError::field("length", fault))?)
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<String, CodecError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|fault| CodecError::field(field, fault))
    }

    pub(crate) fn did(&mut self) -> Result<Did, CodecError> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|fault| CodecError::field("did", fault))?;
        Did::parse(text).map_err(|fault| CodecError::field("did", fault))
    }

    pub(crate) fn public_key(&mut self) -> Result<PublicKey, CodecError> {
        let number = self.u32()?;
        let scheme = Scheme::parse(number)
            .ok_or(CodecError::Meaning { field: "key.scheme", found: u64::from(number) })?;
        PublicKey::parse(scheme, self.bytes()?).map_err(|fault| CodecError::field("key", fault))
    }

    pub(crate) fn option(&mut self) -> Result<Option<u64>, CodecError> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.u64().map(Some),
            found => Err(CodecError::Meaning { field: "option", found: u64::from(found) }),
        }
    }

    /// As many items as the count in front says. Nothing is reserved: a count beyond the bytes ends in `Short`.
    pub(crate) fn each<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = self.u32()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_the_bytes_is_named() {
        let number = |bytes: &[u8]| Reader::whole(bytes, Reader::u32);
        assert_eq!(number(&[1, 0, 0, 0, 7]), Ok(7));
        assert_eq!(number(&[]), Err(CodecError::Short { missing: 1 }));
        assert_eq!(number(&[2, 0, 0, 0, 7]), Err(CodecError::Version { found: 2, known: 1 }));
        assert_eq!(number(&[1, 0, 0]), Err(CodecError::Short { missing: 2 }));
        assert_eq!(number(&[1, 0, 0, 0, 7, 0]), Err(CodecError::LeftOver { count: 1 }));
        let option = Reader::whole(&[1, 2], Reader::option);
        assert_eq!(option, Err(CodecError::Meaning { field: "option", found: 2 }));
    }

    #[test]
    fn a_length_beyond_the_bytes_takes_no_memory() {
        let huge = [1, 0xff, 0xff, 0xff, 0xff, 9];
        let bytes = Reader::whole(&huge, |reader| reader.bytes().map(<[u8]>::to_vec));
        assert_eq!(bytes, Err(CodecError::Short { missing: 0xffff_ffff - 1 }));
        let items = Reader::whole(&huge, |reader| reader.each(Reader::u64));
        assert_eq!(items, Err(CodecError::Short { missing: 7 }));
    }
}
