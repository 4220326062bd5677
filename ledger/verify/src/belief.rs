//! Whom to believe, and many receipts under one belief.
//!
//! A receipt's verdict is the same alone and among others; only the work is less (`memory`). Who has threads gives each
//! a part of the receipts and a memory of its own: [`parts`] keeps equal checkpoints together.

use proto::policy::Policy;
use proto::receipt::{Bundle, Receipt};

use crate::memory::Memory;
use crate::receipt::{Lives, Options, UNKNOWN, Whole, verify_whole};
use crate::report::Report;
use crate::trust::Trust;

/// Whom a verifier believes.
#[derive(Clone, Copy, Debug)]
pub enum Belief<'a> {
    /// Those of a policy.
    Policy(&'a Policy),
    /// The validators of a genesis, and those who followed.
    Trust(&'a Trust),
}

impl Belief<'_> {
    /// Checks a receipt and what belongs to it.
    pub fn verify(self, bundle: &Bundle, options: Options) -> Report {
        self.verify_knowing(bundle, options, UNKNOWN, None)
    }

    /// Checks a receipt that comes alone.
    pub(crate) fn verify_bare(self, receipt: &Receipt, options: Options) -> Report {
        match self {
            Self::Policy(policy) => verify_whole(policy, Whole::bare(receipt), options, UNKNOWN, None),
            Self::Trust(trust) => trust.verify_whole(Whole::bare(receipt), options, UNKNOWN, None),
        }
    }

    /// The same as [`Belief::verify`] with what was learned from others under the same belief; and learns from it.
    pub fn verify_among(self, bundle: &Bundle, options: Options, memory: &mut Memory) -> Report {
        self.verify_knowing(bundle, options, UNKNOWN, Some(memory))
    }

    /// The same with what the caller knows of the keys of authors, alone or among others.
    pub fn verify_knowing(
        self,
        bundle: &Bundle,
        options: Options,
        lives: Lives<'_>,
        memory: Option<&mut Memory>,
    ) -> Report {
        match self {
            Self::Policy(policy) => verify_whole(policy, Whole::of(bundle), options, lives, memory),
            Self::Trust(trust) => trust.verify_whole(Whole::of(bundle), options, lives, memory),
        }
    }
}

/// Divides receipts among `count` workers: their places, those with equal checkpoints side by side, so that few
/// checkpoints are judged by more than one.
pub fn parts(bundles: &[Bundle], count: usize) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..bundles.len()).collect();
    places.sort_by_key(|place| &bundles[*place].receipt.checkpoint);
    let each = places.len().div_ceil(count.max(1)).max(1);
    places.chunks(each).map(<[usize]>::to_vec).collect()
}
