//! What each kind of operation is looked up by, from the definition (rule Z1 of `ledger/STATE.md`), beside what says it.

use std::collections::BTreeSet;

use crypto::{Digest, KeyId, sha256};
use proto::entry::Entry;
use proto::job;
use proto::lookup::{LookupKey, Prefix, Record};
use proto::operation::Operation;
use proto::operation::evidence::EvidenceAct;
use proto::operation::issuer::IssuerKeyChange;
use proto::primitive::Told;
use proto::signer::SignerChange;
use proto::submission::Submission;

use crate::story::told;

fn key(id: KeyId) -> LookupKey {
    LookupKey::About(Digest::new(*id.digest().as_bytes()))
}

fn subject(text: impl Into<String>) -> LookupKey {
    LookupKey::Subject(text.into())
}

/// All that finds a submission.
fn keys(submission: &Submission) -> Vec<LookupKey> {
    let body = submission.body();
    let own = match &body.operation {
        Operation::IdentityCreate { identity, keys, .. } => {
            let listed = keys.iter().map(|it| key(it.id()));
            listed.chain([subject(identity.as_str())]).collect()
        }
        Operation::KeyAdd { identity, key: added, .. } => vec![subject(identity.as_str()), key(added.id())],
        Operation::KeyRotate { identity, retires, key: new, .. } => {
            vec![subject(identity.as_str()), key(*retires), key(new.id())]
        }
        Operation::KeyRevoke { identity, key: ended, .. } => vec![subject(identity.as_str()), key(*ended)],
        Operation::ProofSubmit { content, subject: about, .. } => {
            vec![LookupKey::Content(*content), subject(about)]
        }
        Operation::AttestationIssue { content, subject: about, .. } => {
            content.iter().map(|it| LookupKey::Content(*it)).chain([subject(about)]).collect()
        }
        Operation::AttestationRevoke { attestation: id, .. }
        | Operation::RetentionTombstone { artifact: id, .. } => {
            vec![LookupKey::About(Digest::new(*id.as_bytes()))]
        }
        Operation::IssuerSet(set) => vec![subject(set.issuer.as_str())],
        Operation::IssuerKey(asked) => {
            let changed = match &asked.change {
                IssuerKeyChange::List { key, .. } => key.id(),
                IssuerKeyChange::Drop { key } => *key,
            };
            vec![subject(asked.issuer.as_str()), key(changed)]
        }
        Operation::AttestationSeal(seal) => {
            let contents = [seal.query, seal.proof, sha256(seal.token.as_bytes())].map(LookupKey::Content);
            let names = [subject(seal.issuer.as_str()), subject(seal.id.as_str()), key(seal.key)];
            contents.into_iter().chain(names).collect()
        }
        Operation::BatchAnchor { root, .. } => vec![LookupKey::Content(*root)],
        Operation::ArtifactCommit { address, subject: about, .. } => {
            vec![LookupKey::Content(*address), subject(about)]
        }
        Operation::ValidatorJoin { validator, .. } => vec![subject(&validator.name)],
        Operation::ValidatorLeave { name, .. } => vec![subject(name)],
        Operation::ServiceEndorse { validator, .. } => vec![subject(validator), key(body.key.id())],
        Operation::Session { session, .. } => vec![subject(session.to_string())],
        Operation::ProofPrimitive(primitive) => {
            let mut keys = vec![
                LookupKey::Author(primitive.issuer.clone()),
                LookupKey::About(Digest::new(*primitive.id().as_bytes())),
            ];
            match &primitive.told {
                Told::Hashes { claim, .. } => keys.push(LookupKey::Content(*claim)),
                Told::Whole(whole) => {
                    let previous = whole.previous.iter();
                    keys.extend(previous.map(|it| LookupKey::About(Digest::new(*it.as_bytes()))));
                    keys.extend(whole.subject.iter().map(subject));
                }
            }
            keys
        }
        Operation::Job { job, act } => {
            let artifacts = match act {
                job::Act::Complete { completion, .. } => completion.artifacts.as_slice(),
                job::Act::Open(_) | job::Act::Run { .. } | job::Act::Fail { .. } => &[],
            };
            artifacts.iter().map(|it| LookupKey::Content(it.sha256)).chain([subject(job.as_str())]).collect()
        }
        Operation::Evidence { job, act } => match act {
            EvidenceAct::Seal(seal) => vec![
                subject(job.as_str()),
                subject(seal.record.as_str()),
                LookupKey::Content(seal.bundle),
                LookupKey::Content(seal.root),
                key(seal.key),
            ],
            EvidenceAct::Verified | EvidenceAct::Delete { .. } => vec![subject(job.as_str())],
        },
        Operation::Signer(change) => match &**change {
            SignerChange::List(listing) => vec![subject(listing.name.as_str()), key(listing.key.id())],
            SignerChange::Revoke { key: revoked, .. } => vec![key(*revoked)],
        },
        Operation::Statement(facts) => vec![
            LookupKey::Content(*facts.content()),
            LookupKey::Content(facts.payload),
            subject(&facts.subject),
        ],
    };
    let all = own.into_iter().chain([LookupKey::Id(submission.id()), LookupKey::Author(body.author.clone())]);
    all.filter(|key| *key != subject("")).collect()
}

#[test]
fn each_kind_is_found_by_what_it_is_and_by_nothing_else() {
    let chain = told(1);
    let reader = chain.reader();
    let mut names = BTreeSet::new();
    for index in (0..chain.seen.last().expect("blocks").head.size.get()).map(proto::counter::LeafIndex::new) {
        let entry: Entry = reader.entry(index).expect("readable").expect("below the head").1;
        let Some(submission) = entry.submission() else { continue };
        let (name, expected) = (submission.body().operation.name(), keys(submission));
        for key in &expected {
            assert!(key.is_of(&entry), "{name} at {index} is not found by {key:?}");
        }
        let expected: BTreeSet<Prefix> = expected.iter().map(LookupKey::prefix).collect();
        let found: BTreeSet<Prefix> = Record::of(submission, index).map(|record| record.prefix).collect();
        assert_eq!(found, expected, "{name} at {index}");
        names.insert(name);
    }
    assert_eq!(names, Operation::NAMES.into_iter().collect());
}
