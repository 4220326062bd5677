//! Looks for the highest rate that is held: doubles until one is not, then halves what lies between.

/// Between a rate held and one that was not, the search ends when they are this near: a sixteenth of the lower.
const NEAR: u32 = 16;

/// What is known so far.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    first: u32,
    max: u32,
    held: Option<u32>,
    unheld: Option<u32>,
}

impl Search {
    /// A search that begins at `first` and goes no higher than `max`, both in submissions a second.
    pub const fn new(first: u32, max: u32) -> Self {
        Self { first, max, held: None, unheld: None }
    }

    /// The rate to try next; none when the search is over.
    pub fn next(&self) -> Option<u32> {
        match (self.held, self.unheld) {
            (None, None) => Some(self.first.min(self.max).max(1)),
            (Some(held), None) => (held < self.max).then(|| held.saturating_mul(2).min(self.max)),
            // Not even the first: down to one a second.
            (None, Some(unheld)) => (unheld > 1).then_some(unheld / 2),
            (Some(held), Some(unheld)) => {
                let between = unheld.saturating_sub(held);
                (between > (held / NEAR).max(1)).then_some(held + between / 2)
            }
        }
    }

    /// The rate was tried.
    pub fn tried(&mut self, rate: u32, held: bool) {
        match held {
            true => self.held = Some(self.held.map_or(rate, |before| before.max(rate))),
            false => self.unheld = Some(self.unheld.map_or(rate, |before| before.min(rate))),
        }
    }

    /// The highest rate held.
    pub const fn held(&self) -> Option<u32> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a network that holds up to `limit` a second is asked, and what is found.
    fn search(first: u32, max: u32, limit: u32) -> (Vec<u32>, Option<u32>) {
        let mut search = Search::new(first, max);
        let mut tried = Vec::new();
        while let Some(rate) = search.next() {
            assert!(tried.len() < 64, "it does not end: {tried:?}");
            tried.push(rate);
            search.tried(rate, rate <= limit);
        }
        (tried, search.held())
    }

    #[test]
    fn it_doubles_and_then_halves() {
        assert_eq!(search(100, 1_000_000, 500), (vec![100, 200, 400, 800, 600, 500, 550, 525], Some(500)));
        assert_eq!(search(100, 300, 500), (vec![100, 200, 300], Some(300)), "no higher than it may");
        assert_eq!(search(100, 1_000, 30), (vec![100, 50, 25, 37, 31, 28, 29, 30], Some(30)));
        assert_eq!(search(4, 1_000, 0), (vec![4, 2, 1], None));
    }

    #[test]
    fn what_is_found_is_near_the_limit() {
        for limit in (1..40_000).step_by(37) {
            let (tried, held) = search(100, 1_000_000, limit);
            let held = held.expect("one a second is held");
            assert!(held <= limit && limit - held <= held / NEAR + 1, "{limit}: {held} after {tried:?}");
            assert!(tried.len() <= 16, "{tried:?}");
        }
    }
}
