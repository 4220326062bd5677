//! What honest members say: never two things that exclude each other, in one life or across lives; and that every
//! certificate they show is of votes and timeouts that were cast.

use std::collections::BTreeSet;

use consensus::Say;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Epoch, View};
use proto::id::{BlockId, ValidatorIndex};

use super::{Checkers, Finding, broken};

/// What an honest member signed in a view.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    vote: Option<BlockId>,
    proposal: Option<BlockId>,
    /// The view of the certificate it reported.
    timeout: Option<View>,
}

impl Checkers {
    /// An honest member signs something.
    ///
    /// # Errors
    /// `Broken` when it contradicts itself, or shows a certificate of words nobody said.
    pub fn spoke(&mut self, member: u16, say: &Say) -> Result<(), Finding> {
        match say {
            Say::Vote { statement, .. } => {
                let spoken = self.spoken.entry((member, statement.epoch, statement.view)).or_default();
                if spoken.vote.is_some_and(|before| before != statement.block) {
                    return broken(format!("v{member} voted twice in view {}", statement.view));
                }
                if spoken.timeout.is_some() && spoken.vote.is_none() {
                    return broken(format!("v{member} voted after its timeout of view {}", statement.view));
                }
                spoken.vote = Some(statement.block);
                Ok(())
            }
            Say::Proposal { block, justify, timeout_cert } => {
                let id = block.id();
                let spoken = self.spoken.entry((member, block.epoch, block.view)).or_default();
                if spoken.proposal.is_some_and(|before| before != id) {
                    return broken(format!("v{member} proposed twice in view {}", block.view));
                }
                spoken.proposal = Some(id);
                self.certificate(member, justify)?;
                timeout_cert.iter().try_for_each(|tc| self.timeouts(member, tc))
            }
            Say::Timeout { epoch, view, high_qc, last_tc } => {
                let spoken = self.spoken.entry((member, *epoch, *view)).or_default();
                if spoken.timeout.is_some_and(|before| before != high_qc.view) {
                    return broken(format!("v{member} timed out twice in view {view}, with other reports"));
                }
                spoken.timeout = Some(high_qc.view);
                self.certificate(member, high_qc)?;
                last_tc.iter().try_for_each(|tc| self.timeouts(member, tc))
            }
        }
    }

    /// Counts the signers of a certificate that an honest member shows, and asks the honest ones whether they voted so.
    fn certificate(&mut self, member: u16, qc: &QuorumCert) -> Result<(), Finding> {
        self.certificates += 1;
        if qc.view == View::ZERO && qc.signatures.is_empty() {
            return Ok(());
        }
        let signers = qc.signatures.iter().map(|(signer, _)| *signer);
        let signers = self.signers(member, "certificate", (qc.epoch, qc.view), signers)?;
        let voted = |signer: u16| {
            self.spoken.get(&(signer, qc.epoch, qc.view)).and_then(|it| it.vote) == Some(qc.block)
        };
        match signers.difference(&self.byzantine).find(|signer| !voted(**signer)) {
            Some(signer) => {
                broken(format!("v{member} shows a vote of v{signer} in view {} that was not cast", qc.view))
            }
            None => Ok(()),
        }
    }

    fn timeouts(&mut self, member: u16, tc: &TimeoutCert) -> Result<(), Finding> {
        self.certificate(member, &tc.high_qc)?;
        let signers = tc.entries.iter().map(|entry| entry.signer);
        let signers = self.signers(member, "timeout certificate", (tc.epoch, tc.view), signers)?;
        let left = |signer: u16| {
            self.spoken.get(&(signer, tc.epoch, tc.view)).is_some_and(|it| it.timeout.is_some())
        };
        match signers.difference(&self.byzantine).find(|signer| !left(**signer)) {
            Some(signer) => {
                broken(format!("v{member} shows a timeout of v{signer} of view {} that never was", tc.view))
            }
            None => Ok(()),
        }
    }

    /// The members that signed, if they are a quorum of those who reign.
    fn signers(
        &self,
        member: u16,
        what: &str,
        (epoch, view): (Epoch, View),
        signers: impl Iterator<Item = ValidatorIndex>,
    ) -> Result<BTreeSet<u16>, Finding> {
        let (validators, quorum) = self.quorum(epoch)?;
        let signers: BTreeSet<u16> =
            signers.filter_map(|signer| validators.get(usize::from(signer.get())).copied()).collect();
        match signers.len() >= quorum {
            true => Ok(signers),
            false => broken(format!(
                "v{member} shows a {what} of view {view} with {} signers, a quorum is {quorum}",
                signers.len()
            )),
        }
    }
}
