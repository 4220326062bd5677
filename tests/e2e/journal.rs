//! The votes in a safety journal, read while its node writes it, and by code that is not the node's.
//!
//! Layout: a header; then groups of length, number and check, items, check. A group that is not whole yet is left for the
//! next reading. Source: `node/src/journal/group.rs`.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;

use proto::canonical::Canonical as _;
use proto::counter::{Epoch, View};
use proto::id::BlockId;
use proto::record::SafetyRecord;

const HEADER_BYTES: u64 = 108;
const GROUP_HEAD_BYTES: usize = 20;
const CHECK_BYTES: usize = 16;
/// The kind of an item that is a safety record.
const RECORD: u8 = 1;

/// What a validator wrote down before it spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vote {
    /// The epoch, and the view in it: for both together a validator has one vote.
    pub at: (Epoch, View),
    /// What it is for.
    pub block: BlockId,
}

/// Reads a journal, each time from where it stopped.
pub struct Reader {
    path: PathBuf,
    /// Another inode is another journal: a long one is rewritten.
    inode: u64,
    at: u64,
}

impl Reader {
    /// Of the journal at `path`, from its beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, inode: 0, at: HEADER_BYTES }
    }

    /// Gives every vote that was written since the last time, oldest first. Nothing, while there is no journal.
    pub fn read(&mut self, mut vote: impl FnMut(Vote)) {
        let Ok(file) = File::open(&self.path) else { return };
        let meta = file.metadata().expect("an open file has metadata");
        if meta.ino() != self.inode || meta.len() < self.at {
            (self.inode, self.at) = (meta.ino(), HEADER_BYTES);
        }
        let mut bytes = vec![0; meta.len().saturating_sub(self.at) as usize];
        // Cut off meanwhile, as a torn group is at a start: another time, then.
        if file.read_exact_at(&mut bytes, self.at).is_err() {
            return;
        }
        let mut group = 0;
        while let Some(length) = number(&bytes, group) {
            let (mut item, end) = (group + GROUP_HEAD_BYTES, group + GROUP_HEAD_BYTES + length);
            if end + CHECK_BYTES > bytes.len() {
                break;
            }
            while item < end {
                let (kind, size) = (bytes[item], number(&bytes, item + 1).expect("an item has a length"));
                if kind == RECORD {
                    let record = SafetyRecord::decode(&bytes[item + 5..item + 5 + size]);
                    let voted = record.expect("a canonical record").voted;
                    voted
                        .iter()
                        .for_each(|block| vote(Vote { at: (block.epoch, block.view), block: block.id() }));
                }
                item += 5 + size;
            }
            group = end + CHECK_BYTES;
        }
        self.at += group as u64;
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().expect("four bytes")) as usize)
}
