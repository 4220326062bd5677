//! What is in the log and not in the engine yet: two tables in memory, over which the engine is read.
//!
//! Commits go into the younger one. When it is large or old it becomes the elder, and stays readable as such until the
//! engine has all of it: a key is looked for in the younger, then in the elder, then in the engine, and a deletion that is
//! met there ends the search as a value does.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::engine::Range;

/// Stored keys to payloads, or to nothing where deleted.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Which end of a range is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Least,
    Greatest,
}

/// The two tables.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    younger: Writes,
    elder: Arc<Writes>,
}

impl Waiting {
    /// What waits for a key: its value, or that it is deleted; none when the engine knows.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let found = self.younger.get(key).or_else(|| self.elder.get(key))?;
        Some(found.as_deref())
    }

    /// The outermost key in a range that is not empty, with what waits for it.
    pub(crate) fn outermost(&self, range: &Range, side: Side) -> Option<(&[u8], Option<&[u8]>)> {
        let (younger, elder) = (side.of(&self.younger, range), side.of(&self.elder, range));
        let (key, value) = match (younger, elder) {
            (Some(younger), Some(elder)) if side.prefers(elder.0, younger.0) => elder,
            (Some(younger), _) => younger,
            (None, elder) => elder?,
        };
        Some((key, value.as_deref()))
    }

    /// Adds a set; all of it is seen at once by whoever locks this.
    pub(crate) fn add(&mut self, writes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) {
        self.younger.extend(writes);
    }

    /// Makes the younger table the elder, which is written to the engine next. The elder has to be empty.
    pub(crate) fn freeze(&mut self) -> Arc<Writes> {
        debug_assert!(self.elder.is_empty(), "one table is written at a time");
        self.elder = Arc::new(std::mem::take(&mut self.younger));
        Arc::clone(&self.elder)
    }

    /// Forgets the elder table: the engine has it.
    pub(crate) fn forget(&mut self) {
        self.elder = Arc::default();
    }
}

impl Side {
    fn of<'a>(self, writes: &'a Writes, range: &Range) -> Option<(&'a Vec<u8>, &'a Option<Vec<u8>>)> {
        let mut found = writes.range(range.clone());
        match self {
            Self::Least => found.next(),
            Self::Greatest => found.next_back(),
        }
    }

    /// Whether `one` lies farther out than `other`.
    pub(crate) fn prefers(self, one: &[u8], other: &[u8]) -> bool {
        match self {
            Self::Least => one < other,
            Self::Greatest => one > other,
        }
    }

    /// What is left of a range behind its outermost key; none when that is nothing.
    pub(crate) fn behind(self, range: Range, key: &[u8]) -> Option<Range> {
        let rest = match self {
            Self::Least => (Bound::Excluded(key.to_vec()), range.1),
            Self::Greatest => (range.0, Bound::Excluded(key.to_vec())),
        };
        (!is_empty(&rest)).then_some(rest)
    }
}

/// Whether nothing can lie in a range; maps refuse some of these.
pub(crate) fn is_empty(range: &Range) -> bool {
    match (&range.0, &range.1) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to) | Bound::Included(to)) => {
            from >= to
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

/// What a set takes in memory, in bytes, about.
pub(crate) fn bytes(writes: &[(Vec<u8>, Option<Vec<u8>>)]) -> usize {
    /// Nodes of the map, headers of the vectors.
    const OVERHEAD_BYTES: usize = 80;
    writes.iter().map(|(key, value)| OVERHEAD_BYTES + key.len() + value.as_ref().map_or(0, Vec::len)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(writes: &[(&str, Option<&str>)]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        writes
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec())))
            .collect()
    }

    fn range(from: &str, to: &str) -> Range {
        (Bound::Included(from.into()), Bound::Included(to.into()))
    }

    #[test]
    fn the_younger_table_wins_and_a_deletion_is_an_answer() {
        let mut waiting = Waiting::default();
        waiting.add(set(&[("a", Some("1")), ("b", Some("1")), ("d", Some("1"))]));
        assert_eq!(waiting.freeze().len(), 3);
        waiting.add(set(&[("b", None), ("c", Some("2"))]));
        assert_eq!(waiting.get(b"a"), Some(Some(b"1".as_slice())));
        assert_eq!(waiting.get(b"b"), Some(None));
        assert_eq!(waiting.get(b"e"), None);

        let outermost = |from, to, side| waiting.outermost(&range(from, to), side).map(|(key, _)| key);
        assert_eq!(waiting.outermost(&range("b", "b"), Side::Least), Some((b"b".as_slice(), None)));
        assert_eq!(outermost("a", "c", Side::Greatest), Some(b"c".as_slice()));
        assert_eq!(outermost("a", "z", Side::Greatest), Some(b"d".as_slice()));
        assert_eq!(outermost("a", "z", Side::Least), Some(b"a".as_slice()));
        assert_eq!(outermost("e", "z", Side::Least), None);

        waiting.forget();
        assert_eq!(waiting.get(b"a"), None);
        assert_eq!(waiting.get(b"c"), Some(Some(b"2".as_slice())));
    }

    #[test]
    fn a_range_is_used_up_from_either_side() {
        let (least, greatest) = (Side::Least, Side::Greatest);
        assert_eq!(
            least.behind(range("a", "c"), b"a"),
            Some((Bound::Excluded("a".into()), Bound::Included("c".into())))
        );
        assert_eq!(least.behind(range("a", "c"), b"c"), None);
        assert_eq!(greatest.behind(range("a", "c"), b"a"), None);
        let open = (Bound::Included(b"a".to_vec()), Bound::Excluded(b"b".to_vec()));
        assert!(greatest.behind(open.clone(), b"aa").is_some());
        assert!(!is_empty(&open) && is_empty(&range("b", "a")) && !is_empty(&range("a", "a")));
    }
}
