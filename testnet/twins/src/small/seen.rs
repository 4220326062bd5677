//! A set of 64-bit states: open addressing, nothing is ever removed, and its order is never read.

/// The set. Zero is not a state.
#[derive(Debug)]
pub struct Seen {
    slots: Vec<u64>,
    held: usize,
}

impl Seen {
    /// An empty set.
    pub fn new() -> Self {
        Self { slots: vec![0; 1 << 16], held: 0 }
    }

    /// Takes a state in; false if it is here.
    pub fn insert(&mut self, state: u64) -> bool {
        if self.held * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let at = find(&self.slots, state);
        let new = self.slots[at] == 0;
        if new {
            self.slots[at] = state;
            self.held += 1;
        }
        new
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        for state in self.slots.iter().copied().filter(|state| *state != 0) {
            let at = find(&slots, state);
            slots[at] = state;
        }
        self.slots = slots;
    }
}

/// Where a state is, or would be. The table is a power of two and never full.
fn find(slots: &[u64], state: u64) -> usize {
    let mask = slots.len() - 1;
    let mixed = (state ^ (state >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut at = (mixed >> 20) as usize & mask;
    while slots[at] != 0 && slots[at] != state {
        at = (at + 1) & mask;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;
    use std::collections::BTreeSet;

    #[test]
    fn it_holds_what_a_tree_holds() {
        let (mut seen, mut tree, mut prng) = (Seen::new(), BTreeSet::new(), Prng::new(3));
        for _ in 0..200_000 {
            let state = 1 + prng.below(150_000) as u64;
            assert_eq!(seen.insert(state), tree.insert(state));
        }
        assert_eq!(seen.held, tree.len());
    }
}
