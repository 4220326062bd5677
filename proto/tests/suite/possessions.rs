//! Keys consent to be listed, each to this identity, in this way, beside these others.

use crypto::{PublicKey, Scheme, SecretKey, Signature};
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::{Operation, addition_possession_bytes, identity_possession_bytes, possession_bytes};
use proto::submission::{Body, SubmissionError};
use proto::verified::Strict;

use crate::fixture::secret;

struct People {
    network: NetworkId,
    author: SecretKey,
    new: SecretKey,
    other: SecretKey,
}

impl People {
    fn new() -> Self {
        let key = |name| secret(Scheme::Ed25519, name);
        let network = NetworkId::new(crypto::sha256(b"network"));
        Self { network, author: key("author"), new: key("author/new"), other: key("other") }
    }

    fn did(&self) -> Did {
        Did::of(self.author.public())
    }

    fn verdict(&self, operation: Operation) -> Result<(), SubmissionError> {
        let body = Body {
            network: self.network,
            tenant: Tenant::default_tenant(),
            author: self.did(),
            key: self.author.public().clone(),
            nonce: 1,
            expires_at: None,
            operation,
        };
        body.sign(&self.author).verify_signatures(&self.network, &Strict)
    }

    fn create(&self, keys: &[&SecretKey], possessions: Vec<Signature>) -> Result<(), SubmissionError> {
        self.verdict(Operation::IdentityCreate { identity: self.did(), keys: publics(keys), possessions })
    }

    fn add(&self, possession: Signature) -> Result<(), SubmissionError> {
        let key = self.new.public().clone();
        self.verdict(Operation::KeyAdd { identity: self.did(), key, possession: Some(possession) })
    }
}

fn publics(keys: &[&SecretKey]) -> Vec<PublicKey> {
    keys.iter().map(|key| key.public().clone()).collect()
}

fn is_refused(verdict: &Result<(), SubmissionError>) -> bool {
    matches!(verdict, Err(SubmissionError::Possession(_)))
}

#[test]
fn an_addition_needs_the_new_key() {
    let people = People::new();
    let (did, id) = (people.did(), people.new.public().id());
    let message = addition_possession_bytes(&people.network, &did, &id);
    assert_eq!(people.add(people.new.sign(&message)), Ok(()));
    let elsewhere = Did::of(people.other.public());
    let spoiled = [
        people.other.sign(&message),
        people.author.sign(&message),
        people.new.sign(&addition_possession_bytes(&NetworkId::default(), &did, &id)),
        people.new.sign(&addition_possession_bytes(&people.network, &elsewhere, &id)),
        people.new.sign(&addition_possession_bytes(&people.network, &did, &people.other.public().id())),
        // A consent of one kind is none of another.
        people.new.sign(&possession_bytes(&people.network, &did, &people.author.public().id(), &id)),
        people.new.sign(&identity_possession_bytes(&people.network, &did, &publics(&[&people.new]))),
    ];
    for possession in spoiled {
        assert!(is_refused(&people.add(possession)));
    }
}

#[test]
fn each_key_of_a_new_identity_agrees_to_those_beside_it() {
    let people = People::new();
    let People { network, author, new, other } = &people;
    let did = people.did();
    let consent = |key: &SecretKey, keys: &[&SecretKey]| {
        key.sign(&identity_possession_bytes(network, &did, &publics(keys)))
    };
    let all = [author, new, other];
    assert_eq!(people.create(&all, vec![consent(new, &all), consent(other, &all)]), Ok(()));
    assert_eq!(people.create(&[author], Vec::new()), Ok(()));
    // An entry from before anybody was asked is still read; the state machine refuses a new one (rule K6).
    assert_eq!(people.create(&all, Vec::new()), Ok(()));
    let spoiled = [
        vec![consent(other, &all), consent(new, &all)],
        vec![consent(new, &all), consent(new, &all)],
        vec![consent(new, &[author, new]), consent(other, &all)],
        vec![consent(new, &[author, other, new]), consent(other, &all)],
    ];
    for possessions in spoiled {
        assert!(is_refused(&people.create(&all, possessions)));
    }
    let counts = [(1, vec![consent(new, &all)]), (3, vec![consent(new, &all); 3])];
    for (found, possessions) in counts {
        let verdict = people.create(&all, possessions);
        assert_eq!(verdict, Err(SubmissionError::PossessionCount { found, needed: 2 }));
    }
}

#[test]
fn the_first_key_without_consent_is_named() {
    let people = People::new();
    let signer = people.author.public();
    let consent = people.new.sign(b"any");
    let keys = publics(&[&people.author, &people.new, &people.other]);
    let create =
        |possessions| Operation::IdentityCreate { identity: people.did(), keys: keys.clone(), possessions };
    assert_eq!(create(Vec::new()).unasked_key(signer), Some(&keys[1]));
    assert_eq!(create(vec![consent.clone()]).unasked_key(signer), Some(&keys[2]));
    assert_eq!(create(vec![consent.clone(), consent.clone()]).unasked_key(signer), None);
    let add = |possession| Operation::KeyAdd { identity: people.did(), key: keys[1].clone(), possession };
    assert_eq!(add(None).unasked_key(signer), Some(&keys[1]));
    assert_eq!(add(Some(consent)).unasked_key(signer), None);
}
