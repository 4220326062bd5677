//! Merging: eight runs of a level become one of the next, some pages with each block.
//!
//! What was done stands in the store with the block that did it, so a crash anywhere loses nothing and repeats nothing.
//! Source: `STATE.md`, rule Z5.

use std::ops::Range;

use proto::lookup::{Record, Run};

use crate::change::Table;
use crate::lookup::run::{PAGE_RECORDS, Pages, RunId, heights};
use crate::lookup::schedule::{Part, RUNS};
use crate::read::ReadError;

/// The runs that become this one.
pub(crate) fn inputs(output: RunId) -> impl Iterator<Item = RunId> {
    let Range { start, end } = output.number * RUNS..(output.number + 1) * RUNS;
    (start..end).map(move |number| RunId { level: output.level - 1, number })
}

/// Does one part; gives the run with the last one.
///
/// # Errors
/// `ReadError`.
pub(crate) fn advance(
    output: RunId,
    inputs: &[(RunId, Run)],
    part: Part,
    pages: &mut Pages<'_>,
) -> Result<Option<Run>, ReadError> {
    let Some((_, Run { end, .. })) = inputs.last() else { return Ok(None) };
    let records: u64 = inputs.iter().map(|(_, run)| run.records).sum();
    let target = part.of(records.div_ceil(PAGE_RECORDS));
    // What the parts before have written is known by their number, so a part that writes nothing reads nothing.
    if part.range(records.div_ceil(PAGE_RECORDS)).is_empty() {
        return Ok(None);
    }
    let mut growing = pages.growing(output)?;
    let mut sources = Vec::new();
    for ((id, run), taken) in inputs.iter().zip(growing.taken) {
        sources.push(Source::open(*id, run.records, taken, pages)?);
    }
    while growing.records < records && growing.records.div_ceil(PAGE_RECORDS) < target {
        let page = next_page(&mut sources, pages)?;
        growing.page(output, page, pages.change);
    }
    for (taken, source) in growing.taken.iter_mut().zip(&sources) {
        *taken = source.taken;
    }
    if part.is_last() {
        return Ok(Some(growing.finish(output, *end, pages.change)));
    }
    pages.put_growing(output, &growing);
    Ok(None)
}

/// The least records that are left, as many as a page holds.
fn next_page(sources: &mut [Source], pages: &Pages<'_>) -> Result<Vec<u8>, ReadError> {
    let mut page = Vec::with_capacity(PAGE_RECORDS as usize * Record::BYTES);
    while page.len() < PAGE_RECORDS as usize * Record::BYTES {
        let least = sources.iter_mut().filter(|it| it.head.is_some()).min_by_key(|it| it.head);
        let Some(source) = least else { break };
        if let Some(head) = source.next(pages)? {
            head.write(&mut page);
        }
    }
    Ok(page)
}

/// A record as numbers, which are compared faster than its bytes, in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head(u128, u64);

impl Head {
    fn of(record: &[u8; Record::BYTES]) -> Option<Self> {
        let (prefix, index) = record.split_first_chunk()?;
        Some(Self(u128::from_be_bytes(*prefix), u64::from_be_bytes(index.try_into().ok()?)))
    }

    fn write(self, page: &mut Vec<u8>) {
        page.extend_from_slice(&self.0.to_be_bytes());
        page.extend_from_slice(&self.1.to_be_bytes());
    }
}

/// A run that is read from front to back.
struct Source {
    id: RunId,
    records: u64,
    taken: u64,
    /// The page that holds the next record.
    page: Vec<u8>,
    /// That record; none at the end.
    head: Option<Head>,
}

impl Source {
    fn open(id: RunId, records: u64, taken: u64, pages: &Pages<'_>) -> Result<Self, ReadError> {
        let mut source = Self { id, records, taken, page: Vec::new(), head: None };
        if taken < records {
            source.page = pages.page(id, taken / PAGE_RECORDS)?;
            source.head = source.at(taken)?;
        }
        Ok(source)
    }

    fn at(&self, place: u64) -> Result<Option<Head>, ReadError> {
        let (records, _) = self.page.as_chunks::<{ Record::BYTES }>();
        let record = records.get((place % PAGE_RECORDS) as usize);
        let short = || {
            let key = self.id.page_key(0, place / PAGE_RECORDS);
            ReadError::damaged(Table::LookupPages, &key, "a page is shorter than its run says")
        };
        record.map(Head::of).ok_or_else(short)
    }

    fn next(&mut self, pages: &Pages<'_>) -> Result<Option<Head>, ReadError> {
        let Some(head) = self.head.take() else { return Ok(None) };
        self.taken += 1;
        if self.taken < self.records {
            if self.taken.is_multiple_of(PAGE_RECORDS) {
                self.page = pages.page(self.id, self.taken / PAGE_RECORDS)?;
            }
            self.head = self.at(self.taken)?;
        }
        Ok(Some(head))
    }
}

/// Removes a part of a run's pages and nodes, and with the last one what is known of it.
pub(crate) fn remove(id: RunId, part: Part, pages: &mut Pages<'_>) -> Result<(), ReadError> {
    let counts = heights(pages.complete(id)?.records);
    let mut first = 0;
    let range = part.range(counts.iter().sum());
    for (height, count) in (0..).zip(counts) {
        for unit in range.start.max(first)..range.end.min(first + count) {
            pages.change.delete(Table::LookupPages, &id.page_key(height, unit - first));
        }
        first += count;
    }
    if part.is_last() {
        pages.change.delete(Table::LookupRuns, &id.key());
    }
    Ok(())
}
