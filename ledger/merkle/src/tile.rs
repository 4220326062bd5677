//! Tiles: a log's nodes in immutable files of up to 256 hashes, and their names.
//!
//! A tile of level `l` holds hashes of node level `8 * l`; the levels between are recomputed from it.
//! A tile that is not yet full exists once for each width at which the log was published.
//! Source: C2SP tlog-tiles, "Merkle Tree".

use std::fmt;
use std::str::FromStr;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;

/// Node levels in one tile level: a full tile is a perfect subtree of this height.
const TILE_HEIGHT: u32 = TILE_WIDTH.ilog2();

/// Tile levels that a log of at most `u64::MAX` leaves has: 0 to 7.
const LEVELS: u8 = (u64::BITS / TILE_HEIGHT) as u8;

/// Bytes of the longest name, of a partial tile on level 0: `0/x072/x057/x594/x037/x927/935.p/255`.
const NAME_BYTES_MAX: usize = 36;

/// One tile: written `0/x001/x234/067` when full, `0/x001/x234/067.p/8` with 8 hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

/// Why numbers or text do not name a tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// No log that can be counted has such a tile.
    #[error("no log has a tile {index} on level {level}")]
    OutOfRange {
        /// The level, in tiles.
        level: u8,
        /// The place on that level.
        index: u64,
    },
    /// A tile has 1 to 256 hashes.
    #[error("a tile has 1 to 256 hashes, not {found}")]
    Width {
        /// The width claimed.
        found: u16,
    },
    /// The text is not the one spelling of a tile's name.
    #[error("not the name of a tile")]
    Name,
}

/// Where a node is found: which hashes of which tile it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Level of the tile.
    pub level: u8,
    /// Place of the tile on its level.
    pub index: u64,
    /// The first of its hashes under the node.
    pub offset: u16,
    /// How many of its hashes are under the node, a power of two; 1 when the hash itself is the node's.
    pub count: u16,
}

impl TileId {
    /// The tile of this level, index and width in hashes.
    ///
    /// # Errors
    /// `OutOfRange` or `Width`.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        // The last tile of a level covers leaf u64::MAX; on the highest level that is tile 0.
        let last = u64::MAX.checked_shr(TILE_HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
        if level >= LEVELS || index > last {
            return Err(TileError::OutOfRange { level, index });
        }
        if width == 0 || width > TILE_WIDTH {
            return Err(TileError::Width { found: width });
        }
        Ok(Self { level, index, width })
    }

    /// The tile as it is in a log of `size` leaves; `None` when the log does not reach it.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = hashes_on(level, size).checked_sub(before)?.min(u64::from(TILE_WIDTH));
        Self::new(level, index, u16::try_from(width).ok()?).ok()
    }

    /// The level, in tiles: its hashes are nodes of level `8 * level`.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The place on the level, from the left.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes the tile has, 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has all of its hashes, and so will never be replaced.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }
}

/// The tiles of a log of `size` leaves, level by level from the left.
pub fn tiles_at(size: u64) -> impl Iterator<Item = TileId> {
    tiles_between(0, size)
}

/// The tiles that a log of `new_size` leaves has and one of `old_size` had not, or not with this width.
///
/// Level by level from the left; nothing when the log did not grow.
pub fn tiles_between(old_size: u64, new_size: u64) -> impl Iterator<Item = TileId> {
    (0..LEVELS).flat_map(move |level| {
        let (old, new) = (hashes_on(level, old_size), hashes_on(level, new_size));
        let width = u64::from(TILE_WIDTH);
        // The first tile that was not full before, up to the last that has a hash now.
        let touched = if new > old { old / width..new.div_ceil(width) } else { 0..0 };
        touched.filter_map(move |index| TileId::at(level, index, new_size))
    })
}

/// Where node `index` of node level `level` is found; `None` when no log can have it.
pub fn slot(level: u32, index: u64) -> Option<Slot> {
    let tile_level = u8::try_from(level / TILE_HEIGHT).ok().filter(|tile_level| *tile_level < LEVELS)?;
    let count = 1_u16 << (level % TILE_HEIGHT);
    let first = index.checked_mul(u64::from(count))?;
    let offset = u16::try_from(first % u64::from(TILE_WIDTH)).ok()?;
    Some(Slot { level: tile_level, index: first / u64::from(TILE_WIDTH), offset, count })
}

/// How many hashes the tiles of one level hold together in a log of `size` leaves.
fn hashes_on(level: u8, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

impl fmt::Display for TileId {
    /// Level and place as in a tile's address, `<L>/<N>[.p/<W>]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.level)?;
        let mut scale = 1;
        while self.index / scale >= 1000 {
            scale *= 1000;
        }
        while scale > 1 {
            write!(f, "x{:03}/", self.index / scale % 1000)?;
            scale /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TileId {
    type Err = TileError;

    /// Reads the one spelling that `Display` writes.
    fn from_str(text: &str) -> Result<Self, TileError> {
        if text.len() > NAME_BYTES_MAX {
            return Err(TileError::Name);
        }
        let (level, rest) = text.split_once('/').ok_or(TileError::Name)?;
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, number(width)?),
            None => (rest, u64::from(TILE_WIDTH)),
        };
        let mut index = 0_u64;
        for group in groups.split('/') {
            let digits = number(group.strip_prefix('x').unwrap_or(group))?;
            index =
                index.checked_mul(1000).and_then(|high| high.checked_add(digits)).ok_or(TileError::Name)?;
        }
        let level = u8::try_from(number(level)?).map_err(|_| TileError::Name)?;
        let width = u16::try_from(width).map_err(|_| TileError::Name)?;
        let tile = Self::new(level, index, width)?;
        // Whatever was read leniently above, only the canonical spelling comes out the same.
        if tile.to_string() == text { Ok(tile) } else { Err(TileError::Name) }
    }
}

fn number(digits: &str) -> Result<u64, TileError> {
    digits.parse().map_err(|_| TileError::Name)
}

#[cfg(test)]
mod tests;
