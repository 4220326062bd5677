//! Which validators are connected, told to whoever waits for it.
//!
//! Each validator has a counter of changes: odd while connected, even while not. Whoever compares it with the
//! value seen last learns of a link that fell and rose in between, and a flapping peer costs no memory. Who
//! leaves the roster and comes back begins above every count there was, so no change is taken for an old one.

use std::collections::BTreeMap;

use libp2p::PeerId;
use tokio::sync::watch;

/// The changes of every validator's link.
pub(crate) type LinkCounts = BTreeMap<PeerId, u64>;

/// Whether a count means connected.
pub(crate) fn is_up(count: u64) -> bool {
    count % 2 == 1
}

/// The writing end, held by the network loop.
pub(crate) struct Links {
    counts: watch::Sender<LinkCounts>,
    /// What the count of a newcomer begins with: even, and above those of all who left.
    first: u64,
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
    pub(crate) fn new(validators: impl IntoIterator<Item = PeerId>) -> Self {
        Self { counts: watch::Sender::new(validators.into_iter().map(|peer| (peer, 0)).collect()), first: 0 }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<LinkCounts> {
        self.counts.subscribe()
    }

    /// Whether a validator is connected.
    pub(crate) fn is_up(&self, peer: &PeerId) -> bool {
        self.counts.borrow().get(peer).copied().is_some_and(is_up)
    }

    /// A validator more, not connected.
    pub(crate) fn add(&self, peer: PeerId) {
        self.counts.send_modify(|counts| {
            counts.entry(peer).or_insert(self.first);
        });
    }

    /// A validator less.
    pub(crate) fn remove(&mut self, peer: &PeerId) {
        let mut last = None;
        self.counts.send_modify(|counts| last = counts.remove(peer));
        if let Some(last) = last {
            self.first = self.first.max(last + 2 - last % 2);
        }
    }

    pub(crate) fn change(&self, peer: &PeerId, change: LinkChange) {
        self.counts.send_if_modified(|counts| {
            let Some(count) = counts.get_mut(peer) else { return false };
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
        let [first, second, stranger] = [(); 3].map(|()| PeerId::random());
        let links = Links::new([first, second]);
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
            links.change(&second, change);
            assert_eq!(*counts.borrow(), [(first, 0), (second, expected)].into(), "{change:?}");
        }
        links.change(&stranger, LinkChange::Up);
        assert_eq!(*counts.borrow(), [(first, 0), (second, 5)].into());
    }

    #[test]
    fn who_comes_back_is_not_taken_for_who_left() {
        let peer = PeerId::random();
        let mut links = Links::new([peer]);
        for expected in [0, 2, 4] {
            assert_eq!(*links.watch().borrow(), [(peer, expected)].into());
            links.change(&peer, LinkChange::Up);
            links.remove(&peer);
            assert!(links.watch().borrow().is_empty());
            links.add(peer);
        }
    }
}
