//! Evidence: two statements that convict a validator.
//!
//! Each half is what its author signed, whole, so that anyone with the validator set can check it. An honest validator,
//! restarted at any point, signs one vote, one timeout and one proposal per view: signatures are deterministic and
//! cover the network, so a repetition is never evidence. Source: `SPEC.md`, rules E1 to E4.

use proto::ballot::{Timeout, Vote};
use proto::certificate::CertificateError;
use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::proposal::Proposal;
use proto::validators::ValidatorSet;
use proto::verified::{SignatureChecker, Unverified};

/// Proof that a validator contradicted itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two votes of one view.
    Votes(Box<[Vote; 2]>),
    /// Two timeouts of one view that report different certificates.
    Timeouts(Box<[Timeout; 2]>),
    /// Two blocks of one view.
    Proposals(Box<[Proposal; 2]>),
}

/// Why something is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The statements are by different validators.
    #[error("statements of two validators, {first} and {second}")]
    TwoAuthors {
        /// Author of the first.
        first: ValidatorIndex,
        /// Author of the second.
        second: ValidatorIndex,
    },
    /// The statements are about different views.
    #[error("statements about two views, {first} and {second}")]
    TwoViews {
        /// View of the first.
        first: View,
        /// View of the second.
        second: View,
    },
    /// The statements say the same.
    #[error("one statement said twice")]
    Same,
    /// A statement does not hold.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Evidence {
    /// Whom it convicts, if it holds.
    pub const fn accused(&self) -> ValidatorIndex {
        match self {
            Self::Votes(pair) => pair[0].voter,
            Self::Timeouts(pair) => pair[0].voter,
            Self::Proposals(pair) => pair[0].block.proposer,
        }
    }

    /// The view it is about.
    pub const fn view(&self) -> View {
        match self {
            Self::Votes(pair) => pair[0].statement.view,
            Self::Timeouts(pair) => pair[0].view,
            Self::Proposals(pair) => pair[0].block.view,
        }
    }

    /// Checks that both statements hold, and that one author made both about one view and contradicts itself.
    ///
    /// # Errors
    /// `EvidenceError`, the first that fails.
    // rules E1, E2, E3
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), EvidenceError> {
        let (authors, views, same) = match self {
            Self::Votes(pair) => {
                let [a, b] = &**pair;
                ([a.voter, b.voter], [a.statement.view, b.statement.view], a.statement == b.statement)
            }
            Self::Timeouts(pair) => {
                let [a, b] = &**pair;
                ([a.voter, b.voter], [a.view, b.view], a.statement() == b.statement())
            }
            Self::Proposals(pair) => {
                let [a, b] = &**pair;
                ([a.block.proposer, b.block.proposer], [a.block.view, b.block.view], a.block == b.block)
            }
        };
        if authors[0] != authors[1] {
            return Err(EvidenceError::TwoAuthors { first: authors[0], second: authors[1] });
        }
        if views[0] != views[1] {
            return Err(EvidenceError::TwoViews { first: views[0], second: views[1] });
        }
        if same {
            return Err(EvidenceError::Same);
        }
        match self {
            Self::Votes(pair) => {
                for vote in &**pair {
                    Unverified::new(vote.clone()).verify(set, checker)?;
                }
            }
            Self::Timeouts(pair) => {
                for timeout in &**pair {
                    Unverified::new(timeout.clone()).verify(set, checker)?;
                }
            }
            Self::Proposals(pair) => {
                for proposal in &**pair {
                    Unverified::new(proposal.clone()).verify(set, checker)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Ideal, block_on, chain, genesis_qc, i, leave, proposal, set, timeout, v};

    #[test]
    fn a_repetition_is_no_evidence() {
        let set = set(4);
        let (_, qc) = chain(&set, &[1, 2]);
        let one = timeout(&set, i(0), v(3), qc.clone(), None);
        // The same words with more beside them: what is signed is the same.
        let more = timeout(&set, i(0), v(3), qc.clone(), Some(leave(&set, 2, &qc)));
        let evidence = Evidence::Timeouts(Box::new([one, more]));
        assert_eq!(evidence.verify(&set, &Ideal), Err(EvidenceError::Same));
        let block = block_on(&set, &genesis_qc(), 1, &[1]);
        let one = proposal(&set, block, genesis_qc(), None);
        let evidence = Evidence::Proposals(Box::new([one.clone(), one]));
        assert_eq!(evidence.verify(&set, &Ideal), Err(EvidenceError::Same));
    }

    #[test]
    fn both_halves_must_be_of_one_author_and_view_and_hold() {
        let set = set(4);
        let at =
            |view, batch| proposal(&set, block_on(&set, &genesis_qc(), view, &[batch]), genesis_qc(), None);
        let pair = |first, second| Evidence::Proposals(Box::new([first, second])).verify(&set, &Ideal);
        assert_eq!(pair(at(1, 1), at(1, 2)), Ok(()));
        assert_eq!(pair(at(1, 1), at(2, 1)), Err(EvidenceError::TwoAuthors { first: i(1), second: i(2) }));
        assert_eq!(pair(at(1, 1), at(5, 1)), Err(EvidenceError::TwoViews { first: v(1), second: v(5) }));
        let mut forged = at(1, 2);
        forged.signature = at(1, 3).signature;
        assert_eq!(
            pair(at(1, 1), forged),
            Err(EvidenceError::Certificate(CertificateError::Proposer { proposer: i(1) }))
        );
    }
}
