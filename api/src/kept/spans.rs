//! Values that each hold for a range of numbers, as many as fit into so many bytes; the least used go first.
//!
//! Written here and not taken from a crate of caches, because those find by equal keys, and what is kept here is found
//! by any number of its range.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by ranges that do not overlap.
#[derive(Debug)]
pub(super) struct Spans<V> {
    /// By the last number of the range.
    slots: BTreeMap<u64, Slot<V>>,
    /// The last numbers again, by when their values were used.
    used: BTreeMap<u64, u64>,
    /// Counts uses; at a million a second it lasts for half a million years.
    clock: u64,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Slot<V> {
    first: u64,
    used: u64,
    bytes: usize,
    value: Arc<V>,
}

impl<V> Spans<V> {
    /// Keeps nothing yet, and never more than so many bytes.
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { slots: BTreeMap::new(), used: BTreeMap::new(), clock: 0, bytes: 0, bytes_max }
    }

    /// The value whose range holds a number.
    pub(super) fn holding(&mut self, number: u64) -> Option<Arc<V>> {
        let (last, slot) = self.slots.range_mut(number..).next()?;
        if slot.first > number {
            return None;
        }
        self.clock += 1;
        self.used.remove(&slot.used);
        self.used.insert(self.clock, *last);
        slot.used = self.clock;
        Some(Arc::clone(&slot.value))
    }

    /// The value whose range ends with this number.
    pub(super) fn ending(&mut self, last: u64) -> Option<Arc<V>> {
        self.slots.contains_key(&last).then(|| self.holding(last))?
    }

    /// Keeps a value of so many bytes for the numbers from `first` to `last`, instead of one that ended there. One that
    /// is larger than all there is room for is not kept.
    pub(super) fn keep(&mut self, first: u64, last: u64, bytes: usize, value: Arc<V>) {
        self.drop(last);
        if bytes > self.bytes_max {
            return;
        }
        while self.bytes + bytes > self.bytes_max
            && let Some((_, last)) = self.used.first_key_value()
        {
            self.drop(*last);
        }
        self.clock += 1;
        self.used.insert(self.clock, last);
        self.slots.insert(last, Slot { first, used: self.clock, bytes, value });
        self.bytes += bytes;
    }

    fn drop(&mut self, last: u64) {
        if let Some(slot) = self.slots.remove(&last) {
            self.used.remove(&slot.used);
            self.bytes -= slot.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(entries: &[(u64, u64, usize)]) -> Spans<(u64, u64)> {
        let mut spans = Spans::new(10);
        for (first, last, bytes) in entries {
            spans.keep(*first, *last, *bytes, Arc::new((*first, *last)));
        }
        spans
    }

    #[test]
    fn a_value_is_found_by_every_number_of_its_range_and_no_other() {
        let mut spans = spans(&[(10, 19, 1), (30, 30, 1), (0, 4, 1)]);
        let mut found = |number| spans.holding(number).map(|value| *value);
        for (number, expected) in [
            (0, Some((0, 4))),
            (4, Some((0, 4))),
            (5, None),
            (9, None),
            (10, Some((10, 19))),
            (19, Some((10, 19))),
            (20, None),
            (29, None),
            (30, Some((30, 30))),
            (31, None),
            (u64::MAX, None),
        ] {
            assert_eq!(found(number), expected, "{number}");
        }
        assert_eq!(spans.ending(19).as_deref(), Some(&(10, 19)));
        assert_eq!(spans.ending(18), None);
    }

    #[test]
    fn the_least_used_make_room_and_the_bytes_stay_below_the_bound() {
        let mut spans = spans(&[(0, 0, 4), (1, 1, 4)]);
        assert!(spans.holding(0).is_some());
        spans.keep(2, 2, 4, Arc::new((2, 2)));
        assert_eq!([0, 1, 2].map(|number| spans.holding(number).is_some()), [true, false, true]);
        spans.keep(3, 3, 10, Arc::new((3, 3)));
        assert_eq!((spans.slots.len(), spans.used.len(), spans.bytes), (1, 1, 10));
        // Too large for any room: nothing goes for it.
        spans.keep(4, 4, 11, Arc::new((4, 4)));
        assert_eq!((spans.holding(4), spans.holding(3).is_some(), spans.bytes), (None, true, 10));
    }

    #[test]
    fn a_grown_value_takes_the_place_of_the_one_before() {
        let mut spans = spans(&[(5, 9, 6)]);
        spans.keep(5, 9, 8, Arc::new((0, 0)));
        assert_eq!(spans.holding(7).as_deref(), Some(&(0, 0)));
        assert_eq!((spans.slots.len(), spans.used.len(), spans.bytes), (1, 1, 8));
    }
}
