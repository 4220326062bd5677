//! Artifacts by tenant, and what they sum up to at a size of the log.

use std::collections::BTreeSet;

use crypto::Digest;
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::entry::Entry;
use proto::id::{SubmissionId, Tenant};

use super::LedgerReader;
use crate::change::Table;
use crate::read::ReadError;
use crate::retention::{self, Class, Deed, ENDED_MAX, Endings, Retained, Totals};

/// Leaves, and the artifacts they speak of.
pub type Listed = Vec<(LeafIndex, SubmissionId)>;

impl LedgerReader {
    /// From which leaf on the lists by tenant hold every artifact. What was committed before, by a program that made no such
    /// lists, is in none of them.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn retained_from(&self) -> Result<LeafIndex, ReadError> {
        match self.base().get(Table::RetentionLog, retention::FROM)? {
            Some(leaf) => retention::read_leaf(Table::RetentionLog, &leaf),
            None => match self.base().at_or_above(Table::Artifacts, &[])? {
                None => Ok(LeafIndex::ZERO),
                Some(_) => Ok(LeafIndex::new(self.size()?.get())),
            },
        }
    }

    /// An artifact as a tenant's; none of what was committed before there were such lists.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn retained(&self, id: &SubmissionId) -> Result<Option<Retained>, ReadError> {
        let stored = self.base().get(Table::Retained, id.as_bytes())?;
        stored.map(|bytes| Retained::decode(id, &bytes)).transpose()
    }

    /// The submission by which a tenant committed to a content the last time, if its address was the content's own digest;
    /// none of what was committed before there were such lists.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn artifact_with(
        &self,
        tenant: &Tenant,
        content: &Digest,
    ) -> Result<Option<SubmissionId>, ReadError> {
        let key = retention::content_key(tenant, content);
        let stored = self.base().get(Table::RetentionLog, &key)?;
        stored.map(|bytes| retention::read_artifact(&key, &bytes)).transpose()
    }

    /// Up to `max` artifacts of a tenant in the log of this size, the newest first.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn artifacts_of(&self, tenant: &Tenant, size: TreeSize, max: usize) -> Result<Listed, ReadError> {
        self.deeds_before(Deed::Committed, tenant, size, max)
    }

    /// Up to `max` tombstones of a tenant's artifacts in the log of this size, the newest first: each with the
    /// artifact that it erased.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn tombstones_of(&self, tenant: &Tenant, size: TreeSize, max: usize) -> Result<Listed, ReadError> {
        self.deeds_before(Deed::Erased, tenant, size, max)
    }

    fn deeds_before(
        &self,
        deed: Deed,
        tenant: &Tenant,
        size: TreeSize,
        max: usize,
    ) -> Result<Listed, ReadError> {
        let (mut found, mut next) = (Vec::new(), size.get().checked_sub(1));
        while let Some(leaf) = next.filter(|_| found.len() < max) {
            let key = retention::deed_key(deed, tenant, LeafIndex::new(leaf));
            let Some(pair) = self.base().at_or_below(Table::RetentionLog, &key)? else { break };
            if !pair.0.starts_with(&key[..key.len() - 8]) {
                break;
            }
            let (leaf, id) = retention::read_deed(&pair)?;
            found.push((leaf, id));
            next = leaf.get().checked_sub(1);
        }
        Ok(found)
    }

    fn deeds_from(
        &self,
        deed: Deed,
        tenant: &Tenant,
        from: LeafIndex,
        max: usize,
    ) -> Result<Listed, ReadError> {
        let (mut found, mut next) = (Vec::new(), retention::deed_key(deed, tenant, from));
        let prefix = next[..next.len() - 8].to_vec();
        while found.len() < max {
            let Some(pair) = self.base().at_or_above(Table::RetentionLog, &next)? else { break };
            if !pair.0.starts_with(&prefix) {
                break;
            }
            found.push(retention::read_deed(&pair)?);
            next = [&pair.0[..], &[0]].concat();
        }
        Ok(found)
    }

    /// What a tenant's artifacts of a class sum up to in the log of this size.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn retained_totals(
        &self,
        tenant: &Tenant,
        class: Class,
        size: TreeSize,
    ) -> Result<Totals, ReadError> {
        let Some(last) = size.get().checked_sub(1) else { return Ok(Totals::default()) };
        let key = retention::totals_key(tenant, class, LeafIndex::new(last));
        match self.base().at_or_below(Table::RetentionLog, &key)? {
            Some((found, value)) if found.starts_with(&key[..key.len() - 8]) => {
                Totals::decode(&found, &value)
            }
            Some(_) | None => Ok(Totals::default()),
        }
    }

    /// What of a tenant's class is over at a time without a tombstone, and when the next is, in the log of this size.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn retained_endings(
        &self,
        tenant: &Tenant,
        class: Class,
        size: TreeSize,
        time: TimeMs,
    ) -> Result<Endings, ReadError> {
        let is_in = |committed: LeafIndex| committed.get() < size.get();
        let prefix = retention::ends_of(tenant, class);
        let (mut ended, mut next) = (BTreeSet::new(), None);
        let mut key = prefix.clone();
        while let Some(pair) = self.base().at_or_above(Table::RetentionEnds, &key)? {
            if !pair.0.starts_with(&prefix) {
                break;
            }
            let (until, id, committed) = retention::read_end(&pair)?;
            key = [&pair.0[..], &[0]].concat();
            if until > time && is_in(committed) {
                next = Some(until);
                break;
            }
            if until <= time && is_in(committed) {
                ended.insert(id);
            }
            if ended.len() as u64 >= ENDED_MAX {
                // Those that are not over come behind all that are.
                let after = time.get().saturating_add(1).to_be_bytes();
                key = key.max([&prefix[..], &after].concat());
            }
        }
        // Ends are taken away with the tombstone. Leaves behind this size have not happened yet.
        let from = LeafIndex::new(size.get());
        for (leaf, id) in self.deeds_from(Deed::Erased, tenant, from, ENDED_MAX as usize)? {
            let (Some(artifact), Some(retained)) = (self.artifact(&id)?, self.retained(&id)?) else {
                continue;
            };
            let Some(until) = artifact.retention.until() else { continue };
            if retained.class != class || !is_in(artifact.committed.index) || is_in(leaf) {
                continue;
            }
            match until <= time {
                true => {
                    ended.insert(id);
                }
                false => next = Some(next.map_or(until, |next: TimeMs| next.min(until))),
            }
        }
        Ok(Endings { ended: (ended.len() as u64).min(ENDED_MAX), next })
    }

    /// Time of the last block in the log of this size; zero of a log that has none.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn time_at(&self, size: TreeSize) -> Result<TimeMs, ReadError> {
        // A block's own leaf is its last, but for that of an epoch behind it.
        for behind in 1..=2 {
            let Some(index) = size.get().checked_sub(behind) else { break };
            if let Some((_, Entry::Block(block))) = self.entry(LeafIndex::new(index))? {
                return Ok(block.time);
            }
        }
        Ok(TimeMs::ZERO)
    }
}
