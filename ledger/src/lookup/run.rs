//! Runs: sorted records in pages, and above them the nodes of their tree.
//!
//! A page holds 256 records, 16 buckets of 16; a bucket is a leaf of the tree of RFC 6962. A node holds the first records
//! and the hashes of 16 pages, or of 16 nodes below it, so that whoever looks for a record or proves one reads one value of
//! each height. Each is written once. Source: `STATE.md`, rule Z2.

use crypto::Digest;
use merkle::{LeafHashes, leaf_hash, root_at};
use proto::counter::LeafIndex;
use proto::lookup::{BUCKET_RECORDS, Record, Run};

use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::lookup::schedule::RUNS;
use crate::overlay::Overlay;
use crate::read::ReadError;

/// Records of a page; the last one of a run holds what is left.
pub(crate) const PAGE_RECORDS: u64 = 256;
/// Pages, or nodes, under a node.
pub(crate) const FAN_OUT: u64 = PAGE_RECORDS / BUCKET_RECORDS;

/// A run: its level, and which of that level, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId {
    pub level: u8,
    pub number: u64,
}

impl RunId {
    /// Where it stands in `LookupRuns`.
    pub(crate) fn key(self) -> [u8; 9] {
        let mut key = [self.level; 9];
        key[1..].copy_from_slice(&self.number.to_be_bytes());
        key
    }

    /// Where its pages (height 0) and nodes stand in `LookupPages`.
    pub(crate) fn page_key(self, height: u8, index: u64) -> [u8; 18] {
        let mut key = [height; 18];
        key[..9].copy_from_slice(&self.key());
        key[10..].copy_from_slice(&index.to_be_bytes());
        key
    }
}

/// How many pages a run has, then how many nodes at each height above, up to the one at the top.
pub(crate) fn heights(records: u64) -> Vec<u64> {
    let mut counts = vec![records.div_ceil(PAGE_RECORDS)];
    while let Some(count) = counts.last().copied().filter(|count| *count > 1) {
        counts.push(count.div_ceil(FAN_OUT));
    }
    counts
}

/// The store as one block sees it and writes to it.
pub(crate) struct Pages<'a> {
    pub below: &'a Overlay,
    pub change: &'a mut ChangeSet,
}

impl Pages<'_> {
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self.change.get(table, key) {
            Some(written) => Ok(written.map(<[u8]>::to_vec)),
            None => self.below.get(table, key),
        }
    }

    /// The run as it is stored; none when it is not.
    fn run(&self, id: RunId) -> Result<Option<Stored>, ReadError> {
        self.get(Table::LookupRuns, &id.key())?.map(|bytes| Stored::decode(id, &bytes)).transpose()
    }

    /// A run that is complete.
    ///
    /// # Errors
    /// `Damaged` when it is missing or still grows.
    pub(crate) fn complete(&self, id: RunId) -> Result<Run, ReadError> {
        match self.run(id)? {
            Some(Stored::Complete(run)) => Ok(run),
            Some(Stored::Growing(_)) | None => Err(not_there(id)),
        }
    }

    /// A run that grows; an empty one before its first page.
    pub(crate) fn growing(&self, id: RunId) -> Result<Growing, ReadError> {
        match self.run(id)? {
            Some(Stored::Growing(growing)) => Ok(growing),
            None => Ok(Growing::default()),
            Some(Stored::Complete(_)) => Err(not_there(id)),
        }
    }

    pub(crate) fn put_growing(&mut self, id: RunId, growing: &Growing) {
        self.change.put(Table::LookupRuns, &id.key(), growing.encode());
    }

    /// The records of a page.
    pub(crate) fn page(&self, id: RunId, index: u64) -> Result<Vec<u8>, ReadError> {
        let key = id.page_key(0, index);
        let page = self.get(Table::LookupPages, &key)?;
        page.filter(|page| !page.is_empty() && page.len().is_multiple_of(Record::BYTES))
            .ok_or_else(|| ReadError::damaged(Table::LookupPages, &key, "a page is missing or torn"))
    }
}

fn not_there(id: RunId) -> ReadError {
    let fault = format!("run {} of level {} is not there", id.number, id.level);
    ReadError::damaged(Table::LookupRuns, &id.key(), fault)
}

/// What stands under a node: a page or a node, by its first record and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub first: [u8; Record::BYTES],
    pub hash: Digest,
}

impl Row {
    pub(crate) const BYTES: usize = Record::BYTES + 32;

    /// The rows of a node.
    pub(crate) fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let (rows, rest) = bytes.as_chunks::<{ Self::BYTES }>();
        let read = |row: &[u8; Self::BYTES]| {
            let (first, hash) = row.split_first_chunk()?;
            Some(Self { first: *first, hash: Digest::new(hash.try_into().ok()?) })
        };
        rows.iter().map(read).collect::<Option<Vec<_>>>().filter(|rows| rest.is_empty() && !rows.is_empty())
    }
}

/// The hash of a tree over these.
pub(crate) fn over(hashes: &[Digest]) -> Digest {
    root_at(&LeafHashes::new(hashes), hashes.len() as u64).expect("all leaves are at hand")
}

/// The hashes of the buckets of a page.
pub(crate) fn buckets(page: &[u8]) -> Vec<Digest> {
    page.chunks(BUCKET_RECORDS as usize * Record::BYTES).map(leaf_hash).collect()
}

/// A run that is being written: what has to be remembered from one part to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growing {
    /// Records written.
    pub records: u64,
    /// Of a run that is made of eight others: how many of each one's were taken.
    pub taken: [u64; RUNS as usize],
    /// By height, rows under a node that is not full.
    edge: Vec<Vec<Row>>,
}

impl Growing {
    /// Writes the next page: whole ones, and at last one that need not be.
    pub(crate) fn page(&mut self, id: RunId, page: Vec<u8>, change: &mut ChangeSet) {
        let Some(first) = page.first_chunk::<{ Record::BYTES }>() else { return };
        let row = Row { first: *first, hash: over(&buckets(&page)) };
        let index = self.records / PAGE_RECORDS;
        self.records += (page.len() / Record::BYTES) as u64;
        change.put(Table::LookupPages, &id.page_key(0, index), page);
        self.row(id, 0, row, change);
    }

    /// Takes the row of a page (height 0) or node, and writes the nodes that are full with it.
    fn row(&mut self, id: RunId, height: usize, row: Row, change: &mut ChangeSet) {
        if self.edge.len() == height {
            self.edge.push(Vec::new());
        }
        self.edge[height].push(row);
        if self.edge[height].len() as u64 == FAN_OUT {
            self.node(id, height, change);
        }
    }

    /// Writes a node over the rows at a height, and takes its own row.
    fn node(&mut self, id: RunId, height: usize, change: &mut ChangeSet) {
        let rows = std::mem::take(&mut self.edge[height]);
        let Some(Row { first, .. }) = rows.first() else { return };
        let hashes: Vec<_> = rows.iter().map(|row| row.hash).collect();
        let own = Row { first: *first, hash: over(&hashes) };
        // It is the last node of its height: the one over the last page.
        let above = FAN_OUT.pow(height as u32 + 1);
        let index = (self.records.div_ceil(PAGE_RECORDS) - 1) / above;
        let bytes = rows.iter().flat_map(|row| [&row.first[..], row.hash.as_bytes()].concat()).collect();
        change.put(Table::LookupPages, &id.page_key(height as u8 + 1, index), bytes);
        self.row(id, height + 1, own, change);
    }

    /// Writes what is not full, and the run as complete.
    pub(crate) fn finish(mut self, id: RunId, end: LeafIndex, change: &mut ChangeSet) -> Run {
        let counts = heights(self.records);
        for height in 0..counts.len() - 1 {
            if self.edge.get(height).is_some_and(|rows| !rows.is_empty()) {
                self.node(id, height, change);
            }
        }
        let top = self.edge.get(counts.len() - 1).and_then(|rows| rows.first());
        let root = top.map_or_else(merkle::empty_root, |row| row.hash);
        let run = Run { end, records: self.records, root };
        change.put(Table::LookupRuns, &id.key(), Stored::Complete(run).encode());
        run
    }

    fn encode(&self) -> Vec<u8> {
        let Self { records, taken, edge } = self;
        let mut to = Writer::new();
        to.u8(1).u64(*records);
        for taken in taken {
            to.u64(*taken);
        }
        to.count(edge.len());
        for rows in edge {
            let rows: Vec<_> =
                rows.iter().flat_map(|it| [&it.first[..], it.hash.as_bytes()].concat()).collect();
            to.bytes(&rows);
        }
        to.finish()
    }
}

/// What is kept of a run beside its pages.
pub(crate) enum Stored {
    Growing(Growing),
    Complete(Run),
}

impl Stored {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Growing(growing) => growing.encode(),
            Self::Complete(Run { end, records, root }) => {
                let mut to = Writer::new();
                to.u8(2).u64(end.get()).u64(*records).digest(root);
                to.finish()
            }
        }
    }

    pub(crate) fn decode(id: RunId, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| match from.u8()? {
            1 => {
                let records = from.u64()?;
                let mut taken = [0; RUNS as usize];
                for taken in &mut taken {
                    *taken = from.u64()?;
                }
                let edge = from.each(|from| match from.bytes()? {
                    [] => Ok(Vec::new()),
                    rows => Row::read_all(rows).ok_or(CodecError::field("rows", "torn")),
                })?;
                Ok(Self::Growing(Growing { records, taken, edge }))
            }
            2 => {
                let (end, records) = (LeafIndex::new(from.u64()?), from.u64()?);
                match records {
                    0 => Err(CodecError::Meaning { field: "records", found: 0 }),
                    _ => Ok(Self::Complete(Run { end, records, root: from.digest()? })),
                }
            }
            found => Err(CodecError::Meaning { field: "run", found: u64::from(found) }),
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::LookupRuns, &id.key()))
    }
}
