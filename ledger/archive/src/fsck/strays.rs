//! Files beside those that a checkpoint needs: parts of tiles that are full by now, what an interrupted publication
//! left, and what is not ours.

use futures::TryStreamExt as _;
use merkle::TileId;

use super::{Checked, FaultKind, readable};
use crate::error::ArchiveError;
use crate::name::File;
use crate::place::Place;

/// Lists all files below `tile`, and compares each part of a tile or bundle with the one that is wider now.
pub(super) async fn look(place: &Place, size: u64, checked: &mut Checked) -> Result<(), ArchiveError> {
    let mut paths = place.clone().list("tile").await?;
    while let Some(path) = paths.try_next().await? {
        let (file, tile) = match path.parse() {
            Ok(file @ (File::Tile(tile) | File::Entries(tile))) => (file, tile),
            Ok(File::Checkpoint | File::CheckpointOf(_) | File::Genesis | File::Beside(_)) | Err(()) => {
                checked.unknown += 1;
                continue;
            }
        };
        let now = TileId::at(tile.level(), tile.index(), size);
        match now {
            Some(now) if now.width() > tile.width() => {
                checked.files += 1;
                let wider = match file {
                    File::Entries(_) => File::Entries(now),
                    _ => File::Tile(now),
                };
                let (Some(part), Some(full)) = (readable(place, file).await?, readable(place, wider).await?)
                else {
                    continue;
                };
                let common = part.iter().zip(&full).take_while(|(a, b)| a == b).count();
                let whole = match file {
                    File::Entries(_) => crate::bundle::entries(&part, tile.width()).map(drop),
                    _ => crate::growing::from_bytes(&part, tile.width()).map(drop),
                };
                if let Err(fault) = whole {
                    checked.faults.add(file, FaultKind::Malformed(fault));
                } else if common < part.len() {
                    checked.faults.add(file, FaultKind::Part { place: common, full: wider.to_string() });
                }
            }
            Some(now) if now.width() == tile.width() => {}
            Some(_) | None => checked.beyond += 1,
        }
    }
    Ok(())
}
