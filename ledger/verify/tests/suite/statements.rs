//! Receipts of what others signed: checked as all others, and what cannot be known of a leaf is not said.

use crypto::{Scheme, sha256};
use proto::canonical::Canonical as _;
use proto::counter::{Height, TimeMs};
use proto::entry::Entry;
use proto::id::Did;
use proto::statement::{Format, cose};
use proto::submission::Submission;
use verify::{Code, EntryFacts, Options, Standing, verify_receipt};

use crate::fixture::{Network, SUBMITTED, secret};

const AT: (Height, TimeMs) = (Height::new(1), TimeMs::new(1_789_000_001_000));

/// A log in which this leaf stands in the place of the first submission.
fn with_leaf(leaf: Vec<u8>) -> Network {
    let mut network = Network::new("example.com/log");
    network.entries[SUBMITTED as usize] = leaf;
    network
}

fn cose_statement() -> Vec<u8> {
    let author = secret(Scheme::Ed25519, "author");
    let did = Did::of(author.public()).to_string();
    let draft = cose::Draft::new(author.public(), &did, "a file", "text/plain", b"the artifact".to_vec());
    let draft = draft.expect("ed25519");
    draft.seal(&author.sign(&draft.message())).expect("its own signature")
}

#[test]
fn a_leaf_of_cose_is_checked_and_says_no_height() {
    let statement = cose_statement();
    let network = with_leaf(statement.clone());
    let receipt = network.receipt(SUBMITTED);
    let id = cose::submission(&statement).expect("well formed").id();
    let content = sha256(b"the artifact");
    let options = Options { submission: Some(id), artifact: Some(content), ..Options::default() };
    let report = verify_receipt(&network.policy, &receipt, options);
    assert_eq!(report.failure(), None);
    let Some(EntryFacts::Submission(facts)) = report.entry else { panic!("a submission") };
    assert_eq!((facts.id, facts.height, facts.time, facts.network), (id, None, None, None));
    assert_eq!((facts.operation, facts.standing), ("statement.register", Standing::SelfCertified));
    let said = facts.statement.expect("a statement");
    assert_eq!((said.format, said.subject.as_str(), said.payload), (Format::Cose, "a file", content));
    let other = Options { artifact: Some(sha256(b"other")), ..options };
    assert!(matches!(verify_receipt(&network.policy, &receipt, other).failure(), Some((Code::Artifact, _))));
}

#[test]
fn a_quorum_cannot_vouch_for_its_author() {
    let statement = cose_statement();
    let last = statement.len() - 1;
    let failure = |leaf: Vec<u8>| {
        let network = with_leaf(leaf);
        let receipt = network.receipt(SUBMITTED);
        verify_receipt(&network.policy, &receipt, Options::default()).failure().map(|(code, _)| code)
    };
    // Each part of it, changed: the payload and the signature are the signer's, the rest is no statement any more.
    let mut spoiled = statement.clone();
    spoiled[last] ^= 1;
    assert_eq!(failure(spoiled), Some(Code::AuthorSignature));
    let mut spoiled = statement.clone();
    spoiled[last - 66] ^= 1;
    assert_eq!(failure(spoiled), Some(Code::AuthorSignature), "the payload's last byte");
    assert_eq!(failure([&statement[..], &[0]].concat()), Some(Code::Entry));
    assert_eq!(failure(statement[..last].to_vec()), Some(Code::Entry));
    assert_eq!(failure(statement), None);
}

#[test]
fn a_statement_in_an_entry_has_its_height() {
    let seed = crypto::derive_seed(&[1; 32], "statement/ed25519");
    let author = crypto::SecretKey::from_seed(Scheme::Ed25519, &seed).expect("signs");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/statement/dsse.json");
    let envelope = std::fs::read(path).expect("proto's tests write it");
    let keys = vec![author.public().clone()];
    let statement = Submission::statement(Format::Dsse, &envelope, keys).expect("well formed");
    let network = with_leaf(Entry::of(statement, AT.0, AT.1).encode());
    let report = verify_receipt(&network.policy, &network.receipt(SUBMITTED), Options::default());
    assert_eq!(report.failure(), None);
    let Some(EntryFacts::Submission(facts)) = report.entry else { panic!("a submission") };
    assert_eq!((facts.height, facts.time, facts.network), (Some(AT.0), Some(AT.1), None));
    assert_eq!(facts.content, Some(sha256(b"artifact")), "the one subject of the in-toto statement");
}
