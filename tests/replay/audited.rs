//! What each kind of operation is in the audit log, from the definition (rules U1 and U2 of `ledger/STATE.md`), beside what
//! says it: what was accepted stands there once, what was refused does not, and its block says that it was.

use std::collections::{BTreeMap, BTreeSet};

use ledger::audit::query::{Deed, Query};
use ledger::{LedgerReader, Outcome};
use model::audit::AuditItem;
use proto::counter::{Height, LeafIndex};
use proto::domain::Domain;
use proto::entry::Entry;
use proto::id::SubmissionId;
use proto::job;
use proto::operation::Operation;
use proto::operation::evidence::EvidenceAct;
use proto::session::Act;
use proto::signer::SignerChange;
use proto::submission::Submission;

use crate::kinds::Kind;
use crate::story::told;
use crate::world::Chain;

/// What was done, to what kind of thing, and to which: as an auditor would say it.
fn said(submission: &Submission) -> [String; 3] {
    let own = submission.id().to_string();
    let (action, kind, name) = match &submission.body().operation {
        Operation::IdentityCreate { identity, .. } => ("identity.create", "identity", identity.to_string()),
        Operation::KeyAdd { key, .. } => ("key.add", "key", key.id().to_string()),
        Operation::KeyRotate { key, .. } => ("key.rotate", "key", key.id().to_string()),
        Operation::KeyRevoke { key, .. } => ("key.revoke", "key", key.to_string()),
        Operation::ProofSubmit { .. } => ("proof.submit", "proof", own),
        Operation::AttestationIssue { .. } => ("attestation.issue", "attestation", own),
        Operation::AttestationRevoke { attestation, .. } => {
            ("attestation.revoke", "attestation", attestation.to_string())
        }
        Operation::IssuerSet(set) => ("issuer.set", "issuer", set.issuer.to_string()),
        Operation::IssuerKey(asked) => ("issuer.key", "issuer", asked.issuer.to_string()),
        Operation::AttestationSeal(seal) => ("attestation.seal", "attestation", seal.id.to_string()),
        Operation::BatchAnchor { root, .. } => ("batch.anchor", "batch", root.to_string()),
        Operation::ArtifactCommit { .. } => ("artifact.commit", "artifact", own),
        Operation::RetentionTombstone { artifact, .. } => {
            ("retention.tombstone", "artifact", artifact.to_string())
        }
        Operation::ValidatorJoin { validator, .. } => ("validator.join", "validator", validator.name.clone()),
        Operation::ValidatorLeave { name, .. } => ("validator.leave", "validator", name.clone()),
        Operation::ServiceEndorse { validator, .. } => ("service.endorse", "service", validator.clone()),
        Operation::Session { session, act } => {
            let action = match act {
                Act::Open(_) => "session.open",
                Act::Sample(_) => "session.sample",
                Act::Finalize => "session.finalize",
                Act::Delete => "session.delete",
            };
            (action, "session", session.to_string())
        }
        Operation::ProofPrimitive(primitive) => ("proof.primitive", "proof", primitive.id().to_string()),
        Operation::Job { job, act } => {
            let action = match act {
                job::Act::Open(_) => "job.open",
                job::Act::Run { .. } | job::Act::Complete { .. } | job::Act::Fail { .. } => "job.state",
            };
            (action, "job", job.as_str().to_owned())
        }
        Operation::Evidence { job, act } => {
            let action = match act {
                EvidenceAct::Seal(_) => "evidence.seal",
                EvidenceAct::Verified => "evidence.verified",
                EvidenceAct::Delete { .. } => "evidence.delete",
            };
            (action, "evidence", job.as_str().to_owned())
        }
        Operation::Signer(change) => match &**change {
            SignerChange::List(listing) => ("signer.list", "signer", listing.key.id().to_string()),
            SignerChange::Revoke { key, .. } => ("signer.revoke", "signer", key.to_string()),
        },
        Operation::Statement(_) => ("statement.register", "statement", own),
    };
    [action.to_owned(), kind.to_owned(), name]
}

/// All pages of a question, the newest first.
fn pages(reader: &LedgerReader, query: &Query<'_>) -> Vec<LeafIndex> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let found = reader.audit(&Query { before, limit: 50, ..query.clone() }).expect("readable");
        all.extend(found.leaves);
        match found.next {
            Some(next) => before = Some(next),
            None => return all,
        }
    }
}

/// What became of a submission: its leaf, or why it was refused and at which height.
type Decided = Result<LeafIndex, (&'static str, Height)>;

/// All that a chain ordered, once each, in the order of its decision.
fn decided(chain: &Chain) -> Vec<(Submission, Decided)> {
    let (reader, mut seen, mut decided) = (chain.reader(), BTreeSet::new(), Vec::new());
    for block in &chain.blocks {
        for submission in block.batches.iter().flat_map(|batch| &batch.submissions) {
            if !seen.insert(submission.id()) {
                continue;
            }
            let outcome = reader.by_id(&submission.id()).expect("readable").expect("it was ordered");
            let outcome = match &outcome {
                Outcome::Committed { index, .. } => Ok(*index),
                Outcome::Rejected { height, rejection } => Err((rejection.code(), *height)),
                Outcome::Expired { height, .. } => Err(("expired", *height)),
            };
            decided.push((submission.clone(), outcome));
        }
    }
    decided
}

#[test]
fn what_was_accepted_stands_in_the_audit_log_once_and_as_it_was_said() {
    let chain = told(1);
    let reader = chain.reader();
    let mut leaves = pages(&reader, &Query::default());
    leaves.reverse();
    let deeds = reader.deeds(&leaves).expect("readable");
    assert_eq!(deeds.len(), leaves.len());
    let decided = decided(&chain);
    let accepted: Vec<_> =
        decided.iter().filter_map(|(it, outcome)| Some((it, outcome.as_ref().ok()?))).collect();
    let listed = deeds.iter().map(|deed| (&deed.submission, &deed.index));
    assert_eq!(listed.collect::<Vec<_>>(), accepted, "each once, in its order, and nothing else");
    let (mut kinds, mut names) = (BTreeSet::new(), BTreeSet::new());
    for Deed { index, height, time, submission } in &deeds {
        let body = submission.body();
        let item = AuditItem::of_entry(*index, *height, *time, submission);
        let [action, kind, name] = said(submission);
        assert_eq!((&item.id, &item.action), (&submission.id().to_string(), &action));
        assert_eq!((&item.resource_type, &item.resource_id), (&kind, &name), "{action} at {index}");
        assert_eq!(item.tenant_id.as_deref(), Some(body.tenant.as_str()), "{action} at {index}");
        assert_eq!(item.actor.as_deref(), Some(body.author.as_str()), "{action} at {index}");
        // And it is found by all of that together, once.
        let query = Query {
            tenant: Some(body.tenant.as_str()),
            actor: Some(body.author.as_str()),
            action: Some(&action),
            resource: Some(&name),
            ..Query::default()
        };
        let found = pages(&reader, &query).into_iter().filter(|found| found == index).count();
        assert_eq!(found, 1, "{action} at {index}");
        kinds.insert(Kind::of(&body.operation));
        names.insert(body.operation.name());
    }
    assert_eq!(kinds, Kind::ALL.iter().copied().collect(), "every kind was accepted once");
    assert_eq!(names, Operation::NAMES.into_iter().collect());
}

#[test]
fn what_was_refused_changed_nothing_and_its_block_says_so() {
    let chain = told(1);
    let reader = chain.reader();
    let listed: BTreeSet<SubmissionId> = reader
        .deeds(&pages(&reader, &Query::default()))
        .expect("readable")
        .iter()
        .map(|deed| deed.submission.id())
        .collect();
    let mut refused: BTreeMap<Height, Vec<u8>> = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    for (submission, outcome) in decided(&chain) {
        let Err((code, height)) = outcome else { continue };
        let id = submission.id();
        assert!(!listed.contains(&id), "{code} at height {height}");
        kinds.insert(Kind::of(&submission.body().operation));
        // Rule D2.
        let list = refused.entry(height).or_default();
        list.extend_from_slice(id.as_bytes());
        list.push(u8::try_from(code.len()).expect("short"));
        list.extend_from_slice(code.as_bytes());
    }
    assert_eq!(kinds, Kind::ALL.iter().copied().collect(), "every kind was refused once");
    let mut stated = BTreeSet::new();
    for index in (0..chain.seen.last().expect("blocks").head.size.get()).map(LeafIndex::new) {
        let entry: Entry = reader.entry(index).expect("readable").expect("below the head").1;
        let Entry::Block(block) = entry else { continue };
        let list = refused.get(&block.height).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(block.rejections, Domain::Rejections.digest(&[list]), "height {}", block.height);
        stated.insert(block.height);
    }
    assert!(refused.keys().all(|height| stated.contains(height)), "no refusal is left unsaid");
}
