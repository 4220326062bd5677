use std::collections::BTreeSet;

use super::*;

fn tile(level: u8, index: u64, width: u16) -> TileId {
    TileId::new(level, index, width).expect("a valid tile")
}

#[test]
fn names_are_written_and_read_as_published() {
    let longest = u64::MAX >> 8;
    for (tile, name) in [
        (tile(0, 0, 256), "0/000"),
        (tile(0, 999, 256), "0/999"),
        (tile(0, 1000, 256), "0/x001/000"),
        (tile(0, 1_234_067, 256), "0/x001/x234/067"),
        (tile(1, 1_234_067, 8), "1/x001/x234/067.p/8"),
        (tile(7, 0, 255), "7/000.p/255"),
        (tile(0, longest, 255), "0/x072/x057/x594/x037/x927/935.p/255"),
    ] {
        assert_eq!(tile.to_string(), name);
        assert_eq!(name.parse(), Ok(tile));
        assert!(name.len() <= NAME_BYTES_MAX);
    }
}

#[test]
fn no_other_spelling_is_read() {
    for name in [
        "",
        "0",
        "0/",
        "/000",
        "0/0",
        "0/0000",
        "00/000",
        "+0/000",
        "0/+00",
        "0/x000/001",
        "0/001/000",
        "0/x001",
        "0/x001/",
        "0/xx001/000",
        "0/1000",
        "0/000.p/256",
        "0/000.p/08",
        "0/000.p/",
        "0/000.p/8/",
        "0/000.p",
        " 0/000",
        "0/000\n",
        "x0/000",
        "256/000",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(name.parse::<TileId>(), Err(TileError::Name), "{name:?}");
    }
    assert_eq!("8/000".parse::<TileId>(), Err(TileError::OutOfRange { level: 8, index: 0 }));
    assert_eq!("7/001".parse::<TileId>(), Err(TileError::OutOfRange { level: 7, index: 1 }));
    assert_eq!("0/000.p/0".parse::<TileId>(), Err(TileError::Width { found: 0 }));
    assert_eq!("0/000.p/257".parse::<TileId>(), Err(TileError::Width { found: 257 }));
    let past = (u64::MAX >> 8) + 1;
    assert_eq!(TileId::new(0, past, 1), Err(TileError::OutOfRange { level: 0, index: past }));
}

#[test]
fn the_published_example_has_its_tiles() {
    // tlog-tiles: a log of 70,000 leaves.
    let tiles: Vec<_> = tiles_at(70_000).collect();
    let full = |level| tiles.iter().filter(|tile| tile.level() == level && tile.is_full()).count();
    let partial: Vec<_> = tiles.iter().copied().filter(|tile| !tile.is_full()).collect();
    assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
    assert_eq!(partial, [tile(0, 273, 112), tile(1, 1, 17), tile(2, 0, 1)]);
    assert_eq!(tiles.len(), 277);
}

#[test]
fn tiles_between_are_those_the_old_size_had_not() {
    let sizes = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 70_000];
    for old in sizes {
        for new in sizes {
            let had: BTreeSet<_> = tiles_at(old).collect();
            let between: Vec<_> = tiles_between(old, new).collect();
            let expected: Vec<_> = if new > old {
                tiles_at(new).filter(|tile| !had.contains(tile)).collect()
            } else {
                Vec::new()
            };
            assert_eq!(between, expected, "from {old} to {new}");
        }
    }
    assert_eq!(tiles_between(u64::MAX - 1, u64::MAX).count(), 1);
    assert_eq!(tiles_at(u64::MAX).next(), Some(tile(0, 0, 256)), "the list is never held whole");
}

#[test]
fn a_node_lies_in_the_tile_of_its_level() {
    for (level, index, slot_of) in [
        (0, 0, (0, 0, 0, 1)),
        (0, 257, (0, 1, 1, 1)),
        (3, 33, (0, 1, 8, 8)),
        (7, 1, (0, 0, 128, 128)),
        (8, 0, (1, 0, 0, 1)),
        (15, 3, (1, 1, 128, 128)),
        (63, 1, (7, 0, 128, 128)),
    ] {
        let (tile_level, tile_index, offset, count) = slot_of;
        let expected = Slot { level: tile_level, index: tile_index, offset, count };
        assert_eq!(slot(level, index), Some(expected), "level {level}, index {index}");
    }
    assert_eq!(slot(64, 0), None);
    assert_eq!(slot(u32::MAX, 0), None);
    assert_eq!(slot(1, u64::MAX), None);
}
