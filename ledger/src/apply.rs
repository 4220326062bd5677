//! Applying: a committed block in, and out comes all that follows from it.
//!
//! Each height once, oldest first. Nothing here can fail because of what a submission says: that is an outcome.
//! Source: `STATE.md`, rules S1 to S6, V3 to V5, D1, D2, Z4.

use crypto::Digest;
use proto::batch::Batch;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::QuorumCert;
use proto::checkpoint::Head;
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::domain::Domain;
use proto::entry::{BlockEntry, Entry};
use proto::id::SubmissionId;
use proto::lookup::Record;
use proto::operation::{Membership, Operation};
use proto::submission::Submission;
use proto::validators::{Opening, ValidatorList};
use proto::verified::Verified;

use crate::artifact::Artifact;
use crate::attestation::Attestation;
use crate::audit::Postings;
use crate::batch::check_batches;
use crate::body::{self, Places};
use crate::change::ChangeSet;
use crate::check::{Moment, Rules};
use crate::error::{CheckError, LedgerError};
use crate::evidence;
use crate::identity::Identity;
use crate::issuer::Issuer;
use crate::job;
use crate::key::{KeyStanding, Position};
use crate::ledger::Ledger;
use crate::log::Leaf;
use crate::lookup::Addition;
use crate::notice::{Event, Notice};
use crate::outcome::Outcome;
use crate::primitive::{Listed, prove};
use crate::read::ReadError;
use crate::refusals;
use crate::reign::{Queued, Reign, Succession, policy_digest};
use crate::retention::{Class, Retained};
use crate::sealed::Sealed;
use crate::service;
use crate::session;
use crate::signer;
use crate::state::{State, next_digest};
use crate::tip::Tip;

/// A block that consensus committed, with the bodies of its batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The block.
    pub block: Block,
    /// The certificate of its parent.
    pub justify: QuorumCert,
    /// The batches it names, in its order.
    pub batches: Vec<Verified<Batch>>,
}

/// What follows from a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its height.
    pub height: Height,
    /// To be made durable, after those of the heights before; nothing below is told before that.
    pub change: ChangeSet,
    /// The new head of the log; none when the block neither ordered anything nor closed its epoch.
    pub head: Option<Head>,
    /// What became of its submissions, in order; those decided earlier are left out.
    pub outcomes: Vec<(SubmissionId, Outcome)>,
    /// For subscribers.
    pub notices: Vec<Notice>,
}

impl Ledger {
    /// Applies the next block.
    ///
    /// # Errors
    /// `OutOfOrder`, `OtherParent`, `TimeNotLater`, `Batches` or `Handover` when this is not the block that comes next;
    /// `Read` when the store fails. The ledger is then as it was.
    pub fn apply(&mut self, committed: Committed) -> Result<Applied, LedgerError> {
        let Committed { block, justify, batches } = committed;
        self.expect_next(&block, &justify)?;
        let batches: Vec<Batch> = batches.into_iter().map(Verified::into_inner).collect();
        check_batches(&block, &batches)?;

        let next = self.expect_handover(&block)?;

        let (height, empty) = (block.height, block.is_empty());
        let mut tip = Tip { height, block: block.id(), time: block.time, ..self.tip };
        let mut change = ChangeSet::new();
        let (mut log, mut sequence, mut index) = (self.log.clone(), self.sequence, self.index.clone());
        let (mut outcomes, mut notices) = (Vec::new(), Vec::new());
        let (mut succession, mut places) = (None, None);
        if !empty {
            let first_index = log.next_index();
            let mut execution = self.execute(&block, &batches, next)?;
            change = execution.change;
            refusals::put(height, &execution.refused, &mut change);
            succession = execution.succession;
            tip.state = next_digest(&self.tip.state, &change);
            let own = LeafIndex::new(first_index.get().saturating_add(u64::from(execution.accepted)));
            let addition = Addition { first: first_index, own, records: &execution.records };
            let lookup = match index.is_stated() {
                true => Some(index.add(&addition, &self.overlay, &mut change)?),
                false => None,
            };
            execution.leaves.push(Leaf::of(&Entry::Block(BlockEntry {
                height,
                view: block.view,
                proposer: block.proposer,
                time: block.time,
                batches: block.batches.clone(),
                accepted: execution.accepted,
                rejected: execution.rejected,
                rejections: execution.rejections,
                state: tip.state,
                lookup,
            }))?);
            // Rule V5: behind the block's own entry, so that the receipt of this leaf is the last of the old epoch.
            if let (Some(policy), Some(Succession { reign, .. })) = (execution.opens, &succession) {
                execution.leaves.push(Leaf::of(&reign.entry(policy))?);
                reign.put(&mut change);
                index.due(&mut change);
            }
            tip.head = log.append(&execution.leaves, &mut change)?;
            execution.postings.put(block.time, own.next(), &mut change);
            places = Some(Places { first: first_index, became_leaf: execution.became_leaf });
            outcomes = execution.outcomes;
            let event = Event::Committed { height, first_index, outcomes: outcomes.clone() };
            notices.push(sequence.tell(event, &mut change));
        }
        let certified = CertifiedBlock { block, justify, batches };
        body::put(&certified, places.as_ref(), &mut change);
        tip.put(&mut change);

        self.overlay.push(height, change.clone());
        (self.log, self.sequence, self.tip, self.block) = (log, sequence, tip, certified.block);
        self.index = index;
        if let Some(succession) = succession {
            self.succession = succession;
        }
        Ok(Applied { height, change, head: (!empty).then_some(tip.head), outcomes, notices })
    }

    /// Rule S3: heights in order, each on the one before, later than it.
    fn expect_next(&self, block: &Block, justify: &QuorumCert) -> Result<(), LedgerError> {
        let Tip { height, block: parent, time, .. } = self.tip;
        if block.height != height.next() || block.height == height {
            return Err(LedgerError::OutOfOrder { found: block.height, expected: height.next() });
        }
        for found in [block.parent, justify.block] {
            if found != parent {
                return Err(LedgerError::OtherParent { height: block.height, found, expected: parent });
            }
        }
        match block.time > time {
            true => Ok(()),
            false => Err(LedgerError::TimeNotLater { height: block.height, found: block.time, parent: time }),
        }
    }

    /// Rule V4: who reigns next, if this block closes the epoch and says of it what we computed ourselves.
    fn expect_handover(&self, block: &Block) -> Result<Option<ValidatorList>, LedgerError> {
        let Some(found) = block.handover else { return Ok(None) };
        let expected = match found.as_of < block.height {
            true => self.succession.handover(found.as_of),
            false => None,
        };
        match expected == Some(found) {
            true => Ok(self.succession.next(found.as_of)),
            false => Err(LedgerError::Handover { height: block.height, found, expected }),
        }
    }

    fn execute(
        &self,
        block: &Block,
        batches: &[Batch],
        next: Option<ValidatorList>,
    ) -> Result<Execution, LedgerError> {
        let mut state = State::new(&self.overlay);
        let (mut leaves, mut outcomes) = (Vec::new(), Vec::new());
        let (mut codes, mut refused) = (Vec::new(), Vec::new());
        let (mut became_leaf, mut records) = (Vec::new(), Vec::new());
        let mut index = self.log.next_index();
        let mut postings = Postings::new(index);
        for submission in batches.iter().flat_map(|batch| &batch.submissions) {
            let id = submission.id();
            // Rule S4: what was decided before, in this block or another, is neither done nor refused again.
            if state.outcome(&id)?.is_some() && !crypto::broken!(ExecutedAgain) {
                became_leaf.push(false);
                continue;
            }
            let outcome = match self.rules.check(&state, submission, Moment { now: block.time, index }) {
                Ok(()) => {
                    let at = Position { index, height: block.height };
                    execute(&mut state, submission, at, block.time)?;
                    leaves.push(leaf(submission, block.height, block.time)?);
                    if self.index.is_stated() {
                        records.extend(Record::of(submission, index));
                    }
                    postings.note(submission, index);
                    index = index.next();
                    Outcome::Committed { height: block.height, index: at.index, time: block.time }
                }
                Err(CheckError::Rejected(rejection)) => {
                    codes.push((id, rejection.code()));
                    let outcome = Outcome::refused(block.height, rejection);
                    refused.push((id, outcome.clone()));
                    outcome
                }
                Err(CheckError::Read(fault)) => return Err(fault.into()),
            };
            state.put_outcome(&id, &outcome);
            became_leaf.push(matches!(outcome, Outcome::Committed { .. }));
            outcomes.push((id, outcome));
        }
        // Rule V5
        let mut opens = None;
        if let (Some(validators), Some(handover)) = (next, block.handover) {
            let mut queue = state.queue()?;
            queue.retain(|it| it.height > handover.as_of);
            let reign = Reign {
                epoch: self.succession.reign.epoch.next(),
                opening: Opening { block: block.id(), height: block.height },
                // After the block's own entry and the one of the epoch.
                size: TreeSize::new(index.get().saturating_add(2)),
                validators,
            };
            let Rules { network, origin, .. } = &self.rules;
            opens = Some(policy_digest(*network, origin, reign.epoch, &reign.validators)?);
            state.put_reign(&reign);
            state.put_queue(&queue);
        }
        let succession = match state.changed_validators() {
            true => Some(Succession { reign: state.reign()?, queue: state.queue()? }),
            false => None,
        };
        Ok(Execution {
            succession,
            opens,
            accepted: leaves.len() as u32,
            rejected: refused.len() as u32,
            rejections: rejections_digest(&codes),
            refused,
            leaves,
            became_leaf,
            records,
            postings,
            outcomes,
            change: state.into_change(),
        })
    }
}

/// What the submissions of a block did.
struct Execution {
    /// Who reigns after the block, and what waits; none when nothing of that changed.
    succession: Option<Succession>,
    /// The policy's digest of the epoch that the block opens.
    opens: Option<Digest>,
    leaves: Vec<Leaf>,
    /// Of each submission, whether one of them is its.
    became_leaf: Vec<bool>,
    /// What the index gets to know of the leaves.
    records: Vec<Record>,
    /// What the audit log's index gets to know of them.
    postings: Postings,
    outcomes: Vec<(SubmissionId, Outcome)>,
    /// Those of them that refuse.
    refused: Vec<(SubmissionId, Outcome)>,
    /// Counts of the two kinds of outcome; a block holds at most 64,000 submissions.
    accepted: u32,
    rejected: u32,
    rejections: Digest,
    change: ChangeSet,
}

fn leaf(submission: &Submission, height: Height, time: TimeMs) -> Result<Leaf, LedgerError> {
    Leaf::of(&Entry::of(submission.clone(), height, time))
}

/// Does what a submission asks in a block of this time, which `check` has allowed in this very state.
pub(crate) fn execute(
    state: &mut State<'_>,
    submission: &Submission,
    at: Position,
    time: TimeMs,
) -> Result<(), ReadError> {
    match &submission.body().operation {
        Operation::IdentityCreate { identity, keys, possessions: _ } => {
            state.put_identity(&Identity::new(identity.clone(), keys, at));
            for key in keys {
                state.put_key(&key.id(), identity, at);
            }
            if identity.proofnest_role().is_some() {
                state.list(Listed::Identities, identity.as_str().as_bytes())?;
            }
        }
        Operation::KeyAdd { identity, key, possession: _ } => {
            if let Some(mut identity) = state.identity(identity)? {
                identity.list(key, at);
                state.put_identity(&identity);
                state.put_key(&key.id(), &identity.did, at);
            }
        }
        Operation::KeyRotate { identity, retires, key, possession: _ } => {
            if let Some(mut identity) = state.identity(identity)? {
                identity.end(retires, KeyStanding::Retired { at });
                identity.list(key, at);
                state.put_identity(&identity);
                state.put_key(&key.id(), &identity.did, at);
            }
        }
        Operation::KeyRevoke { identity, key, reason: _, from } => {
            if let Some(mut identity) = state.identity(identity)? {
                identity.end(key, KeyStanding::Revoked { at, from: *from });
                state.put_identity(&identity);
            }
        }
        Operation::AttestationIssue { expires_at_ms, .. } => {
            let attestation = Attestation {
                issuer: submission.body().author.clone(),
                issued: at,
                expires_at: expires_at_ms.map(TimeMs::new),
                revoked: None,
            };
            state.put_attestation(&submission.id(), &attestation);
        }
        Operation::AttestationRevoke { attestation: id, reason: _ } => {
            if let Some(mut attestation) = state.attestation(id)? {
                attestation.revoked = Some(at);
                state.put_attestation(id, &attestation);
            }
        }
        Operation::IssuerSet(set) => {
            let issuer = match state.issuer(&set.issuer)? {
                None => Issuer::new(set, submission.body().author.clone(), at),
                Some(mut issuer) => {
                    issuer.say(set, at);
                    issuer
                }
            };
            state.put_issuer(&issuer);
        }
        Operation::IssuerKey(asked) => {
            if let Some(mut issuer) = state.issuer(&asked.issuer)? {
                issuer.change_key(&asked.change, &submission.body().author, at);
                state.put_issuer(&issuer);
            }
        }
        Operation::AttestationSeal(seal) => {
            let attestation = Attestation {
                issuer: submission.body().author.clone(),
                issued: at,
                expires_at: Some(TimeMs::new(seal.expires_at_s.saturating_mul(1_000))),
                revoked: None,
            };
            state.put_attestation(&submission.id(), &attestation);
            state.put_sealed(&seal.id, &Sealed::of(seal, submission.id()));
        }
        Operation::ArtifactCommit { address, salted, content_bytes, retention: said, .. } => {
            let (owner, address) = (submission.body().author.clone(), *address);
            // Rule R4: a class counts from the block.
            let retention = said.from_block(time);
            let artifact =
                Artifact { owner, committed: at, address, salted: *salted, retention, erased: None };
            state.put_artifact(&submission.id(), &artifact);
            state.note_expiry(&submission.id(), retention);
            let retained = Retained {
                tenant: submission.body().tenant.clone(),
                class: Class::of(*said),
                // A zero says nothing.
                content_bytes: (*content_bytes > 0).then_some(*content_bytes),
            };
            state.note_commit(&submission.id(), &retained, retention.until(), at.index)?;
            if !salted {
                state.note_content(&retained.tenant, &address, &submission.id());
            }
        }
        Operation::RetentionTombstone { artifact: id, reason: _ } => {
            if let Some(mut artifact) = state.artifact(id)? {
                artifact.erased = Some(at);
                state.put_artifact(id, &artifact);
                state.note_tombstone(at.index, id);
                state.note_erasure(id, artifact.retention.until(), at.index)?;
            }
        }
        Operation::ServiceEndorse { validator, endorsement: _ } => {
            service::endorse(state, submission.body(), validator, at)?;
        }
        Operation::Session { session, act } => {
            session::act(state, submission, (session, act), (at, time))?;
        }
        Operation::Job { job, act } => job::act(state, submission, (job, act), (at, time))?,
        Operation::Evidence { job, act } => evidence::act(state, submission, (job, act), (at, time))?,
        Operation::Signer(change) => signer::change(state, submission.body(), change, (at, time))?,
        Operation::ValidatorJoin { validator, .. } => {
            enqueue(state, at, Membership::Join(validator.clone()))?;
        }
        Operation::ValidatorLeave { name, .. } => enqueue(state, at, Membership::Leave(name.clone()))?,
        Operation::ProofPrimitive(primitive) => prove(state, primitive, at)?,
        // Their entry is all there is to them.
        Operation::ProofSubmit { .. } | Operation::BatchAnchor { .. } | Operation::Statement(_) => {}
    }
    Ok(())
}

/// Rule V3: an accepted change waits for a hand-over.
fn enqueue(state: &mut State<'_>, at: Position, change: Membership) -> Result<(), ReadError> {
    let mut queue = state.queue()?;
    queue.push(Queued { height: at.height, change });
    state.put_queue(&queue);
    Ok(())
}

/// Rule D2: over each refused submission's id, the length of the code (u8) and the code, in order.
pub(crate) fn rejections_digest(refused: &[(SubmissionId, &'static str)]) -> Digest {
    let mut list = Vec::new();
    for (id, code) in refused {
        list.extend_from_slice(id.as_bytes());
        list.push(code.len() as u8);
        list.extend_from_slice(code.as_bytes());
    }
    Domain::Rejections.digest(&[&list])
}
