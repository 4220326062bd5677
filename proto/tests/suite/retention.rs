//! Classes of retention: how long they are, and what bytes name none.

use crypto::{Scheme, SecretKey, sha256};
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::{Operation, Retention, RetentionClass};
use proto::submission::{Body, Submission};

fn signed(retention: Retention) -> Vec<u8> {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs");
    let body = Body {
        network: NetworkId::default(),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce: 1,
        expires_at: None,
        operation: Operation::ArtifactCommit {
            address: sha256(b"content"),
            salted: false,
            content_bytes: 7,
            media_type: String::new(),
            subject: String::new(),
            retention,
        },
    };
    body.sign(&secret).bytes().to_vec()
}

/// The same bytes with one run of them replaced by another as long.
fn with(bytes: &[u8], found: &[u8], put: &[u8]) -> Vec<u8> {
    let at = bytes.windows(found.len()).rposition(|window| window == found).expect("it is there");
    [&bytes[..at], put, &bytes[at + found.len()..]].concat()
}

#[test]
fn a_class_is_one_of_two_and_stands_alone() {
    let until = TimeMs::new(9);
    for retention in [
        Retention::UntilErased,
        Retention::Until(until),
        Retention::WriteOnce(until),
        Retention::Of(RetentionClass::Standard),
        Retention::Of(RetentionClass::Compliance),
    ] {
        let read = Submission::decode(&signed(retention)).expect("canonical");
        assert!(
            matches!(&read.body().operation, Operation::ArtifactCommit { retention: it, .. } if *it == retention),
            "{retention:?}"
        );
    }
    let refused = |bytes: Vec<u8>, why: &str| {
        let fault = Submission::decode(&bytes).expect_err("no such retention").to_string();
        assert!(fault.contains(why), "{fault}");
    };
    // Field 8 is the class, 7 write_once, 6 the time.
    let compliance = signed(Retention::Of(RetentionClass::Compliance));
    refused(with(&compliance, &[0x40, 2], &[0x40, 3]), "no such class");
    let once = signed(Retention::WriteOnce(until));
    refused(with(&once, &[0x30, 9, 0x38, 1], &[0x30, 9, 0x40, 1]), "by itself");
    let standard = signed(Retention::Of(RetentionClass::Standard));
    refused(with(&standard, &[0x40, 1], &[0x38, 1]), "needs a time");
}

#[test]
fn seven_years_are_never_less_than_seven_years() {
    let block = TimeMs::new(1_000);
    let day = 86_400_000;
    assert_eq!(
        Retention::Of(RetentionClass::Standard).from_block(block),
        Retention::Until(block.plus(365 * day))
    );
    let compliance = Retention::Of(RetentionClass::Compliance).from_block(block);
    assert_eq!(compliance, Retention::WriteOnce(block.plus(2_557 * day)));
    let said = Retention::Until(TimeMs::new(5));
    assert_eq!(
        (said.from_block(block), Retention::UntilErased.from_block(block)),
        (said, Retention::UntilErased)
    );
}
