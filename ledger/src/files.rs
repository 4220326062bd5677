//! The log as files: what stands in each, byte for byte. All of it lies below a head that a quorum signed.
//!
//! Tiles and entry bundles are those of C2SP tlog-tiles. What the leaves of a block state by digests alone is a file
//! beside them, of ours: who retraces a log needs it, and everybody else does without.
//! Source: C2SP tlog-tiles; `STATE.md`, rules D2, V4.

use merkle::TileId;
use proto::block::Block;
use proto::canonical::{Canonical as _, DecodeError};
use proto::counter::{Height, LeafIndex, TreeSize};

use crate::body;
use crate::change::Table;
use crate::checkpoint;
use crate::codec::{CodecError, Reader, Writer};
use crate::read::ReadError;
use crate::reader::LedgerReader;

/// What a block did that its leaves state by digests alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// What became of the submissions it refused, in order, as a ledger stores it; empty when it refused none.
    pub refused: Vec<u8>,
    /// Its header, of a block that closed its epoch.
    pub header: Option<Block>,
}

impl Beside {
    /// Longest file, in bytes: a block holds 64,000 submissions, and a refusal some hundred bytes.
    pub const BYTES_MAX: usize = 32 << 20;

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new();
        to.bytes(&self.refused);
        to.bytes(&self.header.as_ref().map_or_else(Vec::new, Block::encode));
        to.finish()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `DecodeError` when it is too large or not of this form; what it says is for `retrace` to judge.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::BYTES_MAX {
            let (found, max) = (bytes.len(), Self::BYTES_MAX);
            return Err(DecodeError::TooLarge { what: "what stands beside a block", found, max });
        }
        let read = |from: &mut Reader<'_>| {
            let refused = from.bytes()?.to_vec();
            let header = match from.bytes()? {
                [] => None,
                header => Some(Block::decode(header).map_err(|fault| CodecError::field("header", fault))?),
            };
            Ok(Self { refused, header })
        };
        Reader::whole(bytes, read).map_err(|fault| DecodeError::field("beside", fault))
    }
}

/// Every method fails with `ReadError` when the store fails or a stored value is damaged, and with nothing else.
impl LedgerReader {
    /// The size of the newest certified checkpoint: files end there. Zero before there is one.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn certified(&self) -> Result<TreeSize, ReadError> {
        checkpoint::size_at_or_below(self.base(), TreeSize::new(u64::MAX))
    }

    /// A tile: its hashes, 32 bytes each. None when the certified log does not reach so far.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn tile_file(&self, tile: TileId) -> Result<Option<Vec<u8>>, ReadError> {
        if !self.is_certified(tile)? {
            return Ok(None);
        }
        let hashes = self.tile(tile)?;
        Ok(hashes.map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
    }

    /// The entries whose hashes a tile of level 0 holds, each behind its length (u16, big-endian). None when the
    /// certified log does not reach so far, or the tile is of another level.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn entries_file(&self, tile: TileId) -> Result<Option<Vec<u8>>, ReadError> {
        if tile.level() != 0 || !self.is_certified(tile)? {
            return Ok(None);
        }
        let first = LeafIndex::new(tile.index().saturating_mul(256));
        let mut file = Vec::new();
        for entry in self.entries(first, usize::from(tile.width()))? {
            let length = u16::try_from(entry.len()).map_err(|_| {
                let fault = format!("a leaf of {} bytes", entry.len());
                ReadError::damaged(Table::Leaves, &first.get().to_be_bytes(), fault)
            })?;
            file.extend_from_slice(&length.to_be_bytes());
            file.extend_from_slice(&entry);
        }
        Ok(Some(file))
    }

    /// What stands beside the leaves of a block; none when they say all of it, or there is no such block.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn beside(&self, height: Height) -> Result<Option<Beside>, ReadError> {
        let refused = self.base().get(Table::Refusals, &height.get().to_be_bytes())?.unwrap_or_default();
        let stored = body::stored_header(|table, key| self.base().get(table, key), height)?;
        let header = stored.map(|(block, _)| block).filter(|block| block.handover.is_some());
        let beside = Beside { refused, header };
        Ok((beside != Beside::default()).then_some(beside))
    }

    fn is_certified(&self, tile: TileId) -> Result<bool, ReadError> {
        let now = TileId::at(tile.level(), tile.index(), self.certified()?.get());
        Ok(now.is_some_and(|now| now.width() >= tile.width()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_block_is_read_as_it_was_written() {
        let header =
            Block::genesis(&proto::id::NetworkId::new(crypto::sha256(b"n")), proto::counter::TimeMs::new(1));
        for beside in [
            Beside::default(),
            Beside { refused: vec![1, 2, 3], header: None },
            Beside { refused: Vec::new(), header: Some(header) },
        ] {
            let bytes = beside.encode();
            assert_eq!(Beside::decode(&bytes), Ok(beside));
            assert!(Beside::decode(&bytes[..bytes.len() - 1]).is_err(), "cut off");
            assert!(Beside::decode(&[&bytes[..], &[0]].concat()).is_err(), "too long");
        }
    }
}
