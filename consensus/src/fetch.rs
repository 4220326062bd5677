//! Fetching: which block is missing, and whom to ask.
//!
//! Only blocks that a verified certificate names are ever asked for: at most three at a time, the newest one missing under
//! our highest certificate, under the proposal of the view, and that of a certificate kept aside. One question per block is
//! open; who fails is followed by the next who signed, and after a round of all of them the pauses double.
//! Source: `SPEC.md`, rules F1 to F5, K5.

use std::collections::BTreeMap;

use proto::certificate::QuorumCert;
use proto::counter::Height;
use proto::id::{BlockId, ValidatorIndex};

use crate::effect::Effect;
use crate::input::Timer;
use crate::params::{Config, GAP_BY_ID_MAX};
use crate::replica::Essence;
use crate::tree::BlockTree;

/// A certified block that is missing, and who told us of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its certificate.
    pub certificate: QuorumCert,
    /// Who probably has it.
    pub hint: Option<ValidatorIndex>,
}

/// How a block is being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    ById,
    ByHeight,
}

/// One missing block and the questions for it.
#[derive(Clone, Debug)]
struct Errand {
    height: Height,
    /// Whom to ask, best first; never empty.
    peers: Vec<ValidatorIndex>,
    /// Number of questions that failed.
    failed: usize,
    manner: Manner,
    next: Next,
}

/// When the next question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Now,
    /// When there is an answer, or none in time.
    Answered,
    /// When the batches are here of what came, up to this height: before, it cannot become final, and the same range would
    /// be asked for again.
    Here(Height),
}

impl Errand {
    fn peer(&self) -> Option<ValidatorIndex> {
        self.peers.get(self.failed % self.peers.len().max(1)).copied()
    }

    fn rounds(&self) -> usize {
        self.failed / self.peers.len().max(1)
    }
}

/// All open errands.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    errands: BTreeMap<BlockId, Errand>,
}

impl Fetch {
    /// Whether a block is being asked for by its id.
    pub fn wants(&self, block: &BlockId) -> bool {
        self.errands.contains_key(block)
    }

    /// Whether all who may have a block were asked for it in vain.
    pub fn has_failed(&self, block: &BlockId) -> bool {
        self.errands.get(block).is_some_and(|errand| errand.rounds() > 0)
    }

    /// What decides our further words: what is asked for.
    pub fn essence(&self, out: &mut Essence) {
        out.number(self.errands.len() as u64);
        for block in self.errands.keys() {
            out.block(block);
        }
    }

    /// Whether a range of heights is being asked of this peer.
    pub fn catches_up_with(&self, peer: ValidatorIndex) -> bool {
        self.errands.values().any(|errand| errand.manner == Manner::ByHeight && errand.peer() == Some(peer))
    }

    /// Drops errands that are done and begins those that are new; asks all that are due.
    // rules F2, F3
    pub fn want(
        &mut self,
        config: &Config,
        me: Option<ValidatorIndex>,
        tree: &BlockTree,
        missing: &[Missing],
        out: &mut Vec<Effect>,
    ) {
        self.errands.retain(|block, _| {
            let kept = missing.iter().any(|missing| missing.certificate.block == *block);
            if !kept {
                out.push(Effect::StopTimer { timer: Timer::Fetch { block: *block } });
            }
            kept
        });
        for Missing { certificate, hint } in missing {
            let mut peers: Vec<ValidatorIndex> = hint.iter().copied().collect();
            peers.extend(
                certificate.signatures.iter().map(|(signer, _)| *signer).filter(|s| Some(*s) != *hint),
            );
            peers.retain(|peer| Some(*peer) != me);
            if peers.is_empty() || self.errands.contains_key(&certificate.block) {
                continue;
            }
            let errand = Errand {
                height: certificate.height,
                peers,
                failed: 0,
                manner: Manner::ById,
                next: Next::Now,
            };
            self.errands.insert(certificate.block, errand);
        }
        for (block, errand) in &mut self.errands {
            let due = match errand.next {
                Next::Now => true,
                Next::Answered => false,
                Next::Here(height) => tree.is_here_up_to(height),
            };
            if due {
                errand.next = Next::Answered;
                ask(config, tree.root().height, *block, errand, out);
            }
        }
    }

    /// Forgets all errands: what is still missing is asked for as if for the first time.
    // rule F6
    pub fn restart(&mut self, out: &mut Vec<Effect>) {
        for block in std::mem::take(&mut self.errands).into_keys() {
            out.push(Effect::StopTimer { timer: Timer::Fetch { block } });
        }
    }

    /// A peer had nothing for us, or could not be asked: the next one, at once unless all have failed.
    // rule F4
    pub fn failed(&mut self, block: &BlockId, peer: ValidatorIndex) {
        if let Some(errand) = self.errands.get_mut(block)
            && errand.peer() == Some(peer)
            && !(errand.failed + 1).is_multiple_of(errand.peers.len())
            && !crypto::broken!(OnePeerAsked)
        {
            errand.failed += 1;
            errand.next = Next::Now;
        }
    }

    /// A peer asked for a range sent nothing of use.
    pub fn failed_to_catch_up(&mut self, peer: ValidatorIndex) {
        let blocks: Vec<BlockId> = self.by_height(peer).map(|(block, _)| *block).collect();
        for block in blocks {
            self.failed(&block, peer);
        }
    }

    /// A peer asked for a range sent it up to `highest`: ask it for more as soon as the batches are here. If they do not
    /// come, the timer goes on.
    // rule F5
    pub fn more(&mut self, peer: ValidatorIndex, highest: Height) {
        for (_, errand) in self.by_height(peer) {
            errand.next = Next::Here(highest);
        }
    }

    /// The answer did not come in time.
    pub fn late(&mut self, block: &BlockId) {
        if let Some(errand) = self.errands.get_mut(block) {
            errand.failed += usize::from(!crypto::broken!(OnePeerAsked));
            errand.next = Next::Now;
        }
    }

    fn by_height(&mut self, peer: ValidatorIndex) -> impl Iterator<Item = (&BlockId, &mut Errand)> {
        self.errands
            .iter_mut()
            .filter(move |(_, errand)| errand.manner == Manner::ByHeight && errand.peer() == Some(peer))
    }
}

/// Asks the next peer: by height while far behind, until every peer has failed at that once.
fn ask(config: &Config, root: Height, block: BlockId, errand: &mut Errand, out: &mut Vec<Effect>) {
    let Some(from) = errand.peer() else { return };
    let gap = errand.height.get().saturating_sub(root.get());
    errand.manner = match gap > GAP_BY_ID_MAX && errand.rounds() == 0 {
        true => Manner::ByHeight,
        false => Manner::ById,
    };
    out.push(match errand.manner {
        Manner::ById => Effect::Fetch { block, above: root, from },
        Manner::ByHeight => Effect::CatchUp { block, from_height: root.next(), from },
    });
    let pause = config.view_timeout_ms.saturating_mul(1 << errand.rounds().min(16));
    let after_ms = pause.min(config.view_timeout_max_ms);
    out.push(Effect::StartTimer { timer: Timer::Fetch { block }, after_ms });
}
