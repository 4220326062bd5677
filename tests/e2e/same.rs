//! The same bytes to all four at once.

use std::time::Duration;

use model::entry::{State, Wait};

use crate::support::{Net, agree};

#[tokio::test(flavor = "multi_thread")]
async fn one_submission_sent_to_all_has_one_place() {
    let net = Net::start(21_300).await;
    let policy = net.policy(0).await;
    for _ in 0..5 {
        let submission = net.submission().await;
        let submit = |node| net.submit(node, &submission, Wait::Finalized, Duration::from_secs(30));
        let (a, b, c, d) = tokio::join!(submit(0), submit(1), submit(2), submit(3));
        let tickets: Vec<_> = [a, b, c, d].into_iter().map(|ticket| ticket.expect("a ticket")).collect();
        for ticket in &tickets {
            assert_eq!((ticket.state, ticket.index), (State::Finalized, tickets[0].index));
            assert_eq!(ticket.id, tickets[0].id);
        }
        let first = net.receipt(0, submission.id(), &policy).await;
        for node in 1..4 {
            agree(&first, &net.receipt(node, submission.id(), &policy).await);
        }
        for node in 0..4 {
            let once = net.receipt(node, submission.id(), &policy).await;
            assert_eq!(
                net.receipt(node, submission.id(), &policy).await,
                once,
                "a node's receipt never changes"
            );
        }
    }
}
