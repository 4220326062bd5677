//! Two of four stand still: no quorum, and no lie about it.

use std::time::{Duration, Instant};

use model::entry::{State, Wait};
use testnet::process::Paused;

use crate::support::Net;

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_in_vain_is_answered_and_the_submission_goes_on() {
    let net = Net::start(21_200).await;
    net.finalize(0).await;
    net.pause(2, Paused::Yes);
    net.pause(3, Paused::Yes);

    let submission = net.submission().await;
    let begin = Instant::now();
    let ticket = net
        .submit(0, &submission, Wait::Finalized, Duration::from_secs(2))
        .await
        .expect("no quorum is no error");
    assert!(begin.elapsed() < Duration::from_secs(6), "answered after {:?}", begin.elapsed());
    assert_eq!(ticket.state, State::Accepted);
    assert_eq!(ticket.id.to_string(), submission.id().to_string());

    net.pause(2, Paused::No);
    net.pause(3, Paused::No);
    let ticket = net.submit(0, &submission, Wait::Finalized, Duration::from_secs(30)).await;
    assert_eq!(ticket.map(|ticket| ticket.state), Some(State::Finalized));
}
