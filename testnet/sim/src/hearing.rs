//! What stands in the log, judged by the definition: read from the first leaf on, with nothing but maps.
//!
//! An oracle beside the state machine, for what the voices say: whose an issuer is, which keys it lists, what is sealed once
//! and in which chain, what is revoked and erased once and by whom. And a count of all operations by their names.

use std::collections::{BTreeMap, BTreeSet};

use crypto::KeyId;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::id::{Did, SubmissionId};
use proto::operation::Operation;
use proto::operation::issuer::{IssuerKeyChange, IssuerStatus};
use proto::submission::Submission;

use crate::checkers::{Finding, Violation};
use crate::world::World;

/// What was heard so far.
#[derive(Default)]
struct Heard {
    names: BTreeMap<&'static str, u64>,
    /// Of an issuer: its owner, whether it is believed, and who holds which key.
    issuers: BTreeMap<String, (Did, IssuerStatus, BTreeMap<KeyId, Did>)>,
    sealed: BTreeSet<String>,
    /// The last of each chain of an issuer, and its place.
    chains: BTreeMap<(String, String), (u64, String)>,
    /// What may be revoked, and by whom.
    attestations: BTreeMap<SubmissionId, Did>,
    /// What may be erased, and by whom.
    artifacts: BTreeMap<SubmissionId, Did>,
}

impl Heard {
    /// Takes a leaf; what is wrong with it otherwise.
    fn hear(&mut self, submission: &Submission) -> Result<(), &'static str> {
        let (body, id) = (submission.body(), submission.id());
        let author = &body.author;
        *self.names.entry(body.operation.name()).or_default() += 1;
        match &body.operation {
            Operation::IssuerSet(set) => {
                let new = || (author.clone(), set.status, BTreeMap::new());
                let known = self.issuers.entry(set.issuer.to_string()).or_insert_with(new);
                known.1 = set.status;
                expect(known.0 == *author, "it sets an issuer of another one")
            }
            Operation::IssuerKey(it) => {
                let Some((owner, _, keys)) = self.issuers.get_mut(it.issuer.as_str()) else {
                    return Err("it changes a key of an issuer that was never set");
                };
                let fits = match &it.change {
                    IssuerKeyChange::List { key, .. } => keys.insert(key.id(), author.clone()).is_none(),
                    IssuerKeyChange::Drop { key } => keys.remove(key).is_some(),
                };
                expect(fits && owner == author, "it changes a key that it may not change")
            }
            Operation::AttestationSeal(seal) => {
                let issuer = self.issuers.get(seal.issuer.as_str());
                let holds = issuer.is_some_and(|(_, status, keys)| {
                    *status == IssuerStatus::Active && keys.get(&seal.key) == Some(author)
                });
                expect(holds, "it seals with a key that nobody lists")?;
                expect(self.sealed.insert(seal.id.to_string()), "it was sealed before")?;
                self.attestations.insert(id, author.clone());
                let Some(link) = &seal.link else { return Ok(()) };
                let chain = (seal.issuer.to_string(), link.chain.to_string());
                let previous = link.previous.as_ref().map(ToString::to_string);
                let follows = match (self.chains.get(&chain), previous) {
                    (Some((index, last)), previous) => {
                        link.index == index + 1 && previous.as_ref() == Some(last)
                    }
                    (None, Some(first)) => link.index == 1 && self.sealed.contains(&first),
                    (None, None) => link.index == 0,
                };
                self.chains.insert(chain, (link.index, seal.id.to_string()));
                expect(follows, "it does not stand behind the last of its chain")
            }
            Operation::AttestationIssue { .. } => {
                self.attestations.insert(id, author.clone());
                Ok(())
            }
            Operation::AttestationRevoke { attestation, .. } => expect(
                self.attestations.remove(attestation).as_ref() == Some(author),
                "it revokes what it may not",
            ),
            Operation::ArtifactCommit { .. } => {
                self.artifacts.insert(id, author.clone());
                Ok(())
            }
            Operation::RetentionTombstone { artifact, .. } => {
                expect(self.artifacts.remove(artifact).as_ref() == Some(author), "it erases what it may not")
            }
            // Judged elsewhere: keys and proofs of ProofNest in `rotation`, sessions in `measuring`, validators in
            // `succession`. The others have no rule but who may speak.
            Operation::IdentityCreate { .. }
            | Operation::KeyAdd { .. }
            | Operation::KeyRotate { .. }
            | Operation::KeyRevoke { .. }
            | Operation::ProofSubmit { .. }
            | Operation::BatchAnchor { .. }
            | Operation::ValidatorJoin { .. }
            | Operation::ValidatorLeave { .. }
            | Operation::ServiceEndorse { .. }
            | Operation::Session { .. }
            | Operation::ProofPrimitive(_)
            | Operation::Job { .. }
            | Operation::Evidence { .. }
            | Operation::Signer(_)
            | Operation::Statement(_) => Ok(()),
        }
    }
}

fn expect(holds: bool, fault: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(fault) }
}

impl World {
    /// The log of a member holds nothing but what the rules allow.
    pub(crate) fn check_heard(&mut self, member: u16) -> Result<(), Violation> {
        let found = self.read_heard(member);
        let names = self.judge(member, found)?;
        self.outcomes.kinds = names;
        Ok(())
    }

    fn read_heard(&self, member: u16) -> Result<BTreeMap<&'static str, u64>, Finding> {
        let (reader, mut heard) = (self.reader(member), Heard::default());
        let size = reader.tip()?.map_or(TreeSize::ZERO, |tip| tip.head.size);
        for index in (0..size.get()).map(LeafIndex::new) {
            let said = match reader.entry(index)? {
                Some((_, Entry::Submission(entry))) => heard.hear(&entry.submission),
                Some((_, Entry::Statement(entry))) => heard.hear(entry.submission()),
                Some((_, Entry::Genesis(_) | Entry::Block(_) | Entry::Epoch(_))) | None => Ok(()),
            };
            said.map_err(|fault| Violation(format!("v{member}: leaf {index}: {fault}")))?;
        }
        Ok(heard.names)
    }
}
