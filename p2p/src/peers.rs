//! Whom to dial and when, which connection is stale, whom to shut out.
//!
//! Of two validators the one with the lower key dials at once and the other after a grace, so that a pair
//! rarely gets two connections. If it does, both are kept, for closing one would lose the frames on it; the
//! one that no stream uses idles out. But a peer that dials again later has forgotten the older connection,
//! and then that one goes.
//!
//! A connected validator must open its consensus lane soon, for its heartbeats there are how we know that it
//! lives; a connection without that lane is hung up and made anew.
//!
//! Who becomes a validator, or ceases to be one, is connected anew at once: what a connection offers is settled when
//! it is made.
//!
//! A function of what happened and the time it is told: no clock, no socket, so each rule has its test.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;

use crate::limits::Limits;

/// The wait after a first failed dial; doubled by each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest wait, so that a restarted peer is soon found.
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// How much later the higher key dials.
const GRACE: Duration = Duration::from_millis(300);
/// A dial that has told nothing for so long is forgotten.
const DIAL_MAX: Duration = Duration::from_secs(30);
/// How long a validator may be connected without a consensus lane to us.
const LANELESS_MAX: Duration = Duration::from_secs(15);
/// A connection younger than this may have been dialled at the same time as the next.
const YOUNG: Duration = Duration::from_secs(5);
/// Strikes further apart than this do not add up.
const STRIKE_WINDOW: Duration = Duration::from_secs(60);
/// The longest shut-out.
const BAN_MAX: Duration = Duration::from_secs(300);

/// What the network loop is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Dial this validator.
    Dial(PeerId),
    /// The shut-out of this validator is over.
    LetIn(PeerId),
    /// Close the connections of this validator.
    HangUp(PeerId),
}

/// What a new connection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The only one.
    First,
    /// There is another, dialled at about the same time.
    Beside,
    /// It replaces one that must be stale; close that.
    Replaces { close: ConnectionId },
}

/// What a broken rule leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its stream was closed; that is enough.
    Tolerate,
    /// Close its connections and take none until told to let it in.
    ShutOut,
}

struct Connection {
    id: ConnectionId,
    since: Instant,
}

enum Dial {
    /// Not before then.
    At(Instant),
    /// Under way since then.
    Running(Instant),
    /// Nothing to do: connected, or no address known.
    Rest,
}

struct Entry {
    /// Whether we know an address.
    reach: Reach,
    connections: Vec<Connection>,
    dial: Dial,
    lane: ConsensusLane,
    ending: Ending,
    failures: u32,
    strikes: u32,
    last_strike: Option<Instant>,
    bans: u32,
    shut_out_until: Option<Instant>,
}

/// Whether a validator can be dialled at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// An address is known.
    Known,
    /// It must come to us.
    Unknown,
}

/// The lane on which a validator shows us that it lives.
enum ConsensusLane {
    /// It stands, and its reader watches over it.
    Open,
    /// There is none; when connected, then only until that time.
    Missing { hang_up_at: Option<Instant> },
}

/// What the end of a peer's last connection means.
#[derive(Clone, Copy)]
enum Ending {
    /// A fault: it is dialled after a while.
    Unforeseen,
    /// We close it to make one that offers what the peer may use now: it is dialled at once.
    Renewal,
}

/// What we are in the dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Us {
    /// A validator: lanes are expected of the others, and of two the lower key dials first.
    Validator(PeerId),
    /// An observer: it dials at once, and nobody opens lanes to it.
    Observer,
}

/// The state of every other validator's link.
pub(crate) struct Peers {
    entries: BTreeMap<PeerId, Entry>,
    us: Us,
    strikes_max: u32,
    ban: Duration,
}

impl Peers {
    /// Nobody yet.
    pub(crate) fn new(us: Us, limits: &Limits) -> Self {
        Self { entries: BTreeMap::new(), us, strikes_max: limits.strikes_max, ban: limits.ban }
    }

    /// A validator more: away and to be dialled from `now` on, or still connected as what it was before, and then
    /// to be dialled as soon as that connection has ended.
    pub(crate) fn add(&mut self, peer: PeerId, reach: Reach, before: Before, now: Instant) {
        let (dial, ending) = match (before, reach) {
            (Before::Connected, _) => (Dial::Rest, Ending::Renewal),
            (Before::Away, Reach::Known) => (Dial::At(now + self.grace(&peer)), Ending::Unforeseen),
            (Before::Away, Reach::Unknown) => (Dial::Rest, Ending::Unforeseen),
        };
        self.entries.entry(peer).or_insert(Entry {
            reach,
            connections: Vec::new(),
            dial,
            lane: ConsensusLane::Missing { hang_up_at: None },
            ending,
            failures: 0,
            strikes: 0,
            last_strike: None,
            bans: 0,
            shut_out_until: None,
        });
    }

    /// A validator less. Says whether it had been shut out until now.
    pub(crate) fn remove(&mut self, peer: &PeerId) -> Gone {
        match self.entries.remove(peer).and_then(|entry| entry.shut_out_until) {
            Some(_) => Gone::ShutOut,
            None => Gone::Welcome,
        }
    }

    /// An address of this validator is known now: it is dialled, if it is away.
    pub(crate) fn reachable(&mut self, peer: &PeerId, now: Instant) {
        let grace = self.grace(peer);
        let Some(entry) = self.entries.get_mut(peer) else { return };
        if entry.reach == Reach::Unknown {
            entry.reach = Reach::Known;
            match (entry.ending, &entry.connections[..]) {
                (Ending::Unforeseen, []) => entry.rest_until(now + grace),
                (Ending::Unforeseen | Ending::Renewal, _) => {}
            }
        }
    }

    /// We are something else from now on: every connection is to be made anew.
    pub(crate) fn become_what(&mut self, us: Us) {
        self.us = us;
        for entry in self.entries.values_mut() {
            entry.lane = ConsensusLane::Missing { hang_up_at: None };
            if !entry.connections.is_empty() {
                entry.ending = Ending::Renewal;
            }
        }
    }

    /// What is to be done by now. Each dial named counts as begun.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for (&peer, entry) in &mut self.entries {
            if entry.shut_out_until.is_some_and(|until| until <= now) {
                entry.shut_out_until = None;
                deeds.push(Deed::LetIn(peer));
            }
            if entry.hang_up_time().is_some_and(|at| at <= now) {
                entry.lane = ConsensusLane::Missing { hang_up_at: None };
                deeds.push(Deed::HangUp(peer));
            }
            if entry.dial_time().is_some_and(|at| at <= now) {
                entry.dial = Dial::Running(now);
                deeds.push(Deed::Dial(peer));
            }
        }
        deeds
    }

    /// When `due` will next have something to say.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let times = |entry: &Entry| [entry.dial_time(), entry.shut_out_until, entry.hang_up_time()];
        self.entries.values().flat_map(times).flatten().min()
    }

    /// A connection stands.
    pub(crate) fn connected(&mut self, peer: &PeerId, id: ConnectionId, now: Instant) -> Arrival {
        let lanes = matches!(self.us, Us::Validator(_));
        let Some(entry) = self.entries.get_mut(peer) else { return Arrival::First };
        entry.dial = Dial::Rest;
        entry.failures = 0;
        match entry.lane {
            ConsensusLane::Missing { hang_up_at: _ } if lanes => entry.miss_lane(now),
            ConsensusLane::Missing { hang_up_at: _ } | ConsensusLane::Open => {}
        }
        entry.connections.push(Connection { id, since: now });
        match &entry.connections[..] {
            [] | [_] => Arrival::First,
            [oldest, _] if now.saturating_duration_since(oldest.since) < YOUNG => Arrival::Beside,
            [oldest, ..] => Arrival::Replaces { close: oldest.id },
        }
    }

    /// The consensus lane of this validator to us stands.
    pub(crate) fn lane_opened(&mut self, peer: &PeerId) {
        if let Some(entry) = self.entries.get_mut(peer) {
            entry.lane = ConsensusLane::Open;
        }
    }

    /// The consensus lane of this validator to us has ended.
    pub(crate) fn lane_ended(&mut self, peer: &PeerId, now: Instant) {
        let Some(entry) = self.entries.get_mut(peer) else { return };
        if entry.connections.is_empty() {
            entry.lane = ConsensusLane::Missing { hang_up_at: None };
        } else {
            entry.miss_lane(now);
        }
    }

    /// A connection fell. Says whether it was the last.
    pub(crate) fn disconnected(&mut self, peer: &PeerId, id: ConnectionId, now: Instant) -> Remaining {
        let grace = self.grace(peer);
        let Some(entry) = self.entries.get_mut(peer) else { return Remaining::Some };
        let before = entry.connections.len();
        entry.connections.retain(|connection| connection.id != id);
        if !entry.connections.is_empty() {
            return Remaining::Some;
        }
        match std::mem::replace(&mut entry.ending, Ending::Unforeseen) {
            // Of several connections that a newcomer had, the first to end begins the dialling, which waits for the rest.
            Ending::Renewal => entry.rest_until(now),
            Ending::Unforeseen if before == 0 => return Remaining::Some,
            Ending::Unforeseen => entry.rest_until(now + grace + jittered(BACKOFF_FIRST, peer, 0)),
        }
        entry.lane = ConsensusLane::Missing { hang_up_at: None };
        match before {
            0 => Remaining::Some,
            _ => Remaining::None,
        }
    }

    /// A dial of ours came to nothing.
    pub(crate) fn dial_failed(&mut self, peer: &PeerId, now: Instant) {
        let Some(entry) = self.entries.get_mut(peer) else { return };
        if !entry.connections.is_empty() {
            return;
        }
        let wait = BACKOFF_FIRST.saturating_mul(1 << entry.failures.min(10)).min(BACKOFF_MAX);
        entry.failures = entry.failures.saturating_add(1);
        entry.rest_until(now + jittered(wait, peer, entry.failures));
    }

    /// A frame of this validator broke the rules.
    pub(crate) fn strike(&mut self, peer: &PeerId, now: Instant) -> Verdict {
        let (strikes_max, ban) = (self.strikes_max, self.ban);
        let Some(entry) = self.entries.get_mut(peer) else { return Verdict::Tolerate };
        let fresh = entry.last_strike.is_some_and(|last| now.saturating_duration_since(last) < STRIKE_WINDOW);
        entry.strikes = if fresh { entry.strikes + 1 } else { 1 };
        entry.last_strike = Some(now);
        if entry.strikes < strikes_max {
            return Verdict::Tolerate;
        }
        let length = ban.saturating_mul(1 << entry.bans.min(10)).min(BAN_MAX);
        entry.strikes = 0;
        entry.bans = entry.bans.saturating_add(1);
        entry.shut_out_until = Some(now + length);
        entry.rest_until(now + length);
        Verdict::ShutOut
    }

    /// How long this side leaves the dialling to the other.
    fn grace(&self, peer: &PeerId) -> Duration {
        match &self.us {
            Us::Validator(us) if us > peer => GRACE,
            Us::Validator(_) | Us::Observer => Duration::ZERO,
        }
    }
}

/// What a validator was to us when it became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It has connections, as an observer.
    Connected,
    /// It has none.
    Away,
}

/// How somebody left the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Its connections are refused until they are allowed again.
    ShutOut,
    /// As anybody else.
    Welcome,
}

/// Whether connections are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remaining {
    Some,
    None,
}

impl Entry {
    fn dial_time(&self) -> Option<Instant> {
        match self.dial {
            Dial::At(at) => Some(at),
            Dial::Running(since) => Some(since + DIAL_MAX),
            Dial::Rest => None,
        }
    }

    fn hang_up_time(&self) -> Option<Instant> {
        match self.lane {
            ConsensusLane::Open => None,
            ConsensusLane::Missing { hang_up_at } => hang_up_at,
        }
    }

    fn miss_lane(&mut self, now: Instant) {
        self.lane = ConsensusLane::Missing { hang_up_at: Some(now + LANELESS_MAX) };
    }

    /// No dial before then, and none at all without an address. A shut-out is never cut short.
    fn rest_until(&mut self, at: Instant) {
        self.dial = match self.reach {
            Reach::Known => Dial::At(self.shut_out_until.map_or(at, |until| until.max(at))),
            Reach::Unknown => Dial::Rest,
        };
    }
}

/// `wait` give or take a quarter, differing from peer to peer and try to try. Spread is all that is wanted,
/// so a hash will do and no source of chance is needed.
fn jittered(wait: Duration, peer: &PeerId, attempt: u32) -> Duration {
    let mut seed = peer.to_bytes();
    seed.extend(attempt.to_be_bytes());
    let [spread, ..] = *crypto::sha256(&seed).as_bytes();
    wait * 3 / 4 + wait * u32::from(spread) / 512
}

#[cfg(test)]
mod tests;
