//! Sealing: what waits becomes a batch of ours.
//!
//! Promise: fair by tenant, in order of arrival inside a tenant, within the limits of one batch, and every
//! submission at most once. Source of the limits: `proto/ENCODING.md`.

use proto::batch::Batch;
use proto::id::ValidatorIndex;
use proto::submission::Submission;
use proto::verified::Verified;

use crate::pool::Pool;

impl Pool {
    /// Whether what waits fills a batch, so that waiting for more gains nothing.
    pub fn fills_a_batch(&self) -> bool {
        self.count() >= Batch::COUNT_MAX || self.bytes() >= Batch::BYTES_MAX
    }

    /// Takes as much as one batch holds and packs it as the work of `me`. None when nothing waits.
    pub fn seal(&mut self, me: ValidatorIndex) -> Option<Verified<Batch>> {
        let mut count = 0;
        let mut bytes = 0;
        let taken = self.take_while(|submission| {
            count += 1;
            bytes += submission.bytes().len();
            count <= Batch::COUNT_MAX && bytes <= Batch::BYTES_MAX
        });
        match taken.is_empty() {
            true => None,
            false => Some(Verified::<Submission>::pack(me, taken)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PoolLimits;
    use crate::samples::{Sample, submission};

    const ME: ValidatorIndex = ValidatorIndex::new(3);

    #[test]
    fn an_empty_pool_seals_nothing() {
        assert_eq!(Pool::new(PoolLimits::default()).seal(ME), None);
    }

    #[test]
    fn a_batch_holds_its_count_and_no_more() {
        let mut pool = Pool::new(PoolLimits::default());
        for nonce in 0..Batch::COUNT_MAX as u64 + 1 {
            assert_eq!(pool.fills_a_batch(), nonce >= Batch::COUNT_MAX as u64);
            pool.insert(submission(Sample { nonce, ..Sample::new("a") })).expect("there is room");
        }
        let first = pool.seal(ME).expect("something waits");
        assert_eq!((first.author, first.submissions.len()), (ME, Batch::COUNT_MAX));
        let second = pool.seal(ME).expect("one is left");
        assert_eq!(second.submissions.len(), 1);
        assert_eq!(second.submissions[0].body().nonce, Batch::COUNT_MAX as u64);
        assert_eq!((pool.seal(ME), pool.count(), pool.bytes()), (None, 0, 0));
    }

    #[test]
    fn a_batch_holds_its_bytes_and_no_more() {
        let mut pool = Pool::new(PoolLimits::default());
        for nonce in 0..40 {
            pool.insert(submission(Sample { nonce, bytes: 30_000, ..Sample::new("a") }))
                .expect("there is room");
        }
        assert!(pool.fills_a_batch());
        let mut nonces = Vec::new();
        while let Some(batch) = pool.seal(ME) {
            assert!(batch.content_bytes() <= Batch::BYTES_MAX);
            // Full up to less than one more.
            assert!(batch.content_bytes() + 31_000 > Batch::BYTES_MAX || pool.count() == 0);
            nonces.extend(batch.submissions.iter().map(|submission| submission.body().nonce));
        }
        assert_eq!(nonces, (0..40).collect::<Vec<u64>>());
    }
}
