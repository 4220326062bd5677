//! What a shell with a rule broken on purpose finds on its disk when it starts.

use std::sync::Arc;

use ledger::change::{ChangeSet, Table};
use ledger::read::Read as _;
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;
use store::port::Store as _;

use crate::disk::Disk;
use crate::plan::ShellDefect;

/// The record as it is read back.
pub fn remembered(
    record: SafetyRecord,
    set: &ValidatorSet,
    defect: Option<ShellDefect>,
) -> Option<SafetyRecord> {
    match defect {
        Some(ShellDefect::LockNotRestored) => {
            Some(SafetyRecord { high_qc: set.opening_certificate(), ..record })
        }
        Some(ShellDefect::Amnesia) => None,
        Some(
            ShellDefect::SpeakBeforeDurable
            | ShellDefect::TellBeforeStored
            | ShellDefect::FailedWriteIgnored
            | ShellDefect::LossForgotten
            | ShellDefect::BodyNotJournaled
            | ShellDefect::OutcomesForgotten
            | ShellDefect::StoreRolledBack
            | ShellDefect::TileReplaced
            | ShellDefect::LeavesReplaced
            | ShellDefect::TimersLost,
        )
        | None => Some(record),
    }
}

/// Changes hashes of the log while the member runs, and changes them back when called again.
pub fn replace_tiles(disk: &Disk) {
    forge(disk, Table::Tiles, Some(0));
}

/// Changes what is stored, with checksums that hold.
pub fn spoil(disk: &mut Disk, defect: ShellDefect) {
    match defect {
        ShellDefect::OutcomesForgotten => forge(disk, Table::Outcomes, None),
        ShellDefect::LeavesReplaced => forge(disk, Table::Leaves, Some(8)),
        ShellDefect::StoreRolledBack => {
            let now = disk.store.snapshot();
            if let Some(earlier) = disk.earlier.replace(now) {
                disk.store = Arc::new(earlier);
            }
        }
        ShellDefect::SpeakBeforeDurable
        | ShellDefect::TellBeforeStored
        | ShellDefect::FailedWriteIgnored
        | ShellDefect::LossForgotten
        | ShellDefect::LockNotRestored
        | ShellDefect::Amnesia
        | ShellDefect::BodyNotJournaled
        | ShellDefect::TileReplaced
        | ShellDefect::TimersLost => {}
    }
}

/// Deletes the values of a table, or flips a bit of the byte at `flip` in each.
fn forge(disk: &Disk, table: Table, flip: Option<usize>) {
    let mut change = ChangeSet::new();
    for (_, key) in disk.store.stored_keys().into_iter().filter(|(found, _)| *found == table) {
        match (flip, disk.store.get(table, &key)) {
            (None, _) => change.delete(table, &key),
            (Some(at), Ok(Some(mut value))) => {
                if let Some(byte) = value.get_mut(at) {
                    *byte ^= 1;
                }
                change.put(table, &key, value);
            }
            (Some(_), Ok(None) | Err(_)) => {}
        }
    }
    disk.store.commit(&change).expect("the memory store has room");
}
