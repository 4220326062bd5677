//! Chance from one seed, in named streams.
//!
//! A stream that draws more numbers does not shift the others, so adding a fault to a plan does not change the workload.
//! Source: xoshiro256** and SplitMix64 by Blackman and Vigna (public domain).

use crypto::Hasher;

/// One stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Prng([u64; 4]);

impl Prng {
    /// The stream `name` of a seed.
    pub fn new(seed: u64, name: &str) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&seed.to_be_bytes()).update(name.as_bytes());
        let digest = hasher.finish();
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(digest.as_bytes().chunks_exact(8)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        let state = &mut self.0;
        let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `per_mille` of 1,000 cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// 32 bytes.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for chunk in seed.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.draw().to_be_bytes());
        }
        seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, name| Prng::new(seed, name).draw();
        assert_eq!(draw(1, "net"), draw(1, "net"));
        assert_ne!(draw(1, "net"), draw(1, "disk"));
        assert_ne!(draw(1, "net"), draw(2, "net"));
        let mut prng = Prng::new(7, "x");
        assert!((0..1_000).all(|_| (3..=5).contains(&prng.between(3, 5))));
    }
}
