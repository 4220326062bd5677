//! How much of everything there is: for health pages, which are asked often and by everybody.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger::LedgerReader;
use ledger::primitive::Listed;
use model::error::ApiError;

use crate::api::{Api, Fault};

/// How long a count is repeated before it is made anew.
const FRESH: Duration = Duration::from_secs(2);
/// Most identities that are counted; more are told as so many.
const IDENTITIES_MAX: usize = 10_000;
/// Identities read at a time.
const PAGE: usize = 500;

/// What was counted last.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<Option<(Instant, Counted)>>);

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Registered identities, at most `IDENTITIES_MAX`.
    pub identities: u64,
    /// Proofs of ProofNest that were told whole.
    pub proofs: u64,
    /// Votes on them.
    pub votes: u64,
    /// Anchors that a foreign chain confirmed.
    pub confirmed_anchors: u64,
}

/// Of so many who may vote on a proof, how many it takes: two thirds and a little, rounded up.
pub(crate) const fn vote_threshold(voters: u64) -> u64 {
    (67 * voters).div_ceil(100)
}

/// Counts, or repeats what was counted a moment ago.
///
/// # Errors
/// `Storage` or `Internal`.
pub(crate) async fn counts(api: &Api) -> Result<Counted, ApiError> {
    let fresh = api.counts().last().filter(|(at, _)| at.elapsed() < FRESH);
    if let Some((_, counted)) = fresh {
        return Ok(counted);
    }
    let counted = api.read(count).await?;
    api.counts().keep(counted);
    Ok(counted)
}

fn count(reader: &LedgerReader) -> Result<Counted, Fault> {
    let (mut identities, mut after) = (0, None);
    while identities < IDENTITIES_MAX {
        let page = reader.identities(after.as_ref(), PAGE)?;
        identities += page.len();
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.did),
            None => break,
        }
    }
    let proofs = reader.listed_count(Listed::Proofs)?;
    Ok(Counted { identities: identities as u64, proofs, ..Counted::default() })
}

impl Counts {
    fn last(&self) -> Option<(Instant, Counted)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, counted: Counted) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), counted));
    }
}

#[cfg(test)]
mod tests {
    use super::vote_threshold;

    #[test]
    fn the_threshold_is_an_integer_above_two_thirds() {
        assert_eq!([1, 3, 4, 7, 100].map(vote_threshold), [1, 3, 3, 5, 67]);
    }
}
