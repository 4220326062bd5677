//! A network that admits registered identities only.

use std::time::Duration;

use client::ClientError;
use crypto::{Scheme, SecretKey};
use model::entry::{State, Wait};
use proto::id::Did;
use proto::operation::{Operation, identity_possession_bytes};

use crate::author::author;
use crate::support::Net;

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_until_a_registrar_vouches() {
    let registrar = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("Ed25519 signs");
    let net = Net::admitting(21_500, vec![registrar.public().clone()]).await;
    let patience = Duration::from_secs(30);

    let submission = net.submission().await;
    let refused = net.client(0).submit(submission.bytes(), Wait::Finalized, patience).await;
    assert!(matches!(&refused, Err(ClientError::Refused(_))), "{refused:?}");

    let key = author().public().clone();
    let (identity, keys) = (Did::of(&key), vec![key]);
    let message = identity_possession_bytes(&submission.body().network, &identity, &keys);
    let unasked = Operation::IdentityCreate { identity, keys, possessions: Vec::new() };
    let by_itself = net.signed(&author(), 0, unasked.clone());
    let refused = net.client(1).submit(by_itself.bytes(), Wait::Finalized, patience).await;
    assert!(matches!(&refused, Err(ClientError::Refused(_))), "{refused:?}");

    // A registrar registers nobody who does not know of it.
    let unknowing = net.signed(&registrar, 0, unasked.clone());
    match net.client(1).submit(unknowing.bytes(), Wait::Finalized, patience).await {
        Err(ClientError::Refused(problem)) => assert_eq!(problem.reason.as_deref(), Some("key_consent")),
        other => panic!("{other:?}"),
    }
    let Operation::IdentityCreate { identity, keys, .. } = unasked else { panic!("as made") };
    let possessions = vec![author().sign(&message)];
    let by_registrar = net.signed(&registrar, 0, Operation::IdentityCreate { identity, keys, possessions });
    for submission in [&by_registrar, &submission] {
        let ticket = net.submit(2, submission, Wait::Finalized, patience).await;
        assert_eq!(ticket.map(|ticket| ticket.state), Some(State::Finalized));
    }
}
