//! The watcher: what must hold whatever the adversary does.
//!
//! It sees every word, every certificate and every commit. A violation ends the scenario. Rules cited: `consensus/SPEC.md`.

use std::collections::BTreeMap;

use consensus::{CommittedBlock, Evidence, Fork, Say};
use proto::certificate::{CertificateError, QuorumCert};
use proto::counter::{Height, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::validators::ValidatorSet;

use crate::notary::{Ideal, genesis};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two instances committed different blocks at one height.
    #[error("instance {instance} committed {found} at height {height}, another has {agreed}")]
    Fork {
        /// Who committed the second.
        instance: usize,
        /// Where.
        height: Height,
        /// The second.
        found: BlockId,
        /// The first.
        agreed: BlockId,
    },
    /// A commit that is not the next block, or not on its parent, or not certified.
    #[error("instance {instance} committed height {found} on top of height {last}, out of order")]
    Order {
        /// Who.
        instance: usize,
        /// Height committed before.
        last: Height,
        /// Height committed now.
        found: Height,
    },
    /// Two blocks are certified in one view.
    #[error("view {view} has certificates for {first} and {second}")]
    TwoCertificates {
        /// The view.
        view: View,
        /// One block.
        first: BlockId,
        /// The other.
        second: BlockId,
    },
    /// A replica contradicted itself.
    #[error("instance {instance} contradicts itself in view {view}")]
    Contradiction {
        /// Who.
        instance: usize,
        /// Where.
        view: View,
    },
    /// A replica saw finality broken.
    #[error("instance {instance} halted: committed {committed}, a certificate commits {other}")]
    Halted {
        /// Who.
        instance: usize,
        /// What it committed.
        committed: BlockId,
        /// What is certified beside it.
        other: BlockId,
    },
    /// An honest validator is accused, or an accusation does not hold.
    #[error("validator {accused} is accused wrongly in view {view}")]
    FalseAccusation {
        /// Of whom.
        accused: ValidatorIndex,
        /// The view.
        view: View,
    },
    /// The door refuses what an honest replica said.
    #[error("what instance {instance} says is refused: {fault}")]
    Refused {
        /// Who.
        instance: usize,
        /// Why.
        fault: CertificateError,
    },
    /// After the network healed, commits did not come in time.
    #[error("instance {instance} committed nothing new within {views} views after the network healed")]
    Stuck {
        /// The first who did not.
        instance: usize,
        /// Views waited.
        views: u64,
    },
}

/// What one instance said in one view.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    vote: Option<BlockId>,
    proposal: Option<BlockId>,
    timeout: Option<View>,
}

/// All that happened so far.
#[derive(Debug)]
pub struct Watcher {
    tips: Vec<(Height, BlockId)>,
    chain: BTreeMap<Height, BlockId>,
    certified: BTreeMap<View, BlockId>,
    said: BTreeMap<(usize, View), Said>,
    /// Contradictions proved, of those who may be accused.
    pub accusations: u64,
}

impl Watcher {
    /// A watcher over this many instances.
    pub fn new(instances: usize) -> Self {
        Self {
            tips: vec![(Height::ZERO, genesis().id()); instances],
            chain: BTreeMap::new(),
            certified: BTreeMap::new(),
            said: BTreeMap::new(),
            accusations: 0,
        }
    }

    /// Height of the longest chain committed.
    pub fn height(&self) -> Height {
        self.chain.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }

    /// A certificate passed the door.
    ///
    /// # Errors
    /// `TwoCertificates`.
    pub fn certificate(&mut self, qc: &QuorumCert) -> Result<(), Violation> {
        let first = *self.certified.entry(qc.view).or_insert(qc.block);
        match first == qc.block {
            true => Ok(()),
            false => Err(Violation::TwoCertificates { view: qc.view, first, second: qc.block }),
        }
    }

    /// An instance committed a block.
    ///
    /// # Errors
    /// `Order` or `Fork`.
    // rules K1, K2
    pub fn committed(
        &mut self,
        instance: usize,
        set: &ValidatorSet,
        it: &CommittedBlock,
    ) -> Result<(), Violation> {
        let (last, tip) = self.tips[instance];
        let (id, height) = (it.block.id(), it.block.height);
        let certified = it.certificate.block == id && it.certificate.verify(set, &Ideal).is_ok();
        if height != last.next() || it.block.parent != tip || !certified {
            return Err(Violation::Order { instance, last, found: height });
        }
        self.tips[instance] = (height, id);
        let agreed = *self.chain.entry(height).or_insert(id);
        match agreed == id {
            true => Ok(()),
            false => Err(Violation::Fork { instance, height, found: id, agreed }),
        }
    }

    /// An instance asked to sign something.
    ///
    /// # Errors
    /// `Contradiction`.
    // rules P1, V2, T3, T4
    pub fn said(&mut self, instance: usize, say: &Say) -> Result<(), Violation> {
        let (view, now) = match say {
            Say::Vote { statement, .. } => {
                (statement.view, Said { vote: Some(statement.block), ..Said::default() })
            }
            Say::Timeout { view, high_qc, .. } => {
                (*view, Said { timeout: Some(high_qc.view), ..Said::default() })
            }
            Say::Proposal { block, .. } => {
                (block.view, Said { proposal: Some(block.id()), ..Said::default() })
            }
        };
        let before = self.said.entry((instance, view)).or_default();
        let differs = now.vote.is_some_and(|vote| before.vote.is_some_and(|first| first != vote))
            || now.proposal.is_some_and(|block| before.proposal.is_some_and(|first| first != block))
            || now.timeout.is_some_and(|qc| before.timeout.is_some_and(|first| first != qc));
        let late = before.timeout.is_some()
            && (now.vote.is_some() && before.vote.is_none()
                || now.proposal.is_some() && before.proposal.is_none());
        if differs || late {
            return Err(Violation::Contradiction { instance, view });
        }
        before.vote = before.vote.or(now.vote);
        before.proposal = before.proposal.or(now.proposal);
        before.timeout = before.timeout.or(now.timeout);
        Ok(())
    }

    /// An instance accuses a validator.
    ///
    /// # Errors
    /// `FalseAccusation` when it does not hold, or convicts one who is honest.
    // rule E4
    pub fn accused(
        &mut self,
        set: &ValidatorSet,
        evidence: &Evidence,
        suspects: &[ValidatorIndex],
    ) -> Result<(), Violation> {
        let (accused, view) = (evidence.accused(), evidence.view());
        if !suspects.contains(&accused) || evidence.verify(set, &Ideal).is_err() {
            return Err(Violation::FalseAccusation { accused, view });
        }
        self.accusations += 1;
        Ok(())
    }

    /// An instance saw finality broken: the violation it is.
    pub fn halted(instance: usize, fork: &Fork) -> Violation {
        Violation::Halted { instance, committed: fork.committed, other: fork.certificate.block }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notary::{genesis_qc, set, statement, vote};
    use consensus::Say;
    use proto::block::Block;

    fn child(parent: &QuorumCert, view: u64, time: u64) -> Block {
        Block {
            epoch: parent.epoch,
            height: parent.height.next(),
            view: View::new(view),
            parent: parent.block,
            parent_view: parent.view,
            proposer: ValidatorIndex::new((view % 4) as u16),
            time: genesis().time.plus(time),
            batches: Vec::new(),
            handover: None,
        }
    }

    fn certify(block: &Block) -> QuorumCert {
        let set = set(4);
        let votes = (0..3).map(|by| vote(&set, ValidatorIndex::new(by), statement(block)));
        let (epoch, view, height) = (block.epoch, block.view, block.height);
        let signatures = votes.map(|vote| (vote.voter, vote.signature)).collect();
        QuorumCert { epoch, view, height, block: block.id(), signatures }
    }

    fn commit(block: Block) -> CommittedBlock {
        let certificate = certify(&block);
        CommittedBlock { block, justify: genesis_qc(), certificate, is_followed: false, end: None }
    }

    #[test]
    fn forks_and_gaps_are_noticed() {
        let set = set(4);
        let (a, b) = (child(&genesis_qc(), 1, 1), child(&genesis_qc(), 1, 2));
        let mut watcher = Watcher::new(2);
        assert_eq!(watcher.committed(0, &set, &commit(a.clone())), Ok(()));
        assert!(matches!(watcher.committed(0, &set, &commit(a.clone())), Err(Violation::Order { .. })));
        assert!(matches!(watcher.committed(1, &set, &commit(b.clone())), Err(Violation::Fork { .. })));
        let next = child(&certify(&a), 2, 3);
        let mut gap = Watcher::new(1);
        assert!(matches!(gap.committed(0, &set, &commit(next)), Err(Violation::Order { .. })));
        assert_eq!(watcher.certificate(&certify(&a)), Ok(()));
        assert!(matches!(watcher.certificate(&certify(&b)), Err(Violation::TwoCertificates { .. })));
    }

    #[test]
    fn a_contradiction_is_noticed() {
        let (a, b) = (child(&genesis_qc(), 1, 1), child(&genesis_qc(), 1, 2));
        let say = |block: &Block| Say::Vote { statement: statement(block), to: Vec::new() };
        let leave = Say::Timeout { epoch: a.epoch, view: a.view, high_qc: genesis_qc(), last_tc: None };
        let mut watcher = Watcher::new(1);
        assert_eq!(watcher.said(0, &say(&a)), Ok(()));
        assert_eq!(watcher.said(0, &leave), Ok(()));
        assert_eq!(watcher.said(0, &say(&a)), Ok(()), "said again");
        assert!(matches!(watcher.said(0, &say(&b)), Err(Violation::Contradiction { .. })));
        let mut late = Watcher::new(1);
        assert_eq!(late.said(0, &leave), Ok(()));
        assert!(matches!(late.said(0, &say(&a)), Err(Violation::Contradiction { .. })));
    }
}
