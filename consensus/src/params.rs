//! Figures: how long things may take, and how many of them are kept.

/// What an operator may choose. All replicas of a network need not agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a view may last when the last commit is recent, in ms.
    pub view_timeout_ms: u64,
    /// How long a view may last at most, in ms.
    pub view_timeout_max_ms: u64,
    /// After how long an unanswered timeout is said again, in ms.
    pub resend_ms: u64,
    /// How far a block's time may be ahead of our own clock, in ms.
    pub clock_bound_ms: u64,
    /// After how long an idle leader proposes an empty block, in ms. `None`: never, the idle network is silent.
    pub heartbeat_ms: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            view_timeout_ms: 250,
            view_timeout_max_ms: 8_000,
            resend_ms: 500,
            clock_bound_ms: 2_000,
            heartbeat_ms: None,
        }
    }
}

impl Config {
    /// How long a view may last after `idle_views` views without a commit, in ms: six fifths longer with each,
    /// until the maximum. Integers only, so that every machine computes the same.
    // rule T5
    pub fn view_ms(&self, idle_views: u64) -> u64 {
        if crypto::broken!(BackOffWithoutEnd) {
            return self.view_timeout_ms.saturating_mul(1 << idle_views.min(40));
        }
        let mut ms = self.view_timeout_ms;
        let mut left = idle_views;
        while left > 0 && ms < self.view_timeout_max_ms {
            // One more than a fifth, so that small figures grow too and the loop ends.
            ms = ms.saturating_add(ms / 5).saturating_add(1);
            left -= 1;
        }
        if ms > self.view_timeout_max_ms { self.view_timeout_max_ms } else { ms }
    }
}

/// Most uncertified blocks kept above the committed one. Certified ancestry is kept whatever its length: a quorum
/// stands behind every block of it.
pub const TREE_BLOCKS_MAX: usize = 512;

/// Largest gap in heights that is closed from the newest block down; a larger one is closed from below.
/// As many blocks as one response may hold.
pub const GAP_BY_ID_MAX: u64 = proto::message::Response::BLOCKS_MAX as u64;

/// How far above a collector's view the votes are that it keeps. Those who voted went on without it, and will come no
/// further than its turn to lead if it does not have them.
// rule L1
pub const VOTES_AHEAD_MAX: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_lasts_longer_after_each_failure_and_no_longer_than_the_maximum() {
        let config = Config::default();
        assert_eq!(config.view_ms(0), 250);
        assert_eq!(config.view_ms(1), 301);
        for views in 0..40 {
            assert!(config.view_ms(views) <= config.view_ms(views + 1));
        }
        assert_eq!(config.view_ms(u64::MAX), 8_000);
        let zero = Config { view_timeout_ms: 0, ..config };
        assert_eq!(zero.view_ms(u64::MAX), 8_000);
    }
}
