//! Searching: the leaves of a key in a part of the log, and the proof that there are no others.
//!
//! An answer is as of the last block below the newest certified head, so what it says is signed for. Readers take no lock:
//! the runs of that block may meanwhile have been merged, and stay for a while (`schedule::LINGER`); one that is gone is
//! told apart from one that is damaged. Source: `STATE.md`, rules Z1 to Z6.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use crypto::Digest;
use merkle::{Nodes, span};
use proto::canonical::Canonical as _;
use proto::checkpoint::CertifiedCheckpoint;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::{BlockEntry, Entry};
use proto::lookup::{
    BUCKET_RECORDS, Directory, FOUND_BYTES_MAX, FOUND_MAX, FoundLeaf, LookupKey, Record, Run, Span,
};

use crate::change::Table;
use crate::lookup::run::{FAN_OUT, PAGE_RECORDS, Row, RunId, buckets, heights, over};
use crate::lookup::{Index, Stage, directory, live_runs};
use crate::read::{Read, ReadError};
use crate::reader::LedgerReader;

/// What is looked for, and where.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The key.
    pub key: &'a LookupKey,
    /// The first leaf of the part.
    pub from: LeafIndex,
    /// The part ends behind so many leaves that were found, 1 to [`FOUND_MAX`].
    pub limit: usize,
}

/// What was found in a part of the log, and that there is no more of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The first leaf of the part.
    pub from: LeafIndex,
    /// Where the part ends: the first leaf after it. At most the place of `block`.
    pub to: LeafIndex,
    /// The newest certified head.
    pub checkpoint: CertifiedCheckpoint,
    /// The leaf of the last block below it, which states the directory's digest.
    pub block: FoundLeaf,
    /// What the index is made of there.
    pub directory: Directory,
    /// For each run that covers leaves of the part, oldest first: where the key stands in it, or would.
    pub spans: Vec<Span>,
    /// The leaves that the spans name, in order.
    pub found: Vec<FoundLeaf>,
}

/// Why there is no answer, now or ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// No head is certified yet. Passes.
    #[error("no head of the log is certified yet")]
    NoCheckpoint,
    /// The last block below the newest certified head states no index. Passes with the next epoch.
    #[error("the index begins with the next epoch: the block at leaf {block} states none")]
    NotIndexed {
        /// The block's own leaf.
        block: LeafIndex,
    },
    /// The part begins behind what the newest certified head covers. Passes.
    #[error("the part begins with leaf {from}, the index of the newest certified head ends before leaf {to}")]
    Beyond {
        /// The first leaf of the part.
        from: LeafIndex,
        /// Where the index ends.
        to: LeafIndex,
    },
    /// The newest certified head is so old that the runs of its index are gone. Passes: a newer one has them.
    #[error(
        "the newest certified head, of {size} leaves, is older than the index goes back: ask again when a newer one is certified"
    )]
    Gone {
        /// Its size.
        size: TreeSize,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl SearchError {
    /// Whether the same question may be answered later.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::NoCheckpoint | Self::NotIndexed { .. } | Self::Beyond { .. } | Self::Gone { .. } => false,
            Self::Read(_) => true,
        }
    }
}

impl LedgerReader {
    /// Looks for a key. The answer is complete for the part of the log that it names, which begins with the first leaf asked
    /// for, or with the first that the index covers.
    ///
    /// # Errors
    /// `SearchError`.
    pub fn search(&self, query: Query<'_>) -> Result<Answer, SearchError> {
        let checkpoint = self.checkpoint_latest()?.ok_or(SearchError::NoCheckpoint)?;
        let size = checkpoint.head.size;
        let (block, stated) = self.last_block(size)?;
        let to = block.index;
        let stated = stated.lookup.ok_or(SearchError::NotIndexed { block: to })?;
        let whole = self.search_below(query, checkpoint, (block, stated));
        whole.map_err(|missing| match missing {
            Missing::Gone => SearchError::Gone { size },
            Missing::Read(fault) => SearchError::Read(fault),
        })?
    }

    fn search_below(
        &self,
        query: Query<'_>,
        checkpoint: CertifiedCheckpoint,
        (block, stated): (FoundLeaf, Digest),
    ) -> Result<Result<Answer, SearchError>, Missing> {
        let Query { key, from, limit } = query;
        let (size, to) = (checkpoint.head.size, block.index);
        let (directory, ids) = self.directory_at(to)?;
        if directory.digest() != stated {
            let fault =
                format!("leads to digest {}, the block at leaf {to} states {stated}", directory.digest());
            return Err(ReadError::damaged(Table::LookupRuns, b"", fault).into());
        }
        let from = from.max(directory.from);
        if from > to {
            return Ok(Err(SearchError::Beyond { from, to }));
        }
        let mut runs = Vec::new();
        for ((covers, run), id) in directory.covered().zip(ids) {
            if covers.end > from.get() {
                runs.push((covers, RunReader::new(self.base(), id, *run)));
            }
        }
        let limit = limit.clamp(1, FOUND_MAX);
        let prefix = key.prefix();
        let at = |index| Record { prefix, index };
        let mut candidates = Vec::new();
        for (_, run) in &runs {
            let begin = run.place_of(&at(from))?;
            let end = run.place_of(&at(to))?;
            let wanted = begin..end.min(begin.saturating_add((limit + 1 - candidates.len()) as u64));
            candidates.extend(run.records(wanted)?);
            if candidates.len() > limit {
                break;
            }
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        for record in &candidates {
            if found.len() == limit || bytes >= FOUND_BYTES_MAX {
                break;
            }
            let leaf = self.found(record.index, size)?;
            bytes += leaf.entry.len();
            found.push(leaf);
        }
        // What did not fit any more is of the next part.
        let to = candidates.get(found.len()).map_or(to, |next| next.index);
        let mut spans = Vec::new();
        for (covers, run) in &runs {
            if covers.start < to.get() {
                spans.push(run.span(&at(from), &at(to))?);
            }
        }
        Ok(Ok(Answer { from, to, checkpoint, block, directory, spans, found }))
    }

    fn found(&self, index: LeafIndex, size: TreeSize) -> Result<FoundLeaf, ReadError> {
        let missing =
            || ReadError::damaged(Table::Leaves, &index.get().to_be_bytes(), "missing below a head");
        let entry = self.entries(index, 1)?.pop().ok_or_else(missing)?;
        let proof = self.inclusion(index, size)?.ok_or_else(missing)?;
        Ok(FoundLeaf { index, entry, proof })
    }

    /// The last leaf of a block below a head: the one before its end, or the one before that if an epoch opens there.
    fn last_block(&self, size: TreeSize) -> Result<(FoundLeaf, BlockEntry), SearchError> {
        for before in 1..=2 {
            let Some(index) = size.get().checked_sub(before).map(LeafIndex::new) else { break };
            let leaf = self.found(index, size)?;
            let damaged = |fault| ReadError::damaged(Table::Leaves, &index.get().to_be_bytes(), fault);
            match Entry::decode(&leaf.entry).map_err(damaged)? {
                Entry::Block(block) => return Ok((leaf, block)),
                Entry::Epoch(_) | Entry::Genesis(_) | Entry::Submission(_) | Entry::Statement(_) => {}
            }
        }
        Err(SearchError::NoCheckpoint)
    }

    /// The index as the block with this leaf states it, and the runs' names.
    fn directory_at(&self, own: LeafIndex) -> Result<(Directory, Vec<RunId>), Missing> {
        let Stage::Begun(begun) = Index::load_stage(self.base())?.stage else {
            return Err(Missing::Gone);
        };
        let mark = self.base().at_or_below(Table::LookupMarks, &own.get().to_be_bytes())?;
        let arrivals = match mark {
            None => 0,
            Some((key, bytes)) => match <[u8; 8]>::try_from(bytes.as_slice()) {
                Ok(arrivals) => u64::from_be_bytes(arrivals),
                Err(_) => return Err(ReadError::damaged(Table::LookupMarks, &key, "not 8 bytes").into()),
            },
        };
        let runs = live_runs(arrivals, self.base(), |_| Missing::Gone)?;
        let mut in_order: Vec<_> = runs.iter().map(|(id, run)| (run.end, *id)).collect();
        in_order.sort();
        let ids = in_order.into_iter().map(|(_, id)| id).collect();
        Ok((directory(begun.from, &runs), ids))
    }
}

/// Why something of the index cannot be had.
enum Missing {
    /// It was merged too long ago.
    Gone,
    Read(ReadError),
}

impl From<ReadError> for Missing {
    fn from(fault: ReadError) -> Self {
        Self::Read(fault)
    }
}

/// One run, read for one answer.
struct RunReader<'a> {
    base: &'a dyn Read,
    id: RunId,
    run: Run,
    heights: Vec<u64>,
    /// What was read, so that nothing is read twice.
    read: RefCell<BTreeMap<(u8, u64), Vec<u8>>>,
}

impl<'a> RunReader<'a> {
    fn new(base: &'a dyn Read, id: RunId, run: Run) -> Self {
        Self { base, id, run, heights: heights(run.records), read: RefCell::default() }
    }

    fn value(&self, height: u8, index: u64) -> Result<Vec<u8>, Missing> {
        if let Some(bytes) = self.read.borrow().get(&(height, index)) {
            return Ok(bytes.clone());
        }
        let value = self.base.get(Table::LookupPages, &self.id.page_key(height, index))?;
        let bytes = value.ok_or(Missing::Gone)?;
        self.read.borrow_mut().insert((height, index), bytes.clone());
        Ok(bytes)
    }

    fn damaged(&self, height: u8, index: u64) -> Missing {
        ReadError::damaged(Table::LookupPages, &self.id.page_key(height, index), "torn").into()
    }

    fn rows(&self, height: u8, index: u64) -> Result<Vec<Row>, Missing> {
        Row::read_all(&self.value(height, index)?).ok_or_else(|| self.damaged(height, index))
    }

    fn page(&self, index: u64) -> Result<Vec<Record>, Missing> {
        let bytes = self.value(0, index)?;
        let (records, rest) = bytes.as_chunks::<{ Record::BYTES }>();
        match rest.is_empty() && !records.is_empty() {
            true => Ok(records.iter().map(Record::from_bytes).collect()),
            false => Err(self.damaged(0, index)),
        }
    }

    /// How many records stand before this one, or would.
    fn place_of(&self, record: &Record) -> Result<u64, Missing> {
        let (bytes, mut index) = (record.to_bytes(), 0_u64);
        for height in (1..self.heights.len() as u8).rev() {
            let under = self.rows(height, index)?.partition_point(|row| row.first < bytes);
            index = index * FAN_OUT + under.saturating_sub(1) as u64;
        }
        let before = self.page(index)?.partition_point(|other| other < record);
        Ok(index * PAGE_RECORDS + before as u64)
    }

    /// The records of a range of places.
    fn records(&self, places: Range<u64>) -> Result<Vec<Record>, Missing> {
        let mut records = Vec::new();
        let mut next = places.start;
        while next < places.end {
            let index = next / PAGE_RECORDS;
            let (page, first) = (self.page(index)?, index * PAGE_RECORDS);
            let until = places.end.min(first + page.len() as u64);
            if until <= next {
                return Err(self.damaged(0, index));
            }
            records.extend_from_slice(&page[(next - first) as usize..(until - first) as usize]);
            next = until;
        }
        Ok(records)
    }

    /// The buckets between two records, with a neighbour at each side that has any, and their proof.
    fn span(&self, begin: &Record, end: &Record) -> Result<Span, Missing> {
        let (begin, end) = (self.place_of(begin)?, self.place_of(end)?);
        let bucket = begin.saturating_sub(1) / BUCKET_RECORDS;
        let last = end.min(self.run.records.saturating_sub(1)) / BUCKET_RECORDS;
        let places = bucket * BUCKET_RECORDS..self.run.records.min((last + 1) * BUCKET_RECORDS);
        let records = self.records(places)?;
        match span::prove(self, bucket..last + 1, self.run.buckets()) {
            Ok(proof) => Ok(Span { bucket, records, proof }),
            Err(span::SpanProveError::Nodes(missing)) => Err(missing),
            Err(span::SpanProveError::OutOfTree { .. }) => Err(self.damaged(0, last)),
        }
    }
}

impl Nodes for RunReader<'_> {
    type Error = Missing;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Missing> {
        // A page is the subtree of 16 buckets, 2^4; a node of height h that of 2^(4h + 4). What lies between is made of the
        // hashes of one page or node.
        let step = FAN_OUT.ilog2();
        let (height, first, count) = ((level / step) as u8, index << (level % step), 1_u64 << (level % step));
        let at = first / FAN_OUT;
        let hashes = match height {
            0 => buckets(&self.value(0, at)?),
            _ => self.rows(height, at)?.into_iter().map(|row| row.hash).collect(),
        };
        let first = (first % FAN_OUT) as usize;
        let under = hashes.get(first..first + count as usize);
        under.map(over).ok_or_else(|| self.damaged(height, at))
    }
}
