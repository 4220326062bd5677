//! A member's clock: wrong by a little from the beginning, and at times by more.

use proto::counter::TimeMs;

/// Where simulated time begins.
pub const BEGIN: TimeMs = TimeMs::new(1_800_000_000_000);

/// How a clock differs from the world's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Wrong by this from the beginning, in milliseconds.
    pub skew_ms: i64,
    /// Wrong by this besides, while a jump lasts.
    pub jump_ms: i64,
    /// Since when it runs fast, in microseconds of the world, and by how much, per mille.
    pub drift: Option<(u64, i64)>,
}

impl Clock {
    /// What it shows at a time of the world, in microseconds.
    pub fn show(&self, now_us: u64) -> TimeMs {
        let drifted_ms = self.drift.map_or(0, |(since_us, per_mille)| {
            let ms = i64::try_from(now_us.saturating_sub(since_us) / 1_000).unwrap_or(i64::MAX);
            ms.saturating_mul(per_mille) / 1_000
        });
        let ms = i64::try_from(now_us / 1_000).unwrap_or(i64::MAX);
        let off = self.skew_ms.saturating_add(self.jump_ms).saturating_add(drifted_ms);
        let base = i64::try_from(BEGIN.get()).unwrap_or(i64::MAX);
        TimeMs::new(u64::try_from(base.saturating_add(ms).saturating_add(off)).unwrap_or(0))
    }

    /// How long a timer of `ms` of this clock runs, in microseconds of the world.
    pub fn timer_us(&self, ms: u64) -> u64 {
        let speed = self.drift.map_or(1_000, |(_, per_mille)| (1_000 + per_mille).max(1));
        ms.saturating_mul(1_000_000) / u64::try_from(speed).unwrap_or(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_wrong_as_they_are_told() {
        let second = |clock: Clock| clock.show(1_000_000).get() as i64 - BEGIN.get() as i64;
        let right = Clock::default();
        assert_eq!(second(right), 1_000);
        assert_eq!(second(Clock { skew_ms: -300, ..right }), 700);
        assert_eq!(second(Clock { jump_ms: 3_600_000, skew_ms: 1, ..right }), 3_601_001);
        assert_eq!(second(Clock { drift: Some((0, 100)), ..right }), 1_100);
        assert_eq!(second(Clock { drift: Some((500_000, -100)), ..right }), 950);
        assert_eq!(right.timer_us(250), 250_000);
        assert_eq!(Clock { drift: Some((0, 250)), ..right }.timer_us(250), 200_000);
        assert_eq!(Clock { jump_ms: i64::MIN, ..right }.show(0), TimeMs::new(0));
    }
}
