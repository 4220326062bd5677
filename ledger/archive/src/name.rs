//! Names: where each file of a published log stands, below its prefix.
//!
//! `checkpoint`, `tile/…` and `tile/entries/…` are where every tool looks for them. `genesis`, `checkpoints/…` and
//! `beside/…` are ours: the network's genesis, each head that was ever published, and what a block's leaves state by
//! digests alone. Numbers are written in groups of three digits, so that no folder holds more than a thousand files.
//! Source: C2SP tlog-tiles.

use std::fmt;
use std::str::FromStr;

use ledger::files::Beside;
use merkle::TileId;
use merkle::tile::TILE_WIDTH;
use proto::canonical::Canonical as _;
use proto::counter::{Height, TreeSize};
use proto::entry::ENTRY_BYTES_MAX;
use proto::genesis::Genesis;
use proto::note::Note;

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// The newest head, as signed note.
    Checkpoint,
    /// The head of one size, as signed note.
    CheckpointOf(TreeSize),
    /// The canonical genesis, whose SHA-256 leaf 0 holds.
    Genesis,
    /// Hashes.
    Tile(TileId),
    /// The entries whose hashes a tile of level 0 holds.
    Entries(TileId),
    /// What the leaves of a block state by digests alone.
    Beside(Height),
}

impl File {
    /// The longest such file, in bytes: more is not read.
    pub const fn bytes_max(&self) -> usize {
        match self {
            Self::Checkpoint | Self::CheckpointOf(_) => Note::BYTES_MAX,
            Self::Genesis => Genesis::BYTES_MAX,
            Self::Tile(_) => 32 * TILE_WIDTH as usize,
            Self::Entries(_) => (2 + ENTRY_BYTES_MAX) * TILE_WIDTH as usize,
            Self::Beside(_) => Beside::BYTES_MAX,
        }
    }

    /// The bundle of entries at this place, so many of them.
    ///
    /// `None` for a place that no log has, or a width that no bundle has.
    pub fn entries(index: u64, width: u16) -> Option<Self> {
        TileId::new(0, index, width).ok().map(Self::Entries)
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::CheckpointOf(size) => write!(f, "checkpoints/{}", grouped(size.get())),
            Self::Genesis => f.write_str("genesis"),
            Self::Tile(tile) => write!(f, "tile/{tile}"),
            // A bundle is named like its tile, but for the level.
            Self::Entries(tile) => write!(f, "tile/entries{}", &tile.to_string()[1..]),
            Self::Beside(height) => write!(f, "beside/{}", grouped(height.get())),
        }
    }
}

impl FromStr for File {
    type Err = ();

    /// Reads the one spelling that `Display` writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let file = match text.split_once('/') {
            None if text == "checkpoint" => Self::Checkpoint,
            None if text == "genesis" => Self::Genesis,
            Some(("checkpoints", number)) => Self::CheckpointOf(TreeSize::new(ungrouped(number)?)),
            Some(("beside", number)) => Self::Beside(Height::new(ungrouped(number)?)),
            Some(("tile", rest)) => match rest.strip_prefix("entries/") {
                Some(name) => Self::Entries(format!("0/{name}").parse().map_err(drop)?),
                None => Self::Tile(rest.parse().map_err(drop)?),
            },
            Some(_) | None => return Err(()),
        };
        (file.to_string() == text).then_some(file).ok_or(())
    }
}

/// A number as in a tile's name: `x001/x234/067`.
fn grouped(number: u64) -> String {
    let mut text = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// Reads leniently; who asks compares with the one spelling.
fn ungrouped(text: &str) -> Result<u64, ()> {
    // The longest number has seven groups.
    if text.len() > 40 {
        return Err(());
    }
    text.split('/').try_fold(0_u64, |number, group| {
        let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().map_err(drop)?;
        number.checked_mul(1000).and_then(|high| high.checked_add(digits)).ok_or(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_spelling() {
        let tile = |level, index, width| TileId::new(level, index, width).expect("a tile");
        for (file, name) in [
            (File::Checkpoint, "checkpoint"),
            (File::Genesis, "genesis"),
            (File::CheckpointOf(TreeSize::new(7)), "checkpoints/007"),
            (File::CheckpointOf(TreeSize::new(1_234_067)), "checkpoints/x001/x234/067"),
            (File::Beside(Height::new(u64::MAX)), "beside/x018/x446/x744/x073/x709/x551/615"),
            (File::Tile(tile(0, 1_234_067, 256)), "tile/0/x001/x234/067"),
            (File::Tile(tile(1, 0, 17)), "tile/1/000.p/17"),
            (File::Entries(tile(0, 273, 112)), "tile/entries/273.p/112"),
        ] {
            assert_eq!(file.to_string(), name);
            assert_eq!(name.parse(), Ok(file), "{name}");
        }
        for name in [
            "",
            "checkpoint/",
            "/checkpoint",
            "checkpoints/7",
            "checkpoints/x007",
            "checkpoints/000/007",
            "beside/x018/x446/x744/x073/x709/x551/616",
            "beside/+07",
            "tile/entries/000.p/256",
            "tile/000",
            "tile/1/entries/000",
            "tile/0/000.p/0",
            "data/x",
            "genesis/",
        ] {
            assert_eq!(name.parse::<File>(), Err(()), "{name}");
        }
    }
}
