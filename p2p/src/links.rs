//! Which validators are connected, told to whoever waits for it.
//!
//! Each validator has a counter of changes: odd while connected, even while not. Whoever compares it with the
//! value seen last learns of a link that fell and rose in between, and a flapping peer costs no memory.

use tokio::sync::watch;

/// The changes of every validator's link, by index.
pub(crate) type LinkCounts = Vec<u64>;

/// Whether a count means connected.
pub(crate) fn is_up(count: u64) -> bool {
    count % 2 == 1
}

/// The writing end, held by the network loop.
pub(crate) struct Links {
    counts: watch::Sender<LinkCounts>,
}

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkChange {
    /// The first connection stands.
    Up,
    /// The last connection fell.
    Down,
    /// A new connection has taken the place of one that was stale.
    Renewed,
}

impl Links {
    pub(crate) fn new(validators: u16) -> Self {
        Self { counts: watch::Sender::new(vec![0; usize::from(validators)]) }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<LinkCounts> {
        self.counts.subscribe()
    }

    pub(crate) fn change(&self, index: u16, change: LinkChange) {
        self.counts.send_if_modified(|counts| {
            let Some(count) = counts.get_mut(usize::from(index)) else { return false };
            let steps = match (change, is_up(*count)) {
                (LinkChange::Up, false) | (LinkChange::Down, true) => 1,
                (LinkChange::Renewed, true) => 2,
                (LinkChange::Renewed, false) => 1,
                (LinkChange::Up, true) | (LinkChange::Down, false) => 0,
            };
            *count += steps;
            steps > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_odd_exactly_while_connected() {
        let links = Links::new(2);
        let counts = links.watch();
        let steps = [
            (LinkChange::Down, 0),
            (LinkChange::Up, 1),
            (LinkChange::Up, 1),
            (LinkChange::Renewed, 3),
            (LinkChange::Down, 4),
            (LinkChange::Renewed, 5),
        ];
        for (change, expected) in steps {
            links.change(1, change);
            assert_eq!(*counts.borrow(), [0, expected], "{change:?}");
        }
        links.change(9, LinkChange::Up);
        assert_eq!(*counts.borrow(), [0, 5]);
    }
}
