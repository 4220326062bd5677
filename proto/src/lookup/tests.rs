use crypto::{Scheme, SecretKey, sha256};

use super::*;
use crate::counter::{Height, TimeMs};
use crate::id::{NetworkId, Tenant};
use crate::submission::Body;

fn say(operation: Operation) -> Submission {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("a scheme that signs");
    let body = Body {
        network: NetworkId::new(sha256(b"network")),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce: 1,
        expires_at: None,
        operation,
    };
    body.sign(&secret)
}

fn keys(submission: &Submission) -> Vec<(Kind, Vec<u8>)> {
    let mut keys = Vec::new();
    each(submission, &mut |kind, bytes| keys.push((kind, bytes.to_vec())));
    keys
}

#[test]
fn a_leaf_is_found_by_what_it_says() {
    let content = sha256(b"content");
    let proof = |subject: &str| {
        say(Operation::ProofSubmit {
            content,
            content_bytes: 7,
            media_type: String::new(),
            subject: subject.to_owned(),
        })
    };
    let submission = proof("file.txt");
    let author = submission.body().author.clone();
    let entry = Entry::of(submission.clone(), Height::new(1), TimeMs::new(1));
    let own = [
        LookupKey::Id(submission.id()),
        LookupKey::Content(content),
        LookupKey::Subject("file.txt".to_owned()),
        LookupKey::Author(author.clone()),
    ];
    for key in &own {
        assert!(key.is_of(&entry), "{key:?}");
        assert_eq!(LookupKey::parse(key.kind(), &key.text()).as_ref(), Ok(key));
    }
    for key in [
        LookupKey::About(content),
        LookupKey::Content(sha256(b"other")),
        LookupKey::Subject("file.tx".to_owned()),
        LookupKey::Subject(author.as_str().to_owned()),
    ] {
        assert!(!key.is_of(&entry), "{key:?}");
    }
    let records: Vec<_> = Record::of(&submission, LeafIndex::new(9)).collect();
    assert!(records.is_sorted());
    let expected: BTreeSet<_> = own.iter().map(LookupKey::prefix).collect();
    assert_eq!(records.iter().map(|record| record.prefix).collect::<BTreeSet<_>>(), expected);
    for record in records {
        assert_eq!(record.index, LeafIndex::new(9));
        assert_eq!(Record::from_bytes(&record.to_bytes()), record);
    }
    // Without a subject there is nothing to find it by.
    assert_eq!(Record::of(&proof(""), LeafIndex::ZERO).count(), 3);
}

#[test]
fn what_names_another_is_found_by_its_name() {
    let id = SubmissionId::new(sha256(b"issued"));
    let revoke = say(Operation::AttestationRevoke { attestation: id, reason: String::new() });
    assert!(keys(&revoke).contains(&(Kind::About, id.as_bytes().to_vec())));
    let key = revoke.body().key.id();
    let identity = revoke.body().author.clone();
    let revoke = say(Operation::KeyRevoke {
        identity: identity.clone(),
        key,
        reason: String::new(),
        from: crate::operation::RevokedFrom::Here,
    });
    let keys = keys(&revoke);
    assert!(keys.contains(&(Kind::About, key.digest().as_bytes().to_vec())));
    assert!(keys.contains(&(Kind::Subject, identity.as_str().as_bytes().to_vec())));
}

#[test]
fn a_text_is_a_key_of_its_kind_or_none() {
    let hex = sha256(b"x").to_string();
    for (kind, text) in [
        (Kind::Id, "ab".to_owned()),
        (Kind::Content, hex.to_uppercase()),
        (Kind::About, format!("{hex}0")),
        (Kind::Subject, String::new()),
        (Kind::Subject, "x".repeat(TEXT_BYTES_MAX + 1)),
        (Kind::Author, "alice".to_owned()),
    ] {
        assert!(LookupKey::parse(kind, &text).is_err(), "{kind:?} {text}");
    }
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
    }
    assert_eq!(Kind::parse("digest"), None);
}

#[test]
fn kinds_do_not_meet() {
    let bytes = sha256(b"same");
    let prefixes: BTreeSet<_> = Kind::ALL.map(|kind| Prefix::of(kind, bytes.as_bytes())).into();
    assert_eq!(prefixes.len(), Kind::ALL.len());
}

#[test]
fn a_directory_says_each_run_once_and_in_order() {
    let run = |end, records| Run { end: LeafIndex::new(end), records, root: sha256(&[records as u8]) };
    let directory = |from, runs: &[Run]| Directory { from: LeafIndex::new(from), runs: runs.to_vec() };
    let good = directory(2, &[run(5, 17), run(9, 1)]);
    assert_eq!(good.check(), Ok(()));
    let covered: Vec<_> = good.covered().map(|(leaves, run)| (leaves, run.buckets())).collect();
    assert_eq!(covered, [(2..5, 2), (5..9, 1)]);
    assert_eq!(directory(2, &[]).check(), Ok(()));
    for bad in [directory(2, &[run(2, 1)]), directory(2, &[run(5, 0)]), directory(2, &[run(5, 1), run(5, 1)])]
    {
        assert!(matches!(bad.check(), Err(DirectoryError::Order { .. })), "{bad:?}");
    }
    let many: Vec<_> = (0..=RUNS_MAX as u64).map(|end| run(end + 3, 1)).collect();
    assert_eq!(directory(2, &many).check(), Err(DirectoryError::Runs { found: RUNS_MAX + 1 }));
    // Whatever it says is in the digest.
    let digests: BTreeSet<_> = [
        good.clone(),
        directory(3, &[run(5, 17), run(9, 1)]),
        directory(2, &[run(6, 17), run(9, 1)]),
        directory(2, &[run(5, 18), run(9, 1)]),
        directory(2, &[run(5, 17)]),
        directory(2, &[]),
    ]
    .map(|it| it.digest())
    .into();
    assert_eq!(digests.len(), 6);
}
