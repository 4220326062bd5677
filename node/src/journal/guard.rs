//! The last guard before a signature: no record contradicts the one before it.
//!
//! The rules are `consensus`'s and kept there; this guard repeats the few whose breach could not be undone,
//! so that a fault elsewhere ends in a refusal instead of a second vote.

use proto::block::Block;
use proto::record::SafetyRecord;

use super::Contradiction;

/// Checks that `next` may follow `last`.
///
/// # Errors
/// `Contradiction`, the first found.
pub(super) fn check(last: &SafetyRecord, next: &SafetyRecord) -> Result<(), Contradiction> {
    if next.epoch < last.epoch {
        return Err(Contradiction::Epoch { found: next.epoch, journaled: last.epoch });
    }
    if next.epoch > last.epoch {
        // Views and locks begin anew.
        return Ok(());
    }
    if next.last_acted_view < last.last_acted_view {
        return Err(Contradiction::View { found: next.last_acted_view, journaled: last.last_acted_view });
    }
    if next.high_qc.view < last.high_qc.view {
        return Err(Contradiction::Lock { found: next.high_qc.view, journaled: last.high_qc.view });
    }
    if next.last_acted_view > last.last_acted_view {
        return Ok(());
    }
    let view = next.last_acted_view;
    if let Some((found, journaled)) = differ(next.voted.as_ref(), last.voted.as_ref()) {
        return Err(Contradiction::SecondVote { view, found: found.id(), journaled: journaled.id() });
    }
    if let Some((found, journaled)) = differ(next.proposed.as_ref(), last.proposed.as_ref()) {
        return Err(Contradiction::SecondProposal { view, found: found.id(), journaled: journaled.id() });
    }
    match (&next.voted, &last.voted) {
        (Some(block), None) if last.timed_out => {
            Err(Contradiction::VoteAfterTimeout { view, found: block.id() })
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn differ<'a>(next: Option<&'a Block>, last: Option<&'a Block>) -> Option<(&'a Block, &'a Block)> {
    next.zip(last).filter(|(next, last)| next != last)
}
