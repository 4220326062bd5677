//! Whether what is stored of the log is what it was: its leaves lead to the root that the tip states and that a quorum
//! signed, and its index names the leaves that it should.
//!
//! For who fears that somebody has put other bytes into the store, checksum and all. A node looks at the newest leaves when
//! it starts; `quorate audit-log check` looks at all. Source: `STATE.md`, rule U5.

use merkle::leaf_hash;
use proto::counter::{LeafIndex, TreeSize};

use super::Postings;
use crate::bundle::Bundle;
use crate::change::Table;
use crate::checkpoint;
use crate::log::{nodes, range_at};
use crate::read::{Read, ReadError};
use crate::tip::Tip;

/// What was looked at, and found as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The first leaf that was looked at.
    pub from: LeafIndex,
    /// The number of leaves of the log.
    pub size: TreeSize,
    /// The size of the newest head that a quorum signed, if the leaves looked at lead to it.
    pub certified: Option<TreeSize>,
    /// Values of the index.
    pub terms: u64,
}

/// Looks at the leaves of the blocks from the one on that holds the leaf `from`; `said` hears how many of how many are done.
///
/// # Errors
/// `ReadError`: `Damaged` says what is not as it should be.
pub fn check(base: &dyn Read, from: LeafIndex, said: &mut dyn FnMut(u64, u64)) -> Result<Checked, ReadError> {
    let Some(tip) = Tip::load(base)? else { return Ok(Checked::default()) };
    let end = tip.head.size.get();
    let Some(begin) = Bundle::holding(base, from)?.map(|bundle| bundle.first().get()) else {
        return Err(ReadError::damaged(Table::Leaves, &from.get().to_be_bytes(), "the leaf is missing"));
    };
    let certified = checkpoint::latest(base)?.map(|it| it.head).filter(|head| head.size.get() > begin);
    let mut range = range_at(&nodes(|key| base.get(Table::Tiles, key), tip.head.size), begin)?;
    let (mut next, mut terms) = (begin, 0);
    let mut is_certified = false;
    while next < end {
        let damaged = |fault: String| ReadError::damaged(Table::Leaves, &next.to_be_bytes(), fault);
        let bundle = Bundle::holding(base, LeafIndex::new(next))?;
        let bundle = bundle.filter(|bundle| bundle.first().get() == next);
        let bundle = bundle.ok_or_else(|| damaged("the leaves from here on are missing".to_owned()))?;
        for leaf in bundle.from(bundle.first()) {
            range.append(leaf_hash(leaf), &mut |_, _, _| {}).map_err(|fault| damaged(fault.to_string()))?;
            if let Some(head) = certified.filter(|head| head.size.get() == range.size()) {
                is_certified = range.root() == head.root;
                if !is_certified {
                    return Err(damaged(format!(
                        "{} leaves lead to root {}, a quorum signed {}",
                        head.size,
                        range.root(),
                        head.root
                    )));
                }
            }
        }
        terms += expect_terms(base, &bundle)?;
        next = bundle.last().get() + 1;
        said(next - begin, end - begin);
    }
    let (found, stated) = (range.root(), tip.head.root);
    if found != stated {
        let fault = format!("{end} leaves lead to root {found}, the tip says {stated}");
        return Err(ReadError::damaged(Table::Leaves, &begin.to_be_bytes(), fault));
    }
    if let Some(head) = certified.filter(|_| !is_certified) {
        let fault = format!("a quorum signed a head of {} leaves, there are {end}", head.size);
        return Err(ReadError::damaged(Table::Leaves, &begin.to_be_bytes(), fault));
    }
    if begin == 0 {
        expect_count(base, terms)?;
    }
    let certified = certified.map(|head| head.size);
    Ok(Checked { from: LeafIndex::new(begin), size: tip.head.size, certified, terms })
}

/// Whether the index says of a block what its leaves say; how many values that are.
fn expect_terms(base: &dyn Read, bundle: &Bundle) -> Result<u64, ReadError> {
    let (postings, time) = Postings::of(bundle)?;
    let Some((time, end)) = time else { return Ok(0) };
    let mut expected = crate::change::ChangeSet::new();
    postings.put(time, end, &mut expected);
    let mut terms = 0;
    for (table, key, value) in expected.iter() {
        if base.get(table, key)?.as_deref() != value {
            return Err(ReadError::damaged(table, key, "the index does not say what the leaves say"));
        }
        terms += u64::from(table == Table::AuditTerms);
    }
    Ok(terms)
}

/// Whether there is nothing else in the index.
fn expect_count(base: &dyn Read, expected: u64) -> Result<(), ReadError> {
    let (mut found, mut next) = (0, Vec::new());
    while let Some((key, _)) = base.at_or_above(Table::AuditTerms, &next)? {
        found += 1;
        if found > expected {
            let fault = format!("the index has more values than the {expected} that follow from the leaves");
            return Err(ReadError::damaged(Table::AuditTerms, &key, fault));
        }
        next = [&key[..], &[0]].concat();
    }
    Ok(())
}
