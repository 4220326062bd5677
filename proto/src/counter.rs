//! Counters: each a type of its own, so that a view never stands where a height is meant.
//!
//! There is no `From<u64>`: a number becomes a counter by `new`, where a reader sees it. `next` saturates,
//! because no honest network comes near the end and a hostile number must not make a node panic.

use std::fmt;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The first one.
            pub const ZERO: Self = Self(0);

            /// Wraps a number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after; the last stays the last.
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// One attempt by one leader. View 0 is genesis; the first proposal is made in view 1.
    View
);
counter!(
    /// A block's distance from genesis.
    Height
);
counter!(
    /// The reign of one validator set.
    Epoch
);
counter!(
    /// The position of a leaf in the log, from 0.
    LeafIndex
);
counter!(
    /// The number of leaves in the log.
    TreeSize
);
counter!(
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    TimeMs
);

impl View {
    /// Whether this view comes directly after `earlier`. False at the end of the numbers.
    pub const fn follows(self, earlier: Self) -> bool {
        match earlier.0.checked_add(1) {
            Some(next) => self.0 == next,
            None => false,
        }
    }
}

impl LeafIndex {
    /// The smallest log that contains this leaf.
    pub const fn size_after(self) -> TreeSize {
        TreeSize(self.0.saturating_add(1))
    }
}

/// A day of 24 hours, in milliseconds.
pub const DAY_MS: u64 = 86_400_000;

impl TimeMs {
    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This time plus `ms`; saturates.
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This time plus so many days of 24 hours; saturates.
    pub const fn plus_days(self, days: u32) -> Self {
        self.plus(days as u64 * DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_view_has_no_follower() {
        let last = View::new(u64::MAX);
        assert_eq!(last.next(), last);
        assert!(!last.follows(last));
        assert!(!View::ZERO.follows(last));
        assert!(View::new(1).follows(View::ZERO));
    }
}
