//! The workload: what is submitted, and whether all of it became final everywhere, with receipts that hold.

use crypto::sha256;
use ledger::Outcome;
use ledger::notice::{self, Notice};
use proto::counter::TreeSize;
use proto::id::{Did, SubmissionId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;

use crate::checkers::Violation;
use crate::notary::{Notary, Signer};
use crate::world::{Outcomes, World};

impl World {
    /// Something was committed or became final at a member: what it tells stands for ever, and every receipt it would
    /// now give is checked.
    pub(crate) fn published(&mut self, member: u16, notices: &[Notice]) -> Result<(), Violation> {
        if self.is_byzantine(member) {
            return Ok(());
        }
        for notice in notices {
            match &notice.event {
                notice::Event::Committed { outcomes, .. } => {
                    for (id, outcome) in outcomes {
                        self.checkers.told(member, *id, outcome)?;
                    }
                }
                notice::Event::Finalized { .. } => {}
            }
        }
        let reader = self.reader(member);
        let read = |fault: ledger::read::ReadError| Violation(format!("v{member} cannot read: {fault}"));
        let Some(latest) = reader.checkpoint_latest().map_err(read)? else { return Ok(()) };
        let size = latest.head.size;
        let before = self.final_sizes.insert(member, size).unwrap_or_default();
        if size <= before {
            return Ok(());
        }
        for submission in &self.submissions {
            let id = submission.id();
            if let Ok(Some(Outcome::Committed { index, .. })) = reader.by_id(&id)
                && index.get() < size.get()
                && index.get() >= before.get()
            {
                self.checkers.receipt(member, id, &reader, &self.genesis, &self.notary)?;
            }
        }
        Ok(())
    }

    /// Whether every submission is final at every honest member.
    pub(crate) fn is_all_final(&self) -> bool {
        self.everyone()
            .filter(|member| !self.is_byzantine(*member))
            .all(|member| self.lacks(member).is_none())
    }

    fn lacks(&self, member: u16) -> Option<SubmissionId> {
        let reader = self.reader(member);
        let size =
            reader.checkpoint_latest().ok().flatten().map_or(TreeSize::ZERO, |latest| latest.head.size);
        self.submissions.iter().map(Submission::id).find(|id| match reader.by_id(id) {
            Ok(Some(Outcome::Committed { index, .. })) => index.get() >= size.get(),
            Ok(Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None) | Err(_) => true,
        })
    }

    pub(crate) fn finish(mut self) -> Result<Outcomes, Violation> {
        for member in self.everyone().filter(|member| !self.is_byzantine(*member)) {
            if let Some(id) = self.lacks(member) {
                let status = self.members[usize::from(member)].engine.as_ref().map(engine::Engine::status);
                let outcome = self.reader(member).by_id(&id);
                return Err(Violation(format!(
                    "v{member}: submission {id} is not final {} ms after the trouble ended but {outcome:?}: {status:?}",
                    self.plan.heal_ms
                )));
            }
        }
        // Nothing that anyone called final was lost by anyone.
        // A change of the validators may have been committed at the very end; nobody waited for it to become final.
        let change = |id: &SubmissionId| self.changes.iter().any(|change| change.id() == *id);
        let finals: Vec<_> = self.checkers.finals().copied().filter(|id| !change(id)).collect();
        let honest: Vec<_> = self.everyone().filter(|member| !self.is_byzantine(*member)).collect();
        for member in honest {
            self.check_succession(member)?;
            let reader = self.reader(member);
            for id in &finals {
                self.checkers.receipt(member, *id, &reader, &self.genesis, &self.notary)?;
            }
        }
        self.outcomes.simulated_us = self.now_us;
        self.outcomes.height = self.checkers.height().get();
        self.outcomes.receipts = self.checkers.receipts;
        self.outcomes.trace = self.trace.to_string();
        Ok(self.outcomes)
    }
}

/// A proof of digest and number.
pub(crate) fn submission(author: &Signer, nonce: u64, set: &ValidatorSet, notary: &Notary) -> Submission {
    let operation = Operation::ProofSubmit {
        content: sha256(&nonce.to_be_bytes()),
        content_bytes: 8,
        media_type: String::new(),
        subject: format!("submission {nonce}"),
    };
    signed(author, nonce, set, notary, operation)
}

/// A signed operation.
pub(crate) fn signed(
    author: &Signer,
    nonce: u64,
    set: &ValidatorSet,
    notary: &Notary,
    operation: Operation,
) -> Submission {
    let body = Body {
        network: *set.network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(author.public()),
        key: author.public().clone(),
        nonce,
        expires_at: None,
        operation,
    };
    let signature = notary.sign(author, &body.signed_bytes());
    body.seal(signature)
}
