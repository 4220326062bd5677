//! Refusals: what became of the submissions that a block refused, in its order.
//!
//! The log holds their digest only (rule D2). They are kept by height as well as by id, so that whoever replays the log
//! can be told of them. A list is each id (32 bytes) and its outcome behind its length (u32, big-endian).

use proto::counter::Height;
use proto::id::SubmissionId;

use crate::change::{ChangeSet, Table};
use crate::codec::Reader;
use crate::outcome::Outcome;
use crate::read::{Read, ReadError};

/// Adds what a block refused, if it refused anything.
pub(crate) fn put(height: Height, refused: &[(SubmissionId, Outcome)], change: &mut ChangeSet) {
    if refused.is_empty() {
        return;
    }
    let mut list = Vec::new();
    for (id, outcome) in refused {
        let outcome = outcome.encode();
        let length = u32::try_from(outcome.len()).expect("an outcome is bounded far below 4 GiB");
        list.extend_from_slice(id.as_bytes());
        list.extend_from_slice(&length.to_be_bytes());
        list.extend_from_slice(&outcome);
    }
    change.put(Table::Refusals, &height.get().to_be_bytes(), list);
}

/// The stored list of a height whose block refused so many; empty when it refused none.
pub(crate) fn stored(base: &dyn Read, height: Height, count: u32) -> Result<Vec<u8>, ReadError> {
    let key = height.get().to_be_bytes();
    let list = base.get(Table::Refusals, &key)?.unwrap_or_default();
    match decode(height, &list).map(|refused| refused.len()) {
        Some(found) if found == count as usize => Ok(list),
        found => {
            let fault = format!("holds {} refusals, the block has {count}", found.unwrap_or_default());
            Err(ReadError::damaged(Table::Refusals, &key, fault))
        }
    }
}

/// Reads a list; none when it is none, or not of what this height refused.
pub(crate) fn decode(height: Height, mut list: &[u8]) -> Option<Vec<(SubmissionId, Outcome)>> {
    let mut refused = Vec::new();
    while !list.is_empty() {
        let (id, rest) = list.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (outcome, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let outcome = Reader::whole(outcome, Outcome::read).ok()?;
        let is_refusal = match outcome {
            Outcome::Rejected { .. } | Outcome::Expired { .. } => outcome.height() == height,
            Outcome::Committed { .. } => false,
        };
        if !is_refusal {
            return None;
        }
        refused.push((SubmissionId::new(crypto::Digest::new(*id)), outcome));
        list = rest;
    }
    Some(refused)
}

/// The code that stands in the digest of rejections.
pub(crate) const fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Rejected { rejection, .. } => rejection.code(),
        Outcome::Expired { .. } => "expired",
        // `decode` lets none through, and a block refuses none.
        Outcome::Committed { .. } => "",
    }
}
