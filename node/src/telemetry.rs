//! What the node counts and logs, taken at its doors: events in, writes done, messages refused.
//!
//! The rules know no metric. Names never change; labels come from our own tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::{Alarm, Answer, Event, Timer};
use p2p::PeerId;

mod families;
pub mod log;
mod spread;

use crate::seats::Reign;
pub(crate) use families::source;
use spread::Times;

/// Why something from outside was dropped before it reached the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Dropped {
    /// Its bytes are no message.
    Malformed,
    /// A signature or certificate does not hold.
    Unverified,
    /// A submission that is malformed or not signed as it says.
    Submission,
}

impl Dropped {
    const ALL: [Self; 3] = [Self::Malformed, Self::Unverified, Self::Submission];

    const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unverified => "unverified",
            Self::Submission => "submission",
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    events: AtomicU64,
    view_timeouts: AtomicU64,
    submissions: AtomicU64,
    /// By the code of the rule that refused; codes come from the ledger's own table.
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    dropped: [AtomicU64; Dropped::ALL.len()],
    equivocations: AtomicU64,
    divergences: AtomicU64,
    misbehaviours: AtomicU64,
    journal: Times,
    journal_writes: AtomicU64,
    commits: Times,
    heights: AtomicU64,
    /// By what was answered.
    cosigning: Mutex<BTreeMap<&'static str, u64>>,
    two_heads: AtomicU64,
    /// By what came of it.
    outside: Mutex<BTreeMap<&'static str, u64>>,
    witnessed: AtomicU64,
    /// By what came of it.
    anchors: Mutex<BTreeMap<&'static str, u64>>,
    anchored: AtomicU64,
    disk_full: AtomicBool,
    published: AtomicU64,
    publish_failures: AtomicU64,
    connected: Mutex<BTreeSet<PeerId>>,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Counters {
    /// An event goes in.
    pub(crate) fn event(&self, event: &Event) {
        add(&self.events, 1);
        match event {
            Event::TimerFired(Timer::View(consensus::Timer::View { .. })) => add(&self.view_timeouts, 1),
            Event::Submit { .. } => add(&self.submissions, 1),
            Event::TimerFired(_)
            | Event::Message { .. }
            | Event::Request { .. }
            | Event::Response { .. }
            | Event::NoResponse { .. }
            | Event::Applied { .. }
            | Event::Certified { .. }
            | Event::OtherEpoch { .. }
            | Event::PeerUp { .. } => {}
        }
    }

    /// A caller is answered.
    pub(crate) fn answered(&self, answer: &Answer) {
        let code = match answer {
            Answer::Refused { id: _, rejection } => rejection.code(),
            Answer::Unable { fault: _ } => "unable",
            Answer::Full { retry_after_ms: _ } => "full",
            Answer::Accepted { .. } | Answer::Known { .. } => return,
        };
        *self.rejected.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// How often submissions were refused, by code.
    pub(crate) fn rejected(&self) -> BTreeMap<&'static str, u64> {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something was dropped at the door.
    pub(crate) fn dropped(&self, why: Dropped) {
        add(&self.dropped[why as usize], 1);
    }

    /// How often something was dropped for this reason.
    pub(crate) fn dropped_count(&self, why: Dropped) -> u64 {
        self.dropped[why as usize].load(Ordering::Relaxed)
    }

    /// The engine raised an alarm.
    pub(crate) fn alarm(&self, alarm: &Alarm) {
        match alarm {
            Alarm::Equivocation(_) => add(&self.equivocations, 1),
            Alarm::Divergence(_) | Alarm::Diverged { .. } => add(&self.divergences, 1),
            Alarm::Misbehaved { .. } | Alarm::UntrueLog { .. } => add(&self.misbehaviours, 1),
            // The node stops, and its last line says why.
            Alarm::Forked(_) | Alarm::Fatal(_) => {}
        }
    }

    /// `writes` records became durable with one sync.
    pub(crate) fn journaled(&self, took: Duration, writes: usize) {
        self.journal.observe(took);
        add(&self.journal_writes, writes);
    }

    /// `heights` change sets became durable with one commit.
    pub(crate) fn committed(&self, took: Duration, heights: usize) {
        self.commits.observe(took);
        add(&self.heights, heights);
    }

    /// So many leaves are published.
    pub(crate) fn published(&self, size: u64) {
        self.published.store(size, Ordering::Relaxed);
    }

    /// Publishing failed, and is tried again.
    pub(crate) fn publish_failed(&self) {
        add(&self.publish_failures, 1);
    }

    /// Another log asked for a cosignature.
    pub(crate) fn cosigned(&self, outcome: &'static str) {
        *self.cosigning.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    /// Another log has two roots for one size.
    pub(crate) fn two_heads(&self) {
        add(&self.two_heads, 1);
    }

    /// An outside witness was asked.
    pub(crate) fn outside(&self, outcome: &'static str) {
        *self.outside.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    /// The newest checkpoint that was cosigned outside has this size.
    pub(crate) fn witnessed(&self, size: u64) {
        self.witnessed.store(size, Ordering::Relaxed);
    }

    /// An anchor was asked for.
    pub(crate) fn anchor(&self, outcome: &'static str) {
        *self.anchors.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    /// The newest checkpoint with a confirmed anchor has this size.
    pub(crate) fn anchored(&self, size: u64) {
        self.anchored.store(size, Ordering::Relaxed);
    }

    /// What anchors were asked for, by outcome.
    pub(crate) fn anchors(&self) -> BTreeMap<&'static str, u64> {
        self.anchors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What other logs were answered, and what outside witnesses were asked, by outcome.
    pub(crate) fn witnesses(&self) -> [BTreeMap<&'static str, u64>; 2] {
        [&self.cosigning, &self.outside].map(|it| it.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The store has no room, or has it again.
    pub(crate) fn disk_full(&self, full: bool) {
        self.disk_full.store(full, Ordering::Relaxed);
    }

    /// Whether the store has no room.
    pub(crate) fn is_disk_full(&self) -> bool {
        self.disk_full.load(Ordering::Relaxed)
    }

    /// A validator is connected.
    pub(crate) fn peer_up(&self, peer: PeerId) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
    }

    /// A validator is no longer connected.
    pub(crate) fn peer_down(&self, peer: &PeerId) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
    }

    /// How many other validators are connected.
    pub(crate) fn peers_connected(&self) -> u16 {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        u16::try_from(connected.len()).unwrap_or(u16::MAX)
    }

    /// The voting power of those who reign and are connected, and our own.
    pub(crate) fn connected_power(&self, reign: &Reign) -> u64 {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reached: BTreeSet<_> = connected.iter().filter_map(|peer| reign.index(peer)).collect();
        reached.extend(reign.me);
        reached.into_iter().map(|index| reign.set().power(index)).sum()
    }
}
