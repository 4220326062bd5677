//! Counters: what went through, and what was dropped and why.
//!
//! A drop is never silent. Counters only grow; they are read without locks and may be a moment apart.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

use proto::message::Kind;

/// Why something was not sent or not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum DropReason {
    /// The peer's queue was full: its oldest frame went.
    QueueFull,
    /// The peer was away and the small queue kept for it was full: its oldest frame went.
    Away,
    /// The message was above its kind's bound, or on a lane it does not travel on.
    Unlawful,
    /// There is no such validator, or it is ourselves, or we are no validator.
    NoSuchPeer,
    /// The stream broke while these frames were on their way.
    StreamBroke,
    /// The network loop did not keep up with commands.
    Busy,
    /// A frame of a peer broke the rules; its stream was closed.
    BadFrame,
    /// A peer was silent or stalled in the middle of a frame; its stream was closed.
    Stalled,
    /// A request or announcement arrived while too many of them waited for the node.
    InboxFull,
    /// An announcement was not signed by a validator.
    Untrusted,
}

impl DropReason {
    /// Every reason, in order.
    pub const ALL: [Self; 10] = [
        Self::QueueFull,
        Self::Away,
        Self::Unlawful,
        Self::NoSuchPeer,
        Self::StreamBroke,
        Self::Busy,
        Self::BadFrame,
        Self::Stalled,
        Self::InboxFull,
        Self::Untrusted,
    ];
}

/// What one kind of message has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages received whole.
    pub frames_in: u64,
    /// Payload bytes received.
    pub bytes_in: u64,
    /// Messages handed to the transport.
    pub frames_out: u64,
    /// Payload bytes handed to the transport.
    pub bytes_out: u64,
}

/// A reading of the counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Validators connected now, ourselves not counted.
    pub validators_connected: u64,
    /// Other peers connected now.
    pub observers_connected: u64,
    /// Traffic by kind, in the order of `Kind::ALL`.
    pub traffic: [Traffic; Kind::ALL.len()],
    /// Drops by reason, in the order of `DropReason::ALL`.
    pub drops: [u64; DropReason::ALL.len()],
    /// Times a validator was shut out for breaking the rules.
    pub bans: u64,
}

impl Stats {
    /// The traffic of one kind.
    pub fn traffic(&self, kind: Kind) -> Traffic {
        self.traffic[slot(kind)]
    }

    /// The drops for one reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.drops[reason as usize]
    }
}

#[derive(Default)]
struct Cell {
    frames: AtomicU64,
    bytes: AtomicU64,
}

/// The live counters behind [`Stats`].
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) validators_connected: AtomicU64,
    pub(crate) observers_connected: AtomicU64,
    pub(crate) bans: AtomicU64,
    received: [Cell; Kind::ALL.len()],
    sent: [Cell; Kind::ALL.len()],
    drops: [AtomicU64; DropReason::ALL.len()],
}

impl Counters {
    pub(crate) fn received(&self, kind: Kind, bytes: usize) {
        add(&self.received[slot(kind)], bytes);
    }

    pub(crate) fn sent(&self, kind: Kind, bytes: usize) {
        add(&self.sent[slot(kind)], bytes);
    }

    pub(crate) fn dropped(&self, reason: DropReason, count: usize) {
        self.drops[reason as usize].fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            validators_connected: get(&self.validators_connected),
            observers_connected: get(&self.observers_connected),
            traffic: array::from_fn(|at| Traffic {
                frames_in: get(&self.received[at].frames),
                bytes_in: get(&self.received[at].bytes),
                frames_out: get(&self.sent[at].frames),
                bytes_out: get(&self.sent[at].bytes),
            }),
            drops: array::from_fn(|at| get(&self.drops[at])),
            bans: get(&self.bans),
        }
    }
}

fn add(cell: &Cell, bytes: usize) {
    cell.frames.fetch_add(1, Ordering::Relaxed);
    cell.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// Kinds are numbered from one without gaps; the test below holds `proto` to it.
fn slot(kind: Kind) -> usize {
    usize::from(kind as u8) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_reason_has_its_own_counter() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(slot(kind), at);
        }
        let counters = Counters::default();
        for (at, reason) in DropReason::ALL.into_iter().enumerate() {
            counters.dropped(reason, at + 1);
        }
        counters.received(Kind::Batch, 10);
        counters.sent(Kind::Vote, 3);
        let stats = counters.read();
        for (at, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(stats.drops(reason), at as u64 + 1, "{reason:?}");
        }
        assert_eq!(stats.traffic(Kind::Batch).bytes_in, 10);
        assert_eq!(stats.traffic(Kind::Vote), Traffic { frames_out: 1, bytes_out: 3, ..Traffic::default() });
    }
}
