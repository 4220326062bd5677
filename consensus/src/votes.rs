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

    /// Forgets views before `view`.
    // rule L1
    pub fn forget_before(&mut self, view: View) {
        self.first = self.first.split_off(&(view, ValidatorIndex::new(0)));
    }
}
