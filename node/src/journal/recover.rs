//! Reading a journal back: what a crash explains is cut off, everything else is refused.
//!
//! Each append was synced before the next began, so only the last group can be torn. A bad group with a whole
//! group after it is therefore damage, and so is a bad group that the file was made with. One doubt remains that
//! no format can lift: a last group that was synced and rotted later looks like one that was never finished.

use std::collections::BTreeMap;

use crypto::KeyId;
use crypto::sha256;
use proto::block::CertifiedBlock;
use proto::canonical::Canonical;
use proto::counter::Height;
use proto::id::{BlockId, NetworkId};
use proto::record::SafetyRecord;

use super::group::{Begins, Head, Header, Item, items};
use super::{JournalError, Place, Recovered, guard};

/// What a file says.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: Header,
    /// Bytes up to the end of the last whole group.
    pub(super) length: u64,
    /// The number of the next group.
    pub(super) sequence: u64,
    pub(super) record: Option<SafetyRecord>,
    pub(super) settled: Height,
    /// Whether an earlier journal was lost.
    pub(super) lost: bool,
    pub(super) bodies: BTreeMap<(Height, BlockId), Place>,
}

/// Reads the bytes of a journal that must be of this network and key.
///
/// # Errors
/// `JournalError`: anything but a whole journal, perhaps with a torn last group.
pub(super) fn read(bytes: &[u8], network: &NetworkId, owner: KeyId) -> Result<Found, JournalError> {
    let header = Header::decode(bytes)?;
    if header.network != *network {
        return Err(JournalError::Network { found: header.network, expected: *network });
    }
    if header.owner != owner {
        return Err(JournalError::Owner { found: header.owner, expected: owner });
    }
    let mut found = Found {
        header,
        length: Header::BYTES as u64,
        sequence: 0,
        record: None,
        settled: Height::ZERO,
        lost: false,
        bodies: BTreeMap::new(),
    };
    let mut at = Header::BYTES;
    while at < bytes.len() {
        let Some(payload) = found.next_group(bytes, at)? else { break };
        found.take_in(at + Head::BYTES, payload)?;
        at += Head::BYTES + payload.len() + Head::TAIL_BYTES;
        found.length = at as u64;
        found.sequence += 1;
    }
    if found.header.begins == Begins::Whole && found.sequence == 0 {
        let fault = "the group that this file was made with is broken".to_owned();
        return Err(JournalError::Damaged { offset: found.length, fault });
    }
    found.bodies.retain(|(height, _), _| *height > found.settled);
    Ok(found)
}

impl Found {
    /// The payload of the group at `at`; none when it is torn.
    fn next_group<'a>(&self, bytes: &'a [u8], at: usize) -> Result<Option<&'a [u8]>, JournalError> {
        let damaged = |fault: String| JournalError::Damaged { offset: at as u64, fault };
        let rest = &bytes[at..];
        let Some(head) = Head::read(&self.header, rest) else {
            return match self.group_follows(rest) {
                true => Err(damaged("the head of a group is broken, and a whole one follows".to_owned())),
                false => Ok(None),
            };
        };
        if head.sequence != self.sequence {
            return Err(damaged(format!("group {} where group {} belongs", head.sequence, self.sequence)));
        }
        let (payload, behind) = match rest[Head::BYTES..].split_at_checked(head.length as usize) {
            Some((payload, behind)) if behind.len() >= Head::TAIL_BYTES => (payload, behind),
            // Its length is known to be meant, so it was not written to its end.
            Some(_) | None => return Ok(None),
        };
        let (check, after) = behind.split_at(Head::TAIL_BYTES);
        match (head.holds(&self.header, payload, check), after.is_empty()) {
            (true, _) => Ok(Some(payload)),
            (false, true) => Ok(None),
            (false, false) => Err(damaged("a group does not match its check, and more follows".to_owned())),
        }
    }

    /// Whether the head of a later group stands anywhere in these bytes.
    fn group_follows(&self, rest: &[u8]) -> bool {
        (1..rest.len()).any(|at| {
            let sequence =
                rest[at..].get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            // A look at the number spares a hash at almost every byte.
            sequence.is_some_and(|number| number > self.sequence && number - self.sequence < 1 << 32)
                && Head::read(&self.header, &rest[at..]).is_some()
        })
    }

    fn take_in(&mut self, at: usize, payload: &[u8]) -> Result<(), JournalError> {
        let damaged = |fault: String| JournalError::Damaged { offset: at as u64, fault };
        for (offset, item) in items(payload).map_err(|fault| damaged(fault.to_owned()))? {
            let offset = (at + offset) as u64;
            match item {
                Item::Record(bytes) => {
                    let record = SafetyRecord::decode(bytes)
                        .map_err(|fault| JournalError::undecodable(offset, &fault))?;
                    if let Some(last) = &self.record {
                        guard::check(last, &record).map_err(|fault| damaged(fault.to_string()))?;
                    }
                    self.record = Some(record);
                }
                Item::Body(bytes) => {
                    let body = CertifiedBlock::decode(bytes)
                        .map_err(|fault| JournalError::undecodable(offset, &fault))?;
                    let place = Place { offset, bytes: bytes.len(), digest: sha256(bytes) };
                    self.bodies.insert((body.block.height, body.block.id()), place);
                }
                Item::Settled(height) => self.settled = self.settled.max(height),
                Item::Lost => self.lost = true,
            }
        }
        Ok(())
    }

    /// What was found, for whoever starts from it.
    pub(super) fn recovered(&self, bytes: &[u8]) -> Result<Recovered, JournalError> {
        let cut_bytes = bytes.len() as u64 - self.length;
        Ok(Recovered { record: self.record.clone(), blocks: self.blocks(bytes)?, cut_bytes, lost: self.lost })
    }

    /// The blocks that are not settled.
    fn blocks(&self, bytes: &[u8]) -> Result<Vec<CertifiedBlock>, JournalError> {
        self.bodies
            .values()
            .map(|place| {
                let from = place.offset as usize;
                CertifiedBlock::decode(&bytes[from..from + place.bytes])
                    .map_err(|fault| JournalError::undecodable(place.offset, &fault))
            })
            .collect()
    }
}
