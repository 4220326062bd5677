//! What a commit costs in messages and bytes, in healthy networks of several sizes.

use crate::checkers::Violation;
use crate::outcomes::Outcomes;
use crate::plan::Plan;
use crate::world::World;

/// Sizes that are looked at.
pub const SIZES: [u16; 6] = [4, 7, 16, 31, 64, 100];

/// What a network of one size needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Validators.
    pub members: u16,
    /// Blocks committed, those included that order nothing.
    pub blocks: u64,
    /// Submissions made final.
    pub submissions: u64,
    /// Messages, questions and answers sent from the first submission on, one for each receiver.
    pub messages: u64,
    /// Their bytes, without frames and encryption.
    pub bytes: u64,
}

impl Cost {
    /// Messages for each block, rounded.
    pub fn messages_per_block(&self) -> u64 {
        (self.messages + self.blocks / 2) / self.blocks.max(1)
    }

    /// Bytes for each block, rounded.
    pub fn bytes_per_block(&self) -> u64 {
        (self.bytes + self.blocks / 2) / self.blocks.max(1)
    }
}

/// Lets a healthy network of `members` make `submissions` submissions final, one every 20 ms; with `real_signatures` its
/// validators do the arithmetic of curves and lattices that real ones do, so that the time it takes means something.
///
/// # Errors
/// `Violation`, when the network cannot begin or a rule breaks.
pub fn cost(seed: u64, members: u16, submissions: u64, real_signatures: bool) -> Result<Cost, Violation> {
    let calm = Plan::calm(members, 1_000 + 20 * submissions, submissions);
    let mut world = World::new(seed, Plan { real_signatures, ..calm });
    world.measures = true;
    let Outcomes { height, messages, bytes, .. } = world.run()?;
    // One more than planned: what is submitted at the end.
    Ok(Cost { members, blocks: height, submissions: submissions + 1, messages, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_network_needs_more_of_everything() {
        let small = cost(1, 4, 20, false).expect("a healthy network is clean");
        let larger = cost(1, 7, 20, false).expect("a healthy network is clean");
        assert!(small.blocks > 0 && small.messages > 0);
        assert!(larger.messages_per_block() > small.messages_per_block());
        assert!(larger.bytes_per_block() > small.bytes_per_block());
    }
}
