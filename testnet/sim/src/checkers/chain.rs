//! What members keep: one chain of blocks for all, the same state after each, never shorter, and durable on a quorum before
//! anybody applies it.

use std::collections::BTreeSet;

use ledger::LedgerReader;
use ledger::read::ReadError;
use proto::block::CertifiedBlock;
use proto::counter::{Epoch, Height};
use proto::id::BlockId;

use super::{Checkers, Finding, broken};

fn below(height: Height) -> Height {
    Height::new(height.get().saturating_sub(1))
}

fn block_at(reader: &LedgerReader, height: Height) -> Result<CertifiedBlock, Finding> {
    let missing = || ReadError::Engine { fault: format!("block {height} is below the tip and missing") };
    Ok(reader.block(height)?.ok_or_else(missing)?)
}

impl Checkers {
    /// A member's store has new durable content: it agrees with everybody's, and only grows. Returns the block when it is
    /// the first time that anybody shows it. `known` has parent and epoch of some, so that they need not be read.
    ///
    /// # Errors
    /// `Broken` on a fork, a step back, a gap, or another state; `Unreadable`.
    pub fn stored(
        &mut self,
        member: u16,
        reader: &LedgerReader,
        known: impl Fn(&BlockId) -> Option<(BlockId, Epoch)>,
    ) -> Result<Option<(Height, BlockId, Epoch)>, Finding> {
        let Some(tip) = reader.tip()? else { return Ok(None) };
        let reached = self.reached.entry(member).or_default();
        if tip.height < *reached {
            return broken(format!("v{member} went back from height {reached} to {}", tip.height));
        }
        // Blocks are stored one by one, but for what a crash made durable unheard and what is replayed.
        if tip.height.get() > reached.get().saturating_add(1) {
            self.replayed.insert(member);
        }
        *reached = tip.height;
        let first = match self.blocks.contains_key(&tip.height) {
            true => None,
            false => Some(self.descends(member, tip.height, tip.block, reader, known)?),
        };
        let (block, state) = self.blocks.entry(tip.height).or_insert((tip.block, None));
        if *block != tip.block {
            return broken(format!(
                "fork at height {}: v{member} has {:?}, before was {block:?}",
                tip.height, tip.block
            ));
        }
        let seen = *state.get_or_insert(tip.state);
        if seen != tip.state {
            return broken(format!(
                "v{member} has state {} after height {}, others have {seen}",
                tip.state, tip.height
            ));
        }
        self.head(member, tip.head)?;
        Ok(first.map(|epoch| (tip.height, tip.block, epoch)))
    }

    /// Follows a block that nobody showed before down to one that somebody did: a crash may have made blocks durable that
    /// nobody was told of. Returns the epoch of the block.
    fn descends(
        &mut self,
        member: u16,
        height: Height,
        block: BlockId,
        reader: &LedgerReader,
        known: impl Fn(&BlockId) -> Option<(BlockId, Epoch)>,
    ) -> Result<Epoch, Finding> {
        let (mut height, mut expected) = (height, block);
        let mut newest = None;
        while height > Height::ZERO {
            let (parent, epoch) = match known(&expected) {
                Some(known) => known,
                None => {
                    let found = block_at(reader, height)?.block;
                    let id = found.id();
                    if id != expected || found.height != height {
                        return broken(format!("v{member} keeps {id:?} as block {height}, not {expected:?}"));
                    }
                    (found.parent, found.epoch)
                }
            };
            newest.get_or_insert(epoch);
            (height, expected) = (below(height), parent);
            match self.blocks.get(&height) {
                Some((known, _)) if *known == expected => break,
                Some((known, _)) => {
                    return broken(format!(
                        "fork at height {height}: v{member} builds on {expected:?}, before was {known:?}"
                    ));
                }
                None => {
                    self.blocks.insert(height, (expected, None));
                }
            }
        }
        Ok(newest.unwrap_or(Epoch::ZERO))
    }

    /// A block is applied for the first time: `holders` are the honest members that have it durable, in journal or store.
    /// With the validators of its epoch that may say so and be wrong, being Byzantine or having lost a disk, that must be a
    /// quorum of these.
    ///
    /// # Errors
    /// `Broken` when it is not.
    pub fn durable(
        &self,
        height: Height,
        block: BlockId,
        epoch: Epoch,
        holders: &BTreeSet<u16>,
    ) -> Result<(), Finding> {
        let (validators, quorum) = self.quorum(epoch)?;
        let pretenders =
            validators.iter().filter(|it| self.byzantine.contains(it) || self.wiped.contains(it)).count();
        let holders = validators.iter().filter(|it| holders.contains(it) && !self.wiped.contains(it)).count();
        match height == Height::ZERO || holders + pretenders >= quorum {
            true => Ok(()),
            false => broken(format!(
                "block {height} {block:?} is applied, and durable on {holders} honest members and at most \
                 {pretenders} others, a quorum is {quorum}"
            )),
        }
    }

    /// A member lost its disk: it begins again below what it had, and what it said stays said.
    pub fn wiped(&mut self, member: u16) {
        self.reached.remove(&member);
        self.wiped.insert(member);
    }

    /// Whether a member showed that it has applied this height.
    pub fn has_reached(&self, member: u16, height: Height) -> bool {
        self.reached.get(&member).is_some_and(|reached| *reached >= height)
    }

    /// Every block a member keeps is the one everybody has at that height, by the index it keeps of them. One that replayed
    /// the log does not keep those before; its state and log are compared all the same.
    ///
    /// # Errors
    /// `Broken` on another height, or on none where nothing was replayed; `Unreadable`.
    pub fn whole_chain(&self, member: u16, reader: &LedgerReader) -> Result<(), Finding> {
        let Some(tip) = reader.tip()? else { return Ok(()) };
        for (height, (expected, _)) in self.blocks.range(Height::new(1)..=tip.height) {
            let found = reader.height_of(expected)?;
            let is_missing = found.is_none() && !self.replayed.contains(&member);
            if is_missing || found.is_some_and(|found| found != *height) {
                return broken(format!(
                    "v{member} has {found:?} as the height of block {height} {expected:?}"
                ));
            }
        }
        Ok(())
    }

    /// Every block a member keeps, read and hashed, is the one everybody has at that height.
    ///
    /// # Errors
    /// As `whole_chain`.
    pub fn each_block(&self, member: u16, reader: &LedgerReader) -> Result<(), Finding> {
        let Some(tip) = reader.tip()? else { return Ok(()) };
        for (height, (expected, _)) in self.blocks.range(Height::new(1)..=tip.height) {
            let found = match (reader.block(*height)?, self.replayed.contains(&member)) {
                (Some(found), _) => found.block.id(),
                (None, true) => continue,
                (None, false) => return broken(format!("v{member} keeps no block {height}")),
            };
            if found != *expected {
                return broken(format!("v{member} keeps {found:?} as block {height}, others {expected:?}"));
            }
        }
        Ok(())
    }
}
