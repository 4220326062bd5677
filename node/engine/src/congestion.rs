//! Whether more is submitted here than the network takes.
//!
//! A burst is welcome as far as there is room. What stands is not: when more waits than the network took from us in half a
//! second, and has for a whole one, new submissions are refused until it is less; so under any load what is accepted is
//! ordered soon, and who must come again later hears so at once. Source of the idea: RFC 8289, §3 (a standing queue).

use proto::counter::TimeMs;

/// So many may always wait, whatever the network took.
const WAITING_MIN: usize = 500;
/// How long too much has to wait before it counts, and little before it counts no more, in milliseconds.
const STANDING_MS: u64 = 1_000;

/// What waits of ours, seen over time.
#[derive(Debug, Default)]
pub(crate) struct Congestion {
    taken: Taken,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// There is room, and so there was when this was looked at last.
    #[default]
    Free,
    /// Too much waits, since then.
    Filling { since: TimeMs },
    /// Too much waited for too long; for as long as so much waits, nothing is accepted.
    Standing {
        /// Since when little waits.
        little_since: Option<TimeMs>,
    },
}

/// How many of ours were ordered in the second before this one, and in this one, by the time of blocks.
#[derive(Debug, Default)]
struct Taken {
    second: u64,
    before: usize,
    now: usize,
}

impl Congestion {
    /// A block of this time ordered so many of ours.
    pub(crate) fn taken(&mut self, time: TimeMs, count: usize) {
        let Taken { second, before, now } = &mut self.taken;
        let current = time.seconds();
        if current != *second {
            *before = if current == *second + 1 { *now } else { 0 };
            (*second, *now) = (current, 0);
        }
        *now += count;
    }

    /// So many of ours wait.
    pub(crate) fn look(&mut self, now: TimeMs, waiting: usize) {
        let max = self.waiting_max();
        let is_old = |since: TimeMs| now.get().saturating_sub(since.get()) >= STANDING_MS;
        self.state = match self.state {
            State::Free if waiting <= max => State::Free,
            State::Free => State::Filling { since: now },
            State::Filling { .. } if waiting <= max => State::Free,
            State::Filling { since } if is_old(since) => State::Standing { little_since: None },
            State::Filling { since } => State::Filling { since },
            State::Standing { .. } if waiting > max / 2 => State::Standing { little_since: None },
            State::Standing { little_since: Some(since) } if is_old(since) => State::Free,
            State::Standing { little_since } => State::Standing { little_since: little_since.or(Some(now)) },
        };
    }

    /// Whether one more is refused while so many wait.
    pub(crate) fn refuses(&self, waiting: usize) -> bool {
        matches!(self.state, State::Standing { .. }) && waiting >= self.waiting_max()
    }

    fn waiting_max(&self) -> usize {
        (self.taken.before.max(self.taken.now) / 2).max(WAITING_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> TimeMs {
        TimeMs::new(1_000_000 + ms)
    }

    #[test]
    fn a_burst_is_welcome_and_what_stands_is_not() {
        let mut congestion = Congestion::default();
        congestion.look(at(0), 9_000);
        congestion.look(at(999), 8_000);
        assert!(!congestion.refuses(9_000), "it may be a burst");
        congestion.look(at(1_000), 7_000);
        assert!(congestion.refuses(WAITING_MIN) && !congestion.refuses(WAITING_MIN - 1));
        // A burst that passes within the second never counted.
        let mut congestion = Congestion::default();
        congestion.look(at(0), 9_000);
        congestion.look(at(500), WAITING_MIN);
        congestion.look(at(600), 9_000);
        congestion.look(at(1_500), 9_000);
        assert!(!congestion.refuses(9_000));
    }

    #[test]
    fn it_ends_when_little_has_waited_for_a_second() {
        let mut congestion = Congestion::default();
        congestion.look(at(0), 9_000);
        congestion.look(at(1_000), 9_000);
        for (ms, waiting) in [(1_100, 200), (2_000, WAITING_MIN), (2_100, 200), (3_000, 0)] {
            congestion.look(at(ms), waiting);
            assert!(congestion.refuses(WAITING_MIN), "{ms}");
        }
        congestion.look(at(3_100), 0);
        assert!(!congestion.refuses(9_000));
    }

    #[test]
    fn who_is_served_fast_may_have_more_waiting() {
        let mut congestion = Congestion::default();
        congestion.taken(at(0), 6_000);
        congestion.taken(at(900), 4_000);
        congestion.look(at(0), 9_000);
        congestion.look(at(1_000), 9_000);
        assert!(congestion.refuses(5_000) && !congestion.refuses(4_999));
        congestion.taken(at(1_000), 1);
        assert!(!congestion.refuses(4_999), "the second before counts too");
        congestion.taken(at(3_000), 1);
        assert!(congestion.refuses(WAITING_MIN), "what was is over");
    }
}
