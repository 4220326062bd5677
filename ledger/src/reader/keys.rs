//! What is asked of keys: which identities list one, and at which leaf a block time begins.

use crypto::KeyId;
use proto::canonical::Canonical as _;
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::entry::Entry;
use proto::id::Did;

use super::LedgerReader;
use crate::bundle::Bundle;
use crate::change::Table;
use crate::read::ReadError;

impl LedgerReader {
    /// The identities that list a key or did, in the order of their names, each with the leaf that listed it; at most
    /// `max`.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn listings(&self, key: &KeyId, max: usize) -> Result<Vec<(Did, LeafIndex)>, ReadError> {
        let prefix = key.digest();
        let prefix = prefix.as_bytes().as_slice();
        let (mut listings, mut next) = (Vec::new(), prefix.to_vec());
        while listings.len() < max {
            let Some((found, value)) = self.base.at_or_above(Table::Keys, &next)? else { break };
            let Some(name) = found.strip_prefix(prefix) else { break };
            let damaged = |fault: &str| ReadError::damaged(Table::Keys, &found, fault);
            let name = std::str::from_utf8(name).map_err(|_| damaged("the name is not text"))?;
            let did = Did::parse(name).map_err(|fault| damaged(&fault.to_string()))?;
            let index = <[u8; 8]>::try_from(value.as_slice()).map_err(|_| damaged("an index has 8 bytes"))?;
            listings.push((did, LeafIndex::new(u64::from_be_bytes(index))));
            // The least key after this one is this one with one zero byte more.
            next = [found.as_slice(), &[0]].concat();
        }
        Ok(listings)
    }

    /// The first leaf of the first block of this time or later, among the leaves below `size`; `size` itself when all of
    /// those are earlier.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn first_leaf_since(&self, time: TimeMs, size: TreeSize) -> Result<LeafIndex, ReadError> {
        // Block times grow with the heights, rule S3: all before `low` are earlier, all from `high` on are not.
        let (mut low, mut high) = (0, size.get());
        while low < high {
            let middle = LeafIndex::new(low + (high - low) / 2);
            let Some(bundle) = self.bundle(middle)? else { break };
            match bundle_time(&bundle)?.is_some_and(|found| found >= time) {
                true => high = bundle.first().get(),
                false => low = bundle.last().get().saturating_add(1),
            }
        }
        Ok(LeafIndex::new(low.min(size.get())))
    }
}

/// The time of the block whose leaves these are; none of the genesis, which is before all others.
fn bundle_time(bundle: &Bundle) -> Result<Option<TimeMs>, ReadError> {
    for leaf in bundle.from(bundle.first()) {
        let entry = Entry::decode(leaf).map_err(|fault| {
            ReadError::damaged(Table::Leaves, &bundle.first().get().to_be_bytes(), fault.to_string())
        })?;
        match entry {
            Entry::Submission(entry) => return Ok(Some(entry.time)),
            Entry::Block(block) => return Ok(Some(block.time)),
            // A statement that is a leaf by itself states no time; its block's leaf follows.
            Entry::Genesis(_) | Entry::Epoch(_) | Entry::Statement(_) => {}
        }
    }
    Ok(None)
}
