//! Every bound of this room in one place.
//!
//! A frame's own bound is not here: it belongs to its kind, `Kind::bytes_max()`. The defaults suit networks
//! of 4 to 100 validators on machines with a few GiB.

use std::time::Duration;

use proto::message::{Kind, Lane};

/// What a frame costs in an inbox beside its payload, in bytes: many tiny frames must not cost nothing.
pub(crate) const FRAME_COST_BYTES: usize = 4096;

/// How much of anything we hold, and how long we wait.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections from peers that are no validators, each way.
    pub observers_max: u32,
    /// Connections in the middle of a handshake, each way.
    pub pending_connections_max: u32,
    /// Resident memory of the process, in bytes, above which no new connection is taken, not even a
    /// validator's: then memory is what has to be seen to first.
    pub process_bytes_max: usize,
    /// Streams on one connection.
    pub streams_per_connection_max: usize,
    /// Frames waiting for one peer on one lane while it is connected.
    pub outbox_frames_max: usize,
    /// Bytes waiting for one peer on one lane while it is connected.
    pub outbox_bytes_max: usize,
    /// Frames waiting for one peer on one lane while it is away.
    pub outbox_away_frames_max: usize,
    /// Bytes waiting for one peer on one lane while it is away.
    pub outbox_away_bytes_max: usize,
    /// Bytes read from one stream and not yet taken by the node; then we stop reading from it. Never less
    /// than the largest frame of its lane needs.
    pub inbox_bytes_max: usize,
    /// Messages in the channel the node reads from.
    pub incoming_max: usize,
    /// Requests of ours that wait for an answer.
    pub requests_max: usize,
    /// Requests of others that wait for our answer.
    pub inbound_requests_max: usize,
    /// Request streams open on one connection, both ways together.
    pub requests_per_connection_max: usize,
    /// How long a request may take, from asking to the whole answer.
    pub request_timeout: Duration,
    /// How long opening a stream may take, until the other side's accepting byte.
    pub open_timeout: Duration,
    /// How long one frame, or one flush of coalesced frames, may take on the wire.
    pub frame_timeout: Duration,
    /// How often an idle writer shows that it lives.
    pub heartbeat: Duration,
    /// How long a lane may be silent before its peer counts as gone.
    pub silence_max: Duration,
    /// Broken rules within a minute that get a validator shut out.
    pub strikes_max: u32,
    /// How long the first shut-out lasts; each further one lasts twice as long, up to five minutes.
    pub ban: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            observers_max: 16,
            pending_connections_max: 64,
            process_bytes_max: 8 << 30,
            streams_per_connection_max: 64,
            outbox_frames_max: 1024,
            outbox_bytes_max: 16 << 20,
            outbox_away_frames_max: 32,
            outbox_away_bytes_max: 2 << 20,
            inbox_bytes_max: 2 << 20,
            incoming_max: 64,
            requests_max: 64,
            inbound_requests_max: 128,
            requests_per_connection_max: 32,
            request_timeout: Duration::from_secs(10),
            open_timeout: Duration::from_secs(5),
            frame_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(2),
            silence_max: Duration::from_secs(8),
            strikes_max: 3,
            ban: Duration::from_secs(10),
        }
    }
}

/// No wait is longer than this: clocks are added to, and must not overflow.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// No count or size is above this: queues and semaphores cannot count further.
const COUNT_MAX: usize = 1 << 30;

/// Lanes, gossip, discovery and a request need as many.
const STREAMS_MIN: usize = 16;
/// Yamux grants every stream a window of 256 KiB and refuses to promise more than 1 GiB to a connection.
const STREAMS_MAX: usize = 1024;

impl Limits {
    /// The same limits, each moved to where it can be worked with: counts from 1 to 2^30, streams from 16
    /// to 1024, waits from a millisecond to a day.
    pub(crate) fn clamped(self) -> Self {
        let count = |count: usize| count.clamp(1, COUNT_MAX);
        let wait = |wait: Duration| wait.clamp(Duration::from_millis(1), WAIT_MAX);
        Self {
            observers_max: self.observers_max,
            pending_connections_max: self.pending_connections_max.max(1),
            process_bytes_max: self.process_bytes_max,
            streams_per_connection_max: self.streams_per_connection_max.clamp(STREAMS_MIN, STREAMS_MAX),
            outbox_frames_max: count(self.outbox_frames_max),
            outbox_bytes_max: count(self.outbox_bytes_max),
            outbox_away_frames_max: self.outbox_away_frames_max,
            outbox_away_bytes_max: self.outbox_away_bytes_max,
            inbox_bytes_max: count(self.inbox_bytes_max),
            incoming_max: count(self.incoming_max),
            requests_max: count(self.requests_max),
            inbound_requests_max: count(self.inbound_requests_max),
            requests_per_connection_max: count(self.requests_per_connection_max),
            request_timeout: wait(self.request_timeout),
            open_timeout: wait(self.open_timeout),
            frame_timeout: wait(self.frame_timeout),
            heartbeat: wait(self.heartbeat),
            silence_max: wait(self.silence_max),
            strikes_max: self.strikes_max.max(1),
            ban: wait(self.ban),
        }
    }

    /// The inbox of one stream of `lane`, in bytes: as configured, but with room for one frame of any kind.
    pub(crate) fn inbox_bytes(&self, lane: Lane) -> usize {
        self.inbox_bytes_max.max(lane_bytes_max(lane) + FRAME_COST_BYTES)
    }
}

/// The largest payload any kind of `lane` may have, in bytes.
pub fn lane_bytes_max(lane: Lane) -> usize {
    Kind::ALL.into_iter().filter(|kind| kind.lane() == lane).map(Kind::bytes_max).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_always_holds_the_largest_frame_of_its_lane() {
        let limits = Limits { inbox_bytes_max: 1, ..Limits::default() };
        for kind in Kind::ALL {
            assert!(limits.inbox_bytes(kind.lane()) >= kind.bytes_max() + FRAME_COST_BYTES, "{kind:?}");
        }
    }
}
