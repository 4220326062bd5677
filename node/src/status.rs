//! How the node stands: what the engine shows of itself, and what only the shell knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use api::{NodeStatus, Role};
use engine::Engine;
use proto::counter::TimeMs;
use tokio::sync::watch;

use crate::seats::{Reign, Seats};
use crate::telemetry::Counters;

/// Blocks a node may be behind and still be ready: some are uncommitted in every healthy moment.
const BEHIND_MAX: u64 = 8;

/// Tells the window how the node stands.
pub(crate) struct Reporter {
    seats: Arc<Seats>,
    counters: Arc<Counters>,
    told: watch::Sender<NodeStatus>,
    seen: Mutex<Option<Seen>>,
    congested: AtomicBool,
}

/// What was seen of the engine last.
#[derive(Clone)]
struct Seen {
    status: engine::Status,
    block_time: TimeMs,
}

impl Reporter {
    pub(crate) fn new(seats: Arc<Seats>, counters: Arc<Counters>, told: watch::Sender<NodeStatus>) -> Self {
        Self { seats, counters, told, seen: Mutex::default(), congested: AtomicBool::default() }
    }

    /// Looks at the engine.
    pub(crate) fn look(&self, engine: &Engine) {
        let seen = Seen { status: engine.status(), block_time: engine.ledger().tip_block().time };
        self.congest(seen.status.congested);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        self.refresh();
    }

    /// Notes whether the engine would refuse a new submission.
    pub(crate) fn congest(&self, congested: bool) {
        self.congested.store(congested, Ordering::Relaxed);
    }

    /// Whether the engine would refuse a new submission, as far as was seen.
    pub(crate) fn is_congested(&self) -> bool {
        self.congested.load(Ordering::Relaxed)
    }

    /// Tells what has changed since, if anything.
    pub(crate) fn refresh(&self) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Seen { status, block_time }) = seen else { return };
        let reign = self.seats.now();
        let reasons = self.reasons(&reign, &status);
        self.told.send_if_modified(|told| {
            let height = status.consensus.height.get();
            let next = NodeStatus {
                name: told.name.clone(),
                version: told.version.clone(),
                height,
                head_height_seen: status.consensus.high_qc_height.get().max(height),
                view: status.consensus.view.get(),
                leader: status.consensus.leader.get(),
                tree_size: status.head.size.get(),
                checkpoint_size: status.certified.get(),
                block_time_ms: block_time.get(),
                epoch: reign.epoch().get(),
                role: match reign.me {
                    Some(_) => Role::Validator,
                    None => Role::Observer,
                },
                peers_connected: self.counters.peers_connected(),
                mempool_count: status.waiting as u64,
                mempool_bytes: status.waiting_bytes as u64,
                ready: reasons.is_empty(),
                reasons,
            };
            let changed = *told != next;
            *told = next;
            changed
        });
    }

    /// Why the node cannot serve; none when it can.
    fn reasons(&self, reign: &Reign, status: &engine::Status) -> Vec<String> {
        let mut reasons = Vec::new();
        let (power, needed) = (self.counters.connected_power(reign), reign.set().quorum_power());
        match reign.me {
            Some(_) if power < needed => {
                reasons
                    .push(format!("connected to {power} of the {needed} voting power that a decision needs"));
            }
            None if power == 0 => reasons.push("connected to no validator".to_owned()),
            Some(_) | None => {}
        }
        let (height, seen) = (status.consensus.height.get(), status.consensus.high_qc_height.get());
        if seen.saturating_sub(height) > BEHIND_MAX {
            reasons.push(format!("at height {height}, the network is at {seen}"));
        }
        if status.diverged {
            reasons.push("a quorum signed another root than this node computed".to_owned());
        }
        if status.consensus.halted {
            reasons.push("finality was found broken".to_owned());
        }
        if self.counters.is_disk_full() {
            reasons.push("the disk is full".to_owned());
        }
        reasons
    }
}
