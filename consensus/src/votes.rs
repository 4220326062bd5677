//! The tally of votes: from votes to a quorum certificate.
//!
//! Of each voter the first vote per view is kept, never overwritten; a second that says something else is evidence.
//! Votes count together only if they say the same in every field. Source: `SPEC.md`, rules V10, E1, L1.

use std::collections::BTreeMap;

use proto::ballot::Vote;
use proto::certificate::QuorumCert;
use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;

use crate::evidence::Evidence;
use crate::replica::Essence;

/// What a vote led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tallied {
    /// Nothing yet.
    Counted,
    /// It is here already.
    Repeated,
    /// With it a quorum says the same.
    Quorum(QuorumCert),
    /// Its voter said something else before.
    Contradicts(Evidence),
}

/// Votes of a few views.
#[derive(Clone, Debug, Default)]
pub struct VoteTally {
    first: BTreeMap<(View, ValidatorIndex), Vote>,
}

impl VoteTally {
    /// Counts a vote; the caller has checked that its view is one of the few that count.
    pub fn add(&mut self, set: &ValidatorSet, vote: Vote) -> Tallied {
        let statement = vote.statement;
        if let Some(first) = self.first.get(&(statement.view, vote.voter)) {
            return match first.statement == statement {
                true => Tallied::Repeated,
                false => Tallied::Contradicts(Evidence::Votes(Box::new([first.clone(), vote]))),
            };
        }
        let voter = vote.voter;
        self.first.insert((statement.view, voter), vote);
        let agreeing: Vec<&Vote> = self
            .first
            .range((statement.view, ValidatorIndex::new(0))..=(statement.view, ValidatorIndex::new(u16::MAX)))
            .map(|(_, vote)| vote)
            .filter(|vote| vote.statement == statement)
            .collect();
        let power: u64 = agreeing.iter().map(|vote| set.power(vote.voter)).sum();
        // Only the vote that completes the quorum makes a certificate, so each is made once.
        if power < set.quorum_power() || power - set.power(voter) >= set.quorum_power() {
            return Tallied::Counted;
        }
        Tallied::Quorum(QuorumCert {
            epoch: statement.epoch,
            view: statement.view,
            height: statement.height,
            block: statement.block,
            signatures: agreeing.iter().map(|vote| (vote.voter, vote.signature.clone())).collect(),
        })
    }

    /// What decides our further words: who voted for what.
    pub fn essence(&self, out: &mut Essence) {
        out.number(self.first.len() as u64);
        for ((view, voter), vote) in &self.first {
            out.view(*view).validator(*voter).block(&vote.statement.block);
        }
    }

    /// Forgets views before `view`.
    // rule L1
    pub fn forget_before(&mut self, view: View) {
        self.first = self.first.split_off(&(view, ValidatorIndex::new(0)));
    }
}

#[cfg(test)]
mod tests {
    use proto::ballot::VoteStatement;
    use proto::counter::{Epoch, Height};
    use proto::id::BlockId;

    use super::*;
    use crate::testing::{Ideal, i, set, v, vote};

    const STATEMENT: VoteStatement = VoteStatement {
        epoch: Epoch::ZERO,
        view: View::new(3),
        height: Height::new(2),
        block: BlockId::new(crypto::Digest::new([1; 32])),
    };

    #[test]
    fn the_vote_that_completes_the_quorum_makes_the_certificate() {
        let set = set(4);
        let mut tally = VoteTally::default();
        assert_eq!(tally.add(&set, vote(&set, i(3), STATEMENT)), Tallied::Counted);
        assert_eq!(tally.add(&set, vote(&set, i(0), STATEMENT)), Tallied::Counted);
        assert_eq!(tally.add(&set, vote(&set, i(0), STATEMENT)), Tallied::Repeated);
        let Tallied::Quorum(qc) = tally.add(&set, vote(&set, i(1), STATEMENT)) else { panic!("no quorum") };
        assert_eq!(qc.verify(&set, &Ideal), Ok(()));
        assert_eq!(qc.statement(), STATEMENT);
        assert_eq!(tally.add(&set, vote(&set, i(2), STATEMENT)), Tallied::Counted, "made once");
    }

    #[test]
    fn votes_that_differ_in_any_field_do_not_add_up() {
        let set = set(4);
        for other in [
            VoteStatement { view: v(4), ..STATEMENT },
            VoteStatement { height: Height::new(9), ..STATEMENT },
            VoteStatement { block: BlockId::default(), ..STATEMENT },
            VoteStatement { epoch: Epoch::new(1), ..STATEMENT },
        ] {
            let mut tally = VoteTally::default();
            tally.add(&set, vote(&set, i(0), STATEMENT));
            tally.add(&set, vote(&set, i(1), STATEMENT));
            assert_eq!(tally.add(&set, vote(&set, i(2), other)), Tallied::Counted, "{other:?}");
        }
    }

    #[test]
    fn the_first_vote_stays_and_both_are_evidence() {
        let set = set(4);
        let mut tally = VoteTally::default();
        let (first, other) = (STATEMENT, VoteStatement { block: BlockId::default(), ..STATEMENT });
        tally.add(&set, vote(&set, i(0), first));
        let Tallied::Contradicts(evidence) = tally.add(&set, vote(&set, i(0), other)) else {
            panic!("not noticed")
        };
        assert_eq!(evidence.verify(&set, &Ideal), Ok(()));
        tally.add(&set, vote(&set, i(1), first));
        assert!(matches!(tally.add(&set, vote(&set, i(2), first)), Tallied::Quorum(_)));
    }

    #[test]
    fn old_views_are_forgotten() {
        let set = set(4);
        let mut tally = VoteTally::default();
        tally.add(&set, vote(&set, i(0), STATEMENT));
        tally.forget_before(v(3));
        assert_eq!(tally.first.len(), 1);
        tally.forget_before(v(4));
        assert_eq!(tally.first.len(), 0);
    }
}
