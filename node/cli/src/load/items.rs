//! What the receipt of an anchored batch is good for: a receipt for each of its items, some of them verified offline.
//!
//! Done after the receipt was counted, on a thread that may block, so that it is no part of what is measured.

use std::sync::Arc;

use client::Anchored;
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::policy::Policy;
use proto::receipt::Receipt;
use verify::{Options, verify_receipt};

use super::content::Run;

/// Makes the receipts of items, and doubts some of them.
pub struct Items {
    run: Arc<Run>,
    policy: Policy,
}

/// What became of one batch's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Receipts made: one for each item.
    pub made: u64,
    /// How many of them were read again and verified.
    pub verified: u64,
}

impl Items {
    /// For the batches of a run, under the network's policy.
    pub const fn new(run: Arc<Run>, policy: Policy) -> Self {
        Self { run, policy }
    }

    /// Makes all receipts of a batch out of its anchor's, and verifies the first, the last, and one between.
    ///
    /// # Errors
    /// A short name for what is wrong, to count by.
    pub fn make(&self, anchor: Receipt) -> Result<Made, String> {
        let Ok(Entry::Submission(entry)) = Entry::decode(&anchor.entry) else {
            return Err("no_submission".to_owned());
        };
        let number = self.run.number(entry.submission.body().nonce);
        let batch = self.run.batch(number);
        let count = batch.digests().len() as u64;
        let anchored = Anchored::new(batch, anchor).map_err(|_| "other_batch".to_owned())?;
        let wanted = [0, 1 + number % count.saturating_sub(2).max(1), count - 1];
        let mut made = Made { made: 0, verified: 0 };
        for (at, receipt) in (0..).zip(anchored.receipts()) {
            made.made += 1;
            if wanted.contains(&at) {
                self.doubt(&receipt, LeafIndex::new(at), &anchored)?;
                made.verified += 1;
            }
        }
        match made.made == count {
            true => Ok(made),
            false => Err("items_missing".to_owned()),
        }
    }

    /// Reads and verifies a receipt as somebody would who was handed it.
    fn doubt(&self, receipt: &Receipt, at: LeafIndex, anchored: &Anchored) -> Result<(), String> {
        let read = Receipt::from_json(&receipt.to_json()).map_err(|_| "unreadable".to_owned())?;
        let artifact = anchored.batch().item(at).map(|item| item.digest);
        let report = verify_receipt(&self.policy, &read, Options { artifact, ..Options::default() });
        match report.failure() {
            Some((code, _)) => Err(code.as_str().to_owned()),
            None if report.item.is_none() => Err("no_item".to_owned()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::Scheme;
    use proto::counter::{Height, TimeMs};
    use proto::entry::SubmissionEntry;
    use proto::id::NetworkId;

    use super::*;
    use crate::load::Load;
    use crate::load::content::{Authors, Kind};
    use crate::load::tests::load;

    #[test]
    fn what_is_not_the_batchs_receipt_is_found_out() {
        let load = Load { kind: Kind::Batch, proofs: 7, ..load(Vec::new(), 1) };
        let run = Arc::new(Run::new(&load, NetworkId::default()));
        let authors = Authors::fresh(1, Scheme::Ed25519).expect("signs");
        let nobody: Policy = "quorum none\n".parse().expect("a policy");
        let items = Items::new(run.clone(), nobody);
        let anchor = |run: &Run| {
            let (height, time, submission) = (Height::new(1), TimeMs::new(1), run.submission(4, &authors));
            let entry = Entry::Submission(Box::new(SubmissionEntry { height, time, submission }));
            let (index, checkpoint) = (LeafIndex::new(0), String::new());
            Receipt { entry: entry.encode(), index, proof: Vec::new(), checkpoint, item: None }
        };
        let other = Run::new(&load, NetworkId::default());
        let cases = [
            // Its own, and nobody vouches for it: the check that fails is named.
            (anchor(&run), "policy"),
            (anchor(&other), "other_batch"),
            (Receipt { entry: b"noise".to_vec(), ..anchor(&run) }, "no_submission"),
        ];
        for (receipt, expected) in cases {
            assert_eq!(items.make(receipt), Err(expected.to_owned()));
        }
    }
}
