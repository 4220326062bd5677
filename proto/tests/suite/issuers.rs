//! Issuers of attestations and their keys: one encoding, consents that hold, and what is refused on reading.

use crypto::{Scheme, sha256};
use proto::canonical::{Canonical as _, DecodeError};
use proto::counter::TimeMs;
use proto::id::{Did, Tenant};
use proto::operation::Operation;
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus, issuer_possession_bytes,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal, TOKEN_BYTES_MAX};
use proto::submission::{Body, Submission, SubmissionError};
use proto::verified::Strict;

use crate::fixture::{Network, secret};

fn author() -> Did {
    Did::of(secret(Scheme::Ed25519, "author").public())
}

fn issuer(text: &str) -> IssuerDid {
    IssuerDid::parse(text).expect("an issuer")
}

fn listed(network: &Network, by: &Did) -> Operation {
    let (issuer, key) = (issuer("did:qwed:provider:acme"), secret(Scheme::Es256, "issuer"));
    let message = issuer_possession_bytes(network.set.network(), &issuer, by, &key.public().id());
    let change = IssuerKeyChange::List {
        key: key.public().clone(),
        continuity: Continuity::Persistent,
        generated_at_s: 1_703_073_600,
        possession: key.sign(&message),
    };
    Operation::IssuerKey(Box::new(IssuerKey { issuer, change }))
}

fn seal() -> Seal {
    Seal {
        id: AttestationId::parse("att_xyz789").expect("a name"),
        issuer: issuer("did:qwed:provider:acme"),
        key: secret(Scheme::Es256, "issuer").public().id(),
        query: sha256(b"2+2=4"),
        proof: sha256(b"4 = 4"),
        issued_at_s: 1_703_073_600,
        expires_at_s: 1_734_609_600,
        link: Some(ChainLink {
            chain: ChainId::parse("chain_abc").expect("a name"),
            index: 1,
            previous: Some(AttestationId::parse("att_abc").expect("a name")),
        }),
        token: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln".into(),
    }
}

fn set() -> Operation {
    Operation::IssuerSet(Box::new(IssuerSet {
        issuer: issuer("did:qwed:node:production"),
        name: "QWED Production".into(),
        status: IssuerStatus::Active,
        certification: "level-1".into(),
    }))
}

/// One of each, for the golden vectors.
pub fn operations(network: &Network) -> Vec<Operation> {
    vec![set(), listed(network, &author()), Operation::AttestationSeal(Box::new(seal()))]
}

fn say(network: &Network, operation: Operation) -> Submission {
    let key = secret(Scheme::Ed25519, "author");
    let body = Body {
        network: *network.set.network(),
        tenant: Tenant::default_tenant(),
        author: author(),
        key: key.public().clone(),
        nonce: 1,
        expires_at: Some(TimeMs::new(9)),
        operation,
    };
    let signature = key.sign(&body.signed_bytes());
    body.seal(signature)
}

#[test]
fn a_key_consents_to_one_issuer_and_one_author() {
    let network = Network::named(&[("v1", 1)]);
    let check = |operation| say(&network, operation).verify_signatures(network.set.network(), &Strict);
    assert_eq!(check(listed(&network, &author())), Ok(()));
    let stranger = Did::of(secret(Scheme::Ed25519, "stranger").public());
    assert!(matches!(check(listed(&network, &stranger)), Err(SubmissionError::Possession(_))));
    let Operation::IssuerKey(mut moved) = listed(&network, &author()) else { unreachable!("made above") };
    moved.issuer = issuer("did:qwed:provider:other");
    assert!(matches!(check(Operation::IssuerKey(moved)), Err(SubmissionError::Possession(_))));
}

#[test]
fn seals_that_contradict_themselves_are_not_read() {
    let network = Network::named(&[("v1", 1)]);
    let read =
        |seal: Seal| Submission::decode(say(&network, Operation::AttestationSeal(Box::new(seal))).bytes());
    assert!(read(seal()).is_ok());
    let link = |index, previous: Option<&str>| {
        let previous = previous.map(|text| AttestationId::parse(text).expect("a name"));
        Some(ChainLink { chain: ChainId::parse("c").expect("a name"), index, previous })
    };
    let long = format!("{}.e30.c2ln", "e".repeat(TOKEN_BYTES_MAX));
    let spoilt = [
        Seal { expires_at_s: 1_703_073_600, ..seal() },
        Seal { issued_at_s: 0, ..seal() },
        Seal { expires_at_s: 253_402_300_800, ..seal() },
        Seal { link: link(0, Some("att_a")), ..seal() },
        Seal { link: link(1, None), ..seal() },
        Seal { token: "e30.e30".into(), ..seal() },
        Seal { token: "e30.e30.c2l=".into(), ..seal() },
        Seal { token: long, ..seal() },
    ];
    for seal in spoilt {
        assert!(read(seal.clone()).is_err(), "{seal:?}");
    }
}

#[test]
fn no_submission_is_signed_with_es256() {
    let network = Network::named(&[("v1", 1)]);
    let key = secret(Scheme::Es256, "author");
    let body = Body {
        author: Did::of(key.public()),
        key: key.public().clone(),
        ..say(&network, set()).body().clone()
    };
    let signature = key.sign(&body.signed_bytes());
    let refused = Submission::decode(body.seal(signature).bytes());
    assert!(matches!(refused, Err(DecodeError::Field { field: "key.scheme", .. })), "{refused:?}");
}
