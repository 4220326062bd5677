//! How bytes travel one way between two nodes, and when a piece of them arrives.
//!
//! Arithmetic only: given the time, the piece's size and a source of chance it says when the piece is due. A piece is
//! never due before the one in front of it.

use std::time::{Duration, Instant};

/// A stream is carried in segments of this many bytes, as over Ethernet.
const SEGMENT_BYTES: usize = 1_448;
/// What the loss of a segment costs: the sender of a TCP stream hears nothing of it and sends the segment again after
/// this time at least (`TCP_RTO_MIN` of Linux), while all behind it waits. Doubled each time it is lost again.
const RETRANSMIT: Duration = Duration::from_millis(200);
/// A segment is lost at most so often in a row: 12.6 s.
const LOST_MAX: u32 = 6;

/// How bytes travel one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Whether they arrive at all.
    pub flow: Flow,
    /// How long each is under way.
    pub delay: Duration,
    /// Up to how much longer it may take.
    pub jitter: Duration,
    /// How many of a million segments are lost. On a stream of TCP nothing is missing in the end: the loss is a stall
    /// of this segment and of all behind it.
    pub loss_ppm: u32,
    /// How many go through in a second; none: as many as come.
    pub bytes_per_s: Option<u64>,
}

/// Whether bytes arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// They do.
    #[default]
    Open,
    /// They are held, as by a network that loses everything: connections stay, and what was said arrives when the way
    /// is open again, unless the speaker has given up.
    Held,
}

/// Chance from a seed. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn is(&mut self, ppm: u32) -> bool {
        self.next() % 1_000_000 < u64::from(ppm)
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.next() % most.saturating_add(1).max(1))
    }
}

/// When pieces of one stream are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The last piece's time.
    last: Instant,
    /// When the last byte has gone through.
    through: Instant,
    chance: Chance,
}

impl Schedule {
    pub(super) fn new(now: Instant, seed: u64) -> Self {
        Self { last: now, through: now, chance: Chance(seed) }
    }

    /// When a piece of this many bytes, said now, is due.
    pub(super) fn due(&mut self, now: Instant, way: &Way, bytes: usize) -> Instant {
        let Way { flow: _, delay, jitter, loss_ppm, bytes_per_s } = *way;
        self.through = self.through.max(now);
        if let Some(rate) = bytes_per_s {
            let nanos = (bytes as u64).saturating_mul(1_000_000_000) / rate.max(1);
            self.through += Duration::from_nanos(nanos);
        }
        let mut stall = Duration::ZERO;
        for _ in 0..bytes.div_ceil(SEGMENT_BYTES) {
            let lost = (0..LOST_MAX).take_while(|_| self.chance.is(loss_ppm)).count();
            stall += RETRANSMIT * ((1 << lost) - 1);
        }
        let due = self.through + delay + self.chance.up_to(jitter) + stall;
        self.last = self.last.max(due);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KILO: usize = 1_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_piece_is_due_after_its_delay_and_never_before_the_one_in_front() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now, 1);
        assert_eq!(schedule.due(now, &Way::default(), KILO), now);
        let slow = Way { delay: ms(50), jitter: ms(20), ..Way::default() };
        let mut last = now;
        for _ in 0..100 {
            let due = schedule.due(now, &slow, KILO);
            assert!(due >= last && due >= now + ms(50) && due <= now + ms(70));
            last = due;
        }
        // The way is good again, and what is said now still stands behind what was said.
        assert_eq!(schedule.due(now, &Way::default(), KILO), last);
    }

    #[test]
    fn a_thin_way_takes_its_time() {
        let now = Instant::now();
        let thin = Way { bytes_per_s: Some(10_000), ..Way::default() };
        let mut schedule = Schedule::new(now, 1);
        assert_eq!(schedule.due(now, &thin, KILO), now + ms(100));
        assert_eq!(schedule.due(now, &thin, KILO), now + ms(200));
        let nobody = Way { bytes_per_s: Some(0), ..Way::default() };
        assert!(schedule.due(now, &nobody, 1) > now + ms(900), "no division by nothing");
    }

    #[test]
    fn loss_is_a_stall_of_whole_retransmissions() {
        let now = Instant::now();
        let all = Way { loss_ppm: 1_000_000, ..Way::default() };
        assert_eq!(Schedule::new(now, 1).due(now, &all, 1), now + RETRANSMIT * 63);
        let some = Way { loss_ppm: 100_000, ..Way::default() };
        let stalled = |seed| Schedule::new(now, seed).due(now, &some, 1) > now;
        let count = (0..10_000).filter(|seed| stalled(*seed)).count();
        assert!((800..1_200).contains(&count), "{count} of 10,000 instead of about 1,000");
    }
}
