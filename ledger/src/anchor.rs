//! Anchors: headers of blocks whose bodies are not here, with their certificates.
//!
//! A ledger that replayed a part of the log stands on the block the part ended with, and knows no more of it than this;
//! it is enough to go on from, and to let others go on from it.

use proto::block::Block;
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::counter::Height;

use crate::body;
use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::read::{Read, ReadError};

/// A header and the certificate of its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The header.
    pub block: Block,
    /// The certificate.
    pub certificate: QuorumCert,
}

impl Anchor {
    pub(crate) fn put(&self, change: &mut ChangeSet) {
        let Self { block, certificate } = self;
        let mut to = Writer::new();
        to.bytes(&block.encode()).bytes(&certificate.encode());
        change.put(Table::Anchors, &block.height.get().to_be_bytes(), to.finish());
    }

    /// The anchor that was stored at a height.
    pub(crate) fn stored(base: &dyn Read, height: Height) -> Result<Option<Self>, ReadError> {
        let key = height.get().to_be_bytes();
        base.get(Table::Anchors, &key)?.map(|bytes| Self::decode(&key, &bytes)).transpose()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let block = Block::decode(from.bytes()?).map_err(|fault| CodecError::field("block", fault))?;
            let certificate =
                QuorumCert::decode(from.bytes()?).map_err(|fault| CodecError::field("certificate", fault))?;
            Ok(Self { block, certificate })
        };
        let found = Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Anchors, key))?;
        match found.block.height.get().to_be_bytes() == *key {
            true => Ok(found),
            false => Err(ReadError::damaged(
                Table::Anchors,
                key,
                format!("holds a block of height {}", found.block.height),
            )),
        }
    }

    /// What others could go on from at a height: what was stored so, or the block that is here whole, with the
    /// certificate its successor stands on.
    pub(crate) fn find(base: &dyn Read, height: Height) -> Result<Option<Self>, ReadError> {
        if let Some(stored) = Self::stored(base, height)? {
            return Ok(Some(stored));
        }
        let header = |height| body::stored_header(|table, key| base.get(table, key), height);
        let Some((block, _)) = header(height)? else { return Ok(None) };
        let Some((_, certificate)) = header(height.next())? else { return Ok(None) };
        Ok(Some(Self { block, certificate }))
    }
}
