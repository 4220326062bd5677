//! Validators that come and go: spare members that join, members that leave, approved by those who reign.
//!
//! What is approved follows from what honest members have applied when the moment comes, so it may be too late or twice;
//! then the ledger refuses it, which is as good a case. Never so many leave that those who misbehave grow beyond a third.

use ledger::LedgerReader;
use merkle::{hash::leaf_hash, inclusion};
use proto::canonical::Canonical as _;
use proto::counter::Epoch;
use proto::entry::Entry;
use proto::operation::{Approval, Membership, Operation, approval_bytes, membership_possession_bytes};
use proto::submission::Submission;
use proto::validators::ValidatorSet;
use proto::verified::{Unverified, Verified};

use crate::checkers::Violation;
use crate::plan::Turnover;
use crate::world::{Happening, World};

/// Nobody leaves a set of so few.
const LEAST: usize = 4;

impl World {
    /// Somebody changes the validators, if an honest member that runs knows of no change already.
    pub(crate) fn change(&mut self) {
        let Some((set, false)) = self.reigning() else { return };
        if let Some(change) = self.choose(&set) {
            self.propose_change(&set, change);
        }
    }

    /// A change by name, whatever waits already.
    pub(crate) fn turn_over(&mut self, turnover: Turnover) {
        let Some((set, _)) = self.reigning() else { return };
        let change = match turnover {
            Turnover::Join(member) => {
                let keys = &self.members[usize::from(member)].keys;
                Membership::Join(Box::new(keys.validator(format!("v{}", member + 1))))
            }
            Turnover::Leave(member) => Membership::Leave(format!("v{}", member + 1)),
        };
        self.propose_change(&set, change);
    }

    /// Who reigns as far as the one has come who has come furthest, and whether a change waits there.
    fn reigning(&self) -> Option<(ValidatorSet, bool)> {
        let honest = self.everyone().filter(|member| !self.is_byzantine(*member));
        let engines = honest.filter_map(|member| self.members[usize::from(member)].engine.as_ref());
        let ledger = engines.map(engine::Engine::ledger).max_by_key(|ledger| ledger.tip().height)?;
        let set = ledger.reign().set(*self.cast.set.network(), self.cast.set.origin().to_owned());
        Some((set, ledger.awaits_handover()))
    }

    fn propose_change(&mut self, set: &ValidatorSet, change: Membership) {
        let submission = self.approved(set, change);
        let index = self.changes.len();
        self.note(18, index as u64, || format!("somebody changes the validators of epoch {}", set.epoch()));
        self.changes.push(submission);
        for to in self.numbers_of(set) {
            self.after(1_000, Happening::Propose { to, change: index });
        }
    }

    fn choose(&mut self, set: &ValidatorSet) -> Option<Membership> {
        let within: Vec<u16> = self.numbers_of(set);
        let without: Vec<u16> = self.everyone().filter(|member| !within.contains(member)).collect();
        let byzantine = within.iter().filter(|member| self.is_byzantine(**member)).count();
        // What was approved in this epoch or the one before may still be under way.
        let recent = Epoch::new(set.epoch().get().saturating_sub(1));
        let leaving = self.leaving.range(recent..).map(|(_, count)| count).sum::<usize>();
        let left = within.len().saturating_sub(leaving);
        let may_leave = left > LEAST && left > 3 * byzantine + 1;
        let joins = !without.is_empty() && (!may_leave || self.faults.chance(600));
        if joins {
            let who = without[self.faults.below(without.len() as u64) as usize];
            let validator = self.members[usize::from(who)].keys.validator(format!("v{}", who + 1));
            return Some(Membership::Join(Box::new(validator)));
        }
        let who = within[self.faults.below(within.len() as u64) as usize];
        if !may_leave {
            return None;
        }
        *self.leaving.entry(set.epoch()).or_default() += 1;
        Some(Membership::Leave(format!("v{}", who + 1)))
    }

    /// A change with the consent of everybody it takes. These signatures are real in every world: they are checked by the
    /// state machine itself, which asks no notary.
    pub(crate) fn approved(&self, set: &ValidatorSet, change: Membership) -> Verified<Submission> {
        let (network, epoch) = (self.cast.set.network(), set.epoch());
        let message = approval_bytes(network, epoch, &change);
        let approval = |member: u16| {
            let keys = &self.members[usize::from(member)].keys;
            let approver = set.position(keys.consensus()).expect("a member of the set");
            Approval { approver, signature: keys.approve(&message) }
        };
        let approvals = self.numbers_of(set).into_iter().take(set.quorum_power() as usize).map(approval);
        let approvals = approvals.collect();
        let operation = match change {
            Membership::Join(validator) => {
                let joining = self.members.iter().find(|it| *it.keys.consensus() == validator.consensus);
                let joining = joining.expect("only members of the world join");
                let message = membership_possession_bytes(network, epoch, &validator);
                Operation::ValidatorJoin {
                    epoch,
                    possession: joining.keys.approve(&message),
                    validator,
                    approvals,
                }
            }
            Membership::Leave(name) => Operation::ValidatorLeave { epoch, name, approvals },
        };
        let nonce = 1_000_000 + self.changes.len() as u64;
        self.cast.signed(nonce, operation)
    }

    /// Whoever follows the epochs from genesis at this member finds no gap: each is told of by a leaf, under a head that the
    /// validators before signed.
    pub(crate) fn check_succession(&mut self, member: u16) -> Result<(), Violation> {
        let reader = self.reader(member);
        let fault = |text: String| Violation(format!("v{member}: {text}"));
        let epochs = follow(&reader, &self.cast.set, &self.cast.notary).map_err(fault)?;
        self.outcomes.epochs = self.outcomes.epochs.max(epochs);
        Ok(())
    }
}

fn follow(
    reader: &LedgerReader,
    genesis: &ValidatorSet,
    notary: &crate::notary::Notary,
) -> Result<u64, String> {
    let certified = reader.checkpoint_latest().map_err(|fault| fault.to_string())?;
    let certified = certified.map(|it| it.head.size).unwrap_or_default();
    let mut before = genesis.clone();
    for epoch in (1..).map(Epoch::new) {
        let reign = match reader.reign(epoch).map_err(|fault| fault.to_string())? {
            Some(reign) if reign.size <= certified => reign,
            Some(_) | None => return Ok(before.epoch().get()),
        };
        let set = reign.set(*genesis.network(), genesis.origin().to_owned());
        let parts = reader.handover_receipt(epoch).map_err(|fault| fault.to_string())?;
        let parts = parts.ok_or_else(|| format!("no receipt hands over to epoch {epoch}"))?;
        let head = parts.checkpoint.head;
        Unverified::new(parts.checkpoint).verify(&before, notary).map_err(|fault| fault.to_string())?;
        let leaf = leaf_hash(&parts.entry);
        inclusion::verify(&leaf, parts.index.get(), head.size.get(), &parts.proof, &head.root)
            .map_err(|fault| fault.to_string())?;
        match Entry::decode(&parts.entry) {
            Ok(Entry::Epoch(entry)) if entry.epoch == epoch && entry.validators == set.digest() => {}
            other => return Err(format!("the leaf that opens epoch {epoch} is {other:?}")),
        }
        before = set;
    }
    Ok(before.epoch().get())
}
